/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials go through curl's own options, never through a header of ours: so they are in none
 * that anything prints, and curl leaves them out where they don't belong.
 */
#include "event/http-client.h"

#define BUFFER_BYTES	  (256L * 1024)
#define CONNECT_SECONDS	  30L
#define LOW_SPEED_BYTES	  1L
#define LOW_SPEED_SECONDS 30L

struct setter {
	struct http_transfer *t;
	CURLcode failed;
};

static void set_long(struct setter *s, CURLoption option, long v)
{
	if (!s->failed)
		s->failed = s->t->client->curl.easy_setopt(s->t->easy, option, v);
}

static void set_offset(struct setter *s, CURLoption option, curl_off_t v)
{
	if (!s->failed)
		s->failed = s->t->client->curl.easy_setopt(s->t->easy, option, v);
}

static void set_ptr(struct setter *s, CURLoption option, const void *p)
{
	if (!s->failed && p)
		s->failed = s->t->client->curl.easy_setopt(s->t->easy, option, p);
}

#define set_fn(s, option, fn)                                                                  \
	do {                                                                                   \
		if (!(s)->failed)                                                              \
			(s)->failed = (s)->t->client->curl.easy_setopt((s)->t->easy, (option), \
								       (fn));                  \
	} while (0)

static void set_callbacks(struct setter *s)
{
	set_ptr(s, CURLOPT_PRIVATE, s->t);
	set_ptr(s, CURLOPT_ERRORBUFFER, s->t->curl_message);
	set_fn(s, CURLOPT_HEADERFUNCTION, http_on_header);
	set_ptr(s, CURLOPT_HEADERDATA, s->t);
	set_fn(s, CURLOPT_WRITEFUNCTION, http_on_body);
	set_ptr(s, CURLOPT_WRITEDATA, s->t);
	set_fn(s, CURLOPT_READFUNCTION, http_on_send);
	set_ptr(s, CURLOPT_READDATA, s->t);
	set_fn(s, CURLOPT_SEEKFUNCTION, http_on_seek);
	set_ptr(s, CURLOPT_SEEKDATA, s->t);
}

static void set_connection(struct setter *s, const struct http_request *req)
{
	set_long(s, CURLOPT_NOSIGNAL, 1);
	set_long(s, CURLOPT_FOLLOWLOCATION, 0);
	set_ptr(s, CURLOPT_PROTOCOLS_STR, "http,https");
	set_long(s, CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
	set_long(s, CURLOPT_PATH_AS_IS, 1);
	set_long(s, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	set_long(s, CURLOPT_TCP_KEEPALIVE, 1);
	set_long(s, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	set_long(s, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
	set_long(s, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	set_ptr(s, CURLOPT_USERAGENT, "compose/" PKG_VERSION);
	set_ptr(s, CURLOPT_UNIX_SOCKET_PATH, req->unix_socket);
	if (req->decode)
		set_ptr(s, CURLOPT_ACCEPT_ENCODING, "");
	/* A local service may have nothing to say for hours (events, logs that are followed). */
	if (!req->unix_socket) {
		set_long(s, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
		set_long(s, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SECONDS);
	}
}

static void set_proxy(struct setter *s, const struct http_request *req)
{
	set_long(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	if (req->unix_socket) {
		set_ptr(s, CURLOPT_PROXY, "");
	} else if (req->proxy) {
		set_ptr(s, CURLOPT_PROXY, req->proxy);
		set_ptr(s, CURLOPT_NOPROXY, "");
	} else {
		set_ptr(s, CURLOPT_PROXY, http_proxy_for(req->url));
	}
}

static void set_tls(struct setter *s, const struct http_tls *tls)
{
	/* The directory of the system's authorities stays in use beside this file. */
	set_ptr(s, CURLOPT_CAINFO, tls->ca_file);
	set_ptr(s, CURLOPT_SSLCERT, tls->cert_file);
	set_ptr(s, CURLOPT_SSLKEY, tls->key_file);
	if (tls->insecure) {
		set_long(s, CURLOPT_SSL_VERIFYPEER, 0);
		set_long(s, CURLOPT_SSL_VERIFYHOST, 0);
	}
}

static void set_credentials(struct setter *s, const struct http_request *req)
{
	if (req->bearer) {
		set_long(s, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		set_ptr(s, CURLOPT_XOAUTH2_BEARER, req->bearer);
	} else if (req->user) {
		set_long(s, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		set_ptr(s, CURLOPT_USERNAME, req->user);
		set_ptr(s, CURLOPT_PASSWORD, req->password ? req->password : "");
	}
}

static bool wants_body(const char *method)
{
	return streq(method, "POST") || streq(method, "PUT") || streq(method, "PATCH");
}

static void set_method(struct setter *s, const struct http_request *req)
{
	int64_t n = req->body ? (int64_t)req->n_body : req->send ? req->n_send : 0;

	if (streq(req->method, "HEAD")) {
		set_long(s, CURLOPT_NOBODY, 1);
		return;
	}
	/* These say "Content-Length: 0" even when there is nothing to send. */
	if (req->body || req->send || wants_body(req->method)) {
		set_long(s, CURLOPT_UPLOAD, 1);
		set_offset(s, CURLOPT_INFILESIZE_LARGE, n < 0 ? -1 : n);
	}
	set_ptr(s, CURLOPT_CUSTOMREQUEST, req->method);
}

static void add_header(struct setter *s, const char *line)
{
	struct curl_slist *list = s->t->client->curl.slist_append(s->t->headers, line);

	if (!list)
		abort();
	s->t->headers = list;
}

static int add_headers(struct setter *s, const struct http_request *req, struct error *err)
{
	for (size_t i = 0; req->headers && i < req->headers->n; i++) {
		if (strpbrk(req->headers->v[i], "\r\n"))
			return error_set(err, ERR_INVALID, "%s: a header holds a line break",
					 s->t->name);
		add_header(s, req->headers->v[i]);
	}
	if (req->decode) /* in place of curl's own, which would ask for all that it can undo */
		add_header(s, "Accept-Encoding: identity");
	set_ptr(s, CURLOPT_HTTPHEADER, s->t->headers);
	return 0;
}

static bool is_token(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!char_is_alnum(*p) && !strchr("-_", *p))
			return false;
	return *s;
}

int http_set_options(struct http_transfer *t, const struct http_request *req, struct error *err)
{
	struct setter s = { .t = t };

	if (!is_token(req->method))
		return error_set(err, ERR_INVALID, "%s: not a method", t->name);
	set_ptr(&s, CURLOPT_URL, req->url);
	set_callbacks(&s);
	set_connection(&s, req);
	set_proxy(&s, req);
	set_tls(&s, &req->tls);
	set_credentials(&s, req);
	set_method(&s, req);
	if (add_headers(&s, req, err) < 0)
		return -ERR_INVALID;
	if (s.failed)
		return error_set(err, ERR_UNSUPPORTED, "%s: %s", t->name,
				 t->client->curl.easy_strerror(s.failed));
	return 0;
}
