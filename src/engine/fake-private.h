/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the engine in memory share. fake.c: its table and what tests say; fake-watch.c: watching and waiting;
 * fake-images.c; fake-resources.c: networks and volumes; fake-containers.c.
 */
#ifndef ENGINE_FAKE_PRIVATE_H
#define ENGINE_FAKE_PRIVATE_H

#include "engine/fake.h"

/* A network or a volume. */
struct fake_resource {
	char *id, *name, *driver;
	struct map labels;
	bool internal;
	int64_t created;
};
typedef VEC(struct fake_resource) fake_resource_vec;

struct fake {
	struct engine engine;
	container_vec containers;
	fake_resource_vec networks, volumes;
	struct map images, offers; /* whole reference -> id */
	struct map failures;	   /* "operation subject" -> message */
	struct map behaviours;	   /* service -> struct fake_behaviour * */
	VEC(struct fake_watch *) watches;
	VEC(struct fake_wait *) waits;
	struct strv log;
	unsigned next_id;
};

/* What the containers of a service do as soon as they run. */
struct fake_behaviour {
	enum health health;
	bool exits;
	int code;
};

struct fake *fake_of(struct engine *e);
char *fake_new_id(struct fake *f);
char *fake_whole_ref(const char *ref);
struct task *fake_answer(struct fake *f, int r);
struct task *fake_refuse(struct fake *f, enum err_code code, const char *fmt, ...) printf_like(3, 4);
/* Notes the operation; a task when a test wants it to fail, else NULL. */
struct task *fake_begin(struct fake *f, const char *operation, const char *subject);
bool fake_labels_hold(const struct map *have, const struct strv *want);

/* By id or name; NULL when it isn't there. */
struct container_info *fake_container(struct fake *f, const char *id);
bool fake_container_runs(const struct container_info *c); /* paused ones too */

/* Tells those who watch; those who wait are told by the change to CONTAINER_EXITED. */
void fake_tell(struct fake *f, enum engine_event_type type, const struct container_info *c);
void fake_set_state(struct fake *f, struct container_info *c, enum container_state state, int code);
struct task *fake_watch(struct engine *e, const struct strv *labels, engine_event_fn fn, void *userdata);
struct task *fake_wait(struct engine *e, const char *id, int *ret_code);

struct task *fake_image_inspect(struct engine *e, const char *name, struct image *ret,
				struct image_config *ret_config);
struct task *fake_image_pull(struct engine *e, const char *name, const char *platform,
			     const struct engine_progress *p, struct image *ret);
struct task *fake_image_push(struct engine *e, const char *name, const struct engine_progress *p,
			     char ret_digest[DIGEST_MAX]);
struct task *fake_image_list(struct engine *e, image_vec *ret);
struct task *fake_image_remove(struct engine *e, const char *name, bool force);
struct task *fake_image_tag(struct engine *e, const char *name, const char *to);

struct fake_resource *fake_network_find(struct fake *f, const char *name);
struct fake_resource *fake_volume_find(struct fake *f, const char *name);
void fake_resources_done(fake_resource_vec *v);
struct task *fake_network_create(struct engine *e, const struct network_spec *spec);
struct task *fake_network_remove(struct engine *e, const char *name);
struct task *fake_network_list(struct engine *e, const struct strv *labels, network_vec *ret);
struct task *fake_volume_create(struct engine *e, const struct volume_spec *spec);
struct task *fake_volume_remove(struct engine *e, const char *name);
struct task *fake_volume_list(struct engine *e, const struct strv *labels, volume_vec *ret);

struct task *fake_create(struct engine *e, const struct container_spec *spec, char ret_id[65]);
struct task *fake_start(struct engine *e, const char *id);
struct task *fake_stop(struct engine *e, const char *id, int64_t timeout, bool again);
struct task *fake_kill(struct engine *e, const char *id, const char *sig);
struct task *fake_remove(struct engine *e, const char *id, bool force, bool volumes);
struct task *fake_rename(struct engine *e, const char *id, const char *name);
struct task *fake_list(struct engine *e, const struct strv *labels, container_vec *ret);
struct task *fake_logs(struct engine *e, const char *id, const struct log_options *opt, log_line_fn fn,
		       void *userdata);
struct task *fake_pause(struct engine *e, const char *id);
struct task *fake_unpause(struct engine *e, const char *id);

#endif
