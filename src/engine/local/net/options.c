/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/num.h"

#include <net/if.h>

enum option {
	OPTION_BRIDGE_NAME,
	OPTION_MTU,
	OPTION_ICC,
	OPTION_MASQUERADE,
	OPTION_HOST_IP,
	OPTION_IFACE_PREFIX,
	OPTION_DEFAULT_BRIDGE,
	OPTION_GATEWAY_MODE4,
	OPTION_GATEWAY_MODE6,
	OPTION_COUNT_,
};

static const char *const names[OPTION_COUNT_ + 1] = {
	[OPTION_BRIDGE_NAME] = "com.docker.network.bridge.name",
	[OPTION_MTU] = "com.docker.network.driver.mtu",
	[OPTION_ICC] = "com.docker.network.bridge.enable_icc",
	[OPTION_MASQUERADE] = "com.docker.network.bridge.enable_ip_masquerade",
	[OPTION_HOST_IP] = "com.docker.network.bridge.host_binding_ipv4",
	[OPTION_IFACE_PREFIX] = "com.docker.network.container_iface_prefix",
	[OPTION_DEFAULT_BRIDGE] = "com.docker.network.bridge.default_bridge",
	[OPTION_GATEWAY_MODE4] = "com.docker.network.bridge.gateway_mode_ipv4",
	[OPTION_GATEWAY_MODE6] = "com.docker.network.bridge.gateway_mode_ipv6",
};

static int find(const char *name, enum option *ret, struct error *err)
{
	const char *near;

	for (enum option o = 0; o < OPTION_COUNT_; o++)
		if (streq(names[o], name)) {
			*ret = o;
			return 0;
		}
	near = nearest_name(name, names);
	return error_set(err, ERR_UNSUPPORTED,
			 "driver_opts: %s is not supported by the local engine%s%s%s", name,
			 near ? " (is " : "", near ? near : "", near ? " meant?)" : "");
}

static int flag(const char *name, const char *value, bool *ret, struct error *err)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (streq(value, yes[i]) || streq(value, no[i])) {
			*ret = streq(value, yes[i]);
			return 0;
		}
	}
	return error_set(err, ERR_INVALID, "driver_opts: %s is true or false, not \"%s\"", name,
			 value);
}

static bool interface_ok(const char *s, size_t max)
{
	return *s && strlen(s) <= max && strcspn(s, "/: \t\n\"'{};,%") == strlen(s) &&
	       s[0] != '.' && s[0] != '-';
}

static int text(const char *name, const char *value, size_t max, char **ret, struct error *err)
{
	if (!interface_ok(value, max))
		return error_set(err, ERR_INVALID,
				 "driver_opts: %s: \"%s\" can't name an interface", name, value);
	free(*ret);
	*ret = xstrdup(value);
	return 0;
}

static int mtu(const char *value, int64_t *ret, struct error *err)
{
	uint64_t v;

	if (num_parse_u64(str_of(value), 65535, &v) < 0 || v < 68)
		return error_set(err, ERR_INVALID, "driver_opts: an MTU is 68 to 65535, not \"%s\"",
				 value);
	*ret = (int64_t)v;
	return 0;
}

static int host_ip(const char *value, char **ret, struct error *err)
{
	struct ip a;

	if (ip_parse(value, &a) < 0)
		return error_set(err, ERR_INVALID, "driver_opts: \"%s\" is not an address", value);
	free(*ret);
	*ret = a.n ? xstrdup(value) : NULL;
	return 0;
}

static int set(enum option o, const char *value, struct network_row *n, struct error *err)
{
	bool on = true;
	int r = 0;

	switch (o) {
	case OPTION_BRIDGE_NAME:
		return text(names[o], value, IFNAMSIZ - 1, &n->bridge, err);
	case OPTION_IFACE_PREFIX:
		return text(names[o], value, IFNAMSIZ - 5, &n->iface, err);
	case OPTION_MTU:
		return mtu(value, &n->mtu, err);
	case OPTION_HOST_IP:
		return host_ip(value, &n->host_ip, err);
	case OPTION_ICC:
		r = flag(names[o], value, &on, err);
		n->isolated = !on;
		return r;
	case OPTION_MASQUERADE:
		return flag(names[o], value, &n->masquerade, err);
	case OPTION_DEFAULT_BRIDGE:
		r = flag(names[o], value, &on, err);
		return r == 0 && on
			       ? error_set(err, ERR_UNSUPPORTED,
					   "driver_opts: %s is not supported by the local engine",
					   names[o])
			       : r;
	default:
		return streq(value, "nat")
			       ? 0
			       : error_set(err, ERR_UNSUPPORTED,
					   "driver_opts: %s: \"%s\" is not supported by the "
					   "local engine: only nat is",
					   names[o], value);
	}
}

static int check_driver(const struct network_spec *spec, struct error *err)
{
	if (spec->driver && !streq(spec->driver, "bridge") && !streq(spec->driver, "default"))
		return error_set(
			err, ERR_UNSUPPORTED,
			"driver %s is not supported by the local engine: it has bridge%s",
			spec->driver,
			streq(spec->driver, "host") || streq(spec->driver, "none")
				? " (a service joins the host's network, or none, by network_mode)"
				: "");
	if (spec->ipam_driver && !streq(spec->ipam_driver, "default"))
		return error_set(
			err, ERR_UNSUPPORTED,
			"ipam driver %s is not supported by the local engine: it has default",
			spec->ipam_driver);
	if (spec->ipam_options.n)
		return error_set(err, ERR_UNSUPPORTED,
				 "ipam options are not supported by the local engine");
	if (spec->no_ipv4 && !spec->ipv6)
		return error_set(err, ERR_INVALID,
				 "without IPv4 and IPv6 nothing is left of a network");
	return 0;
}

int network_options(const struct network_spec *spec, struct network_row *ret, struct error *err)
{
	enum option o = OPTION_COUNT_;
	int r;

	r = check_driver(spec, err);
	ret->masquerade = true;
	ret->internal = spec->internal;
	map_foreach (e, &spec->driver_opts) {
		if (r == 0)
			r = find(e->key, &o, err);
		if (r == 0)
			r = set(o, e->value ? e->value : "", ret, err);
	}
	if (!ret->iface)
		ret->iface = xstrdup("eth");
	return r < 0 ? error_wrap(err, "network %s", spec->name) : 0;
}
