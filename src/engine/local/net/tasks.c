/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

struct task *net_plug(struct net *n, const char *id, pid_t pid)
{
	struct net_op *op = net_op_new(n, OP_PLUG, id);

	op->pid = pid;
	op->held = held_take(n, id);
	net_op_queue(op);
	return &op->task;
}

/* What was never plugged is nothing but rows; so is a step of a build, whose interfaces went with
 * its namespace. */
static int needs_kernel(struct net *n, const char *id, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, err, "SELECT pid, name FROM net_container WHERE id = ?", "s", id);
	if (r == 0)
		r = db_step(st, err);
	return r <= 0 ? r : sqlite3_column_int64(st, 0) && *db_text(st, 1);
}

struct task *net_unplug(struct net *n, const char *id)
{
	struct error err = ERROR_INIT;
	struct net_op *op;
	int r;

	held_free(held_take(n, id));
	r = needs_kernel(n, id, &err);
	if (r == 0)
		r = reserve_release(n, id, &err);
	if (r <= 0)
		return task_resolved(n->loop, r, &err);
	op = net_op_new(n, OP_UNPLUG, id);
	net_op_queue(op);
	return &op->task;
}

/* 1: it never had a user, so that there is nothing of it but its row, which is gone now. */
static int remove_unused(struct net *n, const char *name, struct error *err)
{
	autocall(network_row_done) struct network_row net = { 0 };
	int64_t used = 0;
	int r;

	r = network_find(n, name, &net, err);
	if (r <= 0 || network_is_up(&net))
		return MIN(r, 0);
	r = db_query_i64(n->db, &used, err, "SELECT 1 FROM net_lease WHERE network = ? LIMIT 1",
			 "s", net.id);
	if (r)
		return MIN(r, 0);
	r = db_run(n->db, err, "DELETE FROM net_network WHERE id = ?", "s", net.id);
	return r < 0 ? r : 1;
}

struct task *net_remove(struct net *n, const char *name)
{
	struct error err = ERROR_INIT;
	struct net_op *op;
	int r;

	r = db_begin(n->db, &err);
	if (r == 0)
		r = db_end(n->db, remove_unused(n, name, &err), &err);
	if (r)
		return task_resolved(n->loop, MIN(r, 0), &err);
	op = net_op_new(n, OP_REMOVE, name);
	net_op_queue(op);
	return &op->task;
}

struct task *net_recover(struct net *n, const struct strv *live)
{
	struct held *held = ports_hold_again(n);
	struct net_op *op;

	if (!held && net_is_well(n, live))
		return task_resolved(n->loop, 0, NULL);
	op = net_op_new(n, OP_RECOVER, "");
	op->held = held;
	strv_copy(&op->live, live);
	net_op_queue(op);
	return &op->task;
}
