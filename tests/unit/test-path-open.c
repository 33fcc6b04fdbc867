/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_open_in(): every case is tried with openat2(2) and with the walk that replaces it, and both
 *have to say the same. The tree:
 *
 *	secret			outside; nobody may get there
 *	root/file, root/dir/file, root/dir/deep/file
 *	root/...		symlinks of all kinds
 */
#include "unit.h"

#include "util/io.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const links[][2] = {
	{ "to-file", "file" },
	{ "to-dir", "dir" },
	{ "absolute", "/file" },
	{ "absolute-dir", "/dir" },
	{ "up", "../secret" },
	{ "up-far", "../../../../../../../../etc/passwd" },
	{ "up-absolute", "/../../secret" },
	{ "dangling", "nothing" },
	{ "outside-new", "../new" },
	{ "loop", "loop" },
	{ "loop-a", "loop-b" },
	{ "loop-b", "loop-a" },
	{ "dir/back", ".." },
	{ "dir/back-out", "../../secret" },
	{ "dir/deep/top", "/" },
	{ "slash", "dir/" },
	{ "chain-1", "chain-2/file" },
	{ "chain-2", "./dir/../to-dir/deep/.." },
	{ "empty-part", "dir//./deep" },
	{ "file-slash", "file/" },
};

struct expect {
	const char *path;
	int flags;
	int in_root, beneath; /* errno, 0: opened */
	const char *content;  /* of the file that it must be */
};

static const struct expect expects[] = {
	{ "file", O_RDONLY, 0, 0, "in" },
	{ "./dir/../file", O_RDONLY, 0, 0, "in" },
	{ "dir//deep/./file", O_RDONLY, 0, 0, "deep" },
	{ "/file", O_RDONLY, 0, EXDEV, "in" },
	{ "/", O_RDONLY | O_DIRECTORY, 0, EXDEV, NULL },
	{ ".", O_RDONLY | O_DIRECTORY, 0, 0, NULL },
	{ "", O_RDONLY, ENOENT, ENOENT, NULL },
	{ "..", O_RDONLY | O_DIRECTORY, 0, EXDEV, NULL },
	{ "../secret", O_RDONLY, ENOENT, EXDEV, NULL },
	{ "../file", O_RDONLY, 0, EXDEV, "in" },
	{ "dir/../../secret", O_RDONLY, ENOENT, EXDEV, NULL },
	{ "dir/../../file", O_RDONLY, 0, EXDEV, "in" },
	{ "to-file", O_RDONLY, 0, 0, "in" },
	{ "to-dir/deep/file", O_RDONLY, 0, 0, "deep" },
	{ "absolute", O_RDONLY, 0, EXDEV, "in" },
	{ "absolute-dir/file", O_RDONLY, 0, EXDEV, "dir" },
	{ "up", O_RDONLY, ENOENT, EXDEV, NULL },
	{ "up-far", O_RDONLY, ENOENT, EXDEV, NULL },
	{ "up-absolute", O_RDONLY, ENOENT, EXDEV, NULL },
	{ "dangling", O_RDONLY, ENOENT, ENOENT, NULL },
	{ "loop", O_RDONLY, ELOOP, ELOOP, NULL },
	{ "loop-a", O_RDONLY, ELOOP, ELOOP, NULL },
	{ "dir/back/file", O_RDONLY, 0, 0, "in" },
	{ "dir/back/dir/back/dir/file", O_RDONLY, 0, 0, "dir" },
	{ "dir/back-out", O_RDONLY, ENOENT, EXDEV, NULL },
	{ "dir/deep/top/file", O_RDONLY, 0, EXDEV, "in" },
	{ "slash/file", O_RDONLY, 0, 0, "dir" },
	{ "chain-1", O_RDONLY, 0, 0, "dir" },
	{ "empty-part/file", O_RDONLY, 0, 0, "deep" },
	{ "file-slash", O_RDONLY, ENOTDIR, ENOTDIR, NULL },
	{ "file/", O_RDONLY, ENOTDIR, ENOTDIR, NULL },
	{ "file/x", O_RDONLY, ENOTDIR, ENOTDIR, NULL },
	{ "file/..", O_RDONLY, ENOTDIR, ENOTDIR, NULL },
	{ "file/.", O_RDONLY, ENOTDIR, ENOTDIR, NULL },
	{ "nothing/..", O_RDONLY, ENOENT, ENOENT, NULL },
	{ "dir", O_RDONLY | O_DIRECTORY, 0, 0, NULL },
	{ "dir/", O_RDONLY, 0, 0, NULL },
	{ "file", O_RDONLY | O_DIRECTORY, ENOTDIR, ENOTDIR, NULL },
	{ "dir", O_WRONLY, EISDIR, EISDIR, NULL },
	{ "to-file", O_RDONLY | O_NOFOLLOW, ELOOP, ELOOP, NULL },
	{ "to-dir/", O_RDONLY | O_NOFOLLOW, 0, 0, NULL },
	{ "to-dir/file", O_RDONLY | O_NOFOLLOW, 0, 0, "dir" },
	{ "up", O_PATH | O_NOFOLLOW, 0, 0, NULL },
	{ "file", O_RDWR | O_CREAT | O_EXCL, EEXIST, EEXIST, NULL },
	{ "dangling", O_RDWR | O_CREAT | O_EXCL, EEXIST, EEXIST, NULL },
	{ "outside-new", O_RDWR | O_CREAT | O_EXCL, EEXIST, EEXIST, NULL },
	{ "file", O_RDONLY | O_CREAT, 0, 0, "in" },
	{ "nothing/new", O_RDWR | O_CREAT, ENOENT, ENOENT, NULL },
	{ "new/", O_RDWR | O_CREAT, EISDIR, EISDIR, NULL },
	{ "dir/.", O_RDWR | O_CREAT, EISDIR, EISDIR, NULL },
};

