/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader has to say about the user's files: all findings of a load, each with its place, not the
 * first alone. Printed by the cli as FILE:LINE:COLUMN: error: MESSAGE, the line itself with a caret under it, and
 * the chain of includes and extends that led there.
 */
#ifndef COMPOSE_FINDING_H
#define COMPOSE_FINDING_H

#include "compose/node.h"
#include "util/vec.h"

#define LIMIT_FINDINGS 100 /* more are counted, not kept */

enum severity { FINDING_ERROR, FINDING_WARNING };

struct finding {
	enum severity severity;
	struct place at; /* source NULL: none */
	char *message;	 /* one line or more; owned */
	char *hint;	 /* what would do ("did you mean \"image\"?"), or NULL; owned */
};

struct findings {
	VEC(struct finding) list;
	size_t n_errors, n_dropped;
	VEC(struct arena *) arenas; /* of loads that failed: their sources are in them; owned */
};

void findings_done(struct findings *f);
/* Returns -ERR_INVALID, so that `return finding_error(...)` reads well. */
int finding_error(struct findings *f, struct place at, const char *fmt, ...) printf_like(3, 4);
void finding_warning(struct findings *f, struct place at, const char *fmt, ...) printf_like(3, 4);
/* Adds what would do to the newest finding. */
void finding_hint(struct findings *f, const char *fmt, ...) printf_like(2, 3);
/* All of them as text for people; colour: with escape sequences. */
void findings_print(const struct findings *f, bool colour, struct buf *out);

#endif
