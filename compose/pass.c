/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/pass.h"

#include <stdarg.h>

const char *path_text(struct pass *ps, const struct node_path *path)
{
	autobuf b = { 0 };

	buf_init(&b, BUF_MAX_ANY);
	node_path_text(path, &b);
	return arena_strndup(ps->arena, b.p, b.len);
}

static struct place place_of(const struct node *n)
{
	return n ? n->at : (struct place){ 0 };
}

static int vfail(struct pass *ps, const struct node *at, const char *prefix, const char *fmt,
		 va_list ap) printf_like(4, 0);

static int vfail(struct pass *ps, const struct node *at, const char *prefix, const char *fmt,
		 va_list ap)
{
	autofree char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	return finding_error(ps->findings, place_of(at), "%s%s%s", prefix, *prefix ? ": " : "",
			     text);
}

int pass_error(struct pass *ps, const struct node *at, const struct node_path *path,
	       const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vfail(ps, at, path_text(ps, path), fmt, ap);
	va_end(ap);
	return r;
}

int pass_fail(struct pass *ps, const struct node *at, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vfail(ps, at, "", fmt, ap);
	va_end(ap);
	return r;
}

struct node *map_like(struct pass *ps, const struct node *at)
{
	return node_new(ps->arena, NODE_MAP, place_of(at));
}

struct node *list_like(struct pass *ps, const struct node *at)
{
	return node_new(ps->arena, NODE_LIST, place_of(at));
}

struct node *string_like(struct pass *ps, const struct node *at, const char *s)
{
	return node_string(ps->arena, s, place_of(at));
}

void map_put(struct pass *ps, struct node *map, const char *key, struct node *value)
{
	node_set(ps->arena, map, key, value->at, value);
}

void map_put_string(struct pass *ps, struct node *map, const char *key, const char *value)
{
	map_put(ps, map, key, string_like(ps, map, value));
}

void map_put_bool(struct pass *ps, struct node *map, const char *key, bool value)
{
	map_put(ps, map, key, node_bool(ps->arena, value, map->at));
}

const char *cut(struct pass *ps, const char *s, char c, const char **ret_tail)
{
	const char *p = strchr(s, c);

	*ret_tail = p ? p + 1 : NULL;
	return p ? arena_strndup(ps->arena, s, (size_t)(p - s)) : s;
}

