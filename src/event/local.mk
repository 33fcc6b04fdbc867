# SPDX-License-Identifier: Apache-2.0
# src/event: the loop, tasks, children, streams, HTTP. libcurl is loaded by curl-dl.c when it is needed.
noinst_LIBRARIES += libevent.a
libevent_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS)
libevent_a_SOURCES = \
	src/event/child.c src/event/child.h \
	src/event/child-hint.c src/event/child-hint.h \
	src/event/curl-dl.c src/event/curl-dl.h \
	src/event/http.c src/event/http.h \
	src/event/http-client.h \
	src/event/http-options.c \
	src/event/http-proxy.c \
	src/event/http-text.c \
	src/event/http-transfer.c \
	src/event/loop.c src/event/loop.h \
	src/event/stream.c src/event/stream.h \
	src/event/stream-source.c src/event/stream-source.h \
	src/event/task.c src/event/task.h \
	src/event/memory.c \
	src/event/slots.c src/event/slots.h \
	src/event/task-group.c \
	src/event/writer.c
