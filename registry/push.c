/* SPDX-License-Identifier: Apache-2.0 */
/* What is pushed: blobs and manifests as they are here, or ones to be made. How: push-send.c. */
#include "registry/push-private.h"

static void push_free(struct task *t)
{
	struct push *p = container_of(t, struct push, task);

	image_ref_done(&p->ref);
	image_done(&p->im);
	image_config_done(&p->config);
	manifest_done(&p->manifest);
	members_done(&p->members);
	vec_done(&p->parts);
	vec_done(&p->parts_diff_id);
	vec_done(&p->same_as);
	free(p->text);
	free(p->name);
	free(p->to);
	free(p);
}

static void push_cancel(struct task *t)
{
	struct push *p = container_of(t, struct push, task);

	if (p->child)
		task_cancel(p->child);
}

static const struct task_ops push_ops = { "push", push_cancel, push_free };

void push_fail(struct push *p, struct error *err)
{
	error_wrap(err, "push %s", p->to);
	task_fail(&p->task, err);
}

static void add_part(struct push *p, struct descriptor *d, const char *diff_id)
{
	*vec_add(&p->parts) = d;
	*vec_add(&p->parts_diff_id) = diff_id;
}

/* -- a manifest that is there already: the digest stays -- */

/* What may not be pushed need not be here. */
static bool blob_here(struct push *p, const struct descriptor *d)
{
	return descriptor_is_foreign(d) ||
	       store_blob_get(p->reg->store, d->digest, NULL, NULL, NULL) > 0;
}

static bool listed(const struct push *p, const char *digest)
{
	vec_foreach (d, &p->parts)
		if (streq((*d)->digest, digest))
			return true;
	return false;
}

/* 1 when all of it can be sent as it is. */
static int take_known(struct push *p, struct error *err)
{
	bool whole;
	autobuf b;

	buf_init(&b, LIMIT_MANIFEST);
	if (!p->im.manifest_digest || p->opt.compression != LAYER_GZIP)
		return 0;
	if (store_blob_read(p->reg->store, p->im.manifest_digest, &b, NULL) < 0)
		return 0;
	if (manifest_parse(b.p, b.len, p->im.manifest_type, &p->manifest, err) < 0)
		return -(int)err->code;
	whole = !manifest_is_index(&p->manifest) && blob_here(p, &p->manifest.config);
	vec_foreach (d, &p->manifest.layers)
		whole = whole && blob_here(p, d);
	if (!whole) {
		manifest_done(&p->manifest);
		return 0;
	}
	if (!p->manifest.media_type)
		p->manifest.media_type = xstrdup(p->im.manifest_type ? p->im.manifest_type
								     : MEDIA_OCI_MANIFEST);
	p->text = buf_steal(&b);
	vec_foreach (d, &p->manifest.layers)
		if (!listed(p, d->digest) && !descriptor_is_foreign(d))
			add_part(p, d, NULL);
	add_part(p, &p->manifest.config, NULL);
	return 1;
}

static int choose_member(struct push *p, struct descriptor *ret, struct error *err)
{
	struct manifest index = { 0 };
	autobuf b;
	int r;

	buf_init(&b, LIMIT_MANIFEST);
	r = store_blob_read(p->reg->store, p->im.index_digest, &b, err);
	if (r == 0)
		r = manifest_parse(b.p, b.len, NULL, &index, err);
	if (r == 0)
		r = index_choose(&index, p->opt.platform, ret, err);
	manifest_done(&index);
	return r;
}

static int check_platform(const struct push *p, struct error *err)
{
	struct platform have;
	char want[100];

	if (!p->im.platform || platform_parse(p->im.platform, &have, NULL) < 0 ||
	    platform_match(p->opt.platform, &have))
		return 0;
	return error_set(err, ERR_NOT_FOUND, "the image is for %s, not for %s", p->im.platform,
			 platform_text(p->opt.platform, want));
}

