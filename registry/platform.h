/* SPDX-License-Identifier: Apache-2.0 */
/* "linux/arm64/v8": which of an index's images is meant. */
#ifndef REGISTRY_PLATFORM_H
#define REGISTRY_PLATFORM_H

#include "util/error.h"

struct platform {
	char os[32], arch[32], variant[32]; /* "" when not given */
};

int platform_parse(const char *s, struct platform *ret, struct error *err);
void platform_native(struct platform *ret); /* of this machine, variant by its processor */
/* How well `have` serves `want`: 0 not at all, more is better (an exact variant before a lower one). */
unsigned platform_match(const struct platform *want, const struct platform *have);
const char *platform_text(const struct platform *p, char out[100]);

#endif
