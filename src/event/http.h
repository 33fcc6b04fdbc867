/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP in the loop, by libcurl's multi interface: the only user of libcurl, which is loaded with dlopen on
 * first use, since `compose config` must start in 5 ms. One http_client per process: it holds the connection
 * pool (keep-alive, HTTP/2 by ALPN, TLS sessions) and the limit of connections per host.
 *
 * No redirect is followed and no credential kept here: both are the caller's to judge (registry/), who sees every
 * answer. Only http and https (and a unix socket by name); no content coding is ever asked for. There is no total
 * time limit; connecting has one (30 s), and a transfer that moves less than 1 byte/s for 30 s fails (not
 * one over a unix socket: a local service may be silent for hours).
 *
 * Messages name the method and the URL without its query and user, never a header or a credential.
 */
#ifndef EVENT_HTTP_H
#define EVENT_HTTP_H

#include "event/task.h"
#include "util/buf.h"
#include "util/strv.h"

#define LIMIT_HTTP_HEADERS (256 * 1024)

struct http_client;
int http_client_new(sd_event *loop, struct http_client **ret, struct error *err);
/* Transfers under way are cancelled. Not from within a callback. */
struct http_client *http_client_free(struct http_client *c);
DEFINE_FREEP(struct http_client, http_client_free);

struct http_tls {
	const char *ca_file;   /* added to the system's, NULL: the system's alone */
	const char *cert_file, *key_file;
	bool insecure;	       /* no check of the peer */
};

/* Bytes of the answer's body as they come. An error ends the transfer with what is in *err. */
typedef int (*http_body_fn)(void *userdata, const void *p, size_t n, struct error *err);
/* The status and headers are known; called once, before any body. An error ends the transfer. */
struct http_response;
typedef int (*http_head_fn)(void *userdata, const struct http_response *resp, struct error *err);
/* The next bytes to send: fills p, sets *ret_n (0: the end). They come once: when the connection breaks after the
 * first of them, the transfer fails, and whoever has them may start again. */
typedef int (*http_send_fn)(void *userdata, void *p, size_t max, size_t *ret_n, struct error *err);

struct http_request {
	const char *method; /* "GET" */
	const char *url;
	const char *unix_socket; /* NULL: by the url's host */
	const struct strv *headers; /* "Name: value" */
	const char *user, *password; /* basic, for this request alone */
	const char *bearer;
	const char *proxy; /* NULL: from the environment (http_proxy ... in either case; never for loopback) */
	struct http_tls tls;
	const void *body; /* sent whole when not NULL, must live until the end */
	size_t n_body;
	http_send_fn send; /* or in pieces; n_send < 0: length unknown (chunked) */
	int64_t n_send;
	bool decode; /* a content coding that comes unasked is undone; else the body is handed over as it came */
	http_head_fn on_head; /* may be NULL */
	http_body_fn on_body; /* NULL: collected in the response, up to max_body */
	void *userdata;
	size_t max_body; /* 0: 4 MiB */
};

struct http_response {
	long status;
	struct strv headers; /* "Name: value", as they came, of the last answer */
	struct buf body;     /* when on_body was NULL */
	const char *peer;    /* address of the peer, for messages; may be "" */
};

/* The value of the first such header (any case), or NULL. Borrowed. */
const char *http_header(const struct http_response *resp, const char *name);

/* The task fails only when there was no whole answer: a status of 404 is an answer.
 *	-ERR_NETWORK, -ERR_TIMEOUT	may go well another time
 *	-ERR_INVALID			the URL, a header, the peer's certificate, our own
 *	-ERR_LIMIT			the answer, or its headers, are too large
 *	what a callback left in *err
 * req may go when this returns (not what body points at). resp is initialised here, and must live until the task has
 * ended or the caller has cancelled or dropped it; http_response_done() frees what it owns. */
struct task *http_start(struct http_client *c, const struct http_request *req,
			struct http_response *resp);
void http_response_done(struct http_response *resp);

/* RFC 3986 percent-encoding of a path segment or query value; owned by the caller. */
char *http_escape(const char *s);

#endif
