/* SPDX-License-Identifier: Apache-2.0 */
/* Image references: what parses is printed in a form that parses to the same. */
#include "tests/fuzz/fuzz.h"

#include "registry/platform.h"
#include "registry/ref.h"
#include "util/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *s = xstrndup((const char *)data, size), *text = NULL, *again = NULL;
	struct platform p;
	autoref ref = { 0 };
	autoref second = { 0 };

	(void)platform_parse(s, &p, NULL);
	if (image_ref_parse(s, &ref, NULL) < 0)
		return 0;
	text = image_ref_text(&ref);
	if (image_ref_parse(text, &second, NULL) < 0)
		abort();
	again = image_ref_text(&second);
	if (!streq(text, again))
		abort();
	return 0;
}
