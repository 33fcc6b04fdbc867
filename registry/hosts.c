/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/hosts.h"
#include "registry/hosts-private.h"

#include "registry/url.h"
#include "util/num.h"

#include <arpa/inet.h>
#include <string.h>

#define DOCKER_HUB     "docker.io"
#define DOCKER_HUB_API "registry-1.docker.io"

static void endpoint_done(struct endpoint *e)
{
	free(e->host);
	free(e->prefix);
	free(e->path);
	free(e->auth_host);
}

void endpoint_vec_done(endpoint_vec *v)
{
	vec_foreach (e, v)
		endpoint_done(e);
	vec_done(v);
}

/* -- insecure-registries: hosts, and networks by CIDR -- */

static bool cidr_has(const char *cidr, const char *host)
{
	autofree char *name = host_name(host);
	struct str net, bits;
	struct in_addr a, b;
	autofree char *addr = NULL;
	uint64_t n;

	if (!str_cut(str_of(cidr), '/', &net, &bits) || num_parse_u64(bits, 32, &n) < 0)
		return false;
	addr = str_dup(net);
	if (inet_pton(AF_INET, addr, &a) != 1 || inet_pton(AF_INET, name, &b) != 1)
		return false;
	return !n || !((ntohl(a.s_addr) ^ ntohl(b.s_addr)) >> (32 - n));
}

static const char *without_scheme(const char *s)
{
	const char *p = strstr(s, "://");

	return p ? p + 3 : s;
}

bool hosts_insecure(const struct hosts *h, const char *host)
{
	if (host_is_loopback(host))
		return true;
	strv_foreach (s, &h->insecure)
		if (streq(without_scheme(s), host) || cidr_has(s, host))
			return true;
	vec_foreach (reg, &h->registries)
		if (reg->self.insecure && streq(reg->self.location, host))
			return true;
	return false;
}

/* -- registries.conf -- */

/* Does the prefix of a [[registry]] cover this name? How many characters of it, 0: no. */
static size_t covers(const char *prefix, const char *name)
{
	size_t n = strlen(prefix), host = strcspn(name, "/");

	if (starts_with(prefix, "*.")) {
		if (host < n || strncmp(name + host - (n - 1), prefix + 1, n - 1))
			return 0;
		return host;
	}
	if (!n || strncmp(name, prefix, n))
		return 0;
	return name[n] == '\0' || name[n] == '/' || (name[n] == ':' && n > host) ? n : 0;
}

static const struct registry_rule *find_rule(const struct hosts *h, const char *name, size_t *ret_n)
{
	const struct registry_rule *best = NULL;
	size_t best_len = 0;

	vec_foreach (reg, &h->registries) {
		size_t n = covers(reg->prefix, name);

		if (!n || strlen(reg->prefix) < best_len)
			continue;
		best = reg;
		best_len = strlen(reg->prefix);
		*ret_n = n;
	}
	return best;
}

/* LOCATION (HOST[:PORT][/PATH]) and what is left of the name after the prefix. */
static void add_location(const struct hosts *h, endpoint_vec *v, const struct location *loc,
			 const char *rest, bool mirror)
{
	struct endpoint *e = vec_add(v);
	const char *slash = strchr(loc->location, '/');
	autofree char *path = NULL;

	while (*rest == '/')
		rest++;
	e->host = slash ? xstrndup(loc->location, (size_t)(slash - loc->location))
			: xstrdup(loc->location);
	if (slash && slash[1])
		path = xprintf("%s%s%s", slash + 1, *rest ? "/" : "", rest);
	e->path = path ? TAKE_PTR(path) : xstrdup(rest);
	e->prefix = xstrdup("");
	e->auth_host = xstrdup(e->host);
	e->insecure = loc->insecure || hosts_insecure(h, e->host);
	e->mirror = mirror;
	if (streq(e->host, DOCKER_HUB)) {
		free(e->host);
		e->host = xstrdup(DOCKER_HUB_API);
	}
}

