/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/interpolate.h"

#define LIMIT_NESTED 200 /* forms in forms, and forms behind each other in a line */

static void collect_text(struct variables *vars, struct str text, unsigned depth);

static struct variable *variable_of(struct variables *vars, struct str name)
{
	autofree char *key = str_dup(name);
	size_t at = (size_t)(uintptr_t)map_get(&vars->index, key);
	struct variable *v;

	if (at)
		return &vars->list.v[at - 1];
	v = vec_add(&vars->list);
	v->name = arena_strdup(vars->arena, key);
	map_set(&vars->index, key, (void *)(uintptr_t)vars->list.n);
	return v;
}

static bool in_name(char c)
{
	return char_is_alnum(c) || c == '_';
}

/* What is between the braces, or behind the `$`. */
static void add_form(struct variables *vars, struct str form, unsigned depth)
{
	struct variable *v;
	struct str rest;
	size_t n = 0;
	char *text;

	while (n < form.n && in_name(form.p[n]))
		n++;
	rest = str_skip(form, n);
	if (str_starts(rest, ":"))
		rest = str_skip(rest, 1);
	v = variable_of(vars, (struct str){ form.p, n });
	v->default_value = v->presence_value = "";
	v->required = str_starts(rest, "?");
	if (!rest.n || v->required)
		return;
	text = arena_strndup(vars->arena, rest.p + 1, rest.n - 1);
	if (*rest.p == '-')
		v->default_value = text;
	else
		v->presence_value = text;
	collect_text(vars, str_of(text), depth + 1);
}

/* p: at the "{". The "}" that ends what can be a form: the last one of the line when it has an
 * operator. NULL: it can't be one. */
static const char *end_of_match(const char *p, const char *end)
{
	const char *line_end = memchr(p, '\n', (size_t)(end - p)), *q = p + 1;

	if (!line_end)
		line_end = end;
	while (q < line_end && in_name(*q))
		q++;
	if (q == p + 1 || char_is_digit(p[1]) || q == line_end)
		return NULL;
	if (*q == '}')
		return q;
	if (*q == ':' && q + 1 < line_end)
		q++;
	return strchr("-+?", *q) ? memrchr(q, '}', (size_t)(line_end - q)) : NULL;
}

/* Where the brace at p balances; match_end when it doesn't. */
static const char *end_of_form(const char *p, const char *match_end)
{
	int open = 0;

	for (const char *q = p; q <= match_end; q++) {
		if (*q == '}' && --open == 0)
			return q;
		if (*q == '{') {
			open++;
			q++;
		}
	}
	return match_end;
}

/* p: at the "{". Returns where to go on. What is no form is a variable without a name, and forms
 * that are behind each other in a line are taken from the last one on: so Docker Compose lists
 * them, and the one taken last is what is told of a name that has several. */
static const char *collect_braced(struct variables *vars, const char *p, const char *end,
				  unsigned depth)
{
	const char *match_end = end_of_match(p, end), *close;

	if (!match_end) {
		add_form(vars, STR(""), depth);
		return p + 1;
	}
	close = end_of_form(p, match_end);
	if (depth < LIMIT_NESTED)
		collect_text(vars, (struct str){ close + 1, (size_t)(match_end - close) },
			     depth + 1);
	add_form(vars, (struct str){ p + 1, (size_t)(close - p - 1) }, depth);
	return depth < LIMIT_NESTED ? match_end + 1 : close + 1;
}

/* p: behind a `$`. Returns where to go on. */
static const char *collect_dollar(struct variables *vars, const char *p, const char *end,
				  unsigned depth)
{
	struct str name = { p, 0 };

	if (*p == '{')
		return collect_braced(vars, p, end, depth);
	if (!in_name(*p) || char_is_digit(*p))
		return *p == '$' ? p + 1 : p;
	while (p < end && in_name(*p))
		p++;
	name.n = (size_t)(p - name.p);
	add_form(vars, name, depth);
	return p;
}

static void collect_text(struct variables *vars, struct str text, unsigned depth)
{
	const char *p = text.p, *end = text.p + text.n;

	while (p < end && depth <= LIMIT_NESTED) {
		p = memchr(p, '$', (size_t)(end - p));
		if (!p || p + 1 == end)
			return;
		p = collect_dollar(vars, p + 1, end, depth);
	}
}

void variables_collect(struct variables *vars, const struct node *tree)
{
	if (tree->kind == NODE_STRING)
		collect_text(vars, str_of(tree->s), 0);
	node_item(item, tree) variables_collect(vars, item);
	node_each(m, tree) variables_collect(vars, m->value);
}

void variables_done(struct variables *vars)
{
	vec_done(&vars->list);
	map_done(&vars->index);
}
