/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/attach.h"

#include "engine/local/shim.h"
#include "util/fd.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

struct attach {
	struct task task;
	struct local *l;
	struct record rec;
	int in_fd, out_fd, err_fd; /* borrowed */
	int sock;
	struct buf from, to; /* of the socket */
	sd_event_source *io, *input, *winch;
	bool raw, in_ended;
	struct termios modes;
};

static void forget(struct attach *a)
{
	struct local *l = a->l;

	for (size_t i = 0; i < l->attaches.n; i++)
		if (l->attaches.v[i] == a) {
			vec_remove(&l->attaches, i);
			return;
		}
}

static void close_all(struct attach *a)
{
	forget(a);
	a->io = sd_event_source_disable_unref(a->io);
	a->input = sd_event_source_disable_unref(a->input);
	a->winch = sd_event_source_disable_unref(a->winch);
	a->sock = fd_close(a->sock);
	if (a->raw)
		tcsetattr(a->in_fd, TCSADRAIN, &a->modes);
	a->raw = false;
}

static void attach_free(struct task *t)
{
	struct attach *a = container_of(t, struct attach, task);

	close_all(a);
	buf_done(&a->from);
	buf_done(&a->to);
	record_done(&a->rec);
	free(a);
}

static void end(struct attach *a, int r, const struct error *err)
{
	close_all(a);
	if (!a->task.ended)
		task_end_with(&a->task, r, err);
}

static void attach_cancel(struct task *t)
{
	struct error err = ERROR_INIT;

	end(container_of(t, struct attach, task), error_set(&err, ERR_CANCELLED, "cancelled"),
	    &err);
}

static const struct task_ops attach_ops = { "attach", attach_cancel, attach_free };

static void want_events(struct attach *a)
{
	sd_event_source_set_io_events(a->io, EPOLLIN | (a->to.len ? EPOLLOUT : 0));
	/* What the container doesn't read stays where it comes from. */
	if (a->input)
		sd_event_source_set_enabled(a->input, a->to.len < ATTACH_FRAME_MAX ? SD_EVENT_ON
										   : SD_EVENT_OFF);
}

static void flush(struct attach *a)
{
	ssize_t n;

	while (a->sock >= 0 && a->to.len) {
		n = send(a->sock, a->to.p, a->to.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			break;
		buf_consume(&a->to, (size_t)n);
	}
	want_events(a);
}

static void frame(struct attach *a, char type, const void *p, size_t n)
{
	struct attach_head h = { .type = type, .len = (uint32_t)n };

	buf_add(&a->to, &h, sizeof(h));
	buf_add(&a->to, p, n);
	flush(a);
}

static void send_size(struct attach *a)
{
	struct winsize ws;

	if (a->rec.spec.tty && a->in_fd >= 0 && ioctl(a->in_fd, TIOCGWINSZ, &ws) == 0)
		frame(a, 'w', (uint16_t[]){ ws.ws_row, ws.ws_col }, 4);
}

static int on_winch(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	send_size(userdata);
	return 0;
}

static void read_input(struct attach *a)
{
	char p[16 << 10];
	ssize_t n = read(a->in_fd, p, sizeof(p));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		frame(a, 'i', p, (size_t)n);
		return;
	}
	a->input = sd_event_source_disable_unref(a->input);
	frame(a, 'e', "", 0);
}

static int on_input(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	read_input(userdata);
	return 0;
}

static int on_input_file(sd_event_source *s, void *userdata)
{
	read_input(userdata);
	return 0;
}

/* Everything, whatever mode the descriptor is in: the caller's output may block, as any program's
 * may. */
