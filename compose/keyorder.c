/* SPDX-License-Identifier: Apache-2.0 */
/* go-yaml's order of keys: what a person would call sorted. */
#include "compose/runes.h"
#include "compose/write.h"

/* A number's digits from s on, and what its value is when `carried` stands before them. */
static size_t digits_of(struct str s, uint64_t carried, uint64_t *ret)
{
	struct str before = s;
	uint32_t c;

	*ret = carried;
	for (; s.n; before = s) {
		c = rune_next(&s);
		if (c < '0' || c > '9')
			break;
		*ret = *ret * 10 + (c - '0');
	}
	return before.n;
}

/* Where two keys begin to differ and neither has a letter there: as numbers, then by length, then
 * by character. `nonzero`: the equal text before ends in digits of which one isn't 0. */
static int compare_numbers(struct str a, struct str b, bool nonzero)
{
	uint64_t na, nb, carried = nonzero && (a.p[0] == '0' || b.p[0] == '0');
	size_t left_a = digits_of(a, carried, &na), left_b = digits_of(b, carried, &nb);
	size_t len_a = a.n - left_a, len_b = b.n - left_b;

	if (na != nb)
		return na < nb ? -1 : 1;
	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	return rune_next(&a) < rune_next(&b) ? -1 : 1;
}

int key_compare_natural(const char *ka, const char *kb)
{
	struct str a = str_of(ka), b = str_of(kb), at_a = a, at_b = b;
	bool digits = false, nonzero = false, letter_a, letter_b;
	uint32_t ca, cb;

	for (; a.n && b.n; at_a = a, at_b = b) {
		ca = rune_next(&a);
		cb = rune_next(&b);
		if (ca == cb) {
			digits = ca < 0x80 && char_is_digit((char)ca);
			nonzero = digits && (nonzero || ca != '0');
			continue;
		}
		letter_a = rune_is_letter(ca);
		letter_b = rune_is_letter(cb);
		if (letter_a && letter_b)
			return ca < cb ? -1 : 1;
		if (letter_a || letter_b)
			return letter_a == digits ? -1 : 1;
		return compare_numbers(at_a, at_b, nonzero);
	}
	return (a.n > 0) - (b.n > 0);
}

struct sorted_member {
	const struct node_member *member;
	int (*compare)(const char *, const char *);
	size_t index;
};

static int compare_sorted(const void *pa, const void *pb)
{
	const struct sorted_member *a = pa, *b = pb;
	int order = a->compare(a->member->key, b->member->key);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

struct node *node_sorted(struct arena *a, const struct node *map,
			 int (*compare)(const char *, const char *))
{
	autofree struct sorted_member *order = NULL;
	struct node *sorted = node_new(a, NODE_MAP, map->at);

	sorted->mark = map->mark;
	if (!map->map.n)
		return sorted;
	order = xnewn(struct sorted_member, map->map.n);
	for (size_t i = 0; i < map->map.n; i++)
		order[i] = (struct sorted_member){ &map->map.v[i], compare, i };
	qsort(order, map->map.n, sizeof(*order), compare_sorted);
	for (size_t i = 0; i < map->map.n; i++)
		node_add(a, sorted, order[i].member->key, order[i].member->key_at,
			 order[i].member->value);
	return sorted;
}
