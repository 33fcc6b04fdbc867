/* SPDX-License-Identifier: Apache-2.0 */
/* The short form of ports: [[IP:][HOST]:]CONTAINER[/PROTOCOL], where HOST and CONTAINER may be
 * ranges. */
#include "compose/pass.h"

#include "util/num.h"

#include <arpa/inet.h>

struct port_range {
	uint64_t from, to;
};

struct port_spec {
	const char *ip, *host, *container, *protocol;
};

static bool parse_port(const char *s, uint64_t *ret)
{
	return num_parse_u64(str_of(s), 65535, ret) == 0;
}

static bool parse_range(struct pass *ps, const char *s, struct port_range *ret)
{
	const char *to, *from = cut(ps, s, '-', &to);

	if (!parse_port(from, &ret->from))
		return false;
	ret->to = ret->from;
	return !to || (parse_port(to, &ret->to) && ret->to >= ret->from);
}

bool is_ip(const char *s)
{
	struct in6_addr a;

	return inet_pton(AF_INET, s, &a) == 1 || inet_pton(AF_INET6, s, &a) == 1;
}

/* Cuts s at the last c. */
static const char *cut_last(struct pass *ps, const char *s, char c, const char **ret_tail)
{
	const char *p = strrchr(s, c);

	*ret_tail = p ? p + 1 : NULL;
	return p ? arena_strndup(ps->arena, s, (size_t)(p - s)) : s;
}

static void split_spec(struct pass *ps, const char *s, struct port_spec *ret)
{
	const char *rest, *tail, *protocol;

	rest = cut_last(ps, s, ':', &tail);
	*ret = (struct port_spec){ .ip = "", .host = "" };
	if (tail) {
		const char *host;

		ret->ip = cut_last(ps, rest, ':', &host);
		ret->host = host ? host : rest;
		if (!host)
			ret->ip = "";
	}
	ret->container = cut(ps, tail ? tail : s, '/', &protocol);
	protocol = protocol && *protocol ? cut(ps, protocol, '/', &tail) : "tcp";
	ret->protocol = arena_strdup(ps->arena, protocol);
	for (char *p = (char *)ret->protocol; *p; p++)
		*p = char_lower(*p);
}

static const char *strip_brackets(struct pass *ps, const char *ip)
{
	size_t n = strlen(ip);

	if (n > 2 && ip[0] == '[' && ip[n - 1] == ']')
		return arena_strndup(ps->arena, ip + 1, n - 2);
	return ip;
}

static int check_spec(struct pass *ps, const struct node *n, const struct node_path *path,
		      const char *text, struct port_spec *s, struct port_range *host,
		      struct port_range *container)
{
	if (!*s->container)
		return pass_error(ps, n, path, "No port specified: %s<empty>", text);
	if (!streq(s->protocol, "tcp") && !streq(s->protocol, "udp") && !streq(s->protocol, "sctp"))
		return pass_error(ps, n, path, "Invalid proto: %s (tcp, udp or sctp)", s->protocol);
	if (*s->ip != '[' && strchr(s->ip, ':'))
		return pass_error(ps, n, path, "Invalid ip address %s: write [%s]", s->ip, s->ip);
	s->ip = strip_brackets(ps, s->ip);
	if (*s->ip && !is_ip(s->ip))
		return pass_error(ps, n, path, "Invalid ip address: %s", s->ip);
	if (!parse_range(ps, s->container, container))
		return pass_error(ps, n, path, "Invalid containerPort: %s", s->container);
	if (!*s->host)
		return 0;
	if (!parse_range(ps, s->host, host))
		return pass_error(ps, n, path, "Invalid hostPort: %s", s->host);
	if (container->to != container->from &&
	    container->to - container->from != host->to - host->from)
		return pass_error(
			ps, n, path,
			"Invalid ranges specified for container and host Ports: %s and %s",
			s->container, s->host);
	return 0;
}

static struct node *long_port(struct pass *ps, const struct node *at, const struct port_spec *s,
			      uint64_t target, const char *published)
{
	struct node *map = map_like(ps, at);

	map_put_string(ps, map, "mode", "ingress");
	if (*s->ip)
		map_put_string(ps, map, "host_ip", s->ip);
	if (target)
		map_put(ps, map, "target", node_int(ps->arena, (int64_t)target, at->at));
	if (*published)
		map_put_string(ps, map, "published", published);
	map_put_string(ps, map, "protocol", s->protocol);
	return map;
}

static int compare_targets(const void *a, const void *b)
{
	char x[32], y[32];

	snprintf(x, sizeof(x), "%lld/",
		 (long long)node_i64(node_get(*(struct node *const *)a, "target"), 0));
	snprintf(y, sizeof(y), "%lld/",
		 (long long)node_i64(node_get(*(struct node *const *)b, "target"), 0));
	return strcmp(x, y);
}

/* One short port to the long ones it stands for, in the order of the text "port/protocol". */
static int expand(struct pass *ps, struct node *list, const struct node *n, const char *text,
		  const struct node_path *path)
{
	struct port_range host = { 0 }, container = { 0 };
	struct port_spec s;
	size_t first = list->list.n;
	int r;

	split_spec(ps, text, &s);
	r = check_spec(ps, n, path, text, &s, &host, &container);
	if (r < 0)
		return r;
	if (ps->ports > LIMIT_PORTS)
		return -ERR_LIMIT; /* said already */
	ps->ports += container.to - container.from + 1;
	if (ps->ports > LIMIT_PORTS)
		return pass_error(ps, n, path, "ranges of ports stand for more than %d ports",
				  LIMIT_PORTS);
	for (uint64_t i = 0; i <= container.to - container.from; i++) {
		const char *published = "";

		if (*s.host && container.from == container.to && host.from != host.to)
			published = arena_printf(ps->arena, "%llu-%llu",
						 (unsigned long long)host.from,
						 (unsigned long long)host.to);
		else if (*s.host)
			published = arena_printf(ps->arena, "%llu",
						 (unsigned long long)(host.from + i));
		node_list_add(ps->arena, list, long_port(ps, n, &s, container.from + i, published));
	}
	qsort(list->list.v + first, list->list.n - first, sizeof(list->list.v[0]), compare_targets);
	return 0;
}

/* Without interpolation a port may hold a variable: then all stay as they are. */
static bool has_variable(const struct node *n)
{
	node_item(x, n)
	{
		if (is_string(x) && strchr(x->s, '$'))
			return true;
	}
	return false;
}

SHORTEN(ports)
{
	struct node *list;

	if (!is_list(n) || (ps->opt->no_interpolate && has_variable(n)))
		return n;
	list = list_like(ps, n);
	node_item(x, n)
	{
		if (is_map(x))
			node_list_add(ps->arena, list, x);
		else if (x->kind == NODE_STRING || x->kind == NODE_INT)
			expand(ps, list, x, node_text(ps->arena, x), PATH_STEP(path, "[]"));
		else
			pass_error(ps, x, PATH_STEP(path, "[]"), "a %s can't be a port",
				   node_kind_name(x->kind));
	}
	return list;
}
