/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compose files of other machines, for commands: fetched into STATE/remotes, by what cannot change
 * (the commit of a git repository, the digest of an OCI artifact), so that what is there is whole
 * and needs no network when it is named that way; and what the user is asked about them.
 */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "cli/cmd.h"
#include "registry/store.h"

/* For load_options: borrows cli. */
struct remotes cli_remotes(struct cli *cli);

/* Does he trust them, by --yes or COMPOSE_TRUST_REMOTES? */
bool cli_trusts_remotes(const struct cli *cli);
/* Before containers are made: where the project is, and what it sees of the environment, which the
 * user confirms. -ERR_CANCELLED: he didn't. */
int cli_confirm_remotes(const struct cli *cli, const struct project_tree *t, struct error *err);
/* Before images are pulled, pushed or built: the variables that they see, told. */
void cli_tell_remotes(const struct cli *cli, const struct project_tree *t);

/* -- remote-git.c, remote-oci.c -- */
int remote_git_fetch(struct cli *cli, const char *url, enum remote_kind kind,
		     struct remote_copy *ret, struct error *err);
int remote_oci_fetch(struct cli *cli, const char *url, struct remote_copy *ret, struct error *err);

/* -- remote-cache.c -- */
/* STATE/remotes/KIND/KEY. Owned by the caller. */
char *remote_cache_path(const char *kind, const char *key);
/* dir, in one of store_layer_stage(), becomes path, whole or not at all. */
int remote_cache_keep(const char *dir, const char *path, struct error *err);

/* What compose publish makes and oci:// reads. */
#define COMPOSE_PROJECT_TYPE "application/vnd.docker.compose.project"
#define COMPOSE_CONFIG_TYPE  "application/vnd.docker.compose.config.empty.v1+json"
#define COMPOSE_LAYER_TYPES  "application/vnd.docker.compose."
#define COMPOSE_FILE_TYPE    "application/vnd.docker.compose.file+yaml"
#define COMPOSE_ENV_TYPE     "application/vnd.docker.compose.envfile"
#define COMPOSE_NOTE_FILE    "com.docker.compose.file"
#define COMPOSE_NOTE_EXTENDS "com.docker.compose.extends"
#define COMPOSE_NOTE_ENV     "com.docker.compose.envfile"
#define COMPOSE_NOTE_VERSION "com.docker.compose.version"

#endif
