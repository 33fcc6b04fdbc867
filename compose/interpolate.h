/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${VARIABLES}: $$, $NAME, ${NAME}, ${NAME:-text}, ${NAME-text}, ${NAME:?text}, ${NAME?text},
 * ${NAME:+text},
 * ${NAME+text}, where text may have such forms within. Values are never interpolated again. In a
 * tree all string values are interpolated, never keys; afterwards the values of certain paths are
 * cast ("3" -> 3).
 */
#ifndef COMPOSE_INTERPOLATE_H
#define COMPOSE_INTERPOLATE_H

#include "compose/finding.h"
#include "util/map.h"

#define LIMIT_INTERPOLATED (16 << 20) /* bytes of one value */
#define LIMIT_INTERP_DEPTH 64	      /* ${A:-${B:-${C... */

/* Where variables come from. get: NULL when it isn't set; *ret_origin (when ret_origin isn't NULL)
 * may be set to where the value came from ("environment", "/abs/.env:3"). Both borrowed until the
 * next call. */
struct var_lookup {
	const char *(*get)(void *userdata, const char *name, const char **ret_origin);
	void *userdata;
};

/* A lookup in a list of maps of strings, the first that has the name wins. */
struct var_maps {
	const struct map *maps[4];    /* NULL: none */
	const struct map *origins[4]; /* name -> origin, NULL: none */
};
const char *var_maps_get(void *userdata, const char *name, const char **ret_origin);

/* One text. `unset` (may be NULL) hears of each variable that isn't set and has no default.
 * -ERR_INVALID: not a valid form; -ERR_NOT_FOUND: a required variable is missing; -ERR_LIMIT: too
 * long or too deep. */
struct interp {
	struct var_lookup vars;
	void (*unset)(void *userdata, const char *name);
	void *unset_userdata;
};
int interpolate(const struct interp *in, const char *text, struct buf *out, struct error *err);

/* The way from the root to a value, innermost first. */
struct node_path {
	const struct node_path *up; /* NULL: this is below the root */
	const char *key;	    /* "[]": an item of a list */
};
/* "services.app.environment.[]"; a path of NULL is "". */
void node_path_text(const struct node_path *path, struct buf *out);

enum cast { CAST_NONE, CAST_INT, CAST_INT64, CAST_FLOAT, CAST_FLOAT32, CAST_BOOL };

/* Go's conversions of a string. Others than strings are given back as they are. NULL and an error
 * when it can't be. *ret_warn: "%s for boolean is not supported ...", or unchanged. */
struct node *node_cast(struct arena *a, struct node *n, enum cast cast, const char **ret_warn,
		       struct error *err);

struct interp_options {
	struct var_lookup vars;
	enum cast (*cast_of)(const struct node_path *path, void *userdata); /* or NULL */
	void *userdata;
	const struct node_path *root; /* the path of the tree itself, or NULL */
};

/* A new tree; what has no `$` and no cast is shared with the old one. Errors and warnings go to f,
 * and it goes on after an error; -ERR_INVALID when there was one. */
int interpolate_tree(struct arena *a, struct node *tree, const struct interp_options *opt,
		     struct node **ret, struct findings *f);

/* For `config --variables`. */
struct variable {
	const char *name, *default_value, *presence_value; /* never NULL */
	bool required;
};
struct variables {
	struct arena *arena; /* the caller's */
	VEC(struct variable) list;
	struct map index; /* name -> the number in the list, plus 1 */
};
/* All that the values of a tree name, those within defaults too; the last mention of a name counts.
 */
void variables_collect(struct variables *vars, const struct node *tree);
void variables_done(struct variables *vars);

#endif
