/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/graph.h"

#include "builder/expand.h"
#include "registry/platform.h"

#include "util/num.h"

static int fail(const struct inst *in, const char *what, struct error *err, const char *fmt, ...)
	printf_like(4, 5);
static int fail(const struct inst *in, const char *what, struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, ERR_INVALID, fmt, ap);
	va_end(ap);
	inst_error_at(in, what, err);
	return -ERR_INVALID;
}

/* ---- arguments before the first FROM ---- */

static void arg_split(const char *text, char **ret_name, const char **ret_value)
{
	const char *eq = strchr(text, '=');

	*ret_name = eq ? xstrndup(text, (size_t)(eq - text)) : xstrdup(text);
	*ret_value = eq ? eq + 1 : NULL;
}

static int add_global(struct graph *g, const struct inst *in, const char *text,
		      const struct map *build_args, struct error *err)
{
	autofree char *name = NULL, *expanded = NULL;
	const char *value;

	arg_split(text, &name, &value);
	if (!*name)
		return fail(in, text, err, "there is no name before the = in \"%s\"", text);
	if (strmap_get(build_args, name)) {
		strmap_set(&g->args, name, strmap_get(build_args, name));
		return 0;
	}
	if (value) {
		int r = expand_word(value, g->df.escape, 0, &g->args, NULL, &expanded, err);

		if (r < 0)
			return inst_error_at(in, text, err);
		strmap_set(&g->args, name, expanded);
	} else if (!map_has(&g->args, name)) {
		strmap_set(&g->args, name, NULL);
	}
	return 0;
}

