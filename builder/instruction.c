/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/instruction.h"

enum form {
	FORM_JSON_OR_TEXT, /* a JSON array, else all of it as one string */
	FORM_JSON_OR_LIST, /* a JSON array, else split at blanks */
	FORM_LIST,	   /* split at blanks */
	FORM_WORDS,	   /* split at blanks that are not quoted */
	FORM_PAIRS,	   /* name=value ..., or name value */
	FORM_TEXT,
	FORM_HEALTH, /* a word, then JSON or text */
};

static const struct inst_info {
	const char *name;
	enum form form;
	unsigned min, max; /* arguments; max 0: any number */
} infos[INST_COUNT_] = {
	[INST_ADD] = { "ADD", FORM_JSON_OR_LIST, 2, 0 },
	[INST_ARG] = { "ARG", FORM_WORDS, 1, 0 },
	[INST_CMD] = { "CMD", FORM_JSON_OR_TEXT, 0, 0 },
	[INST_COPY] = { "COPY", FORM_JSON_OR_LIST, 2, 0 },
	[INST_ENTRYPOINT] = { "ENTRYPOINT", FORM_JSON_OR_TEXT, 0, 0 },
	[INST_ENV] = { "ENV", FORM_PAIRS, 2, 0 },
	[INST_EXPOSE] = { "EXPOSE", FORM_LIST, 1, 0 },
	[INST_FROM] = { "FROM", FORM_LIST, 1, 3 },
	[INST_HEALTHCHECK] = { "HEALTHCHECK", FORM_HEALTH, 1, 0 },
	[INST_LABEL] = { "LABEL", FORM_PAIRS, 2, 0 },
	[INST_MAINTAINER] = { "MAINTAINER", FORM_TEXT, 1, 1 },
	[INST_ONBUILD] = { "ONBUILD", FORM_TEXT, 1, 1 },
	[INST_RUN] = { "RUN", FORM_JSON_OR_TEXT, 0, 0 },
	[INST_SHELL] = { "SHELL", FORM_JSON_OR_TEXT, 1, 0 },
	[INST_STOPSIGNAL] = { "STOPSIGNAL", FORM_TEXT, 1, 1 },
	[INST_USER] = { "USER", FORM_TEXT, 1, 1 },
	[INST_VOLUME] = { "VOLUME", FORM_JSON_OR_LIST, 1, 0 },
	[INST_WORKDIR] = { "WORKDIR", FORM_TEXT, 1, 1 },
};

enum flag_type { FLAG_TEXT, FLAG_BOOL, FLAG_LIST };
#define OF(k)	(1u << (k))
#define COPIES	(OF(INST_ADD) | OF(INST_COPY))
#define FLAG(m) offsetof(struct inst_flags, m)
static const struct flag_info {
	const char *name;
	enum flag_type type;
	size_t offset;
	unsigned kinds;
} flags[] = {
	{ "chown", FLAG_TEXT, FLAG(chown), COPIES },
	{ "chmod", FLAG_TEXT, FLAG(chmod), COPIES },
	{ "link", FLAG_BOOL, FLAG(link), COPIES },
	{ "exclude", FLAG_LIST, FLAG(excludes), COPIES },
	{ "from", FLAG_TEXT, FLAG(from), OF(INST_COPY) },
	{ "parents", FLAG_BOOL, FLAG(parents), OF(INST_COPY) },
	{ "checksum", FLAG_TEXT, FLAG(checksum), OF(INST_ADD) },
	{ "keep-git-dir", FLAG_BOOL, FLAG(keep_git_dir), OF(INST_ADD) },
	{ "unpack", FLAG_BOOL, FLAG(unpack), OF(INST_ADD) },
	{ "platform", FLAG_TEXT, FLAG(platform), OF(INST_FROM) },
	{ "mount", FLAG_LIST, FLAG(mounts), OF(INST_RUN) },
	{ "network", FLAG_TEXT, FLAG(network), OF(INST_RUN) },
	{ "security", FLAG_TEXT, FLAG(security), OF(INST_RUN) },
	{ "device", FLAG_LIST, FLAG(devices), OF(INST_RUN) },
	{ "interval", FLAG_TEXT, FLAG(interval), OF(INST_HEALTHCHECK) },
	{ "timeout", FLAG_TEXT, FLAG(timeout), OF(INST_HEALTHCHECK) },
	{ "start-period", FLAG_TEXT, FLAG(start_period), OF(INST_HEALTHCHECK) },
	{ "start-interval", FLAG_TEXT, FLAG(start_interval), OF(INST_HEALTHCHECK) },
	{ "retries", FLAG_TEXT, FLAG(retries), OF(INST_HEALTHCHECK) },
};

