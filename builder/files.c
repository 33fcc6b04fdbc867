/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD as steps. */
#include "builder/files.h"

#include "builder/expand.h"
#include "builder/history.h"
#include "builder/input.h"
#include "builder/lint.h"
#include "registry/platform.h"
#include "util/path.h"

#include <unistd.h>

static void part_done(struct copy_part *p)
{
	copy_picks_done(&p->picks);
	tree_free(p->tree);
	ignore_free(p->ignored);
	strv_done(&p->dirs);
	strv_done(&p->paths);
}

static struct copy_job *copy_job_free(struct copy_job *j)
{
	if (!j)
		return NULL;
	copier_free(j->copier);
	vec_foreach (p, &j->parts)
		part_done(p);
	vec_done(&j->parts);
	vec_foreach (r, &j->remotes) {
		git_source_done(&r->git);
		free(r->url);
	}
	vec_done(&j->remotes);
	vec_foreach (x, &j->extras) {
		free(x->name);
		fd_close(x->fd);
	}
	vec_done(&j->extras);
	rootfs_done(&j->from);
	strv_done(&j->lower);
	json_decref(j->answer);
	fd_close(j->archive);
	fd_close(j->url.fd);
	free(j->dest);
	free(j->chmod_text);
	free(j->checksum);
	ignore_free(j->exclude);
	free(j);
	return NULL;
}
DEFINE_FREEP(struct copy_job, copy_job_free);

/* ---- where from ---- */

static int rootfs_of_image(struct stage_run *run, const char *ref, struct rootfs *ret,
			   struct error *err)
{
	char platform[100];
	struct base *base;
	int r = build_base(run->build, ref, platform_text(&run->build->platform, platform), &base,
			   err);

	if (r > 0)
		rootfs_copy(ret, &base->rootfs);
	return r;
}

static int rootfs_of_context(struct stage_run *run, const char *ctx, struct rootfs *ret,
			     struct error *err)
{
	const char *image = context_image(ctx);
	struct input *in;
	int r;

	if (image && streq(image, "scratch"))
		return 1;
	if (image)
		return rootfs_of_image(run, image, ret, err);
	r = build_input(run->build, ctx, true, &in, err);
	if (r > 0)
		rootfs_copy(ret, &in->rootfs);
	return r;
}

int source_rootfs(struct stage_run *run, const struct inst *in, const char *text,
		  struct rootfs *ret, struct error *err)
{
	const char *ctx = context_named(run->build, text);
	struct stage_run *other;
	struct stage *stage;
	int r;

	if (ctx)
		return rootfs_of_context(run, ctx, ret, err);
	if (streq(text, "scratch") && !graph_find(&run->build->graph, text))
		return 1;
	r = graph_from(&run->build->graph, run->stage, in, text, &stage, err);
	if (r <= 0)
		return r < 0 ? r : rootfs_of_image(run, text, ret, err);
	other = build_run_of(run->build, stage);
	if (other->state != STAGE_DONE)
		return 0;
	rootfs_copy(ret, &other->rootfs);
	return 1;
}

/* A directory that is given as a context may have its own .dockerignore. */
static int load_ignored(struct copy_part *p, struct error *err)
{
	autobuf text = { 0 };
	int r = p->chain[0]
			? 0
			: tree_read_file(p->tree, "/.dockerignore", LIMIT_IGNORE_FILE, &text, err);

	if (r > 0)
		r = ignore_parse(".dockerignore", buf_str(&text), &p->ignored, err);
	p->source.ignored = p->ignored;
	return r;
}

/* What --from names: 1 with a part for it, 0 when it must be waited for. */
static int find_from(struct stage_run *run, const struct inst *in, const char *text,
		     struct copy_job *j, struct error *err)
{
	struct copy_part *p;
	int r = source_rootfs(run, in, text, &j->from, err);

	if (r <= 0)
		return r;
	p = vec_add(&j->parts);
	strv_copy(&p->dirs, &j->from.dirs);
	memcpy(p->chain, j->from.chain, sizeof(p->chain));
	r = tree_open(&p->dirs, &p->tree, err);
	p->source = (struct copy_source){ .tree = p->tree, .own = p->chain[0] != 0, .name = text };
	if (r >= 0)
		r = load_ignored(p, err);
	return r < 0 ? r : 1;
}

