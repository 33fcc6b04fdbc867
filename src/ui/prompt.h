/* SPDX-License-Identifier: Apache-2.0 */
/* A question to whoever sits at the terminal. */
#ifndef UI_PROMPT_H
#define UI_PROMPT_H

#include "util/error.h"

/* 1 yes, 0 no; without a terminal on stdin: -ERR_UNSUPPORTED, whose message names the flag that answers ("--force"). */
int prompt_yes(const char *question, const char *flag, struct error *err);

#endif
