/* SPDX-License-Identifier: Apache-2.0 */
/* What of a container_spec this engine does: everything else is an error that names the compose
 * key. */
#ifndef LOCAL_CHECK_H
#define LOCAL_CHECK_H

#include "engine/engine.h"

int spec_check(const struct container_spec *s, struct error *err);

/* security_opt, read. */
struct security {
	bool no_new_privileges, seccomp_unconfined, systempaths_unconfined;
	const char *seccomp;  /* a profile's path, borrowed; NULL: the default */
	const char *apparmor; /* borrowed; NULL: none */
};
int security_parse(const struct strv *opts, struct security *ret, struct error *err);

/* log_driver and log_options, read. */
struct log_config {
	bool none;
	uint64_t max_size; /* 0: no limit */
	unsigned max_files;
};
int log_config_parse(const struct container_spec *s, struct log_config *ret, struct error *err);

/* SIGNAME, NAME or a number; 0 when it is none. */
int signal_parse(const char *name);

#endif
