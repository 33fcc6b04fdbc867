/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/oci-spec.h"

#include "engine/local/cgroup.h"
#include "engine/local/jw.h"
#include "util/num.h"

#include <inttypes.h>

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static const struct {
	const char *type, *target, *options;
	bool rw_if_privileged;
} default_mounts[] = {
	{ "proc", "/proc", "nosuid,noexec,nodev", false },
	{ "tmpfs", "/dev", "nosuid,strictatime,mode=755,size=65536k", false },
	{ "devpts", "/dev/pts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5", false },
	{ "sysfs", "/sys", "nosuid,noexec,nodev,ro", true },
	{ "cgroup", "/sys/fs/cgroup", "nosuid,noexec,nodev,relatime,ro", true },
	{ "mqueue", "/dev/mqueue", "nosuid,noexec,nodev", false },
};

/* Any node may be made, those that every program expects may be used. */
static const char *const device_rules[] = {
	"c *:* m",   "b *:* m",	  "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",   "c 1:8 rwm",
	"c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm",
};

static const char *const ns_names[OCI_NS_COUNT] = {
	[OCI_NS_PID] = "pid",
	[OCI_NS_IPC] = "ipc",
	[OCI_NS_UTS] = "uts",
	[OCI_NS_CGROUP] = "cgroup",
};

static void mount_done(struct oci_mount *m)
{
	free(m->type);
	free(m->source);
	free(m->target);
	strv_done(&m->options);
}

void oci_spec_done(struct oci_spec *s)
{
	strv_done(&s->args);
	strv_done(&s->env);
	free(s->cwd);
	vec_done(&s->groups);
	free(s->seccomp);
	free(s->apparmor);
	free(s->hostname);
	free(s->domainname);
	strv_done(&s->caps);
	vec_done(&s->rlimits);
	vec_foreach (m, &s->mounts)
		mount_done(m);
	vec_done(&s->mounts);
	vec_foreach (d, &s->devices) {
		free(d->path);
		free(d->access);
	}
	vec_done(&s->devices);
	strv_done(&s->device_rules);
	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		free(s->ns[i]);
	free(s->cgroup);
	free(s->resources.cpuset);
	free(s->resources.cpuset_mems);
	map_done(&s->sysctls);
	map_done(&s->annotations);
	free(s->propagation);
	*s = (struct oci_spec){ 0 };
}

struct oci_mount *oci_mount_add(struct oci_spec *s, const char *type, const char *source,
				const char *target, const char *options)
{
	struct oci_mount *m = vec_add(&s->mounts);

	m->type = xstrdup(type);
	m->source = xstrdup(source);
	m->target = xstrdup(target);
	if (options && *options)
		strv_split(&m->options, str_of(options), ',');
	return m;
}

static void write_capabilities(const struct oci_spec *s, struct buf *b)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	struct strv none = { 0 };

	/* A process that isn't root gets them only through files that carry them. */
	jw_open(b, "capabilities", '{');
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		jw_strv(b, sets[i], i && s->uid ? &none : &s->caps);
	jw_close(b, '}');
}

static void write_user(const struct oci_spec *s, struct buf *b)
{
	jw_open(b, "user", '{');
	jw_int(b, "uid", s->uid);
	jw_int(b, "gid", s->gid);
	if (s->groups.n) {
		jw_open(b, "additionalGids", '[');
		vec_foreach (g, &s->groups)
			jw_int(b, NULL, *g);
		jw_close(b, ']');
	}
	jw_close(b, '}');
}

void oci_process_write(const struct oci_spec *s, const char *key, struct buf *b)
{
	jw_open(b, key, '{');
	jw_bool(b, "terminal", s->tty);
	write_user(s, b);
	jw_strv(b, "args", &s->args);
	jw_strv(b, "env", &s->env);
	jw_str(b, "cwd", s->cwd);
	write_capabilities(s, b);
	jw_open(b, "rlimits", '[');
	vec_foreach (l, &s->rlimits) {
		jw_open(b, NULL, '{');
		jw_str(b, "type", l->type);
		buf_addf(b, ",\"soft\":%" PRIu64 ",\"hard\":%" PRIu64, l->soft, l->hard);
		jw_close(b, '}');
	}
	jw_close(b, ']');
	jw_bool(b, "noNewPrivileges", s->no_new_privileges);
	jw_str(b, "apparmorProfile", s->apparmor);
	if (s->oom_score_adj)
		jw_int(b, "oomScoreAdj", s->oom_score_adj);
	jw_close(b, '}');
}

