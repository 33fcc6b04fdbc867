/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/publish.h"

#include "compose/interpolate.h"
#include "compose/yaml.h"
#include "util/hash.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>

/* What is written in place of a scalar. */
struct edit {
	size_t at, n;
	char *text;
};

struct publishing {
	const struct project_tree *tree;
	struct arena *arena;
	struct findings findings;
	struct map names;	   /* path -> name, of all that was found */
	struct strv extended, env; /* paths, each once; extended grows while it is gone through */
	VEC(struct edit) edits;	   /* of the file that is at hand */
	document_vec *documents;
	struct error *err;
};

void document_vec_done(document_vec *v)
{
	vec_foreach (d, v) {
		free(d->name);
		free(d->path);
		buf_done(&d->text);
	}
	vec_done(v);
}

static int fail_at(struct publishing *p, const struct node *n, const char *why)
{
	error_set(p->err, ERR_INVALID, "%s", why);
	return error_at(p->err, n->at.source->name, n->at.line, n->at.column);
}

/* Where a line and column (of characters, from 1) are. */
static size_t offset_of(struct str text, struct place at)
{
	size_t i = 0;

	for (unsigned line = 1; line < at.line && i < text.n; i++)
		line += text.p[i] == '\n';
	for (unsigned c = 1; c < at.column && i < text.n; c++)
		for (i++; i < text.n && ((unsigned char)text.p[i] & 0xC0) == 0x80;)
			i++;
	return i;
}

/* How long what was written for a scalar is; 0: it can't be told. */
static size_t length_of(struct str text, size_t at, const char *value)
{
	size_t i = at + 1, n = strlen(value);
	char quote = at < text.n ? text.p[at] : '\0';

	if (quote != '"' && quote != '\'')
		return n <= text.n - at && !memcmp(text.p + at, value, n) ? n : 0;
	for (; i < text.n; i++) {
		if (quote == '"' && text.p[i] == '\\')
			i++;
		else if (text.p[i] == quote &&
			 (quote == '"' || i + 1 == text.n || text.p[i + 1] != quote))
			return i + 1 - at;
		else if (text.p[i] == quote)
			i++;
	}
	return 0;
}

static int replace(struct publishing *p, const struct node *n, const char *name)
{
	struct str text = n->at.source->text;
	size_t at = offset_of(text, n->at), len = length_of(text, at, n->s);

	vec_foreach (e, &p->edits)
		if (e->at == at) /* the same by an alias */
			return 0;
	if (!len)
		return fail_at(p, n,
			       "a path that is published must be written in one piece, as it is");
	*vec_add(&p->edits) = (struct edit){ at, len, xstrdup(name) };
	return 0;
}

/* The path that is meant, absolute; owned by the caller. */
static int path_of(struct publishing *p, const struct node *n, const char *dir, char **ret)
{
	struct var_maps maps = { .maps = { &p->tree->env } };
	const struct interp in = { .vars = { var_maps_get, &maps } };
	const char *home = strmap_get(&p->tree->env, "HOME");
	struct error err = ERROR_INIT;
	autofree char *joined = NULL;
	autobuf text;

	buf_init(&text, LIMIT_INTERPOLATED);
	if (interpolate(&in, n->s, &text, &err) < 0)
		return fail_at(p, n, err.msg);
	if (text.p[0] == '~' && home)
		joined = path_join(home, text.p + 1);
	*ret = path_absolute(dir, joined ? joined : text.p);
	return 0;
}

/* The name of a path, by which those who extend it find it. */
static const char *name_of(struct publishing *p, const char *path, const char *suffix,
			   struct strv *list)
{
	const char *known = strmap_get(&p->names, path);
	char hex[SHA256_HEX_MAX];
	autofree char *name = NULL;

	if (known)
		return known;
	hash_hex(path, strlen(path), hex);
	name = xprintf("%s%s", hex, suffix);
	strmap_set(&p->names, path, name);
	strv_push(list, path);
	return strmap_get(&p->names, path);
}

static int take_path(struct publishing *p, const struct node *n, const char *dir,
		     const char *suffix, struct strv *list)
{
	autofree char *path = NULL;
	int r;

	if (!n || n->kind != NODE_STRING || remote_kind(n->s) != REMOTE_NONE)
		return 0;
	r = path_of(p, n, dir, &path);
	return r < 0 ? r : replace(p, n, name_of(p, path, suffix, list));
}

