/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/config-print.h"

static struct node *print(const struct printer *pr, const struct node *n, const struct attr *attr);

/* All maps within sorted, as user data is printed. Docker Compose's JSON has null for a list of
 * nothing below x-..., and the list elsewhere. */
static struct node *print_any(const struct printer *pr, const struct node *n, bool null_lists)
{
	struct node *ret = node_copy(pr->arena, n);

	if (n->kind == NODE_MAP) {
		ret = node_sorted(pr->arena, n, pr->compare);
		for (size_t i = 0; i < ret->map.n; i++)
			ret->map.v[i].value = print_any(pr, ret->map.v[i].value, null_lists);
	} else if (n->kind == NODE_LIST) {
		ret = node_new(pr->arena, n->list.n || !null_lists ? NODE_LIST : NODE_NULL, n->at);
		node_item(x, n) node_list_add(pr->arena, ret, print_any(pr, x, null_lists));
	}
	return ret;
}

static void put(const struct printer *pr, struct node *map, const char *key, struct node *value)
{
	node_add(pr->arena, map, key, value->at, value);
}

static bool is_hidden(const struct printer *pr, const struct node *n, const struct attr *row)
{
	if (streq(row->name, "label_file") && !pr->hash)
		return true;
	if (pr->json && (row->flags & ATTR_NO_JSON))
		return true;
	/* The text of a config that a variable has is not printed. */
	return streq(row->name, "content") && node_get(n, "environment");
}

static void print_member(const struct printer *pr, const struct node *n, const struct attr *row,
			 struct node *ret)
{
	static const struct place nowhere;
	const char *name = pr->json && row->json ? row->json : row->name;
	const struct node *value = node_get(n, row->name);

	if (is_hidden(pr, n, row))
		return;
	if (!value && pr->json && (row->flags & ATTR_JSON_EMPTY))
		value = node_new(pr->arena, NODE_MAP, nowhere);
	if (value)
		put(pr, ret, name, print(pr, value, row));
	else if (pr->json && (row->flags & ATTR_JSON_NULL))
		put(pr, ret, name, node_new(pr->arena, NODE_NULL, nowhere));
}

struct node *print_object(const struct printer *pr, const struct node *n, const struct attr *attr)
{
	struct node *ret = node_new(pr->arena, NODE_MAP, n->at);

	for (const struct attr *row = attr->members; row->name; row++)
		print_member(pr, n, row, ret);
	if (pr->json && attr != &schema_root)
		return ret;
	node_each(m, n)
	{
		if (is_extension(m->key))
			put(pr, ret, m->key, print_any(pr, m->value, pr->json));
	}
	return ret;
}

static struct node *print_map(const struct printer *pr, const struct node *n,
			      const struct attr *attr)
{
	struct node *ret = node_sorted(pr->arena, n, pr->compare);

	for (size_t i = 0; i < ret->map.n; i++)
		ret->map.v[i].value = print(pr, ret->map.v[i].value, attr->each);
	return ret;
}

/* A required file is its path alone. */
static struct node *print_env_file(const struct printer *pr, const struct node *file,
				   const struct attr *attr)
{
	if (node_flag(node_get(file, "required"), true))
		return node_get(file, "path");
	return print_object(pr, file, attr);
}

static struct node *print_list(const struct printer *pr, const struct node *n,
			       const struct attr *attr)
{
	struct node *ret = node_new(pr->arena, NODE_LIST, n->at);
	bool env_files = streq(attr->name, "env_file");

	node_item(x, n) node_list_add(pr->arena, ret,
				      env_files ? print_env_file(pr, x, attr->item)
						: print(pr, x, attr->item));
	return ret;
}

/* 0 is no limit of its own: both of the pair, which JSON then leaves out. */
static struct node *print_ulimit(const struct printer *pr, const struct node *n)
{
	static const char *const keys[] = { "soft", "hard" };
	struct node *ret;

	if (n->kind == NODE_INT && n->i)
		return node_copy(pr->arena, n);
	ret = node_new(pr->arena, NODE_MAP, n->at);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int64_t value = node_i64(node_get(n, keys[i]), 0);

		if (value || !pr->json)
			put(pr, ret, keys[i], node_int(pr->arena, value, n->at));
	}
	return ret;
}

static struct node *print_ssh(const struct printer *pr, const struct node *n)
{
	const struct node *sorted = node_sorted(pr->arena, n, pr->compare);
	struct node *ret = node_new(pr->arena, NODE_LIST, n->at);

	node_each(m, sorted)
	{
		const char *path = m->value->kind == NODE_NULL ? ""
							       : node_text(pr->arena, m->value);

		node_list_add(pr->arena, ret,
			      node_string(pr->arena,
					  *path ? arena_printf(pr->arena, "%s: %s", m->key, path)
						: m->key,
					  m->value->at));
	}
	return ret;
}

static struct node *print(const struct printer *pr, const struct node *n, const struct attr *attr)
{
	if (n->kind == NODE_NULL)
		return node_copy(pr->arena, n);
	switch (attr->kind) {
	case KIND_OBJECT:
		return print_object(pr, n, attr);
	case KIND_MAP:
		return print_map(pr, n, attr);
	case KIND_LIST:
		return print_list(pr, n, attr);
	case KIND_ULIMIT:
		return print_ulimit(pr, n);
	case KIND_SSH:
		return print_ssh(pr, n);
	default:
		return print_any(pr, n, false);
	}
}

/* An ssh key with a path has no form in Docker Compose's JSON, and none that could be read back. */
static int check_json(const struct project_tree *t, struct error *err)
{
	node_each(s, node_get(t->root, "services"))
	{
		node_each(key, node_get(node_get(s->value, "build"), "ssh"))
		{
			if (key->value->kind != NODE_NULL)
				return error_set(
					err, ERR_UNSUPPORTED,
					"services.%s.build.ssh: a key with a path can't be "
					"printed as JSON, only as YAML",
					s->key);
		}
	}
	return 0;
}

static void double_dollars(const struct buf *text, struct buf *out)
{
	struct str rest = buf_str(text), head;

	while (str_cut(rest, '$', &head, &rest)) {
		buf_addstr(out, head);
		buf_adds(out, "$$");
	}
	buf_addstr(out, head);
}

static void write_tree(const struct project_tree *t, enum config_format format, bool raw,
		       struct buf *out)
{
	bool json = format == CONFIG_JSON;
	autocall(arena_freep) struct arena *arena = arena_new();
	const struct printer pr = {
		.arena = arena,
		.json = json,
		.compare = json ? strcmp : key_compare_natural,
	};
	const struct node *n = t->root;

	if (!raw)
		n = print_object(&pr, n, &schema_root);
	if (!raw && json)
		n = node_sorted(arena, n, strcmp);
	if (raw)
		n = print_any(&pr, n, json);
	if (json)
		write_json(n, 0, out);
	else
		write_yaml(n, 0, out);
}

int config_print(const struct project_tree *t, enum config_format format, bool no_interpolate,
		 struct buf *out, struct error *err)
{
	autobuf text = { 0 };
	int r;

	buf_init(&text, BUF_MAX_ANY);
	r = format == CONFIG_JSON && !no_interpolate ? check_json(t, err) : 0;
	if (r < 0)
		return r;
	write_tree(t, format, no_interpolate, &text);
	if (no_interpolate)
		buf_addstr(out, buf_str(&text));
	else
		double_dollars(&text, out);
	return buf_check(out, "the configuration", err);
}
