/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every container engine does, whatever it is made of: `engine-contract fake`,
 * `engine-contract local` (root). Tests of what processes do are left out for an engine that runs
 * none.
 */
#include "fixture.h"

#include "util/time.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sanitized helper needs its libraries, which are not in a container. */
#ifdef __has_feature
#define SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define OPS(f) (f)->engine->ops
#define E(f)   (f)->engine

static void names(void **state)
{
	struct fixture *f = *state;
	char id[65];

	container(f, "one");
	f->spec.name = xstrdup("one");
	f->spec.image = xstrdup(IMAGE);
	f->spec.network_mode = xstrdup("none");
	bad(f, OPS(f)->container_create(E(f), &f->spec, id), ERR_EXISTS);
	bad(f, OPS(f)->container_start(E(f), "two"), ERR_NOT_FOUND);
	bad(f, OPS(f)->container_remove(E(f), "two", true, false), ERR_NOT_FOUND);
	good(f, OPS(f)->container_rename(E(f), "one", "two"));
	assert_int_equal(state_of(f, "two"), CONTAINER_CREATED);
	bad(f, OPS(f)->container_start(E(f), "one"), ERR_NOT_FOUND);
}

static void no_image(void **state)
{
	struct fixture *f = *state;
	struct image im = { 0 };
	char id[65];

	assert_int_equal(good(f, OPS(f)->image_inspect(E(f), "nosuch:1", &im, NULL)), 0);
	assert_int_equal(good(f, OPS(f)->image_inspect(E(f), IMAGE, &im, NULL)), 1);
	assert_non_null(im.id);
	image_done(&im);
	f->spec.name = xstrdup("one");
	f->spec.image = xstrdup("nosuch:1");
	if (f->real)
		bad(f, OPS(f)->container_create(E(f), &f->spec, id), ERR_NOT_FOUND);
}

static void life(void **state)
{
	struct fixture *f = *state;
	struct container_info i;

	container(f, "one");
	assert_int_equal(state_of(f, "one"), CONTAINER_CREATED);
	good(f, OPS(f)->container_start(E(f), "one"));
	good(f, OPS(f)->container_start(E(f), f->id));
	info(f, f->id, &i);
	assert_int_equal(i.state, CONTAINER_RUNNING);
	assert_true(i.started >= i.created && i.created > 0);
	container_info_done(&i);
	bad(f, OPS(f)->container_remove(E(f), "one", false, false), ERR_CONFLICT);
	good(f, OPS(f)->container_stop(E(f), "one", NSEC_PER_SEC, false));
	good(f, OPS(f)->container_stop(E(f), "one", NSEC_PER_SEC, false));
	assert_int_equal(state_of(f, "one"), CONTAINER_EXITED);
	wait_code(f, "one");
	good(f, OPS(f)->container_start(E(f), "one"));
	assert_int_equal(state_of(f, "one"), CONTAINER_RUNNING);
	good(f, OPS(f)->container_remove(E(f), "one", true, false));
	bad(f, OPS(f)->container_stop(E(f), "one", -1, false), ERR_NOT_FOUND);
}

static void labels(void **state)
{
	struct fixture *f = *state;
	autostrv filter = { 0 };
	container_vec v = { 0 };

	strmap_set(&f->spec.labels, "com.docker.compose.project", "shop");
	strmap_set(&f->spec.labels, "tier", "front");
	container(f, "one");
	strmap_set(&f->spec.labels, "com.docker.compose.project", "shop");
	container(f, "two");
	container(f, "three");
	strv_push(&filter, "com.docker.compose.project=shop");
	good(f, OPS(f)->container_list(E(f), &filter, &v));
	assert_int_equal(v.n, 2);
	assert_string_equal(strmap_get(&v.v[0].labels, "tier"), "front");
	container_vec_done(&v);
	strv_push(&filter, "tier");
	good(f, OPS(f)->container_list(E(f), &filter, &v));
	assert_int_equal(v.n, 1);
	assert_string_equal(v.v[0].name, "one");
	container_vec_done(&v);
}

