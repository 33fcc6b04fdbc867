/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_save(): what is written is a docker archive and an OCI layout at once (manifest.json beside
 * index.json, one set of blobs), so that every reader finds what it knows. An image that was pulled
 * or pushed keeps its manifest, and with it its digest; another gets one now, of layers that are
 * plain tars (oci: compressed ones, as a push makes them).
 */
#include "registry/archive-write.h"
#include "registry/members.h"
#include "registry/store-private.h"

#include "util/io.h"
#include "util/time.h"

#include <fcntl.h>
#include <unistd.h>

#define ANNOTATION_REF	 "org.opencontainers.image.ref.name"
#define ANNOTATION_IMAGE "io.containerd.image.name"
#define LAYOUT		 "{\"imageLayoutVersion\":\"1.0.0\"}"

struct save_layer {
	struct descriptor d;
	char *file; /* staged, ours to remove; NULL: a blob of the store */
};

struct save_image {
	struct image im;
	struct image_config config;
	struct strv tags;
	struct buf manifest;
	bool whole;		/* the manifest is the one that it had */
	struct members members; /* of the index that it came with, when all of them are here */
	VEC(struct save_layer) layers;
};

struct save {
	struct task task;
	struct store *s;
	bool oci;
	struct archive_out *out;
	VEC(struct save_image) images;
	size_t image, layer; /* what is being packed */
	struct task *packing;
};

static void save_cancel(struct task *t)
{
	task_cancel(container_of(t, struct save, task)->packing);
}

static void image_clear(struct store *s, struct save_image *si)
{
	vec_foreach (l, &si->layers) {
		if (l->file)
			unlinkat(store_dirfd(s), l->file, 0);
		free(l->file);
		descriptor_done(&l->d);
	}
	vec_done(&si->layers);
	image_done(&si->im);
	image_config_done(&si->config);
	strv_done(&si->tags);
	buf_done(&si->manifest);
	members_done(&si->members);
}

static void save_free(struct task *t)
{
	struct save *v = container_of(t, struct save, task);
	vec_foreach (si, &v->images)
		image_clear(v->s, si);
	vec_done(&v->images);
	archive_out_free(v->out);
	task_unref(v->packing);
	free(v);
}

static const struct task_ops save_ops = { "save images", save_cancel, save_free };

/* -- what there is -- */

/* Every blob that the manifest names is here. */
static bool manifest_whole(struct store *s, const struct manifest *m, size_t n_layers)
{
	bool all = m->layers.n == n_layers &&
		   store_blob_get(s, m->config.digest, NULL, NULL, NULL) == 1;
	vec_foreach (d, &m->layers)
		all = all && store_blob_get(s, d->digest, NULL, NULL, NULL) == 1;
	return all;
}

static int take_manifest(struct save *v, struct save_image *si, struct error *err)
{
	struct manifest m = { 0 };
	buf_init(&si->manifest, LIMIT_MANIFEST);
	if (!si->im.manifest_digest ||
	    store_blob_get(v->s, si->im.manifest_digest, NULL, NULL, NULL) != 1)
		return 0;
	int r = store_blob_read(v->s, si->im.manifest_digest, &si->manifest, err);
	if (r == 0)
		r = manifest_parse(si->manifest.p, si->manifest.len, si->im.manifest_type, &m, err);
	if (r < 0)
		return r;
	si->whole = manifest_whole(v->s, &m, si->config.diff_ids.n);
	if (si->whole)
		vec_foreach (d, &m.layers)
			descriptor_copy(&vec_add(&si->layers)->d, d);
	else
		buf_reset(&si->manifest);
	manifest_done(&m);
	return 0;
}

static int take_members(struct save *v, struct save_image *si, struct error *err)
{
	int r;
	if (!si->whole || !si->im.index_digest)
		return 0;
	r = members_read(v->s, si->im.index_digest, &si->members, err);
	if (r == 0)
		members_done(&si->members);
	return MIN(r, 0);
}

static struct save_image *find_image(struct save *v, const char *id)
{
	vec_foreach (si, &v->images)
		if (streq(si->im.id, id))
			return si;
	return NULL;
}

/* A name of an image is also what it is called in the archive; an id is not. */
static void add_tag(struct save_image *si, const char *name, const char *ref)
{
	autoref r = { 0 };
	if (ref && !starts_with(name, "sha256:") && image_ref_parse(name, &r, NULL) == 0) {
		autofree char *text = image_ref_text(&r);
		if (streq(text, ref) && !strv_has(&si->tags, ref))
			strv_push(&si->tags, ref);
	}
}

