/* SPDX-License-Identifier: Apache-2.0 */
/* Durations, sizes, moments: what parses is printed in a form that parses to the same. */
#include "tests/fuzz/fuzz.h"

#include "util/num.h"
#include "util/time.h"

#include <inttypes.h>
#include <stdio.h>

static void duration(const char *s)
{
	char text[TIME_TEXT_MAX], human[TIME_TEXT_MAX];
	int64_t d, again;

	if (duration_parse(s, &d, NULL) < 0)
		return;
	duration_human(d, human);
	if (duration_parse(duration_format(d, text), &again, NULL) < 0 || again != d)
		abort();
}

static void size(const char *s)
{
	char text[NUM_SIZE_MAX], plain[24];
	int64_t v, again;

	if (num_parse_size(s, &v, NULL) < 0)
		return;
	snprintf(plain, sizeof(plain), "%" PRId64, v);
	if (v < -1 || num_parse_size(plain, &again, NULL) < 0 || again != v)
		abort();
	num_format_size((uint64_t)v, text);
}

static void moment(const char *s)
{
	char text[TIME_TEXT_MAX];
	int64_t t, again;

	if (time_parse(s, &t, NULL) < 0)
		return;
	if (time_parse(time_format(t, text), &again, NULL) < 0 || again != t)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	autofree char *s = xstrndup((const char *)data, n);

	duration(s);
	size(s);
	moment(s);
	return 0;
}
