/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/loader.h"

#include "util/path.h"

static int interpolate_document(struct pass *ps, struct node **doc)
{
	const struct interp_options opt = {
		.vars = { var_maps_get, &ps->vars },
		.cast_of = schema_cast,
	};

	if (ps->opt->no_interpolate)
		return 0;
	return interpolate_tree(ps->arena, *doc, &opt, doc, ps->findings);
}

static void drop_version(struct pass *ps, struct node *tree, const struct source *source)
{
	const struct node *version = node_get(tree, "version");

	if (!version)
		return;
	finding_warning(ps->findings, version->at,
			"the attribute `version` is obsolete, it will be ignored, please remove it "
			"to avoid potential confusion");
	node_unset(tree, "version");
}

/* Before the forms are checked, which what another file repeats must not break. */
static void drop_repeats(struct pass *ps, struct node *tree)
{
	ps->unchecked = true;
	enforce_unique(ps, tree);
	ps->unchecked = false;
}

/* The last steps of each document: what it added becomes canonical. */
static int settle(struct pass *ps, struct node *tree)
{
	to_canonical(ps, tree);
	if (!pass_failed(ps))
		enforce_unique(ps, tree);
	return pass_failed(ps) ? -ERR_INVALID : 0;
}

static int own_document(struct pass *ps, const struct node *parsed, struct resets *rs,
			struct node **ret)
{
	if (!is_map(parsed))
		return pass_fail(ps, parsed, "top-level object must be a mapping, not a %s",
				 node_kind_name(parsed->kind));
	*ret = node_copy_deep(ps->arena, parsed);
	resets_collect(ps, *ret, rs);
	note_variables(ps, *ret);
	return interpolate_document(ps, ret);
}

static int load_document(struct pass *ps, const struct loaded_file *file, const struct node *parsed,
			 const struct file_step *up, struct node **tree, struct resets *rs)
{
	const struct file_step step = { up, file->source };
	struct node *doc = NULL;
	int r = own_document(ps, parsed, rs, &doc);

	/* What variables are missing and what else is wrong is told at once. */
	if (r < 0 && doc && !*tree)
		check_schema(ps, doc);
	if (r == 0)
		r = apply_extends(ps, doc, file->source, rs);
	if (r < 0)
		return r;
	resets_apply(rs, *tree);
	r = apply_include(ps, doc, &step);
	if (r < 0)
		return r;
	*tree = *tree ? merge_trees(ps, *tree, doc) : doc;
	drop_repeats(ps, *tree);
	if (!pass_failed(ps))
		check_schema(ps, *tree);
	if (pass_failed(ps))
		return -ERR_INVALID;
	drop_version(ps, *tree, file->source);
	return settle(ps, *tree);
}

static int load_file(struct pass *ps, const struct loaded_file *file, const struct file_step *up,
		     struct node **tree)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < file->docs.n; i++) {
		struct resets rs = { 0 };

		r = load_document(ps, file, file->docs.v[i], up, tree, &rs);
		resets_done(&rs);
	}
	return r;
}

int load_plain_file(struct pass *ps, const struct loaded_file *file, struct node **tree,
		    struct resets *ret_resets)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < file->docs.n; i++) {
		struct node *doc;

		r = own_document(ps, file->docs.v[i], ret_resets, &doc);
		if (r < 0)
			return r;
		resets_apply(ret_resets, *tree);
		*tree = *tree ? merge_trees(ps, *tree, doc) : doc;
		drop_repeats(ps, *tree);
		r = pass_failed(ps) ? -ERR_INVALID : settle(ps, *tree);
	}
	return r;
}

int load_files(struct pass *ps, const struct loaded_file *files, size_t n,
	       const struct file_step *up, struct node **ret)
{
	struct node *tree = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = load_file(ps, &files[i], up, &tree);
	if (r < 0)
		return r;
	if (!tree)
		tree = node_new(ps->arena, NODE_MAP, (struct place){ 0 });
	fill_defaults(ps, tree);
	check_fields(ps, tree);
	if (ps->resolve_paths)
		resolve_paths(ps, tree);
	resolve_environment(ps, tree);
	*ret = tree;
	return pass_failed(ps) ? -ERR_INVALID : 0;
}

/* The files that the user named, parsed; the name of the project needs them before they are loaded.
 */
