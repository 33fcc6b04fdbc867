/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/keeper.h"

#include "engine/local/monitor.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"
#include "util/time.h"

#include <fcntl.h>

#define LOOK_AGAIN (100 * NSEC_PER_MSEC)

struct keeper {
	struct local *l;
	char *project;
	bool (*needed)(void *userdata);
	void *userdata;
	int pidfd;
	sd_event_source *gone, *again;
};

struct keeper *keeper_free(struct keeper *k)
{
	if (!k)
		return NULL;
	sd_event_source_disable_unref(k->gone);
	sd_event_source_disable_unref(k->again);
	fd_close(k->pidfd);
	free(k->project);
	free(k);
	return NULL;
}

/* Of the monitor that there is; -1 when there is none yet. */
static int pidfd_of(struct keeper *k)
{
	autofree char *lock = monitor_lock_path(k->l, k->project);
	autobuf b = { 0 };
	uint64_t pid;

	buf_init(&b, 64);
	if (!life_held(AT_FDCWD, lock) || io_read_file(AT_FDCWD, lock, &b, NULL) < 0 ||
	    num_parse_u64(str_trim(buf_str(&b)), INT32_MAX, &pid) < 0)
		return -1;
	return proc_open((pid_t)pid, proc_start_time((pid_t)pid));
}

static void look_again(void *userdata);

static void soon(struct keeper *k)
{
	if (!k->again)
		loop_after(k->l->engine.loop, LOOK_AGAIN, look_again, k, &k->again, NULL);
}

static int on_gone(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct keeper *k = userdata;

	k->gone = sd_event_source_disable_unref(k->gone);
	k->pidfd = fd_close(k->pidfd);
	soon(k);
	return 0;
}

void keeper_look(struct keeper *k)
{
	if (k->gone || k->again || !k->needed(k->userdata))
		return;
	local_monitor(k->l, k->project, NULL);
	k->pidfd = pidfd_of(k);
	if (k->pidfd < 0 ||
	    sd_event_add_io(k->l->engine.loop, &k->gone, k->pidfd, EPOLLIN, on_gone, k) < 0) {
		k->pidfd = fd_close(k->pidfd);
		soon(k);
	}
}

static void look_again(void *userdata)
{
	struct keeper *k = userdata;

	k->again = sd_event_source_disable_unref(k->again);
	keeper_look(k);
}

struct keeper *keeper_new(struct local *l, const char *project, bool (*needed)(void *userdata),
			  void *userdata)
{
	struct keeper *k = xnew(struct keeper);

	*k = (struct keeper){ .l = l,
			      .project = xstrdup(project),
			      .needed = needed,
			      .userdata = userdata,
			      .pidfd = -1 };
	return k;
}
