/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/job.h"

const struct json_field git_job_fields[] = {
	JSON_FIELD(struct git_job, JSON_STR, url, "url", JSON_REQUIRED),
	JSON_FIELD(struct git_job, JSON_STR, ref, "ref", 0),
	JSON_FIELD(struct git_job, JSON_STR, subdir, "subdir", 0),
	JSON_FIELD(struct git_job, JSON_STR, dir, "dir", 0),
	{ 0 },
};

const struct json_field git_answer_fields[] = {
	JSON_FIELD(struct git_answer, JSON_STR, error, "error", 0),
	JSON_FIELD(struct git_answer, JSON_STR, message, "message", 0),
	JSON_FIELD(struct git_answer, JSON_STR, commit, "commit", 0),
	{ 0 },
};
