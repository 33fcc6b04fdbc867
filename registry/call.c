/* SPDX-License-Identifier: Apache-2.0 */
/* One request of a client, through authorization, redirects and retries, to its answer. */
#include "registry/client.h"

#include "registry/retry.h"

#include <stdio.h>
#include <string.h>

#define REDIRECTS_MAX	 10
#define LIMIT_ERROR_BODY (64 * 1024)

struct call_task {
	struct task task;
	struct client *c;
	struct call call;
	char *path, *location, *also;
	struct strv headers;
	struct http_response *resp;
	struct url url; /* where it goes now */
	bool elsewhere; /* not at our origin */
	unsigned redirects;
	char *bearer;	 /* sent with the request that is under way */
	bool authorized; /* something was sent with it */
	bool waited;	 /* for a token that another request was refused */
	bool renewed;	 /* and was made because what was there was refused */
	bool delivering; /* the body is the caller's */
	bool refused;	 /* one of the caller's functions ended it */
	bool fell_back;
	struct error tls_err; /* why https failed, when http was tried after it */
	struct buf error_body;
	struct retry retry;
	struct task *child;
};

static void call_begin(struct call_task *k);
static void call_send(struct call_task *k);

static void call_free(struct task *t)
{
	struct call_task *k = container_of(t, struct call_task, task);

	free(k->path);
	free(k->location);
	free(k->also);
	secret_free(k->bearer);
	strv_done(&k->headers);
	url_done(&k->url);
	buf_done(&k->error_body);
	free(k);
}

/* The caller has its answer: those who waited for us go on. */
static void release(struct call_task *k)
{
	struct client *c = k->c;
	VEC(struct call_task *) waiting = { 0 };

	if (c->prober != k)
		return;
	c->prober = NULL;
	memcpy(&waiting, &c->waiting, sizeof(waiting));
	memset(&c->waiting, 0, sizeof(c->waiting));
	vec_foreach (w, &waiting)
		call_begin(*w);
	vec_done(&waiting);
}

static void take_error_body(struct call_task *k)
{
	if (!k->error_body.len || k->resp->body.len)
		return;
	buf_done(&k->resp->body);
	k->resp->body = k->error_body;
	buf_init(&k->error_body, LIMIT_ERROR_BODY);
}

static void call_end(struct call_task *k, int r, const struct error *err)
{
	take_error_body(k);
	if (k->call.ret_elsewhere)
		*k->call.ret_elsewhere = k->elsewhere;
	if (r >= 0)
		k->c->established = true;
	release(k);
	task_end_with(&k->task, r, err);
}

static void call_cancel(struct task *t)
{
	struct call_task *k = container_of(t, struct call_task, task);
	struct error err;

	if (k->child) {
		task_cancel(k->child);
		return;
	}
	for (size_t i = 0; i < k->c->waiting.n; i++)
		if (k->c->waiting.v[i] == k) {
			vec_remove(&k->c->waiting, i);
			break;
		}
	error_set(&err, ERR_CANCELLED, "cancelled");
	call_end(k, -ERR_CANCELLED, &err);
}

static const struct task_ops call_ops = { "registry request", call_cancel, call_free };

static void run(struct call_task *k, struct task *child, task_done_fn done)
{
	k->child = child;
	task_on_done(child, done, k);
}

/* -- retries -- */

static void on_pause(struct task *t, int r, void *userdata)
{
	struct call_task *k = userdata;
	struct error err = t->err;

	k->child = task_unref(k->child);
	if (r < 0)
		call_end(k, r, &err);
	else
		call_begin(k);
}

/* True when it is tried again. */
static bool again(struct call_task *k, const struct http_response *resp, const char *why)
{
	struct origin *o = k->c->origin;
	int64_t span;

	if (k->call.once || k->task.cancelled)
		return false;
	/* A host that has never answered, or is only a mirror, isn't worth waiting for. */
	k->retry.max = k->c->mirror ? 2 : !resp && !o->known ? 2 : RETRY_MAX;
	span = retry_next(&k->retry, resp);
	if (span < 0)
		return false;
	if (k->call.on_retry)
		k->call.on_retry(k->call.userdata, why);
	run(k, retry_pause(k->task.loop, span), on_pause);
	return true;
}

/* -- answers -- */

static void redirect(struct call_task *k)
{
	const char *location = http_header(k->resp, "Location");
	struct error err = ERROR_INIT;
	struct url to = { 0 };
	int r = 0;

	if (++k->redirects > REDIRECTS_MAX)
		r = error_set(&err, ERR_INVALID, "%s: more than %d redirects", k->c->origin->host,
			      REDIRECTS_MAX);
	if (r == 0)
		r = url_resolve(&k->url, location, &to, &err);
	if (r == 0 && k->url.tls && !to.tls && !k->c->origin->insecure)
		r = error_set(&err, ERR_INVALID, "%s: a redirect from https to http is refused",
			      k->c->origin->host);
	if (r < 0) {
		url_done(&to);
		return call_end(k, r, &err);
	}
	url_done(&k->url);
	k->url = to;
	call_send(k);
}

