/* SPDX-License-Identifier: Apache-2.0 */
#include "event/stream-source.h"

#include "util/fd.h"

#include <errno.h>

struct ready {
	stream_fn fn;
	void *userdata;
};

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct ready *r = userdata;

	return r->fn(r->userdata);
}

static int on_defer(sd_event_source *s, void *userdata)
{
	return on_io(s, -1, 0, userdata);
}

int stream_source_new(sd_event *loop, int fd, uint32_t events, stream_fn fn, void *userdata,
		      sd_event_source **ret, struct error *err)
{
	struct ready *ready;
	sd_event_source *s = NULL;
	int r = fd_nonblock(fd, true, err);

	if (r < 0)
		return r;
	ready = xnew(struct ready);
	*ready = (struct ready){ fn, userdata };
	r = sd_event_add_io(loop, &s, fd, events, on_io, ready);
	if (r == -EPERM) {
		r = sd_event_add_defer(loop, &s, on_defer, ready);
		if (r >= 0)
			r = sd_event_source_set_enabled(s, SD_EVENT_ON);
	}
	if (r < 0) {
		sd_event_source_unref(s);
		free(ready);
		return error_sys_from(err, -r, "watch descriptor %d", fd);
	}
	sd_event_source_set_destroy_callback(s, free);
	*ret = s;
	return 0;
}
