/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/output.h"

#include "builder/attest.h"
#include "builder/cache-export.h"

#include <stdio.h>

#define PACK_AT_ONCE 4

struct packed {
	const char *diff_id;
	struct descriptor d;
};

struct output {
	struct build_set *set;
	struct task *child;
	VEC(struct packed *) layers; /* each once, however many images have it */
	char index[DIGEST_MAX];	     /* "": there is none */
};

struct output *output_free(struct output *o)
{
	if (!o)
		return NULL;
	task_unref(o->child);
	vec_foreach (l, &o->layers) {
		descriptor_done(&(*l)->d);
		free(*l);
	}
	vec_done(&o->layers);
	free(o);
	return NULL;
}

void output_cancel(struct output *o)
{
	if (o->child)
		task_cancel(o->child);
}

static const struct image_config *config_of(const struct member *m)
{
	return &build_run_of(m->build, m->build->target)->cfg;
}

/* ---- names ---- */

/* The one that runs here best, else the first. */
static struct member *shown_member(const struct build_set *set)
{
	struct member *best = set->members.v[0];
	struct platform native;
	unsigned most = 0;

	platform_native(&native);
	vec_foreach (m, &set->members) {
		unsigned match = platform_match(&native, &(*m)->build->platform);

		if (match > most) {
			best = *m;
			most = match;
		}
	}
	return best;
}

static int tag(struct output *o, const struct member *m, const char *name, struct error *err)
{
	struct image im = {
		.id = (char *)(uintptr_t)m->id,
		.manifest_digest = m->desc.digest,
		.manifest_type = m->desc.media_type,
		.index_digest = *o->index ? o->index : NULL,
	};
	autofree char *text = NULL;
	autoref ref = { 0 };
	int r = name ? image_ref_parse(name, &ref, err) : 0;

	if (r < 0)
		return error_wrap(err, "tag %s", name);
	im.ref = text = name ? image_ref_text(&ref) : NULL;
	r = store_image_tag(o->set->store, &im, err);
	return r < 0 ? error_wrap(err, "tag %s", name ? name : m->id) : 0;
}

/* The same image may have been a member of an index before: this time it is none. */
static void leave_index(struct output *o, struct member *m)
{
	struct image im = { 0 };

	if (*o->index || m->desc.digest || store_image_find(o->set->store, m->id, &im, NULL) <= 0)
		return;
	if (im.index_digest) {
		m->desc.digest = TAKE_PTR(im.manifest_digest);
		m->desc.media_type = TAKE_PTR(im.manifest_type);
	}
	image_done(&im);
}

static int tag_all(struct output *o, struct error *err)
{
	const struct strv *tags = &o->set->opt->tags;
	struct member *m = shown_member(o->set);
	int r;

	leave_index(o, m);
	r = tags->n ? 0 : tag(o, m, NULL, err);

	for (size_t i = 0; r == 0 && i < tags->n; i++)
		r = tag(o, m, tags->v[i], err);
	if (r == 0)
		snprintf(o->set->ret_id, DIGEST_MAX, "%s", m->id);
	return r;
}

static void on_cache(struct task *t, int r, void *userdata)
{
	struct output *o = userdata;
	struct error err = t->err;

	o->child = task_unref(o->child);
	task_end_with(&o->set->task, r, &err);
}

static void finish(struct output *o)
{
	struct error err = ERROR_INIT;

	if (tag_all(o, &err) < 0)
		return task_fail(&o->set->task, &err);
	if (!o->set->opt->cache_to.n)
		return task_end(&o->set->task, 0);
	o->child = cache_export(o->set);
	task_on_done(o->child, on_cache, o);
}

/* ---- manifests and index ---- */

static const struct descriptor *packed_layer(const struct output *o, const char *diff_id)
{
	vec_foreach (l, &o->layers)
		if (streq((*l)->diff_id, diff_id))
			return &(*l)->d;
	return NULL;
}

