/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blob.h"

#include "util/env.h"
#include "util/time.h"

#include <stdio.h>
#include <string.h>

#define PARALLEL     6
#define PARALLEL_MAX 16
#define INDEX_DEPTH  3

struct pull {
	struct task task;
	struct registry *reg;
	struct pull_options opt;
	char *name; /* as asked */
	struct image_ref ref;
	char *text; /* normalised: the store's key */
	struct platform platform;
	bool particular; /* the user named the platform */
	endpoint_vec endpoints;
	size_t at;
	struct client *c;
	struct task *child;
	struct buf tried; /* the mirrors that failed, and why */
	bool had;	  /* an image of this name was here, whole */
	struct image have;
	char head[DIGEST_MAX];
	struct manifest_reply reply;
	struct descriptor wanted; /* of the index's member */
	unsigned depth;
	char *index_digest;
	char manifest_digest[DIGEST_MAX];
	struct manifest manifest;
	struct image_config config;
	VEC(struct layer_spec) layers;
	struct image *ret;
};

static void try_endpoint(struct pull *p);
static void get_manifest(struct pull *p, const char *reference, const struct descriptor *expected);

/* What one try at an endpoint has gathered. */
static void forget(struct pull *p)
{
	manifest_reply_done(&p->reply);
	descriptor_done(&p->wanted);
	free(TAKE_PTR(p->index_digest));
	manifest_done(&p->manifest);
	image_config_done(&p->config);
	vec_done(&p->layers);
	p->depth = 0;
}

static void pull_free(struct task *t)
{
	struct pull *p = container_of(t, struct pull, task);

	forget(p);
	image_ref_done(&p->ref);
	endpoint_vec_done(&p->endpoints);
	buf_done(&p->tried);
	image_done(&p->have);
	free(p->name);
	free(p->text);
	free(p);
}

static void pull_cancel(struct task *t)
{
	struct pull *p = container_of(t, struct pull, task);

	if (p->child)
		task_cancel(p->child);
}

static const struct task_ops pull_ops = { "pull", pull_cancel, pull_free };

static void tell(struct pull *p, enum transfer_phase phase, const char *note)
{
	struct transfer_progress x = { .ref = p->name, .phase = phase, .note = note };

	if (p->opt.progress)
		p->opt.progress(p->opt.userdata, &x);
}

static void on_retrying(void *userdata, const char *why)
{
	tell(userdata, TRANSFER_RETRYING, why);
}

static void run(struct pull *p, struct task *child, task_done_fn done)
{
	p->child = child;
	task_on_done(child, done, p);
}

static bool worth_another(const struct pull *p, const struct error *err)
{
	return p->at + 1 < p->endpoints.n && !p->task.cancelled && err->code != ERR_CANCELLED &&
	       err->code != ERR_NO_SPACE && err->code != ERR_SYS;
}

/* The next place, when there is one. */
static void fail(struct pull *p, const struct error *err)
{
	struct error e = *err;

	if (worth_another(p, err)) {
		buf_addf(&p->tried, "%s%s: %.300s", p->tried.len ? "; " : "",
			 p->endpoints.v[p->at].host, err->msg);
		tell(p, TRANSFER_RETRYING, err->msg);
		p->at++;
		return try_endpoint(p);
	}
	if (p->tried.len) {
		size_t n = strlen(e.msg);

		snprintf(e.msg + n, sizeof(e.msg) - n, " (mirrors were tried first: %s)",
			 p->tried.p);
	}
	error_wrap(&e, "pull %s", p->name);
	task_fail(&p->task, &e);
}

/* -- the end -- */

static char *platform_of(const struct image_config *c, const struct descriptor *member)
{
	const char *variant = c->variant;

	if ((!variant || !*variant) && member->platform)
		variant = member->platform->variant;
	return xprintf("%s/%s%s%s", c->os ? c->os : "linux",
		       c->architecture ? c->architecture : "unknown",
		       variant && *variant ? "/" : "", variant ? variant : "");
}

