/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/link.h"

#include "engine/local/net/address.h"
#include "engine/local/net/nl.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

static struct nl_msg *link_msg(int type, int flags, int index, unsigned up)
{
	struct ifinfomsg i = { .ifi_index = index, .ifi_flags = up, .ifi_change = up };
	struct nl_msg *m = nlmsg_alloc_simple(type, flags);

	if (!m)
		abort();
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	return m;
}

static void put_mac(struct nl_msg *m, const char *mac)
{
	uint8_t b[6];

	if (mac && mac_parse(mac, b) == 0)
		nla_put(m, IFLA_ADDRESS, sizeof(b), b);
}

static void put_mtu(struct nl_msg *m, const json_t *j)
{
	int64_t mtu = json_i64(j, "mtu", 0);

	if (mtu > 0)
		nla_put_u32(m, IFLA_MTU, (uint32_t)mtu);
}

/* No duplicate address detection: the engine knows who has what, and a bridge without ports would
 * never end it. */
static int add_address(struct nl_sock *s, unsigned index, const char *text, struct error *err)
{
	struct ifaddrmsg i = { .ifa_index = index, .ifa_scope = RT_SCOPE_UNIVERSE };
	struct nl_msg *m;
	struct subnet net;
	struct ip a, last;
	uint8_t b[16];
	unsigned n;

	if (subnet_parse(text, &net, &a) < 0)
		return error_set(err, ERR_INVALID, "%s is not an address", text);
	i.ifa_family = (uint8_t)a.family;
	i.ifa_prefixlen = (uint8_t)net.prefix;
	i.ifa_flags = a.family == AF_INET6 ? IFA_F_NODAD : 0;
	m = nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	if (!m)
		abort();
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	n = ip_bytes(a, b);
	nla_put(m, IFA_LOCAL, (int)n, b);
	nla_put(m, IFA_ADDRESS, (int)n, b);
	last = subnet_last(&net);
	if (a.family == AF_INET && net.prefix < 31) {
		ip_bytes(last, b);
		nla_put(m, IFA_BROADCAST, (int)n, b);
	}
	if (nl_ask(s, m, err) < 0)
		return error_wrap(err, "address %s", text);
	return 0;
}

static int add_addresses(struct nl_sock *s, unsigned index, const json_t *list, struct error *err)
{
	size_t i;
	json_t *a;
	int r;

	json_array_foreach ((json_t *)list, i, a) {
		r = add_address(s, index, json_string_value(a), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* -- bridges -- */

int link_bridge_ensure(struct nl_sock *s, uint32_t group, const json_t *net, struct error *err)
{
	const char *name = json_str(net, "bridge");
	struct nl_msg *m;
	struct nlattr *info;
	int r;

	if (if_nametoindex(name))
		return 0;
	m = link_msg(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, IFF_UP);
	nla_put_string(m, IFLA_IFNAME, name);
	nla_put_u32(m, IFLA_GROUP, group);
	put_mac(m, json_str(net, "mac"));
	put_mtu(m, net);
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "bridge");
	nla_nest_end(m, info);
	if (nl_ask(s, m, err) < 0)
		return error_wrap(err, "bridge %s", name);
	r = add_addresses(s, if_nametoindex(name), json_object_get(net, "addresses"), err);
	if (r < 0) {
		link_remove(s, name, NULL);
		return error_wrap(err, "bridge %s", name);
	}
	return 0;
}

int link_remove(struct nl_sock *s, const char *name, struct error *err)
{
	unsigned index = if_nametoindex(name);
	int r;

	if (!index)
		return 0;
	r = nl_ask(s, link_msg(RTM_DELLINK, 0, (int)index, 0), err);
	if (r == -ERR_NOT_FOUND)
		return 0;
	return r < 0 ? error_wrap(err, "interface %s", name) : 0;
}

static uint32_t doomed(uint32_t group)
{
	return group | 0x80000000;
}

int link_doom(struct nl_sock *s, uint32_t group, const char *name, struct error *err)
{
	struct nl_msg *m;
	int r;

	if (!if_nametoindex(name))
		return 0;
	m = link_msg(RTM_NEWLINK, 0, 0, 0);
	nla_put_string(m, IFLA_IFNAME, name);
	nla_put_u32(m, IFLA_GROUP, doomed(group));
	r = nl_ask(s, m, err);
	if (r == -ERR_NOT_FOUND)
		return 0;
	return r < 0 ? error_wrap(err, "interface %s", name) : 0;
}

int link_reap(struct nl_sock *s, uint32_t group, struct error *err)
{
	struct nl_msg *m = link_msg(RTM_DELLINK, 0, 0, 0);
	int r;

	nla_put_u32(m, IFLA_GROUP, doomed(group));
	r = nl_ask(s, m, err);
	if (r == -ERR_NOT_FOUND)
		return 0;
	return r < 0 ? error_wrap(err, "interfaces that are to go") : 0;
}

/* -- containers -- */

static void put_isolated(struct nl_msg *m)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	struct nlattr *data;

	nla_put_string(m, IFLA_INFO_SLAVE_KIND, "bridge");
	data = nla_nest_start(m, IFLA_INFO_SLAVE_DATA);
	nla_put_u8(m, IFLA_BRPORT_ISOLATED, 1);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
}

static void put_peer(struct nl_msg *m, const json_t *link, int netns)
{
	struct nlattr *info, *data, *peer;
	struct ifinfomsg i = { 0 };

	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(m, IFLA_INFO_DATA);
	peer = nla_nest_start(m, VETH_INFO_PEER);
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, json_str(link, "name"));
	nla_put_u32(m, IFLA_NET_NS_FD, (uint32_t)netns);
	put_mac(m, json_str(link, "mac"));
	put_mtu(m, link);
	nla_nest_end(m, peer);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
}

