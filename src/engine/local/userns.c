/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/userns.h"

#include "event/child.h"
#include "util/env.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INITIAL_USERNS 0xEFFFFFFDU /* PROC_USER_INIT_INO of the kernel's proc_ns.h */
#define ENTERED	       "COMPOSE_IN_USERNS"
#define LIMIT_SUBIDS   (1 << 20)
#define LIMIT_SAID     2048

bool userns_is_initial(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) < 0 || st.st_ino == INITIAL_USERNS;
}

bool userns_entered(void)
{
	return env_get(ENTERED) != NULL;
}

bool userns_has_one_id(void)
{
	unsigned long long inside, outside, n = 2;
	autobuf map = { 0 };

	buf_init(&map, 4096);
	if (userns_is_initial() || io_read_file(AT_FDCWD, "/proc/self/uid_map", &map, NULL) < 0)
		return false;
	sscanf(map.p, "%llu %llu %llu", &inside, &outside, &n);
	return n == 1 && strchr(map.p, '\n') == map.p + map.len - 1;
}

bool userns_may_mount(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &head, data) == 0 && data[0].effective & 1U << CAP_SYS_ADMIN;
}

/* ---- which ids ---- */

static bool is_user(struct str name, uid_t uid, const char *login)
{
	uint64_t n;

	return (login && str_eq(name, login)) ||
	       (num_parse_u64(name, UINT32_MAX, &n) == 0 && n == uid);
}

int userns_range(const char *file, uid_t uid, uint64_t *ret_start, uint64_t *ret_count)
{
	const struct passwd *pw = getpwuid(uid);
	autofree char *login = pw ? xstrdup(pw->pw_name) : NULL;
	struct str line, rest, name, start, count;
	autobuf b = { 0 };

	buf_init(&b, LIMIT_SUBIDS);
	if (io_read_file(AT_FDCWD, file, &b, NULL) < 0)
		return 0;
	rest = buf_str(&b);
	while (rest.n) {
		str_cut(rest, '\n', &line, &rest);
		str_cut(line, ':', &name, &line);
		str_cut(line, ':', &start, &count);
		if (is_user(name, uid, login) && num_parse_u64(start, UINT32_MAX, ret_start) == 0 &&
		    num_parse_u64(str_trim(count), UINT32_MAX, ret_count) == 0 && *ret_count)
			return 1;
	}
	return 0;
}

/* The ids that we have here, each mapped to itself. */
static void add_own(const char *file, struct strv *args)
{
	struct str line, rest;
	autobuf b = { 0 };
	uint64_t inside, count;

	buf_init(&b, LIMIT_SUBIDS);
	if (io_read_file(AT_FDCWD, file, &b, NULL) < 0)
		return;
	rest = buf_str(&b);
	while (rest.n) {
		unsigned long long in, out, n;
		autofree char *text = NULL;

		str_cut(rest, '\n', &line, &rest);
		text = str_dup(line);
		if (sscanf(text, "%llu %llu %llu", &in, &out, &n) != 3)
			continue;
		inside = in;
		/* Never all there are: runtimes know a user namespace by that. */
		count = MIN(n, (unsigned long long)INT32_MAX);
		for (int i = 0; i < 2; i++)
			strv_pushf(args, "%" PRIu64, inside);
		strv_pushf(args, "%" PRIu64, count);
	}
}

static void add_range(uint64_t own, uint64_t start, uint64_t count, struct strv *args)
{
	strv_pushf(args, "0");
	strv_pushf(args, "%" PRIu64, own);
	strv_pushf(args, "1");
	if (!count)
		return;
	strv_pushf(args, "1");
	strv_pushf(args, "%" PRIu64, start);
	strv_pushf(args, "%" PRIu64, count);
}

/* What compose-shim is asked to do from outside: "own" writes the maps itself (the one who asks has
 * the right), "sub" calls newuidmap and newgidmap. Nothing: there is only our own id. */
static const char *plan_maps(struct strv *uids, struct strv *gids)
{
	uint64_t ustart, ucount, gstart, gcount;

	if (geteuid() == 0) {
		add_own("/proc/self/uid_map", uids);
		add_own("/proc/self/gid_map", gids);
		return "own";
	}
	if (userns_range("/etc/subuid", geteuid(), &ustart, &ucount) <= 0 ||
	    userns_range("/etc/subgid", geteuid(), &gstart, &gcount) <= 0)
		return NULL;
	add_range(geteuid(), ustart, ucount, uids);
	add_range(getegid(), gstart, gcount, gids);
	return "sub";
}

/* ---- a helper that stays outside ---- */

struct mapper {
	struct child child;
	int go, said;
	bool started;
};

