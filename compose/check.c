/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of the specification: what a value may be, before it is canonical. */
#include "compose/pass.h"

#include <math.h>

static void check(struct pass *ps, const struct node *n, const struct attr *attr,
		  const struct node_path *path);

/* floor() is in libm, which nothing else here needs: what is larger than 2^53 has no fraction. */
static bool is_whole(double f)
{
	const double exact = 9007199254740992.0;

	if (isnan(f))
		return false;
	return f >= exact || f <= -exact || (double)(int64_t)f == f;
}

static unsigned form_of(const struct node *n)
{
	switch (n->kind) {
	case NODE_NULL:
		return FORM_NULL;
	case NODE_BOOL:
		return FORM_BOOL;
	case NODE_INT:
	case NODE_UINT:
		return FORM_INT | FORM_NUMBER;
	case NODE_FLOAT:
		return is_whole(n->f) ? FORM_INT | FORM_NUMBER : FORM_NUMBER;
	case NODE_STRING:
		return FORM_STRING;
	case NODE_LIST:
		return FORM_LIST;
	case NODE_MAP:
		return FORM_MAP;
	case NODE_TIME:
		break;
	}
	return 0;
}

/* "a boolean, null, number or string" */
static void say_forms(unsigned forms, struct buf *out)
{
	static const struct {
		unsigned form;
		const char *name;
	} names[] = {
		{ FORM_BOOL, "boolean" },  { FORM_INT, "integer" }, { FORM_LIST, "list" },
		{ FORM_MAP, "mapping" },   { FORM_NULL, "null" },   { FORM_NUMBER, "number" },
		{ FORM_STRING, "string" },
	};
	unsigned left = forms;

	buf_adds(out, forms & FORM_INT && !(forms & FORM_BOOL) ? "an " : "a ");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(forms & names[i].form))
			continue;
		left &= ~names[i].form;
		buf_adds(out, names[i].name);
		if (left)
			buf_adds(out, left & (left - 1) ? ", " : " or ");
	}
}

static void wrong_form(struct pass *ps, const struct node *n, const struct attr *attr,
		       const struct node_path *path)
{
	autobuf forms = { 0 };

	buf_init(&forms, BUF_MAX_ANY);
	say_forms(attr->forms, &forms);
	finding_error(ps->findings, n->at, "%s must be %s, not a %s", path_text(ps, path), forms.p,
		      node_kind_name(n->kind));
	if (n->kind == NODE_NULL)
		finding_hint(ps->findings, "give it a value, or leave the key out");
	else if (n->kind == NODE_TIME)
		finding_hint(ps->findings, "put it in quotes: without them it is a date");
	else if ((attr->forms & FORM_STRING) && n->kind < NODE_LIST)
		finding_hint(ps->findings, "put it in quotes");
}

/* "a", "b" */
static const char *join_words(struct pass *ps, const char *const *words)
{
	const char *text = NULL;

	for (; *words; words++)
		text = text ? arena_printf(ps->arena, "%s, \"%s\"", text, *words)
			    : arena_printf(ps->arena, "\"%s\"", *words);
	return text ? text : "";
}

static void check_words(struct pass *ps, const struct node *n, const struct attr *attr,
			const struct node_path *path)
{
	const char *nearest;

	for (const char *const *w = attr->words; *w; w++)
		if (streq(n->s, *w))
			return;
	finding_error(ps->findings, n->at, "%s must be one of %s, not \"%s\"", path_text(ps, path),
		      join_words(ps, attr->words), n->s);
	nearest = nearest_name(n->s, attr->words);
	if (nearest)
		finding_hint(ps->findings, "did you mean \"%s\"?", nearest);
}

static void check_range(struct pass *ps, const struct node *n, const struct attr *attr,
			const struct node_path *path)
{
	double f = n->kind == NODE_INT ? (double)n->i : n->kind == NODE_UINT ? (double)n->u : n->f;

	if (f < (double)attr->min)
		pass_error(ps, n, path, "must be greater than or equal to %lld",
			   (long long)attr->min);
	else if (f > (double)attr->max)
		pass_error(ps, n, path, "must be less than or equal to %lld", (long long)attr->max);
}

static bool is_name(const char *s)
{
	for (; *s; s++)
		if (!char_is_alnum(*s) && !strchr("._-", *s))
			return false;
	return true;
}

static void unknown_member(struct pass *ps, const struct node_member *m, const struct attr *attr,
			   const struct node_path *path)
{
	const char *where = path ? path_text(ps, path) : "the top level";
	const char *names[128], *nearest;
	size_t n = 0;

	finding_error(ps->findings, m->key_at.source ? m->key_at : m->value->at,
		      "%s: unknown attribute \"%s\"", where, m->key);
	for (const struct attr *row = attr->members; row->name && n < ARRAY_SIZE(names) - 1; row++)
		names[n++] = row->name;
	names[n] = NULL;
	nearest = nearest_name(m->key, names);
	if (!path && (node_get(m->value, "image") || node_get(m->value, "build")))
		finding_hint(ps->findings, "services stand below the top-level `services:`");
	else if (nearest)
		finding_hint(ps->findings, "did you mean \"%s\"?", nearest);
	else
		finding_hint(ps->findings, "attributes of your own begin with x-");
}

