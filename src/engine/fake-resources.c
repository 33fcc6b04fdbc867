/* SPDX-License-Identifier: Apache-2.0 */
/* Networks and volumes of the engine in memory: both are a name, a driver and labels, and differ in
 * who uses them. */
#include "engine/fake-private.h"

#include "util/time.h"

struct kind {
	const char *noun, *driver; /* the driver of one that names none */
	size_t offset;		   /* of the fake_resource_vec in struct fake */
	bool (*used_by)(const struct container_info *c, const char *name);
};

/* A stopped container finds its network again by name. */
static bool network_used_by(const struct container_info *c, const char *name)
{
	vec_foreach (n, &c->networks)
		if (streq(n->network, name))
			return c->state == CONTAINER_RUNNING;
	return false;
}

static bool volume_used_by(const struct container_info *c, const char *name)
{
	vec_foreach (m, &c->mounts)
		if (streq0(m->name, name))
			return true;
	return false;
}

static const struct kind network = { "network", "bridge", offsetof(struct fake, networks),
				     network_used_by };
static const struct kind volume = { "volume", "local", offsetof(struct fake, volumes),
				    volume_used_by };

static fake_resource_vec *all_of(struct fake *f, const struct kind *k)
{
	return (fake_resource_vec *)((char *)f + k->offset);
}

static struct fake_resource *find(struct fake *f, const struct kind *k, const char *name)
{
	vec_foreach (x, all_of(f, k))
		if (streq(x->name, name))
			return x;
	return NULL;
}

struct fake_resource *fake_network_find(struct fake *f, const char *name)
{
	return find(f, &network, name);
}

struct fake_resource *fake_volume_find(struct fake *f, const char *name)
{
	return find(f, &volume, name);
}

static void resource_done(struct fake_resource *x)
{
	free(x->id);
	free(x->name);
	free(x->driver);
	map_done(&x->labels);
}

void fake_resources_done(fake_resource_vec *v)
{
	vec_foreach (x, v)
		resource_done(x);
	vec_done(v);
}

static struct task *begin(struct fake *f, const struct kind *k, const char *what, const char *name)
{
	autofree char *operation = xprintf("%s_%s", k->noun, what);

	return fake_begin(f, operation, name);
}

static struct task *create(struct fake *f, const struct kind *k, const char *name,
			   const char *driver, const struct map *labels, bool internal)
{
	struct task *failed = begin(f, k, "create", name);
	struct fake_resource *x;

	if (failed)
		return failed;
	if (find(f, k, name))
		return fake_refuse(f, ERR_EXISTS, "%s %s is there already", k->noun, name);
	x = vec_add(all_of(f, k));
	x->id = fake_new_id(f);
	x->name = xstrdup(name);
	x->driver = xstrdup(driver ? driver : k->driver);
	x->internal = internal;
	x->created = time_now();
	strmap_copy(&x->labels, labels);
	return fake_answer(f, 0);
}

static struct task *remove_one(struct fake *f, const struct kind *k, const char *name)
{
	struct task *failed = begin(f, k, "remove", name);
	struct fake_resource *x = find(f, k, name);

	if (failed)
		return failed;
	if (!x)
		return fake_refuse(f, ERR_NOT_FOUND, "no such %s: %s", k->noun, name);
	vec_foreach (c, &f->containers)
		if (k->used_by(c, name))
			return fake_refuse(f, ERR_CONFLICT, "%s %s is in use by container %s",
					   k->noun, name, c->name);
	resource_done(x);
	vec_remove(all_of(f, k), x - all_of(f, k)->v);
	return fake_answer(f, 0);
}

struct task *fake_network_create(struct engine *e, const struct network_spec *spec)
{
	return create(fake_of(e), &network, spec->name, spec->driver, &spec->labels,
		      spec->internal);
}

struct task *fake_network_remove(struct engine *e, const char *name)
{
	return remove_one(fake_of(e), &network, name);
}

struct task *fake_network_list(struct engine *e, const struct strv *labels, network_vec *ret)
{
	struct fake *f = fake_of(e);

	vec_foreach (x, &f->networks) {
		struct network_info *n;

		if (!fake_labels_hold(&x->labels, labels))
			continue;
		n = vec_add(ret);
		*n = (struct network_info){ .id = xstrdup(x->id),
					    .name = xstrdup(x->name),
					    .driver = xstrdup(x->driver),
					    .internal = x->internal,
					    .created = x->created };
		strmap_copy(&n->labels, &x->labels);
	}
	return fake_answer(f, 0);
}

struct task *fake_volume_create(struct engine *e, const struct volume_spec *spec)
{
	return create(fake_of(e), &volume, spec->name, spec->driver, &spec->labels, false);
}

struct task *fake_volume_remove(struct engine *e, const char *name)
{
	return remove_one(fake_of(e), &volume, name);
}

struct task *fake_volume_list(struct engine *e, const struct strv *labels, volume_vec *ret)
{
	struct fake *f = fake_of(e);

	vec_foreach (x, &f->volumes) {
		struct volume_info *v;

		if (!fake_labels_hold(&x->labels, labels))
			continue;
		v = vec_add(ret);
		*v = (struct volume_info){ .name = xstrdup(x->name),
					   .driver = xstrdup(x->driver),
					   .created = x->created };
		strmap_copy(&v->labels, &x->labels);
	}
	return fake_answer(f, 0);
}
