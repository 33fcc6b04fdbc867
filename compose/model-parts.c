/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a service that are structs of their own: mounts, files, networks, ports, limits, the
 * build. */
#include "compose/model.h"

#include "util/num.h"
#include "util/path.h"

#include <stdlib.h>

#define PORT_MAX 65535

static const struct node *top(const struct model_reader *r, const char *section, const char *key)
{
	return node_get(node_get(r->model->tree->root, section), key);
}

/* What the engine calls a network or volume: its `name`, which the loader has filled in. */
static const char *engine_name(const struct model_reader *r, const char *section, const char *key)
{
	return node_str(node_get(top(r, section, key), "name"), key);
}

static void decode_mount(struct model_reader *r, const struct node *n, struct container_spec *spec)
{
	const char *type = node_str(node_get(n, "type"), "volume");
	const char *source = node_str(node_get(n, "source"), NULL);
	const struct node *bind = node_get(n, "bind"), *volume = node_get(n, "volume"),
			  *tmpfs = node_get(n, "tmpfs");
	struct mount_spec *m;

	if (!streq(type, "bind") && !streq(type, "volume") && !streq(type, "tmpfs")) {
		finding_error(r->f, n->at, "a volume of type \"%s\" is not done yet", type);
		return;
	}
	m = vec_add(&spec->mounts);
	m->type = streq(type, "bind")	 ? MOUNT_BIND
		  : streq(type, "tmpfs") ? MOUNT_TMPFS
					 : MOUNT_VOLUME;
	if (source && m->type == MOUNT_VOLUME)
		source = engine_name(r, "volumes", source);
	m->source = xstrdup0(source);
	m->target = path_clean(node_str(node_get(n, "target"), "/"));
	m->read_only = node_flag(node_get(n, "read_only"), false);
	m->create_host_path = node_flag(node_get(bind, "create_host_path"), false);
	m->propagation = node_dup(bind, "propagation");
	m->volume_nocopy = node_flag(node_get(volume, "nocopy"), false);
	m->volume_subpath = node_dup(volume, "subpath");
	m->tmpfs_size = node_size(tmpfs, "size", 0);
	m->tmpfs_mode = node_i64(node_get(tmpfs, "mode"), 0);
}

void decode_mounts(struct model_reader *r, const struct node *n, struct container_spec *spec)
{
	node_item(x, n) decode_mount(r, x, spec);
}

static uint32_t file_mode(const struct node *n)
{
	const char *s = node_str(n, NULL);

	if (s)
		return strtoul(s, NULL, 8);
	return node_i64(n, 0444);
}

/* A number: names are the container's, and nobody has looked into that yet. */
static uint32_t file_id(struct model_reader *r, const struct node *use, const char *key)
{
	const struct node *n = node_get(use, key);
	uint64_t id = 0;

	if (num_parse_u64(str_of(node_str(n, "0")), UINT32_MAX, &id) < 0)
		finding_error(r->f, n->at, "%s: \"%s\" is not a number", key, n->s);
	return id;
}

/* A config's or secret's content: a file of the host (bound), a variable or text (written). */
static int file_content(struct model_reader *r, const struct node *use, const struct node *def,
			struct file_spec *f)
{
	const char *file = node_str(node_get(def, "file"), NULL);
	const char *variable = node_str(node_get(def, "environment"), NULL);
	const char *content = node_str(node_get(def, "content"), NULL);

	if (file) {
		f->source = xstrdup(file);
		if (!path_exists(file))
			return finding_error(r->f, node_get(def, "file")->at, "%s does not exist",
					     file);
		return 0;
	}
	if (variable && !content) {
		content = strmap_get(&r->model->tree->env, variable);
		if (!content)
			return finding_error(r->f, node_get(def, "environment")->at,
					     "environment variable \"%s\" is not set", variable);
	}
	if (!content)
		return finding_error(r->f, use->at,
				     "external configs and secrets are not done by this engine");
	f->content = xstrdup(content);
	f->n_content = strlen(content);
	return 0;
}

static void decode_file(struct model_reader *r, const char *section, const char *folder,
			const struct node *use, struct container_spec *spec)
{
	const char *source = node_str(node_get(use, "source"), "");
	const char *target = node_str(node_get(use, "target"), NULL);
	struct file_spec *f = vec_add(&spec->files);

	f->target = path_absolute(folder, target ? target : source);
	f->mode = file_mode(node_get(use, "mode"));
	f->uid = file_id(r, use, "uid");
	f->gid = file_id(r, use, "gid");
	file_content(r, use, top(r, section, source), f);
}

void decode_files(struct model_reader *r, const struct node *service, struct container_spec *spec)
{
	node_item(c, node_get(service, "configs")) decode_file(r, "configs", "/", c, spec);
	node_item(s, node_get(service, "secrets"))
		decode_file(r, "secrets", "/run/secrets", s, spec);
}

