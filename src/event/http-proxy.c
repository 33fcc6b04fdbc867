/* SPDX-License-Identifier: Apache-2.0 */
#include "event/http-client.h"

#include "util/env.h"

/* What is between "//" and the port; brackets of an IPv6 address are taken off. */
static struct str host_of(const char *url)
{
	const char *p = strstr(url, "://");
	struct str s = str_of(p ? p + 3 : url), head, tail;
	const char *at;

	s.n = strcspn(s.p, "/?#");
	at = memrchr(s.p, '@', s.n);
	if (at)
		s = str_skip(s, (size_t)(at - s.p) + 1);
	if (str_starts(s, "[")) {
		str_cut(str_skip(s, 1), ']', &head, &tail);
		return head;
	}
	str_cut(s, ':', &head, &tail);
	return head;
}

static bool is_loopback(struct str host)
{
	autofree char *copy = str_dup(host), *name = str_lower(copy);

	return streq(name, "localhost") || ends_with(name, ".localhost") || streq(name, "::1") ||
	       (starts_with(name, "127.") && strspn(name, "0123456789.") == strlen(name));
}

const char *http_proxy_for(const char *url)
{
	if (is_loopback(host_of(url)))
		return "";
	/* curl reads all the others itself, in either case, and no_proxy for this one too. */
	if (starts_with(url, "http://") && !env_get("http_proxy"))
		return env_get("HTTP_PROXY");
	return NULL;
}
