/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on a project share: its model, its engine, what there is, its lock; and how a plan is shown while it is carried out. */
#ifndef CLI_PROJECT_H
#define CLI_PROJECT_H

#include "cli/cmd.h"
#include "compose/run.h"

struct project {
	struct cli *cli;
	const char *name;
	struct project_tree *tree; /* NULL: only a name was given, and no file is there */
	struct model *model;	   /* NULL likewise */
	struct engine *engine;
	struct world world;
	bool observed;
	int lock;
	char *lock_path;
};

#define PROJECT_LOCK	 1u /* it is changed: nobody else works on it meanwhile */
#define PROJECT_NAMED_OK 2u /* -p alone will do */
#define PROJECT_NO_WORLD 4u /* don't ask the engine yet */
#define PROJECT_MAKES	 8u /* containers are made: the engine must do all that the file asks for */
#define PROJECT_BUILDS	 16u /* images are built: what `build` asks for must be done */

/* services: the command's; those that are named must be in the file (when there is one). */
int project_open(struct cli *cli, const struct strv *services, unsigned flags, struct project *ret,
		 struct error *err);
void project_done(struct project *p);
void project_unlock(struct project *p); /* others may work on it from now on */
int project_lock(struct project *p, struct error *err); /* once more; what there is may have changed */
int project_observe(struct project *p, struct error *err); /* again */
#define autoproject __attribute__((cleanup(project_done))) struct project

/* A container of a service by --index (0: the first), running or not; NULL: -ERR_NOT_FOUND in err. */
const struct container_info *project_container(const struct project *p, const char *service, int64_t index,
					       struct error *err);
/* For commands on one container: the project, which the caller ends in any case, and that container of it. */
int project_open_container(struct cli *cli, const char *service, int64_t index, struct project *ret,
			   const struct container_info **ret_c, struct error *err);
/* "web-1": the name without the project's. Borrowed. */
const char *container_short_name(const struct project *p, const struct container_info *c);

/* Carries it out and shows it; Ctrl-C cancels (a second one ends us). Nothing to do is success. */
struct show_options {
	const char *title; /* "Running" */
	bool quiet_build, quiet_pull, quiet;
	int64_t deadline; /* ns; 0: none */
	const char *deadline_message;
};
int project_run(struct project *p, struct plan *plan, const struct run_options *opt,
		const struct show_options *show, struct error *err);
/* What --dry-run does instead (with --progress json: as JSON), and `plan`. */
int project_show_plan(const struct plan *plan, bool json, struct error *err);
/* Names that plan-each takes, in a row: stop, start, ... */
int project_each(struct cli *cli, const struct each_plan_options *opt, unsigned flags, const char *title,
		 struct error *err);

/* The plan of `up` and its kind, carried out: orphans as COMPOSE_REMOVE_ORPHANS and COMPOSE_IGNORE_ORPHANS say, volumes
 * that don't match made anew if the user says so (yes: is not asked), findings shown. */
int project_up(struct project *p, struct up_plan_options *opt, const struct show_options *show, bool yes,
	       struct error *err);
/* The plan alone. */
int project_up_plan(struct project *p, struct up_plan_options *opt, bool yes, struct plan **ret, struct error *err);
/* A variable as the project sees it (its .env counts); NULL when unset or empty. */
const char *project_env(const struct project *p, const char *name);

/* A --timeout in seconds as ns; -1 (not given) stays. */
int64_t cli_seconds(int64_t seconds);

/* --scale SERVICE=N to a map of service -> unsigned *; initialises it. flag: what messages call it. */
int cli_scale(const char *flag, const struct strv *given, const struct model *m, struct map *ret, struct error *err);
/* --since, --until: a time, seconds since 1970, or a span before now. NULL and "" are 0. */
int cli_moment(const char *flag, const char *s, int64_t *ret, struct error *err);

int cli_check_word(const char *flag, const char *value, const char *const *words, struct error *err); /* one of */
extern const char *const pull_words[]; /* of --pull */

/* The builder's runner over an engine, for run_options. */
void engine_build_runner(struct engine *e, struct build_runner *ret);

#endif
