/* SPDX-License-Identifier: Apache-2.0 */
/* What `compose publish` looks at before it makes something public. */
#ifndef CLI_PUBLISH_H
#define CLI_PUBLISH_H

#include "cli/cmd.h"
#include "compose/publish.h"

struct publish_opts {
	bool app, resolve_image_digests, with_env, yes;
	char *oci_version;
};

extern const struct command cmd_alpha_publish; /* its older name */

/* 1: go on. 0: the user said no. Asks unless o->yes, as Docker Compose does; what can't be
 * published is an error. */
int publish_check(const struct project_tree *t, const document_vec *documents,
		  const struct publish_opts *o, struct error *err);

/* publish-secrets.c: a line for each place that looks like a secret, without the secret. */
int publish_find_secrets(const struct project_tree *t, const document_vec *documents,
			 struct buf *out, struct error *err);

#endif
