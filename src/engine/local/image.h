/* SPDX-License-Identifier: Apache-2.0 */
/* The image operations: the store's and the registry client's, as tasks of an engine. */
#ifndef LOCAL_IMAGE_H
#define LOCAL_IMAGE_H

#include "engine/local/local.h"

struct task *local_image_inspect(struct engine *e, const char *name, struct image *ret,
				 struct image_config *ret_config);
struct task *local_image_pull(struct engine *e, const char *ref, const char *platform,
			      const struct engine_progress *p, struct image *ret);
struct task *local_image_push(struct engine *e, const char *ref, const struct engine_progress *p,
			      char ret_digest[DIGEST_MAX]);
struct task *local_image_list(struct engine *e, image_vec *ret);
struct task *local_image_remove(struct engine *e, const char *name, bool force);
struct task *local_image_tag(struct engine *e, const char *name, const char *ref);
struct task *local_image_load(struct engine *e, int tar_fd);

#endif
