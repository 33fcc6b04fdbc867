/* SPDX-License-Identifier: Apache-2.0 */
/* What `config` prints instead of the configuration: names, hashes, variables. */
#ifndef CLI_CONFIG_LIST_H
#define CLI_CONFIG_LIST_H

#include "cli/cmd.h"

struct config_opts {
	char *format, *hash, *output, *explain, *origin;
	bool services, volumes, networks, models, profiles, images, variables, environment;
	bool no_interpolate, no_normalize, no_path_resolution, no_consistency, no_env_resolution;
	bool quiet, resolve_image_digests, lock_image_digests;
};

struct config_list {
	const struct cli *cli;
	const struct config_opts *opts;
	const struct project_tree *tree;
};

#define CONFIG_LIST(name) \
	int list_##name(const struct config_list *in, struct buf *out, struct error *err)
CONFIG_LIST(services);
CONFIG_LIST(volumes);
CONFIG_LIST(networks);
CONFIG_LIST(models);
CONFIG_LIST(hashes);
CONFIG_LIST(profiles);
CONFIG_LIST(images);
CONFIG_LIST(variables);
CONFIG_LIST(environment);
CONFIG_LIST(explain);
CONFIG_LIST(origin);

/* config-digests.c: every image by the digest that its registry has for it; then nothing but the images. */
int config_resolve_digests(struct cli *cli, struct project_tree *t, struct error *err);
void config_keep_images(struct project_tree *t);

#endif
