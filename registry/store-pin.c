/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STATE/stage/RANDOM/pins: "KIND DIGEST" in lines, and an empty one before each: one that a full
 * disk cut off spoils no other.
 */
#include "registry/store-private.h"

#include "util/io.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define PINS	   "pins"
#define LIMIT_PINS (64 << 20)

static const char *const kinds[] = {
	[GC_ROOT_IMAGE] = "image", [GC_ROOT_LAYER] = "layer", [GC_ROOT_BLOB] = "blob"
};

const char *gc_root_name(enum gc_root_kind kind)
{
	return kinds[kind];
}

int store_hold(struct store *s, struct error *err)
{
	if (s->held++)
		return 0;
	int r = fd_lock(s->lock, false, true, err);
	if (r < 0)
		s->held--;
	return MIN(r, 0);
}

int store_hold_alone(struct store *s, struct error *err)
{
	assert(!s->held);
	int r = fd_lock(s->lock, true, true, err);
	if (r < 0)
		return r;
	s->held = 1;
	s->alone = true;
	return 0;
}

void store_release(struct store *s)
{
	if (--s->held)
		return;
	s->alone = false;
	flock(s->lock, LOCK_UN);
}

static int pins_open(struct store *s, struct error *err)
{
	int r = s->pins_fd < 0 ? stage_open(s, err) : 0;
	if (r < 0 || s->pins_fd >= 0)
		return r;
	s->pins_fd = openat(s->stage_fd, PINS, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return s->pins_fd < 0 ? error_sys(err, "%s/%s/" PINS, s->dir, s->stage) : 0;
}

static int write_pin(struct store *s, const char *line, struct error *err)
{
	int r = pins_open(s, err);
	if (r == 0)
		r = io_write_all(s->pins_fd, line, strlen(line), err);
	if (r == 0)
		map_set(&s->pins, line, NULL);
	return r;
}

/* With no room for a line, what is here can still be used: gc then has to wait for our end. */
int pin(struct store *s, enum gc_root_kind kind, const char *digest, struct error *err)
{
	autofree char *line = xprintf("\n%s %s\n", kinds[kind], digest);
	struct error e = ERROR_INIT;
	if (s->alone || s->kept || map_has(&s->pins, line))
		return 0;
	int r = write_pin(s, line, &e);
	if (r == -ERR_NO_SPACE) {
		s->kept = true;
		return store_hold(s, err);
	}
	if (r < 0 && err)
		*err = e;
	return r;
}

void pins_drop(struct store *s)
{
	if (s->pins_fd >= 0)
		unlinkat(s->stage_fd, PINS, 0);
	s->pins_fd = fd_close(s->pins_fd);
	map_done(&s->pins);
	if (s->kept)
		store_release(s);
	s->kept = false;
}

/* What it is not, is not ours: it is passed over. */
static int each_line(struct store *s, struct str text, pin_fn fn, struct error *err)
{
	struct str line, kind, digest;
	int r = 0;
	while (r >= 0 && text.n) {
		str_cut(text, '\n', &line, &text);
		str_cut(line, ' ', &kind, &digest);
		autofree char *k = xstrndup(kind.p, kind.n), *d = xstrndup(digest.p, digest.n);
		if (digest_valid(d))
			r = fn(s, k, d, err);
	}
	return MIN(r, 0);
}

static int each_of(struct store *s, int stage, pin_fn fn, struct error *err)
{
	autobuf text = { 0 };
	autoclose int fd = openat(stage, PINS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, "%s/" STORE_STAGE, s->dir);
	buf_init(&text, LIMIT_PINS);
	int r = io_read_fd(fd, &text, err);
	return r < 0 ? r : each_line(s, buf_str(&text), fn, err);
}

/* A stage whose lock is free has no process any more. */
static int each_if_alive(struct store *s, const char *name, pin_fn fn, struct error *err)
{
	autofree char *path = xprintf(STORE_STAGE "/%s", name);
	autoclose int fd = openat(s->dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, "%s/%s", s->dir, path);
	int r = fd_lock(fd, true, false, err);
	return r == 0 ? each_of(s, fd, fn, err) : MIN(r, 0);
}

int pins_each(struct store *s, pin_fn fn, struct error *err)
{
	int fd = openat(s->dirfd, STORE_STAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;
	if (!d) {
		r = error_sys(err, "%s/" STORE_STAGE, s->dir);
		fd_close(fd);
		return r;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));)
		if (e->d_name[0] != '.')
			r = each_if_alive(s, e->d_name, fn, err);
	closedir(d);
	return r;
}
