/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of layers, and copies between them, in directories of a temporary one. Needs root: owners
 * and whiteouts are made. */
#include "builder/copy.h"
#include "builder/ports.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct world {
	char dir[64];
	struct strv lower;
	char *ctx, *upper;
	struct tree *tree;
	struct copy_source src;
};

static char *at(const struct world *w, const char *path)
{
	return xprintf("%s/%s", w->dir, path);
}

static void put(const struct world *w, const char *path, const char *text)
{
	autofree char *full = at(w, path), *dir = path_dir(full);

	assert_int_equal(path_mkdirs(AT_FDCWD, dir, 0755, NULL), 0);
	assert_int_equal(io_replace_fast(AT_FDCWD, full, text, strlen(text), 0644, NULL), 0);
}

static void link_to(const struct world *w, const char *path, const char *target)
{
	autofree char *full = at(w, path), *dir = path_dir(full);

	assert_int_equal(path_mkdirs(AT_FDCWD, dir, 0755, NULL), 0);
	assert_int_equal(symlink(target, full), 0);
}

static bool has(const struct world *w, const char *path, const char *text)
{
	autofree char *full = at(w, path);
	autobuf b = { 0 };
	struct stat st;

	if (!text)
		return lstat(full, &st) == 0;
	buf_init(&b, 1 << 20);
	return io_read_file(AT_FDCWD, full, &b, NULL) == 0 && streq(b.p, text);
}

static mode_t mode_of(const struct world *w, const char *path)
{
	autofree char *full = at(w, path);
	struct stat st;

	assert_int_equal(lstat(full, &st), 0);
	return st.st_mode;
}

