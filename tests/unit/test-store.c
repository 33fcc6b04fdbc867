/* SPDX-License-Identifier: Apache-2.0 */
/* The image store: blobs, ingests, layers, images, and what goes when nothing needs it. */
#include "store-common.h"

#include "registry/db.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/io.h"
#include "util/path.h"
#include "util/time.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_blob(void **state)
{
	struct store_fixture *f = *state;
	char digest[DIGEST_MAX];
	autobuf b = { 0 };
	buf_init(&b, 100);
	assert_int_equal(store_blob_put(f->store, "hello", 5, digest, &f->err), 0);
	assert_int_equal(store_blob_put(f->store, "hello", 5, digest, &f->err), 0);
	assert_int_equal(store_blob_get(f->store, digest, NULL, NULL, &f->err), 1);
	assert_int_equal(store_blob_read(f->store, digest, &b, &f->err), 0);
	assert_string_equal(b.p, "hello");
	digest[10] = digest[10] == '0' ? '1' : '0';
	assert_int_equal(store_blob_get(f->store, digest, NULL, NULL, &f->err), 0);
	assert_int_equal(store_blob_get(f->store, "sha256:../../x", NULL, NULL, &f->err),
			 -ERR_INVALID);
}

static void test_ingest(void **state)
{
	struct store_fixture *f = *state;
	struct ingest *in = NULL, *other = NULL;
	uint64_t at = 7;
	char digest[DIGEST_MAX];
	hash_digest("0123456789", 10, digest);
	assert_int_equal(store_ingest_begin(f->store, digest, 10, &in, &at, &f->err), 0);
	assert_int_equal(at, 0);
	assert_int_equal(ingest_write(in, "01234", 5, &f->err), 0);
	assert_int_equal(store_ingest_begin(f->store, digest, 10, &other, &at, &f->err), 2);
	struct task *wait = store_ingest_wait(f->store, f->loop, digest);
	assert_false(wait->ended);
	ingest_free(in);
	task_good(f, wait);
	assert_int_equal(store_ingest_begin(f->store, digest, 10, &in, &at, &f->err), 0);
	assert_int_equal(at, 5);
	assert_int_equal(ingest_write(in, "567890", 6, &f->err), -ERR_CORRUPT);
	assert_int_equal(ingest_write(in, "56789", 5, &f->err), 0);
	assert_int_equal(ingest_commit(in, &f->err), 0);
	assert_int_equal(store_ingest_begin(f->store, digest, 10, &in, &at, &f->err), 1);
	assert_int_equal(store_ingest_begin(f->store, digest, 10, &in, &at, &f->err), 1);
}

static void test_ingest_corrupt(void **state)
{
	struct store_fixture *f = *state;
	struct ingest *in = NULL;
	uint64_t at;
	char digest[DIGEST_MAX];
	hash_digest("right", 5, digest);
	assert_int_equal(store_ingest_begin(f->store, digest, 5, &in, &at, &f->err), 0);
	assert_int_equal(ingest_write(in, "wrong", 5, &f->err), 0);
	assert_int_equal(ingest_commit(in, &f->err), -ERR_CORRUPT);
	assert_int_equal(store_blob_get(f->store, digest, NULL, NULL, &f->err), 0);
	assert_int_equal(store_ingest_begin(f->store, digest, 5, &in, &at, &f->err), 0);
	assert_int_equal(at, 0);
	ingest_free(in);
}

static void test_layer(void **state)
{
	struct store_fixture *f = *state;
	char one[DIGEST_MAX], two[DIGEST_MAX];
	struct descriptor d = { 0 };
	store_make_layer(f, "file", "text", one);
	store_make_layer(f, "file", "text", two);
	assert_string_equal(one, two);
	assert_true(store_layer_has(f->store, one));
	autofree char *path = store_layer_path(f->store, one);
	autofree char *file = xprintf("%s/file", path);
	assert_true(path_exists(file));
	task_good(f, store_layer_blob(f->store, f->loop, one, LAYER_GZIP, &d));
	assert_string_equal(d.media_type, MEDIA_OCI_LAYER "+gzip");
	assert_int_equal(store_blob_get(f->store, d.digest, NULL, NULL, &f->err), 1);
	descriptor_done(&d);
}

