/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine inside, for its own files.
 *
 *	STATE/status/ID ...		status.h
 *	STATE/containers/ID/		upper, work, log, files/N (configs and secrets)
 *	STATE/volumes/NAME/_data
 *	RUN/containers/ID/		while one runs: job, config.json, rootfs (a mount in the
 *shim's own namespace), hosts ... RUN/oci/			the runtime's own state
 *	RUN/monitors/PROJECT.lock	held by the monitor of a project
 *	state.db			tables containers, volumes, container_volumes (record.h,
 *volume.h); net's are its own
 */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include "engine/engine.h"
#include "engine/local/net.h"
#include "engine/local/record.h"
#include "engine/local/status.h"
#include "event/child.h"
#include "registry/store.h"

struct local {
	struct engine engine;
	struct store *store;
	struct registry *registry; /* made by the first pull or push, which sets how it is freed:
				      the monitor links none */
	struct registry *(*registry_free)(struct registry *r);
	struct net *net;
	char *state_dir, *run_dir;
	int status_fd;
	char *shim, *monitor; /* paths of the helpers */
	const char *runtime;
	bool own_userns;  /* we are not in the machine's first user namespace */
	bool builds_only; /* we are not root: no containers, but steps of builds */
	bool isolated; /* the rung of steps is known (isolation.h) */
	int isolation;
	struct watch *watch;	       /* of STATE/status, made by the first who needs it */
	VEC(struct shim_link *) shims; /* under way, or to be reaped */
	VEC(struct child)
	monitors; /* that we started, and that have perhaps not taken their lock yet */
	VEC(struct attach *) attaches; /* to containers that are to be started */
};

static inline struct local *local_of(struct engine *e)
{
	return (struct local *)e;
}

#define LABEL_PROJECT "com.docker.compose.project"

char *container_run_dir(const struct local *l, const char *id);
char *container_state_dir(const struct local *l, const char *id);
/* Whether its shim lives. */
bool container_alive(const struct local *l, const char *id);
/* As it is now: a status of "running" whose shim is dead reads as exited (137). 1, or 0 when it was
 * never started. */
int container_status(const struct local *l, const char *id, struct status *ret, struct error *err);

enum want { WANT_NONE, WANT_RUN, WANT_STOP, WANT_AGAIN };
int want_write(const struct local *l, const char *id, enum want w, struct error *err);
enum want want_read(const struct local *l, const char *id);

/* One operation at a time changes a container: a flock, tried until it is free. The task's r is
 * -ERR_TIMEOUT after a minute. */
struct oplock;
typedef void (*oplock_fn)(void *userdata, int r, const struct error *err);
struct oplock *oplock_new(struct local *l, const char *id, oplock_fn fn, void *userdata);
struct oplock *oplock_free(struct oplock *o);
/* Borrowed. Who is given it has the lock, too, as long as it lives. */
int oplock_fd(const struct oplock *o);

/* watch.c: fn hears of every change of a file in STATE/status: ID and what it was ("", "want",
 * "health", "paused"). */
typedef void (*watch_fn)(void *userdata, const char *id, const char *what);
struct watch_handle;
int watch_add(struct local *l, watch_fn fn, void *userdata, struct watch_handle **ret,
	      struct error *err);
/* Of every change of a file in this directory (a container's log): all on one inotify instance, of
 * which there are few. */
typedef void (*dir_fn)(void *userdata);
int watch_dir(struct local *l, const char *dir, dir_fn fn, void *userdata,
	      struct watch_handle **ret, struct error *err);
struct watch_handle *watch_remove(struct watch_handle *h); /* safe from within fn */
void watch_free(struct watch *w);

/* life.c: fn is called once, from the loop, when this container does not run (any more), its shim's
 * death included. */
typedef void (*life_fn)(void *userdata);
struct life;
int life_new(struct local *l, const char *id, life_fn fn, void *userdata, struct life **ret,
	     struct error *err);
struct life *life_free(struct life *f); /* safe from within fn */

/* recover.c: puts right what a dead shim left: processes, control group, runtime state, status. 1:
 * there was something to do, and the network still has to be unplugged. Under the oplock. */
int recover_container(struct local *l, const struct record *rec, struct error *err);

/* sweep.c: takes away what belongs to no record. recs: all there are. */
void local_sweep(struct local *l, const record_vec *recs);
/* The steps of builds alone: before the first one of another. */
void local_sweep_steps(struct local *l);
/* What a step whose shim was killed left, and that was in no control group. dir: RUN/steps/ID. */
void local_kill_step(const char *dir);
/* Who makes files whose row comes after them holds this meanwhile. */
int local_making(struct local *l, int *ret_fd, struct error *err);

/* info.c */
int container_info_of(struct local *l, const struct record *rec, struct container_info *ret,
		      struct error *err);

/* Starts with this count of restarts: the monitor's way in; container_start's is 0. */
struct task *local_start(struct local *l, const char *id, int64_t restarts);
int local_new(sd_event *loop, const struct engine_ops *ops, struct local **ret, struct error *err);
void local_free(struct engine *e);
/* Makes sure that a monitor of this project runs. */
int local_monitor(struct local *l, const char *project, struct error *err);
bool record_needs_monitor(const struct record *rec);

/* The operations of the table, a file each or a few together. */
struct task *local_container_create(struct engine *e, const struct container_spec *spec,
				    char ret_id[65]);
struct task *local_container_start(struct engine *e, const char *id);
struct task *local_container_stop(struct engine *e, const char *id, int64_t timeout, bool again);
struct task *local_container_kill(struct engine *e, const char *id, const char *sig);
struct task *local_container_remove(struct engine *e, const char *id, bool force, bool volumes);
struct task *local_container_rename(struct engine *e, const char *id, const char *name);
struct task *local_container_list(struct engine *e, const struct strv *labels, container_vec *ret);
struct task *local_container_wait(struct engine *e, const char *id, int *ret_code);
struct task *local_container_logs(struct engine *e, const char *id, const struct log_options *opt,
				  log_line_fn fn, void *userdata);
struct task *local_container_exec(struct engine *e, const char *id, const struct exec_spec *spec,
				  int *ret_code);
struct task *local_watch(struct engine *e, const struct strv *labels, engine_event_fn fn,
			 void *userdata);
struct task *local_container_pause(struct engine *e, const char *id);
struct task *local_container_unpause(struct engine *e, const char *id);
struct task *local_container_attach(struct engine *e, const char *id, int in_fd, int out_fd,
				    int err_fd);
struct task *local_container_top(struct engine *e, const char *id, char **ret_table);
struct task *local_step_run(struct engine *e, const struct step_spec *spec, int *ret_code);
struct task *local_step_isolation(struct engine *e, struct step_isolation *ret);
struct task *local_doctor(struct engine *e, doctor_findings *ret);
struct task *local_recover(struct engine *e, const char *project);
struct task *local_volume_create(struct engine *e, const struct volume_spec *spec);
struct task *local_volume_remove(struct engine *e, const char *name);
struct task *local_volume_list(struct engine *e, const struct strv *labels, volume_vec *ret);

#endif
