/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on images themselves share: they work on the local store, and need no project.
 */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include "cli/cmd.h"
#include "registry/store.h"

int cli_store(struct cli *cli, struct store **ret, struct error *err);
/* "redis:7" of a name of the store; "<none>" of NULL. Owned by the caller. */
char *image_shown(const char *ref);

extern const struct command cmd_image_inspect, cmd_image_load, cmd_image_ls, cmd_image_pull,
	cmd_image_push, cmd_image_rm, cmd_image_save, cmd_image_tag;

#endif
