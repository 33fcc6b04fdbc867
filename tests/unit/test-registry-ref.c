/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "registry/platform.h"
#include "registry/ref.h"

#include "util/str.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX

static const struct {
	const char *in, *text, *familiar;
} good[] = {
	{ "redis", "docker.io/library/redis:latest", "redis:latest" },
	{ "redis:7", "docker.io/library/redis:7", "redis:7" },
	{ "library/redis", "docker.io/library/redis:latest", "redis:latest" },
	{ "docker.io/redis", "docker.io/library/redis:latest", "redis:latest" },
	{ "index.docker.io/a/b:c", "docker.io/a/b:c", "a/b:c" },
	{ "docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest" },
	{ "localhost/x", "localhost/x:latest", "localhost/x:latest" },
	{ "localhost:5000/x:1", "localhost:5000/x:1", "localhost:5000/x:1" },
	{ "127.0.0.1:5000/a/b:1.0-rc_2", "127.0.0.1:5000/a/b:1.0-rc_2",
	  "127.0.0.1:5000/a/b:1.0-rc_2" },
	{ "[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest" },
	{ "Host/x", "Host/x:latest", "Host/x:latest" },
	{ "a.b/c__d-e.f", "a.b/c__d-e.f:latest", "a.b/c__d-e.f:latest" },
	{ "a---b/c", "docker.io/a---b/c:latest", "a---b/c:latest" },
	{ "r@" DIGEST, "docker.io/library/r@" DIGEST, "r@" DIGEST },
	{ "r:t@" DIGEST, "docker.io/library/r:t@" DIGEST, "r:t@" DIGEST },
	{ "localhost:5000", "docker.io/library/localhost:5000", "localhost:5000" },
};

static const char *const bad[] = {
	"",	      ":",    "a:",	     "a@",	   "Redis",  "a/B",
	"a//b",	      "/a",   "a/",	     "a_-b",	   "a___b",  "a..b",
	"-a",	      "a-",   "a:.t",	     "a:-t",	   "a:t t",  "a b",
	"h:x/a",      "h:/a", "a@sha256:12", "a@md5:" HEX, HEX,	     "a@" DIGEST "x",
	"http://a/b", "a\nb", "-h.x/a",	     "h..x/a",	   "[::1/x", "docker.io/"
};

static void parses(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = ERROR_INIT;
		autoref ref = { 0 };
		autoref copy = { 0 };
		autofree char *text = NULL, *familiar = NULL;

		if (image_ref_parse(good[i].in, &ref, &err) < 0)
			fail_msg("%s: %s", good[i].in, err.msg);
		image_ref_copy(&copy, &ref);
		text = image_ref_text(&copy);
		familiar = image_ref_familiar(&copy);
		assert_string_equal(text, good[i].text);
		assert_string_equal(familiar, good[i].familiar);
	}
}

static void refuses(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		autoref ref = { 0 };

		if (image_ref_parse(bad[i], &ref, &err) == 0)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.msg, "invalid reference format"));
	}
}

static void bounds_lengths(void **state)
{
	autofree char *name = xprintf("%0248d", 0), *tag = xprintf("a:%0129d", 0);
	autofree char *longest = xprintf("a.test/%0255d", 0), *over = xprintf("a.test/%0256d", 0);
	struct error err;
	autoref ref = { 0 };

	assert_int_equal(image_ref_parse(name, &ref, &err), -ERR_INVALID);
	assert_int_equal(image_ref_parse(tag, &ref, &err), -ERR_INVALID);
	assert_int_equal(image_ref_parse(over, &ref, &err), -ERR_INVALID);
	assert_int_equal(image_ref_parse(longest, &ref, &err), 0);
}

static void reads_platforms(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "linux/amd64", "linux/amd64" },     { "linux/x86_64", "linux/amd64" },
		{ "linux/aarch64", "linux/arm64" },   { "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm", "linux/arm/v7" },      { "linux/arm/v6", "linux/arm/v6" },
		{ "linux/arm/6", "linux/arm/v6" },    { "Linux/AMD64", "linux/amd64" },
		{ "armhf", "linux/arm/v7" },	      { "arm64", "linux/arm64" },
		{ "linux/amd64/v1", "linux/amd64" },  { "linux/amd64/v3", "linux/amd64/v3" },
		{ "windows/amd64", "windows/amd64" },
	};
	static const char *const wrong[] = { "",	"/",	  "linux/",	 "linux//v7",
					     "a/b/c/d", "nosuch", "linux/am d64" };
	struct platform p;
	char text[100];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(platform_parse(cases[i].in, &p, NULL), 0);
		assert_string_equal(platform_text(&p, text), cases[i].out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(platform_parse(wrong[i], &p, NULL), -ERR_INVALID);
}

static unsigned match(const char *want, const char *have)
{
	struct platform w, h;

	assert_int_equal(platform_parse(want, &w, NULL), 0);
	assert_int_equal(platform_parse(have, &h, NULL), 0);
	return platform_match(&w, &h);
}

static void prefers_the_best(void **state)
{
	assert_true(match("linux/amd64/v3", "linux/amd64/v3") >
		    match("linux/amd64/v3", "linux/amd64/v2"));
	assert_true(match("linux/amd64/v3", "linux/amd64/v2") >
		    match("linux/amd64/v3", "linux/amd64"));
	assert_true(match("linux/amd64/v3", "linux/amd64") > match("linux/amd64/v3", "linux/386"));
	assert_true(match("linux/arm/v7", "linux/arm/v6") > match("linux/arm/v7", "linux/arm/v5"));
	assert_int_equal(match("linux/arm/v6", "linux/arm/v7"), 0);
	assert_int_equal(match("linux/amd64/v2", "linux/amd64/v3"), 0);
	assert_int_equal(match("linux/amd64", "linux/arm64"), 0);
	assert_int_equal(match("linux/amd64", "windows/amd64"), 0);
	assert_int_equal(match("linux/amd64", "linux/amd64/vx"), 0);
	assert_int_equal(match("linux/386", "linux/amd64"), 0);
}

static void knows_this_machine(void **state)
{
	struct platform p;

	platform_native(&p);
	assert_string_equal(p.os, "linux");
	assert_true(p.arch[0]);
	assert_true(platform_match(&p, &p) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),	    cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_lengths),   cmocka_unit_test(reads_platforms),
		cmocka_unit_test(prefers_the_best), cmocka_unit_test(knows_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
