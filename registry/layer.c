/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer on its way: the network fills the ingest's file, and what is in the file flows on to
 * compose-unpack's pipe, page by page, without passing through us. A slow unpacker doesn't hold up
 * the network, and a resumed download needs nothing of its own: the pipe is fed from the file's
 * start.
 */
#include "registry/blob.h"

#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <unistd.h>

struct layer {
	struct task task;
	struct layer_spec spec;
	struct store *store;
	struct task *fetch, *unpack;
	int in, out; /* the ingest's file, the pipe */
	off_t fed;
	uint64_t have;
	sd_event_source *source; /* the pipe has room again */
	bool whole;		 /* have is all of it, and verified */
	bool again;		 /* the unpacker that is being stopped gets a successor */
	struct error unpack_err; /* of an unpacker that failed before the download had ended */
	int result;
	struct error err;
	struct layer
		*leader; /* the same layer, under way for another image: its end is waited for */
	VEC(struct layer *) followers;
};

static void start(struct layer *l);

static void layer_free(struct task *t)
{
	struct layer *l = container_of(t, struct layer, task);

	sd_event_source_disable_unref(l->source);
	fd_close(l->in);
	fd_close(l->out);
	vec_done(&l->followers);
	free(l);
}

static void stop_feeding(struct layer *l)
{
	l->source = sd_event_source_disable_unref(l->source);
	l->out = fd_close(l->out);
	l->in = fd_close(l->in);
}

static void stop(struct layer *l)
{
	l->again = false;
	if (l->fetch)
		task_cancel(l->fetch);
	if (l->unpack)
		task_cancel(l->unpack);
}

static void stop_following(struct layer *l)
{
	struct layer *leader = TAKE_PTR(l->leader);
	struct error err;

	for (size_t i = 0; i < leader->followers.n; i++)
		if (leader->followers.v[i] == l) {
			vec_remove(&leader->followers, i);
			break;
		}
	error_set(&err, ERR_CANCELLED, "cancelled");
	task_fail(&l->task, &err);
}

static void layer_cancel(struct task *t)
{
	struct layer *l = container_of(t, struct layer, task);

	if (l->leader)
		stop_following(l);
	else
		stop(l);
}

static const struct task_ops layer_ops = { "layer", layer_cancel, layer_free };

static void tell(struct layer *l, enum transfer_phase phase, uint64_t done, const char *note)
{
	struct transfer_progress p = { .ref = l->spec.ref,
				       .digest = l->spec.d->digest,
				       .phase = phase,
				       .done = done,
				       .total = l->spec.d->size,
				       .note = note };

	if (l->spec.progress)
		l->spec.progress(l->spec.userdata, &p);
}

/* The first failure is the one that counts; the other half is stopped. */
static void fail(struct layer *l, const struct error *err)
{
	if (!l->result) {
		l->result = -(int)err->code;
		l->err = *err;
	}
	stop(l);
}

static void step_down(struct layer *l)
{
	struct registry *reg = l->spec.c->reg;

	for (size_t i = 0; i < reg->layers.n; i++)
		if (reg->layers.v[i] == l) {
			vec_remove(&reg->layers, i);
			break;
		}
	vec_foreach (f, &l->followers) {
		(*f)->leader = NULL;
		start(*f);
	}
	vec_done(&l->followers);
}

static void end_if_idle(struct layer *l)
{
	if (l->fetch || l->unpack)
		return;
	stop_feeding(l);
	step_down(l);
	if (!l->result)
		tell(l, TRANSFER_DONE, l->spec.d->size, NULL);
	task_end_with(&l->task, l->result, &l->err);
}

/* -- feeding -- */

static void feed(struct layer *l);

static int on_room(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	feed(userdata);
	return 0;
}

static void want_room(struct layer *l, bool on)
{
	struct error err;
	int r = 0;

	if (l->source)
		r = sd_event_source_set_enabled(l->source, on ? SD_EVENT_ON : SD_EVENT_OFF);
	else if (on)
		r = sd_event_add_io(l->task.loop, &l->source, l->out, EPOLLOUT, on_room, l);
	if (r >= 0)
		return;
	error_sys_from(&err, -r, "%s: wait for the unpacker", l->spec.d->digest);
	fail(l, &err);
}

static void feed(struct layer *l)
{
	ssize_t n = 1;

	if (l->out < 0)
		return;
	while (n > 0 && (uint64_t)l->fed < l->have)
		n = sendfile(l->out, l->in, &l->fed, MIN(l->have - (uint64_t)l->fed, 1u << 20));
	if (n < 0 && errno == EAGAIN)
		return want_room(l, true);
	if (n < 0) /* it is gone: how it ended says why */
		return stop_feeding(l);
	want_room(l, false);
	if (l->whole && (uint64_t)l->fed == l->spec.d->size)
		stop_feeding(l);
}

/* -- the unpacker -- */

static void resume(struct layer *l);

