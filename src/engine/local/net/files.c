/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/io.h"

#include <fcntl.h>
#include <unistd.h>

#define LIMIT_FILE  (1024 * 1024)
#define RESOLV_CONF "/etc/resolv.conf"
#define BEHIND_STUB "/run/systemd/resolve/resolv.conf"

static char *read_host(const char *path)
{
	autobuf b = { 0 };

	buf_init(&b, LIMIT_FILE);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0)
		return NULL;
	return buf_steal(&b);
}

/* ---- resolv.conf: words of a keyword's lines ---- */

static void words_of(const char *conf, const char *keyword, struct strv *out)
{
	struct str line, rest = str_of(conf), word;

	while (rest.n) {
		str_cut(rest, '\n', &line, &rest);
		line = str_trim(line);
		if (!str_starts(line, keyword) || line.n == strlen(keyword) ||
		    !char_is_space(line.p[strlen(keyword)]))
			continue;
		line = str_trim(str_skip(line, strlen(keyword)));
		while (line.n) {
			str_cut(line, ' ', &word, &line);
			word = str_trim(word);
			line = str_trim(line);
			if (word.n)
				strv_take(out, str_dup(word));
		}
	}
}

static bool on_loopback(const char *conf)
{
	autostrv servers = { 0 };

	words_of(conf, "nameserver", &servers);
	strv_foreach (s, &servers)
		if (!starts_with(s, "127.") && !streq(s, "::1"))
			return false;
	return servers.n > 0;
}

char *files_host_resolv_conf(void)
{
	autofree char *conf = read_host(RESOLV_CONF), *behind = NULL;

	if (conf && on_loopback(conf))
		behind = read_host(BEHIND_STUB);
	if (behind && !on_loopback(behind))
		return TAKE_PTR(behind);
	return conf ? TAKE_PTR(conf) : xstrdup("");
}

static void line(struct buf *b, const char *keyword, const struct strv *words)
{
	autofree char *all = strv_join(words, " ");

	if (words->n)
		buf_addf(b, "%s %s\n", keyword, all);
}

static bool has_option(const struct strv *options, const char *name)
{
	strv_foreach (o, options)
		if (starts_with(o, name))
			return true;
	return false;
}

/* Ours is asked for names of one label first (ndots), and asked again soon: it may be reading its
 * files. */
static void default_options(struct strv *options)
{
	static const char *const all[][2] = { { "ndots:", "ndots:0" },
					      { "timeout:", "timeout:2" },
					      { "attempts:", "attempts:4" } };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!has_option(options, all[i][0]))
			strv_push(options, all[i][1]);
}

char *files_resolv_conf(const struct net_request *req, const ip_vec *servers)
{
	autofree char *host = files_host_resolv_conf();
	autostrv search = { 0 }, options = { 0 };
	char text[IP_TEXT_MAX];
	autobuf b = { 0 };

	if (req->dns_search && req->dns_search->n)
		strv_copy(&search, req->dns_search);
	else
		words_of(host, "search", &search);
	if (req->dns_opt && req->dns_opt->n)
		strv_copy(&options, req->dns_opt);
	else
		words_of(host, "options", &options);
	default_options(&options);
	buf_init(&b, LIMIT_FILE);
	vec_foreach (s, servers)
		buf_addf(&b, "nameserver %s\n", ip_text(*s, text));
	if (search.n != 1 || !streq(search.v[0], "."))
		line(&b, "search", &search);
	line(&b, "options", &options);
	return buf_steal(&b);
}

/* ---- hosts ---- */

static const char hosts_head[] = "127.0.0.1\tlocalhost\n"
				 "::1\tlocalhost ip6-localhost ip6-loopback\n"
				 "fe00::\tip6-localnet\n"
				 "ff00::\tip6-mcastprefix\n"
				 "ff02::1\tip6-allnodes\n"
				 "ff02::2\tip6-allrouters\n";

