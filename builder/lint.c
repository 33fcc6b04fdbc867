/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/lint.h"

#include "builder/expand.h"
#include "builder/input.h"

#include "registry/ref.h"
#include "util/path.h"

#include <strings.h>

static bool is_lower(const char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			return false;
	return true;
}

static bool is_upper(const char *s)
{
	for (; *s; s++)
		if (*s >= 'a' && *s <= 'z')
			return false;
	return true;
}

static const char *nearest_key(const char *name, const struct map *keys)
{
	const char **names = xnewn(const char *, keys->n + 1), *near;
	size_t n = 0;

	map_foreach (k, keys)
		names[n++] = k->key;
	near = nearest_name(name, names);
	free(names);
	return near;
}

/* ---- casing ---- */

static void check_casing(struct build *b)
{
	size_t lower = 0, upper = 0;

	vec_foreach (l, &b->graph.df.lines) {
		lower += is_lower(l->name);
		upper += is_upper(l->name);
	}
	vec_foreach (l, &b->graph.df.lines)
		if (lower > upper ? !is_lower(l->name) : !is_upper(l->name))
			lint_warn(b, LINT_CONSISTENT_INSTRUCTION_CASING, l,
				  "%s should match the casing of the other instructions (%s)",
				  l->name, lower > upper ? "lower case" : "upper case");
}

static void check_stage_name(struct build *b, const struct stage *s)
{
	const struct inst *in = &s->from;
	const char *name = in->args.n == 3 ? in->args.v[2] : NULL;

	if (!name)
		return;
	if (!is_lower(name))
		lint_warn(b, LINT_STAGE_NAME_CASING, in->line,
			  "stage name '%s' should be lower case", name);
	if ((is_lower(in->line->name) && !is_lower(in->args.v[1])) ||
	    (is_upper(in->line->name) && !is_upper(in->args.v[1])))
		lint_warn(b, LINT_FROM_AS_CASING, in->line,
			  "the casing of '%s' and '%s' does not match", in->args.v[1],
			  in->line->name);
	if (streq(s->name, "scratch") || streq(s->name, "context"))
		lint_warn(b, LINT_RESERVED_STAGE_NAME, in->line,
			  "'%s' is reserved, and should not be the name of a stage", name);
	for (unsigned i = 0; i < s->index; i++) {
		if (!streq0(b->graph.stages.v[i]->name, s->name))
			continue;
		lint_warn(b, LINT_DUPLICATE_STAGE_NAME, in->line,
			  "the stage name '%s' is used before: the last one counts", name);
		break;
	}
}

/* ---- what FROM says ---- */

