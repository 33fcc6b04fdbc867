/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images between the store and registries: pull and push (OCI distribution-spec), with credentials (auth.h), mirrors and insecure
 * registries as users write them for docker and podman (hosts.h), retries within a budget, several blobs at once.
 */
#ifndef REGISTRY_TRANSFER_H
#define REGISTRY_TRANSFER_H

#include "event/http.h"
#include "registry/store.h"

enum transfer_phase { TRANSFER_RESOLVING, TRANSFER_WAITING, TRANSFER_DOWNLOADING, TRANSFER_UNPACKING, TRANSFER_UPLOADING,
		      TRANSFER_EXISTS, TRANSFER_MOUNTED, TRANSFER_DONE, TRANSFER_RETRYING };

struct transfer_progress {
	const char *ref;     /* as asked */
	const char *digest;  /* of the blob; NULL: of the image as a whole */
	enum transfer_phase phase;
	uint64_t done, total; /* bytes */
	const char *note;    /* why it is retrying; or NULL */
};
typedef void (*transfer_progress_fn)(void *userdata, const struct transfer_progress *p);

struct registry; /* configuration, credentials, tokens and connections of one process */
/* s may be NULL for registry_login() alone. */
int registry_new(sd_event *loop, struct store *s, struct registry **ret, struct error *err);
struct registry *registry_free(struct registry *r);
DEFINE_FREEP(struct registry, registry_free);

struct pull_options {
	const struct platform *platform; /* NULL: the machine's */
	bool all_platforms; /* also the blobs of the index's other members, attestations too: save and push pass all of it on */
	bool blobs;	    /* also blobs that are not here of layers that are (fsck mends) */
	bool nameless; /* it gets no name: an image of another platform beside the one that has the name */
	const char *as;	    /* the name (normalised) that it gets, borrowed; NULL: ref's own */
	unsigned parallel;		 /* 0: 6 */
	transfer_progress_fn progress;
	void *userdata;
};
/* Tags the image as ref in the store; *ret (owned by the caller once it has ended well) is what is there now. A pull of what is
 * here costs one request. Ends with 1 when nothing was new. */
struct task *registry_pull(struct registry *r, const char *ref, const struct pull_options *opt, struct image *ret);

struct push_options {
	enum layer_compression compression;
	const struct platform *platform; /* of an image of several, this one alone; NULL: all of it */
	unsigned parallel;
	transfer_progress_fn progress;
	void *userdata;
};
/* name: what is pushed (an image in the store), to: under which reference (usually the same). ret_digest: of the manifest. */
struct task *registry_push(struct registry *r, const char *name, const char *to,
			   const struct push_options *opt, char ret_digest[DIGEST_MAX]);

/* The manifest's digest of a reference, without fetching the image (config --resolve-image-digests). */
struct task *registry_resolve(struct registry *r, const char *ref, char ret_digest[DIGEST_MAX]);

/* Asks the registry at host ("docker.io", "127.0.0.1:5000") whether it takes this user and password
 * (borrowed for the call). */
struct credential;
struct task *registry_login(struct registry *r, const char *host, const struct credential *c);
/* What users call a registry ("https://index.docker.io/v1/", "HOST:5000/"; NULL or "": Docker Hub), as a host. Owned by the caller. */
int registry_host(const char *server, char **ret, struct error *err);

#endif
