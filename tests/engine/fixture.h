/* SPDX-License-Identifier: Apache-2.0 */
/* An engine for the contract suite, and short ways to ask it. */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include "../unit/unit.h"

#include "engine/engine.h"
#include "event/loop.h"

#define IMAGE "contract:1"

struct fixture {
	char *dir; /* of a real engine's state */
	sd_event *loop;
	struct engine *engine;
	bool real; /* its containers are processes */
	struct error err;
	struct container_spec
		spec; /* what container() makes next; its members are the test's to set */
	char id[65];
};

extern const char *fixture_engine; /* "fake", "local" */
int fixture_open(void **state);
int fixture_close(void **state);
/* Ends well, or the test fails; its answer. */
int good(struct fixture *f, struct task *t);
/* Ends with this error. */
void bad(struct fixture *f, struct task *t, enum err_code code);
/* Makes one from f->spec (image and name filled in), which is emptied; the id is in f->id. */
const char *container(struct fixture *f, const char *name);
/* Its command is `sh -c script`. */
const char *script(struct fixture *f, const char *name, const char *text);
void info(struct fixture *f, const char *name,
	  struct container_info *ret); /* fails when it isn't there */
enum container_state state_of(struct fixture *f, const char *name);
int wait_code(struct fixture *f, const char *name);
/* All output, stderr's lines with "E:" before them. Owned by the caller. */
char *logs(struct fixture *f, const char *name);
/* exec sh -c: its output; *code its exit code. */
char *exec_text(struct fixture *f, const char *name, const char *text, int *code);
/* Runs the loop until check says so, at most ten seconds. */
void until(struct fixture *f, bool (*check)(struct fixture *f, void *userdata), void *userdata);

#endif
