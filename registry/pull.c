/* SPDX-License-Identifier: Apache-2.0 */
/* Where an image comes from, and its manifest. What it is made of: pull-image.c. */
#include "registry/pull-private.h"

#include "util/env.h"

#include <stdio.h>
#include <string.h>

#define INDEX_DEPTH 3

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

const char *pull_root(const struct pull *p, const char *manifest, const char *index)
{
	if (p->opt.all_platforms && index)
		return index;
	return p->opt.blobs ? manifest : NULL;
}

void pull_tell(struct pull *p, enum transfer_phase phase, const char *note)
{
	struct transfer_progress x = { .ref = p->name, .phase = phase, .note = note };

	if (p->opt.progress)
		p->opt.progress(p->opt.userdata, &x);
}

void pull_retrying(void *userdata, const char *why)
{
	pull_tell(userdata, TRANSFER_RETRYING, why);
}

void pull_run(struct pull *p, struct task *child, task_done_fn done)
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
void pull_failed(struct pull *p, const struct error *err)
{
	struct error e = *err;

	if (worth_another(p, err)) {
		buf_addf(&p->tried, "%s%s: %.300s", p->tried.len ? "; " : "",
			 p->endpoints.v[p->at].host, err->msg);
		pull_tell(p, TRANSFER_RETRYING, err->msg);
		p->at++;
		return try_endpoint(p);
	}
	if (p->tried.len) {
		size_t n = strlen(e.msg);

		snprintf(e.msg + n, sizeof(e.msg) - n, " (tried before: %s)",
			 p->tried.p);
	}
	error_wrap(&e, "pull %s", p->name);
	task_fail(&p->task, &e);
}

static void nothing_new(struct pull *p)
{
	pull_tell(p, TRANSFER_EXISTS, NULL);
	if (p->ret) {
		*p->ret = p->have;
		p->have = (struct image){ 0 };
	}
	task_end(&p->task, 1);
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

static bool is_image(const char *type)
{
	static const char *const types[] = { MEDIA_OCI_MANIFEST, MEDIA_OCI_INDEX,
					     MEDIA_DOCKER_MANIFEST, MEDIA_DOCKER_LIST };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i], type))
			return true;
	return false;
}

/* 1: on to the member of an index that was chosen. */
static int take_manifest(struct pull *p, struct error *err)
{
	int r;

	r = manifest_parse(p->reply.bytes.p, p->reply.bytes.len, p->reply.type, &p->manifest, err);
	if (r < 0)
		return r;
	if (!is_image(p->manifest.media_type))
		return error_set(err, ERR_UNSUPPORTED, "it is not a container image but %.200s",
				 p->manifest.media_type);
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
		return pull_failed(p, &err);
	if (r == 0)
		return pull_image(p);
	manifest_reply_done(&p->reply);
	get_manifest(p, p->wanted.digest, &p->wanted);
}

static void get_manifest(struct pull *p, const char *reference, const struct descriptor *expected)
{
	pull_run(p, manifest_get(p->c, reference, expected, pull_retrying, p, &p->reply),
		 on_manifest);
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
		return pull_failed(p, &err);
	if (r == 0 && same_as_before(p, p->head))
		return nothing_new(p);
	get_first(p);
}

static void try_endpoint(struct pull *p)
{
	struct error err = ERROR_INIT;

	forget(p);
	pull_tell(p, TRANSFER_RESOLVING, NULL);
	if (client_get(p->reg, &p->endpoints.v[p->at], ACCESS_PULL, &p->c, &err) < 0)
		return pull_failed(p, &err);
	if (p->had && !p->ref.digest)
		return pull_run(p, manifest_head(p->c, p->ref.tag, pull_retrying, p, p->head),
				on_head);
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

static bool has_others(struct pull *p, const struct image *im)
{
	const char *root = pull_root(p, im->manifest_digest, im->index_digest);
	struct members m = { 0 };
	bool all = !root || members_read(p->reg->store, root, &m, NULL) == 1;

	members_done(&m);
	return all;
}

static int look_here(struct pull *p, struct error *err)
{
	int r = store_image_find(p->reg->store, p->text, &p->have, err);

	if (r > 0)
		p->had = is_whole(p, &p->have) && has_others(p, &p->have);
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
		p->text = p->opt.as ? xstrdup(p->opt.as) : image_ref_text(&p->ref);
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
