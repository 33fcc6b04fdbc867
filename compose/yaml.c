/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/yaml.h"
#include "compose/yaml-parts.h"

#include "util/map.h"
#include "util/utf8.h"

#include <yaml.h>

#define LIMIT_ALIAS_VISITS 400000 /* nodes that aliases alone may unfold to */

struct anchor {
	struct node *node; /* NULL while it is being built: an alias to it would be a cycle */
	struct place at;
	size_t visits; /* its nodes, with aliases unfolded */
	const char *path;
};

/* The way to the node that is being built, for messages. */
struct crumb {
	const struct crumb *up;
	const char *key; /* NULL: an item */
	size_t index;
};

struct reader {
	struct arena *arena;
	const struct source *src;
	struct findings *findings;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	struct map anchors; /* of this document: name -> struct anchor * */
	size_t *visits, alias_visits;
	unsigned depth;
	bool stop; /* nothing sensible can follow: the text itself is broken or too large */
};

static struct place place_of(const struct reader *r, const yaml_mark_t *mark)
{
	return (struct place){ .source = r->src,
			       .line = (unsigned)mark->line + 1,
			       .column = (unsigned)mark->column + 1 };
}

static struct place here(const struct reader *r)
{
	return place_of(r, &r->event.start_mark);
}

/* Where a byte of the text is; a column counts characters. */
static struct place place_at(const struct reader *r, size_t offset)
{
	struct place at = { .source = r->src, .line = 1, .column = 1 };

