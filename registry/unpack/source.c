/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/unpack/source.h"

#include "registry/layer-job.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TAR_HEADER   512
#define TAR_MAGIC_AT 257

struct source {
	struct raw raw;
	const struct decoder *decoder; /* NULL: plain */
	void *state;
	struct hash *plain;
	uint64_t total;
	struct source_options opt;
	unsigned char *out;
	bool ended;
};

static const struct decoder *const decoders[] = { &decoder_gzip, &decoder_zstd, &decoder_xz,
						  &decoder_bzip2 };

int raw_fill(struct raw *r, struct error *err)
{
	ssize_t n;
	if (r->at < r->end || r->eof)
		return 0;
	do {
		n = read(r->fd, r->p, SOURCE_CHUNK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys(err, "reading the layer");
	r->eof = n == 0;
	r->at = 0;
	r->end = (size_t)n;
	r->total += (uint64_t)n;
	hash_update(r->hash, r->p, (size_t)n);
	return 0;
}

/* Fills up to n bytes without using any, over short reads of a pipe. */
static int raw_peek(struct raw *r, size_t n, struct error *err)
{
	while (r->end < n) {
		ssize_t got = read(r->fd, r->p + r->end, n - r->end);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "reading the layer");
		if (got == 0) {
			r->eof = true;
			break;
		}
		hash_update(r->hash, r->p + r->end, (size_t)got);
		r->end += (size_t)got;
		r->total += (uint64_t)got;
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

static int next_plain(struct source *s, const void **p, size_t *n, struct error *err)
{
	int r = raw_fill(&s->raw, err);
	if (r < 0)
		return r;
	*p = s->raw.p + s->raw.at;
	*n = s->raw.end - s->raw.at;
	s->raw.at = s->raw.end;
	return 0;
}

int source_next(struct source *s, const void **ret_p, size_t *ret_n, struct error *err)
{
	const void *p = s->out;
	size_t n = 0;
	int r = 0;
	if (!s->ended && s->decoder)
		r = s->decoder->read(s->state, &s->raw, s->out, SOURCE_CHUNK, &n, err);
	else if (!s->ended)
		r = next_plain(s, &p, &n, err);
	if (r < 0)
		return r;
	s->ended = n == 0;
	s->total += n;
	if (s->plain)
		hash_update(s->plain, p, n);
	r = check_limits(s, err);
	if (r < 0)
		return r;
	*ret_p = p;
	*ret_n = n;
	return 0;
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
