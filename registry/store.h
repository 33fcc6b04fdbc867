/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image store: an OCI image layout (blobs by digest), each layer unpacked once into a directory
 * by its diff id, and what is called what in SQLite.
 *
 *	STATE/oci-layout, index.json
 *	STATE/blobs/sha256/HEX    whole and verified; read-only
 *	STATE/ingest/HEX          a blob on its way (its lock: who fetches it; kept after a kill)
 *	STATE/layers/HEX/         a layer by diff id, overlayfs's own form (whiteouts as 0/0
 *	                          devices, trusted.overlay.opaque); appears by rename
 *	STATE/stage/RANDOM/       what one process has under way; gone with it
 *	STATE/lock                held, for moments, by who looks something up; alone by gc
 *	STATE/state.db            SQLite: images, blobs, layers, and the tables of engine and
 *builder
 *
 * Any number of our processes may use it at once. Whatever is killed, whenever: a thing is whole or
 * absent. That holds for power loss too: what has no row in the database does not count, and rows
 *of bytes that were not synced before the power went are dropped by the next store_open(). Syncing
 *is done once per image (store_image_tag), not per file.
 *
 * A blob, layer or image that this process has named (put, ingested, looked up for use) is safe
 * from the gc of others until the store is closed; what it removes itself is its own affair.
 *
 * An image in the store is its config (a blob; its digest is the image id), its layers, and, once
 * it was pulled or pushed, its manifest and compressed blobs. What we built has no compressed blobs
 * until it is pushed or saved: they are made from the layer directories, deterministically, and
 * remembered by diff id.
 *
 * Layers must be mounted with redirect_dir=off,metacopy=off,index=off, in a user namespace also
 * userxattr: what overlayfs keeps elsewhere than in the upper can't become a layer.
 */
#ifndef REGISTRY_STORE_H
#define REGISTRY_STORE_H

#include "event/task.h"
#include "registry/image.h"
#include "registry/ref.h"
#include "util/buf.h"

#include <sqlite3.h>

struct store;
/* Makes what is not there. Blocks, briefly. */
int store_open(const char *state_dir, struct store **ret, struct error *err);
struct store *store_free(struct store *s);
DEFINE_FREEP(struct store, store_free);
const char *store_dir(const struct store *s);
int store_dirfd(const struct store *s);
/* The database, for other tables of the same state (engine, build cache), which are made by
 * db_migrate() under a name of their own (registry/db.h). WAL, busy timeout, foreign keys on. */
sqlite3 *store_db(struct store *s);

/* -- blobs -- */
/* 1 and an open descriptor (owned by the caller) and size when it is there, 0 when not. ret_fd,
 * ret_size may be NULL. */
int store_blob_get(struct store *s, const char *digest, int *ret_fd, uint64_t *ret_size,
		   struct error *err);
/* All of it in memory; more than out->max is -ERR_LIMIT, absence -ERR_NOT_FOUND. */
int store_blob_read(struct store *s, const char *digest, struct buf *out, struct error *err);
int store_blob_put(struct store *s, const void *p, size_t n, char ret_digest[DIGEST_MAX],
		   struct error *err);

/* A blob on its way in. One process at a time holds an ingest of a digest; others wait for it in
 * the loop. */
struct ingest;
/* size: UINT64_MAX when it is not known. 1: it is already there. 0: *ret is ours, and
 * *ret_offset bytes are here from an earlier try (hashed already). 2: another process is at it:
 * watch store_ingest_wait(). */
int store_ingest_begin(struct store *s, const char *digest, uint64_t size, struct ingest **ret,
		       uint64_t *ret_offset, struct error *err);
struct task *store_ingest_wait(struct store *s, sd_event *loop, const char *digest);
int ingest_write(struct ingest *in, const void *p, size_t n, struct error *err);
/* Size and digest checked, renamed. On -ERR_CORRUPT what was there is dropped. Ends the ingest. */
int ingest_commit(struct ingest *in, struct error *err);
struct ingest *ingest_free(struct ingest *in); /* keeps the partial file for the next try */
DEFINE_FREEP(struct ingest, ingest_free);

/* -- layers -- */
bool store_layer_has(struct store *s, const char *diff_id);
/* STATE/layers/HEX; owned by the caller. */
char *store_layer_path(const struct store *s, const char *diff_id);
/* Unpacks bytes that arrive on a pipe (compressed as they are, sniffed) with compose-unpack, which
 * verifies both the compressed digest and the diff id; nothing is visible before both hold. *ret_fd
 * is the pipe's write end, non-blocking, owned by the caller, to be closed at the end. */
struct task *store_layer_unpack(struct store *s, sd_event *loop, const char *diff_id,
				const char *blob_digest, int *ret_fd);
/* The same from a blob that is already in the store. */
struct task *store_layer_unpack_blob(struct store *s, sd_event *loop, const char *diff_id,
				     const char *blob_digest);
/* A directory that has become a layer (an overlay's upper, in a directory of store_layer_stage()):
 * compose-pack reads it to compute its diff id, then it moves to its place by rename.
 * mtimes after mtime_max (s; INT64_MAX: none) become that, in the directory too. ret_diff_id and
 * ret_size (bytes of the tar) are set before done. */
