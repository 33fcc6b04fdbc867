/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache-import.h"

#include "builder/cache-layout.h"
#include "builder/cache-spec.h"
#include "builder/set.h"
#include "registry/remote.h"
#include "util/base64.h"

#include <string.h>

struct source {
	struct task task; /* of reading it: ends well whatever comes */
	struct cache_import *im;
	const char *name;
	struct cache_spec spec;
	struct remote remote; /* CACHE_REGISTRY */
	cache_record_vec records;
	struct task *child;
};

struct hit {
	struct source *source;
	const struct cache_record *record;
};

struct cache_import {
	struct build_set *set;
	VEC(struct source *) sources;
	struct map hits; /* by key */
	struct task *loading;
	bool loaded;
	struct build *waiting;
};

/* ---- reading what a source says ---- */

static void source_free(struct task *t)
{
	struct source *src = container_of(t, struct source, task);

	task_unref(src->child);
	cache_spec_done(&src->spec);
	remote_done(&src->remote);
	cache_records_done(&src->records);
	free(src);
}

static void source_cancel(struct task *t)
{
	struct source *src = container_of(t, struct source, task);

	if (src->child)
		task_cancel(src->child);
	else /* nothing was asked of it */
		task_end(&src->task, 0);
}

static const struct task_ops source_ops = { "build cache", source_cancel, source_free };

static void pass_over(struct source *src, const struct error *err)
{
	set_note(src->im->set, "cache_from: %s: %s; going on without it", src->name, err->msg);
}

/* A cache's own config, or that of an image, which may hold one. */
static int parse(struct source *src, struct error *err)
{
	struct remote *x = &src->remote;
	struct image_config c = { 0 };
	autobuf text = { 0 };
	int r;

	if (x->config_type && streq(x->config_type, MEDIA_CACHE_CONFIG))
		return cache_config_parse(x->config.p, x->config.len, x->layers.v, x->layers.n,
					  NULL, &src->records, err);
	r = image_config_parse(x->config.p, x->config.len, &c, err);
	if (r == 0 && !c.build_cache)
		r = error_set(err, ERR_NOT_FOUND, "the image holds no build cache (type=inline)");
	buf_init(&text, LIMIT_CONFIG);
	if (r == 0)
		r = base64_decode_to(c.build_cache, &text, err);
	if (r == 0)
		r = cache_config_parse(text.p, text.len, x->layers.v, x->layers.n, &c.diff_ids,
				       &src->records, err);
	image_config_done(&c);
	return r;
}

static void on_remote(struct task *t, int r, void *userdata)
{
	struct source *src = userdata;
	struct error err = t->err;

	src->child = task_unref(src->child);
	if (r >= 0)
		r = parse(src, &err);
	if (r < 0)
		pass_over(src, &err);
	task_end(&src->task, 0);
}

static void read_registry(struct source *src)
{
	struct registry *reg;
	struct platform want = src->im->set->members.v[0]->platform;
	struct error err = ERROR_INIT;

	if (set_registry(src->im->set, &reg, &err) < 0) {
		pass_over(src, &err);
		return task_end(&src->task, 0);
	}
	src->child = registry_remote(reg, src->spec.ref, &want, &src->remote);
	task_on_done(src->child, on_remote, src);
}

static void read_layout(struct source *src)
{
	struct error err = ERROR_INIT;

	if (cache_layout_read(&src->spec, &src->records, &err) < 0)
		pass_over(src, &err);
	task_end(&src->task, 0);
}

static struct task *start_source(void *userdata)
{
	struct source *src = userdata;

	if (src->spec.kind == CACHE_LOCAL)
		read_layout(src);
	else
		read_registry(src);
	return task_ref(&src->task);
}

/* ---- all of them ---- */

