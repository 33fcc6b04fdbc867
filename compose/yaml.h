/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as Compose reads it: libyaml's events to node trees. Scalars are typed as Docker Compose
 * types them (octal 017, 0b11, 1_000; yes and no are strings; 1:30 is one too); `<<` merges are
 * done; aliases point to the node of their anchor, so a tree shares nodes and must not be changed
 * in place. Refused, each with its place: duplicate keys, keys that are no strings, aliases that
 * contain themselves or unfold to more than LIMIT_NODE_VISITS nodes, nesting beyond
 * LIMIT_NODE_DEPTH, text that isn't UTF-8.
 *
 * !reset and !override are in node.mark (list items with !reset are left out); other local tags are
 * ignored.
 */
#ifndef COMPOSE_YAML_H
#define COMPOSE_YAML_H

#include "compose/finding.h"

struct yaml_docs {
	struct node **v; /* in the arena */
	size_t n;	 /* 0: nothing but comments */
};

/* Reads a file ("-": stdin) to a source whose name is path ("(stdin)"). Blocks. The message of an
 * error has the path in it: a directory, FIFO or device is -ERR_INVALID, above LIMIT_FILE_SIZE
 * -ERR_LIMIT. */
int source_read(struct arena *a, const char *path, struct source **ret, struct error *err);
/* A source of text in memory: for tests, and for files that were read elsewhere. */
struct source *source_text(struct arena *a, const char *name, struct str text);

/* All documents of src; an empty document is a NODE_NULL. *visits counts the nodes of a whole load,
 * with aliases unfolded: start it at 0, NULL for one file alone. 0, or -ERR_INVALID with at least
 * one error in f. src must live as long as the nodes. */
int yaml_parse(struct arena *a, const struct source *src, size_t *visits, struct yaml_docs *ret,
	       struct findings *f);

/* The type of a plain scalar: NODE_NULL, _BOOL, _INT, _UINT, _FLOAT, _TIME or _STRING, filled into
 * n (kind and value; a NODE_TIME is in RFC 3339). */
void yaml_resolve(struct arena *a, const char *text, struct node *n);
/* Whether a plain scalar of this text would be read back as something that is not a string, by this
 * reader or by one for YAML 1.1 ("yes", "0x1F", "~", "1:30"): such a string is quoted when it is
 * written. */
bool yaml_needs_quotes(const char *text);

#endif
