/* SPDX-License-Identifier: Apache-2.0 */
/* Who a container's program runs as: USER's text, resolved in the container's own /etc/passwd and
 * /etc/group. */
#ifndef LOCAL_USER_H
#define LOCAL_USER_H

#include "util/error.h"
#include "util/strv.h"
#include "util/vec.h"

struct user {
	uint32_t uid, gid;
	VEC(uint32_t) groups;
	char *home; /* never NULL once resolved */
};
void user_done(struct user *u);

/* text: "", NULL, "name", "uid", "name:group", "uid:gid". group_add: names and numbers; may be
 * NULL. rootfs: a directory. -ERR_NOT_FOUND names a user or group that isn't there. */
int user_resolve(int rootfs, const char *text, const struct strv *group_add, struct user *ret,
		 struct error *err);

#endif
