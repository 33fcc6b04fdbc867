/* SPDX-License-Identifier: Apache-2.0 */
#include "util/hash.h"

#include <sys/random.h>

#define BATCH 64

static void random_bytes(uint8_t *p, size_t n)
{
	ssize_t k;

	while (n) {
		k = getrandom(p, n, 0);
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
}

void random_hex(size_t n, char *ret)
{
	uint8_t bytes[BATCH];
	size_t part;

	for (*ret = '\0'; n; n -= part) {
		part = MIN(n, sizeof(bytes));
		random_bytes(bytes, part);
		ret = hex_of(bytes, part, ret);
	}
}