/* The layer goes; its blob brings it back. */
static void test_unpack(void **state)
{
	struct store_fixture *f = *state;
	char id[DIGEST_MAX];
	struct descriptor d = { 0 };
	static const enum layer_compression all[] = { LAYER_GZIP, LAYER_ZSTD, LAYER_PLAIN };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		autofree char *name = xprintf("file%zu", i);
		store_make_layer(f, name, "text", id);
		task_good(f, store_layer_blob(f->store, f->loop, id, all[i], &d));
		assert_int_equal(db_run(store_db(f->store), &f->err, "DELETE FROM layers", ""), 0);
		assert_false(store_layer_has(f->store, id));
		task_good(f, store_layer_unpack_blob(f->store, f->loop, id, d.digest));
		assert_true(store_layer_has(f->store, id));
		descriptor_done(&d);
	}
}

/* Bytes on a pipe that are not what they should be leave nothing behind. */
static void test_unpack_wrong(void **state)
{
	struct store_fixture *f = *state;
	char id[DIGEST_MAX], digest[DIGEST_MAX];
	int fd = -1;
	hash_digest("x", 1, id);
	hash_digest("y", 1, digest);
	struct task *t = store_layer_unpack(f->store, f->loop, id, digest, &fd);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "not a tar", 9), 9);
	fd_close(fd);
	assert_int_equal(task_wait(t, &f->err), -ERR_CORRUPT);
	assert_false(store_layer_has(f->store, id));
	t = store_layer_unpack(f->store, f->loop, id, digest, &fd);
	task_cancel(t);
	assert_int_equal(task_wait(t, &f->err), -ERR_CANCELLED);
	fd_close(fd);
}

static void test_image(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX], id[DIGEST_MAX], id2[DIGEST_MAX];
	struct image im = { 0 };
	image_vec list = { 0 };
	struct image_config c = { 0 };
	store_make_layer(f, "a", "a", a);
	store_make_layer(f, "b", "b", b);
	store_make_image(f, "app", (const char *[]){ a, NULL }, id);
	assert_int_equal(store_image_find(f->store, "app:latest", &im, &f->err), 1);
	assert_string_equal(im.ref, "docker.io/library/app:latest");
	assert_string_equal(im.id, id);
	assert_string_equal(im.platform, "linux/amd64");
	image_done(&im);
	id[20] = 0;
	assert_int_equal(store_image_find(f->store, id + 7, &im, &f->err), 1);
	image_done(&im);
	assert_int_equal(store_image_find(f->store, "nothing", &im, &f->err), 0);
	store_make_image(f, "app", (const char *[]){ a, b, NULL }, id2);
	assert_int_equal(store_image_config(f->store, id2, &c, &f->err), 0);
	assert_int_equal(c.diff_ids.n, 2);
	image_config_done(&c);
	assert_int_equal(store_image_list(f->store, &list, &f->err), 0);
	assert_int_equal(list.n, 2); /* the first one has lost its name */
	image_vec_done(&list);
}

static void test_image_without_layer(void **state)
{
	struct store_fixture *f = *state;
	char id[DIGEST_MAX], no[DIGEST_MAX];
	struct image_config c = { .os = xstrdup("linux") };
	hash_digest("", 0, no);
	strv_push(&c.diff_ids, no);
	assert_int_equal(store_image_create(f->store, &c, "x", id, &f->err), -ERR_NOT_FOUND);
	image_config_done(&c);
}

