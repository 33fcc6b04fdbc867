/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical project as structs: specs, labels, names, what a replica gets. */
#include "plan.h"

static struct container_spec *replica(struct scene *s, const char *service, unsigned n)
{
	static struct container_spec spec;
	struct service *sv = model_service(s->model, service);

	container_spec_done(&spec);
	spec = (struct container_spec){ 0 };
	assert_non_null(sv);
	service_replica(s->model, sv, n, "sha256:1234", &spec);
	return &spec;
}

static void labels_of_a_replica(void **state)
{
	struct scene *s = *state;
	struct container_spec *c;
	autofree char *file = xprintf("%s/compose.yaml", s->dir);

	scene_load(s, "services:\n  web: {image: a, labels: {mine: x}, depends_on: [db]}\n"
		      "  db: {image: b}\n");
	c = replica(s, "web", 2);
	assert_string_equal(c->name, "p-web-2");
	assert_string_equal(c->image, "a");
	assert_string_equal(c->image_id, "sha256:1234");
	assert_string_equal(strmap_get(&c->labels, "mine"), "x");
	assert_string_equal(strmap_get(&c->labels, LABEL_PROJECT), "p");
	assert_string_equal(strmap_get(&c->labels, LABEL_SERVICE), "web");
	assert_string_equal(strmap_get(&c->labels, LABEL_NUMBER), "2");
	assert_string_equal(strmap_get(&c->labels, LABEL_ONEOFF), "False");
	assert_string_equal(strmap_get(&c->labels, LABEL_IMAGE), "sha256:1234");
	assert_string_equal(strmap_get(&c->labels, LABEL_DEPENDS_ON), "db:service_started:false");
	assert_string_equal(strmap_get(&c->labels, LABEL_WORKING_DIR), s->dir);
	assert_string_equal(strmap_get(&c->labels, LABEL_CONFIG_FILES), file);
	assert_int_equal(strlen(strmap_get(&c->labels, LABEL_CONFIG_HASH)), 64);
	assert_non_null(strmap_get(&c->labels, LABEL_CONFIG));
	assert_string_equal(strmap_get(&replica(s, "db", 1)->labels, LABEL_DEPENDS_ON), "");
	container_spec_done(replica(s, "db", 1));
}

static void networks_of_a_replica(void **state)
{
	struct scene *s = *state;
	struct container_spec *c;

	scene_load(
		s,
		"services:\n  web: {image: a, networks: {front: {aliases: [w], "
		"ipv4_address: 10.0.0.9, priority: 5}}}\n  alone: {image: a, network_mode: "
		"none}\n  with: {image: a, network_mode: 'service:web'}\n"
		"networks: {front: {internal: true, ipam: {config: [{subnet: 10.0.0.0/24}]}}}\n");
	c = replica(s, "web", 1);
	assert_int_equal(c->networks.n, 1);
	assert_string_equal(c->networks.v[0].network, "p_front");
	assert_string_equal(c->networks.v[0].ipv4, "10.0.0.9");
	assert_int_equal(c->networks.v[0].priority, 5);
	assert_true(strv_has(&c->networks.v[0].aliases, "w"));
	assert_true(strv_has(&c->networks.v[0].aliases, "web"));
	assert_true(strv_has(&c->networks.v[0].aliases, "p-web-1"));
	c = replica(s, "alone", 1);
	assert_string_equal(c->network_mode, "none");
	assert_int_equal(c->networks.n, 0);
	assert_string_equal(replica(s, "with", 1)->network_mode, "container:p-web-1");
	assert_int_equal(s->model->networks.n, 1);
	assert_true(s->model->networks.v[0].spec.internal);
	assert_string_equal(s->model->networks.v[0].spec.pools.v[0].subnet, "10.0.0.0/24");
	assert_string_equal(strmap_get(&s->model->networks.v[0].spec.labels, LABEL_NETWORK),
			    "front");
	container_spec_done(replica(s, "web", 1));
}

static void the_process(void **state)
{
	struct scene *s = *state;
	struct container_spec *c;

	scene_load(s, "services:\n  web:\n    image: a\n    command: sh -c 'a b'\n"
		      "    entrypoint: []\n    environment: {A: '1', B: }\n    user: '7'\n"
		      "    stop_grace_period: 1m30s\n    restart: on-failure:3\n    tty: true\n"
		      "    healthcheck: {test: x, interval: 5s, retries: 2}\n"
		      "    ulimits: {nofile: {soft: 1, hard: 2}}\n    mem_limit: 10m\n"
		      "  no: {image: a, healthcheck: {disable: true}}\n");
	c = replica(s, "web", 1);
	assert_true(c->has_command && c->has_entrypoint);
	assert_int_equal(c->command.n, 3);
	assert_string_equal(c->command.v[2], "a b");
	assert_int_equal(c->entrypoint.n, 0);
	assert_true(strv_has(&c->env, "A=1"));
	assert_string_equal(c->user, "7");
	assert_true(c->stop_timeout == 90000000000);
	assert_int_equal(c->restart, RESTART_ON_FAILURE);
	assert_int_equal(c->restart_max, 3);
	assert_true(c->tty);
	assert_string_equal(c->healthcheck->test.v[0], "CMD-SHELL");
	assert_true(c->healthcheck->interval == 5000000000);
	assert_int_equal(c->healthcheck->retries, 2);
	assert_int_equal(c->ulimits.v[0].hard, 2);
	assert_int_equal(c->resources.memory, 10 << 20);
	assert_string_equal(replica(s, "no", 1)->healthcheck->test.v[0], "NONE");
	container_spec_done(replica(s, "no", 1));
}

