/* SPDX-License-Identifier: Apache-2.0 */
/* gzip, of one member or several. What follows the last one is no part of the data. */
#include "registry/unpack/source.h"

#include <isa-l.h>

struct gzip {
	struct inflate_state z;
	bool between; /* a member has ended */
	bool ended;
};

static void begin_member(struct gzip *g)
{
	isal_inflate_reset(&g->z);
	g->z.crc_flag = ISAL_GZIP; /* header and check sum are its own */
	g->between = false;
}

static int gzip_open(struct raw *raw, void **ret, struct error *err)
{
	struct gzip *g = xnew(struct gzip);
	isal_inflate_init(&g->z);
	begin_member(g);
	*ret = g;
	return 0;
}

static void gzip_close(void *state)
{
	free(state);
}

/* Between members: another one, or the end of the data. */
static int next_member(struct gzip *g, struct raw *raw, struct error *err)
{
	int r = raw_fill(raw, err);
	if (r < 0)
		return r;
	if (raw->at == raw->end || raw->p[raw->at] != 0x1f)
		g->ended = true;
	else
		begin_member(g);
	return 0;
}

/* It may hold back output that found no room: then it needs no input to go on. */
static bool has_more(const struct gzip *g)
{
	return g->z.tmp_out_valid > g->z.tmp_out_processed || g->z.write_overflow_len ||
	       g->z.copy_overflow_length;
}

static int inflate_some(struct gzip *g, struct raw *raw, struct error *err)
{
	int r = has_more(g) ? 0 : raw_fill(raw, err);
	if (r < 0)
		return r;
	bool at_end = raw->at == raw->end;
	uint32_t room = g->z.avail_out;
	g->z.next_in = raw->p + raw->at;
	g->z.avail_in = (uint32_t)(raw->end - raw->at);
	r = isal_inflate(&g->z);
	raw->at = raw->end - g->z.avail_in;
	if (r < 0)
		return error_set(err, ERR_CORRUPT, "the layer's gzip data is damaged");
	g->between = g->z.block_state == ISAL_BLOCK_FINISH;
	if (at_end && !g->between && g->z.avail_out == room)
		return error_set(err, ERR_CORRUPT, "the layer's gzip data ends too early");
	return 0;
}

static int gzip_read(void *state, struct raw *raw, void *out, size_t n, size_t *ret_n,
		     struct error *err)
{
	struct gzip *g = state;
	int r = 0;
	g->z.next_out = out;
	g->z.avail_out = (uint32_t)n;
	while (r == 0 && !g->ended && g->z.avail_out)
		r = g->between ? next_member(g, raw, err) : inflate_some(g, raw, err);
	if (r < 0)
		return r;
	*ret_n = n - g->z.avail_out;
	return 0;
}

const struct decoder decoder_gzip = { "gzip", { 0x1f, 0x8b }, 2, gzip_open, gzip_read, gzip_close };
