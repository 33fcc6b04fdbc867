/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that change the image's config and nothing else. */
#include "builder/solve.h"

#include "builder/expand.h"
#include "builder/history.h"
#include "builder/lint.h"
#include "builder/ports.h"
#include "util/num.h"

#include <signal.h>

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

static void note(struct stage_run *run, const struct inst *in, const char *rest)
{
	autofree char *text = xprintf("%s %s", inst_name(in->kind), rest);

	stage_add_history(run, text, true);
}

/* ---- ENV, LABEL ---- */

/* Keys and values are expanded before the first of them counts: ENV a=1 b=$a has the old a. */
static int expand_pairs(struct stage_run *run, const struct inst *in, struct strv *ret,
			struct error *err)
{
	strv_foreach (text, &in->args) {
		char *value = NULL;
		int r = stage_expand(run, in, text, &value, err);

		if (r < 0)
			return r;
		strv_take(ret, value);
	}
	return 0;
}

static int apply_pairs(struct stage_run *run, const struct inst *in, struct error *err)
{
	autostrv pairs = { 0 };
	autobuf text = { 0 };
	int r = expand_pairs(run, in, &pairs, err);

	if (r < 0)
		return r;
	buf_init(&text, BUF_MAX_ANY);
	for (size_t i = 0; i + 1 < pairs.n; i += 2) {
		const char *key = pairs.v[i], *value = pairs.v[i + 1];

		if (!*key)
			return fail(in, NULL, err, "%s: a name is empty", inst_name(in->kind));
		if (in->kind == INST_ENV) {
			strv_env_set(&run->cfg.config.env, key, value);
			strmap_set(&run->env, key, value);
		} else {
			strmap_set(&run->cfg.config.labels, key, value);
		}
		buf_addf(&text, "%s%s=%s", i ? " " : "", key, value);
	}
	note(run, in, text.p);
	return 0;
}

/* ---- ARG ---- */

/* Without a value here, the one before the first FROM counts; without that, none. */
static int arg_value(struct stage_run *run, const struct inst *in, const char *name,
		     const char *given, char **ret, struct error *err)
{
	struct build *b = run->build;
	const char *user = strmap_get(&b->args, name);

	if (user)
		*ret = xstrdup(user);
	else if (given)
		return stage_expand(run, in, given, ret, err);
	else
		*ret = xstrdup0(strmap_get(&b->graph.args, name));
	return 0;
}

/* Switches of a scanner: known to the build, and seen by no step. */
static bool is_switch(const char *name)
{
	return streq(name, "BUILDKIT_SBOM_SCAN_CONTEXT") || streq(name, "BUILDKIT_SBOM_SCAN_STAGE");
}

static int apply_arg(struct stage_run *run, const struct inst *in, struct error *err)
{
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	strv_foreach (word, &in->args) {
		const char *eq = strchr(word, '=');
		autofree char *name = eq ? xstrndup(word, (size_t)(eq - word)) : xstrdup(word);
		autofree char *value = NULL;
		int r;

		if (!*name)
			return fail(in, word, err, "there is no name before the = in \"%s\"", word);
		r = arg_value(run, in, name, eq ? eq + 1 : NULL, &value, err);
		if (r < 0)
			return r;
		if (value && !is_switch(name))
			strmap_set(&run->env, name, value);
		strmap_set(&run->args, name, value);
		buf_addf(&text, "%s%s%s%s", text.len ? " " : "", name, value ? "=" : "",
			 value ? value : "");
	}
	note(run, in, text.p);
	return 0;
}

/* ---- CMD, ENTRYPOINT, SHELL ---- */

void meta_with_shell(const struct stage_run *run, const char *command, struct strv *ret)
{
	const struct strv *shell = &run->cfg.config.shell;

	if (shell->n) {
		strv_extend(ret, shell);
	} else {
		strv_push(ret, "/bin/sh");
		strv_push(ret, "-c");
	}
	strv_push(ret, command);
}

/* Takes text. */
static void note_text(struct stage_run *run, char *text)
{
	stage_add_history(run, text, true);
	free(text);
}

