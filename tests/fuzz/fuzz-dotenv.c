/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include "compose/dotenv.h"
#include "compose/yaml.h"

static const char *get(void *userdata, const char *name, const char **ret_origin)
{
	return streq(name, "A") ? "value" : NULL;
}

static void parse(struct arena *a, const struct source *src, enum dotenv_format format)
{
	automap values = { 0 };
	automap origins = { 0 };
	struct findings f = { 0 };
	struct dotenv d = {
		.vars.get = get, .values = &values, .origins = &origins, .warnings = &f
	};
	struct error err = ERROR_INIT;

	dotenv_parse(&d, src, format, &err);
	findings_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autocall(arena_freep) struct arena *a = arena_new();
	struct source *src = source_text(a, "f", (struct str){ (const char *)data, size });

	parse(a, src, DOTENV_PLAIN);
	parse(a, src, DOTENV_RAW);
	return 0;
}