static void check_from_args(struct build *b, const struct inst *in, const char *text)
{
	autostrv unset = { 0 };
	autofree char *expanded = NULL;

	if (!text ||
	    expand_word(text, in->df->escape, 0, &b->graph.args, &unset, &expanded, NULL) < 0)
		return;
	strv_uniq(&unset);
	strv_foreach (name, &unset) {
		const char *near;

		if (map_has(&b->graph.args, name))
			continue;
		near = nearest_key(name, &b->graph.args);
		lint_warn(b, LINT_UNDEFINED_ARG_IN_FROM, in->line,
			  "FROM uses the argument '%s', which no ARG before it declares%s%s%s",
			  name, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
	}
}

static void check_platform(struct build *b, const struct stage *s)
{
	const struct inst *in = &s->from;
	const char *text = in->flags.platform;
	struct platform p;

	if (!text)
		return;
	if (streq(text, "$TARGETPLATFORM") || streq(text, "${TARGETPLATFORM}"))
		lint_warn(b, LINT_REDUNDANT_TARGET_PLATFORM, in->line,
			  "--platform=%s is what FROM does without it", text);
	if (strchr(text, '$') || platform_parse(text, &p, NULL) < 0)
		return;
	if (s->name && (strstr(s->name, p.os) || strstr(s->name, p.arch)))
		return;
	lint_warn(b, LINT_PLATFORM_CONST, in->line, "FROM --platform should not be the constant %s",
		  text);
}

/* The arguments as they are when the user gives none. */
static int default_args(const struct build *b, struct map *ret)
{
	strmap_copy(ret, &b->graph.args);
	vec_foreach (in, &b->graph.globals) {
		strv_foreach (a, &in->args) {
			const char *eq = strchr(a, '=');
			autofree char *name = xstrndup(a, strcspn(a, "=")), *value = NULL;

			if (eq &&
			    expand_word(eq + 1, in->df->escape, 0, ret, NULL, &value, NULL) < 0)
				return -1;
			strmap_set(ret, name, value);
		}
	}
	return 0;
}

static void check_default(struct build *b, const struct inst *in, const struct map *args)
{
	autofree char *name = NULL;
	autoref ref = { 0 };

	if (!strchr(in->args.v[0], '$') ||
	    expand_word(in->args.v[0], in->df->escape, 0, args, NULL, &name, NULL) < 0)
		return;
	if (streq(name, "scratch") || (*name && image_ref_parse(name, &ref, NULL) == 0))
		return;
	lint_warn(b, LINT_INVALID_DEFAULT_ARG, in->line,
		  "without build arguments %s is \"%s\", which is no name of an image",
		  in->args.v[0], name);
}

/* ---- descriptions ---- */

static void check_description(struct build *b, const struct inst *in, const struct strv *names)
{
	const struct strv *comments = &in->line->comments;
	autofree char *word = NULL;

	if (!comments->n || !names->n)
		return;
	word = xstrndup(comments->v[comments->n - 1], strcspn(comments->v[comments->n - 1], " "));
	if (!strv_has(names, word))
		lint_warn(b, LINT_INVALID_DESCRIPTION, in->line,
			  "the comment above %s should be: # %s and what it is for",
			  inst_name(in->kind), names->n > 1 ? "<name>" : names->v[0]);
}

static void check_descriptions(struct build *b, const struct inst *in)
{
	autostrv names = { 0 };

	if (in->kind == INST_FROM && in->args.n == 3)
		strv_push(&names, in->args.v[2]);
	if (in->kind == INST_ARG)
		strv_foreach (a, &in->args)
			strv_take(&names, xstrndup(a, strcspn(a, "=")));
	check_description(b, in, &names);
}

/* ---- the text ---- */

static void check_stage(struct build *b, const struct stage *s, const struct map *defaults)
{
	check_stage_name(b, s);
	check_from_args(b, &s->from, s->from.args.v[0]);
	check_from_args(b, &s->from, s->from.flags.platform);
	check_platform(b, s);
	if (defaults)
		check_default(b, &s->from, defaults);
	check_descriptions(b, &s->from);
	vec_foreach (in, &s->insts) {
		check_descriptions(b, in);
		if (in->kind == INST_MAINTAINER)
			lint_warn(b, LINT_MAINTAINER_DEPRECATED, in->line,
				  "MAINTAINER is deprecated: use LABEL "
				  "org.opencontainers.image.authors=...");
	}
}

void lint_graph(struct build *b)
{
	automap defaults = { 0 };
	bool known = default_args(b, &defaults) == 0;

	vec_foreach (w, &b->graph.df.warnings) {
		const struct line at = { .number = w->line, .end = w->line };

		lint_warn(b, LINT_NO_EMPTY_CONTINUATION, &at, "%s", w->text);
	}
	check_casing(b);
	vec_foreach (in, &b->graph.globals)
		check_descriptions(b, in);
	vec_foreach (s, &b->graph.stages)
		check_stage(b, *s, known ? &defaults : NULL);
}

/* ---- an instruction in its stage ---- */

/* Do the parts of the name, between underscores, hold one of these? */
static bool has_word(const char *name, const char *const *words)
{
	autofree char *lower = str_lower(name);
	struct str rest = str_of(lower), part;

	while (rest.n) {
		str_cut(rest, '_', &part, &rest);
		for (size_t i = 0; words[i]; i++)
			if (str_eq(part, words[i]))
				return true;
	}
	return false;
}

static void check_secret(struct build *b, const struct inst *in, const char *name)
{
	static const char *const bad[] = { "apikey", "auth",	 "credential", "credentials",
					   "key",    "password", "pword",      "passwd",
					   "secret", "token",	 NULL };
	static const char *const good[] = { "public", "file", "version", NULL };

	if (has_word(name, bad) && !has_word(name, good))
		lint_warn(b, LINT_SECRETS, in->line,
			  "do not use %s for secrets: %s \"%s\" stays in the image's history; use "
			  "RUN --mount=type=secret",
			  inst_name(in->kind), inst_name(in->kind), name);
}

static void check_names(struct build *b, const struct inst *in)
{
	if (in->kind == INST_ENV)
		for (size_t i = 0; i < in->args.n; i += 2)
			check_secret(b, in, in->args.v[i]);
	if (in->kind != INST_ARG)
		return;
	strv_foreach (a, &in->args) {
		autofree char *name = xstrndup(a, strcspn(a, "="));

		check_secret(b, in, name);
	}
}

/* The one that is shown is the one that does not count. */
static void check_repeated(struct stage_run *run, const struct inst *in)
{
	for (size_t i = run->next; i-- > 0;) {
		const struct inst *before = &run->stage->insts.v[i];

		if (before->kind != in->kind || before->onbuild)
			continue;
		lint_warn(run->build, LINT_MULTIPLE_INSTRUCTIONS, before->line,
			  "%s is given more than once in a stage: only the last counts",
			  inst_name(in->kind));
		return;
	}
}

void lint_inst(struct stage_run *run, const struct inst *in)
{
	struct build *b = run->build;
	bool command = in->kind == INST_CMD || in->kind == INST_ENTRYPOINT;

	if (in->onbuild)
		return;
	if (in->legacy)
		lint_warn(b, LINT_LEGACY_KEY_VALUE, in->line,
			  "\"%s key=value\" should be used instead of \"%s key value\"",
			  inst_name(in->kind), inst_name(in->kind));
	check_names(b, in);
	if (command || in->kind == INST_HEALTHCHECK)
		check_repeated(run, in);
	if (command && !in->json && !run->cfg.config.shell.n)
		lint_warn(b, LINT_JSON_ARGS_RECOMMENDED, in->line,
			  "JSON arguments recommended for %s, so that it gets the signals itself",
			  inst_name(in->kind));
}

void lint_unset(struct stage_run *run, const struct inst *in, const struct strv *unset)
{
	strv_foreach (name, unset) {
		const char *near;

		if (!char_is_alpha(*name) && *name != '_')
			continue;
		near = nearest_key(name, &run->env);
		lint_warn(run->build, LINT_UNDEFINED_VAR, in->line,
			  "usage of undefined variable $%s%s%s%s", name,
			  near ? " (did you mean $" : "", near ? near : "", near ? "?)" : "");
	}
}

static bool ignores_all(const struct ignore *ig)
{
	const struct strv *patterns = ignore_patterns(ig);

	return strv_has(patterns, "*") || strv_has(patterns, "**") || strv_has(patterns, "**/*");
}

/* With exceptions nobody can say it without looking. */
void lint_copy(struct stage_run *run, const struct inst *in, const char *path)
{
	const struct ignore *ig = run->build->ignored;
	autofree char *joined = xprintf("/%s", path), *clean = path_clean(joined);

	if (!ig || ignore_has_exceptions(ig))
		return;
	if (clean[1] ? !ignore_match(ig, clean + 1) : !ignores_all(ig))
		return;
	lint_warn(run->build, LINT_COPY_IGNORED_FILE, in->line,
		  "%s takes \"%s\", which .dockerignore hides", inst_name(in->kind), path);
}

void lint_expose(struct stage_run *run, const struct inst *in, const char *port)
{
	const char *slash = strchr(port, '/');

	if (slash && !is_lower(slash))
		lint_warn(run->build, LINT_EXPOSE_PROTO_CASING, in->line,
			  "the protocol of %s should be in lower case", port);
	if (strchr(port, ':'))
		lint_warn(run->build, LINT_EXPOSE_INVALID_FORMAT, in->line,
			  "%s: EXPOSE takes ports, no addresses and no ports of the host", port);
}

void lint_base(struct stage_run *run, const char *platform, const struct base *base)
{
	const struct image_config *c = &base->config;
	struct platform want;

	if (platform_parse(platform, &want, NULL) < 0 || !c->os || !c->architecture)
		return;
	if (streq(c->os, want.os) && streq(c->architecture, want.arch))
		return;
	lint_warn(run->build, LINT_INVALID_BASE_PLATFORM, run->stage->from.line,
		  "%s is for %s/%s, and what is built is for %s", base->ref, c->os, c->architecture,
		  platform);
}

/* ---- arguments ---- */

static bool is_predefined(const struct build *b, const char *name)
{
	static const char *const names[] = { "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY",
					     "NO_PROXY",   "ALL_PROXY",	  "SOURCE_DATE_EPOCH" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(names[i], name))
			return true;
	return starts_with(name, "BUILDKIT_") || map_has(&b->graph.args, name);
}

static bool takes(const struct stage *s, const char *name)
{
	size_t n = strlen(name);

	vec_foreach (in, &s->insts) {
		if (in->kind != INST_ARG)
			continue;
		strv_foreach (a, &in->args)
			if (!strncmp(a, name, n) && (!a[n] || a[n] == '='))
				return true;
	}
	return false;
}

void lint_args(struct build *b)
{
	map_foreach (a, &b->opt->args) {
		bool used = !strmap_get(&b->args, a->key) || is_predefined(b, a->key);

		vec_foreach (s, &b->graph.stages)
			used |= takes(*s, a->key);
		if (!used)
			lint_warn(b, LINT_UNUSED_BUILD_ARG, NULL,
				  "the build argument %s is not used: no ARG takes it", a->key);
	}
}
