/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/status.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIMIT_STATUS (64 << 10)

static const char *const names[] = {
	[RUN_CREATED] = "created",
	[RUN_RUNNING] = "running",
	[RUN_EXITED] = "exited",
};

int64_t kv_int(const char *value)
{
	int64_t v;

	return num_parse_i64(str_of(value), INT64_MIN, INT64_MAX, &v) < 0 ? 0 : v;
}

void kv_add(struct buf *b, const char *key, const char *value)
{
	buf_adds(b, key);
	buf_addc(b, '=');
	for (; *value; value++)
		buf_addc(b, *value == '\n' ? ' ' : *value);
	buf_addc(b, '\n');
}

void kv_addi(struct buf *b, const char *key, int64_t value)
{
	buf_addf(b, "%s=%" PRId64 "\n", key, value);
}

int kv_read(int dirfd, const char *name, kv_fn fn, void *userdata, struct error *err)
{
	autobuf b = { 0 };
	int r;

	buf_init(&b, LIMIT_STATUS);
	r = io_read_file(dirfd, name, &b, err);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	for (char *p = b.p, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		char *eq;

		*nl = 0;
		eq = strchr(p, '=');
		if (!eq)
			continue;
		*eq = 0;
		fn(userdata, p, eq + 1);
	}
	return 1;
}

static void status_key(void *userdata, const char *key, const char *value)
{
	struct status *s = userdata;

	if (streq(key, "state")) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (streq(value, names[i]))
				s->state = i;
	} else if (streq(key, "pid")) {
		s->pid = kv_int(value);
	} else if (streq(key, "shim")) {
		s->shim = kv_int(value);
	} else if (streq(key, "pid_start")) {
		s->pid_start = kv_int(value);
	} else if (streq(key, "started")) {
		s->started = kv_int(value);
	} else if (streq(key, "finished")) {
		s->finished = kv_int(value);
	} else if (streq(key, "restarts")) {
		s->restarts = kv_int(value);
	} else if (streq(key, "code")) {
		s->code = kv_int(value);
	} else if (streq(key, "oom")) {
		s->oom = kv_int(value);
	} else if (streq(key, "error")) {
		snprintf(s->error, sizeof(s->error), "%s", value);
	}
}

int status_read(int dirfd, const char *id, struct status *ret, struct error *err)
{
	struct status s = { .state = RUN_EXITED, .code = 255 };
	int r = kv_read(dirfd, id, status_key, &s, err);

	if (r > 0)
		*ret = s;
	return r;
}

int status_write(int dirfd, const char *id, const struct status *s, bool sync, struct error *err)
{
	autobuf b = { 0 };

	buf_init(&b, LIMIT_STATUS);
	kv_add(&b, "state", names[s->state]);
	kv_addi(&b, "pid", s->pid);
	kv_addi(&b, "shim", s->shim);
	kv_addi(&b, "pid_start", (int64_t)s->pid_start);
	kv_addi(&b, "started", s->started);
	kv_addi(&b, "finished", s->finished);
	kv_addi(&b, "restarts", s->restarts);
	kv_addi(&b, "code", s->code);
	kv_addi(&b, "oom", s->oom);
	if (s->error[0])
		kv_add(&b, "error", s->error);
	return (sync ? io_replace : io_replace_fast)(dirfd, id, b.p, b.len, 0600, err);
}

uint64_t proc_start_time(pid_t pid)
{
	char path[32], text[1024], *p;
	autoclose int fd = -1;
	uint64_t v = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	/* The second field may hold anything, blanks and brackets too; field 3 follows its end. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p)
		v = strtoull(p + 1, NULL, 10);
	return v;
}

int proc_open(pid_t pid, uint64_t start)
{
	int fd;

	if (pid <= 0)
		return -1;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0 && (!start || proc_start_time(pid) != start))
		fd = fd_close(fd);
	return fd;
}

int life_lock(int dirfd, const char *name, int *ret_fd, struct error *err)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	autoclose int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, "%s", name);
	while (fcntl(fd, F_OFD_SETLKW, &fl) < 0)
		if (errno != EINTR)
			return error_sys(err, "lock %s", name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

bool life_held(int dirfd, const char *name)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	autoclose int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	return fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
}
