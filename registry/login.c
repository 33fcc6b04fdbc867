/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v2/ with a name and password: through the same authorization as any other request. */
#include "registry/client.h"

#include <string.h>

struct login {
	struct task task;
	struct client *c;
	struct http_response resp;
	struct task *child;
};

static void login_free(struct task *t)
{
	struct login *l = container_of(t, struct login, task);

	http_response_done(&l->resp);
	free(l);
}

static void login_cancel(struct task *t)
{
	struct login *l = container_of(t, struct login, task);

	if (l->child)
		task_cancel(l->child);
}

static const struct task_ops login_ops = { "login", login_cancel, login_free };

static void on_answer(struct task *t, int r, void *userdata)
{
	struct login *l = userdata;
	struct error err = t->err;

	l->child = task_unref(l->child);
	if (r >= 0 && l->resp.status == 401)
		r = error_set(&err, ERR_AUTH, "%s: the user name or password is not accepted",
			      l->c->auth_host);
	else if (r >= 0 && l->resp.status != 200)
		r = client_refused(l->c, &l->resp, &err);
	task_end_with(&l->task, r, &err);
}

static int client_of(struct registry *r, const char *host, struct client **ret, struct error *err)
{
	struct image_ref ref = { .domain = (char *)(uintptr_t)host, .path = (char[]){ "" } };
	endpoint_vec v = { 0 };
	int res = hosts_resolve(r->hosts, &ref, true, &v, err);

	if (res < 0)
		return res;
	v.v[0].path[0] = '\0';
	res = client_get(r, &v.v[0], ACCESS_PULL, ret, err);
	endpoint_vec_done(&v);
	return res;
}

struct task *registry_login(struct registry *r, const char *host, const struct credential *c)
{
	struct call call = { .method = "GET", .path = "" };
	struct login *l = xnew(struct login);
	struct error err = ERROR_INIT;

	task_init(&l->task, &login_ops, r->loop);
	if (client_of(r, host, &l->c, &err) < 0) {
		task_fail(&l->task, &err);
		return &l->task;
	}
	credential_done(&l->c->credential);
	l->c->credential = (struct credential){ .user = xstrdup(c->user),
						.password = xstrdup(c->password) };
	l->c->credential_known = true;
	l->child = client_call(l->c, &call, &l->resp);
	task_on_done(l->child, on_answer, l);
	return &l->task;
}

int registry_host(const char *server, char **ret, struct error *err)
{
	autofree char *host = auth_key_host(server && *server ? server : "docker.io");
	autofree char *text = xprintf("%s/x", host);
	autoref ref = { 0 };

	host[strcspn(host, "/")] = '\0';
	if (image_ref_parse(text, &ref, NULL) < 0 || !streq(ref.domain, host))
		return error_set(err, ERR_INVALID, "\"%.200s\" is not a registry: HOST[:PORT]",
				 server);
	*ret = TAKE_PTR(host);
	return 0;
}
