/* SPDX-License-Identifier: Apache-2.0 */
/* The image that a build gives. */
#include "builder/cache-export.h"
#include "builder/lint.h"
#include "builder/solve.h"

#include <string.h>

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
	r = build_may_take(b, key) ? cache_get(b->store, key, &e, err) : 0;
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

int image_finish(struct build *b, struct stage_run *run, struct error *err)
{
	autofree char *text = NULL;
	int r = lint_verdict(b, err);

	lint_args(b);
	strmap_copy(&run->cfg.config.labels, &b->opt->labels);
	if (!r)
		r = set_times(b, run, err);
	if (r < 0)
		return r;
	run->cfg.build_cache = cache_inline(b);
	text = image_config_text(&run->cfg);
	return store_blob_put(b->store, text, strlen(text), b->ret_id, err);
}
