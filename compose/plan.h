/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done, and why: the model held against what the engine says exists gives a graph of steps, each with its reasons. This
 * half can change nothing: it holds no engine. run.h carries a plan out.
 */
#ifndef COMPOSE_PLAN_H
#define COMPOSE_PLAN_H

#include "compose/model.h"

/* What there is, observed once. */
struct world {
	container_vec containers; /* of the project, one-offs too */
	network_vec networks;	  /* every one (external ones are looked up too) */
	volume_vec volumes;
	struct map images; /* reference -> char *id, or NULL: asked for, and not there */
	struct map pulled; /* reference -> int64_t *, ns since 1970: when an image that is there came */
	int64_t now;	   /* when all this was so */
};
void world_done(struct world *w);
/* Asks the engine. Images: those of the model's services (model may be NULL). ret must live until the end. */
struct task *world_observe(struct engine *e, const char *project, const struct model *m, struct world *ret);

/* What a container is called while its replacement is made: "0123456789ab_NAME". Whatever is killed then, one of the two is there, and
 * holds the anonymous volumes. Owned by the caller. */
char *container_spare_name(const struct container_info *c);
bool container_has_spare_name(const struct container_info *c);
/* It has a spare name, and its replacement is there: a replacement that was cut short left it over. */
bool container_is_replaced(const struct world *w, const struct container_info *c);

enum step_kind {
	STEP_IMAGE_PULL,
	STEP_IMAGE_BUILD,
	STEP_IMAGE_PUSH,
	STEP_IMAGE_REMOVE,
	STEP_NETWORK_CREATE,
	STEP_NETWORK_REMOVE,
	STEP_VOLUME_CREATE,
	STEP_VOLUME_REMOVE,
	STEP_CONTAINER_CREATE,
	STEP_CONTAINER_RECREATE, /* the old one stopped and renamed, the new one made, the old one removed */
	STEP_CONTAINER_START,
	STEP_CONTAINER_STOP,
	STEP_CONTAINER_RESTART,
	STEP_CONTAINER_KILL,
	STEP_CONTAINER_PAUSE,
	STEP_CONTAINER_UNPAUSE,
	STEP_CONTAINER_REMOVE,
	STEP_WAIT, /* until a service's containers are as a dependant wants them */
	STEP_KIND_COUNT_,
};
const char *step_kind_name(enum step_kind k); /* "pull", "create", ... */

enum step_state { STEP_PENDING, STEP_RUNNING, STEP_DONE, STEP_UNCHANGED, STEP_FAILED, STEP_CANCELLED };

struct step_edge {
	struct step *step;
	bool order_only; /* one after the other, and a failure of the first doesn't cancel the second */
};

struct step {
	enum step_kind kind;
	const struct service *service; /* NULL: a network, a volume, an orphan */
	unsigned number;	       /* of the replica */
	const char *name;	       /* of the container, network, volume, image */
	const char *id;		       /* of a container that exists, else NULL until it is created */
	const char *reason;	       /* "it is not there", "environment.DEBUG \"0\" -> \"1\"; image" */
	const struct model_network *network;
	const struct model_volume *volume;
	const struct container_info *old; /* what is replaced or started or stopped */
	bool if_image_changed; /* nothing is done when the image turns out to be the one that it runs */
	bool if_image_missing; /* nothing is done when a step before has brought the image */
	const struct step *if_changed; /* nothing is done when that one ended unchanged; or NULL */
	bool skip_if_fails;    /* depends_on.required: false; --ignore-pull-failures */
	bool in_use_is_fine;   /* of what is removed: that others use it is told, and no failure */
	enum depend_condition condition; /* STEP_WAIT */
	int64_t timeout;       /* ns of stop, < 0: the container's own */
	const char *signal;    /* STEP_CONTAINER_KILL */
	bool volumes;	       /* remove: anonymous ones too */
	bool force;
	bool again; /* stop: a start follows */
	VEC(struct step_edge) needs;   /* these first */
	VEC(struct step_edge) unlocks; /* the other direction */
	/* run.c's */
	enum step_state state;
	unsigned waiting;
};

struct plan {
	struct arena *arena;
	const char *project;
	const struct model *model; /* may be NULL (down without a file) */
	VEC(struct step *) steps; /* in an order that keeps every need */
};
struct plan *plan_free(struct plan *p);
DEFINE_FREEP(struct plan, plan_free);

