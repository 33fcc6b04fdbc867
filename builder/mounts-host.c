/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of a step's mounts. */
#include "builder/mounts.h"
#include "builder/spread.h"

#include "event/loop.h"
#include "util/env.h"
#include "util/io.h"
#include "util/num.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define LIMIT_OVERLAY_OPTIONS 3900 /* the kernel takes a page */

static void add(struct step *s, const char *source, const char *target, const char *type,
		bool read_only, uint64_t size)
{
	struct build_mount *m = vec_add(&s->spec.mounts);

	m->source = xstrdup0(source);
	m->target = xstrdup(target);
	m->type = xstrdup(type);
	m->read_only = read_only;
	m->size = size;
}

/* ---- bind ---- */

/* ':' and ',' separate there. */
static void add_escaped(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (strchr(":,\\", *path))
			buf_addc(b, '\\');
		buf_addc(b, *path);
	}
}

/* The parts of a directory that several layers have, as options of an overlay. Too many for one
 * mount are left to a copy. */
static int overlay_options(const struct tree_dir *dir, char **ret, struct error *err)
{
	autobuf b = { 0 };

	buf_init(&b, LIMIT_OVERLAY_OPTIONS);
	buf_adds(&b, "lowerdir=");
	for (size_t i = 0; i < dir->n; i++) {
		autofree char *path = NULL;
		int r = fd_path(dir->fds[i], &path, err);

		if (r < 0)
			return r;
		if (i)
			buf_addc(&b, ':');
		add_escaped(&b, path);
	}
	if (!b.failed)
		*ret = buf_steal(&b);
	return 0;
}

/* What is only read is shown as it lies in its layers, without a copy. *ret stays NULL when that
 * can't be. */
static int direct_source(const struct tree *t, const char *path, char **ret, const char **ret_type,
			 struct error *err)
{
	autotreepath p = { 0 };
	autotreedir dir = { 0 };
	autofree char *parent = NULL, *base = NULL;
	size_t at = 0;
	int r = tree_resolve(t, path, true, &p, err);

	*ret_type = "bind";
	if (r < 0 || !p.exists)
		return r;
	if (S_ISDIR(p.st.st_mode)) {
		r = tree_enter(t, p.path, &dir, err);
		if (!r && dir.n > 1) {
			*ret_type = "overlay";
			r = overlay_options(&dir, ret, err);
		} else if (!r && dir.n) {
			r = fd_path(dir.fds[0], ret, err);
		}
		return r;
	}
	parent = path_dir(p.path);
	r = tree_enter(t, parent, &dir, err);
	if (!r)
		r = tree_dir_stat(&dir, strrchr(p.path, '/') + 1, &p.st, &at, err);
	if (r > 0)
		r = fd_path(dir.fds[at], &base, err);
	if (!r)
		*ret = path_join(base, strrchr(p.path, '/') + 1);
	return r;
}

/* A copy of what the mount takes, in a staged directory: a place of its own to write to, without
 * what .dockerignore hides. */
static int copied_path(struct step *s, const struct copy_source *src, const char *path, char **ret,
		       struct error *err)
{
	const struct copy_options opt = { .uid = -1, .gid = -1 };
	autocall(copier_freep) struct copier *c = NULL;
	const struct strv none = { 0 };
	copy_picks picks = { 0 };
	autofree char *dir = NULL;
	int r = store_layer_stage(s->run->build->store, &dir, err);

	if (r < 0)
		return r;
	strv_push(&s->staged, dir);
	r = copier_new(&none, dir, &opt, &c, err);
	if (!r)
		r = copy_select(src, path, false, &picks, err);
	if (!r && picks.n != 1)
		r = error_set(err, ERR_INVALID, "--mount: source=%s is not one file or directory",
			      path);
	if (!r)
		r = copier_copy(c, src, &picks.v[0],
				S_ISDIR(picks.v[0].st.st_mode) ? "/mnt/" : "/mnt", err);
	copy_picks_done(&picks);
	if (!r)
		*ret = path_join(dir, "mnt");
	return r;
}

static int bind_source(struct step *s, struct step_mount_of *m, struct tree **tree,
		       struct copy_source *src, struct error *err)
{
	int r;

	if (!m->m.from)
		return build_context(s->run->build, src, NULL, err);
	r = tree_open(&m->from.dirs, tree, err);
	*src = (struct copy_source){ .tree = *tree,
				     .own = m->from.chain[0] != 0,
				     .name = m->m.from };
	return r;
}

