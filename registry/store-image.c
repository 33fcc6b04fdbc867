/* SPDX-License-Identifier: Apache-2.0 */
/* Images: what they are called, and what keeps them. */
#include "registry/store-private.h"

#include "util/io.h"
#include "util/time.h"

#include <unistd.h>

#define LIMIT_INDEX	 (64 << 20)
#define SHORT_ID_MIN	 4
#define ANNOTATION_REF	 "org.opencontainers.image.ref.name"
#define ANNOTATION_IMAGE "io.containerd.image.name"

/* The columns of read_image(); a name's own manifest comes before the image's last one. */
#define IMAGE_COLUMNS                                                                         \
	"refs.ref, images.id, coalesce(refs.manifest_digest, images.manifest_digest),"        \
	" coalesce(refs.manifest_type, images.manifest_type),"                                \
	" coalesce(refs.index_digest, images.index_digest), images.platform, images.created," \
	" coalesce(refs.added, images.added), images.size"

static void read_image(sqlite3_stmt *st, struct image *im)
{
	*im = (struct image){
		.ref = db_dup(st, 0),
		.id = db_dup(st, 1),
		.manifest_digest = db_dup(st, 2),
		.manifest_type = db_dup(st, 3),
		.index_digest = db_dup(st, 4),
		.platform = db_dup(st, 5),
		.created = sqlite3_column_int64(st, 6),
		.added = sqlite3_column_int64(st, 7),
		.size = (uint64_t)sqlite3_column_int64(st, 8),
	};
}

void image_done(struct image *im)
{
	free(im->ref);
	free(im->id);
	free(im->manifest_digest);
	free(im->manifest_type);
	free(im->index_digest);
	free(im->platform);
	*im = (struct image){ 0 };
}

void image_vec_done(image_vec *v)
{
	vec_foreach (im, v)
		image_done(im);
	vec_done(v);
}

/* One row, or none; two different ids is a name that means two images. */
static int take_one(sqlite3_stmt *st, const char *name, struct image *ret, struct error *err)
{
	struct image im = { 0 };
	int r = db_step(st, err);
	if (r <= 0)
		return r;
	read_image(st, &im);
	while ((r = db_step(st, err)) > 0 && streq(db_text(st, 1), im.id))
		;
	if (r != 0) {
		image_done(&im);
		return r < 0 ? r
			     : error_set(err, ERR_CONFLICT,
					 "\"%s\" is the beginning of several image ids: write more "
					 "of it",
					 name);
	}
	*ret = im;
	return 1;
}

static int find_ref(struct store *s, const char *ref, struct image *ret, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err,
			 "SELECT " IMAGE_COLUMNS
			 " FROM refs JOIN images USING (id) WHERE refs.ref = ?",
			 "s", ref);
	return r < 0 ? r : take_one(st, ref, ret, err);
}

/* NAME@DIGEST: any name of that repository whose manifest or index has it. */
static int find_digest(struct store *s, const struct image_ref *ref, struct image *ret,
		       struct error *err)
{
	autostmt *st = NULL;
	autofree char *repo = xprintf("%s/%s", ref->domain, ref->path);
	int r = db_query(s->db, &st, err,
			 "SELECT " IMAGE_COLUMNS " FROM refs JOIN images USING (id)"
			 " WHERE (substr(refs.ref, 1, length(?1) + 1) IN (?1 || ':', ?1 || '@'))"
			 " AND ?2 IN (refs.manifest_digest, refs.index_digest)",
			 "ss", repo, ref->digest);
	return r < 0 ? r : take_one(st, ref->digest, ret, err);
}

static bool is_hex(const char *s)
{
	return strspn(s, "0123456789abcdef") == strlen(s);
}

/* Every id that begins so; the image's first name goes with it. */
static int find_id(struct store *s, const char *name, struct image *ret, struct error *err)
{
	autostmt *st = NULL;
	const char *hex = skip_prefix(name, "sha256:");
	hex = hex ? hex : name;
	if (strlen(hex) < SHORT_ID_MIN || strlen(hex) > 64 || !is_hex(hex))
		return 0;
	autofree char *from = xprintf("sha256:%s", hex);
	autofree char *to = xprintf("sha256:%sg", hex);
	int r = db_query(s->db, &st, err,
			 "SELECT " IMAGE_COLUMNS " FROM images LEFT JOIN refs USING (id)"
			 " WHERE images.id >= ? AND images.id < ? ORDER BY images.id, refs.added",
			 "ss", from, to);
	return r < 0 ? r : take_one(st, name, ret, err);
}

