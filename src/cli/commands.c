/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

/* In the order of `compose --help`. */
const struct command *const commands[] = {
	&cmd_build,   &cmd_config, &cmd_down, &cmd_exec,    &cmd_fsck, &cmd_gc,	     &cmd_image,
	&cmd_images,  &cmd_kill,   &cmd_logs, &cmd_pause,   &cmd_ps,   &cmd_pull,    &cmd_push,
	&cmd_restart, &cmd_start,  &cmd_stop, &cmd_unpause, &cmd_up,   &cmd_version, NULL,
};
