/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups by name, as /etc/passwd and /etc/group of a root filesystem know them. */
#include "builder/copy.h"

#include "util/num.h"

#define LIMIT_PASSWD (4u << 20)

struct account {
	uint32_t id, gid;
	char *home;
};

/* Of a file of colon-separated fields: the first record of this name, or without one of this
 * number. */
static bool find(struct str text, const char *name, uint32_t number, struct account *ret)
{
	struct str line;

	while (text.n) {
		struct str f[6] = { 0 }, rest;
		uint64_t id, gid = 0;

		str_cut(text, '\n', &line, &text);
		rest = line;
		for (size_t i = 0; i < ARRAY_SIZE(f); i++)
			str_cut(rest, ':', &f[i], &rest);
		if (num_parse_u64(f[2], UINT32_MAX, &id) < 0 ||
		    (name ? !str_eq(f[0], name) : id != number))
			continue;
		num_parse_u64(f[3], UINT32_MAX, &gid);
		*ret = (struct account){ .id = (uint32_t)id,
					 .gid = (uint32_t)gid,
					 .home = str_dup(f[5]) };
		return true;
	}
	return false;
}

static int read_accounts(const struct tree *t, const char *path, struct buf *ret, struct error *err)
{
	int r = tree_read_file(t, path, LIMIT_PASSWD, ret, err);

	return MIN(r, 0);
}

static bool is_number(const char *who, uint32_t *ret)
{
	uint64_t n = 0;

	/* Root is root, whatever the files say; nothing stands for 0 too. */
	if (!*who || streq(who, "root") || !num_parse_u64(str_of(who), UINT32_MAX, &n)) {
		*ret = (uint32_t)n;
		return true;
	}
	return false;
}

static int unknown(bool strict, const char *what, const char *who, const char *path,
		   struct error *err)
{
	if (!strict)
		return 0;
	return error_set(err, ERR_NOT_FOUND, "there is no %s %s in %s of the image", what, who,
			 path);
}

static int find_user(const struct tree *t, const char *who, bool strict, struct account *ret,
		     struct error *err)
{
	autobuf text = { 0 };
	int r;

	if (is_number(who, &ret->id)) {
		ret->gid = ret->id;
		return 0;
	}
	r = read_accounts(t, "/etc/passwd", &text, err);
	if (r < 0 || find(buf_str(&text), who, 0, ret))
		return r;
	return unknown(strict, "user", who, "/etc/passwd", err);
}

static int find_group(const struct tree *t, const char *who, bool strict, uint32_t *ret,
		      struct error *err)
{
	autobuf text = { 0 };
	struct account a = { 0 };
	int r;

	if (is_number(who, ret))
		return 0;
	r = read_accounts(t, "/etc/group", &text, err);
	if (r < 0)
		return r;
	if (!find(buf_str(&text), who, 0, &a))
		return unknown(strict, "group", who, "/etc/group", err);
	free(a.home);
	*ret = a.id;
	return 0;
}

int copy_owner(const struct tree *t, const char *text, bool strict, int64_t *ret_uid,
	       int64_t *ret_gid, struct error *err)
{
	const char *colon = strchr(text, ':');
	autofree char *user = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	struct account a = { 0 };
	int r = find_user(t, user, strict, &a, err);

	free(a.home);
	if (!r && colon)
		r = find_group(t, colon + 1, strict, &a.gid, err);
	if (r < 0)
		return r;
	*ret_uid = a.id;
	*ret_gid = a.gid;
	return 0;
}

int user_home(const struct tree *t, const char *text, char **ret, struct error *err)
{
	const char *colon = strchr(text, ':');
	autofree char *user = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	autobuf passwd = { 0 };
	struct account a = { 0 };
	uint32_t uid;
	int r = read_accounts(t, "/etc/passwd", &passwd, err);

	if (r < 0)
		return r;
	if (!is_number(user, &uid)) {
		if (!find(buf_str(&passwd), user, 0, &a))
			return unknown(true, "user", user, "/etc/passwd", err);
		uid = a.id;
		free(a.home);
	}
	/* The first one of that number, as the runtime has it. */
	a.home = NULL;
	find(buf_str(&passwd), NULL, uid, &a);
	*ret = a.home && *a.home ? a.home : xstrdup("/");
	if (*ret != a.home)
		free(a.home);
	return 0;
}
