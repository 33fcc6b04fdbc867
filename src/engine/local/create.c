/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/check.h"
#include "engine/local/local.h"
#include "engine/local/volume.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_STOP_TIMEOUT (10 * NSEC_PER_SEC)
#define NAME_CHARS	     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

struct create {
	struct local *l;
	struct record rec;
	struct image_config config;
	struct strv made; /* anonymous volumes: gone again on failure */
};

static int check_name(const char *name, struct error *err)
{
	if (name && char_is_alnum(name[0]) && name[1] && strspn(name, NAME_CHARS) == strlen(name) &&
	    strlen(name) < 256)
		return 0;
	return error_set(err, ERR_INVALID,
			 "container name \"%s\": letters, digits, _ . - only, a letter or digit "
			 "first",
			 name ? name : "");
}

static int find_image(struct create *c, struct error *err)
{
	struct container_spec *s = &c->rec.spec;
	const char *name = s->image_id ? s->image_id : s->image;
	struct image im = { 0 };
	int r;

	if (!name)
		return error_set(err, ERR_INVALID, "container %s: no image", s->name);
	r = store_image_find(c->l->store, name, &im, err);
	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "no such image: %s",
				 s->image ? s->image : s->image_id);
	if (r < 0)
		return r;
	r = store_image_config(c->l->store, im.id, &c->config, err);
	free(s->image_id);
	s->image_id = xstrdup(im.id);
	if (!s->image)
		s->image = xstrdup(im.ref ? im.ref : im.id);
	image_done(&im);
	strv_copy(&c->rec.diff_ids, &c->config.diff_ids);
	return r;
}

static void fill(char **to, const char *from)
{
	if (*to || !from || !*from)
		return;
	*to = xstrdup(from);
}

/* KEY=VALUE replaces, KEY alone removes. */
static void merge_env(struct strv *env, const struct strv *changes)
{
	strv_foreach (e, changes) {
		const char *eq = strchr(e, '=');
		autofree char *key = eq ? xstrndup(e, (size_t)(eq - e)) : xstrdup(e);

		if (eq) {
			strv_env_set(env, key, eq + 1);
			continue;
		}
		for (size_t i = env->n; i-- > 0;) {
			const char *rest = skip_prefix(env->v[i], key);

			if (rest && *rest == '=')
				strv_remove(env, i);
		}
	}
}

/* An entrypoint of one's own makes the image's command void. */
static void merge_argv(struct create *c)
{
	struct container_spec *s = &c->rec.spec;
	const struct image_runtime *im = &c->config.config;

	strv_extend(&c->rec.argv, s->has_entrypoint ? &s->entrypoint : &im->entrypoint);
	if (s->has_command)
		strv_extend(&c->rec.argv, &s->command);
	else if (!s->has_entrypoint)
		strv_extend(&c->rec.argv, &im->cmd);
}

static void merge_health(struct container_spec *s, const struct healthcheck *of_image)
{
	struct healthcheck *h;

	if (!s->healthcheck && !of_image)
		return;
	h = s->healthcheck;
	if (!h) {
		h = s->healthcheck = xnew(struct healthcheck);
		healthcheck_copy(h, of_image);
		return;
	}
	if (!of_image)
		return;
	if (!h->test.n)
		strv_copy(&h->test, &of_image->test);
	h->interval = h->interval ? h->interval : of_image->interval;
	h->timeout = h->timeout ? h->timeout : of_image->timeout;
	h->start_period = h->start_period ? h->start_period : of_image->start_period;
	h->start_interval = h->start_interval ? h->start_interval : of_image->start_interval;
	h->retries = h->retries ? h->retries : of_image->retries;
}

