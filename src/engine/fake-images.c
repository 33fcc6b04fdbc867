/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake-private.h"

struct task *fake_image_inspect(struct engine *e, const char *name, struct image *ret,
				struct image_config *ret_config)
{
	struct fake *f = fake_of(e);
	autofree char *ref = fake_whole_ref(name);
	const char *id = map_get(&f->images, ref);

	map_foreach (i, &f->images)
		if (!id && streq(i->value, name))
			id = i->value;
	if (!id)
		return fake_answer(f, 0);
	*ret = (struct image){ .ref = xstrdup(ref),
			       .id = xstrdup(id),
			       .platform = xstrdup("linux/amd64") };
	if (ret_config)
		*ret_config = (struct image_config){ .os = xstrdup("linux"),
						     .architecture = xstrdup("amd64") };
	return fake_answer(f, 1);
}

struct task *fake_image_pull(struct engine *e, const char *name, const char *platform,
			     const struct engine_progress *p, struct image *ret)
{
	struct fake *f = fake_of(e);
	autofree char *ref = fake_whole_ref(name);
	const char *offer = map_get(&f->offers, ref), *had = map_get(&f->images, ref);
	struct task *failed = fake_begin(f, "image_pull", name);
	bool same = had && offer && streq(had, offer);

	if (failed)
		return failed;
	if (!offer)
		return fake_refuse(f, ERR_NOT_FOUND, "%s: not found", name);
	strmap_set(&f->images, ref, offer);
	*ret = (struct image){ .ref = xstrdup(ref), .id = xstrdup(offer) };
	return fake_answer(f, same);
}

struct task *fake_image_push(struct engine *e, const char *name, const struct engine_progress *p,
			     char ret_digest[DIGEST_MAX])
{
	struct fake *f = fake_of(e);
	autofree char *ref = fake_whole_ref(name);
	struct task *failed = fake_begin(f, "image_push", name);

	if (failed)
		return failed;
	if (!map_get(&f->images, ref))
		return fake_refuse(f, ERR_NOT_FOUND, "no such image: %s", name);
	hash_digest(ref, strlen(ref), ret_digest);
	return fake_answer(f, 0);
}

struct task *fake_image_list(struct engine *e, image_vec *ret)
{
	struct fake *f = fake_of(e);

	map_foreach (i, &f->images)
		*vec_add(ret) = (struct image){ .ref = xstrdup(i->key), .id = xstrdup(i->value) };
	return fake_answer(f, 0);
}

struct task *fake_image_remove(struct engine *e, const char *name, bool force)
{
	struct fake *f = fake_of(e);
	autofree char *ref = fake_whole_ref(name);
	struct task *failed = fake_begin(f, "image_remove", name);

	if (failed)
		return failed;
	if (!map_remove(&f->images, ref))
		return fake_refuse(f, ERR_NOT_FOUND, "no such image: %s", name);
	return fake_answer(f, 0);
}

struct task *fake_image_tag(struct engine *e, const char *name, const char *to)
{
	struct fake *f = fake_of(e);
	autofree char *ref = fake_whole_ref(name), *new_ref = fake_whole_ref(to);
	autofree char *id = xstrdup0(map_get(&f->images, ref));

	if (!id)
		return fake_refuse(f, ERR_NOT_FOUND, "no such image: %s", name);
	strmap_set(&f->images, new_ref, id);
	return fake_answer(f, 0);
}
