/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, subnets, leases, held ports and the files of containers; nothing here touches an
 * interface. */
#include "unit.h"

#include "engine/local/net/state.h"
#include "event/loop.h"
#include "util/fd.h"
#include "util/path.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

struct place {
	char dir[64];
	sd_event *loop;
	struct store *store;
	struct net *net;
};

static void open_place(struct place *p)
{
	autofree char *run = xprintf("%s/run", p->dir);
	struct error err = ERROR_INIT;

	assert_int_equal(store_open(p->dir, &p->store, &err), 0);
	assert_int_equal(net_new(p->loop, p->store, run, &p->net, &err), 0);
}

static int setup(void **state)
{
	struct place *p = xnew(struct place);

	snprintf(p->dir, sizeof(p->dir), "/tmp/unit-net.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(loop_new(&p->loop, NULL), 0);
	open_place(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	p->net->implicit_idle = false; /* nothing was plugged */
	net_freep(&p->net);
	store_freep(&p->store);
	sd_event_unref(p->loop);
	path_remove_tree(AT_FDCWD, p->dir, NULL);
	free(p);
	return 0;
}

/* ---- numbers ---- */

static struct subnet net_of(const char *text)
{
	struct subnet n = { 0 };

	assert_int_equal(subnet_parse(text, &n, NULL), 0);
	return n;
}

static struct ip ip_of(const char *text)
{
	struct ip a = { 0 };

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}

static void address_text(void **state)
{
	static const char *const good[] = { "0.0.0.0",
					    "172.18.0.2",
					    "255.255.255.255",
					    "::",
					    "::1",
					    "fd00:1:2::3",
					    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	static const char *const bad[] = { "",		"1",   "1.2.3",	   "1.2.3.4.5",
					   "256.1.1.1", "::g", "1.2.3.4 ", "fe80::1%eth0" };
	char text[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
	struct ip a;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_string_equal(ip_text(ip_of(good[i]), text), good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_not_equal(ip_parse(bad[i], &a), 0);
	assert_string_equal(mac_of_ip(ip_of("172.18.0.2"), mac), "02:42:ac:12:00:02");
}

static void subnet_text_(void **state)
{
	static const char *const bad[] = { "10.0.0.0",	  "10.0.0.0/33",  "10.0.0.0/",
					   "10.0.0.0/-1", "10.0.0.0/0x8", "::/129",
					   "/8" };
	struct subnet n = net_of("172.18.3.4/16"), m;
	char text[SUBNET_TEXT_MAX], last[IP_TEXT_MAX];

	assert_string_equal(subnet_text(&n, text), "172.18.0.0/16");
	assert_string_equal(ip_text(subnet_last(&n), last), "172.18.255.255");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_not_equal(subnet_parse(bad[i], &m, NULL), 0);
	m = net_of("0.0.0.0/0");
	assert_true(subnet_overlaps(&m, &n));
	m = net_of("172.18.255.0/24");
	assert_true(subnet_overlaps(&m, &n) && subnet_overlaps(&n, &m));
	m = net_of("172.19.0.0/16");
	assert_false(subnet_overlaps(&m, &n));
	m = net_of("::/0");
	assert_false(subnet_overlaps(&m, &n));
}

static void mac_text(void **state)
{
	uint8_t b[6];

	assert_int_equal(mac_parse("02:42:ac:12:00:fF", b), 0);
	assert_int_equal(b[5], 0xff);
	assert_int_not_equal(mac_parse("02:42:ac:12:00", b), 0);
	assert_int_not_equal(mac_parse("02:42:ac:12:00:gg", b), 0);
	assert_int_not_equal(mac_parse("02042:ac:12:00:00", b), 0);
}

static void choosing(void **state)
{
	subnet_vec used = { 0 };
	char text[SUBNET_TEXT_MAX];
	struct error err = ERROR_INIT;
	struct subnet n;
	size_t count = 0;

	*vec_add(&used) = net_of("172.16.0.0/15");
	*vec_add(&used) = net_of("172.18.255.0/24");
	*vec_add(&used) = net_of("172.19.4.4/32");
	assert_int_equal(subnet_choose(&used, &n, &err), 0);
	assert_string_equal(subnet_text(&n, text), "172.20.0.0/16");
	while (subnet_choose(&used, &n, &err) == 0) {
		assert_null(subnet_clash(&used, &n));
		*vec_add(&used) = n;
		count++;
	}
	assert_int_equal(count, 12 + 16);
	assert_int_equal(err.code, ERR_NO_SPACE);
	assert_int_equal(subnet_choose6(&used, &n, &err), 0);
	assert_int_equal(n.prefix, 64);
	assert_int_equal((int)(n.first.n >> 120), 0xfd);
	vec_done(&used);
}

static void next_address(const char *subnet, const char *taken, const char *want)
{
	struct subnet n = net_of(subnet);
	autostrv words = { 0 };
	char text[IP_TEXT_MAX];
	ip_vec t = { 0 };
	struct ip a;
	int r;

	strv_split(&words, str_of(taken), ' ');
	strv_foreach (w, &words)
		if (*w)
			*vec_add(&t) = ip_of(w);
	r = subnet_next(&n, n.first, subnet_last(&n), &t, &a);
	if (want) {
		assert_int_equal(r, 0);
		assert_string_equal(ip_text(a, text), want);
	} else {
		assert_int_equal(r, -ERR_NO_SPACE);
	}
	vec_done(&t);
}

static void next_addresses(void **state)
{
	next_address("10.0.0.0/29", "", "10.0.0.1");
	next_address("10.0.0.0/29", "10.0.0.1", "10.0.0.2");
	next_address("10.0.0.0/29", "10.0.0.3 10.0.0.1 10.0.0.2", "10.0.0.4");
	next_address("10.0.0.0/29", "10.0.0.4 10.0.0.1", "10.0.0.2");
	next_address("10.0.0.0/29", "10.0.0.6 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5", NULL);
	next_address("10.0.0.0/30", "10.0.0.1", "10.0.0.2");
	next_address("10.0.0.0/31", "10.0.0.0", "10.0.0.1");
	next_address("255.255.255.0/24", "255.255.255.1", "255.255.255.2");
	next_address("fd00::/64", "fd00::1", "fd00::2");
	next_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", "",
		     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
}

/* ---- networks ---- */

static int create(struct place *p, const char *subnet, const char *name, struct error *err)
{
	struct network_spec spec = { .name = (char *)name };
	struct ipam_pool pool = { .subnet = (char *)subnet };
	int r;

	if (subnet)
		memcpy(vec_add(&spec.pools), &pool, sizeof(pool));
	r = task_wait(net_create(p->net, &spec), err);
	vec_done(&spec.pools);
	return r;
}

static void networks(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct network_info i = { 0 };
	network_vec all = { 0 };

	assert_int_equal(create(p, NULL, "one", &err), 0);
	assert_int_equal(create(p, NULL, "one", &err), -ERR_EXISTS);
	assert_int_equal(create(p, "10.213.0.0/24", "two", &err), 0);
	assert_int_equal(create(p, "10.213.0.128/25", "three", &err), -ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "10.213.0.0/24 of network two"));
	assert_int_equal(create(p, "127.0.0.0/24", "three", &err), -ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "in use on this host by lo"));
	assert_int_equal(create(p, "10.213", "three", &err), -ERR_INVALID);
	assert_int_equal(net_list(p->net, NULL, &all, &err), 0);
	assert_int_equal(all.n, 2);
	assert_int_equal(net_inspect(p->net, all.v[0].id, &i, &err), 1);
	assert_string_equal(i.name, "one");
	network_vec_done(&all);
	*vec_add(&all) = i;
	network_vec_done(&all);
	assert_int_equal(net_inspect(p->net, "nobody", &i, &err), 0);
	assert_int_equal(task_wait(net_remove(p->net, "one"), &err), 0);
	assert_int_equal(create(p, NULL, "one", &err), 0);
}

static int with_option(struct place *p, const char *key, const char *value, struct error *err)
{
	struct network_spec spec = { .name = (char[]){ "o" } };
	int r;

	strmap_set(&spec.driver_opts, key, value);
	r = task_wait(net_create(p->net, &spec), err);
	map_done(&spec.driver_opts);
	if (r == 0)
		assert_int_equal(task_wait(net_remove(p->net, "o"), NULL), 0);
	return r;
}

static void options(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct network_spec spec = { .name = (char[]){ "o" }, .driver = (char[]){ "macvlan" } };

	assert_int_equal(with_option(p, "com.docker.network.driver.mtu", "1400", &err), 0);
	assert_int_equal(with_option(p, "com.docker.network.driver.mtu", "14000000", &err),
			 -ERR_INVALID);
	assert_int_equal(with_option(p, "com.docker.network.bridge.enable_icc", "false", &err), 0);
	assert_int_equal(with_option(p, "com.docker.network.bridge.enable_icc", "no", &err),
			 -ERR_INVALID);
	assert_int_equal(with_option(p, "com.docker.network.bridge.name", "br-mine", &err), 0);
	assert_int_equal(
		with_option(p, "com.docker.network.bridge.name", "a name too long for it", &err),
		-ERR_INVALID);
	assert_int_equal(with_option(p, "com.docker.network.bridge.name", "\"; flush", &err),
			 -ERR_INVALID);
	assert_int_equal(with_option(p, "com.docker.network.driver.mtuu", "1400", &err),
			 -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "com.docker.network.driver.mtu meant"));
	assert_int_equal(task_wait(net_create(p->net, &spec), &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "macvlan"));
}

/* ---- containers ---- */

static int reserve(struct place *p, const char *id, const char *network, const char *ip,
		   struct port_spec *port, struct net_reservation *ret, struct error *err)
{
	struct network_attach a = { .network = (char *)network, .ipv4 = (char *)ip };
	struct net_request req = { .id = id, .name = "c", .networks = &a, .n_networks = 1 };

	req.ports = port;
	req.n_ports = port ? 1 : 0;
	return net_reserve(p->net, &req, ret, err);
}

static void leases(void **state)
{
	struct place *p = *state;
	struct net_reservation v = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(create(p, "10.213.0.0/29", "n", &err), 0);
	assert_int_equal(reserve(p, ID_A, "n", NULL, NULL, &v, &err), 0);
	assert_string_equal(v.networks.v[0].ipv4, "10.213.0.2");
	assert_string_equal(v.networks.v[0].gateway, "10.213.0.1");
	assert_string_equal(v.hostname, "aaaaaaaaaaaa");
	assert_non_null(strstr(v.hosts, "10.213.0.2\taaaaaaaaaaaa\n"));
	assert_non_null(strstr(v.resolv_conf, "nameserver 10.213.0.1\n"));
	net_reservation_done(&v);
	assert_int_equal(reserve(p, ID_B, "n", "10.213.0.2", NULL, NULL, &err), -ERR_CONFLICT);
	assert_int_equal(reserve(p, ID_B, "n", "10.213.0.1", NULL, NULL, &err), -ERR_CONFLICT);
	assert_int_equal(reserve(p, ID_B, "n", "10.214.0.2", NULL, NULL, &err), -ERR_INVALID);
	assert_int_equal(reserve(p, ID_B, "nobody", NULL, NULL, NULL, &err), -ERR_NOT_FOUND);
	assert_int_equal(net_lookup(p->net, ID_B, &v, &err), 0);
	assert_int_equal(reserve(p, ID_B, "n", "10.213.0.4", NULL, NULL, &err), 0);
	assert_int_equal(task_wait(net_remove(p->net, "n"), &err), -ERR_CONFLICT);
	assert_int_equal(task_wait(net_unplug(p->net, ID_A), &err), 0);
	assert_int_equal(task_wait(net_unplug(p->net, ID_A), &err), 0);
	assert_int_equal(reserve(p, ID_C, "n", NULL, NULL, &v, &err), 0);
	assert_string_equal(v.networks.v[0].ipv4, "10.213.0.2");
	net_reservation_done(&v);
}

static void ports(void **state)
{
	struct place *p = *state;
	struct port_spec spec = { .port = 80,
				  .protocol = (char[]){ "tcp" },
				  .host_ip = (char[]){ "127.0.0.1" } };
	struct net_reservation v = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(create(p, "10.213.0.0/29", "n", &err), 0);
	assert_int_equal(reserve(p, ID_A, "n", NULL, &spec, &v, &err), 0);
	assert_true(v.ports.v[0].host_port > 0);
	spec.host_port = v.ports.v[0].host_port;
	net_reservation_done(&v);
	assert_int_equal(reserve(p, ID_B, "n", NULL, &spec, NULL, &err), -ERR_CONFLICT);
	assert_non_null(strstr(err.msg, "taken by container c"));
	spec.host_port_end = spec.host_port + 5; /* replicas share a range */
	assert_int_equal(reserve(p, ID_B, "n", NULL, &spec, &v, &err), 0);
	assert_true(v.ports.v[0].host_port > spec.host_port);
	net_reservation_done(&v);
	assert_int_equal(task_wait(net_unplug(p->net, ID_A), &err), 0);
	spec.host_port_end = 0;
	assert_int_equal(reserve(p, ID_C, "n", NULL, &spec, NULL, &err), 0);
	spec.protocol = (char[]){ "sctp" };
	assert_int_equal(reserve(p, ID_A, "n", NULL, &spec, NULL, &err), -ERR_UNSUPPORTED);
}

static void files(void **state)
{
	autostrv dns_search = { 0 }, extra = { 0 };
	struct net_request req = { .id = ID_A,
				   .name = "c",
				   .hostname = "web",
				   .domainname = "lan",
				   .dns_search = &dns_search,
				   .extra_hosts = &extra };
	static const char *const own[] = { "10.0.0.2", NULL };
	autofree char *hosts = NULL, *resolv = NULL;
	struct error err = ERROR_INIT;
	ip_vec servers = { 0 };

	strv_push(&extra, "db=10.9.9.9");
	strv_push(&extra, "old:[fd00::1]");
	strv_push(&extra, "gw=host-gateway");
	assert_int_equal(files_hosts(&req, own, "10.0.0.1", &hosts, &err), 0);
	assert_non_null(strstr(hosts, "10.9.9.9\tdb\n"));
	assert_non_null(strstr(hosts, "fd00::1\told\n"));
	assert_non_null(strstr(hosts, "10.0.0.1\tgw\n"));
	assert_non_null(strstr(hosts, "10.0.0.2\tweb.lan web\n"));
	strv_push(&extra, "db=nobody");
	free(TAKE_PTR(hosts));
	assert_int_equal(files_hosts(&req, own, "10.0.0.1", &hosts, &err), -ERR_INVALID);
	*vec_add(&servers) = ip_of("10.0.0.1");
	strv_push(&dns_search, "example.org");
	resolv = files_resolv_conf(&req, &servers);
	assert_non_null(strstr(resolv, "nameserver 10.0.0.1\nsearch example.org\n"));
	assert_non_null(strstr(resolv, "ndots:0"));
	vec_done(&servers);
}

static void reboot_drops_leases(void **state)
{
	struct place *p = *state;
	struct net_reservation v = { 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(create(p, NULL, "n", &err), 0);
	assert_int_equal(reserve(p, ID_A, "n", NULL, NULL, NULL, &err), 0);
	assert_int_equal(db_run(p->net->db, &err,
				"UPDATE net_meta SET value = 'former' WHERE key = 'boot'", ""),
			 0);
	net_freep(&p->net);
	store_freep(&p->store);
	open_place(p);
	assert_int_equal(net_lookup(p->net, ID_A, &v, &err), 0);
	assert_int_equal(task_wait(net_remove(p->net, "n"), &err), 0);
}

static void processes(void **state)
{
	char text[PROCESS_TEXT_MAX], other[PROCESS_TEXT_MAX];

	assert_true(process_is(process_text(getpid(), text)));
	assert_string_equal(process_text(0, other), "");
	assert_false(process_is(""));
	snprintf(other, sizeof(other), "%d:1", (int)getpid());
	assert_false(process_is(other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_text),
		cmocka_unit_test(subnet_text_),
		cmocka_unit_test(mac_text),
		cmocka_unit_test(choosing),
		cmocka_unit_test(next_addresses),
		cmocka_unit_test(files),
		cmocka_unit_test(processes),
		cmocka_unit_test_setup_teardown(networks, setup, teardown),
		cmocka_unit_test_setup_teardown(options, setup, teardown),
		cmocka_unit_test_setup_teardown(leases, setup, teardown),
		cmocka_unit_test_setup_teardown(ports, setup, teardown),
		cmocka_unit_test_setup_teardown(reboot_drops_leases, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
