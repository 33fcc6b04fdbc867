/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, widths, what is shown of foreign text, and the view of work where there is no terminal.
 */
#include "unit.h"

#include "event/loop.h"
#include "ui/logmux.h"
#include "ui/progress.h"
#include "ui/table.h"
#include "ui/term.h"
#include "util/io.h"

#include <sys/mman.h>
#include <unistd.h>

static void columns(void **state)
{
	static const char *const head[] = { "NAME", "SIZE", "LAST", NULL };
	autotable t = { 0 };
	autobuf out;

	buf_init(&out, BUF_MAX_ANY);
	table_init(&t, head);
	table_cell(&t, "a");
	table_cellf(&t, "%d", 12345);
	table_cell(&t, "");
	table_cell(&t, "日本");
	table_cell(&t, NULL);
	table_cell(&t, "x");
	table_print(&t, &out);
	assert_string_equal(out.p, "NAME   SIZE    LAST\n"
				   "a      12345\n"
				   "日本           x\n");
}

static char *fitted(const char *s, size_t columns)
{
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	text_fit(str_of(s), columns, &out);
	return buf_steal(&out);
}

static char *safe(const char *s)
{
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	text_safe(str_of(s), &out);
	return buf_steal(&out);
}

static void widths(void **state)
{
	assert_int_equal(text_width(STR("abc")), 3);
	assert_int_equal(text_width(STR("日本")), 4);
	assert_int_equal(text_width(STR("e\xcc\x81")), 1);
	assert_int_equal(text_width(STR("\xff")), 1);
	assert_text(fitted("abcdef", 6), "abcdef");
	assert_text(fitted("abcdef", 4), "abc…");
	assert_text(fitted("日本語", 5), "日本…");
	assert_text(fitted("日本語", 4), "日…");
	assert_text(fitted("abc", 0), "");
}

static void foreign_text(void **state)
{
	assert_text(safe("plain\ttext"), "plain\ttext");
	assert_text(safe("\033[31mred\033[0m"), "\033[31mred\033[0m\033[0m");
	assert_text(safe("\033]0;title\007x"), "^[]0;title^Gx");
	assert_text(safe("\033[2Jx"), "^[[2Jx");
	assert_text(safe("\xc2\x9b"
			 "2J"),
		    "\uFFFD2J");
	assert_text(safe("line\r"), "line");
	assert_text(safe("a\rb\x7f"), "a^Mb^?");
}

static void foreign_lines(void **state)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	text_safe_lines(STR("one\n\033]0;two\n"), &out);
	assert_string_equal(out.p, "one\n^[]0;two\n");
	buf_reset(&out);
	text_safe_lines(STR(""), &out);
	assert_string_equal(out.p, "");
}

/* What is written to a descriptor so far. */
static char *written(int fd)
{
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(io_read_fd(fd, &out, NULL));
	return buf_steal(&out);
}

static int view(int *ret_fd, enum progress_mode mode, struct progress **ret)
{
	autoloop *loop = NULL;

	*ret_fd = memfd_create("view", MFD_CLOEXEC);
	assert_true(*ret_fd >= 0);
	assert_ok(loop_new(&loop, NULL));
	return progress_new(loop, *ret_fd, mode, false, "Running", ret, NULL);
}

static void plain(void **state)
{
	autoclose int fd = -1;
	struct progress *p;

	assert_int_equal(view(&fd, PROGRESS_AUTO, &p), 0); /* no terminal */
	progress_row(p, "Image a", NULL, ROW_WORKING, "Pulling", 0, 0);
	progress_row(p, "Image a", NULL, ROW_WORKING, "Pulling", 10, 100);
	progress_row(p, "layer", "Image a", ROW_WAITING, "Waiting", 0, 0);
	progress_line(p, "a line of talk");
	progress_row(p, "Image a", NULL, ROW_DONE, "Pulled", 0, 0);
	progress_row(p, "Image b", NULL, ROW_FAILED, "said \033[2J", 0, 0);
	progress_free(p);
	assert_text(written(fd), " Image a  Pulling\na line of talk\n Image a  Pulled\n"
				 " Image b  said ^[[2J\n");
}

