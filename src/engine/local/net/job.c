/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/job.h"

#include "engine/local/net/dns.h"
#include "engine/local/net/link.h"
#include "engine/local/net/nft.h"
#include "engine/local/net/nl.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define LIMIT_COMMANDS (64 * 1024 * 1024)

static void note(struct work *w, const char *text)
{
	w->say(json_pack("{s:s}", "note", text));
}

/* ---- before: what all the rest needs ---- */

static int mark(struct work *w, struct error *err)
{
	autoclose int fd = openat(w->dirfd, "dirty", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? error_sys(err, "%s/dirty", w->dir) : 0;
}

static int bridges(struct work *w, const json_t *job, struct error *err)
{
	json_t *list = json_object_get(job, "networks"), *net;
	size_t i;
	int r;

	json_array_foreach (list, i, net) {
		r = link_bridge_ensure(w->route, w->group, net, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 1: it was off. */
static int switch_on(const char *path, struct error *err)
{
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);
	char c = '1';

	if (fd < 0)
		return error_sys(err, "%s", path);
	if (pread(fd, &c, 1, 0) == 1 && c == '1')
		return 0;
	return pwrite(fd, "1", 1, 0) == 1 ? 1 : error_sys(err, "switch on forwarding in %s", path);
}

static bool any(const json_t *job, const char *list, const char *flag)
{
	json_t *l = json_object_get(job, list), *o;
	size_t i;

	json_array_foreach (l, i, o)
		if (json_flag(o, flag))
			return true;
	return false;
}

static int forwarding(struct work *w, const json_t *job, struct error *err)
{
	int r;

	if (!any(job, "networks", "outside"))
		return 0;
	r = switch_on("/proc/sys/net/ipv4/ip_forward", err);
	if (r > 0)
		note(w, "switched on net.ipv4.ip_forward: networks need it to reach the outside");
	if (r < 0 || !any(job, "networks", "ipv6"))
		return MIN(r, 0);
	r = switch_on("/proc/sys/net/ipv6/conf/all/forwarding", err);
	if (r > 0)
		note(w, "switched on net.ipv6.conf.all.forwarding: networks with IPv6 need it");
	return MIN(r, 0);
}

/* A packet that we accept still meets the chains of others. */
static void warn_of_others(struct work *w, const json_t *job)
{
	if (any(job, "networks", "outside") && nl_forward_drops(w->netfilter, NULL) > 0)
		note(w,
		     "the host's firewall drops forwarded packets (policy drop of chain FORWARD "
		     "in table ip filter, as Docker and ufw set it): published ports and the way "
		     "out of containers may not work until it lets the bridges br-* pass");
}

/* ---- containers ---- */

static void plug_all(struct work *w, const json_t *job, json_t *failed)
{
	json_t *list = json_object_get(job, "containers"), *c;
	size_t i;

	json_array_foreach (list, i, c) {
		struct error err = ERROR_INIT;

		if (link_plug(w->route, w->group, c, &err) == 0)
			continue;
		json_object_set_new(failed, json_str(c, "id"), json_true());
		w->say(json_pack("{s:s,s:s,s:s}", "container", json_str(c, "id"), "error", err.msg,
				 "code", err_code_name(err.code)));
	}
}

static void unplug_all(struct work *w, const json_t *job)
{
	json_t *list = json_object_get(job, "containers"), *c, *l;
	size_t i, k;

	json_array_foreach (list, i, c)
		json_array_foreach (json_object_get(c, "links"), k, l)
			link_doom(w->route, w->group, json_str(l, "veth"), NULL);
	link_reap(w->route, w->group, NULL);
}

/* Names, or objects with the name as a member. */
static int doom(struct work *w, const json_t *list, const char *member, struct error *err)
{
	json_t *o;
	size_t i;
	int r;

	json_array_foreach ((json_t *)list, i, o) {
		r = link_doom(w->route, w->group,
			      member ? json_str(o, member) : json_string_value(o), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- a whole job: what is ours and not in it goes ---- */

struct sweep {
	json_t *keep, *drop;
};

static void see_link(void *userdata, const char *name, unsigned index, const char *kind)
{
	struct sweep *s = userdata;

	if (!json_object_get(s->keep, name))
		json_array_append_new(s->drop, json_string(name));
}

static void keep_names(json_t *keep, const json_t *list, const char *member)
{
	json_t *o;
	size_t i;

	json_array_foreach ((json_t *)list, i, o) {
		const char *name = member ? json_str(o, member) : json_string_value(o);

		if (name)
			json_object_set_new(keep, name, json_true());
	}
}

static int sweep(struct work *w, const json_t *job, struct error *err)
{
	autojson *keep = json_object(), *drop = json_array();
	struct sweep s = { keep, drop };
	json_t *containers = json_object_get(job, "containers"), *o;
	size_t i;
	int r;

	keep_names(keep, json_object_get(job, "networks"), "bridge");
	keep_names(keep, json_object_get(job, "keep"), NULL);
	json_array_foreach (containers, i, o)
		keep_names(keep, json_object_get(o, "links"), "veth");
	r = nl_group_links(w->route, w->group, see_link, &s, err);
	return r < 0 ? r : doom(w, drop, NULL, err);
}

/* Interfaces go last: as long as a bridge is there, so may be other things of its network. */
static int remove_links(struct work *w, const json_t *job, struct error *err)
{
	bool full = json_flag(job, "full");
	json_t *links = json_object_get(job, "drop_links"),
	       *nets = json_object_get(job, "drop_networks");
	int r;

	r = doom(w, links, NULL, err);
	if (r == 0)
		r = doom(w, nets, "bridge", err);
	if (r == 0 && full)
		r = sweep(w, job, err);
	if (r < 0 || !(full || json_array_size(links) || json_array_size(nets)))
		return r;
	return link_reap(w->route, w->group, err);
}

/* ---- all of it ---- */

static int hold(const json_t *job, json_t *failed, struct error *err)
{
	json_t *list = json_object_get(job, "hold"), *h;
	autojson *ours = json_array();
	size_t i;

	json_array_foreach (list, i, h)
		if (!json_object_get(failed, json_str(h, "id")))
			json_array_append(ours, h);
	return json_array_size(ours) ? hold_ports(ours, err) : 0;
}

/* While nft starts and commits, the interfaces are made. */
static int change(struct work *w, const json_t *job, json_t *failed, struct error *err)
{
	bool full = json_flag(job, "full");
	autobuf commands = { 0 };
	struct nft_run nft = NFT_RUN_INIT;
	struct error ignored;
	int r;

	buf_init(&commands, LIMIT_COMMANDS);
	r = nft_commands(job, full, &commands, err);
	if (r == 0)
		r = nft_begin(&commands, &nft, err);
	if (r < 0)
		return r;
	r = dns_apply(w->dirfd, w->dir, json_object_get(job, "dns"), full, err);
	if (r == 0)
		plug_all(w, job, failed);
	if (r == 0)
		r = nft_end(&nft, err);
	else
		nft_end(&nft, &ignored);
	if (r == 0)
		r = remove_links(w, job, err);
	if (r == 0)
		r = hold(job, failed, err);
	return r;
}

int job_run(struct work *w, const json_t *job, struct error *err)
{
	autojson *failed = json_object();
	int r;

	r = mark(w, err);
	if (r == 0)
		r = bridges(w, job, err);
	if (r == 0)
		r = forwarding(w, job, err);
	if (r < 0)
		return r;
	r = change(w, job, failed, err);
	if (r < 0) {
		unplug_all(w, job);
		return r;
	}
	warn_of_others(w, job);
	if (!dns_wait(w->dirfd, json_object_get(job, "dns")))
		note(w, "aardvark-dns is slow to answer: names of containers may not be known yet");
	unlinkat(w->dirfd, "dirty", 0);
	return 0;
}
