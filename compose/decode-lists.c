/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/decode.h"

#include "compose/shellwords.h"

static struct node *refuse(struct pass *ps, const struct node *n, const struct node_path *path,
			   const char *what)
{
	pass_error(ps, n, path, "must be %s, not a %s", what, node_kind_name(n->kind));
	return NULL;
}

static bool is_scalar(const struct node *n)
{
	return n->kind != NODE_LIST && n->kind != NODE_MAP;
}

/* A list as it is, its items as text; a string is a list of one. */
DECODER(strings)
{
	struct node *ret = list_like(ps, n);

	if (is_string(n)) {
		node_list_add(ps->arena, ret, n);
		return ret;
	}
	if (!is_list(n))
		return refuse(ps, n, path, "a list of strings");
	node_item(x, n)
	{
		if (!is_scalar(x) || is_null(x))
			return refuse(ps, x, PATH_STEP(path, "[]"), "a string");
		node_list_add(ps->arena, ret,
			      is_string(x) ? x : string_like(ps, x, node_text(ps->arena, x)));
	}
	return ret;
}

DECODER(command)
{
	struct error err = ERROR_INIT;
	autostrv words = { 0 };
	struct node *ret;

	if (!is_string(n))
		return decode_strings(ps, n, attr, path);
	if (shell_words(n->s, &words, &err) < 0) {
		pass_error(ps, n, path, "%s", err.msg);
		return NULL;
	}
	ret = list_like(ps, n);
	strv_foreach (w, &words)
		node_list_add(ps->arena, ret, string_like(ps, n, w));
	return ret;
}

DECODER(test)
{
	struct node *ret;

	if (!is_string(n))
		return decode_strings(ps, n, attr, path);
	ret = list_like(ps, n);
	node_list_add(ps->arena, ret, string_like(ps, n, "CMD-SHELL"));
	node_list_add(ps->arena, ret, n);
	return ret;
}

/* "key=value" items and members to a map of strings. `absent`: what no value is. */
static struct node *decode_pairs(struct pass *ps, struct node *n, const struct node_path *path,
				 bool null_kept)
{
	struct node *ret = map_like(ps, n);

	node_each(m, n)
	{
		struct node *value = m->value;

		if (!is_scalar(value))
			return refuse(ps, value, PATH_STEP(path, m->key), "a scalar");
		if (!is_string(value) && !(is_null(value) && null_kept))
			value = string_like(ps, value, node_text(ps->arena, value));
		node_add(ps->arena, ret, m->key, m->key_at, value);
	}
	node_item(x, n)
	{
		const char *key, *tail;

		if (!is_scalar(x))
			return refuse(ps, x, PATH_STEP(path, "[]"), "a string");
		key = cut(ps, node_text(ps->arena, x), '=', &tail);
		node_set(ps->arena, ret, key, x->at,
			 tail || !null_kept ? string_like(ps, x, tail ? tail : "")
					    : node_new(ps->arena, NODE_NULL, x->at));
	}
	return ret;
}

DECODER(labels)
{
	if (!is_map(n) && !is_list(n))
		return refuse(ps, n, path, "a mapping");
	return decode_pairs(ps, n, path, false);
}

DECODER(environment)
{
	bool listed;

	if (!is_map(n) && !is_list(n))
		return refuse(ps, n, path, "a mapping");
	listed = is_list(n);
	n = decode_pairs(ps, n, path, true);
	node_each(m, listed ? n : NULL)
	{
		size_t len = strlen(m->key);

		if (len && char_is_space(m->key[len - 1]))
			pass_error(ps, m->value, path,
				   "environment variable %s is declared with a trailing space",
				   m->key);
	}
	return n;
}

static int compare_strings(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->s, (*y)->s);
}

static void add_host(struct pass *ps, struct node *list, const struct node *at, struct str host,
		     struct str ip)
{
	if (ip.n > 2 && ip.p[0] == '[' && ip.p[ip.n - 1] == ']')
		ip = (struct str){ ip.p + 1, ip.n - 2 };
	node_list_add(ps->arena, list,
		      string_like(ps, at,
				  arena_printf(ps->arena, "%.*s=%.*s", (int)host.n, host.p,
					       (int)ip.n, ip.p)));
}

static int add_host_item(struct pass *ps, struct node *list, const struct node *x,
			 const struct node_path *path)
{
	struct str text = str_of(node_text(ps->arena, x)), host, ips, ip;

	if (!str_cut(text, '=', &host, &ips) && !str_cut(text, ':', &host, &ips))
		return pass_error(ps, x, path, "invalid additional host, missing IP: %s", text.p);
	if (!host.n || memchr(host.p, ':', host.n))
		return pass_error(ps, x, path, "bad host name '%.*s'", (int)host.n, host.p);
	do {
		str_cut(ips, ',', &ip, &ips);
		add_host(ps, list, x, host, ip);
	} while (ips.n);
	return 0;
}

static int add_host_member(struct pass *ps, struct node *list, const struct node_member *m,
			   const struct node_path *path)
{
	if (!*m->key || strpbrk(m->key, ":="))
		return pass_error(ps, m->value, path, "bad host name '%s'", m->key);
	if (is_scalar(m->value))
		add_host(ps, list, m->value, str_of(m->key),
			 str_of(node_text(ps->arena, m->value)));
	node_item(ip, m->value)
		add_host(ps, list, ip, str_of(m->key), str_of(node_text(ps->arena, ip)));
	return 0;
}

DECODER(hosts)
{
	struct node *ret = list_like(ps, n);

	if (!is_map(n) && !is_list(n))
		return refuse(ps, n, path, "a mapping");
	node_item(x, n) add_host_item(ps, ret, x, path);
	node_each(m, n) add_host_member(ps, ret, m, path);
	if (ret->list.n)
		qsort(ret->list.v, ret->list.n, sizeof(ret->list.v[0]), compare_strings);
	return ret;
}

DECODER(ssh)
{
	return is_map(n) ? n : refuse(ps, n, path, "a mapping");
}

DECODER(multi)
{
	struct node *ret = map_like(ps, n);

	if (!is_map(n))
		return refuse(ps, n, path, "a mapping");
	node_each(m, n)
	{
		struct node *list = list_like(ps, m->value);

		if (is_scalar(m->value))
			node_list_add(ps->arena, list,
				      string_like(ps, m->value, node_text(ps->arena, m->value)));
		node_item(x, m->value)
			node_list_add(ps->arena, list, string_like(ps, x, node_text(ps->arena, x)));
		node_set(ps->arena, ret, m->key, m->key_at, list);
	}
	return ret;
}
