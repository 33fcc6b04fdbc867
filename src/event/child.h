/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes: posix_spawn and a pidfd, nothing inherited but what is named. A child starts with default
 * signal dispositions, an empty signal mask, no descriptor beyond those given, and exactly the
 * environment given.
 */
#ifndef EVENT_CHILD_H
#define EVENT_CHILD_H

#include "util/buf.h"
#include "util/strv.h"

#include <sys/types.h>
#include <systemd/sd-event.h>

struct child_spec {
	const char *program;	  /* a path, or a name looked up in PATH */
	char *const *argv;	  /* ends in NULL; argv[0] included */
	char *const *envp;	  /* NULL: our own environment */
	const char *cwd;	  /* NULL: our own */
	int stdin_fd;		  /* -1: /dev/null */
	int stdout_fd;		  /* -1: /dev/null */
	int stderr_fd;		  /* -1: ours */
	const int *extra_fds;	  /* become 3, 4, ... in the child */
	size_t n_extra_fds;
	bool new_session; /* setsid: not reached by our terminal's signals */
};

struct child {
	pid_t pid;
	int pidfd; /* owned */
};
#define CHILD_INIT ((struct child){ .pid = -1, .pidfd = -1 })

/* -ERR_NOT_FOUND when the program is not there (the message names the Debian package of those we know). */
int child_spawn(const struct child_spec *spec, struct child *ret, struct error *err);

/* Calls done once when it has ended, from the loop; reaps it and closes the pidfd first. code: the exit status, or
 * 128 + signal. c must live until then, or until the source (ret; owned by the caller) is gone. */
typedef void (*child_done_fn)(void *userdata, int code, bool signalled);
int child_watch(sd_event *loop, struct child *c, child_done_fn done, void *userdata,
		sd_event_source **ret, struct error *err);
int child_kill(const struct child *c, int sig); /* 0 or -ERR_NOT_FOUND (has ended), -ERR_SYS */
/* Blocks. Reaps, closes the pidfd. */
int child_wait(struct child *c, int *ret_code, struct error *err);

#endif
