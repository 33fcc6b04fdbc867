/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl by hand: loaded when a program first speaks HTTP, because its own libraries (some thirty)
 * take longer to load than all the rest of `compose config`.
 */
#ifndef EVENT_CURL_DL_H
#define EVENT_CURL_DL_H

/* The macros that check types would call the functions by their own names. */
#define CURL_DISABLE_TYPECHECK

#include "util/error.h"

#include <curl/curl.h>

#define CURL_FUNCTIONS(X)      \
	X(global_init)         \
	X(easy_init)           \
	X(easy_setopt)         \
	X(easy_getinfo)        \
	X(easy_cleanup)        \
	X(easy_strerror)       \
	X(slist_append)        \
	X(slist_free_all)      \
	X(multi_init)          \
	X(multi_setopt)        \
	X(multi_assign)        \
	X(multi_add_handle)    \
	X(multi_remove_handle) \
	X(multi_socket_action) \
	X(multi_info_read)     \
	X(multi_cleanup)

#define CURL_MEMBER(f) __typeof__(curl_##f) *f;
struct curl_api {
	CURL_FUNCTIONS(CURL_MEMBER)
};

/* Loads and initialises it; it is never unloaded (what it leaves behind in libcrypto could not bear
 * that). */
int curl_load(struct curl_api *ret, struct error *err);

#endif
