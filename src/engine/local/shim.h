/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-shim: the parent of one container. libc only, static where the build allows: there is one
 *per container, and it outlives everything else of ours.
 *
 *	compose-shim run DIR		the container whose job is DIR/job; descriptor 3 is its
 *starter compose-shim chroot ROOTFS	a step without a runtime (shim-chroot.c)
 *	compose-shim exec PROGRAM ARG...	in the mount namespace that descriptor 3 is (a
 *shim's) compose-shim init PROGRAM ARG... inside a container with `init: true`: reaps, forwards
 *signals
 *
 * run, with its starter (SOCK_SEQPACKET, a message each):
 *	-> ready		namespaces and root filesystem are there; plug the network into
 *mine, write DIR/config.json
 *	<- go
 *	-> started PID | failed TEXT
 *	-> exited CODE		(when the starter still listens: steps of a build)
 * If the starter goes away before "go", or before the end of a step, all is undone.
 */
#ifndef LOCAL_SHIM_H
#define LOCAL_SHIM_H

#include "engine/local/logfile.h"
#include "engine/local/status.h"
#include "util/strv.h"
#include "util/vec.h"

#include <poll.h>
#include <sys/ioctl.h>

#define SHIM_CONTROL_FD 3
#define SHIM_IN_FD	4 /* of a step: its output goes there directly */
#define SHIM_LOCK_FD	4 /* of a container: held until it runs, even if its starter is killed */
#define SHIM_OUT_FD	5
#define SHIM_ERR_FD	6

struct shim_job { /* KEY=VALUE lines in DIR/job */
	char *id;
	struct strv lowers; /* the bottom first */
	char *upper, *work;
	char *netns;	     /* "new", "lo" (new, with lo up), "host", or a path */
	struct strv sysctls; /* net.*: NAME=VALUE */
	bool tty, open_stdin, step;
	bool hide_unified; /* a hybrid machine */
	char *log;
	uint64_t log_max_size;
	unsigned log_max_files;
	char *runtime, *runtime_root;
	char *cgroup;	  /* NULL: the runtime makes none */
	char *rootfs;	  /* of a step: a plain directory, to be chrooted to, instead of a runtime */
	bool userxattr;	  /* the overlay's own attributes are user.overlay.*: in a user namespace */
	char *idmap_uid, *idmap_gid; /* "START:COUNT": root's step in a user namespace of these */
	struct strv sources;	     /* then: what its mounts show, to be mapped: mapped/source-N */
	char *status_dir; /* NULL for a step */
	int64_t restarts;
	char *ended; /* program to run as `ended project ID` when it is over, or NULL */
	char *project;
};

struct client { /* of the attach socket */
	int fd;
	struct buf in, out;
	bool gone;
};

struct shim {
	struct shim_job job;
	const char *dir;
	int dirfd, statusfd, lockfd;
	int control; /* the starter, -1 when it has left */
	int host_mnt, host_net;
	int sigfd;
	struct status status;
	struct logfile log;

	int out[2];	/* read ends of stdout and stderr; with a terminal out[0] is its master */
	int out_w[2];	/* until the runtime has them */
	int in_r, in_w; /* the container's stdin; with a terminal in_w is -1 */
	int console;	/* listening for the runtime, or -1 */
	struct buf in_pending; /* for the container's stdin, not taken yet */
	bool in_eof;	       /* close it when in_pending is empty */
	struct winsize size;   /* that a client asked for, maybe before there was a terminal */
	int listener;
	VEC(struct client) clients;

	pid_t runtime, init;
	bool runtime_done, init_done;
	int runtime_status, init_status;
	VEC(struct reaped {
		pid_t pid;
		int status;
	})
	reaped; /* before we knew whose it was */
};

int shim_job_read(struct shim *s, struct error *err);

/* Namespaces and the root filesystem: shim-mount.c */
int shim_namespaces(struct shim *s, struct error *err);
int shim_rootfs(struct shim *s, struct error *err);
/* Back to the host's: what only we held is gone. To unmount the root filesystem takes long: what
 * was written is synced. */
void shim_leave_network(struct shim *s);
void shim_leave_mounts(struct shim *s);

/* The runtime: shim-runtime.c */
int shim_runtime_start(struct shim *s, struct error *err);
int shim_runtime_result(struct shim *s, struct error *err); /* after it has ended: init is known */
void shim_runtime_cleanup(struct shim *s);

/* Instead of it, in job.rootfs: shim-chroot.c. Once this returns the program runs. */
int shim_chroot_start(struct shim *s, struct error *err);
int shim_chroot_main(const char *rootfs);

/* Layers and sources with the ids of the job's user namespace: shim-idmap.c. */
int shim_idmap(struct shim *s, struct error *err);
int shim_hold_main(void);

/* shim-map.c */
int shim_map_main(int argc, char **argv);
int shim_userns_main(void);
int shim_overlay_main(const char *how, const char *dir);

/* Output, stdin, terminal, clients: shim-io.c, shim-attach.c */
int shim_io_open(struct shim *s, struct error *err);
void shim_io_started(struct shim *s);
int shim_console_accept(struct shim *s, struct error *err);
/* Fills pollfds and hands over what poll() said. */
size_t shim_io_poll(struct shim *s, struct pollfd *p, size_t max);
void shim_io_handle(struct shim *s, const struct pollfd *p, size_t n);
void shim_io_drain(struct shim *s);
bool shim_io_open_output(const struct shim *s);

#define ATTACH_FRAME_MAX (64 << 10)
/* Frames of the attach socket: a type, three zero bytes, the length (host order), the bytes. To the
 * shim: 'i' stdin, 'e' its end, 'w' rows and columns (two uint16_t). From it: '1', '2' output, 'x'
 * exit code (int32_t). */
struct attach_head {
	char type, pad[3];
	uint32_t len;
};
#define LIMIT_CLIENTS 32
int shim_attach_open(struct shim *s, struct error *err);
void shim_attach_accept(struct shim *s);
void shim_attach_read(struct shim *s, struct client *c);
void shim_attach_write(struct shim *s, struct client *c);
void shim_attach_send(struct shim *s, char type, const void *p, size_t n);
void shim_attach_sweep(struct shim *s); /* drops those that are gone */
bool shim_attach_behind(
	const struct shim *s); /* somebody doesn't take what is there: read no more output */
void shim_stdin_add(struct shim *s, const char *p, size_t n);
void shim_stdin_flush(struct shim *s);

int shim_exec_main(int argc, char **argv);
int shim_init_main(int argc, char **argv);

#endif
