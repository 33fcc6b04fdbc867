/* SPDX-License-Identifier: Apache-2.0 */
/* Services in the order of their dependencies, and cycles of these. */
#include "compose/consistency.h"

enum visit { VISIT_NEW, VISIT_OPEN, VISIT_DONE };

struct order {
	const struct node *services;
	struct map index;  /* name -> number + 1 */
	enum visit *state; /* by number */
	struct strv path;  /* open ones, outermost first */
	struct strv *ret;
	size_t cycle_from; /* in path, once a cycle was found */
	bool cycle;
};

static const char **sorted_names(const struct node *map, size_t *ret_n)
{
	automap names = { 0 };

	node_each(m, map) map_set(&names, m->key, (void *)(uintptr_t)m->key);
	const char **sorted = map_sorted_keys(&names);

	*ret_n = names.n;
	for (size_t i = 0; i < names.n; i++)
		sorted[i] = map_get(&names, sorted[i]);
	return sorted;
}

static void visit(struct order *o, const char *name);

static void found_cycle(struct order *o, const char *name)
{
	o->cycle = true;
	for (o->cycle_from = 0; !streq(o->path.v[o->cycle_from], name); o->cycle_from++)
		;
	strv_push(&o->path, name);
}

static void visit_dependencies(struct order *o, const struct node *on)
{
	size_t n;
	autofree const char **names = sorted_names(on, &n);

	for (size_t i = 0; i < n && !o->cycle; i++)
		visit(o, names[i]);
}

static void visit(struct order *o, const char *name)
{
	uintptr_t i = (uintptr_t)map_get(&o->index, name);

	if (!i || o->state[i - 1] == VISIT_DONE)
		return;
	if (o->state[i - 1] == VISIT_OPEN) {
		found_cycle(o, name);
		return;
	}
	o->state[i - 1] = VISIT_OPEN;
	strv_push(&o->path, name);
	visit_dependencies(o, node_get(o->services->map.v[i - 1].value, "depends_on"));
	if (o->cycle)
		return;
	o->state[i - 1] = VISIT_DONE;
	strv_remove(&o->path, o->path.n - 1);
	if (o->ret)
		strv_push(o->ret, name);
}

static void order_run(struct order *o)
{
	size_t n, i = 0;
	autofree const char **names = sorted_names(o->services, &n);

	o->state = xnewn(enum visit, n + 1);
	node_each(s, o->services) map_set(&o->index, s->key, (void *)(uintptr_t)(++i));
	for (i = 0; i < n && !o->cycle; i++)
		visit(o, names[i]);
}

static void order_done(struct order *o)
{
	map_done(&o->index);
	strv_done(&o->path);
	free(o->state);
}

void check_cycles(struct pass *ps, const struct node *services)
{
	struct order o = { .services = services };
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	order_run(&o);
	for (size_t i = o.cycle_from; o.cycle && i < o.path.n; i++)
		buf_addf(&text, "%s%s", i > o.cycle_from ? " -> " : "", o.path.v[i]);
	if (o.cycle)
		pass_fail(
			ps,
			node_get(node_get(node_get(services, o.path.v[o.path.n - 2]), "depends_on"),
				 o.path.v[o.path.n - 1]),
			"dependency cycle detected: %s", text.p);
	order_done(&o);
}

void project_services_in_order(const struct project_tree *t, struct strv *ret)
{
	struct order o = { .services = node_get(t->root, "services"), .ret = ret };

	order_run(&o);
	order_done(&o);
}
