/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/lint.h"

#include <strings.h>

/* ---- # check=skip=A,B;error=true ---- */

static bool option(const struct build *b, const char *name, struct str *ret)
{
	struct str rest = str_of(b->graph.df.check), part, key;

	while (rest.n) {
		str_cut(rest, ';', &part, &rest);
		str_cut(str_trim(part), '=', &key, ret);
		if (str_eq(str_trim(key), name))
			return true;
	}
	return false;
}

bool lint_skipped(const struct build *b, const char *rule)
{
	struct str list, name;

	if (!option(b, "skip", &list))
		return false;
	while (list.n) {
		str_cut(list, ',', &name, &list);
		name = str_trim(name);
		if (str_eq(name, "all") || str_eq(name, rule))
			return true;
	}
	return false;
}

int lint_verdict(struct build *b, struct error *err)
{
	struct str value;

	if (!b->lint_errors || !option(b, "error", &value) || !str_eq(str_trim(value), "true"))
		return 0;
	error_set(err, ERR_INVALID,
		  "there are lint warnings, and \"# check=error=true\" makes them errors: mend "
		  "them, or "
		  "name those to leave out with \"# check=skip=RULE,...\"");
	return error_at(err, b->graph.df.name, 1, 1);
}

/* ---- what the text alone shows ---- */

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

static void check_casing(struct build *b)
{
	size_t lower = 0, upper = 0;

	vec_foreach (l, &b->graph.df.lines) {
		lower += is_lower(l->name);
		upper += is_upper(l->name);
	}
	vec_foreach (l, &b->graph.df.lines)
		if (lower > upper ? !is_lower(l->name) : !is_upper(l->name))
			build_warn(b, "ConsistentInstructionCasing", l->number,
				   "%s should match the casing of the other instructions (%s)",
				   l->name, lower > upper ? "lower case" : "upper case");
}

static void check_stage(struct build *b, const struct stage *s)
{
	const struct inst *in = &s->from;
	const char *name = in->args.n == 3 ? in->args.v[2] : NULL;

	if (!name)
		return;
	if (!is_lower(name))
		build_warn(b, "StageNameCasing", in->line->number,
			   "stage name '%s' should be lower case", name);
	if ((is_lower(in->line->name) && !is_lower(in->args.v[1])) ||
	    (is_upper(in->line->name) && !is_upper(in->args.v[1])))
		build_warn(b, "FromAsCasing", in->line->number,
			   "the casing of '%s' and '%s' does not match", in->args.v[1],
			   in->line->name);
	if (!strcasecmp(name, "scratch") || !strcasecmp(name, "context"))
		build_warn(b, "ReservedStageName", in->line->number,
			   "'%s' is reserved, and should not be the name of a stage", name);
	for (unsigned i = 0; i < s->index; i++)
		if (streq0(b->graph.stages.v[i]->name, s->name))
			build_warn(b, "DuplicateStageName", in->line->number,
				   "the stage name '%s' is used before: the last one counts", name);
}

int lint_graph(struct build *b, struct error *err)
{
	vec_foreach (w, &b->graph.df.warnings)
		build_warn(b, w->rule, w->line, "%s", w->text);
	check_casing(b);
	vec_foreach (s, &b->graph.stages)
		check_stage(b, *s);
	return lint_verdict(b, err);
}

/* ---- what an instruction shows in its stage ---- */

static bool looks_secret(const char *name)
{
	static const char *const words[] = { "apikey", "auth",	   "credential", "credentials",
					     "key",    "password", "pword",	 "passwd",
					     "secret", "token" };
	autofree char *lower = str_lower(name);
	struct str rest = str_of(lower), part;

	if (strstr(lower, "public"))
		return false;
	while (rest.n) {
		str_cut(rest, '_', &part, &rest);
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (str_eq(part, words[i]))
				return true;
	}
	return false;
}

static void check_secret(struct build *b, const struct inst *in, const char *name)
{
	if (looks_secret(name))
		build_warn(b, "SecretsUsedInArgOrEnv", in->line->number,
			   "do not use %s for secrets: %s \"%s\" stays in the image's history; use "
			   "RUN "
			   "--mount=type=secret",
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

static void check_repeated(struct stage_run *run, const struct inst *in)
{
	struct stage *s = run->stage;

	for (size_t i = 0; i < run->next; i++)
		if (s->insts.v[i].kind == in->kind)
			build_warn(run->build, "MultipleInstructionsDisallowed", in->line->number,
				   "%s is given more than once in a stage: only the last counts",
				   inst_name(in->kind));
}

void lint_inst(struct stage_run *run, const struct inst *in)
{
	struct build *b = run->build;

	if (in->legacy)
		build_warn(b, "LegacyKeyValueFormat", in->line->number,
			   "\"%s key=value\" should be used instead of \"%s key value\"",
			   inst_name(in->kind), inst_name(in->kind));
	check_names(b, in);
	if (in->kind == INST_CMD || in->kind == INST_ENTRYPOINT || in->kind == INST_HEALTHCHECK)
		check_repeated(run, in);
	if ((in->kind == INST_CMD || in->kind == INST_ENTRYPOINT) && !in->json &&
	    !run->cfg.config.shell.n)
		build_warn(b, "JSONArgsRecommended", in->line->number,
			   "JSON arguments recommended for %s, so that it gets the signals itself",
			   inst_name(in->kind));
	if (in->kind == INST_MAINTAINER)
		build_warn(
			b, "MaintainerDeprecated", in->line->number,
			"MAINTAINER is deprecated: use LABEL org.opencontainers.image.authors=...");
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
			build_warn(b, "UnusedBuildArg", 1,
				   "the build argument %s is not used: no ARG takes it", a->key);
	}
}
