/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups by name, as /etc/passwd and /etc/group of a root filesystem know them. */
#include "builder/copy.h"

#include "util/num.h"

#define LIMIT_PASSWD (4u << 20)

struct account {
	uint32_t id, gid;
	char *home;
};

/* The record of `who` (a name, or a number when by_id) in a file of colon-separated fields. */
static bool find(struct str text, const char *who, bool by_id, bool is_passwd, struct account *ret)
{
	struct str line;

	while (text.n) {
		struct str f[6] = { 0 }, rest;
		uint64_t id, gid = 0;

		str_cut(text, '\n', &line, &text);
		rest = line;
		for (size_t i = 0; i < ARRAY_SIZE(f); i++)
			str_cut(rest, ':', &f[i], &rest);
		if (!str_eq(by_id ? f[2] : f[0], who) || num_parse_u64(f[2], UINT32_MAX, &id) < 0)
			continue;
		if (is_passwd && num_parse_u64(f[3], UINT32_MAX, &gid) < 0)
			continue;
		*ret = (struct account){ .id = (uint32_t)id, .gid = (uint32_t)gid };
		if (is_passwd)
			ret->home = str_dup(f[5]);
		return true;
	}
	return false;
}

/* 1 found, 0 not (a number is one anyway), -ERR_NOT_FOUND for a name. */
static int look_up(const struct tree *t, const char *who, bool is_passwd, struct account *ret,
		   struct error *err)
{
	const char *path = is_passwd ? "/etc/passwd" : "/etc/group";
	autobuf text = { 0 };
	uint64_t n;
	bool is_number = !num_parse_u64(str_of(who), UINT32_MAX, &n);
	int r = tree_read_file(t, path, LIMIT_PASSWD, &text, err);

	if (r < 0)
		return r;
	if (r && (find(buf_str(&text), who, false, is_passwd, ret) ||
		  (is_number && find(buf_str(&text), who, true, is_passwd, ret))))
		return 1;
	if (!is_number)
		return error_set(err, ERR_NOT_FOUND, "there is no %s %s in %s of the image",
				 is_passwd ? "user" : "group", who, path);
	*ret = (struct account){ .id = (uint32_t)n, .gid = (uint32_t)n };
	return 0;
}

int copy_owner(const struct tree *t, const char *text, int64_t *ret_uid, int64_t *ret_gid,
	       char **ret_home, struct error *err)
{
	struct str user, group;
	autofree char *u = NULL, *g = NULL, *home = NULL;
	struct account a = { 0 }, b = { 0 };
	int r = 0;

	str_cut(str_of(text), ':', &user, &group);
	u = str_dup(user);
	g = str_dup(group);
	if (*u)
		r = look_up(t, u, true, &a, err);
	home = a.home;
	if (r >= 0 && *g)
		r = look_up(t, g, false, &b, err);
	if (r < 0)
		return r;
	*ret_uid = a.id;
	*ret_gid = *g ? b.id : a.gid;
	if (ret_home)
		*ret_home = home && *home ? TAKE_PTR(home) : xstrdup("/");
	return 0;
}
