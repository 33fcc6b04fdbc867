/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose name and password go to which registry: DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, docker's
 * config.json (DOCKER_CONFIG or
 * ~/.docker: credHelpers, credsStore, auths), podman's auth.json. The first that knows the host
 * answers. Nothing here is ever printed; what is freed is wiped.
 */
#ifndef REGISTRY_AUTH_H
#define REGISTRY_AUTH_H

#include "event/task.h"
#include "util/json.h"

struct credential { /* all NULL: none */
	char *user, *password;
	char *identity_token; /* an OAuth2 refresh token */
	char *registry_token; /* a bearer token as it is */
};
bool credential_empty(const struct credential *c);
void credential_done(struct credential *c);
/* free() of a secret. */
void secret_free(char *s);

struct auth;
/* A file that isn't there is fine; a damaged one is an error that names it. */
int auth_load(struct auth **ret, struct error *err);
struct auth *auth_free(struct auth *a);
DEFINE_FREEP(struct auth, auth_free);

/* For the repository path at host ("docker.io", "127.0.0.1:5000"); a helper may be run for it. Ends
 * with 1 when there are some, 0 when not. ret must live until the end. */
struct task *auth_lookup(struct auth *a, sd_event *loop, const char *host, const char *path,
			 struct credential *ret);

/* "docker-credential-NAME get" with `server` on its stdin. Ends with 1, or 0 when it doesn't know
 * the server. */
struct task *auth_helper_get(sd_event *loop, const char *name, const char *server,
			     struct credential *ret);
/* "store" and "erase" end with 1, erase with 0 when there was nothing. Of c, user and password. */
struct task *auth_helper_store(sd_event *loop, const char *name, const char *server,
			       const struct credential *c);
struct task *auth_helper_erase(sd_event *loop, const char *name, const char *server);

/* The helper that a configuration file names for a host, or NULL. server: what helpers and "auths"
 * call the host (auth_server()). */
const char *auth_helper_name(const json_t *doc, const char *host, const char *server);
const char *auth_server(const char *host);
/* The host (and path) that a key of "auths" means: "https://index.docker.io/v1/" is "docker.io".
 * Owned by the caller. */
char *auth_key_host(const char *key);

/*
 * auth-store.c: what `login` keeps and `logout` forgets, in REGISTRY_AUTH_FILE or docker's
 * config.json. By the credential helper that the file names for the host; else in the file, which is
 * replaced as a whole, readable for its owner alone, with all else that was in it.
 */
/* *ret_where (owned by the caller): where they are kept now, for messages. */
struct task *auth_store(sd_event *loop, const char *host, const struct credential *c,
			char **ret_where);
/* Ends with 1 when there were some, 0 when not. */
struct task *auth_erase(sd_event *loop, const char *host);

#endif
