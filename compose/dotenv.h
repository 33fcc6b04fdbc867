/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of KEY=VALUE: .env, --env-file, env_file, label_file. Blanks, `export`, comments, single
 * and double quotes over several lines, escapes, and ${VARIABLES} in all that isn't single-quoted.
 */
#ifndef COMPOSE_DOTENV_H
#define COMPOSE_DOTENV_H

#include "compose/interpolate.h"

#define LIMIT_DOTENV_SIZE (16 << 20)

enum dotenv_format {
	DOTENV_PLAIN,
	DOTENV_RAW, /* docker run's: no quotes, no expansion, no comments behind a value */
};
/* "" and NULL are plain; -ERR_INVALID for an unknown name. */
int dotenv_format_parse(const char *name, enum dotenv_format *ret, struct error *err);

struct dotenv {
	struct var_lookup
		vars; /* asked first in expansions, and for keys without a value; then `values` */
	struct map *values;	   /* in: what files before this one gave; out: and this one */
	struct map *origins;	   /* key -> "FILE:LINE", or NULL */
	struct findings *warnings; /* variables that aren't set, or NULL */
};

/* Values of a failed file stay in `values` up to the place of the error, which is in err->pos too.
 */
int dotenv_parse(struct dotenv *d, const struct source *src, enum dotenv_format format,
		 struct error *err);
/* Reads and parses: "failed to read ABS: REASON". A missing file is -ERR_NOT_FOUND. Blocks. src in
 * arena a. */
int dotenv_read(struct dotenv *d, struct arena *a, const char *path, enum dotenv_format format,
		struct error *err);

#endif
