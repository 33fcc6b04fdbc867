/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gen-reference makes compose-file(5) and docs/SUPPORT.md from: the rows of compose/schema.c
 * in the order in which a reader meets them, each with its path, its section and its line of
 * explanation (attr-text.c). Part of the build alone; nothing of it is in `compose`.
 */
#ifndef DOCS_REFERENCE_H
#define DOCS_REFERENCE_H

#include "compose/schema.h"
#include "util/vec.h"

/* One line about an attribute. A table of members that stands in several places is explained once,
 * where it comes first. */
struct attr_text {
	const char *path; /* "services.*.ports[].target": * is a name of the user's, [] an item */
	const char *text; /* a sentence or two, plain */
};
extern const struct attr_text attr_texts[]; /* ends with a NULL path */
const char *attr_text(const char *path);    /* NULL: there is none */

struct ref_section {
	char *path;	   /* of the object: "services.*.build"; "" is the file itself */
	const char *title; /* "services", "build", ... */
};

struct ref_row {
	char *path;
	const char *local; /* the same below its section; within path */
	const struct attr *attr;
	size_t section;	     /* index */
	unsigned engines;    /* that do it, and all that it stands in */
	bool no_effect;	     /* accepted, and nothing comes of it */
	bool repeated;	     /* its table was met before */
	const char *same_as; /* its members' table was met before, there; borrowed */
};

struct reference {
	VEC(struct ref_section) sections;
	VEC(struct ref_row) rows;
};

void reference_init(struct reference *ref);
void reference_done(struct reference *ref);

/* A man page's part in mdoc(7): a section for each section of the specification. */
int print_man(const struct reference *ref, struct buf *out, struct error *err);
/* docs/SUPPORT.md, whole. */
void print_support(const struct reference *ref, struct buf *out);

#endif
