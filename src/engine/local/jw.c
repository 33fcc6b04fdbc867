/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/jw.h"

#include <inttypes.h>

static void quoted(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			buf_addc(b, '\\');
			buf_addc(b, (char)c);
		} else if (c < 0x20) {
			buf_addf(b, "\\u%04x", c);
		} else {
			buf_addc(b, (char)c);
		}
	}
	buf_addc(b, '"');
}

static void before(struct buf *b, const char *key)
{
	if (b->len && b->p[b->len - 1] != '{' && b->p[b->len - 1] != '[')
		buf_addc(b, ',');
	if (!key)
		return;
	quoted(b, key);
	buf_addc(b, ':');
}

void jw_open(struct buf *b, const char *key, char bracket)
{
	before(b, key);
	buf_addc(b, bracket);
}

void jw_close(struct buf *b, char bracket)
{
	buf_addc(b, bracket);
}

void jw_str(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	before(b, key);
	quoted(b, value);
}

void jw_int(struct buf *b, const char *key, int64_t value)
{
	before(b, key);
	buf_addf(b, "%" PRId64, value);
}

void jw_bool(struct buf *b, const char *key, bool value)
{
	before(b, key);
	buf_adds(b, value ? "true" : "false");
}

void jw_strv(struct buf *b, const char *key, const struct strv *l)
{
	jw_open(b, key, '[');
	strv_foreach (s, l)
		jw_str(b, NULL, s);
	jw_close(b, ']');
}

void jw_list(struct buf *b, const char *key, const char *const *l)
{
	jw_open(b, key, '[');
	for (; *l; l++)
		jw_str(b, NULL, *l);
	jw_close(b, ']');
}

void jw_map(struct buf *b, const char *key, const struct map *m)
{
	jw_open(b, key, '{');
	map_foreach (e, m)
		jw_str(b, e->key, e->value);
	jw_close(b, '}');
}