static bool follows(const struct call_task *k, long status)
{
	return (streq(k->call.method, "GET") || streq(k->call.method, "HEAD")) &&
	       (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

static void on_authorized(struct task *t, int r, void *userdata)
{
	struct call_task *k = userdata;
	struct authz *a = authz_get(k->c, k->also);
	struct error err = t->err;

	k->child = task_unref(k->child);
	if (r < 0)
		return call_end(k, r, &err);
	if (k->c->origin->challenge.kind == CHALLENGE_BEARER && !authz_bearer(a) && !k->waited) {
		k->waited = true; /* what was there was refused to another request meanwhile */
		return run(k, authz_ready(a, NULL), on_authorized);
	}
	call_send(k);
}

static void on_renewed(struct task *t, int r, void *userdata)
{
	struct call_task *k = userdata;

	k->renewed = r > 0;
	on_authorized(t, r, userdata);
}

/* 401: what is asked for is got, once; when what was made for that is refused, there is nothing
 * more to try. */
static bool authorize_again(struct call_task *k)
{
	struct challenge ch;
	struct origin *o = k->c->origin;

	if (k->elsewhere || k->call.method[0] == '\0')
		return false;
	challenge_find(&k->resp->headers, &ch);
	if (ch.kind == CHALLENGE_NONE || (k->authorized && (k->renewed || !k->bearer))) {
		challenge_done(&ch);
		return false;
	}
	challenge_done(&o->challenge);
	o->challenge = ch;
	run(k, authz_ready(authz_get(k->c, k->also), k->bearer), on_renewed);
	return true;
}

/* A TLS server that is spoken to in plain http answers 400: https was right, and what it said
 * counts. */
static bool not_plain(const struct call_task *k)
{
	return k->fell_back && !k->c->origin->known && k->resp->status == 400;
}

/* The last try's answer is no better than those before. */
static void give_up(struct call_task *k)
{
	struct error err;
	int r;

	take_error_body(k);
	r = client_refused(k->c, k->resp, &err);
	retry_say(&k->retry, &err);
	call_end(k, r, &err);
}

static void on_answer(struct call_task *k)
{
	long status = k->resp->status;
	autofree char *why = xprintf("status %ld", status);

	if (not_plain(k)) {
		k->c->origin->tls = true;
		return call_end(k, -(int)k->tls_err.code, &k->tls_err);
	}
	if (!k->elsewhere)
		k->c->origin->known = true;
	if (status == 401 && authorize_again(k))
		return;
	if (follows(k, status))
		return redirect(k);
	if (!retry_status(status))
		return call_end(k, 0, NULL);
	if (again(k, k->resp, why))
		return;
	if (k->retry.failures > 1)
		return give_up(k);
	call_end(k, 0, NULL);
}

/* The registry has not answered at all: what most often is the reason. */
static void hint(const struct call_task *k, struct error *err)
{
	const struct origin *o = k->c->origin;
	size_t n = strlen(err->msg);

	if (o->known || !o->tls || k->elsewhere || k->task.cancelled)
		return;
	if (err->code == ERR_INVALID)
		snprintf(err->msg + n, sizeof(err->msg) - n,
			 " (an authority that the system doesn't know goes to "
			 "/etc/docker/certs.d/%s/ca.crt)",
			 o->host);
	else if (err->code == ERR_NETWORK && !o->insecure && strchr(o->host, ':'))
		snprintf(err->msg + n, sizeof(err->msg) - n,
			 " (a registry without TLS must be in insecure-registries of "
			 "/etc/docker/daemon.json)");
}

static void on_failure(struct call_task *k, const struct error *err)
{
	struct origin *o = k->c->origin;
	struct error e = *err;

	if (k->refused || k->task.cancelled)
		return call_end(k, -(int)err->code, err);
	if (!retry_error(err)) {
		hint(k, &e);
		return call_end(k, -(int)e.code, &e);
	}
	if (!o->known && !o->plain && !k->elsewhere && o->insecure && !o->certs.ca_file) {
		if (!k->fell_back) { /* https did not do; is it plain http? */
			k->fell_back = true;
			k->tls_err = *err;
			o->tls = false;
			return call_begin(k);
		}
		k->fell_back = false;
		o->tls = true;
		e = k->tls_err;
	}
	if (again(k, NULL, e.msg))
		return;
	retry_say(&k->retry, &e);
	hint(k, &e);
	call_end(k, -(int)e.code, &e);
}

static void on_http(struct task *t, int r, void *userdata)
{
	struct call_task *k = userdata;
	struct error err = t->err;

	k->child = task_unref(k->child);
	if (r < 0)
		on_failure(k, &err);
	else
		on_answer(k);
}

/* -- sending -- */

static int on_head(void *userdata, const struct http_response *resp, struct error *err)
{
	struct call_task *k = userdata;
	int r = 0;

	k->delivering = resp->status >= 200 && resp->status < 300;
	if (k->delivering && k->call.on_head)
		r = k->call.on_head(k->call.userdata, resp, err);
	k->refused |= r != 0;
	return r;
}

static int on_body(void *userdata, const void *p, size_t n, struct error *err)
{
	struct call_task *k = userdata;
	size_t room = LIMIT_ERROR_BODY - k->error_body.len;
	int r;

	if (!k->delivering) { /* words of an error; more than enough of them is dropped */
		buf_add(&k->error_body, p, MIN(n, room));
		return 0;
	}
	r = k->call.on_body(k->call.userdata, p, n, err);
	k->refused |= r != 0;
	return r;
}

static int on_send(void *userdata, void *p, size_t max, size_t *ret_n, struct error *err)
{
	struct call_task *k = userdata;
	int r = k->call.send(k->call.userdata, p, max, ret_n, err);

	k->refused |= r != 0;
	return r;
}

static void add_authorization(struct call_task *k, struct http_request *req)
{
	const struct origin *o = k->c->origin;
	const struct credential *cred = &k->c->credential;

	secret_free(TAKE_PTR(k->bearer));
	k->authorized = false;
	if (k->elsewhere || o->challenge.kind == CHALLENGE_NONE)
		return;
	if (o->challenge.kind == CHALLENGE_BASIC) {
		req->user = cred->user;
		req->password = cred->user ? cred->password : NULL;
		k->authorized = cred->user != NULL;
		return;
	}
	k->bearer = xstrdup0(authz_bearer(authz_get(k->c, k->also)));
	req->bearer = k->bearer;
	k->authorized = k->bearer != NULL;
}

static void call_send(struct call_task *k)
{
	autourl home = { .tls = k->c->origin->tls,
			 .host = xstrdup(k->c->origin->host),
			 .target = xstrdup("/") };
	autofree char *text = url_text(&k->url);
	struct http_request req = {
		.method = k->call.method,
		.url = text,
		.headers = &k->headers,
		.body = k->call.body,
		.n_body = k->call.n_body,
		.send = k->call.send ? on_send : NULL,
		.n_send = k->call.n_send,
		.on_head = on_head,
		.on_body = k->call.on_body ? on_body : NULL,
		.userdata = k,
		.max_body = k->call.max_body,
		.decode = k->call.decode || !k->call.on_body,
	};

	k->elsewhere = !url_same_origin(&home, &k->url);
	if (!k->elsewhere)
		req.tls = origin_tls(k->c->origin);
	add_authorization(k, &req);
	http_response_done(k->resp);
	buf_reset(&k->error_body);
	k->delivering = false;
	if (k->call.rewind)
		k->call.rewind(k->call.userdata);
	run(k, http_start(k->c->reg->http, &req, k->resp), on_http);
}

static int first_url(struct call_task *k, struct error *err)
{
	const struct origin *o = k->c->origin;
	autourl home = { .tls = o->tls, .host = xstrdup(o->host), .target = xstrdup("/") };

	url_done(&k->url);
	if (!k->location) {
		k->url = (struct url){ .tls = o->tls,
				       .host = xstrdup(o->host),
				       .target = xprintf("%s/v2/%s%s%s", k->c->prefix, k->c->path,
							 *k->c->path ? "/" : "", k->path) };
		return 0;
	}
	if (url_resolve(&home, k->location, &k->url, err) < 0)
		return -(int)err->code;
	if (o->tls && !k->url.tls && !o->insecure)
		return error_set(err, ERR_INVALID, "%s: an address from https to http is refused",
				 o->host);
	return 0;
}

static void call_begin(struct call_task *k)
{
	struct client *c = k->c;
	struct error err = ERROR_INIT;

	if (c->prober && c->prober != k) {
		*vec_add(&c->waiting) = k;
		return;
	}
	if (!c->established)
		c->prober = k;
	k->redirects = 0;
	k->waited = k->renewed = false;
	if (first_url(k, &err) < 0)
		return call_end(k, -(int)err.code, &err);
	if (c->origin->challenge.kind == CHALLENGE_NONE)
		return call_send(k);
	run(k, authz_ready(authz_get(c, k->also), NULL), on_authorized);
}

struct task *client_call(struct client *c, const struct call *call, struct http_response *resp)
{
	struct call_task *k = xnew(struct call_task);

	task_init(&k->task, &call_ops, c->reg->loop);
	k->c = c;
	k->call = *call;
	k->path = xstrdup0(call->path);
	k->location = xstrdup0(call->url);
	k->also = xstrdup0(call->also_pull);
	if (call->headers)
		strv_copy(&k->headers, call->headers);
	k->resp = resp;
	buf_init(&k->error_body, LIMIT_ERROR_BODY);
	call_begin(k);
	return &k->task;
}
