/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "http-peer.h"

#include "event/http.h"
#include "event/loop.h"
#include "util/time.h"

#include <unistd.h>

/* A peer, a loop and a client, for each test anew. */
struct lab {
	struct http_peer peer;
	sd_event *loop;
	struct http_client *client;
	char url[4096]; /* of the last request */
};

static int set_up(void **state)
{
	struct lab *lab = xnew(struct lab);

	http_peer_start(&lab->peer, NULL);
	assert_ok(loop_new(&lab->loop, &err));
	assert_ok(http_client_new(lab->loop, &lab->client, &err));
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;

	http_client_free(lab->client);
	sd_event_unref(lab->loop);
	http_peer_stop(&lab->peer);
	free(lab);
	return 0;
}

static const char *url_of(struct lab *lab, const char *path)
{
	snprintf(lab->url, sizeof(lab->url), "http://127.0.0.1:%d%s", lab->peer.port, path);
	return lab->url;
}

static struct task *get(struct lab *lab, const char *path, struct http_response *resp)
{
	struct http_request req = { .method = "GET", .url = url_of(lab, path) };

	return http_start(lab->client, &req, resp);
}

/* Waits for it, and holds body (when not NULL) against the answer's. */
static void expect(struct task *t, struct http_response *resp, long status, const char *body)
{
	assert_ok(task_wait(t, &err));
	assert_int_equal(resp->status, status);
	if (body)
		assert_string_equal(resp->body.p, body);
	http_response_done(resp);
}

static void expect_error(struct task *t, struct http_response *resp, enum err_code code,
			 const char *part)
{
	struct error err = ERROR_INIT;
	int r = task_wait(t, &err);

	if (r != -(int)code || !strstr(err.msg, part))
		fail_msg("%d: %s", r, err.msg);
	http_response_done(resp);
}

