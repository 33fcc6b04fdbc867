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
		mode_t who;  /* of 06777 those that it may change */
		char op;     /* + - = */
		mode_t bits; /* for all, cut by who */
		bool x_if;   /* X: x for directories and what has an x already */
		char copy;   /* u, g, o: the bits that these have; or 0 */
	} ops[LIMIT_CHMOD_OPS];
	unsigned n;
};

int chmod_parse(const char *text, struct chmod *ret, struct error *err);
/* mode with its type; returns the permission bits (07777). */
mode_t chmod_apply(const struct chmod *c, mode_t mode);

#endif
