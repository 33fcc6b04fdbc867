/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of URLs and repositories: fetched one after the other, before anything is looked up. */
#include "builder/files.h"

#include "util/path.h"

#include <unistd.h>

static void next(struct step *s);

static struct copy_remote *remote_at(struct copy_job *j)
{
	vec_foreach (r, &j->remotes)
		if (!r->got)
			return r;
	return NULL;
}

static int keep_url(struct step *s, struct copy_remote *r, struct error *err)
{
	struct copy_job *j = s->copy;
	struct copy_extra *x;

	if (j->checksum && *j->checksum && !streq(j->checksum, j->url.digest))
		return error_set(err, ERR_CORRUPT, "%s: its digest is %s, and --checksum says %s",
				 r->url, j->url.digest, j->checksum);
	x = vec_add(&j->extras);
	x->name = source_url_name(r->url);
	x->fd = TAKE_FD(j->url.fd);
	x->mode = 0600;
	x->mtime = MAX(j->url.mtime, 0);
	x->fetched = true;
	memcpy(x->digest, j->url.digest, sizeof(x->digest));
	return 0;
}

/* All its files. */
static int keep_git(struct step *s, struct copy_remote *r, struct error *err)
{
	struct copy_part *p = vec_add(&s->copy->parts);
	struct rootfs files = { 0 };
	int x;

	rootfs_push(&files, s->run->build->store, r->diff_id);
	p->dirs = files.dirs;
	files.dirs = (struct strv){ 0 };
	memcpy(p->chain, files.chain, sizeof(p->chain));
	rootfs_done(&files);
	strv_push(&p->paths, "/");
	x = tree_open(&p->dirs, &p->tree, err);
	p->source = (struct copy_source){ .tree = p->tree, .name = r->url };
	return x;
}

static void fetched(struct task *t, int result, void *userdata)
{
	struct step *s = userdata;
	struct copy_remote *r = remote_at(s->copy);
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (result >= 0)
		result = r->is_git ? keep_git(s, r, &err) : keep_url(s, r, &err);
	r->got = true;
	if (result < 0 || s->run->build->failed || !remote_at(s->copy))
		copy_fetched(s, result, &err);
	else
		next(s);
}

static void next(struct step *s)
{
	struct build *b = s->run->build;
	struct copy_job *j = s->copy;
	struct copy_remote *r = remote_at(j);

	j->url = (struct url_source){ .url = r->url, .whole = j->whole, .fd = -1 };
	s->task = r->is_git ? source_git(b, &r->git, r->diff_id) : source_http(b, &j->url);
	task_on_done(s->task, fetched, s);
}

void fetch_start(struct step *s)
{
	s->run->state = STAGE_STEP;
	next(s);
}