static void test_get(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;
	autostrv headers = { 0 };
	struct http_request req = { .method = "GET", .headers = &headers };

	strv_push(&headers, "Accept: a/b");
	strv_push(&headers, "X-Empty;");
	req.url = url_of(lab, "/echo/../a%2Fb?q=1");
	assert_ok(task_wait(http_start(lab->client, &req, &resp), &err));
	assert_int_equal(resp.status, 200);
	assert_true(starts_with(resp.body.p, "GET /echo/../a%2Fb?q=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(resp.body.p, "\r\nAccept: a/b\r\n"));
	assert_non_null(strstr(resp.body.p, "\r\nUser-Agent: compose/"));
	assert_null(strcasestr(resp.body.p, "accept-encoding"));
	assert_null(strcasestr(resp.body.p, "authorization"));
	assert_string_equal(http_header(&resp, "X-TEST"), "one");
	assert_null(http_header(&resp, "X-Tes"));
	assert_string_equal(resp.peer, "127.0.0.1");
	http_response_done(&resp);
}

static void test_an_error_status_is_an_answer(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;

	expect(get(lab, "/status/404", &resp), &resp, 404, "nothing");
	expect(get(lab, "/status/503", &resp), &resp, 503, "nothing");
	expect(get(lab, "/status/401", &resp), &resp, 401, "nothing");
	expect(get(lab, "/redirect", &resp), &resp, 302, "");
	expect(get(lab, "/chunked", &resp), &resp, 200, "onetwothree");
}

static void test_head(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;
	struct http_request req = { .method = "HEAD", .url = url_of(lab, "/bytes/5000000") };

	assert_ok(task_wait(http_start(lab->client, &req, &resp), &err));
	assert_string_equal(http_header(&resp, "content-length"), "5000000");
	assert_int_equal(resp.body.len, 0);
	http_response_done(&resp);
	expect(get(lab, "/connection", &resp), &resp, 200, "1");
}

static void test_connections_are_kept(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;

	for (int i = 0; i < 5; i++)
		expect(get(lab, "/connection", &resp), &resp, 200, "1");
}

static void test_many_at_once(void **state)
{
	struct http_response resp[100];
	struct task *tasks[100];
	struct lab *lab = *state;
	uint64_t n, most = 0;

	for (int i = 0; i < 100; i++)
		tasks[i] = get(lab, "/connection", &resp[i]);
	for (int i = 0; i < 100; i++) {
		assert_ok(task_wait(tasks[i], &err));
		n = strtoul(resp[i].body.p, NULL, 10);
		most = MAX(most, n);
		http_response_done(&resp[i]);
	}
	assert_true(most > 1);
	assert_true(most <= 16);
}

/* What the server had of the body is its echo's end. */
static void expect_echo_of(struct lab *lab, struct http_request *req, const char *head,
			   const char *body)
{
	struct http_response resp;

	req->url = url_of(lab, "/echo");
	assert_ok(task_wait(http_start(lab->client, req, &resp), &err));
	assert_true(starts_with(resp.body.p, req->method));
	assert_non_null(strstr(resp.body.p, head));
	assert_string_equal(strstr(resp.body.p, "\r\n\r\n") + 4, body);
	http_response_done(&resp);
}

static void test_body_from_memory(void **state)
{
	struct http_request req = { .method = "PUT", .body = "hello", .n_body = 5 };

	expect_echo_of(*state, &req, "\r\nContent-Length: 5\r\n", "hello");
	req = (struct http_request){ .method = "POST" };
	expect_echo_of(*state, &req, "\r\nContent-Length: 0\r\n", "");
	req = (struct http_request){ .method = "PATCH", .body = "", .n_body = 0 };
	expect_echo_of(*state, &req, "\r\nContent-Length: 0\r\n", "");
	req = (struct http_request){ .method = "DELETE" };
	expect_echo_of(*state, &req, "DELETE /echo", "");
}

/* Larger than what curl announces with Expect: 100-continue. */
static void test_large_body(void **state)
{
	autofree char *data = xalloc(1, 8000001);
	struct http_request req = { .method = "PUT", .body = data, .n_body = 8000000 };
	struct http_response resp;
	struct lab *lab = *state;

	memset(data, 'y', 8000000);
	req.url = url_of(lab, "/echo");
	req.max_body = 9000000;
	assert_ok(task_wait(http_start(lab->client, &req, &resp), &err));
	assert_string_equal(strstr(resp.body.p, "\r\n\r\n") + 4, data);
	http_response_done(&resp);
}

/* Hands out words. */
struct pieces {
	const char *const *words;
	int error;
};

static int send_piece(void *userdata, void *to, size_t max, size_t *ret_n, struct error *err)
{
	struct pieces *p = userdata;

	if (p->error)
		return error_set(err, (enum err_code)p->error, "can't be read");
	*ret_n = *p->words ? strlen(*p->words) : 0;
	assert_true(*ret_n <= max);
	if (*ret_n)
		memcpy(to, *p->words++, *ret_n);
	return 0;
}

static struct task *send_words(struct lab *lab, struct pieces *p, int64_t n,
			       struct http_response *resp)
{
	struct http_request req = { .method = "PUT",
				    .url = url_of(lab, "/echo"),
				    .send = send_piece,
				    .n_send = n,
				    .userdata = p };

	return http_start(lab->client, &req, resp);
}

static void test_body_in_pieces(void **state)
{
	static const char *const words[] = { "one", "two", "three", NULL };
	struct pieces p = { .words = words };
	struct http_response resp;

	assert_ok(task_wait(send_words(*state, &p, 11, &resp), &err));
	assert_true(ends_with(resp.body.p, "\r\n\r\nonetwothree"));
	http_response_done(&resp);
	p = (struct pieces){ .words = words };
	assert_ok(task_wait(send_words(*state, &p, -1, &resp), &err));
	assert_non_null(strstr(resp.body.p, "5\r\nthree\r\n0\r\n\r\n"));
	http_response_done(&resp);
}

static void test_body_that_fails(void **state)
{
	static const char *const words[] = { "one", NULL };
	struct pieces p = { .words = words };
	struct http_response resp;

	expect_error(send_words(*state, &p, 11, &resp), &resp, ERR_CORRUPT, "ends after 3 bytes");
	p = (struct pieces){ .words = words, .error = ERR_NO_SPACE };
	expect_error(send_words(*state, &p, 11, &resp), &resp, ERR_NO_SPACE, "can't be read");
}

/* The answer's body in pieces. */
struct sink {
	struct task *task, *other;
	struct lab *lab;
	struct http_response other_resp;
	size_t bytes;
	unsigned heads;
	enum { TAKE, FAIL, CANCEL, DROP, START, FAIL_HEAD } how;
};

static int sink_head(void *userdata, const struct http_response *resp, struct error *err)
{
	struct sink *s = userdata;

	s->heads++;
	assert_int_equal(s->bytes, 0);
	assert_int_equal(resp->status, 200);
	assert_non_null(http_header(resp, "Content-Length"));
	if (s->how == FAIL_HEAD)
		return error_set(err, ERR_CORRUPT, "not what was asked for");
	return 0;
}

static int sink_body(void *userdata, const void *p, size_t n, struct error *err)
{
	struct sink *s = userdata;

	if (s->how == FAIL)
		return error_set(err, ERR_NO_SPACE, "disk full");
	if (s->how == CANCEL)
		task_cancel(s->task);
	if (s->how == DROP)
		s->task = task_unref(s->task);
	if (s->how == START && !s->other)
		s->other = get(s->lab, "/connection", &s->other_resp);
	s->bytes += n;
	return 0;
}

static struct task *get_into(struct lab *lab, struct sink *s, int how, const char *path,
			     struct http_response *resp)
{
	struct http_request req = { .method = "GET",
				    .url = url_of(lab, path),
				    .on_head = sink_head,
				    .on_body = sink_body,
				    .userdata = s };

	*s = (struct sink){ .lab = lab, .how = how };
	s->task = http_start(lab->client, &req, resp);
	return s->task;
}

static void test_sink(void **state)
{
	struct http_response resp;
	struct sink s;

	expect(get_into(*state, &s, TAKE, "/bytes/3000000", &resp), &resp, 200, "");
	assert_int_equal(s.bytes, 3000000);
	assert_int_equal(s.heads, 1);
	expect(get_into(*state, &s, TAKE, "/bytes/0", &resp), &resp, 200, "");
	assert_int_equal(s.heads, 1);
	expect_error(get_into(*state, &s, FAIL, "/bytes/3000000", &resp), &resp, ERR_NO_SPACE,
		     "disk full");
	expect_error(get_into(*state, &s, FAIL_HEAD, "/bytes/9", &resp), &resp, ERR_CORRUPT,
		     "not what was asked for");
	expect_error(get_into(*state, &s, CANCEL, "/bytes/3000000", &resp), &resp, ERR_CANCELLED,
		     "cancelled");
	expect(get_into(*state, &s, START, "/bytes/3000000", &resp), &resp, 200, "");
	expect(s.other, &s.other_resp, 200, NULL);
}

static void test_content_coding(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;
	struct http_request req = { .method = "GET", .decode = true };

	req.url = url_of(lab, "/gzip");
	expect(http_start(lab->client, &req, &resp), &resp, 200, "hello");
	expect(get(lab, "/gzip", &resp), &resp, 200, NULL);
	req.url = url_of(lab, "/gzip/bad");
	expect_error(http_start(lab->client, &req, &resp), &resp, ERR_CORRUPT, "/gzip/bad");
	req.url = url_of(lab, "/echo");
	assert_ok(task_wait(http_start(lab->client, &req, &resp), &err));
	assert_non_null(strstr(resp.body.p, "Accept-Encoding: identity\r\n"));
	assert_null(strstr(resp.body.p, "gzip"));
	http_response_done(&resp);
}

static void test_drop_within_callback(void **state)
{
	struct http_response resp, next;
	struct lab *lab = *state;
	struct sink s;

	get_into(lab, &s, DROP, "/bytes/3000000", &resp);
	while (s.task)
		assert_true(sd_event_run(lab->loop, UINT64_MAX) >= 0);
	http_response_done(&resp);
	expect(get(lab, "/bytes/3", &next), &next, 200, "xxx");
}

static void test_limits(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;
	struct http_request req = { .method = "GET", .max_body = 100 };

	req.url = url_of(lab, "/bytes/100");
	expect(http_start(lab->client, &req, &resp), &resp, 200, NULL);
	req.url = url_of(lab, "/bytes/101");
	expect_error(http_start(lab->client, &req, &resp), &resp, ERR_LIMIT, "100 bytes");
	expect_error(get(lab, "/bytes/5000000", &resp), &resp, ERR_LIMIT, "4194304 bytes");
	expect_error(get(lab, "/endless-head", &resp), &resp, ERR_LIMIT, "headers");
}

static void test_broken_answers(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;
	struct http_request req = { .method = "GET", .url = "http://127.0.0.1:1/x" };

	expect_error(get(lab, "/cut", &resp), &resp, ERR_NETWORK, "GET http://127.0.0.1:");
	expect_error(get(lab, "/garbage", &resp), &resp, ERR_INVALID, "/garbage");
	expect_error(http_start(lab->client, &req, &resp), &resp, ERR_NETWORK, "Failed to connect");
}

static void test_bad_requests(void **state)
{
	static const struct {
		const char *method, *url, *message;
	} cases[] = {
		{ "GET", "file:///etc/passwd", "file" },
		{ "GET", "ftp://127.0.0.1/x", "ftp" },
		{ "GET", "http://user:hunter2@127.0.0.1/x", "GET http://127.0.0.1/x: a user" },
		{ "GET", "http://a b/", "" },
		{ "G T", "http://127.0.0.1/", "not a method" },
		{ "", "http://127.0.0.1/", "not a method" },
	};
	struct http_response resp;
	struct error err = ERROR_INIT;
	struct lab *lab = *state;
	autostrv headers = { 0 };
	struct http_request req = { .method = "GET", .url = "http://127.0.0.1/" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_request bad = { .method = cases[i].method, .url = cases[i].url };

		assert_int_equal(task_wait(http_start(lab->client, &bad, &resp), &err),
				 -ERR_INVALID);
		assert_non_null(strstr(err.msg, cases[i].message));
		assert_null(strstr(err.msg, "hunter2"));
		http_response_done(&resp);
	}
	strv_push(&headers, "A: b\r\nEvil: yes");
	req.headers = &headers;
	expect_error(http_start(lab->client, &req, &resp), &resp, ERR_INVALID, "line break");
}

static void test_messages_keep_secrets(void **state)
{
	struct error err = ERROR_INIT;
	struct http_response resp;
	struct lab *lab = *state;
	struct http_request req = { .method = "GET",
				    .url = "http://127.0.0.1:1/x?sig=hunter2#f",
				    .user = "me",
				    .password = "hunter2" };

	assert_int_equal(task_wait(http_start(lab->client, &req, &resp), &err), -ERR_NETWORK);
	assert_non_null(strstr(err.msg, "GET http://127.0.0.1:1/x: "));
	assert_null(strstr(err.msg, "hunter2"));
	http_response_done(&resp);
}

static void test_credentials(void **state)
{
	struct http_request req = { .method = "GET", .user = "Aladdin", .password = "open sesame" };

	expect_echo_of(*state, &req, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n",
		       "");
	req = (struct http_request){ .method = "GET", .bearer = "t0ken" };
	expect_echo_of(*state, &req, "\r\nAuthorization: Bearer t0ken\r\n", "");
	req = (struct http_request){ .method = "GET" };
	expect_echo_of(*state, &req, "GET", "");
}

static void test_cancel_and_deadline(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;
	struct task *t = get(lab, "/silent", &resp);

	task_cancel(t);
	expect_error(t, &resp, ERR_CANCELLED, "cancelled");
	t = get(lab, "/silent", &resp);
	task_deadline(t, 20 * NSEC_PER_MSEC, "no answer in 20ms");
	expect_error(t, &resp, ERR_TIMEOUT, "no answer in 20ms");
	expect(get(lab, "/bytes/1", &resp), &resp, 200, "x");
}

static void test_client_goes_first(void **state)
{
	struct http_response resp;
	struct lab *lab = *state;
	struct task *t = get(lab, "/silent", &resp), *u = get(lab, "/bytes/1", &resp);

	u = task_unref(u);
	for (int i = 0; i < 3; i++)
		sd_event_run(lab->loop, 10000);
	lab->client = http_client_free(lab->client);
	expect_error(t, &resp, ERR_CANCELLED, "cancelled");
}

static void test_unix_socket(void **state)
{
	autofree char *path = path_join(*state, "sock");
	struct http_request req = { .method = "GET",
				    .url = "http://localhost/echo",
				    .unix_socket = path };
	struct http_client *client = NULL;
	struct http_response resp;
	struct http_peer peer;
	autoloop *loop = NULL;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	http_peer_start(&peer, path);
	assert_ok(loop_new(&loop, &err));
	assert_ok(http_client_new(loop, &client, &err));
	assert_ok(task_wait(http_start(client, &req, &resp), &err));
	assert_non_null(strstr(resp.body.p, "Host: localhost\r\n"));
	http_response_done(&resp);
	req.unix_socket = "/no/where";
	expect_error(http_start(client, &req, &resp), &resp, ERR_NETWORK, "GET http://localhost");
	http_client_free(client);
	http_peer_stop(&peer);
	unsetenv("http_proxy");
}

/* The peer plays the proxy: it sees the whole URL in the first line. */
static void test_proxies(void **state)
{
	static const char *const names[] = { "http_proxy", "HTTP_PROXY", "ALL_PROXY" };
	struct lab *lab = *state;
	autofree char *proxy = xstrdup(url_of(lab, ""));
	struct http_request req = { .method = "GET", .url = "http://registry.test/v2/" };
	struct http_response resp;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		setenv(names[i], proxy, 1);
		assert_ok(task_wait(http_start(lab->client, &req, &resp), &err));
		assert_true(starts_with(resp.body.p, "GET http://registry.test/v2/ HTTP"));
		http_response_done(&resp);
		unsetenv(names[i]);
	}
	setenv("HTTP_PROXY", "http://127.0.0.1:1", 1); /* nobody is there: loopback goes past it */
	expect(get(lab, "/bytes/2", &resp), &resp, 200, "xx");
	req.url = "http://other.test/";
	req.proxy = proxy; /* one of the request's own wins */
	assert_ok(task_wait(http_start(lab->client, &req, &resp), &err));
	assert_true(starts_with(resp.body.p, "GET http://other.test/ HTTP"));
	http_response_done(&resp);
	unsetenv("HTTP_PROXY");
}

static void test_escape(void **state)
{
	assert_text(http_escape("a-b._~Z9"), "a-b._~Z9");
	assert_text(http_escape("a/b c+?&=%\xc3\xa4"), "a%2Fb%20c%2B%3F%26%3D%25%C3%A4");
	assert_text(http_escape(""), "");
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_get),
		lab_test(test_an_error_status_is_an_answer),
		lab_test(test_head),
		lab_test(test_connections_are_kept),
		lab_test(test_many_at_once),
		lab_test(test_body_from_memory),
		lab_test(test_large_body),
		lab_test(test_body_in_pieces),
		lab_test(test_body_that_fails),
		lab_test(test_sink),
		lab_test(test_content_coding),
		lab_test(test_drop_within_callback),
		lab_test(test_limits),
		lab_test(test_broken_answers),
		lab_test(test_bad_requests),
		lab_test(test_messages_keep_secrets),
		lab_test(test_credentials),
		lab_test(test_cancel_and_deadline),
		lab_test(test_client_goes_first),
		unit_test_in_dir(test_unix_socket),
		lab_test(test_proxies),
		cmocka_unit_test(test_escape),
	};
	static const char *const proxies[] = {
		"http_proxy", "https_proxy", "all_proxy", "no_proxy",
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"
	};

	for (size_t i = 0; i < ARRAY_SIZE(proxies); i++)
		unsetenv(proxies[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
