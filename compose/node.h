/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that the whole language works on: YAML values that know where they were written. Nodes live in an
 * arena; a finished tree is never changed in place by one who did not make it: passes (interpolate, merge,
 * canonical) build new nodes and share what they don't change, and keep the positions of what they replace.
 */
#ifndef COMPOSE_NODE_H
#define COMPOSE_NODE_H

#include "util/arena.h"
#include "util/buf.h"
#include "util/error.h"

#define LIMIT_NODE_DEPTH 512	    /* nesting of one document */
#define LIMIT_NODE_VISITS 1000000   /* nodes that aliases may unfold to, over a whole load */
#define LIMIT_FILE_SIZE	  (16 << 20)

struct remote;

/* A file that took part in a load, and what led to it. */
struct source {
	const char *name;	   /* as messages show it: absolute path, or "(stdin)" */
	const char *path;	   /* as it was opened: "-" is stdin */
	const struct remote *remote; /* that it came with (remote.h); NULL: a file of this machine */
	struct str text;	   /* for the caret under a finding */
	const struct source *from; /* who included or extended it, NULL for one the user named */
	const char *why;	   /* "include", "extends", NULL */
	unsigned from_line, from_column;
};

struct place {
	const struct source *source; /* NULL: no place (a default, a variable) */
	unsigned line, column;	     /* from 1 */
};

enum node_kind { NODE_NULL, NODE_BOOL, NODE_INT, NODE_UINT, NODE_FLOAT, NODE_STRING, NODE_LIST, NODE_MAP, NODE_TIME };

enum node_mark { NODE_PLAIN, NODE_RESET, NODE_OVERRIDE }; /* !reset, !override */

struct node;
struct node_member { /* of a map, in the order written */
	const char *key;
	struct place key_at;
	struct node *value; /* never NULL */
};

struct node {
	enum node_kind kind;
	enum node_mark mark;
	bool quoted; /* a string that was quoted or in a block: never typed by its look */
	struct place at;
	union {
		bool b;
		int64_t i;	/* NODE_INT */
		uint64_t u;	/* NODE_UINT: above INT64_MAX */
		double f;
		const char *s;	/* NODE_STRING, NODE_TIME: no NUL within */
		struct {
			struct node **v;
			size_t n, cap;
		} list;
		struct {
			struct node_member *v;
			size_t n, cap;
		} map;
	};
};

struct node *node_new(struct arena *a, enum node_kind kind, struct place at);
struct node *node_string(struct arena *a, const char *s, struct place at); /* copies s */
struct node *node_bool(struct arena *a, bool b, struct place at);
struct node *node_int(struct arena *a, int64_t i, struct place at);
void node_list_add(struct arena *a, struct node *list, struct node *item);
/* Replaces the value of a key that is there (keeping its place in the order), or appends. */
void node_set(struct arena *a, struct node *map, const char *key, struct place key_at, struct node *value);
/* Appends without looking whether the key is there; the key is not copied. */
void node_add(struct arena *a, struct node *map, const char *key, struct place key_at, struct node *value);
bool node_unset(struct node *map, const char *key);
struct node *node_get(const struct node *map, const char *key); /* NULL: not there, or not a map, or map is NULL */
const struct node_member *node_member(const struct node *map, const char *key);
struct node *node_copy(struct arena *a, const struct node *n); /* shallow: children are shared */
struct node *node_copy_deep(struct arena *a, const struct node *n);
bool node_equal(const struct node *a, const struct node *b); /* values, not places; maps in any order */
/* Reading: the otherwise when the node is NULL or of another kind. */
const char *node_str(const struct node *n, const char *otherwise);
int64_t node_i64(const struct node *n, int64_t otherwise);
bool node_flag(const struct node *n, bool otherwise);
/* A scalar as Go's %v prints it ("1e+08", "true", ""): for places where Compose casts to a string. */
const char *node_text(struct arena *a, const struct node *n);
const char *node_kind_name(enum node_kind k);

#define node_each(m, map_) \
	for (const struct node_member *m = (map_) && (map_)->kind == NODE_MAP ? (map_)->map.v : NULL; \
	     m && m < (map_)->map.v + (map_)->map.n; m++)
#define node_item(x, list_) \
	for (struct node **x##_p_ = (list_) && (list_)->kind == NODE_LIST ? (list_)->list.v : NULL, *x; \
	     x##_p_ && x##_p_ < (list_)->list.v + (list_)->list.n && ((x = *x##_p_), 1); x##_p_++)

#endif
