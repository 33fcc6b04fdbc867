/* SPDX-License-Identifier: Apache-2.0 */
/* gzip, of one member or several. What follows the last one is no part of the data. */
#include "registry/unpack/source.h"

#include <zlib.h>

struct gzip {
	z_stream z;
	bool between; /* a member has ended */
	bool ended;
};

static int gzip_open(struct raw *raw, void **ret, struct error *err)
{
	struct gzip *g = xnew(struct gzip);
	if (inflateInit2(&g->z, 16 + 15) != Z_OK) {
		free(g);
		return error_set(err, ERR_INTERNAL, "zlib: no memory");
	}
	*ret = g;
	return 0;
}

static void gzip_close(void *state)
{
	struct gzip *g = state;
	inflateEnd(&g->z);
	free(g);
}

/* Between members: another one, or the end of the data. */
static int next_member(struct gzip *g, struct raw *raw, struct error *err)
{
	int r = raw_fill(raw, err);
	if (r < 0)
		return r;
	if (raw->at == raw->end || raw->p[raw->at] != 0x1f) {
		g->ended = true;
		return 0;
	}
	g->between = false;
	inflateReset(&g->z);
	return 0;
}

static int inflate_some(struct gzip *g, struct raw *raw, struct error *err)
{
	int r = raw_fill(raw, err);
	if (r < 0)
		return r;
	if (raw->at == raw->end)
		return error_set(err, ERR_CORRUPT, "the layer's gzip data ends too early");
	g->z.next_in = raw->p + raw->at;
	g->z.avail_in = (uInt)(raw->end - raw->at);
	r = inflate(&g->z, Z_NO_FLUSH);
	raw->at = raw->end - g->z.avail_in;
	if (r == Z_STREAM_END)
		g->between = true;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return error_set(err, ERR_CORRUPT, "the layer's gzip data is damaged (%s)",
				 g->z.msg ? g->z.msg : "zlib");
	return 0;
}

static int gzip_read(void *state, struct raw *raw, void *out, size_t n, size_t *ret_n,
		     struct error *err)
{
	struct gzip *g = state;
	int r = 0;
	g->z.next_out = out;
	g->z.avail_out = (uInt)n;
	while (r == 0 && !g->ended && g->z.avail_out)
		r = g->between ? next_member(g, raw, err) : inflate_some(g, raw, err);
	if (r < 0)
		return r;
	*ret_n = n - g->z.avail_out;
	return 0;
}

const struct decoder decoder_gzip = { "gzip", { 0x1f, 0x8b }, 2, gzip_open, gzip_read, gzip_close };
