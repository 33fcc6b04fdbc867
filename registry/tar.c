/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/tar.h"

#define NAME_MAX_USTAR 100
#define OCTAL7_MAX     07777777ULL
#define OCTAL11_MAX    077777777777ULL

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

/* Zero-padded octal that fills the field but for its NUL. */
static void octal(char *field, size_t n, uint64_t v)
{
	field[n - 1] = 0;
	for (size_t i = n - 1; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
}

static void put_text(char *field, size_t n, const char *s)
{
	memcpy(field, s, MIN(strlen(s), n));
}

static unsigned checksum(const struct ustar *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	return sum;
}

static void block(struct buf *out, struct ustar *h)
{
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->sum, ' ', sizeof(h->sum));
	octal(h->sum, 7, checksum(h));
	buf_add(out, h, sizeof(*h));
}

/* "LEN KEY=VALUE\n", where LEN counts itself. */
static void record(struct buf *out, const char *prefix, const char *key, struct str value)
{
	size_t body = strlen(prefix) + strlen(key) + value.n + 3, len = body;
	char digits[24];
	for (;;) {
		size_t n = body + (size_t)snprintf(digits, sizeof(digits), "%zu", len);
		if (n == len)
			break;
		len = n;
	}
	buf_addf(out, "%s %s%s=", digits, prefix, key);
	buf_addstr(out, value);
	buf_addc(out, '\n');
}

static void number_record(struct buf *out, const char *key, int64_t v)
{
	char text[24];
	snprintf(text, sizeof(text), "%lld", (long long)v);
	record(out, "", key, str_of(text));
}

static void extended_records(struct buf *out, const struct tar_member *m)
{
	if (strlen(m->name) > NAME_MAX_USTAR)
		record(out, "", "path", str_of(m->name));
	if (m->link && strlen(m->link) > NAME_MAX_USTAR)
		record(out, "", "linkpath", str_of(m->link));
	if (m->size > OCTAL11_MAX)
		number_record(out, "size", (int64_t)m->size);
	if (m->uid > OCTAL7_MAX)
		number_record(out, "uid", m->uid);
	if (m->gid > OCTAL7_MAX)
		number_record(out, "gid", m->gid);
	if (m->mtime < 0 || (uint64_t)m->mtime > OCTAL11_MAX)
		number_record(out, "mtime", m->mtime);
	for (size_t i = 0; i < m->n_xattrs; i++)
		record(out, "SCHILY.xattr.", m->xattrs[i].name, m->xattrs[i].value);
}

static void extended_header(struct buf *out, const struct buf *records)
{
	struct ustar h = { .type = 'x' };
	put_text(h.name, sizeof(h.name), "PaxHeaders.0/compose");
	octal(h.mode, sizeof(h.mode), 0644);
	octal(h.uid, sizeof(h.uid), 0);
	octal(h.gid, sizeof(h.gid), 0);
	octal(h.size, sizeof(h.size), records->len);
	octal(h.mtime, sizeof(h.mtime), 0);
	block(out, &h);
	buf_add(out, records->p, records->len);
	buf_addn(out, 0, tar_padding(records->len));
}

/* What does not fit is in the extended header; the old field then has what fits. */
static void main_header(struct buf *out, const struct tar_member *m)
{
	struct ustar h = { .type = (char)m->type };
	bool old = m->mtime >= 0 && (uint64_t)m->mtime <= OCTAL11_MAX;
	put_text(h.name, sizeof(h.name), m->name);
	put_text(h.link, sizeof(h.link), m->link ? m->link : "");
	octal(h.mode, sizeof(h.mode), m->mode & 07777);
	octal(h.uid, sizeof(h.uid), m->uid <= OCTAL7_MAX ? m->uid : 0);
	octal(h.gid, sizeof(h.gid), m->gid <= OCTAL7_MAX ? m->gid : 0);
	octal(h.size, sizeof(h.size), m->size <= OCTAL11_MAX ? m->size : 0);
	octal(h.mtime, sizeof(h.mtime), old ? (uint64_t)m->mtime : 0);
	octal(h.major, sizeof(h.major), m->major);
	octal(h.minor, sizeof(h.minor), m->minor);
	block(out, &h);
}

int tar_header(struct buf *out, const struct tar_member *m, struct error *err)
{
	autobuf records = { 0 };
	buf_init(&records, 1 << 20);
	extended_records(&records, m);
	if (buf_check(&records, m->name, err) < 0)
		return -ERR_LIMIT;
	if (records.len)
		extended_header(out, &records);
	main_header(out, m);
	return buf_check(out, m->name, err);
}