static int add_veth(struct nl_sock *s, uint32_t group, const json_t *link, int netns,
		    struct error *err)
{
	const char *bridge = json_str(link, "bridge"), *name = json_str(link, "veth");
	unsigned master = if_nametoindex(bridge);
	struct nl_msg *m;

	if (!master)
		return error_set(err, ERR_NOT_FOUND, "bridge %s is not there", bridge);
	m = link_msg(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, IFF_UP);
	nla_put_string(m, IFLA_IFNAME, name);
	nla_put_u32(m, IFLA_GROUP, group);
	nla_put_u32(m, IFLA_MASTER, master);
	put_mtu(m, link);
	put_peer(m, link, netns);
	if (nl_ask(s, m, err) < 0)
		return error_wrap(err, "interface %s", json_str(link, "name"));
	if (!json_flag(link, "isolated"))
		return 0;
	m = link_msg(RTM_NEWLINK, 0, (int)if_nametoindex(name), 0);
	put_isolated(m);
	return nl_ask(s, m, err) < 0 ? error_wrap(err, "isolation of %s", name) : 0;
}

/* In the network namespace that the caller is in just now. */
static int set_sysctl(const char *name, const char *attribute, const char *value, struct error *err)
{
	char path[128];
	autoclose int fd = -1;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", name, attribute);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, "%s", path);
	return write(fd, value, strlen(value)) < 0 ? error_sys(err, "%s", path) : 0;
}

static int add_default_route(struct nl_sock *s, unsigned index, const char *gateway,
			     struct error *err)
{
	struct rtmsg r = { .rtm_table = RT_TABLE_MAIN,
			   .rtm_protocol = RTPROT_BOOT,
			   .rtm_scope = RT_SCOPE_UNIVERSE,
			   .rtm_type = RTN_UNICAST };
	struct nl_msg *m;
	uint8_t b[16];
	struct ip a;
	unsigned n;

	if (ip_parse(gateway, &a) < 0)
		return error_set(err, ERR_INVALID, "%s is not an address", gateway);
	r.rtm_family = (uint8_t)a.family;
	m = nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_CREATE);
	if (!m)
		abort();
	nlmsg_append(m, &r, sizeof(r), NLMSG_ALIGNTO);
	n = ip_bytes(a, b);
	nla_put(m, RTA_GATEWAY, (int)n, b);
	nla_put_u32(m, RTA_OIF, index);
	return nl_ask(s, m, err) < 0 ? error_wrap(err, "default route by %s", gateway) : 0;
}

static int set_up(struct nl_sock *s, const json_t *link, struct error *err)
{
	const char *name = json_str(link, "name");
	const char *gateway = json_str(link, "gateway"), *gateway6 = json_str(link, "gateway6");
	unsigned index = if_nametoindex(name);
	int r;

	if (!index)
		return error_sys(err, "interface %s", name);
	r = set_sysctl(name, "disable_ipv6", json_flag(link, "ipv6") ? "0" : "1", err);
	if (r == 0 && json_flag(link, "ipv6"))
		r = set_sysctl(name, "accept_ra", "0", err);
	if (r == 0)
		r = add_addresses(s, index, json_object_get(link, "addresses"), err);
	if (r == 0)
		r = nl_ask(s, link_msg(RTM_NEWLINK, 0, (int)index, IFF_UP), err);
	if (r == 0 && gateway)
		r = add_default_route(s, index, gateway, err);
	if (r == 0 && gateway6)
		r = add_default_route(s, index, gateway6, err);
	return r < 0 ? error_wrap(err, "%s", name) : 0;
}

static int set_up_inside(const json_t *links, struct error *err)
{
	autonl *s = NULL;
	size_t i;
	json_t *link;
	int r;

	r = nl_open(NETLINK_ROUTE, &s, err);
	if (r < 0)
		return r;
	r = nl_ask(s, link_msg(RTM_NEWLINK, 0, 1, IFF_UP), err);
	if (r < 0)
		return error_wrap(err, "lo");
	json_array_foreach ((json_t *)links, i, link) {
		r = set_up(s, link, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int inside(int netns, int own, const json_t *links, struct error *err)
{
	int r;

	if (setns(netns, CLONE_NEWNET) < 0)
		return error_sys(err, "network namespace");
	r = set_up_inside(links, err);
	if (setns(own, CLONE_NEWNET) < 0)
		abort(); /* whatever follows would hit the wrong namespace */
	return r;
}

static int open_netns(pid_t pid, struct error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "network namespace of process %d", (int)pid) : fd;
}

int link_plug(struct nl_sock *s, uint32_t group, const json_t *container, struct error *err)
{
	const json_t *links = json_object_get(container, "links");
	autoclose int netns = -1, own = -1;
	size_t i;
	json_t *link;
	int r = 0;

	own = open_netns(getpid(), err);
	if (own < 0)
		return own;
	netns = open_netns((pid_t)json_i64(container, "pid", 0), err);
	if (netns < 0)
		return netns;
	json_array_foreach ((json_t *)links, i, link) {
		r = add_veth(s, group, link, netns, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = inside(netns, own, links, err);
	if (r < 0)
		json_array_foreach ((json_t *)links, i, link) {
			link_remove(s, json_str(link, "veth"), NULL);
		}
	return r;
}