/* The image becomes what it has for the platform that is wanted. */
static int take_platform(struct push *p, struct error *err)
{
	struct descriptor d = { 0 };
	char want[100];
	int r;

	if (!p->opt.platform)
		return 0;
	if (!p->im.index_digest)
		return check_platform(p, err);
	r = choose_member(p, &d, err);
	if (r == 0 && !streq0(p->im.manifest_digest, d.digest)) {
		push_set(&p->im.manifest_digest, d.digest);
		push_set(&p->im.manifest_type, d.media_type ? d.media_type : MEDIA_OCI_MANIFEST);
		r = take_known(p, err);
		if (r == 0)
			r = error_set(err, ERR_NOT_FOUND,
				      "what it has for %s is not here: pull it with "
				      "--all-platforms",
				      platform_text(p->opt.platform, want));
	}
	free(TAKE_PTR(p->im.index_digest));
	descriptor_done(&d);
	return r;
}

/* 1 when the index that the image came with is here with all its members. */
static int take_index(struct push *p, struct error *err)
{
	int r;

	if (!p->im.index_digest || p->opt.compression != LAYER_GZIP)
		return 0;
	r = members_read(p->reg->store, p->im.index_digest, &p->members, err);
	if (r <= 0) {
		members_done(&p->members);
		return r;
	}
	vec_foreach (d, &p->members.blobs)
		if (!descriptor_is_foreign(d))
			add_part(p, d, NULL);
	return 1;
}

/* -- one that is made -- */

static size_t first_of(const struct strv *diff_ids, size_t i)
{
	size_t k = 0;

	while (!streq(diff_ids->v[k], diff_ids->v[i]))
		k++;
	return k;
}

static int make_new(struct push *p, struct error *err)
{
	struct descriptor *config = &p->manifest.config;
	int r;

	r = store_image_config(p->reg->store, p->im.id, &p->config, err);
	if (r == 0)
		r = store_blob_get(p->reg->store, p->im.id, NULL, &config->size, err);
	if (r < 0)
		return r;
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "its configuration %s is not in the store",
				 p->im.id);
	p->made = true;
	p->manifest.schema_version = 2;
	p->manifest.media_type = xstrdup(MEDIA_OCI_MANIFEST);
	config->media_type = xstrdup(MEDIA_OCI_CONFIG);
	config->digest = xstrdup(p->im.id);
	for (size_t i = 0; i < p->config.diff_ids.n; i++)
		(void)vec_add(&p->manifest.layers);
	for (size_t i = 0; i < p->config.diff_ids.n; i++) {
		size_t first = first_of(&p->config.diff_ids, i);

		*vec_add(&p->same_as) = first;
		if (first == i)
			add_part(p, &p->manifest.layers.v[i], p->config.diff_ids.v[i]);
	}
	add_part(p, config, NULL);
	return 0;
}

static int find_image(struct push *p, struct error *err)
{
	int r = store_image_find(p->reg->store, p->name, &p->im, err);

	if (r == 0)
		return error_set(err, ERR_NOT_FOUND,
				 "there is no image of this name here: build or pull it first");
	return r < 0 ? r : 0;
}

static int prepare(struct push *p, struct error *err)
{
	endpoint_vec v = { 0 };
	int r;

	r = image_ref_parse(p->to, &p->ref, err);
	if (r == 0 && p->ref.digest)
		r = error_set(err, ERR_INVALID, "a push goes to a tag, not to a digest");
	if (r == 0)
		r = find_image(p, err);
	if (r == 0)
		r = hosts_resolve(p->reg->hosts, &p->ref, true, &v, err);
	if (r == 0)
		r = client_get(p->reg, &v.v[0], ACCESS_PUSH, &p->c, err);
	endpoint_vec_done(&v);
	if (r == 0)
		r = take_platform(p, err);
	if (r == 0)
		r = take_index(p, err);
	if (r == 0)
		r = take_known(p, err);
	return r < 0 ? r : r > 0 ? 0 : make_new(p, err);
}

struct task *registry_push(struct registry *r, const char *name, const char *to,
			   const struct push_options *opt, char ret_digest[DIGEST_MAX])
{
	struct push *p = xnew(struct push);
	struct error err = ERROR_INIT;

	task_init(&p->task, &push_ops, r->loop);
	p->reg = r;
	p->name = xstrdup(name);
	p->to = xstrdup(to);
	p->ret_digest = ret_digest;
	if (opt)
		p->opt = *opt;
	if (prepare(p, &err) < 0)
		push_fail(p, &err);
	else
		push_send(p);
	return &p->task;
}
