/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/add/work.h"
#include "builder/aide.h"
#include "builder/spread-private.h"

#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct spread *spread_free(struct step *s)
{
	struct spread *p = s->spread;

	if (!p)
		return NULL;
	spread_unmount(s, NULL);
	vec_foreach (x, &p->puts) {
		fd_close(x->parent);
		free(x->name);
		free(x->source);
	}
	vec_done(&p->puts);
	map_done(&p->inodes);
	fd_close(p->root);
	fd_close(p->aside);
	if (p->dir)
		store_layer_unstage(s->run->build->store, p->dir, NULL);
	free(p->dir);
	free(p);
	s->spread = NULL;
	return NULL;
}

/* compose-add makes the copy, as it does for a large COPY --from. */
static json_t *describe(const struct step *s)
{
	struct work w = { .op = (char[]){ WORK_COPY },
			  .own = true,
			  .uid = -1,
			  .gid = -1,
			  .source = s->run->rootfs.dirs,
			  .upper = s->spread->dir,
			  .dest = (char[]){ "/" } };
	json_t *job;

	*vec_add(&w.picks) = (struct work_pick){ .path = (char[]){ "/" }, .base = (char[]){ "" } };
	job = json_encode(work_fields, &w);
	vec_done(&w.picks);
	return job;
}

static int note_dirs(struct map *inodes, int dirfd, const char *path, unsigned depth,
		     struct error *err)
{
	autostrv names = { 0 };
	struct tree_dir here = { .fds = &dirfd, .n = 1 };
	int r = depth > LIMIT_TREE_DEPTH
			? error_set(err, ERR_LIMIT, "%s: directories too deep", path)
			: tree_dir_list(&here, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		autofree char *below = xprintf("%s/%s", path, names.v[i]);
		autoclose int sub = openat(dirfd, names.v[i],
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		char key[64];
		struct stat st;

		if (sub < 0 || fstat(sub, &st) < 0)
			continue;
		snprintf(key, sizeof(key), "%llu:%llu", (unsigned long long)st.st_dev,
			 (unsigned long long)st.st_ino);
		strmap_set(inodes, below, key);
		r = note_dirs(inodes, sub, below, depth + 1, err);
	}
	return r;
}

static void copied(struct task *t, int r, void *userdata)
{
	struct step *s = userdata;
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (r >= 0)
		r = note_dirs(&s->spread->inodes, s->spread->root, "", 0, &err);
	s->spread->then(s, r, &err);
}

static int open_dirs(struct spread *p, struct error *err)
{
	autofree char *stage = path_dir(p->dir), *work = path_join(stage, "work");

	p->root = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->aside = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->root < 0 || p->aside < 0 ? error_sys(err, "%s", p->dir) : 0;
}

int spread_start(struct step *s, spread_fn then, struct error *err)
{
	struct build *b = s->run->build;
	struct spread *p = xnew(struct spread);
	int r;

	*p = (struct spread){ .root = -1, .aside = -1, .then = then };
	s->spread = p;
	r = store_layer_stage(b->store, &p->dir, err);
	if (!r)
		r = open_dirs(p, err);
	if (r < 0)
		return r;
	free(s->spec.rootfs);
	s->spec.rootfs = xstrdup(p->dir);
	s->task = s->run->rootfs.dirs.n
			  ? aide_start(b->task.loop, "compose-add", describe(s), -1, NULL)
			  : task_resolved(b->task.loop, 0, NULL);
	task_on_done(s->task, copied, s);
	return 0;
}