enum recreate_mode { RECREATE_CHANGED, RECREATE_FORCE, RECREATE_NEVER };

struct up_plan_options {
	struct strv services;	/* empty: all of the model */
	bool no_deps, build, no_build, always_recreate_deps, no_start, renew_anon_volumes;
	bool remove_orphans, ignore_orphans; /* neither: a warning */
	bool all_resources;	   /* networks and volumes that none of the services uses, too */
	struct strv renew_volumes; /* engine's names: those of plan_changed_volumes() that may lose their data */
	enum recreate_mode recreate;
	const char *pull; /* "always", "missing", "never", "build", NULL: each service's own */
	const char *prepare; /* of `run`: a service whose image, networks, volumes and dependencies are seen to, while its
				containers are left alone; or NULL */
	struct map scale; /* service -> (unsigned *) */
	int64_t timeout;
};
/* -ERR_CONFLICT: an external network or volume that is not there, a name that another project has. Warnings go to f (orphans). */
int plan_up(const struct model *m, const struct world *w, const struct up_plan_options *opt,
	    struct plan **ret, struct findings *f, struct error *err);

/* Volumes of the project that are there, and were made from another configuration than the file has now: only losing
 * their data brings them in line, which is the user's to say. */
void plan_changed_volumes(const struct model *m, const struct world *w, struct strv *ret);

struct down_plan_options {
	struct strv services; /* empty: all */
	bool volumes, remove_orphans;
	const char *rmi; /* "all", "local", NULL */
	int64_t timeout;
};
/* m may be NULL: then the labels alone say what is the project's. */
int plan_down(const struct model *m, const char *project, const struct world *w,
	      const struct down_plan_options *opt, struct plan **ret, struct error *err);

struct each_plan_options { /* start, stop, restart, kill, pause, unpause, rm */
	enum step_kind kind;
	struct strv services; /* empty: all */
	int64_t timeout;
	const char *signal;
	bool no_deps, volumes, force, stop_first;
	bool orphans; /* containers of services that the file doesn't have, too */
};
/* Which services: those named, else all of the model (of the project, when m is NULL). start takes what they depend on
 * along, restart those who depend on them with restart: true; no_deps neither. */
int plan_each(const struct model *m, const char *project, const struct world *w,
	      const struct each_plan_options *opt, struct plan **ret, struct error *err);

/* Waits until these services (all, when none is named) are running, and healthy where they have a healthcheck. */
int plan_ready(const struct model *m, const struct world *w, const struct strv *services, struct plan **ret,
	       struct error *err);

struct images_plan_options { /* pull, push, build */
	enum step_kind kind;
	struct strv services;
	bool include_deps, ignore_failures, ignore_buildable, only_missing;
	bool policy_given; /* services' own pull_policy doesn't count */
};
int plan_images(const struct model *m, const struct world *w, const struct images_plan_options *opt,
		struct plan **ret, struct error *err);

/* A line per step: "recreate web-1: environment.DEBUG "0" -> "1"". */
void plan_print(const struct plan *p, struct buf *out);
json_t *plan_json(const struct plan *p);

/* Which fields of a service differ, as "a.b \"0\" -> \"1\"; c"; owned by the caller, "" when none is. Secrets' values are not shown. */
char *service_difference(const char *old_config_json, const char *new_config_json);

/* For plan-*.c. */
struct plan *plan_new(const struct model *m, const char *project); /* m may be NULL */
struct step *plan_step(struct plan *p, enum step_kind kind, const char *name, const char *reason);
struct step *plan_wait(struct plan *p, const char *service, enum depend_condition condition);
void step_needs(struct step *s, struct step *first); /* either may be NULL */
void step_after(struct step *s, struct step *first); /* order_only */
/* "db:service_healthy:false,...", the value of LABEL_DEPENDS_ON, as far as it says. */
typedef VEC(struct dependency_text {
	char *service;
	enum depend_condition condition;
	bool restart;
}) dependency_text_vec;
void depends_on_parse(const char *label, dependency_text_vec *ret);
void dependency_text_done(dependency_text_vec *v);
/* The services whose images this one's build takes (additional_contexts: service:X). */
void service_build_bases(const struct model *m, const struct service *s, struct strv *ret);
/* -ERR_INVALID names services whose builds take each other's result. */
int service_builds_check(const struct model *m, struct error *err);
int plan_order(struct plan *p, struct error *err);   /* sorts, sets unlocks; -ERR_INTERNAL on a cycle */

#endif
