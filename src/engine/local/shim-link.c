/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/start.h"

#include "engine/local/oci-spec.h"
#include "util/fd.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MESSAGE 4096

struct shim_link {
	struct local *l;
	char *dir;
	int control;
	struct child child;
	sd_event_source *io, *exit;
	shim_fn fn;
	void *userdata;
};

static void link_free(struct shim_link *s)
{
	struct local *l = s->l;

	for (size_t i = 0; i < l->shims.n; i++)
		if (l->shims.v[i] == s) {
			vec_remove(&l->shims, i);
			break;
		}
	sd_event_source_disable_unref(s->io);
	sd_event_source_disable_unref(s->exit);
	fd_close(s->control);
	fd_close(s->child.pidfd);
	free(s->dir);
	free(s);
}

void start_forget_shims(struct local *l)
{
	while (l->shims.n)
		link_free(l->shims.v[0]);
	vec_done(&l->shims);
}

static void tell(struct shim_link *s, enum shim_event ev, int n, const char *text)
{
	if (s->fn)
		s->fn(s->userdata, ev, n, text);
}

static const struct {
	const char *word;
	enum shim_event event;
} words[] = {
	{ "ready", SHIM_READY },
	{ "started", SHIM_STARTED },
	{ "failed", SHIM_FAILED },
	{ "exited", SHIM_EXITED },
};

static void message(struct shim_link *s, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *rest = skip_prefix(text, words[i].word);

		if (!rest || (*rest && *rest != ' '))
			continue;
		rest += *rest == ' ';
		tell(s, words[i].event, (int)kv_int(rest), rest);
		return;
	}
}

/* All that it has said. False: it says no more. */
static bool hear(struct shim_link *s)
{
	char text[LIMIT_MESSAGE + 1];
	ssize_t n;

	while (s->control >= 0) {
		n = recv(s->control, text, LIMIT_MESSAGE, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		text[n] = 0;
		message(s, text);
	}
	return false;
}

static int on_control(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct shim_link *s = userdata;

	if (!hear(s))
		s->io = sd_event_source_disable_unref(s->io);
	return 0;
}

static void on_exit_of_shim(void *userdata, int code, bool signalled)
{
	struct shim_link *s = userdata;

	hear(s);
	tell(s, SHIM_GONE, code, "");
	link_free(s);
}

/* Nothing of the caller's stays open in what outlives it: who reads our stderr from a pipe waits
 * for its end. */
static int spawn(struct shim_link *s, int control, const int *stdio, int lock, struct error *err)
{
	const int fds[] = { control, stdio ? stdio[0] : lock, stdio ? stdio[1] : -1,
			    stdio ? stdio[2] : -1 };
	char *const argv[] = { (char *)"compose-shim", (char *)"run", s->dir, NULL };
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct child_spec spec = { .program = s->l->shim,
					 .argv = argv,
					 .cwd = "/",
					 .stdin_fd = -1,
					 .stdout_fd = -1,
					 .stderr_fd = null,
					 .extra_fds = fds,
					 .n_extra_fds = stdio ? 4 : 2,
					 .new_session = true };
	int r = child_spawn(&spec, &s->child, err);

	if (r < 0)
		return r;
	return child_watch(s->l->engine.loop, &s->child, on_exit_of_shim, s, &s->exit, err);
}

int shim_start(struct local *l, const char *dir, const struct buf *job, const int *stdio, int lock,
	       shim_fn fn, void *userdata, struct shim_link **ret, struct error *err)
{
	autofree char *path = xprintf("%s/job", dir);
	struct shim_link *s;
	int pair[2], r;

	r = io_replace_fast(AT_FDCWD, path, job->p, job->len, 0600, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_sys(err, "socket pair");
	s = xnew(struct shim_link);
	*s = (struct shim_link){ .l = l,
				 .dir = xstrdup(dir),
				 .control = pair[0],
				 .child = CHILD_INIT,
				 .fn = fn,
				 .userdata = userdata };
	*vec_add(&l->shims) = s;
	r = spawn(s, pair[1], stdio, lock, err);
	fd_close(pair[1]);
	if (r == 0) {
		r = sd_event_add_io(l->engine.loop, &s->io, pair[0], EPOLLIN, on_control, s);
		r = r < 0 ? error_sys_from(err, -r, "event loop") : 0;
	}
	if (r < 0)
		link_free(s);
	else
		*ret = s;
	return r;
}

pid_t shim_pid(const struct shim_link *s)
{
	return s->child.pid;
}

int shim_open_rootfs(const struct shim_link *s, int *ret_fd, struct error *err)
{
	autofree char *path = xprintf("/proc/%d/cwd/rootfs", (int)s->child.pid);

	*ret_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? error_sys(err, "root filesystem of the container") : 0;
}

int shim_go(struct shim_link *s, struct error *err)
{
	if (send(s->control, "go", 2, MSG_NOSIGNAL) < 0)
		return error_sys(err, "compose-shim");
	return 0;
}

void shim_abort(struct shim_link *s)
{
	shutdown(s->control, SHUT_WR);
}

void shim_forget(struct shim_link *s)
{
	s->fn = NULL;
	s->io = sd_event_source_disable_unref(s->io);
	s->control = fd_close(s->control);
}

int write_etc(const char *dir, const struct net_reservation *r, struct error *err)
{
	autofree char *name = r->hostname ? xprintf("%s\n", r->hostname) : NULL;
	const struct {
		const char *file, *text;
	} files[] = {
		{ "hosts", r->hosts },
		{ "hostname", name },
		{ "resolv.conf", r->resolv_conf },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *path = xprintf("%s/%s", dir, files[i].file);
		int e;

		if (!files[i].text)
			continue;
		e = io_replace_fast(AT_FDCWD, path, files[i].text, strlen(files[i].text), 0644,
				    err);
		if (e < 0)
			return e;
	}
	return 0;
}

int link_etc(struct local *l, const char *other, const char *dir, struct net_reservation *ret,
	     struct error *err)
{
	static const char *const files[] = { "hosts", "hostname", "resolv.conf" };
	autofree char *from_dir = container_run_dir(l, other);
	autobuf b = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *from = xprintf("%s/%s", from_dir, files[i]);
		autofree char *to = xprintf("%s/%s", dir, files[i]);

		unlink(to);
		if (link(from, to) < 0)
			return error_sys(err, "%s", from);
		if (i != 1)
			continue;
		buf_init(&b, HOST_NAME_MAX + 2);
		r = io_read_file(AT_FDCWD, from, &b, err);
		if (r < 0)
			return r;
		ret->hostname = str_dup(str_trim(buf_str(&b)));
	}
	return 0;
}

int write_config(const char *dir, const struct oci_spec *o, struct error *err)
{
	autofree char *path = xprintf("%s/config.json", dir);
	autobuf b = { 0 };
	int r;

	buf_init(&b, LIMIT_CONFIG_JSON);
	r = oci_spec_write(o, &b, err);
	return r < 0 ? r : io_replace_fast(AT_FDCWD, path, b.p, b.len, 0600, err);
}
