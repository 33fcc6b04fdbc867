/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bearer tokens (distribution's token and oauth specifications): one per client and set of scopes,
 * got once however many requests wait for it, renewed shortly before its end or when it was
 * refused.
 */
#include "registry/client.h"

#include "registry/retry.h"
#include "util/json.h"
#include "util/time.h"

#include <string.h>

#define LIMIT_TOKEN_ANSWER (512 * 1024)
#define CLIENT_ID	   "compose"
#define DEFAULT_LIFE	   60 /* s, when the answer doesn't say */

struct authz_wait {
	struct task task;
	struct authz *a;
};

struct authz {
	struct client *c;
	char *also;
	char *bearer;
	int64_t expires; /* monotonic */
	struct task *child;
	struct retry retry;
	struct credential found; /* becomes the client's, if no other was quicker */
	struct http_response resp;
	char *form;   /* the body of a POST: a secret */
	bool no_post; /* the server doesn't know the OAuth2 way */
	char *realm_host;
	VEC(struct authz_wait *) waiting;
};

struct authz *authz_get(struct client *c, const char *also_pull)
{
	struct authz *a;

	vec_foreach (p, &c->authz)
		if (streq0((*p)->also, also_pull))
			return *p;
	a = xnew(struct authz);
	a->c = c;
	a->also = xstrdup0(also_pull);
	*vec_add(&c->authz) = a;
	return a;
}

struct authz *authz_free(struct authz *a)
{
	if (!a)
		return NULL;
	task_unref(a->child);
	http_response_done(&a->resp);
	secret_free(a->bearer);
	secret_free(a->form);
	credential_done(&a->found);
	free(a->realm_host);
	free(a->also);
	vec_done(&a->waiting);
	free(a);
	return NULL;
}

const char *authz_bearer(const struct authz *a)
{
	return a->bearer;
}

/* -- those who wait -- */

static void wait_free(struct task *t)
{
	free(container_of(t, struct authz_wait, task));
}

static void wait_cancel(struct task *t)
{
	struct authz_wait *w = container_of(t, struct authz_wait, task);
	struct error err;

	for (size_t i = 0; i < w->a->waiting.n; i++)
		if (w->a->waiting.v[i] == w) {
			vec_remove(&w->a->waiting, i);
			break;
		}
	if (!w->a->waiting.n && w->a->child)
		task_cancel(w->a->child);
	error_set(&err, ERR_CANCELLED, "cancelled");
	task_fail(t, &err);
}

static const struct task_ops wait_ops = { "authorization", wait_cancel, wait_free };

static void answer_all(struct authz *a, int r, const struct error *err)
{
	VEC(struct authz_wait *) waiting = { 0 };

	secret_free(TAKE_PTR(a->form));
	http_response_done(&a->resp);
	memcpy(&waiting, &a->waiting, sizeof(waiting));
	memset(&a->waiting, 0, sizeof(a->waiting));
	vec_foreach (w, &waiting)
		task_end_with(&(*w)->task, r < 0 ? r : 1, err);
	vec_done(&waiting);
}

static void fail_all(struct authz *a, enum err_code code, const char *text)
{
	struct error err;

	error_set(&err, code, "%s: %s", a->c->auth_host, text);
	answer_all(a, -(int)code, &err);
}

/* -- the token request -- */

/* A registry may send us to an authority of another name (Docker Hub does). What no registry has a
 * reason to ask for is refused: credentials in the clear after TLS, and addresses inside our own
 * network named from outside. */
static int check_realm(const struct client *c, const struct url *realm, struct error *err)
{
	const struct origin *o = c->origin;

	if (o->tls && !realm->tls && !hosts_insecure(c->reg->hosts, realm->host))
		return error_set(err, ERR_AUTH,
				 "%s: asks for credentials to be sent over plain http: refused",
				 o->host);
	if (host_is_private_address(realm->host) && !host_is_private_address(o->host) &&
	    !o->insecure && !hosts_insecure(c->reg->hosts, o->host)) {
		autofree char *a = host_name(realm->host), *b = host_name(o->host);

		if (!streq(a, b))
			return error_set(
				err, ERR_AUTH,
				"%s: sends token requests to the private address %s: refused",
				o->host, a);
	}
	return 0;
}

static void add_param(struct buf *b, char first, const char *name, const char *value)
{
	autofree char *escaped = value ? http_escape(value) : NULL;

	if (value)
		buf_addf(b, "%c%s=%s", first, name, escaped);
}

static void scope_texts(const struct authz *a, struct strv *ret)
{
	if (!*a->c->path) /* a login: who we are, not what we may */
		return;
	strv_pushf(ret, "repository:%s:%s", a->c->path,
		   a->c->access == ACCESS_PUSH ? "pull,push" : "pull");
	if (a->also)
		strv_pushf(ret, "repository:%s:pull", a->also);
}

static char *get_target(const struct authz *a, const char *target)
{
	autostrv scopes = { 0 };
	autobuf b;

	scope_texts(a, &scopes);
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, target);
	add_param(&b, strchr(target, '?') ? '&' : '?', "service", a->c->origin->challenge.service);
	strv_foreach (s, &scopes)
		add_param(&b, strchr(b.p, '?') ? '&' : '?', "scope", s);
	add_param(&b, strchr(b.p, '?') ? '&' : '?', "account", a->c->credential.user);
	return buf_steal(&b);
}

