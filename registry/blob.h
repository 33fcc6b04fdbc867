/* SPDX-License-Identifier: Apache-2.0 */
/* One blob from a registry into the store, one layer from a registry to its directory, one blob to
 * a registry. */
#ifndef REGISTRY_BLOB_H
#define REGISTRY_BLOB_H

#include "registry/client.h"
#include "registry/members.h"

struct manifest_reply {
	char digest[DIGEST_MAX]; /* of the bytes, computed here */
	char *type;		 /* Content-Type without its parameters, or NULL */
	struct buf bytes;
};
void manifest_reply_done(struct manifest_reply *m);
typedef void (*retrying_fn)(void *userdata, const char *why);
/* The manifest that a tag or digest names. With `expected` it must have its digest and size, and is
 * taken from the store when it is there. Kept in the store. */
struct task *manifest_get(struct client *c, const char *reference,
			  const struct descriptor *expected, retrying_fn retrying, void *userdata,
			  struct manifest_reply *ret);
/* Its digest, as the registry says it. Ends with 1 when the registry doesn't say. */
struct task *manifest_head(struct client *c, const char *reference, retrying_fn retrying,
			   void *userdata, char ret_digest[DIGEST_MAX]);

struct manifest_put_spec {
	struct client *c;
	const char *reference, *type, *text; /* text until the end */
	long *ret_status;		     /* what the registry answered; 0: nothing */
	retrying_fn retrying;
	void *userdata;
};
/* manifest-put.c. Also known to its subject afterwards. */
struct task *manifest_put(const struct manifest_put_spec *spec);

/* The member of an index that serves a platform best, attestations apart; *ret is owned by the
 * caller. */
int index_choose(const struct manifest *m, const struct platform *want, struct descriptor *ret,
		 struct error *err);

struct fetch_events {
	void (*grown)(void *userdata, uint64_t have); /* bytes that STATE/ingest/HEX holds */
	void (*restarted)(void *userdata);	      /* what was there is void: from 0 again */
	void (*retrying)(void *userdata, const char *why);
	void (*waiting)(void *userdata); /* another process fetches it */
	void *userdata;
};

/* Resumed after a cut and after a kill, verified. Ends with 1 when it was here already (or came by
 * another process). d must live until the end. */
struct task *blob_fetch(struct client *c, const struct descriptor *d,
			const struct fetch_events *ev);

struct layer_spec {
	struct client *c;
	const struct descriptor *d;
	const char *diff_id;
	const char *ref; /* as the user wrote it */
	transfer_progress_fn progress;
	void *userdata;
};
/* Unpacks while it arrives. */
struct task *layer_fetch(const struct layer_spec *spec);

struct upload_spec {
	struct client *c;
	const struct descriptor *d;
	const char *ref;
	transfer_progress_fn progress;
	void *userdata;
};
/* Asked for first, mounted from another repository of the same registry where it may be, else sent.
 * 1: it was there or could be mounted. */
struct task *blob_upload(const struct upload_spec *spec);

struct members_spec {
	struct client *c;
	const char *digest; /* the index, which is in the store already; borrowed until the end */
	unsigned parallel;  /* 0: 6 */
	const char *ref;
	transfer_progress_fn progress;
	void *userdata;
};
/* Brings what members_read() misses. */
struct task *members_fetch(const struct members_spec *spec);

/* sources.c: in which repositories of a registry a blob has been seen. */
int sources_open(struct store *s, struct error *err);
void sources_add(struct store *s, const char *host, const char *path, const char *digest);
/* Another repository than `path`; owned by the caller, NULL when none is known. */
char *sources_find(struct store *s, const char *host, const char *path, const char *digest);
void sources_forget(struct store *s, const char *host, const char *path, const char *digest);

#endif
