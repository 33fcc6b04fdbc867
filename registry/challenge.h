/* SPDX-License-Identifier: Apache-2.0 */
/* WWW-Authenticate (RFC 9110 11.6.1): how a registry wants to be told who asks. */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include "util/strv.h"

enum challenge_kind { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_kind kind;
	char *realm, *service, *scope, *error; /* NULL when not given */
};

/* Out of all headers ("Name: value") of an answer the one that we like best: Bearer before Basic.
 * kind is CHALLENGE_NONE when there is none that we know. Malformed parts are passed over. */
void challenge_find(const struct strv *headers, struct challenge *ret);
void challenge_done(struct challenge *c);

#endif
