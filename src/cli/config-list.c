/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config-list.h"

#include "compose/interpolate.h"
#include "compose/write.h"

static int put_keys(const struct node *map, struct buf *out)
{
	node_each(m, map) buf_addf(out, "%s\n", m->key);
	return 0;
}

static int put_lines(struct strv *lines, struct buf *out)
{
	strv_sort(lines);
	strv_uniq(lines);
	strv_foreach (line, lines)
		buf_addf(out, "%s\n", line);
	return 0;
}

/* Dependencies first; of a raw tree, as they stand in it. */
CONFIG_LIST(services)
{
	autostrv names = { 0 };

	if (in->opts->no_interpolate)
		return put_keys(node_get(in->tree->root, "services"), out);
	project_services_in_order(in->tree, &names);
	strv_foreach (name, &names)
		buf_addf(out, "%s\n", name);
	return 0;
}

CONFIG_LIST(volumes)
{
	return put_keys(node_get(in->tree->root, "volumes"), out);
}

CONFIG_LIST(networks)
{
	return put_keys(node_get(in->tree->root, "networks"), out);
}

CONFIG_LIST(models)
{
	node_each(m, node_get(in->tree->root, "models"))
	{
		const char *model = node_str(node_get(m->value, "model"), "");

		if (*model)
			buf_addf(out, "%s\n", model);
	}
	return 0;
}

CONFIG_LIST(hashes)
{
	autostrv names = { 0 };
	char hash[65];

	if (!streq(in->opts->hash, "*")) {
		strv_split(&names, str_of(in->opts->hash), ',');
	} else {
		node_each(m, node_get(in->tree->root, "services")) strv_push(&names, m->key);
	}
	strv_sort(&names);
	strv_foreach (name, &names) {
		service_hash(in->tree, name, hash);
		if (!*hash)
			return error_set(err, ERR_NOT_FOUND, "no such service: %s", name);
		buf_addf(out, "%s %s\n", name, hash);
	}
	return 0;
}

static void add_profiles(struct strv *names, const struct node *service)
{
	node_item(p, node_get(service, "profiles")) strv_push(names, node_str(p, ""));
}

CONFIG_LIST(profiles)
{
	autostrv names = { 0 };

	node_each(m, node_get(in->tree->root, "services")) add_profiles(&names, m->value);
	map_foreach (e, &in->tree->disabled)
		add_profiles(&names, e->value);
	return put_lines(&names, out);
}

/* PROJECT-SERVICE, or with the separator of old. */
static char image_separator(const struct config_list *in)
{
	const char *s = strmap_get(&in->tree->env, "COMPOSE_COMPATIBILITY");
	autofree char *lower = str_lower(s ? s : "");

	if (in->cli->g.compatibility || streq(lower, "1") || streq(lower, "t") ||
	    streq(lower, "true"))
		return '_';
	return '-';
}

CONFIG_LIST(images)
{
	node_each(m, node_get(in->tree->root, "services"))
	{
		const char *image = node_str(node_get(m->value, "image"), "");

		if (*image)
			buf_addf(out, "%s\n", image);
		else
			buf_addf(out, "%s%c%s\n", in->tree->name, image_separator(in), m->key);
	}
	return 0;
}

static struct node *describe(struct arena *a, const struct variable *v, bool json)
{
	const struct place nowhere = { 0 };
	struct node *n = node_new(a, NODE_MAP, nowhere);
	static const char *const keys[][4] = {
		{ "name", "defaultvalue", "presencevalue", "required" },
		{ "Name", "DefaultValue", "PresenceValue", "Required" },
	};

	node_add(a, n, keys[json][0], nowhere, node_string(a, v->name, nowhere));
	node_add(a, n, keys[json][1], nowhere, node_string(a, v->default_value, nowhere));
	node_add(a, n, keys[json][2], nowhere, node_string(a, v->presence_value, nowhere));
	node_add(a, n, keys[json][3], nowhere, node_bool(a, v->required, nowhere));
	return n;
}

static void put_described(struct arena *a, const struct variables *vars, bool json, struct buf *out)
{
	struct node *map = node_new(a, NODE_MAP, (struct place){ 0 });

	vec_foreach (v, &vars->list)
		node_add(a, map, v->name, map->at, describe(a, v, json));
	map = node_sorted(a, map, json ? strcmp : key_compare_natural);
	if (json)
		write_json(map, 0, out);
	else
		write_yaml(map, 0, out);
	if (json)
		buf_addc(out, '\n');
}

#define COLUMNS	   4
#define COLUMN_MIN 20 /* docker's tables for people who don't ask for a format */

static void put_row(const char *const *cells, const size_t *widths, struct buf *out)
{
	for (size_t i = 0; i < COLUMNS - 1; i++)
		buf_addf(out, "%-*s", (int)widths[i], cells[i]);
	buf_addf(out, "%s\n", cells[COLUMNS - 1]);
}

static void put_table(const struct variables *vars, struct buf *out)
{
	static const char *const head[] = { "NAME", "REQUIRED", "DEFAULT VALUE",
					    "ALTERNATE VALUE" };
	size_t widths[COLUMNS] = { COLUMN_MIN, COLUMN_MIN, COLUMN_MIN };

	vec_foreach (v, &vars->list) {
		widths[0] = MAX(widths[0], strlen(v->name) + 3);
		widths[2] = MAX(widths[2], strlen(v->default_value) + 3);
	}
	put_row(head, widths, out);
	vec_foreach (v, &vars->list)
		put_row((const char *const[]){ v->name, v->required ? "true" : "false",
					       v->default_value, v->presence_value },
			widths, out);
}

CONFIG_LIST(variables)
{
	const char *format = in->opts->format ? in->opts->format : "";
	struct variables vars = { .arena = in->tree->arena };
	int r = 0;

	variables_collect(&vars, in->tree->root);
	if (streq(format, "json") || streq(format, "yaml"))
		put_described(vars.arena, &vars, streq(format, "json"), out);
	else if (!*format || streq(format, "table"))
		put_table(&vars, out);
	else
		r = error_set(err, ERR_INVALID, "format value \"%s\" could not be parsed", format);
	variables_done(&vars);
	return r;
}

CONFIG_LIST(environment)
{
	autostrv lines = { 0 };

	map_foreach (e, &in->tree->env)
		strv_pushf(&lines, "%s=%s", e->key, (const char *)e->value);
	return put_lines(&lines, out);
}

CONFIG_LIST(explain)
{
	return config_explain(in->tree, in->opts->explain, out, err);
}

CONFIG_LIST(origin)
{
	return config_origin(in->tree, in->opts->origin, out, err);
}
