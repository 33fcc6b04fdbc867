/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/dns.h"
#include "engine/local/net/plan.h"
#include "util/fd.h"

#include <fcntl.h>
#include <net/if.h>
#include <unistd.h>

/* An operation that can't be done fails alone: the others of its batch go on. */
static void refuse(struct net_op *op, const struct error *err)
{
	op->why = *err;
	op->skip = true;
}

/* ---- plug ---- */

static int published_on(struct net *n, const char *id, char **ret4, char **ret6, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, err, "SELECT ipv4, ipv6 FROM net_port WHERE container = ? LIMIT 1",
		     "s", id);
	if (r == 0)
		r = db_step(st, err);
	if (r > 0) {
		*ret4 = db_dup(st, 0);
		*ret6 = db_dup(st, 1);
	}
	return MIN(r, 0);
}

static int plug(struct plan *p, struct net_op *op, int *fd, struct error *err)
{
	autofree char *ipv4 = NULL, *ipv6 = NULL;
	char process[PROCESS_TEXT_MAX];
	int r;

	process_text(op->pid, process);
	if (!*process)
		return error_set(err, ERR_NOT_FOUND,
				 "container %.12s: its process %d ended before it had its networks",
				 op->subject, (int)op->pid);
	r = db_run(p->net->db, err, "UPDATE net_container SET pid = ?, process = ? WHERE id = ?",
		   "iss", (int64_t)op->pid, process, op->subject);
	if (r == 0 && !sqlite3_changes(p->net->db))
		return error_set(err, ERR_NOT_FOUND, "container %.12s has no reservation",
				 op->subject);
	if (r == 0)
		r = plan_plug(p, op->subject, op->pid, err);
	if (r == 0 && op->held)
		r = published_on(p->net, op->subject, &ipv4, &ipv6, err);
	if (r == 0 && op->held)
		vec_foreach (h, &op->held->ports)
			plan_hold(p, op->subject, op->pid, (*fd)++, h, ipv4, ipv6);
	return r;
}

/* ---- remove ---- */

static int users_of(struct net *n, const struct network_row *net, struct error *err)
{
	autostrv users = { 0 };
	autofree char *all = NULL;
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, err,
		     "SELECT name, id FROM net_lease JOIN net_container ON id = container"
		     " WHERE network = ? LIMIT 10",
		     "s", net->id);
	while (r == 0 && (r = db_step(st, err)) > 0) {
		if (*db_text(st, 0))
			strv_push(&users, db_text(st, 0));
		else
			strv_pushf(&users, "%.12s", db_text(st, 1));
		r = 0;
	}
	if (r < 0 || !users.n)
		return r;
	all = strv_join(&users, ", ");
	return error_set(err, ERR_CONFLICT, "network %s is in use by %s", net->name, all);
}

static int drop(struct plan *p, const struct network_row *n, struct error *err)
{
	plan_drop_network(p, n);
	return db_run(p->net->db, err, "DELETE FROM net_network WHERE id = ?", "s", n->id);
}

static int remove_network(struct plan *p, struct net_op *op, struct error *err)
{
	autocall(network_row_done) struct network_row n = { 0 };
	int r;

	r = network_find(p->net, op->subject, &n, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "there is no network %s", op->subject);
	if (r > 0)
		r = users_of(p->net, &n, err);
	return r < 0 ? r : drop(p, &n, err);
}

/* ---- recover ---- */

static int dead_ones(struct net *n, const struct strv *live, struct strv *ret, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(n->db, &st, err, "SELECT id, pid, process, owner FROM net_container", "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		int column = sqlite3_column_int64(st, 1) ? 2 : 3;

		r = 0;
		if (!process_is(db_text(st, column)) && !(live && strv_has(live, db_text(st, 0))))
			strv_push(ret, db_text(st, 0));
	}
	return r;
}

static int unplug_dead(struct plan *p, const struct net_op *op, struct error *err)
{
	autostrv dead = { 0 };
	int r;

	r = dead_ones(p->net, &op->live, &dead, err);
	strv_foreach (id, &dead)
		if (r == 0)
			r = plan_unplug(p, id, err);
	return r;
}

/* What the compose-port of a container did that was killed. */
static int recover(struct plan *p, const struct net_op *op, int *fd, struct error *err)
{
	int r = unplug_dead(p, op, err);

	for (size_t i = 0; op->held && r == 0 && i < op->held->ports.n; i++) {
		const struct held_port *h = &op->held->ports.v[i];
		autofree char *ipv4 = NULL, *ipv6 = NULL;

		r = published_on(p->net, h->owner, &ipv4, &ipv6, err);
		plan_hold(p, h->owner, h->pid, (*fd)++, h, ipv4, ipv6);
	}
	return r;
}

