/* SPDX-License-Identifier: Apache-2.0 */
/* Which files make up the project, its directory, its environment and its name. */
#include "compose/pass.h"

#include "compose/dotenv.h"
#include "compose/loader.h"
#include "util/num.h"
#include "util/path.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const file_names[] = { "compose.yaml", "compose.yml", "docker-compose.yml",
					  "docker-compose.yaml" };
static const char *const override_names[] = { "compose.override.yml", "compose.override.yaml",
					      "docker-compose.override.yml",
					      "docker-compose.override.yaml" };

static const struct place no_place;

/* getcwd(), by the name that PWD gives it when that is the same directory. */
static char *working_directory(const struct map *process)
{
	const char *pwd = strmap_get(process, "PWD");
	char here[PATH_MAX];
	struct stat a, b;

	if (pwd && *pwd == '/' && stat(pwd, &a) == 0 && stat(".", &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return xstrdup(pwd);
	return xstrdup(getcwd(here, sizeof(here)) ? here : "/");
}

static void add_variable(struct pass *ps, const char *name, const char *value, const char *origin)
{
	strmap_set(&ps->tree->env, name, value);
	strmap_set(&ps->tree->env_origin, name, origin);
}

static void add_process_environment(struct pass *ps)
{
	map_foreach (e, ps->opt->environ)
		add_variable(ps, e->key, e->value, "environment");
	if (!map_has(&ps->tree->env, "PWD"))
		add_variable(ps, "PWD", ps->cwd, "working directory");
}

/* The directory that paths are relative to, as far as it is known: files may not be, yet. */
static char *project_directory(struct pass *ps)
{
	if (ps->opt->project_dir && *ps->opt->project_dir)
		return path_absolute(ps->cwd, ps->opt->project_dir);
	strv_foreach (f, &ps->tree->files) {
		autofree char *abs = NULL;

		if (streq(f, "-"))
			continue;
		if (remote_kind(f) != REMOTE_NONE)
			break;
		abs = path_absolute(ps->cwd, f);
		return path_dir(abs);
	}
	return xstrdup(ps->cwd);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* The --env-file ones, else .env of the directory when there is one. */
static int find_env_files(struct pass *ps, struct strv *ret)
{
	const char *given = strmap_get(ps->opt->environ, "COMPOSE_ENV_FILES");
	const char *disabled = strmap_get(ps->opt->environ, "COMPOSE_DISABLE_ENV_FILE");
	autofree char *dir = NULL, *path = NULL;
	autostrv names = { 0 };
	bool off = false;

	strv_copy(&names, &ps->opt->env_files);
	if (!names.n && given)
		strv_split(&names, str_of(given), ',');
	strv_foreach (f, &names) {
		autofree char *abs = *f ? path_absolute(ps->cwd, f) : NULL;

		if (abs)
			strv_push(ret, abs);
	}
	if (ret->n)
		return 0;
	if (disabled && num_parse_bool(disabled, &off) < 0)
		return finding_error(ps->findings, no_place,
				     "COMPOSE_DISABLE_ENV_FILE: \"%s\" is not true or false",
				     disabled);
	if (off)
		return 0;
	dir = project_directory(ps);
	path = path_join(dir, ".env");
	if (is_file(path))
		strv_push(ret, path);
	return 0;
}

static int read_env_file(struct pass *ps, const char *path, struct dotenv *d)
{
	struct error err = ERROR_INIT;
	struct stat st;
	int r;

	if (stat(path, &st) < 0 && errno == ENOENT)
		return finding_error(ps->findings, no_place, "couldn't find env file: %s", path);
	if (S_ISDIR(st.st_mode))
		return finding_error(ps->findings, no_place, "%s is a directory", path);
	r = dotenv_read(d, ps->arena, path, DOTENV_PLAIN, &err);
	return r < 0 ? finding_error(ps->findings, no_place, "%s", err.msg) : 0;
}

int read_env_into(struct pass *ps, const struct strv *files, struct var_lookup vars,
		  struct map *env, struct map *origins)
{
	automap values = { 0 }, from = { 0 };
	struct dotenv d = {
		.vars = vars,
		.values = &values,
		.origins = &from,
		.warnings = ps->findings,
	};

	strv_foreach (f, files) {
		int r = read_env_file(ps, f, &d);

		if (r < 0)
			return r;
	}
	map_foreach (e, &values) {
		if (map_has(env, e->key))
			continue;
		strmap_set(env, e->key, e->value);
		if (origins)
			strmap_set(origins, e->key, strmap_get(&from, e->key));
	}
	return 0;
}

/* Read twice when the files that were found afterwards name another directory. */
static int read_dotenv(struct pass *ps, struct strv *done)
{
	struct var_maps vars = { .maps = { &ps->tree->env } };
	autostrv files = { 0 };
	int r = find_env_files(ps, &files);

	if (r < 0 || strv_eq(&files, done))
		return r;
	strv_copy(done, &files);
	strv_extend(&ps->tree->env_read, &files);
	return read_env_into(ps, &files, (struct var_lookup){ var_maps_get, &vars }, &ps->tree->env,
			     &ps->tree->env_origin);
}

/* Those of names that are in dir, absolute. */
static void find_files(const char *dir, const char *const *names, size_t n, struct strv *ret)
{
	for (size_t i = 0; i < n; i++) {
		char *path = path_join(dir, names[i]);

		if (path_exists(path))
			strv_take(ret, path);
		else
			free(path);
	}
}

static void take_first(struct pass *ps, const struct strv *found, const char *what)
{
	autofree char *all = strv_join(found, ", ");

	if (!found->n)
		return;
	if (found->n > 1) {
		finding_warning(ps->findings, no_place,
				"Found multiple %s files with supported names: %s", what, all);
		finding_warning(ps->findings, no_place, "Using %s", found->v[0]);
	}
	strv_push(&ps->tree->files, found->v[0]);
}

static void find_default_files(struct pass *ps)
{
	autofree char *dir = project_directory(ps);

	for (;;) {
		autostrv found = { 0 }, overrides = { 0 };
		char *up;

		find_files(dir, file_names, ARRAY_SIZE(file_names), &found);
		if (found.n) {
			take_first(ps, &found, "config");
			find_files(dir, override_names, ARRAY_SIZE(override_names), &overrides);
			take_first(ps, &overrides, "override");
			return;
		}
		up = path_dir(dir);
		if (streq(up, dir)) {
			free(up);
			return;
		}
		free(dir);
		dir = up;
	}
}

static void split_text(struct strv *l, const char *s, const char *sep)
{
	const char *p;

	while ((p = strstr(s, sep))) {
		strv_take(l, xstrndup(s, (size_t)(p - s)));
		s = p + strlen(sep);
	}
	strv_push(l, s);
}

static int files_from_environment(struct pass *ps)
{
	const char *files = strmap_get(&ps->tree->env, "COMPOSE_FILE");
	const char *sep = strmap_get(&ps->tree->env, "COMPOSE_PATH_SEPARATOR");
	autostrv names = { 0 };

	if (!files)
		return 0;
	split_text(&names, files, sep && *sep ? sep : ":");
	strv_foreach (f, &names) {
		autofree char *abs = NULL;

		if (streq(f, "-") || remote_kind(f) != REMOTE_NONE) {
			strv_push(&ps->tree->files, f);
			continue;
		}
		abs = path_absolute(ps->cwd, f);
		if (!path_exists(abs))
			return finding_error(ps->findings, no_place,
					     "stat %s: no such file or directory (COMPOSE_FILE)",
					     abs);
		strv_push(&ps->tree->files, abs);
	}
	return 0;
}

static void find_profiles(struct pass *ps)
{
	const char *names = strmap_get(&ps->tree->env, "COMPOSE_PROFILES");
	struct str rest = str_of(names ? names : ""), part;

	strv_copy(&ps->tree->profiles, &ps->opt->profiles);
	if (ps->tree->profiles.n)
		return;
	/* None is one with an empty name: a service whose profile is that (`${UNSET}`) is active.
	 */
	do {
		str_cut(rest, ',', &part, &rest);
		strv_take(&ps->tree->profiles, str_dup(str_trim(part)));
	} while (rest.n);
}

static void absolute_files(struct pass *ps)
{
	for (size_t i = 0; i < ps->tree->files.n; i++) {
		char **f = &ps->tree->files.v[i], *abs;

		if (streq(*f, "-") || remote_kind(*f) != REMOTE_NONE)
			continue;
		abs = path_absolute(ps->cwd, *f);
		free(*f);
		*f = abs;
	}
}

static int find_files_and_env(struct pass *ps)
{
	struct project_tree *t = ps->tree;
	autostrv read = { 0 };
	int r;

	strv_copy(&t->files, &ps->opt->files);
	absolute_files(ps);
	add_process_environment(ps);
	r = read_dotenv(ps, &read);
	if (r == 0 && !t->files.n)
		r = files_from_environment(ps);
	if (r == 0 && !t->files.n)
		find_default_files(ps);
	return r < 0 ? r : read_dotenv(ps, &read);
}

static void absolute_env_files(struct pass *ps)
{
	strv_foreach (f, &ps->opt->env_files)
		strv_take(&ps->tree->env_files, path_absolute(ps->cwd, f));
}

int find_project(struct pass *ps)
{
	autofree char *cwd = ps->opt->cwd ? xstrdup(ps->opt->cwd)
					  : working_directory(ps->opt->environ);
	autofree char *dir = NULL;
	int r;

	ps->cwd = arena_strdup(ps->arena, cwd);
	r = find_files_and_env(ps);
	if (r < 0)
		return r;
	absolute_env_files(ps);
	find_profiles(ps);
	dir = project_directory(ps);
	ps->tree->dir = arena_strdup(ps->arena, dir);
	ps->work_dir = ps->load_dir = ps->tree->dir;
	ps->env = &ps->tree->env;
	ps->vars = (struct var_maps){ .maps = { &ps->tree->env },
				      .origins = { &ps->tree->env_origin } };
	if (ps->tree->files.n)
		return 0;
	finding_error(ps->findings, no_place, "no configuration file provided: not found");
	finding_hint(ps->findings, "make a compose.yaml here, or name one with -f");
	return -ERR_NOT_FOUND;
}

static const char *normal_name(struct pass *ps, const char *s)
{
	autobuf b = { 0 };

	buf_init(&b, BUF_MAX_ANY);
	for (; *s; s++) {
		char c = char_lower(*s);

		if ((char_is_alnum(c) || c == '_' || c == '-') && (b.len || (c != '_' && c != '-')))
			buf_addc(&b, c);
	}
	return arena_strndup(ps->arena, b.p, b.len);
}

bool project_name_valid(const char *name)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name && *name != '_' && *name != '-' && !name[strspn(name, chars)];
}

static int given_name(struct pass *ps, const char *name)
{
	if (!project_name_valid(name))
		return finding_error(ps->findings, no_place,
				     "invalid project name \"%s\": must consist only of lowercase "
				     "alphanumeric characters, hyphens, and underscores as well as "
				     "start with a letter or number",
				     name);
	ps->tree->name = arena_strdup(ps->arena, name);
	return 0;
}

/* The last document that names the project. */
static const struct node *written_name(const struct loaded_file *files, size_t n)
{
	const struct node *ret = NULL;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < files[i].docs.n; k++) {
			const struct node *name = node_get(files[i].docs.v[k], "name");

			if (is_string(name) && *name->s)
				ret = name;
		}
	return ret;
}

static int name_from_files(struct pass *ps, const struct node *written)
{
	struct interp in = { .vars = { var_maps_get, &ps->vars } };
	struct error err = ERROR_INIT;
	const char *name = written->s;
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	if (!ps->opt->no_interpolate) {
		if (interpolate(&in, written->s, &out, &err) < 0)
			return pass_fail(ps, written, "error while interpolating name: %s",
					 err.msg);
		name = arena_strndup(ps->arena, out.p, out.len);
	}
	ps->tree->name = ps->opt->no_normalize ? name : normal_name(ps, name);
	return 0;
}

static void name_from_directory(struct pass *ps)
{
	autofree char *base = path_base(ps->tree->dir), *real_base = NULL;
	char real[PATH_MAX];

	if (realpath(ps->tree->dir, real))
		real_base = path_base(real);
	if (real_base && !streq(base, real_base))
		finding_warning(ps->findings, no_place,
				"project has been loaded without an explicit name from a symlink. "
				"Using name \"%s\"",
				base);
	ps->tree->name = normal_name(ps, base);
}

int find_name(struct pass *ps, const struct loaded_file *files, size_t n)
{
	const char *from_env = strmap_get(&ps->tree->env, "COMPOSE_PROJECT_NAME");
	const struct node *written = written_name(files, n);
	int r = 0;

	ps->tree->name = "";
	if (ps->opt->project_name && *ps->opt->project_name)
		r = given_name(ps, ps->opt->project_name);
	else if (from_env && *from_env)
		r = given_name(ps, from_env);
	else if (written)
		r = name_from_files(ps, written);
	else
		name_from_directory(ps);
	if (r == 0 && !*ps->tree->name)
		r = finding_error(ps->findings, no_place, "project name must not be empty");
	if (r == 0)
		add_variable(ps, "COMPOSE_PROJECT_NAME", ps->tree->name, "project name");
	return r;
}
