/* SPDX-License-Identifier: Apache-2.0 */
/* Private to plan-up*.c: the plan of `up` while it is made. */
#ifndef COMPOSE_PLAN_UP_H
#define COMPOSE_PLAN_UP_H

#include "compose/plan.h"

struct up_service {
	const struct service *s;
	struct step *image;	   /* brings its image; NULL: it is here */
	VEC(struct step *) starts; /* a dependant's start comes after these */
	VEC(struct step *)
	remakes; /* its containers that are replaced, perhaps only if the image changes */
	VEC(struct up_kept {
		const struct container_info *c;
		struct step *stop, *start; /* NULL: it is not touched, unless a replacement turns
					      out to be needed */
	})
	kept;		  /* that run, and go on to run */
	struct map waits; /* "healthy" -> step */
};

typedef VEC(const struct container_info *) replica_vec;

struct up {
	struct plan *plan;
	const struct model *m;
	const struct world *w;
	const struct up_plan_options *opt;
	struct findings *f;
	struct map networks, volumes; /* engine's name -> the step that makes it */
	struct map images;	      /* reference -> the step that brings it */
	struct map
		why; /* container id -> why it is replaced, whatever its own configuration says */
	struct map stops; /* container id -> the step that stops it before that */
	struct map going; /* container id -> the step that removes it, with what it uses */
	VEC(struct step *) cleared; /* stops of what must not be in the way of anything new */
	VEC(struct up_service) services;
	struct map by_name;    /* service -> its place in services, from 1 */
	struct map containers; /* service -> replica_vec *, by number */
};

struct up_service *up_service(struct up *u, const char *name);
bool up_selected(const struct up *u, const struct service *s); /* named by the user, or none is */
bool up_prepares(const struct up *u, const struct service *s); /* it is opt->prepare */
unsigned up_scale(const struct up *u, const struct service *s);
/* Stops and removes; the removal. */
struct step *up_remove(struct up *u, const struct container_info *c, const char *why);

/* plan-up-images.c */
void up_plan_images(struct up *u);
int up_check_images(const struct up *u, struct error *err);
/* plan-up-resources.c: networks and volumes, and what making them anew does to containers */
int up_plan_resources(struct up *u, struct error *err);
/* plan-up-containers.c */
void up_index_containers(struct up *u);
void up_plan_replicas(struct up *u, struct up_service *us);
/* plan-up-order.c */
void up_plan_restarts(struct up *u, struct up_service *us);
void up_plan_dependencies(struct up *u, struct up_service *us);
void up_plan_waits(struct up *u, struct up_service *us); /* with no start of its own */

#endif
