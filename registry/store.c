/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/store-private.h"

#include "util/io.h"
#include "util/path.h"
#include "util/time.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTED  "noted"
#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}\n"

/* Never change a step that was released: add one. */
static const char *const schema[] = {
	"CREATE TABLE blobs ("
	" digest TEXT PRIMARY KEY, size INTEGER NOT NULL, added INTEGER NOT NULL, boot TEXT"
	") STRICT;"
	"CREATE INDEX blobs_boot ON blobs (boot) WHERE boot IS NOT NULL;"

	"CREATE TABLE layers ("
	" diff_id TEXT PRIMARY KEY, size INTEGER NOT NULL, entries INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, packed INTEGER NOT NULL, added INTEGER NOT NULL, boot TEXT"
	") STRICT;"
	"CREATE INDEX layers_boot ON layers (boot) WHERE boot IS NOT NULL;"

	"CREATE TABLE layer_blobs ("
	" diff_id TEXT NOT NULL, digest TEXT NOT NULL, kind TEXT NOT NULL,"
	" PRIMARY KEY (diff_id, digest)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE images ("
	" id TEXT PRIMARY KEY, platform TEXT NOT NULL, created INTEGER NOT NULL,"
	" added INTEGER NOT NULL, size INTEGER NOT NULL,"
	" manifest_digest TEXT, manifest_type TEXT, index_digest TEXT"
	") STRICT;"
	"CREATE TABLE image_layers ("
	" id TEXT NOT NULL REFERENCES images ON DELETE CASCADE, position INTEGER NOT NULL,"
	" diff_id TEXT NOT NULL, PRIMARY KEY (id, position)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX image_layers_diff_id ON image_layers (diff_id);"

	"CREATE TABLE refs ("
	" ref TEXT PRIMARY KEY, id TEXT NOT NULL REFERENCES images,"
	" manifest_digest TEXT, manifest_type TEXT, index_digest TEXT, added INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX refs_id ON refs (id);"

	"CREATE TABLE uses ("
	" owner TEXT NOT NULL, id TEXT NOT NULL REFERENCES images, PRIMARY KEY (owner, id)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE gc_roots ("
	" kind TEXT NOT NULL, source TEXT NOT NULL, field TEXT NOT NULL,"
	" PRIMARY KEY (kind, source, field)"
	") STRICT, WITHOUT ROWID;",

	"CREATE TABLE gc_caches (source TEXT PRIMARY KEY, used TEXT NOT NULL) STRICT, WITHOUT "
	"ROWID;",
};

/*
 * Stages have nothing to do with each other: ext4 then looks for a place where there is room for
 * each, not among the files of all layers before it (chattr +T; docs/store.md has what that costs).
 * A hint: other file systems don't know it.
 */
