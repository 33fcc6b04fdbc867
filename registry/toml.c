/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/toml.h"

#include "util/num.h"

#define DEPTH_MAX     16
#define KEY_PARTS_MAX 16

struct toml {
	const char *p, *end, *start_of_line;
	const char *file;
	unsigned line;
	json_t *root, *table; /* borrowed from root: where keys go now */
	struct error *err;
};

static int fail(struct toml *t, enum err_code code, const char *what)
{
	error_set(t->err, code, "%s", what);
	error_at(t->err, t->file, t->line, (unsigned)(t->p - t->start_of_line) + 1);
	return -(int)code;
}

static int invalid(struct toml *t, const char *what)
{
	return fail(t, ERR_INVALID, what);
}

static char peek(const struct toml *t)
{
	return t->p < t->end ? *t->p : '\0';
}

static void skip_blanks(struct toml *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		t->p++;
}

static void newline(struct toml *t)
{
	t->p++;
	t->line++;
	t->start_of_line = t->p;
}

static void skip_comment(struct toml *t)
{
	if (peek(t) == '#')
		while (t->p < t->end && *t->p != '\n')
			t->p++;
}

/* Blanks, comments and line ends: between statements, and inside arrays. */
static void skip_lines(struct toml *t)
{
	for (;;) {
		skip_blanks(t);
		skip_comment(t);
		if (peek(t) == '\r' && t->p + 1 < t->end && t->p[1] == '\n')
			t->p++;
		if (peek(t) != '\n')
			return;
		newline(t);
	}
}

static int end_of_statement(struct toml *t)
{
	skip_blanks(t);
	skip_comment(t);
	if (t->p == t->end || *t->p == '\n' || *t->p == '\r')
		return 0;
	return invalid(t, "something follows the value on its line");
}

static int take_escape(struct toml *t, struct buf *b)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	const char *at;

	t->p++;
	at = peek(t) ? strchr(from, peek(t)) : NULL;
	if (!at)
		return fail(t, ERR_UNSUPPORTED, "this escape is not supported");
	buf_addc(b, to[at - from]);
	return 0;
}

static int take_string(struct toml *t, char **ret)
{
	char quote = *t->p;
	autobuf b;
	int r;

	buf_init(&b, LIMIT_TOML);
	if (t->end - t->p >= 3 && t->p[1] == quote && t->p[2] == quote)
		return fail(t, ERR_UNSUPPORTED, "multi-line strings are not supported");
	for (t->p++; peek(t) != quote; t->p++) {
		if (t->p == t->end || (unsigned char)*t->p < ' ')
			return invalid(t, "the string is not closed");
		if (quote == '"' && *t->p == '\\') {
			r = take_escape(t, &b);
			if (r < 0)
				return r;
			continue;
		}
		buf_addc(&b, *t->p);
	}
	t->p++;
	*ret = buf_steal(&b);
	return 0;
}

static bool bare_char(char c)
{
	return char_is_alnum(c) || c == '_' || c == '-';
}

static int take_key(struct toml *t, struct strv *ret)
{
	for (;;) {
		const char *start;
		char *s;
		int r;

		skip_blanks(t);
		start = t->p;
		if (peek(t) == '"' || peek(t) == '\'') {
			r = take_string(t, &s);
			if (r < 0)
				return r;
			strv_take(ret, s);
		} else {
			while (bare_char(peek(t)))
				t->p++;
			if (t->p == start)
				return invalid(t, "a key is expected here");
			strv_take(ret, xstrndup(start, (size_t)(t->p - start)));
		}
		if (ret->n > KEY_PARTS_MAX)
			return invalid(t, "the key has too many parts");
		skip_blanks(t);
		if (peek(t) != '.')
			return 0;
		t->p++;
	}
}

static int take_value(struct toml *t, unsigned depth, json_t **ret);

static int take_array(struct toml *t, unsigned depth, json_t **ret)
{
	autojson *list = json_array();
	int r;

	if (depth > DEPTH_MAX)
		return invalid(t, "arrays are nested too deep");
	for (t->p++;;) {
		json_t *item;

		skip_lines(t);
		if (peek(t) == ']')
			break;
		r = take_value(t, depth + 1, &item);
		if (r < 0)
			return r;
		json_array_append_new(list, item);
		skip_lines(t);
		if (peek(t) == ',')
			t->p++;
		else if (peek(t) != ']')
			return invalid(t, "',' or ']' is expected here");
	}
	t->p++;
	*ret = TAKE_PTR(list);
	return 0;
}

