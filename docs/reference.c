/* SPDX-License-Identifier: Apache-2.0 */
#include "docs/reference.h"

/* Where a walk is. */
struct at {
	const char *path;
	size_t section;
	unsigned engines;
	bool no_effect, repeated;
};

static void walk(struct reference *ref, const struct attr *attr, struct at at);

static size_t add_section(struct reference *ref, const char *path, const char *title)
{
	*vec_add(&ref->sections) = (struct ref_section){ xstrdup(path), title };
	return ref->sections.n - 1;
}

/* The first row whose members are these. */
static const struct ref_row *met_before(const struct reference *ref, const struct attr *members)
{
	for (size_t i = 0; i < ref->rows.n; i++) {
		const struct attr *attr = ref->rows.v[i].attr;
		const struct attr *holder = attr->each	 ? attr->each
					    : attr->item ? attr->item
							 : attr;

		if (holder->members == members)
			return &ref->rows.v[i];
	}
	return NULL;
}

static const char *below_section(const struct reference *ref, const char *path, size_t section)
{
	size_t n = strlen(ref->sections.v[section].path);

	return n ? path + n + 1 : path;
}

/* What stands below a row: its own members, or those of what a map or list of it holds. */
static void descend(struct reference *ref, const struct attr *attr, const char *same_as,
		    struct at at)
{
	const struct attr *holder = attr->each ? attr->each : attr->item ? attr->item : attr;
	autofree char *path = NULL;

	if (!holder->members)
		return;
	path = xprintf("%s%s", at.path, attr->each ? ".*" : attr->item ? "[]" : "");
	at.path = path;
	if (holder->section)
		at.section = add_section(ref, path, holder->section);
	at.repeated = at.repeated || same_as;
	walk(ref, holder, at);
}

static void add_row(struct reference *ref, const struct attr *attr, struct at at)
{
	const struct attr *holder = attr->each ? attr->each : attr->item ? attr->item : attr;
	const struct ref_row *same = holder->members ? met_before(ref, holder->members) : NULL;
	const char *same_as = same ? same->path : NULL;
	char *path = xprintf("%s%s%s", at.path, *at.path ? "." : "", attr->name);

	at.engines &= attr->engines;
	/* What the loader itself takes away and uses has members. */
	at.no_effect = at.no_effect || ((attr->flags & ATTR_NOT_OURS) && !holder->members);
	*vec_add(&ref->rows) = (struct ref_row){
		.path = path,
		.local = below_section(ref, path, at.section),
		.attr = attr,
		.section = at.section,
		.engines = at.engines,
		.no_effect = at.no_effect,
		.repeated = at.repeated,
		.same_as = same_as,
	};
	at.path = path;
	descend(ref, attr, same_as, at);
}

static void walk(struct reference *ref, const struct attr *attr, struct at at)
{
	for (const struct attr *m = attr->members; m->name; m++)
		add_row(ref, m, at);
}

void reference_init(struct reference *ref)
{
	*ref = (struct reference){ 0 };
	add_section(ref, "", "top level");
	walk(ref, &schema_root, (struct at){ .path = "", .engines = ~0u });
}

void reference_done(struct reference *ref)
{
	vec_foreach (row, &ref->rows)
		free(row->path);
	vec_foreach (section, &ref->sections)
		free(section->path);
	vec_done(&ref->rows);
	vec_done(&ref->sections);
}

const char *attr_text(const char *path)
{
	for (const struct attr_text *t = attr_texts; t->path; t++)
		if (streq(t->path, path))
			return t->text;
	return NULL;
}