static int add_image(struct save *v, const char *name, struct error *err)
{
	struct image im = { 0 };
	int r = store_image_find(v->s, name, &im, err);
	if (r <= 0)
		return r < 0 ? r : error_set(err, ERR_NOT_FOUND, "no such image: %s", name);
	struct save_image *si = find_image(v, im.id);
	autofree char *ref = xstrdup0(im.ref);
	if (si) {
		image_done(&im);
		r = 0;
	} else {
		si = vec_add(&v->images);
		si->im = im;
		r = store_image_config(v->s, im.id, &si->config, err);
		if (r == 0)
			r = take_manifest(v, si, err);
		if (r == 0)
			r = take_members(v, si, err);
	}
	add_tag(si, name, ref);
	return r;
}

/* -- writing -- */

static char *blob_name(const char *digest)
{
	return xprintf("blobs/%.6s/%s", digest, digest_hex(digest));
}

static int put_blob(struct save *v, const char *digest, struct error *err)
{
	autofree char *name = blob_name(digest);
	autoclose int fd = -1;
	uint64_t size = 0;
	int r = store_blob_get(v->s, digest, &fd, &size, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "%s is not in the image store", digest);
	return r < 0 ? r : archive_out_copy(v->out, name, fd, size, err);
}

static int put_layer(struct save *v, const struct save_layer *l, struct error *err)
{
	autofree char *name = blob_name(l->d.digest);
	if (!l->file)
		return put_blob(v, l->d.digest, err);
	autoclose int fd = openat(store_dirfd(v->s), l->file, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "%s", l->file)
		      : archive_out_copy(v->out, name, fd, l->d.size, err);
}

static int put_members(struct save *v, const struct save_image *si, struct error *err)
{
	int r = 0;
	vec_foreach (d, &si->members.blobs)
		if (r == 0)
			r = put_blob(v, d->digest, err);
	vec_foreach (d, &si->members.manifests)
		if (r == 0)
			r = put_blob(v, d->digest, err);
	return r;
}

/* Borrows from si what it names. */
static char *new_manifest(const struct save_image *si, uint64_t config_size)
{
	struct manifest m = {
		.schema_version = 2,
		.media_type = (char[]){ MEDIA_OCI_MANIFEST },
		.config = { .media_type = (char[]){ MEDIA_OCI_CONFIG },
			    .digest = si->im.id,
			    .size = config_size },
	};
	vec_foreach (l, &si->layers)
		*vec_add(&m.layers) = l->d;
	char *text = manifest_text(&m);
	vec_done(&m.layers);
	return text;
}

static int put_image(struct save *v, struct save_image *si, struct error *err)
{
	char digest[DIGEST_MAX];
	uint64_t size = 0;
	int r = store_blob_get(v->s, si->im.id, NULL, &size, err);
	if (r >= 0 && !si->whole) {
		autofree char *text = new_manifest(si, size);
		buf_adds(&si->manifest, text);
	}
	hash_digest(si->manifest.p, si->manifest.len, digest);
	autofree char *name = blob_name(digest);
	if (r >= 0)
		r = put_blob(v, si->im.id, err);
	vec_foreach (l, &si->layers)
		if (r == 0)
			r = put_layer(v, l, err);
	if (r >= 0)
		r = put_members(v, si, err);
	return r < 0 ? r : archive_out_put(v->out, name, si->manifest.p, si->manifest.len, err);
}

static json_t *platform_json(const struct save_image *si)
{
	json_t *p = json_object();
	if (si->config.architecture)
		json_object_set_new(p, "architecture", json_string(si->config.architecture));
	if (si->config.os)
		json_object_set_new(p, "os", json_string(si->config.os));
	if (si->config.variant)
		json_object_set_new(p, "variant", json_string(si->config.variant));
	return p;
}

static json_t *whole_index_entry(struct save *v, const struct save_image *si)
{
	const struct descriptor *root = &si->members.manifests.v[si->members.manifests.n - 1];
	uint64_t size = 0;
	(void)store_blob_get(v->s, root->digest, NULL, &size, NULL);
	return json_pack("{s:s, s:s, s:I}", "mediaType",
			 root->media_type ? root->media_type : MEDIA_OCI_INDEX, "digest",
			 root->digest, "size", (json_int_t)size);
}

static json_t *manifest_entry(const struct save_image *si)
{
	char digest[DIGEST_MAX];
	const char *type = si->whole && si->im.manifest_type ? si->im.manifest_type
							     : MEDIA_OCI_MANIFEST;
	hash_digest(si->manifest.p, si->manifest.len, digest);
	return json_pack("{s:s, s:s, s:I, s:o}", "mediaType", type, "digest", digest, "size",
			 (json_int_t)si->manifest.len, "platform", platform_json(si));
}

static json_t *index_entry(struct save *v, const struct save_image *si, const char *tag)
{
	json_t *j = si->members.manifests.n ? whole_index_entry(v, si) : manifest_entry(si);
	autoref ref = { 0 };
	if (tag && image_ref_parse(tag, &ref, NULL) == 0)
		json_object_set_new(
			j, "annotations",
			json_pack("{s:s, s:s*}", ANNOTATION_IMAGE, tag, ANNOTATION_REF, ref.tag));
	return j;
}

