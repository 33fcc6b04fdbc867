/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/jw.h"
#include "engine/local/oci-spec.h"

#include <sys/utsname.h>

/*
 * What a container may ask the kernel for: everything that programs need and that stays inside it.
 * What is not listed fails with EPERM. Left out on purpose: modules, kexec, keyrings, swap, mounts,
 * new namespaces, clocks, quotas, BPF, io_uring, userfaultfd, and calls that are long dead.
 */
static const char *const allowed[] = {
	/* files and directories */
	"access",
	"chdir",
	"chmod",
	"chown",
	"chown32",
	"close",
	"close_range",
	"creat",
	"dup",
	"dup2",
	"dup3",
	"faccessat",
	"faccessat2",
	"fadvise64",
	"fadvise64_64",
	"fallocate",
	"fchdir",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"fchown",
	"fchown32",
	"fchownat",
	"fcntl",
	"fcntl64",
	"fdatasync",
	"fgetxattr",
	"flistxattr",
	"flock",
	"fremovexattr",
	"fsetxattr",
	"fstat",
	"fstat64",
	"fstatat64",
	"fstatfs",
	"fstatfs64",
	"fsync",
	"ftruncate",
	"ftruncate64",
	"futimesat",
	"getcwd",
	"getdents",
	"getdents64",
	"getxattr",
	"getxattrat",
	"ioctl",
	"lchown",
	"lchown32",
	"lgetxattr",
	"link",
	"linkat",
	"listxattr",
	"listxattrat",
	"llistxattr",
	"_llseek",
	"lremovexattr",
	"lseek",
	"lsetxattr",
	"lstat",
	"lstat64",
	"memfd_create",
	"memfd_secret",
	"mkdir",
	"mkdirat",
	"mknod",
	"mknodat",
	"name_to_handle_at",
	"newfstatat",
	"open",
	"openat",
	"openat2",
	"pipe",
	"pipe2",
	"readahead",
	"readlink",
	"readlinkat",
	"removexattr",
	"removexattrat",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"setxattr",
	"setxattrat",
	"stat",
	"stat64",
	"statfs",
	"statfs64",
	"statx",
	"symlink",
	"symlinkat",
	"sync",
	"sync_file_range",
	"syncfs",
	"truncate",
	"truncate64",
	"umask",
	"unlink",
	"unlinkat",
	"utime",
	"utimensat",
	"utimensat_time64",
	"utimes",
	"cachestat",
	/* reading and writing */
	"copy_file_range",
	"pread64",
	"preadv",
	"preadv2",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"read",
	"readv",
	"sendfile",
	"sendfile64",
	"splice",
	"tee",
	"vmsplice",
	"write",
	"writev",
	"io_cancel",
	"io_destroy",
	"io_getevents",
	"io_pgetevents",
	"io_pgetevents_time64",
	"io_setup",
	"io_submit",
	/* waiting for events */
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_ctl_old",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"epoll_wait_old",
	"eventfd",
	"eventfd2",
	"fanotify_mark",
	"inotify_add_watch",
	"inotify_init",
	"inotify_init1",
	"inotify_rm_watch",
	"_newselect",
	"poll",
	"ppoll",
	"ppoll_time64",
	"pselect6",
	"pselect6_time64",
	"select",
	"signalfd",
	"signalfd4",
	/* memory */
	"brk",
	"madvise",
	"map_shadow_stack",
	"membarrier",
	"mincore",
	"mlock",
	"mlock2",
	"mlockall",
	"mmap",
	"mmap2",
	"mprotect",
	"mremap",
	"mseal",
	"msync",
	"munlock",
	"munlockall",
	"munmap",
	"pkey_alloc",
	"pkey_free",
	"pkey_mprotect",
	"process_mrelease",
	"remap_file_pages",
	"shmat",
	"shmctl",
	"shmdt",
	"shmget",
	/* processes and threads */
	"arch_prctl",
	"capget",
	"capset",
	"execve",
	"execveat",
	"exit",
	"exit_group",
	"fork",
	"futex",
	"futex_requeue",
	"futex_time64",
	"futex_wait",
	"futex_waitv",
	"futex_wake",
	"get_robust_list",
	"get_thread_area",
	"getcpu",
	"getegid",
	"getegid32",
	"geteuid",
	"geteuid32",
	"getgid",
	"getgid32",
	"getgroups",
	"getgroups32",
	"getpgid",
	"getpgrp",
	"getpid",
	"getppid",
	"getpriority",
	"getresgid",
	"getresgid32",
	"getresuid",
	"getresuid32",
	"getrlimit",
	"getrusage",
	"getsid",
	"gettid",
	"getuid",
	"getuid32",
	"ioprio_get",
	"ioprio_set",
	"kill",
	"landlock_add_rule",
	"landlock_create_ruleset",
	"landlock_restrict_self",
	"modify_ldt",
	"pidfd_open",
	"pidfd_send_signal",
	"prctl",
	"prlimit64",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"restart_syscall",
	"rseq",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sched_getaffinity",
	"sched_getattr",
	"sched_getparam",
	"sched_getscheduler",
	"sched_rr_get_interval",
	"sched_rr_get_interval_time64",
	"sched_setaffinity",
	"sched_setattr",
	"sched_setparam",
	"sched_setscheduler",
	"sched_yield",
	"seccomp",
	"set_robust_list",
	"set_thread_area",
	"set_tid_address",
	"setfsgid",
	"setfsgid32",
	"setfsuid",
	"setfsuid32",
	"setgid",
	"setgid32",
	"setgroups",
	"setgroups32",
	"setpgid",
	"setpriority",
	"setregid",
	"setregid32",
	"setresgid",
	"setresgid32",
	"setresuid",
	"setresuid32",
	"setreuid",
	"setreuid32",
	"setrlimit",
	"setsid",
	"setuid",
	"setuid32",
	"tgkill",
	"tkill",
	"ugetrlimit",
	"vfork",
	"wait4",
	"waitid",
	"waitpid",
	/* signals */
	"alarm",
	"pause",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigqueueinfo",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"rt_tgsigqueueinfo",
	"sigaltstack",
	"sigprocmask",
	"sigreturn",
	/* time */
	"adjtimex",
	"clock_adjtime",
	"clock_adjtime64",
	"clock_getres",
	"clock_getres_time64",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"getitimer",
	"gettimeofday",
	"nanosleep",
	"setitimer",
	"time",
	"timer_create",
	"timer_delete",
	"timer_getoverrun",
	"timer_gettime",
	"timer_gettime64",
	"timer_settime",
	"timer_settime64",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_gettime64",
	"timerfd_settime",
	"timerfd_settime64",
	"times",
	/* sockets, and what System V and POSIX have between processes */
	"accept",
	"accept4",
	"bind",
	"connect",
	"getpeername",
	"getsockname",
	"getsockopt",
	"ipc",
	"listen",
	"mq_getsetattr",
	"mq_notify",
	"mq_open",
	"mq_timedreceive",
	"mq_timedreceive_time64",
	"mq_timedsend",
	"mq_timedsend_time64",
	"mq_unlink",
	"msgctl",
	"msgget",
	"msgrcv",
	"msgsnd",
	"recv",
	"recvfrom",
	"recvmmsg",
	"recvmmsg_time64",
	"recvmsg",
	"semctl",
	"semget",
	"semop",
	"semtimedop",
	"semtimedop_time64",
	"send",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	"socketcall",
	"socketpair",
	/* the machine */
	"getrandom",
	"sysinfo",
	"uname",
	"uretprobe",
	NULL,
};