void decode_networks(struct model_reader *r, const char *service, const struct node *n,
		     struct service *s)
{
	node_each(m, n)
	{
		struct network_attach *a = vec_add(&s->spec.networks);

		a->network = xstrdup(engine_name(r, "networks", m->key));
		node_to_strv(node_get(m->value, "aliases"), &a->aliases);
		strv_push(&a->aliases, service);
		a->ipv4 = node_dup(m->value, "ipv4_address");
		a->ipv6 = node_dup(m->value, "ipv6_address");
		a->mac = node_dup(m->value, "mac_address");
		a->interface_name = node_dup(m->value, "interface_name");
		a->priority = node_i64(node_get(m->value, "priority"), 0);
		a->gw_priority = node_i64(node_get(m->value, "gw_priority"), 0);
		node_to_strv(node_get(m->value, "link_local_ips"), &a->link_local_ips);
		node_to_strmap(node_get(m->value, "driver_opts"), &a->driver_opts);
	}
	node_item(l, node_get(s->node, "links"))
	{
		struct str target, alias;

		/* The alias is one for us alone: a name in our own hosts' sight, as docker has it.
		 */
		if (str_cut(str_of(node_str(l, "")), ':', &target, &alias) &&
		    !str_eq(alias, service))
			finding_warning(r->f, l->at,
					"links: the alias \"%s\" is given to all of the network",
					alias.p);
	}
}

/* "8080", "8080-8090", or nothing. */
static int published_range(const char *s, struct port_spec *p)
{
	struct str first, last;
	uint64_t from, to;
	bool range = str_cut(str_of(s), '-', &first, &last);

	if (!first.n)
		return 0;
	if (num_parse_u64(first, PORT_MAX, &from) < 0 ||
	    (range && (num_parse_u64(last, PORT_MAX, &to) < 0 || to < from)))
		return -ERR_INVALID;
	p->host_port = from;
	p->host_port_end = range ? to : 0;
	return 0;
}

void decode_ports(struct model_reader *r, const struct node *n, struct container_spec *spec)
{
	node_item(x, n)
	{
		struct port_spec *p = vec_add(&spec->ports);
		const char *published = node_str(node_get(x, "published"), "");

		int64_t target = node_i64(node_get(x, "target"), 0);

		p->host_ip = node_dup(x, "host_ip");
		p->port = (uint32_t)target;
		p->protocol = xstrdup(node_str(node_get(x, "protocol"), "tcp"));
		if (published_range(published, p) < 0)
			finding_error(r->f, x->at, "published: \"%s\" is not a port", published);
		if (target < 1 || target > PORT_MAX)
			finding_error(r->f, x->at, "target: %lld is not a port", (long long)target);
	}
}

static double cpus_of(const struct node *n)
{
	double d = 0;

	if (!n)
		return 0;
	if (n->kind == NODE_FLOAT)
		return n->f;
	if (n->kind == NODE_STRING)
		num_parse_double(str_of(n->s), &d);
	else
		d = node_i64(n, 0);
	return d;
}

static void decode_ulimits(const struct node *n, struct container_spec *spec)
{
	node_each(m, n)
	{
		struct ulimit_spec *u = vec_add(&spec->ulimits);

		u->name = xstrdup(m->key);
		u->soft = node_i64(m->value, node_i64(node_get(m->value, "soft"), 0));
		u->hard = node_i64(m->value, node_i64(node_get(m->value, "hard"), 0));
	}
}

static void decode_devices(const struct node *n, struct container_spec *spec)
{
	node_item(x, n)
	{
		struct device_spec *d = vec_add(&spec->devices);

		d->host = node_dup(x, "source");
		d->container = node_dup(x, "target");
		d->permissions = node_dup(x, "permissions");
	}
}

void decode_resources(struct model_reader *r, const struct node *n, struct container_spec *spec)
{
	const struct node *deploy = node_get(node_get(n, "deploy"), "resources");
	const struct node *limits = node_get(deploy, "limits");
	struct resources *res = &spec->resources;

	res->cpus = cpus_of(node_get(limits, "cpus") ? node_get(limits, "cpus")
						     : node_get(n, "cpus"));
	res->cpu_shares = node_i64(node_get(n, "cpu_shares"), 0);
	res->cpu_period = node_size(n, "cpu_period", 0);
	res->cpu_quota = node_size(n, "cpu_quota", 0);
	res->cpu_rt_period = node_size(n, "cpu_rt_period", 0);
	res->cpu_rt_runtime = node_size(n, "cpu_rt_runtime", 0);
	res->cpuset = node_dup(n, "cpuset");
	res->memory = node_size(limits, "memory", node_size(n, "mem_limit", 0));
	res->memory_reservation = node_size(node_get(deploy, "reservations"), "memory",
					    node_size(n, "mem_reservation", 0));
	res->memory_swap = node_size(n, "memswap_limit", 0);
	res->memory_swappiness = node_size(n, "mem_swappiness", -1);
	res->pids = node_i64(node_get(limits, "pids"), node_i64(node_get(n, "pids_limit"), 0));
	res->blkio_weight = node_i64(node_get(node_get(n, "blkio_config"), "weight"), 0);
	res->oom_kill_disable = node_flag(node_get(n, "oom_kill_disable"), false);
	res->oom_score_adj = node_i64(node_get(n, "oom_score_adj"), 0);
	spec->shm_size = node_size(n, "shm_size", 0);
	decode_ulimits(node_get(n, "ulimits"), spec);
	decode_devices(node_get(n, "devices"), spec);
}

