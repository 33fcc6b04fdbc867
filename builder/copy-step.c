/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY and ADD as steps: what they take from elsewhere is fetched, what they take is digested, and
 * what is not in the cache is copied, part by part. Whatever takes long is a helper's work, after
 * which one of the functions at the end is called from the loop.
 */
#include "builder/files.h"

#include "util/path.h"

#include <unistd.h>

static bool is_link(const struct inst *in)
{
	/* A mode that is changed is one of the stage's: BuildKit links nothing then either. */
	return in->flags.link == INST_TRUE && !(in->flags.chmod && *in->flags.chmod);
}

/* ---- keys ---- */

static void key_options(struct cache_key *k, const struct step *s)
{
	const struct copy_job *j = s->copy;

	key_text(k, is_link(s->in) ? "" : s->run->rootfs.chain);
	key_number(k, s->run->build->epoch);
	key_text(k, j->dest);
	key_text(k, j->chmod_text);
	key_number(k, j->opt.uid);
	key_number(k, j->opt.gid);
	key_number(k, j->opt.parents);
	key_number(k, j->unpack);
	key_number(k, s->in->flags.unpack);
	key_list(k, &s->in->flags.excludes);
}

/* A URL whose digest is said need not be asked for. */
static void key_by_checksum(struct step *s)
{
	const struct copy_job *j = s->copy;
	struct cache_key k;

	key_begin(&k, "copy-checksum");
	key_options(&k, s);
	key_text(&k, j->checksum);
	key_text(&k, j->remotes.v[0].url);
	key_end(&k, s->short_key);
}

/* What can be said without reading a file: stages and repositories are known by their layers. */
static void key_by_layers(struct step *s)
{
	const struct copy_job *j = s->copy;
	struct cache_key k;

	vec_foreach (p, &j->parts)
		if (!p->chain[0])
			return;
	key_begin(&k, "copy-short");
	key_options(&k, s);
	vec_foreach (p, &j->parts) {
		key_text(&k, p->chain);
		key_list(&k, &p->paths);
	}
	vec_foreach (x, &j->extras) {
		key_text(&k, x->name);
		key_number(&k, x->mtime);
		key_text(&k, x->digest);
	}
	key_end(&k, s->short_key);
}

