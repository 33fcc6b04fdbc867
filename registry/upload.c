/* SPDX-License-Identifier: Apache-2.0 */
/* HEAD; POST with mount; POST; one PUT of the whole. A try that was cut begins with a new POST:
 * never half a blob. */
#include "registry/blob.h"

#include "registry/retry.h"
#include "util/fd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct upload {
	struct task task;
	struct upload_spec spec;
	struct client *c;
	const char *digest;
	char *from; /* the repository to mount it from */
	int fd;
	uint64_t size, sent;
	struct retry retry;
	struct http_response resp;
	struct task *child;
};

static void begin(struct upload *u);

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

/* -- trying again -- */

static void on_pause(struct task *t, int r, void *userdata)
{
	struct upload *u = userdata;
	struct error err = t->err;

	u->child = task_unref(u->child);
	if (r < 0)
		task_fail(&u->task, &err);
	else
		begin(u);
}

static void again(struct upload *u, const struct http_response *resp, const struct error *err)
{
	int64_t span = u->task.cancelled ? -1 : retry_next(&u->retry, resp);

	if (span < 0)
		return task_fail(&u->task, err);
	tell(u, TRANSFER_RETRYING, u->sent, err->msg);
	u->child = retry_pause(u->task.loop, span);
	task_on_done(u->child, on_pause, u);
}

/* -- the bytes -- */

static void rewind_blob(void *userdata)
{
	struct upload *u = userdata;

	u->sent = 0;
}

static int send_blob(void *userdata, void *p, size_t max, size_t *ret_n, struct error *err)
{
	struct upload *u = userdata;
	ssize_t n;

	do
		n = pread(u->fd, p, max, (off_t)u->sent);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys(err, "%s", u->digest);
	if (!n && u->sent < u->size)
		return error_set(err, ERR_CORRUPT, "%s: shorter than it was", u->digest);
	u->sent += (uint64_t)n;
	*ret_n = (size_t)n;
	tell(u, TRANSFER_UPLOADING, u->sent, NULL);
	return 0;
}

static void on_put(struct task *t, int r, void *userdata)
{
	struct upload *u = userdata;
	struct error err = t->err;
	long status = u->resp.status;

	u->child = task_unref(u->child);
	if (r < 0)
		return retry_error(&err) ? again(u, NULL, &err) : task_fail(&u->task, &err);
	if (status == 201 || status == 204 || status == 202)
		return end(u, 0, TRANSFER_DONE);
	client_refused(u->c, &u->resp, &err);
	if (retry_status(status) || status == 404 || status == 416) /* the upload is gone */
		return again(u, &u->resp, &err);
	task_fail(&u->task, &err);
}

static void put(struct upload *u)
{
	const char *location = http_header(&u->resp, "Location");
	autofree char *url = NULL, *digest = http_escape(u->digest);
	autostrv headers = { 0 };
	struct call call = { .method = "PUT",
			     .headers = &headers,
			     .send = send_blob,
			     .n_send = (int64_t)u->size,
			     .rewind = rewind_blob,
			     .once = true };
	struct error err;

	if (!location) {
		error_set(&err, ERR_INVALID, "%s: the registry doesn't say where to send it",
			  u->digest);
		return task_fail(&u->task, &err);
	}
	url = xprintf("%s%cdigest=%s", location, strchr(location, '?') ? '&' : '?', digest);
	strv_push(&headers, "Content-Type: application/octet-stream");
	call.url = url;
	run_call(u, &call, on_put);
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
	put(u);
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
		return put(u);
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

static void begin(struct upload *u)
{
	free(u->from);
	u->from = u->retry.failures ? NULL
				    : sources_find(u->c->reg->store, u->c->origin->host, u->c->path,
						   u->digest);
	if (u->from)
		mount_from(u);
	else
		post(u);
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
