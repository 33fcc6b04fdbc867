/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack/dense.h"

#include <stdint.h>

#define STEP   67 /* meets every byte of a record, whatever power of two its size is */
#define WORD   8
#define SAMPLE 4096
#define SAVED  (SAMPLE / 32) /* less than that is not worth it */

/* All values are as frequent as chance makes them: then the sum of the squares of their numbers is
 * about n + n * n / 256. */
static bool is_even(const unsigned char *p)
{
	uint32_t count[256] = { 0 };
	uint64_t squares = 0, n = 0;

	for (size_t i = 0; i + WORD <= DENSE_PIECE; i += STEP, n += WORD)
		for (size_t k = 0; k < WORD; k++)
			count[p[i + k]]++;
	for (size_t i = 0; i < 256; i++)
		squares += (uint64_t)count[i] * count[i];
	return squares < (n + n * n / 256) * 106 / 100;
}

/* Even bytes may repeat: a part of them is tried. */
bool is_dense(struct libdeflate_compressor *z, const unsigned char p[DENSE_PIECE])
{
	unsigned char out[SAMPLE - SAVED];

	return is_even(p) &&
	       !libdeflate_deflate_compress(z, p + DENSE_PIECE / 2, SAMPLE, out, sizeof(out));
}
