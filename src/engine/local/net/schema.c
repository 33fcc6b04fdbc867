/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/hash.h"
#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS net_network ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, bridge TEXT NOT NULL UNIQUE,"
	" iface TEXT NOT NULL, host_ip TEXT, mtu INTEGER NOT NULL, internal INTEGER NOT NULL,"
	" isolated INTEGER NOT NULL, masquerade INTEGER NOT NULL, implicit INTEGER NOT NULL,"
	" labels TEXT NOT NULL, created INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE IF NOT EXISTS net_subnet ("
	" network TEXT NOT NULL REFERENCES net_network ON DELETE CASCADE, position INTEGER NOT "
	"NULL,"
	" subnet TEXT NOT NULL, gateway TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,"
	" reserved TEXT, PRIMARY KEY (network, position)"
	") STRICT;"
	"CREATE TABLE IF NOT EXISTS net_container ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL, hostname TEXT NOT NULL, owner TEXT NOT NULL,"
	" pid INTEGER NOT NULL DEFAULT 0, process TEXT NOT NULL DEFAULT '', dns TEXT NOT NULL,"
	" resolv_conf TEXT NOT NULL, hosts TEXT NOT NULL"
	") STRICT;"
	"CREATE TABLE IF NOT EXISTS net_lease ("
	" container TEXT NOT NULL REFERENCES net_container ON DELETE CASCADE,"
	" network TEXT NOT NULL REFERENCES net_network, position INTEGER NOT NULL,"
	" veth TEXT NOT NULL, iface TEXT NOT NULL, mac TEXT NOT NULL, ipv4 TEXT, ipv6 TEXT,"
	" more TEXT, aliases TEXT NOT NULL, gateway4 INTEGER NOT NULL, gateway6 INTEGER NOT NULL,"
	" PRIMARY KEY (container, network)"
	") STRICT;"
	"CREATE UNIQUE INDEX IF NOT EXISTS net_lease_ipv4 ON net_lease (network, ipv4);"
	"CREATE UNIQUE INDEX IF NOT EXISTS net_lease_ipv6 ON net_lease (network, ipv6);"
	"CREATE TABLE IF NOT EXISTS net_port ("
	" container TEXT NOT NULL REFERENCES net_container ON DELETE CASCADE,"
	" host_ip TEXT, host_port INTEGER NOT NULL, protocol TEXT NOT NULL, port INTEGER NOT NULL,"
	" ipv4 TEXT, ipv6 TEXT"
	") STRICT;"
	"CREATE INDEX IF NOT EXISTS net_port_container ON net_port (container);"
	"CREATE TABLE IF NOT EXISTS net_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;";

static int make_tables(struct net *n, struct error *err)
{
	int64_t there = 0;
	int r;

	r = db_query_i64(n->db, &there, err, "SELECT 1 FROM sqlite_master WHERE name = 'net_meta'",
			 "");
	if (r < 0 || there)
		return MIN(r, 0);
	r = db_begin(n->db, err);
	return r < 0 ? r : db_end(n->db, db_exec(n->db, schema, err), err);
}

/* A reboot takes all leases with it. */
static int forget_old_boot(struct net *n, struct error *err)
{
	autobuf boot = { 0 };
	int64_t same = 0;
	int r;

	buf_init(&boot, 128);
	r = io_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot, err);
	if (r == 0)
		r = db_query_i64(n->db, &same, err,
				 "SELECT 1 FROM net_meta WHERE key = 'boot' AND value = ?", "s",
				 boot.p);
	if (r < 0 || same)
		return MIN(r, 0);
	r = db_begin(n->db, err);
	if (r < 0)
		return r;
	r = db_run(n->db, err, "DELETE FROM net_container", "");
	if (r == 0)
		r = db_run(n->db, err, "INSERT OR REPLACE INTO net_meta VALUES ('boot', ?)", "s",
			   boot.p);
	return db_end(n->db, r, err);
}

static void name_table(struct net *n, const char *state_dir)
{
	autofree char *real = realpath(state_dir, NULL);
	char hex[SHA256_HEX_MAX];
	const char *dir = real ? real : state_dir;

	hash_hex(dir, strlen(dir), hex);
	n->table = xprintf("compose_%.8s", hex);
	n->group = (uint32_t)strtoul(n->table + 8, NULL, 16) & 0x7fffffff;
}

int net_new(sd_event *loop, struct store *st, const char *run_dir, struct net **ret,
	    struct error *err)
{
	autocall(net_freep) struct net *n = xnew(struct net);
	int r;

	n->loop = sd_event_ref(loop);
	n->db = store_db(st);
	n->last = &n->first;
	n->dir = path_join(run_dir, "net");
	name_table(n, store_dir(st));
	r = path_mkdirs(AT_FDCWD, n->dir, 0755, err);
	if (r == 0)
		r = make_tables(n, err);
	if (r == 0)
		r = forget_old_boot(n, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(n);
	return 0;
}

void net_on_note(struct net *n, net_note_fn fn, void *userdata)
{
	n->note = fn;
	n->note_userdata = userdata;
}

/* The implicit network goes with its last user. A step of a build leaves it for the next one; so
 * this is the last moment. */
static void put_away(struct net *n)
{
	struct net_op *op;

	if (!n->implicit_idle)
		return;
	n->implicit_idle = false;
	op = net_op_new(n, OP_IDLE, "");
	net_op_queue(op);
	task_wait(&op->task, NULL);
}

struct net *net_free(struct net *n)
{
	if (!n)
		return NULL;
	put_away(n);
	vec_foreach (h, &n->held)
		held_free(*h);
	vec_done(&n->held);
	sd_event_source_disable_unref(n->turn);
	sd_event_unref(n->loop);
	free(n->dir);
	free(n->table);
	free(n);
	return NULL;
}

int net_mark_dirty(struct net *n, struct error *err)
{
	autofree char *path = path_join(n->dir, "dirty");
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, "%s", path);
	close(fd);
	return 0;
}
