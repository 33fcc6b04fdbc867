/* SPDX-License-Identifier: Apache-2.0 */
/* What a tag makes of a scalar. */
#include "compose/yaml-parts.h"
#include "compose/yaml.h"

#include "util/utf8.h"

static const char *skip_core(const char *tag)
{
	return tag ? skip_prefix(tag, "tag:yaml.org,2002:") : NULL;
}

/* Which kinds a scalar with a tag of the core schema may have. */
static bool tag_accepts(const char *core, struct node *n)
{
	if (streq(core, "int"))
		return n->kind == NODE_INT || n->kind == NODE_UINT;
	if (streq(core, "bool"))
		return n->kind == NODE_BOOL;
	if (streq(core, "null"))
		return n->kind == NODE_NULL;
	if (streq(core, "timestamp"))
		return n->kind == NODE_TIME;
	if (n->kind == NODE_INT) {
		n->kind = NODE_FLOAT;
		n->f = (double)n->i;
	}
	return n->kind == NODE_FLOAT;
}

static bool is_scalar_tag(const char *core)
{
	static const char *const known[] = { "int", "bool", "null", "timestamp", "float" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(core, known[i]))
			return true;
	return false;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Strict, as go-yaml is: padded, and no blanks but line ends. NULL: it isn't that. */
static const char *from_base64(struct arena *a, const char *text)
{
	char *out = arena_alloc(a, strlen(text) + 1), *p = out;
	unsigned bits = 0, n = 0, padding = 0;

	for (; *text; text++) {
		int digit = base64_digit(*text);

		if (*text == '\n' || *text == '\r')
			continue;
		if (*text == '=' && n % 4 >= 2)
			digit = 0;
		else if (digit < 0 || padding)
			return NULL;
		padding += *text == '=';
		bits = bits << 6 | (unsigned)digit;
		if (++n % 4)
			continue;
		*p++ = (char)(bits >> 16 & 0xff);
		*p++ = (char)(bits >> 8 & 0xff);
		*p++ = (char)(bits & 0xff);
	}
	if (n % 4)
		return NULL;
	p[-(ptrdiff_t)padding] = '\0';
	return strlen(out) == (size_t)(p - out) - padding ? out : NULL;
}

static int decode_binary(struct arena *a, const char *text, struct node *n, struct findings *f)
{
	n->kind = NODE_STRING;
	n->quoted = true;
	n->s = from_base64(a, text);
	if (n->s && utf8_valid(str_of(n->s)))
		return 0;
	n->s = "";
	return finding_error(f, n->at, "the !!binary value is not text in base64");
}

/* A tag that isn't one of the core's makes a string of anything: so go-yaml does it. */
int yaml_type(struct arena *a, const char *text, const char *tag, struct node *n,
	      struct findings *f)
{
	const char *core = skip_core(tag);
	bool untagged = !tag || streq(tag, "!");

	if (core && streq(core, "binary"))
		return decode_binary(a, text, n, f);
	if (untagged ? n->quoted : !core || !is_scalar_tag(core)) {
		n->kind = NODE_STRING;
		n->s = text;
		n->quoted |= !untagged;
		return 0;
	}
	yaml_resolve(a, text, n);
	if (untagged || tag_accepts(core, n))
		return 0;
	return finding_error(f, n->at, "\"%s\" is not a value of the type !!%s", text, core);
}
