/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/shim.h"

#include "util/fd.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define OUT_MAX	   (4 << 20)
#define OUT_BEHIND (256 << 10)

void shim_attach_accept(struct shim *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	if (fd < 0)
		return;
	if (s->clients.n >= LIMIT_CLIENTS) {
		fd_close(fd);
		return;
	}
	c = vec_add(&s->clients);
	c->fd = fd;
	buf_init(&c->in, sizeof(struct attach_head) + ATTACH_FRAME_MAX);
	buf_init(&c->out, OUT_MAX);
}

static void resize(struct shim *s, const void *p)
{
	uint16_t size[2];
	struct winsize ws = { 0 };

	memcpy(size, p, sizeof(size));
	ws.ws_row = size[0];
	ws.ws_col = size[1];
	if (s->job.tty && s->out[0] >= 0)
		ioctl(s->out[0], TIOCSWINSZ, &ws);
	s->size = ws;
}

static void frame(struct shim *s, const struct attach_head *h, const char *p)
{
	switch (h->type) {
	case 'i':
		shim_stdin_add(s, p, h->len);
		break;
	case 'e':
		s->in_eof = true;
		shim_stdin_flush(s);
		break;
	case 'w':
		if (h->len == 4)
			resize(s, p);
		break;
	}
}

void shim_attach_read(struct shim *s, struct client *c)
{
	struct attach_head h;
	char *room = buf_reserve(&c->in, c->in.max - c->in.len);
	ssize_t n = room ? read(c->fd, room, c->in.max - c->in.len) : -1;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->gone = true;
		return;
	}
	buf_added(&c->in, (size_t)n);
	while (c->in.len >= sizeof(h)) {
		memcpy(&h, c->in.p, sizeof(h));
		if (h.len > ATTACH_FRAME_MAX) {
			c->gone = true;
			return;
		}
		if (c->in.len < sizeof(h) + h.len)
			return;
		frame(s, &h, c->in.p + sizeof(h));
		buf_consume(&c->in, sizeof(h) + h.len);
	}
}

void shim_attach_write(struct shim *s, struct client *c)
{
	ssize_t n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);

	if (n > 0)
		buf_consume(&c->out, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		c->gone = true;
}

void shim_attach_send(struct shim *s, char type, const void *p, size_t n)
{
	struct attach_head h = { .type = type, .len = (uint32_t)n };

	vec_foreach (c, &s->clients) {
		if (c->gone)
			continue;
		buf_add(&c->out, &h, sizeof(h));
		if (buf_add(&c->out, p, n) < 0)
			c->gone = true;
		else
			shim_attach_write(s, c);
	}
}

bool shim_attach_behind(const struct shim *s)
{
	vec_foreach (c, &s->clients)
		if (!c->gone && c->out.len > OUT_BEHIND)
			return true;
	return false;
}

void shim_attach_sweep(struct shim *s)
{
	for (size_t i = 0; i < s->clients.n;) {
		struct client *c = &s->clients.v[i];

		if (!c->gone) {
			i++;
			continue;
		}
		fd_close(c->fd);
		buf_done(&c->in);
		buf_done(&c->out);
		vec_remove(&s->clients, i);
	}
}
