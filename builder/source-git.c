/* SPDX-License-Identifier: Apache-2.0 */
/* A git repository by compose-git: asked which commit is meant, and fetched when that one is not
 * here. */
#include "builder/aide.h"
#include "builder/git/job.h"
#include "builder/source.h"

#include "util/path.h"

#include <stdio.h>
#include <unistd.h>

struct git_task {
	struct task task;
	struct build *build;
	const struct git_source *source;
	struct git_job job;
	char *dir; /* staged */
	char key[DIGEST_MAX];
	char *ret_diff_id;
	uint64_t size;
	json_t *answer;
	struct task *part;
};

static void git_cancel(struct task *t)
{
	struct git_task *g = container_of(t, struct git_task, task);

	if (g->part)
		task_cancel(g->part);
}

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
}

static void git_free(struct task *t)
{
	struct git_task *g = container_of(t, struct git_task, task);

	task_unref(g->part);
	if (g->dir)
		store_layer_unstage(g->build->store, g->dir, NULL);
	free(g->dir);
	json_decref(g->answer);
	wipe(g->job.token);
	wipe(g->job.header);
	json_free_fields(git_job_fields, &g->job);
	free(g);
}

static const struct task_ops git_ops = { "git source", git_cancel, git_free };

static void end(struct git_task *g, int r, struct error *err)
{
	if (r < 0) {
		autofree char *shown = source_shown(g->source->url);

		error_wrap(err, "%s", shown);
	}
	task_end_with(&g->task, MIN(r, 0), err);
}

/* ---- what it is fetched with ---- */

/* GIT_AUTH_HEADER.host, GIT_AUTH_TOKEN.host, and the same without a host. */
static int take_secrets(struct git_task *g, struct error *err)
{
	const char *scheme = strstr(g->source->url, "://");
	const char *host = scheme ? scheme + 3 : g->source->url;
	const char *at = memchr(host, '@', strcspn(host, "/"));
	const char *names[] = { "GIT_AUTH_HEADER", "GIT_AUTH_TOKEN" };
	int r = 0;

	if (at)
		host = at + 1;
	for (size_t i = 0; scheme && r >= 0 && i < 4; i++) {
		char **slot = i % 2 ? &g->job.token : &g->job.header;
		autofree char *id = i < 2 ? xprintf("%s.%.*s", names[i % 2],
						    (int)strcspn(host, "/"), host)
					  : xstrdup(names[i % 2]);
		autobuf value = { 0 };

		r = secret_value(g->build, id, &value, err);
		if (r > 0 && str_trim(buf_str(&value)).n) {
			*slot = str_dup(str_trim(buf_str(&value)));
			explicit_bzero(value.p, value.len);
			return 0;
		}
	}
	return MIN(r, 0);
}

static int describe(struct git_task *g, struct error *err)
{
	const struct git_source *s = g->source;
	bool commit_only = s->by_commit || (!s->ref && s->checksum && strlen(s->checksum) == 40);

	g->job = (struct git_job){
		.url = xstrdup(s->url),
		.ref = xstrdup0(commit_only ? s->checksum : s->ref),
		.subdir = xstrdup0(s->subdir),
		.agent = xstrdup0(strmap_get(&g->build->opt->ssh, "default")),
		.keep_git = s->keep_git && !s->subdir,
		.no_submodules = s->no_submodules,
	};
	return take_secrets(g, err);
}

/* ---- which commit ---- */

static bool is_commit(const char *ref)
{
	return ref && strlen(ref) == 40 && strspn(ref, "0123456789abcdef") == 40;
}

static int check_commit(const struct git_task *g, const char *object, const char *commit,
			struct error *err)
{
	const char *want = g->source->checksum;

	if (!want || starts_with(object, want) || starts_with(commit, want))
		return 0;
	return error_set(err, ERR_CORRUPT, "%s is the commit %s, not %s",
			 g->source->ref ? g->source->ref : "HEAD", commit, want);
}

