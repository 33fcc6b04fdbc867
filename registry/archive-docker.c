/* SPDX-License-Identifier: Apache-2.0 */
/* Docker archives: manifest.json lists images with the paths of their parts. */
#include "registry/archive-read.h"

#define LIMIT_IMAGES 1000

struct member {
	char *config;
	struct strv tags, layers;
};

static const struct json_field member_fields[] = {
	JSON_FIELD(struct member, JSON_STR, config, "Config", JSON_REQUIRED),
	JSON_FIELD(struct member, JSON_STRV, tags, "RepoTags", 0),
	JSON_FIELD(struct member, JSON_STRV, layers, "Layers", 0),
	{ 0 },
};

static int read_image(int dirfd, const struct member *m, struct archive_image *im,
		      struct error *err)
{
	if (m->layers.n > LIMIT_LAYERS)
		return error_set(err, ERR_LIMIT, "image of more than %d layers", LIMIT_LAYERS);
	strv_copy(&im->names, &m->tags);
	strv_foreach (path, &m->layers)
		vec_add(&im->layers)->path = xstrdup(path);
	int r = archive_read_file(dirfd, m->config, LIMIT_CONFIG, &im->config, err);
	return r < 0 ? r : archive_check_layers(im, err);
}

static int read_member(int dirfd, const json_t *j, archive_images *ret, struct error *err)
{
	struct member m = { 0 };
	int r = json_decode(j, member_fields, &m, err);
	if (r == 0)
		r = read_image(dirfd, &m, vec_add(ret), err);
	json_free_fields(member_fields, &m);
	return r;
}

int archive_read_docker(int dirfd, archive_images *ret, struct error *err)
{
	autobuf text = { 0 };
	autojson *j = NULL;
	size_t i;
	json_t *member;
	int r = archive_read_file(dirfd, "manifest.json", LIMIT_MANIFEST, &text, err);
	if (r == 0)
		r = json_parse(text.p, text.len, "manifest.json", &j, err);
	if (r == 0 && (!json_is_array(j) || json_array_size(j) > LIMIT_IMAGES))
		r = error_set(err, ERR_INVALID, "manifest.json: not a list of images");
	if (r < 0)
		return r;
	json_array_foreach (j, i, member) {
		r = read_member(dirfd, member, ret, err);
		if (r < 0)
			return error_wrap(err, "manifest.json: image %zu", i + 1);
	}
	return 0;
}
