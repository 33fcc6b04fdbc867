/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container engine contract: what `compose` asks of the thing that holds images, networks, volumes and containers.
 * Engines: local (inside), fake (in memory, for tests), later docker.
 *
 * Every operation is a task (event/task.h): started by the constructor, ended through the loop. Each says *must* or *may*; a
 * may-operation that an engine leaves out is a NULL in its table, and engine_x() then ends with -ERR_UNSUPPORTED "X is not
 * supported by the ENGINE engine". Results go to ret_ pointers that must live until the task ends, are filled before done is
 * called, and are owned by the caller. Specs are borrowed until the constructor returns.
 *
 * Names are unique per engine; wherever an id is asked for, a name will do. What Docker Compose would see, an engine keeps: labels verbatim,
 * the states and their names.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "event/task.h"
#include "registry/image.h"
#include "registry/transfer.h"
#include "util/map.h"
#include "util/strv.h"
#include "util/vec.h"

/* ---- what is to be ---- */

enum mount_type { MOUNT_BIND, MOUNT_VOLUME, MOUNT_TMPFS };

struct mount_spec {
	enum mount_type type;
	char *source; /* bind: absolute host path; volume: its name, NULL for an anonymous one; tmpfs: NULL */
	char *target; /* absolute */
	bool read_only;
	bool create_host_path; /* bind: make a missing source directory; else it is an error */
	char *propagation;     /* bind: "rprivate" when NULL */
	bool volume_nocopy;    /* volume: don't fill an empty one from the image */
	char *volume_subpath;
	uint64_t tmpfs_size; /* 0: no limit of its own */
	uint32_t tmpfs_mode; /* 0: 01777 */
};

/* A file that the engine writes into the container (configs and secrets): 0444 root unless said otherwise. */
struct file_spec {
	char *target; /* absolute */
	char *source; /* host path to bind read-only, or NULL: */
	char *content;
	size_t n_content;
	uint32_t uid, gid, mode;
};

struct port_spec {
	char *host_ip;	    /* NULL: every address */
	uint32_t host_port; /* 0: the engine chooses (from host_port .. host_port_end when those are set) */
	uint32_t host_port_end;
	uint32_t port;	/* in the container; all three fit 16 bits */
	char *protocol; /* "tcp", "udp", "sctp" */
};

struct network_attach {
	char *network; /* the engine's name of it */
	struct strv aliases;
	char *ipv4, *ipv6, *mac; /* NULL: the engine chooses */
	struct strv link_local_ips;
	int64_t priority;	  /* higher is first; the first gives the default route unless gw_priority says so */
	int64_t gw_priority;
	char *interface_name;
	struct map driver_opts;
};

enum restart_mode { RESTART_NO, RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_UNLESS_STOPPED };

struct device_spec {
	char *host, *container, *permissions; /* "rwm" */
};

struct ulimit_spec {
	char *name;
	int64_t soft, hard; /* -1: unlimited */
};

struct resources {
	double cpus;
	int64_t cpu_shares, cpu_period, cpu_quota, cpu_rt_period, cpu_rt_runtime;
	char *cpuset, *cpuset_mems;
	int64_t memory, memory_reservation, memory_swap; /* bytes, 0: none; swap -1: unlimited */
	int64_t memory_swappiness;			 /* -1: default */
	int64_t pids;					 /* 0, -1: none */
	int64_t blkio_weight;
	bool oom_kill_disable;
	int64_t oom_score_adj;
};

struct container_spec {
	char *name;
	char *image;	/* as the user writes it; shown by ps */
	char *image_id; /* what is run: must be in the engine */
	struct map labels;

	bool has_command, has_entrypoint; /* false: the image's */
	struct strv command, entrypoint;
	struct strv env; /* KEY=VALUE over the image's; KEY alone removes */
	char *user, *working_dir; /* NULL: the image's */
	struct strv group_add;
	char *hostname, *domainname; /* hostname NULL: the first 12 digits of the id */
	bool tty, stdin_open, init, read_only, privileged;
	char *stop_signal;	/* NULL: the image's, else SIGTERM */
	int64_t stop_timeout;	/* ns; < 0: the default (10 s) */
	enum restart_mode restart;
	unsigned restart_max;	/* on-failure:N; 0: without end */
	struct healthcheck *healthcheck; /* over the image's; NULL: the image's */
	bool auto_remove;

