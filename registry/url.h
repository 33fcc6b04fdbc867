/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http and https URLs as registries give them in Location, realm and urls: taken apart, resolved,
 * compared by origin. Other schemes, user names in a URL and characters that don't belong into one
 * are refused.
 */
#ifndef REGISTRY_URL_H
#define REGISTRY_URL_H

#include "util/error.h"

#define LIMIT_URL 16384

struct url {
	bool tls;   /* https */
	char *host; /* lower case, with its port when one was given: "127.0.0.1:5000", "[::1]:80" */
	char *target; /* path and query, begins with '/' */
};

int url_parse(const char *s, struct url *ret, struct error *err);
/* A Location seen in the answer to `base`: absolute, //host/path, /path, path or ?query. */
int url_resolve(const struct url *base, const char *location, struct url *ret, struct error *err);
/* Same scheme, host and port (80 and 443 when none is given). */
bool url_same_origin(const struct url *a, const struct url *b);
char *url_text(const struct url *u); /* owned by the caller */
/* Without the query, which may carry a signature: for messages. */
char *url_shown(const struct url *u);
void url_done(struct url *u);
void url_copy(struct url *to, const struct url *from);
#define autourl __attribute__((cleanup(url_done))) struct url

/* Of "host:port" the host alone: "127.0.0.1", "::1". Owned by the caller. */
char *host_name(const char *host);
/* localhost, 127.0.0.0/8, ::1: a registry there may speak plain http. */
bool host_is_loopback(const char *host);
/* An address (not a name) that is not a public one: loopback, private, link-local. */
bool host_is_private_address(const char *host);

#endif