static int merge(struct create *c, struct error *err)
{
	struct container_spec *s = &c->rec.spec;
	const struct image_runtime *im = &c->config.config;

	fill(&s->user, im->user);
	fill(&s->working_dir, im->working_dir);
	fill(&s->working_dir, "/");
	fill(&s->stop_signal, im->stop_signal);
	fill(&s->stop_signal, "SIGTERM");
	if (s->stop_timeout < 0)
		s->stop_timeout = im->stop_timeout > 0 ? im->stop_timeout : DEFAULT_STOP_TIMEOUT;
	strv_extend(&c->rec.env, &im->env);
	merge_env(&c->rec.env, &s->env);
	merge_argv(c);
	merge_health(s, im->healthcheck);
	map_foreach (e, &im->labels)
		if (!map_has(&s->labels, e->key))
			strmap_set(&s->labels, e->key, e->value);
	if (!c->rec.argv.n)
		return error_set(err, ERR_INVALID,
				 "container %s: neither the image nor the service has a command",
				 s->name);
	return 0;
}

static bool has_target(const struct container_spec *s, const char *target)
{
	autofree char *want = path_clean(target);

	vec_foreach (m, &s->mounts) {
		autofree char *have = path_clean(m->target);

		if (streq(have, want))
			return true;
	}
	strv_foreach (t, &s->tmpfs) {
		size_t n = strcspn(t, ":");

		if (strlen(want) == n && !memcmp(t, want, n))
			return true;
	}
	return false;
}

static void image_volumes(struct create *c)
{
	strv_foreach (target, &c->config.config.volumes) {
		struct mount_spec *m;

		if (has_target(&c->rec.spec, target))
			continue;
		m = vec_add(&c->rec.spec.mounts);
		m->type = MOUNT_VOLUME;
		m->target = path_clean(target);
	}
}

static void mount_copy(struct mount_spec *to, const struct mount_spec *from)
{
	*to = *from;
	to->source = xstrdup0(from->source);
	to->target = xstrdup0(from->target);
	to->propagation = xstrdup0(from->propagation);
	to->volume_subpath = xstrdup0(from->volume_subpath);
}

static int volumes_from(struct create *c, struct error *err)
{
	strv_foreach (text, &c->rec.spec.volumes_from) {
		struct str name, mode;
		autorecord other = { 0 };
		autofree char *id = NULL;
		int r;

		str_cut(str_of(text), ':', &name, &mode);
		id = str_dup(name);
		r = record_get(store_db(c->l->store), id, &other, err);
		if (r < 0)
			return error_wrap(err, "volumes_from");
		vec_foreach (m, &other.spec.mounts) {
			struct mount_spec *copy;

			if (has_target(&c->rec.spec, m->target))
				continue;
			copy = vec_add(&c->rec.spec.mounts);
			mount_copy(copy, m);
			copy->volume_nocopy = true;
			copy->read_only = copy->read_only || str_eq(mode, "ro");
		}
	}
	return 0;
}

