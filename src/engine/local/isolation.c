/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/isolation.h"

#include "engine/local/userns.h"
#include "util/env.h"
#include "util/fd.h"
#include "util/hash.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_FILE "isolation"

static const char *const names[ISOLATION_COUNT] = { "userns", "root", "hostnet", "chroot" };

const char *isolation_name(enum isolation i)
{
	return i < ISOLATION_COUNT ? names[i] : "auto";
}

int isolation_parse(const char *text, enum isolation *ret, struct error *err)
{
	if (!text || !*text || streq(text, "auto") || streq(text, "default")) {
		*ret = ISOLATION_AUTO;
		return 0;
	}
	for (int i = 0; i < ISOLATION_COUNT; i++) {
		if (!streq(text, names[i]))
			continue;
		*ret = (enum isolation)i;
		return 0;
	}
	return error_set(err, ERR_INVALID,
			 "isolation \"%s\": it is auto, userns, root, hostnet or chroot", text);
}

/* ---- what an earlier process found ---- */

/* When a program was installed, or that it wasn't. */
static void add_program(struct buf *b, const char *name)
{
	const char *path = env_get("PATH");
	struct str dir, rest = str_of(path ? path : "");
	struct stat st;

	while (rest.n) {
		autofree char *d = NULL, *file = NULL;

		str_cut(rest, ':', &dir, &rest);
		d = str_dup(dir);
		file = path_join(d, name);
		if (stat(file, &st) < 0)
			continue;
		buf_addf(b, "%s %lld\n", file, (long long)st.st_mtim.tv_sec);
		return;
	}
}

/* Those of root: a user's are in his uid_map. */
static void add_ranges(struct buf *b)
{
	uint64_t start = 0, count = 0;

	if (userns_range("/etc/subuid", 0, &start, &count) > 0)
		buf_addf(b, "%llu %llu\n", (unsigned long long)start, (unsigned long long)count);
}

/* What the answer depends on: our rights, our ids, the programs. */
static void fingerprint(struct local *l, char ret[SHA256_HEX_MAX])
{
	static const char *const facts[] = { "/proc/self/status", "/proc/self/uid_map",
					     "/proc/sys/kernel/random/boot_id" };
	autobuf all = { 0 };

	buf_init(&all, 64 << 10);
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		autobuf text = { 0 };
		char *p;

		buf_init(&text, 16 << 10);
		if (io_read_file(AT_FDCWD, facts[i], &text, NULL) < 0)
			continue;
		/* Of the status only from "CapInh" to "Seccomp_filters". */
		p = i ? text.p : strstr(text.p, "CapInh");
		if (!i && p && strstr(p, "Speculation"))
			*strstr(p, "Speculation") = 0;
		buf_adds(&all, p ? p : "");
	}
	buf_addf(&all, "%u %s\n", (unsigned)geteuid(), l->shim);
	add_program(&all, l->runtime);
	add_ranges(&all);
	hash_hex(all.p, all.len, ret);
}

static char *answer_path(const struct local *l)
{
	return path_join(l->run_dir, ANSWER_FILE);
}

int isolation_recall(struct local *l, enum isolation *ret, struct error *err)
{
	autofree char *path = answer_path(l);
	char now[SHA256_HEX_MAX];
	struct str key, name;
	autofree char *text = NULL;
	autobuf b = { 0 };

	buf_init(&b, 256);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0)
		return 0;
	str_cut(str_trim(buf_str(&b)), ' ', &key, &name);
	fingerprint(l, now);
	text = str_dup(name);
	if (!str_eq(key, now) || !*text || isolation_parse(text, ret, NULL) < 0)
		return 0;
	return 1;
}

void isolation_remember(struct local *l, enum isolation i)
{
	autofree char *path = answer_path(l), *text = NULL;
	char now[SHA256_HEX_MAX];

	fingerprint(l, now);
	text = xprintf("%s %s\n", now, isolation_name(i));
	io_replace_fast(AT_FDCWD, path, text, strlen(text), 0600, NULL);
}

void isolation_forget(struct local *l)
{
	autofree char *path = answer_path(l);

	unlink(path);
}

/* ---- a rung is tried ---- */

struct probe {
	struct task task;
	struct local *l;
	enum isolation rung;
	char *dir; /* staged */
	struct task *step;
	struct step_spec spec;
	int code;
	struct buf said;
};

static void probe_cancel(struct task *t)
{
	struct probe *p = container_of(t, struct probe, task);

	if (p->step)
		task_cancel(p->step);
}

static void probe_free(struct task *t)
{
	struct probe *p = container_of(t, struct probe, task);

	task_unref(p->step);
	if (p->dir)
		store_layer_unstage(p->l->store, p->dir, NULL);
	free(p->dir);
	free(p->spec.work);
	strv_done(&p->spec.argv);
	strv_done(&p->spec.env);
	buf_done(&p->said);
	free(p);
}

static const struct task_ops probe_ops = { "probe", probe_cancel, probe_free };

static void hear(void *userdata, bool is_stderr, const void *p, size_t n)
{
	struct probe *x = userdata;

	buf_add(&x->said, p, n);
}

static void probed(struct task *t, int r, void *userdata)
{
	struct probe *p = userdata;
	struct error err = t->err;

	if (r >= 0 && p->code)
		r = error_set(&err, ERR_CHILD, "a program ended with %d there%s%.*s", p->code,
			      p->said.len ? ": " : "", (int)MIN(p->said.len, 200u), p->said.p);
	task_end_with(&p->task, MIN(r, 0), &err);
}

/* A root filesystem that is our shim alone, a program that needs no other file. */
static int make_root(struct probe *p, struct error *err)
{
	static const char *const dirs[] = { "dev", "proc", "sys", "etc" };
	autofree char *program = NULL;
	autoclose int from = -1, to = -1;
	int r = store_layer_stage(p->l->store, &p->dir, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		autofree char *path = path_join(p->dir, dirs[i]);

		if (mkdir(path, 0755) < 0)
			return error_sys(err, "%s", path);
	}
	program = path_join(p->dir, "probe");
	from = open(p->l->shim, O_RDONLY | O_CLOEXEC);
	to = open(program, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (from < 0 || to < 0)
		return error_sys(err, "%s", from < 0 ? p->l->shim : program);
	r = io_copy(from, to, UINT64_MAX, NULL, err);
	return r < 0 || fchmod(to, 0755) == 0 ? r : error_sys(err, "%s", program);
}

static int probe_start(struct probe *p, struct error *err)
{
	int r = make_root(p, err);

	if (r < 0)
		return r;
	strv_push(&p->spec.argv, "/probe");
	strv_push(&p->spec.argv, "true");
	p->spec.work = xprintf("%.*swork", (int)(strrchr(p->dir, '/') + 1 - p->dir), p->dir);
	p->spec.upper = p->dir;
	p->spec.rootfs = p->rung == ISOLATION_CHROOT ? p->dir : NULL;
	p->spec.output = hear;
	p->spec.userdata = p;
	p->step = step_run_on(p->l, p->rung, &p->spec, &p->code);
	task_on_done(p->step, probed, p);
	return 0;
}

struct task *isolation_probe(struct local *l, enum isolation i)
{
	struct probe *p = xnew(struct probe);
	struct error err = ERROR_INIT;

	task_init(&p->task, &probe_ops, l->engine.loop);
	p->l = l;
	p->rung = i;
	buf_init(&p->said, BUF_MAX_ANY);
	if (probe_start(p, &err) < 0)
		task_fail(&p->task, &err);
	return &p->task;
}
