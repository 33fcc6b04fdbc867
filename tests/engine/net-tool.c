/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks from the command line, for the tests: each line of the input is a command, and they are
 *run at once between two "wait"s (and the end).
 *
 *	create NAME [subnet=S] [range=R] [gateway=G] [internal] [ipv6] [driver=D] [opt=KEY:VALUE]...
 *	remove NAME
 *	list				NAME SUBNETS CONTAINERS
 *	up ID NAME PID [net=NAME[,ALIAS...]] [ip=A] [gw=N] [mac=M] [dns=A]
 *[publish=[HOST:]PORT:PORT[/udp]]... down ID recover [ID]... wait
 *
 * "net-tool echo PORT" sends UDP datagrams back. COMPOSE_STATE_DIR and COMPOSE_RUN_DIR say where.
 *Failures are lines "error CODE MESSAGE".
 */
#include "engine/local/net.h"
#include "event/loop.h"
#include "util/env.h"
#include "util/num.h"
#include "util/time.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static struct net *net;
static struct store *st;
static sd_event *loop;
static VEC(struct task *) tasks;
static int failures;

static void report(int r, const struct error *err)
{
	if (r >= 0)
		return;
	failures++;
	printf("error %s %s\n", err_code_name(err->code), err->msg);
}

static void wait_all(void)
{
	vec_foreach (t, &tasks) {
		struct error err = ERROR_INIT;

		report(task_wait(*t, &err), &err);
	}
	vec_done(&tasks);
}

static void add(struct task *t)
{
	*vec_add(&tasks) = t;
}

static void create(struct strv *w)
{
	struct network_spec spec = { .name = w->v[1] };
	struct ipam_pool pool = { 0 };
	const char *v;

	for (size_t i = 2; i < w->n; i++) {
		char *a = w->v[i], *colon;

		if ((v = skip_prefix(a, "subnet=")))
			pool.subnet = (char *)v;
		else if ((v = skip_prefix(a, "range=")))
			pool.ip_range = (char *)v;
		else if ((v = skip_prefix(a, "gateway=")))
			pool.gateway = (char *)v;
		else if ((v = skip_prefix(a, "driver=")))
			spec.driver = (char *)v;
		else if (streq(a, "internal"))
			spec.internal = true;
		else if (streq(a, "ipv6"))
			spec.ipv6 = true;
		else if ((v = skip_prefix(a, "opt=")) && (colon = strchr(v, ':'))) {
			*colon = 0;
			strmap_set(&spec.driver_opts, v, colon + 1);
		}
	}
	if (pool.subnet || pool.ip_range || pool.gateway)
		memcpy(vec_add(&spec.pools), &pool, sizeof(pool));
	add(net_create(net, &spec));
	map_done(&spec.driver_opts);
	vec_done(&spec.pools);
}

static uint32_t number(struct str s)
{
	uint64_t n = 0;

	num_parse_u64(s, UINT32_MAX, &n);
	return (uint32_t)n;
}

static void publish(struct port_spec *p, const char *text)
{
	struct str host, port, rest = str_of(text), proto;

	if (!str_cut(rest, '/', &rest, &proto))
		proto = STR("tcp");
	p->protocol = str_dup(proto);
	str_rcut(rest, ':', &host, &port);
	p->port = number(port);
	if (str_rcut(host, ':', &rest, &port))
		p->host_ip = str_dup(rest);
	else
		port = host;
	if (str_cut(port, '-', &host, &rest))
		p->host_port_end = number(rest);
	p->host_port = number(host);
}

static void show(const struct net_reservation *v)
{
	vec_foreach (n, &v->networks) {
		printf("%s %s %s %s, ", n->network, n->ipv4 ? n->ipv4 : "-",
		       n->ipv6 ? n->ipv6 : "-", n->mac);
	}
	vec_foreach (p, &v->ports)
		printf("%s:%u->%u/%s, ", p->host_ip ? p->host_ip : "", p->host_port, p->port,
		       p->protocol);
	printf("\n");
}

