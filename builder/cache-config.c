/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache-config.h"

#include "util/json.h"
#include "util/time.h"

#include <stdio.h>
#include <string.h>

void cache_records_done(cache_record_vec *v)
{
	vec_foreach (r, v)
		descriptor_done(&r->blob);
	vec_done(v);
}

/* ---- writing ---- */

static json_t *layer_json(const struct cache_record *r)
{
	char created[TIME_TEXT_MAX];

	return json_pack("{s:s, s:i, s:{s:s, s:s, s:I, s:s}}", "blob", r->blob.digest, "parent", -1,
			 "annotations", "mediaType", r->blob.media_type, "diffID", r->diff_id,
			 "size", (json_int_t)r->blob.size, "createdAt",
			 time_format(r->created, created));
}

static json_t *record_json(const struct cache_record *r, int64_t layer)
{
	char created[TIME_TEXT_MAX];
	json_t *layers = json_array();

	if (layer >= 0)
		json_array_append_new(layers, json_integer(layer));
	return json_pack("{s:s, s:[{s:o, s:s}]}", "digest", r->key, "chains", "layers", layers,
			 "createdAt", time_format(r->created, created));
}

static int64_t place_of(const struct strv *ids, const char *diff_id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (streq(ids->v[i], diff_id))
			return (int64_t)i;
	return -1;
}

char *cache_config_text(const cache_record_vec *v, const struct strv *inline_ids)
{
	json_t *layers = json_array(), *records = json_array();
	autojson *doc = json_object();
	autostrv listed = { 0 };

	vec_foreach (r, v) {
		int64_t at = place_of(inline_ids ? inline_ids : &listed, r->diff_id);

		if (r->diff_id[0] && at < 0 && inline_ids)
			continue;
		if (r->diff_id[0] && at < 0) {
			at = (int64_t)listed.n;
			strv_push(&listed, r->diff_id);
			json_array_append_new(layers, layer_json(r));
		}
		json_array_append_new(records, record_json(r, r->diff_id[0] ? at : -1));
	}
	if (inline_ids)
		json_decref(layers);
	else
		json_object_set_new(doc, "layers", layers);
	json_object_set_new(doc, "records", records);
	return json_text(doc);
}

/* ---- reading ---- */

struct reading {
	const json_t *layers; /* NULL: those of the image */
	const struct descriptor *blobs;
	size_t n_blobs;
	const struct strv *diff_ids;
};

static const struct descriptor *blob_of(const struct reading *x, const char *digest)
{
	for (size_t i = 0; digest && i < x->n_blobs; i++)
		if (streq(x->blobs[i].digest, digest))
			return &x->blobs[i];
	return NULL;
}

static bool take_layer(const struct reading *x, json_int_t at, struct cache_record *r)
{
	const struct descriptor *blob = NULL;
	const char *diff_id = NULL;

	if (at < 0)
		return false;
	if (x->layers) {
		const json_t *l = json_array_get(x->layers, (size_t)at);

		blob = blob_of(x, json_str(l, "blob"));
		diff_id = json_str(json_object_get(l, "annotations"), "diffID");
	} else if (x->diff_ids && (size_t)at < x->diff_ids->n && (size_t)at < x->n_blobs) {
		blob = &x->blobs[at];
		diff_id = x->diff_ids->v[at];
	}
	if (!blob || !diff_id || !digest_valid(diff_id))
		return false;
	descriptor_copy(&r->blob, blob);
	snprintf(r->diff_id, sizeof(r->diff_id), "%s", diff_id);
	return true;
}

/* One result, of one layer or none: what BuildKit writes of whole file systems is not ours. */
static bool take_record(const struct reading *x, const json_t *j, struct cache_record *r)
{
	const json_t *chain = json_array_get(json_object_get(j, "chains"), 0);
	const json_t *layers = json_object_get(chain, "layers");
	const char *key = json_str(j, "digest"), *created = json_str(chain, "createdAt");

	if (!key || !digest_valid(key) || !created || time_parse(created, &r->created, NULL) < 0 ||
	    json_array_size(layers) > 1 || json_object_get(j, "inputs"))
		return false;
	snprintf(r->key, sizeof(r->key), "%s", key);
	return !json_array_size(layers) ||
	       take_layer(x, json_integer_value(json_array_get(layers, 0)), r);
}

int cache_config_parse(const char *p, size_t n, const struct descriptor *layers, size_t n_layers,
		       const struct strv *diff_ids, cache_record_vec *ret, struct error *err)
{
	autojson *doc = NULL;
	const json_t *records;
	struct reading x = { .blobs = layers, .n_blobs = n_layers, .diff_ids = diff_ids };
	int r = json_parse(p, n, "build cache", &doc, err);

	if (r < 0)
		return r;
	records = json_object_get(doc, "records");
	x.layers = diff_ids ? NULL : json_object_get(doc, "layers");
	if (!diff_ids && !json_is_array(records))
		return error_set(err, ERR_INVALID, "it is not a build cache");
	if (json_array_size(records) > LIMIT_CACHE_RECORDS)
		return error_set(err, ERR_LIMIT, "a build cache of more than %d records",
				 LIMIT_CACHE_RECORDS);
	for (size_t i = 0; i < json_array_size(records); i++) {
		struct cache_record rec = { 0 };

		if (take_record(&x, json_array_get(records, i), &rec))
			*vec_add(ret) = rec;
		else
			descriptor_done(&rec.blob);
	}
	return 0;
}
