/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/chmod.h"

#include "util/str.h"

#include <sys/stat.h>

static bool parse_octal(const char *s, mode_t *ret)
{
	mode_t m = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '7' || m > 07777)
			return false;
		m = m * 8 + (mode_t)(*s - '0');
	}
	*ret = m;
	return m <= 07777;
}

static mode_t who_bits(char c)
{
	switch (c) {
	case 'u':
		return S_IRWXU | S_ISUID;
	case 'g':
		return S_IRWXG | S_ISGID;
	case 'o':
		return S_IRWXO;
	case 'a':
		return 07777;
	default:
		return 0;
	}
}

static bool add_perm(struct chmod_op *op, char c)
{
	static const struct {
		char c;
		mode_t bits;
	} perms[] = { { 'r', 0444 }, { 'w', 0222 }, { 'x', 0111 }, { 's', 06000 }, { 't', 01000 } };

	for (size_t i = 0; i < ARRAY_SIZE(perms); i++) {
		if (perms[i].c == c) {
			op->bits |= perms[i].bits;
			return true;
		}
	}
	if (c == 'X')
		op->x_if = true;
	else if (c == 'u' || c == 'g' || c == 'o')
		op->copy = c;
	else
		return false;
	return true;
}

/* One clause: who, then one or more of an operator and its permissions. */
static const char *parse_clause(const char *s, struct chmod *c)
{
	mode_t who = 0;
	bool sticky = false;

	for (; who_bits(*s); s++) {
		who |= who_bits(*s);
		sticky |= *s == 'a';
	}
	if (!who) {
		who = 07777;
		sticky = true;
	}
	if (sticky)
		who |= S_ISVTX;
	if (*s != '+' && *s != '-' && *s != '=')
		return NULL;
	while (*s == '+' || *s == '-' || *s == '=') {
		struct chmod_op *op;

		if (c->n == LIMIT_CHMOD_OPS)
			return NULL;
		op = &c->ops[c->n++];
		*op = (struct chmod_op){ .who = who, .op = *s++ };
		while (*s && *s != ',' && *s != '+' && *s != '-' && *s != '=')
			if (!add_perm(op, *s++))
				return NULL;
	}
	return s;
}

int chmod_parse(const char *text, struct chmod *ret, struct error *err)
{
	struct chmod c = { 0 };
	const char *s = text;

	if (parse_octal(text, &c.mode)) {
		c.octal = true;
		*ret = c;
		return 0;
	}
	while (s && !char_is_digit(text[0])) {
		s = parse_clause(s, &c);
		if (s && !*s) {
			*ret = c;
			return 0;
		}
		if (s && *s++ != ',')
			break;
	}
	return error_set(err, ERR_INVALID,
			 "--chmod=%.100s is no mode: it is octal (0755, at most 7777) or symbolic "
			 "(u=rwX,go=rX)",
			 text);
}

static mode_t spread(mode_t mode, char from)
{
	mode_t three = from == 'u' ? mode >> 6 : from == 'g' ? mode >> 3 : mode;

	three &= 7;
	return three | three << 3 | three << 6;
}

static mode_t apply_op(const struct chmod_op *op, mode_t mode, bool is_dir)
{
	mode_t bits = op->bits;

	if (op->copy)
		bits |= spread(mode, op->copy);
	if (op->x_if && (is_dir || (mode & 0111)))
		bits |= 0111;
	bits &= op->who;
	if (op->op == '+')
		return mode | bits;
	if (op->op == '-')
		return mode & ~bits;
	return (mode & ~op->who) | bits;
}

mode_t chmod_apply(const struct chmod *c, mode_t mode)
{
	bool is_dir = S_ISDIR(mode);

	if (c->octal)
		return c->mode;
	mode &= 07777;
	for (unsigned i = 0; i < c->n; i++)
		mode = apply_op(&c->ops[i], mode, is_dir);
	return mode;
}
