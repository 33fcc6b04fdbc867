/* SPDX-License-Identifier: Apache-2.0 */
#include "util/str.h"

#define LIMIT_NEAREST_WORD 64

struct rows {
	unsigned before[LIMIT_NEAREST_WORD + 1], last[LIMIT_NEAREST_WORD + 1],
		now[LIMIT_NEAREST_WORD + 1];
};

static bool same(char a, char b)
{
	return char_lower(a) == char_lower(b);
}

static void fill_row(struct rows *r, const char *a, size_t i, const char *b, size_t nb)
{
	unsigned best;

	r->now[0] = (unsigned)i;
	for (size_t j = 1; j <= nb; j++) {
		best = r->last[j - 1] + !same(a[i - 1], b[j - 1]);
		best = MIN(best, r->last[j] + 1);
		best = MIN(best, r->now[j - 1] + 1);
		if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
			best = MIN(best, r->before[j - 2] + 1);
		r->now[j] = best;
	}
}

/* Letters added, dropped, changed or swapped with their neighbour; upper and lower case are the
 * same. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	struct rows r = { 0 };

	for (size_t j = 0; j <= nb; j++)
		r.now[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		memcpy(r.before, r.last, sizeof(r.last));
		memcpy(r.last, r.now, sizeof(r.now));
		fill_row(&r, a, i, b, nb);
	}
	return r.now[nb];
}

const char *nearest_name(const char *word, const char *const *names)
{
	size_t n = strlen(word), m;
	unsigned most = (unsigned)MAX(n / 3, (size_t)1), nearest = most + 1, d;
	const char *best = NULL;

	if (!n || n > LIMIT_NEAREST_WORD)
		return NULL;
	for (; *names; names++) {
		m = strlen(*names);
		if (m > LIMIT_NEAREST_WORD || m > n + most || n > m + most)
			continue;
		d = distance(word, n, *names, m);
		if (d < nearest && d < MAX(n, m)) {
			best = *names;
			nearest = d;
		}
	}
	return best;
}
