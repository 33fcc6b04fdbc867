/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/oci-container.h"

#include "engine/local/cgroup.h"
#include "engine/local/check.h"
#include "engine/local/mounts.h"
#include "engine/local/user.h"
#include "engine/local/userns.h"
#include "util/io.h"

#include <fcntl.h>
#include <sys/resource.h>

#define PATH_DEFAULT   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SHM_DEFAULT    (64 << 20)
#define NOFILE_DEFAULT 1048576
#define LIMIT_SECCOMP  (4 << 20)
#define INIT_PATH      "/sbin/docker-init"

char *record_cgroup(const struct record *rec)
{
	const char *parent = rec->spec.cgroup_parent;

	if (!parent || !*parent)
		return xprintf(CGROUP_PARENT "/%s", rec->id);
	return xprintf("/%s/%s", parent + strspn(parent, "/"), rec->id);
}

static void env_default(struct strv *env, const struct strv *have, const char *key,
			const char *value)
{
	if (value && !strv_env(have, key))
		strv_env_set(env, key, value);
}

static void environment(struct oci_spec *o, const struct strv *own, const char *hostname,
			const char *home)
{
	env_default(&o->env, own, "PATH", PATH_DEFAULT);
	env_default(&o->env, own, "HOSTNAME", hostname);
	if (o->tty)
		env_default(&o->env, own, "TERM", "xterm");
	strv_extend(&o->env, own);
	env_default(&o->env, own, "HOME", home);
}

static int set_user(struct oci_spec *o, int rootfs, const char *text, const struct strv *group_add,
		    char **ret_home, struct error *err)
{
	struct user u = { 0 };
	int r = user_resolve(rootfs, text, group_add, &u, err);

	if (r < 0)
		return r;
	o->uid = u.uid;
	o->gid = u.gid;
	vec_foreach (g, &u.groups)
		*vec_add(&o->groups) = *g;
	*ret_home = TAKE_PTR(u.home);
	user_done(&u);
	return 0;
}

static int set_rlimits(struct oci_spec *o, const struct ulimit_spec *v, size_t n, struct error *err)
{
	struct rlimit own;
	bool clamped, nofile = false;
	int r;

	for (size_t i = 0; i < n; i++) {
		r = rlimit_resolve(&v[i], vec_add(&o->rlimits), &clamped, err);
		if (r < 0)
			return r;
		nofile = nofile || streq(v[i].name, "nofile");
	}
	/* Not that of the terminal in which `up` was typed: Docker's, as far as we may. */
	if (!nofile && getrlimit(RLIMIT_NOFILE, &own) == 0) {
		uint64_t n_files = rlimit_may_raise() ? NOFILE_DEFAULT
						      : MIN(own.rlim_max, (rlim_t)NOFILE_DEFAULT);

		*vec_add(&o->rlimits) = (struct oci_rlimit){ "RLIMIT_NOFILE", n_files, n_files };
	}
	return 0;
}

static int set_security(struct oci_spec *o, const struct container_spec *s, struct error *err)
{
	struct security sec;
	int r = security_parse(&s->security_opt, &sec, err);

	if (r == 0)
		r = caps_resolve(s->privileged, &s->cap_add, &s->cap_drop, &o->caps, err);
	if (r < 0)
		return r;
	o->no_new_privileges = sec.no_new_privileges;
	o->seccomp_unconfined = sec.seccomp_unconfined;
	o->paths_unconfined = sec.systempaths_unconfined;
	o->apparmor = xstrdup0(sec.apparmor);
	if (sec.seccomp) {
		autobuf b = { 0 };

		buf_init(&b, LIMIT_SECCOMP);
		if (sec.seccomp[0] == '{')
			buf_adds(&b, sec.seccomp);
		else if (io_read_file(AT_FDCWD, sec.seccomp, &b, err) < 0)
			return error_wrap(err, "security_opt seccomp");
		r = seccomp_translate(b.p, b.len, &o->caps, &o->seccomp, err);
	}
	return r;
}

