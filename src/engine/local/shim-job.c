/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/shim.h"

enum kind { K_STR, K_STRV, K_FLAG, K_U64, K_I64, K_UINT };

#define KEY(name, kind)                                      \
	{                                                    \
#name, kind, offsetof(struct shim_job, name) \
	}
static const struct {
	const char *key;
	enum kind kind;
	size_t offset;
} keys[] = {
	KEY(id, K_STR),
	KEY(lowers, K_STRV),
	KEY(upper, K_STR),
	KEY(work, K_STR),
	KEY(netns, K_STR),
	KEY(sysctls, K_STRV),
	KEY(tty, K_FLAG),
	KEY(open_stdin, K_FLAG),
	KEY(step, K_FLAG),
	KEY(hide_unified, K_FLAG),
	KEY(log, K_STR),
	KEY(log_max_size, K_U64),
	KEY(log_max_files, K_UINT),
	KEY(runtime, K_STR),
	KEY(runtime_root, K_STR),
	KEY(cgroup, K_STR),
	KEY(rootfs, K_STR),
	KEY(userxattr, K_FLAG),
	KEY(idmap_uid, K_STR),
	KEY(idmap_gid, K_STR),
	KEY(sources, K_STRV),
	KEY(status_dir, K_STR),
	KEY(restarts, K_I64),
	KEY(ended, K_STR),
	KEY(project, K_STR),
};

static void job_key(void *userdata, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		void *at = (char *)userdata + keys[i].offset;

		if (!streq(key, keys[i].key))
			continue;
		switch (keys[i].kind) {
		case K_STR:
			free(*(char **)at);
			*(char **)at = xstrdup(value);
			break;
		case K_STRV:
			strv_push(at, value);
			break;
		case K_FLAG:
			*(bool *)at = kv_int(value) != 0;
			break;
		case K_U64:
			*(uint64_t *)at = (uint64_t)kv_int(value);
			break;
		case K_I64:
			*(int64_t *)at = kv_int(value);
			break;
		case K_UINT:
			*(unsigned *)at = (unsigned)kv_int(value);
			break;
		}
	}
}

int shim_job_read(struct shim *s, struct error *err)
{
	int r = kv_read(s->dirfd, "job", job_key, &s->job, err);

	if (r < 0)
		return r;
	if (!r || !s->job.id || !s->job.runtime || !s->job.runtime_root || !s->job.netns ||
	    (!s->job.rootfs && (!s->job.upper || !s->job.work)))
		return error_set(err, ERR_INVALID, "%s/job: not a whole job", s->dir);
	return 0;
}
