/* SPDX-License-Identifier: Apache-2.0 */
/* xz and bzip2, which old images have at times: by libarchive's filters. */
#include "registry/unpack/source.h"

#include <archive.h>
#include <archive_entry.h>

struct filter {
	struct archive *a;
	struct raw *raw;
	struct error err; /* of the callback */
};

static la_ssize_t filter_read(struct archive *a, void *userdata, const void **p)
{
	struct filter *f = userdata;
	if (raw_fill(f->raw, &f->err) < 0)
		return -1;
	*p = f->raw->p + f->raw->at;
	la_ssize_t n = (la_ssize_t)(f->raw->end - f->raw->at);
	f->raw->at = f->raw->end;
	return n;
}

static int filter_error(struct filter *f, struct error *err)
{
	if (f->err.code) {
		*err = f->err;
		return -(int)f->err.code;
	}
	return error_set(err, ERR_CORRUPT, "the layer's compressed data is damaged (%s)",
			 archive_error_string(f->a) ? archive_error_string(f->a) : "unknown");
}

static void filter_close(void *state)
{
	struct filter *f = state;
	archive_read_free(f->a);
	free(f);
}

static int filter_open(struct raw *raw, void **ret, struct error *err)
{
	struct archive_entry *entry;
	struct filter *f = xnew(struct filter);
	f->raw = raw;
	f->a = archive_read_new();
	archive_read_support_filter_xz(f->a);
	archive_read_support_filter_bzip2(f->a);
	archive_read_support_format_raw(f->a);
	if (archive_read_open(f->a, f, NULL, filter_read, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(f->a, &entry) != ARCHIVE_OK) {
		int r = filter_error(f, err);
		filter_close(f);
		return r;
	}
	*ret = f;
	return 0;
}

static int filter_some(void *state, struct raw *raw, void *out, size_t n, size_t *ret_n,
		       struct error *err)
{
	struct filter *f = state;
	la_ssize_t got = archive_read_data(f->a, out, n);
	if (got < 0)
		return filter_error(f, err);
	*ret_n = (size_t)got;
	return 0;
}

const struct decoder decoder_xz = { "xz",	 { 0xfd, '7', 'z', 'X', 'Z', 0 },
				    6,		 filter_open,
				    filter_some, filter_close };
const struct decoder decoder_bzip2 = { "bzip2",	    { 'B', 'Z', 'h' }, 3,
				       filter_open, filter_some,       filter_close };
