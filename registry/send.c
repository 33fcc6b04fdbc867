/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/send.h"

#include "util/num.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNKS_FROM (256u << 20) /* a blob of so many bytes isn't worth losing to one cut */
#define CHUNK	    (64u << 20)
#define CHUNK_ROUGH (4u << 20) /* after a cut, and half of it after each further one */
#define CHUNK_LEAST (256u << 10)

#define TRIES_IN_CHUNKS                                                           \
	(RETRY_MAX - 2) /* without progress; those that are left are of the whole \
			 */

struct send {
	struct task task;
	struct send_spec spec;
	struct send_state *state;
	char *location;
	uint64_t least;	   /* bytes of a chunk that the registry takes; 0: it doesn't ask */
	uint64_t at;	   /* bytes that it has */
	uint64_t from, to; /* of the request that is under way */
	uint64_t next;	   /* the next byte of it */
	bool patching;	   /* it is, or was, a chunk */
	bool out_of_step;  /* a chunk was refused for where it begins */
	struct http_response resp;
	struct task *child;
};

static void go_on(struct send *s);
static void ask(struct send *s);

static void send_free(struct task *t)
{
	struct send *s = container_of(t, struct send, task);

	http_response_done(&s->resp);
	free(s->location);
	free(s);
}

static void send_cancel(struct task *t)
{
	struct send *s = container_of(t, struct send, task);

	if (s->child)
		task_cancel(s->child);
}

static const struct task_ops send_ops = { "bytes of an upload", send_cancel, send_free };

static void run_call(struct send *s, struct call *call, task_done_fn done)
{
	call->url = s->location;
	call->once = true;
	call->userdata = s;
	http_response_done(&s->resp);
	s->child = client_call(s->spec.c, call, &s->resp);
	task_on_done(s->child, done, s);
}

/* -- where the upload is, and how far -- */

static void take_location(struct send *s, const struct http_response *resp)
{
	const char *location = http_header(resp, "Location");

	if (!location)
		return;
	free(s->location);
	s->location = xstrdup(location);
}

/* "0-N", N inclusive; "0-0" is what registries say of nothing. */
static uint64_t had(const struct http_response *resp)
{
	const char *value = http_header(resp, "Range");
	struct str first, last;
	uint64_t n;

	if (!value)
		return 0;
	if (!strncasecmp(value, "bytes=", 6))
		value += 6;
	if (!str_cut(str_of(value), '-', &first, &last) ||
	    num_parse_u64(str_trim(last), UINT64_MAX - 1, &n) < 0 || !n)
		return 0;
	return n + 1;
}

static void reached(struct send *s, uint64_t at)
{
	s->at = at;
	s->spec.sent(s->spec.userdata, at);
	if (at <= s->state->best)
		return;
	s->state->best = at;
	s->state->retry.failures = 0;
}

/* -- trying again -- */

static void on_pause(struct task *t, int r, void *userdata)
{
	struct send *s = userdata;
	struct error err = t->err;

	s->child = task_unref(s->child);
	if (r < 0)
		task_fail(&s->task, &err);
	else
		ask(s);
}

/* Asks how much has arrived, after a pause; or gives up. */
static void again(struct send *s, const struct http_response *resp, const struct error *why)
{
	struct send_state *st = s->state;
	int64_t span = s->task.cancelled ? -1 : retry_next(&st->retry, resp);
	struct error err = *why;

	if (span < 0) {
		retry_say(&st->retry, &err);
		return task_fail(&s->task, &err);
	}
	st->chunk = st->chunk ? MAX(st->chunk / 2, CHUNK_LEAST) : CHUNK_ROUGH;
	st->whole |= s->patching && st->retry.failures >= TRIES_IN_CHUNKS;
	s->spec.retrying(s->spec.userdata, err.msg);
	s->child = retry_pause(s->task.loop, span);
	task_on_done(s->child, on_pause, s);
}

/* Another upload, from its start. */
static void lose(struct send *s, const struct error *why)
{
	struct retry *retry = &s->state->retry;
	struct error err = *why;

	if (++retry->failures >= RETRY_MAX) {
		retry_say(retry, &err);
		return task_fail(&s->task, &err);
	}
	s->spec.retrying(s->spec.userdata, why->msg);
	task_end(&s->task, SEND_AGAIN);
}

/* What was sent at once was too much. */
static void smaller(struct send *s, const struct error *why)
{
	uint64_t was = s->to - s->from;

	if (was <= MAX(s->least, CHUNK_LEAST) || s->state->whole)
		return task_fail(&s->task, why);
	s->state->chunk = MAX(MIN(was / 2, CHUNK_ROUGH), CHUNK_LEAST);
	lose(s, why);
}

/* A registry that doesn't know chunks, or not these. */
static void without_chunks(struct send *s, const struct error *why)
{
	if (s->state->whole)
		return task_fail(&s->task, why);
	s->state->whole = true;
	lose(s, why);
}

/* False when there was no answer: that is dealt with. */
static bool answered(struct send *s, const struct task *t, int r)
{
	struct error err = t->err;

	s->child = task_unref(s->child);
	if (r < 0 && retry_error(&err))
		again(s, NULL, &err);
	else if (r < 0)
		task_fail(&s->task, &err);
	return r >= 0;
}

/* -- the bytes -- */

static void rewind_bytes(void *userdata)
{
	struct send *s = userdata;

	s->next = s->from;
}

static int give_bytes(void *userdata, void *p, size_t max, size_t *ret_n, struct error *err)
{
	struct send *s = userdata;
	ssize_t n;

	max = MIN(max, s->to - s->next);
	do
		n = pread(s->spec.fd, p, max, (off_t)s->next);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys(err, "%s", s->spec.digest);
	if (!n && max)
		return error_set(err, ERR_CORRUPT, "%s: shorter than it was", s->spec.digest);
	s->next += (uint64_t)n;
	*ret_n = (size_t)n;
	s->spec.sent(s->spec.userdata, s->next);
	return 0;
}

