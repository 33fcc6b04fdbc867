/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/layer-job.h"

#include "util/fd.h"
#include "util/io.h"

#include <unistd.h>

#define JOB(kind, member)    JSON_FIELD(struct layer_job, kind, member, #member, 0)
#define ANSWER(kind, member) JSON_FIELD(struct layer_answer, kind, member, #member, 0)
#define LIMIT_MESSAGE	     65536

const struct json_field layer_job_fields[] = {
	JOB(JSON_STR, op),	    JOB(JSON_STR, diff_id),   JOB(JSON_STR, digest),
	JOB(JSON_STR, compression), JOB(JSON_I32, dir),	      JOB(JSON_I32, out),
	JOB(JSON_FLAG, clamp),	    JOB(JSON_I64, mtime_max), JOB(JSON_U64, max_bytes),
	JOB(JSON_U64, max_entries), JOB(JSON_U64, max_ratio), { 0 },
};

const struct json_field layer_answer_fields[] = {
	ANSWER(JSON_STR, error),
	ANSWER(JSON_STR, message),
	ANSWER(JSON_I32, sys),
	ANSWER(JSON_STR, diff_id),
	ANSWER(JSON_STR, digest),
	ANSWER(JSON_STR, compression),
	ANSWER(JSON_U64, packed),
	ANSWER(JSON_U64, size),
	ANSWER(JSON_U64, entries),
	ANSWER(JSON_U64, bytes),
	{ 0 },
};

int layer_job_read(struct layer_job *ret, struct error *err)
{
	autobuf text = { 0 };
	autojson *j = NULL;
	buf_init(&text, LIMIT_MESSAGE);
	int r = io_read_fd(LAYER_FD_JOB, &text, err);
	if (r == 0)
		r = json_parse(text.p, text.len, "job", &j, err);
	if (r == 0)
		r = json_decode(j, layer_job_fields, ret, err);
	if (r == 0 && !ret->op)
		r = error_set(err, ERR_INVALID, "job without an op");
	if (r == 0) {
		ret->max_bytes = ret->max_bytes ? ret->max_bytes : LIMIT_LAYER_BYTES;
		ret->max_entries = ret->max_entries ? ret->max_entries : LIMIT_LAYER_ENTRIES;
		ret->max_ratio = ret->max_ratio ? ret->max_ratio : LIMIT_LAYER_RATIO;
	}
	return r;
}

/* Messages name files, and those may be called anything. */
static char *printable(const char *s)
{
	autobuf b = { 0 };
	bool utf8 = utf8_valid(str_of(s));
	buf_init(&b, LIMIT_MESSAGE);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
			buf_addf(&b, "\\x%02x", c);
		else
			buf_addc(&b, *s);
	}
	return buf_steal(&b);
}

void layer_answer_write(struct layer_answer *a, int r, const struct error *err)
{
	if (r < 0) {
		layer_answer_done(a);
		a->error = xstrdup(err_code_name(err->code));
		a->message = printable(err->msg);
		a->sys = err->sys;
	}
	autojson *j = json_encode(layer_answer_fields, a);
	autofree char *text = json_text(j);
	autofree char *line = xprintf("%s\n", text);
	io_write_all(STDOUT_FILENO, line, strlen(line), NULL);
}

static enum err_code code_of(const char *name)
{
	for (int c = ERR_INVALID; c < ERR_COUNT_; c++)
		if (streq(err_code_name((enum err_code)c), name))
			return (enum err_code)c;
	return ERR_INTERNAL;
}

int layer_answer_parse(const char *p, size_t n, struct layer_answer *ret, struct error *err)
{
	autojson *j = NULL;
	struct layer_answer a = { 0 };
	int r = json_parse(p, n, "answer", &j, err);
	if (r == 0)
		r = json_decode(j, layer_answer_fields, &a, err);
	if (r < 0)
		return r;
	if (!a.error) {
		*ret = a;
		return 0;
	}
	r = error_set(err, code_of(a.error), "%s", a.message ? a.message : a.error);
	if (err)
		err->sys = a.sys;
	layer_answer_done(&a);
	return r;
}

void layer_job_done(struct layer_job *j)
{
	json_free_fields(layer_job_fields, j);
}

void layer_answer_done(struct layer_answer *a)
{
	json_free_fields(layer_answer_fields, a);
}
