/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without the rights of root: the process goes on in a user and mount namespace of its own, where
 * it is root over the ids that it was given: those of /etc/subuid through newuidmap and newgidmap,
 * else its own alone. Where that isn't allowed it stays what it is, and builds do with less.
 */
#ifndef LOCAL_USERNS_H
#define LOCAL_USERNS_H

#include "util/error.h"

/* What the process is, asked again and again. */
bool userns_is_initial(void);
bool userns_may_mount(void);  /* CAP_SYS_ADMIN, over whatever namespace we are in */
bool userns_has_one_id(void); /* nobody but ourselves is mapped here */
/* We are in one that userns_enter() made. */
bool userns_entered(void);

/* Before there are threads, children or an open store. 1: entered; 0: there was no need; 2: it is
 * not allowed, and *ret_why (owned by the caller, may be NULL) says what would do. The directories
 * of state that are the user's stay so. */
int userns_enter(char **ret_why, struct error *err);

/* "START:COUNT" of the user in /etc/subuid or /etc/subgid: 1, or 0. */
int userns_range(const char *file, uid_t uid, uint64_t *ret_start, uint64_t *ret_count);

#endif
