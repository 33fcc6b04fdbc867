/* SPDX-License-Identifier: Apache-2.0 */
#include "docs/reference.h"

#include "compose/pass.h"

#include <ctype.h>

/* What a value is, by the table's kind. */
static const char *const kinds[] = {
	[KIND_ANY] = "anything",
	[KIND_STRING] = "string",
	[KIND_BOOL] = "true or false",
	[KIND_INT] = "integer",
	[KIND_UINT] = "integer, not negative",
	[KIND_FLOAT] = "number",
	[KIND_CPUS] = "number",
	[KIND_SIZE] = "size",
	[KIND_SPAN] = "duration",
	[KIND_COMMAND] = "list of words, or a string that is split as a shell would",
	[KIND_TEST] = "list of words, or a string for the shell",
	[KIND_LABELS] = "map of strings",
	[KIND_OPTIONS] = "map of strings",
	[KIND_STRMAP] = "map of strings",
	[KIND_ENVIRONMENT] = "map of strings",
	[KIND_HOSTS] = "map of addresses",
	[KIND_STRINGS] = "list of strings",
	[KIND_WORDS] = "list of strings",
	[KIND_TEXTS] = "list of strings and numbers",
	[KIND_ULIMIT] = "integer, or soft and hard",
	[KIND_MODE] = "octal file mode",
	[KIND_COUNT] = "integer, or all",
	[KIND_SSH] = "map of strings",
	[KIND_MULTI] = "map of strings or lists of strings",
	[KIND_LIST] = "list",
	[KIND_MAP] = "map",
	[KIND_OBJECT] = "map",
};

/* How two files' values become one, where that isn't the rule of the kind. */
static const struct {
	__typeof__(((struct attr *)0)->merge) merge;
	const char *text;
} merges[] = {
	{ merge_replace, "A later file's takes the place of the earlier one's." },
	{ merge_sequence, "A later file's are added." },
	{ merge_build, "Merged member by member." },
	{ merge_depends_on, "Merged by name." },
	{ merge_keys, "Merged by name." },
	{ merge_hosts, "A later file's are added, without what is there already." },
	{ merge_logging, "Merged while both files name one driver; else the later one's counts." },
	{ merge_ulimit, "A later file's takes the place of the earlier one's." },
	{ merge_ipam, "Entries of one subnet are merged; others are added." },
};
static const struct {
	__typeof__(((struct attr *)0)->unique) unique;
	const char *text;
} uniques[] = {
	{ unique_key_value, "Of several with one key the last counts." },
	{ unique_text, "What is there twice counts once." },
	{ unique_port, "Of several with one address, port, target and protocol the last counts." },
	{ unique_volume, "Of several with one target the last counts." },
	{ unique_device, "Of several with one target the last counts." },
	{ unique_secret, "Of several with one target the last counts." },
	{ unique_config, "Of several with one target the last counts." },
	{ unique_env_file, "Of several with one path the last counts." },
};

/* Text on lines of its own: a line must not begin as a request does. */
static void add_text(struct buf *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		buf_adds(out, "\\&");
	for (; *s; s++)
		buf_adds(out, *s == '\\' ? "\\e" : *s == '-' ? "\\-" : (const char[]){ *s, 0 });
}

static void add_line(struct buf *out, const char *s)
{
	add_text(out, s);
	buf_addc(out, '\n');
}

static bool takes(const struct attr *attr, unsigned form)
{
	return attr && (attr->forms & form);
}

static bool is_collection(enum attr_kind kind)
{
	return kind == KIND_LIST || kind == KIND_MAP || kind == KIND_OBJECT;
}

static void add_items(const struct attr *attr, struct buf *out)
{
	if (attr->kind == KIND_LIST && attr->item && attr->item->members)
		buf_adds(out, takes(attr->item, FORM_STRING) ? " of maps or strings" : " of maps");
	if (attr->kind == KIND_MAP && attr->each && attr->each->members)
		buf_adds(out, " by name");
}

