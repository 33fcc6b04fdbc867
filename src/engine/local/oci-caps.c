/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/oci-spec.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#define CAP(name, by_default) [CAP_##name] = { "CAP_" #name, by_default }
static const struct {
	const char *name;
	bool by_default;
} caps[] = {
	CAP(CHOWN, true),
	CAP(DAC_OVERRIDE, true),
	CAP(DAC_READ_SEARCH, false),
	CAP(FOWNER, true),
	CAP(FSETID, true),
	CAP(KILL, true),
	CAP(SETGID, true),
	CAP(SETUID, true),
	CAP(SETPCAP, true),
	CAP(LINUX_IMMUTABLE, false),
	CAP(NET_BIND_SERVICE, true),
	CAP(NET_BROADCAST, false),
	CAP(NET_ADMIN, false),
	CAP(NET_RAW, true),
	CAP(IPC_LOCK, false),
	CAP(IPC_OWNER, false),
	CAP(SYS_MODULE, false),
	CAP(SYS_RAWIO, false),
	CAP(SYS_CHROOT, true),
	CAP(SYS_PTRACE, false),
	CAP(SYS_PACCT, false),
	CAP(SYS_ADMIN, false),
	CAP(SYS_BOOT, false),
	CAP(SYS_NICE, false),
	CAP(SYS_RESOURCE, false),
	CAP(SYS_TIME, false),
	CAP(SYS_TTY_CONFIG, false),
	CAP(MKNOD, true),
	CAP(LEASE, false),
	CAP(AUDIT_WRITE, true),
	CAP(AUDIT_CONTROL, false),
	CAP(SETFCAP, true),
	CAP(MAC_OVERRIDE, false),
	CAP(MAC_ADMIN, false),
	CAP(SYSLOG, false),
	CAP(WAKE_ALARM, false),
	CAP(BLOCK_SUSPEND, false),
	CAP(AUDIT_READ, false),
	CAP(PERFMON, false),
	CAP(BPF, false),
	CAP(CHECKPOINT_RESTORE, false),
};

static bool is_all(const char *name)
{
	autofree char *low = str_lower(name);

	return streq(low, "all");
}

/* The number of a capability however it is written, or -1. */
static int find(const char *name)
{
	autofree char *low = str_lower(name);
	const char *base = skip_prefix(low, "cap_");

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		autofree char *known = str_lower(caps[i].name);

		if (streq(known + strlen("cap_"), base ? base : low))
			return (int)i;
	}
	return -1;
}

static bool ours(int cap)
{
	return prctl(PR_CAPBSET_READ, cap) == 1;
}

static int change(bool *have, const struct strv *names, bool add, struct error *err)
{
	strv_foreach (name, names) {
		int cap = is_all(name) ? -1 : find(name);

		if (is_all(name))
			continue;
		if (cap < 0)
			return error_set(err, ERR_INVALID, "%s: there is no capability \"%s\"",
					 add ? "cap_add" : "cap_drop", name);
		if (add && !ours(cap))
			return error_set(err, ERR_UNSUPPORTED,
					 "cap_add: %s is not ours to give on this machine (see "
					 "CapBnd in /proc/self/status)",
					 caps[cap].name);
		have[cap] = add;
	}
	return 0;
}

static bool has_all(const struct strv *names)
{
	strv_foreach (name, names)
		if (is_all(name))
			return true;
	return false;
}

int caps_resolve(bool privileged, const struct strv *add, const struct strv *drop, struct strv *ret,
		 struct error *err)
{
	bool have[ARRAY_SIZE(caps)], all = privileged || has_all(add), none = has_all(drop);
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		have[i] = ours((int)i) && (all || (!none && caps[i].by_default));
	r = privileged ? 0 : change(have, drop, false, err);
	if (r == 0)
		r = privileged ? 0 : change(have, add, true, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(caps); i++)
		if (have[i])
			strv_push(ret, caps[i].name);
	return r;
}

uint64_t caps_mask(const struct strv *names)
{
	uint64_t mask = 0;

	strv_foreach (name, names) {
		int cap = find(name);

		if (cap >= 0)
			mask |= 1ULL << cap;
	}
	return mask;
}
