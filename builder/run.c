/* SPDX-License-Identifier: Apache-2.0 */
/* RUN as a step. */
#include "builder/history.h"
#include "builder/mounts.h"
#include "builder/spread.h"
#include "builder/step.h"

#include "event/loop.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- the command ---- */

/* A heredoc that is the whole command and begins with #! is a program; else its text is for the
 * shell. */
static bool script_of(const struct inst *in, char **ret)
{
	struct heredoc mark = { 0 };
	bool whole;

	if (in->json || !in->args.n || !in->line->heredocs.n)
		return false;
	whole = heredoc_parse(in->args.v[0], &mark) == 1;
	free(mark.name);
	if (whole)
		*ret = heredoc_text(&in->line->heredocs.v[0]);
	return whole;
}

static char *command_text(const struct inst *in)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	buf_adds(&out, in->args.n ? in->args.v[0] : "");
	vec_foreach (h, &in->line->heredocs)
		buf_addf(&out, "\n%s%s", h->content, h->name);
	return buf_steal(&out);
}

static void set_argv(struct step *s)
{
	const struct inst *in = s->in;
	autofree char *script = NULL, *text = NULL, *path = NULL;

	if (in->json) {
		strv_copy(&s->spec.argv, &in->args);
	} else if (!script_of(in, &script)) {
		text = command_text(in);
		meta_with_shell(s->run, text, &s->spec.argv);
	} else if (starts_with(script, "#!")) {
		s->script = TAKE_PTR(script);
		path = xprintf(RUN_SCRIPTS "/%s", in->line->heredocs.v[0].name);
		meta_with_shell(s->run, path, &s->spec.argv);
	} else {
		meta_with_shell(s->run, script, &s->spec.argv);
	}
}

/* ---- the environment ---- */

static void set_env(struct step *s)
{
	map_foreach (e, &s->run->env)
		if (e->value)
			strv_pushf(&s->spec.env, "%s=%s", e->key, (const char *)e->value);
}

/* HOME is that of /etc/passwd; a user that is not there is an error from here on. */
static int set_home(struct step *s, struct error *err)
{
	const char *user = s->run->cfg.config.user;
	autocall(tree_freep) struct tree *t = NULL;
	autofree char *home = NULL;
	int r = tree_open(&s->run->rootfs.dirs, &t, err);

	if (!r)
		r = user_home(t, user ? user : "", &home, err);
	if (r < 0)
		return error_wrap(err, "USER %s", user);
	if (!strv_env(&s->spec.env, "HOME"))
		strv_env_set(&s->spec.env, "HOME", home);
	return 0;
}

/* Proxies that the user gave reach a step without ARG, in both spellings, and are in no key. */
static void set_proxies(struct step *s)
{
	static const char *const names[] = { "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY",
					     "ALL_PROXY" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *lower = str_lower(names[i]);
		const struct map *args = &s->run->build->args;
		const char *value = strmap_get(args, lower) ? strmap_get(args, lower)
							    : strmap_get(args, names[i]);

		if (!value)
			continue;
		if (!strv_env(&s->spec.env, names[i]))
			strv_env_set(&s->spec.env, names[i], value);
		if (!strv_env(&s->spec.env, lower))
			strv_env_set(&s->spec.env, lower, value);
	}
}

/* ---- --network, --security ---- */

static bool allowed(const struct build *b, const char *entitlement)
{
	return strv_has(&b->opt->entitlements, entitlement);
}

static int set_network(struct step *s, struct error *err)
{
	const struct build *b = s->run->build;
	const char *n = s->in->flags.network;

	if (n && !streq(n, "default") && !streq(n, "none") && !streq(n, "host"))
		return error_set(err, ERR_INVALID, "RUN --network=%s: it is default, none or host",
				 n);
	if (n && streq(n, "host") && !allowed(b, "network.host"))
		return error_set(err, ERR_AUTH,
				 "RUN --network=host needs the entitlement network.host "
				 "(build.entitlements)");
	if (!n || streq(n, "default"))
		n = b->opt->network && *b->opt->network ? b->opt->network : "default";
	s->spec.network = xstrdup(n);
	return 0;
}