static int prepare_bind(struct step *s, struct step_mount_of *m, struct error *err)
{
	autocall(tree_freep) struct tree *tree = NULL;
	const char *path = m->m.source ? m->m.source : "/";
	autofree char *host = NULL;
	const char *type = "bind";
	struct copy_source src;
	int r = bind_source(s, m, &tree, &src, err);

	if (!r && m->m.read_only && src.own && !s->spread)
		r = direct_source(src.tree, path, &host, &type, err);
	if (!r && (!host || (s->run->build->isolation.plain_binds && streq(type, "overlay")))) {
		freep(&host);
		type = "bind";
		r = copied_path(s, &src, path, &host, err);
	}
	if (!r)
		add(s, host, m->target, type, m->m.read_only, 0);
	return r < 0 ? error_wrap(err, "--mount=target=%s", m->target) : 0;
}

/* ---- cache ---- */

static char *cache_path(struct step *s, const struct step_mount_of *m, unsigned n)
{
	const char *id = m->m.id ? m->m.id : m->target;
	char hex[SHA256_HEX_MAX];

	hash_hex(id, strlen(id), hex);
	return n ? xprintf("%s/cache-mounts/%s.%u", store_dir(s->run->build->store), hex, n)
		 : xprintf("%s/cache-mounts/%s", store_dir(s->run->build->store), hex);
}

static int seed_cache(struct step *s, struct step_mount_of *m, const char *dir, struct error *err)
{
	const struct copy_options opt = { .uid = -1, .gid = -1 };
	autocall(tree_freep) struct tree *tree = NULL;
	autocall(copier_freep) struct copier *c = NULL;
	const struct strv none = { 0 };
	struct copy_source src;
	copy_picks picks = { 0 };
	int r = tree_open(&m->from.dirs, &tree, err);

	src = (struct copy_source){ .tree = tree, .own = true, .name = m->m.from };
	if (!r)
		r = copy_select(&src, m->m.source ? m->m.source : "/", false, &picks, err);
	if (!r)
		r = copier_new(&none, dir, &opt, &c, err);
	for (size_t i = 0; !r && i < picks.n; i++)
		r = copier_copy(c, &src, &picks.v[i], "/", err);
	if (!r && picks.n == 1 && chown(dir, picks.v[0].st.st_uid, picks.v[0].st.st_gid) < 0)
		r = error_sys(err, "%s", dir);
	copy_picks_done(&picks);
	return r;
}

