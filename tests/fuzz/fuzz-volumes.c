/* SPDX-License-Identifier: Apache-2.0 */
/* Short volumes: one that is taken has a target, and a source when it is a bind; once more it stays
 * as it is. With the forms that interpolation leaves, it is the target that merges go by. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/short-form.h"

#include "util/path.h"

static void check(struct pass *ps, const char *text, struct node *mount)
{
	const char *target = node_str(node_get(mount, "target"), NULL);
	const char *type = node_str(node_get(mount, "type"), "");
	autofree char *clean = target ? path_clean(target) : NULL;

	if (!target || !streq(target, clean))
		abort();
	if (!streq(type, "volume") && !(streq(type, "bind") && node_get(mount, "source")))
		abort();
	if (short_volume(ps, mount, NULL, NULL) != mount || !volume_spec_target(ps, text))
		abort();
}

static void shorten(const char *text, bool raw)
{
	struct short_form f;
	struct node *mount;

	short_form_begin(&f);
	f.opt.no_interpolate = raw;
	mount = short_volume(&f.ps, string_like(&f.ps, NULL, text), NULL, NULL);
	if (is_map(mount))
		check(&f.ps, text, mount);
	else if (!raw && !pass_failed(&f.ps))
		abort();
	short_form_end(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);

	shorten(text, false);
	shorten(text, true);
	return 0;
}
