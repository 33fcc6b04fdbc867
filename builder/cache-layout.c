/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache-layout.h"

#include "registry/members.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANNOTATION_REF "org.opencontainers.image.ref.name"

static const char *tag_of(const struct cache_spec *spec)
{
	return spec->tag ? spec->tag : "latest";
}

static int open_dir(const char *dir, int *ret, struct error *err)
{
	*ret = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? error_sys(err, "%s", dir) : 0;
}

/* ---- reading ---- */

/* A blob in memory, which must be what its digest says. */
static int read_blob(int dirfd, const char *digest, size_t max, struct buf *out, struct error *err)
{
	autofree char *path = xprintf("blobs/%.6s/%s", digest, digest_hex(digest));
	char have[DIGEST_MAX];
	autoclose int fd = -1;
	int r;

	buf_init(out, max);
	r = path_open_in(dirfd, PATH_IN_ROOT, path, O_RDONLY | O_NONBLOCK, 0, &fd, err);
	if (r == 0)
		r = io_read_fd(fd, out, err);
	if (r < 0)
		return error_wrap(err, "%s", path);
	hash_digest(out->p, out->len, have);
	return streq(have, digest)
		       ? 0
		       : error_set(err, ERR_CORRUPT, "%s does not have its digest", path);
}

static int read_index(int dirfd, struct manifest *ret, struct error *err)
{
	autobuf text = { 0 };
	int r;

	buf_init(&text, LIMIT_MANIFEST);
	r = io_read_file(dirfd, "index.json", &text, err);
	return r < 0 ? r : manifest_parse(text.p, text.len, MEDIA_OCI_INDEX, ret, err);
}

static const struct descriptor *find(const struct cache_spec *spec, const struct manifest *index)
{
	vec_foreach (d, &index->manifests) {
		const char *tag = strmap_get(&d->annotations, ANNOTATION_REF);

		if (spec->digest ? streq(d->digest, spec->digest) : tag && streq(tag, tag_of(spec)))
			return d;
	}
	return NULL;
}

static int read_manifest(const struct cache_spec *spec, int dirfd, struct manifest *ret,
			 struct error *err)
{
	struct manifest index = { 0 };
	const struct descriptor *d;
	autobuf text = { 0 };
	int r = read_index(dirfd, &index, err);

	if (r < 0)
		return r;
	d = find(spec, &index);
	if (!d)
		r = error_set(err, ERR_NOT_FOUND, "there is no cache called %s",
			      spec->digest ? spec->digest : tag_of(spec));
	else
		r = read_blob(dirfd, d->digest, LIMIT_MANIFEST, &text, err);
	if (r == 0)
		r = manifest_parse(text.p, text.len, d->media_type, ret, err);
	manifest_done(&index);
	return r;
}

/* BuildKit may have put layers and config into an index. */
static const struct descriptor *config_of(const struct manifest *m)
{
	vec_foreach (d, &m->manifests)
		if (d->media_type && strstr(d->media_type, "cacheconfig"))
			return d;
	return m->config.digest ? &m->config : NULL;
}

int cache_layout_read(const struct cache_spec *spec, cache_record_vec *ret, struct error *err)
{
	struct manifest m = { 0 };
	const struct descriptor *config, *layers;
	autobuf text = { 0 };
	autoclose int fd = -1;
	int r = open_dir(spec->dir, &fd, err);

	if (r == 0)
		r = read_manifest(spec, fd, &m, err);
	if (r < 0)
		return r;
	config = config_of(&m);
	layers = m.manifests.n ? m.manifests.v : m.layers.v;
	r = config ? read_blob(fd, config->digest, LIMIT_CONFIG, &text, err)
		   : error_set(err, ERR_INVALID, "it is not a build cache");
	if (r == 0)
		r = cache_config_parse(text.p, text.len, layers, MAX(m.manifests.n, m.layers.n),
				       NULL, ret, err);
	manifest_done(&m);
	return r;
}