/* Every volume gets its row: a container never names one that isn't there. */
static int make_volumes(struct create *c, struct error *err)
{
	vec_foreach (m, &c->rec.spec.mounts) {
		struct volume_spec v = { 0 };
		char name[65];
		int r;

		if (m->type != MOUNT_VOLUME)
			continue;
		if (!m->source) {
			random_hex(32, name);
			m->source = xstrdup(name);
			strv_push(&c->rec.anonymous, name);
			strmap_set(&v.labels, LABEL_ANONYMOUS, "");
		}
		v.name = xstrdup(m->source);
		r = volume_make(c->l, &v, err);
		if (r == 0)
			strv_push(&c->made, v.name);
		else if (r > 0 && volume_is_anonymous(c->l, v.name)) /* of the container before */
			strv_push(&c->rec.anonymous, v.name);
		volume_spec_done(&v);
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_file(const char *dir, size_t i, struct file_spec *f, struct error *err)
{
	autofree char *path = xprintf("%s/files/%zu", dir, i);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return error_sys(err, "%s", path);
	r = io_write_all(fd, f->content, f->n_content, err);
	if (r < 0)
		return error_wrap(err, "%s", f->target);
	if (fchown(fd, f->uid, f->gid) < 0 || fchmod(fd, f->mode ? f->mode & 07777 : 0444) < 0)
		return error_sys(err, "%s", path);
	f->source = TAKE_PTR(path);
	return 0;
}

static int make_dirs(struct create *c, const struct container_spec *from, struct error *err)
{
	autofree char *dir = container_state_dir(c->l, c->rec.id);
	static const char *const subs[] = { "upper", "work", "files" };
	int r = path_mkdirs(AT_FDCWD, dir, 0700, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(subs); i++) {
		autofree char *sub = xprintf("%s/%s", dir, subs[i]);

		if (mkdir(sub, 0755) < 0)
			return error_sys(err, "%s", sub);
	}
	for (size_t i = 0; r == 0 && i < from->files.n; i++) {
		struct file_spec *f = &c->rec.spec.files.v[i];

		if (f->source)
			continue;
		f->content = from->files.v[i].content;
		f->n_content = from->files.v[i].n_content;
		r = write_file(dir, i, f, err);
		f->content = NULL;
		f->n_content = 0;
	}
	return r;
}

/* In one transaction: a container that is listed has all its rows. */
static int insert(struct create *c, struct error *err)
{
	sqlite3 *db = store_db(c->l->store);
	autofree char *owner = xprintf("container:%s", c->rec.id);
	int r = db_begin(db, err);

	if (r < 0)
		return r;
	r = make_volumes(c, err);
	if (r == 0)
		r = record_insert(db, &c->rec, err);
	if (r == 0)
		r = store_image_use(c->l->store, c->rec.spec.image_id, owner, err);
	return db_end(db, r, err);
}

static void undo(struct create *c)
{
	autofree char *dir = container_state_dir(c->l, c->rec.id);

	path_remove_tree(AT_FDCWD, dir, NULL);
	strv_foreach (name, &c->made) {
		autofree char *data = xprintf("%s/volumes/%s", c->l->state_dir, name);

		path_remove_tree(AT_FDCWD, data, NULL);
	}
}

static int create(struct create *c, const struct container_spec *spec, struct error *err)
{
	char id[65];
	struct status status = { .state = RUN_CREATED };
	autoclose int making = -1;
	int r;

	r = check_name(spec->name, err);
	if (r == 0)
		r = spec_check(spec, err);
	if (r < 0)
		return r;
	random_hex(32, id);
	c->rec.id = xstrdup(id);
	c->rec.created = time_now();
	container_spec_copy(&c->rec.spec, spec);
	vec_foreach (f, &c->rec.spec.files) {
		free(f->content);
		f->content = NULL;
	}
	r = find_image(c, err);
	if (r == 0)
		r = merge(c, err);
	if (r == 0)
		r = volumes_from(c, err);
	if (r < 0)
		return r;
	image_volumes(c);
	r = local_making(c->l, &making, err);
	if (r == 0)
		r = make_dirs(c, spec, err);
	if (r == 0)
		r = insert(c, err);
	if (r == 0)
		r = status_write(c->l->status_fd, id, &status, false, err);
	if (r < 0)
		undo(c);
	return r;
}

struct task *local_container_create(struct engine *e, const struct container_spec *spec,
				    char ret_id[65])
{
	struct create c = { .l = local_of(e) };
	struct error err = ERROR_INIT;
	int r = c.l->builds_only
			? error_set(&err, ERR_UNSUPPORTED,
				    "containers need root for now: run compose with sudo (images "
				    "can be built, pushed and pulled without)")
			: create(&c, spec, &err);

	if (r == 0)
		snprintf(ret_id, 65, "%s", c.rec.id);
	record_done(&c.rec);
	image_config_done(&c.config);
	strv_done(&c.made);
	return task_resolved(e->loop, MIN(r, 0), &err);
}