static void test_remove(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX], one[DIGEST_MAX], two[DIGEST_MAX];
	autostrv untagged = { 0 }, deleted = { 0 };
	store_make_layer(f, "a", "a", a);
	store_make_layer(f, "b", "b", b);
	store_make_image(f, "one", (const char *[]){ a, NULL }, one);
	store_make_image(f, "two", (const char *[]){ a, b, NULL }, two);
	assert_int_equal(store_image_use(f->store, two, "container:x", &f->err), 0);
	assert_int_equal(store_image_remove(f->store, "two", false, &untagged, &deleted, &f->err),
			 -ERR_CONFLICT);
	assert_int_equal(store_image_release(f->store, "container:x", &f->err), 0);
	assert_int_equal(store_image_remove(f->store, "two", false, &untagged, &deleted, &f->err),
			 0);
	assert_string_equal(untagged.v[0], "docker.io/library/two:latest");
	assert_string_equal(deleted.v[0], two);
	assert_int_equal(deleted.n, 2);
	assert_string_equal(deleted.v[1], b);
	assert_true(store_layer_has(f->store, a));
	assert_false(store_layer_has(f->store, b));
	assert_int_equal(store_blob_get(f->store, two, NULL, NULL, &f->err), 0);
	assert_int_equal(store_image_remove(f->store, "two", false, &untagged, &deleted, &f->err),
			 -ERR_NOT_FOUND);
}

static void test_gc(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX], c[DIGEST_MAX], id[DIGEST_MAX], junk[DIGEST_MAX];
	struct store_gc_report rep = { 0 };
	store_make_layer(f, "a", "a", a);
	store_make_layer(f, "b", "b", b);
	store_make_layer(f, "c", "c", c);
	store_make_image(f, "app", (const char *[]){ a, NULL }, id);
	assert_int_equal(store_blob_put(f->store, "junk", 4, junk, &f->err), 0);
	assert_int_equal(
		db_exec(store_db(f->store), "CREATE TABLE mine (id TEXT, layer TEXT)", &f->err), 0);
	assert_int_equal(store_gc_root(f->store, GC_ROOT_LAYER, "mine", "layer", &f->err), 0);
	assert_int_equal(
		db_run(store_db(f->store), &f->err, "INSERT INTO mine VALUES (1, ?)", "s", c), 0);
	assert_int_equal(store_gc(f->store, true, false, &rep, &f->err), 0);
	assert_int_equal(rep.layers, 1);
	assert_int_equal(rep.blobs, 1);
	assert_true(store_layer_has(f->store, b));
	assert_int_equal(store_gc(f->store, false, false, &rep, &f->err), 0);
	assert_int_equal(rep.layers, 1);
	assert_false(store_layer_has(f->store, b));
	assert_true(store_layer_has(f->store, a));
	assert_true(store_layer_has(f->store, c));
	assert_int_equal(store_gc(f->store, false, true, &rep, &f->err), 0);
	assert_int_equal(rep.images, 1);
	assert_false(store_layer_has(f->store, a));
}

/* What another process has named stays for as long as that one has the store open; the rest goes.
 */
static void test_gc_others(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX], c[DIGEST_MAX], id[DIGEST_MAX], put[DIGEST_MAX];
	struct store *other = NULL;
	struct store_gc_report rep;
	struct image im = { 0 };
	store_make_layer(f, "a", "a", a);
	store_make_layer(f, "b", "b", b);
	store_make_layer(f, "c", "c", c);
	store_make_image(f, "app", (const char *[]){ c, NULL }, id);
	assert_int_equal(store_open(f->state, &other, &f->err), 0);
	assert_true(store_layer_has(other, a));
	assert_int_equal(store_blob_put(other, "put", 3, put, &f->err), 0);
	assert_int_equal(store_image_find(other, "app", &im, &f->err), 1);
	image_done(&im);
	assert_int_equal(store_gc(f->store, false, true, &rep, &f->err), 0);
	assert_int_equal(rep.layers, 1);
	assert_int_equal(rep.blobs, 0);
	assert_int_equal(rep.images, 0);
	assert_true(store_layer_has(other, a));
	assert_false(store_layer_has(other, b));
	assert_int_equal(store_blob_get(other, put, NULL, NULL, &f->err), 1);
	assert_int_equal(store_image_find(f->store, id, &im, &f->err), 1);
	image_done(&im);
	store_free(other);
	assert_int_equal(store_gc(f->store, false, true, &rep, &f->err), 0);
	assert_int_equal(rep.layers, 2);
	assert_int_equal(rep.images, 1);
	assert_false(store_layer_has(f->store, a));
}

