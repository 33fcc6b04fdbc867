/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opt.h"

#include "util/num.h"
#include "util/vec.h"

#include <string.h>

static void *at_offset(const struct opt *o, void *values)
{
	return (char *)values + o->offset;
}

static bool takes_value(const struct opt *o)
{
	return o->kind != OPT_FLAG;
}

const char *opt_value_name(const struct opt *o)
{
	static const char *const names[] = {
		[OPT_STRING] = "string", [OPT_STRINGS] = "stringArray", [OPT_LIST] = "strings",
		[OPT_INT] = "int",	 [OPT_COUNT] = "int",
	};

	return !takes_value(o) ? NULL : o->value ? o->value : names[o->kind];
}

static int parse_flag(const char *text, bool *ret)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "1", true },	  { "t", true },      { "T", true },	  { "true", true },
		{ "TRUE", true }, { "True", true },   { "0", false },	  { "f", false },
		{ "F", false },	  { "false", false }, { "FALSE", false }, { "False", false }
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(words[i].text, text)) {
			*ret = words[i].value;
			return 0;
		}
	return -ERR_INVALID;
}

static int set_value(const struct opt *o, void *values, const char *text, struct error *err)
{
	void *p = at_offset(o, values);
	int r = 0;

	switch (o->kind) {
	case OPT_FLAG:
		r = parse_flag(text, p);
		break;
	case OPT_STRING:
		free(*(char **)p);
		*(char **)p = xstrdup(text);
		break;
	case OPT_STRINGS:
		strv_push(p, text);
		break;
	case OPT_LIST:
		strv_split(p, str_of(text), ',');
		break;
	case OPT_INT:
		r = num_parse_i64(str_of(text), INT64_MIN, INT64_MAX, p);
		break;
	case OPT_COUNT:
		r = num_parse_i64(str_of(text), 0, INT64_MAX, p);
		break;
	case OPT_END:
		break;
	}
	if (r < 0)
		return error_set(err, ERR_INVALID,
				 "invalid argument \"%s\" for \"--%s\" flag: %s expected", text,
				 o->name, o->kind == OPT_FLAG ? "true or false" : "a number");
	return 0;
}

void opt_defaults(const struct opt *opts, void *values)
{
	for (const struct opt *o = opts; o && o->kind; o++)
		if (o->otherwise)
			set_value(o, values, o->otherwise, NULL);
}

void opt_free(const struct opt *opts, void *values)
{
	for (const struct opt *o = opts; o && o->kind; o++) {
		void *p = at_offset(o, values);

		if (o->kind == OPT_STRING) {
			free(*(char **)p);
			*(char **)p = NULL;
		} else if (o->kind == OPT_STRINGS || o->kind == OPT_LIST) {
			strv_done(p);
		}
	}
}

struct parser {
	const struct opt_set *sets;
	size_t n_sets;
	int argc;
	char *const *argv;
	int at;
};

#define opt_foreach(o, set, ps)                                                              \
	for (const struct opt_set *set = (ps)->sets; set < (ps)->sets + (ps)->n_sets; set++) \
		for (const struct opt *o = set->opts; o && o->kind; o++)

static const struct opt *find(const struct parser *ps, struct str name, char letter,
			      void **ret_values)
{
	opt_foreach(o, set, ps)
	{
		if (letter ? o->letter == letter : str_eq(name, o->name)) {
			*ret_values = set->values;
			return o;
		}
	}
	return NULL;
}

static int unknown_long(const struct parser *ps, struct str name, struct error *err)
{
	autostrv names = { 0 };
	autofree char *word = str_dup(name);
	const char *near;

	opt_foreach(o, set, ps) if (!(o->flags & OPT_HIDDEN)) strv_push(&names, o->name);
	near = nearest_name(word, (const char *const *)strv_v(&names));
	if (near)
		return error_set(err, ERR_INVALID, "unknown flag: --%s (did you mean --%s?)", word,
				 near);
	return error_set(err, ERR_INVALID, "unknown flag: --%s", word);
}

static int give(struct parser *ps, const struct opt *o, void *values, const char *value,
		struct error *err)
{
	int r;

	if (!value && !takes_value(o))
		value = "true";
	if (!value) {
		if (ps->at >= ps->argc)
			return error_set(err, ERR_INVALID, "flag needs an argument: --%s", o->name);
		value = ps->argv[ps->at++];
	}
	r = set_value(o, values, value, err);
	/* To say no to what isn't done is fine. */
	if (r == 0 && (o->flags & OPT_NOT_DONE) &&
	    !(o->kind == OPT_FLAG && !*(bool *)at_offset(o, values)))
		r = error_set(err, ERR_UNSUPPORTED, "--%s is not done yet", o->name);
	return r;
}