	VEC(struct mount_spec) mounts;
	VEC(struct file_spec) files;
	struct strv volumes_from; /* container names, ":ro" allowed */
	VEC(struct device_spec) devices;
	struct strv device_cgroup_rules;
	struct strv tmpfs; /* "/run:size=64m" */
	uint64_t shm_size; /* 0: 64 MiB */

	char *network_mode; /* NULL: networks; "none", "host", "container:NAME" */
	VEC(struct network_attach) networks;
	VEC(struct port_spec) ports;
	struct strv expose;
	struct strv extra_hosts; /* "name=address"; host-gateway is an address */
	struct strv dns, dns_search, dns_opt;
	char *mac_address;

	struct strv cap_add, cap_drop, security_opt;
	struct map sysctls;
	VEC(struct ulimit_spec) ulimits;
	struct resources resources;
	char *ipc, *pid, *uts, *userns, *cgroup, *cgroup_parent, *runtime, *isolation, *platform; /* modes, NULL: default */
	char *log_driver; /* NULL: json-file */
	struct map log_options;
	struct map storage_opt;
	struct map annotations;
};

struct network_spec {
	char *name;
	char *driver; /* NULL: "bridge" */
	struct map driver_opts, labels;
	bool internal, attachable;
	bool no_ipv4, ipv6;
	char *ipam_driver;
	struct map ipam_options;
	VEC(struct ipam_pool {
		char *subnet, *ip_range, *gateway;
		struct map aux_addresses;
	}) pools; /* empty: the engine chooses */
};

struct volume_spec {
	char *name;
	char *driver; /* NULL: "local" */
	struct map driver_opts, labels;
};

/* ---- what is ---- */

enum container_state { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_PAUSED, CONTAINER_RESTARTING,
		       CONTAINER_REMOVING, CONTAINER_EXITED, CONTAINER_DEAD };
