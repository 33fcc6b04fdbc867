/* SPDX-License-Identifier: Apache-2.0 */
/* A canonical service to a container's spec: what is one value for one member stands in tables. */
#include "compose/model.h"

#include "compose/write.h"
#include "util/num.h"
#include "util/time.h"

#define MEMBER(m) offsetof(struct container_spec, m)

static const struct {
	const char *key;
	size_t at;
} string_members[] = {
	{ "user", MEMBER(user) },
	{ "working_dir", MEMBER(working_dir) },
	{ "hostname", MEMBER(hostname) },
	{ "domainname", MEMBER(domainname) },
	{ "stop_signal", MEMBER(stop_signal) },
	{ "mac_address", MEMBER(mac_address) },
	{ "ipc", MEMBER(ipc) },
	{ "pid", MEMBER(pid) },
	{ "uts", MEMBER(uts) },
	{ "userns_mode", MEMBER(userns) },
	{ "cgroup", MEMBER(cgroup) },
	{ "cgroup_parent", MEMBER(cgroup_parent) },
	{ "runtime", MEMBER(runtime) },
	{ "isolation", MEMBER(isolation) },
	{ "platform", MEMBER(platform) },
};

static const struct {
	const char *key;
	size_t at;
} flag_members[] = {
	{ "tty", MEMBER(tty) },
	{ "stdin_open", MEMBER(stdin_open) },
	{ "init", MEMBER(init) },
	{ "read_only", MEMBER(read_only) },
	{ "privileged", MEMBER(privileged) },
};

static const struct {
	const char *key;
	size_t at;
} list_members[] = {
	{ "group_add", MEMBER(group_add) },
	{ "device_cgroup_rules", MEMBER(device_cgroup_rules) },
	{ "tmpfs", MEMBER(tmpfs) },
	{ "expose", MEMBER(expose) },
	{ "extra_hosts", MEMBER(extra_hosts) },
	{ "dns", MEMBER(dns) },
	{ "dns_search", MEMBER(dns_search) },
	{ "dns_opt", MEMBER(dns_opt) },
	{ "cap_add", MEMBER(cap_add) },
	{ "cap_drop", MEMBER(cap_drop) },
	{ "security_opt", MEMBER(security_opt) },
};

static const struct {
	const char *key;
	size_t at;
} map_members[] = {
	{ "labels", MEMBER(labels) },
	{ "sysctls", MEMBER(sysctls) },
	{ "storage_opt", MEMBER(storage_opt) },
	{ "annotations", MEMBER(annotations) },
};

static void decode_plain_members(const struct node *n, struct container_spec *spec)
{
	char *base = (char *)spec;

	for (size_t i = 0; i < ARRAY_SIZE(string_members); i++)
		*(char **)(base + string_members[i].at) = node_dup(n, string_members[i].key);
	for (size_t i = 0; i < ARRAY_SIZE(flag_members); i++)
		*(bool *)(base + flag_members[i].at) = node_flag(node_get(n, flag_members[i].key),
								 false);
	for (size_t i = 0; i < ARRAY_SIZE(list_members); i++)
		node_to_strv(node_get(n, list_members[i].key),
			     (struct strv *)(base + list_members[i].at));
	for (size_t i = 0; i < ARRAY_SIZE(map_members); i++)
		node_to_strmap(node_get(n, map_members[i].key),
			       (struct map *)(base + map_members[i].at));
}

static void decode_process(const struct node *n, struct container_spec *spec)
{
	const struct node *command = node_get(n, "command"),
			  *entrypoint = node_get(n, "entrypoint");

	spec->has_command = command && command->kind == NODE_LIST;
	spec->has_entrypoint = entrypoint && entrypoint->kind == NODE_LIST;
	node_to_strv(command, &spec->command);
	node_to_strv(entrypoint, &spec->entrypoint);
	node_each(m, node_get(n, "environment"))
	{
		if (m->value->kind == NODE_NULL)
			strv_push(&spec->env, m->key);
		else
			strv_pushf(&spec->env, "%s=%s", m->key, node_str(m->value, ""));
	}
	spec->stop_timeout = node_duration(n, "stop_grace_period", -1);
}

