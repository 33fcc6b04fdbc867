/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blob.h"

#include <stdio.h>

static const char *text(const char *s)
{
	return s ? s : "";
}

static bool is_attestation(const struct descriptor *d)
{
	const char *kind = strmap_get(&d->annotations, "vnd.docker.reference.type");

	return kind && streq(kind, "attestation-manifest");
}

static unsigned match_of(const struct descriptor *d, const struct platform *want)
{
	struct platform have = { 0 };

	if (is_attestation(d))
		return 0;
	if (!d->platform) /* it doesn't say: an index of an index, or a single image */
		return 1;
	snprintf(have.os, sizeof(have.os), "%s", text(d->platform->os));
	snprintf(have.arch, sizeof(have.arch), "%s", text(d->platform->architecture));
	snprintf(have.variant, sizeof(have.variant), "%s", text(d->platform->variant));
	return platform_match(want, &have);
}

static int none(const struct manifest *m, const struct platform *want, struct error *err)
{
	char want_text[100];
	autobuf b;

	buf_init(&b, 1024);
	vec_foreach (d, &m->manifests) {
		const char *variant = d->platform ? text(d->platform->variant) : "";

		if (!d->platform || is_attestation(d))
			continue;
		buf_addf(&b, "%s%s/%s%s%s", b.len ? ", " : "", text(d->platform->os),
			 text(d->platform->architecture), *variant ? "/" : "", variant);
	}
	return error_set(err, ERR_NOT_FOUND, "there is no image for %s; there is one for: %s",
			 platform_text(want, want_text), b.len ? b.p : "nothing");
}

int index_choose(const struct manifest *m, const struct platform *want, struct descriptor *ret,
		 struct error *err)
{
	const struct descriptor *best = NULL;
	unsigned best_match = 0;

	vec_foreach (d, &m->manifests) {
		unsigned match = match_of(d, want);

		if (match > best_match) {
			best = d;
			best_match = match;
		}
	}
	if (!best)
		return none(m, want, err);
	if (best->size > LIMIT_MANIFEST)
		return error_set(err, ERR_LIMIT, "a manifest larger than %d bytes", LIMIT_MANIFEST);
	descriptor_copy(ret, best);
	return 0;
}