	for (size_t i = 0; i < offset && i < r->src->text.n; i++) {
		if (r->src->text.p[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if (((unsigned char)r->src->text.p[i] & 0xC0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

/* The mark counts characters. */
static bool is_tab(const struct reader *r, const yaml_mark_t *mark)
{
	struct str rest = r->src->text;
	size_t n, i = 0;

	for (; rest.n && i < mark->index; i++) {
		utf8_decode(rest, &n);
		rest = str_skip(rest, n);
	}
	return rest.n && *rest.p == '\t';
}

/* libyaml's words: "did not find expected key (while parsing a block mapping that begins in line
 * 3)". */
static void report_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "cannot be read as YAML";

	r->stop = true;
	if (p->error == YAML_READER_ERROR) {
		finding_error(r->findings, place_at(r, p->problem_offset), "%s", problem);
		finding_hint(r->findings, "Compose files are text in UTF-8");
		return;
	}
	/* A quote that is never closed is seen at the end of the file: where it begins is what
	 * helps. */
	if (p->context && strstr(p->context, "quoted scalar"))
		finding_error(r->findings, place_of(r, &p->context_mark), "%s %s", problem,
			      p->context);
	else if (p->context && p->context_mark.line != p->problem_mark.line)
		finding_error(r->findings, place_of(r, &p->problem_mark), "%s (%s in line %zu)",
			      problem, p->context, p->context_mark.line + 1);
	else
		finding_error(r->findings, place_of(r, &p->problem_mark), "%s%s%s", problem,
			      p->context ? " " : "", p->context ? p->context : "");
	if (is_tab(r, &p->problem_mark))
		finding_hint(r->findings, "indent with blanks: YAML does not allow tabs for it");
}

static bool next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (r->stop)
		return false;
	if (yaml_parser_parse(&r->parser, &r->event))
		return true;
	report_syntax(r);
	return false;
}

static int stop_with(struct reader *r, struct place at, const char *what)
{
	r->stop = true;
	return finding_error(r->findings, at, "%s", what);
}

/* Counts n nodes against the budget of the load. */
static int count_visits(struct reader *r, size_t n)
{
	*r->visits += n;
	if (*r->visits <= LIMIT_NODE_VISITS)
		return 0;
	return stop_with(r, here(r), "too large: it has more than 1000000 values");
}

static void put_crumbs(const struct crumb *c, struct buf *out)
{
	if (c->up)
		put_crumbs(c->up, out);
	if (!c->key)
		buf_addf(out, "[%zu]", c->index);
	else
		buf_addf(out, "%s%s", out->len ? "." : "", c->key);
}

static char *path_text(const struct crumb *c)
{
	struct buf path;

	buf_init(&path, BUF_MAX_ANY);
	if (c)
		put_crumbs(c, &path);
	return buf_steal(&path);
}

static enum node_mark mark_of(const char *tag)
{
	if (tag && streq(tag, "!reset"))
		return NODE_RESET;
	if (tag && streq(tag, "!override"))
		return NODE_OVERRIDE;
	return NODE_PLAIN;
}

static struct node *read_scalar(struct reader *r)
{
	const char *text = (const char *)r->event.data.scalar.value;
	size_t len = r->event.data.scalar.length;
	const char *tag = (const char *)r->event.data.scalar.tag;
	struct node *n = node_new(r->arena, NODE_STRING, here(r));

	n->s = "";
	n->mark = mark_of(tag);
	n->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (memchr(text, '\0', len)) {
		finding_error(r->findings, n->at, "a NUL character cannot be in a value");
		return n;
	}
	yaml_type(r->arena, arena_strndup(r->arena, text, len), tag, n, r->findings);
	return n;
}

static struct node *read_node(struct reader *r, const struct crumb *at);

static void read_items(struct reader *r, struct node *list, const struct crumb *at)
{
	struct crumb crumb = { .up = at };
	struct node *item;

	while (next_event(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
		item = read_node(r, &crumb);
		crumb.index++;
		if (item && item->mark != NODE_RESET)
			node_list_add(r->arena, list, item);
	}
}

/* Keys are scalars that are strings. What can't be one has been reported when this returns NULL. */
static const char *key_text(struct reader *r, const struct node *key, const char *raw,
			    const struct crumb *at)
{
	autofree char *path = NULL;

	if (!key)
		return NULL;
	if (key->kind == NODE_STRING)
		return key->s;
	path = path_text(at);
	if (key->kind == NODE_LIST || key->kind == NODE_MAP)
		finding_error(r->findings, key->at, "a %s cannot be a key (%s%s)",
			      node_kind_name(key->kind), *path ? "in " : "at top level", path);
	else
		finding_error(r->findings, key->at, "non-string key %s%s: %s",
			      *path ? "in " : "at top level", path, raw);
	if (key->kind != NODE_LIST && key->kind != NODE_MAP)
		finding_hint(r->findings, "put the key in quotes: \"%s\"", raw);
	return NULL;
}

static bool event_is_merge(const struct reader *r)
{
	const yaml_event_t *e = &r->event;
	const char *tag;

	if (e->type != YAML_SCALAR_EVENT || !streq((const char *)e->data.scalar.value, "<<"))
		return false;
	tag = (const char *)e->data.scalar.tag;
	if (!tag || streq(tag, "!"))
		return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return streq(tag, "tag:yaml.org,2002:merge");
}

/* The values of `<<` that a mapping has. */
struct merge {
	struct node *value; /* NULL: none */
	struct place at;
};

/* Appends the members of what `<<` names, behind those that the mapping has itself: the first of a
 * key wins. */
static int merge_one(struct reader *r, struct node *map, const struct node *from, struct place at)
{
	if (from->kind != NODE_MAP)
		return finding_error(r->findings, at,
				     "a merge (<<) requires a mapping or a list of mappings");
	if (count_visits(r, from->map.n) < 0)
		return -ERR_INVALID;
	node_each(m, from) node_add(r->arena, map, m->key, m->key_at, m->value);
	return 0;
}

static int merge_all(struct reader *r, struct node *map, const struct merge *merge)
{
	if (merge->value->kind != NODE_LIST)
		return merge_one(r, map, merge->value, merge->at);
	node_item(from,
		  merge->value) if (merge_one(r, map, from, merge->at) < 0) return -ERR_INVALID;
	return 0;
}

static void read_merge(struct reader *r, struct merge *merge, const struct crumb *at)
{
	struct place key_at = here(r);
	struct node *value;

	if (!next_event(r))
		return;
	value = read_node(r, at);
	if (merge->value)
		finding_error(r->findings, key_at, "mapping key \"<<\" already defined at line %u",
			      merge->at.line);
	merge->value = value;
	merge->at = key_at;
}

static void read_member(struct reader *r, struct node *map, const struct crumb *at)
{
	struct place key_at = here(r);
	autofree char *raw = r->event.type == YAML_SCALAR_EVENT
				     ? xstrdup((const char *)r->event.data.scalar.value)
				     : NULL;
	struct node *key = read_node(r, at), *value;
	struct crumb crumb = { .up = at, .key = raw ? raw : "?" };
	const char *text = key_text(r, key, raw ? raw : "", at);

	if (!next_event(r))
		return;
	value = read_node(r, &crumb);
	if (text && value)
		node_add(r->arena, map, text, key_at, value);
}

static void read_members(struct reader *r, struct node *map, const struct crumb *at)
{
	struct merge merge = { 0 };
	size_t own;

	while (next_event(r) && r->event.type != YAML_MAPPING_END_EVENT) {
		if (event_is_merge(r))
			read_merge(r, &merge, at);
		else
			read_member(r, map, at);
	}
	if (r->stop)
		return;
	own = map->map.n;
	if (merge.value)
		merge_all(r, map, &merge);
	members_unique(map, own, r->findings);
}

static struct anchor *open_anchor(struct reader *r, const yaml_char_t *name, struct place at,
				  const struct crumb *crumb)
{
	struct anchor *a;
	autofree char *path = NULL;

	if (!name)
		return NULL;
	path = path_text(crumb);
	a = arena_new_of(r->arena, struct anchor);
	a->at = at;
	a->path = arena_strdup(r->arena, path);
	map_set(&r->anchors, (const char *)name, a);
	return a;
}

static struct node *report_cycle(struct reader *r, const struct anchor *a, const struct crumb *at)
{
	autofree char *path = path_text(at);

	finding_error(r->findings, here(r),
		      "cycle detected: node at path %s references node at path %s (line %u)", path,
		      a->path, a->at.line);
	return NULL;
}

static struct node *read_alias(struct reader *r, const struct crumb *at)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	struct anchor *a = map_get(&r->anchors, name);

	if (!a) {
		finding_error(r->findings, here(r), "unknown anchor '%s' referenced", name);
		return NULL;
	}
	if (!a->node)
		return report_cycle(r, a, at);
	r->alias_visits += a->visits;
	if (r->alias_visits > LIMIT_ALIAS_VISITS) {
		stop_with(r, here(r),
			  "excessive aliasing: aliases unfold to more than 400000 values");
		return NULL;
	}
	return count_visits(r, a->visits) < 0 ? NULL : a->node;
}

static struct node *read_collection(struct reader *r, enum node_kind kind, const char *tag,
				    const struct crumb *at)
{
	struct node *n = node_new(r->arena, kind, here(r));

	n->mark = mark_of(tag);
	if (r->depth == LIMIT_NODE_DEPTH) {
		stop_with(r, n->at, "nested too deeply: more than 512 levels");
		return NULL;
	}
	r->depth++;
	if (kind == NODE_LIST)
		read_items(r, n, at);
	else
		read_members(r, n, at);
	r->depth--;
	return r->stop ? NULL : n;
}

static struct node *read_anchored(struct reader *r, const struct crumb *at)
{
	const yaml_event_t *e = &r->event;
	size_t before = *r->visits;
	struct anchor *anchor;
	struct node *n;
	autofree char *tag = NULL;

	if (e->type == YAML_SCALAR_EVENT) {
		anchor = open_anchor(r, e->data.scalar.anchor, here(r), at);
		n = read_scalar(r);
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = open_anchor(r, e->data.sequence_start.anchor, here(r), at);
		tag = xstrdup0((const char *)e->data.sequence_start.tag);
		n = read_collection(r, NODE_LIST, tag, at);
	} else {
		anchor = open_anchor(r, e->data.mapping_start.anchor, here(r), at);
		tag = xstrdup0((const char *)e->data.mapping_start.tag);
		n = read_collection(r, NODE_MAP, tag, at);
	}
	if (anchor) {
		anchor->node = n;
		anchor->visits = *r->visits - before + 1;
	}
	return n;
}

/* NULL: it has been reported, or the reader stops. The events of the node are taken in any case. */
static struct node *read_node(struct reader *r, const struct crumb *at)
{
	if (r->event.type == YAML_ALIAS_EVENT)
		return read_alias(r, at);
	if (count_visits(r, 1) < 0)
		return NULL;
	return read_anchored(r, at);
}

static void read_document(struct reader *r, struct yaml_docs *docs, size_t *cap)
{
	struct node *root, **bigger;

	map_init(&r->anchors, NULL);
	if (next_event(r)) {
		root = read_node(r, NULL);
		if (docs->n == *cap) {
			*cap = *cap ? *cap * 2 : 2;
			bigger = arena_alloc(r->arena, *cap * sizeof(*bigger));
			if (docs->n)
				memcpy(bigger, docs->v, docs->n * sizeof(*bigger));
			docs->v = bigger;
		}
		docs->v[docs->n++] = root;
		next_event(r); /* the end of the document */
	}
	map_done(&r->anchors);
}

int yaml_parse(struct arena *a, const struct source *src, size_t *visits, struct yaml_docs *ret,
	       struct findings *f)
{
	size_t alone = 0, errors = f->n_errors, cap = 0;
	struct reader r = {
		.arena = a, .src = src, .findings = f, .visits = visits ? visits : &alone
	};
	struct yaml_docs docs = { 0 };

	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)src->text.p, src->text.n);
	while (next_event(&r) && r.event.type != YAML_STREAM_END_EVENT)
		if (r.event.type == YAML_DOCUMENT_START_EVENT)
			read_document(&r, &docs, &cap);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (f->n_errors > errors)
		return -ERR_INVALID;
	*ret = docs;
	return 0;
}
