/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/model.h"

#include "compose/write.h"

/* Docker Compose's, whose labels these are: its commands check it on containers that they find. */

const char *container_label(const struct container_info *c, const char *name)
{
	const char *v = strmap_get(&c->labels, name);

	return v ? v : "";
}

bool container_is_oneoff(const struct container_info *c)
{
	return streq(container_label(c, LABEL_ONEOFF), "True");
}

static void decode_network(struct model *m, const char *key, const struct node *n)
{
	struct model_network *net = vec_add(&m->networks);
	const struct node *ipam = node_get(n, "ipam");
	struct network_spec *spec = &net->spec;

	net->key = key;
	net->at = n->at;
	net->external = node_flag(node_get(n, "external"), false);
	spec->name = xstrdup(node_str(node_get(n, "name"), key));
	spec->driver = node_dup(n, "driver");
	spec->internal = node_flag(node_get(n, "internal"), false);
	spec->attachable = node_flag(node_get(n, "attachable"), false);
	spec->no_ipv4 = !node_flag(node_get(n, "enable_ipv4"), true);
	spec->ipv6 = node_flag(node_get(n, "enable_ipv6"), false);
	spec->ipam_driver = node_dup(ipam, "driver");
	node_to_strmap(node_get(n, "driver_opts"), &spec->driver_opts);
	node_to_strmap(node_get(n, "labels"), &spec->labels);
	node_item(x, node_get(ipam, "config"))
	{
		struct ipam_pool *p = vec_add(&spec->pools);

		p->subnet = node_dup(x, "subnet");
		p->ip_range = node_dup(x, "ip_range");
		p->gateway = node_dup(x, "gateway");
		node_to_strmap(node_get(x, "aux_addresses"), &p->aux_addresses);
	}
	network_hash(m->tree, key, net->hash);
	strmap_set(&spec->labels, LABEL_PROJECT, m->name);
	strmap_set(&spec->labels, LABEL_NETWORK, key);
	strmap_set(&spec->labels, LABEL_VERSION, COMPOSE_LABEL_VERSION);
	strmap_set(&spec->labels, LABEL_CONFIG_HASH, net->hash);
}

static void decode_volume(struct model *m, const char *key, const struct node *n)
{
	struct model_volume *v = vec_add(&m->volumes);
	struct volume_spec *spec = &v->spec;

	v->key = key;
	v->at = n->at;
	v->external = node_flag(node_get(n, "external"), false);
	spec->name = xstrdup(node_str(node_get(n, "name"), key));
	spec->driver = node_dup(n, "driver");
	node_to_strmap(node_get(n, "driver_opts"), &spec->driver_opts);
	node_to_strmap(node_get(n, "labels"), &spec->labels);
	volume_hash(m->tree, key, v->hash);
	strmap_set(&spec->labels, LABEL_PROJECT, m->name);
	strmap_set(&spec->labels, LABEL_VOLUME, key);
	strmap_set(&spec->labels, LABEL_VERSION, COMPOSE_LABEL_VERSION);
	strmap_set(&spec->labels, LABEL_CONFIG_HASH, v->hash);
}

/* "db:service_healthy:false,cache:service_started:true" */
static char *depends_on_label(const struct service *s)
{
	static const char *const words[] = { "service_started", "service_healthy",
					     "service_completed_successfully" };
	autostrv parts = { 0 };

	vec_foreach (d, &s->depends_on)
		strv_pushf(&parts, "%s:%s:%s", d->service, words[d->condition],
			   d->restart ? "true" : "false");
	return strv_join(&parts, ",");
}

/* The labels that all replicas share. */
static void add_labels(struct model *m, struct service *s)
{
	struct map *labels = &s->spec.labels;
	autofree char *depends_on = depends_on_label(s);
	autofree char *files = strv_join(&m->tree->files, ",");

	strmap_set(labels, LABEL_PROJECT, m->name);
	strmap_set(labels, LABEL_SERVICE, s->name);
	strmap_set(labels, LABEL_ONEOFF, "False");
	strmap_set(labels, LABEL_CONFIG_HASH, s->hash);
	strmap_set(labels, LABEL_CONFIG_FILES, files);
	strmap_set(labels, LABEL_WORKING_DIR, m->dir);
	strmap_set(labels, LABEL_DEPENDS_ON, depends_on);
	strmap_set(labels, LABEL_VERSION, COMPOSE_LABEL_VERSION);
	strmap_set(labels, LABEL_CONFIG, s->config_json);
	if (m->tree->env_files.n) {
		autofree char *env_files = strv_join(&m->tree->env_files, ",");

		strmap_set(labels, LABEL_ENV_FILES, env_files);
	}
}