static json_t *docker_entry(const struct save_image *si)
{
	autofree char *config = blob_name(si->im.id);
	json_t *tags = json_array(), *layers = json_array();
	strv_foreach (tag, &si->tags) {
		autoref ref = { 0 };
		if (image_ref_parse(tag, &ref, NULL) == 0) {
			autofree char *text = image_ref_familiar(&ref);
			json_array_append_new(tags, json_string(text));
		}
	}
	vec_foreach (l, &si->layers) {
		autofree char *name = blob_name(l->d.digest);
		json_array_append_new(layers, json_string(name));
	}
	return json_pack("{s:s, s:o, s:o}", "Config", config, "RepoTags", tags, "Layers", layers);
}

static int put_json(struct save *v, const char *name, const json_t *j, struct error *err)
{
	autofree char *text = json_text(j);
	return archive_out_put(v->out, name, text, strlen(text), err);
}

static int put_lists(struct save *v, struct error *err)
{
	autojson *docker = json_array(), *list = json_array();
	vec_foreach (si, &v->images) {
		strv_foreach (tag, &si->tags)
			json_array_append_new(list, index_entry(v, si, tag));
		if (!si->tags.n)
			json_array_append_new(list, index_entry(v, si, NULL));
		json_array_append_new(docker, docker_entry(si));
	}
	autojson *index = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType",
				    MEDIA_OCI_INDEX, "manifests", list);
	int r = put_json(v, "index.json", index, err);
	if (r == 0)
		r = put_json(v, "manifest.json", docker, err);
	if (r == 0)
		r = archive_out_put(v->out, "oci-layout", LAYOUT, strlen(LAYOUT), err);
	return r < 0 ? r : archive_out_end(v->out, err);
}

static void write_all(struct save *v)
{
	struct error err = ERROR_INIT;
	int r = 0;
	vec_foreach (si, &v->images)
		if (r == 0)
			r = put_image(v, si, &err);
	if (r == 0)
		r = put_lists(v, &err);
	task_end_with(&v->task, r, &err);
}

/* -- packing, one layer after the other -- */

static void pack_next(struct save *v);

static void packed(struct task *t, int r, void *userdata)
{
	struct save *v = userdata;
	struct error err = t->err;
	v->packing = task_unref(v->packing);
	if (r < 0) {
		task_end_with(&v->task, r, &err);
		return;
	}
	v->layer++;
	pack_next(v);
}

/* 1: the layer has a blob already: as it came, or as it was pushed. Only one that is asked for
 * compressed is made into one. */
static int take_known(struct save *v, const char *diff_id, struct save_layer *l, struct error *err)
{
	return v->oci ? 0 : layer_blob_known(v->s, diff_id, &l->d, err);
}

/* Whole from the start: the elements must not move while a task writes into them. */
static struct save_layer *layer_slot(struct save_image *si, size_t i)
{
	while (si->layers.n < si->config.diff_ids.n)
		vec_add(&si->layers);
	return &si->layers.v[i];
}

static struct save_image *next_image(struct save *v)
{
	while (v->image < v->images.n && (v->images.v[v->image].whole ||
					  v->layer >= v->images.v[v->image].config.diff_ids.n)) {
		v->image++;
		v->layer = 0;
	}
	return v->image < v->images.n ? &v->images.v[v->image] : NULL;
}

static void pack_next(struct save *v)
{
	struct error err = ERROR_INIT;
	struct save_image *si;
	while ((si = next_image(v))) {
		const char *diff_id = si->config.diff_ids.v[v->layer];
		struct save_layer *l = layer_slot(si, v->layer);
		int r = take_known(v, diff_id, l, &err);
		if (r < 0) {
			task_fail(&v->task, &err);
			return;
		}
		if (r == 0) {
			v->packing = v->oci ? store_layer_blob(v->s, v->task.loop, diff_id,
							       LAYER_GZIP, &l->d)
					    : layer_pack_file(v->s, v->task.loop, diff_id, &l->d,
							      &l->file);
			task_on_done(v->packing, packed, v);
			return;
		}
		v->layer++;
	}
	write_all(v);
}

struct task *store_save(struct store *s, sd_event *loop, const struct strv *names, const char *path,
			bool oci)
{
	struct save *v = xnew(struct save);
	struct error err = ERROR_INIT;
	int r = 0;
	task_init(&v->task, &save_ops, loop);
	v->s = s;
	v->oci = oci;
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = add_image(v, names->v[i], &err);
	if (r == 0)
		r = archive_out_new(path, &v->out, &err);
	if (r < 0)
		task_fail(&v->task, &err);
	else
		pack_next(v);
	return &v->task;
}
