/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server in a process of its own, for tests: what it answers depends on the path.
 *
 *	/echo		the request itself: its first line, headers, an empty line, body
 *	/connection	the number of the connection, from 1
 *	/status/N	that status, "nothing"
 *	/bytes/N	N times 'x'
 *	/chunked	"one", "two", "three" in chunks, and a trailer
 *	/redirect	302 to /echo
 *	/endless-head	headers without end
 *	/cut		half of what it announced
 *	/garbage	no HTTP
 *	/silent		nothing, ever
 */
#ifndef TESTS_UNIT_HTTP_PEER_H
#define TESTS_UNIT_HTTP_PEER_H

#include <sys/types.h>

struct http_peer {
	pid_t pid;
	int port;
};

/* On 127.0.0.1 and a free port, or, with a path, on a unix socket. */
void http_peer_start(struct http_peer *p, const char *unix_path);
void http_peer_stop(struct http_peer *p);

#endif
