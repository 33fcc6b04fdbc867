/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "engine/fake.h"
#include "registry/store.h"
#include "util/io.h"
#include "util/time.h"

#include <sys/stat.h>
#include <unistd.h>

#define BUSYBOX "/bin/busybox"

const char *fixture_engine;

int good(struct fixture *f, struct task *t)
{
	struct error err = ERROR_INIT;
	int r = task_wait(t, &err);

	if (r < 0)
		fail_msg("%d: %s", r, err.msg);
	return r;
}

void bad(struct fixture *f, struct task *t, enum err_code code)
{
	struct error err = ERROR_INIT;
	int r = task_wait(t, &err);

	if (r != -(int)code)
		fail_msg("%d (%s), not %s", r, err.msg, err_code_name(code));
	assert_true(err.msg[0]);
}

static void link_applets(const char *bin)
{
	static const char *const names[] = { "sh",    "sleep", "echo",	   "cat",     "ls",
					     "id",    "env",   "stty",	   "kill",    "true",
					     "false", "test",  "hostname", "head",    "seq",
					     "touch", "mount", "ip",	   "trap",    "wget",
					     "nc",    "ps",    "dd",	   "nslookup" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *path = xprintf("%s/%s", bin, names[i]);

		assert_int_equal(symlink("busybox", path), 0);
	}
}

static void put(const char *dir, const char *name, const char *text)
{
	autofree char *path = xprintf("%s/%s", dir, name);

	assert_ok(io_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, &err));
}

/* A root filesystem of one program. */
static void fill_root(const char *root)
{
	static const char *const dirs[] = {
		"bin", "etc", "tmp", "root", "data", "data/sub", "home"
	};
	autofree char *to = xprintf("%s/bin/busybox", root), *bin = xprintf("%s/bin", root);
	autobuf b = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		autofree char *dir = xprintf("%s/%s", root, dirs[i]);

		assert_int_equal(mkdir(dir, 0755), 0);
	}
	buf_init(&b, 16 << 20);
	assert_ok(io_read_file(AT_FDCWD, BUSYBOX, &b, &err));
	assert_ok(io_replace_fast(AT_FDCWD, to, b.p, b.len, 0755, &err));
	link_applets(bin);
	put(root, "etc/passwd",
	    "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1001:User:/home:/bin/sh\n");
	put(root, "etc/group", "root:x:0:\nuser:x:1001:\nwheel:x:10:user\n");
	put(root, "data/file", "from the image\n");
	put(root, "data/sub/deep", "deeper\n");
}

static void make_image(struct fixture *f)
{
	struct store *s = f->engine->ops->store(f->engine);
	char id[DIGEST_MAX], diff_id[DIGEST_MAX];
	struct image_config c = { 0 };
	autofree char *stage = NULL;
	uint64_t size;

	assert_ok(store_layer_stage(s, &stage, &err));
	fill_root(stage);
	good(f, store_layer_adopt(s, f->loop, stage, INT64_MAX, diff_id, &size));
	c.architecture = xstrdup("amd64");
	c.os = xstrdup("linux");
	strv_push(&c.diff_ids, diff_id);
	strv_push(&c.config.cmd, "sleep");
	strv_push(&c.config.cmd, "1000");
	strv_push(&c.config.env, "FROM_IMAGE=yes");
	assert_ok(store_image_create(s, &c, "docker.io/library/" IMAGE, id, &err));
	image_config_done(&c);
}

static void open_local(struct fixture *f)
{
	autofree char *state = NULL, *run = NULL;
	char name[] = "/tmp/compose-contract.XXXXXX";

	assert_non_null(mkdtemp(name));
	f->dir = xstrdup(name);
	state = xprintf("%s/state", f->dir);
	run = xprintf("%s/run", f->dir);
	setenv("COMPOSE_STATE_DIR", state, 1);
	setenv("COMPOSE_RUN_DIR", run, 1);
	assert_ok(engine_local_new(f->loop, &f->engine, &err));
	f->real = true;
	make_image(f);
}