static int find_name(struct store *s, const char *name, struct image *ret, struct error *err)
{
	autoref ref = { 0 };
	if (image_ref_parse(name, &ref, NULL) < 0)
		return 0;
	autofree char *text = image_ref_text(&ref);
	int r = find_ref(s, text, ret, err);
	if (r == 0 && ref.digest)
		r = find_digest(s, &ref, ret, err);
	return r;
}

static int find(struct store *s, const char *name, struct image *ret, struct error *err)
{
	int r = starts_with(name, "sha256:") ? 0 : find_name(s, name, ret, err);
	return r == 0 ? find_id(s, name, ret, err) : r;
}

int store_image_find(struct store *s, const char *name, struct image *ret, struct error *err)
{
	struct image im = { 0 };
	int r = store_hold(s, err), p = 0;
	if (r < 0)
		return r;
	r = find(s, name, &im, err);
	if (r > 0)
		p = pin(s, GC_ROOT_IMAGE, im.id, err);
	store_release(s);
	if (r <= 0 || p < 0) {
		image_done(&im);
		return MIN(r, p);
	}
	*ret = im;
	return r;
}

/* Who has the config goes for the layers. */
static int config(struct store *s, const char *id, struct image_config *ret, struct error *err)
{
	struct image_config c = { 0 };
	autobuf text = { 0 };
	buf_init(&text, LIMIT_CONFIG);
	int r = store_blob_read(s, id, &text, err);
	if (r == 0)
		r = image_config_parse(text.p, text.len, &c, err);
	for (size_t i = 0; r == 0 && i < c.diff_ids.n; i++)
		r = pin(s, GC_ROOT_LAYER, c.diff_ids.v[i], err);
	if (r < 0)
		image_config_done(&c);
	else
		*ret = c;
	return r;
}

int store_image_config(struct store *s, const char *id, struct image_config *ret, struct error *err)
{
	int r = store_hold(s, err);
	if (r < 0)
		return r;
	r = config(s, id, ret, err);
	store_release(s);
	return r < 0 ? error_wrap(err, "image %.19s", id) : 0;
}

/* -- writing -- */

static int insert_layers(struct store *s, const char *id, const struct image_config *c,
			 uint64_t *ret_size, struct error *err)
{
	int r = 0;
	*ret_size = 0;
	for (size_t i = 0; r >= 0 && i < c->diff_ids.n; i++) {
		const char *diff_id = c->diff_ids.v[i];
		int64_t size = 0;
		r = db_query_i64(s->db, &size, err, "SELECT size FROM layers WHERE diff_id = ?",
				 "s", diff_id);
		if (r == 0)
			return error_set(err, ERR_NOT_FOUND,
					 "image %.19s: layer %s is not in the image store", id,
					 diff_id);
		if (r > 0)
			r = db_run(s->db, err,
				   "INSERT INTO image_layers (id, position, diff_id)"
				   " VALUES (?, ?, ?)",
				   "sis", id, (int64_t)i, diff_id);
		*ret_size += (uint64_t)size;
	}
	return MIN(r, 0);
}

static int64_t created_of(const struct image_config *c)
{
	int64_t t = 0;
	if (c->created)
		time_parse(c->created, &t, NULL);
	return t;
}

static char *platform_of(const struct image_config *c)
{
	bool variant = c->variant && *c->variant;
	return xprintf("%s/%s%s%s", c->os ? c->os : "linux", c->architecture ? c->architecture : "",
		       variant ? "/" : "", variant ? c->variant : "");
}

/* The row first: the layers' rows point at it. */
static int insert_image(struct store *s, const char *id, struct error *err)
{
	struct image_config c = { 0 };
	uint64_t size = 0;
	int64_t one;
	int r = db_query_i64(s->db, &one, err, "SELECT 1 FROM images WHERE id = ?", "s", id);
	if (r != 0)
		return MIN(r, 0);
	r = store_image_config(s, id, &c, err);
	if (r < 0)
		return r;
	autofree char *platform = platform_of(&c);
	r = db_run(s->db, err,
		   "INSERT INTO images (id, platform, created, added, size) VALUES (?, ?, ?, ?, 0)",
		   "ssii", id, platform, created_of(&c), time_now());
	if (r == 0)
		r = insert_layers(s, id, &c, &size, err);
	if (r == 0)
		r = db_run(s->db, err, "UPDATE images SET size = ? WHERE id = ?", "is",
			   (int64_t)size, id);
	image_config_done(&c);
	return r;
}