/* 1: it is here already. */
static int look_up(struct git_task *g, const char *object, struct error *err)
{
	struct cache_entry e;
	struct cache_key k;
	int r;

	key_begin(&k, "git");
	key_text(&k, object);
	key_text(&k, g->job.subdir);
	key_number(&k, g->job.no_submodules);
	/* What submodules are relative to, and what is kept of the repository. */
	key_text(&k, g->job.url);
	key_text(&k, g->job.keep_git ? g->job.ref : NULL);
	key_number(&k, g->job.keep_git);
	key_end(&k, g->key);
	r = cache_get(g->build->store, g->key, &e, err);
	if (r > 0 && e.diff_id[0])
		snprintf(g->ret_diff_id, DIGEST_MAX, "%s", e.diff_id);
	else
		r = MIN(r, 0);
	return r;
}

/* ---- fetching ---- */

static void adopted(struct task *t, int r, void *userdata)
{
	struct git_task *g = userdata;
	struct cache_entry e = { .created = time_now() };
	struct error err = t->err;

	if (r >= 0) {
		freep(&g->dir);
		memcpy(e.diff_id, g->ret_diff_id, sizeof(e.diff_id));
		r = cache_put(g->build->store, g->key, &e, &err);
	}
	end(g, r, &err);
}

static void ask(struct git_task *g, task_done_fn done)
{
	json_decref(g->answer);
	g->answer = NULL;
	task_unref(g->part);
	g->part = aide_start(g->task.loop, "compose-git", json_encode(git_job_fields, &g->job), -1,
			     &g->answer);
	task_on_done(g->part, done, g);
}

static int take_files(struct git_task *g, struct error *err)
{
	autofree char *files = path_join(g->job.dir, "files");
	const char *object = json_str(g->answer, "object") ?: "";
	int r = check_commit(g, object, json_str(g->answer, "commit") ?: "", err);

	if (!r)
		r = look_up(g, object, err);
	if (r)
		return r;
	if (rmdir(g->dir) < 0 || rename(files, g->dir) < 0)
		return error_sys(err, "%s", g->dir);
	return 0;
}

static void fetched(struct task *t, int r, void *userdata)
{
	struct git_task *g = userdata;
	struct error err = t->err;

	if (r >= 0)
		r = g->task.cancelled ? -ERR_CANCELLED : take_files(g, &err);
	if (r) {
		end(g, r, &err);
		return;
	}
	task_unref(g->part);
	g->part = store_layer_adopt(g->build->store, g->task.loop, g->dir, INT64_MAX,
				    g->ret_diff_id, &g->size);
	task_on_done(g->part, adopted, g);
}

/* The repository lies beside the files, which are what becomes the layer. */
static int fetch(struct git_task *g, struct error *err)
{
	autofree char *parent = NULL;
	int r = store_layer_stage(g->build->store, &g->dir, err);

	if (r < 0)
		return r;
	parent = path_dir(g->dir);
	g->job.dir = path_join(parent, "work");
	ask(g, fetched);
	return 0;
}

/* Here already, or to be fetched. */
static void on_object(struct git_task *g, const char *object, const char *commit)
{
	struct error err = ERROR_INIT;
	int r = check_commit(g, object, commit, &err);

	if (!r)
		r = look_up(g, object, &err);
	if (!r) {
		r = fetch(g, &err);
		if (!r)
			return;
	}
	end(g, r, &err);
}

static void resolved(struct task *t, int r, void *userdata)
{
	struct git_task *g = userdata;
	struct error err = t->err;

	if (r < 0 || g->task.cancelled)
		end(g, r < 0 ? r : -ERR_CANCELLED, &err);
	else
		on_object(g, json_str(g->answer, "object") ?: "",
			  json_str(g->answer, "commit") ?: "");
}

struct task *source_git(struct build *b, const struct git_source *s, char ret_diff_id[DIGEST_MAX])
{
	struct git_task *g = xnew(struct git_task);
	struct error err = ERROR_INIT;
	int r;

	task_init(&g->task, &git_ops, b->task.loop);
	g->build = b;
	g->source = s;
	g->ret_diff_id = ret_diff_id;
	r = describe(g, &err);
	if (r < 0)
		end(g, r, &err);
	else if (is_commit(g->job.ref))
		on_object(g, g->job.ref, g->job.ref);
	else
		ask(g, resolved);
	return &g->task;
}
