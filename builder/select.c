/* SPDX-License-Identifier: Apache-2.0 */
/* What the source arguments of COPY and ADD mean: paths, wildcards, and the pivot of --parents. */
#include "builder/copy.h"
#include "builder/walk.h"

#include "util/path.h"

struct selector {
	const struct copy_source *src;
	const char *arg;
	bool parents;
	char *pattern; /* --parents: what is after the pivot */
	copy_picks *out;
	struct error *err;
};

void copy_picks_done(copy_picks *v)
{
	vec_foreach (p, v) {
		free(p->path);
		free(p->base);
		ignore_free(p->include);
	}
	vec_done(v);
}

static bool has_wildcard(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '*' || *s == '?' || *s == '[')
			return true;
	}
	return false;
}

/* ---- is it to be seen at all? ---- */

static int stop_at_first(void *userdata, const struct walk_entry *e, struct error *err)
{
	return -ERR_EXISTS;
}

static int pass(void *userdata, const struct walk_entry *e, struct error *err)
{
	return 0;
}

/* Is there an exception below a directory that is ignored? */
static int holds_exception(const struct copy_source *src, const char *path, struct error *err)
{
	const struct walk_filter filter = { .ignored = src->ignored };
	const struct walk_visitor v = { .enter = stop_at_first,
					.leave = pass,
					.entry = stop_at_first };
	autotreedir dir = { 0 };
	int r = tree_enter(src->tree, path, &dir, err);

	if (!r)
		r = walk_tree(&dir, path, &filter, &v, err);
	return r == -ERR_EXISTS ? 1 : r;
}

/* 1, or 0 when .dockerignore hides it. */
static int visible(const struct copy_source *src, const char *path, const struct stat *st,
		   struct error *err)
{
	if (!src->ignored || streq(path, "/") || !ignore_match(src->ignored, path + 1))
		return 1;
	if (!S_ISDIR(st->st_mode) || !ignore_has_exceptions(src->ignored))
		return 0;
	return holds_exception(src, path, err);
}

static int not_found(struct selector *s, const char *path, bool hidden)
{
	return error_set(s->err, ERR_NOT_FOUND, "%s: not found in %s%s", path, s->src->name,
			 hidden ? ": .dockerignore excludes it" : "");
}

/* ---- picks ---- */

static int add_pick(struct selector *s, const char *path)
{
	autotreepath p = { 0 };
	struct copy_pick *pick;
	int r = tree_resolve(s->src->tree, path, true, &p, s->err);

	if (r < 0)
		return error_wrap(s->err, "%s", path);
	if (!p.exists || p.in_file)
		return not_found(s, s->arg, false);
	r = visible(s->src, p.path, &p.st, s->err);
	if (r > 0 && !streq(p.path, path))
		r = visible(s->src, path, &p.st, s->err);
	if (r <= 0)
		return r < 0 ? r : not_found(s, s->arg, true);
	if (S_ISSOCK(p.st.st_mode)) /* among others it is passed over */
		return has_wildcard(s->arg)
			       ? 0
			       : error_set(s->err, ERR_INVALID,
					   "%s is a socket, which an image cannot hold", s->arg);
	if (s->out->n >= LIMIT_COPY_MATCHES)
		return error_set(s->err, ERR_LIMIT, "%s: more than %d files match", s->arg,
				 LIMIT_COPY_MATCHES);
	pick = vec_add(s->out);
	pick->path = TAKE_PTR(p.path);
	pick->base = path_base(path);
	pick->st = p.st;
	if (s->pattern) {
		autostrv patterns = { 0 };

		strv_push(&patterns, s->pattern);
		return ignore_new(&patterns, &pick->include, s->err);
	}
	return 0;
}