static int insert_names(struct store *s, const struct image *im, struct error *err)
{
	int r = 0;
	if (im->manifest_digest)
		r = db_run(s->db, err,
			   "UPDATE images SET manifest_digest = ?, manifest_type = ?,"
			   " index_digest = ? WHERE id = ?",
			   "ssss", im->manifest_digest, im->manifest_type, im->index_digest,
			   im->id);
	if (r == 0 && im->ref)
		r = db_run(
			s->db, err,
			"INSERT INTO refs (ref, id, manifest_digest, manifest_type, index_digest,"
			" added) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (ref) DO UPDATE SET"
			" id = excluded.id, manifest_digest = excluded.manifest_digest,"
			" manifest_type = excluded.manifest_type,"
			" index_digest = excluded.index_digest, added = excluded.added",
			"sssssi", im->ref, im->id, im->manifest_digest, im->manifest_type,
			im->index_digest, time_now());
	return r < 0 ? r : store_write_index(s, err);
}

static int tag(struct store *s, const struct image *im, struct error *err)
{
	int r = pin(s, GC_ROOT_IMAGE, im->id, err);
	if (r == 0)
		r = db_begin(s->db, err);
	if (r < 0)
		return r;
	r = insert_image(s, im->id, err);
	if (r == 0)
		r = insert_names(s, im, err);
	return db_end(s->db, r, err);
}

int store_image_tag(struct store *s, const struct image *im, struct error *err)
{
	int r = store_sync(s, err);
	if (r == 0)
		r = store_hold(s, err);
	if (r < 0)
		return r;
	r = tag(s, im, err);
	store_release(s);
	return r;
}

static int normal_ref(const char *name, char **ret, struct error *err)
{
	autoref ref = { 0 };
	int r = image_ref_parse(name, &ref, err);
	if (r == 0)
		*ret = image_ref_text(&ref);
	return r;
}

int store_image_create(struct store *s, const struct image_config *c, const char *ref,
		       char ret_id[DIGEST_MAX], struct error *err)
{
	autofree char *text = image_config_text(c);
	autofree char *full = NULL;
	char id[DIGEST_MAX];
	int r = ref ? normal_ref(ref, &full, err) : 0;
	if (r == 0)
		r = store_blob_put(s, text, strlen(text), id, err);
	if (r == 0)
		r = store_image_tag(s, &(struct image){ .ref = full, .id = id }, err);
	if (r == 0)
		snprintf(ret_id, DIGEST_MAX, "%s", id);
	return r;
}

int store_image_list(struct store *s, image_vec *ret, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err,
			 "SELECT " IMAGE_COLUMNS " FROM images LEFT JOIN refs USING (id)"
			 " ORDER BY images.created DESC, images.id, refs.ref",
			 "");
	while (r >= 0 && (r = db_step(st, err)) > 0)
		read_image(st, vec_add(ret));
	if (r < 0)
		image_vec_done(ret);
	return r;
}

/* -- removing -- */

/* 1 when a container or the like needs it. */
static int image_in_use(struct store *s, const char *id, char **ret_owner, struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(s->db, &st, err, "SELECT owner FROM uses WHERE id = ? ORDER BY owner", "s",
			 id);
	if (r == 0)
		r = db_step(st, err);
	if (r > 0)
		*ret_owner = db_dup(st, 0);
	return r;
}

static int delete_image(struct store *s, const char *id, struct strv *ret_deleted,
			struct error *err)
{
	int r = db_run(s->db, err, "DELETE FROM images WHERE id = ?", "s", id);
	if (r == 0)
		strv_push(ret_deleted, id);
	return r;
}

static int untag(struct store *s, const char *id, const char *ref, struct strv *ret_untagged,
		 struct error *err)
{
	autostmt *st = NULL;
	int r = db_query(
		s->db, &st, err,
		"DELETE FROM refs WHERE id = ?1 AND (?2 IS NULL OR ref = ?2) RETURNING ref", "ss",
		id, ref);
	while (r >= 0 && (r = db_step(st, err)) > 0)
		strv_push(ret_untagged, db_text(st, 0));
	return r;
}

