/* SPDX-License-Identifier: Apache-2.0 */
/* The merged tree to the canonical one: each value in the kind that the table gives it, in the
 * table's order, without what is empty. */
#include "compose/pass.h"

#include "compose/decode.h"
#include "compose/write.h"
#include "util/vec.h"

static struct node *decode(struct pass *ps, struct node *n, const struct attr *attr,
			   const struct node_path *path);

static struct node *zero_of(struct pass *ps, const struct attr *attr, const struct node *at)
{
	switch (attr->kind) {
	case KIND_BOOL:
		return node_bool(ps->arena, false, at->at);
	case KIND_INT:
	case KIND_UINT:
		return node_int(ps->arena, 0, at->at);
	case KIND_SIZE:
		return string_like(ps, at, "0");
	case KIND_MAP:
		return map_like(ps, at);
	default:
		return string_like(ps, at, "");
	}
}

/* Whether a value says no more than its absence. */
static bool is_zero(const struct node *n, const struct attr *attr)
{
	switch (n->kind) {
	case NODE_BOOL:
		return !n->b;
	case NODE_INT:
		return n->i == 0;
	case NODE_FLOAT:
		return n->f == 0;
	case NODE_STRING:
		return !*n->s || (attr->kind == KIND_SIZE && streq(n->s, "0")) ||
		       (attr->kind == KIND_SPAN && streq(n->s, "0s"));
	case NODE_LIST:
		return !n->list.n && attr->kind != KIND_COMMAND;
	case NODE_MAP:
		return !n->map.n && (attr->kind != KIND_OBJECT || (attr->flags & ATTR_VALUE));
	default:
		return n->kind == NODE_NULL;
	}
}

static void decode_member(struct pass *ps, const struct node *n, const struct attr *row,
			  const struct node_path *path, struct node *ret)
{
	const struct node_member *m = node_member(n, row->name);
	struct node *value = NULL;

	if (row->flags & ATTR_NOT_OURS)
		return;
	if (m && m->value->kind != NODE_NULL)
		value = decode(ps, m->value, row, PATH_STEP(path, row->name));
	if (value && !(row->flags & (ATTR_POINTER | ATTR_ALWAYS)) && is_zero(value, row))
		return;
	if (!value && (row->flags & ATTR_ALWAYS))
		value = zero_of(ps, row, n);
	if (value)
		node_add(ps->arena, ret, row->name, m ? m->key_at : n->at, value);
}

static int compare_members(const void *a, const void *b)
{
	const struct node_member *const *x = a, *const *y = b;

	return key_compare_natural((*x)->key, (*y)->key);
}

/* x-... members come last. */
static void copy_extensions(struct pass *ps, const struct node *n, struct node *ret)
{
	VEC(const struct node_member *) found = { 0 };

	node_each(m, n)
	{
		if (streq(m->key, SECRET_VALUE))
			node_add(ps->arena, ret, "content", m->key_at, m->value);
		else if (is_extension(m->key))
			*vec_add(&found) = m;
	}
	if (found.n)
		qsort(found.v, found.n, sizeof(found.v[0]), compare_members);
	vec_foreach (m, &found)
		node_add(ps->arena, ret, (*m)->key, (*m)->key_at, (*m)->value);
	vec_done(&found);
}

/* An empty map or list for what n is decoded to, or NULL: n is none. */
static struct node *same_kind(struct pass *ps, const struct node *n, enum node_kind kind,
			      const struct node_path *path)
{
	if (n->kind == kind)
		return node_new(ps->arena, kind, n->at);
	pass_error(ps, n, path, "must be a %s, not a %s", node_kind_name(kind),
		   node_kind_name(n->kind));
	return NULL;
}

static struct node *decode_object(struct pass *ps, struct node *n, const struct attr *attr,
				  const struct node_path *path)
{
	struct node *ret = same_kind(ps, n, NODE_MAP, path);

	if (!ret)
		return NULL;
	for (const struct attr *row = attr->members; row->name; row++)
		decode_member(ps, n, row, path, ret);
	copy_extensions(ps, n, ret);
	return ret;
}

static struct node *decode_list(struct pass *ps, struct node *n, const struct attr *attr,
				const struct node_path *path)
{
	struct node *ret = same_kind(ps, n, NODE_LIST, path);

	if (!ret)
		return NULL;
	node_item(x, n)
	{
		struct node *value = decode(ps, x, attr->item, PATH_STEP(path, "[]"));

		if (value)
			node_list_add(ps->arena, ret, value);
	}
	return ret;
}

static struct node *decode_map(struct pass *ps, struct node *n, const struct attr *attr,
			       const struct node_path *path)
{
	struct node *ret = same_kind(ps, n, NODE_MAP, path);

	if (!ret)
		return NULL;
	node_each(m, n)
	{
		struct node *value = m->value;

		if ((attr->flags & ATTR_X_LOST) && is_extension(m->key)) {
			/* Docker Compose then has a member of this name, and refuses that. */
			node_set(ps->arena, ret, "#extensions", m->key_at, map_like(ps, value));
			continue;
		}
		if (is_null(value))
			value = attr->flags & ATTR_NULL_KEPT ? value : map_like(ps, value);
		if (!is_null(value))
			value = decode(ps, value, attr->each, PATH_STEP(path, m->key));
		if (value)
			node_add(ps->arena, ret, m->key, m->key_at, value);
	}
	return ret;
}

static struct node *decode_any(struct pass *ps, struct node *n, const struct attr *attr,
			       const struct node_path *path)
{
	return n;
}

typedef struct node *decoder(struct pass *ps, struct node *n, const struct attr *attr,
			     const struct node_path *path);

static decoder *const decoders[] = {
	[KIND_ANY] = decode_any,
	[KIND_STRING] = decode_string,
	[KIND_BOOL] = decode_bool,
	[KIND_INT] = decode_int,
	[KIND_UINT] = decode_int,
	[KIND_FLOAT] = decode_float,
	[KIND_CPUS] = decode_float,
	[KIND_SIZE] = decode_size,
	[KIND_SPAN] = decode_span,
	[KIND_COMMAND] = decode_command,
	[KIND_TEST] = decode_test,
	[KIND_LABELS] = decode_labels,
	[KIND_OPTIONS] = decode_labels,
	[KIND_STRMAP] = decode_labels,
	[KIND_ENVIRONMENT] = decode_environment,
	[KIND_HOSTS] = decode_hosts,
	[KIND_STRINGS] = decode_strings,
	[KIND_WORDS] = decode_strings,
	[KIND_TEXTS] = decode_strings,
	[KIND_ULIMIT] = decode_ulimit,
	[KIND_MODE] = decode_mode,
	[KIND_COUNT] = decode_count,
	[KIND_SSH] = decode_ssh,
	[KIND_MULTI] = decode_multi,
	[KIND_LIST] = decode_list,
	[KIND_MAP] = decode_map,
	[KIND_OBJECT] = decode_object,
};

static struct node *decode(struct pass *ps, struct node *n, const struct attr *attr,
			   const struct node_path *path)
{
	return is_null(n) ? NULL : decoders[attr->kind](ps, n, attr, path);
}

struct node *decode_tree(struct pass *ps, struct node *root)
{
	return decode_object(ps, root, &schema_root, NULL);
}