static void make_key(struct step *s)
{
	struct copy_job *j = s->copy;
	struct cache_key k;

	key_begin(&k, "copy");
	key_options(&k, s);
	vec_foreach (p, &j->parts)
		key_text(&k, p->digest);
	vec_foreach (x, &j->extras) {
		key_text(&k, x->name);
		key_number(&k, x->mode);
		key_number(&k, x->mtime);
		key_text(&k, x->digest);
		s->newest = MAX(s->newest, x->mtime);
	}
	key_end(&k, s->key);
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

/* ---- the copy ---- */

static struct copy_part *part_at(struct copy_job *j)
{
	return j->part < j->parts.n ? &j->parts.v[j->part] : NULL;
}

static int open_copier(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;

	return j->copier ? 0 : copier_new(&j->lower, s->upper, &j->opt, &j->copier, err);
}

/* The pick or extra at hand, as it is. */
static int copy_one(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	const struct copy_part *p = part_at(j);
	const struct copy_extra *x;
	int r = open_copier(s, err);

	if (r < 0)
		return r;
	if (p)
		return copier_copy(j->copier, &p->source, &p->picks.v[j->next], j->dest, err);
	x = &j->extras.v[j->next];
	return copier_file(j->copier, x->fd, x->name, x->mode,
			   x->mtime == COPY_TIME_UNKNOWN ? MAX(s->newest, 0) : x->mtime, j->dest,
			   err);
}

static int open_pick(const struct copy_part *p, const struct copy_pick *pick, int *ret_fd,
		     struct error *err)
{
	const char *slash = strrchr(pick->path, '/');
	autofree char *parent = xstrndup(pick->path, (size_t)(slash - pick->path));
	autotreedir dir = { 0 };
	struct stat st;
	size_t at;
	int r = tree_enter(p->source.tree, parent, &dir, err);

	if (!r)
		r = tree_dir_stat(&dir, slash + 1, &st, &at, err);
	if (!r)
		r = error_set(err, ERR_NOT_FOUND, "%s went away while it was read", pick->path);
	return r < 0 ? r : tree_dir_open_file(&dir, slash + 1, at, ret_fd, err);
}

/* 1: it is an archive, or may be one: compose-add is at it. */
static int unpack_one(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	const struct copy_part *p = part_at(j);
	int fd = -1, r;

	if (p) {
		if (!j->unpack || !S_ISREG(p->picks.v[j->next].st.st_mode))
			return 0;
		r = open_pick(p, &p->picks.v[j->next], &fd, err);
	} else {
		if (!j->unpack_fetched || !j->extras.v[j->next].fetched)
			return 0;
		fd = dup(j->extras.v[j->next].fd);
		r = fd < 0 ? error_sys(err, "open what was fetched") : 0;
	}
	if (!r)
		r = open_copier(s, err);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return archive_add(s, fd, err);
}

static size_t count_here(const struct copy_job *j)
{
	return j->part < j->parts.n ? j->parts.v[j->part].picks.n : j->extras.n;
}

/* Archives are found among files only. */
static bool has_archives(const struct copy_job *j, const struct copy_part *p)
{
	vec_foreach (pick, &p->picks)
		if (j->unpack && S_ISREG(pick->st.st_mode))
			return true;
	return false;
}

/* From where it is. 1: a helper is at it. */
static int copy_rest(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r = 0;

	for (; !r && j->part <= j->parts.n; j->part++, j->next = 0) {
		const struct copy_part *p = part_at(j);

		if (p && p->heavy && !has_archives(j, p)) {
			j->copier = copier_free(j->copier);
			heavy_copy(s);
			return 1;
		}
		for (; !r && j->next < count_here(j); j->next++) {
			r = unpack_one(s, err);
			if (!r)
				r = copy_one(s, err);
			if (r)
				return r;
		}
	}
	return r;
}

static int make_copy(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;

	if (!is_link(s->in))
		strv_copy(&j->lower, &s->run->rootfs.dirs);
	j->part = j->next = 0;
	return copy_rest(s, err);
}

/* ---- what is taken ---- */

static bool lacks_bytes(const struct copy_job *j)
{
	vec_foreach (x, &j->extras)
		if (x->fd < 0)
			return true;
	return false;
}

/* What URLs gave is needed after all. */
static void fetch_again(struct step *s)
{
	struct copy_job *j = s->copy;
	size_t n = 0;

	vec_foreach (x, &j->extras) {
		if (!x->fetched) {
			j->extras.v[n++] = *x;
			continue;
		}
		free(x->name);
		fd_close(x->fd);
	}
	j->extras.n = n;
	vec_foreach (r, &j->remotes)
		r->got = r->is_git;
	j->whole = true;
	fetch_start(s);
}

/* All digests are there: 0, it was in the cache; 1, it is being made. */
static int copy_keyed(struct step *s, struct error *err)
{
	int r;

	make_key(s);
	r = step_cached(s, err);
	if (!r && lacks_bytes(s->copy)) {
		fetch_again(s);
		return 1;
	}
	s->run->newest = MAX(s->run->newest, s->newest);
	s->newest = s->run->newest;
	if (r)
		return MIN(r, 0);
	s->make = make_copy;
	return step_start(s, err);
}

static int select_all(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r = 0;

	vec_foreach (p, &j->parts) {
		copy_picks_done(&p->picks);
		strv_foreach (path, &p->paths)
			if (!r)
				r = copy_select(&p->source, path, j->opt.parents, &p->picks, err);
		p->heavy = !r && heavy_is(j, p);
		if (r < 0)
			break;
	}
	return r;
}

static int digest_part(struct step *s, struct copy_part *p, struct error *err)
{
	struct hash *h = hash_new(HASH_SHA256);
	int r = copy_digest(&p->source, &p->picks, s->copy->exclude, h, &s->newest, err);

	hash_final(h, p->digest);
	hash_free(h);
	return r;
}

/* From the part at hand on. 1: a helper reads, or it is being made. */
static int digest_rest(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r = 0;

	for (; !r && j->part < j->parts.n; j->part++) {
		if (part_at(j)->heavy) {
			heavy_digest(s);
			return 1;
		}
		r = digest_part(s, part_at(j), err);
	}
	return r < 0 ? r : copy_keyed(s, err);
}

/* All that it takes is here. */
static int copy_ready(struct step *s, struct error *err)
{
	int r = 0;

	if (!s->short_key[0]) {
		key_by_layers(s);
		r = short_cached(s, err);
	}
	if (r)
		return MIN(r, 0);
	r = select_all(s, err);
	s->copy->part = 0;
	return r < 0 ? r : digest_rest(s, err);
}

int copy_begin(struct step *s, struct error *err)
{
	struct copy_job *j = s->copy;
	int r;

	if (!j->remotes.n)
		return copy_ready(s, err);
	if (j->checksum && *j->checksum && !j->remotes.v[0].is_git)
		key_by_checksum(s);
	r = short_cached(s, err);
	if (r)
		return MIN(r, 0);
	fetch_start(s);
	return 1;
}

/* ---- from the loop; the step may be gone after it ---- */

/* r: 0 it was in the cache, 1 under way. */
static void went_on(struct step *s, int r, struct error *err)
{
	struct build *b = s->run->build;
	const struct inst *in = s->in;

	if (r == 0 && !b->failed)
		step_end(s);
	if (r < 0) {
		inst_error_at(in, NULL, err);
		build_fail(b, err);
	}
	build_kick(b);
}

void copy_fetched(struct step *s, int r, struct error *err)
{
	if (r >= 0 && !s->run->build->failed)
		r = copy_ready(s, err);
	went_on(s, r, err);
}

void copy_digested(struct step *s, int r, struct error *err)
{
	s->copy->part++;
	if (r >= 0 && !s->run->build->failed)
		r = digest_rest(s, err);
	went_on(s, r, err);
}

static void go_on(struct step *s, int r, struct error *err)
{
	if (r >= 0 && !s->run->build->failed)
		r = copy_rest(s, err);
	if (r <= 0)
		step_made(s, r, err);
}

void copy_went(struct step *s, int r, struct error *err)
{
	s->copy->part++;
	go_on(s, r, err);
}

void copy_go_on(struct step *s, bool was_archive, int r, struct error *err)
{
	if (r >= 0 && !was_archive)
		r = copy_one(s, err);
	s->copy->next++;
	go_on(s, r, err);
}
