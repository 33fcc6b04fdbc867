/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to one repository of one registry: https first and plain http where that is allowed,
 * credentials as the registry asks for them and only to its own origin, redirects followed by hand,
 * retries.
 *
 * What a registry sends is never trusted: a Location or realm to another scheme, host or port gets
 * no credential, and https never becomes http.
 */
#ifndef REGISTRY_CLIENT_H
#define REGISTRY_CLIENT_H

#include "registry/auth.h"
#include "registry/challenge.h"
#include "registry/hosts.h"
#include "registry/transfer.h"
#include "registry/url.h"

struct origin { /* a host as this process has come to know it */
	char *host;
	bool plain, insecure;
	bool tls;   /* which scheme is used now */
	bool known; /* it has answered with this scheme */
	struct certs certs;
	struct challenge challenge; /* the last one it sent */
};

enum access { ACCESS_PULL, ACCESS_PUSH };

struct call_task;
struct authz;
struct layer;
struct client {
	struct registry *reg;
	struct origin *origin;		 /* borrowed from the registry */
	char *prefix, *path, *auth_host; /* path "": no repository, the registry itself (a login) */
	enum access access;
	bool mirror;
	struct credential credential;
	bool credential_known;
	/* The first call alone finds out scheme and authorization; the others wait for it. */
	bool established;
	struct call_task *prober;
	VEC(struct call_task *) waiting;
	VEC(struct authz *) authz;
};

struct registry {
	sd_event *loop;	     /* a reference */
	struct store *store; /* borrowed */
	struct http_client *http;
	struct auth *auth;
	struct hosts *hosts;
	VEC(struct origin *) origins;
	VEC(struct client *) clients;
	VEC(struct layer *) layers; /* under way */
	unsigned extra_pieces;	    /* of large blobs, that are under way ahead of their turn */
};

/* The one of this endpoint and access, made when there is none; lives as long as the registry. */
int client_get(struct registry *reg, const struct endpoint *ep, enum access access,
	       struct client **ret, struct error *err);
struct client *client_free(struct client *c);

struct call {
	const char *method;
	const char *path; /* "manifests/latest": below /v2/NAME/ */
	const char *url;  /* or an address that the registry gave, relative to its origin */
	const struct strv *headers;
	const void *body; /* must live until the end */
	size_t n_body;
	http_send_fn send;
	int64_t n_send;
	void (*rewind)(void *userdata); /* what is sent begins anew */
	http_head_fn on_head;		/* of a 2xx answer only */
	http_body_fn on_body;		/* the same; other answers' bodies are collected */
	void (*on_retry)(void *userdata, const char *why);
	void *userdata;
	size_t max_body;
	const char *also_pull; /* a repository from which a mount takes */
	bool once;	       /* the caller does the retrying */
	bool decode;	       /* as in http.h; what is collected always is */
	bool *ret_elsewhere;   /* the answer came from where a redirect led */
};

/* Any answer is a success of the task, as in http.h, but for one that several tries have not
 * bettered; 401 is one when all was tried. call is copied,
 * what it points to is not (but for path, url and headers); resp must live until the end, and is
 * done by the caller. */
struct task *client_call(struct client *c, const struct call *call, struct http_response *resp);

/* An error out of an answer that isn't the wanted one, with the registry's own words. Returns
 * -err->code. */
int client_refused(const struct client *c, const struct http_response *resp, struct error *err);
/* "https://127.0.0.1:5000", for messages. Owned by the caller. */
char *client_where(const struct client *c);
struct http_tls origin_tls(const struct origin *o);

/* -- authz.c: the permission to do something in a repository, and also to read another one -- */
struct authz *authz_get(struct client *c, const char *also_pull);
struct authz *authz_free(struct authz *a);
/* Ready to be used when it ends: 1 when it was made anew, 0 when it was at hand. `stale` (or NULL)
 * is a bearer token that was refused. */
struct task *authz_ready(struct authz *a, const char *stale);
const char *authz_bearer(const struct authz *a); /* or NULL */

#endif
