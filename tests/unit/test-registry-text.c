/* SPDX-License-Identifier: Apache-2.0 */
/* What registries and configuration files say: URLs, challenges, TOML, Retry-After. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "registry/challenge.h"
#include "registry/retry.h"
#include "registry/toml.h"
#include "registry/url.h"

#include "util/time.h"

static void resolves_urls(void **state)
{
	static const struct {
		const char *base, *location, *out; /* NULL: refused */
	} cases[] = {
		{ "http://a:1/x/y?z", "/p?q=1", "http://a:1/p?q=1" },
		{ "http://a:1/x/y?z", "p", "http://a:1/x/p" },
		{ "http://a:1/x/y?z", "?k=v", "http://a:1/x/y?k=v" },
		{ "http://a:1/x", "https://B/c#frag", "https://b/c" },
		{ "https://a/x", "//b:2/c", "https://b:2/c" },
		{ "https://a", "HTTP://b", "http://b/" },
		{ "https://a", "http://b?x=1", "http://b/?x=1" },
		{ "https://a", "file:///etc/passwd", NULL },
		{ "https://a", "ftp://b/", NULL },
		{ "https://a", "http://u:p@b/", NULL },
		{ "https://a", "http://b:0/", NULL },
		{ "https://a", "http://b:x/", NULL },
		{ "https://a", "http:///x", NULL },
		{ "https://a", "/a b", NULL },
		{ "https://a", "/a\r\nX: y", NULL },
		{ "https://a", "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autourl base = { 0 };
		autourl u = { 0 };
		autofree char *text = NULL;
		int r;

		assert_int_equal(url_parse(cases[i].base, &base, NULL), 0);
		r = url_resolve(&base, cases[i].location, &u, NULL);
		assert_int_equal(r, cases[i].out ? 0 : -ERR_INVALID);
		if (r == 0) {
			text = url_text(&u);
			assert_string_equal(text, cases[i].out);
		}
	}
}

static bool same(const char *a, const char *b)
{
	autourl x = { 0 };
	autourl y = { 0 };

	assert_int_equal(url_parse(a, &x, NULL), 0);
	assert_int_equal(url_parse(b, &y, NULL), 0);
	return url_same_origin(&x, &y);
}

static void compares_origins(void **state)
{
	assert_true(same("https://A/x", "https://a:443/y"));
	assert_true(same("http://a:80", "http://a"));
	assert_false(same("http://a", "https://a"));
	assert_false(same("http://a:1", "http://a:2"));
	assert_false(same("http://a", "http://a.b"));
	assert_false(same("https://a:80", "https://a"));
	assert_true(host_is_loopback("127.0.0.1:5000"));
	assert_true(host_is_loopback("[::1]:5000"));
	assert_true(host_is_loopback("LOCALHOST"));
	assert_false(host_is_loopback("localhost.example.com"));
	assert_false(host_is_loopback("127.0.0.1.example.com:80"));
	assert_true(host_is_private_address("169.254.169.254"));
	assert_true(host_is_private_address("10.1.2.3:80"));
	assert_true(host_is_private_address("[::ffff:192.168.0.1]"));
	assert_true(host_is_private_address("100.64.0.1"));
	assert_true(host_is_private_address("2130706433"));
	assert_true(host_is_private_address("0x7f.1:443"));
	assert_true(host_is_private_address("0177.0.0.1"));
	assert_true(host_is_private_address("LocalHost."));
	assert_true(host_is_private_address("a.localhost:5"));
	assert_true(host_is_private_address("[::127.0.0.1]"));
	assert_false(host_is_private_address("notlocalhost"));
	assert_false(host_is_private_address("8.8.8.8"));
	assert_false(host_is_private_address("10.example.com"));
}

