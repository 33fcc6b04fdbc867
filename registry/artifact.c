/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/artifact.h"

#include "registry/blob.h"

#include <stdio.h>

struct fetch {
	struct task task;
	struct registry *reg;
	struct image_ref ref;
	char *name;
	struct artifact_type type;
	endpoint_vec endpoints;
	size_t at, layer;
	struct client *c;
	struct descriptor wanted; /* what the reference's digest says, then a member of an index */
	struct manifest_reply reply;
	struct artifact got, *ret;
	struct fetch_events events;
	struct task *child;
};

static void try_endpoint(struct fetch *f);
static void next_layer(struct fetch *f);

void artifact_done(struct artifact *a)
{
	manifest_done(&a->manifest);
	*a = (struct artifact){ 0 };
}

static void fetch_free(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	artifact_done(&f->got);
	manifest_reply_done(&f->reply);
	descriptor_done(&f->wanted);
	endpoint_vec_done(&f->endpoints);
	image_ref_done(&f->ref);
	free(f->name);
	free(f);
}

static void fetch_cancel(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	if (f->child)
		task_cancel(f->child);
}

static const struct task_ops fetch_ops = { "fetch of an artifact", fetch_cancel, fetch_free };

static void run(struct fetch *f, struct task *child, task_done_fn done)
{
	f->child = child;
	task_on_done(child, done, f);
}

/* The next place, when there is one. */
static void failed(struct fetch *f, struct error *err)
{
	bool local = err->code == ERR_NO_SPACE || err->code == ERR_SYS;

	if (f->at + 1 < f->endpoints.n && !f->task.cancelled && !local) {
		f->at++;
		return try_endpoint(f);
	}
	error_wrap(err, "%s", f->name);
	task_fail(&f->task, err);
}

static bool is_wanted(const struct fetch *f, const struct descriptor *d)
{
	return d->media_type && starts_with(d->media_type, f->type.layers);
}

static int check(const struct fetch *f, struct error *err)
{
	const struct manifest *m = &f->got.manifest;
	const char *type = m->artifact_type, *config = m->config.media_type;
	uint64_t bytes = 0;
	size_t n = 0;

	if (type && *type ? !streq(type, f->type.type) : !streq0(config, f->type.config))
		return error_set(err, ERR_INVALID, "this is no %s, but %.200s", f->type.type,
				 type && *type ? type
				 : config      ? config
					       : "something of no type");
	vec_foreach (d, &m->layers) {
		if (!is_wanted(f, d))
			continue;
		n++;
		if (d->size > LIMIT_ARTIFACT_BYTES)
			bytes = LIMIT_ARTIFACT_BYTES;
		bytes += d->size;
	}
	if (n > LIMIT_ARTIFACT_LAYERS || bytes > LIMIT_ARTIFACT_BYTES)
		return error_set(err, ERR_LIMIT,
				 "an artifact has at most %d layers, and %d MiB in all",
				 LIMIT_ARTIFACT_LAYERS, LIMIT_ARTIFACT_BYTES >> 20);
	return 0;
}

static void on_layer(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r < 0)
		return failed(f, &err);
	f->layer++;
	next_layer(f);
}

static void next_layer(struct fetch *f)
{
	const struct manifest *m = &f->got.manifest;

	while (f->layer < m->layers.n && !is_wanted(f, &m->layers.v[f->layer]))
		f->layer++;
	if (f->layer < m->layers.n)
		return run(f, blob_fetch(f->c, &m->layers.v[f->layer], &f->events), on_layer);
	*f->ret = f->got;
	f->got = (struct artifact){ 0 };
	task_end(&f->task, 0);
}

/* 1: the manifest is known. 0: it is an index, of which f->wanted is the member. */
static int read_manifest(struct fetch *f, struct error *err)
{
	struct manifest m = { 0 };
	bool from_index = f->got.digest[0];
	int r = manifest_parse(f->reply.bytes.p, f->reply.bytes.len, f->reply.type, &m, err);

	if (r < 0)
		return r;
	if (!from_index)
		snprintf(f->got.digest, DIGEST_MAX, "%s", f->reply.digest);
	if (!manifest_is_index(&m)) {
		f->got.manifest = m;
		r = check(f, err);
		return r < 0 ? r : 1;
	}
	descriptor_done(&f->wanted);
	vec_foreach (d, &m.manifests)
		if (!from_index && streq0(d->artifact_type, f->type.type)) {
			descriptor_done(&f->wanted);
			descriptor_copy(&f->wanted, d);
		}
	manifest_done(&m);
	if (!f->wanted.digest)
		return error_set(err, ERR_INVALID, "an index that has no %s", f->type.type);
	return 0;
}

static void get_manifest(struct fetch *f);

static void on_manifest(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r >= 0)
		r = read_manifest(f, &err);
	manifest_reply_done(&f->reply);
	if (r < 0)
		failed(f, &err);
	else if (r > 0)
		next_layer(f);
	else
		get_manifest(f);
}

static void get_manifest(struct fetch *f)
{
	const char *name = f->wanted.digest ? f->wanted.digest : f->ref.tag;

	run(f,
	    manifest_get(f->c, name, f->wanted.digest ? &f->wanted : NULL, NULL, NULL, &f->reply),
	    on_manifest);
}

static void try_endpoint(struct fetch *f)
{
	struct error err = ERROR_INIT;

	artifact_done(&f->got);
	descriptor_done(&f->wanted);
	f->layer = 0;
	if (f->ref.digest)
		f->wanted.digest = xstrdup(f->ref.digest);
	if (client_get(f->reg, &f->endpoints.v[f->at], ACCESS_PULL, &f->c, &err) < 0)
		return failed(f, &err);
	get_manifest(f);
}

struct task *registry_artifact_fetch(struct registry *r, const char *ref,
				     const struct artifact_type *type, struct artifact *ret)
{
	struct fetch *f = xnew(struct fetch);
	struct error err = ERROR_INIT;
	int res;

	task_init(&f->task, &fetch_ops, r->loop);
	f->reg = r;
	f->name = xstrdup(ref);
	f->type = *type;
	f->ret = ret;
	res = image_ref_parse(ref, &f->ref, &err);
	if (res == 0)
		res = hosts_resolve(r->hosts, &f->ref, false, &f->endpoints, &err);
	if (res < 0) {
		error_wrap(&err, "%s", ref);
		task_fail(&f->task, &err);
	} else {
		try_endpoint(f);
	}
	return &f->task;
}