static int make_tree(const char *top)
{
	static const char *const files[][2] = {
		{ "secret", "out" },
		{ "root/file", "in" },
		{ "root/dir/file", "dir" },
		{ "root/dir/deep/file", "deep" },
	};
	autofree char *dirs = path_join(top, "root/dir/deep");
	int root;

	assert_ok(path_mkdirs(AT_FDCWD, dirs, 0755, &err));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *path = path_join(top, files[i][0]);

		assert_ok(io_replace(AT_FDCWD, path, files[i][1], strlen(files[i][1]), 0644, &err));
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		autofree char *name = path_join("root", links[i][0]), *path = path_join(top, name);

		assert_return_code(symlink(links[i][1], path), errno);
	}
	dirs[strlen(top) + strlen("/root")] = '\0';
	root = open(dirs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	return root;
}

static void check(int root, enum path_scope scope, const struct expect *e)
{
	int wanted = scope == PATH_IN_ROOT ? e->in_root : e->beneath, r;
	const char *how = path_no_openat2 ? "walk" : "openat2";
	struct error why = ERROR_INIT;
	autoclose int fd = -1;
	autobuf b;

	buf_init(&b, 100);
	r = path_open_in(root, scope, e->path, e->flags, 0600, &fd, &why);
	if (r < 0 && why.sys != wanted)
		fail_msg("%s, scope %d, %s: %s, not errno %d", e->path, scope, how, why.msg,
			 wanted);
	if (!r && wanted)
		fail_msg("%s, scope %d, %s: opened", e->path, scope, how);
	if (wanted == EXDEV)
		assert_int_equal(r, -ERR_INVALID);
	if (r < 0)
		return;
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	if (!e->content)
		return;
	assert_ok(io_read_fd(fd, &b, &err));
	if (!streq(b.p, e->content))
		fail_msg("%s, scope %d, %s: reads \"%s\"", e->path, scope, how, b.p);
}

static void check_all(void **state, bool no_openat2)
{
	autoclose int root = make_tree(*state);

	path_no_openat2 = no_openat2;
	for (size_t i = 0; i < ARRAY_SIZE(expects); i++) {
		check(root, PATH_IN_ROOT, &expects[i]);
		check(root, PATH_BENEATH, &expects[i]);
	}
	path_no_openat2 = false;
}

static void test_openat2(void **state)
{
	check_all(state, false);
}

static void test_walk(void **state)
{
	check_all(state, true);
}

static void check_create(void **state, bool no_openat2)
{
	autoclose int root = make_tree(*state);
	static const char *const stay_in[] = { "new",	   "dir/new",	  "to-dir/new2",
					       "dangling", "outside-new", "../new3" };
	autofree char *outside = path_join(*state, "new"), *outside3 = path_join(*state, "new3");
	struct stat st;

	path_no_openat2 = no_openat2;
	umask(022);
	for (size_t i = 0; i < ARRAY_SIZE(stay_in); i++) {
		autoclose int fd = -1;

		assert_ok(path_open_in(root, PATH_IN_ROOT, stay_in[i], O_RDWR | O_CREAT, 0640, &fd,
				       &err));
		assert_return_code(fstat(fd, &st), errno);
		if (!streq(stay_in[i], "outside-new")) /* is root/new, which was there */
			assert_int_equal(st.st_mode & 07777, 0640);
	}
	assert_false(path_exists(outside));
	assert_false(path_exists(outside3));
	path_no_openat2 = false;
}