static void decode_healthcheck(const struct node *h, struct container_spec *spec)
{
	if (!h)
		return;
	spec->healthcheck = xnew(struct healthcheck);
	node_to_strv(node_get(h, "test"), &spec->healthcheck->test);
	if (node_flag(node_get(h, "disable"), false)) {
		strv_done(&spec->healthcheck->test);
		strv_push(&spec->healthcheck->test, "NONE");
	}
	spec->healthcheck->interval = node_duration(h, "interval", 0);
	spec->healthcheck->timeout = node_duration(h, "timeout", 0);
	spec->healthcheck->start_period = node_duration(h, "start_period", 0);
	spec->healthcheck->start_interval = node_duration(h, "start_interval", 0);
	spec->healthcheck->retries = node_i64(node_get(h, "retries"), 0);
}

/* `restart` of the service, else deploy.restart_policy.condition. */
static int decode_restart(struct model_reader *r, const struct node *n, struct container_spec *spec)
{
	static const struct {
		const char *word;
		enum restart_mode mode;
	} words[] = { { "no", RESTART_NO },
		      { "none", RESTART_NO },
		      { "always", RESTART_ALWAYS },
		      { "any", RESTART_ALWAYS },
		      { "on-failure", RESTART_ON_FAILURE },
		      { "unless-stopped", RESTART_UNLESS_STOPPED },
		      { "", RESTART_NO } };
	const struct node *policy = node_get(node_get(n, "deploy"), "restart_policy");
	const struct node *at = node_get(n, "restart");
	struct str word, max;
	uint64_t tries = 0;

	if (!at && policy)
		at = node_get(policy, "condition");
	if (!at && !policy)
		return 0;
	tries = node_i64(node_get(policy, "max_attempts"), 0);
	if (str_cut(str_of(node_str(at, "any")), ':', &word, &max) &&
	    num_parse_u64(max, UINT32_MAX, &tries) < 0)
		return finding_error(r->f, at->at, "restart: \"%s\" is not a number of tries",
				     max.p);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!str_eq(word, words[i].word))
			continue;
		spec->restart = words[i].mode;
		spec->restart_max = tries;
		return 0;
	}
	finding_error(r->f, at->at, "restart: unknown policy \"%.*s\"", (int)word.n, word.p);
	finding_hint(r->f, "no, always, on-failure, on-failure:N or unless-stopped");
	return -ERR_INVALID;
}

static void decode_depends_on(const struct node *n, struct service *s)
{
	static const struct {
		const char *word;
		enum depend_condition condition;
	} words[] = { { "service_started", DEPEND_STARTED },
		      { "service_healthy", DEPEND_HEALTHY },
		      { "service_completed_successfully", DEPEND_COMPLETED } };

	node_each(m, node_get(n, "depends_on"))
	{
		struct dependency *d = vec_add(&s->depends_on);
		const char *word = node_str(node_get(m->value, "condition"), "service_started");

		d->service = m->key;
		d->required = node_flag(node_get(m->value, "required"), true);
		d->restart = node_flag(node_get(m->value, "restart"), false);
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (streq(word, words[i].word))
				d->condition = words[i].condition;
	}
}

static int decode_pull_policy(struct model_reader *r, const struct node *n, struct service *s)
{
	static const struct {
		const char *word;
		enum pull_policy policy;
		int64_t every;
	} words[] = {
		{ "always", PULL_ALWAYS, 0 },
		{ "missing", PULL_MISSING, 0 },
		{ "if_not_present", PULL_MISSING, 0 },
		{ "never", PULL_NEVER, 0 },
		{ "build", PULL_BUILD, 0 },
		{ "daily", PULL_EVERY, 24 * 3600 * NSEC_PER_SEC },
		{ "weekly", PULL_EVERY, 7 * 24 * 3600 * NSEC_PER_SEC },
	};
	const struct node *at = node_get(n, "pull_policy");
	const char *word = node_str(at, "missing"), *every = skip_prefix(word, "every_");

	if (every && duration_parse(every, &s->pull_every, NULL) == 0) {
		s->pull_policy = PULL_EVERY;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!streq(word, words[i].word))
			continue;
		s->pull_policy = words[i].policy;
		s->pull_every = words[i].every;
		return 0;
	}
	return finding_error(r->f, at->at, "pull_policy: unknown \"%s\"", word);
}

