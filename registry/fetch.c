/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blob.h"

#include "registry/retry.h"
#include "util/num.h"

#include <string.h>
#include <strings.h>

struct fetch {
	struct task task;
	struct client *c;
	const struct descriptor *d;
	struct fetch_events ev;
	struct store *store;
	struct ingest *in;
	uint64_t have; /* bytes that the ingest holds */
	uint64_t skip; /* bytes of this answer that are here already */
	bool no_range; /* the server's ranges can't be relied on: from the start */
	bool range_bad;
	bool corrupt_once;
	bool elsewhere;
	struct retry retry;
	struct http_response resp;
	struct task *child;
};

static void begin(struct fetch *f);
static void request(struct fetch *f);

static void fetch_free(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	ingest_free(f->in);
	http_response_done(&f->resp);
	free(f);
}

static void fetch_cancel(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	if (f->child)
		task_cancel(f->child);
}

static const struct task_ops fetch_ops = { "fetch", fetch_cancel, fetch_free };

static void fetch_end(struct fetch *f, int r, const struct error *err)
{
	f->in = ingest_free(f->in); /* another process may go on where we stopped */
	task_end_with(&f->task, r, err);
}

static void run(struct fetch *f, struct task *child, task_done_fn done)
{
	f->child = child;
	task_on_done(child, done, f);
}

/* -- trying again -- */

static void on_pause(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r < 0)
		fetch_end(f, r, &err);
	else
		request(f);
}

static void again(struct fetch *f, const struct http_response *resp, const struct error *err)
{
	int64_t span = f->task.cancelled ? -1 : retry_next(&f->retry, resp);
	struct error e = *err;

	if (span < 0) {
		if (!f->task.cancelled && f->retry.failures > 1) {
			autofree char *tried = xprintf(" (tried %u times)", f->retry.failures);
			size_t n = strlen(e.msg);

			snprintf(e.msg + n, sizeof(e.msg) - n, "%s", tried);
		}
		return fetch_end(f, -(int)e.code, &e);
	}
	if (f->ev.retrying)
		f->ev.retrying(f->ev.userdata, err->msg);
	run(f, retry_pause(f->task.loop, span), on_pause);
}

static int restart(struct fetch *f, struct error *err)
{
	int r = ingest_restart(f->in, err);

	f->have = 0;
	if (f->ev.restarted)
		f->ev.restarted(f->ev.userdata);
	return r;
}

/* -- the end of it -- */

static void commit(struct fetch *f)
{
	struct error err = ERROR_INIT;
	int r;

	r = ingest_commit(TAKE_PTR(f->in), &err);
	if (r == -ERR_CORRUPT &&
	    !f->corrupt_once) { /* a bit may have tipped on the way: once more */
		f->corrupt_once = true;
		f->have = 0;
		if (f->ev.restarted)
			f->ev.restarted(f->ev.userdata);
		return begin(f);
	}
	fetch_end(f, r, &err);
}

static void short_answer(struct fetch *f)
{
	struct error err;

	error_set(&err, ERR_NETWORK, "%s: the connection ended after %llu of %llu bytes",
		  f->d->digest, (unsigned long long)f->have, (unsigned long long)f->d->size);
	again(f, NULL, &err);
}

static void on_answer(struct fetch *f)
{
	long status = f->resp.status;
	struct error err = ERROR_INIT;

	if (status == 200 || status == 206) {
		if (f->have == f->d->size)
			return commit(f);
		return short_answer(f);
	}
	client_refused(f->c, &f->resp, &err);
	if (status == 416 && f->have) {
		f->no_range = true;
		if (restart(f, &err) < 0)
			return fetch_end(f, -(int)err.code, &err);
		return again(f, NULL, &err);
	}
	/* An address that a redirect gave may have run out: the registry gives a new one. */
	if (retry_status(status) || (f->elsewhere && status >= 400))
		return again(f, &f->resp, &err);
	fetch_end(f, -(int)err.code, &err);
}

