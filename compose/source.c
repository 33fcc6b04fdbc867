/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/yaml.h"

#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct source *source_text(struct arena *a, const char *name, struct str text)
{
	struct source *s = arena_new_of(a, struct source);
	char *copy = arena_alloc(a, text.n + 1); /* there may be NULs within */

	if (text.n)
		memcpy(copy, text.p, text.n);
	s->name = s->path = arena_strdup(a, name);
	s->text = (struct str){ copy, text.n };
	return s;
}

/* Says it in Compose's words where the cause is a common one. */
static int explain(struct error *err, const char *path)
{
	if (err->code == ERR_NOT_FOUND)
		return error_set(err, ERR_NOT_FOUND, "open %s: no such file or directory", path);
	if (err->code == ERR_LIMIT)
		return error_set(err, ERR_LIMIT, "%s is larger than %d MiB", path,
				 LIMIT_FILE_SIZE >> 20);
	return -(int)err->code;
}

int source_read(struct arena *a, const char *path, struct source **ret, struct error *err)
{
	bool is_stdin = streq(path, "-");
	struct error why = ERROR_INIT;
	autobuf text;
	int r;

	buf_init(&text, LIMIT_FILE_SIZE);
	r = is_stdin ? io_read_fd(STDIN_FILENO, &text, &why)
		     : io_read_file(AT_FDCWD, path, &text, &why);
	if (r < 0) {
		r = explain(&why, is_stdin ? "(stdin)" : path);
		if (err)
			*err = why;
		return r;
	}
	*ret = source_text(a, is_stdin ? "(stdin)" : path, buf_str(&text));
	(*ret)->path = arena_strdup(a, path);
	return 0;
}
