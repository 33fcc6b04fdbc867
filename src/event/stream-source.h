/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_STREAM_SOURCE_H
#define EVENT_STREAM_SOURCE_H

#include "util/error.h"

#include <systemd/sd-event.h>

/* Makes fd non-blocking and calls fn whenever it is ready for events; a regular file, which epoll
 * does not take, always is. */
typedef int (*stream_fn)(void *userdata);
int stream_source_new(sd_event *loop, int fd, uint32_t events, stream_fn fn, void *userdata,
		      sd_event_source **ret, struct error *err);

#endif
