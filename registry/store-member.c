/* SPDX-License-Identifier: Apache-2.0 */
/* The images of other platforms that an index in the store names. */
#include "registry/blob.h"

#include "util/time.h"

static int read_manifest(struct store *s, const char *digest, const char *type,
			 struct manifest *ret, struct error *err)
{
	autobuf text = { 0 };
	int r;

	buf_init(&text, LIMIT_MANIFEST);
	r = store_blob_read(s, digest, &text, err);
	return r < 0 ? r : manifest_parse(text.p, text.len, type, ret, err);
}

static bool has_layers(struct store *s, const struct image_config *c)
{
	strv_foreach (diff_id, &c->diff_ids)
		if (!store_layer_has(s, diff_id))
			return false;
	return true;
}

static void describe(const struct descriptor *d, const struct manifest *m,
		     const struct image_config *c, const char *index, struct image *ret)
{
	bool variant = c->variant && *c->variant;

	*ret = (struct image){
		.id = xstrdup(m->config.digest),
		.manifest_digest = xstrdup(d->digest),
		.manifest_type = xstrdup0(m->media_type),
		.index_digest = xstrdup(index),
		.platform = xprintf("%s/%s%s%s", c->os ? c->os : "linux",
				    c->architecture ? c->architecture : "", variant ? "/" : "",
				    variant ? c->variant : ""),
	};
	if (c->created)
		(void)time_parse(c->created, &ret->created, NULL);
}

/* 1 when config and layers are here. */
static int take_member(struct store *s, const struct descriptor *d, const char *index,
		       struct image *ret)
{
	struct manifest m = { 0 };
	struct image_config c = { 0 };
	int r = read_manifest(s, d->digest, d->media_type, &m, NULL);

	if (r == 0 && !manifest_is_index(&m) && m.config.digest &&
	    store_image_config(s, m.config.digest, &c, NULL) == 0 && has_layers(s, &c)) {
		describe(d, &m, &c, index, ret);
		r = 1;
	}
	image_config_done(&c);
	manifest_done(&m);
	return r > 0;
}

/* What can't be read is not here. */
static int find_member(struct store *s, const char *index, const struct platform *want,
		       struct image *ret)
{
	struct descriptor d = { 0 };
	struct manifest m = { 0 };
	int r = 0;

	if (read_manifest(s, index, NULL, &m, NULL) == 0 && manifest_is_index(&m) &&
	    index_choose(&m, want, &d, NULL) == 0)
		r = take_member(s, &d, index, ret);
	descriptor_done(&d);
	manifest_done(&m);
	return r;
}

int store_image_member(struct store *s, const char *name, const struct platform *want,
		       struct image *ret, struct error *err)
{
	struct platform have;
	struct image im = { 0 };
	int r = store_image_find(s, name, &im, err);

	if (r <= 0)
		return r;
	if (im.platform && platform_parse(im.platform, &have, NULL) == 0 &&
	    platform_match(want, &have)) {
		*ret = im;
		return 1;
	}
	r = im.index_digest ? find_member(s, im.index_digest, want, ret) : 0;
	if (r > 0)
		ret->ref = TAKE_PTR(im.ref);
	image_done(&im);
	return r;
}