struct task *cache_layout_layer(const struct cache_spec *spec, struct store *s, sd_event *loop,
				const struct cache_record *rec)
{
	struct error err = ERROR_INIT;
	autoclose int fd = -1;
	int r = open_dir(spec->dir, &fd, &err);

	if (r == 0)
		r = layout_blob_load(s, &rec->blob, fd, &err);
	if (r == 0)
		r = error_set(&err, ERR_NOT_FOUND, "the layer %s is not there", rec->blob.digest);
	return r < 0 ? task_resolved(loop, r, &err)
		     : store_layer_unpack_blob(s, loop, rec->diff_id, rec->blob.digest);
}

/* ---- writing ---- */

static int write_blob(struct store *s, const char *digest, int blobs, struct error *err)
{
	autofree char *temp = xprintf(".%s", digest_hex(digest));
	autoclose int from = -1, to = -1;
	uint64_t n;
	int r;

	if (faccessat(blobs, digest_hex(digest), F_OK, 0) == 0)
		return 0;
	r = store_blob_get(s, digest, &from, NULL, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "the blob %s is not in the store", digest);
	if (r < 0)
		return r;
	to = openat(blobs, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (to < 0)
		return error_sys(err, "%s", temp);
	r = io_copy(from, to, UINT64_MAX, &n, err);
	if (r == 0 && renameat(blobs, temp, blobs, digest_hex(digest)) < 0)
		r = error_sys(err, "%s", temp);
	if (r < 0)
		unlinkat(blobs, temp, 0);
	return r;
}

static int write_blobs(struct store *s, const struct manifest *m, const char *digest, int dirfd,
		       struct error *err)
{
	autoclose int blobs = openat(dirfd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = blobs < 0 ? error_sys(err, "blobs/sha256") : 0;

	vec_foreach (d, &m->layers)
		r = r < 0 ? r : write_blob(s, d->digest, blobs, err);
	if (r == 0)
		r = write_blob(s, m->config.digest, blobs, err);
	return r < 0 ? r : write_blob(s, digest, blobs, err);
}

/* A damaged index is begun anew. */
static int write_index(const struct cache_spec *spec, const struct descriptor *d, int dirfd,
		       struct error *err)
{
	struct manifest index = { 0 };
	autofree char *text = NULL;
	int r;

	if (read_index(dirfd, &index, NULL) < 0)
		index = (struct manifest){ .schema_version = 2,
					   .media_type = xstrdup(MEDIA_OCI_INDEX) };
	for (size_t i = index.manifests.n; i-- > 0;) {
		struct descriptor *old = &index.manifests.v[i];
		const char *tag = strmap_get(&old->annotations, ANNOTATION_REF);

		if (tag && !streq(tag, tag_of(spec)))
			continue;
		descriptor_done(old);
		vec_remove(&index.manifests, i);
	}
	descriptor_copy(vec_add(&index.manifests), d);
	text = manifest_text(&index);
	r = io_replace(dirfd, "index.json", text, strlen(text), 0644, err);
	manifest_done(&index);
	return r;
}

int cache_layout_write(const struct cache_spec *spec, struct store *s, const struct manifest *m,
		       struct error *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	autofree char *text = manifest_text(m), *blobs = path_join(spec->dir, "blobs/sha256");
	struct descriptor d = { .media_type = xstrdup(m->media_type), .size = strlen(text) };
	char digest[DIGEST_MAX];
	autoclose int fd = -1;
	int r = store_blob_put(s, text, strlen(text), digest, err);

	d.digest = xstrdup(digest);
	strmap_set(&d.annotations, ANNOTATION_REF, tag_of(spec));
	if (r == 0)
		r = path_mkdirs(AT_FDCWD, blobs, 0755, err);
	if (r == 0)
		r = open_dir(spec->dir, &fd, err);
	if (r == 0)
		r = io_replace(fd, "oci-layout", layout, strlen(layout), 0644, err);
	if (r == 0)
		r = write_blobs(s, m, digest, fd, err);
	if (r == 0)
		r = write_index(spec, &d, fd, err);
	descriptor_done(&d);
	return r;
}
