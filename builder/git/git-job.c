/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/job.h"

#define JOB(kind, member)    JSON_FIELD(struct git_job, kind, member, #member, 0)
#define ANSWER(kind, member) JSON_FIELD(struct git_answer, kind, member, #member, 0)

const struct json_field git_job_fields[] = {
	JSON_FIELD(struct git_job, JSON_STR, url, "url", JSON_REQUIRED),
	JOB(JSON_STR, local),
	JOB(JSON_STR, ref),
	JOB(JSON_STR, subdir),
	JOB(JSON_STR, dir),
	JOB(JSON_STR, token),
	JOB(JSON_STR, header),
	JOB(JSON_STR, agent),
	JOB(JSON_FLAG, keep_git),
	JOB(JSON_FLAG, no_submodules),
	{ 0 },
};

const struct json_field git_answer_fields[] = {
	ANSWER(JSON_STR, error),
	ANSWER(JSON_STR, message),
	ANSWER(JSON_STR, commit),
	ANSWER(JSON_STR, object),
	{ 0 },
};
