/* SPDX-License-Identifier: Apache-2.0 */
#include "util/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

char *base64_encode(const void *p, size_t n)
{
	char *out = xalloc(1, (n + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)out, p, (int)n);
	return out;
}

int base64_decode_to(const char *s, struct buf *out, struct error *err)
{
	size_t n = strlen(s), pad = n && s[n - 1] == '=' ? 1 + (n > 1 && s[n - 2] == '=') : 0;
	char *to = n < INT32_MAX ? buf_reserve(out, n / 4 * 3 + 1) : NULL;
	int got;

	if (!to)
		return error_set(err, ERR_LIMIT, "base64 of %zu characters", n);
	got = EVP_DecodeBlock((unsigned char *)to, (const unsigned char *)s, (int)n);
	if (got < 0 || n % 4)
		return error_set(err, ERR_INVALID, "it is not base64");
	buf_added(out, (size_t)got - pad);
	return 0;
}