/* The part that paths are of: --from, or the build context. */
static int part_of_paths(struct stage_run *run, struct copy_job *j, struct error *err)
{
	struct copy_part *p;

	if (j->parts.n)
		return 0;
	p = vec_add(&j->parts);
	return build_context(run->build, &p->source, &p->dirs, err);
}

/* ---- what ---- */

int copy_extra_of(const char *name, const char *p, size_t n, mode_t mode, struct copy_extra *ret,
		  struct error *err)
{
	int r = fd_of_bytes("heredoc", p, n, &ret->fd, err);

	if (r < 0) {
		ret->fd = -1;
		return r;
	}
	ret->name = xstrdup(name);
	ret->mode = mode;
	ret->mtime = COPY_TIME_UNKNOWN;
	hash_digest(p, n, ret->digest);
	return 0;
}

static int take_heredoc(struct stage_run *run, const struct inst *in, const struct heredoc *mark,
			struct copy_job *j, struct error *err)
{
	const struct heredoc *h = NULL;
	autofree char *text = NULL, *expanded = NULL, *below = NULL, *name = NULL;
	int r;

	vec_foreach (x, &in->line->heredocs)
		if (streq(x->name, mark->name))
			h = x;
	if (!h)
		return error_set(err, ERR_INVALID, "the heredoc %s has no text", mark->name);
	text = heredoc_text(h);
	if (h->expand) {
		r = expand_word(text, '\\', EXPAND_NO_QUOTES, &run->env, NULL, &expanded, err);
		if (r < 0)
			return r;
		free(text);
		text = TAKE_PTR(expanded);
	}
	/* It lies in a root of its own: no name leads out of it. */
	below = xprintf("/%s", h->name);
	name = path_clean(below);
	return copy_extra_of(name + 1, text, strlen(text), 0644, vec_add(&j->extras), err);
}

static int take_remote(const struct inst *in, const char *text, struct copy_job *j,
		       struct error *err)
{
	struct copy_remote *r;

	if (in->kind == INST_COPY)
		return error_set(err, ERR_INVALID, "COPY takes no URL: ADD %s does", text);
	r = vec_add(&j->remotes);
	r->url = xstrdup(text);
	r->is_git = source_is_git(text);
	if (r->is_git && git_source_parse(text, &r->git, err) < 0)
		return -(int)err->code;
	if (in->flags.keep_git_dir == INST_TRUE)
		r->git.keep_git = true;
	return 0;
}

static int take_source(struct stage_run *run, const struct inst *in, const char *arg,
		       struct copy_job *j, struct error *err)
{
	struct heredoc mark = { 0 };
	autofree char *text = NULL;
	int r;

	if (!in->json && heredoc_parse(arg, &mark) == 1) {
		r = take_heredoc(run, in, &mark, j, err);
		free(mark.name);
		return r;
	}
	r = stage_expand(run, in, arg, &text, err);
	if (r < 0)
		return r;
	if (source_is_http(text) || source_is_git(text))
		return take_remote(in, text, j, err);
	r = part_of_paths(run, j, err);
	if (r < 0)
		return r;
	strv_push(&j->parts.v[0].paths, text);
	if (!in->flags.from)
		lint_copy(run, in, text);
	return 0;
}

static int take_owner(struct stage_run *run, const struct inst *in, struct copy_job *j,
		      struct error *err)
{
	autocall(tree_freep) struct tree *t = NULL;
	autofree char *text = NULL;
	int r;

	j->opt.uid = j->opt.gid = -1;
	if (!in->flags.chown)
		return 0;
	r = stage_expand(run, in, in->flags.chown, &text, err);
	if (!r && *text)
		r = tree_open(&run->rootfs.dirs, &t, err);
	if (!r && *text)
		r = copy_owner(t, text, true, &j->opt.uid, &j->opt.gid, err);
	return r < 0 ? error_wrap(err, "--chown=%s", text ? text : in->flags.chown) : 0;
}

static int take_mode(struct stage_run *run, const struct inst *in, struct copy_job *j,
		     struct error *err)
{
	int r;

	if (!in->flags.chmod)
		return 0;
	r = stage_expand(run, in, in->flags.chmod, &j->chmod_text, err);
	if (r < 0 || !*j->chmod_text)
		return r;
	r = chmod_parse(j->chmod_text, &j->chmod, err);
	j->opt.chmod = &j->chmod;
	return r;
}

