/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as go-yaml's emitter writes it with an indent of two: block style, literal blocks for text
 * of several lines, no folding, quotes where they are needed.
 */
#include "compose/write.h"
#include "compose/runes.h"
#include "compose/yaml.h"

#include <inttypes.h>

#define SIMPLE_KEY_MAX 128 /* longer keys are written as "? key" */

/* What stands before a collection decides where its first line begins. */
enum lead { LEAD_ROOT, LEAD_KEY, LEAD_ITEM };

enum style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL };

struct yaml_writer {
	struct buf *out;
	unsigned flags;
	struct arena *arena; /* for sorted maps */
};

static void put_node(struct yaml_writer *w, const struct node *n, size_t indent, enum lead lead);

static bool is_printable(uint32_t c)
{
	if (c < 0x80)
		return c == '\n' || (c >= 0x20 && c <= 0x7E);
	return c >= 0xA0 && c < 0x10000 && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF;
}

static bool is_break(uint32_t c)
{
	return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_blank_or_end(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0;
}

/* What styles a text can have. */
struct shape {
	bool plain, single, block;
	bool has_break;
};

static bool indicates_at_start(const char *s)
{
	if (strchr("#,[]{}&*!|>'\"%@`", *s))
		return true;
	if (!strncmp(s, "---", 3) || !strncmp(s, "...", 3))
		return true;
	return strchr("?:-", *s) && is_blank_or_end((unsigned char)s[1]);
}

/* ": " and " #" within a plain scalar would end it. */
static bool indicates_within(const char *s)
{
	for (const char *p = s + 1; *s && *p; p++) {
		if (*p == ':' && is_blank_or_end((unsigned char)p[1]))
			return true;
		if (*p == '#' && (p[-1] == ' ' || p[-1] == '\t' || p[-1] == '\n'))
			return true;
	}
	return false;
}

static void look_at(const char *text, struct shape *ret)
{
	struct str s = str_of(text);
	bool special = false, tab = false, break_space = false, space_break = false, edge;
	uint32_t c, last = 0, first = s.n ? (unsigned char)*text : 0;

	*ret = (struct shape){ .plain = true, .single = true, .block = s.n > 0 };
	if (!s.n)
		return;
	while (s.n) {
		c = rune_next(&s);
		tab |= c == '\t';
		special |= c != '\t' && !is_printable(c);
		break_space |= c == ' ' && is_break(last);
		space_break |= is_break(c) && last == ' ';
		ret->has_break |= is_break(c);
		last = c;
	}
	edge = first == ' ' || first == '\n' || last == ' ' || is_break(last);
	ret->single = !(break_space || space_break || tab || special);
	ret->plain = ret->single && !edge && !ret->has_break && !indicates_at_start(text) &&
		     !indicates_within(text);
	ret->block = !(last == ' ' || space_break || special);
}

static enum style style_of(const char *text, const struct shape *shape, bool simple_key)
{
	/* As a key it would be a merge. */
	if (simple_key && streq(text, "<<"))
		return STYLE_DOUBLE;
	if (strchr(text, '\n'))
		return shape->block && !simple_key ? STYLE_LITERAL : STYLE_DOUBLE;
	if (yaml_needs_quotes(text))
		return STYLE_DOUBLE;
	if (shape->plain)
		return STYLE_PLAIN;
	return shape->single ? STYLE_SINGLE : STYLE_DOUBLE;
}

/* The line separators of Unicode end a line without a newline. */
static void put_char(struct yaml_writer *w, uint32_t c, bool *after_break, size_t indent)
{
	if (*after_break && !is_break(c))
		buf_addn(w->out, ' ', indent);
	*after_break = is_break(c);
	rune_put(c, w->out);
}

static void put_single(struct yaml_writer *w, const char *text, size_t indent)
{
	struct str s = str_of(text);
	bool after_break = false;
	uint32_t c;

	buf_addc(w->out, '\'');
	while (s.n) {
		c = rune_next(&s);
		put_char(w, c, &after_break, indent);
		if (c == '\'')
			buf_addc(w->out, '\'');
	}
	buf_addc(w->out, '\'');
}

static void put_escape(struct yaml_writer *w, uint32_t c)
{
	static const struct {
		uint32_t c;
		char letter;
	} named[] = {
		{ 0x07, 'a' }, { 0x08, 'b' }, { 0x09, 't' },   { 0x0a, 'n' },	{ 0x0b, 'v' },
		{ 0x0c, 'f' }, { 0x0d, 'r' }, { 0x1b, 'e' },   { '"', '"' },	{ '\\', '\\' },
		{ 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
	};

	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (named[i].c == c) {
			buf_addf(w->out, "\\%c", named[i].letter);
			return;
		}
	if (c <= 0xFF)
		buf_addf(w->out, "\\x%02X", c);
	else if (c <= 0xFFFF)
		buf_addf(w->out, "\\u%04X", c);
	else
		buf_addf(w->out, "\\U%08X", c);
}

static void put_double(struct yaml_writer *w, const char *text)
{
	struct str s = str_of(text);
	uint32_t c;

	buf_addc(w->out, '"');
	while (s.n) {
		c = rune_next(&s);
		if (!is_printable(c) || is_break(c) || c == '"' || c == '\\')
			put_escape(w, c);
		else
			rune_put(c, w->out);
	}
	buf_addc(w->out, '"');
}

static void put_literal(struct yaml_writer *w, const char *text, size_t indent)
{
	struct str s = str_of(text);
	bool after_break = true;

	buf_addc(w->out, '|');
	if (*text == ' ' || *text == '\n')
		buf_addc(w->out, '2');
	if (s.p[s.n - 1] != '\n')
		buf_addc(w->out, '-');
	else if (s.n == 1 || s.p[s.n - 2] == '\n')
		buf_addc(w->out, '+');
	buf_addc(w->out, '\n');
	while (s.n)
		put_char(w, rune_next(&s), &after_break, indent);
}

static void put_text(struct yaml_writer *w, const char *text, size_t indent, bool simple_key)
{
	struct shape shape;

	look_at(text, &shape);
	switch (style_of(text, &shape, simple_key)) {
	case STYLE_PLAIN:
		buf_adds(w->out, text);
		return;
	case STYLE_SINGLE:
		put_single(w, text, indent);
		return;
	case STYLE_DOUBLE:
		put_double(w, text);
		return;
	case STYLE_LITERAL:
		put_literal(w, text, indent);
		return;
	}
}

static void put_float(struct yaml_writer *w, double f)
{
	char number[GO_FLOAT_MAX];

	go_float(f, 64, number);
	if (streq(number, "NaN"))
		buf_adds(w->out, ".nan");
	else if (streq(number, "+Inf") || streq(number, "-Inf"))
		buf_adds(w->out, f < 0 ? "-.inf" : ".inf");
	else
		buf_adds(w->out, number);
}

static void put_scalar(struct yaml_writer *w, const struct node *n, size_t indent)
{
	switch (n->kind) {
	case NODE_BOOL:
		buf_adds(w->out, n->b ? "true" : "false");
		return;
	case NODE_INT:
		buf_addf(w->out, "%" PRId64, n->i);
		return;
	case NODE_UINT:
		buf_addf(w->out, "%" PRIu64, n->u);
		return;
	case NODE_FLOAT:
		put_float(w, n->f);
		return;
	case NODE_STRING:
		put_text(w, n->s, indent, false);
		return;
	case NODE_TIME:
		buf_adds(w->out, n->s);
		return;
	default:
		buf_adds(w->out, "null");
		return;
	}
}

/* A literal block may have ended its last line already. */
static void end_line(struct yaml_writer *w)
{
	if (w->out->len && w->out->p[w->out->len - 1] != '\n')
		buf_addc(w->out, '\n');
}

/* Begins the line of a member or an item. */
static void begin_line(struct yaml_writer *w, size_t indent, enum lead lead, bool first)
{
	if (first && lead == LEAD_ITEM) {
		buf_addc(w->out, ' ');
		return;
	}
	if (!first || lead != LEAD_ROOT)
		end_line(w);
	buf_addn(w->out, ' ', indent);
}

static void put_list(struct yaml_writer *w, const struct node *n, size_t indent, enum lead lead)
{
	for (size_t i = 0; i < n->list.n; i++) {
		begin_line(w, indent, lead, i == 0);
		buf_addc(w->out, '-');
		put_node(w, n->list.v[i], indent + 2, LEAD_ITEM);
	}
}

static bool is_simple_key(const char *key)
{
	struct shape shape;

	if (strlen(key) > SIMPLE_KEY_MAX)
		return false;
	look_at(key, &shape);
	return !shape.has_break;
}

static void put_member(struct yaml_writer *w, const struct node_member *m, size_t indent)
{
	if (is_simple_key(m->key)) {
		put_text(w, m->key, indent + 2, true);
		buf_addc(w->out, ':');
		put_node(w, m->value, indent + 2, LEAD_KEY);
		return;
	}
	buf_adds(w->out, "? ");
	put_text(w, m->key, indent + 2, false);
	begin_line(w, indent, LEAD_KEY, false);
	buf_addc(w->out, ':');
	put_node(w, m->value, indent + 2, LEAD_ITEM);
}

static void put_map(struct yaml_writer *w, const struct node *n, size_t indent, enum lead lead)
{
	if (w->flags & WRITE_SORTED)
		n = node_sorted(w->arena, n, key_compare_natural);
	for (size_t i = 0; i < n->map.n; i++) {
		begin_line(w, indent, lead, i == 0);
		put_member(w, &n->map.v[i], indent);
	}
}

/* indent: of the lines that belong to n. */
static void put_node(struct yaml_writer *w, const struct node *n, size_t indent, enum lead lead)
{
	bool list = n->kind == NODE_LIST, map = n->kind == NODE_MAP;

	if (list && n->list.n) {
		put_list(w, n, indent, lead);
		return;
	}
	if (map && n->map.n) {
		put_map(w, n, indent, lead);
		return;
	}
	if (lead != LEAD_ROOT)
		buf_addc(w->out, ' ');
	if (list || map)
		buf_adds(w->out, list ? "[]" : "{}");
	else
		put_scalar(w, n, lead == LEAD_ROOT ? 2 : indent);
}

void write_yaml(const struct node *n, unsigned flags, struct buf *out)
{
	autocall(arena_freep) struct arena *arena = flags & WRITE_SORTED ? arena_new() : NULL;
	struct yaml_writer w = { .out = out, .flags = flags, .arena = arena };

	put_node(&w, n, 0, LEAD_ROOT);
	end_line(&w);
}