static void keep_apart(struct store *s)
{
	autoclose int fd = openat(s->dirfd, STORE_STAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int flags = 0;
	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_TOPDIR_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
}

static int make_dirs(struct store *s, struct error *err)
{
	static const char *const dirs[] = { STORE_STAGE,	   STORE_INGEST,
					    STORE_LAYERS,	   STORE_BLOBS,
					    STORE_BLOBS "/sha256", STORE_BLOBS "/sha512" };
	if (faccessat(s->dirfd, "oci-layout", F_OK, 0) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(s->dirfd, dirs[i], 0700) < 0 && errno != EEXIST)
			return error_sys(err, "%s/%s", s->dir, dirs[i]);
	keep_apart(s);
	int r = stage_probe(s, err);
	if (r == 0)
		r = io_replace(s->dirfd, NOTED, "", 0, 0600, err);
	if (r < 0)
		return r;
	/* Last: it says that the rest is there. */
	return io_replace(s->dirfd, "oci-layout", LAYOUT, strlen(LAYOUT), 0600, err);
}

/* We are root, over more than one id. */
static bool has_other_ids(void)
{
	unsigned long long inside, outside, n = 2;
	autobuf map = { 0 };
	buf_init(&map, 4096);
	if (geteuid() != 0)
		return false;
	if (io_read_file(AT_FDCWD, "/proc/self/uid_map", &map, NULL) == 0)
		sscanf(map.p, "%llu %llu %llu", &inside, &outside, &n);
	return n > 1 || strchr(map.p, '\n') != map.p + map.len - 1;
}

/* What was made with the right to give files away can't be read right without it. */
static int check_kind(struct store *s, struct error *err)
{
	s->noted = faccessat(s->dirfd, NOTED, F_OK, 0) == 0;
	if (s->noted || has_other_ids())
		return 0;
	return error_set(err, ERR_UNSUPPORTED,
			 "%s was made by somebody who can give files away (root, or with "
			 "subordinate ids), which you can't now: set COMPOSE_STATE_DIR to another",
			 s->dir);
}

static int open_dir(struct store *s, const char *dir, struct error *err)
{
	int r = path_mkdirs(AT_FDCWD, dir, 0700, err);
	if (r < 0)
		return r;
	s->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return error_sys(err, "%s", dir);
	s->lock = openat(s->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return error_sys(err, "%s/lock", dir);
	r = make_dirs(s, err);
	return r < 0 ? r : check_kind(s, err);
}

static int read_boot(struct store *s, struct error *err)
{
	autobuf b = { 0 };
	buf_init(&b, sizeof(s->boot));
	int r = io_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &b, err);
	if (r == 0)
		snprintf(s->boot, sizeof(s->boot), "%.*s", (int)MIN(b.len, 36), b.p);
	return r;
}

/* Files without rows are no trouble: the next one of that name replaces them, and gc removes them.
 */
static int drop_unsynced(struct store *s, struct error *err)
{
	int64_t n = 0;
	int r = db_query_i64(
		s->db, &n, err,
		"SELECT (SELECT count(*) FROM blobs WHERE boot IS NOT NULL AND boot <> ?1)"
		" + (SELECT count(*) FROM layers WHERE boot IS NOT NULL AND boot <> ?1)",
		"s", s->boot);
	if (r < 0 || n == 0)
		return MIN(r, 0);
	r = db_run(s->db, err, "DELETE FROM blobs WHERE boot IS NOT NULL AND boot <> ?", "s",
		   s->boot);
	if (r == 0)
		r = db_run(s->db, err, "DELETE FROM layers WHERE boot IS NOT NULL AND boot <> ?",
			   "s", s->boot);
	return r;
}

int store_open(const char *state_dir, struct store **ret, struct error *err)
{
	autocall(store_freep) struct store *s = xnew(struct store);
	s->dirfd = s->lock = s->stage_fd = s->pins_fd = -1;
	s->dir = path_clean(state_dir);
	autofree char *db = xprintf("%s/state.db", s->dir);
	int r = open_dir(s, s->dir, err);
	if (r == 0)
		r = read_boot(s, err);
	if (r == 0)
		r = db_open(db, &s->db, err);
	if (r == 0)
		r = db_migrate(s->db, "store", schema, ARRAY_SIZE(schema), err);
	if (r == 0)
		r = drop_unsynced(s, err);
	if (r < 0)
		return r;
	stage_sweep(s);
	*ret = TAKE_PTR(s);
	return 0;
}

struct store *store_free(struct store *s)
{
	if (!s)
		return NULL;
	stage_close(s);
	db_closep(&s->db);
	fd_close(s->lock);
	fd_close(s->dirfd);
	free(s->dir);
	free(s);
	return NULL;
}

const char *store_dir(const struct store *s)
{
	return s->dir;
}

int store_dirfd(const struct store *s)
{
	return s->dirfd;
}

sqlite3 *store_db(struct store *s)
{
	return s->db;
}

static char *digest_path(const char *folder, const char *digest)
{
	return xprintf("%s/%.6s/%s", folder, digest, digest_hex(digest));
}

char *blob_path(const char *digest)
{
	return digest_path(STORE_BLOBS, digest);
}

char *layer_path(const char *diff_id)
{
	return xprintf(STORE_LAYERS "/%s", digest_hex(diff_id));
}

char *ingest_path(const char *digest)
{
	return xprintf(STORE_INGEST "/%s", digest_hex(digest));
}

int store_sync(struct store *s, struct error *err)
{
	int64_t n = 0, now = time_now();
	int r = db_query_i64(s->db, &n, err,
			     "SELECT EXISTS (SELECT 1 FROM blobs WHERE boot IS NOT NULL)"
			     " OR EXISTS (SELECT 1 FROM layers WHERE boot IS NOT NULL)",
			     "");
	if (r < 0 || !n)
		return MIN(r, 0);
	if (syncfs(s->dirfd) < 0)
		return error_sys(err, "%s: writing to the disk", s->dir);
	r = db_run(s->db, err, "UPDATE blobs SET boot = NULL WHERE boot IS NOT NULL AND added < ?",
		   "i", now);
	if (r == 0)
		r = db_run(s->db, err,
			   "UPDATE layers SET boot = NULL WHERE boot IS NOT NULL AND added < ?",
			   "i", now);
	return r;
}