enum health { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

struct container_info {
	char *id; /* 64 hex digits */
	char *name;
	char *image, *image_id;
	struct map labels;
	enum container_state state;
	enum health health;
	int exit_code;
	bool oom_killed;
	char *error; /* why a start failed, or NULL */
	pid_t pid;
	int64_t created, started, finished; /* ns since 1970, 0: never */
	int64_t restarts;
	bool comes_back; /* it has exited, and is about to be started again: by its restart policy, or by who stopped it */
	struct strv command; /* entrypoint and command, as run */
	VEC(struct port_spec) ports;
	VEC(struct container_network {
		char *network, *ipv4, *ipv6, *mac, *gateway;
		struct strv aliases;
	}) networks;
	VEC(struct container_mount {
		char *type, *name, *source, *target;
		bool read_only;
	}) mounts;
	bool tty, stdin_open;
	char *health_log; /* output of the newest probe, or NULL */
};

struct network_info {
	char *id, *name, *driver;
	struct map labels;
	struct strv subnets, gateways;
	bool internal;
	int64_t created;
	struct strv containers; /* names of those attached */
};

struct volume_info {
	char *name, *driver, *mountpoint;
	struct map labels, options;
	int64_t created;
};

typedef VEC(struct container_info) container_vec;
typedef VEC(struct network_info) network_vec;
typedef VEC(struct volume_info) volume_vec;

const char *container_state_name(enum container_state s); /* "running", as docker says it */
int container_state_parse(const char *s, enum container_state *ret);
const char *health_name(enum health h); /* "", "starting", "healthy", "unhealthy" */

void mount_spec_done(struct mount_spec *m);
void container_spec_done(struct container_spec *s);
void container_spec_copy(struct container_spec *to, const struct container_spec *from);
void network_spec_done(struct network_spec *s);
void volume_spec_done(struct volume_spec *s);
void container_info_done(struct container_info *i);
void container_vec_done(container_vec *v);
void network_vec_done(network_vec *v);
void volume_vec_done(volume_vec *v);

/* ---- operations ---- */

enum engine_event_type { EVENT_CREATED, EVENT_STARTED, EVENT_DIED, EVENT_STOPPED, EVENT_KILLED, EVENT_RESTARTED, EVENT_PAUSED,
			 EVENT_UNPAUSED, EVENT_HEALTH, EVENT_REMOVED, EVENT_OOM };
struct engine_event {
	enum engine_event_type type;
	int64_t time;
	const struct container_info *container; /* as it is now; borrowed */
};
typedef void (*engine_event_fn)(void *userdata, const struct engine_event *ev);

struct log_options {
	bool follow;
	int64_t since, until; /* ns since 1970; 0: no bound */
	int64_t tail;	      /* lines; < 0: all */
};
struct log_line {
	int64_t time;
	bool is_stderr;
	struct str text; /* as the container wrote it, without the newline; borrowed */
	bool partial;	 /* more of this line follows */
};
typedef void (*log_line_fn)(void *userdata, const struct log_line *line);

struct exec_spec {
	struct strv argv, env;
	char *user, *working_dir;
	bool tty, privileged, detach;
	int stdin_fd, stdout_fd, stderr_fd; /* borrowed, or -1; with tty, the terminal is stdin_fd */
};

struct engine_progress { /* of pulls and pushes: transfer.h's */
	transfer_progress_fn fn;
	void *userdata;
};

/* A process in a root filesystem that is no container of the project: a RUN step of a build. */
struct step_mount {
	char *source, *target;
	char *type; /* "bind", "tmpfs", "overlay" (source: its lowerdir=..., read-only) */
	bool read_only;
	uint64_t size;
};
struct step_spec {
	struct strv layers; /* lower directories, the bottom first */
	char *upper, *work; /* directories on one file system */
	char *rootfs; /* a plain directory in place of these three: where step_isolation() says so */
	struct strv argv, env;
	char *working_dir, *user; /* user: as USER has it, resolved in the root filesystem */
	char *network;		  /* "default", "none", "host" */
	struct strv extra_hosts;
	char *hostname;
	VEC(struct step_mount) mounts;
	VEC(struct ulimit_spec) ulimits;
	uint64_t shm_size;
	bool privileged;
	void (*output)(void *userdata, bool is_stderr, const void *p, size_t n);
	void *userdata;
};
/* How steps are kept apart from the machine. */
struct step_isolation {
	const char *name; /* "root": a rung of the engine's ladder */
	bool plain_root;  /* nothing is mounted: a step needs its root filesystem as a directory */
	bool plain_binds; /* of mounts there is no "overlay" */
};

/* What a machine can do, as `compose doctor` shows it. */
enum doctor_state {
	DOCTOR_YES,
	DOCTOR_NOTE,	/* it is not, and little depends on it */
	DOCTOR_NO,	/* it can't; something else does in its place */
	DOCTOR_MISSING, /* it can't, and nothing goes without it */
};
struct doctor_finding {
	const char *group; /* "RUN" */
	char *name, *detail;
	char *hint; /* what would do, or NULL */
	enum doctor_state state;
};
typedef VEC(struct doctor_finding) doctor_findings;

struct engine;
struct engine_ops {
	const char *name; /* "local" */
	void (*free)(struct engine *e);

	/* must: images */
	struct task *(*image_inspect)(struct engine *e, const char *name, struct image *ret,
				      struct image_config *ret_config); /* 1 found, 0 not; may be NULL */
	struct task *(*image_pull)(struct engine *e, const char *ref, const char *platform,
				   const struct engine_progress *p, struct image *ret);
	struct task *(*image_push)(struct engine *e, const char *ref, const struct engine_progress *p,
				   char ret_digest[DIGEST_MAX]);
	struct task *(*image_list)(struct engine *e, image_vec *ret);
	struct task *(*image_remove)(struct engine *e, const char *name, bool force);
	struct task *(*image_tag)(struct engine *e, const char *name, const char *ref);

	/* must: networks and volumes. A create of a name that is there is -ERR_EXISTS, a remove of one in use
	 * -ERR_CONFLICT (by whom), of one that isn't there -ERR_NOT_FOUND. A network is in use by containers that run: a
	 * stopped one finds that of the same name when it is started. labels: KEY or KEY=VALUE, all must hold;
	 * NULL: every one. */
	struct task *(*network_create)(struct engine *e, const struct network_spec *spec);
	struct task *(*network_remove)(struct engine *e, const char *name);
	struct task *(*network_list)(struct engine *e, const struct strv *labels, network_vec *ret);
	struct task *(*volume_create)(struct engine *e, const struct volume_spec *spec);
	struct task *(*volume_remove)(struct engine *e, const char *name);
	struct task *(*volume_list)(struct engine *e, const struct strv *labels, volume_vec *ret);