static bool named_ones(struct net *n)
{
	int64_t any;

	return db_query_i64(n->db, &any, NULL,
			    "SELECT 1 FROM net_container WHERE pid <> 0 AND name <> '' LIMIT 1",
			    "") > 0;
}

static bool has_name_server(struct net *n)
{
	autoclose int dir = open(n->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir >= 0 && dns_pid(dir);
}

/* Nothing of what the rows say can be missing. */
bool net_is_well(struct net *n, const struct strv *live)
{
	autofree char *dirty = xprintf("%s/dirty", n->dir);
	autostrv dead = { 0 };
	autostmt *st = NULL;
	int r;

	if (access(dirty, F_OK) == 0 || dead_ones(n, live, &dead, NULL) < 0 || dead.n ||
	    (named_ones(n) && !has_name_server(n)))
		return false;
	r = db_query(n->db, &st, NULL,
		     "SELECT bridge, implicit, EXISTS (SELECT 1 FROM net_lease WHERE network = id)"
		     " FROM net_network",
		     "");
	while (r == 0 && (r = db_step(st, NULL)) > 0) {
		bool used = sqlite3_column_int64(st, 2), up = if_nametoindex(db_text(st, 0));

		if ((used && !up) || (!used && sqlite3_column_int64(st, 1)))
			return false;
		r = 0;
	}
	return r == 0;
}

/* ---- the implicit network goes with its last user ---- */

static int drop_implicit(struct plan *p, struct error *err)
{
	autocall(network_row_done) struct network_row n = { 0 };
	int64_t used = 0;
	int r;

	r = network_find(p->net, NET_IMPLICIT, &n, err);
	if (r <= 0 || !n.implicit)
		return MIN(r, 0);
	r = db_query_i64(p->net->db, &used, err,
			 "SELECT 1 FROM net_lease WHERE network = ? LIMIT 1", "s", n.id);
	return r ? MIN(r, 0) : drop(p, &n, err);
}

/* Whether any network is up, or will be, that stays. */
static int find_last(struct plan *p, struct error *err)
{
	autostmt *st = NULL;
	int r;

	r = db_query(p->net->db, &st, err, "SELECT bridge FROM net_network", "");
	while (r == 0 && (r = db_step(st, err)) > 0) {
		if (if_nametoindex(db_text(st, 0)))
			return 0;
		r = 0;
	}
	if (r == 0 && !json_object_get(p->job, "networks"))
		json_object_set_new(p->job, "last", json_true());
	return r;
}

/* ---- all of it ---- */

static int do_op(struct plan *p, struct net_op *op, int *fd, struct error *err)
{
	switch (op->kind) {
	case OP_PLUG:
		return plug(p, op, fd, err);
	case OP_UNPLUG:
		return plan_unplug(p, op->subject, err);
	case OP_REMOVE:
		return remove_network(p, op, err);
	case OP_RECOVER:
		return recover(p, op, fd, err);
	default:
		return 0;
	}
}

static int do_ops(struct plan *p, struct net_op *ops, struct error *err)
{
	bool tidy = false;
	int fd = 3, r = 0;

	for (struct net_op *op = ops; op; op = op->next) {
		struct error e = ERROR_INIT;

		if (do_op(p, op, &fd, &e) < 0)
			refuse(op, &e);
		tidy |= op->kind != OP_PLUG;
	}
	if (tidy)
		r = drop_implicit(p, err);
	return r;
}

static int build(struct plan *p, struct net_op *ops, bool full, struct error *err)
{
	int r;

	r = do_ops(p, ops, err);
	if (r == 0 && full)
		r = plan_all(p, err);
	if (r == 0)
		r = plan_names(p, err);
	if (r == 0)
		r = find_last(p, err);
	return r < 0 || !p->any ? r : net_mark_dirty(p->net, err);
}

/* Marked before the rows are committed: if we are killed in between, the next one finds that the
 * kernel is behind. */
int plan_job(struct net *n, struct net_op *ops, const json_t *ready, json_t **ret,
	     struct error *err)
{
	struct plan p = { .net = n, .dns_port = (unsigned)json_i64(ready, "dns_port", 53) };
	bool full = json_flag(ready, "full") || (!json_flag(ready, "dns") && named_ones(n));
	int r;

	p.job = json_pack("{s:s}", "table", n->table);
	r = db_begin(n->db, err);
	if (r == 0)
		r = db_end(n->db, build(&p, ops, full, err), err);
	map_done(&p.networks);
	map_done(&p.dropped);
	map_done(&p.touched);
	if (r == 0 && p.any)
		*ret = TAKE_PTR(p.job);
	json_decref(p.job);
	return r;
}
