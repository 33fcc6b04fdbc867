/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/job.h"

const struct json_field add_job_fields[] = {
	JSON_FIELD(struct add_job, JSON_STRV, lower, "lower", 0),
	JSON_FIELD(struct add_job, JSON_STR, upper, "upper", 0),
	JSON_FIELD(struct add_job, JSON_I64, uid, "uid", JSON_KEEP),
	JSON_FIELD(struct add_job, JSON_I64, gid, "gid", JSON_KEEP),
	JSON_FIELD(struct add_job, JSON_STR, file, "file", 0),
	JSON_FIELD(struct add_job, JSON_I64, mtime, "mtime", 0),
	JSON_FIELD(struct add_job, JSON_FLAG, plain, "plain", 0),
	{ 0 },
};

const struct json_field add_answer_fields[] = {
	JSON_FIELD(struct add_answer, JSON_STR, error, "error", 0),
	JSON_FIELD(struct add_answer, JSON_STR, message, "message", 0),
	JSON_FIELD(struct add_answer, JSON_FLAG, none, "none", 0),
	JSON_FIELD(struct add_answer, JSON_I64, newest, "newest", JSON_KEEP),
	{ 0 },
};
