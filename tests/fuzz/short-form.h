/* SPDX-License-Identifier: Apache-2.0 */
/* A pass with nothing around it: for the targets that try one short form. */
#ifndef TESTS_FUZZ_SHORT_FORM_H
#define TESTS_FUZZ_SHORT_FORM_H

#include "compose/pass.h"

struct short_form {
	struct findings findings;
	struct load_options opt;
	struct pass ps;
};

static inline void short_form_begin(struct short_form *f)
{
	*f = (struct short_form){ 0 };
	f->ps = (struct pass){ .arena = arena_new(), .findings = &f->findings, .opt = &f->opt };
}

static inline void short_form_end(struct short_form *f)
{
	findings_done(&f->findings);
	arena_free(f->ps.arena);
}

/* A list of one string. */
static inline struct node *list_of(struct pass *ps, const char *text)
{
	struct node *list = list_like(ps, NULL);

	node_list_add(ps->arena, list, string_like(ps, NULL, text));
	return list;
}

#endif