static void remember_sources(struct pull *p)
{
	const char *host = p->c->origin->host;

	sources_add(p->reg->store, host, p->c->path, p->manifest.config.digest);
	vec_foreach (d, &p->manifest.layers)
		sources_add(p->reg->store, host, p->c->path, d->digest);
}

static void tag(struct pull *p)
{
	struct image im = {
		.ref = xstrdup(p->text),
		.id = xstrdup(p->manifest.config.digest),
		.manifest_digest = xstrdup(p->manifest_digest),
		.manifest_type = xstrdup0(p->manifest.media_type),
		.index_digest = xstrdup0(p->index_digest),
		.platform = platform_of(&p->config, &p->wanted),
		.added = time_now(),
	};
	struct error err = ERROR_INIT;
	struct image now = { 0 };
	int r;

	if (p->config.created)
		(void)time_parse(p->config.created, &im.created, NULL);
	r = store_image_tag(p->reg->store, &im, &err);
	image_done(&im);
	if (r == 0)
		r = store_image_find(p->reg->store, p->text, &now, &err);
	if (r < 0) {
		error_wrap(&err, "pull %s", p->name);
		return task_fail(&p->task, &err);
	}
	remember_sources(p);
	tell(p, TRANSFER_DONE, NULL);
	if (p->ret)
		*p->ret = now;
	else
		image_done(&now);
	task_end(&p->task, 0);
}

static void nothing_new(struct pull *p)
{
	tell(p, TRANSFER_EXISTS, NULL);
	if (p->ret) {
		*p->ret = p->have;
		p->have = (struct image){ 0 };
	}
	task_end(&p->task, 1);
}

/* -- layers -- */

static void on_layers(struct task *t, int r, void *userdata)
{
	struct pull *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r < 0)
		fail(p, &err);
	else
		tag(p);
}

static struct task *start_layer(void *userdata)
{
	return layer_fetch(userdata);
}

static void layer_is_here(struct pull *p, const struct descriptor *d)
{
	struct transfer_progress x = { .ref = p->name,
				       .digest = d->digest,
				       .phase = TRANSFER_EXISTS,
				       .done = d->size,
				       .total = d->size };

	if (p->opt.progress)
		p->opt.progress(p->opt.userdata, &x);
}

static bool listed(const struct pull *p, const char *diff_id, const char *digest)
{
	vec_foreach (l, &p->layers)
		if (streq(l->diff_id, diff_id) || streq(l->d->digest, digest))
			return true;
	return false;
}

static void list_layers(struct pull *p)
{
	for (size_t i = 0; i < p->manifest.layers.n; i++) {
		const struct descriptor *d = &p->manifest.layers.v[i];
		const char *diff_id = p->config.diff_ids.v[i];

		if (listed(p, diff_id, d->digest))
			continue;
		if (store_layer_has(p->reg->store, diff_id)) {
			layer_is_here(p, d);
			continue;
		}
		*vec_add(&p->layers) = (struct layer_spec){ .c = p->c,
							    .d = d,
							    .diff_id = diff_id,
							    .ref = p->name,
							    .progress = p->opt.progress,
							    .userdata = p->opt.userdata };
	}
}

/* An image that is no index's member is for one platform, whatever was asked for. */
static int check_platform(const struct pull *p, struct error *err)
{
	autofree char *text = platform_of(&p->config, &p->wanted);
	struct platform have;
	char want[100];

	if (!p->particular || platform_parse(text, &have, NULL) < 0 ||
	    platform_match(&p->platform, &have))
		return 0;
	return error_set(err, ERR_NOT_FOUND, "the image is for %s, not for %s", text,
			 platform_text(&p->platform, want));
}

