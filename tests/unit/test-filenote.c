/* SPDX-License-Identifier: Apache-2.0 */
/* What files should be, where their maker may not give them away. */
#include "unit.h"

#include "util/filenote.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SOMEBODY 54321

struct tree {
	char *path;
	int fd;
};

/* A directory of a user's, who we are from then on. */
static int enter(void **state)
{
	struct tree *t;

	if (geteuid() != 0)
		return 0;
	t = xnew(struct tree);
	t->path = xstrdup("/tmp/compose-filenote-XXXXXX");
	assert_non_null(mkdtemp(t->path));
	assert_return_code(chown(t->path, SOMEBODY, SOMEBODY), errno);
	assert_return_code(setegid(SOMEBODY), errno);
	assert_return_code(seteuid(SOMEBODY), errno);
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(t->fd, errno);
	*state = t;
	return 0;
}

static int leave(void **state)
{
	struct tree *t = *state;

	if (!t)
		return 0;
	fd_close(t->fd);
	assert_return_code(seteuid(0), errno);
	assert_return_code(setegid(0), errno);
	assert_ok(path_remove_tree(AT_FDCWD, t->path, &err));
	free(t->path);
	free(t);
	return 0;
}

static struct tree *noted(void **state)
{
	struct tree *t = *state;

	if (!t)
		skip(); /* needs root, to be somebody else */
	if (filenote_mark_tree(t->fd) < 0 && errno == ENOTSUP)
		skip(); /* no attributes on /tmp */
	return t;
}

static void test_tree(void **state)
{
	struct tree *t = *state;

	if (!t)
		skip();
	assert_false(filenote_tree(t->fd));
	noted(state);
	assert_true(filenote_tree(t->fd));
}

static void test_owner_and_mode(void **state)
{
	struct tree *t = noted(state);
	autoclose int fd = openat(t->fd, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	assert_int_equal(filenote_own(fd, false, 5, 6, 0600), -1);
	assert_int_equal(filenote_own(fd, true, 5, 6, 04100), 0);
	assert_int_equal(filenote_stat(t->fd, "f", true, &st), 0);
	assert_int_equal(st.st_uid, 5);
	assert_int_equal(st.st_gid, 6);
	assert_int_equal(st.st_mode, S_IFREG | 04100);
	/* Still ours to read. */
	assert_return_code(faccessat(t->fd, "f", R_OK | W_OK, AT_EACCESS), errno);
	assert_int_equal(filenote_own(fd, true, 0, 0, 0644), 0);
	assert_int_equal(filenote_fstat(fd, true, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
}

static void test_nodes(void **state)
{
	struct tree *t = noted(state);
	struct stat st;

	assert_int_equal(filenote_mknod(t->fd, "n", false, S_IFCHR | 0600, makedev(1, 3)), -1);
	assert_int_equal(filenote_mknod(t->fd, "n", true, S_IFCHR | 0640, makedev(1, 3)), 0);
	assert_int_equal(filenote_stat(t->fd, "n", true, &st), 0);
	assert_int_equal(st.st_mode, S_IFCHR | 0640);
	assert_int_equal(st.st_rdev, makedev(1, 3));
	assert_int_equal(filenote_stat(t->fd, "n", false, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void test_attributes(void **state)
{
	static const unsigned char caps[20] = { 0, 0, 0, 2, 0, 4 };
	struct tree *t = noted(state);
	autoclose int fd = openat(t->fd, "c", O_RDWR | O_CREAT | O_CLOEXEC, 0700);

	assert_int_equal(filenote_setxattr(fd, false, "security.capability", caps, 20), -1);
	assert_int_equal(filenote_setxattr(fd, true, "security.capability", caps, 20), 0);
	assert_string_equal(filenote_xattr("user.compose.capability"), "security.capability");
	assert_string_equal(filenote_xattr("user.mine"), "user.mine");
	assert_null(filenote_xattr("user.compose.file"));
	assert_null(filenote_xattr("trusted.overlay.opaque"));
	assert_false(filenote_is_opaque(t->fd));
	assert_int_equal(filenote_set_opaque(t->fd), 0);
	assert_true(filenote_is_opaque(t->fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree, enter, leave),
		cmocka_unit_test_setup_teardown(test_owner_and_mode, enter, leave),
		cmocka_unit_test_setup_teardown(test_nodes, enter, leave),
		cmocka_unit_test_setup_teardown(test_attributes, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