static int apply_command(struct stage_run *run, const struct inst *in, struct error *err)
{
	struct image_runtime *c = &run->cfg.config;
	struct strv *slot = in->kind == INST_CMD ? &c->cmd : &c->entrypoint;
	struct strv args = { 0 };

	if (in->json)
		strv_copy(&args, &in->args);
	else
		meta_with_shell(run, in->args.n ? in->args.v[0] : "", &args);
	strv_done(slot);
	*slot = args;
	if (in->kind == INST_CMD) {
		run->cmd_set = true;
		c->args_escaped = true;
	} else if (!run->cmd_set) {
		strv_done(&c->cmd);
	}
	note_text(run, history_quoted(in, slot));
	return 0;
}

static int apply_shell(struct stage_run *run, const struct inst *in, struct error *err)
{
	strv_copy(&run->cfg.config.shell, &in->args);
	note_text(run, history_list(in, &in->args));
	return 0;
}

/* ---- EXPOSE, VOLUME, USER, STOPSIGNAL ---- */

static int apply_expose(struct stage_run *run, const struct inst *in, struct error *err)
{
	struct strv *all = &run->cfg.config.exposed_ports;
	autostrv words = { 0 }, ports = { 0 }, sorted = { 0 };

	strv_copy(&sorted, &in->args);
	strv_sort(&sorted);
	strv_foreach (arg, &sorted) {
		int r = expand_words(arg, in->df->escape, 0, &run->env, NULL, &words, err);

		if (r < 0)
			return inst_error_at(in, arg, err);
	}
	strv_foreach (w, &words) {
		int r = ports_parse(w, &ports, err);

		lint_expose(run, in, w);
		if (r < 0)
			return inst_error_at(in, w, err);
	}
	note_text(run, history_list(in, &ports));
	strv_extend(all, &ports);
	strv_sort(all);
	strv_uniq(all);
	return 0;
}

static int apply_volume(struct stage_run *run, const struct inst *in, struct error *err)
{
	struct strv *all = &run->cfg.config.volumes;
	autostrv volumes = { 0 };

	strv_foreach (arg, &in->args) {
		autofree char *value = NULL, *trimmed = NULL;
		int r = stage_expand(run, in, arg, &value, err);

		if (r < 0)
			return r;
		trimmed = str_dup(str_trim(str_of(value)));
		if (!*trimmed)
			return fail(in, arg, err, "VOLUME: a path is empty");
		strv_push(&volumes, trimmed);
	}
	note_text(run, history_list(in, &volumes));
	strv_extend(all, &volumes);
	strv_sort(all);
	strv_uniq(all);
	return 0;
}

/* RTMIN, RTMIN+1 to RTMIN+15, RTMAX-14 to RTMAX-1, RTMAX. */
static bool realtime_known(const char *name)
{
	for (int i = 0; i < 2; i++) {
		const char *rest = skip_prefix(name, i ? "RTMAX" : "RTMIN");
		int64_t n;

		if (!rest)
			continue;
		return !*rest || (*rest == (i ? '-' : '+') && rest[1] != '0' &&
				  !num_parse_i64(str_of(rest + 1), 1, i ? 14 : 15, &n));
	}
	return false;
}

