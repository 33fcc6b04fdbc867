/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/dns.h"

#include "util/buf.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT_FILE  "dns-port"
#define FIRST_PORT 5533

extern char **environ;

/* Somebody who listens on every address leaves no room on ours. Asked with an address that nobody
 * has. */
static bool port_is_free(unsigned port, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(0xcb007101) };
	autoclose int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return false;
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
	return bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

unsigned dns_port(int dirfd)
{
	uint64_t port;
	unsigned p = 53;

	if (dns_pid(dirfd) && dns_number(dirfd, PORT_FILE, 65535, &port) == 0)
		return (unsigned)port;
	while (p < 65535 && !(port_is_free(p, SOCK_DGRAM) && port_is_free(p, SOCK_STREAM)))
		p = p == 53 ? FIRST_PORT : p + 1;
	return p;
}

/* What it says (without a syslog: that it has none) is not the user's, and goes to its log. */
static int spawn(char *const *argv, const char *log, pid_t *ret)
{
	static const char *const places[] = { "/usr/lib/podman/aardvark-dns",
					      "/usr/libexec/podman/aardvark-dns",
					      "/usr/bin/aardvark-dns" };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t at;
	int r = ENOENT;

	posix_spawnattr_init(&at);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSID);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	for (size_t i = 0; i < ARRAY_SIZE(places) && r == ENOENT; i++)
		r = posix_spawn(ret, places[i], &files, &at, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&at);
	return r;
}

/* Its first process ends when the one that stays is on its way. */
static int start(int dirfd, const char *dir, struct error *err)
{
	autofree char *config = xprintf("%s/" DNS_DIR, dir), *log = xprintf("%s/dns-log", dir);
	char port[16];
	char *argv[] = { (char[]){ "aardvark-dns" },
			 (char[]){ "-c" },
			 config,
			 (char[]){ "-p" },
			 port,
			 (char[]){ "run" },
			 NULL };
	int status, r;
	pid_t pid;

	snprintf(port, sizeof(port), "%u", dns_port(dirfd));
	r = io_replace_fast(dirfd, PORT_FILE, port, strlen(port), 0644, err);
	if (r < 0)
		return r;
	r = spawn(argv, log, &pid);
	if (r == ENOENT)
		return error_set(err, ERR_NOT_FOUND,
				 "aardvark-dns is not installed, which gives containers their "
				 "names: install the package aardvark-dns");
	if (r)
		return error_sys_from(err, r, "aardvark-dns");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status ? error_set(err, ERR_CHILD, "aardvark-dns did not start (%d): %s tells why",
				  status, log)
		      : 0;
}

/* ---- its files ---- */

/* Written beside the directory: whatever lies in it is read as a network. */
static int put_file(int dirfd, const char *name, const char *text, struct error *err)
{
	char path[300];
	int r;

	snprintf(path, sizeof(path), DNS_DIR "/%s", name);
	r = io_replace_fast(dirfd, "dns-new", text, strlen(text), 0644, err);
	if (r < 0)
		return r;
	return renameat(dirfd, "dns-new", dirfd, path) < 0 ? error_sys(err, "%s", path) : 0;
}

static int put_files(int dirfd, const json_t *files, struct error *err)
{
	const char *name;
	json_t *text;
	char path[300];
	int r;

	json_object_foreach ((json_t *)files, name, text) {
		if (json_is_string(text)) {
			r = put_file(dirfd, name, json_string_value(text), err);
			if (r < 0)
				return r;
			continue;
		}
		snprintf(path, sizeof(path), DNS_DIR "/%s", name);
		unlinkat(dirfd, path, 0);
	}
	return 0;
}

/* How many are left; with `all`, only those of files stay. */
static int count_files(int dirfd, const json_t *files, bool all)
{
	int fd = openat(dirfd, DNS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		fd_close(fd);
		return 0;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || streq(e->d_name, PID_FILE))
			continue;
		if (all && !json_is_string(json_object_get(files, e->d_name)))
			unlinkat(fd, e->d_name, 0);
		else
			n++;
	}
	closedir(d);
	return n;
}

int dns_apply(int dirfd, const char *dir, const json_t *dns, bool all, struct error *err)
{
	const json_t *files = json_object_get(dns, "files");
	pid_t pid;
	int r;

	if (!json_object_size(files) && !all)
		return 0;
	if (mkdirat(dirfd, DNS_DIR, 0755) < 0 && errno != EEXIST)
		return error_sys(err, "%s/" DNS_DIR, dir);
	r = put_files(dirfd, files, err);
	if (r < 0)
		return r;
	pid = dns_pid(dirfd);
	if (!count_files(dirfd, files, all)) {
		if (pid)
			kill(pid, SIGTERM);
		unlinkat(dirfd, DNS_DIR "/" PID_FILE, 0);
		return 0;
	}
	if (pid)
		return kill(pid, SIGHUP) < 0 ? error_sys(err, "aardvark-dns") : 0;
	return start(dirfd, dir, err);
}

/* ---- is it there? ---- */

/* One question: A (or AAAA over IPv6) of a name of one label. */
static size_t question(uint8_t *q, const char *name, bool v6)
{
	static const uint8_t head[12] = { 0x63, 0x6f, 1, 0, 0, 1 };
	size_t n = sizeof(head), l = strlen(name);

	memcpy(q, head, n);
	q[n++] = (uint8_t)l;
	memcpy(q + n, name, l);
	n += l;
	memcpy(q + n, (uint8_t[]){ 0, 0, v6 ? 28 : 1, 0, 1 }, 5);
	return n + 5;
}

static int server_socket(const char *server, unsigned port)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool v6 = inet_pton(AF_INET6, server, &a6.sin6_addr) == 1;
	struct timeval patience = { .tv_usec = 4000 };
	autoclose int fd = -1;

	if (!v6 && inet_pton(AF_INET, server, &a4.sin_addr) != 1)
		return -1;
	fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, v6 ? (void *)&a6 : (void *)&a4, v6 ? sizeof(a6) : sizeof(a4)) < 0)
		return -1;
	return TAKE_FD(fd);
}

static bool answers(const char *server, unsigned port, const char *name)
{
	autoclose int fd = server_socket(server, port);
	uint8_t q[96], a[1500];
	ssize_t n;

	if (fd < 0 || strlen(name) > 63)
		return false;
	n = (ssize_t)question(q, name, strchr(server, ':') != NULL);
	if (send(fd, q, (size_t)n, MSG_NOSIGNAL) != n)
		return false;
	n = recv(fd, a, sizeof(a), 0);
	return n >= 12 && (a[6] || a[7]); /* ANCOUNT */
}

bool dns_wait(int dirfd, const json_t *dns)
{
	const struct timespec pause = { .tv_nsec = 500000 };
	unsigned port = dns_port(dirfd), tries = 0;
	json_t *list = json_object_get(dns, "check"), *c;
	size_t i;

	json_array_foreach (list, i, c) {
		while (!answers(json_str(c, "server"), port, json_str(c, "name"))) {
			if (tries++ > 1000)
				return false;
			nanosleep(&pause, NULL);
		}
	}
	return true;
}