struct task *store_layer_adopt(struct store *s, sd_event *loop, const char *dir, int64_t mtime_max,
			       char ret_diff_id[DIGEST_MAX], uint64_t *ret_size);
/* A fresh empty directory on the store's file system, for an upper (with a work directory beside
 * it); owned by the caller, who adopts or removes it. Ones whose process is gone are removed by
 * store_open. */
int store_layer_stage(struct store *s, char **ret_dir, struct error *err);
/* Gives up a directory of store_layer_stage() that was not adopted. */
int store_layer_unstage(struct store *s, const char *dir, struct error *err);
enum layer_compression { LAYER_GZIP, LAYER_ZSTD, LAYER_PLAIN };
/* A blob of this layer: one that is known, else made now. The descriptor's media type fits. */
struct task *store_layer_blob(struct store *s, sd_event *loop, const char *diff_id,
			      enum layer_compression c, struct descriptor *ret);

/* -- images -- */
struct image {
	char *ref;	       /* "docker.io/library/redis:7", NULL for one without a name */
	char *id;	       /* digest of the config */
	char *manifest_digest; /* NULL until pulled or pushed */
	char *manifest_type;
	char *index_digest; /* the index that the user's reference named, or NULL: RepoDigests show
			       it */
	char *platform;	    /* "linux/amd64" */
	int64_t created, added; /* ns */
	uint64_t size;		/* bytes of its unpacked layers */
};
void image_done(struct image *im);

/* By reference (parsed and normalised here), by id ("sha256:..." or at least 4 hex digits of it),
 * by repo digest. 1 found, 0 not. */
int store_image_find(struct store *s, const char *name, struct image *ret, struct error *err);
/* The same for a platform: the image that has the name, else the member of its index whose config
 * and layers are here. 1 found, 0 not. */
int store_image_member(struct store *s, const char *name, const struct platform *want,
		       struct image *ret, struct error *err);
int store_image_config(struct store *s, const char *id, struct image_config *ret,
		       struct error *err);
/* Names an image whose config blob and layers are in the store. Replaces what had this name (which
 * keeps existing nameless). */
int store_image_tag(struct store *s, const struct image *im, struct error *err);
/* Writes the config, and tags it (ref may be NULL). Returns the id. */
int store_image_create(struct store *s, const struct image_config *c, const char *ref,
		       char ret_id[DIGEST_MAX], struct error *err);
typedef VEC(struct image) image_vec;
void image_vec_done(image_vec *v);
int store_image_list(struct store *s, image_vec *ret, struct error *err);
/* Removes the name; the image itself goes when no name and no container (use) needs it. Answers
 * what went. */
int store_image_remove(struct store *s, const char *name, bool force, struct strv *ret_untagged,
		       struct strv *ret_deleted, struct error *err);
/* A use keeps an image: owner is "container:ID" and so on. */
int store_image_use(struct store *s, const char *id, const char *owner, struct error *err);
int store_image_release(struct store *s, const char *owner, struct error *err);

/* -- housekeeping -- */
/* Whoever keeps digests in a table of its own in store_db() says so once (in its migration): gc
 * then keeps what the column names (an image's id, a layer's diff id, a blob's digest). */
enum gc_root_kind { GC_ROOT_IMAGE, GC_ROOT_LAYER, GC_ROOT_BLOB };
int store_gc_root(struct store *s, enum gc_root_kind kind, const char *table, const char *column,
		  struct error *err);
/* Whoever keeps a table of what only saves time says so as well: rows whose column `used` (ns) is a
 * week old go, with `all` every one. Asked before roots are, so that a row which goes keeps
 * nothing. */
int store_gc_cache(struct store *s, const char *table, const char *used, struct error *err);
struct store_gc_report {
	uint64_t bytes;
	size_t blobs, layers, images, partials, cached;
};
/* What nothing needs: removed, or with dry_run only counted. */
int store_gc(struct store *s, bool dry_run, bool all, struct store_gc_report *ret,
	     struct error *err);
/* Every blob against its digest, every layer against the database; fn is told each fault. 0: whole;
 * 1: faults were found. */
typedef void (*store_fault_fn)(void *userdata, const char *what, const char *digest,
			       const char *fault);
int store_fsck(struct store *s, bool mend, store_fault_fn fn, void *userdata, struct error *err);

/* -- archives (docker archive and OCI layout, tar or directory) -- */
struct task *store_save(struct store *s, sd_event *loop, const struct strv *names, const char *path,
			bool oci);
/* One image of an OCI layout in a directory, which gets no name. want must live until the end. */
struct layout_want {
	const char *tag, *digest; /* one of them */
	const struct platform *platform;
};
struct task *store_load_layout(struct store *s, sd_event *loop, int dirfd,
			       const struct layout_want *want, struct image *ret);
/* names: what was loaded, set before done. */
struct task *store_load(struct store *s, sd_event *loop, int fd, struct strv *ret_names);

#endif