static int check_config(const struct pull *p, struct error *err)
{
	if (p->config.diff_ids.n != p->manifest.layers.n)
		return error_set(err, ERR_CORRUPT, "the image has %zu layers and %zu diff ids",
				 p->manifest.layers.n, p->config.diff_ids.n);
	return check_platform(p, err);
}

static void get_layers(struct pull *p)
{
	unsigned limit = p->opt.parallel ? MIN(p->opt.parallel, (unsigned)PARALLEL_MAX) : PARALLEL;
	struct task_group *g;
	struct error err;

	if (check_config(p, &err) < 0)
		return fail(p, &err);
	list_layers(p);
	if (!p->layers.n)
		return tag(p);
	g = task_group_new(p->task.loop, limit);
	vec_foreach (l, &p->layers)
		task_group_add(g, start_layer, l, NULL);
	run(p, task_group_start(g), on_layers);
}

/* -- the config -- */

static int read_config(struct pull *p, struct error *err)
{
	autobuf b;
	int r;

	buf_init(&b, LIMIT_CONFIG);
	r = store_blob_read(p->reg->store, p->manifest.config.digest, &b, err);
	if (r < 0)
		return r;
	return image_config_parse(b.p, b.len, &p->config, err);
}

static void on_config(struct task *t, int r, void *userdata)
{
	struct pull *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r >= 0)
		r = read_config(p, &err);
	if (r < 0)
		fail(p, &err);
	else
		get_layers(p);
}

static bool is_image_config(const char *type)
{
	return !type || !*type || streq(type, MEDIA_OCI_CONFIG) || streq(type, MEDIA_DOCKER_CONFIG);
}

static void get_config(struct pull *p)
{
	const struct descriptor *d = &p->manifest.config;
	struct fetch_events ev = { .retrying = on_retrying, .userdata = p };
	struct error err = ERROR_INIT;

	if (!is_image_config(d->media_type))
		error_set(&err, ERR_UNSUPPORTED, "it is not a container image but %.200s",
			  d->media_type);
	else if (d->size > LIMIT_CONFIG)
		error_set(&err, ERR_LIMIT, "its configuration is larger than %d bytes",
			  LIMIT_CONFIG);
	if (err.code)
		return fail(p, &err);
	run(p, blob_fetch(p->c, d, &ev), on_config);
}

/* -- manifests -- */

static int enter_index(struct pull *p, struct error *err)
{
	int r;

	if (++p->depth > INDEX_DEPTH)
		return error_set(err, ERR_LIMIT, "indexes that name indexes, more than %d deep",
				 INDEX_DEPTH);
	descriptor_done(&p->wanted);
	r = index_choose(&p->manifest, &p->platform, &p->wanted, err);
	if (r < 0)
		return r;
	if (!p->index_digest)
		p->index_digest = xstrdup(p->reply.digest);
	manifest_done(&p->manifest);
	return 1;
}

/* 1: on to the member of an index that was chosen. */
static int take_manifest(struct pull *p, struct error *err)
{
	int r;

	r = manifest_parse(p->reply.bytes.p, p->reply.bytes.len, p->reply.type, &p->manifest, err);
	if (r < 0)
		return r;
	if (manifest_is_index(&p->manifest))
		return enter_index(p, err);
	snprintf(p->manifest_digest, sizeof(p->manifest_digest), "%s", p->reply.digest);
	if (!p->manifest.media_type && p->reply.type)
		p->manifest.media_type = xstrdup(p->reply.type);
	return 0;
}

static bool same_as_before(const struct pull *p, const char *digest)
{
	return p->had &&
	       (streq0(p->have.manifest_digest, digest) || streq0(p->have.index_digest, digest));
}

static void on_manifest(struct task *t, int r, void *userdata)
{
	struct pull *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r >= 0 && !p->depth && same_as_before(p, p->reply.digest))
		return nothing_new(p);
	if (r >= 0)
		r = take_manifest(p, &err);
	if (r < 0)
		return fail(p, &err);
	if (r == 0)
		return get_config(p);
	manifest_reply_done(&p->reply);
	get_manifest(p, p->wanted.digest, &p->wanted);
}