static int parse_long(struct parser *ps, const char *word, struct error *err)
{
	struct str name, value;
	const struct opt *o;
	void *values;
	bool has_value = str_cut(str_of(word), '=', &name, &value);

	o = find(ps, name, 0, &values);
	if (!o)
		return unknown_long(ps, name, err);
	return give(ps, o, values, has_value ? value.p : NULL, err);
}

/* -a, -abc, -nvalue, -n=value, -n value */
static int parse_letters(struct parser *ps, const char *word, struct error *err)
{
	for (const char *p = word; *p; p++) {
		void *values;
		const struct opt *o = find(ps, (struct str){ 0 }, *p, &values);
		const char *value = NULL;

		if (!o)
			return error_set(err, ERR_INVALID, "unknown shorthand flag: '%c' in -%s",
					 *p, word);
		if (p[1] == '=')
			value = p + 2;
		else if (takes_value(o) && p[1])
			value = p + 1;
		int r = give(ps, o, values, value, err);

		if (r < 0 || value)
			return r;
		if (takes_value(o))
			break;
	}
	return 0;
}

int opt_parse(const struct opt_set *sets, size_t n_sets, int argc, char *const *argv, int *at,
	      bool stop_at_word, struct strv *args, struct error *err)
{
	struct parser ps = { sets, n_sets, argc, argv, *at };
	int r = 0;

	while (ps.at < argc && r == 0) {
		const char *word = argv[ps.at];

		if (streq(word, "--")) {
			ps.at++;
			break;
		}
		if (word[0] != '-' || !word[1]) {
			if (stop_at_word)
				break;
			strv_push(args, word);
			ps.at++;
			continue;
		}
		ps.at++;
		r = word[1] == '-' ? parse_long(&ps, word + 2, err)
				   : parse_letters(&ps, word + 1, err);
	}
	while (r == 0 && !stop_at_word && ps.at < argc)
		strv_push(args, argv[ps.at++]);
	*at = ps.at;
	return r;
}

static void name_column(const struct opt *o, struct buf *out)
{
	const char *value = opt_value_name(o);

	buf_init(out, 256);
	if (o->letter)
		buf_addf(out, "  -%c, --%s", o->letter, o->name);
	else
		buf_addf(out, "      --%s", o->name);
	if (value)
		buf_addf(out, " %s", value);
}

static bool shows_default(const struct opt *o)
{
	return o->otherwise && !(o->flags & OPT_NO_DEFAULT) && o->otherwise[0] &&
	       !(o->kind == OPT_FLAG && streq(o->otherwise, "false"));
}

/* A help text may have several lines: all but the first are indented to the column. */
static void help_column(const struct opt *o, size_t column, struct buf *out)
{
	struct str rest = str_of(o->help), line;
	bool more = true, first = true;

	while (more) {
		more = str_cut(rest, '\n', &line, &rest);
		if (!first)
			buf_addn(out, ' ', column);
		buf_addstr(out, line);
		if (!more && (o->flags & OPT_NOT_DONE))
			buf_adds(out, " (not done yet)");
		if (!more && shows_default(o))
			buf_addf(out, o->kind == OPT_STRING ? " (default \"%s\")" : " (default %s)",
				 o->otherwise);
		buf_addc(out, '\n');
		first = false;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct opt *const *)a)->name, (*(const struct opt *const *)b)->name);
}

void opt_help(const struct opt_set *sets, size_t n_sets, struct buf *out)
{
	struct parser all = { .sets = sets, .n_sets = n_sets };
	VEC(const struct opt *) rows = { 0 };
	size_t width = 0;

	opt_foreach(o, set, &all)
	{
		if (!(o->flags & OPT_HIDDEN))
			*vec_add(&rows) = o;
	}
	qsort(rows.v, rows.n, sizeof(*rows.v), by_name);
	vec_foreach (o, &rows) {
		autobuf name = { 0 };

		name_column(*o, &name);
		width = MAX(width, name.len);
	}
	vec_foreach (o, &rows) {
		autobuf name = { 0 };

		name_column(*o, &name);
		buf_addf(out, "%-*s   ", (int)width, name.p);
		help_column(*o, width + 3, out);
	}
	vec_done(&rows);
}
