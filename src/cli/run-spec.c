/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run-spec.h"

#include "compose/dotenv.h"
#include "compose/shellwords.h"
#include "util/env.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/path.h"

#include <unistd.h>

#define LABEL_SLUG "com.docker.compose.slug"

/* ---- --volume and --publish: short forms of the language, read as it reads them ---- */

static json_t *strings(const struct strv *list)
{
	json_t *j = json_array();

	strv_foreach (s, list)
		json_array_append_new(j, json_string(s));
	return j;
}

/* A project of one service that has only these. */
static char *small_project(const struct run_opts *o)
{
	autojson *j = json_pack("{s:{s:{s:s, s:o, s:o}}}", "services", "run", "image", "run",
				"volumes", strings(&o->volumes), "ports", strings(&o->publish));

	return json_text(j);
}

static void take_mounts(const struct model *m, struct container_spec *from,
			struct container_spec *to)
{
	vec_foreach (x, &from->mounts) {
		vec_foreach (v, &m->volumes)
			if (x->type == MOUNT_VOLUME && streq0(x->source, v->key)) {
				free(x->source);
				x->source = xstrdup(v->spec.name);
			}
		for (size_t i = to->mounts.n; i-- > 0;)
			if (streq(to->mounts.v[i].target, x->target)) {
				mount_spec_done(&to->mounts.v[i]);
				vec_remove(&to->mounts, i);
			}
		*vec_add(&to->mounts) = *x;
	}
	vec_foreach (x, &from->ports)
		*vec_add(&to->ports) = *x;
	/* Both are to's now. */
	from->mounts.n = from->ports.n = 0;
}

static int load_small(const struct project *p, const char *path, struct container_spec *to,
		      struct findings *f)
{
	struct load_options opt = { .project_dir = p->model->dir,
				    .project_name = "run",
				    .environ = &p->tree->env,
				    .no_interpolate = true,
				    .no_consistency = true };
	autocall(project_tree_freep) struct project_tree *tree = NULL;
	autocall(model_freep) struct model *m = NULL;
	int r;

	strv_push(&opt.files, path);
	r = project_load(&opt, &tree, f);
	strv_done(&opt.files);
	if (r == 0)
		r = model_new(tree, &m, f);
	if (r == 0)
		take_mounts(p->model, &model_service(m, "run")->spec, to);
	return r;
}

static int add_volumes_and_ports(const struct project *p, const struct run_opts *o,
				 struct container_spec *spec, struct error *err)
{
	autofree char *text = small_project(o), *path = NULL;
	struct findings f = { 0 };
	autoclose int fd = -1;
	int r;

	if (!o->volumes.n && !o->publish.n)
		return 0;
	r = fd_of_bytes("run", text, strlen(text), &fd, err);
	if (r < 0)
		return r;
	path = xprintf("/proc/self/fd/%d", fd);
	r = load_small(p, path, spec, &f);
	if (r < 0)
		error_set(err, ERR_INVALID, "--volume, --publish: %s",
			  f.list.n ? f.list.v[0].message : "not understood");
	findings_done(&f);
	return r;
}

/* ---- the rest ---- */

/* KEY alone: our own environment's value, or nothing. */
static void set_env(const struct project *p, struct container_spec *spec, const char *text)
{
	struct str key, value;
	bool has_value = str_cut(str_of(text), '=', &key, &value);
	autofree char *name = str_dup(key);
	const char *v = has_value ? value.p : strmap_get(&p->tree->env, name);

	if (v)
		strv_env_set(&spec->env, name, v);
}

static int set_env_files(const struct project *p, const struct run_opts *o,
			 struct container_spec *spec, struct error *err)
{
	autocall(arena_freep) struct arena *arena = arena_new();
	automap values = { 0 };
	struct var_maps seen = { .maps = { &p->tree->env } };
	struct dotenv d = { .vars = { var_maps_get, &seen }, .values = &values };
	autofree char *cwd = getcwd(NULL, 0);

	strv_foreach (file, &o->env_files) {
		autofree char *path = path_absolute(cwd ? cwd : "/", file);
		int r = dotenv_read(&d, arena, path, DOTENV_PLAIN, err);

		if (r < 0)
			return r;
	}
	map_foreach (e, &values)
		if (e->value)
			strv_env_set(&spec->env, e->key, e->value);
	return 0;
}

static int set_command(const struct run_opts *o, const struct strv *args,
		       struct container_spec *spec, struct error *err)
{
	if (o->entrypoint) {
		strv_done(&spec->entrypoint);
		strv_done(&spec->command);
		spec->has_entrypoint = spec->has_command = true;
		if (shell_words(o->entrypoint, &spec->entrypoint, err) < 0)
			return error_wrap(err, "--entrypoint");
	}
	if (args->n < 2)
		return 0;
	spec->has_command = true;
	strv_done(&spec->command);
	for (size_t i = 1; i < args->n; i++)
		strv_push(&spec->command, args->v[i]);
	return 0;
}

static void set_labels(const struct run_opts *o, const char *slug, struct container_spec *spec)
{
	strmap_set(&spec->labels, LABEL_ONEOFF, "True");
	strmap_set(&spec->labels, LABEL_SLUG, slug);
	map_remove(&spec->labels, LABEL_NUMBER);
	strv_foreach (l, &o->labels) {
		struct str key, value;
		bool has_value = str_cut(str_of(l), '=', &key, &value);
		autofree char *name = str_dup(key);

		strmap_set(&spec->labels, name, has_value ? value.p : "");
	}
}

static void replace(char **s, const char *with)
{
	if (!with)
		return;
	free(*s);
	*s = xstrdup(with);
}

static void set_plain(const struct project *p, const struct run_opts *o, const char *service,
		      struct container_spec *spec)
{
	bool terminal = isatty(STDIN_FILENO) && p->cli->tty_out;
	char slug[13];

	random_hex(6, slug);
	free(spec->name);
	spec->name = o->name ? xstrdup(o->name) : xprintf("%s-%s-run-%s", p->name, service, slug);
	replace(&spec->user, o->user);
	replace(&spec->working_dir, o->workdir);
	strv_extend(&spec->cap_add, &o->cap_add);
	strv_extend(&spec->cap_drop, &o->cap_drop);
	spec->auto_remove = o->remove && o->detach;
	spec->restart = RESTART_NO;
	spec->stdin_open = o->interactive && !o->detach;
	spec->tty = o->tty && !o->no_tty && (o->detach ? spec->tty : terminal);
	set_labels(o, slug, spec);
}

/* Nobody but it answers to the service's names and ports, unless that is asked for. */
static void hide_service(const struct run_opts *o, struct container_spec *spec)
{
	if (!o->service_ports) {
		vec_foreach (x, &spec->ports) {
			free(x->host_ip);
			free(x->protocol);
		}
		spec->ports.n = 0;
	}
	vec_foreach (a, &spec->networks) {
		if (!o->use_aliases)
			strv_done(&a->aliases);
		strv_push(&a->aliases, spec->name);
	}
}

int run_spec(const struct project *p, const struct run_opts *o, const struct strv *args,
	     struct container_spec *ret, struct error *err)
{
	const struct service *s = model_service(p->model, args->v[0]);
	int r;

	service_replica(p->model, s, 1, strmap_get(&p->world.images, s->image), ret);
	set_plain(p, o, s->name, ret);
	hide_service(o, ret);
	r = set_command(o, args, ret, err);
	if (r == 0)
		r = set_env_files(p, o, ret, err);
	strv_foreach (e, &o->env)
		set_env(p, ret, e);
	return r < 0 ? r : add_volumes_and_ports(p, o, ret, err);
}
