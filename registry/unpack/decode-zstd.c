/* SPDX-License-Identifier: Apache-2.0 */
/* zstd, of one frame or several (zstd:chunked adds skippable ones). */
#include "registry/unpack/source.h"

#include <zstd.h>

#define LIMIT_WINDOW_LOG \
	27 /* 128 MiB: what `zstd --ultra -22` makes; `--long` beyond it is refused */

struct zstd {
	ZSTD_DStream *d;
	bool in_frame;
	bool full; /* the last call filled its output: there may be more without new input */
};

static int zstd_open(struct raw *raw, void **ret, struct error *err)
{
	struct zstd *z = xnew(struct zstd);
	z->d = ZSTD_createDStream();
	if (!z->d ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, LIMIT_WINDOW_LOG))) {
		ZSTD_freeDStream(z->d);
		free(z);
		return error_set(err, ERR_INTERNAL, "zstd: no memory");
	}
	*ret = z;
	return 0;
}

static void zstd_close(void *state)
{
	struct zstd *z = state;
	ZSTD_freeDStream(z->d);
	free(z);
}

static int zstd_read(void *state, struct raw *raw, void *out, size_t n, size_t *ret_n,
		     struct error *err)
{
	struct zstd *z = state;
	ZSTD_outBuffer to = { out, n, 0 };
	while (to.pos == 0) {
		int r = z->full ? 0 : raw_fill(raw, err);
		if (r < 0)
			return r;
		if (!z->full && raw->at == raw->end) {
			if (z->in_frame)
				return error_set(err, ERR_CORRUPT,
						 "the layer's zstd data ends too early");
			break;
		}
		ZSTD_inBuffer from = { raw->p, raw->end, raw->at };
		size_t left = ZSTD_decompressStream(z->d, &to, &from);
		if (ZSTD_isError(left))
			return error_set(err, ERR_CORRUPT, "the layer's zstd data is damaged (%s)",
					 ZSTD_getErrorName(left));
		raw->at = from.pos;
		z->in_frame = left != 0;
		z->full = to.pos == to.size;
	}
	*ret_n = to.pos;
	return 0;
}

const struct decoder decoder_zstd = { "zstd",	 { 0x28, 0xb5, 0x2f, 0xfd },
				      4,	 zstd_open,
				      zstd_read, zstd_close };
