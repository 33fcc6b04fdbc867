/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is doing, on disk: STATE/status/ID, written by its shim alone while it lives
 * (and by who starts or recovers it while none lives), always whole by rename. Beside it lie
 * ID.want ("run" or "stop": what the user asked for last), ID.health (of the monitor) and
 * ID.paused. All changes of all containers are seen by one inotify watch on the directory.
 *
 * A status of "running" holds only while the shim's lock (RUN/containers/ID/lock, an open file
 * description lock) is held: the kernel lets go of it when the shim is killed.
 *
 * Uses libc alone: the shim links it.
 */
#ifndef LOCAL_STATUS_H
#define LOCAL_STATUS_H

#include "util/buf.h"

#include <sys/types.h>

enum run_state { RUN_CREATED, RUN_RUNNING, RUN_EXITED };

struct status {
	enum run_state state;
	pid_t pid;	    /* of the container's first process */
	pid_t shim;	    /* of its shim */
	uint64_t pid_start; /* its start time in ticks: who has the pid of one that ended is
			       somebody else */
	int64_t started, finished;
	int64_t restarts;
	int code;
	bool oom;
	char error[512]; /* why it could not be started; "" */
};

/* 1 found, 0 no such file. What can't be read as a status is one of an exited container (code 255).
 */
int status_read(int dirfd, const char *id, struct status *ret, struct error *err);
/* sync: it survives a power loss (an end); otherwise only our own death. */
int status_write(int dirfd, const char *id, const struct status *s, bool sync, struct error *err);

/* Lines of KEY=VALUE. */
typedef void (*kv_fn)(void *userdata, const char *key, const char *value);
int kv_read(int dirfd, const char *name, kv_fn fn, void *userdata,
	    struct error *err);					/* 1 or 0 as above */
void kv_add(struct buf *b, const char *key, const char *value); /* newlines become blanks */
void kv_addi(struct buf *b, const char *key, int64_t value);
int64_t kv_int(const char *value); /* 0 when it isn't one */

/* Field 22 of /proc/PID/stat; 0 when there is no such process. */
uint64_t proc_start_time(pid_t pid);
/* A pidfd of the process that had this pid then, -1 when it has ended; start 0 is no process. */
int proc_open(pid_t pid, uint64_t start);

/* Takes the lock, waiting for it. The descriptor holds it. */
int life_lock(int dirfd, const char *name, int *ret_fd, struct error *err);
/* Whether somebody holds it. */
bool life_held(int dirfd, const char *name);

#endif
