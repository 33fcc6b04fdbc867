/* SPDX-License-Identifier: Apache-2.0 */
/* .gitmodules, in git's format of settings, of which it takes what it must and includes nothing. */
#ifndef BUILDER_GIT_MODULES_H
#define BUILDER_GIT_MODULES_H

#include "util/str.h"
#include "util/vec.h"

struct module {
	char *name, *path, *url;
	bool skip; /* update = none */
};
typedef VEC(struct module) module_vec;

/* Lines that make no sense are passed over, as a name with ".." in it is. */
void modules_parse(struct str text, module_vec *ret);
void modules_done(module_vec *v);
const struct module *modules_find(const module_vec *v, const char *path);

#endif
