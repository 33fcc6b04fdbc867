/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack/gzip.h"

#include <libdeflate.h>
#include <pthread.h>
#include <sched.h>

#define BLOCK	    (512 << 10)
#define LEVEL	    1 /* libdeflate's: smaller than zlib's first, six times as fast as its sixth */
#define WORKERS_MAX 8
#define SLOTS_MAX   (2 * WORKERS_MAX)
#define STACK_SIZE  (256 << 10)

enum slot_state { SLOT_FREE, SLOT_READY, SLOT_BUSY, SLOT_DONE };

struct slot {
	enum slot_state state;
	unsigned char *in, *out;
	size_t n, n_out;
};

struct worker {
	struct gzip *g;
	struct libdeflate_compressor *z;
	pthread_t thread;
};

/* Blocks go round in a ring: filled at `fill`, taken by workers at `take`, written at `write`. */
struct gzip {
	gzip_emit_fn emit;
	void *userdata;
	pthread_mutex_t lock;
	pthread_cond_t ready, done;
	struct slot slots[SLOTS_MAX];
	size_t n_slots, fill, take, write, n_under_way;
	struct worker workers[WORKERS_MAX];
	size_t n_workers; /* 0: none has been started */
	struct libdeflate_compressor *z;
	size_t bound;
	bool any, stop;
};

static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : MIN((unsigned)n, WORKERS_MAX);
}

static void compress(struct libdeflate_compressor *z, struct slot *s, size_t bound)
{
	s->n_out = libdeflate_gzip_compress(z, s->in, s->n, s->out, bound);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct gzip *g = w->g;

	pthread_mutex_lock(&g->lock);
	while (!g->stop) {
		struct slot *s = &g->slots[g->take];

		if (s->state != SLOT_READY) {
			pthread_cond_wait(&g->ready, &g->lock);
			continue;
		}
		g->take = (g->take + 1) % g->n_slots;
		s->state = SLOT_BUSY;
		pthread_mutex_unlock(&g->lock);
		compress(w->z, s, g->bound);
		pthread_mutex_lock(&g->lock);
		s->state = SLOT_DONE;
		pthread_cond_signal(&g->done);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

static bool add_worker(struct gzip *g, const pthread_attr_t *attr)
{
	struct worker *w = &g->workers[g->n_workers];

	w->g = g;
	w->z = libdeflate_alloc_compressor(LEVEL);
	if (!w->z || pthread_create(&w->thread, attr, work, w)) {
		libdeflate_free_compressor(w->z);
		return false;
	}
	g->n_workers++;
	return true;
}

/* Where none can be started, we do the work. */
static void start_workers(struct gzip *g)
{
	unsigned n = processors();
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	while (g->n_workers < n && add_worker(g, &attr))
		;
	pthread_attr_destroy(&attr);
}

int gzip_new(gzip_emit_fn emit, void *userdata, struct gzip **ret, struct error *err)
{
	struct gzip *g = xnew(struct gzip);

	g->emit = emit;
	g->userdata = userdata;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->ready, NULL);
	pthread_cond_init(&g->done, NULL);
	g->n_slots = 2 * processors();
	g->z = libdeflate_alloc_compressor(LEVEL);
	if (!g->z) {
		gzip_free(g);
		return error_set(err, ERR_INTERNAL, "libdeflate: no memory");
	}
	g->bound = libdeflate_gzip_compress_bound(g->z, BLOCK);
	*ret = g;
	return 0;
}

/* The oldest block leaves. */
static int write_one(struct gzip *g, struct error *err)
{
	struct slot *s = &g->slots[g->write];
	int r;

	if (!g->n_workers) {
		compress(g->z, s, g->bound);
	} else {
		pthread_mutex_lock(&g->lock);
		while (s->state != SLOT_DONE)
			pthread_cond_wait(&g->done, &g->lock);
		pthread_mutex_unlock(&g->lock);
	}
	if (!s->n_out)
		return error_set(err, ERR_INTERNAL, "libdeflate: the block did not fit");
	r = g->emit(g->userdata, s->out, s->n_out, err);
	pthread_mutex_lock(&g->lock);
	s->state = SLOT_FREE;
	pthread_mutex_unlock(&g->lock);
	s->n = 0;
	g->write = (g->write + 1) % g->n_slots;
	g->n_under_way--;
	return r;
}

static void hand_over(struct gzip *g)
{
	pthread_mutex_lock(&g->lock);
	g->slots[g->fill].state = SLOT_READY;
	pthread_cond_signal(&g->ready);
	pthread_mutex_unlock(&g->lock);
	g->fill = (g->fill + 1) % g->n_slots;
	g->n_under_way++;
	g->any = true;
}

static struct slot *slot_to_fill(struct gzip *g)
{
	struct slot *s = &g->slots[g->fill];

	if (!s->in) {
		s->in = xalloc(1, BLOCK);
		s->out = xalloc(1, g->bound);
	}
	return s;
}

int gzip_write(struct gzip *g, const void *p, size_t n, struct error *err)
{
	const char *from = p;

	while (n) {
		struct slot *s = slot_to_fill(g);
		size_t part = MIN(n, BLOCK - s->n);

		memcpy(s->in + s->n, from, part);
		s->n += part;
		from += part;
		n -= part;
		if (s->n < BLOCK)
			break;
		if (!g->any)
			start_workers(g);
		hand_over(g);
		if (g->n_under_way == g->n_slots) {
			int r = write_one(g, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int gzip_end(struct gzip *g, struct error *err)
{
	int r = 0;

	/* Of nothing, one member that is empty. */
	if (slot_to_fill(g)->n || !g->any)
		hand_over(g);
	while (r == 0 && g->n_under_way)
		r = write_one(g, err);
	return r;
}

struct gzip *gzip_free(struct gzip *g)
{
	if (!g)
		return NULL;
	pthread_mutex_lock(&g->lock);
	g->stop = true;
	pthread_cond_broadcast(&g->ready);
	pthread_mutex_unlock(&g->lock);
	for (size_t i = 0; i < g->n_workers; i++) {
		pthread_join(g->workers[i].thread, NULL);
		libdeflate_free_compressor(g->workers[i].z);
	}
	for (size_t i = 0; i < g->n_slots; i++) {
		free(g->slots[i].in);
		free(g->slots[i].out);
	}
	libdeflate_free_compressor(g->z);
	pthread_cond_destroy(&g->ready);
	pthread_cond_destroy(&g->done);
	pthread_mutex_destroy(&g->lock);
	free(g);
	return NULL;
}
