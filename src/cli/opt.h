/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options as tables: one row makes the parser, the help, the manual page and the completion. The syntax is Docker's (pflag's):
 * --name, --name=value, --name value, -n, -nvalue, -n value, -abc, --flag=false, "--" ends them.
 *
 * A command's options live in a struct of its own that starts zeroed; a row says where. Defaults are text, parsed like a value that was
 * given.
 */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include "util/buf.h"
#include "util/error.h"
#include "util/strv.h"

enum opt_kind {
	OPT_END = 0,
	OPT_FLAG,     /* bool */
	OPT_STRING,   /* char *, owned; the last one counts */
	OPT_STRINGS,  /* struct strv; each adds one */
	OPT_LIST,     /* struct strv; each adds its comma-separated parts */
	OPT_INT,      /* int64_t */
	OPT_COUNT,    /* int64_t >= 0 */
};

#define OPT_HIDDEN     1u /* accepted, not shown */
#define OPT_NOT_DONE   2u /* giving it is an error that says so */
#define OPT_NO_DEFAULT 4u /* the default is a mark of ours ("not given"): not shown */

struct opt {
	enum opt_kind kind;
	char letter;	   /* 0: none */
	const char *name;  /* "detach" */
	const char *value; /* what the help calls its value, "stringArray"; NULL: by kind */
	const char *help;
	const char *otherwise; /* default; NULL: zero */
	unsigned flags;
	size_t offset;
};

#define OPT(T, kind_, member, letter_, name_, help_, ...)                                          \
	{ .kind = (kind_), .letter = (letter_), .name = (name_), .help = (help_),                  \
	  .offset = offsetof(T, member), __VA_ARGS__ }

/* Rows, and the struct that they point into. A command line is held against several: the command's own, and those of every command. */
struct opt_set {
	const struct opt *opts; /* may be NULL */
	void *values;
};

/* Parses argv[*at ...]; *at becomes the index of the first word that is no option when stop_at_word, else positional words are
 * collected in args. */
int opt_parse(const struct opt_set *sets, size_t n_sets, int argc, char *const *argv, int *at,
	      bool stop_at_word, struct strv *args, struct error *err);
void opt_defaults(const struct opt *opts, void *values); /* before opt_parse() */
void opt_free(const struct opt *opts, void *values); /* frees what the values own */
/* The lines of an "Options:" section, aligned, sorted by name. */
void opt_help(const struct opt_set *sets, size_t n_sets, struct buf *out);
const char *opt_value_name(const struct opt *o);

#endif