/* "name=address" as compose writes it, "name:address" as docker does. */
static int extra_host(struct buf *b, const char *text, const char *gateway, struct error *err)
{
	char sep = strchr(text, '=') ? '=' : ':';
	struct str name, address;
	autofree char *a = NULL;
	struct ip ip;
	size_t n;

	if (!str_cut(str_of(text), sep, &name, &address) || !name.n || !address.n)
		return error_set(err, ERR_INVALID,
				 "extra_hosts: \"%s\" is not of the form name=address", text);
	a = str_dup(address);
	n = strlen(a);
	if (a[0] == '[' && a[n - 1] == ']') {
		a[n - 1] = 0;
		memmove(a, a + 1, n - 1);
	}
	if (streq(a, "host-gateway")) {
		if (!gateway)
			return error_set(err, ERR_INVALID,
					 "extra_hosts: there is no host-gateway without a network");
	} else if (ip_parse(a, &ip) < 0) {
		return error_set(err, ERR_INVALID, "extra_hosts: \"%s\": %s is not an address",
				 text, a);
	}
	buf_addf(b, "%s\t%.*s\n", streq(a, "host-gateway") ? gateway : a, (int)name.n, name.p);
	return 0;
}

static int extra_hosts(struct buf *b, const struct net_request *req, const char *gateway,
		       struct error *err)
{
	int r = 0;

	if (!req->extra_hosts)
		return 0;
	strv_foreach (h, req->extra_hosts)
		if (r == 0)
			r = extra_host(b, h, gateway, err);
	return r;
}

static char *hostname_of(const struct net_request *req)
{
	return req->hostname ? xstrdup(req->hostname) : xstrndup(req->id, 12);
}

int files_hosts(const struct net_request *req, const char *const *addresses, const char *gateway,
		char **ret, struct error *err)
{
	autofree char *name = hostname_of(req);
	autobuf b = { 0 };
	int r;

	buf_init(&b, LIMIT_FILE);
	buf_adds(&b, hosts_head);
	r = extra_hosts(&b, req, gateway, err);
	for (; r == 0 && *addresses; addresses++) {
		if (req->domainname)
			buf_addf(&b, "%s\t%s.%s %s\n", *addresses, name, req->domainname, name);
		else
			buf_addf(&b, "%s\t%s\n", *addresses, name);
	}
	if (r == 0)
		r = buf_check(&b, "/etc/hosts", err);
	if (r == 0)
		*ret = buf_steal(&b);
	return r;
}

/* ---- without a network of ours ---- */

int net_files_host(const struct net_request *req, struct net_reservation *ret, struct error *err)
{
	autofree char *hosts = read_host("/etc/hosts");
	autobuf b = { 0 };
	char name[256] = "localhost";
	int r;

	buf_init(&b, LIMIT_FILE);
	buf_adds(&b, hosts ? hosts : hosts_head);
	if (b.len && b.p[b.len - 1] != '\n')
		buf_addc(&b, '\n');
	r = extra_hosts(&b, req, "127.0.0.1", err);
	if (r < 0)
		return r;
	gethostname(name, sizeof(name) - 1);
	*ret = (struct net_reservation){ .hosts = buf_steal(&b) };
	ret->resolv_conf = read_host(RESOLV_CONF);
	if (!ret->resolv_conf)
		ret->resolv_conf = xstrdup("");
	ret->hostname = xstrdup(req->hostname ? req->hostname : name);
	return 0;
}

int net_files_none(const struct net_request *req, struct net_reservation *ret, struct error *err)
{
	static const char *const local[] = { "127.0.1.1", NULL };
	char *hosts;
	int r;

	r = files_hosts(req, local, NULL, &hosts, err);
	if (r < 0)
		return r;
	*ret = (struct net_reservation){ .hosts = hosts, .resolv_conf = xstrdup("") };
	ret->hostname = hostname_of(req);
	return 0;
}