static void test_create_openat2(void **state)
{
	check_create(state, false);
}

static void test_create_walk(void **state)
{
	check_create(state, true);
}

/* O_TMPFILE is no name at all; a name that is too long, and a path that is, are errors and no
 * crash. */
static void test_odd_flags(void **state)
{
	autoclose int root = make_tree(*state);
	autofree char *name = xalloc(300, 1), *path = xalloc(5000, 1);

	memset(name, 'x', 299);
	for (size_t i = 0; i + 2 < 5000; i += 2)
		memcpy(path + i, "./", 2);
	for (int i = 0; i < 2; i++) {
		autoclose int fd = -1;

		path_no_openat2 = i;
		assert_ok(path_open_in(root, PATH_BENEATH, "to-dir", O_RDWR | O_TMPFILE, 0600, &fd,
				       &err));
		assert_fails(ERR_SYS,
			     path_open_in(root, PATH_IN_ROOT, name, O_RDONLY, 0, &fd, &err));
		assert_fails(ERR_SYS,
			     path_open_in(root, PATH_IN_ROOT, path, O_RDONLY, 0, &fd, &err));
		assert_fails(ERR_SYS, path_open_in(-1, PATH_IN_ROOT, "x", O_RDONLY, 0, &fd, &err));
	}
	path_no_openat2 = false;
}

static void test_magic_links(void **state)
{
	autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *cwd = xprintf("%d/cwd/x", (int)getpid());
	autofree char *self = xprintf("%d/root", (int)getpid());

	for (int i = 0; i < 2; i++) {
		autoclose int fd = -1;

		path_no_openat2 = i;
		assert_fails(ERR_SYS,
			     path_open_in(proc, PATH_IN_ROOT, cwd, O_RDONLY, 0, &fd, &err));
		assert_fails(ERR_SYS,
			     path_open_in(proc, PATH_IN_ROOT, self, O_RDONLY, 0, &fd, &err));
	}
	path_no_openat2 = false;
}

/* 40 symlinks in a row are followed, as the kernel does, not more. */
static void test_many_links(void **state)
{
	autoclose int root = make_tree(*state);

	for (int i = 0; i < 41; i++) {
		autofree char *from = xprintf("l%d", i), *to = i ? xprintf("l%d", i - 1) : NULL;

		assert_return_code(symlinkat(to ? to : "file", root, from), errno);
	}
	for (int i = 0; i < 2; i++) {
		autoclose int fd = -1;

		path_no_openat2 = i;
		assert_ok(path_open_in(root, PATH_BENEATH, "l39", O_RDONLY, 0, &fd, &err));
		assert_fails(ERR_SYS,
			     path_open_in(root, PATH_BENEATH, "l40", O_RDONLY, 0, &fd, &err));
	}
	path_no_openat2 = false;
}

/* root/swap is now the directory dir, now a symlink to what is outside, as fast as the kernel can.
 */
static void swap_for_ever(int root)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		renameat2(root, "swap", root, "trap", RENAME_EXCHANGE);
}

static void test_racing_symlink(void **state)
{
	static const char *const paths[] = { "swap/secret", "swap/../swap/secret",
					     "to-swap/./secret", "swap/deep/../secret" };
	autoclose int root = make_tree(*state);
	pid_t pid;

	assert_ok(path_mkdirs(root, "swap/deep", 0755, &err));
	assert_return_code(symlinkat("..", root, "trap"), errno);
	assert_return_code(symlinkat("swap", root, "to-swap"), errno);
	pid = fork();
	if (!pid)
		swap_for_ever(root);
	for (int i = 0; i < 20000; i++) {
		autoclose int fd = -1;

		path_no_openat2 = i % 2;
		/* swap holds no secret, and neither does the root: whoever opens one was led out.
		 */
		assert_true(path_open_in(root, i & 2 ? PATH_IN_ROOT : PATH_BENEATH,
					 paths[i / 4 % (int)ARRAY_SIZE(paths)], O_RDONLY, 0, &fd,
					 NULL) < 0);
	}
	path_no_openat2 = false;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_test_in_dir(test_openat2),	       unit_test_in_dir(test_walk),
		unit_test_in_dir(test_create_openat2), unit_test_in_dir(test_create_walk),
		unit_test_in_dir(test_odd_flags),      cmocka_unit_test(test_magic_links),
		unit_test_in_dir(test_many_links),     unit_test_in_dir(test_racing_symlink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