static int set_up(void **state)
{
	struct world *w = xnew(struct world);

	snprintf(w->dir, sizeof(w->dir), "/tmp/compose-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	for (int i = 0; i < 2; i++)
		strv_pushf(&w->lower, "%s/l%d", w->dir, i);
	strv_foreach (l, &w->lower)
		assert_int_equal(mkdir(l, 0755), 0);
	w->ctx = at(w, "ctx");
	w->upper = at(w, "up");
	assert_int_equal(mkdir(w->ctx, 0755), 0);
	assert_int_equal(mkdir(w->upper, 0755), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tree_free(w->tree);
	path_remove_tree(AT_FDCWD, w->dir, NULL);
	strv_done(&w->lower);
	free(w->ctx);
	free(w->upper);
	free(w);
	return 0;
}

static void open_context(struct world *w)
{
	autostrv dirs = { 0 };

	strv_push(&dirs, w->ctx);
	w->tree = tree_free(w->tree);
	assert_int_equal(tree_open(&dirs, &w->tree, NULL), 0);
	w->src.tree = w->tree;
	w->src.name = "the build context";
}

static int copy(struct world *w, const char *from, const char *dest, const struct copy_options *opt,
		struct error *err)
{
	autocall(copier_freep) struct copier *c = NULL;
	copy_picks picks = { 0 };
	int r;

	open_context(w);
	r = copy_select(&w->src, from, opt->parents, &picks, err);
	if (!r)
		r = copier_new(&w->lower, w->upper, opt, &c, err);
	for (size_t i = 0; !r && i < picks.n; i++)
		r = copier_copy(c, &w->src, &picks.v[i], dest, err);
	copy_picks_done(&picks);
	return r;
}

static const struct copy_options plain = { .uid = -1, .gid = -1 };

static void test_tree(void **state)
{
	struct world *w = *state;
	autocall(tree_freep) struct tree *t = NULL;
	autotreepath p = { 0 };
	autostrv names = { 0 };
	autotreedir dir = { 0 };
	autofree char *gone = at(w, "l1/d/gone"), *opaque = at(w, "l1/o");
	autobuf text = { 0 };

	put(w, "l0/d/kept", "k");
	put(w, "l0/d/gone", "g");
	put(w, "l0/o/old", "o");
	put(w, "l1/d/new", "n");
	put(w, "l1/o/fresh", "f");
	assert_int_equal(mknod(gone, S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(setxattr(opaque, "trusted.overlay.opaque", "y", 1, 0), 0);
	link_to(w, "l1/abs", "/d/kept");
	link_to(w, "l1/up", "../../../d");
	link_to(w, "l1/loop", "loop");
	assert_int_equal(tree_open(&w->lower, &t, NULL), 0);
	assert_int_equal(tree_enter(t, "/d", &dir, NULL), 0);
	assert_int_equal(tree_dir_list(&dir, &names, NULL), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "kept");
	assert_int_equal(tree_read_file(t, "/abs", 100, &text, NULL), 1);
	assert_string_equal(text.p, "k");
	assert_int_equal(tree_read_file(t, "/o/old", 100, &text, NULL), 0);
	assert_int_equal(tree_read_file(t, "/d/gone", 100, &text, NULL), 0);
	assert_int_equal(tree_resolve(t, "/up/new", true, &p, NULL), 0);
	assert_string_equal(p.path, "/d/new");
	assert_true(p.exists);
	tree_path_done(&p);
	assert_int_equal(tree_resolve(t, "/d/kept/x", true, &p, NULL), 0);
	assert_true(p.in_file && !p.exists);
	tree_path_done(&p);
	assert_int_equal(tree_resolve(t, "/loop", true, &p, NULL), -ERR_INVALID);
}

static void test_copy(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	autofree char *dst = at(w, "l0/dst"), *sub = at(w, "ctx/d/sub");

	put(w, "ctx/a.txt", "a");
	put(w, "ctx/d/x", "x");
	put(w, "ctx/d/sub/y", "y");
	put(w, "l0/dst/keep", "keep");
	put(w, "l0/dst/x", "old");
	assert_int_equal(chmod(dst, 0700), 0);
	assert_int_equal(chmod(sub, 0711), 0);
	assert_int_equal(copy(w, "a.txt", "/new/dir/f", &plain, &err), 0);
	assert_true(has(w, "up/new/dir/f", "a"));
	assert_int_equal(copy(w, "d", "/dst", &plain, &err), 0);
	assert_true(has(w, "up/dst/x", "x"));
	assert_true(has(w, "up/dst/sub/y", "y"));
	assert_false(has(w, "up/dst/keep", NULL));
	assert_int_equal(mode_of(w, "up/dst") & 07777, 0700);
	assert_int_equal(mode_of(w, "up/dst/sub") & 07777, 0711);
	assert_int_equal(copy(w, "a.txt", "/dst", &plain, &err), 0);
	assert_true(has(w, "up/dst/a.txt", "a"));
	assert_int_equal(copy(w, "nosuch", "/", &plain, &err), -ERR_NOT_FOUND);
	assert_int_equal(copy(w, "d", "/dst/x", &plain, &err), -ERR_INVALID);
	assert_int_equal(copy(w, "*.nope", "/q/", &plain, &err), 0);
	assert_false(has(w, "up/q", NULL));
}

/* No symlink, of the context or of the image, leads out. */
static void test_escape(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;

	put(w, "outside/secret", "s");
	put(w, "ctx/f", "f");
	link_to(w, "ctx/esc", "../outside/secret");
	link_to(w, "ctx/deep/esc", "../../outside");
	link_to(w, "l1/out", "../../outside");
	link_to(w, "l1/dang", "/made/here");
	assert_int_equal(copy(w, "esc", "/x", &plain, &err), -ERR_NOT_FOUND);
	assert_int_equal(copy(w, "deep/esc/secret", "/x", &plain, &err), -ERR_NOT_FOUND);
	assert_int_equal(copy(w, "../outside/secret", "/x", &plain, &err), -ERR_NOT_FOUND);
	assert_int_equal(copy(w, "f", "/out/f", &plain, &err), 0);
	assert_true(has(w, "up/outside/f", "f"));
	assert_false(has(w, "outside/f", NULL));
	assert_int_equal(copy(w, "f", "/dang", &plain, &err), 0);
	assert_true(has(w, "up/made/here", "f"));
	assert_int_equal(copy(w, "f", "/../../up2", &plain, &err), 0);
	assert_true(has(w, "up/up2", "f"));
	assert_int_equal(copy(w, "deep", "/all", &plain, &err), 0);
	assert_true(S_ISLNK(mode_of(w, "up/all/esc")));
}

static void test_links_and_modes(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	struct chmod c;
	struct copy_options opt = { .uid = 33, .gid = 44, .chmod = &c };
	autofree char *h1 = at(w, "ctx/h/1"), *h2 = at(w, "ctx/h/2"), *up = at(w, "up/h/1");
	struct stat st;

	put(w, "ctx/h/1", "h");
	assert_int_equal(link(h1, h2), 0);
	assert_int_equal(chmod_parse("u=rwX,go=r", &c, &err), 0);
	assert_int_equal(copy(w, "h", "/h", &opt, &err), 0);
	assert_int_equal(stat(up, &st), 0);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_uid, 33);
	assert_int_equal(st.st_gid, 44);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(chmod_parse("4755", &c, &err), 0);
	assert_int_equal(chmod_apply(&c, S_IFREG | 0600), 04755);
	assert_int_equal(chmod_parse("g=u,+t", &c, &err), 0);
	assert_int_equal(chmod_apply(&c, S_IFDIR | 0640), 01660);
	assert_int_equal(chmod_parse("rwx", &c, &err), -ERR_INVALID);
	assert_int_equal(chmod_parse("17777", &c, &err), -ERR_INVALID);
}

static void test_ignored(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	autocall(ignore_freep) struct ignore *ig = NULL;

	put(w, "ctx/a", "a");
	put(w, "ctx/src/b", "b");
	put(w, "ctx/src/tmp/c", "c");
	assert_int_equal(ignore_parse("i", STR("*\n!src\nsrc/tmp"), &ig, &err), 0);
	w->src.ignored = ig;
	assert_int_equal(copy(w, ".", "/all/", &plain, &err), 0);
	assert_false(has(w, "up/all/a", NULL));
	assert_true(has(w, "up/all/src/b", "b"));
	assert_false(has(w, "up/all/src/tmp", NULL));
	assert_int_equal(copy(w, "a", "/x", &plain, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.msg, ".dockerignore"));
}

static void test_parents_and_exclude(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	autocall(ignore_freep) struct ignore *ig = NULL;
	autostrv patterns = { 0 };
	struct copy_options parents = plain, exclude = plain;

	parents.parents = true;
	put(w, "ctx/x/y/f", "f");
	put(w, "ctx/x/y/g", "g");
	assert_int_equal(copy(w, "x/y/f", "/p/", &parents, &err), 0);
	assert_true(has(w, "up/p/x/y/f", "f"));
	assert_false(has(w, "up/p/x/y/g", NULL));
	assert_int_equal(copy(w, "x/./y/*", "/q/", &parents, &err), 0);
	assert_true(has(w, "up/q/y/g", "g"));
	assert_int_equal(copy(w, "x/nosuch", "/p/", &parents, &err), -ERR_NOT_FOUND);
	strv_push(&patterns, "y/f");
	assert_int_equal(ignore_new(&patterns, &ig, &err), 0);
	exclude.exclude = ig;
	assert_int_equal(copy(w, "x", "/e", &exclude, &err), 0);
	assert_true(has(w, "up/e/y/g", "g"));
	assert_false(has(w, "up/e/y/f", NULL));
}

static void digest(struct world *w, const char *from, char ret[DIGEST_MAX])
{
	copy_picks picks = { 0 };
	struct hash *h = hash_new(HASH_SHA256);

	open_context(w);
	assert_int_equal(copy_select(&w->src, from, false, &picks, NULL), 0);
	assert_int_equal(copy_digest(&w->src, &picks, NULL, h, NULL, NULL), 0);
	hash_final(h, ret);
	hash_free(h);
	copy_picks_done(&picks);
}

/* The key of a COPY knows content, names, modes, owners; not times, nor what is beside. */
static void test_digest(void **state)
{
	struct world *w = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX];
	const struct timespec t[2] = { { 1, 0 }, { 1, 0 } };
	autofree char *f = at(w, "ctx/d/f");

	put(w, "ctx/d/f", "one");
	digest(w, "d", a);
	assert_int_equal(utimensat(AT_FDCWD, f, t, 0), 0);
	put(w, "ctx/beside", "x");
	digest(w, "d", b);
	assert_string_equal(a, b);
	put(w, "ctx/d/f", "two");
	assert_int_equal(utimensat(AT_FDCWD, f, t, 0), 0);
	digest(w, "d", b);
	assert_string_not_equal(a, b);
	put(w, "ctx/d/f", "one");
	assert_int_equal(chmod(f, 0755), 0);
	digest(w, "d", b);
	assert_string_not_equal(a, b);
	assert_int_equal(chmod(f, 0644), 0);
	digest(w, "d", b);
	assert_string_equal(a, b);
	put(w, "ctx/d/g", "");
	digest(w, "d", b);
	assert_string_not_equal(a, b);
}

static void test_owner(void **state)
{
	struct world *w = *state;
	autocall(tree_freep) struct tree *t = NULL;
	static const struct {
		const char *text;
		int64_t uid, gid;
	} cases[] = {
		{ "app", 1000, 1001 },	{ "app:staff", 1000, 50 }, { "33", 33, 33 },
		{ "1000", 1000, 1000 }, { "10:11", 10, 11 },	   { ":50", 0, 50 },
	};
	int64_t uid, gid;

	put(w, "l0/etc/passwd",
	    "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\nbad\n");
	put(w, "l1/etc/group", "staff:x:50:\n");
	assert_int_equal(tree_open(&w->lower, &t, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(copy_owner(t, cases[i].text, true, &uid, &gid, NULL), 0);
		assert_int_equal(uid, cases[i].uid);
		assert_int_equal(gid, cases[i].gid);
	}
	assert_int_equal(copy_owner(t, "nosuch", true, &uid, &gid, NULL), -ERR_NOT_FOUND);
	assert_int_equal(copy_owner(t, "app:nosuch", true, &uid, &gid, NULL), -ERR_NOT_FOUND);
	assert_int_equal(copy_owner(t, "app:nosuch", false, &uid, &gid, NULL), 0);
	assert_int_equal(uid, 1000);
	assert_int_equal(gid, 1001);
}

static void test_home(void **state)
{
	struct world *w = *state;
	autocall(tree_freep) struct tree *t = NULL;
	static const struct {
		const char *user, *home;
	} cases[] = {
		{ "", "/root" },	  { ":50", "/root" },	   { "app", "/home/app" },
		{ "01000", "/home/app" }, { "twin", "/home/app" }, { "77:1000", "/" },
	};
	char *home;

	put(w, "l0/etc/passwd",
	    "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\ntwin:x:1000:1::/twin:/"
	    "bin/sh\n");
	assert_int_equal(tree_open(&w->lower, &t, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(user_home(t, cases[i].user, &home, NULL), 0);
		assert_string_equal(home, cases[i].home);
		free(home);
	}
	assert_int_equal(user_home(t, "nosuch", &home, NULL), -ERR_NOT_FOUND);
}

/* What --chmod makes of a mode, where chmod(1) of a shell would do otherwise too. */
static void test_chmod_text(void **state)
{
	static const struct {
		const char *text;
		mode_t before, after;
	} cases[] = {
		{ "a=r", 01700, 01444 },   { "=rw", 01700, 01666 },  { "u=g", 04711, 04111 },
		{ "g=u", 02751, 02771 },   { "u=rwx", 04711, 0711 }, { "a=", 01755, 01000 },
		{ "u=o", 04711, 04111 },   { "=", 04755, 0 },	     { "u+s,g+s", 0755, 06755 },
		{ "+t", 0755, 01755 },	   { "a-s", 06755, 0755 },   { "u=rwX,go=rX", 0640, 0644 },
		{ "a+X", 0644, 0644 },	   { "a+X", 0744, 0755 },    { "go=u-w", 0700, 0755 },
		{ "u+x,a+X", 0644, 0744 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct chmod c;

		assert_int_equal(chmod_parse(cases[i].text, &c, NULL), 0);
		assert_int_equal(chmod_apply(&c, S_IFREG | cases[i].before), cases[i].after);
	}
}

static void test_ports(void **state)
{
	static const char *const bad[] = {
		"",	   "eighty", "80/xyz",	 "70000",	  "9-8",
		"1-2:3-9", "/tcp",   "host:1:2", "256.0.0.1:1:2", "80-",
	};
	autostrv ports = { 0 };

	assert_int_equal(ports_parse("8000-8001/UDP", &ports, NULL), 0);
	assert_int_equal(ports_parse("127.0.0.1:90:80", &ports, NULL), 0);
	assert_int_equal(ports_parse("[::1]::81", &ports, NULL), 0);
	assert_int_equal(ports_parse("+82", &ports, NULL), 0);
	assert_int_equal(ports.n, 5);
	assert_string_equal(ports.v[3], "81/tcp");
	assert_string_equal(ports.v[4], "82/tcp");
	assert_string_equal(ports.v[1], "8001/udp");
	assert_string_equal(ports.v[2], "80/tcp");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (ports_parse(bad[i], &ports, NULL) != -ERR_INVALID)
			fail_msg("%s", bad[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tree),
		TEST(test_copy),
		TEST(test_escape),
		TEST(test_links_and_modes),
		TEST(test_ignored),
		TEST(test_parents_and_exclude),
		TEST(test_digest),
		TEST(test_owner),
		TEST(test_home),
		cmocka_unit_test(test_chmod_text),
		cmocka_unit_test(test_ports),
	};

	if (geteuid()) {
		fprintf(stderr, "needs root: owners and whiteouts are made\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
