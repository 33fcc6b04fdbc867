/* SPDX-License-Identifier: Apache-2.0 */
/* compose image inspect: what docker image inspect says, as far as it has a meaning here. */
#include "cli/image.h"
#include "util/time.h"

/* The names that this image has, and NAME@DIGEST of those that came from, or went to, a registry.
 */
static void add_names(const image_vec *all, const char *id, json_t *tags, json_t *digests)
{
	vec_foreach (im, all) {
		autoref ref = { 0 };
		if (!streq(im->id, id) || !im->ref || image_ref_parse(im->ref, &ref, NULL) < 0)
			continue;
		autofree char *shown = image_ref_familiar(&ref);
		autofree char *name = image_ref_familiar_name(&ref);
		const char *digest = im->index_digest ? im->index_digest : im->manifest_digest;
		if (ref.tag)
			json_array_append_new(tags, json_string(shown));
		if (digest)
			json_array_append_new(digests, json_sprintf("%s@%s", name, digest));
	}
}

/* What the index that it came with has, as docker shows it: an image of a platform, or what is said
 * about one. */
static json_t *manifest_summary(struct store *s, const struct descriptor *d)
{
	const char *about = strmap_get(&d->annotations, "vnd.docker.reference.digest");
	bool here = store_blob_get(s, d->digest, NULL, NULL, NULL) > 0;
	json_t *j = json_pack("{s:s, s:{s:s, s:s, s:I}, s:b}", "ID", d->digest, "Descriptor",
			      "mediaType", d->media_type ? d->media_type : "", "digest", d->digest,
			      "size", (json_int_t)d->size, "Available", here);

	json_object_set_new(j, "Kind", json_string(about ? "attestation" : "image"));
	if (about)
		json_object_set_new(j, "AttestationData", json_pack("{s:s}", "For", about));
	else if (d->platform)
		json_object_set_new(j, "ImageData",
				    json_pack("{s:{s:s?, s:s?, s:s*}}", "Platform", "os",
					      d->platform->os, "architecture",
					      d->platform->architecture, "variant",
					      d->platform->variant));
	return j;
}

static void add_manifests(struct store *s, const char *index, json_t *to)
{
	struct manifest m = { 0 };
	autobuf text = { 0 };
	json_t *list;

	buf_init(&text, LIMIT_MANIFEST);
	if (!index || store_blob_read(s, index, &text, NULL) < 0 ||
	    manifest_parse(text.p, text.len, NULL, &m, NULL) < 0)
		return;
	list = json_array();
	vec_foreach (d, &m.manifests)
		json_array_append_new(list, manifest_summary(s, d));
	json_object_set_new(to, "Manifests", list);
	manifest_done(&m);
}

static json_t *describe(const image_vec *all, const struct image *im, const json_t *config)
{
	json_t *tags = json_array(), *digests = json_array();
	char created[TIME_TEXT_MAX];
	add_names(all, im->id, tags, digests);
	json_t *j = json_pack("{s:s, s:o, s:o}", "Id", im->id, "RepoTags", tags, "RepoDigests",
			      digests);
	json_object_set_new(j, "Created", json_string(time_format(im->created, created)));
	static const char *const same[][2] = {
		{ "author", "Author" },	  { "architecture", "Architecture" },
		{ "variant", "Variant" }, { "os", "Os" },
		{ "config", "Config" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (json_object_get(config, same[i][0]))
			json_object_set(j, same[i][1], json_object_get(config, same[i][0]));
	json_object_set_new(j, "Size", json_integer((json_int_t)im->size));
	json_object_set_new(
		j, "RootFS",
		json_pack("{s:s, s:O?}", "Type", "layers", "Layers",
			  json_object_get(json_object_get(config, "rootfs"), "diff_ids")));
	return j;
}

static int inspect_one(struct store *s, const image_vec *all, const char *name, json_t *list,
		       struct error *err)
{
	struct image im = { 0 };
	autobuf text = { 0 };
	autojson *config = NULL;
	buf_init(&text, LIMIT_CONFIG);
	int r = store_image_find(s, name, &im, err);
	if (r <= 0)
		return r < 0 ? r : error_set(err, ERR_NOT_FOUND, "no such image: %s", name);
	r = store_blob_read(s, im.id, &text, err);
	if (r == 0)
		r = json_parse(text.p, text.len, "image config", &config, err);
	if (r == 0)
		json_array_append_new(list, describe(all, &im, config));
	if (r == 0)
		add_manifests(s, im.index_digest, json_array_get(list, json_array_size(list) - 1));
	image_done(&im);
	return r;
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	autocall(store_freep) struct store *s = NULL;
	image_vec all = { 0 };
	autojson *list = json_array();
	int r = cli_store(cli, &s, err);
	if (r == 0)
		r = store_image_list(s, &all, err);
	if (r < 0)
		return r;
	/* Those that are there are shown, whatever of the others. */
	strv_foreach (name, args) {
		struct error e = ERROR_INIT;
		int one = inspect_one(s, &all, name, list, &e);
		if (one < 0 && r == 0)
			*err = e;
		else if (one < 0)
			cli_error(cli, &e);
		r = r < 0 ? r : one;
	}
	image_vec_done(&all);
	autofree char *text = json_text_pretty(list);
	autofree char *line = xprintf("%s\n", text);
	int shown = cli_outs(line, r < 0 ? NULL : err);
	return r < 0 ? r : shown;
}

const struct command cmd_image_inspect = {
	.name = "inspect",
	.usage = "inspect IMAGE [IMAGE...]",
	.help = "Show an image's configuration as JSON",
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
