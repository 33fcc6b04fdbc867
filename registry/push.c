/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blob.h"

#include <stdio.h>

#define PARALLEL     5
#define PARALLEL_MAX 16

struct push;
struct part { /* a layer, or the config: its blob is made when there is none, then sent */
	struct task task;
	struct push *push;
	const char *diff_id; /* NULL when d is known already */
	struct descriptor *d;
	struct task *child;
};

struct push {
	struct task task;
	struct registry *reg;
	struct push_options opt;
	char *name, *to;
	struct image_ref ref;
	struct image im;
	struct client *c;
	struct task *child;
	struct image_config config;
	struct manifest manifest;
	VEC(struct descriptor *) parts;	 /* to be sent */
	VEC(const char *) parts_diff_id; /* beside them */
	VEC(size_t) same_as;		 /* for each layer: the first one that is the same */
	char *text;			 /* the manifest's bytes */
	bool made;			 /* here, not pulled */
	bool older;			 /* in Docker's form, for a registry that knows no other */
	struct members members;		 /* of an index that goes as a whole */
	size_t member;			 /* its manifest that is sent now */
	char *ret_digest;
	char digest[DIGEST_MAX];
	long status; /* of the last manifest that was sent */
};

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

static void fail(struct push *p, struct error *err)
{
	error_wrap(err, "push %s", p->to);
	task_fail(&p->task, err);
}

static void tell(struct push *p, enum transfer_phase phase, const char *note)
{
	struct transfer_progress x = { .ref = p->to, .phase = phase, .note = note };

	if (p->opt.progress)
		p->opt.progress(p->opt.userdata, &x);
}

/* -- the manifest, last -- */

/* What was made for this push is the image's from now on: the next push is the same. */
static int remember(struct push *p, struct error *err)
{
	char digest[DIGEST_MAX];
	int r;

	if (!p->made)
		return 0;
	r = store_blob_put(p->reg->store, p->text, strlen(p->text), digest, err);
	if (r < 0)
		return r;
	free(p->im.manifest_digest);
	free(p->im.manifest_type);
	free(TAKE_PTR(p->im.index_digest));
	p->im.manifest_digest = xstrdup(digest);
	p->im.manifest_type = xstrdup(p->manifest.media_type);
	return store_image_tag(p->reg->store, &p->im, err);
}

static void put_manifest(struct push *p);
static void put_member(struct push *p);

static void set_type(char **type, const char *to)
{
	free(*type);
	*type = xstrdup(to);
}

static bool has_older(const struct manifest *m)
{
	vec_foreach (d, &m->layers)
		if (!streq0(d->media_type, MEDIA_OCI_LAYER "+gzip"))
			return false;
	return streq0(m->media_type, MEDIA_OCI_MANIFEST) &&
	       streq0(m->config.media_type, MEDIA_OCI_CONFIG) && !m->subject;
}

/* A registry from before OCI refuses its media types: the same image in Docker's, which say the
 * same. */
static bool make_older(struct push *p)
{
	bool refused = p->status == 400 || p->status == 415;

	if (!refused || p->older || p->members.manifests.n || !has_older(&p->manifest))
		return false;
	p->older = true;
	set_type(&p->manifest.media_type, MEDIA_DOCKER_MANIFEST);
	set_type(&p->manifest.config.media_type, MEDIA_DOCKER_CONFIG);
	vec_foreach (d, &p->manifest.layers)
		set_type(&d->media_type, MEDIA_DOCKER_LAYER);
	free(TAKE_PTR(p->text));
	return true;
}

static void on_put(struct task *t, int r, void *userdata)
{
	struct push *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r < 0 && make_older(p))
		return put_manifest(p);
	if (r >= 0)
		r = remember(p, &err);
	if (r < 0)
		return fail(p, &err);
	if (++p->member < p->members.manifests.n)
		return put_member(p);
	if (p->ret_digest)
		snprintf(p->ret_digest, DIGEST_MAX, "%s", p->digest);
	tell(p, TRANSFER_DONE, NULL);
	task_end(&p->task, 0);
}

static void on_retrying(void *userdata, const char *why)
{
	tell(userdata, TRANSFER_RETRYING, why);
}

