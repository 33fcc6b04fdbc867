/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image layouts: index.json names manifests, or indexes of which one manifest is this
 * machine's. */
#include "registry/archive-read.h"

#define LIMIT_NESTING	 4
#define ANNOTATION_REF	 "org.opencontainers.image.ref.name"
#define ANNOTATION_IMAGE "io.containerd.image.name"
#define ANNOTATION_KIND	 "vnd.docker.reference.type" /* of attestations */

static char *blob_of(const char *digest)
{
	return xprintf("blobs/%.6s/%s", digest, digest_hex(digest));
}

/* A document of the layout, which has the digest that it is named by. */
static int read_blob(int dirfd, const char *digest, size_t max, struct buf *out, struct error *err)
{
	autofree char *path = blob_of(digest);
	char have[DIGEST_MAX];
	int r = archive_read_file(dirfd, path, max, out, err);
	if (r < 0)
		return r;
	autocall(hash_freep) struct hash *h = hash_new(
		starts_with(digest, "sha512:") ? HASH_SHA512 : HASH_SHA256);
	hash_update(h, out->p, out->len);
	hash_final(h, have);
	if (!streq(have, digest))
		return error_set(err, ERR_CORRUPT, "%s in the archive has the digest %s", digest,
				 have);
	return 0;
}

static int parse_blob(int dirfd, const char *digest, struct buf *text, struct manifest *ret,
		      struct error *err)
{
	int r = read_blob(dirfd, digest, LIMIT_MANIFEST, text, err);
	return r < 0 ? r : manifest_parse(text->p, text->len, NULL, ret, err);
}

static unsigned score(const struct descriptor *d, const struct platform *want)
{
	struct platform have = { 0 };
	if (strmap_get(&d->annotations, ANNOTATION_KIND))
		return 0;
	if (!d->platform || !d->platform->os)
		return 1;
	snprintf(have.os, sizeof(have.os), "%s", d->platform->os);
	snprintf(have.arch, sizeof(have.arch), "%s",
		 d->platform->architecture ? d->platform->architecture : "");
	snprintf(have.variant, sizeof(have.variant), "%s",
		 d->platform->variant ? d->platform->variant : "");
	unsigned n = platform_match(want, &have);
	return n ? n + 1 : 0;
}

/* want: NULL for this machine's. */
static const struct descriptor *pick(const struct manifest *index, const struct platform *want)
{
	struct platform native;
	const struct descriptor *best = NULL;
	unsigned most = 0;
	platform_native(&native);
	vec_foreach (d, &index->manifests) {
		unsigned n = score(d, want ? want : &native);
		if (n > most) {
			most = n;
			best = d;
		}
	}
	return best;
}

static int read_manifest(int dirfd, const struct manifest *m, struct archive_image *im,
			 struct error *err)
{
	im->manifest_type = xstrdup(m->media_type);
	vec_foreach (l, &m->layers) {
		struct archive_layer *layer = vec_add(&im->layers);
		layer->path = blob_of(l->digest);
		layer->digest = xstrdup(l->digest);
	}
	int r = read_blob(dirfd, m->config.digest, LIMIT_CONFIG, &im->config, err);
	return r < 0 ? r : archive_check_layers(im, err);
}

/* The manifest that a digest leads to: itself, or the best one of an index. */
static int resolve(int dirfd, const char *digest, const struct platform *want,
		   struct archive_image *im, unsigned depth, struct error *err)
{
	struct manifest m = { 0 };
	int r = parse_blob(dirfd, digest, &im->manifest, &m, err);
	if (r < 0)
		return r;
	if (!manifest_is_index(&m)) {
		r = read_manifest(dirfd, &m, im, err);
	} else {
		const struct descriptor *d = pick(&m, want);
		if (!im->index.len) {
			im->index = im->manifest;
			im->manifest = (struct buf){ 0 };
		}
		if (depth >= LIMIT_NESTING)
			r = error_set(err, ERR_LIMIT, "indexes that name indexes too deeply");
		else if (!d)
			r = error_set(
				err, ERR_NOT_FOUND,
				"there is no image for this machine's platform in the archive");
		else
			r = resolve(dirfd, d->digest, want, im, depth + 1, err);
	}
	manifest_done(&m);
	return r;
}

static int read_entry(int dirfd, const struct descriptor *d, archive_images *ret, struct error *err)
{
	struct archive_image *im = vec_add(ret);
	const char *name = strmap_get(&d->annotations, ANNOTATION_IMAGE);
	if (!name)
		name = strmap_get(&d->annotations, ANNOTATION_REF);
	if (name)
		strv_push(&im->names, name);
	return resolve(dirfd, d->digest, NULL, im, 0, err);
}

/* Several manifests without names are the platforms of one image; with names each is an image. */
static bool is_one_image(const struct manifest *index)
{
	size_t named = 0;
	vec_foreach (d, &index->manifests)
		named += strmap_get(&d->annotations, ANNOTATION_IMAGE) ||
			 strmap_get(&d->annotations, ANNOTATION_REF);
	return !named && index->manifests.n > 1;
}

static int read_entries(int dirfd, const struct manifest *index, archive_images *ret,
			struct error *err)
{
	if (is_one_image(index)) {
		const struct descriptor *d = pick(index, NULL);
		if (d)
			return read_entry(dirfd, d, ret, err);
		return error_set(err, ERR_NOT_FOUND,
				 "there is no image for this machine's platform in the archive");
	}
	int r = 0;
	vec_foreach (d, &index->manifests)
		if (r == 0 && !strmap_get(&d->annotations, ANNOTATION_KIND))
			r = read_entry(dirfd, d, ret, err);
	return r;
}

static int read_index(int dirfd, struct buf *text, struct manifest *ret, struct error *err)
{
	int r = archive_read_file(dirfd, "index.json", LIMIT_MANIFEST, text, err);
	if (r == 0)
		r = manifest_parse(text->p, text->len, MEDIA_OCI_INDEX, ret, err);
	if (r == 0 && !manifest_is_index(ret))
		r = error_set(err, ERR_INVALID, "index.json: not an index");
	return r;
}

int archive_read_oci(int dirfd, archive_images *ret, struct error *err)
{
	autobuf text = { 0 };
	struct manifest index = { 0 };
	int r = read_index(dirfd, &text, &index, err);
	if (r == 0)
		r = read_entries(dirfd, &index, ret, err);
	manifest_done(&index);
	return r;
}

/* One without a name that is the only one is meant by whatever name. */
static const struct descriptor *find_tag(const struct manifest *index, const char *tag)
{
	vec_foreach (d, &index->manifests) {
		const char *name = strmap_get(&d->annotations, ANNOTATION_REF);
		if (name && streq(name, tag))
			return d;
	}
	return index->manifests.n == 1 &&
			       !strmap_get(&index->manifests.v[0].annotations, ANNOTATION_REF)
		       ? index->manifests.v
		       : NULL;
}

int archive_read_layout(int dirfd, const struct layout_want *want, archive_images *ret,
			struct error *err)
{
	autobuf text = { 0 };
	struct manifest index = { 0 };
	const struct descriptor *d = NULL;
	int r = want->digest ? 0 : read_index(dirfd, &text, &index, err);
	if (r == 0 && !want->digest) {
		d = find_tag(&index, want->tag);
		if (!d)
			r = error_set(err, ERR_NOT_FOUND, "there is no image of the tag %s in it",
				      want->tag);
	}
	if (r == 0)
		r = resolve(dirfd, d ? d->digest : want->digest, want->platform, vec_add(ret), 0,
			    err);
	manifest_done(&index);
	return r;
}
