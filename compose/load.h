/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the user's files to one canonical tree: YAML, interpolation, extends, include, merge, check, short forms to
 * long ones, defaults, paths, names. The tree is what `config` prints and what model.h decodes for plan
 * and engines. Specification: the Compose Specification; where it is silent, what Docker Compose 2.40 does.
 *
 * The canonical form (as `docker compose config --format json` shows it): command and entrypoint lists; environment,
 * labels, extra attributes maps (a NULL value in environment: not set); ports {mode, host_ip, target, published,
 * protocol}; volumes {type, source, target, read_only, bind, volume, tmpfs}; depends_on a map of {condition, required,
 * restart}; networks a map; build {context, dockerfile, args, ...}; durations as Go text ("1m30s"), sizes as decimal
 * strings; configs and secrets made of a variable have its value as content (never printed); healthcheck.test a list; ulimits {soft, hard} or a number.
 */
#ifndef COMPOSE_LOAD_H
#define COMPOSE_LOAD_H

#include "compose/finding.h"
#include "compose/remote.h"
#include "util/map.h"
#include "util/strv.h"

struct load_options {
	struct strv files;	      /* -f, in order; "-" is stdin. Empty: COMPOSE_FILE, else found */
	const char *project_dir;      /* --project-directory, or NULL */
	const char *project_name;     /* -p, or NULL */
	struct strv env_files;	      /* --env-file. Empty: .env of the project directory */
	struct strv profiles;	      /* --profile. Empty: COMPOSE_PROFILES */
	struct strv services;	      /* only these and what they depend on; empty: all */
	bool keep_others;	      /* services: their profiles become active, and all others stay, too */
	const struct map *environ;    /* the process's environment (strings) */
	const char *cwd;	      /* absolute; NULL: getcwd honouring PWD */
	bool no_interpolate, no_normalize, no_path_resolution, no_consistency, no_env_resolution;
	bool compatibility;
	bool all_resources;   /* keep networks, volumes ... that no service uses */
	bool skip_env_files;  /* don't read env_file and label_file */
	const struct remotes *remotes; /* NULL: files of other machines are an error */
};

struct project_tree {
	struct arena *arena;	/* owns all that follows */
	const char *name;	/* project name, normalised */
	const char *dir;	/* the project directory, absolute */
	struct strv files;	/* absolute, in order ("-" for stdin; a URL as it was given) */
	struct strv env_files;	/* those given with --env-file, absolute */
	struct map env;		/* the interpolation environment: what ${X} sees */
	struct map env_origin;	/* name -> where its value came from ("environment", "/abs/.env:3") */
	struct strv profiles;	/* active */
	struct node *root;	/* canonical: name, services, networks, volumes, secrets, configs, models, x-* */
	struct map disabled;	/* name -> struct node *: services that no active profile selects */
	struct strv env_read;	/* the env files that env was made from, in order */
	bool files_unread;	/* loaded with skip_env_files: env_file is still there */
	VEC(const struct source *) sources; /* these files, as they are written */
	size_t local_includes;	/* files of this machine that others include */
	struct strv remotes;	/* the URLs of other machines that files came from, in order */
	VEC(struct remote_variable) remote_vars; /* what these see of the environment */
};

/* 0 with *ret set and perhaps warnings in f; or -err with at least one error in f: -ERR_NOT_FOUND when no file is named and
 * none is found. Blocks (reads files). */
int project_load(const struct load_options *opt, struct project_tree **ret, struct findings *f);
struct project_tree *project_tree_free(struct project_tree *t);
DEFINE_FREEP(struct project_tree, project_tree_free);

/* It becomes part of names and of paths: lowercase letters, digits, '-' and '_', the first a letter or digit. */
bool project_name_valid(const char *name);
/* Only the project's files, name, directory and environment: for commands that need no model. */
int project_peek(const struct load_options *opt, struct project_tree **ret, struct findings *f);

/* `config`'s output. */
enum config_format { CONFIG_YAML, CONFIG_JSON };
int config_print(const struct project_tree *t, enum config_format format, bool no_interpolate,
		 struct buf *out, struct error *err);
/* Where the value of a variable comes from and what it overrides; where each value below "SERVICE.ATTRIBUTE" was
 * written. -ERR_NOT_FOUND when there is no such thing. */
int config_explain(const struct project_tree *t, const char *name, struct buf *out, struct error *err);
int config_origin(const struct project_tree *t, const char *path, struct buf *out, struct error *err);
/* Docker Compose's hash of a service, network, volume (label com.docker.compose.config-hash): as `up` hashes, or, of a tree that was
 * loaded with skip_env_files, as `config --hash` prints. "" when there is none of that name. */
void service_hash(const struct project_tree *t, const char *service, char ret[65]);
void service_node_hash(const struct project_tree *t, const struct node *service, char ret[65]); /* one of its services */
void network_hash(const struct project_tree *t, const char *key, char ret[65]);
void volume_hash(const struct project_tree *t, const char *key, char ret[65]);

/* The service names, dependencies first. */
void project_services_in_order(const struct project_tree *t, struct strv *ret);

#endif
