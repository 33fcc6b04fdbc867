/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/ref.h"

#include "util/hash.h"
#include "util/str.h"

#include <string.h>

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define DEFAULT_PREFIX "library/"
#define DEFAULT_TAG    "latest"

#define LIMIT_PATH   255
#define LIMIT_DOMAIN 261 /* a name of the DNS, and a port */
#define LIMIT_TAG    128
#define LIMIT_REF    4096

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || char_is_digit(c);
}

static bool tag_char(char c)
{
	return char_is_alnum(c) || c == '_' || c == '.' || c == '-';
}

static bool tag_valid(struct str s)
{
	if (!s.n || s.n > LIMIT_TAG || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!tag_char(s.p[i]))
			return false;
	return true;
}

/* Between two runs of letters: one '.', one or two '_', any number of '-'. */
static size_t separator_len(struct str s)
{
	size_t n = 0;

	if (s.p[0] == '.')
		return 1;
	if (s.p[0] == '_')
		return s.n > 1 && s.p[1] == '_' ? 2 : 1;
	while (n < s.n && s.p[n] == '-')
		n++;
	return n;
}

static bool path_component_valid(struct str s)
{
	for (;;) {
		size_t n = 0;

		while (n < s.n && is_lower_alnum(s.p[n]))
			n++;
		if (!n)
			return false;
		s = str_skip(s, n);
		if (!s.n)
			return true;
		n = separator_len(s);
		if (!n)
			return false;
		s = str_skip(s, n);
	}
}

static bool path_valid(struct str s)
{
	struct str part;

	while (str_cut(s, '/', &part, &s))
		if (!path_component_valid(part))
			return false;
	return path_component_valid(part);
}

static bool port_valid(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_digit(s.p[i]))
			return false;
	return s.n > 0 && s.n <= 5;
}

static bool host_label_valid(struct str s)
{
	if (!s.n || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static bool host_valid(struct str s)
{
	struct str part;

	while (str_cut(s, '.', &part, &s))
		if (!host_label_valid(part))
			return false;
	return host_label_valid(part);
}

static bool ipv6_valid(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_digit(s.p[i]) && s.p[i] != ':' &&
		    !(char_lower(s.p[i]) >= 'a' && char_lower(s.p[i]) <= 'f'))
			return false;
	return s.n > 0;
}

static bool domain_valid(struct str s)
{
	struct str host, port;

	if (s.n && s.p[0] == '[') {
		if (!str_cut(str_skip(s, 1), ']', &host, &port) || !ipv6_valid(host))
			return false;
		return !port.n || (port.p[0] == ':' && port_valid(str_skip(port, 1)));
	}
	if (str_cut(s, ':', &host, &port))
		return host_valid(host) && port_valid(port);
	return host_valid(s);
}

static bool has_any(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(set, s.p[i]))
			return true;
	return false;
}