static int put_document(struct store *s, const struct manifest *m, struct descriptor *ret,
			struct error *err)
{
	autofree char *text = manifest_text(m);
	char digest[DIGEST_MAX];
	int r = store_blob_put(s, text, strlen(text), digest, err);

	if (r == 0)
		*ret = (struct descriptor){ .media_type = xstrdup(m->media_type),
					    .digest = xstrdup(digest),
					    .size = strlen(text) };
	return r;
}

static struct platform_json *platform_json(const struct platform *p)
{
	struct platform_json *j = xnew(struct platform_json);

	j->os = xstrdup(p->os);
	j->architecture = xstrdup(p->arch);
	if (p->variant[0])
		j->variant = xstrdup(p->variant);
	return j;
}

static int make_manifest(struct output *o, struct member *m, struct error *err)
{
	struct store *s = o->set->store;
	struct manifest doc = { .schema_version = 2, .media_type = xstrdup(MEDIA_OCI_MANIFEST) };
	int r = store_blob_get(s, m->id, NULL, &doc.config.size, err);

	doc.config.media_type = xstrdup(MEDIA_OCI_CONFIG);
	doc.config.digest = xstrdup(m->id);
	strv_foreach (id, &config_of(m)->diff_ids)
		descriptor_copy(vec_add(&doc.layers), packed_layer(o, id));
	if (r > 0)
		r = put_document(s, &doc, &m->desc, err);
	if (r == 0)
		m->desc.platform = platform_json(&m->build->platform);
	manifest_done(&doc);
	return r;
}

static bool is_attested(const struct build_set *set)
{
	return set->attest.provenance || set->attest.sbom;
}

static int make_index(struct output *o, struct error *err)
{
	struct manifest doc = { .schema_version = 2, .media_type = xstrdup(MEDIA_OCI_INDEX) };
	struct descriptor d = { 0 };
	int r = 0;

	vec_foreach (m, &o->set->members)
		if (r == 0 && (r = make_manifest(o, *m, err)) == 0)
			descriptor_copy(vec_add(&doc.manifests), &(*m)->desc);
	vec_foreach (m, &o->set->members)
		if (r == 0 && is_attested(o->set))
			r = attest_image(&o->set->attest, *m, vec_add(&doc.manifests), err);
	if (r == 0)
		r = put_document(o->set->store, &doc, &d, err);
	if (r == 0)
		snprintf(o->index, sizeof(o->index), "%s", d.digest);
	descriptor_done(&d);
	manifest_done(&doc);
	return r;
}

/* ---- blobs ---- */

struct pack_args {
	struct output *o;
	struct packed *layer;
};

static struct task *start_pack(void *userdata)
{
	struct pack_args *a = userdata;

	return store_layer_blob(a->o->set->store, a->o->set->task.loop, a->layer->diff_id,
				LAYER_GZIP, &a->layer->d);
}

static void on_packed(struct task *t, int r, void *userdata)
{
	struct output *o = userdata;
	struct error err = t->err;

	o->child = task_unref(o->child);
	if (r >= 0)
		r = make_index(o, &err);
	if (r < 0)
		task_fail(&o->set->task, &err);
	else
		finish(o);
}

static void pack_all(struct output *o)
{
	struct task_group *g = task_group_new(o->set->task.loop, PACK_AT_ONCE);

	vec_foreach (m, &o->set->members)
		strv_foreach (id, &config_of(*m)->diff_ids) {
			struct pack_args *a;

			if (packed_layer(o, id))
				continue;
			a = xnew(struct pack_args);
			*a = (struct pack_args){ o, xnew(struct packed) };
			a->layer->diff_id = id;
			*vec_add(&o->layers) = a->layer;
			task_group_add(g, start_pack, a, free);
		}
	o->child = task_group_start(g);
	task_on_done(o->child, on_packed, o);
}

void output_start(struct build_set *set)
{
	struct output *o = xnew(struct output);

	o->set = set;
	set->output = o;
	if (set->members.n > 1 || is_attested(set))
		pack_all(o);
	else
		finish(o);
}
