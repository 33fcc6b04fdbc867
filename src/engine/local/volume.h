/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes: rows, and directories STATE/volumes/NAME/_data; or what the local driver's options say
 * (a bind). */
#ifndef LOCAL_VOLUME_H
#define LOCAL_VOLUME_H

#include "engine/local/local.h"

#define LABEL_ANONYMOUS "com.docker.volume.anonymous"

/* Makes the row and directory; 1 when it was there already. */
int volume_make(struct local *l, const struct volume_spec *spec, struct error *err);
/* The directory that containers see; owned by the caller. 1 found, 0 not. */
int volume_path(struct local *l, const char *name, char **ret, struct error *err);
/* Made for a container that named none; it goes with the last one that has it. */
bool volume_is_anonymous(struct local *l, const char *name);
/* -ERR_CONFLICT names who uses it; -ERR_NOT_FOUND. */
int volume_delete(struct local *l, const char *name, struct error *err);

/* copyup.c: copies what is below from (a directory in a root filesystem) into the empty directory
 * to: owners, modes, times, extended attributes, links. The directory's own owner and mode too. */
int copy_tree(int from, int to, struct error *err);

#endif
