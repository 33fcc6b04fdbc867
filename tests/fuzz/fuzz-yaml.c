/* SPDX-License-Identifier: Apache-2.0 */
/* What can be read can be written, and read again as the same. */
#include "tests/fuzz/fuzz.h"

#include "compose/write.h"
#include "compose/yaml.h"

/* Unicode's own line ends are written as Compose writes them, which does not always read back. */
static bool has_odd_break(const char *s)
{
	return strstr(s, "\xE2\x80\xA8") || strstr(s, "\xE2\x80\xA9") || strstr(s, "\xC2\x85");
}

static bool number_of(const struct node *n, double *ret)
{
	if (n->kind == NODE_INT)
		*ret = (double)n->i;
	else if (n->kind == NODE_UINT)
		*ret = (double)n->u;
	else if (n->kind == NODE_FLOAT)
		*ret = n->f;
	else
		return false;
	return true;
}

static bool same(const struct node *a, const struct node *b)
{
	double na, nb;

	/* 1e3 is written as 1000. */
	if (number_of(a, &na) && number_of(b, &nb))
		return na == nb || node_equal(a, b);
	if (a->kind != b->kind || (a->kind != NODE_LIST && a->kind != NODE_MAP))
		return node_equal(a, b);
	if (a->kind == NODE_LIST ? a->list.n != b->list.n : a->map.n != b->map.n)
		return false;
	for (size_t i = 0; a->kind == NODE_LIST && i < a->list.n; i++)
		if (!same(a->list.v[i], b->list.v[i]))
			return false;
	for (size_t i = 0; a->kind == NODE_MAP && i < a->map.n; i++)
		if (!streq(a->map.v[i].key, b->map.v[i].key) ||
		    !same(a->map.v[i].value, b->map.v[i].value))
			return false;
	return true;
}

static void check_again(struct arena *a, const struct node *n)
{
	struct findings f = { 0 };
	struct yaml_docs docs;
	struct buf text;

	buf_init(&text, BUF_MAX_ANY);
	write_json(n, 0, &text);
	buf_reset(&text);
	write_yaml(n, 0, &text);
	if (text.len <= LIMIT_FILE_SIZE && !has_odd_break(text.p)) {
		if (yaml_parse(a, source_text(a, "again", buf_str(&text)), NULL, &docs, &f) < 0)
			abort();
		if (docs.n != 1 || !same(docs.v[0], n))
			abort();
	}
	buf_done(&text);
	findings_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autocall(arena_freep) struct arena *a = arena_new();
	struct source *src = source_text(a, "f", (struct str){ (const char *)data, size });
	struct findings f = { 0 };
	struct yaml_docs docs;
	struct buf text;

	buf_init(&text, BUF_MAX_ANY);
	if (yaml_parse(a, src, NULL, &docs, &f) == 0)
		for (size_t i = 0; i < docs.n; i++)
			check_again(a, docs.v[i]);
	findings_print(&f, true, &text);
	buf_done(&text);
	findings_done(&f);
	return 0;
}