static void up(struct strv *w)
{
	autocall(container_spec_done) struct container_spec spec = { 0 };
	struct net_reservation v = { 0 };
	struct net_request req = { .id = w->v[1], .name = streq(w->v[2], "-") ? "" : w->v[2] };
	autostrv dns = { 0 };
	struct error err = ERROR_INIT;
	const char *s;
	int r;

	for (size_t i = 4; i < w->n; i++) {
		char *a = w->v[i];
		struct network_attach *n = spec.networks.n ? &spec.networks.v[spec.networks.n - 1]
							   : NULL;

		if ((s = skip_prefix(a, "net="))) {
			n = vec_add(&spec.networks);
			strv_split(&n->aliases, str_of(s), ',');
			n->network = xstrdup(n->aliases.v[0]);
			strv_remove(&n->aliases, 0);
		} else if ((s = skip_prefix(a, "ip=")) && n) {
			*(strchr(s, ':') ? &n->ipv6 : &n->ipv4) = xstrdup(s);
		} else if ((s = skip_prefix(a, "mac=")) && n) {
			n->mac = xstrdup(s);
		} else if ((s = skip_prefix(a, "gw=")) && n) {
			n->gw_priority = number(str_of(s));
		} else if ((s = skip_prefix(a, "dns="))) {
			strv_push(&dns, s);
		} else if ((s = skip_prefix(a, "publish="))) {
			publish(vec_add(&spec.ports), s);
		}
	}
	req.networks = spec.networks.v;
	req.n_networks = spec.networks.n;
	req.ports = spec.ports.v;
	req.n_ports = spec.ports.n;
	req.dns = &dns;
	r = net_reserve(net, &req, &v, &err);
	report(r, &err);
	if (r == 0) {
		show(&v);
		add(net_plug(net, w->v[1], (pid_t)number(str_of(w->v[3]))));
	}
	net_reservation_done(&v);
}

static void list(void)
{
	struct error err = ERROR_INIT;
	network_vec all = { 0 };
	int r = net_list(net, NULL, &all, &err);

	report(r, &err);
	vec_foreach (n, &all) {
		autofree char *subnets = strv_join(&n->subnets, ",");
		autofree char *users = strv_join(&n->containers, ",");

		printf("%s %s %s\n", n->name, subnets, users);
	}
	network_vec_done(&all);
}

static void command(struct strv *w)
{
	autostrv live = { 0 };
	const char *verb = w->v[0];

	if (streq(verb, "create"))
		create(w);
	else if (streq(verb, "remove"))
		add(net_remove(net, w->v[1]));
	else if (streq(verb, "list"))
		list();
	else if (streq(verb, "up") && w->n >= 4)
		up(w);
	else if (streq(verb, "down"))
		add(net_unplug(net, w->v[1]));
	else if (streq(verb, "wait"))
		wait_all();
	else if (streq(verb, "recover")) {
		for (size_t i = 1; i < w->n; i++)
			strv_push(&live, w->v[i]);
		add(net_recover(net, &live));
	}
}

static void on_note(void *userdata, const char *text)
{
	printf("note %s\n", text);
}

static int run(struct error *err)
{
	autofree char *state = env_state_dir(), *run_dir = env_run_dir();
	char line[4096];
	int r;

	r = loop_new(&loop, err);
	if (r == 0)
		r = store_open(state, &st, err);
	if (r == 0)
		r = net_new(loop, st, run_dir, &net, err);
	if (r < 0)
		return r;
	net_on_note(net, on_note, NULL);
	while (fgets(line, sizeof(line), stdin)) {
		autostrv words = { 0 };

		strv_split(&words, str_trim(str_of(line)), ' ');
		if (words.n && *words.v[0])
			command(&words);
	}
	return 0;
}

/* Sends each datagram back to who sent it. */
static int echo(const char *port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)number(str_of(port))) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(a);
	char b[2048];
	ssize_t n;

	if (bind(fd, (struct sockaddr *)&a, len) < 0)
		return 1;
	while ((n = recvfrom(fd, b, sizeof(b), 0, (struct sockaddr *)&a, &len)) >= 0)
		sendto(fd, b, (size_t)n, 0, (struct sockaddr *)&a, len);
	return 1;
}

int main(int argc, char **argv)
{
	int64_t start = time_monotonic();
	struct error err = ERROR_INIT;

	if (argc == 3 && streq(argv[1], "echo"))
		return echo(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	report(run(&err), &err);
	if (env_get("NET_TOOL_TIME"))
		fprintf(stderr, "%.1f ms reserved\n", (double)(time_monotonic() - start) / 1e6);
	wait_all();
	net_freep(&net);
	store_freep(&st);
	sd_event_unref(loop);
	if (env_get("NET_TOOL_TIME"))
		fprintf(stderr, "%.1f ms\n", (double)(time_monotonic() - start) / 1e6);
	return failures > 0;
}
