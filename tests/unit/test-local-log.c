/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "engine/local/logfile.h"
#include "engine/local/logread.h"
#include "util/io.h"
#include "util/time.h"

#include <sys/stat.h>

#define NOW 1795173018105591843LL

static char *encoded(const char *text, bool is_stderr, bool newline)
{
	struct buf b;

	buf_init(&b, LOG_ENTRY_MAX);
	log_encode(&b, is_stderr, text, strlen(text), newline, NOW);
	return buf_steal(&b);
}

static void entries(void **state)
{
	assert_text(encoded("plain", false, true),
		    "{\"log\":\"plain\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-20T11:10:18."
		    "105591843Z\"}\n");
	assert_text(encoded("a\"b\\c\td\033[0m", true, false),
		    "{\"log\":\"a\\\"b\\\\c\\td\\u001b[0m\",\"stream\":\"stderr\",\"time\":"
		    "\"2026-11-20T11:10:18.105591843Z\"}\n");
	assert_text(encoded("\xc3\xa9\xff", false, true),
		    "{\"log\":\"\xc3\xa9\xef\xbf\xbd\\n\",\"stream\":\"stdout\",\"time\":"
		    "\"2026-11-20T11:10:18.105591843Z\"}\n");
}

static void round_trip(void **state)
{
	static const char text[] = "tab\t quote\" back\\ \r bell\a \xe2\x82\xac \xf0\x9f\x90\x8b";
	autofree char *line = encoded(text, true, true);
	struct log_line l;
	autobuf space = { 0 };

	buf_init(&space, LOG_ENTRY_MAX);
	assert_int_equal(log_decode((struct str){ line, strlen(line) - 1 }, &space, &l), 0);
	assert_true(str_eq(l.text, text));
	assert_true(l.is_stderr && !l.partial);
	assert_true(l.time == NOW);
}

static void foreign(void **state)
{
	static const char *const bad[] = { "",
					   "{",
					   "{}",
					   "[]",
					   "{\"log\":1}",
					   "{\"log\":\"a\"",
					   "{\"log\":\"\\ud8\"}",
					   "{\"log\":\"\\x\"}",
					   "{\"stream\":\"stdout\"}" };
	struct log_line l;
	autobuf space = { 0 };

	buf_init(&space, LOG_ENTRY_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(log_decode(str_of(bad[i]), &space, &l), -ERR_INVALID);
	assert_int_equal(
		log_decode(
			STR("{ \"time\": \"2026-11-20T11:10:18Z\", \"log\":\"\\ud83d\\udc0b\" }"),
			&space, &l),
		0);
	assert_true(str_eq(l.text, "\xf0\x9f\x90\x8b") && l.partial);
}

static size_t size_of(const char *dir, const char *name)
{
	autofree char *path = xprintf("%s/%s", dir, name);
	struct stat st;

	return stat(path, &st) < 0 ? 0 : (size_t)st.st_size;
}

static void rotation(void **state)
{
	const char *dir = *state;
	autofree char *path = xprintf("%s/log", dir);
	struct logfile l;
	char line[64];

	assert_ok(logfile_open(&l, path, 1000, 3, &err));
	for (int i = 0; i < 100; i++) {
		int n = snprintf(line, sizeof(line), "line %d\n", i);

		logfile_add(&l, false, line, (size_t)n, NOW);
	}
	logfile_close(&l, NOW);
	assert_in_range(size_of(dir, "log"), 1, 1000);
	assert_in_range(size_of(dir, "log.1"), 900, 1000);
	assert_in_range(size_of(dir, "log.2"), 900, 1000);
	assert_int_equal(size_of(dir, "log.3"), 0);
}

static void pieces(void **state)
{
	const char *dir = *state;
	autofree char *path = xprintf("%s/log", dir), *big = xalloc(1, LOG_LINE_MAX + 101);
	autobuf b = { 0 };
	struct logfile l;
	unsigned lines = 0, whole = 0;

	memset(big, 'x', LOG_LINE_MAX + 100);
	assert_ok(logfile_open(&l, path, 0, 1, &err));
	logfile_add(&l, false, "half ", 5, NOW);
	logfile_add(&l, true, "other\n", 6, NOW);
	logfile_add(&l, false, "line\n", 5, NOW);
	logfile_add(&l, false, big, LOG_LINE_MAX + 100, NOW);
	logfile_add(&l, false, "\n\n", 2, NOW);
	logfile_add(&l, false, big, LOG_LINE_MAX, NOW);
	logfile_add(&l, false, "\n", 1, NOW);
	logfile_add(&l, true, "cut", 3, NOW);
	logfile_close(&l, NOW);
	buf_init(&b, 1 << 20);
	assert_ok(io_read_file(AT_FDCWD, path, &b, &err));
	for (char *p = b.p, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		lines++;
		whole += nl - p > 20 && strstr(p, "\\n\",\"stream") &&
			 strstr(p, "\\n\",\"stream") < nl;
	}
	/* other, "half line", a part and its rest, an empty one, a part and its empty rest, "cut"
	 */
	assert_int_equal(lines, 8);
	assert_int_equal(whole, 5);
	assert_non_null(strstr(b.p, "{\"log\":\"half line\\n\""));
	assert_non_null(strstr(b.p, "{\"log\":\"cut\",\"stream\":\"stderr\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),  cmocka_unit_test(round_trip), cmocka_unit_test(foreign),
		unit_test_in_dir(rotation), unit_test_in_dir(pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