static int set_security(struct step *s, struct error *err)
{
	const struct build *b = s->run->build;
	const char *x = s->in->flags.security;

	if (s->in->flags.devices.n)
		return error_set(err, ERR_UNSUPPORTED,
				 "RUN --device=%s: devices by CDI are not supported in a build; the "
				 "service that runs can have them (devices)",
				 s->in->flags.devices.v[0]);
	if (x && !streq(x, "sandbox") && !streq(x, "insecure"))
		return error_set(err, ERR_INVALID, "RUN --security=%s: it is sandbox or insecure",
				 x);
	if (x && streq(x, "insecure") && !allowed(b, "security.insecure"))
		return error_set(err, ERR_AUTH,
				 "RUN --security=insecure needs the entitlement security.insecure "
				 "(build.entitlements)");
	s->spec.privileged = b->opt->privileged || (x && streq(x, "insecure"));
	return 0;
}

/* Programs of another machine run when the kernel knows an interpreter for them. */
static int check_machine(const struct step *s, struct error *err)
{
	static const struct {
		const char *arch, *qemu;
	} machines[] = {
		{ "amd64", "x86_64" }, { "arm64", "aarch64" },	 { "arm", "arm" },
		{ "386", "i386" },     { "riscv64", "riscv64" }, { "ppc64le", "ppc64le" },
		{ "s390x", "s390x" },
	};
	const char *arch = s->run->cfg.architecture;
	struct platform native;

	platform_native(&native);
	if (!arch || streq(arch, native.arch) ||
	    (streq(arch, "386") && streq(native.arch, "amd64")) ||
	    (streq(arch, "arm") && streq(native.arch, "arm64")))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		autofree char *path = xprintf("/proc/sys/fs/binfmt_misc/qemu-%s", machines[i].qemu);

		if (streq(machines[i].arch, arch) && path_exists(path))
			return 0;
	}
	return error_set(
		err, ERR_UNSUPPORTED,
		"RUN for %s on %s: the kernel has no interpreter for its programs; the package "
		"qemu-user-static brings them",
		arch, native.arch);
}

static void set_limits(struct step *s)
{
	const struct build_options *o = s->run->build->opt;

	strv_copy(&s->spec.extra_hosts, &o->extra_hosts);
	s->spec.shm_size = o->shm_size;
	vec_foreach (u, &o->ulimits) {
		struct build_ulimit *copy = vec_add(&s->spec.ulimits);

		*copy = *u;
		copy->name = xstrdup(u->name);
	}
}

/* ---- the key ---- */

static void make_key(struct step *s)
{
	const struct build_step *b = &s->spec;
	struct cache_key k;

	key_begin(&k, "run");
	key_number(&k, s->run->build->epoch);
	key_text(&k, s->run->rootfs.chain);
	key_list(&k, &b->argv);
	key_list(&k, &b->env);
	key_text(&k, s->script);
	key_text(&k, s->run->cfg.config.working_dir);
	key_text(&k, s->run->cfg.config.user);
	key_text(&k, b->network);
	key_number(&k, b->privileged);
	key_number(&k, (int64_t)b->shm_size);
	key_list(&k, &b->extra_hosts);
	mounts_key(s, &k);
	key_end(&k, s->key);
}

/* ---- running ---- */

static void keep_tail(struct step *s, const char *p, size_t n)
{
	if (n > LIMIT_BUILD_TAIL) {
		p += n - LIMIT_BUILD_TAIL;
		n = LIMIT_BUILD_TAIL;
	}
	if (s->tail.len + n > LIMIT_BUILD_TAIL)
		buf_consume(&s->tail, s->tail.len + n - LIMIT_BUILD_TAIL);
	buf_add(&s->tail, p, n);
}

static void on_output(void *userdata, bool is_stderr, const void *p, size_t n)
{
	struct step *s = userdata;
	struct build *b = s->run->build;
	struct build_event ev = {
		.type = BUILD_OUTPUT,
		.step = s->run->n_step,
		.total = s->run->n_steps,
		.stage = s->run->stage->name,
		.output = { p, n },
		.is_stderr = is_stderr,
	};

	keep_tail(s, p, n);
	if (b->opt->event)
		b->opt->event(b->opt->userdata, &ev);
}

/* The last lines of what it wrote, as much as a message holds. */
static const char *last_lines(const struct step *s)
{
	const char *end = s->tail.p + s->tail.len, *p = end;
	unsigned lines = 0;

	while (p > s->tail.p && end - p < 1200) {
		if (p[-1] == '\n' && p != end && ++lines == 10)
			break;
		p--;
	}
	return p;
}