static void put_manifest(struct push *p)
{
	bool member = p->member + 1 < p->members.manifests.n;
	struct manifest_put_spec spec = {
		.c = p->c,
		.reference = member ? p->members.manifests.v[p->member].digest : p->ref.tag,
		.type = p->manifest.media_type,
		.ret_status = &p->status,
		.retrying = on_retrying,
		.userdata = p,
	};

	if (!p->text)
		p->text = manifest_text(&p->manifest);
	spec.text = p->text;
	hash_digest(p->text, strlen(p->text), p->digest);
	p->child = manifest_put(&spec);
	task_on_done(p->child, on_put, p);
}

/* The next manifest of an index, its own last: as it is, and under its digest. */
static void put_member(struct push *p)
{
	const struct descriptor *d = &p->members.manifests.v[p->member];
	struct error err = ERROR_INIT;
	autobuf b;

	buf_init(&b, LIMIT_MANIFEST);
	if (store_blob_read(p->reg->store, d->digest, &b, &err) < 0)
		return fail(p, &err);
	free(p->text);
	p->text = buf_steal(&b);
	set_type(&p->manifest.media_type, d->media_type ? d->media_type : MEDIA_OCI_MANIFEST);
	put_manifest(p);
}

/* -- one part -- */

static void part_free(struct task *t)
{
	free(container_of(t, struct part, task));
}

static void part_cancel(struct task *t)
{
	struct part *x = container_of(t, struct part, task);

	if (x->child)
		task_cancel(x->child);
}

static const struct task_ops part_ops = { "push of a blob", part_cancel, part_free };

static void on_sent(struct task *t, int r, void *userdata)
{
	struct part *x = userdata;
	struct error err = t->err;

	x->child = task_unref(x->child);
	task_end_with(&x->task, r, &err);
}

static void send_part(struct part *x)
{
	struct push *p = x->push;
	struct upload_spec spec = { .c = p->c,
				    .d = x->d,
				    .ref = p->to,
				    .progress = p->opt.progress,
				    .userdata = p->opt.userdata };

	x->child = blob_upload(&spec);
	task_on_done(x->child, on_sent, x);
}

static void on_made(struct task *t, int r, void *userdata)
{
	struct part *x = userdata;
	struct error err = t->err;

	x->child = task_unref(x->child);
	if (r < 0)
		task_fail(&x->task, &err);
	else
		send_part(x);
}

struct part_args {
	struct push *push;
	struct descriptor *d;
	const char *diff_id;
};

static struct task *start_part(void *userdata)
{
	struct part_args *args = userdata;
	struct push *p = args->push;
	struct part *x = xnew(struct part);

	task_init(&x->task, &part_ops, p->task.loop);
	x->push = p;
	x->d = args->d;
	x->diff_id = args->diff_id;
	if (!x->diff_id) {
		send_part(x);
		return &x->task;
	}
	x->child = store_layer_blob(p->reg->store, p->task.loop, x->diff_id, p->opt.compression,
				    x->d);
	task_on_done(x->child, on_made, x);
	return &x->task;
}

static void on_parts(struct task *t, int r, void *userdata)
{
	struct push *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r < 0)
		return fail(p, &err);
	for (size_t i = 0; i < p->same_as.n; i++)
		if (p->same_as.v[i] != i)
			descriptor_copy(&p->manifest.layers.v[i],
					&p->manifest.layers.v[p->same_as.v[i]]);
	if (p->members.manifests.n)
		put_member(p);
	else
		put_manifest(p);
}

static void send_parts(struct push *p)
{
	unsigned limit = p->opt.parallel ? MIN(p->opt.parallel, (unsigned)PARALLEL_MAX) : PARALLEL;
	struct task_group *g = task_group_new(p->task.loop, limit);

	for (size_t i = 0; i < p->parts.n; i++) {
		struct part_args *args = xnew(struct part_args);

		*args = (struct part_args){ p, p->parts.v[i], p->parts_diff_id.v[i] };
		task_group_add(g, start_part, args, free);
	}
	p->child = task_group_start(g);
	task_on_done(p->child, on_parts, p);
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
		fail(p, &err);
	else
		send_parts(p);
	return &p->task;
}
