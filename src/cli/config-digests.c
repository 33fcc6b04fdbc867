/* SPDX-License-Identifier: Apache-2.0 */
/* config --resolve-image-digests and --lock-image-digests: tags become the digests that registries
 * have for them now. */
#include "cli/config-list.h"

#include "cli/image.h"
#include "registry/ref.h"
#include "registry/transfer.h"

struct pin {
	struct node *service;
	struct image_ref ref;
	char digest[DIGEST_MAX];
	struct task *task; /* NULL: the reference has a digest already */
};

struct pins {
	struct cli *cli;
	struct store *store;
	struct registry *registry;
	VEC(struct pin *) list;
};

static void pins_done(struct pins *p)
{
	vec_foreach (pin, &p->list) {
		task_unref((*pin)->task);
		image_ref_done(&(*pin)->ref);
		free(*pin);
	}
	vec_done(&p->list);
	registry_free(p->registry);
	store_free(p->store);
}

static int start_pin(struct pins *p, const char *name, struct node *service, struct error *err)
{
	const char *image = node_str(node_get(service, "image"), "");
	struct pin *pin;

	if (!*image)
		return 0;
	pin = *vec_add(&p->list) = xnew(struct pin);
	pin->service = service;
	if (image_ref_parse(image, &pin->ref, err) < 0)
		return error_wrap(err, "service \"%s\"", name);
	if (pin->ref.digest)
		return 0;
	pin->task = registry_resolve(p->registry, image, pin->digest);
	return 0;
}

/* A digest alone says which image it is: with one, the tag is left out. */
static void put_pin(struct project_tree *t, struct pin *pin)
{
	autofree char *text = NULL, *pinned = NULL;

	if (pin->ref.digest) {
		free(pin->ref.tag);
		pin->ref.tag = NULL;
	}
	text = image_ref_text(&pin->ref);
	pinned = pin->ref.digest ? xstrdup(text) : xprintf("%s@%s", text, pin->digest);
	node_set(t->arena, pin->service, "image", pin->service->at,
		 node_string(t->arena, pinned, pin->service->at));
}

int config_resolve_digests(struct cli *cli, struct project_tree *t, struct error *err)
{
	__attribute__((cleanup(pins_done))) struct pins p = { .cli = cli };
	int r = cli_store(cli, &p.store, err);

	if (r == 0)
		r = registry_new(cli->loop, p.store, &p.registry, err);
	node_each(m, node_get(t->root, "services"))
	{
		if (r == 0)
			r = start_pin(&p, m->key, m->value, err);
	}
	vec_foreach (pin, &p.list) {
		if (r == 0 && (*pin)->task)
			r = cli_wait(cli, TAKE_PTR((*pin)->task), err);
		if (r < 0)
			return r;
		put_pin(t, *pin);
	}
	return r < 0 ? r : 0;
}

void config_keep_images(struct project_tree *t)
{
	struct node *root = node_new(t->arena, NODE_MAP, t->root->at);
	struct node *services = node_new(t->arena, NODE_MAP, t->root->at);

	node_each(m, node_get(t->root, "services"))
	{
		struct node *service = node_new(t->arena, NODE_MAP, m->value->at);
		struct node *image = node_get(m->value, "image");

		if (image)
			node_add(t->arena, service, "image", image->at, image);
		node_add(t->arena, services, m->key, m->key_at, service);
	}
	node_add(t->arena, root, "services", services->at, services);
	t->root = root;
}
