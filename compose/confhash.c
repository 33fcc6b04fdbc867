/* SPDX-License-Identifier: Apache-2.0 */
/* Docker Compose's config hash: SHA-256 of compact JSON, so that either tool knows the other's
 * containers. */
#include "compose/config-print.h"

#include "util/hash.h"

static void hash_object(const struct printer *pr, const struct node *n, const struct attr *attr,
			char ret[65])
{
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	write_json(print_object(pr, n, attr), WRITE_COMPACT, &text);
	hash_hex(text.p, text.len, ret);
}

/* What can change without a new container. */
static struct node *hashed_service(struct arena *a, const struct project_tree *t,
				   const struct node *service)
{
	static const char *const left_out[] = { "build", "pull_policy", "scale", "depends_on",
						"profiles" };
	const char *platform = strmap_get(&t->env, "DOCKER_DEFAULT_PLATFORM");
	struct node *ret = node_copy_deep(a, service), *deploy = node_get(ret, "deploy");

	if (platform && *platform && node_get(ret, "build") && !node_get(ret, "platform"))
		node_set(a, ret, "platform", ret->at, node_string(a, platform, ret->at));
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		node_unset(ret, left_out[i]);
	if (deploy)
		node_unset(deploy, "replicas");
	if (t->files_unread)
		node_unset(ret, "label_file");
	return ret;
}

void service_node_hash(const struct project_tree *t, const struct node *service, char ret[65])
{
	autocall(arena_freep) struct arena *arena = arena_new();
	const struct printer pr = { arena, .json = true, .hash = true, .compare = strcmp };

	hash_object(&pr, hashed_service(arena, t, service), &schema_service, ret);
}

void service_hash(const struct project_tree *t, const char *service, char ret[65])
{
	const struct node *n = node_get(node_get(t->root, "services"), service);

	ret[0] = '\0';
	if (n)
		service_node_hash(t, n, ret);
}

void network_hash(const struct project_tree *t, const char *key, char ret[65])
{
	autocall(arena_freep) struct arena *arena = arena_new();
	const struct printer pr = { arena, .json = true, .hash = true, .compare = strcmp };
	const struct node *n = node_get(node_get(t->root, "networks"), key);

	ret[0] = '\0';
	if (n)
		hash_object(&pr, n, &schema_network, ret);
}

void volume_hash(const struct project_tree *t, const char *key, char ret[65])
{
	autocall(arena_freep) struct arena *arena = arena_new();
	const struct printer pr = { arena, .json = true, .hash = true, .compare = strcmp };
	struct node *n = node_get(node_get(t->root, "volumes"), key);

	ret[0] = '\0';
	if (!n)
		return;
	n = node_copy_deep(arena, n);
	if (!node_get(n, "driver"))
		node_set(arena, n, "driver", n->at, node_string(arena, "local", n->at));
	hash_object(&pr, n, &schema_volume, ret);
}