/* ref NULL: the image as a whole, with all its names. */
static int remove_names(struct store *s, const struct image *im, const char *ref, bool force,
			struct strv *ret_untagged, struct strv *ret_deleted, struct error *err)
{
	autofree char *owner = NULL;
	int64_t names = 0;
	int r = db_query_i64(s->db, &names, err,
			     "SELECT count(*) FROM refs WHERE id = ?1 AND ref IS NOT ?2", "ss",
			     im->id, ref);
	if (r >= 0)
		r = image_in_use(s, im->id, &owner, err);
	if (r < 0)
		return r;
	if (r > 0 && !force && (!ref || names == 0))
		return error_set(
			err, ERR_CONFLICT,
			"image %s is used by %s: remove that first, or use --force to take "
			"the name away",
			ref ? ref : im->id, owner);
	if (!ref && names > 1 && !force)
		return error_set(
			err, ERR_CONFLICT,
			"image %.19s has %lld names: name one, or use --force to remove all",
			im->id, (long long)names);
	bool used = r > 0;
	r = gc_doom(s, im->id, err);
	if (r == 0)
		r = untag(s, im->id, ref, ret_untagged, err);
	if (r == 0 && !used && (!ref || names == 0))
		r = delete_image(s, im->id, ret_deleted, err);
	return r < 0 ? r : store_write_index(s, err);
}

/* 1: by a name of its own, not by a digest. */
static int find_to_remove(struct store *s, const char *name, struct image *ret, struct error *err)
{
	int r = starts_with(name, "sha256:") ? 0 : find_name(s, name, ret, err);
	if (r != 0)
		return r;
	r = find(s, name, ret, err);
	return r > 0 ? 0 : r < 0 ? r : error_set(err, ERR_NOT_FOUND, "no such image: %s", name);
}

static int remove_image(struct store *s, const char *name, bool force, struct strv *ret_untagged,
			struct strv *ret_deleted, struct error *err)
{
	struct image im = { 0 };
	int named = find_to_remove(s, name, &im, err);
	int r = MIN(named, 0);
	if (r == 0)
		r = remove_names(s, &im, named ? im.ref : NULL, force, ret_untagged, ret_deleted,
				 err);
	if (r == 0 && ret_deleted->n)
		r = gc_remove_doomed(s, err);
	image_done(&im);
	return r;
}

int store_image_remove(struct store *s, const char *name, bool force, struct strv *ret_untagged,
		       struct strv *ret_deleted, struct error *err)
{
	pins_drop(s);
	int r = store_hold_alone(s, err);
	if (r < 0)
		return r;
	r = gc_begin(s, err);
	if (r == 0)
		r = remove_image(s, name, force, ret_untagged, ret_deleted, err);
	return gc_finish(s, r, ret_deleted, err);
}

int store_image_use(struct store *s, const char *id, const char *owner, struct error *err)
{
	return db_run(s->db, err,
		      "INSERT INTO uses (owner, id) VALUES (?, ?) ON CONFLICT DO NOTHING", "ss",
		      owner, id);
}

int store_image_release(struct store *s, const char *owner, struct error *err)
{
	return db_run(s->db, err, "DELETE FROM uses WHERE owner = ?", "s", owner);
}

/* -- the layout's index -- */

static json_t *index_entry(sqlite3_stmt *st)
{
	const char *whole = db_text(st, 0);
	json_t *notes = json_pack("{s:s, s:s}", ANNOTATION_IMAGE, whole, ANNOTATION_REF, whole);
	return json_pack("{s:s, s:s, s:I, s:o}", "mediaType", db_text(st, 2), "digest",
			 db_text(st, 1), "size", (json_int_t)sqlite3_column_int64(st, 3),
			 "annotations", notes);
}

/* Within the transaction that changed the names: so the last one to write knows them all. */
int store_write_index(struct store *s, struct error *err)
{
	autostmt *st = NULL;
	autojson *list = json_array();
	int r = db_query(s->db, &st, err,
			 "SELECT ref, manifest_digest, manifest_type, blobs.size FROM refs"
			 " JOIN blobs ON blobs.digest = refs.manifest_digest"
			 " WHERE manifest_type IS NOT NULL ORDER BY ref",
			 "");
	while (r >= 0 && (r = db_step(st, err)) > 0)
		json_array_append_new(list, index_entry(st));
	if (r < 0)
		return r;
	autojson *index = json_pack("{s:i, s:s, s:O}", "schemaVersion", 2, "mediaType",
				    MEDIA_OCI_INDEX, "manifests", list);
	autofree char *text = json_text(index);
	return io_replace_fast(s->dirfd, "index.json", text, strlen(text), 0600, err);
}
