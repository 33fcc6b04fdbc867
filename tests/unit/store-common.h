/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a fresh directory, and layers to put into it. */
#ifndef TESTS_STORE_COMMON_H
#define TESTS_STORE_COMMON_H

#include "unit.h"

#include "event/loop.h"
#include "registry/store.h"

#include <sqlite3.h>

struct store_fixture {
	char dir[64]; /* holds state/ */
	char *state;
	struct store *store;
	sd_event *loop;
	struct error err;
};

int store_set_up(void **state);
int store_tear_down(void **state);
void store_reopen(struct store_fixture *f);
/* A new layer whose one file /NAME holds text; its diff id. */
void store_make_layer(struct store_fixture *f, const char *name, const char *text,
		      char ret_diff_id[DIGEST_MAX]);
/* An image of these layers. */
void store_make_image(struct store_fixture *f, const char *ref, const char *const *diff_ids,
		      char ret_id[DIGEST_MAX]);
void write_text(const char *dir, const char *name, const char *text);
/* Runs a task to its end: asserts that it went well. */
void task_good(struct store_fixture *f, struct task *t);
bool is_there(struct store_fixture *f, const char *path);

#endif