static bool has_upper(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

/* What stands before the first slash is a domain when it can't be a part of a path, or is
 * localhost. */
static bool looks_like_domain(struct str s)
{
	return str_eq(s, "localhost") || has_any(s, ".:[") || has_upper(s);
}

static bool is_image_id(struct str s)
{
	if (s.n != 64)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

struct parts {
	struct str domain, path, tag, digest;
	bool has_domain;
};

static void split(struct str s, struct parts *ret)
{
	struct str head, tail;

	*ret = (struct parts){ .domain = STR(DEFAULT_DOMAIN) };
	str_cut(s, '@', &s, &ret->digest);
	if (str_cut(s, '/', &head, &tail) && looks_like_domain(head)) {
		if (!str_eq(head, LEGACY_DOMAIN))
			ret->domain = head;
		ret->has_domain = true;
		s = tail;
	}
	str_cut(s, ':', &ret->path, &ret->tag);
}

static int bad(struct error *err, const char *s, const char *why)
{
	return error_set(err, ERR_INVALID, "invalid reference format: \"%.256s\": %s", s, why);
}

static bool is_official(const struct parts *p)
{
	return str_eq(p->domain, DEFAULT_DOMAIN) && !memchr(p->path.p, '/', p->path.n);
}

static int check(const char *s, const struct parts *p, struct error *err)
{
	const char *at = strchr(s, '@');

	if (is_image_id(str_of(s)))
		return bad(err, s, "64 hexadecimal digits are an image's id, not its name");
	if (!p->path.n)
		return bad(err, s, "the name is missing");
	if (has_upper(p->path))
		return bad(err, s, "the repository's name must be lower case");
	if (!domain_valid(p->domain))
		return bad(err, s, "the registry must be HOST or HOST:PORT");
	if (!path_valid(p->path))
		return bad(err, s,
			   "a repository's name is made of a-z, 0-9, and . _ - between them");
	if (p->path.p[p->path.n] == ':' && !tag_valid(p->tag))
		return bad(err, s, "a tag is up to 128 of A-Z a-z 0-9 _ . -");
	if (p->domain.n > LIMIT_DOMAIN ||
	    p->path.n + (is_official(p) ? strlen(DEFAULT_PREFIX) : 0) > LIMIT_PATH)
		return bad(err, s, "the name is longer than 255 characters");
	if (at && !digest_valid(at + 1))
		return bad(err, s, "a digest is sha256: and 64 hexadecimal digits");
	return 0;
}

int image_ref_parse(const char *s, struct image_ref *ret, struct error *err)
{
	struct parts p;
	bool official;
	int r;

	if (!*s)
		return error_set(err, ERR_INVALID, "invalid reference format: it is empty");
	if (strlen(s) > LIMIT_REF)
		return bad(err, s, "it is too long");
	split(str_of(s), &p);
	r = check(s, &p, err);
	if (r < 0)
		return r;
	official = is_official(&p);
	*ret = (struct image_ref){
		.domain = str_dup(p.domain),
		.path = xprintf("%s%.*s", official ? DEFAULT_PREFIX : "", (int)p.path.n, p.path.p),
		.tag = p.tag.n	    ? str_dup(p.tag)
		       : p.digest.n ? NULL
				    : xstrdup(DEFAULT_TAG),
		.digest = p.digest.n ? str_dup(p.digest) : NULL,
		.is_short = !p.has_domain && !str_starts(p.path, DEFAULT_PREFIX),
	};
	return 0;
}

void image_ref_done(struct image_ref *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct image_ref){ 0 };
}

void image_ref_copy(struct image_ref *to, const struct image_ref *from)
{
	struct image_ref copy = {
		.domain = xstrdup0(from->domain),
		.path = xstrdup0(from->path),
		.tag = xstrdup0(from->tag),
		.digest = xstrdup0(from->digest),
		.is_short = from->is_short,
	};

	image_ref_done(to);
	*to = copy;
}

static char *with_suffix(const struct image_ref *ref, const char *name)
{
	return xprintf("%s%s%s%s%s", name, ref->tag ? ":" : "", ref->tag ? ref->tag : "",
		       ref->digest ? "@" : "", ref->digest ? ref->digest : "");
}

char *image_ref_text(const struct image_ref *ref)
{
	autofree char *name = xprintf("%s/%s", ref->domain, ref->path);

	return with_suffix(ref, name);
}

char *image_ref_familiar_name(const struct image_ref *ref)
{
	const char *rest;

	if (!streq(ref->domain, DEFAULT_DOMAIN))
		return xprintf("%s/%s", ref->domain, ref->path);
	rest = skip_prefix(ref->path, DEFAULT_PREFIX);
	/* library/a/b stays as it is: without library/ it would be read as a/b */
	return xstrdup(rest && !strchr(rest, '/') ? rest : ref->path);
}

char *image_ref_familiar(const struct image_ref *ref)
{
	autofree char *name = image_ref_familiar_name(ref);

	return with_suffix(ref, name);
}