static void decode_logging(const struct node *n, struct container_spec *spec)
{
	spec->log_driver = node_dup(node_get(n, "logging"), "driver");
	node_to_strmap(node_get(node_get(n, "logging"), "options"), &spec->log_options);
}

/* "service:X" means the first container of X. */
static char *mode_of_service(struct model_reader *r, char *mode)
{
	const char *service = mode ? skip_prefix(mode, "service:") : NULL;
	const struct node *n;
	const char *name;
	char *to;

	if (!service)
		return mode;
	n = node_get(node_get(r->model->tree->root, "services"), service);
	name = node_str(node_get(n, "container_name"), NULL);
	to = name ? xprintf("container:%s", name)
		  : xprintf("container:%s-%s-1", r->model->name, service);
	free(mode);
	return to;
}

static void decode_volumes_from(struct model_reader *r, const struct node *n,
				struct container_spec *spec)
{
	node_item(x, node_get(n, "volumes_from"))
	{
		const char *s = node_str(x, ""), *container = skip_prefix(s, "container:");
		struct str name, mode;

		if (container) {
			strv_push(&spec->volumes_from, container);
			continue;
		}
		str_cut(str_of(s), ':', &name, &mode);
		strv_pushf(&spec->volumes_from, "%s-%.*s-1%s%s", r->model->name, (int)name.n,
			   name.p, mode.n ? ":" : "", mode.n ? mode.p : "");
	}
}

/* `scale`, else deploy.replicas. */
static void decode_scale(struct model_reader *r, const struct node *n, struct service *s)
{
	const struct node *at = node_get(n, "scale");
	int64_t scale;

	if (!at)
		at = node_get(node_get(n, "deploy"), "replicas");
	scale = node_i64(at, 1);
	if (scale < 0 || scale > LIMIT_SCALE)
		finding_error(r->f, at->at, "service \"%s\": %lld containers; it can have 0 to %d",
			      s->name, (long long)scale, LIMIT_SCALE);
	else
		s->scale = (unsigned)scale;
}

int decode_service(struct model_reader *r, const char *name, const struct node *n,
		   struct service *s)
{
	struct container_spec *spec = &s->spec;

	s->name = name;
	s->node = n;
	s->attach = node_flag(node_get(n, "attach"), true);
	s->container_name = node_str(node_get(n, "container_name"), NULL);
	decode_scale(r, n, s);
	decode_plain_members(n, spec);
	decode_process(n, spec);
	decode_healthcheck(node_get(n, "healthcheck"), spec);
	decode_restart(r, n, spec);
	decode_depends_on(n, s);
	decode_pull_policy(r, n, s);
	decode_logging(n, spec);
	decode_mounts(r, node_get(n, "volumes"), spec);
	decode_files(r, n, spec);
	decode_volumes_from(r, n, spec);
	spec->network_mode = mode_of_service(r, node_dup(n, "network_mode"));
	spec->ipc = mode_of_service(r, TAKE_PTR(spec->ipc));
	spec->pid = mode_of_service(r, TAKE_PTR(spec->pid));
	if (!spec->network_mode)
		decode_networks(r, name, node_get(n, "networks"), s);
	decode_ports(r, node_get(n, "ports"), spec);
	decode_resources(r, n, spec);
	decode_build(r, name, node_get(n, "build"), s);
	s->image = node_str(node_get(n, "image"), NULL);
	if (!s->image)
		s->image = arena_printf(r->model->tree->arena, "%s-%s", r->model->name, name);
	spec->image = xstrdup(s->image);
	return 0;
}
