/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pull-private.h"

#include "util/time.h"

#define PARALLEL     6
#define PARALLEL_MAX 16

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

/* By the digest of its manifest it is pulled again: the index that it came with once stays. */
static const char *index_of(const struct pull *p)
{
	bool same = streq0(p->have.manifest_digest, p->manifest_digest);

	return p->index_digest ? p->index_digest : same ? p->have.index_digest : NULL;
}

/* Takes im. */
static void finish(struct pull *p, struct image *im)
{
	remember_sources(p);
	pull_tell(p, TRANSFER_DONE, NULL);
	if (p->ret)
		*p->ret = *im;
	else
		image_done(im);
	task_end(&p->task, 0);
}

static void tag(struct pull *p)
{
	struct image im = {
		.ref = xstrdup(p->text),
		.id = xstrdup(p->manifest.config.digest),
		.manifest_digest = xstrdup(p->manifest_digest),
		.manifest_type = xstrdup0(p->manifest.media_type),
		.index_digest = xstrdup0(index_of(p)),
		.platform = platform_of(&p->config, &p->wanted),
		.added = time_now(),
	};
	struct error err = ERROR_INIT;
	struct image now = { 0 };
	int r;

	if (p->config.created)
		(void)time_parse(p->config.created, &im.created, NULL);
	if (p->opt.nameless)
		return finish(p, &im);
	r = store_image_tag(p->reg->store, &im, &err);
	image_done(&im);
	if (r == 0)
		r = store_image_find(p->reg->store, p->text, &now, &err);
	if (r < 0) {
		error_wrap(&err, "pull %s", p->name);
		return task_fail(&p->task, &err);
	}
	finish(p, &now);
}

/* -- the other platforms -- */

static void on_others(struct task *t, int r, void *userdata)
{
	struct pull *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r < 0)
		pull_failed(p, &err);
	else
		tag(p);
}

static void get_others(struct pull *p)
{
	struct members_spec spec = { .c = p->c,
				     .digest = pull_root(p, p->manifest_digest, p->index_digest),
				     .parallel = p->opt.parallel,
				     .ref = p->name,
				     .progress = p->opt.progress,
				     .userdata = p->opt.userdata };

	if (!spec.digest)
		return tag(p);
	pull_run(p, members_fetch(&spec), on_others);
}

/* -- layers -- */

static void on_layers(struct task *t, int r, void *userdata)
{
	struct pull *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r < 0)
		pull_failed(p, &err);
	else
		get_others(p);
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
		return pull_failed(p, &err);
	list_layers(p);
	if (!p->layers.n)
		return get_others(p);
	g = task_group_new(p->task.loop, limit);
	vec_foreach (l, &p->layers)
		task_group_add(g, start_layer, l, NULL);
	pull_run(p, task_group_start(g), on_layers);
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
		pull_failed(p, &err);
	else
		get_layers(p);
}

static bool is_image_config(const char *type)
{
	return !type || !*type || streq(type, MEDIA_OCI_CONFIG) || streq(type, MEDIA_DOCKER_CONFIG);
}

void pull_image(struct pull *p)
{
	const struct descriptor *d = &p->manifest.config;
	struct fetch_events ev = { .retrying = pull_retrying, .userdata = p };
	struct error err = ERROR_INIT;

	if (!is_image_config(d->media_type))
		error_set(&err, ERR_UNSUPPORTED, "it is not a container image but %.200s",
			  d->media_type);
	else if (d->size > LIMIT_CONFIG)
		error_set(&err, ERR_LIMIT, "its configuration is larger than %d bytes",
			  LIMIT_CONFIG);
	if (err.code)
		return pull_failed(p, &err);
	pull_run(p, blob_fetch(p->c, d, &ev), on_config);
}