	/* must: containers. start of a running one and stop of a stopped one succeed and do nothing. stop: the stop signal, and
	 * SIGKILL after timeout (ns; < 0: the container's own); the restart policy doesn't bring it back. again: the caller will, and those who
	 * watch know by comes_back. */
	struct task *(*container_create)(struct engine *e, const struct container_spec *spec, char ret_id[65]);
	struct task *(*container_start)(struct engine *e, const char *id);
	struct task *(*container_stop)(struct engine *e, const char *id, int64_t timeout, bool again);
	struct task *(*container_kill)(struct engine *e, const char *id, const char *sig);
	struct task *(*container_remove)(struct engine *e, const char *id, bool force, bool volumes);
	struct task *(*container_rename)(struct engine *e, const char *id, const char *name);
	struct task *(*container_list)(struct engine *e, const struct strv *labels, container_vec *ret);
	/* Ends when the container has ended (at once if it isn't running); its exit code. */
	struct task *(*container_wait)(struct engine *e, const char *id, int *ret_code);
	struct task *(*container_logs)(struct engine *e, const char *id, const struct log_options *opt,
				       log_line_fn fn, void *userdata);
	struct task *(*container_exec)(struct engine *e, const char *id, const struct exec_spec *spec, int *ret_code);
	/* Until cancelled: what happens to containers with these labels, from now on. */
	struct task *(*watch)(struct engine *e, const struct strv *labels, engine_event_fn fn, void *userdata);

	/* may */
	struct task *(*container_pause)(struct engine *e, const char *id);
	struct task *(*container_unpause)(struct engine *e, const char *id);
	struct task *(*container_attach)(struct engine *e, const char *id, int in_fd, int out_fd, int err_fd);
	struct task *(*container_top)(struct engine *e, const char *id, char **ret_table); /* ps's columns, tab-separated lines */
	/* A tar stream out of, or into, a path of the container. */
	struct task *(*container_export)(struct engine *e, const char *id, const char *path, int out_fd);
	struct task *(*container_import)(struct engine *e, const char *id, const char *path, int in_fd);
	struct task *(*step_run)(struct engine *e, const struct step_spec *spec, int *ret_code);
	/* Before the first step. Tries what there is, unless `isolation` says which. */
	struct task *(*step_isolation)(struct engine *e, struct step_isolation *ret);
	struct task *(*doctor)(struct engine *e, doctor_findings *ret);
	/* The store that the builder may work in directly; NULL: images must be loaded through image_load. */
	struct store *(*store)(struct engine *e);
	struct task *(*image_load)(struct engine *e, int tar_fd);
	/* What was left over by a kill or a reboot of this project is put right; cheap when nothing is. */
	struct task *(*recover)(struct engine *e, const char *project);
};

struct engine {
	const struct engine_ops *ops;
	sd_event *loop; /* a reference */
	/* What the user should know though it is no failure ("ports are not published, since ..."). Set by the
	 * owner, may be NULL; called from within operations. */
	void (*note)(void *userdata, const char *text);
	void *note_userdata;
	const char *isolation; /* of steps: a rung's name; NULL: the strongest there is. Borrowed */
};

struct engine *engine_free(struct engine *e);
DEFINE_FREEP(struct engine, engine_free);
/* The may-operations through these, which answer -ERR_UNSUPPORTED for a NULL (must-operations: call e->ops directly). */
struct task *engine_container_pause(struct engine *e, const char *id);
struct task *engine_container_unpause(struct engine *e, const char *id);
struct task *engine_container_attach(struct engine *e, const char *id, int in_fd, int out_fd, int err_fd);
struct task *engine_container_top(struct engine *e, const char *id, char **ret_table);
struct task *engine_container_export(struct engine *e, const char *id, const char *path, int out_fd);
struct task *engine_container_import(struct engine *e, const char *id, const char *path, int in_fd);
struct task *engine_step_run(struct engine *e, const struct step_spec *spec, int *ret_code);
struct task *engine_doctor(struct engine *e, doctor_findings *ret);
struct task *engine_step_isolation(struct engine *e, struct step_isolation *ret);
struct task *engine_unsupported(struct engine *e, const char *what);

/* The engines. */
int engine_local_new(sd_event *loop, struct engine **ret, struct error *err);
int engine_fake_new(sd_event *loop, struct engine **ret, struct error *err);

#endif
