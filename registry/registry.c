/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blob.h"

#include <signal.h>
#include <stdio.h>

int registry_new(sd_event *loop, struct store *s, struct registry **ret, struct error *err)
{
	autocall(registry_freep) struct registry *r = xnew(struct registry);
	int res;

	r->loop = sd_event_ref(loop);
	r->store = s;
	/* An unpacker that goes away while it is fed must not take us along. */
	signal(SIGPIPE, SIG_IGN);
	res = hosts_load(&r->hosts, err);
	if (res == 0)
		res = auth_load(&r->auth, err);
	if (res == 0 && s)
		res = sources_open(s, err);
	if (res == 0)
		res = http_client_new(loop, &r->http, err);
	if (res < 0)
		return res;
	*ret = TAKE_PTR(r);
	return 0;
}

static void origin_done(struct origin *o)
{
	free(o->host);
	certs_done(&o->certs);
	challenge_done(&o->challenge);
	free(o);
}

struct registry *registry_free(struct registry *r)
{
	if (!r)
		return NULL;
	r->http = http_client_free(r->http);
	vec_foreach (c, &r->clients)
		client_free(*c);
	vec_done(&r->clients);
	vec_foreach (o, &r->origins)
		origin_done(*o);
	vec_done(&r->origins);
	vec_done(&r->layers);
	auth_free(r->auth);
	hosts_free(r->hosts);
	sd_event_unref(r->loop);
	free(r);
	return NULL;
}

/* -- the digest of a reference -- */

struct resolve {
	struct task task;
	struct registry *reg;
	struct image_ref ref;
	char *name;
	endpoint_vec endpoints;
	size_t at;
	struct client *c;
	struct manifest_reply reply;
	char digest[DIGEST_MAX], *ret;
	struct task *child;
};

static void resolve_free(struct task *t)
{
	struct resolve *s = container_of(t, struct resolve, task);

	image_ref_done(&s->ref);
	endpoint_vec_done(&s->endpoints);
	manifest_reply_done(&s->reply);
	free(s->name);
	free(s);
}

static void resolve_cancel(struct task *t)
{
	struct resolve *s = container_of(t, struct resolve, task);

	if (s->child)
		task_cancel(s->child);
}

static const struct task_ops resolve_ops = { "resolve", resolve_cancel, resolve_free };

static void resolve_try(struct resolve *s);

static void resolve_end(struct resolve *s, int r, struct error *err)
{
	if (r < 0 && s->at + 1 < s->endpoints.n && !s->task.cancelled) {
		s->at++;
		return resolve_try(s);
	}
	if (r < 0)
		error_wrap(err, "%s", s->name);
	else
		snprintf(s->ret, DIGEST_MAX, "%s", s->digest);
	task_end_with(&s->task, MIN(r, 0), err);
}

static void on_got(struct task *t, int r, void *userdata)
{
	struct resolve *s = userdata;
	struct error err = t->err;

	s->child = task_unref(s->child);
	if (r >= 0)
		snprintf(s->digest, sizeof(s->digest), "%s", s->reply.digest);
	resolve_end(s, r, &err);
}

static void on_head(struct task *t, int r, void *userdata)
{
	struct resolve *s = userdata;
	struct error err = t->err;

	s->child = task_unref(s->child);
	if (r != 1)
		return resolve_end(s, r, &err);
	s->child = manifest_get(s->c, s->ref.tag, NULL, NULL, NULL, &s->reply);
	task_on_done(s->child, on_got, s);
}

static void resolve_try(struct resolve *s)
{
	struct error err = ERROR_INIT;

	if (client_get(s->reg, &s->endpoints.v[s->at], ACCESS_PULL, &s->c, &err) < 0)
		return resolve_end(s, -(int)err.code, &err);
	s->child = manifest_head(s->c, s->ref.tag, NULL, NULL, s->digest);
	task_on_done(s->child, on_head, s);
}

struct task *registry_resolve(struct registry *r, const char *ref, char ret_digest[DIGEST_MAX])
{
	struct resolve *s = xnew(struct resolve);
	struct error err = ERROR_INIT;
	int res;

	task_init(&s->task, &resolve_ops, r->loop);
	s->reg = r;
	s->name = xstrdup(ref);
	s->ret = ret_digest;
	res = image_ref_parse(ref, &s->ref, &err);
	if (res == 0)
		res = hosts_resolve(r->hosts, &s->ref, false, &s->endpoints, &err);
	if (res < 0) {
		task_fail(&s->task, &err);
	} else if (s->ref.digest) {
		snprintf(ret_digest, DIGEST_MAX, "%s", s->ref.digest);
		task_end(&s->task, 0);
	} else {
		resolve_try(s);
	}
	return &s->task;
}
