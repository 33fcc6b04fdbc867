/* SPDX-License-Identifier: Apache-2.0 */
/* HEAD; POST with mount; POST; and what send.c makes of it. */
#include "registry/blob.h"

#include "registry/send.h"
#include "util/fd.h"

struct upload {
	struct task task;
	struct upload_spec spec;
	struct client *c;
	const char *digest;
	char *from; /* the repository to mount it from */
	int fd;
	uint64_t size, sent;
	struct send_state state;
	struct http_response resp;
	struct task *child;
};

static void post(struct upload *u);

static void upload_free(struct task *t)
{
	struct upload *u = container_of(t, struct upload, task);

	http_response_done(&u->resp);
	fd_close(u->fd);
	free(u->from);
	free(u);
}

static void upload_cancel(struct task *t)
{
	struct upload *u = container_of(t, struct upload, task);

	if (u->child)
		task_cancel(u->child);
}

static const struct task_ops upload_ops = { "upload", upload_cancel, upload_free };

static void tell(struct upload *u, enum transfer_phase phase, uint64_t done, const char *note)
{
	struct transfer_progress p = { .ref = u->spec.ref,
				       .digest = u->digest,
				       .phase = phase,
				       .done = done,
				       .total = u->size,
				       .note = note };

	if (u->spec.progress)
		u->spec.progress(u->spec.userdata, &p);
}

static void on_retry(void *userdata, const char *why)
{
	struct upload *u = userdata;

	tell(u, TRANSFER_RETRYING, u->sent, why);
}

static void run_call(struct upload *u, struct call *call, task_done_fn done)
{
	call->userdata = u;
	call->on_retry = on_retry;
	http_response_done(&u->resp);
	u->child = client_call(u->c, call, &u->resp);
	task_on_done(u->child, done, u);
}

static void end(struct upload *u, int result, enum transfer_phase phase)
{
	sources_add(u->c->reg->store, u->c->origin->host, u->c->path, u->digest);
	tell(u, phase, u->size, NULL);
	task_end(&u->task, result);
}

static void refuse(struct upload *u)
{
	struct error err = ERROR_INIT;

	client_refused(u->c, &u->resp, &err);
	task_fail(&u->task, &err);
}

/* -- the bytes -- */

static void on_bytes(void *userdata, uint64_t n)
{
	struct upload *u = userdata;

	u->sent = n;
	tell(u, TRANSFER_UPLOADING, n, NULL);
}

static void on_sent(struct task *t, int r, void *userdata)
{
	struct upload *u = userdata;
	struct error err = t->err;

	u->child = task_unref(u->child);
	if (r < 0)
		task_fail(&u->task, &err);
	else if (r == SEND_AGAIN)
		post(u);
	else
		end(u, 0, TRANSFER_DONE);
}

static void send_bytes(struct upload *u)
{
	struct send_spec spec = { .c = u->c,
				  .digest = u->digest,
				  .fd = u->fd,
				  .size = u->size,
				  .begun = &u->resp,
				  .state = &u->state,
				  .sent = on_bytes,
				  .retrying = on_retry,
				  .userdata = u };

	u->child = blob_send(&spec);
	task_on_done(u->child, on_sent, u);
}

static void on_post(struct task *t, int r, void *userdata)
{
	struct upload *u = userdata;
	struct error err = t->err;

	u->child = task_unref(u->child);
	if (r < 0)
		return task_fail(&u->task, &err);
	if (u->resp.status != 202)
		return refuse(u);
	send_bytes(u);
}

static void post(struct upload *u)
{
	struct call call = { .method = "POST", .path = "blobs/uploads/", .body = "" };

	run_call(u, &call, on_post);
}

/* -- what needs no bytes -- */

static void on_mount(struct task *t, int r, void *userdata)
{
	struct upload *u = userdata;
	struct error err = t->err;

	u->child = task_unref(u->child);
	if (u->task.cancelled)
		return task_fail(&u->task, &err);
	if (r >= 0 && u->resp.status == 201)
		return end(u, 1, TRANSFER_MOUNTED);
	if (r >= 0 && u->resp.status == 202)
		return send_bytes(u);
	/* Not allowed, not known there, not understood: the ordinary way. */
	sources_forget(u->c->reg->store, u->c->origin->host, u->from, u->digest);
	post(u);
}

static void mount_from(struct upload *u)
{
	autofree char *from = http_escape(u->from), *digest = http_escape(u->digest);
	autofree char *path = xprintf("blobs/uploads/?mount=%s&from=%s", digest, from);
	struct call call = { .method = "POST", .path = path, .body = "", .also_pull = u->from };

	run_call(u, &call, on_mount);
}

static void begin(struct upload *u)
{
	u->from = sources_find(u->c->reg->store, u->c->origin->host, u->c->path, u->digest);
	if (u->from)
		mount_from(u);
	else
		post(u);
}

static void on_head(struct task *t, int r, void *userdata)
{
	struct upload *u = userdata;
	struct error err = t->err;

	u->child = task_unref(u->child);
	if (r < 0)
		return task_fail(&u->task, &err);
	if (u->resp.status == 200)
		return end(u, 1, TRANSFER_EXISTS);
	if (u->resp.status == 401 || u->resp.status == 403)
		return refuse(u);
	begin(u);
}

static void ask(struct upload *u)
{
	autofree char *path = xprintf("blobs/%s", u->digest);
	struct call call = { .method = "HEAD", .path = path };

	tell(u, TRANSFER_WAITING, 0, NULL);
	run_call(u, &call, on_head);
}

struct task *blob_upload(const struct upload_spec *spec)
{
	struct upload *u = xnew(struct upload);
	struct error err = ERROR_INIT;
	int r;

	task_init(&u->task, &upload_ops, spec->c->reg->loop);
	u->spec = *spec;
	u->c = spec->c;
	u->digest = spec->d->digest;
	u->fd = -1;
	r = store_blob_get(u->c->reg->store, u->digest, &u->fd, &u->size, &err);
	if (r == 0)
		r = error_set(&err, ERR_NOT_FOUND, "blob %s is not in the store", u->digest);
	if (r < 0)
		task_fail(&u->task, &err);
	else
		ask(u);
	return &u->task;
}