static int take_word(struct toml *t, json_t **ret)
{
	struct str s = { t->p, 0 };
	int64_t n;

	while (t->p + s.n < t->end && (bare_char(s.p[s.n]) || strchr("+.:", s.p[s.n])))
		s.n++;
	if (str_eq(s, "true") || str_eq(s, "false"))
		*ret = json_boolean(str_eq(s, "true"));
	else if (num_parse_i64(s, INT64_MIN, INT64_MAX, &n) == 0)
		*ret = json_integer(n);
	else
		return s.n && (char_is_digit(s.p[0]) || s.p[0] == '+' || s.p[0] == '-')
			       ? fail(t, ERR_UNSUPPORTED, "this kind of number is not supported")
			       : invalid(t, "a value is expected here");
	t->p += s.n;
	return 0;
}

static int take_value(struct toml *t, unsigned depth, json_t **ret)
{
	char *s;
	int r;

	switch (peek(t)) {
	case '"':
	case '\'':
		r = take_string(t, &s);
		if (r < 0)
			return r;
		*ret = json_string(s);
		free(s);
		return *ret ? 0 : invalid(t, "the string is not UTF-8");
	case '[':
		return take_array(t, depth, ret);
	case '{':
		return fail(t, ERR_UNSUPPORTED, "inline tables are not supported");
	default:
		return take_word(t, ret);
	}
}

/* The table called `name` in `in`; of an array of tables its last one. */
static json_t *enter(json_t *in, const char *name)
{
	json_t *j = json_object_get(in, name);

	if (!j) {
		j = json_object();
		json_object_set_new(in, name, j);
	}
	if (json_is_array(j) && json_array_size(j))
		j = json_array_get(j, json_array_size(j) - 1);
	return json_is_object(j) ? j : NULL;
}

static json_t *enter_all(json_t *in, const struct strv *key)
{
	for (size_t i = 0; in && i + 1 < key->n; i++)
		in = enter(in, key->v[i]);
	return in;
}

static int statement_key(struct toml *t)
{
	autostrv key = { 0 };
	json_t *in, *value;
	int r;

	r = take_key(t, &key);
	if (r < 0)
		return r;
	if (peek(t) != '=')
		return invalid(t, "'=' is expected here");
	t->p++;
	skip_blanks(t);
	r = take_value(t, 0, &value);
	if (r < 0)
		return r;
	in = enter_all(t->table, &key);
	if (!in || json_object_get(in, key.v[key.n - 1])) {
		json_decref(value);
		return invalid(t, "this key is there already");
	}
	if (json_object_set_new(in, key.v[key.n - 1], value) < 0)
		return invalid(t, "the key is not UTF-8");
	return end_of_statement(t);
}

static json_t *append_table(json_t *in, const char *name)
{
	json_t *list = json_object_get(in, name), *table;

	if (!list) {
		list = json_array();
		json_object_set_new(in, name, list);
	}
	if (!json_is_array(list))
		return NULL;
	table = json_object();
	json_array_append_new(list, table);
	return table;
}

static int statement_table(struct toml *t)
{
	autostrv key = { 0 };
	bool list = t->end - t->p > 1 && t->p[1] == '[';
	json_t *in;
	int r;

	t->p += list ? 2 : 1;
	r = take_key(t, &key);
	if (r < 0)
		return r;
	if (peek(t) != ']' || (list && (t->end - t->p < 2 || t->p[1] != ']')))
		return invalid(t, list ? "']]' is expected here" : "']' is expected here");
	t->p += list ? 2 : 1;
	in = enter_all(t->root, &key);
	if (in)
		in = list ? append_table(in, key.v[key.n - 1]) : enter(in, key.v[key.n - 1]);
	if (!in)
		return invalid(t, "a value of another kind has this name");
	t->table = in;
	return end_of_statement(t);
}

int toml_parse(const char *p, size_t n, const char *file, json_t **ret, struct error *err)
{
	autojson *root = json_object();
	struct toml t = { .p = p,
			  .end = p + n,
			  .start_of_line = p,
			  .file = file,
			  .line = 1,
			  .root = root,
			  .table = root,
			  .err = err };
	int r;

	if (n > LIMIT_TOML)
		return error_set(err, ERR_LIMIT, "%s: larger than %d bytes", file, LIMIT_TOML);
	if (!utf8_valid((struct str){ p, n }))
		return error_set(err, ERR_INVALID, "%s: not UTF-8", file);
	for (skip_lines(&t); t.p < t.end; skip_lines(&t)) {
		r = *t.p == '[' ? statement_table(&t) : statement_key(&t);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(root);
	return 0;
}
