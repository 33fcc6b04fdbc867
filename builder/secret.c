/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets that a build was given. */
#include "builder/solve.h"

#include "util/io.h"

#include <fcntl.h>

static int read_secret(const struct build *b, const struct build_secret *x, struct buf *out,
		       struct error *err)
{
	const char *value;

	if (x->file)
		return io_read_file(AT_FDCWD, x->file, out, err);
	value = b->opt->environ ? strmap_get(b->opt->environ, x->env) : getenv(x->env);
	if (!value)
		return error_set(err, ERR_NOT_FOUND, "the variable %s is not set", x->env);
	return buf_adds(out, value) < 0 ? buf_check(out, x->env, err) : 0;
}

int secret_value(const struct build *b, const char *id, struct buf *out, struct error *err)
{
	buf_init(out, LIMIT_BUILD_SECRET);
	vec_foreach (x, &b->opt->secrets) {
		if (!streq(x->id, id))
			continue;
		if (read_secret(b, x, out, err) < 0)
			return error_wrap(err, "secret %s", id);
		return 1;
	}
	return 0;
}