static int load_globals(struct graph *g, const struct map *build_args, struct error *err)
{
	vec_foreach (in, &g->globals) {
		strv_foreach (text, &in->args) {
			int r = add_global(g, in, text, build_args, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* ---- stages ---- */

static bool valid_name(const char *s)
{
	if (!char_is_alpha(*s))
		return false;
	for (; *s; s++)
		if (!char_is_alnum(*s) && !strchr("-_.", *s))
			return false;
	return true;
}

static int expand_from(struct graph *g, struct stage *s, struct error *err)
{
	const struct inst *in = &s->from;
	autostrv unset = { 0 };
	struct platform platform;
	int r = expand_word(in->args.v[0], g->df.escape, 0, &g->args, &unset, &s->base, err);

	if (r >= 0 && in->flags.platform && *in->flags.platform)
		r = expand_word(in->flags.platform, g->df.escape, 0, &g->args, &unset, &s->platform,
				err);
	if (r < 0)
		return inst_error_at(in, in->args.v[0], err);
	if (!*s->base)
		return fail(in, in->args.v[0], err, "FROM %s: the base is empty%s%s%s",
			    in->args.v[0], unset.n ? ": declare ARG " : "",
			    unset.n ? unset.v[0] : "",
			    unset.n ? " with a value before the first FROM" : "");
	if (s->platform && !*s->platform)
		return fail(in, in->flags.platform, err,
			    "FROM --platform=%s: the platform is empty", in->flags.platform);
	if (s->platform && platform_parse(s->platform, &platform, err) < 0)
		return inst_error_at(in, in->flags.platform, err);
	return 0;
}

static struct stage *find_below(const struct graph *g, size_t end, const char *name)
{
	for (size_t i = end; i > 0; i--)
		if (g->stages.v[i - 1]->name && !strcasecmp(g->stages.v[i - 1]->name, name))
			return g->stages.v[i - 1];
	return NULL;
}

struct stage *graph_find(const struct graph *g, const char *name)
{
	return find_below(g, g->stages.n, name);
}

static int add_stage(struct graph *g, struct inst *in, struct error *err)
{
	struct stage *s;

	if (g->stages.n >= LIMIT_STAGES)
		return fail(in, NULL, err, "more than %d stages", LIMIT_STAGES);
	if (in->args.n == 3 && !valid_name(in->args.v[2]))
		return fail(
			in, in->args.v[2], err,
			"invalid name of a stage: %s: it begins with a letter, and has letters, "
			"digits, - _ and . only",
			in->args.v[2]);
	s = xnew(struct stage);
	s->index = (unsigned)g->stages.n;
	s->from = *in;
	*in = (struct inst){ 0 };
	*vec_add(&g->stages) = s;
	if (s->from.args.n == 3)
		s->name = str_lower(s->from.args.v[2]);
	return 0;
}

static int add_inst(struct graph *g, const struct line *l, struct error *err)
{
	struct inst in = { 0 };
	int r = inst_parse(&g->df, l, &in, err);

	if (r < 0)
		return r;
	if (in.kind == INST_FROM) {
		r = add_stage(g, &in, err);
	} else if (g->stages.n) {
		*vec_add(&g->stages.v[g->stages.n - 1]->insts) = in;
		return 0;
	} else if (in.kind == INST_ARG) {
		*vec_add(&g->globals) = in;
		return 0;
	} else {
		r = fail(&in, NULL, err, "%s before the first FROM: only ARG may stand there",
			 inst_name(in.kind));
	}
	inst_done(&in);
	return r;
}

static int load(struct graph *g, const struct map *build_args, struct error *err)
{
	int r = 0;

	vec_foreach (l, &g->df.lines) {
		r = add_inst(g, l, err);
		if (r < 0)
			return r;
	}
	if (!g->stages.n) {
		r = error_set(err, ERR_INVALID, "there is no FROM: there is no stage to build");
		error_at(err, g->df.name, 1, 1);
		return r;
	}
	r = load_globals(g, build_args, err);
	vec_foreach (s, &g->stages) {
		if (!r)
			r = expand_from(g, *s, err);
		if (r < 0)
			break;
		(*s)->parent = find_below(g, (*s)->index, (*s)->base);
	}
	return r;
}

int graph_load(const char *name, struct str text, const struct map *predefined,
	       const struct map *build_args, struct graph *ret, struct error *err)
{
	struct graph *g = ret;
	int r;

	*g = (struct graph){ 0 };
	strmap_copy(&g->args, predefined);
	r = dockerfile_parse(name, text, &g->df, err);
	if (!r)
		r = load(g, build_args, err);
	if (r < 0)
		graph_done(g);
	return r;
}

static void stage_free(struct stage *s)
{
	inst_done(&s->from);
	vec_foreach (in, &s->insts)
		inst_done(in);
	vec_done(&s->insts);
	free(s->name);
	free(s->base);
	free(s->platform);
	free(s);
}

void graph_done(struct graph *g)
{
	vec_foreach (s, &g->stages)
		stage_free(*s);
	vec_done(&g->stages);
	vec_foreach (in, &g->globals)
		inst_done(in);
	vec_done(&g->globals);
	map_done(&g->args);
	vec_foreach (t, &g->triggers) {
		dockerfile_done(*t);
		free(*t);
	}
	vec_done(&g->triggers);
	dockerfile_done(&g->df);
}

/* ---- who needs whom ---- */

int graph_from(const struct graph *g, const struct stage *s, const struct inst *in,
	       const char *text, struct stage **ret, struct error *err)
{
	struct stage *from = NULL;
	uint64_t index;

	if (strchr(text, '$'))
		return fail(in, text, err,
			    "--from=%s: variables are not expanded here; make a stage, FROM %s AS "
			    "name, and "
			    "take --from=name",
			    text, text);
	if (in->kind == INST_COPY && !num_parse_u64(str_of(text), UINT32_MAX, &index)) {
		if (index >= g->stages.n)
			return fail(in, text, err, "--from=%s: there are %zu stages, from 0 on",
				    text, g->stages.n);
		from = g->stages.v[index];
	} else {
		from = graph_find(g, text);
	}
	if (!from || from->replaced)
		return 0;
	if (from->index >= s->index)
		return fail(in, text, err,
			    from == s ? "--from=%s: a stage cannot take from itself"
				      : "--from=%s: this stage comes later; it must be defined "
					"before the stage "
					"that takes from it",
			    text);
	*ret = from;
	return 1;
}

static int need(struct graph *g, struct stage *s, struct error *err);

/* Calls need for each stage that an instruction takes from. */
static int need_sources(struct graph *g, struct stage *s, const struct inst *in, struct error *err)
{
	struct stage *from;
	int r = 0;

	if (in->kind == INST_COPY && in->flags.from) {
		r = graph_from(g, s, in, in->flags.from, &from, err);
		if (r > 0)
			r = need(g, from, err);
	}
	for (size_t i = 0; r >= 0 && i < in->flags.mounts.n; i++) {
		struct run_mount m = { 0 };

		r = run_mount_parse(in->flags.mounts.v[i], in->df->escape, NULL, &m, err);
		if (r >= 0 && m.from)
			r = graph_from(g, s, in, m.from, &from, err);
		if (r > 0)
			r = need(g, from, err);
		run_mount_done(&m);
	}
	return r < 0 ? r : 0;
}

/* What a stage needs always comes before it, so there is no cycle and an end to this. */
static int need(struct graph *g, struct stage *s, struct error *err)
{
	int r = 0;

	if (s->needed)
		return 0;
	s->needed = true;
	if (s->parent)
		r = need(g, s->parent, err);
	for (size_t i = 0; r >= 0 && i < s->insts.n; i++)
		r = need_sources(g, s, &s->insts.v[i], err);
	return r;
}

int graph_target(struct graph *g, const char *name, struct stage **ret, struct error *err)
{
	struct stage *s = g->stages.v[g->stages.n - 1];
	int r;

	if (name && *name)
		s = graph_find(g, name);
	if (!s) {
		const char **names = xnewn(const char *, g->stages.n + 1), *near;
		size_t n = 0;

		vec_foreach (t, &g->stages)
			if ((*t)->name)
				names[n++] = (*t)->name;
		near = nearest_name(name, names);
		r = error_set(err, ERR_NOT_FOUND,
			      "there is no stage %s to build as the target%s%s%s", name,
			      near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
		error_at(err, g->df.name, 1, 1);
		free(names);
		return r;
	}
	r = need(g, s, err);
	if (!r)
		*ret = s;
	return r;
}

/* ---- ONBUILD ---- */

static int parse_trigger(struct graph *g, const struct stage *s, const char *text, struct inst *ret,
			 struct error *err)
{
	struct dockerfile *df = xnew(struct dockerfile);
	int r;

	*vec_add(&g->triggers) = df;
	r = dockerfile_parse(g->df.name, str_of(text), df, err);
	if (!r && df->lines.n != 1)
		r = error_set(err, ERR_INVALID, "it must be one instruction");
	if (!r) {
		df->lines.v[0].pieces.n = 0; /* its place is that of FROM */
		df->lines.v[0].number = s->from.line->number;
		r = inst_parse(df, &df->lines.v[0], ret, err);
	}
	if (r < 0) {
		err->pos = (struct error_pos){ 0 };
		error_wrap(err, "ONBUILD %.100s of the base image", text);
		return inst_error_at(&s->from, NULL, err);
	}
	ret->onbuild = true;
	return 0;
}

int graph_add_triggers(struct graph *g, struct stage *s, const struct strv *triggers,
		       struct error *err)
{
	VEC(struct inst) all = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < triggers->n; i++) {
		struct inst in = { 0 };

		r = parse_trigger(g, s, triggers->v[i], &in, err);
		if (!r)
			*vec_add(&all) = in;
	}
	for (size_t i = 0; !r && i < all.n; i++)
		r = need_sources(g, s, &all.v[i], err);
	if (r < 0) {
		vec_foreach (in, &all)
			inst_done(in);
		vec_done(&all);
		return r;
	}
	vec_foreach (in, &s->insts)
		*vec_add(&all) = *in;
	vec_done(&s->insts);
	s->insts.v = all.v;
	s->insts.n = all.n;
	s->insts.cap = all.cap;
	return 0;
}

void graph_replace(struct stage *s)
{
	vec_foreach (in, &s->insts)
		inst_done(in);
	vec_done(&s->insts);
	s->parent = NULL;
	s->replaced = true;
}

unsigned stage_steps(const struct stage *s)
{
	unsigned n = !s->parent && !streq(s->base, "scratch");

	vec_foreach (in, &s->insts)
		n += in->kind == INST_ADD || in->kind == INST_COPY || in->kind == INST_RUN ||
		     in->kind == INST_WORKDIR;
	return n;
}
