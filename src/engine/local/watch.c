/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/local.h"

#include "util/fd.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#define ID_DIGITS 64

struct watch_handle {
	struct watch *watch;
	int wd; /* 0: of STATE/status */
	watch_fn fn;
	dir_fn dir_fn;
	void *userdata;
	bool gone;
};

struct watch {
	struct local *l;
	int fd, status_wd;
	sd_event_source *source;
	VEC(struct watch_handle *) handles;
	unsigned busy; /* handles are only marked while they are walked */
};

/* The kernel has one watch of a directory, however many of ours look at it. */
static void drop_wd(struct watch *w, int wd)
{
	for (size_t i = 0; i < w->handles.n; i++)
		if (w->handles.v[i]->wd == wd)
			return;
	inotify_rm_watch(w->fd, wd);
}

static void sweep(struct watch *w)
{
	for (size_t i = 0; i < w->handles.n;) {
		struct watch_handle *h = w->handles.v[i];

		if (!h->gone) {
			i++;
			continue;
		}
		vec_remove(&w->handles, i);
		if (h->wd)
			drop_wd(w, h->wd);
		free(h);
	}
}

static void tell(struct watch *w, const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");
	char id[ID_DIGITS + 1];

	if (digits != ID_DIGITS || (name[digits] && name[digits] != '.'))
		return; /* a temporary file */
	memcpy(id, name, ID_DIGITS);
	id[ID_DIGITS] = 0;
	w->busy++;
	for (size_t i = 0; i < w->handles.n; i++) {
		struct watch_handle *h = w->handles.v[i];

		if (!h->gone && h->fn)
			h->fn(h->userdata, id, name[digits] ? name + digits + 1 : "");
	}
	w->busy--;
}

static void tell_dir(struct watch *w, int wd)
{
	w->busy++;
	for (size_t i = 0; i < w->handles.n; i++) {
		struct watch_handle *h = w->handles.v[i];

		if (!h->gone && h->wd == wd)
			h->dir_fn(h->userdata);
	}
	w->busy--;
}

static int on_inotify(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	char space[16 << 10] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct watch *w = userdata;
	const struct inotify_event *ev;
	ssize_t n;

	n = read(fd, space, sizeof(space));
	for (char *p = space; n > 0 && p < space + n; p += sizeof(*ev) + ev->len) {
		ev = (const struct inotify_event *)p;
		if (ev->wd != w->status_wd)
			tell_dir(w, ev->wd);
		else if (ev->len)
			tell(w, ev->name);
	}
	if (!w->busy)
		sweep(w);
	return 0;
}

static int watch_new(struct local *l, struct error *err)
{
	autofree char *dir = xprintf("%s/status", l->state_dir);
	struct watch *w = xnew(struct watch);
	int r;

	w->l = l;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->status_wd = w->fd < 0 ? -1
				 : inotify_add_watch(w->fd, dir,
						     IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
	if (w->status_wd < 0) {
		r = errno == EMFILE ? error_set(err, ERR_LIMIT,
						"too many inotify instances: raise "
						"fs.inotify.max_user_instances")
				    : error_sys(err, "watch %s", dir);
		watch_free(w);
		return r;
	}
	r = sd_event_add_io(l->engine.loop, &w->source, w->fd, EPOLLIN, on_inotify, w);
	if (r < 0) {
		watch_free(w);
		return error_sys_from(err, -r, "event loop");
	}
	l->watch = w;
	return 0;
}

int watch_add(struct local *l, watch_fn fn, void *userdata, struct watch_handle **ret,
	      struct error *err)
{
	struct watch_handle *h;
	int r = l->watch ? 0 : watch_new(l, err);

	if (r < 0)
		return r;
	h = xnew(struct watch_handle);
	*h = (struct watch_handle){ .watch = l->watch, .fn = fn, .userdata = userdata };
	*vec_add(&l->watch->handles) = h;
	*ret = h;
	return 0;
}

int watch_dir(struct local *l, const char *dir, dir_fn fn, void *userdata,
	      struct watch_handle **ret, struct error *err)
{
	struct watch_handle *h;
	int wd, r = l->watch ? 0 : watch_new(l, err);

	if (r < 0)
		return r;
	wd = inotify_add_watch(l->watch->fd, dir, IN_MODIFY | IN_CREATE | IN_MOVE | IN_ONLYDIR);
	if (wd < 0)
		return error_sys(err, "watch %s", dir);
	h = xnew(struct watch_handle);
	*h = (struct watch_handle){
		.watch = l->watch, .wd = wd, .dir_fn = fn, .userdata = userdata
	};
	*vec_add(&l->watch->handles) = h;
	*ret = h;
	return 0;
}

struct watch_handle *watch_remove(struct watch_handle *h)
{
	if (!h)
		return NULL;
	h->gone = true;
	if (!h->watch->busy)
		sweep(h->watch);
	return NULL;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->source);
	fd_close(w->fd);
	for (size_t i = 0; i < w->handles.n; i++)
		free(w->handles.v[i]);
	vec_done(&w->handles);
	free(w);
}
