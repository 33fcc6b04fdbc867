/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verify.h"

#include "builder/tree.h"
#include "util/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_DIFFERENCES 50
#define CHUNK		  (64 << 10)

struct comparison {
	struct build_set *set;
	const char *step; /* what made the layer */
	char path[4096];
	size_t found;
};

static void differ(struct comparison *c, const char *what)
{
	if (++c->found <= SHOWN_DIFFERENCES)
		set_note(c->set, "differs: %.200s: %s: %s", c->step, c->path, what);
	if (c->found == SHOWN_DIFFERENCES)
		set_note(c->set, "differs: and more");
}

/* ---- two layers ---- */

struct pair {
	const struct tree_dir *a, *b;
};

static bool same_bytes(int a, int b)
{
	char x[CHUNK], y[CHUNK];
	size_t n = CHUNK, m = CHUNK;

	while (n == CHUNK) {
		if (io_read_full(a, x, CHUNK, &n, NULL) < 0 ||
		    io_read_full(b, y, CHUNK, &m, NULL) < 0)
			return false;
		if (n != m || memcmp(x, y, n) != 0)
			return false;
	}
	return true;
}

static bool same_file(const struct pair *p, const char *name)
{
	autoclose int a = openat(p->a->fds[0], name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int b = openat(p->b->fds[0], name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return a >= 0 && b >= 0 && same_bytes(a, b);
}

static bool same_link(const struct pair *p, const char *name)
{
	char a[4096], b[4096];
	ssize_t n = readlinkat(p->a->fds[0], name, a, sizeof(a));
	ssize_t m = readlinkat(p->b->fds[0], name, b, sizeof(b));

	return n >= 0 && n == m && memcmp(a, b, (size_t)n) == 0;
}

static void compare_dirs(struct comparison *c, const struct pair *p);

static void compare_content(struct comparison *c, const struct pair *p, const char *name,
			    const struct stat *a, const struct stat *b)
{
	if (S_ISREG(a->st_mode) && (a->st_size != b->st_size || !same_file(p, name)))
		differ(c, "content");
	else if (S_ISLNK(a->st_mode) && !same_link(p, name))
		differ(c, "target of the link");
	else if ((S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode)) && a->st_rdev != b->st_rdev)
		differ(c, "device");
}

static void compare_below(struct comparison *c, const struct pair *p, const char *name)
{
	autotreedir a = { 0 }, b = { 0 };

	if (tree_dir_enter(p->a, name, &a, NULL) < 0 || tree_dir_enter(p->b, name, &b, NULL) < 0)
		return;
	compare_dirs(c, &(struct pair){ &a, &b });
}

static void compare_entry(struct comparison *c, const struct pair *p, const char *name)
{
	struct stat a, b;
	bool in_a = fstatat(p->a->fds[0], name, &a, AT_SYMLINK_NOFOLLOW) == 0;
	bool in_b = fstatat(p->b->fds[0], name, &b, AT_SYMLINK_NOFOLLOW) == 0;

	if (!in_a || !in_b)
		return differ(c, in_a ? "only in the first" : "only in the second");
	if ((a.st_mode & S_IFMT) != (b.st_mode & S_IFMT))
		return differ(c, "type");
	if (a.st_mode != b.st_mode)
		differ(c, "mode");
	if (a.st_uid != b.st_uid || a.st_gid != b.st_gid)
		differ(c, "owner");
	if (a.st_mtime != b.st_mtime)
		differ(c, "time");
	compare_content(c, p, name, &a, &b);
	if (S_ISDIR(a.st_mode))
		compare_below(c, p, name);
}

/* One layer alone, as it lies there: whiteouts are devices. */
static void compare_dirs(struct comparison *c, const struct pair *p)
{
	autostrv names = { 0 }, more = { 0 };
	size_t len = strlen(c->path);

	(void)tree_dir_list(p->a, &names, NULL);
	(void)tree_dir_list(p->b, &more, NULL);
	strv_extend(&names, &more);
	strv_sort(&names);
	strv_uniq(&names);
	strv_foreach (name, &names) {
		snprintf(c->path + len, sizeof(c->path) - len, "/%s", name);
		compare_entry(c, p, name);
		c->path[len] = 0;
	}
}

static int compare_layers(struct comparison *c, const char *a, const char *b, struct error *err)
{
	autocall(tree_freep) struct tree *ta = NULL, *tb = NULL;
	autostrv la = { 0 }, lb = { 0 };
	autotreedir ra = { 0 }, rb = { 0 };
	size_t before = c->found;
	int r;

	strv_push(&la, a);
	strv_push(&lb, b);
	r = tree_open(&la, &ta, err);
	if (r == 0)
		r = tree_open(&lb, &tb, err);
	if (r == 0)
		r = tree_root(ta, &ra, err);
	if (r == 0)
		r = tree_root(tb, &rb, err);
	if (r < 0)
		return r;
	c->path[0] = 0;
	compare_dirs(c, &(struct pair){ &ra, &rb });
	if (c->found == before) {
		snprintf(c->path, sizeof(c->path), "/");
		differ(c, "what was removed, extended attributes, or hard links");
	}
	return 0;
}

/* ---- two images ---- */

/* What the history says of the nth layer. */
static const char *step_of(const struct image_config *c, size_t n)
{
	vec_foreach (h, &c->history)
		if (!h->empty_layer && n-- == 0)
			return h->created_by ? h->created_by : "a layer";
	return "a layer";
}

static int compare(struct comparison *c, const struct member *first, const struct member *second,
		   struct error *err)
{
	const struct stage_run *a = build_run_of(first->build, first->build->target);
	const struct stage_run *b = build_run_of(second->build, second->build->target);
	int r = 0;

	if (streq(first->id, second->id))
		return 0;
	for (size_t i = 0; r == 0 && i < MIN(a->rootfs.diff_ids.n, b->rootfs.diff_ids.n); i++) {
		c->step = step_of(&a->cfg, i);
		if (!streq(a->rootfs.diff_ids.v[i], b->rootfs.diff_ids.v[i]))
			r = compare_layers(c, a->rootfs.dirs.v[i], b->rootfs.dirs.v[i], err);
	}
	c->path[0] = 0;
	c->step = "the image";
	if (r == 0 && a->rootfs.diff_ids.n != b->rootfs.diff_ids.n)
		differ(c, "number of layers");
	else if (r == 0 && !c->found)
		differ(c, "configuration");
	return r;
}

int verify_set(struct build_set *set, struct error *err)
{
	struct comparison c = { .set = set };
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->members.n; i++)
		r = compare(&c, set->members.v[i], set->second.v[i], err);
	if (r == 0 && c.found)
		r = error_set(err, ERR_CONFLICT,
			      "built again without a cache it is another image: %zu differences",
			      c.found);
	if (r == 0)
		set_note(set, "verified: built again without a cache it is the same, %s",
			 set->members.v[0]->id);
	return r;
}