static void json(void **state)
{
	autoclose int fd = -1;
	struct progress *p;

	assert_int_equal(view(&fd, PROGRESS_JSON, &p), 0);
	progress_row(p, "Image a", NULL, ROW_WORKING, "Pulling", 0, 0);
	for (int i = 0; i < 1000; i++) /* not a line for each */
		progress_row(p, "l", "Image a", ROW_WORKING, "Downloading", i, 1000);
	progress_row(p, "l", "Image a", ROW_DONE, "Complete", 1000, 1000);
	progress_line(p, "talk \xff");
	progress_free(p);
	autofree char *text = written(fd);
	unsigned lines = 0;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_true(lines >= 3 && lines < 20);
	assert_true(starts_with(text,
				"{\"id\":\"Image a\",\"status\":\"working\",\"text\":\"Pulling\"}\n"
				"{\"id\":\"l\",\"status\":\"working\",\"text\":\"Downloading\","
				"\"parent_id\":\"Image a\",\"current\":0,\"total\":1000}\n"));
	assert_true(ends_with(text, "\"current\":1000,\"total\":1000}\n"
				    "{\"line\":\"talk \uFFFD\"}\n"));
}

static void quiet(void **state)
{
	autoclose int fd = -1;
	struct progress *p;

	assert_int_equal(view(&fd, PROGRESS_QUIET, &p), 0);
	progress_row(p, "Image a", NULL, ROW_DONE, "Pulled", 0, 0);
	progress_line(p, "talk");
	progress_free(p);
	assert_text(written(fd), "");
}

/* Children stand under their parent, whenever they came. */
static void drawn(void **state)
{
	autoclose int fd = -1;
	struct progress *p;
	const char *a, *b, *child;

	assert_int_equal(view(&fd, PROGRESS_TTY, &p), 0);
	progress_row(p, "Image a", NULL, ROW_WORKING, "Pulling", 0, 0);
	progress_row(p, "Image b", NULL, ROW_DONE, "Pulled", 0, 0);
	progress_row(p, "layer", "Image a", ROW_WORKING, "Downloading", 5000000, 10000000);
	progress_free(p);
	autofree char *text = written(fd);

	assert_non_null(strstr(text, "[+] Running 1/3"));
	assert_non_null(strstr(text, "5MB/10MB"));
	a = strstr(text, "Image a");
	b = strstr(text, "Image b");
	child = strstr(text, "layer");
	assert_true(a && b && child && a < child && child < b);
}

static void modes(void **state)
{
	enum progress_mode mode = PROGRESS_TTY;

	assert_int_equal(progress_mode_parse("", &mode), 0);
	assert_int_equal(mode, PROGRESS_AUTO);
	assert_int_equal(progress_mode_parse("rawjson", &mode), 0);
	assert_int_equal(mode, PROGRESS_JSON);
	assert_int_equal(progress_mode_parse("loud", &mode), -ERR_INVALID);
}

static void log_lines(void **state)
{
	autoclose int fd = memfd_create("logs", MFD_CLOEXEC);
	struct logmux *m = logmux_new(fd, false, true, false);

	logmux_name(m, "a-1");
	logmux_name(m, "longer-1");
	logmux_line(m, "a-1", 0, STR("begun "), true);
	logmux_line(m, "longer-1", 0, STR("whole"), false);
	logmux_line(m, "a-1", 0, STR("ended"), false);
	logmux_free(m);
	assert_text(written(fd), "longer-1  | whole\na-1       | begun ended\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),	cmocka_unit_test(widths),
		cmocka_unit_test(foreign_text), cmocka_unit_test(foreign_lines),
		cmocka_unit_test(plain),	cmocka_unit_test(json),
		cmocka_unit_test(quiet),	cmocka_unit_test(drawn),
		cmocka_unit_test(modes),	cmocka_unit_test(log_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
