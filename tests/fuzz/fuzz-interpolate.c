/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of variables, and commands in one string. */
#include "tests/fuzz/fuzz.h"

#include "compose/interpolate.h"
#include "compose/shellwords.h"

static const char *get(void *userdata, const char *name, const char **ret_origin)
{
	return streq(name, "A") ? "value" : streq(name, "E") ? "" : NULL;
}

static void cast(struct arena *a, const char *text)
{
	struct node *n = node_string(a, text, (struct place){ 0 });
	const char *warn = NULL;

	for (enum cast c = CAST_NONE; c <= CAST_BOOL; c++)
		node_cast(a, n, c, &warn, NULL);
}

static void collect(struct arena *a, const char *text)
{
	struct variables vars = { .arena = a };

	variables_collect(&vars, node_string(a, text, (struct place){ 0 }));
	variables_done(&vars);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autocall(arena_freep) struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, size);
	struct interp in = { .vars.get = get };
	struct error err = ERROR_INIT;
	autostrv words = { 0 };
	autobuf out;

	buf_init(&out, LIMIT_INTERPOLATED);
	interpolate(&in, text, &out, &err);
	collect(a, text);
	cast(a, text);
	shell_words(text, &words, &err);
	return 0;
}