/* Who was killed keeps nothing; nor does one that has the store open and named nothing of it. */
static void test_remove_others(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX], id[DIGEST_MAX];
	autostrv untagged = { 0 }, deleted = { 0 };
	struct store *other = NULL;
	store_make_layer(f, "a", "a", a);
	store_make_layer(f, "b", "b", b);
	store_make_image(f, "app", (const char *[]){ a, b, NULL }, id);
	assert_int_equal(store_open(f->state, &other, &f->err), 0);
	assert_true(store_layer_has(other, b));
	assert_int_equal(mkdirat(store_dirfd(f->store), "stage/dead", 0700), 0);
	autofree char *dead = xprintf("%s/stage/dead", f->state);
	autofree char *line = xprintf("\nlayer %s\n", a);
	write_text(dead, "pins", line);
	assert_int_equal(store_image_remove(f->store, "app", false, &untagged, &deleted, &f->err),
			 0);
	assert_false(store_layer_has(f->store, a));
	assert_true(store_layer_has(other, b));
	assert_int_equal(store_blob_get(f->store, id, NULL, NULL, &f->err), 0);
	store_free(other);
}

/* A partial file is removed when nobody fetches it. */
static void test_gc_ingest(void **state)
{
	struct store_fixture *f = *state;
	struct store *other = NULL;
	struct ingest *in = NULL;
	struct store_gc_report rep;
	char digest[DIGEST_MAX];
	uint64_t at;
	hash_digest("whole", 5, digest);
	autofree char *path = xprintf("ingest/%s", digest_hex(digest));
	assert_int_equal(store_open(f->state, &other, &f->err), 0);
	assert_int_equal(store_ingest_begin(other, digest, 5, &in, &at, &f->err), 0);
	assert_int_equal(ingest_write(in, "who", 3, &f->err), 0);
	assert_int_equal(store_gc(f->store, false, false, &rep, &f->err), 0);
	assert_int_equal(rep.partials, 0);
	assert_true(is_there(f, path));
	ingest_free(in);
	assert_int_equal(store_gc(f->store, true, false, &rep, &f->err), 0);
	assert_int_equal(rep.partials, 1);
	assert_int_equal(rep.bytes, 3);
	assert_int_equal(store_gc(f->store, false, false, &rep, &f->err), 0);
	assert_false(is_there(f, path));
	store_free(other);
}

/* Rows of caches go by age, and with them what only they kept. */
static void test_gc_cache(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX];
	struct store_gc_report rep;
	sqlite3 *db = store_db(f->store);
	store_make_layer(f, "a", "a", a);
	store_make_layer(f, "b", "b", b);
	assert_int_equal(db_exec(db, "CREATE TABLE mine (layer TEXT, used INTEGER)", &f->err), 0);
	assert_int_equal(store_gc_root(f->store, GC_ROOT_LAYER, "mine", "layer", &f->err), 0);
	assert_int_equal(store_gc_cache(f->store, "mine", "used", &f->err), 0);
	assert_int_equal(db_run(db, &f->err, "INSERT INTO mine VALUES (?, 1)", "s", a), 0);
	assert_int_equal(db_run(db, &f->err, "INSERT INTO mine VALUES (?, ?)", "si", b, time_now()),
			 0);
	assert_int_equal(store_gc(f->store, true, false, &rep, &f->err), 0);
	assert_int_equal(rep.cached, 1);
	assert_int_equal(rep.layers, 1);
	assert_int_equal(store_gc(f->store, false, false, &rep, &f->err), 0);
	assert_false(store_layer_has(f->store, a));
	assert_true(store_layer_has(f->store, b));
	assert_int_equal(store_gc(f->store, false, true, &rep, &f->err), 0);
	assert_int_equal(rep.cached, 1);
	assert_false(store_layer_has(f->store, b));
}

static void test_power_loss(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], b[DIGEST_MAX], id[DIGEST_MAX];
	store_make_layer(f, "a", "a", a);
	store_make_image(f, "app", (const char *[]){ a, NULL }, id);
	store_make_layer(f, "b", "b", b);
	assert_int_equal(db_exec(store_db(f->store),
				 "UPDATE layers SET boot = 'before' WHERE boot IS NOT NULL",
				 &f->err),
			 0);
	store_reopen(f);
	assert_true(store_layer_has(f->store, a));
	assert_false(store_layer_has(f->store, b));
	store_make_layer(f, "b", "b", b);
	assert_true(store_layer_has(f->store, b));
}