const char *inst_name(enum inst_kind kind)
{
	return infos[kind].name;
}

int inst_error_at(const struct inst *in, const char *what, struct error *err)
{
	return line_error_at(in->df, in->line, what, err);
}

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

/* ---- flags ---- */

static const char *nearest_flag(enum inst_kind kind, const char *word)
{
	const char *names[ARRAY_SIZE(flags) + 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].kinds & OF(kind))
			names[n++] = flags[i].name;
	names[n] = NULL;
	return nearest_name(word, names);
}

static const struct flag_info *find_flag(enum inst_kind kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if ((flags[i].kinds & OF(kind)) && streq(flags[i].name, name))
			return &flags[i];
	return NULL;
}

static int set_bool(struct inst *in, const char *name, const char *value, enum inst_bool *slot,
		    struct error *err)
{
	if (*slot != INST_UNSET)
		return fail(in, name, err, "duplicate flag --%s", name);
	if (!value || !strcasecmp(value, "true"))
		*slot = INST_TRUE;
	else if (!strcasecmp(value, "false"))
		*slot = INST_FALSE;
	else
		return fail(in, name, err, "--%s takes true or false, not \"%s\"", name, value);
	return 0;
}

static int set_flag(struct inst *in, const struct flag_info *f, const char *value,
		    struct error *err)
{
	void *slot = (char *)&in->flags + f->offset;

	if (f->type == FLAG_BOOL)
		return set_bool(in, f->name, value, slot, err);
	if (!value)
		return fail(in, f->name, err, "--%s needs a value: --%s=...", f->name, f->name);
	if (f->type == FLAG_LIST) {
		strv_push(slot, value);
		return 0;
	}
	if (*(char **)slot)
		return fail(in, f->name, err, "duplicate flag --%s", f->name);
	*(char **)slot = xstrdup(value);
	return 0;
}

static int parse_flags(struct inst *in, struct error *err)
{
	strv_foreach (text, &in->line->flags) {
		const char *eq = strchr(text, '=');
		autofree char *name = eq ? xstrndup(text + 2, (size_t)(eq - text) - 2)
					 : xstrdup(text + 2);
		const struct flag_info *f = find_flag(in->kind, name);
		const char *near;

		if (f) {
			if (set_flag(in, f, eq ? eq + 1 : NULL, err) < 0)
				return -ERR_INVALID;
			continue;
		}
		near = nearest_flag(in->kind, name);
		return fail(in, name, err, "%s has no flag --%s%s%s%s", inst_name(in->kind), name,
			    near ? " (did you mean --" : "", near ? near : "", near ? "?)" : "");
	}
	return 0;
}

/* ---- arguments ---- */

/* Splits at blanks and nothing else. */
static void split_blanks(const char *s, struct strv *ret)
{
	struct str rest = str_of(s);

	while (rest.n) {
		size_t n = 0;

		while (n < rest.n && !char_is_space(rest.p[n]))
			n++;
		if (n)
			strv_take(ret, xstrndup(rest.p, n));
		rest = str_skip(rest, n);
		while (rest.n && char_is_space(rest.p[0]))
			rest = str_skip(rest, 1);
	}
}

static int take_json(struct inst *in, const char *args, struct error *err)
{
	int r = line_json(args, &in->args, err);

	if (r < 0)
		return inst_error_at(in, "[", err);
	in->json = r;
	return r;
}

