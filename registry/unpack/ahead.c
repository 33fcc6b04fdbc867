/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/ahead.h"

#include <pthread.h>
#include <signal.h>

#define SLOTS	   8
#define STACK_SIZE (512 << 10)

struct slot {
	unsigned char *p;
	size_t n; /* 0: the end, or what went wrong */
};

/* The chunk of number i is in slot i % SLOTS; each of the three counts those it is done with. */
struct ahead {
	const struct ahead_ops *ops;
	void *userdata;
	size_t chunk;
	pthread_mutex_t lock;
	pthread_cond_t moved; /* one of what follows */
	uint64_t filled, looked, used;
	bool stop;
	int result; /* of the last fill() */
	struct error err;
	pthread_t filler, looker;
	bool fills, looks; /* the thread is there */
	bool lent;	   /* the caller has chunk `used` */
	struct slot slots[SLOTS];
};

static struct slot *slot_of(struct ahead *a, uint64_t i)
{
	return &a->slots[i % SLOTS];
}

/* Both wait with the lock held; false: it is over. */

static bool wait_room(struct ahead *a)
{
	while (!a->stop && (a->filled - a->looked == SLOTS || a->filled - a->used == SLOTS))
		pthread_cond_wait(&a->moved, &a->lock);
	return !a->stop;
}

static bool wait_filled(struct ahead *a, uint64_t i)
{
	while (!a->stop && a->filled == i)
		pthread_cond_wait(&a->moved, &a->lock);
	return !a->stop;
}

static void count(struct ahead *a, uint64_t *n)
{
	++*n;
	pthread_cond_broadcast(&a->moved);
}

static void *fill(void *arg)
{
	struct ahead *a = arg;
	struct slot *s;
	int r = 0;

	/* Only while it waits for bytes, which may never come. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_mutex_lock(&a->lock);
	do {
		if (!wait_room(a))
			break;
		s = slot_of(a, a->filled);
		pthread_mutex_unlock(&a->lock);
		s->n = 0;
		r = a->ops->fill(a->userdata, s->p, a->chunk, &s->n, &a->err);
		if (r < 0)
			s->n = 0;
		pthread_mutex_lock(&a->lock);
		a->result = r;
		count(a, &a->filled);
	} while (s->n);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static void *look(void *arg)
{
	struct ahead *a = arg;
	struct slot *s;

	pthread_mutex_lock(&a->lock);
	while (wait_filled(a, a->looked)) {
		s = slot_of(a, a->looked);
		pthread_mutex_unlock(&a->lock);
		if (s->n)
			a->ops->look(a->userdata, s->p, s->n);
		pthread_mutex_lock(&a->lock);
		count(a, &a->looked);
		if (!s->n)
			break;
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* A filler that waits for bytes is not waited for. */
static void end(struct ahead *a, bool stop)
{
	pthread_mutex_lock(&a->lock);
	a->stop = stop;
	pthread_cond_broadcast(&a->moved);
	pthread_mutex_unlock(&a->lock);
	if (a->looks)
		pthread_join(a->looker, NULL);
	if (a->fills && stop)
		pthread_cancel(a->filler);
	if (a->fills)
		pthread_join(a->filler, NULL);
	a->looks = a->fills = false;
}

/* The looker first: it can be sent home again before a byte was read. */
static bool start(struct ahead *a)
{
	pthread_attr_t attr;
	sigset_t all, old;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	a->looks = pthread_create(&a->looker, &attr, look, a) == 0;
	a->fills = a->looks && pthread_create(&a->filler, &attr, fill, a) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return a->fills;
}

struct ahead *ahead_new(const struct ahead_ops *ops, void *userdata, size_t chunk)
{
	struct ahead *a = xnew(struct ahead);

	a->ops = ops;
	a->userdata = userdata;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->moved, NULL);
	a->chunk = chunk;
	for (size_t i = 0; i < SLOTS; i++)
		a->slots[i].p = xalloc(1, chunk);
	return start(a) ? a : ahead_free(a);
}

int ahead_next(struct ahead *a, const void **ret_p, size_t *ret_n, struct error *err)
{
	struct slot *s;

	pthread_mutex_lock(&a->lock);
	if (a->lent)
		count(a, &a->used);
	wait_filled(a, a->used);
	s = slot_of(a, a->used);
	pthread_mutex_unlock(&a->lock);
	a->lent = s->n != 0;
	if (!a->lent) {
		end(a, false);
		if (a->result < 0) {
			*err = a->err;
			return a->result;
		}
	}
	*ret_p = s->p;
	*ret_n = s->n;
	return 0;
}

struct ahead *ahead_free(struct ahead *a)
{
	if (!a)
		return NULL;
	end(a, true);
	pthread_cond_destroy(&a->moved);
	pthread_mutex_destroy(&a->lock);
	for (size_t i = 0; i < SLOTS; i++)
		free(a->slots[i].p);
	free(a);
	return NULL;
}
