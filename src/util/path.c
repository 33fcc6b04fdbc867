/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text. */
#include "util/path.h"

#include <unistd.h>

static void drop_last(struct buf *b, size_t floor)
{
	while (b->len > floor && b->p[b->len - 1] != '/')
		buf_truncate(b, b->len - 1);
	if (b->len > floor)
		buf_truncate(b, b->len - 1);
}

static void add_part(struct buf *b, size_t root, struct str part)
{
	if (b->len > root)
		buf_addc(b, '/');
	buf_addstr(b, part);
}

char *path_clean(const char *path)
{
	struct str rest = str_of(path), part;
	bool absolute = path[0] == '/';
	size_t root = absolute, floor = root; /* floor: what .. can't take away */
	autobuf b;

	buf_init(&b, BUF_MAX_ANY);
	if (absolute)
		buf_addc(&b, '/');
	while (rest.n) {
		str_cut(rest, '/', &part, &rest);
		if (!part.n || str_eq(part, "."))
			continue;
		if (!str_eq(part, "..")) {
			add_part(&b, root, part);
		} else if (b.len > floor) {
			drop_last(&b, floor);
		} else if (!absolute) {
			add_part(&b, root, part);
			floor = b.len;
		}
	}
	return b.len ? buf_steal(&b) : xstrdup(".");
}

char *path_join(const char *dir, const char *name)
{
	autofree char *both = NULL;

	if (!*dir && !*name)
		return xstrdup("");
	if (!*dir || !*name)
		return path_clean(*dir ? dir : name);
	both = xprintf("%s/%s", dir, name);
	return path_clean(both);
}

char *path_absolute(const char *dir, const char *path)
{
	return path[0] == '/' ? xstrdup(path) : path_join(dir, path);
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("");

	return path_clean(dir);
}

char *path_base(const char *path)
{
	size_t n = strlen(path), at;

	if (!n)
		return xstrdup(".");
	while (n && path[n - 1] == '/')
		n--;
	if (!n)
		return xstrdup("/");
	for (at = n; at && path[at - 1] != '/'; at--)
		;
	return xstrndup(path + at, n - at);
}

const char *path_below(const char *dir, const char *target)
{
	const char *rest = skip_prefix(target, streq(dir, "/") ? "" : dir);

	if (!rest || (*rest && *rest != '/'))
		return NULL;
	while (*rest == '/')
		rest++;
	return *rest ? rest : ".";
}

bool path_exists(const char *path)
{
	return !access(path, F_OK);
}
