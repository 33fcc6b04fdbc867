/* SPDX-License-Identifier: Apache-2.0 */
#include "util/utf8.h"

static const struct {
	uint8_t mask, lead;
	uint32_t min;
} forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

/* The length of the form, 0 when no form begins like this. */
static size_t form_of(uint8_t lead)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if ((lead & forms[i].mask) == forms[i].lead)
			return i + 1;
	return 0;
}

static bool decode(struct str s, uint32_t *ret, size_t *ret_n)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t n = form_of(p[0]);
	uint32_t c;

	if (!n || n > s.n)
		return false;
	c = p[0] & (uint8_t)~forms[n - 1].mask;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < forms[n - 1].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	*ret = c;
	*ret_n = n;
	return true;
}

uint32_t utf8_decode(struct str s, size_t *ret_n)
{
	uint32_t c = 0xfffd;

	*ret_n = 1;
	decode(s, &c, ret_n);
	return c;
}

bool utf8_valid(struct str s)
{
	uint32_t c;
	size_t n;

	while (s.n) {
		if (!(s.p[0] & 0x80))
			n = 1;
		else if (!decode(s, &c, &n))
			return false;
		s = str_skip(s, n);
	}
	return true;
}
