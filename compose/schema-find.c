/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/schema.h"

#include "compose/pass.h"

bool is_extension(const char *key)
{
	return key[0] == 'x' && key[1] == '-';
}

const struct attr *schema_member(const struct attr *attr, const char *key)
{
	if (!attr)
		return NULL;
	if (attr->members) {
		for (const struct attr *m = attr->members; m->name; m++)
			if (m->name[0] == key[0] && streq(m->name, key))
				return m;
		return NULL;
	}
	return attr->each;
}

const struct attr *schema_at(const struct node_path *path)
{
	const struct attr *up;

	if (!path)
		return &schema_root;
	up = schema_at(path->up);
	if (!up)
		return NULL;
	return streq(path->key, "[]") ? up->item : schema_member(up, path->key);
}

enum cast schema_cast(const struct node_path *path, void *unused)
{
	const struct attr *attr = schema_at(path);

	return attr ? attr->cast : CAST_NONE;
}

struct unsupported {
	enum attr_engine engine;
	const char *engine_name;
	struct findings *f;
};

static void find_unsupported(const struct node *n, const struct attr *attr,
			     const struct node_path *path, const struct unsupported *u);

static void unsupported_member(const struct node_member *m, const struct attr *attr,
			       const struct node_path *path, const struct unsupported *u)
{
	autobuf text = { 0 };

	if (!attr || is_extension(m->key) || m->value->kind == NODE_NULL)
		return;
	if (attr->name && !(attr->engines & u->engine)) {
		buf_init(&text, BUF_MAX_ANY);
		node_path_text(path, &text);
		finding_error(u->f, m->key_at.source ? m->key_at : m->value->at,
			      "%s is not done yet by the %s engine", text.p, u->engine_name);
		finding_hint(u->f, "leave it out, or use an engine that does it (--engine)");
		return;
	}
	find_unsupported(m->value, attr, path, u);
}

static void find_unsupported(const struct node *n, const struct attr *attr,
			     const struct node_path *path, const struct unsupported *u)
{
	if (n->kind == NODE_MAP) {
		node_each(m, n) unsupported_member(m, schema_member(attr, m->key),
						   PATH_STEP(path, m->key), u);
	} else if (n->kind == NODE_LIST && attr->item) {
		node_item(x, n) find_unsupported(x, attr->item, PATH_STEP(path, "[]"), u);
	}
}

void schema_unsupported(const struct node *n, const struct attr *attr, enum attr_engine engine,
			const char *engine_name, struct findings *f)
{
	const struct unsupported u = { engine, engine_name, f };

	find_unsupported(n, attr, NULL, &u);
}
