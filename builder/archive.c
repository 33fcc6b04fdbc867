/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of local archives. */
#include "builder/files.h"

#include <unistd.h>

/* By its first bytes, whatever it is called. */
static bool looks_packed(const unsigned char *p, size_t n)
{
	static const struct {
		const char *bytes;
		size_t n;
	} magic[] = {
		{ "\x1f\x8b\x08", 3 },
		{ "BZh", 3 },
		{ "\xfd"
		  "7zXZ\0",
		  6 },
		{ "\x28\xb5\x2f\xfd", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(magic); i++)
		if (n >= magic[i].n && !memcmp(p, magic[i].bytes, magic[i].n))
			return true;
	return n >= 512 && !memcmp(p + 257, "ustar", 5);
}

int archive_add(struct step *s, const struct copy_pick *pick, struct error *err)
{
	const struct copy_source *src = &s->copy->source;
	autofree char *parent = NULL;
	autotreedir dir = { 0 };
	autoclose int fd = -1;
	unsigned char head[512];
	struct stat st;
	size_t at;
	ssize_t n;
	int r;

	if (!S_ISREG(pick->st.st_mode))
		return 0;
	parent = xstrndup(pick->path, (size_t)(strrchr(pick->path, '/') - pick->path));
	r = tree_enter(src->tree, parent, &dir, err);
	if (!r)
		r = tree_dir_stat(&dir, strrchr(pick->path, '/') + 1, &st, &at, err);
	if (r > 0)
		r = tree_dir_open_file(&dir, strrchr(pick->path, '/') + 1, at, &fd, err);
	if (r < 0)
		return r;
	n = pread(fd, head, sizeof(head), 0);
	if (n <= 0 || !looks_packed(head, (size_t)n))
		return n < 0 ? error_sys(err, "%s", pick->path) : 0;
	return error_set(err, ERR_UNSUPPORTED,
			 "ADD %s: it is an archive, and unpacking is not supported yet; "
			 "--unpack=false copies it "
			 "as a file",
			 pick->path);
}
