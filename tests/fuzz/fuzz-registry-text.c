/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry sends in headers, and TOML; the first byte says which. */
#include "tests/fuzz/fuzz.h"

#include "registry/challenge.h"
#include "registry/retry.h"
#include "registry/toml.h"
#include "registry/url.h"

static void challenge(const char *s)
{
	autostrv headers = { 0 };
	struct challenge c;

	strv_pushf(&headers, "WWW-Authenticate: %s", s);
	challenge_find(&headers, &c);
	challenge_done(&c);
}

static void url(const char *s)
{
	autourl base = { 0 };
	autourl u = { 0 };
	autourl again = { 0 };
	autofree char *text = NULL;

	if (url_parse("https://a.test:5/x/y", &base, NULL) < 0 ||
	    url_resolve(&base, s, &u, NULL) < 0)
		return;
	text = url_text(&u);
	if (url_parse(text, &again, NULL) < 0 || !url_same_origin(&u, &again))
		abort();
}

static void toml(const char *p, size_t n)
{
	struct error err;
	autojson *j = NULL;

	(void)toml_parse(p, n, "f", &j, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *s = NULL;

	if (!size)
		return 0;
	s = xstrndup((const char *)data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		challenge(s);
		break;
	case 1:
		url(s);
		break;
	case 2:
		toml((const char *)data + 1, size - 1);
		break;
	default:
		(void)retry_after(s, 0);
	}
	return 0;
}
