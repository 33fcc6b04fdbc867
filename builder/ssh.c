/* SPDX-License-Identifier: Apache-2.0 */
/* An ssh agent for a step: a socket whose owner and mode are the mount's, and whose connections go
 * to the user's agent. */
#include "builder/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LIMIT_SSH_CONNECTIONS 64

/* One direction of a connection: what was read from one end waits for the other to take it. */
struct pump {
	int from, to; /* borrowed */
	char buf[16384];
	size_t start, end;
	bool closed;
	sd_event_source *in, *out;
};

struct connection {
	struct ssh_proxy *proxy;
	int client, agent;
	struct pump there, back;
};

struct ssh_proxy {
	sd_event *loop;
	char *path, *agent;
	int fd;
	sd_event_source *accept;
	VEC(struct connection *) connections;
};

static void connection_free(struct connection *c)
{
	struct pump *pumps[] = { &c->there, &c->back };

	for (size_t i = 0; i < ARRAY_SIZE(pumps); i++) {
		sd_event_source_disable_unref(pumps[i]->in);
		sd_event_source_disable_unref(pumps[i]->out);
	}
	fd_close(c->client);
	fd_close(c->agent);
	free(c);
}

static void drop(struct connection *c)
{
	struct ssh_proxy *p = c->proxy;

	for (size_t i = 0; i < p->connections.n; i++)
		if (p->connections.v[i] == c) {
			vec_remove(&p->connections, i);
			break;
		}
	connection_free(c);
}

static void set_watch(struct pump *p)
{
	bool full = p->end > p->start;

	sd_event_source_set_enabled(p->in, !full && !p->closed ? SD_EVENT_ON : SD_EVENT_OFF);
	sd_event_source_set_enabled(p->out, full ? SD_EVENT_ON : SD_EVENT_OFF);
}

/* False: the connection is over. */
static bool push(struct pump *p)
{
	ssize_t n = send(p->to, p->buf + p->start, p->end - p->start, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	p->start += (size_t)n;
	if (p->start == p->end)
		p->start = p->end = 0;
	return true;
}

static bool pull(struct pump *p)
{
	ssize_t n = recv(p->from, p->buf, sizeof(p->buf), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n) {
		p->closed = true;
		shutdown(p->to, SHUT_WR);
		return true;
	}
	p->end = (size_t)n;
	return push(p);
}

static int on_io(sd_event_source *src, int fd, uint32_t events, void *userdata)
{
	struct connection *c = userdata;
	struct pump *p = src == c->there.in || src == c->there.out ? &c->there : &c->back;
	bool ok = src == p->in ? pull(p) : push(p);

	set_watch(p);
	if (!ok || (c->there.closed && c->back.closed))
		drop(c);
	return 0;
}

static int watch(struct connection *c, struct pump *p, int from, int to)
{
	p->from = from;
	p->to = to;
	if (sd_event_add_io(c->proxy->loop, &p->in, from, EPOLLIN, on_io, c) < 0)
		return -1;
	to = fcntl(to, F_DUPFD_CLOEXEC, 0); /* epoll takes a descriptor once */
	if (to < 0 || sd_event_add_io(c->proxy->loop, &p->out, to, EPOLLOUT, on_io, c) < 0) {
		fd_close(to);
		return -1;
	}
	sd_event_source_set_io_fd_own(p->out, 1);
	set_watch(p);
	return 0;
}

static int connect_agent(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -1;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		fd = fd_close(fd);
	return fd;
}

static int on_accept(sd_event_source *src, int fd, uint32_t events, void *userdata)
{
	struct ssh_proxy *p = userdata;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c;

	if (client < 0)
		return 0;
	if (p->connections.n >= LIMIT_SSH_CONNECTIONS) {
		fd_close(client);
		return 0;
	}
	c = xnew(struct connection);
	c->proxy = p;
	c->client = client;
	c->agent = connect_agent(p->agent);
	*vec_add(&p->connections) = c;
	if (c->agent < 0 || watch(c, &c->there, c->client, c->agent) < 0 ||
	    watch(c, &c->back, c->agent, c->client) < 0)
		drop(c);
	return 0;
}

static int listen_at(const char *path, uid_t uid, gid_t gid, mode_t mode, int *ret,
		     struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path))
		return error_set(err, ERR_LIMIT, "%s: this path is too long for a socket", path);
	memcpy(addr.sun_path, path, strlen(path));
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return error_sys(err, "%s", path);
	if (chown(path, uid, gid) < 0 || chmod(path, mode) < 0 || listen(fd, 16) < 0) {
		error_sys(err, "%s", path);
		unlink(path);
		return -ERR_SYS;
	}
	*ret = TAKE_FD(fd);
	return 0;
}

int ssh_proxy_new(sd_event *loop, const char *path, const char *agent, uid_t uid, gid_t gid,
		  mode_t mode, struct ssh_proxy **ret, struct error *err)
{
	struct ssh_proxy *p;
	int fd = -1, r = listen_at(path, uid, gid, mode, &fd, err);

	if (r < 0)
		return r;
	p = xnew(struct ssh_proxy);
	p->loop = sd_event_ref(loop);
	p->path = xstrdup(path);
	p->agent = xstrdup(agent);
	p->fd = fd;
	if (sd_event_add_io(loop, &p->accept, fd, EPOLLIN, on_accept, p) < 0) {
		ssh_proxy_free(p);
		return error_set(err, ERR_SYS, "%s: cannot watch it", path);
	}
	*ret = p;
	return 0;
}

struct ssh_proxy *ssh_proxy_free(struct ssh_proxy *p)
{
	if (!p)
		return NULL;
	sd_event_source_disable_unref(p->accept);
	vec_foreach (c, &p->connections)
		connection_free(*c);
	vec_done(&p->connections);
	unlink(p->path);
	fd_close(p->fd);
	sd_event_unref(p->loop);
	free(p->path);
	free(p->agent);
	free(p);
	return NULL;
}
