/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what logfile.h writes. */
#ifndef LOCAL_LOGREAD_H
#define LOCAL_LOGREAD_H

#include "engine/engine.h"

/* One entry (a line of the file, without its newline); text lies in space, which is emptied first.
 * -ERR_INVALID: no entry. */
int log_decode(struct str line, struct buf *space, struct log_line *ret);

#endif
