/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "event/loop.h"
#include "event/stream.h"
#include "util/buf.h"
#include "util/io.h"

#include <errno.h>
#include <unistd.h>

/* All that a reader was told, in one line: "line." whole, "piece+" not, "$" the end. */
struct heard {
	sd_event *loop;
	struct line_reader *reader;
	struct buf text;
	unsigned free_at; /* within this call; 0: never */
	unsigned calls;
};

static void on_line(void *userdata, struct str line, bool whole, bool at_end)
{
	struct heard *h = userdata;

	buf_addstr(&h->text, line);
	buf_adds(&h->text, at_end ? "$" : whole ? "." : "+");
	if (++h->calls == h->free_at)
		h->reader = line_reader_free(h->reader);
	if (at_end || h->calls == h->free_at)
		sd_event_exit(h->loop, 0);
}

static void read_lines(int fd, size_t max, unsigned free_at, const char *expected)
{
	autoloop *loop = NULL;
	struct heard h = { .free_at = free_at };

	assert_ok(loop_new(&loop, &err));
	h.loop = loop;
	buf_init(&h.text, 1000000);
	assert_ok(line_reader_new(loop, fd, max, on_line, &h, &h.reader, &err));
	sd_event_loop(loop);
	assert_string_equal(h.text.p, expected);
	line_reader_free(h.reader);
	buf_done(&h.text);
}

static void from_pipe(const char *input, size_t max, unsigned free_at, const char *expected)
{
	int p[2];

	assert_ok(fd_pipe(p, &err));
	assert_ok(io_write_all(p[1], input, strlen(input), &err));
	fd_close(p[1]);
	read_lines(p[0], max, free_at, expected);
}

static void test_lines(void **state)
{
	from_pipe("", 10, 0, "$");
	from_pipe("one\ntwo\n\n", 10, 0, "one.two..$");
	from_pipe("one\nrest", 10, 0, "one.rest.$");
	from_pipe("12345\n1234567\n123456789012\n", 5, 0, "12345.12345+67.12345+67890+12.$");
	from_pipe("123456", 5, 0, "12345+6.$");
}

static void test_free_within(void **state)
{
	from_pipe("one\ntwo\nthree", 10, 1, "one.");
	from_pipe("one\ntwo\nthree", 10, 3, "one.two.three.");
	from_pipe("one\n", 10, 2, "one.$");
}

static void test_regular_file(void **state)
{
	int fd = -1;

	assert_ok(fd_of_bytes("t", "a\nb\n", 4, &fd, &err));
	read_lines(fd, 10, 0, "a.b.$");
}

static void test_bad_descriptor(void **state)
{
	struct line_reader *r = NULL;
	struct writer *w = NULL;
	autoloop *loop = NULL;

	assert_ok(loop_new(&loop, &err));
	assert_fails(ERR_SYS, line_reader_new(loop, -1, 10, on_line, NULL, &r, &err));
	assert_fails(ERR_SYS, writer_new(loop, -1, 10, &w, &err));
}

struct written {
	sd_event *loop;
	int r;
	unsigned n;
};

static void on_written(void *userdata, int r)
{
	struct written *w = userdata;

	w->r = r;
	w->n++;
	sd_event_exit(w->loop, 0);
}

/* More than a pipe holds: the reader in the same loop empties it. */
static void test_writer(void **state)
{
	autoloop *loop = NULL;
	struct heard h = { 0 };
	struct written done = { 0 };
	struct writer *w = NULL;
	autofree char *data = xalloc(1, 500001);
	int p[2];

	assert_ok(loop_new(&loop, &err));
	h.loop = done.loop = loop;
	buf_init(&h.text, 1000000);
	assert_ok(fd_pipe(p, &err));
	memset(data, 'x', 500000);
	assert_ok(line_reader_new(loop, p[0], 600000, on_line, &h, &h.reader, &err));
	assert_ok(writer_new(loop, p[1], 500000, &w, &err));
	for (int i = 0; i < 500; i++)
		assert_ok(writer_add(w, data, 1000, &err));
	assert_fails(ERR_LIMIT, writer_add(w, "y", 1, &err));
	writer_end(w, on_written, &done);
	while (!(done.n && h.text.len)) {
		assert_true(sd_event_run(loop, UINT64_MAX) >= 0);
		if (sd_event_get_state(loop) == SD_EVENT_FINISHED)
			break;
	}
	assert_int_equal(done.n, 1);
	assert_int_equal(done.r, 0);
	w = writer_free(w);
	h.reader = line_reader_free(h.reader);
	buf_done(&h.text);
}

static void write_to(int fd, const char *text, int expected)
{
	autoloop *loop = NULL;
	struct written done = { 0 };
	struct writer *w = NULL;

	assert_ok(loop_new(&loop, &err));
	done.loop = loop;
	assert_ok(writer_new(loop, fd, 100, &w, &err));
	assert_ok(writer_add(w, text, strlen(text), &err));
	writer_end(w, on_written, &done);
	assert_int_equal(done.n, 0);
	sd_event_loop(loop);
	assert_int_equal(done.n, 1);
	assert_int_equal(done.r, expected);
	if (expected)
		assert_fails(-expected, writer_add(w, "x", 1, &err));
	writer_free(w);
}

static void test_writer_ends(void **state)
{
	autofree char *path = path_join(*state, "file");
	autobuf b;
	int p[2];

	buf_init(&b, 100);
	write_to(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "text", 0);
	assert_ok(io_read_file(AT_FDCWD, path, &b, &err));
	assert_string_equal(b.p, "text");
	assert_ok(fd_pipe(p, &err));
	fd_close(p[0]);
	write_to(p[1], "nobody reads", -ERR_NETWORK);
	write_to(open("/dev/full", O_WRONLY | O_CLOEXEC), "text", -ERR_NO_SPACE);
	write_to(open("/dev/null", O_WRONLY | O_CLOEXEC), "", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	     cmocka_unit_test(test_free_within),
		cmocka_unit_test(test_regular_file), cmocka_unit_test(test_bad_descriptor),
		cmocka_unit_test(test_writer),	     unit_test_in_dir(test_writer_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
