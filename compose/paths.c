/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/pass.h"

#include "util/path.h"

#include <limits.h>
#include <sys/stat.h>

static struct node *resolve(struct pass *ps, struct node *n, const struct attr *attr)
{
	if (!attr)
		return n;
	if (attr->resolve)
		return attr->resolve(ps, n);
	if (n->kind == NODE_MAP) {
		for (size_t i = 0; i < n->map.n; i++) {
			struct node_member *m = &n->map.v[i];

			m->value = resolve(ps, m->value, schema_member(attr, m->key));
		}
	} else if (n->kind == NODE_LIST && attr->item) {
		for (size_t i = 0; i < n->list.n; i++)
			n->list.v[i] = resolve(ps, n->list.v[i], attr->item);
	}
	return n;
}

void resolve_paths(struct pass *ps, struct node *root)
{
	resolve(ps, root, &schema_root);
}

/* ~ */
static const char *path_expand(struct pass *ps, const char *path)
{
	const char *home = strmap_get(ps->opt->environ, "HOME");
	autofree char *joined = NULL;

	if (*path != '~' || !home)
		return path;
	joined = path_join(home, path + 1);
	return arena_strdup(ps->arena, joined);
}

static struct node *join(struct pass *ps, const struct node *n, const char *path)
{
	autofree char *joined = path_join(ps->work_dir, path);

	return string_like(ps, n, joined);
}

struct node *resolve_path(struct pass *ps, struct node *n)
{
	const char *path;

	if (!is_string(n) || !*n->s)
		return n;
	path = path_expand(ps, n->s);
	return *path == '/' ? string_like(ps, n, path) : join(ps, n, path);
}

bool is_remote_context(const char *s)
{
	static const char *const prefixes[] = { "https://",    "http://", "git://",  "ssh://",
						"github.com/", "git@",	  "service:" };

	if (strstr(s, "://"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(s, prefixes[i]))
			return true;
	return false;
}

struct node *resolve_context(struct pass *ps, struct node *n)
{
	if (!is_string(n) || is_remote_context(n->s))
		return n;
	return resolve_path(ps, n);
}

struct node *resolve_extends(struct pass *ps, struct node *n)
{
	return is_string(n) && remote_kind(n->s) != REMOTE_NONE ? n : resolve_path(ps, n);
}

static bool is_separator(char c)
{
	return c == '\\' || c == '/';
}

/* C:\dir, \\server\share: a file for a machine that isn't this one. */
static bool is_windows_absolute(const char *s)
{
	if (*s && s[1] == ':')
		return is_separator(s[2]);
	return s[0] == '\\' && is_separator(s[1]);
}

struct node *resolve_unix(struct pass *ps, struct node *n)
{
	const char *path;

	if (!is_string(n))
		return n;
	path = path_expand(ps, n->s);
	if (*path == '/' || is_windows_absolute(path))
		return path == n->s ? n : string_like(ps, n, path);
	return join(ps, n, path);
}

/* The first component of path that is a symbolic link, resolved; NULL when there is none. */
static char *resolve_link(const char *path)
{
	autofree char *copy = xstrdup(path);
	char target[PATH_MAX];
	struct stat st;

	for (char *p = copy + 1; p && *p;) {
		char *slash = strchr(p, '/');

		if (slash)
			*slash = '\0';
		if (lstat(copy, &st) == 0 && S_ISLNK(st.st_mode) && realpath(copy, target))
			return xprintf("%s%s%s", target, slash ? "/" : "", slash ? slash + 1 : "");
		if (slash)
			*slash = '/';
		p = slash ? slash + 1 : NULL;
	}
	return NULL;
}

struct node *resolve_watch(struct pass *ps, struct node *n)
{
	autofree char *resolved = NULL;

	n = resolve_path(ps, n);
	if (!is_string(n) || *n->s != '/')
		return n;
	resolved = resolve_link(n->s);
	return resolved ? string_like(ps, n, resolved) : n;
}

struct node *resolve_mount(struct pass *ps, struct node *n)
{
	struct node *source = node_get(n, "source");

	if (!streq(node_str(node_get(n, "type"), ""), "bind"))
		return n;
	if (!source)
		pass_fail(ps, n,
			  "invalid mount config for type \"bind\": field Source must not be empty");
	else
		map_put(ps, n, "source", resolve_unix(ps, source));
	return n;
}

struct node *resolve_volume(struct pass *ps, struct node *n)
{
	struct node *opts = node_get(n, "driver_opts"), *device = node_get(opts, "device");

	if (device && streq(node_str(node_get(n, "driver"), ""), "local") &&
	    streq(node_str(node_get(opts, "o"), ""), "bind"))
		map_put(ps, opts, "device", resolve_unix(ps, device));
	return n;
}

char *path_relative(const char *from, const char *to)
{
	autostrv a = { 0 }, b = { 0 }, ret = { 0 };
	size_t same = 0;

	strv_split(&a, str_of(from), '/');
	strv_split(&b, str_of(to), '/');
	while (same < a.n && same < b.n && streq(a.v[same], b.v[same]))
		same++;
	for (size_t i = same; i < a.n; i++)
		if (*a.v[i])
			strv_push(&ret, "..");
	for (size_t i = same; i < b.n; i++)
		if (*b.v[i])
			strv_push(&ret, b.v[i]);
	return ret.n ? strv_join(&ret, "/") : xstrdup(".");
}
