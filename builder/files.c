/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD as steps. */
#include "builder/files.h"

#include "builder/expand.h"
#include "builder/history.h"
#include "registry/platform.h"
#include "util/path.h"

#include <unistd.h>

struct copy_job *copy_job_free(struct copy_job *j)
{
	if (!j)
		return NULL;
	rootfs_done(&j->from);
	tree_free(j->tree);
	strv_done(&j->sources);
	strv_done(&j->urls);
	copier_free(j->copier);
	strv_done(&j->lower);
	strv_done(&j->dirs);
	json_decref(j->answer);
	free(j->dest);
	free(j->chmod_text);
	free(j->checksum);
	ignore_free(j->exclude);
	copy_picks_done(&j->picks);
	vec_foreach (x, &j->extras) {
		free(x->name);
		fd_close(x->fd);
	}
	vec_done(&j->extras);
	vec_foreach (g, &j->gits)
		git_part_done(g, NULL);
	vec_done(&j->gits);
	free(j);
	return NULL;
}

/* ---- where from ---- */

/* A directory that the user named as a context. Its content is known only by reading it: it has no
 * chain. */
static int rootfs_of_context(struct rootfs *ret, const char *path, const char *name,
			     struct error *err)
{
	if (path[0] != '/')
		return error_set(err, ERR_UNSUPPORTED,
				 "--from=%s: the additional context %s is not supported: it must "
				 "be a directory "
				 "or docker-image://REF",
				 name, path);
	strv_push(&ret->dirs, path);
	return 1;
}

int source_rootfs(struct stage_run *run, const struct inst *in, const char *text,
		  struct rootfs *ret, struct error *err)
{
	const char *ctx = strmap_get(&run->build->opt->contexts, text);
	const char *ref = ctx ? skip_prefix(ctx, "docker-image://") : text;
	char platform[100];
	struct stage *stage;
	struct base *base;
	int r;

	if (!ref)
		return rootfs_of_context(ret, ctx, text, err);
	r = ctx ? 0 : graph_from(&run->build->graph, run->stage, in, text, &stage, err);
	if (r > 0) {
		struct stage_run *other = build_run_of(run->build, stage);

		if (other->state != STAGE_DONE)
			return 0;
		rootfs_copy(ret, &other->rootfs);
		return 1;
	}
	if (!r)
		r = build_base(run->build, ref, platform_text(&run->build->platform, platform),
			       &base, err);
	if (r > 0)
		rootfs_copy(ret, &base->rootfs);
	return r;
}

/* What --from names: 1 with the job's source set, 0 when it must be waited for. */
static int find_from(struct stage_run *run, const struct inst *in, const char *text,
		     struct copy_job *j, struct error *err)
{
	int r = source_rootfs(run, in, text, &j->from, err);

	if (r <= 0)
		return r;
	strv_copy(&j->dirs, &j->from.dirs);
	r = tree_open(&j->from.dirs, &j->tree, err);
	j->source = (struct copy_source){
		.tree = j->tree,
		.own = j->from.chain[0] != 0,
		.name = text,
	};
	return r < 0 ? r : 1;
}

/* ---- what ---- */

static int take_heredoc(struct stage_run *run, const struct inst *in, const struct heredoc *mark,
			struct copy_job *j, struct error *err)
{
	const struct heredoc *h = NULL;
	autofree char *text = NULL, *expanded = NULL;
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
	return copy_extra_of(h->name, text, strlen(text), 0644, vec_add(&j->extras), err);
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
	if (in->kind == INST_COPY && (source_is_http(text) || source_is_git(text)))
		return error_set(err, ERR_INVALID, "COPY takes no URL: ADD %s does", text);
	if (source_is_git(text))
		return git_part_parse(text, vec_add(&j->gits), err);
	strv_push(source_is_http(text) ? &j->urls : &j->sources, text);
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
		r = copy_owner(t, text, &j->opt.uid, &j->opt.gid, NULL, err);
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

static int take_checksum(struct stage_run *run, const struct inst *in, struct copy_job *j,
			 struct error *err)
{
	int r;

