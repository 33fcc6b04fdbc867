/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/sandbox.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIMIT_MEMORY (1ULL << 30) /* more address space: zstd and xz windows are the most */

/* SYS_ADMIN is what trusted.overlay.opaque asks for. */
static const unsigned kept_caps[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
	CAP_FSETID, CAP_MKNOD,	      CAP_SETFCAP,	   CAP_SYS_ADMIN,
};

static int drop_capabilities(struct error *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t keep = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kept_caps); i++)
		keep |= 1ULL << kept_caps[i];
	if (syscall(SYS_capget, &head, data) < 0)
		return error_sys(err, "capget");
	for (size_t i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return error_sys(err, "capset");
	return 0;
}

/* All that this kernel's landlock can forbid in file systems, by its version. */
static uint64_t landlock_rights(long abi)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* version 1 ends there */
	if (abi >= 2)
		rights |= 1ULL << 13; /* LANDLOCK_ACCESS_FS_REFER */
	if (abi >= 3)
		rights |= 1ULL << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE */
	return rights;
}

/* Hard links between directories need REFER: a kernel without it (5.13 to 5.18) is left without
 * landlock. */
static int restrict_files(int dirfd, const int *read, size_t n, struct error *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 2)
		return 0;
	struct landlock_ruleset_attr attr = { .handled_access_fs = landlock_rights(abi) };
	autoclose int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0)
		return error_sys(err, "landlock");
	struct landlock_path_beneath_attr below = {
		.allowed_access = attr.handled_access_fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE,
		.parent_fd = dirfd,
	};
	if (dirfd >= 0 &&
	    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
		return error_sys(err, "landlock");
	below.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	for (size_t i = 0; i < n; i++) {
		below.parent_fd = read[i];
		if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) <
		    0)
			return error_sys(err, "landlock");
	}
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return error_sys(err, "landlock");
	return 0;
}

/* What is mapped already: a sanitizer's shadow is terabytes. */
static uint64_t address_space(void)
{
	autobuf text = { 0 };
	struct str pages, rest;
	uint64_t n = 0;
	buf_init(&text, 256);
	if (io_read_file(AT_FDCWD, "/proc/self/statm", &text, NULL) < 0)
		return 0;
	str_cut(buf_str(&text), ' ', &pages, &rest);
	num_parse_u64(pages, UINT64_MAX >> 16, &n);
	return n * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* As far as the hard limit goes. */
static void limit(__rlimit_resource_t what, rlim_t soft)
{
	struct rlimit l;
	if (getrlimit(what, &l) < 0)
		return;
	l.rlim_cur = MIN(soft, l.rlim_max);
	setrlimit(what, &l);
}

/* A sanitizer's search for leaks reads /proc when the program ends, which is then out of reach. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

int sandbox_enter(int dirfd, struct error *err)
{
	return sandbox_enter_reading(dirfd, NULL, 0, err);
}

int sandbox_enter_reading(int dirfd, const int *read, size_t n, struct error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_sys(err, "no_new_privs");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, RLIM_INFINITY);
	limit(RLIMIT_AS, address_space() + LIMIT_MEMORY);
	int r = restrict_files(dirfd, read, n, err);
	if (r == 0)
		r = drop_capabilities(err);
	return r;
}
