/* SPDX-License-Identifier: Apache-2.0 */
#include "http-peer.h"

#include "unit.h"

#include "util/buf.h"
#include "util/io.h"
#include "util/num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_REQUEST (16 * 1024 * 1024)

struct request {
	int fd;
	unsigned connection;
	struct buf bytes; /* head and body */
	size_t n_head;
	char *path;
};

/* False at the end of the connection. */
static bool read_more(struct request *q)
{
	char *to = buf_reserve(&q->bytes, 65536);
	ssize_t n = to ? read(q->fd, to, 65536) : -1;

	if (n > 0)
		buf_added(&q->bytes, (size_t)n);
	return n > 0;
}

static uint64_t announced_length(const struct request *q)
{
	const char *at = strcasestr(q->bytes.p, "\r\nContent-Length: ");
	struct str s, rest;
	uint64_t n = 0;

	if (!at || at > q->bytes.p + q->n_head)
		return 0;
	str_cut(str_of(at + 18), '\r', &s, &rest);
	num_parse_u64(s, UINT64_MAX, &n);
	return n;
}

static bool read_body(struct request *q)
{
	bool chunked = strcasestr(q->bytes.p, "\r\nTransfer-Encoding: chunked");
	uint64_t n = announced_length(q);

	if (strcasestr(q->bytes.p, "\r\nExpect: 100-continue"))
		io_write_all(q->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, NULL);
	while (chunked ? !ends_with(q->bytes.p, "\r\n0\r\n\r\n") : q->bytes.len < q->n_head + n)
		if (!read_more(q))
			return false;
	return true;
}

static bool read_request(struct request *q)
{
	const char *end, *path;

	buf_reset(&q->bytes);
	while (!(end = strstr(q->bytes.p, "\r\n\r\n")))
		if (!read_more(q))
			return false;
	q->n_head = (size_t)(end - q->bytes.p) + 4;
	path = strchr(q->bytes.p, ' ');
	free(q->path);
	q->path = path ? xstrndup(path + 1, strcspn(path + 1, " ")) : xstrdup("");
	return read_body(q);
}

static void answer(const struct request *q, const char *status, const char *headers,
		   const void *body, size_t n)
{
	autofree char *head = xprintf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status,
				      headers, n);

	if (!io_write_all(q->fd, head, strlen(head), NULL) && !starts_with(q->bytes.p, "HEAD "))
		io_write_all(q->fd, body, n, NULL);
}

static void on_echo(const struct request *q, const char *rest)
{
	answer(q, "200 OK", "X-Test: one\r\nx-test:two\r\n", q->bytes.p, q->bytes.len);
}

static void on_connection(const struct request *q, const char *rest)
{
	autofree char *n = xprintf("%u", q->connection);

	answer(q, "200 OK", "", n, strlen(n));
}

static void on_status(const struct request *q, const char *rest)
{
	autofree char *status = xprintf("%s Something", rest);

	answer(q, status, "", "nothing", 7);
}

static void on_bytes(const struct request *q, const char *rest)
{
	autofree char *body = NULL;
	uint64_t n = 0;

	num_parse_u64(str_of(rest), 100000000, &n);
	body = xalloc(n, 1);
	memset(body, 'x', n);
	answer(q, "200 OK", "", body, n);
}

static void say(const struct request *q, const char *text)
{
	io_write_all(q->fd, text, strlen(text), NULL);
}

static void on_chunked(const struct request *q, const char *rest)
{
	say(q, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
	       "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\nX-Late: yes\r\n\r\n");
}

static void on_redirect(const struct request *q, const char *rest)
{
	answer(q, "302 Found", "Location: /echo\r\n", "", 0);
}

static void on_endless_head(const struct request *q, const char *rest)
{
	static const char line[] = "X-Filler: 0123456789012345678901234567890123456789\r\n";

	say(q, "HTTP/1.1 200 OK\r\n");
	while (!io_write_all(q->fd, line, sizeof(line) - 1, NULL))
		;
}

static void on_gzip(const struct request *q, const char *rest)
{
	static const unsigned char hello[] = { 0x1f, 0x8b, 8,	 0,    0,    0,	   0, 0, 0,
					       3,    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0x86,
					       0xa6, 0x10, 0x36, 5,    0,    0,	   0 };

	/* "/bad": it begins in the middle */
	bool bad = streq(rest, "/bad");

	answer(q, "200 OK", "Content-Encoding: gzip\r\n", bad ? hello + 9 : hello,
	       sizeof(hello) - (bad ? 9 : 0));
}

static void on_cut(const struct request *q, const char *rest)
{
	say(q, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf.");
	shutdown(q->fd, SHUT_RDWR);
}

static void on_garbage(const struct request *q, const char *rest)
{
	say(q, "220 mail.example.org ESMTP\r\n");
	shutdown(q->fd, SHUT_RDWR);
}

static void on_silent(const struct request *q, const char *rest)
{
	for (;;)
		pause();
}

static const struct {
	const char *prefix;
	void (*answer)(const struct request *q, const char *rest);
} routes[] = {
	{ "/echo", on_echo },
	{ "/connection", on_connection },
	{ "/status/", on_status },
	{ "/bytes/", on_bytes },
	{ "/chunked", on_chunked },
	{ "/redirect", on_redirect },
	{ "/endless-head", on_endless_head },
	{ "/gzip", on_gzip },
	{ "/cut", on_cut },
	{ "/garbage", on_garbage },
	{ "/silent", on_silent },
	{ "", on_echo },
};

static void serve(int fd, unsigned connection)
{
	struct request q = { .fd = fd, .connection = connection };
	const char *rest;

	buf_init(&q.bytes, LIMIT_REQUEST);
	while (read_request(&q)) {
		for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
			rest = skip_prefix(q.path, routes[i].prefix);
			if (!rest)
				continue;
			routes[i].answer(&q, rest);
			break;
		}
	}
	_exit(0);
}

static void accept_all(int listener)
{
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	for (unsigned n = 1;; n++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(fd, n);
		}
		close(fd);
	}
}

static int listen_on(const char *unix_path, int *ret_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr *addr = unix_path ? (struct sockaddr *)&un : (struct sockaddr *)&in;
	socklen_t n = unix_path ? sizeof(un) : sizeof(in);
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (unix_path)
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", unix_path);
	assert_return_code(bind(fd, addr, n), errno);
	assert_return_code(listen(fd, 100), errno);
	if (!unix_path) {
		assert_return_code(getsockname(fd, addr, &n), errno);
		*ret_port = ntohs(in.sin_port);
	}
	return fd;
}

void http_peer_start(struct http_peer *p, const char *unix_path)
{
	int fd = listen_on(unix_path, &p->port);

	p->pid = fork();
	if (!p->pid)
		accept_all(fd);
	setpgid(p->pid, p->pid); /* by whoever comes first */
	close(fd);
}

void http_peer_stop(struct http_peer *p)
{
	kill(-p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
}
