/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/local.h"

#include "event/loop.h"
#include "util/fd.h"
#include "util/time.h"

#include <fcntl.h>

/* flock has no way to wait in a loop, and two operations on one container at once are rare. */
#define RETRY_AFTER (3 * NSEC_PER_MSEC)
#define GIVE_UP	    (60 * NSEC_PER_SEC)

struct oplock {
	struct local *l;
	int fd;
	int64_t since;
	oplock_fn fn;
	void *userdata;
	sd_event_source *timer;
};

static void try_lock(void *userdata)
{
	struct oplock *o = userdata;
	struct error err = ERROR_INIT;
	int r = fd_lock(o->fd, true, false, &err);

	o->timer = sd_event_source_disable_unref(o->timer);
	if (r == 0 && time_monotonic() - o->since > GIVE_UP)
		r = error_set(&err, ERR_TIMEOUT,
			      "another command has been changing it for a minute");
	if (r == 0)
		r = loop_after(o->l->engine.loop, RETRY_AFTER, try_lock, o, &o->timer, &err);
	if (r == 0)
		return;
	o->fn(o->userdata, r < 0 ? r : 0, r < 0 ? &err : NULL);
}

static void failed(void *userdata)
{
	struct oplock *o = userdata;
	struct error err = ERROR_INIT;

	error_set(&err, ERR_SYS, "%s/locks cannot be written", o->l->run_dir);
	o->fn(o->userdata, -ERR_SYS, &err);
}

struct oplock *oplock_new(struct local *l, const char *id, oplock_fn fn, void *userdata)
{
	autofree char *path = xprintf("%s/locks/%s", l->run_dir, id);
	struct oplock *o = xnew(struct oplock);

	*o = (struct oplock){ .l = l, .fn = fn, .userdata = userdata, .since = time_monotonic() };
	o->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	loop_after(l->engine.loop, 0, o->fd < 0 ? failed : try_lock, o, &o->timer, NULL);
	return o;
}

int oplock_fd(const struct oplock *o)
{
	return o->fd;
}

struct oplock *oplock_free(struct oplock *o)
{
	if (!o)
		return NULL;
	sd_event_source_disable_unref(o->timer);
	fd_close(o->fd);
	free(o);
	return NULL;
}
