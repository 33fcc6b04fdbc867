/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/remote.h"

#include "registry/blob.h"

struct fetch {
	struct task task;
	struct registry *reg;
	struct image_ref ref;
	char *name;
	struct platform want;
	endpoint_vec endpoints;
	size_t at;
	struct manifest manifest;
	struct descriptor config; /* what is read last; first: the member that was chosen */
	bool nested;
	struct manifest_reply reply;
	struct client *c;
	struct remote *ret;
	struct task *child;
};

void remote_done(struct remote *r)
{
	vec_foreach (d, &r->layers)
		descriptor_done(d);
	vec_done(&r->layers);
	buf_done(&r->config);
	free(r->config_type);
	free(r->ref);
	*r = (struct remote){ 0 };
}

static void forget(struct fetch *f)
{
	manifest_reply_done(&f->reply);
	manifest_done(&f->manifest);
	descriptor_done(&f->config);
	f->nested = false;
}

static void fetch_free(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	forget(f);
	image_ref_done(&f->ref);
	endpoint_vec_done(&f->endpoints);
	free(f->name);
	free(f);
}

static void fetch_cancel(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	if (f->child)
		task_cancel(f->child);
}

static const struct task_ops fetch_ops = { "remote", fetch_cancel, fetch_free };

static void run(struct fetch *f, struct task *child, task_done_fn done)
{
	f->child = child;
	task_on_done(child, done, f);
}

static void try_endpoint(struct fetch *f);

/* The next place, when there is one. */
static void failed(struct fetch *f, struct error *err)
{
	forget(f);
	if (f->at + 1 < f->endpoints.n && !f->task.cancelled) {
		f->at++;
		return try_endpoint(f);
	}
	task_fail(&f->task, err);
}

/* ---- the config ---- */

static int take(struct fetch *f, struct error *err)
{
	struct remote *r = f->ret;
	int e;

	buf_init(&r->config, LIMIT_CONFIG);
	e = store_blob_read(f->reg->store, f->config.digest, &r->config, err);
	if (e < 0)
		return e;
	r->c = f->c;
	r->ref = xstrdup(f->name);
	r->config_type = xstrdup0(f->config.media_type);
	vec_foreach (d, &f->manifest.layers)
		descriptor_copy(vec_add(&r->layers), d);
	vec_foreach (d, &f->manifest.manifests)
		if (d->media_type && !streq(d->media_type, MEDIA_CACHE_CONFIG))
			descriptor_copy(vec_add(&r->layers), d);
	return 0;
}

static void on_config(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r >= 0)
		r = take(f, &err);
	if (r < 0)
		failed(f, &err);
	else
		task_end(&f->task, 0);
}

static void get_config(struct fetch *f, const struct descriptor *d)
{
	struct error err = ERROR_INIT;

	descriptor_copy(&f->config, d);
	if (d->size > LIMIT_CONFIG) {
		error_set(&err, ERR_LIMIT, "its configuration is larger than %d bytes",
			  LIMIT_CONFIG);
		return failed(f, &err);
	}
	run(f, blob_fetch(f->c, &f->config, NULL), on_config);
}

/* ---- the manifest ---- */

static void on_manifest(struct task *t, int r, void *userdata);

static const struct descriptor *cache_config(const struct manifest *m)
{
	vec_foreach (d, &m->manifests)
		if (d->media_type && streq(d->media_type, MEDIA_CACHE_CONFIG))
			return d;
	return NULL;
}

static int choose(struct fetch *f, struct error *err)
{
	if (f->nested)
		return error_set(err, ERR_UNSUPPORTED, "an index that names indexes");
	f->nested = true;
	return index_choose(&f->manifest, &f->want, &f->config, err);
}

static void read_manifest(struct fetch *f, struct error *err)
{
	const struct descriptor *d;

	if (manifest_parse(f->reply.bytes.p, f->reply.bytes.len, f->reply.type, &f->manifest, err) <
	    0)
		return failed(f, err);
	manifest_reply_done(&f->reply);
	if (!manifest_is_index(&f->manifest))
		return get_config(f, &f->manifest.config);
	d = cache_config(&f->manifest);
	if (d)
		return get_config(f, d);
	if (choose(f, err) < 0)
		return failed(f, err);
	manifest_done(&f->manifest);
	run(f, manifest_get(f->c, f->config.digest, &f->config, NULL, NULL, &f->reply),
	    on_manifest);
}

static void on_manifest(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r < 0)
		failed(f, &err);
	else
		read_manifest(f, &err);
}

static void try_endpoint(struct fetch *f)
{
	struct error err = ERROR_INIT;

	if (client_get(f->reg, &f->endpoints.v[f->at], ACCESS_PULL, &f->c, &err) < 0)
		return failed(f, &err);
	if (f->ref.digest) {
		f->config.digest = xstrdup(f->ref.digest);
		return run(f, manifest_get(f->c, f->ref.digest, &f->config, NULL, NULL, &f->reply),
			   on_manifest);
	}
	run(f, manifest_get(f->c, f->ref.tag, NULL, NULL, NULL, &f->reply), on_manifest);
}

struct task *registry_remote(struct registry *reg, const char *ref, const struct platform *want,
			     struct remote *ret)
{
	struct fetch *f = xnew(struct fetch);
	struct error err = ERROR_INIT;
	int r;

	task_init(&f->task, &fetch_ops, reg->loop);
	f->reg = reg;
	f->name = xstrdup(ref);
	f->want = *want;
	f->ret = ret;
	r = image_ref_parse(ref, &f->ref, &err);
	if (r == 0)
		r = hosts_resolve(reg->hosts, &f->ref, false, &f->endpoints, &err);
	if (r < 0)
		task_fail(&f->task, &err);
	else
		try_endpoint(f);
	return &f->task;
}

struct task *remote_layer(const struct remote *r, const struct descriptor *d, const char *diff_id)
{
	const struct layer_spec spec = { .c = r->c, .d = d, .diff_id = diff_id, .ref = r->ref };

	return layer_fetch(&spec);
}
