/* SPDX-License-Identifier: Apache-2.0 */
/* io, fd, and what makes and removes directories. */
#include "unit.h"

#include "util/hash.h"
#include "util/io.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void test_replace(void **state)
{
	autofree char *path = path_join(*state, "file");
	struct stat st;
	autobuf b;

	buf_init(&b, 100);
	umask(077);
	assert_ok(io_replace(AT_FDCWD, path, "one", 3, 0644, &err));
	assert_ok(io_replace_fast(AT_FDCWD, path, "two!", 4, 0664, &err));
	assert_ok(io_read_file(AT_FDCWD, path, &b, &err));
	assert_string_equal(b.p, "two!");
	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_mode & 07777, 0664);
	assert_int_equal(count_entries(*state), 1);
	umask(022);
}

static void test_replace_fails_whole(void **state)
{
	autofree char *dir = path_join(*state, "dir"), *below = path_join(dir, "x/file");
	struct rlimit small = { 10, RLIM_INFINITY }, old;

	assert_ok(path_mkdirs(AT_FDCWD, dir, 0755, &err));
	assert_fails(ERR_NOT_FOUND, io_replace(AT_FDCWD, below, "x", 1, 0644, &err));
	assert_fails(ERR_SYS, io_replace(AT_FDCWD, dir, "x", 1, 0644, &err)); /* is a directory */
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	below[strlen(dir) + 2] = '\0'; /* dir/x */
	assert_fails(ERR_SYS, io_replace(AT_FDCWD, below, "more than ten bytes", 19, 0644, &err));
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(count_entries(dir), 0);
	assert_int_equal(count_entries(*state), 1);
}

static void test_read_limits(void **state)
{
	autofree char *path = path_join(*state, "file"), *fifo = path_join(*state, "fifo");
	autobuf exact, small;

	buf_init(&exact, 5);
	buf_init(&small, 4);
	assert_ok(io_replace(AT_FDCWD, path, "12345", 5, 0600, &err));
	assert_ok(io_read_file(AT_FDCWD, path, &exact, &err));
	assert_string_equal(exact.p, "12345");
	assert_fails(ERR_LIMIT, io_read_file(AT_FDCWD, path, &small, &err));
	buf_reset(&small);
	assert_return_code(mkfifo(fifo, 0600), errno);
	assert_fails(ERR_INVALID, io_read_file(AT_FDCWD, fifo, &small, &err));
	assert_fails(ERR_INVALID, io_read_file(AT_FDCWD, *state, &small, &err));
	assert_fails(ERR_INVALID, io_read_file(AT_FDCWD, "/dev/zero", &small, &err));
	assert_fails(ERR_NOT_FOUND, io_read_file(AT_FDCWD, "/nowhere/at/all", &small, &err));
}

/* Files of /proc have no size. */
static void test_read_proc(void **state)
{
	autobuf b;

	buf_init(&b, 1024 * 1024);
	assert_ok(io_read_file(AT_FDCWD, "/proc/self/status", &b, &err));
	assert_non_null(strstr(b.p, "Name:"));
}

static int temp_file(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void test_copy(void **state)
{
	autoclose int a = temp_file(*state), b = temp_file(*state), c = -1, m = -1;
	autofree char *data = xalloc(1, 3000000);
	autobuf out;
	uint64_t n;
	int p[2];

	buf_init(&out, 10000000);
	memset(data, 'x', 3000000);
	assert_ok(io_write_all(a, data, 3000000, &err));
	lseek(a, 1000000, SEEK_SET);
	assert_ok(io_copy(a, b, 500000, &n, &err));
	assert_int_equal(n, 500000);
	assert_ok(io_copy(a, b, UINT64_MAX, &n, &err));
	assert_int_equal(n, 1500000);
	assert_int_equal(lseek(b, 0, SEEK_END), 2000000);
	assert_ok(io_copy(a, b, UINT64_MAX, &n, &err)); /* at its end */
	assert_int_equal(n, 0);
	assert_ok(fd_of_bytes("m", "memory", 6, &m, &err));
	assert_ok(fd_pipe(p, &err));
	assert_ok(io_copy(m, p[1], UINT64_MAX, &n, &err)); /* memory to pipe */
	p[1] = fd_close(p[1]);
	assert_ok(io_copy(p[0], b, UINT64_MAX, &n, &err)); /* pipe to file */
	assert_int_equal(n, 6);
	fd_close(p[0]);
	c = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	assert_ok(io_copy(c, a, UINT64_MAX, &n, &err));
	assert_true(n > 100);
	c = fd_close(c);
	c = open("/dev/full", O_WRONLY | O_CLOEXEC);
	lseek(b, 0, SEEK_SET);
	assert_fails(ERR_NO_SPACE, io_copy(b, c, UINT64_MAX, &n, &err));
	assert_fails(ERR_NO_SPACE, io_write_all(c, "x", 1, &err));
}

static void test_fds(void **state)
{
	autofree char *path = path_join(*state, "lock");
	autoclose int fd = -1, a = -1, b = -1;
	char c;

	assert_ok(fd_of_bytes("secret", "abc", 3, &fd, &err));
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(c, 'a');
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fd_close(-1), -1);
	a = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	b = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fd_lock(a, true, false, NULL), 1);
	assert_int_equal(fd_lock(b, false, false, NULL), 0);
	a = fd_close(a);
	assert_int_equal(fd_lock(b, true, true, NULL), 1);
	assert_fails(ERR_SYS, fd_lock(-1, true, false, &err));
	assert_ok(fd_nonblock(b, true, &err));
	assert_true(fcntl(b, F_GETFL) & O_NONBLOCK);
}