static void decode_services(struct model *m, struct findings *f)
{
	struct model_reader r = { m, f };
	autostrv order = { 0 };
	automap members = { 0 };

	node_each(x, node_get(m->tree->root, "services")) map_set(&members, x->key, (void *)x);
	project_services_in_order(m->tree, &order);
	strv_foreach (name, &order) {
		const struct node_member *member = map_get(&members, name);
		struct service *s = vec_add(&m->services);
		autobuf json;

		check_amounts(member->key, member->value, f);
		decode_service(&r, member->key, member->value, s);
		service_node_hash(m->tree, member->value, s->hash);
		buf_init(&json, BUF_MAX_ANY);
		write_json(member->value, WRITE_SORTED | WRITE_COMPACT, &json);
		s->config_json = buf_steal(&json);
		add_labels(m, s);
	}
}

static void index_services(struct model *m)
{
	vec_foreach (s, &m->services) {
		map_set(&m->by_name, s->name, s);
		if (s->build && !map_has(&m->by_image, s->image))
			map_set(&m->by_image, s->image, s);
	}
}

int model_new(const struct project_tree *t, struct model **ret, struct findings *f)
{
	autocall(model_freep) struct model *m = xnew(struct model);
	size_t errors = f->n_errors;

	m->tree = t;
	m->name = t->name;
	m->dir = t->dir;
	node_each(n, node_get(t->root, "networks")) decode_network(m, n->key, n->value);
	node_each(v, node_get(t->root, "volumes")) decode_volume(m, v->key, v->value);
	decode_services(m, f);
	index_services(m);
	if (f->n_errors > errors)
		return -ERR_INVALID;
	*ret = TAKE_PTR(m);
	return 0;
}

static void service_done(struct service *s)
{
	container_spec_done(&s->spec);
	vec_done(&s->depends_on);
	if (s->build) {
		build_options_done(s->build);
		free(s->build);
	}
	free(s->config_json);
}

struct model *model_free(struct model *m)
{
	if (!m)
		return NULL;
	vec_foreach (s, &m->services)
		service_done(s);
	vec_foreach (n, &m->networks)
		network_spec_done(&n->spec);
	vec_foreach (v, &m->volumes)
		volume_spec_done(&v->spec);
	map_done(&m->by_name);
	map_done(&m->by_image);
	vec_done(&m->services);
	vec_done(&m->networks);
	vec_done(&m->volumes);
	free(m);
	return NULL;
}

struct service *model_service(const struct model *m, const char *name)
{
	return map_get(&m->by_name, name);
}

const struct service *model_service_that_builds(const struct model *m, const char *image)
{
	return map_get(&m->by_image, image);
}

char *service_container_name(const struct model *m, const struct service *s, unsigned n)
{
	if (s->container_name)
		return xstrdup(s->container_name);
	return xprintf("%s-%s-%u", m->name, s->name, n);
}

/* Replica n of a service that publishes a range of ports for n replicas takes the n-th, when the
 * range is free: the engine decides that, so the range itself is handed on. */
void service_replica(const struct model *m, const struct service *s, unsigned n,
		     const char *image_id, struct container_spec *ret)
{
	autofree char *number = xprintf("%u", n);

	container_spec_copy(ret, &s->spec);
	ret->name = service_container_name(m, s, n);
	free(ret->image_id);
	ret->image_id = xstrdup0(image_id);
	strmap_set(&ret->labels, LABEL_NUMBER, number);
	if (image_id)
		strmap_set(&ret->labels, LABEL_IMAGE, image_id);
	vec_foreach (a, &ret->networks)
		strv_push(&a->aliases, ret->name);
}