static void send_range(struct send *s, struct call *call, uint64_t to, task_done_fn done)
{
	autostrv headers = { 0 };

	s->from = s->next = s->at;
	s->to = to;
	strv_push(&headers, "Content-Type: application/octet-stream");
	if (streq(call->method, "PATCH"))
		strv_pushf(&headers, "Content-Range: %llu-%llu", (unsigned long long)s->from,
			   (unsigned long long)to - 1);
	call->headers = &headers;
	call->send = give_bytes;
	call->rewind = rewind_bytes;
	call->n_send = (int64_t)(to - s->from);
	run_call(s, call, done);
}

/* -- the end: PUT, of all or of nothing more -- */

static bool is_done(long status)
{
	return status == 201 || status == 204 || status == 202;
}

static void on_put(struct task *t, int r, void *userdata)
{
	struct send *s = userdata;
	struct error err = ERROR_INIT;
	long status = s->resp.status;

	if (!answered(s, t, r))
		return;
	if (is_done(status))
		return task_end(&s->task, 0);
	client_refused(s->spec.c, &s->resp, &err);
	if (retry_status(status))
		return again(s, &s->resp, &err);
	if (status == 413)
		return smaller(s, &err);
	if (status == 404 || status == 416)
		return lose(s, &err);
	if (status == 400 && s->from) /* what came in pieces is not what it should be */
		return without_chunks(s, &err);
	task_fail(&s->task, &err);
}

static void put(struct send *s)
{
	struct call call = { .method = "PUT" };
	autofree char *bare = TAKE_PTR(s->location), *digest = http_escape(s->spec.digest);

	s->location = xprintf("%s%cdigest=%s", bare, strchr(bare, '?') ? '&' : '?', digest);
	send_range(s, &call, s->spec.size, on_put);
	free(s->location);
	s->location = TAKE_PTR(bare);
}

/* -- a chunk -- */

/* Not every registry that has taken it says so by a Range. */
static void took(struct send *s)
{
	uint64_t at = http_header(&s->resp, "Range") ? had(&s->resp) : s->to;
	struct error err;

	if (at > s->from && at <= s->to) {
		take_location(s, &s->resp);
		reached(s, at);
		return go_on(s);
	}
	error_set(&err, ERR_INVALID, "%s: a chunk was taken, and the registry has %llu bytes of it",
		  s->spec.digest, (unsigned long long)at);
	without_chunks(s, &err);
}

static void on_patch(struct task *t, int r, void *userdata)
{
	struct send *s = userdata;
	struct error err = ERROR_INIT;
	long status = s->resp.status;

	if (!answered(s, t, r))
		return;
	if (is_done(status))
		return took(s);
	client_refused(s->spec.c, &s->resp, &err);
	if (retry_status(status) || (status == 416 && !s->out_of_step)) {
		s->out_of_step = status == 416;
		return again(s, &s->resp, &err);
	}
	if (status == 413)
		return smaller(s, &err);
	if (status == 404)
		return lose(s, &err);
	if (status == 401 || status == 403)
		return task_fail(&s->task, &err);
	without_chunks(s, &err);
}

static void patch(struct send *s)
{
	uint64_t wise = s->least ? CHUNK_ROUGH : CHUNK;
	uint64_t chunk = MAX(s->state->chunk ? s->state->chunk : wise, s->least);
	struct call call = { .method = "PATCH" };

	s->patching = true;
	send_range(s, &call, s->at + MIN(chunk, s->spec.size - s->at), on_patch);
}

/* -- after a cut -- */

static void on_status(struct task *t, int r, void *userdata)
{
	struct send *s = userdata;
	struct error err = ERROR_INIT;
	long status = s->resp.status;
	uint64_t at;

	if (!answered(s, t, r))
		return;
	if (retry_status(status)) {
		client_refused(s->spec.c, &s->resp, &err);
		return again(s, &s->resp, &err);
	}
	at = had(&s->resp);
	if ((status != 204 && status != 200 && status != 202) || at > s->spec.size)
		return task_end(&s->task, SEND_AGAIN); /* counted already */
	take_location(s, &s->resp);
	reached(s, at);
	go_on(s);
}

static void ask(struct send *s)
{
	struct call call = { .method = "GET" };

	/* What part of one PUT has come can't be relied on. */
	if (s->state->whole)
		return task_end(&s->task, SEND_AGAIN);
	run_call(s, &call, on_status);
}

/* -- */

static void go_on(struct send *s)
{
	uint64_t at_once = s->state->chunk ? s->state->chunk : CHUNKS_FROM;

	if (s->least)
		at_once = MIN(at_once, s->least);
	if (s->state->whole || s->at == s->spec.size || (!s->at && s->spec.size <= at_once))
		put(s);
	else
		patch(s);
}

struct task *blob_send(const struct send_spec *spec)
{
	const char *least = http_header(spec->begun, "OCI-Chunk-Min-Length");
	struct send *s = xnew(struct send);
	struct error err;

	task_init(&s->task, &send_ops, spec->c->reg->loop);
	s->spec = *spec;
	s->state = spec->state;
	take_location(s, spec->begun);
	s->spec.begun = NULL;
	if (least && num_parse_u64(str_trim(str_of(least)), spec->size, &s->least) < 0)
		s->least = spec->size; /* more than there is: one chunk */
	if (s->location) {
		go_on(s);
	} else {
		error_set(&err, ERR_INVALID, "%s: the registry doesn't say where to send it",
			  spec->digest);
		task_fail(&s->task, &err);
	}
	return &s->task;
}
