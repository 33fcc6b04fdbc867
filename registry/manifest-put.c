/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One manifest to a registry. Where it refers to another one ("subject") and the registry doesn't
 * say that it has noted it, the list of what refers to that other one is kept under a tag, as the
 * distribution-spec has it for registries without the referrers API.
 */
#include "registry/blob.h"

#include <string.h>

struct manifest_put {
	struct task task;
	struct manifest_put_spec spec;
	char *tag;	 /* of the list */
	json_t *entry;	 /* ours, in the list */
	char *list_text; /* the list as it is sent */
	struct manifest_reply list;
	struct http_response resp;
	struct task *child;
};

static void put_free(struct task *t)
{
	struct manifest_put *p = container_of(t, struct manifest_put, task);

	manifest_reply_done(&p->list);
	http_response_done(&p->resp);
	json_decref(p->entry);
	free(p->list_text);
	free(p->tag);
	free(p);
}

static void put_cancel(struct task *t)
{
	struct manifest_put *p = container_of(t, struct manifest_put, task);

	if (p->child)
		task_cancel(p->child);
}

static const struct task_ops put_ops = { "manifest", put_cancel, put_free };

static void run(struct manifest_put *p, struct task *child, task_done_fn done)
{
	p->child = child;
	task_on_done(child, done, p);
}

static void send(struct manifest_put *p, const char *reference, const char *type, const char *text,
		 task_done_fn done)
{
	autofree char *path = xprintf("manifests/%s", reference);
	autostrv headers = { 0 };
	struct call call = { .method = "PUT",
			     .path = path,
			     .headers = &headers,
			     .body = text,
			     .n_body = strlen(text),
			     .on_retry = p->spec.retrying,
			     .userdata = p->spec.userdata };

	strv_pushf(&headers, "Content-Type: %s", type);
	http_response_done(&p->resp);
	run(p, client_call(p->spec.c, &call, &p->resp), done);
}

/* 0, or an error of what the registry answered. */
static int accepted(const struct manifest_put *p, struct error *err)
{
	long status = p->resp.status;

	return status == 201 || status == 200 || status == 202
		       ? 0
		       : client_refused(p->spec.c, &p->resp, err);
}

/* -- the list of those that refer to the subject -- */

static void on_listed(struct task *t, int r, void *userdata)
{
	struct manifest_put *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r >= 0)
		r = accepted(p, &err);
	if (r < 0)
		error_wrap(&err, "the list of referrers %s", p->tag);
	task_end_with(&p->task, r, &err);
}

static bool is_listed(const json_t *list, const char *digest)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		if (streq0(json_str(entry, "digest"), digest))
			return true;
	return false;
}

/* 1: *ret_text is the list with us; 0: we are in it. An older list is kept to the letter. */
static int add_entry(const struct manifest_put *p, char **ret_text, struct error *err)
{
	autojson *doc = NULL;
	json_t *list;
	int r;

	if (p->list.bytes.len) {
		r = json_parse(p->list.bytes.p, p->list.bytes.len, p->tag, &doc, err);
		if (r < 0)
			return r;
	} else {
		doc = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
				MEDIA_OCI_INDEX, "manifests");
	}
	list = json_object_get(doc, "manifests");
	if (!json_is_array(list))
		return error_set(err, ERR_INVALID, "the tag %s is not a list of referrers", p->tag);
	if (is_listed(list, json_str(p->entry, "digest")))
		return 0;
	json_array_append(list, p->entry);
	*ret_text = json_text(doc);
	return 1;
}

static void on_list(struct task *t, int r, void *userdata)
{
	struct manifest_put *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	if (r >= 0 || err.code == ERR_NOT_FOUND)
		r = add_entry(p, &p->list_text, &err);
	if (r == 1)
		send(p, p->tag, MEDIA_OCI_INDEX, p->list_text, on_listed);
	else
		task_end_with(&p->task, r, &err);
}

/* "sha256:HEX" as a tag. */
static char *tag_of(const char *digest)
{
	char *tag = xstrndup(digest, 128);

	*strchr(tag, ':') = '-';
	return tag;
}

static json_t *describe(const struct manifest_put *p, const struct manifest *m)
{
	size_t n = strlen(p->spec.text);
	const char *type = m->artifact_type ? m->artifact_type : m->config.media_type;
	char digest[DIGEST_MAX];
	autojson *doc = NULL;
	json_t *j;

	hash_digest(p->spec.text, n, digest);
	j = json_pack("{s:s, s:s, s:I}", "mediaType", p->spec.type, "digest", digest, "size",
		      (json_int_t)n);
	if (type)
		json_object_set_new(j, "artifactType", json_string(type));
	if (json_parse(p->spec.text, n, "manifest", &doc, NULL) == 0 &&
	    json_object_get(doc, "annotations"))
		json_object_set(j, "annotations", json_object_get(doc, "annotations"));
	return j;
}

/* True when there is a list to be kept. */
static bool refers(struct manifest_put *p)
{
	struct manifest m = { 0 };

	if (http_header(&p->resp, "OCI-Subject") || !strstr(p->spec.text, "\"subject\"") ||
	    manifest_parse(p->spec.text, strlen(p->spec.text), p->spec.type, &m, NULL) < 0)
		return false;
	if (m.subject) {
		p->tag = tag_of(m.subject->digest);
		p->entry = describe(p, &m);
	}
	manifest_done(&m);
	return p->tag;
}

/* -- the manifest -- */

static void on_put(struct task *t, int r, void *userdata)
{
	struct manifest_put *p = userdata;
	struct error err = t->err;

	p->child = task_unref(p->child);
	*p->spec.ret_status = r >= 0 ? p->resp.status : 0;
	if (r >= 0)
		r = accepted(p, &err);
	if (r >= 0 && refers(p))
		return run(p,
			   manifest_get(p->spec.c, p->tag, NULL, p->spec.retrying, p->spec.userdata,
					&p->list),
			   on_list);
	task_end_with(&p->task, r, &err);
}

struct task *manifest_put(const struct manifest_put_spec *spec)
{
	struct manifest_put *p = xnew(struct manifest_put);

	task_init(&p->task, &put_ops, spec->c->reg->loop);
	p->spec = *spec;
	send(p, spec->reference, spec->type, spec->text, on_put);
	return &p->task;
}
