/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/source.h"

#include "registry/layer-job.h"
#include "registry/unpack/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define TAR_HEADER   512
#define TAR_MAGIC_AT 257
#define AHEAD_FROM   (4 * SOURCE_CHUNK) /* less than that is done before threads have started */

struct source {
	struct raw raw;
	const struct decoder *decoder; /* NULL: plain */
	void *state;
	struct hash *plain;
	uint64_t total;
	struct source_options opt;
	unsigned char *out;
	struct ahead *ahead; /* all that follows is made by its threads */
	bool large, ended;
};

static const struct decoder *const decoders[] = { &decoder_gzip, &decoder_zstd, &decoder_xz,
						  &decoder_bzip2 };

/* It may wait for the network: the only place where a thread may be cancelled. */
static int raw_read(struct raw *r, size_t at, size_t n, size_t *ret_n, struct error *err)
{
	ssize_t got;
	int state;
	do {
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
		got = read(r->fd, r->p + at, n);
		pthread_setcancelstate(state, NULL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys(err, "reading the layer");
	r->eof = got == 0;
	r->total += (uint64_t)got;
	hash_update(r->hash, r->p + at, (size_t)got);
	*ret_n = (size_t)got;
	return 0;
}

int raw_fill(struct raw *r, struct error *err)
{
	if (r->at < r->end || r->eof)
		return 0;
	r->at = r->end = 0;
	return raw_read(r, 0, SOURCE_CHUNK, &r->end, err);
}

/* Fills up to n bytes without using any, over short reads of a pipe. */
static int raw_peek(struct raw *r, size_t n, struct error *err)
{
	while (r->end < n && !r->eof) {
		size_t got = 0;
		int e = raw_read(r, r->end, n - r->end, &got, err);
		if (e < 0)
			return e;
		r->end += got;
	}
	return 0;
}

/* A tar that is not compressed may begin with any name, "BZh" too. */
static const struct decoder *sniff(const struct raw *r)
{
	if (r->end >= TAR_HEADER && !memcmp(r->p + TAR_MAGIC_AT, "ustar", 5))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++)
		if (r->end >= decoders[i]->n_magic &&
		    !memcmp(r->p, decoders[i]->magic, decoders[i]->n_magic))
			return decoders[i];
	return NULL;
}

int source_new(int fd, const struct source_options *opt, struct source **ret, struct error *err)
{
	autocall(source_freep) struct source *s = xnew(struct source);
	s->opt = *opt;
	s->raw.fd = fd;
	s->raw.p = xalloc(1, SOURCE_CHUNK);
	s->raw.hash = hash_new(opt->packed);
	s->out = xalloc(1, SOURCE_CHUNK);
	int r = raw_peek(&s->raw, TAR_HEADER, err);
	if (r < 0)
		return r;
	s->decoder = sniff(&s->raw);
	/* The same bytes need not be hashed twice. */
	if (s->decoder || opt->plain != opt->packed)
		s->plain = hash_new(opt->plain);
	if (s->decoder)
		r = s->decoder->open(&s->raw, &s->state, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	ahead_free(s->ahead);
	if (s->state)
		s->decoder->close(s->state);
	hash_free(s->raw.hash);
	hash_free(s->plain);
	free(s->raw.p);
	free(s->out);
	free(s);
	return NULL;
}

static int check_limits(const struct source *s, struct error *err)
{
	if (s->total > s->opt.max_bytes)
		return error_set(err, ERR_LIMIT, "layer of more than %llu bytes",
				 (unsigned long long)s->opt.max_bytes);
	if (s->total > LIMIT_RATIO_FREE && s->total / s->opt.max_ratio > s->raw.total)
		return error_set(err, ERR_LIMIT,
				 "layer that grows more than %llu times when it is unpacked",
				 (unsigned long long)s->opt.max_ratio);
	return 0;
}

static int take_plain(struct source *s, void *out, size_t n, size_t *ret_n, struct error *err)
{
	int r = raw_fill(&s->raw, err);
	if (r < 0)
		return r;
	*ret_n = MIN(n, s->raw.end - s->raw.at);
	memcpy(out, s->raw.p + s->raw.at, *ret_n);
	s->raw.at += *ret_n;
	return 0;
}

static int fill(void *userdata, void *out, size_t n, size_t *ret_n, struct error *err)
{
	struct source *s = userdata;
	int r = s->decoder ? s->decoder->read(s->state, &s->raw, out, n, ret_n, err)
			   : take_plain(s, out, n, ret_n, err);
	if (r < 0)
		return r;
	s->total += *ret_n;
	return check_limits(s, err);
}

static void look(void *userdata, const void *p, size_t n)
{
	struct source *s = userdata;
	if (s->plain)
		hash_update(s->plain, p, n);
}

static int next_here(struct source *s, const void **ret_p, size_t *ret_n, struct error *err)
{
	size_t n = 0;
	int r = fill(s, s->out, SOURCE_CHUNK, &n, err);
	if (r < 0)
		return r;
	look(s, s->out, n);
	*ret_p = s->out;
	*ret_n = n;
	return 0;
}

int source_next(struct source *s, const void **ret_p, size_t *ret_n, struct error *err)
{
	static const struct ahead_ops ops = { fill, look };
	int r;
	*ret_n = 0;
	if (s->ended)
		return 0;
	if (!s->large && s->total >= AHEAD_FROM) {
		s->large = true;
		s->ahead = ahead_new(&ops, s, SOURCE_CHUNK);
	}
	r = s->ahead ? ahead_next(s->ahead, ret_p, ret_n, err) : next_here(s, ret_p, ret_n, err);
	s->ended = r < 0 || *ret_n == 0;
	return r;
}

int source_finish(struct source *s, struct source_result *ret, struct error *err)
{
	const void *p;
	size_t n = 1;
	int r = 0;
	while (r == 0 && n)
		r = source_next(s, &p, &n, err);
	/* What lies behind the compressed data belongs to the blob, not to the layer. */
	while (r == 0 && !s->raw.eof) {
		s->raw.at = s->raw.end;
		r = raw_fill(&s->raw, err);
	}
	if (r < 0)
		return r;
	hash_final(s->raw.hash, ret->digest);
	if (s->plain)
		hash_final(s->plain, ret->diff_id);
	else
		memcpy(ret->diff_id, ret->digest, DIGEST_MAX);
	ret->packed = s->raw.total;
	ret->size = s->total;
	ret->compression = s->decoder ? s->decoder->name : "plain";
	return 0;
}
