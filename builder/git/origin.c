/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/origin.h"

#include "util/str.h"

#include <strings.h>

static const char *const schemes[] = { "https://", "http://", "git://", "ssh://" };

/* "user@host:path", with no slash before the colon. */
static bool is_scp(const char *url)
{
	const char *colon = strchr(url, ':'), *at = strchr(url, '@');

	return at && colon && at != url && at < colon && colon[1] != '\0' &&
	       !memchr(url, '/', (size_t)(colon - url));
}

static const char *after_scheme(const char *url)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return url + strlen(schemes[i]);
	return NULL;
}

static bool is_printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

int origin_check(const char *url, struct error *err)
{
	const char *host = after_scheme(url);

	if (is_printable(url) && url[0] != '-' && (host ? *host && *host != '/' : is_scp(url)))
		return 0;
	return error_set(
		err, ERR_INVALID,
		"\"%.200s\" is not where a repository may be: there are https://, http://, "
		"git://, ssh:// and user@host:path",
		url);
}

char *origin_shown(const char *url)
{
	const char *host = after_scheme(url), *at;
	size_t n;

	if (!host)
		return xstrdup(url);
	n = strcspn(host, "/?#");
	at = memrchr(host, '@', n);
	return xprintf("%.*s%s", (int)(host - url), url, at ? at + 1 : host);
}

/* "https://host:port" */
static char *origin_of(const char *url)
{
	autofree char *shown = origin_shown(url);
	const char *host = after_scheme(shown);
	autofree char *text = NULL;

	if (!host)
		return NULL;
	text = xstrndup(shown, (size_t)(host - shown) + strcspn(host, "/?#"));
	return str_lower(text);
}

bool origin_is_same(const char *a, const char *b)
{
	autofree char *x = origin_of(a), *y = origin_of(b);

	return x && y && streq(x, y);
}

/* Where the path of a URL begins: what is before it is never left. */
static size_t root_of(const char *url)
{
	const char *host = after_scheme(url);

	if (host)
		return (size_t)(host - url) + strcspn(host, "/");
	return strcspn(url, ":") + 1;
}

/* Takes the last part of the path away. */
static int go_up(char *base, struct error *err)
{
	size_t n = strlen(base), root = root_of(base);

	while (n > root && base[n - 1] == '/')
		n--;
	if (n <= root)
		return error_set(err, ERR_INVALID, "it leads out of the host of its repository");
	while (n > root && base[n - 1] != '/')
		n--;
	while (n > root && base[n - 1] == '/')
		n--;
	base[n] = '\0';
	return 0;
}

int origin_resolve(const char *base, const char *url, char **ret, struct error *err)
{
	autofree char *from = xstrdup(base), *whole = NULL;
	const char *rest = url, *next;
	bool relative = false;
	size_t n;
	int r = 0;

	for (; !r && *rest == '.'; rest = next, relative = true) {
		if ((next = skip_prefix(rest, "../")))
			r = go_up(from, err);
		else if (!(next = skip_prefix(rest, "./")))
			break;
	}
	if (r < 0)
		return error_wrap(err, "\"%.200s\"", url);
	n = strlen(from);
	while (n && from[n - 1] == '/')
		n--;
	if (!relative)
		whole = xstrdup(url);
	else
		whole = xprintf("%.*s%s%s", (int)n, from, n && from[n - 1] == ':' ? "" : "/", rest);
	r = origin_check(whole, err);
	if (!r)
		*ret = TAKE_PTR(whole);
	return r;
}
