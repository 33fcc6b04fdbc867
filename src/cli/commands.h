/* SPDX-License-Identifier: Apache-2.0 */
/* Every command's descriptor. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cmd.h"

extern const struct command cmd_build;
extern const struct command cmd_config;
extern const struct command cmd_down;
extern const struct command cmd_exec;
extern const struct command cmd_fsck;
extern const struct command cmd_gc;
extern const struct command cmd_image;
extern const struct command cmd_images;
extern const struct command cmd_kill;
extern const struct command cmd_logs;
extern const struct command cmd_pause;
extern const struct command cmd_ps;
extern const struct command cmd_pull;
extern const struct command cmd_push;
extern const struct command cmd_restart;
extern const struct command cmd_start;
extern const struct command cmd_stop;
extern const struct command cmd_unpause;
extern const struct command cmd_up;
extern const struct command cmd_version;

#endif