static int take_env_files(struct publishing *p, const struct node *n, const char *dir)
{
	int r = 0;

	if (n && n->kind == NODE_STRING)
		return take_path(p, n, dir, ".env", &p->env);
	node_item(x, n)
	{
		if (r == 0)
			r = take_path(p, x->kind == NODE_MAP ? node_get(x, "path") : x, dir, ".env",
				      &p->env);
	}
	return r;
}

static int look_at(struct publishing *p, const struct node *doc, const char *dir)
{
	int r = 0;

	node_each(s, node_get(doc, "services"))
	{
		if (r == 0)
			r = take_env_files(p, node_get(s->value, "env_file"), dir);
		if (r == 0)
			r = take_path(p, node_get(node_get(s->value, "extends"), "file"), dir,
				      ".yaml", &p->extended);
	}
	return r;
}

static int by_offset(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void add_document(struct publishing *p, enum document_kind kind, const char *name,
			 const char *path, struct str text)
{
	struct document *d = vec_add(p->documents);
	size_t done = 0;

	d->kind = kind;
	d->name = xstrdup(name);
	d->path = xstrdup(path);
	buf_init(&d->text, LIMIT_FILE_SIZE + (1 << 20));
	if (p->edits.n)
		qsort(p->edits.v, p->edits.n, sizeof(*p->edits.v), by_offset);
	vec_foreach (e, &p->edits) {
		buf_add(&d->text, text.p + done, e->at - done);
		buf_adds(&d->text, e->text);
		done = e->at + e->n;
		free(e->text);
	}
	p->edits.n = 0;
	buf_add(&d->text, text.p + done, text.n - done);
}

static int add_file(struct publishing *p, const struct source *s, enum document_kind kind,
		    const char *name, const char *dir)
{
	struct yaml_docs docs;
	int r = 0;

	if (p->documents->n >= LIMIT_PUBLISHED)
		return error_set(p->err, ERR_LIMIT, "more than %d files are not published",
				 LIMIT_PUBLISHED);
	if (yaml_parse(p->arena, s, NULL, &docs, &p->findings) < 0)
		return error_set(p->err, ERR_INVALID, "%s has changed meanwhile", s->name);
	for (size_t i = 0; r == 0 && i < docs.n; i++)
		r = look_at(p, docs.v[i], dir);
	if (r == 0)
		add_document(p, kind, name, s->name, s->text);
	return r;
}

static int add_extended(struct publishing *p, const char *path)
{
	autofree char *dir = path_dir(path);
	struct source *s;
	int r = source_read(p->arena, path, &s, p->err);

	return r < 0 ? r : add_file(p, s, DOCUMENT_EXTENDED, strmap_get(&p->names, path), dir);
}

static void add_env(struct publishing *p, const char *path)
{
	autobuf text;

	buf_init(&text, LIMIT_FILE_SIZE);
	if (io_read_file(AT_FDCWD, path, &text, NULL) == 0)
		add_document(p, DOCUMENT_ENV, strmap_get(&p->names, path), path, buf_str(&text));
}

static int run(struct publishing *p)
{
	int r = 0;

	vec_foreach (s, &p->tree->sources) {
		autofree char *name = path_base((*s)->path);

		if (r == 0)
			r = add_file(p, *s, DOCUMENT_FILE, streq(name, "-") ? "compose.yaml" : name,
				     p->tree->dir);
	}
	for (size_t i = 0; r == 0 && i < p->extended.n; i++)
		r = add_extended(p, p->extended.v[i]);
	strv_foreach (path, &p->env) {
		if (r == 0)
			add_env(p, path);
	}
	return r;
}

int project_documents(const struct project_tree *t, document_vec *ret, struct error *err)
{
	document_vec documents = { 0 };
	struct publishing p = {
		.tree = t, .arena = arena_new(), .documents = &documents, .err = err
	};
	int r = run(&p);

	vec_foreach (e, &p.edits)
		free(e->text);
	vec_done(&p.edits);
	findings_done(&p.findings);
	map_done(&p.names);
	strv_done(&p.extended);
	strv_done(&p.env);
	arena_free(p.arena);
	if (r < 0)
		document_vec_done(&documents);
	else
		*ret = documents;
	return r;
}
