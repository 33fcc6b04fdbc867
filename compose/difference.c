/* SPDX-License-Identifier: Apache-2.0 */
/* Why a container no longer is what its service says: the canonical service then, held against the
 * one now, field by field. */
#include "compose/plan.h"

#define LIMIT_DIFFERENCES 8

/* Members that don't count for whether a container is made anew (as they don't in the config hash).
 */
static const char *const ignored[] = { "build",	      "depends_on", "profiles",
				       "pull_policy", "scale",	    "develop" };

static bool is_ignored(const char *path, const char *key)
{
	if (*path)
		return streq(path, "deploy") && streq(key, "replicas");
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		if (streq(ignored[i], key))
			return true;
	return false;
}

static void put_value(const json_t *j, struct buf *out)
{
	autofree char *text = j ? json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS)
				: NULL;

	if (!text)
		buf_adds(out, "nothing");
	else if (strlen(text) > 60)
		buf_addf(out, "%.57s...", text);
	else
		buf_adds(out, text);
}

static void compare(const char *path, const json_t *old, const json_t *new, size_t *n,
		    struct buf *out);

static void compare_members(const char *path, const json_t *old, const json_t *new, size_t *n,
			    struct buf *out)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)new, key, value) {
		autofree char *deeper = xprintf("%s%s%s", path, *path ? "." : "", key);

		if (!is_ignored(path, key))
			compare(deeper, json_object_get(old, key), value, n, out);
	}
	json_object_foreach ((json_t *)old, key, value) {
		autofree char *deeper = xprintf("%s%s%s", path, *path ? "." : "", key);

		if (!is_ignored(path, key) && !json_object_get(new, key))
			compare(deeper, value, NULL, n, out);
	}
}

/* Whose name says that its value is nobody's business. */
static bool is_secret(const char *path)
{
	static const char *const words[] = {
		"pass", "secret", "token", "key", "credential", "auth"
	};
	autofree char *lower = str_lower(path);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(lower, words[i]))
			return true;
	return false;
}

static void compare(const char *path, const json_t *old, const json_t *new, size_t *n,
		    struct buf *out)
{
	if (old && new &&json_equal(old, new))
		return;
	if (json_is_object(old) && json_is_object(new)) {
		compare_members(path, old, new, n, out);
		return;
	}
	if (++*n > LIMIT_DIFFERENCES)
		return;
	buf_addf(out, "%s%s ", out->len ? "; " : "", path);
	if (is_secret(path)) {
		buf_adds(out, "has changed");
		return;
	}
	put_value(old, out);
	buf_adds(out, " -> ");
	put_value(new, out);
}

char *service_difference(const char *old_config_json, const char *new_config_json)
{
	autojson *old = NULL, *new = NULL;
	autobuf out;
	size_t n = 0;

	buf_init(&out, BUF_MAX_ANY);
	if (!old_config_json ||
	    json_parse(old_config_json, strlen(old_config_json), "", &old, NULL) < 0 ||
	    json_parse(new_config_json, strlen(new_config_json), "", &new, NULL) < 0)
		return xstrdup("");
	compare_members("", old, new, &n, &out);
	if (n > LIMIT_DIFFERENCES)
		buf_addf(&out, "; and %zu more", n - LIMIT_DIFFERENCES);
	return buf_steal(&out);
}
