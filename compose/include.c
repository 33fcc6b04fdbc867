/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/loader.h"

#include "util/path.h"

#include <sys/stat.h>

struct inclusion {
	const struct node *at;
	const struct node *project_directory; /* NULL: the first file's */
	VEC(struct file_name) paths;	      /* the first, and its overrides */
	struct strv env_files;		      /* absolute */
	const char *dir;		      /* absolute */
	const char *work_dir;		      /* as the project sees it */
};

static void inclusion_done(struct inclusion *in)
{
	vec_done(&in->paths);
	strv_done(&in->env_files);
}

static int add_path(struct pass *ps, const struct node *n, struct inclusion *in)
{
	struct file_name file;

	if (!is_string(n))
		return pass_fail(ps, n, "include: a path must be a string, not a %s",
				 node_kind_name(n->kind));
	if (find_file(ps, n->s, n, "include", &file) < 0)
		return -ERR_INVALID;
	*vec_add(&in->paths) = file;
	ps->tree->local_includes += !file.remote;
	return 0;
}

/* Of this machine, or what came with the file that names it. */
static int add_env_file(struct pass *ps, const struct node *n, struct inclusion *in)
{
	struct file_name file;

	if (!is_string(n))
		return pass_fail(ps, n, "include: a path must be a string, not a %s",
				 node_kind_name(n->kind));
	if (remote_kind(n->s) != REMOTE_NONE)
		return pass_fail(ps, n, "include: an env_file can't be of another machine");
	if (find_file(ps, n->s, n, "env_file", &file) < 0)
		return -ERR_INVALID;
	strv_push(&in->env_files, file.path);
	return 0;
}

static int add_each(struct pass *ps, const struct node *n, struct inclusion *in,
		    int (*add)(struct pass *ps, const struct node *n, struct inclusion *in))
{
	int r = 0;

	if (is_null(n))
		return 0;
	if (!is_list(n))
		return add(ps, n, in);
	node_item(x, n)
	{
		if (add(ps, x, in) < 0)
			r = -ERR_INVALID;
	}
	return r;
}

static int check_env_files(struct pass *ps, const struct inclusion *in)
{
	struct stat st;

	strv_foreach (f, &in->env_files) {
		if (stat(f, &st) < 0)
			return pass_fail(ps, in->at, "stat %s: no such file or directory", f);
		if (S_ISDIR(st.st_mode))
			return pass_fail(ps, in->at, "%s is not a file", f);
	}
	return 0;
}

