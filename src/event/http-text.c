/* SPDX-License-Identifier: Apache-2.0 */
#include "event/http-client.h"

#include <strings.h>

char *http_escape(const char *s)
{
	autobuf b;

	buf_init(&b, BUF_MAX_ANY);
	for (; *s; s++) {
		if (char_is_alnum(*s) || strchr("-._~", *s))
			buf_addc(&b, *s);
		else
			buf_addf(&b, "%%%02X", (unsigned)(unsigned char)*s);
	}
	return buf_steal(&b);
}

const char *http_header(const struct http_response *resp, const char *name)
{
	size_t n = strlen(name);

	strv_foreach (line, &resp->headers) {
		if (strncasecmp(line, name, n) || line[n] != ':')
			continue;
		line += n + 1;
		return line + strspn(line, " \t");
	}
	return NULL;
}

char *http_url_shown(const char *url)
{
	struct str s = { url, strcspn(url, "?#") }, scheme, rest, host, path;
	const char *at;

	if (!strstr(url, "://"))
		return str_dup(s);
	scheme = (struct str){ url, (size_t)(strstr(url, "://") - url) };
	rest = str_skip(s, scheme.n + 3);
	str_cut(rest, '/', &host, &path);
	at = host.n ? memrchr(host.p, '@', host.n) : NULL;
	if (at)
		rest = str_skip(rest, (size_t)(at - rest.p) + 1);
	return xprintf("%.*s://%.*s", (int)scheme.n, scheme.p, (int)rest.n, rest.p);
}
