/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/input.h"

#include "builder/add/job.h"
#include "builder/aide.h"
#include "builder/set.h"

#include "registry/ref.h"
#include "util/path.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct input *input_free(struct input *in)
{
	task_unref(in->task);
	if (in->dir)
		store_layer_unstage(in->build->store, in->dir, NULL);
	free(in->dir);
	fd_close(in->url.fd);
	json_decref(in->answer);
	git_source_done(&in->git);
	rootfs_done(&in->rootfs);
	free(in->text);
	free(in->shown);
	free(in);
	return NULL;
}

bool input_is_remote(const char *text)
{
	return streq(text, INPUT_STDIN) || source_is_http(text) || source_is_git(text) ||
	       starts_with(text, "github.com/");
}

/* ---- additional contexts ---- */

static char *familiar(const char *name)
{
	autoref ref = { 0 };
	autofree char *text = NULL;

	if (image_ref_parse(name, &ref, NULL) < 0)
		return xstrdup(name);
	text = image_ref_text(&ref);
	return TAKE_PTR(text);
}

const char *context_named(const struct build *b, const char *name)
{
	const char *exact = strmap_get(&b->opt->contexts, name);
	autofree char *want = NULL;

	if (exact || !b->opt->contexts.n)
		return exact;
	want = familiar(name);
	map_foreach (c, &b->opt->contexts) {
		autofree char *have = familiar(c->key);

		if (streq(have, want))
			return c->value;
	}
	return NULL;
}

const char *context_image(const char *ctx)
{
	const char *ref = skip_prefix(ctx, "docker-image://");

	return ref || starts_with(ctx, LAYOUT_PREFIX) || starts_with(ctx, BUILD_BUILT_IMAGE)
		       ? (ref ? ref : ctx)
		       : NULL;
}

/* ---- the end of it ---- */

static void end(struct input *in, int r, struct error *err)
{
	struct build *b = in->build;

	in->task = task_unref(in->task);
	if (r < 0) {
		if (!strstr(err->msg, in->shown))
			error_wrap(err, "%s", in->shown);
		error_wrap(err, in->plain ? "additional context" : "build context");
		build_fail(b, err);
	}
	build_kick(b);
}

static void take_layer(struct input *in, const char *diff_id)
{
	rootfs_push(&in->rootfs, in->build->store, diff_id);
	in->own = true;
	in->done = true;
}

/* The builds of one set share what was fetched: stdin is there only once. */
static char *shared_key(const struct input *in)
{
	return xprintf("%s%s", in->plain ? "plain:" : "", in->text);
}

static void share(struct input *in)
{
	autofree char *key = shared_key(in);
	autofree char *value = xprintf("%s%s", in->is_file ? "file:" : "", in->diff_id);

	strmap_set(&in->build->set->inputs, key, value);
}

static bool is_shared(struct input *in)
{
	autofree char *key = shared_key(in);
	const char *value = strmap_get(&in->build->set->inputs, key), *file;

	if (!value)
		return false;
	file = skip_prefix(value, "file:");
	in->is_file = file;
	take_layer(in, file ? file : value);
	return true;
}

/* ---- an archive or a file ---- */

static void make_keys(struct input *in)
{
	struct cache_key k;

	key_begin(&k, "context-archive");
	key_text(&k, in->plain ? "" : in->url.digest);
	key_end(&k, in->key[0]);
	key_begin(&k, "context-file");
	key_text(&k, in->url.digest);
	key_number(&k, in->url.mtime);
	key_end(&k, in->key[1]);
}

/* 1: it was unpacked before. */
static int look_up(struct input *in, struct error *err)
{
	for (int i = 0; i < 2; i++) {
		struct cache_entry e;
		int r = cache_get(in->build->store, in->key[i], &e, err);

		if (r < 0)
			return r;
		if (r > 0 && e.diff_id[0]) {
			in->is_file = i;
			snprintf(in->diff_id, sizeof(in->diff_id), "%s", e.diff_id);
			return 1;
		}
	}
	return 0;
}

static void adopted(struct task *t, int r, void *userdata)
{
	struct input *in = userdata;
	struct cache_entry e = { .created = time_now() };
	struct error err = t->err;

	if (r >= 0) {
		freep(&in->dir);
		memcpy(e.diff_id, in->diff_id, sizeof(e.diff_id));
		if (in->key[0][0])
			r = cache_put(in->build->store, in->key[in->is_file], &e, &err);
	}
	if (r >= 0) {
		share(in);
		take_layer(in, in->diff_id);
	}
	end(in, r, &err);
}

