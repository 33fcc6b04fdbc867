/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/nft.h"

#include "engine/local/net/address.h"
#include "util/fd.h"
#include "util/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_NFT_OUTPUT (64 * 1024)

extern char **environ;

/* ---- what a job changes ---- */

struct change {
	struct buf *out;
	const char *table;
	bool bad; /* something in it is not what it must be */
};

static bool name_ok(const char *s)
{
	return s && *s &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       strlen(s);
}

/* An add of what is there and a delete of what isn't must not fail the transaction; "add, then
 * delete" never does. */
static void element(const struct change *c, bool remove, const char *set, const char *key,
		    const char *value)
{
	const char *colon = *value ? " : " : "";

	buf_addf(c->out, "add element inet %s %s { %s%s%s }\n", c->table, set, key, colon, value);
	if (remove)
		buf_addf(c->out, "delete element inet %s %s { %s%s%s }\n", c->table, set, key,
			 colon, value);
}

static void network(struct change *c, bool remove, const json_t *net)
{
	const char *bridge = json_str(net, "bridge");
	char one[64], two[160];

	if (!name_ok(bridge) || strlen(bridge) > 15) {
		c->bad = true;
		return;
	}
	snprintf(one, sizeof(one), "\"%s\"", bridge);
	snprintf(two, sizeof(two), "%s . %s", one, one);
	element(c, remove, "bridges", one, "");
	if (!json_flag(net, "isolated"))
		element(c, remove, "same", two, "");
	if (json_flag(net, "internal"))
		element(c, remove, "internal", one, "");
	else if (json_flag(net, "masquerade"))
		element(c, remove, "outbound", one, "");
}

static bool protocol_ok(const char *s)
{
	return s && (streq(s, "tcp") || streq(s, "udp") || streq(s, "sctp"));
}

static void port(struct change *c, bool remove, const json_t *p)
{
	const char *host = json_str(p, "host"), *address = json_str(p, "address");
	const char *protocol = json_str(p, "protocol"), *bridge = json_str(p, "bridge");
	char set[16], key[128], value[128];
	struct ip a, h = { 0 };

	if (!address || ip_parse(address, &a) < 0 || (bridge && !name_ok(bridge)) ||
	    (host && ip_parse(host, &h) < 0) || (host && h.family != a.family) ||
	    !protocol_ok(protocol)) {
		c->bad = true;
		return;
	}
	snprintf(set, sizeof(set), "ports%c%s", a.family == AF_INET6 ? '6' : '4',
		 host ? "_at" : "");
	snprintf(key, sizeof(key), "%s%s%s . %u", host ? host : "", host ? " . " : "", protocol,
		 (unsigned)json_i64(p, "host_port", 0));
	snprintf(value, sizeof(value), "%s . %u", address, (unsigned)json_i64(p, "port", 0));
	element(c, remove, set, key, value);
	if (!bridge)
		return;
	snprintf(key, sizeof(key), "\"%.15s\" . %s . %u", bridge, protocol,
		 (unsigned)json_i64(p, "host_port", 0));
	element(c, remove, "own", key, "");
}

static void each(struct change *c, const json_t *job, const char *member, bool remove,
		 void (*fn)(struct change *c, bool remove, const json_t *j))
{
	json_t *list = json_object_get(job, member), *j;
	size_t i;

	json_array_foreach (list, i, j)
		fn(c, remove, j);
}

int nft_commands(const json_t *job, bool fresh, struct buf *out, struct error *err)
{
	struct change c = { out, json_str(job, "table"), !name_ok(json_str(job, "table")) };
	bool last = json_flag(job, "last");

	/* A delete of what is not there fails: it is added first. */
	if (!c.bad && (fresh || last))
		buf_addf(out, "add table inet %s\ndelete table inet %s\n", c.table, c.table);
	if (!c.bad && fresh && !last)
		buf_addf(out, "table inet %s {\n%s}\n", c.table, nft_table_text);
	if (!c.bad && !last) {
		each(&c, job, "drop_ports", true, port);
		each(&c, job, "drop_networks", true, network);
		each(&c, job, "networks", false, network);
		each(&c, job, "ports", false, port);
	}
	if (c.bad)
		return error_set(err, ERR_INVALID, "the job has a name or an address that is none");
	return buf_check(out, "firewall commands", err);
}

/* ---- running it ---- */

static int spawn_nft(int in, int out, pid_t *ret, struct error *err)
{
	char *const argv[] = { (char[]){ "nft" }, (char[]){ "-f" }, (char[]){ "-" }, NULL };
	posix_spawn_file_actions_t fa;
	int r;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in, 0);
	posix_spawn_file_actions_adddup2(&fa, out, 1);
	posix_spawn_file_actions_adddup2(&fa, out, 2);
	r = posix_spawnp(ret, "nft", &fa, NULL, argv, environ);
	if (r == ENOENT) /* sbin may not be in a user's PATH */
		r = posix_spawn(ret, "/usr/sbin/nft", &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (r == ENOENT)
		return error_set(err, ERR_NOT_FOUND,
				 "nft is not installed: install the package nftables");
	return r ? error_sys_from(err, r, "nft") : 0;
}

int nft_begin(const struct buf *commands, struct nft_run *ret, struct error *err)
{
	autoclose int in = -1, out = -1;
	int r;

	if (!commands->len)
		return 0;
	r = fd_of_bytes("nft", commands->p, commands->len, &in, err);
	if (r < 0)
		return r;
	out = memfd_create("nft-says", MFD_CLOEXEC);
	if (out < 0)
		return error_sys(err, "nft");
	r = spawn_nft(in, out, &ret->pid, err);
	if (r == 0)
		ret->out = TAKE_FD(out);
	return r;
}

static int what_it_said(int fd, int status, struct error *err)
{
	autobuf said = { 0 };
	char *end;

	buf_init(&said, LIMIT_NFT_OUTPUT);
	if (lseek(fd, 0, SEEK_SET) == 0)
		io_read_fd(fd, &said, NULL);
	end = strchr(said.p, '\n');
	if (end)
		*end = 0;
	return error_set(err, ERR_CHILD, "nft failed (%d): %s", status, said.p);
}

int nft_end(struct nft_run *run, struct error *err)
{
	int status, r = 0;

	if (!run->pid)
		return 0;
	while (waitpid(run->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_sys(err, "nft");
	if (status)
		r = what_it_said(run->out, status, err);
	run->pid = 0;
	run->out = fd_close(run->out);
	return r;
}