static int parse_files(struct pass *ps, struct loaded_file *files)
{
	int r = 0;

	for (size_t i = 0; i < ps->tree->files.n; i++) {
		char **name = &ps->tree->files.v[i];
		struct file_name file = { 0 };

		if (find_file(ps, *name, NULL, NULL, &file) < 0 ||
		    load_source(ps, &file, NULL, NULL, &files[i]) < 0)
			r = -ERR_INVALID;
		if (files[i].source)
			*vec_add(&ps->tree->sources) = files[i].source;
		if (file.remote) {
			free(*name);
			*name = xstrdup(file.remote->url);
		}
	}
	return r;
}

/* Paths are relative to the first file that came from another machine, if one did, as Docker
 * Compose has it; the name was taken from the directory that the user is in. */
static void settle_directory(struct pass *ps, const struct loaded_file *files)
{
	for (size_t i = 0; i < ps->tree->files.n; i++) {
		const struct source *s = files[i].source;
		autofree char *dir = NULL;

		if (!s->remote)
			continue;
		dir = path_dir(s->path);
		ps->tree->dir = arena_strdup(ps->arena, dir);
		ps->work_dir = ps->load_dir = ps->tree->dir;
		return;
	}
}

/* From the merged tree to the canonical project. */
static int finish(struct pass *ps)
{
	struct project_tree *t = ps->tree;
	const struct load_options *opt = ps->opt;

	map_put_string(ps, t->root, "name", t->name);
	t->root = decode_tree(ps, t->root);
	if (pass_failed(ps))
		return -ERR_INVALID;
	select_profiles(ps);
	if (!opt->no_consistency)
		check_consistency(ps);
	check_reaches(ps);
	if (pass_failed(ps))
		return -ERR_INVALID;
	if (!opt->skip_env_files)
		read_env_files(ps, t->root);
	read_label_files(ps, t->root);
	if (pass_failed(ps) || select_services(ps) < 0)
		return -ERR_INVALID;
	if (!opt->no_consistency && !opt->skip_env_files) {
		check_container_names(ps);
		check_port_clashes(ps);
	}
	return pass_failed(ps) ? -ERR_INVALID : 0;
}

static int load_project(struct pass *ps)
{
	struct project_tree *t = ps->tree;
	autofree struct loaded_file *files = xnewn(struct loaded_file, t->files.n);
	int r = parse_files(ps, files);

	if (r == 0)
		r = find_name(ps, files, t->files.n);
	if (r == 0) {
		settle_directory(ps, files);
		r = load_files(ps, files, t->files.n, NULL, &t->root);
	}
	if (r < 0)
		return r;
	if (!t->root->map.n)
		return finding_error(ps->findings, (struct place){ .source = files[0].source },
				     "empty compose file");
	if (!ps->opt->no_normalize)
		normalize(ps, t->root);
	return ps->opt->no_interpolate ? 0 : finish(ps);
}

static int peek_project(struct pass *ps)
{
	autofree struct loaded_file *files = xnewn(struct loaded_file, ps->tree->files.n);
	int r = parse_files(ps, files);

	if (r == 0)
		r = find_name(ps, files, ps->tree->files.n);
	if (r == 0)
		settle_directory(ps, files);
	return r;
}

static int run(const struct load_options *opt, struct project_tree **ret, struct findings *f,
	       int (*how)(struct pass *ps))
{
	autocall(project_tree_freep) struct project_tree *t = xnew(struct project_tree);
	automap remotes = { 0 };
	struct pass ps = {
		.findings = f,
		.remotes = &remotes,
		.opt = opt,
		.tree = t,
		.errors_before = f->n_errors,
		.resolve_paths = !opt->no_path_resolution,
	};
	int r;

	ps.arena = t->arena = arena_new();
	t->files_unread = opt->skip_env_files;
	r = find_project(&ps);
	if (r == 0)
		r = how(&ps);
	if (r < 0) {
		*vec_add(&f->arenas) = TAKE_PTR(t->arena);
		return r;
	}
	*ret = TAKE_PTR(t);
	return 0;
}

int project_load(const struct load_options *opt, struct project_tree **ret, struct findings *f)
{
	return run(opt, ret, f, load_project);
}

int project_peek(const struct load_options *opt, struct project_tree **ret, struct findings *f)
{
	return run(opt, ret, f, peek_project);
}

struct project_tree *project_tree_free(struct project_tree *t)
{
	if (!t)
		return NULL;
	arena_free(t->arena);
	strv_done(&t->files);
	strv_done(&t->env_files);
	strv_done(&t->profiles);
	strv_done(&t->env_read);
	strv_done(&t->remotes);
	vec_done(&t->remote_vars);
	vec_done(&t->sources);
	map_done(&t->env);
	map_done(&t->env_origin);
	map_done(&t->disabled);
	free(t);
	return NULL;
}
