/* SPDX-License-Identifier: Apache-2.0 */
/* Digests as text: no libcrypto here, so that programs which only look at them don't load it. */
#include "util/hash.h"

#include "util/str.h"

static const struct {
	const char *prefix;
	size_t digits;
} algorithms[] = {
	{ "sha256:", 64 },
	{ "sha512:", 128 },
};

char *hex_of(const void *p, size_t n, char *to)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		*to++ = digits[b[i] >> 4];
		*to++ = digits[b[i] & 15];
	}
	*to = '\0';
	return to;
}

bool digest_valid(const char *s)
{
	const char *hex = NULL;
	size_t digits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(algorithms) && !hex; i++) {
		hex = skip_prefix(s, algorithms[i].prefix);
		digits = algorithms[i].digits;
	}
	return hex && strlen(hex) == digits && strspn(hex, "0123456789abcdef") == digits;
}

const char *digest_hex(const char *digest)
{
	return strchr(digest, ':') + 1;
}
