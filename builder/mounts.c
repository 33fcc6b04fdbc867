/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/mounts.h"

#include "util/path.h"

static bool takes_from(const struct run_mount *m)
{
	return m->type == RUN_MOUNT_BIND || m->type == RUN_MOUNT_CACHE;
}

int mounts_ready(struct stage_run *run, const struct inst *in, struct error *err)
{
	int r = 1;

	strv_foreach (text, &in->flags.mounts) {
		struct run_mount m = { 0 };
		struct rootfs from = { 0 };

		r = run_mount_parse(text, in->df->escape, NULL, &m, err);
		if (r < 0)
			return r;
		r = m.from ? source_rootfs(run, in, m.from, &from, err) : 1;
		rootfs_done(&from);
		run_mount_done(&m);
		if (r <= 0)
			break;
	}
	return r;
}

static int set_target(struct step *s, struct step_mount_of *m, struct error *err)
{
	const char *wd = s->run->cfg.config.working_dir;

	if (!m->m.target || !*m->m.target)
		return 0; /* of a secret or ssh: has a default */
	m->target = path_absolute(wd && *wd ? wd : "/", m->m.target);
	if (streq(m->target, "/"))
		return error_set(err, ERR_INVALID, "--mount: the target cannot be /");
	return 0;
}

/* The digest of what a bind shows. A stage or image is known by its layers. */
static int set_digest(struct step *s, struct step_mount_of *m, struct error *err)
{
	struct copy_source src = { .name = m->m.from ? m->m.from : "the build context" };
	autocall(tree_freep) struct tree *t = NULL;
	copy_picks picks = { 0 };
	struct cache_key k;
	int r;

	if (m->from.chain[0]) {
		memcpy(m->digest, m->from.chain, sizeof(m->digest));
		return 0;
	}
	if (m->m.from) {
		r = tree_open(&m->from.dirs, &t, err);
		src.tree = t;
	} else {
		r = build_context(s->run->build, &src, NULL, err);
	}
	if (!r)
		r = copy_select(&src, m->m.source ? m->m.source : "/", false, &picks, err);
	key_begin(&k, "bind");
	if (!r)
		r = copy_digest(&src, &picks, NULL, k.h, NULL, err);
	key_end(&k, m->digest);
	copy_picks_done(&picks);
	return r;
}

static int parse_one(struct step *s, const char *text, struct error *err)
{
	struct step_mount_of *m = vec_add(&s->mounts);
	int r = run_mount_parse(text, s->in->df->escape, &s->run->env, &m->m, err);

	if (!r)
		r = set_target(s, m, err);
	if (!r && m->m.from && takes_from(&m->m))
		r = MIN(source_rootfs(s->run, s->in, m->m.from, &m->from, err), 0);
	if (!r && m->m.type == RUN_MOUNT_BIND)
		r = set_digest(s, m, err);
	return r;
}

int mounts_parse(struct step *s, struct error *err)
{
	strv_foreach (text, &s->in->flags.mounts) {
		int r = parse_one(s, text, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void mounts_key(const struct step *s, struct cache_key *k)
{
	vec_foreach (m, &s->mounts) {
		key_number(k, m->m.type);
		key_text(k, m->target);
		key_text(k, m->m.source);
		key_text(k, m->m.id);
		key_text(k, m->m.env);
		key_text(k, m->digest);
		key_number(k, m->m.sharing);
		key_number(k, m->m.read_only);
		key_number(k, (int64_t)m->m.size);
		key_number(k, m->m.mode);
		key_number(k, m->m.uid);
		key_number(k, m->m.gid);
	}
}
