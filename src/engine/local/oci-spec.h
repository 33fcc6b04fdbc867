/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json of the OCI runtime specification, from tables: what every container has (Docker's
 * default mounts, masked paths, capabilities, devices and seccomp profile), and what this one adds.
 */
#ifndef LOCAL_OCI_SPEC_H
#define LOCAL_OCI_SPEC_H

#include "engine/engine.h"

#define LIMIT_CONFIG_JSON (8 << 20)

struct oci_mount {
	char *type, *source, *target;
	struct strv options;
};

struct oci_device {
	char *path;
	char type; /* 'c', 'b' */
	int64_t major, minor;
	uint32_t mode, uid, gid;
	char *access;
};

/* The first id outside that of root inside has, and how many there are. */
struct id_map {
	uint64_t uid, uids, gid, gids;
};

struct oci_rlimit {
	const char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft, hard;
};

enum oci_ns { OCI_NS_PID, OCI_NS_IPC, OCI_NS_UTS, OCI_NS_CGROUP, OCI_NS_COUNT };

struct oci_spec {
	struct strv args, env;
	char *cwd;
	uint32_t uid, gid;
	VEC(uint32_t) groups;
	bool tty, read_only, privileged, no_new_privileges, seccomp_unconfined, paths_unconfined;
	char *seccomp; /* a profile's JSON; NULL: none */
	char *apparmor;
	char *hostname, *domainname;
	struct strv caps; /* "CAP_CHOWN" */
	VEC(struct oci_rlimit) rlimits;
	int64_t oom_score_adj;
	VEC(struct oci_mount) mounts; /* after the default ones */
	VEC(struct oci_device) devices;
	struct strv device_rules; /* "c 1:3 rwm" */
	/* NULL: a new one; "host": none; else a path. Not of networks: the shim makes these, the
	 * runtime stays in its own. */
	char *ns[OCI_NS_COUNT];
	char *cgroup;
	uint64_t shm_size;
	bool own_shm;	   /* /dev/shm is of this container */
	struct id_map map; /* of a user namespace; uids 0: none */
	bool bind_sys;	   /* a namespace of networks that isn't ours: no sysfs of our own */
	bool one_id;	   /* we have no id but our own: none for the group tty */
	struct resources resources;
	struct map sysctls, annotations;
	char *propagation; /* of the root filesystem; NULL: private */
};

void oci_spec_done(struct oci_spec *s);
int oci_spec_write(const struct oci_spec *s, struct buf *out, struct error *err);
struct oci_mount *oci_mount_add(struct oci_spec *s, const char *type, const char *source,
				const char *target, const char *options); /* "ro,nosuid" */

/* The "process" object alone, for exec. */
void oci_process_write(const struct oci_spec *s, const char *key, struct buf *out);

/* Docker's default set, changed by cap_add and cap_drop ("ALL", "NET_ADMIN", "CAP_NET_ADMIN");
 * privileged is all that this machine lets us give. -ERR_INVALID names an unknown one,
 * -ERR_UNSUPPORTED one that isn't ours to give. */
int caps_resolve(bool privileged, const struct strv *add, const struct strv *drop, struct strv *ret,
		 struct error *err);
uint64_t caps_mask(const struct strv *names); /* a bit for each */

/* The default profile for a process with these capabilities. */
void seccomp_write(const struct strv *caps, struct buf *out);

/* A profile in Docker's form ("archMap", "includes", "excludes") to the runtime's; one in the
 * runtime's stays as it is. */
int seccomp_translate(const char *p, size_t n, const struct strv *caps, char **ret,
		      struct error *err);

/* "nofile" to "RLIMIT_NOFILE", or NULL. */
const char *rlimit_type(const char *name);
/* Whether limits may be raised above our own: a right that no user namespace gives. */
bool rlimit_may_raise(void);
int rlimit_resource(const char *type); /* "RLIMIT_NOFILE" to RLIMIT_NOFILE */
/* Held against our own hard limit where we may not raise it; then *ret_clamped is set. */
int rlimit_resolve(const struct ulimit_spec *u, struct oci_rlimit *ret, bool *ret_clamped,
		   struct error *err);

#endif
