/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's rung: the one that was asked for, else the first from the top that holds. */
#include "engine/local/isolation.h"

struct climb {
	struct task task;
	struct local *l;
	struct step_isolation *ret;
	enum isolation rung;
	bool chosen; /* by the user: there is no other */
	struct task *probe;
	struct buf why; /* the rungs above could not be */
};

static void climb_cancel(struct task *t)
{
	struct climb *c = container_of(t, struct climb, task);

	if (c->probe)
		task_cancel(c->probe);
}

static void climb_free(struct task *t)
{
	struct climb *c = container_of(t, struct climb, task);

	task_unref(c->probe);
	buf_done(&c->why);
	free(c);
}

static const struct task_ops climb_ops = { "isolation", climb_cancel, climb_free };

static const struct {
	const char *text;
	bool usual;
} says[ISOLATION_COUNT] = {
	[ISOLATION_USERNS] = { "RUN in a user namespace of its own", true },
	[ISOLATION_ROOT] = { "RUN in a container of root's", true },
	[ISOLATION_HOSTNET] = { "RUN in a container with the network of this machine: a step "
				"reaches what listens on loopback",
				false },
	[ISOLATION_CHROOT] = { "RUN with chroot alone: a step has our network, sees our "
			       "processes, and /proc is empty",
			       false },
};

static void settle(struct climb *c)
{
	struct local *l = c->l;

	if (!l->isolated && !says[c->rung].usual && l->engine.note) {
		autofree char *note = xprintf("isolation %s: %s", isolation_name(c->rung),
					      says[c->rung].text);

		l->engine.note(l->engine.note_userdata, note);
	}
	l->isolated = true;
	l->isolation = (int)c->rung;
	*c->ret = (struct step_isolation){ .name = isolation_name(c->rung),
					   .plain_root = c->rung == ISOLATION_CHROOT,
					   .plain_binds = c->rung == ISOLATION_USERNS };
	task_end(&c->task, 0);
}

static void try_rung(struct climb *c);

static void none(struct climb *c)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERR_UNSUPPORTED,
		  "RUN can't be isolated here; `compose doctor` says what would do:%.*s",
		  (int)MIN(c->why.len, 1600u), c->why.p);
	task_fail(&c->task, &err);
}

static void on_probed(struct task *t, int r, void *userdata)
{
	struct climb *c = userdata;
	struct error err = t->err;

	c->probe = task_unref(c->probe);
	if (r >= 0) {
		if (!c->chosen)
			isolation_remember(c->l, c->rung);
		settle(c);
		return;
	}
	if (c->chosen || err.code == ERR_CANCELLED) {
		error_wrap(&err, "isolation %s", isolation_name(c->rung));
		task_fail(&c->task, &err);
		return;
	}
	buf_addf(&c->why, "\n  %s: %s", isolation_name(c->rung), err.msg);
	if (++c->rung == ISOLATION_COUNT)
		none(c);
	else
		try_rung(c);
}

static void try_rung(struct climb *c)
{
	c->probe = isolation_probe(c->l, c->rung);
	task_on_done(c->probe, on_probed, c);
}

static int begin(struct climb *c, struct error *err)
{
	struct local *l = c->l;
	int r = isolation_parse(l->engine.isolation, &c->rung, err);

	if (r < 0)
		return r;
	if (!l->isolated)
		local_sweep_steps(l);
	c->chosen = c->rung != ISOLATION_AUTO;
	if (l->isolated) {
		c->rung = (enum isolation)l->isolation;
		settle(c);
		return 0;
	}
	if (!c->chosen && isolation_recall(l, &c->rung, err) > 0) {
		settle(c);
		return 0;
	}
	if (!c->chosen)
		c->rung = 0;
	try_rung(c);
	return 0;
}

struct task *local_step_isolation(struct engine *e, struct step_isolation *ret)
{
	struct climb *c = xnew(struct climb);
	struct error err = ERROR_INIT;

	task_init(&c->task, &climb_ops, e->loop);
	c->l = local_of(e);
	c->ret = ret;
	buf_init(&c->why, BUF_MAX_ANY);
	if (begin(c, &err) < 0)
		task_fail(&c->task, &err);
	return &c->task;
}
