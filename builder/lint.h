/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings under the names that BuildKit's build checks have. */
#ifndef BUILDER_LINT_H
#define BUILDER_LINT_H

#include "builder/solve.h"

/* "# check=skip=..." names it. */
bool lint_skipped(const struct build *b, const char *rule);
/* Arguments that the user gave and no ARG takes. */
void lint_args(struct build *b);
/* Those that an instruction alone, or what its stage knows so far, gives. */
void lint_inst(struct stage_run *run, const struct inst *in);
/* -ERR_INVALID when "# check=error=true" makes the warnings so far errors. */
int lint_verdict(struct build *b, struct error *err);

#endif
