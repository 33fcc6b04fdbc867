/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack/sink.h"

#include "registry/pack/gzip.h"
#include "registry/tar.h"
#include "util/io.h"

#include <zstd.h>

#define CHUNK	   (256 << 10)
#define ZSTD_LEVEL 3

struct codec {
	const char *name;
	int (*open)(struct sink *s, struct error *err);
	int (*feed)(struct sink *s, const void *p, size_t n, bool end, struct error *err);
	void (*close)(struct sink *s);
};

struct sink {
	int fd;
	const struct codec *codec;
	struct hash *plain, *packed;
	uint64_t n_plain, n_packed;
	struct gzip *gzip;
	ZSTD_CCtx *zstd;
	char out[CHUNK];
};

static int emit(struct sink *s, const void *p, size_t n, struct error *err)
{
	hash_update(s->packed, p, n);
	s->n_packed += n;
	return io_write_all(s->fd, p, n, err);
}

static int plain_open(struct sink *s, struct error *err)
{
	return 0;
}

static int plain_feed(struct sink *s, const void *p, size_t n, bool end, struct error *err)
{
	return n ? emit(s, p, n, err) : 0;
}

static void plain_close(struct sink *s) {}

static int gzip_emit(void *userdata, const void *p, size_t n, struct error *err)
{
	return emit(userdata, p, n, err);
}

static int gzip_open(struct sink *s, struct error *err)
{
	return gzip_new(gzip_emit, s, &s->gzip, err);
}

static int gzip_feed(struct sink *s, const void *p, size_t n, bool end, struct error *err)
{
	return end ? gzip_end(s->gzip, err) : gzip_write(s->gzip, p, n, err);
}

static void gzip_close(struct sink *s)
{
	gzip_free(s->gzip);
}

static int zstd_open(struct sink *s, struct error *err)
{
	s->zstd = ZSTD_createCCtx();
	if (!s->zstd ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)))
		return error_set(err, ERR_INTERNAL, "zstd: no memory");
	return 0;
}

static int zstd_feed(struct sink *s, const void *p, size_t n, bool end, struct error *err)
{
	ZSTD_inBuffer in = { p, n, 0 };
	for (;;) {
		ZSTD_outBuffer out = { s->out, CHUNK, 0 };
		size_t left = ZSTD_compressStream2(s->zstd, &out, &in,
						   end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return error_set(err, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(left));
		int r = emit(s, s->out, out.pos, err);
		if (r < 0)
			return r;
		if (end ? left == 0 : in.pos == in.size)
			return 0;
	}
}

static void zstd_close(struct sink *s)
{
	ZSTD_freeCCtx(s->zstd);
}

static const struct codec codecs[] = {
	{ "plain", plain_open, plain_feed, plain_close },
	{ "gzip", gzip_open, gzip_feed, gzip_close },
	{ "zstd", zstd_open, zstd_feed, zstd_close },
};

int sink_new(int fd, const char *compression, struct sink **ret, struct error *err)
{
	autocall(sink_freep) struct sink *s = xnew(struct sink);
	s->fd = fd;
	s->plain = hash_new(HASH_SHA256);
	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(codecs); i++)
		if (compression && streq(codecs[i].name, compression))
			s->codec = &codecs[i];
	if (fd >= 0) {
		if (!s->codec)
			return error_set(err, ERR_INVALID, "unknown compression");
		s->packed = hash_new(HASH_SHA256);
		int r = s->codec->open(s, err);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(s);
	return 0;
}

struct sink *sink_free(struct sink *s)
{
	if (!s)
		return NULL;
	if (s->codec)
		s->codec->close(s);
	hash_free(s->plain);
	hash_free(s->packed);
	free(s);
	return NULL;
}

int sink_write(struct sink *s, const void *p, size_t n, struct error *err)
{
	hash_update(s->plain, p, n);
	s->n_plain += n;
	return s->codec && n ? s->codec->feed(s, p, n, false, err) : 0;
}

int sink_zeros(struct sink *s, size_t n, struct error *err)
{
	static const char zeros[TAR_END_BYTES];
	return sink_write(s, zeros, MIN(n, sizeof(zeros)), err);
}

int sink_end(struct sink *s, struct sink_result *ret, struct error *err)
{
	struct sink_result res = { .size = s->n_plain };
	if (s->codec) {
		int r = s->codec->feed(s, NULL, 0, true, err);
		if (r < 0)
			return r;
		hash_final(s->packed, res.digest);
		res.packed = s->n_packed;
	}
	hash_final(s->plain, res.diff_id);
	*ret = res;
	return 0;
}
