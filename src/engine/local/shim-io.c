/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/shim.h"

#include "util/fd.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define LIMIT_STDIN_PENDING (1 << 20)

static int bind_socket(const char *name, int *ret, struct error *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", name);
	unlink(name);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 16) < 0)
		return error_sys(err, "socket %s", name);
	*ret = TAKE_FD(fd);
	return 0;
}

static int open_pipes(struct shim *s, struct error *err)
{
	int p[2], r;

	for (int i = 0; i < 2; i++) {
		r = fd_pipe(p, err);
		if (r < 0)
			return r;
		s->out[i] = p[0];
		s->out_w[i] = p[1];
		r = fd_nonblock(p[0], true, err);
		if (r < 0)
			return r;
	}
	if (!s->job.open_stdin)
		return 0;
	r = fd_pipe(p, err);
	if (r < 0)
		return r;
	s->in_r = p[0];
	s->in_w = p[1];
	return fd_nonblock(p[1], true, err);
}

int shim_io_open(struct shim *s, struct error *err)
{
	int r;

	buf_init(&s->in_pending, LIMIT_STDIN_PENDING);
	if (s->job.step) { /* straight to whom it belongs */
		for (int fd = SHIM_IN_FD; fd <= SHIM_ERR_FD; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		s->in_r = SHIM_IN_FD;
		s->out_w[0] = SHIM_OUT_FD;
		s->out_w[1] = SHIM_ERR_FD;
		return 0;
	}
	r = logfile_open(&s->log, s->job.log, s->job.log_max_size, s->job.log_max_files, err);
	if (r < 0)
		return r;
	r = shim_attach_open(s, err);
	if (r < 0)
		return r;
	if (!s->job.tty)
		return open_pipes(s, err);
	return bind_socket("console.sock", &s->console, err);
}

int shim_attach_open(struct shim *s, struct error *err)
{
	return bind_socket("attach.sock", &s->listener, err);
}

/* The runtime has its own copies. */
void shim_io_started(struct shim *s)
{
	for (int i = 0; i < 2; i++)
		s->out_w[i] = fd_close(s->out_w[i]);
	s->in_r = fd_close(s->in_r);
}

int shim_console_accept(struct shim *s, struct error *err)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char name[256];
	struct iovec iov = { name, sizeof(name) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	autoclose int fd = accept4(s->console, NULL, NULL, SOCK_CLOEXEC);
	struct cmsghdr *c;

	if (fd < 0 || recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) < 0)
		return error_sys(err, "terminal of the container");
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return error_set(err, ERR_CHILD, "%s sent no terminal", s->job.runtime);
	memcpy(&s->out[0], CMSG_DATA(c), sizeof(int));
	s->console = fd_close(s->console);
	unlinkat(s->dirfd, "console.sock", 0);
	if (s->size.ws_row)
		ioctl(s->out[0], TIOCSWINSZ, &s->size);
	return fd_nonblock(s->out[0], true, err);
}

static void output(struct shim *s, int i, const char *p, size_t n)
{
	logfile_add(&s->log, i, p, n, time_now());
	shim_attach_send(s, i ? '2' : '1', p, n);
}

/* False at the end of it. */
static bool read_output(struct shim *s, int i)
{
	char p[64 << 10];
	ssize_t n = read(s->out[i], p, sizeof(p));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) { /* EIO: no one has the terminal open any more */
		s->out[i] = fd_close(s->out[i]);
		return false;
	}
	output(s, i, p, (size_t)n);
	return true;
}

bool shim_io_open_output(const struct shim *s)
{
	return s->out[0] >= 0 || s->out[1] >= 0;
}

void shim_io_drain(struct shim *s)
{
	for (int i = 0; i < 2; i++)
		while (s->out[i] >= 0) {
			struct pollfd p = { .fd = s->out[i], .events = POLLIN };

			if (poll(&p, 1, 0) != 1 || !read_output(s, i))
				break;
		}
}

static int stdin_fd(const struct shim *s)
{
	return s->job.tty ? s->out[0] : s->in_w;
}

void shim_stdin_flush(struct shim *s)
{
	int fd = stdin_fd(s);
	ssize_t n;

	while (fd >= 0 && s->in_pending.len) {
		n = write(fd, s->in_pending.p, s->in_pending.len);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) /* nobody reads it */
			n = (ssize_t)s->in_pending.len;
		buf_consume(&s->in_pending, (size_t)n);
	}
	if (s->in_eof)
		s->in_w = fd_close(s->in_w);
}

void shim_stdin_add(struct shim *s, const char *p, size_t n)
{
	buf_add(&s->in_pending, p, n);
	shim_stdin_flush(s);
}

static struct pollfd *add(struct pollfd *p, int fd, short events)
{
	*p = (struct pollfd){ .fd = fd, .events = events };
	return p + 1;
}

size_t shim_io_poll(struct shim *s, struct pollfd *p, size_t max)
{
	struct pollfd *at = p;
	bool behind = shim_attach_behind(s), full = s->in_pending.len > ATTACH_FRAME_MAX;

	for (int i = 0; i < 2; i++)
		if (s->out[i] >= 0 && !behind)
			at = add(at, s->out[i], POLLIN);
	if (s->console >= 0)
		at = add(at, s->console, POLLIN);
	if (s->listener >= 0)
		at = add(at, s->listener, POLLIN);
	if (s->in_pending.len && stdin_fd(s) >= 0)
		at = add(at, stdin_fd(s), POLLOUT);
	vec_foreach (c, &s->clients)
		if ((size_t)(at - p) < max)
			at = add(at, c->fd, (full ? 0 : POLLIN) | (c->out.len ? POLLOUT : 0));
	return (size_t)(at - p);
}

static void handle_client(struct shim *s, int fd, short events)
{
	vec_foreach (c, &s->clients) {
		if (c->fd != fd || c->gone)
			continue;
		if (events & POLLOUT)
			shim_attach_write(s, c);
		if (!c->gone && (events & (POLLIN | POLLHUP | POLLERR)))
			shim_attach_read(s, c);
		return;
	}
}

void shim_io_handle(struct shim *s, const struct pollfd *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int fd = p[i].fd;

		if (!p[i].revents)
			continue;
		if (fd == s->out[0] && (p[i].events & POLLIN))
			read_output(s, 0);
		else if (fd == s->out[1])
			read_output(s, 1);
		else if (fd == s->console)
			shim_console_accept(s, NULL);
		else if (fd == s->listener)
			shim_attach_accept(s);
		else if (fd == stdin_fd(s))
			shim_stdin_flush(s);
		else
			handle_client(s, fd, p[i].revents);
	}
	shim_attach_sweep(s);
}
