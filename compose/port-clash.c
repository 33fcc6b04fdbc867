/* SPDX-License-Identifier: Apache-2.0 */
/* Two services that publish one port of the host: only one of them will have it. A warning, since
 * both need not run at once. */
#include "compose/pass.h"

struct publisher {
	const char *service;
	const struct node *port;
};

/* Every address, or the one that it names. */
static const char *address_of(const struct node *port)
{
	const char *ip = node_str(node_get(port, "host_ip"), "");

	return !*ip || streq(ip, "0.0.0.0") || streq(ip, "::") ? "*" : ip;
}

static const struct publisher *other_publisher(const struct map *taken, const char *key,
					       const char *service)
{
	const struct publisher *p = map_get(taken, key);

	return p && !streq(p->service, service) ? p : NULL;
}

static void check_port(struct pass *ps, struct map *taken, struct map *any, const char *service,
		       const struct node *port)
{
	const char *published = node_str(node_get(port, "published"), "");
	const char *protocol = node_str(node_get(port, "protocol"), "tcp");
	const char *ip = address_of(port), *key, *all;
	const struct publisher *other;
	struct publisher *own;

	if (!*published || strchr(published, '-'))
		return;
	all = arena_printf(ps->arena, "*:%s/%s", published, protocol);
	key = arena_printf(ps->arena, "%s:%s/%s", ip, published, protocol);
	other = other_publisher(taken, key, service);
	if (!other)
		other = other_publisher(taken, all, service);
	if (!other && *ip == '*')
		other = other_publisher(any, all, service);
	if (other)
		finding_warning(ps->findings, port->at,
				"port %s/%s of the host is published by service \"%s\", and by "
				"\"%s\" too (%s:%u)",
				published, protocol, service, other->service,
				other->port->at.source ? other->port->at.source->name : "?",
				other->port->at.line);
	own = arena_new_of(ps->arena, struct publisher);
	*own = (struct publisher){ service, port };
	if (!map_has(taken, key))
		map_set(taken, key, own);
	if (!map_has(any, all))
		map_set(any, all, own);
}

void check_port_clashes(struct pass *ps)
{
	automap taken = { 0 }, any = { 0 };

	node_each(s, node_get(ps->tree->root, "services"))
	{
		node_item(port, node_get(s->value, "ports"))
			check_port(ps, &taken, &any, s->key, port);
	}
}