/* parts[i...] below the directory `path`; only what is a directory itself is gone into. */
static int match_parts(struct selector *s, const struct tree_dir *dir, const char *path,
		       const struct strv *parts, size_t i)
{
	autostrv names = { 0 };
	int r = tree_dir_list(dir, &names, s->err);

	for (size_t k = 0; !r && k < names.n; k++) {
		autofree char *full = NULL;
		autotreedir sub = { 0 };
		struct stat st;
		size_t at;

		if (glob_match(parts->v[i], names.v[k]) != 1)
			continue;
		full = xprintf("%s/%s", streq(path, "/") ? "" : path, names.v[k]);
		r = tree_dir_stat(dir, names.v[k], &st, &at, s->err);
		if (r > 0)
			r = visible(s->src, full, &st, s->err);
		if (r <= 0)
			continue;
		if (i + 1 == parts->n) {
			r = add_pick(s, full);
			continue;
		}
		r = 0;
		if (!S_ISDIR(st.st_mode))
			continue;
		r = tree_dir_enter(dir, names.v[k], &sub, s->err);
		if (!r)
			r = match_parts(s, &sub, full, parts, i + 1);
	}
	return r;
}

static int match_wildcards(struct selector *s, const struct strv *parts, size_t fixed)
{
	autotreepath p = { 0 };
	autotreedir dir = { 0 };
	autofree char *base = NULL;
	struct strv head = { .v = parts->v, .n = fixed }, tail = { .v = parts->v + fixed };
	int r;

	tail.n = parts->n - fixed;
	base = strv_join(&head, "/");
	r = tree_resolve(s->src->tree, base, true, &p, s->err);
	if (r < 0)
		return error_wrap(s->err, "%s", s->arg);
	if (!p.exists || !S_ISDIR(p.st.st_mode))
		return not_found(s, s->arg, false);
	r = tree_enter(s->src->tree, p.path, &dir, s->err);
	return r < 0 ? r : match_parts(s, &dir, p.path, &tail, 0);
}

/* A bad pattern matches nothing, which nobody would understand. */
static int check_pattern(struct selector *s, const char *part)
{
	if (glob_match(part, "x") != -ERR_INVALID)
		return 0;
	return error_set(s->err, ERR_INVALID, "%s: the pattern is not valid: a [ is not closed",
			 s->arg);
}

static int select_path(struct selector *s, const char *path)
{
	autofree char *joined = xprintf("/%s", path), *clean = path_clean(joined);
	autostrv parts = { 0 };
	size_t fixed = 0;

	strv_split(&parts, str_of(clean + 1), '/');
	while (fixed < parts.n && !has_wildcard(parts.v[fixed]))
		fixed++;
	if (fixed == parts.n)
		return add_pick(s, clean);
	for (size_t i = fixed; i < parts.n; i++)
		if (check_pattern(s, parts.v[i]) < 0)
			return -ERR_INVALID;
	return match_wildcards(s, &parts, fixed);
}

/* "a/./b": a is where the walk begins, b what is kept as a path. */
static int select_parents(struct selector *s)
{
	const char *pivot = strstr(s->arg, "/./");
	autofree char *root = pivot ? xstrndup(s->arg, (size_t)(pivot - s->arg)) : xstrdup("/");
	autofree char *joined = xprintf("/%s", pivot ? pivot + 3 : s->arg);
	autofree char *pattern = path_clean(joined), *whole = NULL;

	if (!has_wildcard(root) && !has_wildcard(pattern)) {
		struct selector probe = *s;
		copy_picks picks = { 0 };
		int r;

		whole = xprintf("%s%s", root, pattern);
		probe.out = &picks;
		probe.pattern = NULL;
		r = select_path(&probe, whole);
		copy_picks_done(&picks);
		if (r < 0)
			return r;
	}
	s->pattern = pattern[1] ? pattern + 1 : NULL;
	return select_path(s, root);
}

int copy_select(const struct copy_source *src, const char *arg, bool parents, copy_picks *ret,
		struct error *err)
{
	struct selector s = { .src = src, .arg = arg, .parents = parents, .out = ret, .err = err };

	return parents ? select_parents(&s) : select_path(&s, arg);
}
