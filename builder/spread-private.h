/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of spread.h share. */
#ifndef BUILDER_SPREAD_PRIVATE_H
#define BUILDER_SPREAD_PRIVATE_H

#include "builder/spread.h"

enum put_kind { PUT_EMPTY, PUT_DIR, PUT_FILE, PUT_SOCKET, PUT_PARENT };

/* One thing that is there for the time of the step. */
struct put {
	enum put_kind kind;
	int parent; /* the directory that it is in */
	char *name;
	char *source;	/* PUT_DIR that goes back there, or NULL: it is thrown away */
	unsigned aside; /* what was there before, under this number; 0: nothing */
	bool done;
};

struct spread {
	char *dir; /* staged: the root filesystem */
	int root;  /* it, open */
	int aside; /* a directory beside it */
	VEC(struct put) puts;
	unsigned n_aside;
	struct timespec since; /* change times after this are the step's */
	struct map inodes;     /* directories: path to "DEV:INO", as they were */
	spread_fn then;
};

#endif