static void unpacked(struct task *t, int r, void *userdata)
{
	struct input *in = userdata;
	struct build *b = in->build;
	struct error err = t->err;
	int64_t newest = MAX(json_i64(in->answer, "newest", 0), 0);

	if (r < 0 || b->failed) {
		end(in, r, &err);
		return;
	}
	in->is_file = json_flag(in->answer, "none");
	task_unref(in->task);
	in->task = store_layer_adopt(b->store, b->task.loop, in->dir,
				     in->is_file ? INT64_MAX : newest, in->diff_id, &in->size);
	task_on_done(in->task, adopted, in);
}

static int unpack(struct input *in, int fd, struct error *err)
{
	struct add_job job = { .uid = -1, .gid = -1, .plain = in->plain };
	char file[] = INPUT_FILE;
	int r = store_layer_stage(in->build->store, &in->dir, err);

	if (r < 0)
		return r;
	job.upper = in->dir;
	job.file = file;
	job.mtime = MAX(in->url.mtime, 0);
	in->task = aide_start(in->build->task.loop, "compose-add",
			      json_encode(add_job_fields, &job), fd, &in->answer);
	task_on_done(in->task, unpacked, in);
	return 0;
}

/* ---- by URL ---- */

static void got_url(struct task *t, int r, void *userdata);

static void ask_url(struct input *in)
{
	in->url.url = in->text;
	in->task = source_http(in->build, &in->url);
	task_on_done(in->task, got_url, in);
}

static void got_url(struct task *t, int r, void *userdata)
{
	struct input *in = userdata;
	struct error err = t->err;
	autoclose int fd = TAKE_FD(in->url.fd);

	in->task = task_unref(in->task);
	if (r >= 0 && !in->build->failed) {
		make_keys(in);
		r = look_up(in, &err);
		if (r > 0)
			take_layer(in, in->diff_id);
		if (!r && fd < 0) { /* unchanged, and what it gave is gone */
			in->url.whole = true;
			ask_url(in);
			return;
		}
		if (!r)
			r = unpack(in, fd, &err);
		if (!r)
			return;
	}
	end(in, r, &err);
}

/* ---- git ---- */

static void got_git(struct task *t, int r, void *userdata)
{
	struct input *in = userdata;
	struct error err = t->err;

	if (r >= 0)
		take_layer(in, in->diff_id);
	end(in, r, &err);
}

static int ask_git(struct input *in, struct error *err)
{
	bool short_form = starts_with(in->text, "github.com/");
	autofree char *url = short_form ? xprintf("https://%s", in->text) : xstrdup(in->text);
	const char *keep = strmap_get(&in->build->args, "BUILDKIT_CONTEXT_KEEP_GIT_DIR");
	int r = git_source_parse(url, &in->git, err);

	if (r < 0)
		return r;
	if (keep && !in->plain && (streq(keep, "1") || !strcasecmp(keep, "true")))
		in->git.keep_git = true;
	in->task = source_git(in->build, &in->git, in->diff_id);
	task_on_done(in->task, got_git, in);
	return 0;
}

/* ---- the beginning ---- */

static int open_dir(struct input *in, struct error *err)
{
	struct stat st;

	if (in->text[0] != '/')
		return error_set(err, ERR_UNSUPPORTED,
				 "%s is no context: there are directories, git repositories, "
				 "http:// and https:// URLs, docker-image://, oci-layout:// and "
				 "service:",
				 in->shown);
	if (stat(in->text, &st) < 0)
		return errno == ENOENT ? error_set(err, ERR_NOT_FOUND,
						   "%s: there is no such directory", in->shown)
				       : error_sys(err, "%s", in->shown);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERR_INVALID,
				 "%s: it is no directory; a tar can be given by URL, or on stdin",
				 in->shown);
	strv_push(&in->rootfs.dirs, in->text);
	in->done = true;
	return 0;
}

static int begin(struct input *in, struct error *err)
{
	if (is_shared(in))
		return 0;
	if (streq(in->text, INPUT_STDIN) && !in->plain)
		return unpack(in, STDIN_FILENO, err);
	if (source_is_git(in->text) || starts_with(in->text, "github.com/"))
		return ask_git(in, err);
	if (!source_is_http(in->text))
		return open_dir(in, err);
	ask_url(in);
	return 0;
}

int build_input(struct build *b, const char *text, bool plain, struct input **ret,
		struct error *err)
{
	struct input *in;
	int r;

	vec_foreach (p, &b->inputs) {
		if (!streq((*p)->text, text) || (*p)->plain != plain)
			continue;
		*ret = *p;
		return (*p)->done;
	}
	in = xnew(struct input);
	*vec_add(&b->inputs) = in;
	in->build = b;
	in->text = xstrdup(text);
	in->shown = streq(text, INPUT_STDIN) ? xstrdup("stdin") : source_shown(text);
	in->plain = plain;
	in->url.fd = -1;
	r = begin(in, err);
	if (r < 0)
		return error_wrap(err, plain ? "additional context" : "build context");
	*ret = in;
	return in->done;
}
