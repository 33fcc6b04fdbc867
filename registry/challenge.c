/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/challenge.h"

#include <strings.h>

static bool token_char(char c)
{
	return char_is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static struct str take_token(struct str *s)
{
	struct str t = { s->p, 0 };

	while (t.n < s->n && token_char(s->p[t.n]))
		t.n++;
	*s = str_skip(*s, t.n);
	return t;
}

static void skip_blanks(struct str *s, bool commas)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t' || (commas && s->p[0] == ',')))
		*s = str_skip(*s, 1);
}

static char *take_quoted(struct str *s)
{
	autobuf b;

	buf_init(&b, 65536);
	*s = str_skip(*s, 1);
	while (s->n && s->p[0] != '"') {
		if (s->p[0] == '\\' && s->n > 1)
			*s = str_skip(*s, 1);
		buf_addc(&b, s->p[0]);
		*s = str_skip(*s, 1);
	}
	if (s->n)
		*s = str_skip(*s, 1);
	return buf_steal(&b);
}

static void set_param(struct challenge *c, struct str name, char *value)
{
	const struct {
		const char *name;
		char **to;
	} params[] = {
		{ "realm", &c->realm },
		{ "service", &c->service },
		{ "scope", &c->scope },
		{ "error", &c->error },
	};

	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		if (name.n != strlen(params[i].name) ||
		    strncasecmp(name.p, params[i].name, name.n) || *params[i].to)
			continue;
		*params[i].to = value;
		return;
	}
	free(value);
}

/* NAME = VALUE; false (and nothing taken) when what comes is the next scheme instead. */
static bool take_param(struct str *s, struct challenge *c)
{
	struct str at = *s, name, value;

	name = take_token(&at);
	skip_blanks(&at, false);
	if (!name.n || !at.n || at.p[0] != '=')
		return false;
	at = str_skip(at, 1);
	skip_blanks(&at, false);
	if (at.n && at.p[0] == '"') {
		set_param(c, name, take_quoted(&at));
	} else {
		value = (struct str){ at.p, 0 };
		while (value.n < at.n && at.p[value.n] != ',' && at.p[value.n] != ' ')
			value.n++;
		at = str_skip(at, value.n);
		set_param(c, name, str_dup(value));
	}
	*s = at;
	return true;
}

static enum challenge_kind kind_of(struct str scheme)
{
	if (scheme.n == 6 && !strncasecmp(scheme.p, "bearer", 6))
		return CHALLENGE_BEARER;
	if (scheme.n == 5 && !strncasecmp(scheme.p, "basic", 5))
		return CHALLENGE_BASIC;
	return CHALLENGE_NONE;
}

static void offer(struct challenge *best, struct challenge *c)
{
	bool usable = c->kind == CHALLENGE_BASIC || (c->kind == CHALLENGE_BEARER && c->realm);

	if (usable && c->kind > best->kind) {
		challenge_done(best);
		*best = *c;
		*c = (struct challenge){ 0 };
	}
	challenge_done(c);
}

static void parse_value(struct str s, struct challenge *best)
{
	for (;;) {
		struct challenge c = { 0 };
		struct str scheme;

		skip_blanks(&s, true);
		scheme = take_token(&s);
		if (!scheme.n) {
			if (!s.n)
				return;
			s = str_skip(s, 1);
			continue;
		}
		c.kind = kind_of(scheme);
		skip_blanks(&s, false);
		while (take_param(&s, &c))
			skip_blanks(&s, true);
		offer(best, &c);
	}
}

void challenge_find(const struct strv *headers, struct challenge *ret)
{
	static const char name[] = "www-authenticate:";

	*ret = (struct challenge){ 0 };
	strv_foreach (h, headers)
		if (!strncasecmp(h, name, sizeof(name) - 1))
			parse_value(str_of(h + sizeof(name) - 1), ret);
}

void challenge_done(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	free(c->error);
	*c = (struct challenge){ 0 };
}
