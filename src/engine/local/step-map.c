/* SPDX-License-Identifier: Apache-2.0 */
/* Root's step in a user namespace: its ids, and where its mounts are shown with these
 * (shim-idmap.c). */
#include "engine/local/isolation.h"

#include "engine/local/userns.h"
#include "util/path.h"

#include <inttypes.h>
#include <sys/stat.h>

int id_map_find(struct id_map *m, const char *dir, const char *run_dir, struct error *err)
{
	autofree char *steps = path_dir(dir);
	const char *const dirs[] = { run_dir, steps, dir };

	if (userns_range("/etc/subuid", 0, &m->uid, &m->uids) <= 0 ||
	    userns_range("/etc/subgid", 0, &m->gid, &m->gids) <= 0)
		return error_set(err, ERR_NOT_FOUND,
				 "root has no range of ids in /etc/subuid and /etc/subgid");
	/* A way to the step's directory for who is nobody outside. */
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (chmod(dirs[i], 0711) < 0)
			return error_sys(err, "%s", dirs[i]);
	return 0;
}

void id_map_job(const struct id_map *m, const struct step_spec *spec, struct buf *job)
{
	if (!m->uids)
		return;
	buf_addf(job, "idmap_uid=%" PRIu64 ":%" PRIu64 "\n", m->uid, m->uids);
	buf_addf(job, "idmap_gid=%" PRIu64 ":%" PRIu64 "\n", m->gid, m->gids);
	vec_foreach (x, &spec->mounts)
		if (x->source)
			kv_add(job, "sources", x->source);
	/* The network namespace isn't the step's, so that its root has no rights over it: what
	 * Docker gives every container. */
	if (!spec->network || !*spec->network || streq(spec->network, "default"))
		kv_add(job, "sysctls", "net.ipv4.ip_unprivileged_port_start=0");
}

void id_map_use(const struct id_map *m, const struct step_spec *spec, const char *dir,
		struct oci_spec *o)
{
	size_t n = 0;

	if (!m->uids)
		return;
	o->map = *m;
	vec_foreach (x, &spec->mounts) {
		autofree char *mapped = NULL;

		if (!x->source)
			continue;
		mapped = xprintf("%s/mapped/source-%zu", dir, n++);
		vec_foreach (y, &o->mounts)
			if (streq(y->source, x->source) && streq(y->target, x->target)) {
				free(y->source);
				y->source = TAKE_PTR(mapped);
				break;
			}
	}
}
