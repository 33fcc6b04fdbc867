/* SPDX-License-Identifier: Apache-2.0 */
/* What shim-chroot.c reads: records KEY=VALUE, each ended by a zero byte. */
#include "engine/local/isolation.h"

#include "util/io.h"

#include <fcntl.h>
#include <inttypes.h>

static void add(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "%s=%s", key, value);
	buf_addc(b, 0);
}

static void add_number(struct buf *b, const char *key, uint64_t v)
{
	buf_addf(b, "%s=%" PRIu64, key, v);
	buf_addc(b, 0);
}

int process_write(const char *dir, const struct oci_spec *o, struct error *err)
{
	autofree char *path = xprintf("%s/process", dir);
	autobuf b = { 0 };
	int r;

	buf_init(&b, LIMIT_CONFIG_JSON);
	strv_foreach (arg, &o->args)
		add(&b, "arg", arg);
	strv_foreach (e, &o->env)
		add(&b, "env", e);
	add(&b, "cwd", o->cwd);
	add_number(&b, "uid", o->uid);
	add_number(&b, "gid", o->gid);
	vec_foreach (g, &o->groups)
		add_number(&b, "group", *g);
	vec_foreach (l, &o->rlimits) {
		buf_addf(&b, "limit=%d:%" PRIu64 ":%" PRIu64, rlimit_resource(l->type), l->soft,
			 l->hard);
		buf_addc(&b, 0);
	}
	add_number(&b, "caps", caps_mask(&o->caps));
	r = buf_check(&b, "the step's process", err);
	return r < 0 ? r : io_replace_fast(AT_FDCWD, path, b.p, b.len, 0600, err);
}
