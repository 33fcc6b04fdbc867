/* SPDX-License-Identifier: Apache-2.0 */
/* Every command's descriptor, cmd_NAME, in the order of `compose --help`. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cmd.h"

#define COMMANDS(X) \
	X(alpha)      \
	X(attach)     \
	X(bridge)     \
	X(build)      \
	X(commit)     \
	X(complete)   \
	X(completion) \
	X(config)     \
	X(cp)         \
	X(create)     \
	X(doctor)     \
	X(down)       \
	X(events)     \
	X(exec)       \
	X(export)     \
	X(fsck)       \
	X(gc)         \
	X(image)      \
	X(images)     \
	X(kill)       \
	X(login)      \
	X(logout)     \
	X(logs)       \
	X(ls)         \
	X(manual)     \
	X(pause)      \
	X(plan)       \
	X(port)       \
	X(ps)         \
	X(publish)    \
	X(pull)       \
	X(push)       \
	X(restart)    \
	X(rm)         \
	X(run)        \
	X(scale)      \
	X(start)      \
	X(stats)      \
	X(stop)       \
	X(top)        \
	X(unpause)    \
	X(up)         \
	X(version)    \
	X(volumes)    \
	X(wait)       \
	X(watch)

#define COMMAND_DECLARE(name) extern const struct command cmd_##name;
COMMANDS(COMMAND_DECLARE)

#endif
