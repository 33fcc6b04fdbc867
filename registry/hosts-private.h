/* SPDX-License-Identifier: Apache-2.0 */
/* Between hosts.c (which decides) and hosts-load.c, certs.c (which read files). */
#ifndef REGISTRY_HOSTS_PRIVATE_H
#define REGISTRY_HOSTS_PRIVATE_H

#include "registry/hosts.h"
#include "util/json.h"

struct location {
	const char *
		location; /* HOST[:PORT][/PATH]; borrowed from the document that it was read from */
	const char *pull; /* pull-from-mirror: "", "all", "digest-only", "tag-only" */
	bool insecure;
};

struct registry_rule {
	const char *prefix;
	const char *file;
	struct location self; /* location "": the prefix is not replaced */
	VEC(struct location) mirrors;
	bool blocked, digest_only;
};

struct alias {
	const char *name;
	struct image_ref to; /* domain "": it has been taken back */
};

struct hosts {
	struct strv mirrors, insecure; /* of daemon.json */
	VEC(struct registry_rule) registries;
	VEC(struct alias) aliases; /* of short names; a later one comes before an earlier one */
	struct strv search;	   /* unqualified-search-registries */
	VEC(json_t *) docs;
	struct strv files;
};

/* $HOME, or NULL. */
const char *hosts_home(void);
/* "/etc", or where a test says. Owned by the caller. */
char *hosts_etc(const char *path);

#endif