static int exit_error(struct step *s, struct error *err)
{
	autofree char *tail = xstrdup(last_lines(s));
	size_t n = strlen(tail);

	while (n && char_is_space(tail[n - 1]))
		tail[--n] = 0;
	error_set(err, ERR_CHILD, "%.300s: exit code %d%s%s", s->in->line->text, s->code,
		  n ? "; its last output:\n" : "", tail);
	err->exit_code = s->code;
	return -ERR_CHILD;
}

static void ran(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (r < 0)
		error_wrap(&err, "%.300s", s->in->line->text);
	else if (s->code)
		r = exit_error(s, &err);
	if (s->spread) { /* first: a cache is still locked while it goes back */
		int e = spread_unmount(s, r < 0 ? NULL : &err);

		r = r < 0 ? r : e;
	}
	mounts_release(s);
	if (r >= 0)
		r = s->spread ? spread_gather(s, &err) : mounts_clean(s, &err);
	spread_free(s);
	step_made(s, r, &err);
}

/* The root filesystem is there: what it still needs, and off. */
static int prepare_and_run(struct step *s, struct error *err)
{
	int r = mounts_prepare(s, err);

	if (r)
		return r < 0 ? r : 1;
	return run_now(s);
}

static void is_spread(struct step *s, int r, struct error *err)
{
	if (r >= 0 && !s->run->build->failed)
		r = prepare_and_run(s, err);
	if (r < 0 || s->run->build->failed)
		step_made(s, r, err);
}

static int start_run(struct step *s, struct error *err)
{
	struct build *b = s->run->build;
	int r;

	s->spec.layers = s->run->rootfs.dirs; /* borrowed */
	s->spec.upper = s->upper;
	s->spec.work = xprintf("%.*swork", (int)(strrchr(s->upper, '/') + 1 - s->upper), s->upper);
	s->spec.working_dir = s->run->cfg.config.working_dir;
	s->spec.user = s->run->cfg.config.user;
	s->spec.output = on_output;
	s->spec.userdata = s;
	set_proxies(s);
	if (!b->isolation.plain_root)
		return prepare_and_run(s, err);
	r = spread_start(s, is_spread, err);
	return r < 0 ? r : 1;
}

static void isolated(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (r >= 0 && !s->run->build->failed)
		r = start_run(s, &err);
	if (r < 0 || s->run->build->failed)
		step_made(s, r, &err);
}

static int make_run(struct step *s, struct error *err)
{
	struct build *b = s->run->build;

	if (!b->runner || !b->runner->run)
		return error_set(err, ERR_UNSUPPORTED, "RUN is not supported by this engine");
	if (b->isolation.name || !b->runner->isolation)
		return start_run(s, err);
	s->task = b->runner->isolation(b->runner->userdata, &b->isolation);
	task_on_done(s->task, isolated, s);
	return 1;
}

int run_now(struct step *s)
{
	struct build *b = s->run->build;

	s->task = b->runner->run(b->runner->userdata, &s->spec, &s->code);
	task_on_done(s->task, ran, s);
	return 1;
}

static void release_run(struct step *s)
{
	spread_free(s);
	mounts_release(s);
	source_unrefp(&s->retry);
	vec_foreach (m, &s->mounts) {
		run_mount_done(&m->m);
		rootfs_done(&m->from);
		free(m->target);
	}
	vec_done(&s->mounts);
	strv_done(&s->spec.argv);
	strv_done(&s->spec.env);
	strv_done(&s->spec.extra_hosts);
	free(s->spec.network);
	free(s->spec.work);
	free(s->spec.rootfs);
	vec_foreach (u, &s->spec.ulimits)
		free(u->name);
	vec_done(&s->spec.ulimits);
	free(s->script);
}

static int set_up(struct step *s, struct error *err)
{
	int r = mounts_parse(s, err);

	set_argv(s);
	set_env(s);
	if (!r)
		r = set_home(s, err);
	if (!r)
		r = set_network(s, err);
	if (!r)
		r = set_security(s, err);
	if (!r)
		r = check_machine(s, err);
	set_limits(s);
	return r;
}

int run_step(struct stage_run *run, const struct inst *in, struct error *err)
{
	struct step *s;
	int r = mounts_ready(run, in, err);

	if (r <= 0)
		return r < 0 ? r : 1;
	s = step_new(run, in);
	s->release = release_run;
	s->make = make_run;
	stage_step_begin(run, in);
	r = set_up(s, err);
	if (r < 0)
		return r;
	s->history = history_run(run, &s->spec.argv);
	make_key(s);
	r = step_cached(s, err);
	if (!r)
		return step_start(s, err);
	if (r > 0)
		step_drop(s);
	return r < 0 ? r : 0;
}
