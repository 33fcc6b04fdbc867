/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/health.h"
#include "engine/local/local.h"
#include "engine/local/volume.h"

#include <fcntl.h>
#include <unistd.h>

static void copy_mounts(struct local *l, const struct record *rec, struct container_info *i)
{
	static const char *const types[] = {
		[MOUNT_BIND] = "bind", [MOUNT_VOLUME] = "volume", [MOUNT_TMPFS] = "tmpfs"
	};

	vec_foreach (m, &rec->spec.mounts) {
		struct container_mount *to = vec_add(&i->mounts);

		to->type = xstrdup(types[m->type]);
		to->target = xstrdup(m->target);
		to->read_only = m->read_only;
		if (m->type == MOUNT_VOLUME) {
			to->name = xstrdup(m->source);
			volume_path(l, m->source, &to->source, NULL);
		} else {
			to->source = xstrdup0(m->source);
		}
	}
}

/* As they are while it runs, as they were asked for otherwise. */
static int copy_network(struct local *l, const struct record *rec, struct container_info *i,
			struct error *err)
{
	struct net_reservation res = { 0 };
	int r = net_lookup(l->net, rec->id, &res, err);

	if (r < 0)
		return r;
	vec_foreach (n, &res.networks) {
		*vec_add(&i->networks) = *n;
		*n = (struct container_network){ 0 };
	}
	vec_foreach (p, &res.ports) {
		*vec_add(&i->ports) = *p;
		*p = (struct port_spec){ 0 };
	}
	net_reservation_done(&res);
	if (r > 0)
		return 0;
	vec_foreach (a, &rec->spec.networks) {
		struct container_network *to = vec_add(&i->networks);

		to->network = xstrdup(a->network);
		strv_copy(&to->aliases, &a->aliases);
	}
	return 0;
}

static enum container_state state_of(struct local *l, const struct record *rec,
				     const struct status *st)
{
	autofree char *paused = xprintf("%s.paused", rec->id);
	struct health_status h = { 0 };

	switch (st->state) {
	case RUN_RUNNING:
		return faccessat(l->status_fd, paused, F_OK, 0) == 0 ? CONTAINER_PAUSED
								     : CONTAINER_RUNNING;
	case RUN_EXITED:
		health_read(l->status_fd, rec->id, &h);
		return h.restarting ? CONTAINER_RESTARTING : CONTAINER_EXITED;
	case RUN_CREATED:
		break;
	}
	return CONTAINER_CREATED;
}

static bool comes_back(struct local *l, const struct record *rec, const struct status *st)
{
	const struct container_spec *s = &rec->spec;
	enum want want = want_read(l, rec->id);

	if (st->state != RUN_EXITED || st->error[0])
		return false;
	return want == WANT_AGAIN ||
	       restart_due(s->restart, s->restart_max, st->code, st->restarts, want != WANT_RUN);
}

int container_info_of(struct local *l, const struct record *rec, struct container_info *ret,
		      struct error *err)
{
	const struct container_spec *s = &rec->spec;
	struct container_info i = { 0 };
	struct health_status h = { 0 };
	struct status st = { 0 };
	int r = container_status(l, rec->id, &st, err);

	if (r < 0)
		return r;
	i.id = xstrdup(rec->id);
	i.name = xstrdup(s->name);
	i.image = xstrdup0(s->image);
	i.image_id = xstrdup0(s->image_id);
	strmap_copy(&i.labels, &s->labels);
	i.state = state_of(l, rec, &st);
	i.exit_code = st.code;
	i.oom_killed = st.oom;
	i.error = st.error[0] ? xstrdup(st.error) : NULL;
	i.pid = st.pid;
	i.created = rec->created;
	i.started = st.started;
	i.finished = st.finished;
	i.restarts = st.restarts;
	i.comes_back = comes_back(l, rec, &st);
	strv_copy(&i.command, &rec->argv);
	i.tty = s->tty;
	i.stdin_open = s->stdin_open;
	copy_mounts(l, rec, &i);
	if (health_wanted(s->healthcheck) && st.state == RUN_RUNNING) {
		i.health = HEALTH_STARTING;
		/* Of this life of the container, not of an earlier one. */
		if (health_read(l->status_fd, rec->id, &h) > 0 && h.started == st.started) {
			i.health = h.health;
			i.health_log = h.log[0] ? xstrdup(h.log) : NULL;
		}
	}
	r = copy_network(l, rec, &i, err);
	if (r < 0)
		container_info_done(&i);
	else
		*ret = i;
	return r;
}

struct task *local_container_list(struct engine *e, const struct strv *labels, container_vec *ret)
{
	struct local *l = local_of(e);
	struct error err = ERROR_INIT;
	container_vec v = { 0 };
	record_vec recs = { 0 };
	int r = record_list(store_db(l->store), labels, &recs, &err);

	for (size_t i = 0; r == 0 && i < recs.n; i++) {
		r = container_info_of(l, &recs.v[i], vec_add(&v), &err);
		if (r < 0)
			v.n--;
	}
	record_vec_done(&recs);
	if (r < 0)
		container_vec_done(&v);
	else
		*ret = v;
	return task_resolved(e->loop, MIN(r, 0), &err);
}
