/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build takes from elsewhere: git repositories, and what URLs give. A repository becomes a
 * layer of the store and is found there again by its commit; a URL is asked whether it has changed.
 * So what has not changed costs one request, and what names a commit or a digest costs none.
 */
#ifndef BUILDER_SOURCE_H
#define BUILDER_SOURCE_H

#include "builder/solve.h"

#define LIMIT_URL_BYTES	    (32ULL << 30)
#define LIMIT_URL_REDIRECTS 10

/* ---- source.c: what a text means ---- */

struct git_source {
	char *url, *ref, *subdir;
	char *checksum; /* hexadecimal digits that the commit, or the tag, begins with */
	bool keep_git, no_submodules;
	bool by_commit; /* checksum is the commit, and nobody is asked whether ref is that */
};
void git_source_done(struct git_source *s);

bool source_is_http(const char *text);
/* git://, ssh://, user@host:path, and http(s) URLs whose path ends in .git. */
bool source_is_git(const char *text);
/* "URL#ref:subdir", "URL?ref=x&subdir=y". */
int git_source_parse(const char *text, struct git_source *ret, struct error *err);
/* Without what may be secret in it; owned by the caller. */
char *source_shown(const char *text);
/* The file that a URL gives: the last part of its path. Owned by the caller. */
char *source_url_name(const char *url);

/* ---- source-git.c ---- */

/* ret_diff_id: the layer with its files. s must live until the end. */
struct task *source_git(struct build *b, const struct git_source *s, char ret_diff_id[DIGEST_MAX]);

/* ---- source-http.c ---- */

struct url_source {
	const char *url;
	bool whole; /* the bytes are wanted, whatever is known of it */
	/* the answer */
	char digest[DIGEST_MAX];
	int64_t mtime; /* ns, of Last-Modified; INT64_MIN: not said */
	int fd;	       /* the bytes, -1: they are those of the last time; owned by the caller */
};
struct task *source_http(struct build *b, struct url_source *s);
int source_http_open(struct store *s, struct error *err);

#endif
