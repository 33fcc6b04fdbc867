/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/loader.h"

#include "util/path.h"

/* Where a service and those beside it come from. */
struct scope {
	struct node *services;
	const char *file; /* for messages */
	const struct resets *resets;
	struct resets own; /* of a file that was loaded for it */
};

struct extends {
	struct pass *ps;
	struct map files; /* absolute path -> struct scope, loaded once */
};

/* The services on the way: who extends whom. */
struct step {
	const struct step *up;
	const struct scope *scope;
	const char *service;
};

static struct node *extend(struct extends *ex, struct scope *sc, const char *name,
			   const struct step *up);

static void scope_free(void *p)
{
	struct scope *sc = p;

	resets_done(&sc->own);
	free(sc);
}

static void say_step(struct buf *out, const struct step *st, const struct step *last)
{
	if (st->up && st != last)
		say_step(out, st->up, last);
	buf_addf(out, "\n  %s%s in %s", st == last ? "" : "extends ", st->service, st->scope->file);
}

static bool in_cycle(struct pass *ps, const struct node *at, const struct step *st)
{
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	for (const struct step *s = st->up; s; s = s->up) {
		if (s->scope != st->scope || !streq(s->service, st->service))
			continue;
		say_step(&text, st, s);
		pass_fail(ps, at, "Circular reference:%s", text.p);
		return true;
	}
	return false;
}

/* The services of another file, with paths that are right in this project. */
static struct scope *load_scope(struct extends *ex, const struct file_name *from, const char *name,
				const struct node *at)
{
	struct pass *ps = ex->ps;
	autofree struct scope *sc = xnew(struct scope);
	autofree char *dir = path_dir(from->path), *relative = path_relative(ps->load_dir, dir);
	const char *work_dir = ps->work_dir;
	struct loaded_file file;
	struct node *tree = NULL;

	if (load_source(ps, from, at, "extends", &file) < 0 ||
	    load_plain_file(ps, &file, &tree, &sc->own) < 0)
		return NULL;
	sc->services = node_get(tree, "services");
	if (!is_map(sc->services)) {
		pass_fail(ps, at, "cannot extend service \"%s\" in %s: %s", name, file.source->name,
			  sc->services ? "services must be a mapping" : "no services section");
		resets_done(&sc->own);
		return NULL;
	}
	ps->work_dir = arena_strdup(ps->arena, relative);
	resolve_paths(ps, tree);
	ps->work_dir = work_dir;
	sc->file = file.source->name;
	sc->resets = &sc->own;
	map_set(&ex->files, from->path, sc);
	return TAKE_PTR(sc);
}

static struct scope *scope_of(struct extends *ex, struct scope *sc, const struct node *file,
			      const char *name)
{
	struct pass *ps = ex->ps;
	struct file_name found;
	struct scope *other;

	if (is_null(file))
		return sc;
	if (!is_string(file)) {
		pass_fail(ps, file, "services.%s.extends.file must be a string", name);
		return NULL;
	}
	if (find_file(ps, file->s, file, "extends", &found) < 0)
		return NULL;
	other = map_get(&ex->files, found.path);
	return other ? other : load_scope(ex, &found, name, file);
}

static struct node *base_of(struct extends *ex, struct scope *sc, const struct node *extends,
			    const char *name, const struct step *st)
{
	struct pass *ps = ex->ps;
	const struct node *service = is_map(extends) ? node_get(extends, "service") : extends;
	struct scope *other;

	if (!is_string(service)) {
		pass_fail(ps, extends, "extends.%s.service is required", name);
		return NULL;
	}
	other = scope_of(ex, sc, is_map(extends) ? node_get(extends, "file") : NULL, name);
	if (!other)
		return NULL;
	if (!node_get(other->services, service->s)) {
		pass_fail(ps, service,
			  "cannot extend service \"%s\" in %s: service \"%s\" not found%s%s", name,
			  sc->file, service->s, other == sc ? "" : " in ",
			  other == sc ? "" : other->file);
		hint_nearest(ps, service->s, other->services);
		return NULL;
	}
	return extend(ex, other, service->s, st);
}

/* The service with what it extends in it, once and for all. NULL and a finding when that can't be.
 */
static struct node *extend(struct extends *ex, struct scope *sc, const char *name,
			   const struct step *up)
{
	struct node_member *m = (struct node_member *)node_member(sc->services, name);
	const struct step st = { up, sc, name };
	struct node *service = m->value, *extends = node_get(service, "extends"), *base;

	if (!is_map(service) && !is_null(service)) {
		pass_fail(ex->ps, service, "services.%s must be a mapping", name);
		return NULL;
	}
	if (!extends)
		return service;
	if (in_cycle(ex->ps, extends, &st))
		return NULL;
	base = base_of(ex, sc, extends, name, &st);
	if (!base)
		return NULL;
	if (is_null(base))
		return service;
	node_unset(service, "extends");
	base = node_copy_deep(ex->ps->arena, base);
	resets_apply_service(ex->ps, sc->resets, name, base);
	/* The copy takes the place of what it was made from in messages about the whole service. */
	base->at = service->at;
	m->value = merge_service(ex->ps, base, service);
	return m->value;
}

int apply_extends(struct pass *ps, struct node *doc, const struct source *file,
		  const struct resets *rs)
{
	struct node *services = node_get(doc, "services");
	struct scope sc = { .services = services, .file = file->name, .resets = rs };
	struct extends ex = { .ps = ps };

	if (!services)
		return 0;
	if (!is_map(services))
		return pass_fail(ps, services, "services must be a mapping");
	map_init(&ex.files, scope_free);
	for (size_t i = 0; i < services->map.n; i++) {
		const struct node_member *m = &services->map.v[i];

		if (!is_null(m->value) && (!is_map(m->value) || node_get(m->value, "extends")))
			extend(&ex, &sc, m->key, NULL);
	}
	map_done(&ex.files);
	return pass_failed(ps) ? -ERR_INVALID : 0;
}
