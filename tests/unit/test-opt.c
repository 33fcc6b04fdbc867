/* SPDX-License-Identifier: Apache-2.0 */
/* Options: Docker's flag syntax, defaults, mistakes, help. */
#include "unit.h"

#include "cli/opt.h"

struct values {
	bool detach, all, tty, later;
	char *file, *format;
	struct strv env, list;
	int64_t timeout, index;
};

static const struct opt opts[] = {
	OPT(struct values, OPT_FLAG, all, 'a', "all", "All of them"),
	OPT(struct values, OPT_FLAG, detach, 'd', "detach", "In the background"),
	OPT(struct values, OPT_STRINGS, env, 'e', "env", "Variables"),
	OPT(struct values, OPT_STRING, file, 'f', "file", "A file"),
	OPT(struct values, OPT_STRING, format, 0, "format", "How it looks", .otherwise = "table"),
	OPT(struct values, OPT_COUNT, index, 0, "index", "Which"),
	OPT(struct values, OPT_FLAG, later, 0, "later", "Some day", .flags = OPT_NOT_DONE),
	OPT(struct values, OPT_LIST, list, 0, "list", "Parts\nof a list"),
	OPT(struct values, OPT_INT, timeout, 't', "timeout", "Seconds", .otherwise = "-1",
	    .flags = OPT_NO_DEFAULT),
	OPT(struct values, OPT_FLAG, tty, 0, "tty", "A terminal", .otherwise = "true",
	    .flags = OPT_HIDDEN),
	{ 0 },
};

static struct error why;

/* Words up to a NULL; the positional ones, joined. */
static char *parse(struct values *v, int stop, ...)
{
	const struct opt_set sets[] = { { opts, v } };
	autostrv words = { 0 }, args = { 0 };
	const char *w;
	int at = 0, r;
	va_list ap;

	va_start(ap, stop);
	while ((w = va_arg(ap, const char *)))
		strv_push(&words, w);
	va_end(ap);
	opt_free(opts, v);
	*v = (struct values){ 0 };
	opt_defaults(opts, v);
	why = ERROR_INIT;
	r = opt_parse(sets, 1, words.n, words.v, &at, stop, &args, &why);
	if (r < 0)
		return xprintf("error %d", -r);
	for (; at < (int)words.n; at++)
		strv_push(&args, words.v[at]);
	return strv_join(&args, " ");
}

static void forms(void **state)
{
	struct values v = { 0 };

	assert_text(parse(&v, false, "-d", "--file", "x", "web", NULL), "web");
	assert_true(v.detach);
	assert_string_equal(v.file, "x");
	assert_text(parse(&v, false, "--file=y=z", "-adfq", "w", NULL), "w");
	assert_true(v.all && v.detach);
	assert_string_equal(v.file, "q");
	assert_text(parse(&v, false, "-f=a", "-e", "A=1", "-eB=2", "--env=C", NULL), "");
	assert_string_equal(v.file, "a");
	assert_int_equal(v.env.n, 3);
	assert_string_equal(v.env.v[1], "B=2");
	assert_text(parse(&v, false, "--list", "a,b", "--list=c", NULL), "");
	assert_int_equal(v.list.n, 3);
	assert_text(parse(&v, false, "--tty=false", "--detach=true", "-a=0", NULL), "");
	assert_true(!v.tty && v.detach && !v.all);
	assert_text(parse(&v, false, "--file", "-d", NULL), "");
	assert_string_equal(v.file, "-d");
	assert_text(parse(&v, false, "-t", "-5", "--index", "3", NULL), "");
	assert_int_equal(v.timeout, -5);
	opt_free(opts, &v);
}

static void words(void **state)
{
	struct values v = { 0 };

	assert_text(parse(&v, false, "a", "-d", "b", NULL), "a b");
	assert_true(v.detach);
	assert_text(parse(&v, true, "-a", "sh", "-d", NULL), "sh -d");
	assert_true(v.all && !v.detach);
	assert_text(parse(&v, false, "--", "-d", NULL), "-d");
	assert_false(v.detach);
	assert_text(parse(&v, true, "--", "-d", NULL), "-d");
	assert_text(parse(&v, false, "-", NULL), "-");
	opt_free(opts, &v);
}

static void defaults(void **state)
{
	struct values v = { 0 };

	assert_text(parse(&v, false, NULL), "");
	assert_string_equal(v.format, "table");
	assert_int_equal(v.timeout, -1);
	assert_true(v.tty);
	opt_free(opts, &v);
}

static void mistakes(void **state)
{
	struct values v = { 0 };
	static const struct {
		const char *words[3];
		enum err_code code;
		const char *message;
	} cases[] = {
		{ { "--detatch" },
		  ERR_INVALID,
		  "unknown flag: --detatch (did you mean --detach?)" },
		{ { "--zzzzzz" }, ERR_INVALID, "unknown flag: --zzzzzz" },
		{ { "-dx" }, ERR_INVALID, "unknown shorthand flag: 'x' in -dx" },
		{ { "--file" }, ERR_INVALID, "flag needs an argument: --file" },
		{ { "-f" }, ERR_INVALID, "flag needs an argument: --file" },
		{ { "--detach=maybe" },
		  ERR_INVALID,
		  "invalid argument \"maybe\" for \"--detach\" flag: true or false expected" },
		{ { "-t", "soon" },
		  ERR_INVALID,
		  "invalid argument \"soon\" for \"--timeout\" flag: a number expected" },
		{ { "--index=-1" },
		  ERR_INVALID,
		  "invalid argument \"-1\" for \"--index\" flag: a number expected" },
		{ { "--later" }, ERR_UNSUPPORTED, "--later is not done yet" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *expected = xprintf("error %d", cases[i].code);

		assert_text(parse(&v, false, cases[i].words[0], cases[i].words[1], NULL), expected);
		assert_string_equal(why.msg, cases[i].message);
	}
	/* Declining what isn't done is fine. */
	assert_text(parse(&v, false, "--later=false", NULL), "");
	opt_free(opts, &v);
}

static void help(void **state)
{
	const struct opt_set sets[] = { { opts, NULL } };
	autobuf out;

	buf_init(&out, BUF_MAX_ANY);
	opt_help(sets, 1, &out);
	assert_string_equal(out.p, "  -a, --all               All of them\n"
				   "  -d, --detach            In the background\n"
				   "  -e, --env stringArray   Variables\n"
				   "  -f, --file string       A file\n"
				   "      --format string     How it looks (default \"table\")\n"
				   "      --index int         Which\n"
				   "      --later             Some day (not done yet)\n"
				   "      --list strings      Parts\n"
				   "                          of a list\n"
				   "  -t, --timeout int       Seconds\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),    cmocka_unit_test(words), cmocka_unit_test(defaults),
		cmocka_unit_test(mistakes), cmocka_unit_test(help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
