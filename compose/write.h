/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node trees to text, byte for byte as Docker Compose prints them: YAML with sequences indented
 * under their key and no folding, JSON with two blanks. Maps are written in the order they have:
 * sort them first where the order of their keys is to be another.
 */
#ifndef COMPOSE_WRITE_H
#define COMPOSE_WRITE_H

#include "compose/node.h"

enum write_flags {
	WRITE_SORTED = 1,  /* every map: natural order in YAML, byte order in JSON */
	WRITE_COMPACT = 2, /* JSON without blanks and newlines */
};

/* Ends with a newline. */
void write_yaml(const struct node *n, unsigned flags, struct buf *out);
/* No newline at the end; <, >, & and U+2028/9 are escaped as Go does it. */
void write_json(const struct node *n, unsigned flags, struct buf *out);

/* Order of keys: go-yaml's natural one ("a2" < "a10", letters after all else), and plain bytes. */
int key_compare_natural(const char *a, const char *b);
/* A copy of the map (its values shared) with its keys in that order. */
struct node *node_sorted(struct arena *a, const struct node *map,
			 int (*compare)(const char *, const char *));

#define GO_FLOAT_MAX 32
/* strconv.FormatFloat(f, 'g', -1, bits) with bits 64 or 32, which is also %v: "1e+08", "+Inf". */
const char *go_float(double f, int bits, char out[GO_FLOAT_MAX]);
/* f as a float32 holds it, but with the digits that one is written with: 1.123456789 is 1.1234568. */
double go_float32(double f);
/* As encoding/json writes it: "100000000", "1e+21". */
const char *go_json_float(double f, char out[GO_FLOAT_MAX]);
/* strconv.Quote and %q: "a\tb". */
void go_quote(struct str s, struct buf *out);

#endif
