/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs side by side, made where there are none yet; then the manifests. */
#include "registry/push-private.h"

#include <stdio.h>

#define PARALLEL     5
#define PARALLEL_MAX 16

struct part { /* a layer, or the config: its blob is made when there is none, then sent */
	struct task task;
	struct push *push;
	const char *diff_id; /* NULL when d is known already */
	struct descriptor *d;
	struct task *child;
};

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

	if (!p->made || p->opt.platform)
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
	push_set(&p->manifest.media_type, MEDIA_DOCKER_MANIFEST);
	push_set(&p->manifest.config.media_type, MEDIA_DOCKER_CONFIG);
	vec_foreach (d, &p->manifest.layers)
		push_set(&d->media_type, MEDIA_DOCKER_LAYER);
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
		return push_fail(p, &err);
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
		return push_fail(p, &err);
	free(p->text);
	p->text = buf_steal(&b);
	push_set(&p->manifest.media_type, d->media_type ? d->media_type : MEDIA_OCI_MANIFEST);
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
		return push_fail(p, &err);
	for (size_t i = 0; i < p->same_as.n; i++)
		if (p->same_as.v[i] != i)
			descriptor_copy(&p->manifest.layers.v[i],
					&p->manifest.layers.v[p->same_as.v[i]]);
	if (p->members.manifests.n)
		put_member(p);
	else
		put_manifest(p);
}

void push_send(struct push *p)
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
