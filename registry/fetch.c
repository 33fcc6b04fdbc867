/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blob into the store. A large one comes in pieces over several connections: the first piece that
 * is still missing goes to the ingest as it comes, those behind it are held in memory until it is
 * their turn.
 */
#include "registry/blob.h"
#include "registry/segment.h"

#define PIECE_SIZE  (8u << 20)
#define PIECES_FROM (32u << 20) /* bytes still to come that make it worth while */
#define EXTRA_MAX   3		/* pieces held in memory, all blobs together */

struct fetch;
struct piece {
	struct fetch *f;
	uint64_t start, end;
	struct buf held; /* what has come before its turn */
	struct task *task;
	bool extra, done;
};

struct fetch {
	struct task task;
	struct client *c;
	const struct descriptor *d;
	struct fetch_events ev;
	struct store *store;
	struct ingest *in;
	uint64_t have;		    /* bytes that the ingest holds */
	uint64_t asked;		    /* the end of what the pieces cover */
	VEC(struct piece *) pieces; /* in order: the first one is at `have` */
	bool in_pieces, no_pieces;
	bool corrupt_once;
	int result; /* once it has failed: the pieces are being stopped */
	struct error err;
	struct task *child; /* the wait for another process */
};

static void begin(struct fetch *f);
static void schedule(struct fetch *f);

static void fetch_free(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	ingest_free(f->in);
	vec_done(&f->pieces);
	free(f);
}

static void stop_pieces(struct fetch *f)
{
	vec_foreach (p, &f->pieces)
		if ((*p)->task)
			task_cancel((*p)->task);
}

static void fetch_cancel(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	if (f->child)
		task_cancel(f->child);
	stop_pieces(f);
}

static const struct task_ops fetch_ops = { "fetch", fetch_cancel, fetch_free };

static void fetch_end(struct fetch *f, int r, const struct error *err)
{
	f->in = ingest_free(f->in); /* another process may go on where we stopped */
	task_end_with(&f->task, r, err);
}

static void commit(struct fetch *f)
{
	struct error err = ERROR_INIT;
	int r;

	r = ingest_commit(TAKE_PTR(f->in), &err);
	if (r == -ERR_CORRUPT && !f->corrupt_once && !f->task.cancelled) {
		f->corrupt_once = true; /* a bit may have tipped on the way: once more */
		f->have = 0;
		if (f->ev.restarted)
			f->ev.restarted(f->ev.userdata);
		begin(f);
		return;
	}
	fetch_end(f, r, &err);
}

/* -- pieces -- */

static void piece_drop(struct fetch *f, size_t i)
{
	struct piece *p = f->pieces.v[i];

	if (p->extra)
		f->c->reg->extra_pieces--;
	buf_done(&p->held);
	free(p);
	vec_remove(&f->pieces, i);
}

static void fail(struct fetch *f, const struct error *err)
{
	if (!f->result) {
		f->result = -(int)err->code;
		f->err = *err;
	}
	stop_pieces(f);
}

static int take(struct fetch *f, const void *p, size_t n, struct error *err)
{
	int r = ingest_write(f->in, p, n, err);

	if (r < 0)
		return r;
	f->have += n;
	if (f->ev.grown)
		f->ev.grown(f->ev.userdata, f->have);
	return 0;
}

/* The pieces that are whole and in turn leave; what the next one has held so far goes after them.
 */
static int advance(struct fetch *f, struct error *err)
{
	while (f->pieces.n) {
		struct piece *p = f->pieces.v[0];
		int r = take(f, p->held.p, p->held.len, err);

		if (r < 0)
			return r;
		buf_done(&p->held);
		if (!p->done)
			return 0;
		piece_drop(f, 0);
	}
	return 0;
}

static int on_bytes(void *userdata, const void *data, size_t n, struct error *err)
{
	struct piece *p = userdata;
	struct fetch *f = p->f;
	int r;

	if (p == f->pieces.v[0])
		r = take(f, data, n, err);
	else
		r = buf_add(&p->held, data, n);
	if (r == 0 && f->in_pieces) /* the server knows ranges: more of them */
		schedule(f);
	return r;
}

static bool all_stopped(const struct fetch *f)
{
	vec_foreach (p, &f->pieces)
		if ((*p)->task)
			return false;
	return true;
}

