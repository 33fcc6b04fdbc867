/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker-credential-NAME get|store|erase: the server's name on its stdin and {"Username", "Secret"}
 * on its stdout; store gets {"ServerURL", "Username", "Secret"} on its stdin.
 */
#include "registry/auth.h"

#include "event/child.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/json.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIMIT_HELPER (1 << 20)
#define HELPER_SPAN  (60 * 1000000000LL)

struct helper {
	struct task task;
	char *name, *server;
	const char *verb;
	struct credential *ret; /* of get */
	struct child child;
	sd_event_source *watch;
	int out; /* a memory file: it needs no reader while the helper runs */
};

static void helper_free(struct task *t)
{
	struct helper *h = container_of(t, struct helper, task);

	sd_event_source_disable_unref(h->watch);
	fd_close(h->child.pidfd);
	fd_close(h->out);
	free(h->name);
	free(h->server);
	free(h);
}

static void helper_cancel(struct task *t)
{
	struct helper *h = container_of(t, struct helper, task);

	if (h->child.pidfd >= 0)
		child_kill(&h->child, SIGKILL);
}

static const struct task_ops helper_ops = { "credential helper", helper_cancel, helper_free };

static bool contains(const struct buf *b, const char *s)
{
	return memmem(b->p, b->len, s, strlen(s)) != NULL;
}

/* A helper that doesn't know the server says so in words (docker's protocol has no other way). */
static int refused(const struct helper *h, const struct buf *out, int code, struct error *err)
{
	if (contains(out, "credentials not found in native keychain") ||
	    contains(out, "no credentials server URL") || contains(out, "no credentials username"))
		return 0;
	return error_set(err, ERR_AUTH, "docker-credential-%s %s ended with status %d for %s",
			 h->name, h->verb, code, h->server);
}

static int answer(const struct helper *h, const struct buf *out, struct error *err)
{
	const char *user, *secret;
	autojson *doc = NULL;

	if (!h->ret)
		return 1;
	if (json_parse(out->p, out->len, "answer", &doc, NULL) < 0)
		return error_set(err, ERR_INVALID, "docker-credential-%s did not answer in JSON",
				 h->name);
	user = json_str(doc, "Username");
	secret = json_str(doc, "Secret");
	if (!secret || !*secret)
		return 0;
	if (user && streq(user, "<token>")) {
		h->ret->identity_token = xstrdup(secret);
	} else {
		h->ret->user = xstrdup(user ? user : "");
		h->ret->password = xstrdup(secret);
	}
	return 1;
}

static void on_exit_of(void *userdata, int code, bool signalled)
{
	struct helper *h = userdata;
	struct error err = ERROR_INIT;
	autobuf out;
	int r;

	buf_init(&out, LIMIT_HELPER);
	if (h->task.cancelled)
		r = error_set(&err, ERR_CANCELLED, "cancelled");
	else if (lseek(h->out, 0, SEEK_SET) < 0)
		r = error_sys(&err, "docker-credential-%s", h->name);
	else
		r = io_read_fd(h->out, &out, &err);
	if (r == 0)
		r = code ? refused(h, &out, code, &err) : answer(h, &out, &err);
	explicit_bzero(out.p, out.len);
	task_end_with(&h->task, r, &err);
}

static int start(struct helper *h, const char *input, struct error *err)
{
	autofree char *program = xprintf("docker-credential-%s", h->name);
	char *argv[] = { program, (char *)(uintptr_t)h->verb, NULL };
	autoclose int in = -1;
	struct child_spec spec;
	int r;

	if (strchr(h->name, '/'))
		return error_set(err, ERR_INVALID, "credential helper \"%.100s\": not a name",
				 h->name);
	r = fd_of_bytes("credentials", input, strlen(input), &in, err);
	if (r < 0)
		return r;
	h->out = memfd_create("credentials", MFD_CLOEXEC);
	if (h->out < 0)
		return error_sys(err, "memfd_create");
	spec = (struct child_spec){ .program = program,
				    .argv = argv,
				    .stdin_fd = in,
				    .stdout_fd = h->out,
				    .stderr_fd = -1 };
	r = child_spawn(&spec, &h->child, err);
	if (r < 0)
		return r;
	return child_watch(h->task.loop, &h->child, on_exit_of, h, &h->watch, err);
}

static struct task *run(sd_event *loop, const char *name, const char *verb, const char *server,
			const char *input, struct credential *ret)
{
	struct helper *h = xnew(struct helper);
	struct error err = ERROR_INIT;

	task_init(&h->task, &helper_ops, loop);
	h->child = CHILD_INIT;
	h->out = -1;
	h->name = xstrdup(name);
	h->server = xstrdup(server);
	h->verb = verb;
	h->ret = ret;
	task_deadline(&h->task, HELPER_SPAN, "the credential helper did not answer");
	if (start(h, input, &err) < 0)
		task_fail(&h->task, &err);
	return &h->task;
}

struct task *auth_helper_get(sd_event *loop, const char *name, const char *server,
			     struct credential *ret)
{
	return run(loop, name, "get", server, server, ret);
}

struct task *auth_helper_store(sd_event *loop, const char *name, const char *server,
			       const struct credential *c)
{
	autojson *doc = json_pack("{s:s, s:s, s:s}", "ServerURL", server, "Username", c->user,
				  "Secret", c->password);
	char *input = json_text(doc);
	struct task *t = run(loop, name, "store", server, input, NULL);

	secret_free(input);
	return t;
}

struct task *auth_helper_erase(sd_event *loop, const char *name, const char *server)
{
	return run(loop, name, "erase", server, server, NULL);
}
