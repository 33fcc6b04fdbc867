/* SPDX-License-Identifier: Apache-2.0 */
/* env_file and label_file: read, and merged under what the service itself says. */
#include "compose/pass.h"

#include "compose/dotenv.h"
#include "util/path.h"

/* Variables within an env_file: the project's, then the service's own. */
struct env_scope {
	struct pass *ps;
	const struct node *own;
	const struct node *file; /* that is read */
};

static const char *scope_get(void *userdata, const char *name, const char **ret_origin)
{
	const struct env_scope *scope = userdata;
	const char *value = env_get_for(scope->ps, scope->file, name);

	return value ? value : node_str(node_get(scope->own, name), NULL);
}

static const char *map_value(void *userdata, const char *name, const char **ret_origin)
{
	return strmap_get(userdata, name);
}

static void read_one(struct pass *ps, const struct node *at, const char *path, struct dotenv *d,
		     enum dotenv_format format)
{
	struct error err = ERROR_INIT;

	if (dotenv_read(d, ps->arena, path, format, &err) < 0)
		pass_fail(ps, at, "%s", err.msg);
}

static void read_env_file(struct pass *ps, const struct node *file, struct dotenv *d)
{
	const struct node *path = node_get(file, "path");
	enum dotenv_format format;
	struct error err = ERROR_INIT;

	if (!is_string(path))
		return;
	if (!path_exists(path->s)) {
		if (node_flag(node_get(file, "required"), true)) {
			pass_fail(ps, path,
				  "env file %s not found: stat %s: no such file or directory",
				  path->s, path->s);
			finding_hint(ps->findings,
				     "`required: false` beside its path makes it optional");
		}
		return;
	}
	if (dotenv_format_parse(node_str(node_get(file, "format"), NULL), &format, &err) < 0)
		pass_fail(ps, file, "%s", err.msg);
	else
		read_one(ps, path, path->s, d, format);
}

/* What the files say, overridden by what is there. */
static struct node *under(struct pass *ps, const struct map *values, struct node *own,
			  const struct node *at)
{
	struct node *ret = map_like(ps, own ? own : at);

	map_foreach (e, values)
		node_add(ps->arena, ret, arena_strdup(ps->arena, e->key), at->at,
			 string_like(ps, at, e->value));
	node_each(m, own) node_set(ps->arena, ret, m->key, m->key_at, m->value);
	return ret;
}

static void resolve_own(struct pass *ps, struct node *own)
{
	for (size_t i = 0; is_map(own) && i < own->map.n; i++) {
		struct node_member *m = &own->map.v[i];
		const char *value = is_null(m->value) ? env_get_for(ps, m->value, m->key) : NULL;

		if (value)
			m->value = string_like(ps, m->value, value);
	}
}

static void service_env_files(struct pass *ps, struct node *service)
{
	struct node *own = node_get(service, "environment");
	struct node *files = node_get(service, "env_file");
	struct env_scope scope = { .ps = ps, .own = own };
	automap values = { 0 };
	struct dotenv d = {
		.vars = { scope_get, &scope },
		.values = &values,
		.warnings = ps->findings,
	};

	resolve_own(ps, own);
	if (!files)
		return;
	node_item(file, files)
	{
		scope.file = file;
		read_env_file(ps, file, &d);
	}
	own = under(ps, &values, own, files);
	node_unset(service, "env_file");
	if (own->map.n)
		map_put(ps, service, "environment", own);
}

void read_env_files(struct pass *ps, struct node *root)
{
	node_each(s, node_get(root, "services")) service_env_files(ps, s->value);
}

static void service_label_files(struct pass *ps, struct node *service)
{
	struct node *own = node_get(service, "labels");
	struct node *files = node_get(service, "label_file");
	automap values = { 0 };
	automap before = { 0 }; /* of the files before: they win over what a file says itself */
	struct dotenv d = {
		.vars = { map_value, &before },
		.values = &values,
		.warnings = ps->findings,
	};

	if (!files)
		return;
	node_item(file, files)
	{
		strmap_copy(&before, &values);
		if (is_string(file) && !path_exists(file->s))
			pass_fail(ps, file,
				  "label file %s not found: stat %s: no such file or directory",
				  file->s, file->s);
		else if (is_string(file))
			read_one(ps, file, file->s, &d, DOTENV_PLAIN);
	}
	own = under(ps, &values, own, files);
	if (own->map.n)
		map_put(ps, service, "labels", own);
}

void read_label_files(struct pass *ps, struct node *root)
{
	node_each(s, node_get(root, "services")) service_label_files(ps, s->value);
}
