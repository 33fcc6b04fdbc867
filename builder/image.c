/* SPDX-License-Identifier: Apache-2.0 */
/* The image that a build gives. */
#include "builder/lint.h"
#include "builder/solve.h"

#include "registry/ref.h"

#include <stdio.h>

/* What made no layer has the time of the layer before it. */
static void fill_times(struct image_config *c, const char *first)
{
	const char *last = first;

	vec_foreach (h, &c->history) {
		if (!h->created)
			h->created = xstrdup0(last);
		last = h->created;
	}
}

/* An image without a layer of ours has been made when the first like it was. */
static int time_of_config(struct build *b, const struct image_config *c, int64_t *ret,
			  struct error *err)
{
	autofree char *text = image_config_text(c);
	struct cache_entry e = { .created = time_now() };
	struct cache_key k;
	char key[DIGEST_MAX];
	int r;

	key_begin(&k, "config");
	key_text(&k, text);
	key_end(&k, key);
	r = b->opt->no_cache ? 0 : cache_get(b->store, key, &e, err);
	if (!r)
		r = cache_put(b->store, key, &e, err);
	*ret = e.created;
	return MIN(r, 0);
}

static int set_times(struct build *b, struct stage_run *run, struct error *err)
{
	struct image_config *c = &run->cfg;
	char text[TIME_TEXT_MAX];
	int64_t created = run->created;
	int r = 0;

	if (b->epoch >= 0)
		created = b->epoch;
	else if (created == INT64_MIN)
		r = time_of_config(b, c, &created, err);
	if (r < 0)
		return r;
	time_format(created, text);
	free(c->created);
	c->created = xstrdup(text);
	fill_times(c, text);
	return 0;
}

static int tag_all(struct build *b, const char *id, struct error *err)
{
	for (size_t i = 1; i < b->opt->tags.n; i++) {
		autoref ref = { 0 };
		struct image im = { 0 };
		int r = store_image_find(b->store, id, &im, err);

		if (!r)
			r = error_set(err, ERR_INTERNAL, "the image %s is gone", id);
		if (r > 0)
			r = image_ref_parse(b->opt->tags.v[i], &ref, err);
		if (!r) {
			free(im.ref);
			im.ref = image_ref_text(&ref);
			r = store_image_tag(b->store, &im, err);
		}
		image_done(&im);
		if (r < 0)
			return error_wrap(err, "tag %s", b->opt->tags.v[i]);
	}
	return 0;
}

int image_finish(struct build *b, struct stage_run *run, struct error *err)
{
	autoref ref = { 0 };
	autofree char *name = NULL;
	int r = lint_verdict(b, err);

	lint_args(b);
	strmap_copy(&run->cfg.config.labels, &b->opt->labels);
	if (!r)
		r = set_times(b, run, err);
	if (!r && b->opt->tags.n)
		r = image_ref_parse(b->opt->tags.v[0], &ref, err);
	if (r < 0)
		return r;
	if (b->opt->tags.n)
		name = image_ref_text(&ref);
	r = store_image_create(b->store, &run->cfg, name, b->ret_id, err);
	return r < 0 ? r : tag_all(b, b->ret_id, err);
}