static int parse_legacy_pair(struct inst *in, struct error *err)
{
	const char *args = in->line->args, *p = args;

	while (*p && !char_is_space(*p))
		p++;
	strv_take(&in->args, xstrndup(args, (size_t)(p - args)));
	while (char_is_space(*p))
		p++;
	if (!*p)
		return fail(in, NULL, err, "%s %s has no value: write %s %s=value",
			    inst_name(in->kind), in->args.v[0], inst_name(in->kind), in->args.v[0]);
	strv_push(&in->args, p);
	in->legacy = true;
	return 0;
}

static int parse_pairs(struct inst *in, struct error *err)
{
	autostrv words = { 0 };

	line_words(in->line->args, in->df->escape, &words);
	if (words.n && !strchr(words.v[0], '='))
		return parse_legacy_pair(in, err);
	strv_foreach (w, &words) {
		const char *eq = strchr(w, '=');

		if (!eq)
			return fail(in, w, err,
				    "%.200s: there is no = in \"%s\": it must be name=value, and a "
				    "value with blanks needs quotes",
				    in->line->text, w);
		if (eq == w)
			return fail(in, w, err, "there is no name before the = in \"%s\"", w);
		strv_take(&in->args, xstrndup(w, (size_t)(eq - w)));
		strv_push(&in->args, eq + 1);
	}
	return 0;
}

static int parse_health(struct inst *in, struct error *err)
{
	const char *p = in->line->args;
	int r;

	while (*p && !char_is_space(*p))
		p++;
	if (p == in->line->args)
		return 0;
	strv_take(&in->args, xstrndup(in->line->args, (size_t)(p - in->line->args)));
	while (char_is_space(*p))
		p++;
	r = *p ? take_json(in, p, err) : 0;
	if (!r && *p)
		strv_push(&in->args, p);
	return r < 0 ? r : 0;
}

static int parse_args(struct inst *in, struct error *err)
{
	enum form form = infos[in->kind].form;
	const char *args = in->line->args;
	int r = 0;

	if (form == FORM_JSON_OR_TEXT || form == FORM_JSON_OR_LIST)
		r = take_json(in, args, err);
	if (r)
		return r < 0 ? r : 0;
	switch (form) {
	case FORM_JSON_OR_LIST:
	case FORM_LIST:
		split_blanks(args, &in->args);
		return 0;
	case FORM_WORDS:
		line_words(args, in->df->escape, &in->args);
		return 0;
	case FORM_PAIRS:
		return parse_pairs(in, err);
	case FORM_HEALTH:
		return parse_health(in, err);
	case FORM_JSON_OR_TEXT:
	case FORM_TEXT:
		if (*args)
			strv_push(&in->args, args);
		return 0;
	}
	return 0;
}

/* ---- what only some ask for ---- */

static int check_heredoc_target(struct inst *in, struct error *err)
{
	struct heredoc h = { 0 };
	const char *last = in->args.v[in->args.n - 1];

	if (in->json || heredoc_parse(last, &h) != 1)
		return 0;
	free(h.name);
	return fail(in, last, err, "%s cannot have a heredoc as its destination",
		    inst_name(in->kind));
}

static int check_health(struct inst *in, struct error *err)
{
	const char *type = in->args.v[0];

	if (!strcasecmp(type, "NONE"))
		return in->args.n == 1 ? 0
				       : fail(in, NULL, err, "HEALTHCHECK NONE takes no arguments");
	if (strcasecmp(type, "CMD"))
		return fail(in, type, err,
			    "HEALTHCHECK has no type %s: it is HEALTHCHECK CMD command, or "
			    "HEALTHCHECK NONE",
			    type);
	return in->args.n > 1 ? 0
			      : fail(in, type, err, "a command is missing after HEALTHCHECK CMD");
}