static void finds_challenges(void **state)
{
	static const struct {
		const char *header;
		enum challenge_kind kind;
		const char *realm, *service, *scope;
	} cases[] = {
		{ "WWW-Authenticate: Basic realm=\"x\"", CHALLENGE_BASIC, "x", NULL, NULL },
		{ "www-authenticate: bearer "
		  "realm=\"https://a/t\",service=\"s\",scope=\"r:n:pull,push\"",
		  CHALLENGE_BEARER, "https://a/t", "s", "r:n:pull,push" },
		{ "WWW-Authenticate: Basic realm=\"b\", Bearer realm=\"https://a\" , service=s",
		  CHALLENGE_BEARER, "https://a", "s", NULL },
		{ "WWW-Authenticate: Negotiate, Bearer Realm = \"q\\\"x\", foo=\"a,b\", "
		  "scope=\"z\"",
		  CHALLENGE_BEARER, "q\"x", NULL, "z" },
		{ "WWW-Authenticate: Negotiate dG9rZW4=, Basic", CHALLENGE_BASIC, NULL, NULL,
		  NULL },
		{ "WWW-Authenticate: Bearer service=\"x\"", CHALLENGE_NONE, NULL, NULL, NULL },
		{ "WWW-Authenticate: Bearer realm=\"open", CHALLENGE_BEARER, "open", NULL, NULL },
		{ "WWW-Authenticate: \"\",,=;()", CHALLENGE_NONE, NULL, NULL, NULL },
		{ "X: Basic", CHALLENGE_NONE, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autostrv headers = { 0 };
		struct challenge c;

		strv_push(&headers, cases[i].header);
		challenge_find(&headers, &c);
		assert_int_equal(c.kind, cases[i].kind);
		assert_true(streq0(c.realm, cases[i].realm));
		assert_true(streq0(c.service, cases[i].service));
		assert_true(streq0(c.scope, cases[i].scope));
		challenge_done(&c);
	}
}

static void reads_toml(void **state)
{
	static const struct {
		const char *in, *json; /* NULL: refused */
	} cases[] = {
		{ "", "{}" },
		{ "a = 1\nb=\"x\\ty\"# c\r\nc = 'l\\'\nd = true",
		  "{\"a\":1,\"b\":\"x\\ty\",\"c\":\"l\\\\\",\"d\":true}" },
		{ "a = [\"x\", # one\n \"y\",\n]", "{\"a\":[\"x\",\"y\"]}" },
		{ "[a.b]\nc=1\n[a]\nd=2", "{\"a\":{\"b\":{\"c\":1},\"d\":2}}" },
		{ "[[r]]\nx=1\n[[r.m]]\ny=2\n[[r.m]]\ny=3\n[[r]]\nx=4",
		  "{\"r\":[{\"x\":1,\"m\":[{\"y\":2},{\"y\":3}]},{\"x\":4}]}" },
		{ "\"a.b\".c = 1", "{\"a.b\":{\"c\":1}}" },
		{ "a = 1\na = 2", NULL },
		{ "a = \"x", NULL },
		{ "a = 1 b = 2", NULL },
		{ "a = {}", NULL },
		{ "a = 1.5", NULL },
		{ "a = \"\"\"x\"\"\"", NULL },
		{ "[a", NULL },
		{ "[[a]", NULL },
		{ "a=1\n[a]", NULL },
		{ "= 1", NULL },
		{ "a = [1", NULL },
		{ "a = \xff", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		autojson *j = NULL;
		autofree char *text = NULL;
		int r = toml_parse(cases[i].in, strlen(cases[i].in), "f", &j, &err);

		if ((r == 0) != (cases[i].json != NULL))
			fail_msg("case %zu: %d %s", i, r, err.msg);
		if (r < 0)
			continue;
		text = json_text(j);
		assert_string_equal(text, cases[i].json);
	}
}

static void says_where_toml_is_wrong(void **state)
{
	static const char text[] = "a = 1\n[x]\nb = {}\n";
	struct error err = ERROR_INIT;
	json_t *j;

	assert_int_equal(toml_parse(text, sizeof(text) - 1, "f.conf", &j, &err), -ERR_UNSUPPORTED);
	assert_string_equal(err.pos.file, "f.conf");
	assert_int_equal(err.pos.line, 3);
	assert_int_equal(err.pos.column, 5);
}

static void reads_retry_after(void **state)
{
	int64_t now = 1793000000 * NSEC_PER_SEC; /* Mon, 26 Oct 2026 07:33:20 GMT */

	assert_int_equal(retry_after(NULL, now), 0);
	assert_int_equal(retry_after("3", now), 3 * NSEC_PER_SEC);
	assert_int_equal(retry_after(" 120 ", now), 120 * NSEC_PER_SEC);
	assert_int_equal(retry_after("-1", now), 0);
	assert_int_equal(retry_after("soon", now), 0);
	assert_int_equal(retry_after("Mon, 26 Oct 2026 07:33:30 GMT", now), 10 * NSEC_PER_SEC);
	assert_int_equal(retry_after("Mon, 26 Oct 2020 07:33:30 GMT", now), 0);
	assert_int_equal(retry_after("Mon, 26 Xxx 2026 07:33:30 GMT", now), 0);
}

static void backs_off_and_ends(void **state)
{
	struct retry r = { 0 };
	int64_t span, last = 0;
	unsigned n = 0;

	while ((span = retry_next(&r, NULL)) >= 0) {
		assert_true(span > last);
		assert_true(span <= 30 * NSEC_PER_SEC);
		last = span;
		n++;
	}
	assert_int_equal(n, RETRY_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_urls),
		cmocka_unit_test(compares_origins),
		cmocka_unit_test(finds_challenges),
		cmocka_unit_test(reads_toml),
		cmocka_unit_test(says_where_toml_is_wrong),
		cmocka_unit_test(reads_retry_after),
		cmocka_unit_test(backs_off_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
