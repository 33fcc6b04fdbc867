/* SPDX-License-Identifier: Apache-2.0 */
/* Where values come from: `config --explain` and `config --origin`. */
#include "compose/load.h"

#include "compose/dotenv.h"
#include "compose/write.h"

/* What one file says of a variable on its own. */
static void put_file_value(const struct project_tree *t, const char *path, const char *name,
			   const char *origin, struct buf *out)
{
	automap values = { 0 }, origins = { 0 };
	struct dotenv d = {
		.vars = { var_maps_get, &(struct var_maps){ .maps = { &t->env } } },
		.values = &values,
		.origins = &origins,
	};
	const char *value, *from;

	if (dotenv_read(&d, t->arena, path, DOTENV_PLAIN, NULL) < 0)
		return;
	value = strmap_get(&values, name);
	from = strmap_get(&origins, name);
	if (!value || streq0(from, origin))
		return;
	buf_addf(out, "    over ");
	go_quote(str_of(value), out);
	buf_addf(out, " from %s\n", from ? from : path);
}

int config_explain(const struct project_tree *t, const char *name, struct buf *out,
		   struct error *err)
{
	const char *value = strmap_get(&t->env, name);
	const char *origin = strmap_get(&t->env_origin, name);

	if (!value)
		return error_set(err, ERR_NOT_FOUND,
				 "%s is not set: neither in the environment nor in an env file",
				 name);
	buf_addf(out, "%s=", name);
	go_quote(str_of(value), out);
	buf_addf(out, "\n    from %s\n", origin ? origin : "the environment");
	for (size_t i = t->env_read.n; i > 0; i--)
		put_file_value(t, t->env_read.v[i - 1], name, origin, out);
	return 0;
}

static void put_place(struct place at, struct buf *out)
{
	if (!at.source) {
		buf_adds(out, "a default");
		return;
	}
	buf_addf(out, "%s:%u:%u", at.source->name, at.line, at.column);
	for (const struct source *s = at.source; s->from; s = s->from)
		buf_addf(out, " (%s from %s:%u:%u)",
			 streq0(s->why, "extends") ? "extended" : "included", s->from->name,
			 s->from_line, s->from_column);
}

static void put_origins(const struct node *n, const char *path, struct buf *out)
{
	size_t i = 0;

	node_each(m, n)
	{
		autofree char *deeper = xprintf("%s.%s", path, m->key);

		put_origins(m->value, deeper, out);
	}
	node_item(x, n)
	{
		autofree char *deeper = xprintf("%s.%zu", path, i++);

		put_origins(x, deeper, out);
	}
	if ((n->kind == NODE_MAP && n->map.n) || (n->kind == NODE_LIST && n->list.n))
		return;
	buf_addf(out, "%s = ", path);
	write_json(n, WRITE_COMPACT, out);
	buf_adds(out, "\n    ");
	put_place(n->at, out);
	buf_addc(out, '\n');
}

/* The member whose name begins the path: names may have dots in them, so the longest wins. */
static const struct node *step(const struct node *n, const char **path)
{
	const struct node *ret = NULL;
	const char *rest = NULL, *p;
	char *end;

	if (n->kind == NODE_LIST) {
		unsigned long i = strtoul(*path, &end, 10);

		if (end == *path || (*end && *end != '.') || i >= n->list.n)
			return NULL;
		*path = *end ? end + 1 : end;
		return n->list.v[i];
	}
	node_each(m, n)
	{
		p = skip_prefix(*path, m->key);
		if (p && (!*p || *p == '.') && (!rest || p > rest)) {
			rest = p;
			ret = m->value;
		}
	}
	if (ret)
		*path = *rest ? rest + 1 : rest;
	return ret;
}

int config_origin(const struct project_tree *t, const char *path, struct buf *out,
		  struct error *err)
{
	const struct node *n = node_get(t->root, "services");
	const char *rest = path;

	while (n && *rest)
		n = step(n, &rest);
	if (!n)
		return error_set(
			err, ERR_NOT_FOUND,
			"%s: no such attribute in the configuration (SERVICE.ATTRIBUTE, as "
			"`config` prints them)",
			path);
	put_origins(n, path, out);
	return 0;
}
