/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/header.h"

#include <stddef.h>

#define CHECKSUM_AT  148
#define CHECKSUM_LEN 8

/* The checksum is the sum of all bytes, its own field taken as blanks. */
bool tar_is_header(const unsigned char *h)
{
	unsigned long sum = 0, want = 0;
	size_t i = CHECKSUM_AT;

	while (i < CHECKSUM_AT + CHECKSUM_LEN && h[i] == ' ')
		i++;
	if (h[i] < '0' || h[i] > '7')
		return false;
	for (; i < CHECKSUM_AT + CHECKSUM_LEN && h[i] >= '0' && h[i] <= '7'; i++)
		want = want * 8 + (unsigned long)(h[i] - '0');
	for (i = 0; i < TAR_HEADER; i++)
		sum += i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_LEN ? ' ' : h[i];
	return sum == want;
}