static void volumes(void **state)
{
	struct fixture *f = *state;
	struct volume_spec spec = { .name = (char *)"data" };
	struct mount_spec *m;
	volume_vec v = { 0 };

	strmap_set(&spec.labels, "a", "b");
	good(f, OPS(f)->volume_create(E(f), &spec));
	bad(f, OPS(f)->volume_create(E(f), &spec), ERR_EXISTS);
	good(f, OPS(f)->volume_list(E(f), NULL, &v));
	assert_int_equal(v.n, 1);
	assert_string_equal(v.v[0].name, "data");
	assert_string_equal(strmap_get(&v.v[0].labels, "a"), "b");
	volume_vec_done(&v);
	m = vec_add(&f->spec.mounts);
	m->type = MOUNT_VOLUME;
	m->source = xstrdup("data");
	m->target = xstrdup("/data");
	container(f, "one");
	bad(f, OPS(f)->volume_remove(E(f), "data"), ERR_CONFLICT);
	good(f, OPS(f)->container_remove(E(f), "one", true, true));
	good(f, OPS(f)->volume_remove(E(f), "data"));
	bad(f, OPS(f)->volume_remove(E(f), "data"), ERR_NOT_FOUND);
	map_done(&spec.labels);
}

static void networks(void **state)
{
	struct fixture *f = *state;
	struct network_spec spec = { .name = (char *)"front" };
	network_vec v = { 0 };

	good(f, OPS(f)->network_create(E(f), &spec));
	bad(f, OPS(f)->network_create(E(f), &spec), ERR_EXISTS);
	good(f, OPS(f)->network_list(E(f), NULL, &v));
	assert_int_equal(v.n, 1);
	assert_string_equal(v.v[0].name, "front");
	network_vec_done(&v);
	good(f, OPS(f)->network_remove(E(f), "front"));
	bad(f, OPS(f)->network_remove(E(f), "front"), ERR_NOT_FOUND);
}

struct seen {
	unsigned n[EVENT_OOM + 1];
	enum engine_event_type last;
};

static void on_event(void *userdata, const struct engine_event *ev)
{
	struct seen *s = userdata;

	s->n[ev->type]++;
	s->last = ev->type;
}

static bool removed(struct fixture *f, void *userdata)
{
	return ((struct seen *)userdata)->n[EVENT_REMOVED] > 0;
}

static void events(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };
	autostrv filter = { 0 };
	struct task *t;

	strv_push(&filter, "mine=1");
	t = OPS(f)->watch(E(f), &filter, on_event, &s);
	strmap_set(&f->spec.labels, "mine", "1");
	container(f, "one");
	container(f, "other");
	good(f, OPS(f)->container_start(E(f), "one"));
	good(f, OPS(f)->container_start(E(f), "other"));
	good(f, OPS(f)->container_stop(E(f), "one", 0, false));
	good(f, OPS(f)->container_remove(E(f), "one", false, false));
	until(f, removed, &s);
	assert_int_equal(s.n[EVENT_CREATED], 1);
	assert_int_equal(s.n[EVENT_STARTED], 1);
	assert_int_equal(s.n[EVENT_DIED], 1);
	assert_int_equal(s.n[EVENT_REMOVED], 1);
	assert_int_equal(s.last, EVENT_REMOVED);
	task_cancel(t);
	bad(f, t, ERR_CANCELLED);
}

/* ---- what processes do ---- */

static void output(void **state)
{
	struct fixture *f = *state;
	autofree char *text = NULL;

	script(f, "one", "echo out; sleep 0.05; echo err >&2; printf 'é\"\\t\\001'; exit 7");
	good(f, OPS(f)->container_start(E(f), "one"));
	assert_int_equal(wait_code(f, "one"), 7);
	text = logs(f, "one");
	assert_string_equal(text, "out\nE:err\né\"\t\001");
}

