/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"
#include "util/num.h"

struct port_opts {
	int64_t index;
	char *protocol;
};

static const struct opt opts[] = {
	OPT(struct port_opts, OPT_COUNT, index, 0, "index",
	    "Index of the container if service has multiple replicas"),
	OPT(struct port_opts, OPT_STRING, protocol, 0, "protocol", "tcp or udp",
	    .otherwise = "tcp"),
	{ 0 },
};

static int print(const struct container_info *c, uint64_t port, const char *protocol,
		 struct error *err)
{
	autobuf out = { 0 };

	buf_init(&out, 4096);
	vec_foreach (p, &c->ports) {
		const char *ip = p->host_ip && *p->host_ip ? p->host_ip : "0.0.0.0";

		if (p->port != port || !streq(p->protocol, protocol) || !p->host_port)
			continue;
		buf_addf(&out, strchr(ip, ':') ? "[%s]:%u\n" : "%s:%u\n", ip, p->host_port);
		return cli_out(&out, err);
	}
	return error_set(err, ERR_NOT_FOUND, "no port %llu/%s for container %s",
			 (unsigned long long)port, protocol, c->name);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct port_opts *o = values;
	autofree char *protocol = str_lower(o->protocol);
	const struct container_info *c;
	autoproject p = { .lock = -1 };
	uint64_t port;
	int r;

	if (num_parse_u64(str_of(args->v[1]), 65535, &port) < 0)
		return error_set(err, ERR_INVALID, "\"%s\" is not a port", args->v[1]);
	r = project_open_container(cli, args->v[0], o->index, &p, &c, err);
	return r < 0 ? r : print(c, port, protocol, err);
}

const struct command cmd_port = {
	.name = "port",
	.usage = "port [OPTIONS] SERVICE PRIVATE_PORT",
	.help = "Print the public port for a port binding",
	.opts = opts,
	.opts_size = sizeof(struct port_opts),
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
