/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What images a directory holds: an OCI layout, or what a docker archive unpacks to (or both at
 * once). Nothing of it is trusted: files are opened inside the directory, sizes are bounded,
 * digests are checked when blobs are taken.
 */
#ifndef REGISTRY_ARCHIVE_READ_H
#define REGISTRY_ARCHIVE_READ_H

#include "registry/store.h"
#include "util/buf.h"

struct archive_layer {
	char *path;   /* in the directory */
	char *digest; /* of its bytes, or NULL: not said */
	char *diff_id;
};

struct archive_image {
	struct buf config;
	struct buf manifest; /* empty: there is none */
	char *manifest_type;
	struct buf index; /* that the manifest was chosen from; empty: none */
	VEC(struct archive_layer) layers;
	struct strv names; /* as they are there */
};

typedef VEC(struct archive_image) archive_images;

int archive_read(int dirfd, archive_images *ret, struct error *err);
void archive_images_done(archive_images *v);

/* For its parts. */
int archive_read_file(int dirfd, const char *path, size_t max, struct buf *out, struct error *err);
int archive_read_docker(int dirfd, archive_images *ret, struct error *err);
int archive_read_oci(int dirfd, archive_images *ret, struct error *err);
/* One image of an OCI layout. */
int archive_read_layout(int dirfd, const struct layout_want *want, archive_images *ret,
			struct error *err);
/* Config and layers hold together: one diff id each. */
int archive_check_layers(struct archive_image *im, struct error *err);

#endif