static void check_object(struct pass *ps, const struct node *n, const struct attr *attr,
			 const struct node_path *path)
{
	node_each(m, n)
	{
		const struct attr *row = schema_member(attr, m->key);

		if (row)
			check(ps, m->value, row, PATH_STEP(path, m->key));
		else if (!(attr->flags & ATTR_OPEN) &&
			 ((attr->flags & ATTR_NO_EXTRA) || !is_extension(m->key)))
			unknown_member(ps, m, attr, path);
	}
	for (const struct attr *row = attr->members; row->name; row++)
		if ((row->flags & ATTR_REQUIRED) && !node_get(n, row->name))
			pass_error(ps, n, path, "the attribute \"%s\" is missing", row->name);
}

static void check_map(struct pass *ps, const struct node *n, const struct attr *attr,
		      const struct node_path *path)
{
	node_each(m, n)
	{
		if ((attr->flags & (ATTR_NAME | ATTR_OPEN)) && !is_name(m->key)) {
			if (attr->flags & ATTR_NAME)
				finding_error(
					ps->findings, m->key_at,
					"%s: the name \"%s\" may have letters, digits and . _ - "
					"alone",
					path_text(ps, path), m->key);
			continue;
		}
		check(ps, m->value, attr->each, PATH_STEP(path, m->key));
	}
}

/* Items of a list that must differ; numbers stand for themselves, so "80" and 80 differ. */
static void check_unique(struct pass *ps, const struct node *n, const struct node_path *path)
{
	automap seen = { 0 };

	for (size_t i = 0; i < n->list.n; i++) {
		const struct node *x = n->list.v[i];
		uintptr_t at;

		if (x->kind != NODE_STRING)
			continue;
		at = (uintptr_t)map_get(&seen, x->s);
		if (at) {
			pass_error(ps, x, path, "items at %zu and %zu are equal", (size_t)at - 1,
				   i);
			return;
		}
		map_set(&seen, x->s, (void *)(uintptr_t)(i + 1));
	}
}

static void check_list(struct pass *ps, const struct node *n, const struct attr *attr,
		       const struct node_path *path)
{
	size_t i = 0;

	if (attr->flags & ATTR_UNIQUE)
		check_unique(ps, n, path);
	if (!attr->item)
		return;
	node_item(x, n)
	{
		check(ps, x, attr->item, PATH_STEP(path, arena_printf(ps->arena, "%zu", i)));
		i++;
	}
}

static void check_string(struct pass *ps, const struct node *n, const struct attr *attr,
			 const struct node_path *path)
{
	if (attr->words)
		check_words(ps, n, attr, path);
	if (attr->pattern && !attr->pattern(n->s))
		pass_error(ps, n, path, "'%s' does not match pattern '%s'", n->s,
			   attr->pattern_text);
}

static void check(struct pass *ps, const struct node *n, const struct attr *attr,
		  const struct node_path *path)
{
	if (attr->forms != FORM_ANY && !(form_of(n) & attr->forms)) {
		wrong_form(ps, n, attr, path);
		return;
	}
	if (n->kind == NODE_STRING)
		check_string(ps, n, attr, path);
	else if (attr->ranged && (form_of(n) & FORM_NUMBER))
		check_range(ps, n, attr, path);
	else if (n->kind == NODE_LIST)
		check_list(ps, n, attr, path);
	else if (n->kind == NODE_MAP && attr->members)
		check_object(ps, n, attr, path);
	else if (n->kind == NODE_MAP && attr->each)
		check_map(ps, n, attr, path);
}

void check_schema(struct pass *ps, const struct node *root)
{
	check(ps, root, &schema_root, NULL);
}

/* The specification's pattern is not anchored: two characters in a row are enough. */
bool looks_container_name(const char *s)
{
	for (; *s; s++)
		if (char_is_alnum(*s) && s[1] && (char_is_alnum(s[1]) || strchr("_.-", s[1])))
			return true;
	return false;
}

static bool has_every(const char *s)
{
	const char *p = strstr(s, "every_");

	if (!p || !char_is_digit(p[6]))
		return false;
	for (p += 6; char_is_digit(*p);)
		p++;
	return *p && strchr("wdhms", *p);
}

bool looks_pull_policy(const char *s)
{
	static const char *const names[] = { "always",	"never",   "build", "if_not_present",
					     "missing", "refresh", "daily", "weekly" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(s, names[i]))
			return true;
	return has_every(s);
}
