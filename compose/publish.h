/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project as documents that stand on their own: its files as they were written, but for the paths
 * of files that they extend and of env files, which become names beside them. This is what `compose
 * publish` puts in a registry.
 */
#ifndef COMPOSE_PUBLISH_H
#define COMPOSE_PUBLISH_H

#include "compose/load.h"

#define LIMIT_PUBLISHED 200

enum document_kind { DOCUMENT_FILE, DOCUMENT_EXTENDED, DOCUMENT_ENV };
struct document {
	enum document_kind kind;
	char *name; /* "compose.yaml", "HEX.yaml", "HEX.env" */
	char *path; /* for messages: where it was */
	struct buf text;
};
typedef VEC(struct document) document_vec;
void document_vec_done(document_vec *v);

/* Files first, in order, then what they extend, then env files (those that can be read). */
int project_documents(const struct project_tree *t, document_vec *ret, struct error *err);

#endif