static void decode_build_secrets(struct model_reader *r, const struct node *n,
				 struct build_options *b)
{
	node_item(x, n)
	{
		struct build_secret *s = vec_add(&b->secrets);
		const char *source = node_str(node_get(x, "source"), "");
		const struct node *def = top(r, "secrets", source);

		s->id = xstrdup(node_str(node_get(x, "target"), source));
		s->file = node_dup(def, "file");
		s->env = node_dup(def, "environment");
	}
}

static char *service_image(const struct model_reader *r, const char *service)
{
	const char *image = node_str(node_get(top(r, "services", service), "image"), NULL);

	return image ? xprintf(BUILD_BUILT_IMAGE "%s", image)
		     : xprintf(BUILD_BUILT_IMAGE "%s-%s", r->model->name, service);
}

/* A layout's directory is beside the compose file, unless it says otherwise. */
static char *layout_path(const struct model_reader *r, const char *where)
{
	const char *path = skip_prefix(where, "oci-layout://");
	autofree char *whole = path_absolute(r->model->tree->dir, path);

	return xprintf("oci-layout://%s", whole);
}

/* additional_contexts; another service's is the image that it runs. */
static void decode_contexts(struct model_reader *r, const struct node *contexts,
			    struct build_options *b)
{
	node_each(m, contexts)
	{
		const char *where = node_str(m->value, ""), *base = skip_prefix(where, "service:");
		autofree char *image = NULL;

		if (base)
			image = service_image(r, base);
		else if (starts_with(where, "oci-layout://"))
			image = layout_path(r, where);
		strmap_set(&b->contexts, m->key, image ? image : where);
	}
}

/* The service's own, else the user's for all; a build section that names others says so. */
static void decode_platform(struct model_reader *r, const char *service, const struct node *n,
			    const struct service *s, struct build_options *b)
{
	const char *own = node_str(node_get(s->node, "platform"), NULL);
	const char *others = strmap_get(&r->model->tree->env, "DOCKER_DEFAULT_PLATFORM");

	node_to_strv(node_get(n, "platforms"), &b->platforms);
	if (!own && others && *others && b->platforms.n && !strv_has(&b->platforms, others))
		finding_error(r->f, node_get(n, "platforms")->at,
			      "service \"%s\" build.platforms does not support value set by "
			      "DOCKER_DEFAULT_PLATFORM: %s",
			      service, others);
	b->platform = xstrdup0(own ? own : others && *others ? others : NULL);
}

void decode_build(struct model_reader *r, const char *service, const struct node *n,
		  struct service *s)
{
	struct build_options *b;

	if (!n)
		return;
	b = s->build = xnew(struct build_options);
	b->context = node_dup(n, "context");
	b->dockerfile = node_dup(n, "dockerfile");
	b->dockerfile_inline = node_dup(n, "dockerfile_inline");
	b->target = node_dup(n, "target");
	b->network = node_dup(n, "network");
	decode_platform(r, service, n, s, b);
	b->provenance = node_dup(n, "provenance");
	b->sbom = node_dup(n, "sbom");
	b->no_cache = node_flag(node_get(n, "no_cache"), false);
	b->pull = node_flag(node_get(n, "pull"), false);
	b->privileged = node_flag(node_get(n, "privileged"), false);
	b->shm_size = node_size(n, "shm_size", 0);
	node_each(m, node_get(n, "args")) strmap_set(&b->args, m->key, node_str(m->value, NULL));
	node_each(m, node_get(n, "ssh")) strmap_set(&b->ssh, m->key, node_str(m->value, NULL));
	node_to_strmap(node_get(n, "labels"), &b->labels);
	decode_contexts(r, node_get(n, "additional_contexts"), b);
	node_to_strv(node_get(n, "tags"), &b->tags);
	node_to_strv(node_get(n, "cache_from"), &b->cache_from);
	node_to_strv(node_get(n, "cache_to"), &b->cache_to);
	node_to_strv(node_get(n, "extra_hosts"), &b->extra_hosts);
	node_to_strv(node_get(n, "entitlements"), &b->entitlements);
	node_each(m, node_get(n, "ulimits"))
	{
		struct build_ulimit *u = vec_add(&b->ulimits);

		u->name = xstrdup(m->key);
		u->soft = node_i64(m->value, node_i64(node_get(m->value, "soft"), 0));
		u->hard = node_i64(m->value, node_i64(node_get(m->value, "hard"), 0));
	}
	decode_build_secrets(r, node_get(n, "secrets"), b);
	b->environ = &r->model->tree->env;
}
