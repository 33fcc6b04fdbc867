/* SPDX-License-Identifier: Apache-2.0 */
#include "event/http-client.h"

#include <stdio.h>

/* A callback's refusal: what curl is given is a count that is not the one it expects. */
#define REFUSE ((size_t)CURL_WRITEFUNC_ERROR)

/* "HTTP/1.1 200 OK": each answer begins with one, and forgets the headers of the one before. */
static bool status_line(struct http_transfer *t, const char *line)
{
	const char *p = skip_prefix(line, "HTTP/");

	if (!p || t->head_done)
		return false;
	p += strcspn(p, " ");
	p += strspn(p, " ");
	t->resp->status = 0;
	for (int i = 0; i < 3 && char_is_digit(p[i]); i++)
		t->resp->status = t->resp->status * 10 + (p[i] - '0');
	strv_done(&t->resp->headers);
	return true;
}

/* curl knows by now who has answered. */
static void note_peer(struct http_transfer *t)
{
	const char *peer = NULL;

	t->client->curl.easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &peer);
	if (peer && *peer && !*t->resp->peer)
		t->resp->peer = xstrdup(peer);
}

static int head_is_whole(struct http_transfer *t)
{
	if (t->resp->status < 200)
		return 0;
	t->head_done = true;
	note_peer(t);
	return t->on_head ? t->on_head(t->userdata, t->resp, &t->err) : 0;
}

size_t http_on_header(char *p, size_t size, size_t n, void *userdata)
{
	struct http_transfer *t = userdata;
	autofree char *line = NULL;

	if (t->aborted)
		return REFUSE;
	t->header_bytes += n;
	if (t->header_bytes > LIMIT_HTTP_HEADERS) {
		error_set(&t->err, ERR_LIMIT, "%s: more than %d bytes of headers", t->name,
			  LIMIT_HTTP_HEADERS);
		return REFUSE;
	}
	line = str_dup(str_trim((struct str){ p, n }));
	if (status_line(t, line) || t->head_done) /* those after the body are not asked for */
		return n;
	if (*line)
		strv_take(&t->resp->headers, TAKE_PTR(line));
	else if (head_is_whole(t) < 0)
		return REFUSE;
	return n;
}

size_t http_on_body(char *p, size_t size, size_t n, void *userdata)
{
	struct http_transfer *t = userdata;
	int r;

	if (t->aborted)
		return REFUSE;
	if (!t->on_body) {
		r = buf_add(&t->resp->body, p, n);
		if (r < 0)
			error_set(&t->err, ERR_LIMIT, "%s: an answer of more than %zu bytes",
				  t->name, t->resp->body.max);
		return r < 0 ? REFUSE : n;
	}
	r = t->on_body(t->userdata, p, n, &t->err);
	return r < 0 ? REFUSE : n;
}

static size_t send_memory(struct http_transfer *t, char *p, size_t max)
{
	size_t n = MIN(max, t->n_body - (size_t)t->sent);

	if (n)
		memcpy(p, t->body + t->sent, n);
	t->sent += n;
	return n;
}

static size_t send_pieces(struct http_transfer *t, char *p, size_t max)
{
	size_t n = 0;
	int r;

	if (t->n_send >= 0)
		max = (size_t)MIN((uint64_t)max, (uint64_t)t->n_send - t->sent);
	r = max ? t->send(t->userdata, p, max, &n, &t->err) : 0;
	if (r < 0)
		return CURL_READFUNC_ABORT;
	t->sent += n;
	if (!n && t->n_send >= 0 && t->sent < (uint64_t)t->n_send) {
		error_set(&t->err, ERR_CORRUPT,
			  "%s: what is sent ends after %llu bytes instead of %lld", t->name,
			  (unsigned long long)t->sent, (long long)t->n_send);
		return CURL_READFUNC_ABORT;
	}
	return n;
}

size_t http_on_send(char *p, size_t size, size_t n, void *userdata)
{
	struct http_transfer *t = userdata;

	if (t->aborted)
		return CURL_READFUNC_ABORT;
	return t->send ? send_pieces(t, p, size * n) : send_memory(t, p, size * n);
}

int http_on_seek(void *userdata, curl_off_t offset, int origin)
{
	struct http_transfer *t = userdata;

	/* Pieces come once: a connection that breaks after the first can't be tried again unseen.
	 */
	if (origin != SEEK_SET || offset < 0 || (t->send && (uint64_t)offset != t->sent) ||
	    (!t->send && (size_t)offset > t->n_body))
		return CURL_SEEKFUNC_FAIL;
	t->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* libcurl's own limit, before ours is reached; it has a name since 8.6. */
#define CURL_TOO_LARGE 100

static enum err_code code_of(CURLcode code)
{
	switch ((int)code) {
	case CURL_TOO_LARGE:
		return ERR_LIMIT;
	case CURLE_BAD_CONTENT_ENCODING:
		return ERR_CORRUPT;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED: /* a user in the URL */
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return ERR_INVALID;
	default:
		return ERR_NETWORK;
	}
}

static void fail(struct http_transfer *t, CURLcode code)
{
	const char *why = t->curl_message;

	if (!t->err.code) {
		if (code == CURLE_LOGIN_DENIED)
			why = "a user name or password in the URL is not used";
		else if (!*why)
			why = t->client->curl.easy_strerror(code);
		error_set(&t->err, code_of(code), "%s: %s", t->name, why);
	}
	task_fail(&t->task, &t->err);
}

static void take_out(struct http_transfer *t)
{
	struct curl_api *curl = &t->client->curl;

	if (t->added)
		curl->multi_remove_handle(t->client->multi, t->easy);
	t->added = false;
	curl->easy_cleanup(t->easy);
	t->easy = NULL;
	curl->slist_free_all(t->headers);
	t->headers = NULL;
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
}

void http_transfer_finish(struct http_transfer *t, CURLcode code)
{
	take_out(t);
	if (code || t->err.code)
		fail(t, code);
	else
		task_end(&t->task, 0);
	t->client = NULL;
}

void http_transfer_abort(struct http_transfer *t)
{
	take_out(t);
	t->client = NULL;
	error_set(&t->err, ERR_CANCELLED, "%s: cancelled", t->name);
	task_fail(&t->task, &t->err);
}
