/* SPDX-License-Identifier: Apache-2.0 */
/* EXPOSE: [[ip:]host:]port[-port][/protocol]. */
#ifndef BUILDER_PORTS_H
#define BUILDER_PORTS_H

#include "util/strv.h"

/* Appends "80/tcp", one for each port of a range. */
int ports_parse(const char *text, struct strv *ret, struct error *err);

#endif