static int mapper_start(const char *shim, const char *how, pid_t pid, const struct strv *uids,
			const struct strv *gids, struct mapper *m, struct error *err)
{
	autostrv argv = { 0 };
	struct child_spec spec = { .program = shim, .cwd = "/", .stderr_fd = -1 };
	int go[2], said[2], r = fd_pipe(go, err);

	if (r == 0)
		r = fd_pipe(said, err);
	if (r < 0)
		return r;
	strv_push(&argv, "compose-shim");
	strv_push(&argv, "map");
	strv_push(&argv, how);
	strv_pushf(&argv, "%d", (int)pid);
	strv_extend(&argv, uids);
	strv_push(&argv, "-");
	strv_extend(&argv, gids);
	spec.argv = strv_v(&argv);
	spec.stdin_fd = go[0];
	spec.stdout_fd = spec.stderr_fd = said[1];
	r = child_spawn(&spec, &m->child, err);
	fd_close(go[0]);
	fd_close(said[1]);
	m->go = go[1];
	m->said = said[0];
	m->started = r == 0;
	return r;
}

static int mapper_end(struct mapper *m, bool go, struct error *err)
{
	autobuf said = { 0 };
	int code = 0, r = 0;

	if (!m->started)
		return 0;
	if (go)
		r = io_write_all(m->go, "g", 1, err);
	m->go = fd_close(m->go);
	buf_init(&said, LIMIT_SAID);
	io_read_fd(m->said, &said, NULL);
	m->said = fd_close(m->said);
	if (r == 0)
		r = child_wait(&m->child, &code, err);
	if (r == 0 && go && code)
		r = error_set(err, ERR_CHILD, "%s",
			      said.len ? str_trim(buf_str(&said)).p : "compose-shim map failed");
	return r;
}

/* ---- in ---- */

/* In a process that is thrown away, since there is no way back. */
static bool is_allowed(const char *shim, char **ret_why)
{
	char *const argv[] = { (char *)"compose-shim", (char *)"userns", NULL };
	struct child_spec spec = { .program = shim, .argv = argv, .cwd = "/", .stdin_fd = -1 };
	struct child child = CHILD_INIT;
	autobuf said = { 0 };
	int p[2], code = 1;

	buf_init(&said, LIMIT_SAID);
	if (fd_pipe(p, NULL) < 0)
		return false;
	spec.stdout_fd = spec.stderr_fd = p[1];
	if (child_spawn(&spec, &child, NULL) < 0)
		code = 1;
	fd_close(p[1]);
	io_read_fd(p[0], &said, NULL);
	fd_close(p[0]);
	if (child.pidfd >= 0)
		child_wait(&child, &code, NULL);
	if (code && ret_why)
		*ret_why = str_dup(str_trim(buf_str(&said)));
	return code == 0;
}

static int write_single_map(uid_t uid, gid_t gid, struct error *err)
{
	autofree char *u = xprintf("0 %u 1", uid), *g = xprintf("0 %u 1", gid);
	const struct {
		const char *path, *text;
	} files[] = {
		{ "/proc/self/setgroups", "deny" },
		{ "/proc/self/uid_map", u },
		{ "/proc/self/gid_map", g },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autoclose int fd = open(files[i].path, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, files[i].text, strlen(files[i].text)) < 0)
			return error_sys(err, "%s", files[i].path);
	}
	return 0;
}

/* They are the user's, not root's: what is asked for them from now on is root. */
static void keep_directories(void)
{
	autofree char *uid = xprintf("%u", (unsigned)geteuid());

	setenv("COMPOSE_UID", uid, 1);
	autofree char *state = env_state_dir(), *run = env_run_dir();

	setenv("COMPOSE_STATE_DIR", state, 1);
	setenv("COMPOSE_RUN_DIR", run, 1);
	setenv(ENTERED, "1", 1);
}

static int become_root(struct error *err)
{
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_sys(err, "root of a user namespace");
	setgroups(0, NULL); /* not with a single id */
	/* /proc/self stays ours. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_sys(err, "mount namespace");
	return 0;
}

int userns_enter(char **ret_why, struct error *err)
{
	autostrv uids = { 0 }, gids = { 0 };
	struct mapper m = { .child = CHILD_INIT, .go = -1, .said = -1 };
	autofree char *shim = NULL;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	const char *how;
	int r;

	if (userns_may_mount())
		return 0;
	r = env_helper("compose-shim", &shim, err);
	if (r < 0)
		return r;
	if (!is_allowed(shim, ret_why))
		return 2;
	how = plan_maps(&uids, &gids);
	if (how)
		r = mapper_start(shim, how, getpid(), &uids, &gids, &m, err);
	if (r < 0)
		return r;
	if (uid)
		keep_directories();
	else
		setenv(ENTERED, "1", 1);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		r = error_sys(err, "user namespace");
	if (how)
		r = r < 0 ? (mapper_end(&m, false, NULL), r) : mapper_end(&m, true, err);
	else if (r == 0)
		r = write_single_map(uid, gid, err);
	if (r == 0)
		r = become_root(err);
	return r < 0 ? error_wrap(err, "a user namespace of our own") : 1;
}