int import_new(struct build_set *set, struct cache_import **ret, struct error *err)
{
	struct cache_import *im;
	int r = 0;

	if (!set->opt->cache_from.n || set->opt->no_cache)
		return 0;
	im = *ret = xnew(struct cache_import);
	im->set = set;
	map_init(&im->hits, free);
	strv_foreach (text, &set->opt->cache_from) {
		struct source *src = xnew(struct source);

		task_init(&src->task, &source_ops, set->task.loop);
		src->im = im;
		src->name = text;
		*vec_add(&im->sources) = src;
		r = r < 0 ? r : cache_spec_parse(text, false, &src->spec, err);
	}
	return r;
}

struct cache_import *import_free(struct cache_import *im)
{
	if (!im)
		return NULL;
	task_unref(im->loading);
	map_done(&im->hits);
	vec_foreach (s, &im->sources)
		task_unref(&(*s)->task);
	vec_done(&im->sources);
	free(im);
	return NULL;
}

/* The first source that has a key is asked for it. */
static void index_records(struct cache_import *im)
{
	vec_foreach (s, &im->sources)
		vec_foreach (rec, &(*s)->records) {
			struct hit *hit;

			if (map_has(&im->hits, rec->key))
				continue;
			hit = xnew(struct hit);
			*hit = (struct hit){ *s, rec };
			map_set(&im->hits, rec->key, hit);
		}
}

static void on_loaded(struct task *t, int r, void *userdata)
{
	struct cache_import *im = userdata;

	im->loading = task_unref(im->loading);
	im->loaded = true;
	index_records(im);
	build_kick(im->waiting);
}

bool import_loading(const struct cache_import *im)
{
	return im && im->loading;
}

bool import_pending(struct build *b)
{
	struct cache_import *im = b->set->import;
	struct task_group *g;

	if (!im || im->loaded || b->set->again)
		return false;
	im->waiting = b;
	if (im->loading)
		return true;
	g = task_group_new(b->task.loop, 0);
	vec_foreach (s, &im->sources)
		task_group_add(g, start_source, *s, NULL);
	im->loading = task_group_start(g);
	task_on_done(im->loading, on_loaded, im);
	return true;
}

/* ---- a layer ---- */

struct fetch {
	struct task task;
	struct cache_import *im;
	struct hit hit;
	char *key;
	struct cache_record *ret;
	struct task *child;
};

static void fetch_free(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	task_unref(f->child);
	free(f->key);
	free(f);
}

static void fetch_cancel(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	if (f->child)
		task_cancel(f->child);
}

static const struct task_ops fetch_ops = { "cached layer", fetch_cancel, fetch_free };

static void done(struct fetch *f)
{
	const struct cache_record *r = f->hit.record;

	*f->ret = (struct cache_record){ .created = r->created };
	memcpy(f->ret->diff_id, r->diff_id, sizeof(r->diff_id));
	task_end(&f->task, 0);
}

static void on_layer(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct error err = t->err;

	f->child = task_unref(f->child);
	if (r >= 0)
		return done(f);
	if (!f->task.cancelled)
		pass_over(f->hit.source, &err);
	map_remove(&f->im->hits, f->key);
	task_fail(&f->task, &err);
}

struct task *import_step(const struct step *s, struct cache_record *ret)
{
	struct cache_import *im = s->run->build->set->import;
	const struct hit *hit = im && !im->set->again ? map_get(&im->hits, s->key) : NULL;
	struct store *store = s->run->build->store;
	struct fetch *f;

	if (!hit)
		return NULL;
	f = xnew(struct fetch);
	task_init(&f->task, &fetch_ops, s->run->build->task.loop);
	f->im = im;
	f->hit = *hit;
	f->key = xstrdup(s->key);
	f->ret = ret;
	if (!hit->record->diff_id[0] || store_layer_has(store, hit->record->diff_id)) {
		done(f);
		return &f->task;
	}
	if (hit->source->spec.kind == CACHE_LOCAL)
		f->child = cache_layout_layer(&hit->source->spec, store, f->task.loop, hit->record);
	else
		f->child = remote_layer(&hit->source->remote, &hit->record->blob,
					hit->record->diff_id);
	task_on_done(f->child, on_layer, f);
	return &f->task;
}