int fixture_open(void **state)
{
	struct fixture *f = xnew(struct fixture);

	*state = f;
	f->spec.stop_timeout = f->spec.resources.memory_swappiness = -1;
	assert_ok(loop_new(&f->loop, &err));
	if (streq(fixture_engine, "local")) {
		open_local(f);
		return 0;
	}
	assert_ok(engine_fake_new(f->loop, &f->engine, &err));
	fake_add_image(f->engine, IMAGE,
		       "sha256:0123456789012345678901234567890123456789012345678901234567890123");
	return 0;
}

int fixture_close(void **state)
{
	struct fixture *f = *state;
	container_vec v = { 0 };

	good(f, f->engine->ops->container_list(f->engine, NULL, &v));
	vec_foreach (i, &v)
		good(f, f->engine->ops->container_remove(f->engine, i->id, true, true));
	container_vec_done(&v);
	container_spec_done(&f->spec);
	engine_free(f->engine);
	sd_event_unref(f->loop);
	if (f->dir)
		path_remove_tree(AT_FDCWD, f->dir, NULL);
	free(f->dir);
	free(f);
	return 0;
}

const char *container(struct fixture *f, const char *name)
{
	free(f->spec.name);
	f->spec.name = xstrdup(name);
	free(f->spec.image);
	f->spec.image = xstrdup(IMAGE);
	if (!f->spec.networks.n && !f->spec.network_mode)
		f->spec.network_mode = xstrdup("none");
	good(f, f->engine->ops->container_create(f->engine, &f->spec, f->id));
	container_spec_done(&f->spec);
	f->spec.stop_timeout = f->spec.resources.memory_swappiness = -1;
	return f->id;
}

const char *script(struct fixture *f, const char *name, const char *text)
{
	f->spec.has_command = true;
	strv_push(&f->spec.command, "sh");
	strv_push(&f->spec.command, "-c");
	strv_push(&f->spec.command, text);
	return container(f, name);
}

void info(struct fixture *f, const char *name, struct container_info *ret)
{
	container_vec v = { 0 };

	*ret = (struct container_info){ 0 };
	good(f, f->engine->ops->container_list(f->engine, NULL, &v));
	vec_foreach (i, &v)
		if (streq(i->name, name) || streq(i->id, name)) {
			*ret = *i;
			*i = (struct container_info){ 0 };
		}
	container_vec_done(&v);
	if (!ret->id)
		fail_msg("no container %s", name);
}

enum container_state state_of(struct fixture *f, const char *name)
{
	struct container_info i;
	enum container_state s;

	info(f, name, &i);
	s = i.state;
	container_info_done(&i);
	return s;
}

int wait_code(struct fixture *f, const char *name)
{
	int code = -1;

	good(f, f->engine->ops->container_wait(f->engine, name, &code));
	return code;
}

static void add_line(void *userdata, const struct log_line *l)
{
	struct buf *b = userdata;

	if (l->is_stderr)
		buf_adds(b, "E:");
	buf_addstr(b, l->text);
	if (!l->partial)
		buf_addc(b, '\n');
}

char *logs(struct fixture *f, const char *name)
{
	struct log_options opt = { .tail = -1 };
	struct buf b;

	buf_init(&b, 64 << 20);
	good(f, f->engine->ops->container_logs(f->engine, name, &opt, add_line, &b));
	return buf_steal(&b);
}

char *exec_text(struct fixture *f, const char *name, const char *text, int *code)
{
	struct exec_spec x = { .stdin_fd = -1 };
	FILE *out = tmpfile();
	struct buf b;
	int c = -1;

	x.stdout_fd = x.stderr_fd = fileno(out);
	strv_push(&x.argv, "sh");
	strv_push(&x.argv, "-c");
	strv_push(&x.argv, text);
	good(f, f->engine->ops->container_exec(f->engine, name, &x, &c));
	strv_done(&x.argv);
	buf_init(&b, 1 << 20);
	assert_int_equal(lseek(fileno(out), 0, SEEK_SET), 0);
	assert_ok(io_read_fd(fileno(out), &b, &err));
	fclose(out);
	if (code)
		*code = c;
	return buf_steal(&b);
}

void until(struct fixture *f, bool (*check)(struct fixture *f, void *userdata), void *userdata)
{
	int64_t end = time_monotonic() + 10 * NSEC_PER_SEC;

	while (!check(f, userdata)) {
		if (time_monotonic() > end)
			fail_msg("not within ten seconds");
		sd_event_run(f->loop, 20000);
	}
}
