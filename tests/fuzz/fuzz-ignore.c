/* SPDX-License-Identifier: Apache-2.0 */
/* A .dockerignore, after the first line, which is the path that is held against it. */
#include "tests/fuzz/fuzz.h"

#include "builder/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size }, path, rest;
	autocall(ignore_freep) struct ignore *ig = NULL;
	autofree char *p = NULL;

	str_cut(text, '\n', &path, &rest);
	p = str_dup(path);
	if (ignore_parse("f", rest, &ig, NULL) == 0)
		ignore_match(ig, p);
	return 0;
}
