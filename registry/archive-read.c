/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/archive-read.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>

static void image_clear(struct archive_image *im)
{
	buf_done(&im->config);
	buf_done(&im->manifest);
	buf_done(&im->index);
	free(im->manifest_type);
	vec_foreach (l, &im->layers) {
		free(l->path);
		free(l->digest);
		free(l->diff_id);
	}
	vec_done(&im->layers);
	strv_done(&im->names);
}

void archive_images_done(archive_images *v)
{
	vec_foreach (im, v)
		image_clear(im);
	vec_done(v);
}

int archive_read_file(int dirfd, const char *path, size_t max, struct buf *out, struct error *err)
{
	autoclose int fd = -1;
	buf_done(out);
	buf_init(out, max);
	int r = path_open_in(dirfd, PATH_IN_ROOT, path, O_RDONLY | O_NONBLOCK, 0, &fd, err);
	if (r == 0)
		r = io_read_fd(fd, out, err);
	return r < 0 ? error_wrap(err, "%s in the archive", path) : 0;
}

int archive_check_layers(struct archive_image *im, struct error *err)
{
	struct image_config c = { 0 };
	int r = image_config_parse(im->config.p, im->config.len, &c, err);
	if (r < 0)
		return r;
	if (c.diff_ids.n != im->layers.n)
		r = error_set(err, ERR_INVALID,
			      "the archive has %zu layers of an image that is made of %zu",
			      im->layers.n, c.diff_ids.n);
	for (size_t i = 0; r == 0 && i < im->layers.n; i++)
		im->layers.v[i].diff_id = xstrdup(c.diff_ids.v[i]);
	image_config_done(&c);
	return r;
}

static bool same_config(const struct archive_image *a, const struct archive_image *b)
{
	return a->config.len == b->config.len && !memcmp(a->config.p, b->config.p, a->config.len);
}

/* An OCI layout's index may leave the names to the manifest.json beside it. */
static void add_docker_names(int dirfd, archive_images *v)
{
	archive_images docker = { 0 };
	if (archive_read_docker(dirfd, &docker, NULL) == 0)
		vec_foreach (im, v)
			vec_foreach (d, &docker)
				if (!im->names.n && same_config(im, d))
					strv_copy(&im->names, &d->names);
	archive_images_done(&docker);
}

static bool has(int dirfd, const char *name)
{
	autoclose int fd = -1;
	return path_open_in(dirfd, PATH_IN_ROOT, name, O_PATH, 0, &fd, NULL) == 0;
}

int archive_read(int dirfd, archive_images *ret, struct error *err)
{
	bool docker = has(dirfd, "manifest.json"), oci = has(dirfd, "index.json");
	int r;
	if (oci)
		r = archive_read_oci(dirfd, ret, err);
	else if (docker)
		r = archive_read_docker(dirfd, ret, err);
	else
		r = error_set(
			err, ERR_INVALID,
			"neither an OCI layout (index.json) nor a docker archive (manifest.json)");
	if (r == 0 && oci && docker)
		add_docker_names(dirfd, ret);
	if (r == 0 && !ret->n)
		r = error_set(err, ERR_INVALID, "there is no image in the archive");
	if (r < 0)
		archive_images_done(ret);
	return r;
}