/* What a capability brings with it. */
static const struct {
	const char *cap;
	const char *calls[32];
} by_cap[] = {
	{ "CAP_DAC_READ_SEARCH", { "open_by_handle_at" } },
	{ "CAP_SYS_ADMIN",
	  { "bpf",
	    "clone",
	    "clone3",
	    "fanotify_init",
	    "fsconfig",
	    "fsmount",
	    "fsopen",
	    "fspick",
	    "lookup_dcookie",
	    "lsm_get_self_attr",
	    "lsm_list_modules",
	    "lsm_set_self_attr",
	    "mount",
	    "mount_setattr",
	    "move_mount",
	    "open_tree",
	    "perf_event_open",
	    "quotactl",
	    "quotactl_fd",
	    "setdomainname",
	    "sethostname",
	    "setns",
	    "statmount",
	    "listmount",
	    "syslog",
	    "umount",
	    "umount2",
	    "unshare" } },
	{ "CAP_SYS_BOOT", { "reboot" } },
	{ "CAP_SYS_CHROOT", { "chroot" } },
	{ "CAP_SYS_MODULE", { "delete_module", "finit_module", "init_module" } },
	{ "CAP_SYS_PACCT", { "acct" } },
	{ "CAP_SYS_PTRACE", { "kcmp", "pidfd_getfd", "process_madvise" } },
	{ "CAP_SYS_RAWIO", { "iopl", "ioperm" } },
	{ "CAP_SYS_TIME", { "settimeofday", "stime", "clock_settime", "clock_settime64" } },
	{ "CAP_SYS_TTY_CONFIG", { "vhangup" } },
	{ "CAP_SYS_NICE",
	  { "get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node" } },
	{ "CAP_SYSLOG", { "syslog" } },
	{ "CAP_BPF", { "bpf" } },
	{ "CAP_PERFMON", { "perf_event_open" } },
};