static void count_fault(void *userdata, const char *what, const char *digest, const char *fault)
{
	++*(int *)userdata;
}

static void test_fsck(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX], id[DIGEST_MAX];
	struct descriptor d = { 0 };
	int faults = 0;
	store_make_layer(f, "a", "a", a);
	store_make_image(f, "app", (const char *[]){ a, NULL }, id);
	task_good(f, store_layer_blob(f->store, f->loop, a, LAYER_GZIP, &d));
	assert_int_equal(store_fsck(f->store, false, count_fault, &faults, &f->err), 0);
	assert_int_equal(faults, 0);
	autofree char *path = store_layer_path(f->store, a);
	write_text(path, "a", "changed");
	assert_int_equal(store_fsck(f->store, true, count_fault, &faults, &f->err), 1);
	assert_int_equal(faults, 1);
	assert_int_equal(store_fsck(f->store, false, count_fault, &faults, &f->err), 0);
	autofree char *blob = xprintf("blobs/sha256/%s", digest_hex(d.digest));
	assert_int_equal(unlinkat(store_dirfd(f->store), blob, 0), 0);
	assert_int_equal(store_fsck(f->store, true, count_fault, &faults, &f->err), 1);
	assert_int_equal(faults, 2);
	descriptor_done(&d);
}

/* The same of a layer that came as a blob: one byte of a file is enough. */
static void test_fsck_unpacked(void **state)
{
	struct store_fixture *f = *state;
	char a[DIGEST_MAX];
	struct descriptor d = { 0 };
	int faults = 0;
	store_make_layer(f, "a", "a", a);
	task_good(f, store_layer_blob(f->store, f->loop, a, LAYER_GZIP, &d));
	assert_int_equal(db_run(store_db(f->store), &f->err, "DELETE FROM layers", ""), 0);
	task_good(f, store_layer_unpack_blob(f->store, f->loop, a, d.digest));
	assert_int_equal(store_fsck(f->store, false, count_fault, &faults, &f->err), 0);
	autofree char *path = store_layer_path(f->store, a);
	write_text(path, "a", "b");
	assert_int_equal(store_fsck(f->store, true, count_fault, &faults, &f->err), 1);
	assert_int_equal(faults, 1);
	assert_int_equal(store_fsck(f->store, false, count_fault, &faults, &f->err), 0);
	assert_true(store_layer_has(f->store, a));
	descriptor_done(&d);
}

/* What a process that was killed had under way goes with the next open. */
static void test_stage(void **state)
{
	struct store_fixture *f = *state;
	autofree char *dir = NULL;
	assert_int_equal(store_layer_stage(f->store, &dir, &f->err), 0);
	assert_int_equal(mkdirat(store_dirfd(f->store), "stage/dead", 0700), 0);
	struct store *other = NULL;
	assert_int_equal(store_open(f->state, &other, &f->err), 0);
	store_free(other);
	assert_true(path_exists(dir));
	assert_false(is_there(f, "stage/dead"));
	assert_int_equal(store_layer_unstage(f->store, dir, &f->err), 0);
	assert_false(path_exists(dir));
	assert_int_equal(store_layer_unstage(f->store, "/etc", &f->err), -ERR_INVALID);
}

#define STORE_TEST(t) cmocka_unit_test_setup_teardown(t, store_set_up, store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_blob),		 STORE_TEST(test_ingest),
		STORE_TEST(test_ingest_corrupt), STORE_TEST(test_layer),
		STORE_TEST(test_unpack),	 STORE_TEST(test_unpack_wrong),
		STORE_TEST(test_image),		 STORE_TEST(test_image_without_layer),
		STORE_TEST(test_remove),	 STORE_TEST(test_gc),
		STORE_TEST(test_gc_others),	 STORE_TEST(test_remove_others),
		STORE_TEST(test_gc_ingest),	 STORE_TEST(test_gc_cache),
		STORE_TEST(test_power_loss),	 STORE_TEST(test_fsck),
		STORE_TEST(test_fsck_unpacked),	 STORE_TEST(test_stage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
