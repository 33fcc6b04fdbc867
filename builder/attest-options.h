/* SPDX-License-Identifier: Apache-2.0 */
/* What the user wants to be said about an image (attest.h). */
#ifndef BUILDER_ATTEST_OPTIONS_H
#define BUILDER_ATTEST_OPTIONS_H

#include "util/error.h"

struct attest_options {
	bool provenance, max, reproducible, sbom;
	char *builder_id; /* or NULL */
};
void attest_options_done(struct attest_options *o);
/* provenance: "true", "false", "mode=max,builder-id=..."; sbom: "true", "false"; NULL: none. */
int attest_parse(const char *provenance, const char *sbom, struct attest_options *ret,
		 struct error *err);

#endif