static void default_seccomp(struct oci_spec *o)
{
	autobuf b = { 0 };

	if (o->seccomp || o->privileged || o->seccomp_unconfined)
		return;
	buf_init(&b, LIMIT_SECCOMP);
	seccomp_write(&o->caps, &b);
	o->seccomp = buf_steal(&b);
}

/* "container:X" to the namespace of its first process. */
static int join(struct local *l, const char *mode, const char *type, char **ret, struct error *err)
{
	const char *name = skip_prefix(mode ? mode : "", "container:");
	autorecord rec = { 0 };
	struct status st = { 0 };
	int r;

	if (mode && streq(mode, "host"))
		*ret = xstrdup("host");
	if (!name)
		return 0;
	r = record_get(store_db(l->store), name, &rec, err);
	if (r == 0)
		r = container_status(l, rec.id, &st, err);
	if (r < 0)
		return r;
	if (st.state != RUN_RUNNING)
		return error_set(err, ERR_CONFLICT, "cannot join container %s: it is not running",
				 rec.spec.name);
	*ret = xprintf("/proc/%d/ns/%s", (int)st.pid, type);
	return 0;
}

static int set_namespaces(struct local *l, struct oci_spec *o, const struct container_spec *s,
			  struct error *err)
{
	bool v2 = cgroup_mode() == CGROUP_V2;
	int r;

	r = join(l, s->pid, "pid", &o->ns[OCI_NS_PID], err);
	if (r == 0)
		r = join(l, s->ipc, "ipc", &o->ns[OCI_NS_IPC], err);
	if (r == 0)
		r = join(l, s->uts, "uts", &o->ns[OCI_NS_UTS], err);
	/* Docker: a private one with cgroup v2 alone, unless it is asked for; never for a
	 * privileged container. */
	if (s->cgroup ? streq(s->cgroup, "host") : !v2 || s->privileged)
		o->ns[OCI_NS_CGROUP] = xstrdup("host");
	return r;
}

static void resources_copy(struct resources *to, const struct resources *from)
{
	*to = *from;
	to->cpuset = xstrdup0(from->cpuset);
	to->cpuset_mems = xstrdup0(from->cpuset_mems);
}

static int check_resources(const struct resources *r, struct error *err)
{
	bool v2 = cgroup_mode() == CGROUP_V2;

	if (v2 && (r->cpu_rt_period || r->cpu_rt_runtime))
		return error_set(err, ERR_UNSUPPORTED,
				 "cpu_rt_period, cpu_rt_runtime: cgroup v2 does not have them");
	if (v2 && r->memory_swappiness >= 0)
		return error_set(err, ERR_UNSUPPORTED,
				 "mem_swappiness: cgroup v2 does not have it");
	if (v2 && r->oom_kill_disable)
		return error_set(err, ERR_UNSUPPORTED,
				 "oom_kill_disable: cgroup v2 does not have it");
	return 0;
}

/* Those of net.* are the shim's. */
static void set_sysctls(struct oci_spec *o, const struct map *sysctls)
{
	map_foreach (e, sysctls)
		if (!starts_with(e->key, "net."))
			strmap_set(&o->sysctls, e->key, e->value);
}

static int oom_score(int64_t want)
{
	autobuf b = { 0 };
	int64_t own;

	/* Lower than ours needs CAP_SYS_RESOURCE. */
	buf_init(&b, 32);
	if (want >= 0 || rlimit_may_raise())
		return (int)want;
	if (io_read_file(AT_FDCWD, "/proc/self/oom_score_adj", &b, NULL) < 0)
		return 0;
	own = strtoll(b.p, NULL, 10);
	return (int)MAX(want, own);
}

static void add_init(struct local *l, struct oci_spec *o)
{
	oci_mount_add(o, "bind", l->shim, INIT_PATH, "bind,ro");
	strv_insert(&o->args, 0, "init");
	strv_insert(&o->args, 0, INIT_PATH);
}

