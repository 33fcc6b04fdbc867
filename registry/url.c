/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/url.h"

#include "util/num.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool text_ok(const char *s)
{
	size_t n = 0;

	for (; *s; s++, n++)
		if (*s <= ' ' || *s > '~' || strchr("\"<>\\^`{|}", *s))
			return false;
	return n <= LIMIT_URL;
}

static int bad(struct error *err, const char *why)
{
	return error_set(err, ERR_INVALID, "an address that the registry gave is refused: %s", why);
}

static bool host_chars_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_alnum(s.p[i]) && !strchr(".-_:[]", s.p[i]))
			return false;
	return s.n > 0 && s.n <= 300;
}

static bool port_ok(struct str host)
{
	struct str head, port;
	uint64_t n;

	if (host.p[host.n - 1] == ']' || !str_rcut(host, ':', &head, &port))
		return true;
	return head.n && num_parse_u64(port, 65535, &n) == 0 && n > 0;
}

static char *lower(struct str s)
{
	char *p = str_dup(s);

	for (char *c = p; *c; c++)
		*c = char_lower(*c);
	return p;
}

static char *target_of(struct str s)
{
	const char *hash = memchr(s.p, '#', s.n);

	if (hash)
		s.n = (size_t)(hash - s.p);
	return xprintf("%s%.*s", s.n && s.p[0] == '/' ? "" : "/", (int)s.n, s.p);
}

/* What comes after the "//". */
static int parse_authority(bool tls, const char *s, struct url *ret, struct error *err)
{
	size_t n = strcspn(s, "/?#");
	struct str host = { s, n };

	if (memchr(s, '@', n))
		return bad(err, "it holds a user name");
	if (!host_chars_ok(host) || !port_ok(host))
		return bad(err, "its host is malformed");
	*ret = (struct url){ .tls = tls, .host = lower(host), .target = target_of(str_of(s + n)) };
	return 0;
}

static const char *skip_scheme(const char *s, const char *scheme)
{
	size_t n = strlen(scheme);

	return !strncasecmp(s, scheme, n) ? s + n : NULL;
}

int url_parse(const char *s, struct url *ret, struct error *err)
{
	const char *rest;

	if (!text_ok(s))
		return bad(err, "it is malformed");
	rest = skip_scheme(s, "https://");
	if (rest)
		return parse_authority(true, rest, ret, err);
	rest = skip_scheme(s, "http://");
	if (rest)
		return parse_authority(false, rest, ret, err);
	return bad(err, "it is neither http nor https");
}

/* RFC 3986 5.2.4 isn't applied: a server that sends dots gets them back. */
static char *relative_target(const char *base, const char *location)
{
	size_t n = strcspn(base, "?");

	if (location[0] == '/')
		return target_of(str_of(location));
	if (location[0] != '?')
		while (n && base[n - 1] != '/')
			n--;
	return xprintf("%.*s%.*s", (int)n, base, (int)strcspn(location, "#"), location);
}

static bool has_scheme(const char *s)
{
	const char *colon = s;

	while (char_is_alnum(*colon) || *colon == '+' || *colon == '-' || *colon == '.')
		colon++;
	return colon > s && *colon == ':';
}

int url_resolve(const struct url *base, const char *location, struct url *ret, struct error *err)
{
	if (!location || !*location)
		return bad(err, "it is empty");
	if (!text_ok(location))
		return bad(err, "it is malformed");
	if (has_scheme(location))
		return url_parse(location, ret, err);
	if (starts_with(location, "//"))
		return parse_authority(base->tls, location + 2, ret, err);
	*ret = (struct url){ .tls = base->tls,
			     .host = xstrdup(base->host),
			     .target = relative_target(base->target, location) };
	return 0;
}

static struct str without_default_port(const struct url *u)
{
	struct str s = str_of(u->host);
	const char *port = u->tls ? ":443" : ":80";

	if (str_ends(s, port))
		s.n -= strlen(port);
	return s;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	struct str ha = without_default_port(a), hb = without_default_port(b);

	return a->tls == b->tls && ha.n == hb.n && !memcmp(ha.p, hb.p, ha.n);
}

char *url_text(const struct url *u)
{
	return xprintf("%s://%s%s", u->tls ? "https" : "http", u->host, u->target);
}

char *url_shown(const struct url *u)
{
	return xprintf("%s://%s%.*s", u->tls ? "https" : "http", u->host,
		       (int)MIN(strcspn(u->target, "?"), (size_t)200), u->target);
}

void url_done(struct url *u)
{
	free(u->host);
	free(u->target);
	*u = (struct url){ 0 };
}

void url_copy(struct url *to, const struct url *from)
{
	struct url copy = { .tls = from->tls,
			    .host = xstrdup(from->host),
			    .target = xstrdup(from->target) };

	url_done(to);
	*to = copy;
}

char *host_name(const char *host)
{
	const char *end;

	if (host[0] == '[') {
		end = strchr(host, ']');
		return end ? xstrndup(host + 1, (size_t)(end - host - 1)) : xstrdup(host);
	}
	end = strrchr(host, ':');
	return end ? xstrndup(host, (size_t)(end - host)) : xstrdup(host);
}

static bool v4_private(uint32_t a)
{
	return a >> 24 == 127 || a >> 24 == 10 || a >> 24 == 0 || a >> 20 == 0xac1 ||
	       a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe || a >> 22 == 0x191; /* 100.64/10 */
}

bool host_is_loopback(const char *host)
{
	autofree char *name = host_name(host);
	struct in6_addr v6;
	struct in_addr v4;

	if (!strcasecmp(name, "localhost"))
		return true;
	if (inet_pton(AF_INET, name, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool is_local_name(const char *name)
{
	struct str s = str_of(name);

	while (s.n && s.p[s.n - 1] == '.')
		s.n--;
	return (s.n == 9 && !strncasecmp(s.p, "localhost", 9)) ||
	       (s.n > 9 && !strncasecmp(s.p + s.n - 10, ".localhost", 10));
}

/* Also in the forms that resolvers still read: 2130706433, 0x7f.1. */
bool host_is_private_address(const char *host)
{
	autofree char *name = host_name(host);
	struct in6_addr v6;
	struct in_addr v4;

	if (is_local_name(name))
		return true;
	if (inet_aton(name, &v4))
		return v4_private(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, name, &v6) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6))
		return v4_private((uint32_t)v6.s6_addr[12] << 24 | (uint32_t)v6.s6_addr[13] << 16 |
				  (uint32_t)v6.s6_addr[14] << 8 | v6.s6_addr[15]);
	return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6) ||
	       IN6_IS_ADDR_UNSPECIFIED(&v6) || (v6.s6_addr[0] & 0xfe) == 0xfc;
}
