/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compose files of another machine, that -f, include and extends name: git repositories and OCI
 * artifacts. What such a name looks like, and what a file that came this way may do, is known here;
 * fetching it is the caller's (struct remotes, in load_options).
 *
 * Such a file is not trusted. What it names on this machine outside of the directory that came with
 * it, and what else gives it the machine, is a "reach": an error, unless the user consents.
 */
#ifndef COMPOSE_REMOTE_H
#define COMPOSE_REMOTE_H

#include "compose/node.h"

#define LIMIT_REMOTES 100 /* of one load */

enum remote_kind {
	REMOTE_NONE, /* a path */
	REMOTE_GIT, /* https://HOST/PATH.git#REF:SUBDIR, ssh://, git://, USER@HOST:PATH, github.com/
		     */
	REMOTE_GIT_FILE, /* file://: for the user alone */
	REMOTE_OCI,	 /* oci://REFERENCE */
	REMOTE_OTHER,	 /* a URL of something else */
};
enum remote_kind remote_kind(const char *name);
/* Without the user and password of a URL; owned by the caller. */
char *remote_shown(const char *url);

/* A git repository's name in parts: "URL#REF:SUBDIR", "URL?ref=REF&subdir=SUBDIR&commit=COMMIT". */
struct remote_git {
	char *url, *ref, *subdir; /* ref, subdir: NULL when not said; subdir is clean */
	char *commit;		  /* that it must be, or what it begins with; NULL: any */
};
int remote_git_parse(const char *name, struct remote_git *ret, struct error *err);
void remote_git_done(struct remote_git *g);

/* Owned by the caller. */
struct remote_copy {
	char *root;   /* absolute: the directory of all that came, never changed once it is there */
	char *file;   /* absolute, below root: the Compose file */
	char *prefix; /* "https://h/x.git#main:": before a path in root, for messages */
};
void remote_copy_done(struct remote_copy *c);

/* In the arena of a load. */
struct remote {
	const char *url; /* as it is shown */
	const char *root, *file, *prefix;
};

/* What a file of another machine would have of this one. */
struct reach {
	struct place at;
	const char *what; /* "env_file", "bind mount" */
	const char *path; /* or what else: "host" */
	bool read_now;	  /* by the load itself: include, extends, env_file, label_file */
};

struct remotes {
	/* by_user: -f, COMPOSE_FILE; else another file names it. Blocks. */
	int (*fetch)(void *userdata, const char *url, bool by_user, struct remote_copy *ret,
		     struct error *err);
	/* Does the user consent to all of these? Blocks. */
	bool (*allow)(void *userdata, const struct reach *v, size_t n);
	const char *how; /* to consent, for messages */
	void *userdata;
};

/* A variable that files of other machines see. */
struct remote_variable {
	const char *name;
	const char *value;	   /* NULL: not set */
	const char *origin;	   /* "environment", "/abs/.env:3"; NULL likewise */
	const char *default_value; /* never NULL */
	bool required;
};

/* Is path (absolute) in a remote's directory, whatever links are on the way? */
bool remote_has(const struct remote *r, const char *path);

#endif