/* Made under another name, so that it is whole when it appears. */
static int make_cache(struct step *s, struct step_mount_of *m, const char *path, struct error *err)
{
	autofree char *dir = NULL;
	mode_t mode = m->m.mode >= 0 ? (mode_t)m->m.mode : 0755;
	int r = store_layer_stage(s->run->build->store, &dir, err);

	if (r < 0)
		return r;
	strv_push(&s->staged, dir);
	if (m->m.from)
		r = seed_cache(s, m, dir, err);
	if (!r && (!m->m.from || m->m.uid >= 0 || m->m.gid >= 0) &&
	    chown(dir, (uid_t)MAX(m->m.uid, 0), (gid_t)MAX(m->m.gid, 0)) < 0)
		r = error_sys(err, "%s", dir);
	if (!r && chmod(dir, mode) < 0)
		r = error_sys(err, "%s", dir);
	if (!r && rename(dir, path) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		r = error_sys(err, "%s", path);
	return r;
}

/* 1: got it, 0: somebody has it. The lock is a file beside the directory. */
static int lock_cache(struct step *s, const char *path, bool exclusive, struct error *err)
{
	autofree char *name = xprintf("%s.lock", path);
	autoclose int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return error_sys(err, "%s", name);
	r = fd_lock(fd, exclusive, false, err);
	if (r > 0)
		*vec_add(&s->locks) = TAKE_FD(fd);
	return r;
}

/* 0 ready, 1 it must be waited for. */
static int prepare_cache(struct step *s, struct step_mount_of *m, struct error *err)
{
	autofree char *path = cache_path(s, m, 0);
	bool own = m->m.sharing != RUN_MOUNT_SHARED || s->spread; /* it is moved to its place */
	int r = path_mkdirs(store_dirfd(s->run->build->store), "cache-mounts", 0700, err);

	if (!r)
		r = lock_cache(s, path, own, err);
	for (unsigned n = 1; !r && m->m.sharing == RUN_MOUNT_PRIVATE && n < 1000; n++) {
		free(path);
		path = cache_path(s, m, n);
		r = lock_cache(s, path, true, err);
	}
	if (r <= 0)
		return r < 0 ? r : 1;
	r = path_exists(path) ? 0 : make_cache(s, m, path, err);
	if (!r)
		add(s, path, m->target, "bind", m->m.read_only, 0);
	return r;
}

/* ---- secret, ssh, a script ---- */

/* A file in memory of the system, for the time of the step. */
static int private_dir(char **ret, struct error *err)
{
	autofree char *run = env_run_dir(), *dir = path_join(run, "build");
	int r = path_mkdirs(AT_FDCWD, dir, 0711, err);

	if (r < 0)
		return r;
	*ret = TAKE_PTR(dir);
	return 0;
}

/* Names begin with the process's id, so that those of a process that was killed are known
 * (mounts_sweep()). */
static char *private_name(const char *dir)
{
	char name[33];

	random_hex(16, name);
	return xprintf("%s/%d-%s", dir, (int)getpid(), name);
}

void mounts_sweep(void)
{
	autofree char *run = env_run_dir(), *dir = path_join(run, "build");
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		uint64_t pid;
		struct str id, rest;

		if (str_cut(str_of(e->d_name), '-', &id, &rest) &&
		    num_parse_u64(id, INT32_MAX, &pid) == 0 && kill((pid_t)pid, 0) < 0 &&
		    errno == ESRCH)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
}

static int private_file(struct step *s, const void *p, size_t n, uid_t uid, gid_t gid, mode_t mode,
			char **ret, struct error *err)
{
	autofree char *dir = NULL, *path = NULL;
	autoclose int fd = -1;
	int r = private_dir(&dir, err);

	if (r < 0)
		return r;
	path = private_name(dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "%s", path);
	strv_push(&s->files, path);
	r = io_write_all(fd, p, n, err);
	if (!r && (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0))
		r = error_sys(err, "%s", path);
	if (!r)
		*ret = TAKE_PTR(path);
	return r;
}

static void wipe(struct buf *b)
{
	explicit_bzero(b->p, b->len);
	buf_done(b);
}

static int mount_secret(struct step *s, const struct step_mount_of *m, const char *id,
			const struct buf *value, struct error *err)
{
	autofree char *path = NULL;
	autofree char *target = m->target ? xstrdup(m->target) : xprintf("/run/secrets/%s", id);
	int r;

	if (m->m.env) {
		strv_env_set(&s->spec.env, *m->m.env ? m->m.env : id, value->p);
		if (!m->target)
			return 0;
	}
	r = private_file(s, value->p, value->len, (uid_t)MAX(m->m.uid, 0), (gid_t)MAX(m->m.gid, 0),
			 m->m.mode >= 0 ? (mode_t)m->m.mode : 0400, &path, err);
	if (!r)
		add(s, path, target, "bind", true, 0);
	return r;
}

static int prepare_secret(struct step *s, struct step_mount_of *m, struct error *err)
{
	struct build *b = s->run->build;
	autofree char *id = m->m.id	  ? xstrdup(m->m.id)
			    : m->m.source ? xstrdup(m->m.source)
					  : path_base(m->m.target);
	struct buf value = { 0 };
	int r = secret_value(b, id, &value, err);

	if (r > 0) {
		r = mount_secret(s, m, id, &value, err);
		if (r < 0)
			error_wrap(err, "secret %s", id);
	} else if (!r && m->m.required) {
		r = error_set(
			err, ERR_NOT_FOUND,
			"the secret %s is required and was not given: name it in build.secrets",
			id);
	}
	wipe(&value);
	return r;
}

static int prepare_ssh(struct step *s, struct step_mount_of *m, unsigned n, struct error *err)
{
	struct build *b = s->run->build;
	const char *id = m->m.id ? m->m.id : "default";
	const char *agent = map_has(&b->opt->ssh, id) ? strmap_get(&b->opt->ssh, id) : NULL;
	autofree char *dir = NULL, *path = NULL;
	autofree char *target = m->target ? xstrdup(m->target)
					  : xprintf("/run/buildkit/ssh_agent.%u", n);
	struct ssh_proxy *proxy;
	int r;

	if (map_has(&b->opt->ssh, id) && (!agent || !*agent))
		agent = b->opt->environ ? strmap_get(b->opt->environ, "SSH_AUTH_SOCK")
					: getenv("SSH_AUTH_SOCK");
	if (!agent && m->m.required)
		return error_set(
			err, ERR_NOT_FOUND,
			"the ssh agent %s is required and was not given: name it in build.ssh", id);
	if (!strv_env(&s->spec.env, "SSH_AUTH_SOCK"))
		strv_env_set(&s->spec.env, "SSH_AUTH_SOCK", target);
	if (!agent)
		return 0;
	r = private_dir(&dir, err);
	if (r < 0)
		return r;
	path = private_name(dir);
	r = ssh_proxy_new(b->task.loop, path, agent, (uid_t)MAX(m->m.uid, 0),
			  (gid_t)MAX(m->m.gid, 0), m->m.mode >= 0 ? (mode_t)m->m.mode : 0600,
			  &proxy, err);
	if (r < 0)
		return error_wrap(err, "ssh agent %s", id);
	*vec_add(&s->proxies) = proxy;
	add(s, path, target, "bind", false, 0);
	return 0;
}

static int prepare_script(struct step *s, struct error *err)
{
	autofree char *path = NULL, *target = NULL;
	int r;

	if (!s->script)
		return 0;
	target = xstrdup(s->spec.argv.v[s->spec.argv.n - 1]);
	r = private_file(s, s->script, strlen(s->script), 0, 0, 0755, &path, err);
	if (!r)
		add(s, path, target, "bind", true, 0);
	return r;
}

/* ---- all ---- */

static int prepare_one(struct step *s, struct step_mount_of *m, unsigned *n_ssh, struct error *err)
{
	switch (m->m.type) {
	case RUN_MOUNT_BIND:
		return prepare_bind(s, m, err);
	case RUN_MOUNT_CACHE:
		return prepare_cache(s, m, err);
	case RUN_MOUNT_TMPFS:
		add(s, NULL, m->target, "tmpfs", m->m.read_only, m->m.size);
		return 0;
	case RUN_MOUNT_SECRET:
		return prepare_secret(s, m, err);
	case RUN_MOUNT_SSH:
		return prepare_ssh(s, m, (*n_ssh)++, err);
	}
	return 0;
}

static void try_again(void *userdata)
{
	struct step *s = userdata;
	struct error err = ERROR_INIT;
	int r;

	source_unrefp(&s->retry);
	if (s->run->build->failed) {
		step_made(s, 0, NULL);
		return;
	}
	r = mounts_prepare(s, &err);
	if (!r)
		run_now(s);
	else if (r < 0)
		step_made(s, r, &err);
}

int mounts_prepare(struct step *s, struct error *err)
{
	unsigned n_ssh = 0;
	int r = prepare_script(s, err);

	for (size_t i = 0; !r && i < s->mounts.n; i++)
		r = prepare_one(s, &s->mounts.v[i], &n_ssh, err);
	if (!r)
		return s->spread ? spread_mount(s, err) : stubs_note(s, err);
	mounts_release(s);
	if (r < 0)
		return r;
	/* Another process may hold the cache: no event tells when it is free. */
	r = loop_after(s->run->build->task.loop, 20 * NSEC_PER_MSEC, try_again, s, &s->retry, err);
	return r < 0 ? r : 1;
}

/* Memory of the system holds these files: what was in it is overwritten. */
static void wipe_file(const char *path)
{
	static const char zeros[4096];
	autoclose int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros))
			if (pwrite(fd, zeros, MIN(sizeof(zeros), (size_t)(st.st_size - at)), at) <
			    0)
				break;
	unlink(path);
}

void mounts_release(struct step *s)
{
	vec_foreach (m, &s->spec.mounts) {
		free(m->source);
		free(m->target);
		free(m->type);
	}
	vec_done(&s->spec.mounts);
	vec_foreach (p, &s->proxies)
		ssh_proxy_free(*p);
	vec_done(&s->proxies);
	strv_foreach (f, &s->files)
		wipe_file(f);
	strv_done(&s->files);
	strv_foreach (d, &s->staged)
		store_layer_unstage(s->run->build->store, d, NULL);
	strv_done(&s->staged);
	vec_foreach (fd, &s->locks)
		fd_close(*fd);
	vec_done(&s->locks);
}
