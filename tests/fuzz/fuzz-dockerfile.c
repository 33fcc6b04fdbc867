/* SPDX-License-Identifier: Apache-2.0 */
/* A Dockerfile to its graph; each argument expanded, each mount parsed. */
#include "tests/fuzz/fuzz.h"

#include "builder/chmod.h"
#include "builder/expand.h"
#include "builder/graph.h"
#include "builder/ports.h"

static void expand_args(const struct graph *g, const struct inst *in)
{
	automap env = { 0 };
	autostrv ports = { 0 };
	struct chmod mode;

	strmap_set(&env, "A", "value");
	strmap_set(&env, "E", "");
	strv_foreach (a, &in->args) {
		autofree char *text = NULL;
		autostrv words = { 0 };

		expand_word(a, g->df.escape, 0, &env, NULL, &text, NULL);
		expand_words(a, g->df.escape, 0, &env, NULL, &words, NULL);
		ports_parse(a, &ports, NULL);
		chmod_parse(a, &mode, NULL);
	}
	strv_foreach (m, &in->flags.mounts) {
		struct run_mount mount = { 0 };

		run_mount_parse(m, g->df.escape, &env, &mount, NULL);
		run_mount_done(&mount);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct map none = { 0 };
	struct error err = ERROR_INIT;
	struct stage *target;
	struct graph g;

	if (graph_load("Dockerfile", (struct str){ (const char *)data, size }, &none, &none, &g,
		       &err) < 0)
		return 0;
	graph_target(&g, NULL, &target, &err);
	vec_foreach (s, &g.stages)
		vec_foreach (in, &(*s)->insts)
			expand_args(&g, in);
	graph_done(&g);
	return 0;
}
