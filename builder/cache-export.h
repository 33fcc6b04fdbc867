/* SPDX-License-Identifier: Apache-2.0 */
/* cache_to: the steps of the builds, their layers and keys, for another machine to begin from. */
#ifndef BUILDER_CACHE_EXPORT_H
#define BUILDER_CACHE_EXPORT_H

#include "builder/set.h"

/* What is wrong with the entries is said before anything is built. */
int cache_export_check(const struct build_options *opt, struct error *err);
/* All that cache_to names, the image's own config (type=inline) apart. */
struct task *cache_export(struct build_set *set);
/* For the config of the image that a build gives, base64; NULL: no entry is inline. Owned by the
 * caller. */
char *cache_inline(struct build *b);

#endif
