/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "util/time.h"

#define H (3600 * NSEC_PER_SEC)

static void test_rfc3339(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
		const char *canonical; /* NULL: the same */
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0, NULL },
		{ "2026-11-20T10:27:42.5Z", 1795170462500000000, NULL },
		{ "2026-11-20T12:27:42.5+02:00", 1795170462500000000, "2026-11-20T10:27:42.5Z" },
		{ "2026-11-20t04:57:42.500-05:30", 1795170462500000000, "2026-11-20T10:27:42.5Z" },
		{ "1969-12-31T23:59:59.999999999Z", -1, NULL },
		{ "2024-02-29T00:00:00.000000001Z", 1709164800000000001, NULL },
		{ "2024-02-29T00:00:00.0000000019Z", 1709164800000000001,
		  "2024-02-29T00:00:00.000000001Z" },
	};
	static const char *const bad[] = {
		"",
		"2026-11-20",
		"2026-11-20 10:27:42Z",
		"2026-11-20T10:27:42",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00+2:00",
		"2026-01-01T00:00:00Zx",
		"26-01-01T00:00:00Z",
		"9999-01-01T00:00:00Z",
		"0001-01-01T00:00:00Z", /* Go's zero time: 2,000 years away from what 64 bits hold
					 */
	};
	char out[TIME_TEXT_MAX];
	int64_t t;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_ok(time_parse(good[i].text, &t, &err));
		assert_true(t == good[i].t);
		assert_string_equal(time_format(t, out),
				    good[i].canonical ? good[i].canonical : good[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(ERR_INVALID, time_parse(bad[i], &t, &err));
	time_format(INT64_MIN, out);
	assert_string_equal(out, "1677-09-21T00:12:43.145224192Z");
	assert_true(time_now() > good[1].t - 1000LL * 24 * H);
	assert_true(time_monotonic() <= time_monotonic());
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t d;
		const char *canonical;
	} good[] = {
		{ "0", 0, "0s" },
		{ "30s", 30 * NSEC_PER_SEC, "30s" },
		{ "1m30s", 90 * NSEC_PER_SEC, "1m30s" },
		{ "1h", H, "1h0m0s" },
		{ "1.5h", 3 * H / 2, "1h30m0s" },
		{ "-1.5h", -3 * H / 2, "-1h30m0s" },
		{ "+5s", 5 * NSEC_PER_SEC, "5s" },
		{ "100us", 100000, "100\u00b5s" },
		{ "100\u00b5s", 100000, "100\u00b5s" },
		{ "100\u03bcs", 100000, "100\u00b5s" },
		{ "1ns", 1, "1ns" },
		{ "1.5ms", 1500000, "1.5ms" },
		{ ".5s", 500000000, "500ms" },
		{ "1.s", NSEC_PER_SEC, "1s" },
		{ "2d", 48 * H, "48h0m0s" },
		{ "1w", 168 * H, "168h0m0s" },
		{ "1s1h1s", H + 2 * NSEC_PER_SEC, "1h0m2s" },
		{ "0.000000001s", 1, "1ns" },
		{ "0.3333333333333333333h", 1199999999999, "19m59.999999999s" },
		{ "9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s" },
		{ "-9223372036854775808ns", INT64_MIN, "-2562047h47m16.854775808s" },
	};
	static const char *const bad[] = { "",
					   "3",
					   "-",
					   "s",
					   ".",
					   "-.",
					   ".s",
					   "+.s",
					   "1x",
					   "1s ",
					   " 1s",
					   "1h m",
					   "1e3s",
					   "--1s",
					   "1.2.3s",
					   "9223372036854775808ns",
					   "99999999999999999999s",
					   "300w300w15000w",
					   "-1",
					   "1ss" };
	char out[TIME_TEXT_MAX];
	int64_t d;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_ok(duration_parse(good[i].text, &d, &err));
		if (d != good[i].d)
			fail_msg("%s gives %lld", good[i].text, (long long)d);
		assert_string_equal(duration_format(d, out), good[i].canonical);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fails(ERR_INVALID, duration_parse(bad[i], &d, &err));
}

static void test_human(void **state)
{
	static const struct {
		int64_t d;
		const char *text;
	} cases[] = {
		{ 0, "Less than a second" },
		{ -5 * NSEC_PER_SEC, "Less than a second" },
		{ NSEC_PER_SEC, "1 second" },
		{ 59 * NSEC_PER_SEC, "59 seconds" },
		{ 60 * NSEC_PER_SEC, "About a minute" },
		{ 119 * NSEC_PER_SEC, "About a minute" },
		{ 3 * 60 * NSEC_PER_SEC, "3 minutes" },
		{ 59 * 60 * NSEC_PER_SEC, "59 minutes" },
		{ H, "About an hour" },
		{ 89 * 60 * NSEC_PER_SEC, "About an hour" },
		{ 90 * 60 * NSEC_PER_SEC, "2 hours" },
		{ 47 * H, "47 hours" },
		{ 48 * H, "2 days" },
		{ 13 * 24 * H, "13 days" },
		{ 14 * 24 * H, "2 weeks" },
		{ 60 * 24 * H, "2 months" },
		{ 730 * 24 * H, "2 years" },
		{ INT64_MAX, "292 years" },
	};
	char out[TIME_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(duration_human(cases[i].d, out), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_human),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
