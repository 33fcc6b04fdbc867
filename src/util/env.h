/* SPDX-License-Identifier: Apache-2.0 */
/* The places that this installation uses, each with the variable that moves it. */
#ifndef UTIL_ENV_H
#define UTIL_ENV_H

#include "util/error.h"

/* State that lasts: COMPOSE_STATE_DIR, else /var/lib/compose as root, else
 * $XDG_DATA_HOME/compose, ~/.local/share/compose. Owned by the caller. */
char *env_state_dir(void);
/* What a reboot may take: COMPOSE_RUN_DIR, else /run/compose as root, else $XDG_RUNTIME_DIR/compose. */
char *env_run_dir(void);
/* Where the helper NAME ("compose-shim") is: COMPOSE_LIBEXEC_DIR, else beside our own program (a build
 * directory), else libexec of the installation, found from where our own program is (so that
 * DESTDIR and moved prefixes work). Owned by the caller. */
int env_helper(const char *name, char **ret_path, struct error *err);
/* NULL when unset or empty. */
const char *env_get(const char *name);

#endif
