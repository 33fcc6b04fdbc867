/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files of other machines would have of this one: the table says where in a canonical tree a
 * local path may stand, or something else that hands out the machine. What stands there was written
 * in some file, and only those of other machines are asked about.
 */
#include "compose/loader.h"

#include "util/path.h"

struct reaching {
	struct pass *ps;
	VEC(struct reach) found;
};

struct reach_rule;
typedef void (*reach_fn)(struct reaching *r, const struct reach_rule *rule, const struct node *n);
struct reach_rule {
	const char *at; /* of a service, or of an item of a section; "*": each member or item */
	const char *what;
	reach_fn look;
	bool read_now;
};

static void reach(struct reaching *r, const struct reach_rule *rule, const struct node *n,
		  const char *path)
{
	if (n->at.source && n->at.source->remote)
		*vec_add(&r->found) = (struct reach){ n->at, rule->what, path, rule->read_now };
}

static void reach_path(struct reaching *r, const struct reach_rule *rule, const struct node *n,
		       const char *path)
{
	const struct source *s = n->at.source;
	autofree char *abs = path_absolute(r->ps->tree->dir, path);

	if (s && s->remote && !remote_has(s->remote, abs))
		reach(r, rule, n, arena_strdup(r->ps->arena, abs));
}

static void look_path(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	if (is_string(n) && *n->s)
		reach_path(r, rule, n, n->s);
}

static void look_context(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	const char *local;

	if (!is_string(n))
		return;
	local = skip_prefix(n->s, "oci-layout://");
	if (local || !is_remote_context(n->s))
		reach_path(r, rule, n, local ? local : n->s);
}

/* Relative to a context. One that is not the remote's is the user's, or was asked for already: so
 * is what lies in it. */
static void look_dockerfile(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	const struct node *file = node_get(n, "dockerfile");
	const char *context = node_str(node_get(n, "context"), ".");
	const struct remote *from = is_string(file) && file->at.source ? file->at.source->remote
								       : NULL;
	autofree char *dir = path_absolute(r->ps->tree->dir, context), *path = NULL;

	if (!from || is_remote_context(context))
		return;
	path = path_absolute(dir, file->s);
	if (remote_has(from, dir) || !path_below(dir, path))
		reach_path(r, rule, file, path);
}

static void look_mount(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	const struct node *source = node_get(n, "source");

	if (is_string(source) && streq(node_str(node_get(n, "type"), ""), "bind"))
		reach_path(r, rule, source, source->s);
}

/* "/dev/x", or {source: /dev/x}; others ("vendor.com/class=name") are devices all the same. */
static void look_device(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	const struct node *source = is_string(n) ? n : node_get(n, "source");

	if (is_string(source))
		reach(r, rule, source, source->s);
}

/* What a mount of the local driver takes: device, and paths in its options. */
static void look_options(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	bool binds = strstr(node_str(node_get(n, "o"), ""), "bind") != NULL;

	node_each(m, n)
	{
		const char *value = node_str(m->value, "");

		if (*value == '/')
			reach_path(r, rule, m->value, value);
		else if (strstr(value, "=/") || (binds && streq(m->key, "device")))
			reach(r, rule, m->value, value);
	}
}

/* "type=local,src=PATH" */
static void look_cache(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	autostrv fields = { 0 };

	if (!is_string(n))
		return;
	strv_split(&fields, str_of(n->s), ',');
	strv_foreach (f, &fields) {
		const char *src = skip_prefix(f, "src="), *dest = skip_prefix(f, "dest=");

		if (src || dest)
			reach_path(r, rule, n, src ? src : dest);
	}
}

static void look_true(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	if (node_flag(n, false))
		reach(r, rule, n, "true");
}

/* Another container, of whatever project, is as good as the machine. */
static void look_host(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	const char *value = node_str(n, "");

	if (streq(value, "host") || starts_with(value, "container:"))
		reach(r, rule, n, value);
}

/* "seccomp=PATH", "apparmor=unconfined", "label=disable" */
static void look_security(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	const char *value = node_str(n, "");
	bool harmless = streq(value, "no-new-privileges") ||
			streq(value, "no-new-privileges:true") ||
			streq(value, "no-new-privileges=true");

	if (*value && !harmless)
		reach(r, rule, n, value);
}

