/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/lint.h"

#include <stdio.h>

const struct lint_info lint_rules[LINT_COUNT_] = {
	[LINT_STAGE_NAME_CASING] = { "StageNameCasing", "names of stages are in lower case" },
	[LINT_FROM_AS_CASING] = { "FromAsCasing", "AS is written as FROM is" },
	[LINT_NO_EMPTY_CONTINUATION] = { "NoEmptyContinuation",
					 "no empty line in an instruction of several lines" },
	[LINT_CONSISTENT_INSTRUCTION_CASING] = { "ConsistentInstructionCasing",
						 "all instructions in upper case, or all in "
						 "lower" },
	[LINT_DUPLICATE_STAGE_NAME] = { "DuplicateStageName", "no two stages of one name" },
	[LINT_RESERVED_STAGE_NAME] = { "ReservedStageName", "no stage called scratch or context" },
	[LINT_JSON_ARGS_RECOMMENDED] = { "JSONArgsRecommended",
					 "CMD and ENTRYPOINT in the JSON form, so that signals "
					 "reach the program" },
	[LINT_MAINTAINER_DEPRECATED] = { "MaintainerDeprecated", "a label in place of MAINTAINER" },
	[LINT_UNDEFINED_ARG_IN_FROM] = { "UndefinedArgInFrom",
					 "variables of FROM are declared by ARG before it" },
	[LINT_WORKDIR_RELATIVE_PATH] = { "WorkdirRelativePath",
					 "the first WORKDIR of a stage is absolute" },
	[LINT_UNDEFINED_VAR] = { "UndefinedVar", "variables are set before they are used" },
	[LINT_MULTIPLE_INSTRUCTIONS] = { "MultipleInstructionsDisallowed",
					 "one CMD, ENTRYPOINT and HEALTHCHECK to a stage" },
	[LINT_LEGACY_KEY_VALUE] = { "LegacyKeyValueFormat",
				    "ENV and LABEL with = between name and value" },
	[LINT_REDUNDANT_TARGET_PLATFORM] = { "RedundantTargetPlatform",
					     "no --platform=$TARGETPLATFORM: it is the default" },
	[LINT_SECRETS] = { "SecretsUsedInArgOrEnv",
			   "no secret in ARG or ENV, where the image shows it" },
	[LINT_INVALID_DEFAULT_ARG] = { "InvalidDefaultArgInFrom",
				       "defaults of ARG give FROM a valid name" },
	[LINT_PLATFORM_CONST] = { "FromPlatformFlagConstDisallowed",
				  "no constant in FROM --platform" },
	[LINT_COPY_IGNORED_FILE] = { "CopyIgnoredFile",
				     "COPY and ADD take nothing that .dockerignore hides" },
	[LINT_INVALID_DESCRIPTION] = { "InvalidDefinitionDescription",
				       "a comment above ARG or FROM begins with the name that is "
				       "defined",
				       .experimental = true },
	[LINT_EXPOSE_PROTO_CASING] = { "ExposeProtoCasing", "protocols of EXPOSE in lower case" },
	[LINT_EXPOSE_INVALID_FORMAT] = { "ExposeInvalidFormat",
					 "EXPOSE has ports, no addresses and no mappings" },
	[LINT_INVALID_BASE_PLATFORM] = { "InvalidBaseImagePlatform",
					 "the base image is for the platform that is built for" },
	[LINT_UNUSED_BUILD_ARG] = { "UnusedBuildArg",
				    "each build argument is taken by an ARG (this check is our "
				    "own)" },
};

/* ---- check=skip=A,B;error=true;experimental=C ---- */

static bool str_true(struct str s)
{
	return str_eq(s, "true") || str_eq(s, "1") || str_eq(s, "t") || str_eq(s, "True") ||
	       str_eq(s, "TRUE") || str_eq(s, "T");
}

