/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project as structs: what plan.h holds against what an engine says there is. Decoded from the canonical tree
 * (load.h), which it borrows from; engine-neutral, names already those of the engine ("PROJECT_default").
 */
#ifndef COMPOSE_MODEL_H
#define COMPOSE_MODEL_H

#include "builder/build.h"
#include "compose/load.h"
#include "engine/engine.h"

/* Labels of everything that a project owns, Docker Compose's. */
#define LABEL_PROJECT	   "com.docker.compose.project"
#define LABEL_SERVICE	   "com.docker.compose.service"
#define LABEL_NUMBER	   "com.docker.compose.container-number"
#define LABEL_ONEOFF	   "com.docker.compose.oneoff"
#define LABEL_CONFIG_HASH  "com.docker.compose.config-hash"
#define LABEL_CONFIG_FILES "com.docker.compose.project.config_files"
#define LABEL_WORKING_DIR  "com.docker.compose.project.working_dir"
#define LABEL_ENV_FILES	   "com.docker.compose.project.environment_file"
#define LABEL_DEPENDS_ON   "com.docker.compose.depends_on"
#define LABEL_IMAGE	   "com.docker.compose.image"
#define LABEL_VERSION	   "com.docker.compose.version"
#define COMPOSE_LABEL_VERSION "2.40.3" /* whose ways these are */
#define LABEL_NETWORK	   "com.docker.compose.network"
#define LABEL_VOLUME	   "com.docker.compose.volume"
/* Ours: the canonical service that a container was made from, so that a plan can say which fields changed. */
#define LABEL_CONFIG "io.compose.config"
/* A container's label, "" when it has none of that name; borrowed. */
const char *container_label(const struct container_info *c, const char *name);
bool container_is_oneoff(const struct container_info *c); /* of `run` */

#define LIMIT_SCALE 10000 /* containers of one service */

enum depend_condition { DEPEND_STARTED, DEPEND_HEALTHY, DEPEND_COMPLETED };

struct dependency {
	const char *service;
	enum depend_condition condition;
	bool required; /* false: a service that isn't there, or fails, doesn't stop us */
	bool restart;  /* when it is recreated, so are we restarted */
};

enum pull_policy { PULL_MISSING, PULL_ALWAYS, PULL_NEVER, PULL_BUILD, PULL_EVERY };

struct service {
	const char *name;
	const struct node *node; /* canonical */
	struct container_spec spec; /* of replica 1, without what differs from replica to replica: see service_replica() */
	VEC(struct dependency) depends_on;
	struct build_options *build; /* NULL: an image */
	const char *image;	     /* what it runs, with a default for what is built */
	enum pull_policy pull_policy;
	int64_t pull_every; /* ns, PULL_EVERY */
	unsigned scale;
	const char *container_name; /* NULL: PROJECT-SERVICE-N */
	char hash[65];
	char *config_json; /* the value of LABEL_CONFIG */
	bool attach;	   /* its logs are shown by `up` */
};

struct model_network {
	const char *key;
	bool external;
	struct network_spec spec;
	char hash[65];
	struct place at;
};

struct model_volume {
	const char *key;
	bool external;
	struct volume_spec spec;
	char hash[65];
	struct place at;
};

struct model {
	const struct project_tree *tree; /* borrowed, must live as long */
	const char *name, *dir;
	VEC(struct service) services; /* dependencies first */
	VEC(struct model_network) networks;
	VEC(struct model_volume) volumes;
	struct map by_name;  /* service -> struct service * */
	struct map by_image; /* of those with a build: what it makes -> the first of them */
};

/* Findings: what can't be done here, with its place (host paths that are missing, bad addresses). Errors in f: -ERR_INVALID. */
int model_new(const struct project_tree *t, struct model **ret, struct findings *f);
struct model *model_free(struct model *m);
DEFINE_FREEP(struct model, model_free);

struct service *model_service(const struct model *m, const char *name); /* or NULL */
/* The service whose build has this image as its result, or NULL. */
const struct service *model_service_that_builds(const struct model *m, const char *image);
/* "web-1": what the container of replica n is called. Owned by the caller. */
char *service_container_name(const struct model *m, const struct service *s, unsigned n);
/* The spec of replica n: name, labels, ports and aliases in place. image_id: what is run. Free with container_spec_done. */
void service_replica(const struct model *m, const struct service *s, unsigned n, const char *image_id,
		     struct container_spec *ret);

/* Private to model*.c. */
struct model_reader {
	struct model *model;
	struct findings *f;
};
int decode_service(struct model_reader *r, const char *name, const struct node *n, struct service *s);
void decode_build(struct model_reader *r, const char *service, const struct node *n, struct service *s);
void decode_mounts(struct model_reader *r, const struct node *n, struct container_spec *spec);
void decode_files(struct model_reader *r, const struct node *service, struct container_spec *spec);
void decode_networks(struct model_reader *r, const char *service, const struct node *n, struct service *s);
void decode_ports(struct model_reader *r, const struct node *n, struct container_spec *spec);
void decode_resources(struct model_reader *r, const struct node *n, struct container_spec *spec);
/* Amounts below nothing, as findings. */
void check_amounts(const char *service, const struct node *config, struct findings *f);

/* Reading canonical values into C. */
void node_to_strv(const struct node *list, struct strv *ret);
void node_to_strmap(const struct node *map, struct map *ret);
char *node_dup(const struct node *map, const char *key);    /* a string member, or NULL */
int64_t node_duration(const struct node *map, const char *key, int64_t otherwise); /* Go text to ns */
int64_t node_size(const struct node *map, const char *key, int64_t otherwise);	   /* a decimal string */

#endif
