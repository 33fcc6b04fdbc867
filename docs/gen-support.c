/* SPDX-License-Identifier: Apache-2.0 */
#include "docs/reference.h"

static const struct {
	const char *title;
	enum attr_engine engine;
} engines[] = {
	{ "local", ENGINE_LOCAL },
	{ "docker", ENGINE_DOCKER },
	{ "kube", ENGINE_KUBE },
};

static const char intro[] =
	"<!-- Made by gen-reference from compose/schema.c; `make -C build update-docs` writes it "
	"anew. -->\n"
	"# What each engine does\n"
	"\n"
	"Every attribute that a compose file may hold, and which engine does it. *yes*: it does. "
	"*an error*: `compose config` reads and\n"
	"checks it, and a command that needs the engine refuses the project, with the place of the "
	"attribute; nothing is passed\n"
	"over in silence. *no effect*: Docker Compose accepts it and makes nothing of it, and so "
	"does compose. An attribute within one that\n"
	"is an error is an error too. `*` is a name that the user chooses, `[]` an item of a list. "
	"What each attribute means: compose-file(5).\n"
	"\n"
	"The engines `docker` and `kube` are not there yet: all of their column is an error.\n";

static void print_row(const struct ref_row *row, struct buf *out)
{
	buf_addf(out, "| `%s` |", row->local);
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
		buf_addf(out, " %s |",
			 row->no_effect			    ? "no effect"
			 : row->engines & engines[i].engine ? "yes"
							    : "an error");
	buf_addc(out, '\n');
}

static void print_section(const struct reference *ref, size_t section, struct buf *out)
{
	const struct ref_section *s = &ref->sections.v[section];

	buf_addf(out, "\n## %s%s%s%s\n\n| attribute |", s->title, *s->path ? " (`" : "", s->path,
		 *s->path ? "`)" : "");
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
		buf_addf(out, " %s |", engines[i].title);
	buf_adds(out, "\n|---|---|---|---|\n");
	vec_foreach (row, &ref->rows)
		if (row->section == section)
			print_row(row, out);
}

void print_support(const struct reference *ref, struct buf *out)
{
	buf_adds(out, intro);
	for (size_t i = 0; i < ref->sections.n; i++)
		print_section(ref, i, out);
}
