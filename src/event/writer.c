/* SPDX-License-Identifier: Apache-2.0 */
#include "event/stream.h"

#include "event/loop.h"
#include "event/stream-source.h"
#include "util/buf.h"
#include "util/fd.h"

#include <errno.h>
#include <unistd.h>

/* Moving what is left to the front is put off until that much has gone. */
#define CONSUME_STEP 65536

struct writer {
	sd_event *loop;
	int fd;
	sd_event_source *source, *end_source;
	struct buf queue;
	size_t sent; /* of the queue */
	size_t max;
	bool ending;
	int failed; /* errno */
	writer_done_fn done;
	void *userdata;
};

static int failure(const struct writer *w, struct error *err)
{
	if (w->failed == EPIPE || w->failed == ECONNRESET) {
		error_set(err, ERR_NETWORK, "the other end does not read any more");
		if (err)
			err->sys = w->failed;
		return -ERR_NETWORK;
	}
	return error_sys_from(err, w->failed, "write");
}

static void tell_end(void *userdata)
{
	struct writer *w = userdata;
	writer_done_fn done = TAKE_PTR(w->done);

	if (done)
		done(w->userdata, w->failed ? failure(w, NULL) : 0);
}

/* Nothing can be written any more, or nothing is left: done is called when the loop turns. */
static void finish(struct writer *w)
{
	source_unrefp(&w->source);
	w->fd = fd_close(w->fd);
	if (w->ending && !w->end_source)
		loop_after(w->loop, 0, tell_end, w, &w->end_source, NULL);
}

static void watch(struct writer *w, bool on)
{
	if (w->source)
		sd_event_source_set_enabled(w->source, on ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_room(void *userdata)
{
	struct writer *w = userdata;
	ssize_t n = write(w->fd, w->queue.p + w->sent, w->queue.len - w->sent);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0) {
		w->failed = errno;
		buf_done(&w->queue);
		w->sent = 0;
		finish(w);
		return 0;
	}
	w->sent += (size_t)n;
	if (w->sent < w->queue.len && w->sent < CONSUME_STEP)
		return 0;
	buf_consume(&w->queue, w->sent);
	w->sent = 0;
	if (w->queue.len)
		return 0;
	watch(w, false);
	if (w->ending)
		finish(w);
	return 0;
}

int writer_new(sd_event *loop, int fd, size_t max, struct writer **ret, struct error *err)
{
	struct writer *w = xnew(struct writer);
	int r;

	*w = (struct writer){ .loop = sd_event_ref(loop), .fd = fd, .max = max };
	buf_init(&w->queue, BUF_MAX_ANY);
	r = stream_source_new(loop, fd, EPOLLOUT, on_room, w, &w->source, err);
	if (r < 0) {
		writer_free(w);
		return r;
	}
	watch(w, false);
	*ret = w;
	return 0;
}

int writer_add(struct writer *w, const void *p, size_t n, struct error *err)
{
	if (w->failed)
		return failure(w, err);
	if (n > w->max - (w->queue.len - w->sent))
		return error_set(err, ERR_LIMIT, "more than %zu bytes wait to be written", w->max);
	buf_add(&w->queue, p, n);
	watch(w, w->queue.len > 0);
	return 0;
}

void writer_end(struct writer *w, writer_done_fn done, void *userdata)
{
	w->ending = true;
	w->done = done;
	w->userdata = userdata;
	if (w->failed || !w->queue.len)
		finish(w);
}

struct writer *writer_free(struct writer *w)
{
	if (!w)
		return NULL;
	source_unrefp(&w->source);
	source_unrefp(&w->end_source);
	fd_close(w->fd);
	buf_done(&w->queue);
	sd_event_unref(w->loop);
	free(w);
	return NULL;
}