static void drop_all(struct fetch *f)
{
	while (f->pieces.n)
		piece_drop(f, f->pieces.n - 1);
	f->asked = f->have;
}

static void settle(struct fetch *f)
{
	struct error err;

	if (f->task.cancelled && f->have < f->d->size) {
		error_set(&err, ERR_CANCELLED, "cancelled");
		fail(f, &err);
	}
	if (f->result || (f->no_pieces && f->in_pieces)) {
		if (!all_stopped(f))
			return;
		drop_all(f);
		if (f->result)
			return fetch_end(f, f->result, &f->err);
		f->in_pieces = false;
	}
	/* The last piece may have handed all over before its request has ended. */
	if (f->have == f->d->size && !f->pieces.n)
		return commit(f);
	schedule(f);
}

static void on_piece(struct task *t, int r, void *userdata)
{
	struct piece *p = userdata;
	struct fetch *f = p->f;
	struct error err = t->err;

	p->task = task_unref(p->task);
	if (r == SEGMENT_NO_RANGES) {
		f->no_pieces = true;
		stop_pieces(f);
	} else if (r < 0 && !(f->no_pieces && f->in_pieces && !f->task.cancelled)) {
		fail(f, &err);
	} else if (r == 0) {
		p->done = true;
		if (!f->result && advance(f, &err) < 0)
			fail(f, &err);
	}
	settle(f);
}

static void on_retrying(void *userdata, const char *why)
{
	struct piece *p = userdata;

	if (p->f->ev.retrying)
		p->f->ev.retrying(p->f->ev.userdata, why);
}

static void add_piece(struct fetch *f, uint64_t end, bool part)
{
	struct piece *p = xnew(struct piece);
	struct segment_spec spec = { .c = f->c,
				     .d = f->d,
				     .start = f->asked,
				     .end = end,
				     .part = part,
				     .bytes = on_bytes,
				     .retrying = on_retrying,
				     .userdata = p };

	*p = (struct piece){ .f = f, .start = f->asked, .end = end, .extra = f->pieces.n > 0 };
	buf_init(&p->held, PIECE_SIZE);
	if (p->extra)
		f->c->reg->extra_pieces++;
	*vec_add(&f->pieces) = p;
	f->asked = end;
	p->task = segment_fetch(&spec);
	task_on_done(p->task, on_piece, p);
}

/* One request for all that is missing; or, of much, a first piece, and beside it more as the budget
 * allows. */
static void schedule(struct fetch *f)
{
	uint64_t size = f->d->size;

	if (f->result || f->no_pieces) {
		if (!f->result && !f->pieces.n)
			add_piece(f, size, false);
		return;
	}
	if (!f->pieces.n && !f->in_pieces) {
		f->in_pieces = size - f->have >= PIECES_FROM;
		add_piece(f, f->in_pieces ? f->asked + PIECE_SIZE : size, f->in_pieces);
		return;
	}
	while (f->in_pieces && f->asked < size &&
	       (!f->pieces.n || f->c->reg->extra_pieces < EXTRA_MAX))
		add_piece(f, MIN(f->asked + PIECE_SIZE, size), true);
}

/* -- the ingest -- */

static void on_waited(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r < 0)
		fetch_end(f, r, &err);
	else
		begin(f);
}

static void begin(struct fetch *f)
{
	struct error err = ERROR_INIT;
	int r;

	r = store_ingest_begin(f->store, f->d->digest, f->d->size, &f->in, &f->have, &err);
	if (r < 0 || r == 1) {
		fetch_end(f, r, &err);
		return;
	}
	if (r == 2) {
		if (f->ev.waiting)
			f->ev.waiting(f->ev.userdata);
		f->child = store_ingest_wait(f->store, f->task.loop, f->d->digest);
		task_on_done(f->child, on_waited, f);
		return;
	}
	f->asked = f->have;
	f->in_pieces = false;
	if (f->have && f->ev.grown)
		f->ev.grown(f->ev.userdata, f->have);
	settle(f);
}

struct task *blob_fetch(struct client *c, const struct descriptor *d, const struct fetch_events *ev)
{
	struct fetch *f = xnew(struct fetch);

	task_init(&f->task, &fetch_ops, c->reg->loop);
	f->c = c;
	f->d = d;
	f->store = c->reg->store;
	if (ev)
		f->ev = *ev;
	begin(f);
	return &f->task;
}
