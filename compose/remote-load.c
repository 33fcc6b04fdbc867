/* SPDX-License-Identifier: Apache-2.0 */
/* Files that -f, include and extends name: of this machine, or fetched from another one. */
#include "compose/loader.h"

#include "util/path.h"

static struct remote *keep_copy(struct pass *ps, const char *url, struct remote_copy *copy)
{
	struct remote *r = arena_new_of(ps->arena, struct remote);
	autofree char *shown = remote_shown(url);

	r->url = arena_strdup(ps->arena, shown);
	r->root = arena_strdup(ps->arena, copy->root);
	r->file = arena_strdup(ps->arena, copy->file);
	r->prefix = arena_strdup(ps->arena, copy->prefix);
	remote_copy_done(copy);
	map_set(ps->remotes, url, r);
	strv_push(&ps->tree->remotes, r->url);
	return r;
}

static struct place place_of(const struct node *n)
{
	return n ? n->at : (struct place){ 0 };
}

static const char *why_not(struct pass *ps, enum remote_kind kind, bool by_user)
{
	if (kind == REMOTE_OTHER)
		return "only git repositories (https://HOST/PATH.git) and oci:// can be read from "
		       "another machine";
	if (kind == REMOTE_GIT_FILE && !by_user)
		return "file:// is for -f alone: no other file may name it";
	if (!ps->opt->remotes)
		return "files of other machines can't be read here";
	if (ps->remotes->n >= LIMIT_REMOTES)
		return "more than 100 files of other machines";
	return NULL;
}

static int fetch(struct pass *ps, const char *url, const struct node *by, struct file_name *ret)
{
	const struct remotes *how = ps->opt->remotes;
	const char *why = why_not(ps, remote_kind(url), !by);
	struct remote_copy copy = { 0 };
	struct error err = ERROR_INIT;
	autofree char *shown = remote_shown(url);
	struct remote *r = map_get(ps->remotes, url);

	if (!r) {
		if (why)
			return finding_error(ps->findings, place_of(by), "%s: %s", shown, why);
		if (how->fetch(how->userdata, url, !by, &copy, &err) < 0)
			return finding_error(ps->findings, place_of(by), "%s", err.msg);
		r = keep_copy(ps, url, &copy);
	}
	ret->path = r->file;
	ret->remote = r;
	return 0;
}

bool reaches_allowed(struct pass *ps, const struct reach *v, size_t n)
{
	const struct remotes *how = ps->opt->remotes;

	if (!n || (how && how->allow(how->userdata, v, n)))
		return true;
	for (size_t i = 0; i < n; i++) {
		finding_error(ps->findings, v[i].at,
			      "a file of another machine may not have this without consent: %s %s",
			      v[i].what, v[i].path);
		if (how)
			finding_hint(ps->findings, "%s", how->how);
	}
	return false;
}

int find_file(struct pass *ps, const char *written, const struct node *by, const char *why,
	      struct file_name *ret)
{
	const struct remote *from = by && by->at.source ? by->at.source->remote : NULL;
	autofree char *path = NULL;

	if (remote_kind(written) != REMOTE_NONE)
		return fetch(ps, written, by, ret);
	if (!by && streq(written, "-")) {
		*ret = (struct file_name){ .path = "-" };
		return 0;
	}
	path = path_absolute(by ? ps->load_dir : ps->cwd, written);
	*ret = (struct file_name){ .path = arena_strdup(ps->arena, path) };
	if (from && remote_has(from, path))
		ret->remote = from;
	else if (from && !reaches_allowed(ps,
					  &(struct reach){ .at = by->at,
							   .what = why,
							   .path = ret->path,
							   .read_now = true },
					  1))
		return -ERR_INVALID;
	return 0;
}

int load_source(struct pass *ps, const struct file_name *file, const struct node *named_by,
		const char *why, struct loaded_file *ret)
{
	struct place at = place_of(named_by);
	struct error err = ERROR_INIT;
	struct source *source;

	if (source_read(ps->arena, file->path, &source, &err) < 0)
		return finding_error(ps->findings, at, "%s", err.msg);
	source->from = at.source;
	source->why = why;
	source->from_line = at.line;
	source->from_column = at.column;
	source->remote = file->remote;
	if (file->remote)
		source->name = arena_printf(ps->arena, "%s%s", file->remote->prefix,
					    path_below(file->remote->root, file->path));
	ret->source = source;
	return yaml_parse(ps->arena, source, &ps->visits, &ret->docs, ps->findings);
}

/* -- what they see of the environment -- */

static bool is_remote_node(const struct node *n)
{
	return n && n->at.source && n->at.source->remote;
}

static void note_variable(struct pass *ps, const struct variable *v)
{
	struct remote_variable *x;

	vec_foreach (known, &ps->tree->remote_vars)
		if (streq(known->name, v->name))
			return;
	x = vec_add(&ps->tree->remote_vars);
	*x = (struct remote_variable){
		.name = arena_strdup(ps->arena, v->name),
		.default_value = arena_strdup(ps->arena, v->default_value),
		.required = v->required,
	};
	x->value = var_maps_get(&ps->vars, v->name, &x->origin);
	if (!x->value)
		return;
	x->value = arena_strdup(ps->arena, x->value);
	x->origin = arena_strdup(ps->arena, x->origin ? x->origin : "environment");
}

void note_variables(struct pass *ps, const struct node *doc)
{
	struct variables vars = { .arena = ps->arena };

	if (!is_remote_node(doc))
		return;
	variables_collect(&vars, doc);
	vec_foreach (v, &vars.list)
		note_variable(ps, v);
	variables_done(&vars);
}

const char *env_get_for(struct pass *ps, const struct node *at, const char *name)
{
	const char *value = strmap_get(ps->env, name);

	/* Without interpolation nothing else of the environment gets into the project. */
	if (ps->opt->no_interpolate && !streq(name, "COMPOSE_PROJECT_NAME"))
		return NULL;
	if (value && is_remote_node(at))
		note_variable(ps, &(struct variable){ .name = name, .default_value = "" });
	return value;
}

const char *var_maps_get_noted(void *userdata, const char *name, const char **ret_origin)
{
	struct pass *ps = userdata;
	const char *value = var_maps_get(&ps->vars, name, ret_origin);

	if (value)
		note_variable(ps, &(struct variable){ .name = name, .default_value = "" });
	return value;
}
