/* SPDX-License-Identifier: Apache-2.0 */
/* The container of `run`: a service's, with what the command line says on top. */
#ifndef CLI_RUN_SPEC_H
#define CLI_RUN_SPEC_H

#include "cli/project.h"

struct run_opts {
	bool build, detach, interactive, no_tty, no_deps, quiet, quiet_build, quiet_pull, remove_orphans,
		remove, service_ports, tty, use_aliases;
	struct strv cap_add, cap_drop, env, env_files, labels, publish, volumes;
	char *entrypoint, *name, *pull, *user, *workdir;
};

/* args: the service, then the command. Free with container_spec_done. */
int run_spec(const struct project *p, const struct run_opts *o, const struct strv *args,
	     struct container_spec *ret, struct error *err);

#endif
