/* SPDX-License-Identifier: Apache-2.0 */
#include "event/http-client.h"

#include "event/loop.h"

#include <assert.h>
#include <errno.h>

#define MAX_HOST_CONNECTIONS 16L
#define MAX_KEPT_CONNECTIONS 64L
#define TIMER_ACCURACY_USEC  1 /* curl asks for 0 ms a lot */
#define MAX_BODY_DEFAULT     (4 * 1024 * 1024)

static void drive(struct http_client *c, curl_socket_t fd, int events)
{
	int running;

	c->busy++;
	c->curl.multi_socket_action(c->multi, fd, events, &running);
	c->busy--;
	http_settle(c);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	int events = 0;

	if (revents & EPOLLIN)
		events |= CURL_CSELECT_IN;
	if (revents & EPOLLOUT)
		events |= CURL_CSELECT_OUT;
	if (revents & (EPOLLERR | EPOLLHUP))
		events |= CURL_CSELECT_ERR;
	drive(userdata, fd, events);
	return 0;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	drive(userdata, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

static int on_curl_timer(CURLM *multi, long ms, void *userdata)
{
	struct http_client *c = userdata;

	if (ms < 0)
		return sd_event_source_set_enabled(c->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
	if (sd_event_source_set_time_relative(c->timer, (uint64_t)ms * 1000) < 0)
		return -1;
	return sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

/* known: the source that we had curl keep for this socket. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *known)
{
	struct http_client *c = userdata;
	sd_event_source *s = known;
	uint32_t events = 0;

	if (what == CURL_POLL_REMOVE) {
		source_unrefp(&s);
		c->curl.multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= EPOLLOUT;
	if (s)
		return sd_event_source_set_io_events(s, events) < 0 ? -1 : 0;
	if (sd_event_add_io(c->loop, &s, fd, events, on_io, c) < 0)
		return -1;
	c->curl.multi_assign(c->multi, fd, s);
	return 0;
}

static void set_up(struct http_client *c)
{
	struct curl_api *curl = &c->curl;

	curl->multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl->multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl->multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl->multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl->multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl->multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_HOST_CONNECTIONS);
	curl->multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
}

int http_client_new(sd_event *loop, struct http_client **ret, struct error *err)
{
	struct http_client *c = xnew(struct http_client);
	int r;

	c->loop = sd_event_ref(loop);
	r = curl_load(&c->curl, err);
	if (r < 0) {
		http_client_free(c);
		return r;
	}
	c->multi = c->curl.multi_init();
	if (!c->multi)
		abort();
	r = sd_event_add_time_relative(loop, &c->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC,
				       on_timer, c);
	if (r < 0) {
		http_client_free(c);
		return error_sys_from(err, -r, "make a timer");
	}
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	set_up(c);
	*ret = c;
	return 0;
}

struct http_client *http_client_free(struct http_client *c)
{
	if (!c)
		return NULL;
	assert(!c->busy);
	while (c->transfers)
		http_transfer_abort(c->transfers);
	if (c->multi)
		c->curl.multi_cleanup(c->multi);
	source_unrefp(&c->timer);
	sd_event_unref(c->loop);
	free(c);
	return NULL;
}

static void add_waiting(struct http_client *c)
{
	struct http_transfer *next;

	for (struct http_transfer *t = c->transfers; t; t = next) {
		next = t->next;
		if (t->aborted) {
			http_transfer_abort(t);
		} else if (!t->added) {
			t->added = true;
			c->curl.multi_add_handle(c->multi, t->easy);
		}
	}
}

/* Once curl has returned: ends what has ended, and does what was asked for meanwhile. */
void http_settle(struct http_client *c)
{
	struct http_transfer *t;
	CURLcode code;
	CURLMsg *msg;
	int left;

	if (c->busy)
		return;
	c->busy++;
	while ((msg = c->curl.multi_info_read(c->multi, &left))) {
		code = msg->data.result;
		t = NULL;
		c->curl.easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		http_transfer_finish(t, code);
	}
	add_waiting(c);
	c->busy--;
}

static void transfer_cancel(struct task *task)
{
	struct http_transfer *t = container_of(task, struct http_transfer, task);

	t->aborted = true;
	if (!t->client->busy)
		http_transfer_abort(t);
}

static void transfer_free(struct task *task)
{
	struct http_transfer *t = container_of(task, struct http_transfer, task);

	free(t->name);
	free(t);
}

static const struct task_ops transfer_ops = { "http", transfer_cancel, transfer_free };

static void take_request(struct http_transfer *t, const struct http_request *req,
			 struct http_response *resp)
{
	autofree char *shown = http_url_shown(req->url);

	t->name = xprintf("%s %s", req->method, shown);
	t->resp = resp;
	t->on_head = req->on_head;
	t->on_body = req->on_body;
	t->userdata = req->userdata;
	t->body = req->body;
	t->n_body = req->body ? req->n_body : 0;
	t->send = req->body ? NULL : req->send;
	t->n_send = req->n_send < 0 ? -1 : req->n_send;
	*resp = (struct http_response){ .peer = "" };
	buf_init(&resp->body, req->max_body ? req->max_body : MAX_BODY_DEFAULT);
}

struct task *http_start(struct http_client *c, const struct http_request *req,
			struct http_response *resp)
{
	struct http_transfer *t = xnew(struct http_transfer);

	task_init(&t->task, &transfer_ops, c->loop);
	t->client = c;
	take_request(t, req, resp);
	t->easy = c->curl.easy_init();
	if (!t->easy)
		abort();
	t->next = c->transfers;
	if (t->next)
		t->next->prev = &t->next;
	t->prev = &c->transfers;
	c->transfers = t;
	if (http_set_options(t, req, &t->err) < 0)
		http_transfer_finish(t, CURLE_OK);
	else
		http_settle(c);
	return &t->task;
}

void http_response_done(struct http_response *resp)
{
	if (resp->peer && *resp->peer)
		free((char *)resp->peer);
	strv_done(&resp->headers);
	buf_done(&resp->body);
	*resp = (struct http_response){ .peer = "" };
	buf_init(&resp->body, 0);
}
