/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/doctor.h"

#include "engine/local/cgroup.h"
#include "engine/local/userns.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- control groups ---- */

static char *controllers_of(enum cgroup_mode mode)
{
	autobuf out = { 0 };
	struct dirent *e;
	DIR *d;

	buf_init(&out, 4096);
	if (mode == CGROUP_V2) {
		io_read_file(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", &out, NULL);
		return str_dup(str_trim(buf_str(&out)));
	}
	d = opendir("/sys/fs/cgroup");
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && e->d_type == DT_DIR && !streq(e->d_name, "unified"))
			buf_addf(&out, "%s%s", out.len ? " " : "", e->d_name);
	if (d)
		closedir(d);
	return buf_steal(&out);
}

static void cgroups(doctor_findings *v)
{
	static const char *const modes[] = { [CGROUP_NONE] = "not mounted",
					     [CGROUP_V1] = "v1",
					     [CGROUP_V2] = "v2",
					     [CGROUP_HYBRID] = "v1, with v2 beside it (hybrid)" };
	enum cgroup_mode mode = cgroup_mode();
	autofree char *controllers = controllers_of(mode);
	autofree char *own = xprintf("/sys/fs/cgroup/%scompose-doctor-%d",
				     mode == CGROUP_V2 ? "" : "memory/", (int)getpid());
	bool ok = mkdir(own, 0755) == 0;
	int sys = errno;

	if (ok)
		rmdir(own);
	doctor_add(v, "host", "control groups", ok ? DOCTOR_YES : DOCTOR_NO,
		   xprintf("%s: %s%s%s", modes[mode], controllers,
			   ok ? "" : "; making one: ", ok ? "" : strerror(sys)),
		   ok ? NULL : "limits of containers need root; steps of builds do without");
}

/* ---- namespaces, ids ---- */

static void namespaces(struct local *l, doctor_findings *v)
{
	char *const argv[] = { l->shim, (char *)"userns", NULL };
	autofree char *line = NULL;
	bool ok = doctor_run(argv, NULL, &line) == 0;

	doctor_add(v, "host", "user namespaces", ok ? DOCTOR_YES : DOCTOR_NO,
		   ok ? xstrdup(userns_entered() ? "in one of our own" : "can be made")
		      : TAKE_PTR(line),
		   ok ? NULL
		      : "the sysctls user.max_user_namespaces and "
			"kernel.unprivileged_userns_clone; in a container its seccomp profile");
}

static void subids(doctor_findings *v)
{
	uint64_t start, count, gstart, gcount;
	const char *real = getenv("COMPOSE_UID");
	uid_t uid = real ? (uid_t)strtoul(real, NULL, 10) : getuid();

	if (userns_range("/etc/subuid", uid, &start, &count) > 0 &&
	    userns_range("/etc/subgid", uid, &gstart, &gcount) > 0)
		doctor_add(v, "host", "subordinate ids", DOCTOR_YES,
			   xprintf("users %" PRIu64 "+%" PRIu64 ", groups %" PRIu64 "+%" PRIu64,
				   start, count, gstart, gcount),
			   NULL);
	else
		doctor_add(v, "host", "subordinate ids", uid ? DOCTOR_NO : DOCTOR_NOTE,
			   xprintf("user %u has no range in /etc/subuid and /etc/subgid", uid),
			   "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER");
}

/* ---- filters, ports ---- */

static void seccomp(doctor_findings *v)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	bool ok = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;

	doctor_add(v, "host", "seccomp", ok ? DOCTOR_YES : DOCTOR_NO,
		   xstrdup(ok ? "system calls can be filtered" : strerror(errno)), NULL);
}

static void low_ports(doctor_findings *v)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int r = -1;

	for (uint16_t port = 1023; fd >= 0 && r < 0 && port > 1000; port--) {
		at.sin_port = htons(port);
		r = bind(fd, (struct sockaddr *)&at, sizeof(at));
		if (r < 0 && errno != EADDRINUSE)
			break;
	}
	doctor_add(v, "host", "ports below 1024", r == 0 ? DOCTOR_YES : DOCTOR_NO,
		   xstrdup(r == 0 ? "can be published" : strerror(errno)),
		   r == 0 ? NULL : "the sysctl net.ipv4.ip_unprivileged_port_start");
}

/* ---- programs ---- */

static void firewall(doctor_findings *v)
{
	char *const argv[] = { (char *)"nft", (char *)"--check", (char *)"-f", (char *)"-", NULL };
	autofree char *line = NULL;
	int code = doctor_run(argv, "add table inet compose_doctor\n", &line);

	doctor_add(v, "host", "nftables",
		   code == 0			     ? DOCTOR_YES
		   : (userns_entered() || geteuid()) ? DOCTOR_NO
						     : DOCTOR_MISSING,
		   code == 0  ? xstrdup("tables can be made")
		   : code < 0 ? xstrdup("nft is not installed")
			      : TAKE_PTR(line),
		   code == 0 ? NULL : "root, and the package nftables: networks need them");
}

static void program(doctor_findings *v, const char *name, const char *path, const char *package,
		    bool needed)
{
	char *const argv[] = { (char *)(uintptr_t)path, (char *)"--version", NULL };
	autofree char *line = NULL;
	int code = doctor_run(argv, NULL, &line);
	enum doctor_state missing = needed ? DOCTOR_MISSING : DOCTOR_NO;

	doctor_add(v, "programs", name, code == 0 ? DOCTOR_YES : missing,
		   code == 0 ? TAKE_PTR(line) : xstrdup("not installed"),
		   code == 0 ? NULL : package);
}

static const char *aardvark(void)
{
	static const char *const places[] = { "/usr/lib/podman/aardvark-dns",
					      "/usr/libexec/podman/aardvark-dns" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return "aardvark-dns";
}

/* Interpreters that the kernel has for programs of other machines. */
static void foreign(doctor_findings *v)
{
	autobuf out = { 0 };
	DIR *d = opendir("/proc/sys/fs/binfmt_misc");
	struct dirent *e;

	buf_init(&out, 4096);
	while (d && (e = readdir(d))) {
		const char *machine = skip_prefix(e->d_name, "qemu-");
		autofree char *path = xprintf("/proc/sys/fs/binfmt_misc/%s", e->d_name);
		autobuf text = { 0 };

		buf_init(&text, 4096);
		if (machine && io_read_file(AT_FDCWD, path, &text, NULL) == 0 &&
		    starts_with(text.p, "enabled"))
			buf_addf(&out, "%s%s", out.len ? " " : "", machine);
	}
	if (d)
		closedir(d);
	doctor_add(v, "programs", "other machines", out.len ? DOCTOR_YES : DOCTOR_NOTE,
		   out.len ? xprintf("RUN for %s", out.p) : xstrdup("RUN for this one alone"),
		   out.len ? NULL : "the package qemu-user-static");
}

void doctor_host(struct local *l, doctor_findings *v)
{
	cgroups(v);
	namespaces(l, v);
	subids(v);
	seccomp(v);
	firewall(v);
	low_ports(v);
	program(v, "runtime", l->runtime, "the package crun", true);
	program(v, "aardvark-dns", aardvark(), "the package aardvark-dns: names on networks",
		false);
	program(v, "pasta", "pasta", "nothing yet: steps without root have this machine's network",
		false);
	foreign(v);
}
