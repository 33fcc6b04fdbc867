/* SPDX-License-Identifier: Apache-2.0 */
#include "util/strv.h"

#include "util/map.h"

#include <stdarg.h>
#include <stdio.h>

static void make_room(struct strv *l, size_t n)
{
	if (l->n + n + 1 <= l->cap)
		return;
	l->cap = MAX(l->cap * 2, l->n + n + 1);
	l->cap = MAX(l->cap, (size_t)8);
	l->v = xrealloc(l->v, l->cap, sizeof(*l->v));
}

void strv_take(struct strv *l, char *s)
{
	make_room(l, 1);
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void strv_push(struct strv *l, const char *s)
{
	strv_take(l, xstrdup(s));
}

void strv_pushf(struct strv *l, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	strv_take(l, n < 0 ? xstrdup("") : s);
}

void strv_extend(struct strv *l, const struct strv *from)
{
	size_t n = from->n; /* from may be l */

	make_room(l, n);
	for (size_t i = 0; i < n; i++)
		strv_push(l, from->v[i]);
}

void strv_copy(struct strv *l, const struct strv *from)
{
	if (l == from)
		return;
	strv_done(l);
	strv_extend(l, from);
}

void strv_insert(struct strv *l, size_t at, const char *s)
{
	char *copy = xstrdup(s);

	make_room(l, 1);
	at = MIN(at, l->n);
	memmove(&l->v[at + 1], &l->v[at], (l->n - at) * sizeof(*l->v));
	l->v[at] = copy;
	l->v[++l->n] = NULL;
}

void strv_remove(struct strv *l, size_t at)
{
	free(l->v[at]);
	memmove(&l->v[at], &l->v[at + 1], (l->n - at) * sizeof(*l->v));
	l->n--;
}

void strv_done(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){ 0 };
}

char **strv_v(const struct strv *l)
{
	static char *const none[1];

	return l->v ? l->v : (char **)none;
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (streq(l->v[i], s))
			return true;
	return false;
}

bool strv_eq(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!streq(a->v[i], b->v[i]))
			return false;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), by_bytes);
}

void strv_uniq(struct strv *l)
{
	automap seen = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (map_has(&seen, l->v[i])) {
			free(l->v[i]);
			continue;
		}
		map_set(&seen, l->v[i], NULL);
		l->v[kept++] = l->v[i];
	}
	l->n = kept;
	if (l->v)
		l->v[kept] = NULL;
}

void strv_split(struct strv *l, struct str s, char sep)
{
	struct str head;
	bool more;

	do {
		more = str_cut(s, sep, &head, &s);
		strv_take(l, str_dup(head));
	} while (more);
}

char *strv_join(const struct strv *l, const char *sep)
{
	autobuf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_adds(&b, sep);
		buf_adds(&b, l->v[i]);
	}
	return buf_steal(&b);
}

static size_t env_find(const struct strv *l, const char *key)
{
	const char *rest;
	size_t i;

	for (i = 0; i < l->n; i++) {
		rest = skip_prefix(l->v[i], key);
		if (rest && *rest == '=')
			break;
	}
	return i;
}

const char *strv_env(const struct strv *l, const char *key)
{
	size_t i = env_find(l, key);

	return i < l->n ? l->v[i] + strlen(key) + 1 : NULL;
}

void strv_env_set(struct strv *l, const char *key, const char *value)
{
	size_t i = env_find(l, key);
	char *s = xprintf("%s=%s", key, value);

	if (i == l->n) {
		strv_take(l, s);
		return;
	}
	free(l->v[i]);
	l->v[i] = s;
}
