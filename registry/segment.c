/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/segment.h"

#include "registry/retry.h"
#include "util/num.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct segment {
	struct task task;
	struct segment_spec spec;
	uint64_t at;   /* the next byte to hand over */
	uint64_t skip; /* bytes of this answer that were handed over already */
	bool no_range; /* the server's ranges can't be relied on */
	bool range_bad;
	bool coded;  /* this answer was refused for its coding */
	bool decode; /* which is undone from now on */
	bool elsewhere;
	size_t url; /* 0: at the registry; n: at the n-th of the layer's own addresses */
	struct retry retry;
	struct http_response resp;
	struct task *child;
};

static void request(struct segment *s);

static void segment_free(struct task *t)
{
	struct segment *s = container_of(t, struct segment, task);

	http_response_done(&s->resp);
	free(s);
}

static void segment_cancel(struct task *t)
{
	struct segment *s = container_of(t, struct segment, task);

	if (s->child)
		task_cancel(s->child);
}

static const struct task_ops segment_ops = { "bytes of a blob", segment_cancel, segment_free };

/* -- trying again -- */

static void on_pause(struct task *t, int r, void *userdata)
{
	struct segment *s = userdata;
	struct error err = t->err;

	s->child = task_unref(s->child);
	if (r < 0)
		task_fail(&s->task, &err);
	else
		request(s);
}

static void again(struct segment *s, const struct http_response *resp, const struct error *why)
{
	int64_t span = s->task.cancelled ? -1 : retry_next(&s->retry, resp);
	struct error err = *why;

	if (span < 0) {
		retry_say(&s->retry, &err);
		task_fail(&s->task, &err);
		return;
	}
	if (s->spec.retrying)
		s->spec.retrying(s->spec.userdata, why->msg);
	s->child = retry_pause(s->task.loop, span);
	task_on_done(s->child, on_pause, s);
}

/* Without ranges: a part is given up, the whole comes from its start, and what is here is passed
 * over. */
static void without_ranges(struct segment *s, const struct error *why)
{
	if (s->spec.part) {
		task_end(&s->task, SEGMENT_NO_RANGES);
		return;
	}
	s->no_range = true;
	again(s, NULL, why);
}

/* -- the end of an answer -- */

static void short_answer(struct segment *s)
{
	struct error err;

	error_set(&err, ERR_NETWORK, "%s: the connection ended after %llu of %llu bytes",
		  s->spec.d->digest, (unsigned long long)s->at,
		  (unsigned long long)s->spec.d->size);
	again(s, NULL, &err);
}

static void on_answer(struct segment *s)
{
	long status = s->resp.status;
	struct error err = ERROR_INIT;

	if (status == 200 || status == 206) {
		if (s->at == s->spec.end)
			task_end(&s->task, 0);
		else
			short_answer(s);
		return;
	}
	client_refused(s->spec.c, &s->resp, &err);
	if (descriptor_is_foreign(s->spec.d) && s->url < s->spec.d->urls.n) {
		s->url++;
		s->no_range = false;
		return request(s);
	}
	if (status == 416)
		return without_ranges(s, &err);
	/* An address that a redirect gave may have run out: the registry gives a new one. */
	if (retry_status(status) || (s->elsewhere && status >= 400))
		return again(s, &s->resp, &err);
	task_fail(&s->task, &err);
}

/* It is asked for once more, from its start: ranges count the coded bytes. */
static void decoded(struct segment *s)
{
	if (s->spec.part)
		return task_end(&s->task, SEGMENT_NO_RANGES);
	s->decode = s->no_range = true;
	request(s);
}

static void on_call(struct task *t, int r, void *userdata)
{
	struct segment *s = userdata;
	struct error err = t->err;

	s->child = task_unref(s->child);
	if (r >= 0)
		on_answer(s);
	else if (s->coded)
		decoded(s);
	else if (s->range_bad)
		without_ranges(s, &err);
	else if (retry_error(&err))
		again(s, NULL, &err);
	else
		task_fail(&s->task, &err);
}

/* -- its head and body -- */

static bool range_starts_at(const struct http_response *resp, uint64_t at)
{
	const char *value = http_header(resp, "Content-Range");
	struct str first, rest;
	uint64_t n;

	if (!value || strncasecmp(value, "bytes ", 6))
		return false;
	str_cut(str_of(value + 6), '-', &first, &rest);
	return num_parse_u64(str_trim(first), UINT64_MAX, &n) == 0 && n == at;
}