static void write_mount(struct buf *b, const char *type, const char *source, const char *target,
			const struct strv *options)
{
	jw_open(b, NULL, '{');
	jw_str(b, "destination", target);
	jw_str(b, "type", type);
	jw_str(b, "source", source);
	jw_strv(b, "options", options);
	jw_close(b, '}');
}

static void write_mounts(const struct oci_spec *s, struct buf *b)
{
	jw_open(b, "mounts", '[');
	for (size_t i = 0; i < ARRAY_SIZE(default_mounts); i++) {
		autostrv options = { 0 };

		strv_split(&options, str_of(default_mounts[i].options), ',');
		if (s->one_id && streq(default_mounts[i].type, "devpts"))
			strv_remove(&options, options.n - 1); /* "gid=5" */
		if (default_mounts[i].rw_if_privileged && s->privileged)
			strv_remove(&options, options.n - 1); /* "ro" */
		if (s->bind_sys && streq(default_mounts[i].type, "sysfs")) {
			strv_push(&options, "rbind");
			write_mount(b, "bind", "/sys", "/sys", &options);
			continue;
		}
		write_mount(b, default_mounts[i].type, default_mounts[i].type,
			    default_mounts[i].target, &options);
	}
	if (s->own_shm) {
		autostrv options = { 0 };

		strv_split(&options, STR("nosuid,noexec,nodev,mode=1777"), ',');
		strv_pushf(&options, "size=%" PRIu64, s->shm_size);
		write_mount(b, "tmpfs", "shm", "/dev/shm", &options);
	}
	vec_foreach (m, &s->mounts)
		write_mount(b, m->type, m->source, m->target, &m->options);
	jw_close(b, ']');
}

/* "c 1:3 rwm" */
static int write_rule(struct buf *b, const char *rule, struct error *err)
{
	struct str type, rest, number, access, major, minor;
	int64_t v;

	str_cut(str_of(rule), ' ', &type, &rest);
	str_cut(rest, ' ', &number, &access);
	if (type.n != 1 || !strchr("abc", *type.p) || !str_cut(number, ':', &major, &minor) ||
	    !access.n || access.n > 3)
		return error_set(err, ERR_INVALID,
				 "device_cgroup_rules: \"%s\" is not like \"c 1:3 rwm\"", rule);
	jw_open(b, NULL, '{');
	jw_bool(b, "allow", true);
	jw_str(b, "type", (char[]){ *type.p, 0 });
	if (!str_eq(major, "*") && num_parse_i64(major, 0, INT32_MAX, &v) == 0)
		jw_int(b, "major", v);
	if (!str_eq(minor, "*") && num_parse_i64(minor, 0, INT32_MAX, &v) == 0)
		jw_int(b, "minor", v);
	jw_open(b, "access", '"');
	buf_addstr(b, access);
	jw_close(b, '"');
	jw_close(b, '}');
	return 0;
}

static int write_device_rules(const struct oci_spec *s, struct buf *b, struct error *err)
{
	int r = 0;

	jw_open(b, "devices", '[');
	if (s->privileged) {
		r = write_rule(b, "a *:* rwm", err);
		jw_close(b, ']');
		return r;
	}
	buf_adds(b, "{\"allow\":false,\"access\":\"rwm\"}");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(device_rules); i++)
		r = write_rule(b, device_rules[i], err);
	vec_foreach (d, &s->devices) {
		autofree char *rule = xprintf("%c %" PRId64 ":%" PRId64 " %s", d->type, d->major,
					      d->minor, d->access);

		r = r ? r : write_rule(b, rule, err);
	}
	strv_foreach (rule, &s->device_rules)
		r = r ? r : write_rule(b, rule, err);
	jw_close(b, ']');
	return r;
}

static void write_positive(struct buf *b, const char *key, int64_t v)
{
	if (v > 0)
		jw_int(b, key, v);
}

static void write_cpu(const struct resources *res, struct buf *b)
{
	int64_t period = res->cpu_period, quota = res->cpu_quota;

	if (res->cpus > 0) {
		period = 100000;
		quota = (int64_t)(res->cpus * (double)period + 0.5);
	}
	jw_open(b, "cpu", '{');
	write_positive(b, "shares", res->cpu_shares);
	write_positive(b, "period", period);
	write_positive(b, "quota", quota);
	write_positive(b, "realtimePeriod", res->cpu_rt_period);
	write_positive(b, "realtimeRuntime", res->cpu_rt_runtime);
	jw_str(b, "cpus", res->cpuset);
	jw_str(b, "mems", res->cpuset_mems);
	jw_close(b, '}');
}

