/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/local.h"

#include "event/loop.h"
#include "util/fd.h"

struct life {
	struct local *l;
	char *id;
	life_fn fn;
	void *userdata;
	struct watch_handle *watch;
	sd_event_source *shim, *now;
	int pidfd;
};

struct life *life_free(struct life *f)
{
	if (!f)
		return NULL;
	watch_remove(f->watch);
	sd_event_source_disable_unref(f->shim);
	sd_event_source_disable_unref(f->now);
	fd_close(f->pidfd);
	free(f->id);
	free(f);
	return NULL;
}

static bool running(struct life *f)
{
	struct status st = { 0 };

	return container_status(f->l, f->id, &st, NULL) > 0 && st.state == RUN_RUNNING;
}

static void check(void *userdata)
{
	struct life *f = userdata;

	f->now = sd_event_source_disable_unref(f->now);
	if (!running(f) && f->fn) {
		life_fn fn = f->fn;

		f->fn = NULL;
		fn(f->userdata);
	}
}

static void on_change(void *userdata, const char *id, const char *what)
{
	struct life *f = userdata;

	if (streq(f->id, id) && !*what)
		check(f);
}

static int on_shim(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct life *f = userdata;

	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	check(f);
	return 0;
}

/* A shim that is killed writes nothing: its own end is watched too. */
static int watch_shim(struct life *f, struct error *err)
{
	struct status st = { 0 };
	int r;

	if (container_status(f->l, f->id, &st, NULL) <= 0 || st.state != RUN_RUNNING)
		return 0;
	f->pidfd = proc_open(st.shim, proc_start_time(st.shim));
	if (f->pidfd < 0)
		return 0;
	r = sd_event_add_io(f->l->engine.loop, &f->shim, f->pidfd, EPOLLIN, on_shim, f);
	return r < 0 ? error_sys_from(err, -r, "event loop") : 0;
}

int life_new(struct local *l, const char *id, life_fn fn, void *userdata, struct life **ret,
	     struct error *err)
{
	struct life *f = xnew(struct life);
	int r;

	*f = (struct life){
		.l = l, .id = xstrdup(id), .fn = fn, .userdata = userdata, .pidfd = -1
	};
	r = watch_add(l, on_change, f, &f->watch, err);
	if (r == 0)
		r = watch_shim(f, err);
	if (r == 0)
		r = loop_after(l->engine.loop, 0, check, f, &f->now, err);
	if (r < 0)
		life_free(f);
	else
		*ret = f;
	return r;
}