static void environment(void **state)
{
	struct fixture *f = *state;
	autofree char *text = NULL;

	strv_push(&f->spec.env, "MINE=a b");
	f->spec.hostname = xstrdup("box");
	f->spec.user = xstrdup("user");
	f->spec.working_dir = xstrdup("/data");
	script(f, "one",
	       "echo $MINE $FROM_IMAGE $HOME $PWD $HOSTNAME $(hostname) $(id -u):$(id -g) $(id "
	       "-G)");
	good(f, OPS(f)->container_start(E(f), "one"));
	assert_int_equal(wait_code(f, "one"), 0);
	text = logs(f, "one");
	assert_string_equal(text, "a b yes /home /data box box 1000:1001 1001 10\n");
}

static void not_startable(void **state)
{
	struct fixture *f = *state;
	struct container_info i;

	f->spec.has_command = true;
	strv_push(&f->spec.command, "/no/such");
	container(f, "one");
	bad(f, OPS(f)->container_start(E(f), "one"), ERR_CHILD);
	info(f, "one", &i);
	assert_int_equal(i.state, CONTAINER_CREATED);
	assert_int_equal(i.exit_code, 127);
	assert_non_null(i.error);
	container_info_done(&i);
}

/* Said on the program's stderr, if it has one; 127 either way. */
static void missing(struct fixture *f)
{
	struct exec_spec x = { .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 };
	FILE *out = tmpfile();
	int code = 0;

	strv_push(&x.argv, "nosuch");
	bad(f, OPS(f)->container_exec(E(f), "one", &x, &code), ERR_CHILD);
	assert_int_equal(code, 127);
	code = 0;
	x.stderr_fd = fileno(out);
	good(f, OPS(f)->container_exec(E(f), "one", &x, &code));
	assert_int_equal(code, 127);
	assert_true(lseek(x.stderr_fd, 0, SEEK_END) > 0);
	fclose(out);
	strv_done(&x.argv);
}

static void execs(void **state)
{
	struct fixture *f = *state;
	autofree char *text = NULL;
	int code;

	container(f, "one");
	good(f, OPS(f)->container_start(E(f), "one"));
	text = exec_text(f, "one", "echo $FROM_IMAGE; exit 3", &code);
	assert_string_equal(text, "yes\n");
	assert_int_equal(code, 3);
	missing(f);
	good(f, OPS(f)->container_stop(E(f), "one", 0, false));
	bad(f,
	    OPS(f)->container_exec(
		    E(f), "one",
		    &(struct exec_spec){ .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 }, &code),
	    ERR_CONFLICT);
}

static void stop_signals(void **state)
{
	struct fixture *f = *state;

	script(f, "polite", "trap 'exit 5' TERM; while :; do sleep 0.1; done");
	script(f, "deaf", "trap '' TERM; while :; do sleep 0.1; done");
	f->spec.stop_signal = xstrdup("SIGUSR1");
	script(f, "own", "trap 'exit 6' USR1; while :; do sleep 0.1; done");
	good(f, OPS(f)->container_start(E(f), "polite"));
	good(f, OPS(f)->container_start(E(f), "deaf"));
	good(f, OPS(f)->container_start(E(f), "own"));
	free(exec_text(f, "own", "sleep 0.2", NULL));
	good(f, OPS(f)->container_stop(E(f), "polite", -1, false));
	good(f, OPS(f)->container_stop(E(f), "deaf", 300 * NSEC_PER_MSEC, false));
	good(f, OPS(f)->container_stop(E(f), "own", -1, false));
	assert_int_equal(wait_code(f, "polite"), 5);
	assert_int_equal(wait_code(f, "deaf"), 137);
	assert_int_equal(wait_code(f, "own"), 6);
}

static bool is_running_again(struct fixture *f, void *userdata)
{
	struct container_info i;
	bool yes;

	info(f, "one", &i);
	yes = i.restarts >= 2 && i.state == CONTAINER_EXITED;
	container_info_done(&i);
	return yes;
}

static void restarts(void **state)
{
	struct fixture *f = *state;

	f->spec.restart = RESTART_ON_FAILURE;
	f->spec.restart_max = 2;
	script(f, "one", "exit 9");
	good(f, OPS(f)->container_start(E(f), "one"));
	until(f, is_running_again, NULL);
	assert_int_equal(wait_code(f, "one"), 9);
}

