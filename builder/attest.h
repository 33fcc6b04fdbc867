/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said about an image, beside it: in-toto statements of how it was made (SLSA provenance)
 * and of what is in it (SPDX). Each image of an index has one manifest of them, attached as
 * BuildKit does: platform unknown/unknown, annotations vnd.docker.reference.type and .digest.
 * Nothing in them is of the moment, so that the same input gives the same index.
 */
#ifndef BUILDER_ATTEST_H
#define BUILDER_ATTEST_H

#include "builder/set.h"

/* Of one image, whose manifest (m->desc) is in the store: puts the manifest of its statements
 * there. */
int attest_image(const struct attest_options *o, const struct member *m, struct descriptor *ret,
		 struct error *err);

/* The predicates. Owned by the caller. */
json_t *provenance_predicate(const struct attest_options *o, const struct member *m);
/* Of the package databases of the root filesystem. */
int sbom_predicate(const struct member *m, json_t **ret, struct error *err);
/* "pkg:docker/HOST/NAME@TAG?platform=linux%2Famd64". Owned by the caller. */
char *purl_of_image(const char *ref, const struct platform *p);
char *percent_encode(const char *s);

#endif
