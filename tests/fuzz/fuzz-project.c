/* SPDX-License-Identifier: Apache-2.0 */
/* A whole compose file, from its text to what `config` prints of it and to its hashes. */
#include "tests/fuzz/fuzz.h"

#include "compose/load.h"
#include "util/fd.h"

#include <stdio.h>

static void print_all(const struct project_tree *t, bool raw)
{
	struct buf out;
	char hash[65];

	buf_init(&out, BUF_MAX_ANY);
	config_print(t, CONFIG_YAML, raw, &out, NULL);
	config_print(t, CONFIG_JSON, raw, &out, NULL);
	buf_done(&out);
	if (raw)
		return;
	node_each(m, node_get(t->root, "services")) service_hash(t, m->key, hash);
	node_each(m, node_get(t->root, "networks")) network_hash(t, m->key, hash);
	node_each(m, node_get(t->root, "volumes")) volume_hash(t, m->key, hash);
}

static void load(const char *path, bool raw)
{
	struct map environ = { 0 };
	struct load_options opt = {
		.environ = &environ,
		.project_name = "fuzz",
		.project_dir = "/nonexistent",
		.cwd = "/",
		.no_interpolate = raw,
		.skip_env_files = true,
	};
	autocall(project_tree_freep) struct project_tree *t = NULL;
	struct findings f = { 0 };
	struct buf text;

	strmap_set(&environ, "A", "1");
	strv_push(&opt.files, path);
	if (project_load(&opt, &t, &f) == 0)
		print_all(t, raw);
	buf_init(&text, BUF_MAX_ANY);
	findings_print(&f, false, &text);
	buf_done(&text);
	findings_done(&f);
	strv_done(&opt.files);
	map_done(&environ);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoclose int fd = -1;
	char path[64];

	if (fd_of_bytes("compose.yaml", data, size, &fd, NULL) < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	load(path, false);
	load(path, true);
	return 0;
}
