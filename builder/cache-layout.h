/* SPDX-License-Identifier: Apache-2.0 */
/* type=local: a build cache in a directory, an OCI layout whose index names it by a tag. */
#ifndef BUILDER_CACHE_LAYOUT_H
#define BUILDER_CACHE_LAYOUT_H

#include "builder/cache-config.h"
#include "builder/cache-spec.h"

#include "event/task.h"

int cache_layout_read(const struct cache_spec *spec, cache_record_vec *ret, struct error *err);
struct task *cache_layout_layer(const struct cache_spec *spec, struct store *s, sd_event *loop,
				const struct cache_record *r);
/* What m names is in the store. Other tags stay. */
int cache_layout_write(const struct cache_spec *spec, struct store *s, const struct manifest *m,
		       struct error *err);

#endif
