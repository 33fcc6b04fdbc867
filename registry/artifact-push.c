/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/artifact.h"

#include "registry/blob.h"

#include <stdio.h>

struct push {
	struct task task;
	struct registry *reg;
	struct image_ref ref;
	char *name, *text, *ret_digest;
	const struct manifest *m, *older;
	VEC(const struct descriptor *) parts;
	size_t part;
	struct client *c;
	struct http_response resp;
	struct task *child;
};

static void push_free(struct task *t)
{
	struct push *p = container_of(t, struct push, task);

	http_response_done(&p->resp);
	image_ref_done(&p->ref);
	vec_done(&p->parts);
	free(p->text);
	free(p->name);
	free(p);
}

static void push_cancel(struct task *t)
{
	struct push *p = container_of(t, struct push, task);

	if (p->child)
		task_cancel(p->child);
}

static const struct task_ops push_ops = { "push of an artifact", push_cancel, push_free };

static void fail(struct push *p, struct error *err)
{
	error_wrap(err, "%s", p->name);
	task_fail(&p->task, err);
}

static void run(struct push *p, struct task *child, task_done_fn done)
{
	p->child = child;
	task_on_done(child, done, p);
}

static void next_part(struct push *p);

/* It refuses the document itself, not who sends it. */
static bool refuses_form(int status)
{
	return status >= 400 && status < 500 && status != 401 && status != 403 && status != 407 &&
	       status != 429;
}

static void on_manifest(struct task *t, int r, void *userdata)
{
	struct push *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r >= 0 && p->older && refuses_form(p->resp.status)) {
		p->m = p->older;
		p->older = NULL;
		p->part = p->parts.n;
		*vec_add(&p->parts) = &p->m->config;
		return next_part(p);
	}
	if (r >= 0 && (p->resp.status < 200 || p->resp.status > 202))
		r = client_refused(p->c, &p->resp, &err);
	if (r < 0)
		return fail(p, &err);
	hash_digest(p->text, strlen(p->text), p->ret_digest);
	task_end(&p->task, 0);
}

static void put_manifest(struct push *p)
{
	autofree char *path = xprintf("manifests/%s", p->ref.tag);
	autostrv headers = { 0 };
	struct call call = { .method = "PUT", .path = path, .headers = &headers, .userdata = p };

	http_response_done(&p->resp);
	free(p->text);
	p->text = manifest_text(p->m);
	call.body = p->text;
	call.n_body = strlen(p->text);
	strv_pushf(&headers, "Content-Type: %s", p->m->media_type);
	run(p, client_call(p->c, &call, &p->resp), on_manifest);
}

static void on_part(struct task *t, int r, void *userdata)
{
	struct push *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r < 0)
		return fail(p, &err);
	p->part++;
	next_part(p);
}

static void next_part(struct push *p)
{
	struct upload_spec spec = { .c = p->c, .ref = p->name };

	if (p->part == p->parts.n)
		return put_manifest(p);
	spec.d = p->parts.v[p->part];
	run(p, blob_upload(&spec), on_part);
}

static int prepare(struct push *p, struct error *err)
{
	endpoint_vec v = { 0 };
	int r = image_ref_parse(p->name, &p->ref, err);

	if (r == 0 && p->ref.digest)
		r = error_set(err, ERR_INVALID, "a push goes to a tag, not to a digest");
	if (r == 0)
		r = hosts_resolve(p->reg->hosts, &p->ref, true, &v, err);
	if (r == 0)
		r = client_get(p->reg, &v.v[0], ACCESS_PUSH, &p->c, err);
	endpoint_vec_done(&v);
	return r;
}

struct task *registry_artifact_push(struct registry *r, const char *ref, const struct manifest *m,
				    const struct manifest *older, char ret_digest[DIGEST_MAX])
{
	struct push *p = xnew(struct push);
	struct error err = ERROR_INIT;

	task_init(&p->task, &push_ops, r->loop);
	p->reg = r;
	p->name = xstrdup(ref);
	p->m = m;
	p->older = older;
	p->ret_digest = ret_digest;
	*vec_add(&p->parts) = &m->config;
	vec_foreach (d, &m->layers)
		*vec_add(&p->parts) = d;
	if (prepare(p, &err) < 0)
		fail(p, &err);
	else
		next_part(p);
	return &p->task;
}
