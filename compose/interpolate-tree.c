/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/interpolate.h"

struct walk {
	struct arena *arena;
	const struct interp_options *opt;
	struct findings *findings;
	struct buf text; /* of the value at hand */
	struct place at; /* of it, for warnings */
	int result;
};

static struct node *walk_node(struct walk *w, struct node *n, const struct node_path *path);

void node_path_text(const struct node_path *path, struct buf *out)
{
	if (!path)
		return;
	node_path_text(path->up, out);
	buf_addf(out, "%s%s", path->up ? "." : "", path->key);
}

static void warn_unset(void *userdata, const char *name)
{
	struct walk *w = userdata;

	finding_warning(w->findings, w->at,
			"The \"%s\" variable is not set. Defaulting to a blank string.", name);
}

static char *path_dup(const struct node_path *path)
{
	struct buf text;

	buf_init(&text, BUF_MAX_ANY);
	node_path_text(path, &text);
	return buf_steal(&text);
}

static struct node *report(struct walk *w, const struct node *n, const struct node_path *path,
			   const struct error *err, const char *what)
{
	autofree char *where = path_dup(path);

	w->result = -ERR_INVALID;
	if (err->code == ERR_INVALID && !what)
		finding_error(w->findings, n->at,
			      "invalid interpolation format for %s.\n"
			      "You may need to escape any $ with another $.\n%s",
			      where, err->msg);
	else
		finding_error(w->findings, n->at, "error while interpolating %s: %s%s", where,
			      what ? what : "", err->msg);
	return NULL;
}

static struct node *walk_string(struct walk *w, struct node *n, const struct node_path *path)
{
	struct interp in = { .vars = w->opt->vars, .unset = warn_unset, .unset_userdata = w };
	struct error err = ERROR_INIT;
	const char *warn = NULL;
	struct node *done = n;

	w->at = n->at;
	if (strchr(n->s, '$')) {
		buf_reset(&w->text);
		if (interpolate(&in, n->s, &w->text, &err) < 0)
			return report(w, n, path, &err, NULL);
		done = node_string(w->arena, w->text.p, n->at);
		done->mark = n->mark;
		done->quoted = true;
	}
	if (w->opt->cast_of)
		done = node_cast(w->arena, done, w->opt->cast_of(path, w->opt->userdata), &warn,
				 &err);
	if (!done)
		return report(w, n, path, &err, "failed to cast to expected type: ");
	if (warn)
		finding_warning(w->findings, n->at, "%s", warn);
	return done;
}

static struct node *walk_list(struct walk *w, struct node *list, const struct node_path *up)
{
	struct node_path path = { .up = up, .key = "[]" };
	struct node *item, *copy = NULL;

	for (size_t i = 0; i < list->list.n; i++) {
		item = walk_node(w, list->list.v[i], &path);
		if (item == list->list.v[i] || !item)
			continue;
		if (!copy)
			copy = node_copy(w->arena, list);
		copy->list.v[i] = item;
	}
	return copy ? copy : list;
}

static struct node *walk_map(struct walk *w, struct node *map, const struct node_path *up)
{
	struct node_path path = { .up = up };
	struct node *value, *copy = NULL;

	for (size_t i = 0; i < map->map.n; i++) {
		path.key = map->map.v[i].key;
		value = walk_node(w, map->map.v[i].value, &path);
		if (value == map->map.v[i].value || !value)
			continue;
		if (!copy)
			copy = node_copy(w->arena, map);
		copy->map.v[i].value = value;
	}
	return copy ? copy : map;
}

/* NULL after an error. What has !reset is not looked at: its value does not matter. */
static struct node *walk_node(struct walk *w, struct node *n, const struct node_path *path)
{
	if (n->mark == NODE_RESET)
		return n;
	if (n->kind == NODE_STRING)
		return walk_string(w, n, path);
	if (n->kind == NODE_LIST)
		return walk_list(w, n, path);
	if (n->kind == NODE_MAP)
		return walk_map(w, n, path);
	return n;
}

int interpolate_tree(struct arena *a, struct node *tree, const struct interp_options *opt,
		     struct node **ret, struct findings *f)
{
	struct walk w = { .arena = a, .opt = opt, .findings = f };
	struct node *done;

	buf_init(&w.text, LIMIT_INTERPOLATED);
	done = walk_node(&w, tree, opt->root);
	buf_done(&w.text);
	if (w.result == 0)
		*ret = done;
	return w.result;
}