static void look_capability(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	static const char *const powerful[] = { "ALL",	      "SYS_ADMIN", "SYS_MODULE",
						"SYS_PTRACE", "SYS_RAWIO", "DAC_READ_SEARCH" };
	const char *name = node_str(n, "");

	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (size_t i = 0; i < ARRAY_SIZE(powerful); i++)
		if (!strcasecmp(name, powerful[i]))
			reach(r, rule, n, n->s);
}

static void look_any(struct reaching *r, const struct reach_rule *rule, const struct node *n)
{
	if (!is_null(n))
		reach(r, rule, n, node_str(n, ""));
}

static const struct reach_rule service_rules[] = {
	{ "env_file.*.path", "env_file", look_path, true },
	{ "label_file.*", "label_file", look_path, true },
	{ "build.context", "build context", look_context, false },
	{ "build", "Dockerfile", look_dockerfile, false },
	{ "build.additional_contexts.*", "additional build context", look_context, false },
	{ "build.ssh", "ssh agent or key for a build", look_any, false },
	{ "build.cache_from.*", "cache", look_cache, false },
	{ "build.cache_to.*", "cache", look_cache, false },
	{ "build.privileged", "privileged build", look_true, false },
	{ "volumes.*", "bind mount of", look_mount, false },
	{ "devices.*", "device", look_device, false },
	{ "device_cgroup_rules.*", "devices by rule", look_any, false },
	{ "develop.watch.*.path", "watched path", look_path, false },
	{ "credential_spec.file", "credential_spec", look_path, false },
	{ "cap_add.*", "capability", look_capability, false },
	{ "privileged", "privileged", look_true, false },
	{ "use_api_socket", "use_api_socket", look_true, false },
	{ "security_opt.*", "security_opt", look_security, false },
	{ "volumes_from.*", "volumes_from", look_host, false },
	{ "runtime", "runtime", look_any, false },
	{ "post_start.*.privileged", "privileged post_start", look_true, false },
	{ "pre_stop.*.privileged", "privileged pre_stop", look_true, false },
	{ "cgroup", "cgroup", look_host, false },
	{ "ipc", "ipc", look_host, false },
	{ "network_mode", "network_mode", look_host, false },
	{ "pid", "pid", look_host, false },
	{ "userns_mode", "userns_mode", look_host, false },
	{ "uts", "uts", look_host, false },
	{ "provider.type", "program run as provider", look_any, false },
};
static const struct reach_rule volume_rules[] = {
	{ "driver_opts", "volume of", look_options, false },
	{ "external", "volume of somebody else: external", look_true, false },
};
static const struct reach_rule file_rules[] = {
	{ "file", "file", look_path, false },
};

static void look_at(struct reaching *r, const struct reach_rule *rule, const struct node *n,
		    const char *at)
{
	autofree char *key = NULL;
	const char *rest;

	if (!n)
		return;
	if (!*at)
		return rule->look(r, rule, n);
	rest = at + strcspn(at, ".");
	key = xstrndup(at, (size_t)(rest - at));
	rest += *rest == '.';
	if (!streq(key, "*"))
		return look_at(r, rule, node_get(n, key), rest);
	node_each(m, n) look_at(r, rule, m->value, rest);
	node_item(x, n) look_at(r, rule, x, rest);
}

void check_reaches(struct pass *ps)
{
	static const struct {
		const char *section;
		const struct reach_rule *rules;
		size_t n;
	} sections[] = {
		{ "services", service_rules, ARRAY_SIZE(service_rules) },
		{ "volumes", volume_rules, ARRAY_SIZE(volume_rules) },
		{ "configs", file_rules, ARRAY_SIZE(file_rules) },
		{ "secrets", file_rules, ARRAY_SIZE(file_rules) },
	};
	struct reaching r = { .ps = ps };

	if (!ps->remotes->n)
		return;
	for (size_t s = 0; s < ARRAY_SIZE(sections); s++)
		node_each(m, node_get(ps->tree->root, sections[s].section))
		{
			for (size_t i = 0; i < sections[s].n; i++)
				look_at(&r, &sections[s].rules[i], m->value,
					sections[s].rules[i].at);
		}
	reaches_allowed(ps, r.found.v, r.found.n);
	vec_done(&r.found);
}
