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

/* An image without a layer is as old as time. */
static void set_times(const struct build *b, struct stage_run *run)
{
	struct image_config *c = &run->cfg;
	char text[TIME_TEXT_MAX];

	time_format(b->epoch >= 0 ? b->epoch : MAX(run->created, 0), text);
	free(c->created);
	c->created = xstrdup(text);
	fill_times(c, text);
}

int image_finish(struct build *b, struct stage_run *run, struct error *err)
{
	autofree char *text = NULL;
	int r = lint_verdict(b, err);

	lint_args(b);
	strmap_copy(&run->cfg.config.labels, &b->opt->labels);
	if (r < 0)
		return r;
	set_times(b, run);
	run->cfg.build_cache = cache_inline(b);
	text = image_config_text(&run->cfg);
	return store_blob_put(b->store, text, strlen(text), b->ret_id, err);
}
