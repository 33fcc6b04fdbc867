/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index with all that it names: platforms, attestations, indexes in it. Of no platform but the
 * one that is pulled anything is unpacked: these are bytes that pass through.
 */
#include "registry/blob.h"

#define LIMIT_DEPTH	4
#define LIMIT_MANIFESTS 4096
#define PARALLEL	6

void members_done(struct members *m)
{
	vec_foreach (d, &m->manifests)
		descriptor_done(d);
	vec_done(&m->manifests);
	vec_foreach (d, &m->blobs)
		descriptor_done(d);
	vec_done(&m->blobs);
	vec_foreach (d, &m->missing)
		descriptor_done(d);
	vec_done(&m->missing);
}

struct reading {
	struct store *s;
	struct members *to;
	bool whole;
};

static bool here(struct store *s, const char *digest)
{
	return store_blob_get(s, digest, NULL, NULL, NULL) == 1;
}

static bool has(const struct descriptor *v, size_t n, const char *digest)
{
	for (size_t i = 0; i < n; i++)
		if (streq(v[i].digest, digest))
			return true;
	return false;
}

static void add_blob(struct reading *x, const struct descriptor *d)
{
	bool there = here(x->s, d->digest);

	if (has(x->to->blobs.v, x->to->blobs.n, d->digest) || (!there && descriptor_is_foreign(d)))
		return;
	x->whole &= there;
	descriptor_copy(vec_add(&x->to->blobs), d);
}

static int read_one(struct reading *x, const struct descriptor *d, unsigned depth,
		    struct error *err);

static int read_members(struct reading *x, const struct manifest *m, unsigned depth,
			struct error *err)
{
	int r = 0;

	if (depth >= LIMIT_DEPTH)
		return error_set(err, ERR_LIMIT, "indexes that name indexes, more than %d deep",
				 LIMIT_DEPTH);
	vec_foreach (d, &m->manifests)
		if (r == 0)
			r = read_one(x, d, depth + 1, err);
	return r;
}

static int read_document(struct reading *x, const struct descriptor *d, unsigned depth,
			 struct error *err)
{
	struct manifest m = { 0 };
	autobuf b;
	int r;

	buf_init(&b, LIMIT_MANIFEST);
	r = store_blob_read(x->s, d->digest, &b, err);
	if (r == 0)
		r = manifest_parse(b.p, b.len, d->media_type, &m, err);
	if (r < 0)
		return r;
	if (manifest_is_index(&m)) {
		r = read_members(x, &m, depth, err);
	} else {
		vec_foreach (l, &m.layers)
			add_blob(x, l);
		add_blob(x, &m.config);
	}
	if (r == 0) {
		struct descriptor *to = vec_add(&x->to->manifests);

		descriptor_copy(to, d);
		free(to->media_type);
		to->media_type = xstrdup0(m.media_type ? m.media_type : d->media_type);
	}
	manifest_done(&m);
	return r;
}

static int read_one(struct reading *x, const struct descriptor *d, unsigned depth,
		    struct error *err)
{
	if (has(x->to->manifests.v, x->to->manifests.n, d->digest) ||
	    has(x->to->missing.v, x->to->missing.n, d->digest))
		return 0;
	if (x->to->manifests.n + x->to->missing.n >= LIMIT_MANIFESTS)
		return error_set(err, ERR_LIMIT, "an index of more than %d manifests",
				 LIMIT_MANIFESTS);
	if (here(x->s, d->digest))
		return read_document(x, d, depth, err);
	x->whole = false;
	descriptor_copy(vec_add(&x->to->missing), d);
	return 0;
}

static int read_all(struct reading *x, const char *digest, struct error *err)
{
	struct descriptor root = { .digest = (char *)(uintptr_t)digest };

	x->whole = true;
	return read_one(x, &root, 0, err);
}

int members_read(struct store *s, const char *digest, struct members *ret, struct error *err)
{
	struct reading x = { .s = s, .to = ret };
	int r = read_all(&x, digest, err);

	return r < 0 ? r : x.whole;
}

/* -- fetching: manifests first, level by level, then the blobs of all -- */

struct fetching {
	struct task task;
	struct members_spec spec;
	struct reading x;
	struct members found;
	size_t at; /* of the manifests that were missing */
	struct manifest_reply reply;
	struct task *child;
};

static void fetching_free(struct task *t)
{
	struct fetching *f = container_of(t, struct fetching, task);

	members_done(&f->found);
	manifest_reply_done(&f->reply);
	free(f);
}

static void fetching_cancel(struct task *t)
{
	struct fetching *f = container_of(t, struct fetching, task);

	if (f->child)
		task_cancel(f->child);
}

static const struct task_ops fetching_ops = { "all platforms", fetching_cancel, fetching_free };

static void tell(struct fetching *f, const struct descriptor *d, enum transfer_phase phase)
{
	struct transfer_progress p = { .ref = f->spec.ref,
				       .digest = d->digest,
				       .phase = phase,
				       .done = d->size,
				       .total = d->size };

	if (f->spec.progress)
		f->spec.progress(f->spec.userdata, &p);
}

static void on_blobs(struct task *t, int r, void *userdata)
{
	struct fetching *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r >= 0)
		vec_foreach (d, &f->found.blobs)
			tell(f, d, TRANSFER_DONE);
	task_end_with(&f->task, MIN(r, 0), &err);
}

struct blob_args {
	struct client *c;
	const struct descriptor *d;
};

static struct task *start_blob(void *userdata)
{
	struct blob_args *a = userdata;

	return blob_fetch(a->c, a->d, NULL);
}

static void get_blobs(struct fetching *f)
{
	struct task_group *g = task_group_new(f->task.loop,
					      f->spec.parallel ? f->spec.parallel : PARALLEL);

	vec_foreach (d, &f->found.blobs) {
		struct blob_args *a = xnew(struct blob_args);

		*a = (struct blob_args){ f->spec.c, d };
		tell(f, d, TRANSFER_WAITING);
		task_group_add(g, start_blob, a, free);
	}
	f->child = task_group_start(g);
	task_on_done(f->child, on_blobs, f);
}

static void next_manifest(struct fetching *f);

static void on_manifest(struct task *t, int r, void *userdata)
{
	struct fetching *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	manifest_reply_done(&f->reply);
	if (r < 0)
		return task_fail(&f->task, &err);
	f->at++;
	next_manifest(f);
}

static void begin_level(struct fetching *f)
{
	struct store *s = f->spec.c->reg->store;
	struct error err = ERROR_INIT;

	members_done(&f->found);
	f->at = 0;
	f->x = (struct reading){ .s = s, .to = &f->found };
	if (read_all(&f->x, f->spec.digest, &err) < 0)
		return task_fail(&f->task, &err);
	if (f->found.missing.n)
		next_manifest(f);
	else
		get_blobs(f);
}

static void next_manifest(struct fetching *f)
{
	const struct descriptor *d;

	if (f->at == f->found.missing.n)
		return begin_level(f);
	d = &f->found.missing.v[f->at];
	f->child = manifest_get(f->spec.c, d->digest, d, NULL, NULL, &f->reply);
	task_on_done(f->child, on_manifest, f);
}

struct task *members_fetch(const struct members_spec *spec)
{
	struct fetching *f = xnew(struct fetching);

	task_init(&f->task, &fetching_ops, spec->c->reg->loop);
	f->spec = *spec;
	begin_level(f);
	return &f->task;
}