static bool in_list(struct str list, const char *rule)
{
	struct str name;

	while (list.n) {
		str_cut(list, ',', &name, &list);
		name = str_trim(name);
		if (str_eq(name, "all") || str_eq(name, rule))
			return true;
	}
	return false;
}

/* The value of an option of a check text; an empty one when it is not there. */
static struct str option(struct str check, const char *name)
{
	struct str part, key, value;

	while (check.n) {
		str_cut(check, ';', &part, &check);
		str_cut(str_trim(part), '=', &key, &value);
		if (str_eq(str_trim(key), name))
			return str_trim(value);
	}
	return (struct str){ 0 };
}

static int check_options(const char *check, struct error *err)
{
	struct str rest = str_of(check), part, key, value;

	while (rest.n) {
		str_cut(rest, ';', &part, &rest);
		if (!str_cut(str_trim(part), '=', &key, &value))
			return error_set(err, ERR_INVALID,
					 "check=%s: \"%.*s\" has no value: it is skip=RULE,..., "
					 "experimental=RULE,... or error=true",
					 check, (int)part.n, part.p);
		key = str_trim(key);
		if (!str_eq(key, "skip") && !str_eq(key, "error") && !str_eq(key, "experimental"))
			return error_set(err, ERR_INVALID,
					 "check=%s: \"%.*s\" is not known: there are skip, "
					 "experimental and error",
					 check, (int)key.n, key.p);
	}
	return 0;
}

int lint_begin(struct build *b, struct error *err)
{
	const char *given = strmap_get(&b->args, "BUILDKIT_DOCKERFILE_CHECK");

	b->check = given ? given : b->graph.df.check;
	if (!b->check || check_options(b->check, err) == 0)
		return 0;
	return given ? -(int)err->code : error_at(err, b->graph.df.name, 1, 1);
}

/* "# check=skip=A" in the comments above an instruction. */
static struct str option_above(const struct line *line, const char *name)
{
	static const struct strv none = { 0 };
	struct str key, value, found = { 0 };

	strv_foreach (c, line ? &line->comments : &none) {
		if (!str_cut(str_of(c), '=', &key, &value) || !str_eq(str_trim(key), "check"))
			continue;
		str_cut(str_trim(value), ' ', &value, &key);
		found = option(value, name);
	}
	return found;
}

static bool is_said(const struct build *b, enum lint_rule rule, const struct line *line)
{
	const char *list = lint_rules[rule].experimental ? "experimental" : "skip";
	bool named = in_list(option(str_of(b->check), list), lint_rules[rule].name) ||
		     in_list(option_above(line, list), lint_rules[rule].name);

	return named == lint_rules[rule].experimental;
}

void lint_warn(struct build *b, enum lint_rule rule, const struct line *line, const char *fmt, ...)
{
	struct build_event ev = { .type = BUILD_WARNING, .file = b->dockerfile, .line = 1 };
	autofree char *text = NULL;
	char msg[1024];
	va_list ap;

	if (!is_said(b, rule, line))
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	text = xprintf("%s (%s)", msg, lint_rules[rule].name);
	ev.text = text;
	if (line) {
		ev.line = line->number;
		ev.end = line->end;
	}
	if (b->opt->event)
		b->opt->event(b->opt->userdata, &ev);
	b->lint_found |= 1ULL << rule;
}

int lint_verdict(struct build *b, struct error *err)
{
	autostrv names = { 0 };
	autofree char *list = NULL;

	if (!b->lint_found || (!b->opt->check && !str_true(option(str_of(b->check), "error"))))
		return 0;
	for (unsigned i = 0; i < LINT_COUNT_; i++)
		if (b->lint_found >> i & 1)
			strv_push(&names, lint_rules[i].name);
	list = strv_join(&names, ",");
	error_set(err, ERR_INVALID,
		  "lint warnings (%s), which are errors by %s: mend them, or leave them out with # "
		  "check=skip=%s",
		  list, b->opt->check ? "--check" : "check=error=true", list);
	return error_at(err, b->graph.df.name, 1, 1);
}
