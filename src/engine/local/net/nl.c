/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/nl.h"

#include "util/vec.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_DUMPS 50

static int fail(int r, struct error *err)
{
	switch (-r) {
	case NLE_EXIST:
		return error_set(err, ERR_EXISTS, "%s", nl_geterror(r));
	case NLE_OBJ_NOTFOUND:
	case NLE_NODEV:
		return error_set(err, ERR_NOT_FOUND, "%s", nl_geterror(r));
	default:
		return error_set(err, ERR_SYS, "%s", nl_geterror(r));
	}
}

int nl_open(int protocol, struct nl_sock **ret, struct error *err)
{
	struct nl_sock *s = nl_socket_alloc();
	int r;

	if (!s)
		return error_set(err, ERR_SYS, "no memory for a netlink socket");
	r = nl_connect(s, protocol);
	if (r < 0) {
		nl_socket_free(s);
		return fail(r, err);
	}
	nl_socket_disable_seq_check(s);
	*ret = s;
	return 0;
}

int nl_ask(struct nl_sock *s, struct nl_msg *m, struct error *err)
{
	int r = nl_send_sync(s, m);

	return r < 0 ? fail(r, err) : 0;
}

struct group_link {
	char name[IFNAMSIZ], kind[IFNAMSIZ];
	unsigned index;
};

struct group_dump {
	uint32_t group;
	VEC(struct group_link) links;
};

static const char *link_kind(struct nlattr *info)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	if (!info || nla_parse_nested(tb, IFLA_INFO_MAX, info, NULL) < 0 || !tb[IFLA_INFO_KIND])
		return "";
	return nla_get_string(tb[IFLA_INFO_KIND]);
}

static int on_link(struct nl_msg *m, void *userdata)
{
	struct group_dump *d = userdata;
	struct nlmsghdr *h = nlmsg_hdr(m);
	struct nlattr *tb[IFLA_MAX + 1];
	struct ifinfomsg *i = nlmsg_data(h);

	if (h->nlmsg_type != RTM_NEWLINK || nlmsg_parse(h, sizeof(*i), tb, IFLA_MAX, NULL) < 0 ||
	    !tb[IFLA_IFNAME])
		return NL_OK;
	if (tb[IFLA_GROUP] && nla_get_u32(tb[IFLA_GROUP]) == d->group) {
		struct group_link *l = vec_add(&d->links);

		snprintf(l->name, sizeof(l->name), "%s", nla_get_string(tb[IFLA_IFNAME]));
		snprintf(l->kind, sizeof(l->kind), "%s", link_kind(tb[IFLA_LINKINFO]));
		l->index = (unsigned)i->ifi_index;
	}
	return NL_OK;
}

/* One dump of all links: -NLE_DUMP_INTR when they changed meanwhile. */
static int dump_links(struct nl_sock *s, struct group_dump *d)
{
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC };
	int r;

	vec_done(&d->links);
	nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, on_link, d);
	r = nl_send_simple(s, RTM_GETLINK, NLM_F_DUMP, &i, sizeof(i));
	if (r >= 0)
		r = nl_recvmsgs_default(s);
	nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return r;
}

int nl_group_links(struct nl_sock *s, uint32_t group, nl_link_fn fn, void *userdata,
		   struct error *err)
{
	struct group_dump d = { .group = group };
	int r = -NLE_DUMP_INTR;

	/* Other programs' links come and go all the time; ours do so under our lock. */
	for (unsigned tries = 0; r == -NLE_DUMP_INTR && tries < LIMIT_DUMPS; tries++)
		r = dump_links(s, &d);
	if (r >= 0 || r == -NLE_DUMP_INTR)
		vec_foreach (l, &d.links)
			fn(userdata, l->name, l->index, l->kind);
	vec_done(&d.links);
	return r < 0 && r != -NLE_DUMP_INTR ? fail(r, err) : 0;
}

static struct nl_msg *nft_msg(int what, uint8_t family)
{
	struct nfgenmsg g = { .nfgen_family = family, .version = NFNETLINK_V0 };
	struct nl_msg *m = nlmsg_alloc_simple((NFNL_SUBSYS_NFTABLES << 8) | what, 0);

	if (m)
		nlmsg_append(m, &g, sizeof(g), NLMSG_ALIGNTO);
	return m;
}

/* 1 there, 0 not. */
static int nft_ask(struct nl_sock *s, struct nl_msg *m, struct error *err)
{
	struct error e = ERROR_INIT;
	int r = nl_ask(s, m, &e);

	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0) {
		if (err)
			*err = e;
		return r;
	}
	return 1;
}

int nl_table_exists(struct nl_sock *s, const char *table, struct error *err)
{
	struct nl_msg *m = nft_msg(NFT_MSG_GETTABLE, NFPROTO_INET);

	if (!m)
		return error_set(err, ERR_SYS, "no memory for a netlink message");
	nla_put_string(m, NFTA_TABLE_NAME, table);
	return nft_ask(s, m, err);
}

static int on_chain(struct nl_msg *m, void *userdata)
{
	struct nlattr *tb[NFTA_CHAIN_MAX + 1];
	int *drops = userdata;

	if (nlmsg_parse(nlmsg_hdr(m), sizeof(struct nfgenmsg), tb, NFTA_CHAIN_MAX, NULL) < 0)
		return NL_OK;
	if (tb[NFTA_CHAIN_POLICY])
		*drops = ntohl(nla_get_u32(tb[NFTA_CHAIN_POLICY])) == NF_DROP;
	return NL_OK;
}

int nl_forward_drops(struct nl_sock *s, struct error *err)
{
	struct nl_msg *m = nft_msg(NFT_MSG_GETCHAIN, NFPROTO_IPV4);
	int drops = 0, r;

	if (!m)
		return error_set(err, ERR_SYS, "no memory for a netlink message");
	nla_put_string(m, NFTA_CHAIN_TABLE, "filter");
	nla_put_string(m, NFTA_CHAIN_NAME, "FORWARD");
	nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, on_chain, &drops);
	r = nft_ask(s, m, err);
	nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	return r < 0 ? r : r && drops;
}