static void get_manifest(struct pull *p, const char *reference, const struct descriptor *expected)
{
	run(p, manifest_get(p->c, reference, expected, on_retrying, p, &p->reply), on_manifest);
}

static void get_first(struct pull *p)
{
	if (!p->ref.digest)
		return get_manifest(p, p->ref.tag, NULL);
	p->wanted.digest = xstrdup(p->ref.digest);
	get_manifest(p, p->ref.digest, &p->wanted);
}

/* An image of this name is here: is it still what the registry has? One small request that no rate
 * limit counts. */
static void on_head(struct task *t, int r, void *userdata)
{
	struct pull *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r < 0)
		return fail(p, &err);
	if (r == 0 && same_as_before(p, p->head))
		return nothing_new(p);
	get_first(p);
}

static void try_endpoint(struct pull *p)
{
	struct error err = ERROR_INIT;

	forget(p);
	tell(p, TRANSFER_RESOLVING, NULL);
	if (client_get(p->reg, &p->endpoints.v[p->at], ACCESS_PULL, &p->c, &err) < 0)
		return fail(p, &err);
	if (p->had && !p->ref.digest)
		return run(p, manifest_head(p->c, p->ref.tag, on_retrying, p, p->head), on_head);
	get_first(p);
}

/* -- the beginning -- */

/* Whole: config and layers are there, and of the platform that is wanted. */
static bool is_whole(struct pull *p, const struct image *im)
{
	struct image_config c = { 0 };
	struct platform have;
	bool whole = true;

	if (!im->manifest_digest || !im->platform ||
	    platform_parse(im->platform, &have, NULL) < 0 || !platform_match(&p->platform, &have))
		return false;
	if (store_image_config(p->reg->store, im->id, &c, NULL) < 0)
		return false;
	strv_foreach (diff_id, &c.diff_ids)
		whole = whole && store_layer_has(p->reg->store, diff_id);
	image_config_done(&c);
	return whole;
}

static int look_here(struct pull *p, struct error *err)
{
	int r = store_image_find(p->reg->store, p->text, &p->have, err);

	if (r > 0)
		p->had = is_whole(p, &p->have);
	return r < 0 ? r : 0;
}

static int choose_platform(struct pull *p, struct error *err)
{
	const char *s = env_get("DOCKER_DEFAULT_PLATFORM");

	p->particular = p->opt.platform || s;
	if (p->opt.platform)
		p->platform = *p->opt.platform;
	else if (s)
		return platform_parse(s, &p->platform, err);
	else
		platform_native(&p->platform);
	p->opt.platform = NULL;
	return 0;
}

static int prepare(struct pull *p, struct error *err)
{
	int r;

	r = image_ref_parse(p->name, &p->ref, err);
	if (r == 0)
		p->text = image_ref_text(&p->ref);
	if (r == 0)
		r = choose_platform(p, err);
	if (r == 0)
		r = hosts_resolve(p->reg->hosts, &p->ref, false, &p->endpoints, err);
	if (r == 0)
		r = look_here(p, err);
	return r;
}

struct task *registry_pull(struct registry *r, const char *ref, const struct pull_options *opt,
			   struct image *ret)
{
	struct pull *p = xnew(struct pull);
	struct error err = ERROR_INIT;

	task_init(&p->task, &pull_ops, r->loop);
	p->reg = r;
	p->name = xstrdup(ref);
	p->ret = ret;
	if (opt)
		p->opt = *opt;
	buf_init(&p->tried, 1500);
	if (prepare(p, &err) < 0) {
		error_wrap(&err, "pull %s", p->name);
		task_fail(&p->task, &err);
	} else if (p->ref.digest && same_as_before(p, p->ref.digest)) {
		nothing_new(p);
	} else {
		try_endpoint(p);
	}
	return &p->task;
}