static void on_call(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err, restart_err;

	f->child = task_unref(f->child);
	if (r >= 0)
		return on_answer(f);
	if (f->range_bad) {
		f->no_range = true;
		if (restart(f, &restart_err) < 0)
			return fetch_end(f, -(int)restart_err.code, &restart_err);
		return again(f, NULL, &err);
	}
	if (retry_error(&err))
		return again(f, NULL, &err);
	if (err.code == ERR_CORRUPT)
		(void)restart(f, &restart_err);
	fetch_end(f, -(int)err.code, &err);
}

/* -- an answer's head and body -- */

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

static int check_length(struct fetch *f, const struct http_response *resp, uint64_t want,
			struct error *err)
{
	const char *value = http_header(resp, "Content-Length");
	uint64_t n;

	if (!value || (num_parse_u64(str_trim(str_of(value)), UINT64_MAX, &n) == 0 && n == want))
		return 0;
	return error_set(err, ERR_CORRUPT,
			 "%s: the registry sends %.20s bytes where there should be %llu",
			 f->d->digest, value, (unsigned long long)want);
}

static int on_head(void *userdata, const struct http_response *resp, struct error *err)
{
	const char *coding = http_header(resp, "Content-Encoding");
	struct fetch *f = userdata;

	if (coding && *coding && strcasecmp(coding, "identity"))
		return error_set(err, ERR_UNSUPPORTED,
				 "%s: the registry encoded it (%.40s), which was not asked for",
				 f->d->digest, coding);
	f->skip = 0;
	if (resp->status == 206) {
		if (!range_starts_at(resp, f->have)) {
			f->range_bad = true;
			return error_set(err, ERR_NETWORK,
					 "%s: the registry sent another range than was asked for",
					 f->d->digest);
		}
		return check_length(f, resp, f->d->size - f->have, err);
	}
	f->skip = f->have; /* ranges are not known there: what is here is passed over */
	return check_length(f, resp, f->d->size, err);
}

static int on_body(void *userdata, const void *p, size_t n, struct error *err)
{
	struct fetch *f = userdata;
	size_t dropped = MIN(f->skip, n);
	int r;

	f->skip -= dropped;
	p = (const char *)p + dropped;
	n -= dropped;
	if (!n)
		return 0;
	if (n > f->d->size - f->have)
		return error_set(err, ERR_CORRUPT,
				 "%s: the registry sends more than its %llu bytes", f->d->digest,
				 (unsigned long long)f->d->size);
	r = ingest_write(f->in, p, n, err);
	if (r < 0)
		return r;
	f->have += n;
	f->retry.failures = 0;
	if (f->ev.grown)
		f->ev.grown(f->ev.userdata, f->have);
	return 0;
}

static void request(struct fetch *f)
{
	autofree char *path = xprintf("blobs/%s", f->d->digest);
	autostrv headers = { 0 };
	struct call call = { .method = "GET",
			     .path = path,
			     .headers = &headers,
			     .on_head = on_head,
			     .on_body = on_body,
			     .userdata = f,
			     .once = true,
			     .ret_elsewhere = &f->elsewhere };
	struct error err;

	if (f->have && f->no_range && restart(f, &err) < 0)
		return fetch_end(f, -(int)err.code, &err);
	if (f->have)
		strv_pushf(&headers, "Range: bytes=%llu-", (unsigned long long)f->have);
	f->range_bad = false;
	http_response_done(&f->resp);
	run(f, client_call(f->c, &call, &f->resp), on_call);
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
	if (r < 0 || r == 1)
		return fetch_end(f, r, &err);
	if (r == 2) {
		if (f->ev.waiting)
			f->ev.waiting(f->ev.userdata);
		return run(f, store_ingest_wait(f->store, f->task.loop, f->d->digest), on_waited);
	}
	if (f->have && f->ev.grown)
		f->ev.grown(f->ev.userdata, f->have);
	if (f->have == f->d->size)
		return commit(f);
	request(f);
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
