/* SPDX-License-Identifier: Apache-2.0 */
/* Rules between members that the forms can't say, once short forms are long. */
#include "compose/pass.h"

static void check_within(struct pass *ps, const struct node *n, const struct attr *attr,
			 const struct node_path *path)
{
	if (!attr)
		return;
	if (attr->check) {
		attr->check(ps, n, path);
		return;
	}
	node_each(m, n)
		check_within(ps, m->value, schema_member(attr, m->key), PATH_STEP(path, m->key));
	if (attr->item) {
		node_item(x, n) check_within(ps, x, attr->item, PATH_STEP(path, "[]"));
	}
}

void check_fields(struct pass *ps, const struct node *root)
{
	check_within(ps, root, &schema_root, NULL);
}

void check_external(struct pass *ps, const struct node *n, const struct node_path *path)
{
	const struct node *external = node_get(n, "external");

	if (!external || external->kind != NODE_BOOL || !external->b)
		return;
	node_each(m, n)
	{
		if (!streq(m->key, "name") && !streq(m->key, "external") && !is_extension(m->key))
			pass_error(ps, m->value, path,
				   "conflicting parameters \"external\" and \"%s\" specified",
				   m->key);
	}
}

static void check_source(struct pass *ps, const struct node *n, const struct node_path *path,
			 const char *const *keys, const char *names)
{
	unsigned count = 0;

	if (!is_map(n))
		return;
	for (; *keys; keys++)
		count += node_get(n, *keys) != NULL;
	if (count > 1)
		pass_error(ps, n, path, "%s attributes are mutually exclusive", names);
	else if (!count && !node_get(n, "driver") && !node_get(n, "external"))
		pass_error(ps, n, path, "one of %s must be set", names);
}

void check_config_source(struct pass *ps, const struct node *n, const struct node_path *path)
{
	static const char *const keys[] = { "file", "environment", "content", NULL };

	check_source(ps, n, path, keys, "file|environment|content");
}

void check_secret_source(struct pass *ps, const struct node *n, const struct node_path *path)
{
	static const char *const keys[] = { "file", "environment", NULL };

	check_source(ps, n, path, keys, "file|environment");
}

void check_host_ip(struct pass *ps, const struct node *n, const struct node_path *path)
{
	const struct node *ip = node_get(n, "host_ip");

	if (ip && (!is_string(ip) || !is_ip(ip->s)))
		pass_error(ps, ip, path, "invalid ip address: %s", node_text(ps->arena, ip));
}

void check_not_blank(struct pass *ps, const struct node *n, const struct node_path *path)
{
	if (is_string(n) && !*n->s)
		pass_error(ps, n, path, "value can't be blank");
}

void check_device_request(struct pass *ps, const struct node *n, const struct node_path *path)
{
	if (node_get(n, "count") && node_get(n, "device_ids"))
		pass_error(ps, n, path, "\"count\" and \"device_ids\" attributes are exclusive");
}
