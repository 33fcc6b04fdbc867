/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Compose Specification as one table: a row per attribute, from which the loader takes what a
 * value may be (check), what it becomes (cast, short form, default, decode), how it merges (merge,
 * unique), which of it is a path, and how it is printed. Rows stand in the order of the output.
 * Adding an attribute is adding a row, and a case in tests/spec.
 */
#ifndef COMPOSE_SCHEMA_H
#define COMPOSE_SCHEMA_H

#include "compose/interpolate.h"
#include "compose/node.h"

struct pass; /* compose/pass.h: one load's state */

/* What a value may be before it is canonical. */
enum attr_form {
	FORM_NULL = 1,
	FORM_BOOL = 2,
	FORM_INT = 4,
	FORM_NUMBER = 8, /* integers too */
	FORM_STRING = 16,
	FORM_LIST = 32,
	FORM_MAP = 64,
	FORM_ANY = 127,
};

/* What it is in the canonical tree (load.h). */
enum attr_kind {
	KIND_ANY, /* as it was written */
	KIND_STRING,
	KIND_BOOL,
	KIND_INT,
	KIND_UINT,
	KIND_FLOAT,	  /* a float32 as Docker Compose has it */
	KIND_CPUS,	  /* the same, from text too */
	KIND_SIZE,	  /* bytes, a decimal string */
	KIND_SPAN,	  /* a duration, Go text */
	KIND_COMMAND,	  /* words; from text by shell quoting */
	KIND_TEST,	  /* words; text is CMD-SHELL */
	KIND_LABELS,	  /* a map of strings, null is "" */
	KIND_OPTIONS,	  /* the same, never a list */
	KIND_STRMAP,	  /* the same, of strings and integers alone */
	KIND_ENVIRONMENT, /* a map of strings, null is "not set" */
	KIND_HOSTS,	  /* sorted "host=ip" */
	KIND_STRINGS,	  /* a list of strings */
	KIND_WORDS,	  /* the same, one string is a list of one */
	KIND_TEXTS,	  /* the same, numbers are texts */
	KIND_ULIMIT,	  /* a number or {soft, hard} */
	KIND_MODE,	  /* "0440" */
	KIND_COUNT,	  /* an integer, "all" is -1 */
	KIND_SSH,	  /* a map of id to path or null */
	KIND_MULTI,	  /* a map of lists of strings */
	KIND_LIST,
	KIND_MAP,    /* keys that users choose */
	KIND_OBJECT, /* keys that the table names */
};

enum attr_flag {
	ATTR_REQUIRED = 1 << 0,
	ATTR_UNIQUE = 1 << 1,	  /* a list whose items must differ */
	ATTR_NO_EXTRA = 1 << 2,	  /* no x- members */
	ATTR_OPEN = 1 << 3,	  /* members that the table doesn't name are let through */
	ATTR_POINTER = 1 << 4,	  /* printed when set, also when it is zero */
	ATTR_ALWAYS = 1 << 5,	  /* printed even when it isn't set */
	ATTR_JSON_NULL = 1 << 6,  /* null in JSON when it isn't set */
	ATTR_JSON_EMPTY = 1 << 7, /* {} in JSON when it isn't set */
	ATTR_NO_JSON = 1 << 8,	  /* not in JSON */
	ATTR_VALUE = 1 << 9,	  /* an object that isn't printed when it is empty */
	ATTR_NULL_KEPT = 1 << 10, /* a null member of this map stays null (else it is {}) */
	ATTR_NOT_OURS = 1 << 11,  /* accepted and not part of the model */
	ATTR_X_LOST = 1 << 13, /* its x- members are extensions, whatever they were meant to be */
	ATTR_NAME = 1 << 12,   /* members' names: letters, digits and ._- */
};

enum attr_engine {
	ENGINE_LOCAL = 1,
	ENGINE_DOCKER = 2,
	ENGINE_KUBE = 4,
};

struct attr {
	const char *name; /* NULL ends a table, and is the name of items and user-named members */
	enum attr_kind kind;
	unsigned forms;
	unsigned flags;
	unsigned engines;	    /* which of them do it; the others say that they don't */
	const struct attr *members; /* of an object */
	const struct attr *each;    /* a member of a map whose keys users choose */
	const struct attr *item;    /* an item of a list */
	enum cast cast;
	const char *const *words;	/* the strings that are allowed; ends in NULL */
	bool (*pattern)(const char *s); /* what strings must look like... */
	const char *pattern_text;	/* ... and how that is said */
	bool ranged;
	int64_t min, max;    /* when ranged */
	const char *json;    /* its name in JSON, when that is another */
	const char *section; /* of the specification: a file's name, for objects */

	/* Two files' values to one; NULL: maps by member, lists appended, else the later one. */
	struct node *(*merge)(struct pass *ps, struct node *base, struct node *over,
			      const struct attr *attr, const struct node_path *path);
	/* What makes an item of a list the same as another one; NULL: none ever is. */
	const char *(*unique)(struct pass *ps, const struct node *item,
			      const struct node_path *path);
	/* The short form to the long one. */
	struct node *(*shorten)(struct pass *ps, struct node *n, const struct attr *attr,
				const struct node_path *path);
	/* Defaults that depend on other members. */
	void (*fill)(struct pass *ps, struct node *n);
	/* Relative paths to absolute ones. */
	struct node *(*resolve)(struct pass *ps, struct node *n);
	/* Rules beyond forms. */
	void (*check)(struct pass *ps, const struct node *n, const struct node_path *path);
};

extern const struct attr schema_root;
extern const struct attr schema_service;
extern const struct attr schema_network;
extern const struct attr schema_volume;

/* The row of a member, NULL when there is none ("x-..." too). */
const struct attr *schema_member(const struct attr *attr, const char *key);
/* The row of a dotted path below the root ("services.web.ports.[]"), by node_path; NULL: none. */
const struct attr *schema_at(const struct node_path *path);
enum cast schema_cast(const struct node_path *path, void *unused); /* for interpolate_tree() */
bool is_extension(const char *key);				   /* "x-..." */

/* A finding for each attribute below n that this engine doesn't do. attr: the row of n. */
void schema_unsupported(const struct node *n, const struct attr *attr, enum attr_engine engine,
			const char *engine_name, struct findings *f);

#endif
