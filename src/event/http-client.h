/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of HTTP share.
 *
 *	http.c          the client: curl's sockets and timer in the loop, transfers in and out of
 *its multi handle http-transfer.c one transfer: what curl calls while it runs, and how it ends
 *	http-options.c  a request as curl options
 *	http-proxy.c    which proxy
 *	http-text.c     escaping, headers, how a URL looks in a message
 *
 * curl calls us (socket, timer, bytes) and then may not be called itself: what its
 *callers ask for meanwhile is done when it has returned (http_settle).
 */
#ifndef EVENT_HTTP_CLIENT_H
#define EVENT_HTTP_CLIENT_H

#include "event/curl-dl.h"
#include "event/http.h"

struct http_transfer;

struct http_client {
	struct curl_api curl;
	sd_event *loop;
	CURLM *multi;
	sd_event_source *timer;
	struct http_transfer *transfers; /* all that have not ended */
	unsigned busy;			 /* within curl */
};

struct http_transfer {
	struct task task;
	struct http_client *client;	    /* NULL once it is gone */
	struct http_transfer *next, **prev; /* in client->transfers */
	CURL *easy;
	bool added;   /* to the multi handle */
	bool aborted; /* to be ended when curl has returned: the owner's memory is not touched any
			 more */
	struct curl_slist *headers;
	char *name; /* "GET https://host/path", for messages */
	char curl_message[CURL_ERROR_SIZE];
	struct error err; /* of a callback */

	struct http_response *resp;
	size_t header_bytes;
	bool head_done;
	http_head_fn on_head;
	http_body_fn on_body;
	void *userdata;

	const char *body;
	size_t n_body;
	http_send_fn send;
	int64_t n_send; /* -1: not known */
	uint64_t sent;
};

/* Sets all options; 0 or an error about the request itself. */
int http_set_options(struct http_transfer *t, const struct http_request *req, struct error *err);
/* The proxy for this url from the environment: what CURLOPT_PROXY gets, NULL: curl's own reading of
 * it. */
const char *http_proxy_for(const char *url);
/* "https://host/path": neither a query (it may be signed) nor a user. Owned by the caller. */
char *http_url_shown(const char *url);

/* curl's callbacks. */
size_t http_on_header(char *p, size_t size, size_t n, void *userdata);
size_t http_on_body(char *p, size_t size, size_t n, void *userdata);
size_t http_on_send(char *p, size_t size, size_t n, void *userdata);
int http_on_seek(void *userdata, curl_off_t offset, int origin);

/* Takes it out of the client and ends its task by curl's answer, or with -ERR_CANCELLED. */
void http_transfer_finish(struct http_transfer *t, CURLcode code);
void http_transfer_abort(struct http_transfer *t);
void http_settle(struct http_client *c);

#endif
