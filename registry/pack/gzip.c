/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack/gzip.h"

#include "registry/pack/dense.h"

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
	bool dense; /* all pieces of it: it is only wrapped */
};

struct compressors {
	struct libdeflate_compressor *ordinary, *dense;
};

struct worker {
	struct gzip *g;
	struct compressors z;
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
	struct compressors z;
	size_t bound;
	bool any, stop;
};

static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : MIN((unsigned)n, WORKERS_MAX);
}

static bool compressors_new(struct compressors *z)
{
	z->ordinary = libdeflate_alloc_compressor(LEVEL);
	z->dense = libdeflate_alloc_compressor(0);
	return z->ordinary && z->dense;
}

static void compressors_done(struct compressors *z)
{
	libdeflate_free_compressor(z->ordinary);
	libdeflate_free_compressor(z->dense);
}

static void compress(struct compressors *z, struct slot *s, size_t bound)
{
	s->n_out = libdeflate_gzip_compress(s->dense ? z->dense : z->ordinary, s->in, s->n, s->out,
					    bound);
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
		compress(&w->z, s, g->bound);
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
	if (!compressors_new(&w->z) || pthread_create(&w->thread, attr, work, w)) {
		compressors_done(&w->z);
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
	if (!compressors_new(&g->z)) {
		gzip_free(g);
		return error_set(err, ERR_INTERNAL, "libdeflate: no memory");
	}
	g->bound = libdeflate_gzip_compress_bound(NULL, BLOCK);
	*ret = g;
	return 0;
}

/* The oldest block leaves. */
static int write_one(struct gzip *g, struct error *err)
{
	struct slot *s = &g->slots[g->write];
	int r;

	if (!g->n_workers) {
		compress(&g->z, s, g->bound);
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

static int send_block(struct gzip *g, struct error *err)
{
	if (!g->any)
		start_workers(g);
	hand_over(g);
	return g->n_under_way == g->n_slots ? write_one(g, err) : 0;
}

/* The last n bytes of the block begin the next one. */
static int cut(struct gzip *g, size_t n, bool dense, struct error *err)
{
	struct slot *s = slot_to_fill(g), *next;
	const unsigned char *tail = s->in + s->n - n;
	int r;

	s->n -= n;
	r = send_block(g, err);
	if (r < 0)
		return r;
	next = slot_to_fill(g);
	memcpy(next->in, tail, n);
	next->n = n;
	next->dense = dense;
	return 0;
}

/* A block ends when it is full, or when what follows is of another kind. */
static int piece_done(struct gzip *g, struct error *err)
{
	struct slot *s = slot_to_fill(g);
	bool dense = is_dense(g->z.ordinary, s->in + s->n - DENSE_PIECE);

	if (s->n == DENSE_PIECE)
		s->dense = dense;
	else if (s->dense != dense)
		return cut(g, DENSE_PIECE, dense, err);
	return s->n == BLOCK ? send_block(g, err) : 0;
}

int gzip_write(struct gzip *g, const void *p, size_t n, struct error *err)
{
	const char *from = p;
	int r = 0;

	while (r == 0 && n) {
		struct slot *s = slot_to_fill(g);
		size_t part = MIN(n, DENSE_PIECE - s->n % DENSE_PIECE);

		memcpy(s->in + s->n, from, part);
		s->n += part;
		from += part;
		n -= part;
		if (s->n % DENSE_PIECE == 0)
			r = piece_done(g, err);
	}
	return r;
}

int gzip_end(struct gzip *g, struct error *err)
{
	struct slot *s = slot_to_fill(g);
	int r = 0;

	/* What is less than a piece is never dense. */
	if (s->n < DENSE_PIECE)
		s->dense = false;
	else if (s->dense && s->n % DENSE_PIECE)
		r = cut(g, s->n % DENSE_PIECE, false, err);
	/* Of nothing, one member that is empty. */
	if (r == 0 && (slot_to_fill(g)->n || !g->any))
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
		compressors_done(&g->workers[i].z);
	}
	for (size_t i = 0; i < g->n_slots; i++) {
		free(g->slots[i].in);
		free(g->slots[i].out);
	}
	compressors_done(&g->z);
	pthread_cond_destroy(&g->ready);
	pthread_cond_destroy(&g->done);
	pthread_mutex_destroy(&g->lock);
	free(g);
	return NULL;
}