static void default_env_file(struct inclusion *in)
{
	autofree char *path = path_join(in->dir, ".env");
	const struct node *by = in->project_directory;
	const struct remote *remote = !by	      ? in->paths.v[0].remote
				      : by->at.source ? by->at.source->remote
						      : NULL;
	struct stat st;

	if (remote && !remote_has(remote, path))
		return;
	if (!in->env_files.n && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		strv_push(&in->env_files, path);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Paths are relative to the directory; to its parent when it isn't there, as Docker Compose has it.
 */
static void find_directories(struct pass *ps, struct inclusion *in)
{
	const char *given = node_str(in->project_directory, "");
	autofree char *dir = *given ? path_absolute(ps->load_dir, given)
				    : path_dir(in->paths.v[0].path);
	autofree char *parent = path_dir(dir);
	autofree char *relative = path_relative(ps->load_dir, is_directory(dir) ? dir : parent);

	in->dir = arena_strdup(ps->arena, dir);
	in->work_dir = *given == '/' ? in->dir : arena_strdup(ps->arena, relative);
}

static int parse_inclusion(struct pass *ps, const struct node *n, struct inclusion *in)
{
	int r;

	*in = (struct inclusion){ .at = n };
	r = add_each(ps, is_map(n) ? node_get(n, "path") : n, in, add_path);
	if (r < 0)
		return r;
	if (!in->paths.n)
		return pass_fail(ps, n, "include: a path is missing");
	in->project_directory = node_get(n, "project_directory");
	r = add_each(ps, node_get(n, "env_file"), in, add_env_file);
	if (r == 0)
		r = check_env_files(ps, in);
	find_directories(ps, in);
	default_env_file(in);
	return r;
}

static void say_chain(struct buf *out, const struct file_step *st)
{
	if (st->up)
		say_chain(out, st->up);
	buf_addf(out, "\n%s%s", st->up ? " include " : "", st->file->name);
}

static int check_cycle(struct pass *ps, const struct inclusion *in, const struct file_step *from)
{
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	for (const struct file_step *s = from; s; s = s->up) {
		if (!streq(s->file->path, in->paths.v[0].path))
			continue;
		say_chain(&text, from);
		return pass_fail(ps, in->at, "include cycle detected:%s\n include %s", text.p,
				 s->file->name);
	}
	return 0;
}

static int import_section(struct pass *ps, struct node *imported, struct node *doc,
			  const char *section)
{
	struct node *from = node_get(imported, section), *to = node_get(doc, section);

	if (!is_map(from))
		return 0;
	if (is_null(to)) {
		to = map_like(ps, from);
		map_put(ps, doc, section, to);
	}
	if (!is_map(to))
		return pass_fail(ps, to, "%s must be a mapping", section);
	node_each(m, from)
	{
		const struct node *have = node_get(to, m->key);

		if (!have)
			node_add(ps->arena, to, m->key, m->key_at, m->value);
		else if (!node_equal(have, m->value)) {
			pass_fail(ps, have, "%s.%s conflicts with imported resource", section,
				  m->key);
			finding_hint(ps->findings, "an included one can be changed by an override "
						   "file, not by the file that includes it");
		}
	}
	return 0;
}

static void import(struct pass *ps, struct node *imported, struct node *doc)
{
	static const char *const sections[] = { "services", "volumes", "networks",
						"secrets",  "configs", "models" };

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		import_section(ps, imported, doc, sections[i]);
}

/* The files of an inclusion, in their own directory and environment. */
static int load_inclusion(struct pass *ps, const struct inclusion *in, const struct map *env,
			  const struct file_step *from, struct node **ret)
{
	autofree struct loaded_file *files = xnewn(struct loaded_file, in->paths.n);
	struct pass outer = *ps;
	int r = 0;

	ps->work_dir = in->work_dir;
	ps->load_dir = in->dir;
	ps->env = env;
	ps->vars = (struct var_maps){ .maps = { env } };
	ps->resolve_paths = true;
	for (size_t i = 0; r == 0 && i < in->paths.n; i++)
		r = load_source(ps, &in->paths.v[i], in->at, "include", &files[i]);
	if (r == 0)
		r = load_files(ps, files, in->paths.n, from, ret);
	outer.visits = ps->visits;
	outer.ports = ps->ports;
	*ps = outer;
	return r;
}

static int include_one(struct pass *ps, const struct node *n, struct node *doc,
		       const struct file_step *from)
{
	__attribute__((cleanup(inclusion_done))) struct inclusion in = { 0 };
	automap env = { 0 };
	struct var_lookup vars;
	struct node *imported = NULL;
	int r = parse_inclusion(ps, n, &in);

	if (r == 0)
		r = check_cycle(ps, &in, from);
	if (r < 0)
		return r;
	vars = in.paths.v[0].remote ? (struct var_lookup){ var_maps_get_noted, ps }
				    : (struct var_lookup){ var_maps_get, &ps->vars };
	strmap_copy(&env, ps->env);
	r = read_env_into(ps, &in.env_files, vars, &env, NULL);
	if (r == 0)
		r = load_inclusion(ps, &in, &env, from, &imported);
	if (r == 0)
		import(ps, imported, doc);
	return r;
}

int apply_include(struct pass *ps, struct node *doc, const struct file_step *from)
{
	struct node *list = node_get(doc, "include");

	if (is_null(list)) {
		node_unset(doc, "include");
		return 0;
	}
	if (!is_list(list))
		return pass_fail(ps, list, "`include` must be a list, not a %s",
				 node_kind_name(list->kind));
	node_item(x, list) include_one(ps, x, doc, from);
	node_unset(doc, "include");
	return pass_failed(ps) ? -ERR_INVALID : 0;
}