static char *post_form(const struct authz *a)
{
	autofree char *scope = NULL;
	autostrv scopes = { 0 };
	autobuf b;

	scope_texts(a, &scopes);
	scope = strv_join(&scopes, " ");
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "grant_type=refresh_token&client_id=" CLIENT_ID);
	add_param(&b, '&', "service", a->c->origin->challenge.service);
	add_param(&b, '&', "scope", scope);
	add_param(&b, '&', "refresh_token", a->c->credential.identity_token);
	return buf_steal(&b);
}

static void token_request(struct authz *a);

static void on_pause(struct task *t, int r, void *userdata)
{
	struct authz *a = userdata;
	struct error err = t->err;

	a->child = task_unref(a->child);
	if (r < 0)
		answer_all(a, r, &err);
	else
		token_request(a);
}

static bool again(struct authz *a, const struct http_response *resp)
{
	int64_t span = a->waiting.n ? retry_next(&a->retry, resp) : -1;

	if (span < 0)
		return false;
	a->child = retry_pause(a->c->reg->loop, span);
	task_on_done(a->child, on_pause, a);
	return true;
}

/* Only what may stand in a header. */
static bool token_valid(const char *s)
{
	if (!s || !*s)
		return false;
	for (; *s; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

static int take_token(struct authz *a, struct error *err)
{
	const char *token, *refresh;
	autojson *doc = NULL;
	int64_t life;

	if (json_parse(a->resp.body.p, a->resp.body.len, "token", &doc, NULL) < 0)
		return error_set(err, ERR_AUTH, "%s: the token server's answer is not JSON",
				 a->realm_host);
	token = json_str(doc, "token");
	if (!token_valid(token))
		token = json_str(doc, "access_token");
	if (!token_valid(token))
		return error_set(err, ERR_AUTH, "%s: the token server's answer holds no token",
				 a->realm_host);
	secret_free(a->bearer);
	a->bearer = xstrdup(token);
	life = json_i64(doc, "expires_in", DEFAULT_LIFE);
	life = life > 0 ? MIN(life, 86400) : DEFAULT_LIFE;
	a->expires = time_monotonic() + life * NSEC_PER_SEC -
		     MIN(life * NSEC_PER_SEC / 4, 10 * NSEC_PER_SEC);
	refresh = json_str(doc, "refresh_token");
	if (a->c->credential.identity_token && token_valid(refresh)) {
		secret_free(a->c->credential.identity_token);
		a->c->credential.identity_token = xstrdup(refresh);
	}
	return 0;
}

static void refused(struct authz *a)
{
	autofree char *text = NULL;

	if (a->resp.status != 401 && a->resp.status != 403 && a->resp.status != 400)
		text = xprintf("the token server %s answered with status %ld", a->realm_host,
			       a->resp.status);
	else if (credential_empty(&a->c->credential))
		text = xprintf("authentication is required (log in with: compose login %s)",
			       a->c->auth_host);
	else
		text = xprintf("unauthorized: the credentials are not accepted by %s",
			       a->realm_host);
	fail_all(a, ERR_AUTH, text);
}

static void on_token(struct task *t, int r, void *userdata)
{
	struct authz *a = userdata;
	struct error err = t->err;
	long status = a->resp.status;

	a->child = task_unref(a->child);
	if (r < 0) {
		if (!retry_error(&err) || !again(a, NULL))
			answer_all(a, r, &err);
		return;
	}
	if (retry_status(status) && again(a, &a->resp))
		return;
	if (a->form && (status == 404 || status == 405)) {
		a->no_post = true;
		token_request(a);
		return;
	}
	if (status != 200) {
		refused(a);
		return;
	}
	r = take_token(a, &err);
	answer_all(a, r, &err);
}

/* The authority's certificate is checked as the registry's is; a client certificate goes to the
 * registry alone. */
static struct http_tls realm_tls(const struct authz *a, const struct url *realm)
{
	struct http_tls tls = origin_tls(a->c->origin);
	autofree char *x = host_name(realm->host), *y = host_name(a->c->origin->host);

	if (!streq(x, y)) {
		tls.cert_file = tls.key_file = NULL;
		tls.insecure = hosts_insecure(a->c->reg->hosts, realm->host);
	}
	return tls;
}

static void send_token_request(struct authz *a, struct url *realm)
{
	const struct credential *cred = &a->c->credential;
	autofree char *target = NULL, *url = NULL;
	struct http_request req = { .method = "GET",
				    .max_body = LIMIT_TOKEN_ANSWER,
				    .decode = true };
	autostrv headers = { 0 };

	secret_free(TAKE_PTR(a->form));
	if (cred->identity_token && !a->no_post) {
		a->form = post_form(a);
		req.method = "POST";
		req.body = a->form;
		req.n_body = strlen(a->form);
		strv_push(&headers, "Content-Type: application/x-www-form-urlencoded");
	} else {
		target = get_target(a, realm->target);
		free(realm->target);
		realm->target = TAKE_PTR(target);
		req.user = cred->user && cred->password && *cred->password ? cred->user : NULL;
		req.password = req.user ? cred->password : NULL;
	}
	url = url_text(realm);
	req.url = url;
	req.headers = &headers;
	req.tls = realm_tls(a, realm);
	http_response_done(&a->resp);
	a->child = http_start(a->c->reg->http, &req, &a->resp);
	task_on_done(a->child, on_token, a);
}

static void token_request(struct authz *a)
{
	struct error err = ERROR_INIT;
	autourl realm = { 0 };
	int r;

	r = url_parse(a->c->origin->challenge.realm, &realm, &err);
	if (r == 0)
		r = check_realm(a->c, &realm, &err);
	if (r < 0)
		return answer_all(a, r, &err);
	free(a->realm_host);
	a->realm_host = xstrdup(realm.host);
	send_token_request(a, &realm);
}

/* -- who we are, then what we may -- */

static void with_credential(struct authz *a)
{
	struct client *c = a->c;
	autofree char *text = NULL;

	if (c->origin->challenge.kind == CHALLENGE_BEARER) {
		if (!c->credential.registry_token)
			return token_request(a);
		secret_free(a->bearer);
		a->bearer = xstrdup(c->credential.registry_token);
		a->expires = INT64_MAX;
	} else if (!c->credential.user) {
		text = xprintf("authentication is required (log in with: compose login %s)",
			       c->auth_host);
		return fail_all(a, ERR_AUTH, text);
	}
	answer_all(a, 0, NULL);
}

static void on_credential(struct task *t, int r, void *userdata)
{
	struct authz *a = userdata;
	struct error err = t->err;

	a->child = task_unref(a->child);
	if (r < 0) {
		answer_all(a, r, &err);
		return;
	}
	if (!a->c->credential_known) {
		a->c->credential = a->found;
		a->found = (struct credential){ 0 };
	}
	credential_done(&a->found);
	a->c->credential_known = true;
	with_credential(a);
}

static bool at_hand(const struct authz *a)
{
	if (a->c->origin->challenge.kind == CHALLENGE_BASIC)
		return a->c->credential_known && a->c->credential.user;
	return a->bearer && a->expires > time_monotonic();
}

static void start(struct authz *a)
{
	struct client *c = a->c;

	a->retry = (struct retry){ 0 };
	if (c->credential_known)
		return with_credential(a);
	a->child = auth_lookup(c->reg->auth, c->reg->loop, c->auth_host, c->path, &a->found);
	task_on_done(a->child, on_credential, a);
}

struct task *authz_ready(struct authz *a, const char *stale)
{
	struct authz_wait *w;

	if (stale && a->bearer && streq(stale, a->bearer))
		secret_free(TAKE_PTR(a->bearer));
	if (at_hand(a))
		return task_resolved(a->c->reg->loop, 0, NULL);
	w = xnew(struct authz_wait);
	task_init(&w->task, &wait_ops, a->c->reg->loop);
	w->a = a;
	*vec_add(&a->waiting) = w;
	if (!a->child)
		start(a);
	return &w->task;
}