static void put(int fd, const char *p, size_t n)
{
	while (fd >= 0 && n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		else if (done < 0 && errno != EINTR)
			return;
		else if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
}

/* True: it has ended. */
static bool take_frames(struct attach *a)
{
	struct attach_head h;

	while (a->from.len >= sizeof(h)) {
		memcpy(&h, a->from.p, sizeof(h));
		if (a->from.len < sizeof(h) + h.len)
			return false;
		if (h.type == 'x')
			return true;
		put(h.type == '2' ? a->err_fd : a->out_fd, a->from.p + sizeof(h), h.len);
		buf_consume(&a->from, sizeof(h) + h.len);
	}
	return false;
}

static int on_socket(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct attach *a = userdata;
	char *room;
	ssize_t n;

	if (revents & EPOLLOUT)
		flush(a);
	if (!(revents & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return 0;
	room = buf_reserve(&a->from, ATTACH_FRAME_MAX);
	n = room ? recv(fd, room, ATTACH_FRAME_MAX, MSG_DONTWAIT) : -1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0)
		buf_added(&a->from, (size_t)n);
	if (take_frames(a) || n <= 0)
		end(a, 0, NULL);
	return 0;
}

/* The path may be longer than a socket's name can be. */
static int connect_to(struct attach *a, const char *run_dir, struct error *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	autoclose int dir = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	a->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/attach.sock", dir);
	if (dir < 0 || a->sock < 0 || connect(a->sock, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return error_sys(err, "attach to %s", a->rec.spec.name);
	return 0;
}

static int watch_input(struct attach *a)
{
	int r = sd_event_add_io(a->task.loop, &a->input, a->in_fd, EPOLLIN, on_input, a);

	if (r != -EPERM) /* a file can't be waited for, and need not be */
		return r;
	r = sd_event_add_defer(a->task.loop, &a->input, on_input_file, a);
	return r < 0 ? r : sd_event_source_set_enabled(a->input, SD_EVENT_ON);
}

static void raw_mode(struct attach *a)
{
	struct termios raw;

	if (!a->rec.spec.tty || a->in_fd < 0 || tcgetattr(a->in_fd, &a->modes) < 0)
		return;
	raw = a->modes;
	cfmakeraw(&raw);
	a->raw = tcsetattr(a->in_fd, TCSANOW, &raw) == 0;
}

static int begin(struct attach *a, const char *run_dir, struct error *err)
{
	sigset_t set;
	int r = connect_to(a, run_dir, err);

	if (r < 0)
		return r;
	r = sd_event_add_io(a->task.loop, &a->io, a->sock, EPOLLIN, on_socket, a);
	if (r >= 0 && a->in_fd >= 0)
		r = watch_input(a);
	if (r >= 0 && a->rec.spec.tty) {
		sigemptyset(&set);
		sigaddset(&set, SIGWINCH);
		sigprocmask(SIG_BLOCK, &set, NULL);
		r = sd_event_add_signal(a->task.loop, &a->winch, SIGWINCH, on_winch, a);
	}
	if (r < 0)
		return error_sys_from(err, -r, "event loop");
	raw_mode(a);
	send_size(a);
	return 0;
}

void attach_before_start(struct local *l, const char *id, const char *run_dir)
{
	for (size_t i = 0; i < l->attaches.n; i++) {
		struct attach *a = l->attaches.v[i];
		struct error err = ERROR_INIT;

		if (!streq(a->rec.id, id) || a->sock >= 0)
			continue;
		if (begin(a, run_dir, &err) < 0) {
			end(a, -(int)err.code, &err);
			i--;
		}
	}
}

struct task *local_container_attach(struct engine *e, const char *id, int in_fd, int out_fd,
				    int err_fd)
{
	struct local *l = local_of(e);
	struct attach *a = xnew(struct attach);
	autofree char *dir = NULL;
	struct error err = ERROR_INIT;
	struct status st = { 0 };
	int r;

	task_init(&a->task, &attach_ops, e->loop);
	a->l = l;
	a->in_fd = in_fd;
	a->out_fd = out_fd;
	a->err_fd = err_fd;
	a->sock = -1;
	buf_init(&a->from, 4 << 20);
	buf_init(&a->to, 4 << 20);
	r = record_get(store_db(l->store), id, &a->rec, &err);
	if (r == 0)
		r = container_status(l, a->rec.id, &st, &err);
	if (r >= 0 && (r == 0 || st.state != RUN_RUNNING)) {
		*vec_add(&l->attaches) = a; /* begins when it is started */
		return &a->task;
	}
	if (r > 0) {
		dir = container_run_dir(l, a->rec.id);
		r = begin(a, dir, &err);
	}
	if (r < 0)
		end(a, r, &err);
	return &a->task;
}
