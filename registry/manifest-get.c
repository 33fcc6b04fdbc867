/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blob.h"

#include <stdio.h>
#include <string.h>

static const char accept_types[] = "Accept: " MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST
				   ", " MEDIA_DOCKER_LIST ", " MEDIA_DOCKER_MANIFEST;

struct manifest_op {
	struct task task;
	struct client *c;
	const struct descriptor *expected;
	struct manifest_reply *ret;
	char *head_digest;
	struct http_response resp;
	struct task *child;
};

static void op_free(struct task *t)
{
	struct manifest_op *op = container_of(t, struct manifest_op, task);

	http_response_done(&op->resp);
	free(op);
}

static void op_cancel(struct task *t)
{
	struct manifest_op *op = container_of(t, struct manifest_op, task);

	if (op->child)
		task_cancel(op->child);
}

static const struct task_ops op_ops = { "manifest", op_cancel, op_free };

void manifest_reply_done(struct manifest_reply *m)
{
	free(m->type);
	if (m->bytes.p)
		buf_done(&m->bytes);
	*m = (struct manifest_reply){ 0 };
}

static int verify(const struct manifest_op *op, const char *p, size_t n, struct error *err)
{
	const struct descriptor *d = op->expected;
	struct hash *h;
	char digest[DIGEST_MAX];

	if (!d)
		return 0;
	h = hash_new(starts_with(d->digest, "sha512:") ? HASH_SHA512 : HASH_SHA256);
	hash_update(h, p, n);
	hash_final(h, digest);
	hash_free(h);
	if (!streq(digest, d->digest))
		return error_set(err, ERR_CORRUPT, "manifest %s: what came has the digest %s",
				 d->digest, digest);
	if (d->size && d->size != n)
		return error_set(err, ERR_CORRUPT, "manifest %s: %zu bytes came instead of %llu",
				 d->digest, n, (unsigned long long)d->size);
	return 0;
}

static char *without_parameters(const char *type)
{
	struct str s;

	if (!type)
		return NULL;
	str_cut(str_of(type), ';', &s, &(struct str){ 0 });
	return str_dup(str_trim(s));
}

static int keep(struct manifest_op *op, struct error *err)
{
	struct manifest_reply m = { 0 };
	int r;

	r = verify(op, op->resp.body.p, op->resp.body.len, err);
	if (r == 0)
		r = store_blob_put(op->c->reg->store, op->resp.body.p, op->resp.body.len, m.digest,
				   err);
	if (r < 0)
		return r;
	m.type = without_parameters(http_header(&op->resp, "Content-Type"));
	buf_init(&m.bytes, LIMIT_MANIFEST);
	buf_add(&m.bytes, op->resp.body.p, op->resp.body.len);
	*op->ret = m;
	return 0;
}

static void on_get(struct task *t, int r, void *userdata)
{
	struct manifest_op *op = userdata;
	struct error err = t->err;

	op->child = task_unref(op->child);
	if (r >= 0 && op->resp.status != 200)
		r = client_refused(op->c, &op->resp, &err);
	else if (r >= 0 && !op->resp.body.len)
		r = error_set(&err, ERR_CORRUPT, "the registry sent an empty manifest");
	else if (r >= 0)
		r = keep(op, &err);
	task_end_with(&op->task, r, &err);
}

static struct manifest_op *op_new(struct client *c)
{
	struct manifest_op *op = xnew(struct manifest_op);

	task_init(&op->task, &op_ops, c->reg->loop);
	op->c = c;
	return op;
}

/* 1 when it was in the store. */
static int from_store(struct manifest_op *op, struct error *err)
{
	struct manifest_reply m = { 0 };
	int r;

	r = op->expected ? store_blob_get(op->c->reg->store, op->expected->digest, NULL, NULL, err)
			 : 0;
	if (r <= 0)
		return r;
	buf_init(&m.bytes, LIMIT_MANIFEST);
	r = store_blob_read(op->c->reg->store, op->expected->digest, &m.bytes, err);
	if (r < 0) {
		manifest_reply_done(&m);
		return r;
	}
	snprintf(m.digest, sizeof(m.digest), "%s", op->expected->digest);
	m.type = xstrdup0(op->expected->media_type);
	*op->ret = m;
	return 1;
}

struct task *manifest_get(struct client *c, const char *reference,
			  const struct descriptor *expected, retrying_fn retrying, void *userdata,
			  struct manifest_reply *ret)
{
	autofree char *path = xprintf("manifests/%s", reference);
	struct manifest_op *op = op_new(c);
	struct error err = ERROR_INIT;
	autostrv headers = { 0 };
	struct call call = { .method = "GET",
			     .path = path,
			     .headers = &headers,
			     .on_retry = retrying,
			     .userdata = userdata,
			     .max_body = LIMIT_MANIFEST };
	int r;

	op->expected = expected;
	op->ret = ret;
	r = from_store(op, &err);
	if (r != 0) {
		task_end_with(&op->task, MIN(r, 0), &err);
		return &op->task;
	}
	strv_push(&headers, accept_types);
	op->child = client_call(c, &call, &op->resp);
	task_on_done(op->child, on_get, op);
	return &op->task;
}

static void on_head_answer(struct task *t, int r, void *userdata)
{
	struct manifest_op *op = userdata;
	struct error err = t->err;
	const char *digest;

	op->child = task_unref(op->child);
	if (r >= 0 && op->resp.status != 200 && op->resp.status != 405 && op->resp.status != 501)
		r = client_refused(op->c, &op->resp, &err);
	if (r >= 0) {
		digest = op->resp.status == 200 ? http_header(&op->resp, "Docker-Content-Digest")
						: NULL;
		r = !digest || !digest_valid(digest);
		if (r == 0)
			snprintf(op->head_digest, DIGEST_MAX, "%s", digest);
	}
	task_end_with(&op->task, r, &err);
}

struct task *manifest_head(struct client *c, const char *reference, retrying_fn retrying,
			   void *userdata, char ret_digest[DIGEST_MAX])
{
	autofree char *path = xprintf("manifests/%s", reference);
	struct manifest_op *op = op_new(c);
	autostrv headers = { 0 };
	struct call call = { .method = "HEAD",
			     .path = path,
			     .headers = &headers,
			     .on_retry = retrying,
			     .userdata = userdata };

	op->head_digest = ret_digest;
	strv_push(&headers, accept_types);
	op->child = client_call(c, &call, &op->resp);
	task_on_done(op->child, on_head_answer, op);
	return &op->task;
}
