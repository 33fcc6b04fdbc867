/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define LIMIT_PROC  (16 * 1024 * 1024)
#define TCP_LISTENS 0x0a

/* "0: 00000000:1F90 00000000:0000 0A ... uid timeout inode": the inode of who has this port, 0 for
 * another line. */
static unsigned long inode_of(const char *line, bool tcp, unsigned port)
{
	unsigned p, state;
	unsigned long inode;

	if (sscanf(line, "%*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu", &p,
		   &state, &inode) != 3)
		return 0;
	return p == port && (!tcp || state == TCP_LISTENS) ? inode : 0;
}

static unsigned long find_inode(const char *protocol, const char *suffix, unsigned port)
{
	autobuf b = { 0 };
	struct str line, rest;
	unsigned long inode = 0;
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/net/%s%s", protocol, suffix);
	buf_init(&b, LIMIT_PROC);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0)
		return 0;
	for (rest = buf_str(&b); rest.n && !inode;) {
		str_cut(rest, '\n', &line, &rest);
		snprintf(text, sizeof(text), "%.*s", (int)MIN(line.n, 255), line.p);
		inode = inode_of(text, streq(protocol, "tcp"), port);
	}
	return inode;
}

static bool has_socket(const char *pid, unsigned long inode)
{
	char path[300], want[64], link[64];
	struct dirent *e;
	bool has = false;
	ssize_t n;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	d = opendir(path);
	if (!d)
		return false;
	while (!has && (e = readdir(d))) {
		n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = 0;
		has = streq(link, want);
	}
	closedir(d);
	return has;
}

static void describe(const char *pid, char out[256], bool *ret_ours)
{
	autobuf b = { 0 };
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	buf_init(&b, 64);
	io_read_file(AT_FDCWD, path, &b, NULL);
	if (b.len)
		buf_truncate(&b, b.len - 1);
	*ret_ours = streq(b.p, "compose-port");
	snprintf(out, 256, "%s (process %s)", b.p, pid);
}

void port_taker(const char *protocol, uint16_t port, char out[256], bool *ret_ours)
{
	unsigned long inode = find_inode(protocol, "", port);
	struct dirent *e;
	DIR *d;

	out[0] = 0;
	if (!inode)
		inode = find_inode(protocol, "6", port);
	d = inode ? opendir("/proc") : NULL;
	if (!d)
		return;
	while (!*out && (e = readdir(d)))
		if (char_is_digit(e->d_name[0]) && has_socket(e->d_name, inode))
			describe(e->d_name, out, ret_ours);
	closedir(d);
}