static int check_onbuild(struct inst *in, struct error *err)
{
	static const char *const never[] = { "ONBUILD", "FROM", "MAINTAINER" };
	autostrv words = { 0 };

	split_blanks(in->args.v[0], &words);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (!strcasecmp(words.v[0], never[i]))
			return fail(in, words.v[0], err, "ONBUILD %s is not allowed", never[i]);
	return 0;
}

static int check_args(struct inst *in, struct error *err)
{
	const struct inst_info *info = &infos[in->kind];

	if (in->args.n < info->min && info->min == 2 && in->kind != INST_ENV &&
	    in->kind != INST_LABEL)
		return fail(in, NULL, err,
			    "%s needs at least two arguments, source and destination; there %s",
			    info->name, in->args.n ? "is only one" : "is none");
	if (in->args.n < info->min)
		return fail(in, NULL, err, "%s needs %s argument", info->name,
			    info->max == 1 ? "an" : "at least one");
	if (info->max && in->args.n > info->max)
		return fail(in, NULL, err, "%s has too many arguments", info->name);
	return 0;
}

static int check(struct inst *in, struct error *err)
{
	if (check_args(in, err) < 0)
		return -ERR_INVALID;
	switch (in->kind) {
	case INST_ADD:
	case INST_COPY:
		if (in->flags.from && !*in->flags.from)
			freep(&in->flags.from);
		return check_heredoc_target(in, err);
	case INST_HEALTHCHECK:
		return check_health(in, err);
	case INST_ONBUILD:
		return check_onbuild(in, err);
	case INST_SHELL:
		return in->json ? 0
				: fail(in, NULL, err,
				       "SHELL takes the JSON form only: SHELL [\"/bin/sh\", "
				       "\"-c\"]");
	case INST_FROM:
		if (in->args.n == 1 || (in->args.n == 3 && !strcasecmp(in->args.v[1], "as")))
			return 0;
		return fail(in, NULL, err, "FROM takes an image, or an image AS a name");
	default:
		return 0;
	}
}

static int find_kind(struct inst *in, struct error *err)
{
	const char *names[INST_COUNT_ + 1] = { 0 }, *near;
	autofree char *upper = xstrdup(in->line->name);

	for (char *p = upper; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	for (size_t i = 0; i < INST_COUNT_; i++) {
		names[i] = infos[i].name;
		if (streq(upper, infos[i].name)) {
			in->kind = (enum inst_kind)i;
			return 0;
		}
	}
	near = nearest_name(upper, names);
	return fail(in, in->line->name, err, "unknown instruction: %s%s%s%s", in->line->name,
		    near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* What a mount comes from must be known before anything runs. */
static int check_mounts(struct inst *in, struct error *err)
{
	strv_foreach (text, &in->flags.mounts) {
		struct run_mount m = { 0 };

		if (run_mount_parse(text, in->df->escape, NULL, &m, err) < 0)
			return inst_error_at(in, "--mount", err);
		run_mount_done(&m);
	}
	return 0;
}

int inst_parse(const struct dockerfile *df, const struct line *line, struct inst *ret,
	       struct error *err)
{
	struct inst in = { .df = df, .line = line };
	int r = find_kind(&in, err);

	if (!r)
		r = parse_flags(&in, err);
	if (!r)
		r = parse_args(&in, err);
	if (!r)
		r = check(&in, err);
	if (!r)
		r = check_mounts(&in, err);
	if (r < 0)
		inst_done(&in);
	else
		*ret = in;
	return r;
}

void inst_done(struct inst *in)
{
	strv_done(&in->args);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		void *slot = (char *)&in->flags + flags[i].offset;

		if (flags[i].type == FLAG_TEXT)
			freep(slot);
		else if (flags[i].type == FLAG_LIST)
			strv_done(slot);
	}
	*in = (struct inst){ 0 };
}

char *inst_onbuild_text(const struct inst *in)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	buf_adds(&out, in->args.v[0]);
	vec_foreach (h, &in->line->heredocs)
		buf_addf(&out, "\n%s%s", h->content, h->name);
	return buf_steal(&out);
}
