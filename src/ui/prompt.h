/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to whoever sits at the terminal. */
#ifndef UI_PROMPT_H
#define UI_PROMPT_H

#include "util/error.h"

/* 1 yes, 0 no; without a terminal on stdin: -ERR_UNSUPPORTED, whose message names the flag that answers ("--force"). */
int prompt_yes(const char *question, const char *flag, struct error *err);
/* The same with a default for an empty line, and whoever is on stdin may answer, a pipe too: -ERR_UNSUPPORTED when nothing comes. */
int prompt_answer(const char *question, bool otherwise, const char *flag, struct error *err);
/* A line of text. Owned by the caller. */
int prompt_line(const char *question, const char *flag, char **ret, struct error *err);
/* The same, not shown while it is typed. */
int prompt_secret(const char *question, const char *flag, char **ret, struct error *err);

#endif
