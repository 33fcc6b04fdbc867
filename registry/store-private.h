/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the store share.
 *
 * Power loss: bytes are not synced one by one. A row of `blobs` or `layers` carries the boot in
 * which it was made until a sync covers it (store_sync(), once per image); rows of an earlier boot
 * that were never covered are dropped by the next store_open(), and what has no row does not count.
 * An image is written only after such a sync.
 */
#ifndef REGISTRY_STORE_PRIVATE_H
#define REGISTRY_STORE_PRIVATE_H

#include "registry/db.h"
#include "registry/layer-job.h"
#include "registry/store.h"
#include "util/fd.h"
#include "util/map.h"

#define STORE_STAGE  "stage"
#define STORE_INGEST "ingest"
#define STORE_LAYERS "layers"
#define STORE_BLOBS  "blobs"

struct store {
	char *dir;
	int dirfd;
	int lock;	 /* STATE/lock, see store-pin.c */
	unsigned held;	 /* how many times over */
	bool alone;	 /* ... and by nobody else */
	bool kept;	 /* until the pins are dropped: the disk had no room for one */
	struct map pins; /* what is in our stage's file of them */
	int pins_fd;
	sqlite3 *db;
	char boot[40]; /* which boot this is */
	char *stage;   /* our own directory below STATE/stage, or NULL until it is needed */
	int stage_fd;  /* holds its lock */
	unsigned n_stage;
	bool noted; /* what owners files should have is noted (util/filenote.h): STATE/noted is there */
};

/* -- store-stage.c: STATE/stage/RANDOM is one process's, for as long as it holds a lock on it -- */
int stage_open(struct store *s, struct error *err);
void stage_close(struct store *s);
void stage_sweep(struct store *s);
/* Whether owners, devices and opaque directories can be as they should here: 1, or 0. */
int stage_probe(struct store *s, struct error *err);
/* An empty directory that becomes a layer, relative to STATE. */
int stage_mkdir(struct store *s, const char *name, struct error *err);
/* "stage/RANDOM/N", relative to STATE; nothing is there yet. Owned by the caller. */
int stage_name(struct store *s, char **ret, struct error *err);
/* A new file there. */
int stage_file(struct store *s, char **ret_name, int *ret_fd, struct error *err);
/* Moves a tree away to be deleted: it vanishes at once, whatever happens then. Relative to STATE.
 * *ret_name: where it is now, NULL when there was none. */
int stage_take(struct store *s, const char *path, char **ret_name, struct error *err);
int stage_discard(struct store *s, const char *path, struct error *err);

/*
 * -- store-pin.c: what a process has named but not written down is safe from gc --
 *
 * Who looks something up, or adds it, holds the store meanwhile (STATE/lock, shared), and pins it
 * before letting go: a line in a file of its stage, which lives as long as the process. gc holds
 * the lock alone while it decides and moves away, and spares what living processes have pinned. So
 * the lock is only ever held for moments, and taken before a transaction, never within one.
 */
int store_hold(struct store *s, struct error *err); /* nests */
int store_hold_alone(struct store *s, struct error *err);
void store_release(struct store *s);
/* While it is held; nothing is pinned while we have it alone. */
int pin(struct store *s, enum gc_root_kind kind, const char *digest, struct error *err);
void pins_drop(struct store *s);
/* fn for each pin of each process that lives, ours too. */
typedef int (*pin_fn)(struct store *s, const char *kind, const char *digest, struct error *err);
int pins_each(struct store *s, pin_fn fn, struct error *err);
const char *gc_root_name(enum gc_root_kind kind);

/* -- paths, relative to STATE; digests are valid -- */
char *blob_path(const char *digest);
char *layer_path(const char *diff_id);
char *ingest_path(const char *digest);

/* -- rows -- */
/* The file of this name becomes the blob: renamed, its row written. */
int blob_add(struct store *s, const char *name, const char *digest, uint64_t size,
	     struct error *err);
int blob_forget(struct store *s, const char *digest, struct error *err);
int layer_blob_add(struct store *s, const char *diff_id, const char *digest, const char *kind,
		   struct error *err);
/* Nothing that was written before may be lost any more. */
int store_sync(struct store *s, struct error *err);
/* STATE/index.json, for others who read the layout: the images that have manifests. */
int store_write_index(struct store *s, struct error *err);

/* -- store-helper.c: compose-unpack and compose-pack as tasks -- */
struct helper_spec {
	const char *program;
	struct layer_job
		job; /* dir and out are set by helper_start; strings are borrowed during the call */
	int input;   /* stdin; -1: none. Borrowed */
	int dir, out; /* -1: none. Borrowed */
};
/* In the helper's end: answer is valid when r is 0. */
typedef void (*helper_done_fn)(void *userdata, int r, struct layer_answer *answer,
			       struct error *err);
struct helper;
int helper_start(struct store *s, sd_event *loop, const struct helper_spec *spec,
		 helper_done_fn done, void *userdata, struct helper **ret, struct error *err);
void helper_kill(struct helper *h); /* done is still called */
struct helper *helper_free(struct helper *h);

/* -- store-ingest.c: partial files that nobody writes; within gc -- */
void ingest_sweep(struct store *s, bool remove, struct store_gc_report *rep);

/* -- store-layer.c, store-layer-blob.c: with the answer -- */
struct unpacked {
	char digest[DIGEST_MAX]; /* of the bytes as they came */
	uint64_t packed;
};
/* Unpacks from a descriptor (borrowed for the call); digest and diff_id may be NULL: whatever they
 * are. */
struct task *layer_unpack_fd(struct store *s, sd_event *loop, const char *diff_id,
			     const char *digest, int fd, struct unpacked *ret);
/* 1 and a blob of the layer that is here already (plain before compressed); 0: none. */
int layer_blob_known(struct store *s, const char *diff_id, struct descriptor *ret,
		     struct error *err);
/* Packs a layer into a staged file that is the caller's, and stays out of the store. */
struct task *layer_pack_file(struct store *s, sd_event *loop, const char *diff_id,
			     struct descriptor *ret, char **ret_name);

/* -- store-gc-mark.c: temporary tables `keep` and `doomed` of kind and digest, in a transaction --
 */
int gc_mark_begin(struct store *s, struct error *err); /* before the transaction */
/* An image and all it is made of may go. */
int gc_doom(struct store *s, const char *id, struct error *err);
/* What images, roots and processes need is to be kept. */
int gc_keep_needed(struct store *s, struct error *err);
int gc_keep_pinned(struct store *s, struct error *err);

/* -- store-gc.c -- */
/* While the store is ours alone: opens the transaction, which gc_finish() ends, however it went. */
int gc_begin(struct store *s, struct error *err);
/* What is doomed, and nobody needs, loses its rows. */
int gc_remove_doomed(struct store *s, struct error *err);
/* And its files, when r is 0. Lets go of the store. */
int gc_finish(struct store *s, int r, struct strv *ret_deleted, struct error *err);

/* -- store-fsck-layer.c; each runs a loop of its own. 0: as it should be, 1: it is not -- */
int fsck_packed(struct store *s, const char *diff_id, struct error *err);
int fsck_unpacked(struct store *s, const char *diff_id, struct error *err);
/* 1 and a blob of the layer; 0: there is none. */
int fsck_layer_blob(struct store *s, const char *diff_id, char ret_digest[DIGEST_MAX],
		    struct error *err);
int fsck_unpack_again(struct store *s, const char *diff_id, const char *digest, struct error *err);

#endif