static void write_memory(const struct resources *res, struct buf *b)
{
	jw_open(b, "memory", '{');
	write_positive(b, "limit", res->memory);
	write_positive(b, "reservation", res->memory_reservation);
	/* Docker: as much swap as memory unless it is said. */
	if (res->memory_swap)
		jw_int(b, "swap", res->memory_swap);
	else if (res->memory > 0)
		jw_int(b, "swap", res->memory * 2);
	if (res->memory_swappiness >= 0)
		jw_int(b, "swappiness", res->memory_swappiness);
	if (res->oom_kill_disable)
		jw_bool(b, "disableOOMKiller", true);
	jw_close(b, '}');
}

static int write_resources(const struct oci_spec *s, struct buf *b, struct error *err)
{
	int r;

	jw_open(b, "resources", '{');
	r = write_device_rules(s, b, err);
	write_cpu(&s->resources, b);
	write_memory(&s->resources, b);
	if (s->resources.pids > 0) {
		jw_open(b, "pids", '{');
		jw_int(b, "limit", s->resources.pids);
		jw_close(b, '}');
	}
	if (s->resources.blkio_weight > 0) {
		jw_open(b, "blockIO", '{');
		jw_int(b, "weight", s->resources.blkio_weight);
		jw_close(b, '}');
	}
	jw_close(b, '}');
	return r;
}

static void write_devices(const struct oci_spec *s, struct buf *b)
{
	jw_open(b, "devices", '[');
	vec_foreach (d, &s->devices) {
		jw_open(b, NULL, '{');
		jw_str(b, "path", d->path);
		jw_str(b, "type", (char[]){ d->type, 0 });
		jw_int(b, "major", d->major);
		jw_int(b, "minor", d->minor);
		jw_int(b, "fileMode", d->mode);
		jw_int(b, "uid", d->uid);
		jw_int(b, "gid", d->gid);
		jw_close(b, '}');
	}
	jw_close(b, ']');
}

static void write_namespaces(const struct oci_spec *s, struct buf *b)
{
	jw_open(b, "namespaces", '[');
	buf_adds(b, "{\"type\":\"mount\"}");
	if (s->map.uids)
		buf_adds(b, ",{\"type\":\"user\"}");
	for (size_t i = 0; i < OCI_NS_COUNT; i++) {
		if (s->ns[i] && streq(s->ns[i], "host"))
			continue;
		jw_open(b, NULL, '{');
		jw_str(b, "type", ns_names[i]);
		jw_str(b, "path", s->ns[i]);
		jw_close(b, '}');
	}
	jw_close(b, ']');
}

static void write_map(struct buf *b, const char *key, uint64_t first, uint64_t n)
{
	jw_open(b, key, '[');
	jw_open(b, NULL, '{');
	jw_int(b, "containerID", 0);
	jw_int(b, "hostID", (int64_t)first);
	jw_int(b, "size", (int64_t)n);
	jw_close(b, '}');
	jw_close(b, ']');
}

static int write_linux(const struct oci_spec *s, struct buf *b, struct error *err)
{
	int r;

	jw_open(b, "linux", '{');
	write_namespaces(s, b);
	if (s->map.uids) {
		write_map(b, "uidMappings", s->map.uid, s->map.uids);
		write_map(b, "gidMappings", s->map.gid, s->map.gids);
	}
	jw_str(b, "cgroupsPath", s->cgroup);
	r = write_resources(s, b, err);
	write_devices(s, b);
	if (s->sysctls.n)
		jw_map(b, "sysctl", &s->sysctls);
	jw_str(b, "rootfsPropagation", s->propagation);
	if (!s->privileged && !s->paths_unconfined) {
		jw_list(b, "maskedPaths", masked_paths);
		jw_list(b, "readonlyPaths", readonly_paths);
	}
	if (s->seccomp) {
		buf_adds(b, ",\"seccomp\":");
		buf_adds(b, s->seccomp);
	}
	jw_close(b, '}');
	return r;
}

int oci_spec_write(const struct oci_spec *s, struct buf *b, struct error *err)
{
	int r;

	jw_open(b, NULL, '{');
	jw_str(b, "ociVersion", "1.0.2");
	oci_process_write(s, "process", b);
	jw_open(b, "root", '{');
	jw_str(b, "path", "rootfs");
	jw_bool(b, "readonly", s->read_only);
	jw_close(b, '}');
	if (!s->ns[OCI_NS_UTS]) {
		jw_str(b, "hostname", s->hostname);
		jw_str(b, "domainname", s->domainname);
	}
	write_mounts(s, b);
	if (s->annotations.n)
		jw_map(b, "annotations", &s->annotations);
	r = write_linux(s, b, err);
	jw_close(b, '}');
	return r < 0 ? r : buf_check(b, "config.json", err);
}