static void test_mkdirs(void **state)
{
	autofree char *deep = path_join(*state, "a/b/c/d"), *file = path_join(*state, "f"),
		      *bad = path_join(file, "x/y");
	autoclose int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_ok(path_mkdirs(AT_FDCWD, deep, 0755, &err));
	assert_ok(path_mkdirs(AT_FDCWD, deep, 0755, &err));
	assert_ok(path_mkdirs(dir, "a/x//y/", 0755, &err));
	assert_ok(path_mkdirs(dir, ".", 0755, &err));
	assert_ok(io_replace(AT_FDCWD, file, "", 0, 0600, &err));
	assert_fails(ERR_SYS, path_mkdirs(AT_FDCWD, file, 0755, &err));
	assert_fails(ERR_SYS, path_mkdirs(AT_FDCWD, bad, 0755, &err));
}

static void test_remove_tree(void **state)
{
	autofree char *keep = path_join(*state, "keep/file");
	autoclose int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_ok(path_mkdirs(dir, "keep", 0755, &err));
	assert_ok(io_replace(dir, "keep/file", "x", 1, 0644, &err));
	assert_ok(path_mkdirs(dir, "t/a/b", 0755, &err));
	assert_ok(path_mkdirs(dir, "t/locked", 0000, &err));
	assert_return_code(symlinkat("../keep", dir, "t/link"), errno);
	assert_return_code(symlinkat("../../keep", dir, "t/a/link"), errno);
	assert_return_code(mkfifoat(dir, "t/fifo", 0600), errno);
	assert_ok(path_remove_tree(dir, "t", &err));
	assert_int_equal(faccessat(dir, "t", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_true(path_exists(keep));
	assert_return_code(symlinkat("keep", dir, "top-link"), errno);
	assert_ok(path_remove_tree(dir, "top-link", &err)); /* the link itself */
	assert_true(path_exists(keep));
	assert_ok(path_remove_tree(dir, "t", &err)); /* is not there */
	assert_ok(path_remove_tree(dir, "no/such/place", &err));
}

/* Deeper than there are descriptors, and than a path can name. */
static void test_remove_deep_tree(void **state)
{
	autoclose int top = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC), at = dup(top), next;

	for (int i = 0; i < 3000; i++) {
		assert_return_code(mkdirat(at, "d", 0755), errno);
		assert_return_code(mkdirat(at, "e", 0755), errno);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fd_close(at);
		at = next;
	}
	next = -1;
	at = fd_close(at);
	assert_ok(path_remove_tree(top, "d", &err));
	assert_ok(path_remove_tree(top, "e", &err));
	assert_int_equal(count_entries(*state), 0);
}

static void test_remove_wide_tree(void **state)
{
	autoclose int top = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[32];

	assert_return_code(mkdirat(top, "w", 0755), errno);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "w/%d", i);
		assert_return_code(mkdirat(top, name, 0755), errno);
	}
	assert_ok(path_remove_tree(top, "w", &err));
	assert_int_equal(count_entries(*state), 0);
}

/* A mount in the way is named, and what is mounted survives. */
static void test_remove_stops_at_mounts(void **state)
{
	autofree char *from = path_join(*state, "from"), *on = path_join(*state, "t/on"),
		      *tree = path_join(*state, "t"), *file = path_join(from, "file");

	assert_ok(path_mkdirs(AT_FDCWD, from, 0755, &err));
	assert_ok(path_mkdirs(AT_FDCWD, on, 0755, &err));
	assert_ok(io_replace(AT_FDCWD, file, "x", 1, 0644, &err));
	if (mount(from, on, "none", MS_BIND, NULL) < 0) {
		print_message("may not mount here: %s\n", strerror(errno));
		skip();
	}
	assert_fails(ERR_CONFLICT, path_remove_tree(AT_FDCWD, tree, &err));
	assert_return_code(umount2(on, MNT_DETACH), errno);
	assert_true(path_exists(file));
	assert_ok(path_remove_tree(AT_FDCWD, tree, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_in_dir(test_replace),
		unit_test_in_dir(test_replace_fails_whole),
		unit_test_in_dir(test_read_limits),
		cmocka_unit_test(test_read_proc),
		unit_test_in_dir(test_copy),
		unit_test_in_dir(test_fds),
		unit_test_in_dir(test_mkdirs),
		unit_test_in_dir(test_remove_tree),
		unit_test_in_dir(test_remove_deep_tree),
		unit_test_in_dir(test_remove_wide_tree),
		unit_test_in_dir(test_remove_stops_at_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