/* A name with or without SIG, or any number but 0: other systems have other numbers. */
static bool signal_known(const char *text)
{
	autofree char *upper = xstrdup(text);
	const char *name;
	int64_t n;

	for (char *p = upper; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	name = starts_with(upper, "SIG") ? upper + 3 : upper;
	if (!num_parse_i64(str_of(name == upper && *name == '+' ? name + 1 : name), INT32_MIN,
			   INT32_MAX, &n))
		return n != 0 && name == upper;
	for (int i = 1; i < SIGRTMIN; i++)
		if (sigabbrev_np(i) && streq(sigabbrev_np(i), name))
			return true;
	return realtime_known(name) || streq(name, "IOT") || streq(name, "CLD") ||
	       streq(name, "POLL");
}

static int apply_text(struct stage_run *run, const struct inst *in, char **slot, struct error *err)
{
	char *value = NULL;
	int r = stage_expand(run, in, in->args.v[0], &value, err);

	if (r < 0)
		return r;
	free(*slot);
	*slot = value;
	note(run, in, value);
	return 0;
}

static int apply_stopsignal(struct stage_run *run, const struct inst *in, struct error *err)
{
	int r = apply_text(run, in, &run->cfg.config.stop_signal, err);

	if (!r && !signal_known(run->cfg.config.stop_signal))
		r = fail(in, in->args.v[0], err,
			 "STOPSIGNAL %s: there is no such signal; it is a name like SIGTERM or a "
			 "number",
			 run->cfg.config.stop_signal);
	return r;
}

/* ---- HEALTHCHECK ---- */

static int span(const struct inst *in, const char *name, const char *text, int64_t *ret,
		struct error *err)
{
	int64_t d;

	*ret = 0;
	if (!text || !*text)
		return 0;
	/* Days and weeks are Compose's alone. */
	if (strpbrk(text, "dw") || duration_parse(text, &d, NULL) < 0)
		return fail(in, text, err, "--%s=%s is no duration: 30s, 1m30s, 500ms", name, text);
	if (d && d < NSEC_PER_MSEC)
		return fail(in, text, err, "--%s=%s: it must be 1ms at least", name, text);
	*ret = d;
	return 0;
}

static int health_times(const struct inst *in, struct healthcheck *h, struct error *err)
{
	const struct inst_flags *f = &in->flags;
	int r = span(in, "interval", f->interval, &h->interval, err);

	if (!r)
		r = span(in, "timeout", f->timeout, &h->timeout, err);
	if (!r)
		r = span(in, "start-period", f->start_period, &h->start_period, err);
	if (!r)
		r = span(in, "start-interval", f->start_interval, &h->start_interval, err);
	if (!r && f->retries && *f->retries &&
	    num_parse_i64(str_of(f->retries + (*f->retries == '+')), 0, INT32_MAX, &h->retries) < 0)
		r = fail(in, f->retries, err, "--retries=%s: it must be a number, 0 or more",
			 f->retries);
	return r;
}

static int apply_healthcheck(struct stage_run *run, const struct inst *in, struct error *err)
{
	struct image_runtime *c = &run->cfg.config;
	struct healthcheck *h = xnew(struct healthcheck);
	int r = 0;

	if (!strcasecmp(in->args.v[0], "NONE")) {
		strv_push(&h->test, "NONE");
	} else {
		strv_push(&h->test, in->json ? "CMD" : "CMD-SHELL");
		for (size_t i = 1; i < in->args.n; i++)
			strv_push(&h->test, in->args.v[i]);
		r = health_times(in, h, err);
	}
	if (c->healthcheck)
		healthcheck_done(c->healthcheck);
	free(c->healthcheck);
	c->healthcheck = h;
	note_text(run, history_health(h));
	return r;
}

static int apply_onbuild(struct stage_run *run, const struct inst *in, struct error *err)
{
	strv_take(&run->cfg.config.on_build, inst_onbuild_text(in));
	return 0;
}

static int apply_maintainer(struct stage_run *run, const struct inst *in, struct error *err)
{
	free(run->cfg.author);
	run->cfg.author = xstrdup(in->args.v[0]);
	note(run, in, in->args.v[0]);
	return 0;
}

int meta_apply(struct stage_run *run, const struct inst *in, struct error *err)
{
	lint_inst(run, in);
	switch (in->kind) {
	case INST_ENV:
	case INST_LABEL:
		return apply_pairs(run, in, err);
	case INST_ARG:
		return apply_arg(run, in, err);
	case INST_CMD:
	case INST_ENTRYPOINT:
		return apply_command(run, in, err);
	case INST_SHELL:
		return apply_shell(run, in, err);
	case INST_EXPOSE:
		return apply_expose(run, in, err);
	case INST_VOLUME:
		return apply_volume(run, in, err);
	case INST_USER:
		return apply_text(run, in, &run->cfg.config.user, err);
	case INST_STOPSIGNAL:
		return apply_stopsignal(run, in, err);
	case INST_HEALTHCHECK:
		return apply_healthcheck(run, in, err);
	case INST_ONBUILD:
		return apply_onbuild(run, in, err);
	case INST_MAINTAINER:
		return apply_maintainer(run, in, err);
	default:
		return error_set(err, ERR_INTERNAL, "%s in the wrong place", inst_name(in->kind));
	}
}