/* An unpacker that chokes on wrong bytes ends before the download has been found wrong: that
 * verdict comes first. */
static bool may_be_the_bytes(const struct layer *l, const struct error *err)
{
	return !l->whole && l->fetch &&
	       (err->code == ERR_CORRUPT || err->code == ERR_INVALID || err->code == ERR_CHILD);
}

static void on_unpack(struct task *t, int r, void *userdata)
{
	struct layer *l = userdata;
	struct error err = t->err;

	l->unpack = task_unref(l->unpack);
	stop_feeding(l);
	if (l->again && !l->task.cancelled) {
		l->again = false;
		return resume(l);
	}
	if (r < 0 && !l->result && may_be_the_bytes(l, &err))
		l->unpack_err = err;
	else if (r < 0)
		fail(l, &err);
	end_if_idle(l);
}

static int open_ingest(struct layer *l, struct error *err)
{
	autofree char *path = xprintf("ingest/%s", digest_hex(l->spec.d->digest));

	l->in = openat(store_dirfd(l->store), path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return l->in < 0 ? error_sys(err, "%s", path) : 0;
}

static void start_unpack(struct layer *l)
{
	struct error err = ERROR_INIT;

	l->fed = 0;
	l->unpack_err = ERROR_INIT;
	if (open_ingest(l, &err) < 0) {
		fail(l, &err);
		return;
	}
	l->unpack = store_layer_unpack(l->store, l->task.loop, l->spec.diff_id, l->spec.d->digest,
				       &l->out);
	task_on_done(l->unpack, on_unpack, l);
}

static void start_unpack_blob(struct layer *l)
{
	l->unpack = store_layer_unpack_blob(l->store, l->task.loop, l->spec.diff_id,
					    l->spec.d->digest);
	task_on_done(l->unpack, on_unpack, l);
}

/* An unpacker, as soon as there is something for it. */
static void resume(struct layer *l)
{
	if (l->again || l->result || l->unpack_err.code)
		return;
	if (!l->unpack && l->whole)
		return start_unpack_blob(l);
	if (!l->unpack && l->have)
		start_unpack(l);
	feed(l);
}

/* -- the download -- */

static void on_grown(void *userdata, uint64_t have)
{
	struct layer *l = userdata;

	l->have = have;
	resume(l);
	tell(l, TRANSFER_DOWNLOADING, have, NULL);
}

static void on_restarted(void *userdata)
{
	struct layer *l = userdata;

	l->have = 0;
	stop_feeding(l);
	l->unpack_err = ERROR_INIT; /* it was the bytes */
	if (l->unpack) {
		l->again = true;
		task_cancel(l->unpack);
	}
}

static void on_retrying(void *userdata, const char *why)
{
	struct layer *l = userdata;

	tell(l, TRANSFER_RETRYING, l->have, why);
}

static void on_waiting(void *userdata)
{
	tell(userdata, TRANSFER_WAITING, 0, NULL);
}

static void on_fetch(struct task *t, int r, void *userdata)
{
	struct layer *l = userdata;
	struct error err = t->err;

	l->fetch = task_unref(l->fetch);
	if (r < 0) {
		fail(l, &err);
		return end_if_idle(l);
	}
	l->whole = true;
	if (l->unpack_err.code) {
		fail(l, &l->unpack_err);
		return end_if_idle(l);
	}
	if (l->result)
		return end_if_idle(l);
	tell(l, TRANSFER_UNPACKING, 0, NULL);
	resume(l);
}

static struct layer *find_leader(const struct layer *l)
{
	vec_foreach (p, &l->spec.c->reg->layers)
		if (streq((*p)->spec.diff_id, l->spec.diff_id))
			return *p;
	return NULL;
}

static void start(struct layer *l)
{
	struct fetch_events ev = { .grown = on_grown,
				   .restarted = on_restarted,
				   .retrying = on_retrying,
				   .waiting = on_waiting,
				   .userdata = l };

	if (store_layer_has(l->store, l->spec.diff_id)) {
		tell(l, TRANSFER_EXISTS, l->spec.d->size, NULL);
		task_end(&l->task, 0);
		return;
	}
	l->leader = find_leader(l);
	if (l->leader) {
		*vec_add(&l->leader->followers) = l;
		tell(l, TRANSFER_WAITING, 0, NULL);
		return;
	}
	*vec_add(&l->spec.c->reg->layers) = l;
	l->fetch = blob_fetch(l->spec.c, l->spec.d, &ev);
	task_on_done(l->fetch, on_fetch, l);
	if (l->result)
		task_cancel(l->fetch);
}

struct task *layer_fetch(const struct layer_spec *spec)
{
	struct layer *l = xnew(struct layer);

	task_init(&l->task, &layer_ops, spec->c->reg->loop);
	l->spec = *spec;
	l->store = spec->c->reg->store;
	l->in = l->out = -1;
	start(l);
	return &l->task;
}
