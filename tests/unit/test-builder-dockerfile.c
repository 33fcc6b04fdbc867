/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct dockerfile parse(const char *text)
{
	struct dockerfile df = { 0 };
	struct error err = ERROR_INIT;

	if (dockerfile_parse("Dockerfile", str_of(text), &df, &err) < 0)
		fail_msg("%u:%u: %s", err.pos.line, err.pos.column, err.msg);
	return df;
}

static void test_lines(void **state)
{
	struct dockerfile df = parse("\xEF\xBB\xBF# syntax=docker/dockerfile:1\n#  EsCaPe = `\n\n"
				     "FROM x\n# note\nRUN a `\n # inner\n\n  b\\ `  \n c\n"
				     "COPY --from=q --chown=\"a b\" x y\r\n");

	assert_string_equal(df.syntax, "docker/dockerfile:1");
	assert_int_equal(df.escape, '`');
	assert_int_equal(df.lines.n, 3);
	assert_string_equal(df.lines.v[1].args, "a   b\\  c");
	assert_int_equal(df.lines.v[1].number, 6);
	assert_int_equal(df.lines.v[1].end, 10);
	assert_string_equal(df.lines.v[1].comments.v[0], "note");
	assert_int_equal(df.lines.v[2].flags.n, 2);
	assert_string_equal(df.lines.v[2].flags.v[1], "--chown=a b");
	assert_string_equal(df.lines.v[2].args, "x y");
	assert_int_equal(df.warnings.n, 1);
	dockerfile_done(&df);
}

static void test_heredocs(void **state)
{
	struct dockerfile df = parse(
		"RUN <<EOF 3<<-'TWO' cat\none\r\nEOFX\nEOF\n\ttwo\n\t\tTWO\n"
		"RUN echo $((1<<3)) \"a<<b\" <<<x\nCMD <<EOF\n"
		"COPY [\"<<EOF\", \"/x\"]\nONBUILD COPY <<\"E F\" /y\nz\nE F\n");
	const struct line *l = df.lines.v;
	autofree char *text = NULL;

	assert_int_equal(df.lines.n, 5);
	assert_int_equal(l[0].heredocs.n, 2);
	assert_string_equal(l[0].heredocs.v[0].content, "one\r\nEOFX\n");
	assert_true(l[0].heredocs.v[0].expand);
	assert_false(l[0].heredocs.v[1].expand);
	text = heredoc_text(&l[0].heredocs.v[1]);
	assert_string_equal(text, "two\n");
	assert_int_equal(l[1].heredocs.n, 0);
	assert_int_equal(l[2].heredocs.n, 0);
	assert_int_equal(l[3].heredocs.n, 0);
	assert_int_equal(l[4].heredocs.n, 1);
	assert_string_equal(l[4].heredocs.v[0].name, "E F");
	dockerfile_done(&df);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *message;
		unsigned line;
	} cases[] = {
		{ "# nothing\n\n", "no instruction", 2 },
		{ "", "no instruction", 1 },
		{ "# escape=`\n# escape=`\nFROM x", "only one escape", 2 },
		{ "# escape=x\nFROM x", "escape character", 1 },
		{ "FROM x\nRUN <<EOF\na\n", "EOF", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dockerfile df;
		struct error err = ERROR_INIT;

		assert_int_equal(dockerfile_parse("D", str_of(cases[i].text), &df, &err),
				 -ERR_INVALID);
		assert_non_null(strstr(err.msg, cases[i].message));
		assert_int_equal(err.pos.line, cases[i].line);
	}
}

static void test_places(void **state)
{
	struct dockerfile df = parse("FROM x\n  RUN --a=b \\\n    --bogus c\n");
	struct error err = ERROR_INIT;

	error_set(&err, ERR_INVALID, "x");
	line_error_at(&df, &df.lines.v[1], "--bogus", &err);
	assert_int_equal(err.pos.line, 3);
	assert_int_equal(err.pos.column, 5);
	err = ERROR_INIT;
	error_set(&err, ERR_INVALID, "x");
	line_error_at(&df, &df.lines.v[1], "--a", &err);
	assert_int_equal(err.pos.line, 2);
	assert_int_equal(err.pos.column, 7);
	dockerfile_done(&df);
}

static void test_words(void **state)
{
	autostrv words = { 0 }, json = { 0 }, none = { 0 };

	line_words("a=\"b c\" d='e' f\\ g \"\" h\\", '\\', &words);
	assert_int_equal(words.n, 5);
	assert_string_equal(words.v[0], "a=\"b c\"");
	assert_string_equal(words.v[2], "f\\ g");
	assert_string_equal(words.v[3], "\"\"");
	assert_string_equal(words.v[4], "h");
	assert_int_equal(line_json(" [\"a\\tb\", \"\\u00e9\"] ", &json, NULL), 1);
	assert_string_equal(json.v[0], "a\tb");
	assert_int_equal(line_json("['a']", &none, NULL), 0);
	assert_int_equal(line_json("[\"a\", 1]", &none, NULL), -ERR_INVALID);
	assert_int_equal(line_json("[]", &none, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines), cmocka_unit_test(test_heredocs),
		cmocka_unit_test(test_bad),   cmocka_unit_test(test_places),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
