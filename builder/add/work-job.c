/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/work.h"

#define WORK(kind, member) JSON_FIELD(struct work, kind, member, #member, 0)

static const struct json_field pick_fields[] = {
	JSON_FIELD(struct work_pick, JSON_STR, path, "path", JSON_REQUIRED),
	JSON_FIELD(struct work_pick, JSON_STR, base, "base", JSON_KEEP),
	JSON_FIELD(struct work_pick, JSON_STRV, include, "include", 0),
	{ 0 },
};

const struct json_field work_fields[] = {
	JSON_FIELD(struct work, JSON_STR, op, "op", JSON_REQUIRED),
	WORK(JSON_STRV, source),
	WORK(JSON_STRV, ignored),
	WORK(JSON_STRV, exclude),
	WORK(JSON_FLAG, own),
	WORK(JSON_FLAG, has_ignored),
	WORK(JSON_FLAG, has_exclude),
	JSON_SUB(struct work, JSON_LIST, picks, "picks", 0, pick_fields, struct work_pick),
	WORK(JSON_STRV, lower),
	WORK(JSON_STR, upper),
	WORK(JSON_STR, dest),
	WORK(JSON_STR, chmod),
	JSON_FIELD(struct work, JSON_I64, uid, "uid", JSON_KEEP),
	JSON_FIELD(struct work, JSON_I64, gid, "gid", JSON_KEEP),
	{ 0 },
};

const struct json_field work_answer_fields[] = {
	JSON_FIELD(struct work_answer, JSON_STR, error, "error", 0),
	JSON_FIELD(struct work_answer, JSON_STR, message, "message", 0),
	JSON_FIELD(struct work_answer, JSON_STR, digest, "digest", 0),
	JSON_FIELD(struct work_answer, JSON_I64, newest, "newest", JSON_KEEP),
	{ 0 },
};