static int take_commit(struct git_source *git, const char *commit, struct error *err)
{
	size_t n = strlen(commit);

	if (strspn(commit, "0123456789abcdef") != n)
		return error_set(
			err, ERR_INVALID,
			"--checksum=%s is no commit: it is hexadecimal digits in lower case",
			commit);
	if (git->checksum && !streq(git->checksum, commit))
		return error_set(err, ERR_INVALID, "--checksum=%s, and the URL says %s", commit,
				 git->checksum);
	free(git->checksum);
	git->checksum = xstrdup(commit);
	return 0;
}

static int take_checksum(struct stage_run *run, const struct inst *in, struct copy_job *j,
			 struct error *err)
{
	int r;

	if (!in->flags.checksum)
		return 0;
	r = stage_expand(run, in, in->flags.checksum, &j->checksum, err);
	if (r < 0 || !*j->checksum)
		return r;
	if (j->remotes.n != 1 || j->parts.n || j->extras.n)
		return error_set(err, ERR_INVALID, "--checksum is for one URL or repository");
	if (j->remotes.v[0].is_git)
		return take_commit(&j->remotes.v[0].git, j->checksum, err);
	if (!digest_valid(j->checksum))
		return error_set(err, ERR_INVALID,
				 "--checksum=%s is no digest: it is sha256: and 64 hexadecimal "
				 "digits",
				 j->checksum);
	return 0;
}

static int take_all(struct stage_run *run, const struct inst *in, struct copy_job *j,
		    struct error *err)
{
	autofree char *dest = NULL;
	int r = stage_expand(run, in, in->args.v[in->args.n - 1], &dest, err);

	for (size_t i = 0; !r && i + 1 < in->args.n; i++)
		r = take_source(run, in, in->args.v[i], j, err);
	if (!r)
		r = take_owner(run, in, j, err);
	if (!r)
		r = take_mode(run, in, j, err);
	if (!r)
		r = take_checksum(run, in, j, err);
	if (!r && in->flags.excludes.n)
		r = ignore_new(&in->flags.excludes, &j->exclude, err);
	if (r < 0)
		return r;
	j->dest = stage_path(run, dest);
	j->opt.exclude = j->exclude;
	j->opt.parents = in->flags.parents == INST_TRUE;
	j->unpack = in->kind == INST_ADD && in->flags.unpack != INST_FALSE;
	j->unpack_fetched = in->flags.unpack == INST_TRUE;
	return 0;
}

static int check_source(struct stage_run *run, const struct inst *in, const char *arg,
			struct error *err)
{
	struct heredoc mark = { 0 };
	struct copy_source src;
	autofree char *text = NULL;
	int r;

	if (!in->json && heredoc_parse(arg, &mark) == 1) {
		free(mark.name);
		return 0;
	}
	r = stage_expand(run, in, arg, &text, err);
	if (r < 0 || in->flags.from || source_is_http(text) || source_is_git(text))
		return r;
	r = build_context(run->build, &src, NULL, err);
	if (!r)
		lint_copy(run, in, text);
	return r;
}

int files_check(struct stage_run *run, const struct inst *in, struct error *err)
{
	autofree char *dest = NULL;
	int r = stage_expand(run, in, in->args.v[in->args.n - 1], &dest, err);

	for (size_t i = 0; !r && i + 1 < in->args.n; i++)
		r = check_source(run, in, in->args.v[i], err);
	return r;
}

/* ---- the step ---- */

static void release_copy(struct step *s)
{
	s->copy = copy_job_free(s->copy);
}

int files_copy(struct stage_run *run, const struct inst *in, struct error *err)
{
	autocall(copy_job_freep) struct copy_job *j = xnew(struct copy_job);
	struct step *s;
	int r;

	j->archive = j->url.fd = -1;
	r = in->flags.from ? find_from(run, in, in->flags.from, j, err) : 1;
	if (r <= 0)
		return r < 0 ? r : 1;
	r = take_all(run, in, j, err);
	if (r < 0)
		return r;
	s = step_new(run, in);
	s->copy = TAKE_PTR(j);
	s->release = release_copy;
	s->newest = INT64_MIN;
	s->history = history_copy(run, in);
	stage_step_begin(run, in);
	r = copy_begin(s, err);
	if (!r)
		step_drop(s);
	return r;
}
