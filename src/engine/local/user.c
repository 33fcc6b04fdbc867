/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/user.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"
#include "util/path.h"

#include <fcntl.h>
#include <sys/stat.h>

#define LIMIT_ACCOUNTS (16 << 20)
#define ID_MAX	       INT32_MAX

void user_done(struct user *u)
{
	vec_done(&u->groups);
	free(u->home);
	*u = (struct user){ 0 };
}

/* An image without the file has no names: that is an empty one. */
static int read_accounts(int rootfs, const char *path, struct buf *out, struct error *err)
{
	autoclose int fd = -1;
	struct stat st;
	int r = path_open_in(rootfs, PATH_IN_ROOT, path, O_RDONLY | O_NONBLOCK, 0, &fd, err);

	buf_init(out, LIMIT_ACCOUNTS);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "%s in the image is not a file", path);
	return io_read_fd(fd, out, err);
}

static bool is_id(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (num_parse_u64(s, ID_MAX, &v) < 0)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* Lines of fields between colons. */
static bool next_line(struct str *text, struct str *line)
{
	if (!text->n)
		return false;
	str_cut(*text, '\n', line, text);
	return true;
}

static struct str field(struct str line, unsigned n)
{
	struct str head;

	do
		str_cut(line, ':', &head, &line);
	while (n--);
	return head;
}

static bool same(struct str a, struct str b)
{
	return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

/* Finds who by name, else by number; *name is set to the login name ("" for a number without a
 * line). */
static int find_user(struct str passwd, struct str who, struct user *u, struct str *name,
		     struct error *err)
{
	struct str line;
	uint32_t id = 0, line_id;
	bool number = is_id(who, &id);

	while (next_line(&passwd, &line)) {
		struct str login = field(line, 0);

		if (!is_id(field(line, 2), &line_id))
			continue;
		if (!same(login, who) && !(number && line_id == id))
			continue;
		u->uid = line_id;
		is_id(field(line, 3), &u->gid);
		*name = login;
		free(u->home);
		u->home = str_dup(field(line, 5));
		return 0;
	}
	if (!number)
		return error_set(err, ERR_NOT_FOUND,
				 "user \"%.*s\" is not in the image's /etc/passwd", (int)who.n,
				 who.p);
	u->uid = id;
	return 0;
}

static int find_group(struct str groups, struct str who, uint32_t *ret, struct error *err)
{
	struct str line;

	while (next_line(&groups, &line))
		if (same(field(line, 0), who) && is_id(field(line, 2), ret))
			return 0;
	if (is_id(who, ret))
		return 0;
	return error_set(err, ERR_NOT_FOUND, "group \"%.*s\" is not in the image's /etc/group",
			 (int)who.n, who.p);
}

static void add_group(struct user *u, uint32_t gid)
{
	vec_foreach (g, &u->groups)
		if (*g == gid)
			return;
	*vec_add(&u->groups) = gid;
}

/* Every group that lists this login name. */
static void memberships(struct str groups, struct str name, struct user *u)
{
	struct str line, member, members;
	uint32_t gid;

	while (next_line(&groups, &line)) {
		members = field(line, 3);
		if (!is_id(field(line, 2), &gid))
			continue;
		while (members.n) {
			str_cut(members, ',', &member, &members);
			if (same(member, name))
				add_group(u, gid);
		}
	}
}

/* Most containers: root, no names to look up but the home, which is known. */
static bool plain_root(const char *text, const struct strv *group_add)
{
	return (!text || !*text) && (!group_add || !group_add->n);
}

int user_resolve(int rootfs, const char *text, const struct strv *group_add, struct user *ret,
		 struct error *err)
{
	autobuf passwd = { 0 }, group = { 0 };
	struct str who, grp, name = { 0 };
	struct user u = { 0 };
	int r;

	r = read_accounts(rootfs, "etc/passwd", &passwd, err);
	if (r == 0 && !plain_root(text, group_add))
		r = read_accounts(rootfs, "etc/group", &group, err);
	if (r < 0)
		return r;
	str_cut(str_of(text ? text : ""), ':', &who, &grp);
	r = find_user(buf_str(&passwd), who.n ? who : STR("0"), &u, &name, err);
	if (r == 0 && grp.n)
		r = find_group(buf_str(&group), grp, &u.gid, err);
	/* A program that changes its group must not lose what is refused to this one
	 * (CVE-2022-36109). */
	if (r == 0)
		add_group(&u, u.gid);
	if (r == 0 && !grp.n && name.n && group.p)
		memberships(buf_str(&group), name, &u);
	for (size_t i = 0; r == 0 && group_add && i < group_add->n; i++) {
		uint32_t gid;

		r = find_group(buf_str(&group), str_of(group_add->v[i]), &gid, err);
		if (r == 0)
			add_group(&u, gid);
	}
	if (r < 0) {
		user_done(&u);
		return r;
	}
	if (!u.home || !*u.home) {
		free(u.home);
		u.home = xstrdup(u.uid ? "/" : "/root");
	}
	*ret = u;
	return 0;
}
