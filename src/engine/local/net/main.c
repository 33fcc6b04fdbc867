/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-net DIR TABLE: one change of a state directory's networks.
 *
 * It waits for DIR/lock (which it keeps until it ends), says {"ready": true, "full": F, "dns_port":
 * P}, and reads its job, one JSON object up to the end of its input. F: the kernel is not known to
 * be what the database says (a compose-net was killed, or the table is gone), so the job has to be
 * a whole one. An input without a job ends it, with nothing done. Then it answers in JSON lines:
 * {"container": ID, "error": ...} for each that could not be plugged, {"note": ...}, and last
 * {"done": true} or {"error": ...}.
 */
#include "engine/local/net/job.h"
#include "engine/local/net/nl.h"
#include "engine/local/net/dns.h"

#include "util/buf.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define LIMIT_JOB (64 * 1024 * 1024)

static void say(json_t *line)
{
	autofree char *text = json_text(line);

	dprintf(STDOUT_FILENO, "%s\n", text);
	json_decref(line);
}

/* "compose_0a1b2c3d": its digits are also the number of our interfaces' group. */
static int group_of(const char *table, uint32_t *ret)
{
	const char *hex = strrchr(table, '_');
	char *end;

	if (!hex || strlen(hex) != 9)
		return -ERR_INVALID;
	*ret = (uint32_t)strtoul(hex + 1, &end, 16) & 0x7fffffff;
	return *end ? -ERR_INVALID : 0;
}

static int open_work(struct work *w, struct error *err)
{
	autoclose int lock = -1;
	int r;

	w->dirfd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dirfd < 0)
		return error_sys(err, "%s", w->dir);
	lock = openat(w->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return error_sys(err, "%s/lock", w->dir);
	r = fd_lock(lock, true, true, err);
	if (r < 0)
		return r;
	TAKE_FD(lock); /* kept to the end */
	r = nl_open(NETLINK_ROUTE, &w->route, err);
	if (r == 0)
		r = nl_open(NETLINK_NETFILTER, &w->netfilter, err);
	return r;
}

static void work_done(struct work *w)
{
	nl_socket_free(w->route);
	nl_socket_free(w->netfilter);
	fd_close(w->dirfd);
}

static int needs_all(struct work *w, struct error *err)
{
	int r = nl_table_exists(w->netfilter, w->table, err);

	if (r < 0)
		return error_wrap(err, "nf_tables");
	return !r || faccessat(w->dirfd, "dirty", F_OK, 0) == 0;
}

static int read_job(json_t **ret, struct error *err)
{
	autobuf text = { 0 };
	int r;

	buf_init(&text, LIMIT_JOB);
	r = io_read_fd(STDIN_FILENO, &text, err);
	if (r < 0)
		return r;
	return text.len ? json_parse(text.p, text.len, "job", ret, err) : 0;
}

static int run(struct work *w, struct error *err)
{
	autojson *job = NULL;
	int r;

	r = open_work(w, err);
	if (r < 0)
		return r;
	r = needs_all(w, err);
	if (r < 0)
		return r;
	say(json_pack("{s:b,s:b,s:b,s:i}", "ready", 1, "full", r, "dns", dns_pid(w->dirfd) != 0,
		      "dns_port", (int)dns_port(w->dirfd)));
	r = read_job(&job, err);
	if (r < 0 || !job)
		return r;
	return job_run(w, job, err);
}

/* Sockets to hold come as descriptors 3 and on; nft and aardvark-dns are not to have them. */
static void close_on_exec(void)
{
	for (int fd = 3; fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; fd++)
		;
}

int main(int argc, char **argv)
{
	struct work w = { .dirfd = -1, .say = say };
	struct error err = ERROR_INIT;
	int r;

	if (argc != 3 || group_of(argv[2], &w.group) < 0) {
		fputs("compose-net is a helper of compose: it is not run by hand\n", stderr);
		return 2;
	}
	close_on_exec();
	w.dir = argv[1];
	w.table = argv[2];
	signal(SIGPIPE, SIG_IGN);
	if (chdir("/") < 0)
		return 1;
	r = run(&w, &err);
	say(r < 0 ? json_pack("{s:s,s:s}", "error", err.msg, "code", err_code_name(err.code))
		  : json_pack("{s:b}", "done", 1));
	work_done(&w);
	return r < 0;
}