static bool is_healthy(struct fixture *f, void *userdata)
{
	struct container_info i;
	bool yes;

	info(f, "one", &i);
	yes = i.health == *(enum health *)userdata;
	container_info_done(&i);
	return yes;
}

static void health(void **state)
{
	struct fixture *f = *state;
	struct healthcheck *h = f->spec.healthcheck = xnew(struct healthcheck);
	enum health want = HEALTH_STARTING;

	strv_push(&h->test, "CMD-SHELL");
	strv_push(&h->test, "test -e /ok");
	h->interval = 100 * NSEC_PER_MSEC;
	h->retries = 2;
	container(f, "one");
	good(f, OPS(f)->container_start(E(f), "one"));
	until(f, is_healthy, &want);
	want = HEALTH_UNHEALTHY;
	until(f, is_healthy, &want);
	free(exec_text(f, "one", "touch /ok", NULL));
	want = HEALTH_HEALTHY;
	until(f, is_healthy, &want);
}

static void mounts(void **state)
{
	struct fixture *f = *state;
	autofree char *text = NULL, *again = NULL;
	struct mount_spec *m;
	struct file_spec *file;

	m = vec_add(&f->spec.mounts);
	m->type = MOUNT_VOLUME;
	m->source = xstrdup("vol");
	m->target = xstrdup("/data");
	m = vec_add(&f->spec.mounts);
	m->type = MOUNT_TMPFS;
	m->target = xstrdup("/scratch");
	m = vec_add(&f->spec.mounts);
	m->type = MOUNT_BIND;
	m->source = xprintf("%s/made", f->dir);
	m->target = xstrdup("/made");
	m->create_host_path = true;
	file = vec_add(&f->spec.files);
	file->target = xstrdup("/run/secrets/key");
	file->content = xstrdup("secret");
	file->n_content = 6;
	f->spec.read_only = true;
	script(f, "one",
	       "cat /data/file /data/sub/deep /run/secrets/key; echo; touch /x 2>/dev/null || echo "
	       "ro;"
	       "touch /scratch/x && echo rw; echo kept >/data/new; touch /made/x");
	good(f, OPS(f)->container_start(E(f), "one"));
	assert_int_equal(wait_code(f, "one"), 0);
	text = logs(f, "one");
	assert_string_equal(text, "from the image\ndeeper\nsecret\nro\nrw\n");
	m = vec_add(&f->spec.mounts);
	m->type = MOUNT_VOLUME;
	m->source = xstrdup("vol");
	m->target = xstrdup("/data");
	script(f, "two", "cat /data/new");
	good(f, OPS(f)->container_start(E(f), "two"));
	assert_int_equal(wait_code(f, "two"), 0);
	again = logs(f, "two");
	assert_string_equal(again, "kept\n");
}

static void limits(void **state)
{
	struct fixture *f = *state;
	autofree char *text = NULL;
	struct ulimit_spec *u = vec_add(&f->spec.ulimits);

	u->name = xstrdup("nofile");
	u->soft = 100;
	u->hard = 200;
	f->spec.resources.memory = 64 << 20;
	f->spec.resources.pids = 50;
	strv_push(&f->spec.cap_drop, "ALL");
	strmap_set(&f->spec.sysctls, "net.ipv4.ip_unprivileged_port_start", "80");
	f->spec.init = !SANITIZED;
	script(f, "one",
	       "ulimit -n; ulimit -Hn; grep CapBnd /proc/self/status || head -30 /proc/self/status;"
	       "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; head -c 17 /proc/1/cmdline");
	good(f, OPS(f)->container_start(E(f), "one"));
	wait_code(f, "one");
	text = logs(f, "one");
	assert_non_null(strstr(text, "100\n200\n"));
	assert_non_null(strstr(text, "CapBnd:\t0000000000000000"));
	assert_non_null(strstr(text, "\n80\n"));
	assert_non_null(strstr(text, SANITIZED ? "sh" : "/sbin/docker-init"));
}

