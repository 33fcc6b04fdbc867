/* SPDX-License-Identifier: Apache-2.0 */
/* --chmod: an octal number or what chmod(1) takes: u=rwX,go=rX. */
#ifndef BUILDER_CHMOD_H
#define BUILDER_CHMOD_H

#include "util/error.h"

#include <sys/types.h>

#define LIMIT_CHMOD_OPS 64

struct chmod {
	bool octal;
	mode_t mode; /* octal */
	struct chmod_op {
		char op;     /* + - =; X: a + for directories and what had an x */
		mode_t who;  /* what it may change: the sticky bit with a t alone */
		mode_t bits; /* of who */
		char copy;   /* u, g, o: the rwx of these, for the classes in who; or 0 */
	} ops[LIMIT_CHMOD_OPS];
	unsigned n;
};

int chmod_parse(const char *text, struct chmod *ret, struct error *err);
/* mode with its type; returns the permission bits (07777). */
mode_t chmod_apply(const struct chmod *c, mode_t mode);

#endif
