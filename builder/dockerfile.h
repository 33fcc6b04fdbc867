/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Dockerfile as text: directives, logical lines (continuations joined, comments dropped), their
 * flags and heredocs. Nothing is expanded and no instruction is known here but for what decides
 * where a heredoc may be.
 *
 * All of it is owned by struct dockerfile; dockerfile_done() frees it.
 */
#ifndef BUILDER_DOCKERFILE_H
#define BUILDER_DOCKERFILE_H

#include "util/strv.h"
#include "util/vec.h"

#define LIMIT_DOCKERFILE (8u << 20) /* bytes of a Dockerfile */

struct heredoc {
	char *name;    /* the delimiter, unquoted: also the name of the file that COPY makes */
	char *content; /* raw, each line with its own end */
	bool expand;   /* the delimiter was not quoted */
	bool chomp;    /* <<-: leading tabs go */
};
typedef VEC(struct heredoc) heredoc_vec;

/* Where a piece of a joined line came from: text[at...] stands at line:column. */
struct line_piece {
	size_t at;
	unsigned line, column;
};

struct line {
	unsigned number, end; /* first and last line in the file, from 1 */
	char *text;	      /* joined, trimmed */
	char *name;	      /* the keyword as it was written */
	struct strv flags;    /* "--from=x", unquoted */
	char *args;	      /* the rest, trimmed */
	heredoc_vec heredocs;
	struct strv comments; /* those directly above it, without '#' */
	VEC(struct line_piece) pieces;
};

struct dockerfile_warning { /* an empty line in an instruction of several */
	unsigned line;
	char *text;
};

struct dockerfile {
	char *name;  /* as messages show it */
	char escape; /* '\\' or '`' */
	char *syntax, *check;
	VEC(struct line) lines;
	VEC(struct dockerfile_warning) warnings;
};

/* -ERR_INVALID with its place. name: for messages, copied. */
int dockerfile_parse(const char *name, struct str text, struct dockerfile *ret, struct error *err);
void dockerfile_done(struct dockerfile *df);

/* err's place becomes that of `what` in the line (a pointer into no string of it is fine: it is
 * searched for), or of the line when what is NULL or not found. Returns -err->code. */
int line_error_at(const struct dockerfile *df, const struct line *l, const char *what,
		  struct error *err);

/* The words of an argument text: blanks separate them, quotes and escapes stay in them. */
void line_words(const char *args, char escape, struct strv *ret);
/* A JSON array of strings: 1; not JSON: 0; JSON of something else: -ERR_INVALID. */
int line_json(const char *args, struct strv *ret, struct error *err);
/* "<<EOF", "3<<-'EOF'": 1 with name, expand and chomp set (content NULL); 0 when it is none. */
int heredoc_parse(const char *word, struct heredoc *ret);
/* The content as it is meant: without leading tabs for <<-. Owned by the caller. */
char *heredoc_text(const struct heredoc *h);

#endif
