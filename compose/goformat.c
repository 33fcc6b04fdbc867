/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and strings as Go's strconv writes them: the least digits that read back as the same
 * number. */
#include "compose/write.h"

#include <math.h>

#define DIGITS_MAX 17

struct decimal {
	bool negative;
	char digits[DIGITS_MAX + 1]; /* no zeros at the end, but "0" */
	int n;
	int exponent; /* of the first digit: d.ddd * 10^exponent */
};

static bool reads_back(const char *text, double f, int bits)
{
	return bits == 32 ? strtof(text, NULL) == (float)f : strtod(text, NULL) == f;
}

static void shortest(double f, int bits, struct decimal *ret)
{
	char text[40];
	const char *p;

	for (int precision = 0; precision < DIGITS_MAX; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, fabs(f));
		if (reads_back(text, fabs(f), bits))
			break;
	}
	ret->negative = signbit(f);
	ret->n = 0;
	for (p = text; *p != 'e'; p++)
		if (char_is_digit(*p))
			ret->digits[ret->n++] = *p;
	ret->exponent = (int)strtol(p + 1, NULL, 10);
	while (ret->n > 1 && ret->digits[ret->n - 1] == '0')
		ret->n--;
	ret->digits[ret->n] = '\0';
}

/* d.ddde+XX with at least min_exp digits in the exponent. */
static void put_scientific(const struct decimal *d, int min_exp, char *out)
{
	snprintf(out, GO_FLOAT_MAX, "%s%c%s%se%c%0*d", d->negative ? "-" : "", d->digits[0],
		 d->n > 1 ? "." : "", d->digits + 1, d->exponent < 0 ? '-' : '+', min_exp,
		 abs(d->exponent));
}

static void put_plain(const struct decimal *d, char *out)
{
	char *p = out, *end = out + GO_FLOAT_MAX - 1;

	if (d->negative)
		*p++ = '-';
	if (d->exponent < 0)
		*p++ = '0';
	for (int i = 0; i <= d->exponent && p < end; i++)
		*p++ = i < d->n ? d->digits[i] : '0';
	if (d->n > d->exponent + 1)
		*p++ = '.';
	for (int i = d->exponent + 1; i < d->n && p < end; i++)
		*p++ = i < 0 ? '0' : d->digits[i];
	*p = '\0';
}

static const char *not_finite(double f)
{
	if (isnan(f))
		return "NaN";
	return f < 0 ? "-Inf" : "+Inf";
}

const char *go_float(double f, int bits, char out[GO_FLOAT_MAX])
{
	struct decimal d;

	if (!isfinite(f)) {
		snprintf(out, GO_FLOAT_MAX, "%s", not_finite(f));
		return out;
	}
	shortest(f, bits, &d);
	/* Go's rule for the shortest form, whatever the number of digits. */
	if (d.exponent < -4 || d.exponent >= 6)
		put_scientific(&d, 2, out);
	else
		put_plain(&d, out);
	return out;
}

double go_float32(double f)
{
	char text[GO_FLOAT_MAX];

	return isfinite(f) ? strtod(go_float(f, 32, text), NULL) : f;
}

const char *go_json_float(double f, char out[GO_FLOAT_MAX])
{
	struct decimal d;

	if (!isfinite(f)) {
		snprintf(out, GO_FLOAT_MAX, "null");
		return out;
	}
	shortest(f, 64, &d);
	if (f != 0 && (fabs(f) < 1e-6 || fabs(f) >= 1e21))
		put_scientific(&d, 1, out);
	else
		put_plain(&d, out);
	return out;
}

void go_quote(struct str s, struct buf *out)
{
	static const char escapes[] = "abtnvfr"; /* from 7 to 13 */
	unsigned char c;

	buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c >= 7 && c <= 13)
			buf_addf(out, "\\%c", escapes[c - 7]);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}
