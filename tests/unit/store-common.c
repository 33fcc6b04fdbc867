/* SPDX-License-Identifier: Apache-2.0 */
#include "store-common.h"

#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <unistd.h>

void store_reopen(struct store_fixture *f)
{
	f->store = store_free(f->store);
	if (store_open(f->state, &f->store, &f->err) < 0)
		fail_msg("%s", f->err.msg);
}

int store_set_up(void **state)
{
	struct store_fixture *f = xnew(struct store_fixture);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->state = xprintf("%s/state", f->dir);
	store_reopen(f);
	assert_int_equal(loop_new(&f->loop, &f->err), 0);
	*state = f;
	return 0;
}

int store_tear_down(void **state)
{
	struct store_fixture *f = *state;
	store_free(f->store);
	sd_event_unref(f->loop);
	path_remove_tree(AT_FDCWD, f->dir, NULL);
	free(f->state);
	free(f);
	return 0;
}

void task_good(struct store_fixture *f, struct task *t)
{
	f->err = ERROR_INIT;
	if (task_wait(t, &f->err) < 0)
		fail_msg("%s", f->err.msg);
}

void write_text(const char *dir, const char *name, const char *text)
{
	autofree char *path = xprintf("%s/%s", dir, name);
	assert_int_equal(io_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, NULL), 0);
}

void store_make_layer(struct store_fixture *f, const char *name, const char *text,
		      char ret_diff_id[DIGEST_MAX])
{
	autofree char *dir = NULL;
	uint64_t size = 0;
	assert_int_equal(store_layer_stage(f->store, &dir, &f->err), 0);
	write_text(dir, name, text);
	task_good(f, store_layer_adopt(f->store, f->loop, dir, 1000000000, ret_diff_id, &size));
	assert_true(size >= 2048);
}

void store_make_image(struct store_fixture *f, const char *ref, const char *const *diff_ids,
		      char ret_id[DIGEST_MAX])
{
	struct image_config c = { .os = xstrdup("linux"), .architecture = xstrdup("amd64") };
	for (; *diff_ids; diff_ids++)
		strv_push(&c.diff_ids, *diff_ids);
	strv_push(&c.config.cmd, "sh");
	c.created = xstrdup("2026-01-01T00:00:00Z");
	if (store_image_create(f->store, &c, ref, ret_id, &f->err) < 0)
		fail_msg("%s", f->err.msg);
	image_config_done(&c);
}

bool is_there(struct store_fixture *f, const char *path)
{
	return faccessat(store_dirfd(f->store), path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
