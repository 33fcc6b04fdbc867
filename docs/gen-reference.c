/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gen-reference man       the attributes' part of compose-file(5)
 * gen-reference support   docs/SUPPORT.md
 * gen-reference check     what has no text, and texts of what is not there; exit 1 when there is
 * any
 */
#include "docs/reference.h"

#include <stdio.h>

static int complain(const char *what, const char *path)
{
	fprintf(stderr, "%s: %s (docs/attr-text.c)\n", path, what);
	return 1;
}

static bool is_explained(const struct reference *ref, const char *path)
{
	vec_foreach (row, &ref->rows)
		if (!row->repeated && streq(row->path, path))
			return true;
	return false;
}

static int check(const struct reference *ref)
{
	int wrong = 0;

	vec_foreach (row, &ref->rows)
		if (!row->repeated && !attr_text(row->path))
			wrong |= complain("an attribute without a text", row->path);
	for (const struct attr_text *t = attr_texts; t->path; t++) {
		if (!is_explained(ref, t->path))
			wrong |= complain("a text without an attribute", t->path);
		if (t->text != attr_text(t->path))
			wrong |= complain("a second text", t->path);
	}
	return wrong;
}

static int run(const struct reference *ref, const char *what, struct buf *out)
{
	struct error err = ERROR_INIT;

	if (streq(what, "check"))
		return check(ref);
	if (streq(what, "support")) {
		print_support(ref, out);
		return 0;
	}
	if (!streq(what, "man")) {
		fputs("usage: gen-reference man|support|check\n", stderr);
		return 2;
	}
	if (print_man(ref, out, &err) < 0) {
		fprintf(stderr, "gen-reference: %s\n", err.msg);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct reference ref;
	autobuf out = { 0 };
	int status;

	buf_init(&out, BUF_MAX_ANY);
	reference_init(&ref);
	status = run(&ref, argc == 2 ? argv[1] : "", &out);
	fwrite(out.p, 1, out.len, stdout);
	reference_done(&ref);
	return status == 0 && fflush(stdout) != 0 ? 1 : status;
}
