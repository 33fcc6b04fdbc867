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
		return 06777;
	default:
		return 0;
	}
}

static mode_t perm_bits(char c)
{
	switch (c) {
	case 'r':
		return 0444;
	case 'w':
		return 0222;
	case 'x':
		return 0111;
	case 's':
		return 06000;
	case 't':
		return S_ISVTX;
	default:
		return 0;
	}
}

/* who: 0 when none was named, which is all. */
static bool add_op(struct chmod *c, char op, mode_t who, mode_t bits, char copy)
{
	if (c->n == LIMIT_CHMOD_OPS)
		return false;
	c->ops[c->n++] = (struct chmod_op){
		.op = op,
		.who = who ? who : 06777,
		.bits = who ? bits & who : bits,
		.copy = copy,
	};
	return true;
}

/* What was gathered since the operator, or since the last class that is copied. */
static bool flush(struct chmod *c, char op, mode_t who, mode_t *bits, bool *x_if, bool always)
{
	bool ok = true;

	if (*bits || always)
		ok = add_op(c, op, who, *bits, 0);
	if (*x_if)
		ok = ok && add_op(c, 'X', who, 0111, 0);
	*bits = 0;
	*x_if = false;
	return ok;
}

/* An operator and its permissions. A copy of a class leaves the set-id bits as they are. */
static const char *parse_op(const char *s, mode_t who, struct chmod *c)
{
	char op = *s++;
	mode_t bits = 0;
	bool x_if = false, copied = false;

	for (; *s && !strchr(",+-=", *s); s++) {
		if (strchr("ugo", *s)) {
			copied = true;
			if (!flush(c, op, who, &bits, &x_if, false) || !add_op(c, op, who, 0, *s))
				return NULL;
		} else if (*s == 'X' && op != '-') {
			x_if = true;
		} else if (*s == 'X' || perm_bits(*s)) {
			bits |= *s == 'X' ? 0111 : perm_bits(*s);
			if (*s == 't' && who != S_IRWXO)
				who |= S_ISVTX;
		} else {
			return NULL;
		}
	}
	return flush(c, op, who, &bits, &x_if, op == '=' && !copied) ? s : NULL;
}

/* One clause: who, then one or more operators. */
static const char *parse_clause(const char *s, struct chmod *c)
{
	mode_t who = 0;

	for (; who_bits(*s); s++)
		who |= who_bits(*s);
	if (!*s || !strchr("+-=", *s))
		return NULL;
	while (s && *s && *s != ',')
		s = parse_op(s, who, c);
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

/* The classes in who, each with the three bits of `from`. */
static mode_t spread(mode_t mode, char from, mode_t who)
{
	mode_t three = (from == 'u' ? mode >> 6 : from == 'g' ? mode >> 3 : mode) & 7;

	return (who & S_IRUSR ? three << 6 : 0) | (who & S_IRGRP ? three << 3 : 0) |
	       (who & S_IROTH ? three : 0);
}

static mode_t apply_op(const struct chmod_op *op, mode_t mode, bool x_before)
{
	mode_t bits = op->copy ? spread(mode, op->copy, op->who) : op->bits;

	switch (op->op) {
	case 'X':
		return x_before ? mode | bits : mode;
	case '+':
		return mode | bits;
	case '-':
		return mode & ~bits;
	default:
		return (mode & ~(op->copy ? op->who & 0777 : op->who)) | bits;
	}
}

mode_t chmod_apply(const struct chmod *c, mode_t mode)
{
	bool x_before = S_ISDIR(mode) || (mode & 0111);

	if (c->octal)
		return c->mode;
	mode &= 07777;
	for (unsigned i = 0; i < c->n; i++)
		mode = apply_op(&c->ops[i], mode, x_before);
	return mode;
}