static const uint32_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };

static const struct {
	const char *machine;
	const char *archs[4];
} arch_table[] = {
	{ "x86_64", { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" } },
	{ "aarch64", { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM" } },
	{ "ppc64le", { "SCMP_ARCH_PPC64LE" } },
	{ "s390x", { "SCMP_ARCH_S390X", "SCMP_ARCH_S390" } },
	{ "riscv64", { "SCMP_ARCH_RISCV64" } },
};

/* Namespace flags of clone: CLONE_NEWNS .. CLONE_NEWNET, and the cgroup's. */
#define CLONE_NAMESPACES 0x7E020000
#define AF_VSOCK_NUMBER	 40
#define ENOSYS_NUMBER	 38

static void allow(struct buf *b, const char *const *calls)
{
	jw_open(b, NULL, '{');
	jw_list(b, "names", calls);
	jw_str(b, "action", "SCMP_ACT_ALLOW");
	jw_close(b, '}');
}

static void allow_if(struct buf *b, const char *call, uint64_t value, const char *op,
		     int64_t value_two)
{
	jw_open(b, NULL, '{');
	jw_list(b, "names", (const char *const[]){ call, NULL });
	jw_str(b, "action", "SCMP_ACT_ALLOW");
	jw_open(b, "args", '[');
	jw_open(b, NULL, '{');
	jw_int(b, "index", 0);
	jw_int(b, "value", (int64_t)value);
	if (value_two >= 0)
		jw_int(b, "valueTwo", value_two);
	jw_str(b, "op", op);
	jw_close(b, '}');
	jw_close(b, ']');
	jw_close(b, '}');
}

/* clone3 hides its flags from a filter: ENOSYS makes libraries fall back to clone, which is held
 * against them. */
static void without_sys_admin(struct buf *b)
{
	allow_if(b, "clone", CLONE_NAMESPACES, "SCMP_CMP_MASKED_EQ", 0);
	jw_open(b, NULL, '{');
	jw_list(b, "names", (const char *const[]){ "clone3", NULL });
	jw_str(b, "action", "SCMP_ACT_ERRNO");
	jw_int(b, "errnoRet", ENOSYS_NUMBER);
	jw_close(b, '}');
}

static void write_archs(struct buf *b)
{
	struct utsname u;

	if (uname(&u) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(arch_table); i++)
		if (streq(u.machine, arch_table[i].machine))
			jw_list(b, "architectures", arch_table[i].archs);
}

void seccomp_write(const struct strv *caps, struct buf *b)
{
	jw_open(b, NULL, '{');
	jw_str(b, "defaultAction", "SCMP_ACT_ERRNO");
	jw_int(b, "defaultErrnoRet", 1);
	write_archs(b);
	jw_open(b, "syscalls", '[');
	allow(b, allowed);
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++)
		allow_if(b, "personality", personalities[i], "SCMP_CMP_EQ", -1);
	allow_if(b, "socket", AF_VSOCK_NUMBER, "SCMP_CMP_NE", -1);
	for (size_t i = 0; i < ARRAY_SIZE(by_cap); i++)
		if (strv_has(caps, by_cap[i].cap))
			allow(b, by_cap[i].calls);
	if (!strv_has(caps, "CAP_SYS_ADMIN"))
		without_sys_admin(b);
	jw_close(b, ']');
	jw_close(b, '}');
}