/* The short forms, and those that stand for the same. */
static void add_other_forms(const struct attr *attr, struct buf *out)
{
	if (attr->kind == KIND_COMMAND || attr->kind == KIND_TEST)
		return;
	if (attr->kind == KIND_MAP && takes(attr, FORM_LIST))
		buf_adds(out, ", or list of names");
	else if (takes(attr, FORM_LIST) && takes(attr, FORM_MAP))
		buf_adds(out, ", or list of key=value");
	if (takes(attr, FORM_STRING) &&
	    (is_collection(attr->kind) || attr->kind == KIND_STRINGS || attr->kind == KIND_WORDS))
		buf_adds(out, ", or a string");
}

static void print_type(const struct attr *attr, struct buf *out)
{
	buf_adds(out, kinds[attr->kind]);
	add_items(attr, out);
	add_other_forms(attr, out);
	if (attr->ranged)
		buf_addf(out, attr->max == INT64_MAX ? ", from %lld" : ", %lld to %lld",
			 (long long)attr->min, (long long)attr->max);
	if (attr->flags & ATTR_REQUIRED)
		buf_adds(out, "; required");
}

static void print_words(const struct attr *attr, struct buf *out)
{
	if (!attr->words)
		return;
	buf_adds(out, attr->kind == KIND_STRING ? "One of" : "As a string:");
	for (const char *const *w = attr->words; *w; w++)
		buf_addf(out, "%s %s", w == attr->words ? "" : ",", *w);
	buf_adds(out, ".\n");
}

/* A rule of its own needs its words here, or the page would be silent about it. */
static int print_rules(const struct ref_row *row, struct buf *out, struct error *err)
{
	const char *merge = NULL, *unique = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(merges); i++)
		if (merges[i].merge == row->attr->merge)
			merge = merges[i].text;
	for (size_t i = 0; i < ARRAY_SIZE(uniques); i++)
		if (uniques[i].unique == row->attr->unique)
			unique = uniques[i].text;
	if ((row->attr->merge && !merge) || (row->attr->unique && !unique))
		return error_set(err, ERR_UNSUPPORTED, "%s: its merge rule has no text in %s",
				 row->path, __FILE__);
	if (merge)
		add_line(out, merge);
	if (unique)
		add_line(out, unique);
	return 0;
}

static void print_engines(const struct ref_row *row, struct buf *out)
{
	if (row->no_effect)
		add_line(out, "Accepted, and without effect.");
	else if (!row->engines)
		add_line(out, "No engine does it yet: an error.");
}

static int print_row(const struct reference *ref, const struct ref_row *row, struct buf *out,
		     struct error *err)
{
	const char *text = attr_text(row->path);
	int r;

	buf_adds(out, ".It Cm ");
	add_text(out, row->local);
	buf_adds(out, "\n(");
	print_type(row->attr, out);
	buf_adds(out, ")\n");
	add_line(out, text ? text : "");
	print_words(row->attr, out);
	r = print_rules(row, out, err);
	if (r < 0)
		return r;
	if (row->same_as) {
		buf_adds(out, "Its members are those of ");
		add_text(out, row->same_as);
		buf_adds(out, ".\n");
	}
	print_engines(row, out);
	return 0;
}

static void print_heading(const struct ref_section *s, struct buf *out)
{
	buf_adds(out, ".Sh ");
	for (const char *p = s->title; *p; p++)
		buf_addc(out, (char)toupper((unsigned char)*p));
	buf_addc(out, '\n');
	if (!*s->path)
		return;
	buf_adds(out, "Members of\n.Cm ");
	add_text(out, s->path);
	buf_adds(out, ".\n");
}

static int print_section(const struct reference *ref, size_t section, struct buf *out,
			 struct error *err)
{
	int r = 0;

	print_heading(&ref->sections.v[section], out);
	buf_adds(out, ".Bl -tag -width Ds\n");
	vec_foreach (row, &ref->rows) {
		if (r == 0 && row->section == section && !row->repeated)
			r = print_row(ref, row, out, err);
	}
	buf_adds(out, ".El\n");
	return r;
}

int print_man(const struct reference *ref, struct buf *out, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ref->sections.n; i++)
		r = print_section(ref, i, out, err);
	return r;
}