static void mounts_and_ports(void **state)
{
	struct scene *s = *state;
	struct container_spec *c;

	scene_load(s, "services:\n  web:\n    image: a\n    volumes: [data:/d:ro, /anon, ./x:/x]\n"
		      "    ports: ['127.0.0.1:8080:80', '53/udp', '9000-9001:9000-9001']\n"
		      "volumes: {data: {name: mine}}\n");
	c = replica(s, "web", 1);
	assert_int_equal(c->mounts.n, 3);
	assert_string_equal(c->mounts.v[0].source, "mine");
	assert_true(c->mounts.v[0].read_only);
	assert_null(c->mounts.v[1].source);
	assert_int_equal(c->mounts.v[2].type, MOUNT_BIND);
	assert_true(c->mounts.v[2].create_host_path);
	assert_int_equal(c->ports.n, 4);
	assert_string_equal(c->ports.v[0].host_ip, "127.0.0.1");
	assert_int_equal(c->ports.v[0].host_port, 8080);
	assert_int_equal(c->ports.v[1].host_port, 0);
	assert_string_equal(c->ports.v[1].protocol, "udp");
	assert_int_equal(c->ports.v[3].host_port, 9001);
	container_spec_done(replica(s, "web", 1));
}

static void names_and_scales(void **state)
{
	struct scene *s = *state;
	struct service *sv;

	scene_load(s, "services:\n  one: {image: a, container_name: solo}\n  built: {build: .}\n"
		      "  many: {image: a, deploy: {replicas: 4}}\n"
		      "  two: {build: {context: ., additional_contexts: {b: 'service:built'}}}\n");
	assert_string_equal(replica(s, "one", 1)->name, "solo");
	assert_string_equal(model_service(s->model, "built")->image, "p-built");
	assert_int_equal(model_service(s->model, "many")->scale, 4);
	sv = model_service(s->model, "two");
	assert_string_equal(strmap_get(&sv->build->contexts, "b"), "built-image://p-built");
	container_spec_done(replica(s, "one", 1));
}

/* A replica is a copy: what the engine does with it leaves the service alone. */
static void a_replica_is_its_own(void **state)
{
	struct scene *s = *state;
	struct container_spec one = { 0 }, two = { 0 };
	struct service *sv;

	scene_load(s,
		   "services:\n  web: {image: a, configs: [c]}\nconfigs: {c: {content: text}}\n");
	sv = model_service(s->model, "web");
	service_replica(s->model, sv, 1, "x", &one);
	service_replica(s->model, sv, 2, "x", &two);
	assert_string_equal(one.name, "p-web-1");
	assert_string_equal(two.name, "p-web-2");
	assert_null(sv->spec.name);
	assert_int_equal(one.files.v[0].n_content, 4);
	assert_memory_equal(two.files.v[0].content, "text", 4);
	container_spec_done(&one);
	container_spec_done(&two);
}

/* What a number stands for is held against what there can be. */
static void numbers_out_of_range(void **state)
{
	static const struct {
		const char *service, *want;
	} cases[] = {
		{ "scale: 4294967297", "containers" },
		{ "deploy: {replicas: 50000000}", "containers" },
		{ "ports: [{target: 70000}]", "target: 70000 is not a port" },
		{ "ports: [{target: 0}]", "target: 0 is not a port" },
		{ "ports: [{target: 80, published: 8090-8080}]", "is not a port" },
		{ "ports: [{target: 80, published: '65536'}]", "is not a port" },
		{ "configs: [{source: c, uid: root}]", "uid: \"root\" is not a number" },
		{ "configs: [{source: c, gid: '4294967296'}]", "gid" },
		{ "cpus: -1", "services.web.cpus: must not be negative" },
		{ "mem_limit: -5", "services.web.mem_limit: must not be negative" },
		{ "stop_grace_period: -5s", "stop_grace_period: must not be negative" },
		{ "deploy: {resources: {limits: {cpus: '-0.5'}}}", "limits.cpus: must not be" },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *text = xprintf("services:\n  web: {image: a, %s}\n"
					      "configs: {c: {content: x}}\n",
					      cases[i].service);

		assert_int_equal(scene_try(s, text), -ERR_INVALID);
		assert_int_equal(s->findings.n_errors, 1);
		assert_non_null(strstr(s->findings.list.v[0].message, cases[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(labels_of_a_replica),  scene_test(networks_of_a_replica),
		scene_test(the_process),	  scene_test(mounts_and_ports),
		scene_test(names_and_scales),	  scene_test(a_replica_is_its_own),
		scene_test(numbers_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
