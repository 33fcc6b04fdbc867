/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json.h"

#include <stdio.h>

/* 15 digits are the most that come back as they were written: 0.1 stays 0.1. */
#define REAL_DIGITS 15

struct depth {
	unsigned now;
	bool in_string, escaped;
};

static void depth_step(struct depth *d, char c)
{
	if (d->in_string) {
		if (!d->escaped && c == '"')
			d->in_string = false;
		d->escaped = !d->escaped && c == '\\';
	} else if (c == '"') {
		d->in_string = true;
	} else if (c == '{' || c == '[') {
		d->now++;
	} else if ((c == '}' || c == ']') && d->now) {
		d->now--;
	}
}

/* Counted before jansson, which calls itself at each level, sees it. */
static int check_depth(const char *p, size_t n, const char *what, struct error *err)
{
	struct depth d = { 0 };
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < n; i++, column++) {
		if (p[i] == '\n') {
			line++;
			column = 0;
		}
		depth_step(&d, p[i]);
		if (d.now > JSON_DEPTH_MAX)
			return error_set(err, ERR_LIMIT,
					 "%s: line %u, column %u: nested deeper than %d", what,
					 line, column, JSON_DEPTH_MAX);
	}
	return 0;
}

int json_parse(const char *p, size_t n, const char *what, json_t **ret, struct error *err)
{
	json_error_t e;
	json_t *j;

	if (check_depth(p, n, what, err) < 0)
		return -ERR_LIMIT;
	j = json_loadb(p ? p : "", n, JSON_REJECT_DUPLICATES, &e);
	if (!j)
		return error_set(err, ERR_INVALID, "%s: line %d, column %d: %s", what, e.line,
				 e.column, e.text);
	*ret = j;
	return 0;
}

static char *text(const json_t *j, size_t flags)
{
	char *s = json_dumps(j, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS));

	return s ? s : xstrdup("null");
}

char *json_text(const json_t *j)
{
	return text(j, JSON_COMPACT);
}

char *json_text_pretty(const json_t *j)
{
	return text(j, JSON_INDENT(2));
}

const char *json_str(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

int64_t json_i64(const json_t *obj, const char *key, int64_t otherwise)
{
	const json_t *j = json_object_get(obj, key);

	return json_is_integer(j) ? json_integer_value(j) : otherwise;
}

bool json_flag(const json_t *obj, const char *key)
{
	return json_is_true(json_object_get(obj, key));
}
