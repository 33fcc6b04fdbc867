/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store and its helpers compose-unpack and compose-pack say to each other: the job is one
 * JSON object in descriptor LAYER_FD_JOB, the answer one JSON object in one line on stdout.
 * Descriptors are named by number in the job; 0 means none. Other descriptors that a helper was
 * given it only keeps open (locks that must last as long as it does).
 */
#ifndef REGISTRY_LAYER_JOB_H
#define REGISTRY_LAYER_JOB_H

#include "util/error.h"
#include "util/json.h"

#define LAYER_FD_JOB 3

/* What one layer may be, whoever made it. */
#define LIMIT_LAYER_BYTES   (256ULL << 30) /* sum of the sizes of its files, and of its tar */
#define LIMIT_LAYER_ENTRIES (8ULL << 20)
#define LIMIT_LAYER_RATIO   1100ULL	   /* unpacked to packed: deflate's own maximum is 1032 */
#define LIMIT_RATIO_FREE    (256ULL << 20) /* below this nobody asks for the ratio */
#define LIMIT_LAYER_PATH    4095
#define LIMIT_LAYER_NAME    255
#define LIMIT_LAYER_XATTR   65536

#define LAYER_UNPACK_LAYER "layer" /* whiteouts, owners, devices: as overlayfs wants it */
#define LAYER_UNPACK_FILES "files" /* plain files only, ours: an archive of images */

struct layer_job {
	char *op;	   /* compose-unpack: LAYER_UNPACK_*; compose-pack: "pack", "compress" */
	char *diff_id;	   /* what it must be, or NULL */
	char *digest;	   /* of the bytes as they arrive: what it must be, or NULL */
	char *compression; /* compose-pack: "gzip", "zstd", "plain" */
	int dir, out;	   /* descriptors */
	bool clamp;	   /* times after mtime_max become mtime_max, in the directory too */
	int64_t mtime_max; /* s */
	uint64_t max_bytes, max_entries, max_ratio; /* 0: the LIMIT_* */
};

struct layer_answer {
	char *error; /* err_code_name(), or NULL */
	char *message;
	int sys;
	char *diff_id, *digest;
	char *compression;	 /* what the bytes were, or became */
	uint64_t packed;	 /* bytes of the blob */
	uint64_t size;		 /* of the tar */
	uint64_t entries, bytes; /* names in the directory, and sum of its files' sizes */
};

extern const struct json_field layer_job_fields[], layer_answer_fields[];

/* For a helper: reads the job, and says the answer (of err, when r < 0). */
int layer_job_read(struct layer_job *ret, struct error *err);
void layer_answer_write(struct layer_answer *a, int r, const struct error *err);

/* For the store: 0 and the answer, or its error. */
int layer_answer_parse(const char *p, size_t n, struct layer_answer *ret, struct error *err);
void layer_job_done(struct layer_job *j);
void layer_answer_done(struct layer_answer *a);

#endif
