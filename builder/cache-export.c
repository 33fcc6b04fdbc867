/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache-export.h"

#include "builder/cache-layout.h"
#include "builder/cache-spec.h"
#include "registry/artifact.h"
#include "registry/remote.h"
#include "util/base64.h"

#include <stdlib.h>
#include <string.h>

#define PACK_AT_ONCE 4

struct cache_out {
	struct task task;
	struct build_set *set;
	size_t at; /* of cache_to */
	struct cache_spec spec;
	cache_record_vec records; /* blobs filled in as they are made */
	struct manifest manifest;
	struct registry *reg;
	struct task *child;
	char digest[DIGEST_MAX];
};

static void forget(struct cache_out *x)
{
	cache_spec_done(&x->spec);
	cache_records_done(&x->records);
	manifest_done(&x->manifest);
}

static void out_free(struct task *t)
{
	struct cache_out *x = container_of(t, struct cache_out, task);

	task_unref(x->child);
	forget(x);
	free(x);
}

static void out_cancel(struct task *t)
{
	struct cache_out *x = container_of(t, struct cache_out, task);

	if (x->child)
		task_cancel(x->child);
}

static const struct task_ops out_ops = { "write the build cache", out_cancel, out_free };

static void next_entry(struct cache_out *x);

static void entry_done(struct cache_out *x, int r, struct error *err)
{
	if (r < 0)
		error_wrap(err, "cache_to: %s", x->set->opt->cache_to.v[x->at]);
	if (r < 0 && (!x->spec.ignore_error || x->task.cancelled))
		return task_fail(&x->task, err);
	if (r < 0)
		set_note(x->set, "%s", err->msg);
	x->at++;
	next_entry(x);
}

/* ---- which steps ---- */

static void add_steps(const struct stage_run *run, cache_record_vec *to)
{
	vec_foreach (r, &run->made) {
		struct cache_record *copy = vec_add(to);

		*copy = *r;
		copy->blob = (struct descriptor){ 0 };
	}
}

static void add_build(struct build *b, bool max, cache_record_vec *to)
{
	if (max) {
		vec_foreach (run, &b->runs)
			if (*run)
				add_steps(*run, to);
		return;
	}
	for (struct stage *s = b->target; s; s = s->parent)
		add_steps(build_run_of(b, s), to);
}

char *cache_inline(struct build *b)
{
	autofree char *text = NULL;
	cache_record_vec records = { 0 };
	bool wanted = false;

	strv_foreach (entry, &b->opt->cache_to) {
		struct cache_spec s = { 0 };

		wanted |= cache_spec_parse(entry, true, &s, NULL) == 0 && s.kind == CACHE_INLINE;
		cache_spec_done(&s);
	}
	if (!wanted)
		return NULL;
	add_build(b, false, &records);
	text = cache_config_text(&records, &build_run_of(b, b->target)->cfg.diff_ids);
	cache_records_done(&records);
	return base64_encode(text, strlen(text));
}

/* ---- writing one ---- */

static bool listed(const struct manifest *m, const char *digest)
{
	vec_foreach (d, &m->layers)
		if (streq(d->digest, digest))
			return true;
	return false;
}

static int make_manifest(struct cache_out *x, struct error *err)
{
	autofree char *text = cache_config_text(&x->records, NULL);
	struct manifest *m = &x->manifest;
	char digest[DIGEST_MAX];
	int r = store_blob_put(x->set->store, text, strlen(text), digest, err);

	if (r < 0)
		return r;
	m->schema_version = 2;
	m->media_type = xstrdup(MEDIA_OCI_MANIFEST);
	m->config = (struct descriptor){ .media_type = xstrdup(MEDIA_CACHE_CONFIG),
					 .digest = xstrdup(digest),
					 .size = strlen(text) };
	vec_foreach (rec, &x->records)
		if (rec->blob.digest && !listed(m, rec->blob.digest))
			descriptor_copy(vec_add(&m->layers), &rec->blob);
	return 0;
}

static void on_pushed(struct task *t, int r, void *userdata)
{
	struct cache_out *x = userdata;
	struct error err = t->err;

	x->child = task_unref(x->child);
	entry_done(x, r, &err);
}

static void write_entry(struct cache_out *x)
{
	struct error err = ERROR_INIT;
	int r = make_manifest(x, &err);

	if (r == 0 && !x->manifest.layers.n) {
		set_note(x->set, "cache_to: %s: no step has made a layer, nothing is written",
			 x->set->opt->cache_to.v[x->at]);
		return entry_done(x, 0, NULL);
	}
	if (r == 0 && x->spec.kind == CACHE_LOCAL) {
		r = cache_layout_write(&x->spec, x->set->store, &x->manifest, &err);
		return entry_done(x, r, &err);
	}
	if (r == 0)
		r = set_registry(x->set, &x->reg, &err);
	if (r < 0)
		return entry_done(x, r, &err);
	x->child = registry_artifact_push(x->reg, x->spec.ref, &x->manifest, NULL, x->digest);
	task_on_done(x->child, on_pushed, x);
}

/* ---- its blobs ---- */

static void on_packed(struct task *t, int r, void *userdata)
{
	struct cache_out *x = userdata;
	struct error err = t->err;

	x->child = task_unref(x->child);
	if (r < 0)
		return entry_done(x, r, &err);
	vec_foreach (rec, &x->records)
		vec_foreach (other, &x->records)
			if (!rec->blob.digest && other->blob.digest &&
			    streq(rec->diff_id, other->diff_id))
				descriptor_copy(&rec->blob, &other->blob);
	write_entry(x);
}

struct pack_args {
	struct cache_out *x;
	struct cache_record *record;
};

static struct task *start_pack(void *userdata)
{
	struct pack_args *a = userdata;

	return store_layer_blob(a->x->set->store, a->x->task.loop, a->record->diff_id,
				a->x->spec.compression, &a->record->blob);
}

static void pack(struct cache_out *x)
{
	struct task_group *g = task_group_new(x->task.loop, PACK_AT_ONCE);
	automap seen = { 0 };

	vec_foreach (rec, &x->records) {
		struct pack_args *a;

		if (!rec->diff_id[0] || map_has(&seen, rec->diff_id))
			continue;
		map_set(&seen, rec->diff_id, NULL);
		a = xnew(struct pack_args);
		*a = (struct pack_args){ x, rec };
		task_group_add(g, start_pack, a, free);
	}
	x->child = task_group_start(g);
	task_on_done(x->child, on_packed, x);
}

static void next_entry(struct cache_out *x)
{
	const struct strv *to = &x->set->opt->cache_to;
	struct error err = ERROR_INIT;

	forget(x);
	if (x->at == to->n)
		return task_end(&x->task, 0);
	if (cache_spec_parse(to->v[x->at], true, &x->spec, &err) < 0)
		return task_fail(&x->task, &err);
	if (x->spec.kind == CACHE_INLINE) {
		x->at++;
		return next_entry(x);
	}
	vec_foreach (m, &x->set->members)
		add_build((*m)->build, x->spec.max, &x->records);
	pack(x);
}

int cache_export_check(const struct build_options *opt, struct error *err)
{
	int r = 0;

	strv_foreach (entry, &opt->cache_to) {
		struct cache_spec s = { 0 };

		r = r < 0 ? r : cache_spec_parse(entry, true, &s, err);
		cache_spec_done(&s);
	}
	return r;
}

struct task *cache_export(struct build_set *set)
{
	struct cache_out *x = xnew(struct cache_out);

	task_init(&x->task, &out_ops, set->task.loop);
	x->set = set;
	next_entry(x);
	return &x->task;
}