static bool mirror_wanted(const struct registry_rule *rule, const struct location *m,
			  const struct image_ref *ref)
{
	if (streq(m->pull, "digest-only") || (!*m->pull && rule->digest_only))
		return ref->digest != NULL;
	return !streq(m->pull, "tag-only") || !ref->digest;
}

/* -- daemon.json -- */

static void add_docker_mirrors(const struct hosts *h, const char *path, endpoint_vec *v)
{
	strv_foreach (text, &h->mirrors) {
		autourl u = { 0 };
		struct endpoint *e;
		size_t n;

		if (url_parse(text, &u, NULL) < 0) /* looked at when it was read */
			continue;
		e = vec_add(v);
		n = strlen(u.target);
		while (n && u.target[n - 1] == '/')
			n--;
		*e = (struct endpoint){ .host = xstrdup(u.host),
					.prefix = xstrndup(u.target, n),
					.path = xstrdup(path),
					.auth_host = xstrdup(u.host),
					.insecure = !u.tls || hosts_insecure(h, u.host),
					.plain = !u.tls,
					.mirror = true };
	}
}

/* All places of one name, the mirrors first. */
static int add_name(const struct hosts *h, const struct image_ref *ref, const char *domain,
		    const char *path, bool push, endpoint_vec *v, struct error *err)
{
	autofree char *name = xprintf("%s/%s", domain, path);
	struct location self = { .location = domain, .pull = "" };
	const struct registry_rule *rule;
	const char *rest = path;
	size_t n = 0;

	rule = find_rule(h, name, &n);
	if (rule && rule->blocked)
		return error_set(err, ERR_AUTH, "%s: the registry %s is blocked by %s", name,
				 rule->prefix, rule->file);
	if (rule && !push)
		vec_foreach (m, &rule->mirrors)
			if (mirror_wanted(rule, m, ref))
				add_location(h, v, m, name + n, true);
	if (!push && streq(domain, DOCKER_HUB))
		add_docker_mirrors(h, path, v);
	if (rule && *rule->self.location) {
		self = rule->self;
		rest = name + n;
	} else if (rule) {
		self.insecure = rule->self.insecure;
	}
	add_location(h, v, &self, rest, false);
	return 0;
}

/* -- short names -- */

static const struct image_ref *find_alias(const struct hosts *h, const char *name)
{
	for (size_t i = h->aliases.n; i-- > 0;)
		if (streq(h->aliases.v[i].name, name))
			return *h->aliases.v[i].to.domain ? &h->aliases.v[i].to : NULL;
	return NULL;
}

/* In the registries that are searched, in their order; Docker Hub is always one. */
static int add_searched(const struct hosts *h, const struct image_ref *ref, const char *name,
			endpoint_vec *v, struct error *err)
{
	int r = 0;

	strv_foreach (domain, &h->search)
		if (r == 0)
			r = add_name(h, ref, domain, streq(domain, DOCKER_HUB) ? ref->path : name,
				     false, v, err);
	if (r == 0 && !strv_has(&h->search, DOCKER_HUB))
		r = add_name(h, ref, ref->domain, ref->path, false, v, err);
	return r;
}

static int add_short(const struct hosts *h, const struct image_ref *ref, endpoint_vec *v,
		     struct error *err)
{
	autofree char *name = image_ref_familiar_name(ref);
	const struct image_ref *to = find_alias(h, name);

	return to ? add_name(h, ref, to->domain, to->path, false, v, err)
		  : add_searched(h, ref, name, v, err);
}

int hosts_resolve(const struct hosts *h, const struct image_ref *ref, bool push, endpoint_vec *ret,
		  struct error *err)
{
	endpoint_vec v = { 0 };
	int r = ref->is_short && !push ? add_short(h, ref, &v, err)
				       : add_name(h, ref, ref->domain, ref->path, push, &v, err);

	if (r < 0)
		endpoint_vec_done(&v);
	else
		*ret = v;
	return r;
}