int oci_of_record(struct local *l, const struct record *rec, int rootfs, const char *run_dir,
		  const char *hostname, struct oci_spec *o, struct error *err)
{
	const struct container_spec *s = &rec->spec;
	autofree char *home = NULL;
	int r;

	strv_copy(&o->args, &rec->argv);
	o->cwd = xstrdup(s->working_dir);
	o->tty = s->tty;
	o->read_only = s->read_only;
	o->privileged = s->privileged;
	o->hostname = xstrdup(hostname);
	o->domainname = xstrdup0(s->domainname);
	o->cgroup = record_cgroup(rec);
	o->oom_score_adj = oom_score(s->resources.oom_score_adj);
	o->shm_size = s->shm_size ? s->shm_size : SHM_DEFAULT;
	strv_copy(&o->device_rules, &s->device_cgroup_rules);
	resources_copy(&o->resources, &s->resources);
	strmap_copy(&o->annotations, &s->annotations);
	set_sysctls(o, &s->sysctls);
	r = check_resources(&s->resources, err);
	if (r == 0)
		r = set_user(o, rootfs, s->user, &s->group_add, &home, err);
	if (r == 0)
		r = set_rlimits(o, s->ulimits.v, s->ulimits.n, err);
	if (r == 0)
		r = set_security(o, s, err);
	if (r == 0)
		r = set_namespaces(l, o, s, err);
	if (r == 0)
		r = mounts_of_record(l, rec, rootfs, run_dir, o, err);
	if (r < 0)
		return r;
	default_seccomp(o);
	environment(o, &rec->env, hostname, home);
	if (s->init)
		add_init(l, o);
	return 0;
}

int oci_of_step(struct local *l, const struct step_spec *s, int rootfs, const char *run_dir,
		const char *cgroup, struct oci_spec *o, struct error *err)
{
	struct strv none = { 0 };
	autofree char *home = NULL;
	int r;

	strv_copy(&o->args, &s->argv);
	strv_copy(&o->env, &s->env);
	o->cwd = xstrdup(s->working_dir && *s->working_dir ? s->working_dir : "/");
	o->privileged = s->privileged;
	o->hostname = xstrdup(s->hostname ? s->hostname : "buildkitsandbox");
	o->cgroup = xstrdup(cgroup);
	o->shm_size = s->shm_size ? s->shm_size : SHM_DEFAULT;
	o->own_shm = true;
	o->one_id = userns_has_one_id();
	o->bind_sys = l->own_userns;
	o->resources.memory_swappiness = -1;
	if (cgroup_mode() != CGROUP_V2 || s->privileged)
		o->ns[OCI_NS_CGROUP] = xstrdup("host");
	r = set_user(o, rootfs, s->user, NULL, &home, err);
	if (r == 0)
		r = set_rlimits(o, s->ulimits.v, s->ulimits.n, err);
	if (r == 0)
		r = caps_resolve(s->privileged, &none, &none, &o->caps, err);
	if (r < 0)
		return r;
	default_seccomp(o);
	mounts_of_step(s, run_dir, o);
	return 0;
}

int oci_of_exec(const struct record *rec, const struct exec_spec *x, int rootfs,
		const char *hostname, struct oci_spec *o, struct error *err)
{
	const struct container_spec *s = &rec->spec;
	const char *user = x->user && *x->user ? x->user : s->user;
	autostrv env = { 0 };
	autofree char *home = NULL;
	int r;

	strv_copy(&o->args, &x->argv);
	o->cwd = xstrdup(x->working_dir && *x->working_dir ? x->working_dir : s->working_dir);
	o->tty = x->tty;
	o->privileged = x->privileged || s->privileged;
	r = set_user(o, rootfs, user, &s->group_add, &home, err);
	if (r == 0)
		r = set_rlimits(o, s->ulimits.v, s->ulimits.n, err);
	if (r == 0)
		r = set_security(o, s, err);
	if (r == 0 && x->privileged && !s->privileged) {
		strv_done(&o->caps);
		r = caps_resolve(true, &s->cap_add, &s->cap_drop, &o->caps, err);
	}
	if (r < 0)
		return r;
	strv_copy(&env, &rec->env);
	strv_foreach (e, &x->env) {
		const char *eq = strchr(e, '=');
		autofree char *key = eq ? xstrndup(e, (size_t)(eq - e)) : NULL;

		if (eq)
			strv_env_set(&env, key, eq + 1);
	}
	environment(o, &env, hostname, home);
	return 0;
}