static void pauses(void **state)
{
	struct fixture *f = *state;

	container(f, "one");
	good(f, OPS(f)->container_start(E(f), "one"));
	good(f, engine_container_pause(E(f), "one"));
	assert_int_equal(state_of(f, "one"), CONTAINER_PAUSED);
	bad(f, engine_container_pause(E(f), "one"), ERR_CONFLICT);
	good(f, engine_container_unpause(E(f), "one"));
	assert_int_equal(state_of(f, "one"), CONTAINER_RUNNING);
	good(f, engine_container_pause(E(f), "one"));
	good(f, OPS(f)->container_stop(E(f), "one", 0, false));
}

static void attached(void **state)
{
	struct fixture *f = *state;
	int in[2], out[2], code = -1;
	struct task *a;
	char text[64];
	ssize_t n;

	assert_ok(fd_pipe(in, &err));
	assert_ok(fd_pipe(out, &err));
	f->spec.stdin_open = true;
	script(f, "one", "read x; echo got $x; cat; exit 4");
	a = engine_container_attach(E(f), "one", in[0], out[1], out[1]);
	good(f, OPS(f)->container_start(E(f), "one"));
	assert_int_equal(write(in[1], "hello\nmore\n", 11), 11);
	fd_close(in[1]);
	good(f, a);
	good(f, OPS(f)->container_wait(E(f), "one", &code));
	assert_int_equal(code, 4);
	fd_close(out[1]);
	n = read(out[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = 0;
	assert_string_equal(text, "got hello\nmore\n");
	fd_close(in[0]);
	fd_close(out[0]);
}

static void terminal(void **state)
{
	struct fixture *f = *state;
	autofree char *text = NULL;

	f->spec.tty = true;
	script(f, "one", "test -t 0 && test -t 1 && echo tty $TERM");
	good(f, OPS(f)->container_start(E(f), "one"));
	assert_int_equal(wait_code(f, "one"), 0);
	text = logs(f, "one");
	assert_string_equal(text, "tty xterm\r\n");
}

struct follow {
	unsigned lines;
};

static void count(void *userdata, const struct log_line *l)
{
	((struct follow *)userdata)->lines++;
}

static void follows(void **state)
{
	struct fixture *f = *state;
	struct log_options opt = { .follow = true, .tail = -1 };
	struct follow c = { 0 };
	struct task *t;

	strmap_set(&f->spec.log_options, "max-size", "20k");
	strmap_set(&f->spec.log_options, "max-file", "3");
	script(f, "one", "for i in $(seq 20); do seq 100; sleep 0.02; done");
	good(f, OPS(f)->container_start(E(f), "one"));
	t = OPS(f)->container_logs(E(f), "one", &opt, count, &c);
	good(f, t);
	assert_int_equal(c.lines, 2000);
	c.lines = 0;
	opt = (struct log_options){ .tail = 5 };
	good(f, OPS(f)->container_logs(E(f), "one", &opt, count, &c));
	assert_int_equal(c.lines, 5);
}

static void step_output(void *userdata, bool is_stderr, const void *p, size_t n)
{
	buf_add(userdata, p, n);
}

static void steps(void **state)
{
	struct fixture *f = *state;
	struct store *s = OPS(f)->store(E(f));
	struct step_spec spec = { .network = (char *)"none" };
	struct image_config c = { 0 };
	struct image im = { 0 };
	autofree char *stage = NULL, *made = NULL;
	struct buf out;
	struct stat st;
	int code = -1;

	buf_init(&out, 1 << 20);
	good(f, OPS(f)->image_inspect(E(f), IMAGE, &im, &c));
	assert_ok(store_layer_stage(s, &stage, &err));
	strv_take(&spec.layers, store_layer_path(s, c.diff_ids.v[0]));
	spec.upper = xstrdup(stage);
	spec.work = xprintf("%s/work", f->dir);
	assert_int_equal(mkdir(spec.work, 0700), 0);
	strv_push(&spec.argv, "/bin/sh");
	strv_push(&spec.argv, "-c");
	strv_push(&spec.argv, "env; cat /data/file; touch /made; exit 3");
	strv_push(&spec.env, "PATH=/bin");
	spec.output = step_output;
	spec.userdata = &out;
	good(f, engine_step_run(E(f), &spec, &code));
	assert_int_equal(code, 3);
	assert_non_null(strstr(out.p, "from the image\n"));
	assert_null(strstr(out.p, "HOSTNAME"));
	made = xprintf("%s/made", stage);
	assert_int_equal(stat(made, &st), 0);
	buf_done(&out);
	strv_done(&spec.layers);
	strv_done(&spec.argv);
	strv_done(&spec.env);
	free(spec.upper);
	free(spec.work);
	image_done(&im);
	image_config_done(&c);
}

static bool has_exited(struct fixture *f, void *userdata)
{
	return state_of(f, "one") == CONTAINER_EXITED;
}

static bool has_died(struct fixture *f, void *userdata)
{
	return ((struct seen *)userdata)->n[EVENT_DIED] > 0;
}

/* Or dead, and its new parent has not asked yet. */
static bool is_gone(pid_t pid)
{
	autofree char *path = xprintf("/proc/%d/stat", (int)pid);
	FILE *p = fopen(path, "re");
	char state = 'Z';

	if (p && fscanf(p, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	if (p)
		fclose(p);
	return state == 'Z' || state == 'X';
}

static void dead_shim(void **state)
{
	struct fixture *f = *state;
	struct container_info i;
	struct seen s = { 0 };
	struct task *t;
	int code = -1;

	container(f, "one");
	good(f, OPS(f)->container_start(E(f), "one"));
	t = OPS(f)->watch(E(f), NULL, on_event, &s);
	info(f, "one", &i);
	{
		/* The parent of the container's first process. */
		autofree char *path = xprintf("/proc/%d/stat", (int)i.pid);
		FILE *p = fopen(path, "re");
		int parent = 0;

		assert_non_null(p);
		assert_int_equal(fscanf(p, "%*d (%*[^)]) %*c %d", &parent), 1);
		fclose(p);
		assert_true(parent > 1);
		assert_int_equal(kill(parent, SIGKILL), 0);
	}
	until(f, has_exited, NULL);
	good(f, OPS(f)->container_wait(E(f), "one", &code));
	assert_int_equal(code, 137);
	good(f, OPS(f)->recover(E(f), ""));
	assert_true(is_gone(i.pid));
	until(f, has_died, &s);
	task_unref(t);
	container_info_done(&i);
	good(f, OPS(f)->container_start(E(f), "one"));
	assert_int_equal(state_of(f, "one"), CONTAINER_RUNNING);
}

static void unsupported(void **state)
{
	struct fixture *f = *state;
	char id[65];

	f->spec.name = xstrdup("one");
	f->spec.image = xstrdup(IMAGE);
	f->spec.log_driver = xstrdup("syslog");
	bad(f, OPS(f)->container_create(E(f), &f->spec, id), ERR_UNSUPPORTED);
	f->spec.log_driver[0] = 0;
	strmap_set(&f->spec.storage_opt, "size", "1g");
	bad(f, OPS(f)->container_create(E(f), &f->spec, id), ERR_UNSUPPORTED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_open, fixture_close)

int main(int argc, char **argv)
{
	const struct CMUnitTest every[] = {
		TEST(names),   TEST(no_image), TEST(life),   TEST(labels),
		TEST(volumes), TEST(networks), TEST(events),
	};
	const struct CMUnitTest real[] = {
		TEST(output),	    TEST(environment), TEST(not_startable), TEST(execs),
		TEST(stop_signals), TEST(restarts),    TEST(health),	    TEST(mounts),
		TEST(limits),	    TEST(pauses),      TEST(attached),	    TEST(terminal),
		TEST(follows),	    TEST(steps),       TEST(dead_shim),	    TEST(unsupported),
	};
	int r;

	fixture_engine = argc > 1 ? argv[1] : "fake";
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	r = cmocka_run_group_tests_name(fixture_engine, every, NULL, NULL);
	if (streq(fixture_engine, "local"))
		r += cmocka_run_group_tests_name("local, processes", real, NULL, NULL);
	return r ? 1 : 0;
}