	if (!in->flags.checksum)
		return 0;
	r = stage_expand(run, in, in->flags.checksum, &j->checksum, err);
	if (!r && *j->checksum && (j->urls.n + j->gits.n != 1 || j->sources.n))
		r = error_set(err, ERR_INVALID, "--checksum is for one URL or repository");
	if (!r && *j->checksum && j->gits.n) {
		free(j->gits.v[0].checksum);
		j->gits.v[0].checksum = TAKE_PTR(j->checksum);
		return 0;
	}
	if (!r && *j->checksum && !digest_valid(j->checksum))
		r = error_set(err, ERR_INVALID,
			      "--checksum=%s is no digest: it is sha256: and 64 hexadecimal digits",
			      j->checksum);
	return r;
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
	return 0;
}

/* ---- the step ---- */

static bool is_link(const struct inst *in)
{
	return in->flags.link == INST_TRUE;
}

static void key_options(struct cache_key *k, const struct step *s)
{
	const struct copy_job *j = s->copy;

	key_text(k, is_link(s->in) ? "" : s->run->rootfs.chain);
	key_text(k, j->dest);
	key_text(k, j->chmod_text);
	key_number(k, j->opt.uid);
	key_number(k, j->opt.gid);
	key_number(k, j->opt.parents);
	key_number(k, j->unpack);
	key_number(k, s->in->flags.unpack);
	key_list(k, &s->in->flags.excludes);
}

/* What can be said without reading a file: a stage is known by its layers, a URL by its checksum.
 */
static void make_short_key(struct step *s)
{
	const struct copy_job *j = s->copy;
	struct cache_key k;

	if (!j->from.chain[0] && !(j->checksum && *j->checksum))
		return;
	key_begin(&k, "copy-short");
	key_options(&k, s);
	key_text(&k, j->from.chain);
	key_text(&k, j->checksum);
	key_list(&k, &j->sources);
	key_list(&k, &j->urls);
	key_number(&k, (int64_t)j->gits.n);
	vec_foreach (x, &j->extras)
		key_text(&k, x->digest);
	key_end(&k, s->short_key);
}

static int digest_picks(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	struct hash *h = hash_new(HASH_SHA256);
	int r = copy_digest(&j->source, &j->picks, j->exclude, h, &s->newest, err);

	hash_final(h, j->digest);
	hash_free(h);
	return r;
}

static int make_key(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	struct cache_key k;
	int r = 0;

	key_begin(&k, "copy");
	key_options(&k, s);
	key_text(&k, j->digest);
	vec_foreach (g, &j->gits)
		if (!r)
			r = copy_digest(&g->source, &g->picks, j->exclude, k.h, &s->newest, err);
	vec_foreach (x, &j->extras) {
		key_text(&k, x->name);
		key_number(&k, x->mode);
		key_text(&k, x->digest);
		s->newest = MAX(s->newest, x->mtime);
	}
	key_end(&k, s->key);
	return r;
}

static int short_cached(struct step *s, struct error *err)
{
	struct cache_entry e;
	int r;

	if (!s->short_key[0] || !build_may_take(s->run->build, s->short_key))
		return 0;
	r = cache_get(s->run->build->store, s->short_key, &e, err);
	if (r <= 0 || !e.alias[0])
		return MIN(r, 0);
	memcpy(s->key, e.alias, sizeof(s->key));
	return step_cached(s, err);
}

static int copy_extras(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r = 0;

	vec_foreach (x, &j->extras) {
		int64_t t = x->mtime == COPY_TIME_UNKNOWN ? MAX(s->newest, 0) : x->mtime;

		r = copier_file(j->copier, x->fd, x->name, x->mode, t, j->dest, err);
		if (r < 0)
			break;
	}
	return r;
}

static int copy_gits(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r = 0;

	vec_foreach (g, &j->gits)
		for (size_t i = 0; !r && i < g->picks.n; i++)
			r = copier_copy(j->copier, &g->source, &g->picks.v[i], j->dest, err);
	return r;
}

/* From the pick that is next on. 1: an archive is being unpacked, copy_go_on() comes. */
static int copy_rest(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r;

	while (j->next < j->picks.n) {
		const struct copy_pick *p = &j->picks.v[j->next];

		r = j->unpack ? archive_add(s, p, err) : 0;

		if (r)
			return r;
		r = copier_copy(j->copier, &j->source, p, j->dest, err);
		if (r < 0)
			return r;
		j->next++;
	}
	r = copy_gits(s, err);
	return r < 0 ? r : copy_extras(s, err);
}

void copy_go_on(struct step *s, bool was_archive, int r, struct error *err)
{
	struct copy_job *j = s->copy;

	if (r >= 0 && !was_archive)
		r = copier_copy(j->copier, &j->source, &j->picks.v[j->next], j->dest, err);
	j->next++;
	if (r >= 0 && !s->run->build->failed)
		r = copy_rest(s, err);
	if (r <= 0)
		step_made(s, r, err);
}

static int make_copy(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r;

	if (!is_link(s->in))
		strv_copy(&j->lower, &s->run->rootfs.dirs);
	if (j->heavy && !j->unpack) {
		heavy_copy(s);
		return 1;
	}
	r = copier_new(&j->lower, s->upper, &j->opt, &j->copier, err);
	return r < 0 ? r : copy_rest(s, err);
}

/* What is left of it is small. */
void copy_went(struct step *s, int r, struct error *err)
{
	struct copy_job *j = s->copy;

	if (r >= 0 && (j->gits.n || j->extras.n)) {
		r = copier_new(&j->lower, s->upper, &j->opt, &j->copier, err);
		if (r >= 0)
			r = copy_rest(s, err);
	}
	step_made(s, r, err);
}

static int select_all(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r = 0;

	for (size_t i = 0; !r && i < j->sources.n; i++)
		r = copy_select(&j->source, j->sources.v[i], j->opt.parents, &j->picks, err);
	vec_foreach (g, &j->gits)
		if (!r)
			r = copy_select(&g->source, "/", false, &g->picks, err);
	return r;
}

/* What it takes is known: 0, it was in the cache; 1, it is being made. */
static int copy_keyed(struct step *s, struct error *err)
{
	int r = make_key(s, err);

	s->run->newest = MAX(s->run->newest, s->newest);
	s->newest = s->run->newest;
	if (!r)
		r = step_cached(s, err);
	if (r)
		return r < 0 ? r : 0;
	s->make = make_copy;
	return step_start(s, err);
}

/* All that it takes is here: 0 and 1 as above, 1 also when it is being read. */
static int copy_ready(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r = select_all(s, err);

	if (r < 0)
		return r;
	j->heavy = heavy_is(j);
	if (j->heavy) {
		heavy_digest(s);
		return 1;
	}
	r = digest_picks(s, err);
	return r < 0 ? r : copy_keyed(s, err);
}

void copy_digested(struct step *s, int r, struct error *err)
{
	struct build *b = s->run->build;
	const struct inst *in = s->in;

	if (r >= 0 && !b->failed)
		r = copy_keyed(s, err);
	if (r == 0 && !b->failed)
		step_end(s);
	if (r < 0) {
		inst_error_at(in, NULL, err);
		build_fail(b, err);
	}
	build_kick(b);
}

/* The URLs and repositories are here, called from the loop. */
static int copy_fetched(struct step *s, struct error *err)
{
	int r = 0;

	if (s->copy->gits.n && !s->copy->gits.v[0].commit)
		return git_start(s, copy_fetched, err);
	r = copy_ready(s, err);

	if (!r)
		step_end(s);
	return r;
}

static void release_copy(struct step *s)
{
	vec_foreach (g, &s->copy->gits)
		git_part_done(g, s->run->build->store);
	s->copy->gits.n = 0;
	s->copy = copy_job_free(s->copy);
}

static int open_source(struct stage_run *run, const struct inst *in, struct copy_job *j,
		       struct error *err)
{
	if (in->flags.from)
		return find_from(run, in, in->flags.from, j, err);
	return 1;
}

int files_copy(struct stage_run *run, const struct inst *in, struct error *err)
{
	autocall(copy_job_freep) struct copy_job *j = xnew(struct copy_job);
	struct step *s;
	int r = open_source(run, in, j, err);

	if (r <= 0)
		return r < 0 ? r : 1;
	r = take_all(run, in, j, err);
	if (!r && !in->flags.from && j->sources.n) {
		r = build_context(run->build, &j->source, err);
		strv_push(&j->dirs, run->build->opt->context);
	}
	if (r < 0)
		return r;
	s = step_new(run, in);
	s->copy = TAKE_PTR(j);
	s->release = release_copy;
	s->newest = INT64_MIN;
	s->history = history_copy(run, in);
	stage_step_begin(run, in);
	make_short_key(s);
	r = short_cached(s, err);
	if (!r && (s->copy->urls.n || s->copy->gits.n)) {
		r = s->copy->urls.n ? fetch_start(s, copy_fetched, err)
				    : git_start(s, copy_fetched, err);
		return r < 0 ? r : 1;
	}
	r = r > 0 ? 0 : r < 0 ? r : copy_ready(s, err);
	if (!r)
		step_drop(s);
	return r;
}
