/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/exec.h"

#include "engine/local/oci-container.h"
#include "util/fd.h"
#include "util/io.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define LIMIT_RUNTIME_LOG (64 << 10)
#define NOT_FOUND	  127
#define NOT_RUN		  126

void exec_done(struct exec_run *run)
{
	run->child.pidfd = fd_close(run->child.pidfd);
	run->log = fd_close(run->log);
}

static int read_hostname(const struct local *l, const char *id, char **ret, struct error *err)
{
	autofree char *dir = container_run_dir(l, id), *path = xprintf("%s/hostname", dir);
	autobuf b = { 0 };
	int r;

	buf_init(&b, 4096);
	r = io_read_file(AT_FDCWD, path, &b, err);
	if (r == 0)
		*ret = str_dup(str_trim(buf_str(&b)));
	return r;
}

static int write_process(struct local *l, const struct record *rec, const struct status *st,
			 const struct exec_spec *x, int *ret_fd, struct error *err)
{
	autofree char *root = xprintf("/proc/%d/root", (int)st->pid), *hostname = NULL;
	autoclose int rootfs = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct oci_spec o = { 0 };
	autobuf b = { 0 };
	int r;

	if (rootfs < 0)
		return error_sys(err, "root filesystem of %s", rec->spec.name);
	buf_init(&b, LIMIT_CONFIG_JSON);
	r = read_hostname(l, rec->id, &hostname, err);
	if (r == 0)
		r = oci_of_exec(rec, x, rootfs, hostname, &o, err);
	if (r == 0) {
		oci_process_write(&o, NULL, &b);
		r = buf_check(&b, "process of exec", err);
	}
	oci_spec_done(&o);
	return r < 0 ? r : fd_of_bytes("process.json", b.p, b.len, ret_fd, err);
}

static int spawn(struct local *l, const struct record *rec, const struct exec_spec *x, int ns,
		 int process, struct exec_run *run, struct error *err)
{
	autofree char *oci = xprintf("%s/oci", l->run_dir);
	const char *runtime = rec->spec.runtime && *rec->spec.runtime ? rec->spec.runtime
								      : l->runtime;
	const int fds[] = { ns, process, run->log };
	const char *argv[] = { "compose-shim",
			       "exec",
			       runtime,
			       "--root",
			       oci,
			       "--log",
			       "/proc/self/fd/5",
			       "exec",
			       "--process",
			       "/proc/self/fd/4",
			       rec->id,
			       NULL,
			       NULL };
	const struct child_spec spec = { .program = l->shim,
					 .argv = (char *const *)argv,
					 .stdin_fd = x->stdin_fd,
					 .stdout_fd = x->stdout_fd,
					 .stderr_fd = x->stderr_fd,
					 .extra_fds = fds,
					 .n_extra_fds = ARRAY_SIZE(fds) };

	if (x->detach) {
		argv[10] = "--detach";
		argv[11] = rec->id;
	}
	return child_spawn(&spec, &run->child, err);
}

int exec_start(struct local *l, const struct record *rec, const struct exec_spec *x,
	       struct exec_run *run, struct error *err)
{
	autoclose int ns = -1, process = -1;
	autofree char *path = NULL;
	struct status st = { 0 };
	int r;

	*run = (struct exec_run){ .child = CHILD_INIT, .log = -1 };
	r = container_status(l, rec->id, &st, err);
	if (r < 0)
		return r;
	if (r == 0 || st.state != RUN_RUNNING)
		return error_set(err, ERR_CONFLICT, "container %s is not running", rec->spec.name);
	path = xprintf("/proc/%d/ns/mnt", (int)st.shim);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return error_sys(err, "mount namespace of %s", rec->spec.name);
	run->log = memfd_create("runtime-log", MFD_CLOEXEC);
	if (run->log < 0)
		return error_sys(err, "memfd");
	r = write_process(l, rec, &st, x, &process, err);
	if (r == 0)
		r = spawn(l, rec, x, ns, process, run, err);
	if (r < 0)
		exec_done(run);
	return r;
}

int exec_result(struct exec_run *run, int *code, struct error *err)
{
	autobuf b = { 0 };
	const char *at;

	buf_init(&b, LIMIT_RUNTIME_LOG);
	if (lseek(run->log, 0, SEEK_SET) < 0 || io_read_fd(run->log, &b, NULL) < 0 || !b.len)
		return 0;
	while (b.len && b.p[b.len - 1] == '\n')
		buf_truncate(&b, b.len - 1);
	at = strrchr(b.p, '\n');
	at = at ? at + 1 : b.p;
	/* A warning of the runtime is in its log, too. */
	if (*code == 0)
		return 0;
	if (strstr(at, "not found") || strstr(at, "No such file")) {
		*code = NOT_FOUND;
	} else if (strstr(at, "ermission denied")) {
		*code = NOT_RUN;
	} else if (*code != 1 && *code != 255) {
		return 0;
	}
	return error_set(err, ERR_CHILD, "exec: %s", at);
}

struct exec {
	struct task task;
	int *ret_code;
	struct exec_run run;
	sd_event_source *watch;
	bool told; /* the runtime has complained on the caller's stderr itself */
	int tty;   /* our terminal, whose modes the runtime changes; borrowed, -1: none */
	struct termios modes;
};

static void exec_free(struct task *t)
{
	struct exec *x = container_of(t, struct exec, task);

	sd_event_source_disable_unref(x->watch);
	exec_done(&x->run);
	free(x);
}

static void exec_cancel(struct task *t)
{
	struct exec *x = container_of(t, struct exec, task);

	child_kill(&x->run.child, SIGKILL);
}

static const struct task_ops exec_ops = { "container exec", exec_cancel, exec_free };

static void on_exit_of_exec(void *userdata, int code, bool signalled)
{
	struct exec *x = userdata;
	struct error err = ERROR_INIT;
	int r;

	x->watch = sd_event_source_disable_unref(x->watch);
	/* The runtime does it too, unless it was killed. */
	if (x->tty >= 0)
		tcsetattr(x->tty, TCSADRAIN, &x->modes);
	r = exec_result(&x->run, &code, &err);
	if (x->told)
		r = 0;
	if (x->task.cancelled)
		r = error_set(&err, ERR_CANCELLED, "exec cancelled");
	if (r < 0)
		err.exit_code = code;
	if (x->ret_code)
		*x->ret_code = code;
	task_end_with(&x->task, r, &err);
}

struct task *local_container_exec(struct engine *e, const char *id, const struct exec_spec *spec,
				  int *ret_code)
{
	struct local *l = local_of(e);
	struct exec *x = xnew(struct exec);
	struct error err = ERROR_INIT;
	autorecord rec = { 0 };
	int r;

	task_init(&x->task, &exec_ops, e->loop);
	x->ret_code = ret_code;
	x->run = (struct exec_run){ .child = CHILD_INIT, .log = -1 };
	x->tty = -1;
	x->told = spec->stderr_fd >= 0;
	if (spec->tty && tcgetattr(spec->stdin_fd, &x->modes) == 0)
		x->tty = spec->stdin_fd;
	r = record_get(store_db(l->store), id, &rec, &err);
	if (r == 0)
		r = exec_start(l, &rec, spec, &x->run, &err);
	if (r == 0)
		r = child_watch(e->loop, &x->run.child, on_exit_of_exec, x, &x->watch, &err);
	if (r < 0)
		task_fail(&x->task, &err);
	return &x->task;
}
