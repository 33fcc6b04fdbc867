/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/cgroup.h"
#include "engine/local/local.h"
#include "engine/local/oci-container.h"
#include "util/io.h"
#include "util/map.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_TABLE   (4 << 20)
#define LIMIT_CMDLINE (1 << 20)

struct top {
	struct buf out;
	struct map seen; /* hierarchies of v1 each list a pid */
	int64_t ticks;
};

static void command(int pid, struct buf *out)
{
	autofree char *path = xprintf("/proc/%d/cmdline", pid);
	autobuf b = { 0 };

	buf_init(&b, LIMIT_CMDLINE);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0)
		return;
	while (b.len && !b.p[b.len - 1])
		buf_truncate(&b, b.len - 1);
	for (size_t i = 0; i < b.len; i++) {
		char c = b.p[i];

		buf_addc(out, !c || c == '\t' || c == '\n' ? ' ' : c);
	}
}

/* Fields of /proc/PID/stat after the name: [0] is the state, [1] the parent ... */
static bool read_stat(int pid, long long v[20])
{
	autofree char *path = xprintf("/proc/%d/stat", pid);
	autobuf b = { 0 };
	char *p;

	buf_init(&b, 4096);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0 || !(p = strrchr(b.p, ')')))
		return false;
	p += 2 + 1; /* ") S" */
	for (int i = 1; i < 20; i++)
		v[i] = strtoll(p, &p, 10);
	return true;
}

static void add_process(void *userdata, int pid)
{
	struct top *t = userdata;
	autofree char *key = xprintf("%d", pid), *dir = xprintf("/proc/%d", pid);
	long long v[20] = { 0 };
	const struct passwd *pw;
	struct stat st;
	int64_t seconds;

	if (map_has(&t->seen, key) || stat(dir, &st) < 0 || !read_stat(pid, v))
		return;
	map_set(&t->seen, key, NULL);
	pw = getpwuid(st.st_uid);
	if (pw)
		buf_addf(&t->out, "%s\t", pw->pw_name);
	else
		buf_addf(&t->out, "%u\t", st.st_uid);
	seconds = (v[11] + v[12]) / t->ticks;
	buf_addf(&t->out, "%d\t%lld\t%02" PRId64 ":%02" PRId64 ":%02" PRId64 "\t", pid, v[1],
		 seconds / 3600, seconds / 60 % 60, seconds % 60);
	command(pid, &t->out);
	buf_addc(&t->out, '\n');
}

static int top(struct local *l, const char *id, char **ret, struct error *err)
{
	struct top t = { .ticks = sysconf(_SC_CLK_TCK) };
	autofree char *cgroup = NULL;
	struct status st = { 0 };
	autorecord rec = { 0 };
	int r = record_get(store_db(l->store), id, &rec, err);

	if (r == 0)
		r = container_status(l, rec.id, &st, err);
	if (r < 0)
		return r;
	if (r == 0 || st.state != RUN_RUNNING)
		return error_set(err, ERR_CONFLICT, "container %s is not running", rec.spec.name);
	cgroup = record_cgroup(&rec);
	buf_init(&t.out, LIMIT_TABLE);
	buf_adds(&t.out, "UID\tPID\tPPID\tTIME\tCMD\n");
	cgroup_pids(cgroup, add_process, &t);
	map_done(&t.seen);
	*ret = buf_steal(&t.out);
	return 0;
}

struct task *local_container_top(struct engine *e, const char *id, char **ret_table)
{
	struct error err = ERROR_INIT;
	int r = top(local_of(e), id, ret_table, &err);

	return task_resolved(e->loop, MIN(r, 0), &err);
}