static int check_length(struct segment *s, const struct http_response *resp, uint64_t want,
			struct error *err)
{
	const char *value = http_header(resp, "Content-Length");
	uint64_t n;

	if (!value || (num_parse_u64(str_trim(str_of(value)), UINT64_MAX, &n) == 0 && n == want))
		return 0;
	return error_set(err, ERR_CORRUPT,
			 "%s: the registry sends %.20s bytes where there should be %llu",
			 s->spec.d->digest, value, (unsigned long long)want);
}

static int bad_range(struct segment *s, struct error *err)
{
	s->range_bad = true;
	return error_set(err, ERR_NETWORK, "%s: the registry sent another range than was asked for",
			 s->spec.d->digest);
}

/* Encoded by somebody on the way, unasked. Where the length is the blob's own it is what the blob
 * is made of, and only looks like a coding. */
static bool is_coded(const struct segment *s, const struct http_response *resp)
{
	const char *coding = http_header(resp, "Content-Encoding");
	const char *length = http_header(resp, "Content-Length");
	uint64_t n;

	return coding && *coding && strcasecmp(coding, "identity") &&
	       (!length || num_parse_u64(str_trim(str_of(length)), UINT64_MAX, &n) < 0 ||
		n != s->spec.d->size);
}

static int on_head(void *userdata, const struct http_response *resp, struct error *err)
{
	struct segment *s = userdata;

	s->skip = 0;
	if (is_coded(s, resp)) {
		s->skip = s->at;
		s->coded = !s->decode;
		return !s->coded ? 0
				 : error_set(err, ERR_NETWORK, "%s: the registry encoded it",
					     s->spec.d->digest);
	}
	if (resp->status == 206) {
		if (s->no_range || !range_starts_at(resp, s->at))
			return bad_range(s, err);
		return check_length(s, resp, s->spec.end - s->at, err);
	}
	if (s->spec.part)
		return bad_range(s, err);
	s->skip = s->at;
	return check_length(s, resp, s->spec.d->size, err);
}

static int on_body(void *userdata, const void *p, size_t n, struct error *err)
{
	struct segment *s = userdata;
	size_t dropped = MIN(s->skip, n);
	int r;

	s->skip -= dropped;
	p = (const char *)p + dropped;
	n -= dropped;
	if (!n)
		return 0;
	if (n > s->spec.end - s->at)
		return error_set(err, ERR_CORRUPT,
				 "%s: the registry sends more than its %llu bytes",
				 s->spec.d->digest, (unsigned long long)s->spec.d->size);
	r = s->spec.bytes(s->spec.userdata, p, n, err);
	if (r < 0)
		return r;
	s->at += n;
	s->retry.failures = 0;
	return 0;
}

static void add_range(const struct segment *s, struct strv *headers)
{
	if (s->spec.part)
		strv_pushf(headers, "Range: bytes=%llu-%llu", (unsigned long long)s->at,
			   (unsigned long long)s->spec.end - 1);
	else if (s->at && !s->no_range)
		strv_pushf(headers, "Range: bytes=%llu-", (unsigned long long)s->at);
}

static void request(struct segment *s)
{
	autofree char *path = xprintf("blobs/%s", s->spec.d->digest);
	autostrv headers = { 0 };
	struct call call = { .method = "GET",
			     .path = path,
			     .url = s->url ? s->spec.d->urls.v[s->url - 1] : NULL,
			     .headers = &headers,
			     .on_head = on_head,
			     .on_body = on_body,
			     .userdata = s,
			     .once = true,
			     .ret_elsewhere = &s->elsewhere };

	add_range(s, &headers);
	s->range_bad = s->coded = false;
	call.decode = s->decode;
	http_response_done(&s->resp);
	s->child = client_call(s->spec.c, &call, &s->resp);
	task_on_done(s->child, on_call, s);
}

struct task *segment_fetch(const struct segment_spec *spec)
{
	struct segment *s = xnew(struct segment);

	task_init(&s->task, &segment_ops, spec->c->reg->loop);
	s->spec = *spec;
	s->at = spec->start;
	request(s);
	return &s->task;
}
