/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/mounts.h"

#include "engine/local/volume.h"
#include "util/fd.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const etc_files[] = { "resolv.conf", "hostname", "hosts" };

static bool is_empty(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;
	bool empty = true;

	while (d && empty && (de = readdir(d)))
		empty = streq(de->d_name, ".") || streq(de->d_name, "..");
	if (d)
		closedir(d);
	return d && empty;
}

/* An empty volume gets what the image has at its place, once, whoever comes first. */
static int fill_volume(const char *path, int rootfs, const char *target, struct error *err)
{
	autoclose int to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), from = -1;
	struct stat st;
	int r;

	if (to < 0)
		return error_sys(err, "volume %s", path);
	r = fd_lock(to, true, true, err);
	if (r < 0)
		return r;
	if (!is_empty(to))
		return 0;
	if (path_open_in(rootfs, PATH_IN_ROOT, target, O_RDONLY | O_NONBLOCK, 0, &from, NULL) < 0)
		return 0; /* the image has nothing there */
	if (fstat(from, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	return copy_tree(from, to, err);
}

static int check_propagation(const char *p, struct error *err)
{
	static const char *const known[] = { "private", "rprivate", "slave", "rslave" };

	if (!p || !*p)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(p, known[i]))
			return 0;
	return error_set(err, ERR_UNSUPPORTED,
			 "volumes.bind.propagation: \"%s\" is not supported by the local engine",
			 p);
}

static void add_bind(struct oci_spec *o, const char *source, const char *target, bool read_only,
		     const char *propagation)
{
	struct oci_mount *m = oci_mount_add(o, "bind", source, target, "rbind");

	strv_push(&m->options, propagation && *propagation ? propagation : "rprivate");
	strv_push(&m->options, read_only ? "ro" : "rw");
	if (propagation && strstr(propagation, "slave") && !o->propagation)
		o->propagation = xstrdup("rslave");
}

static int bind_mount(const struct mount_spec *m, struct oci_spec *o, struct error *err)
{
	struct stat st;
	int r = check_propagation(m->propagation, err);

	if (r < 0)
		return r;
	if (stat(m->source, &st) < 0) {
		if (errno != ENOENT)
			return error_sys(err, "%s", m->source);
		if (!m->create_host_path)
			return error_set(err, ERR_NOT_FOUND,
					 "%s: there is no such file or directory to mount at %s",
					 m->source, m->target);
		r = path_mkdirs(AT_FDCWD, m->source, 0755, err);
		if (r < 0)
			return r;
	}
	add_bind(o, m->source, m->target, m->read_only, m->propagation);
	return 0;
}

static int subpath_of(const char *volume, const char *sub, char **ret, struct error *err)
{
	autoclose int dir = open(volume, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char link[32], path[4096];
	ssize_t n;
	int r;

	if (dir < 0)
		return error_sys(err, "%s", volume);
	r = path_open_in(dir, PATH_BENEATH, sub, O_PATH, 0, &fd, err);
	if (r < 0)
		return error_wrap(err, "volume.subpath");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return error_sys(err, "%s", sub);
	path[n] = 0;
	*ret = xstrdup(path);
	return 0;
}

static int volume_mount(struct local *l, const struct mount_spec *m, int rootfs, bool first,
			struct oci_spec *o, struct error *err)
{
	autofree char *path = NULL, *sub = NULL;
	int r = volume_path(l, m->source, &path, err);

	if (r == 0)
		return error_set(err, ERR_NOT_FOUND, "no such volume: %s", m->source);
	if (r > 0 && first && !m->volume_nocopy)
		r = fill_volume(path, rootfs, m->target, err);
	if (r >= 0 && m->volume_subpath && *m->volume_subpath)
		r = subpath_of(path, m->volume_subpath, &sub, err);
	if (r < 0)
		return r;
	add_bind(o, sub ? sub : path, m->target, m->read_only, m->propagation);
	return 0;
}

static void tmpfs_mount(const struct mount_spec *m, struct oci_spec *o)
{
	struct oci_mount *x = oci_mount_add(o, "tmpfs", "tmpfs", m->target, "nosuid,nodev,noexec");

	if (m->tmpfs_size)
		strv_pushf(&x->options, "size=%" PRIu64, m->tmpfs_size);
	strv_pushf(&x->options, "mode=%o", m->tmpfs_mode ? m->tmpfs_mode : 01777);
	if (m->read_only)
		strv_push(&x->options, "ro");
}

/* "/run" or "/run:size=64m,mode=1777" */
static void tmpfs_short(const char *text, struct oci_spec *o)
{
	struct str target, options;
	autofree char *path = NULL;
	struct oci_mount *m;

	str_cut(str_of(text), ':', &target, &options);
	path = str_dup(target);
	m = oci_mount_add(o, "tmpfs", "tmpfs", path, "nosuid,nodev,noexec");
	if (options.n)
		strv_split(&m->options, options, ',');
}

static int depth_of(const struct oci_mount *m)
{
	int n = 0;

	for (const char *p = m->target; *p; p++)
		n += *p == '/' && p[1];
	return n;
}

/* A mount within another comes after it; otherwise in the order given. */
static void sort_mounts(struct oci_spec *o)
{
	for (size_t i = 1; i < o->mounts.n; i++) {
		struct oci_mount m = o->mounts.v[i];
		size_t at = i;

		for (; at > 0 && depth_of(&o->mounts.v[at - 1]) > depth_of(&m); at--)
			o->mounts.v[at] = o->mounts.v[at - 1];
		o->mounts.v[at] = m;
	}
}

static void add_etc(struct oci_spec *o, const char *run_dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(etc_files); i++) {
		autofree char *source = xprintf("%s/%s", run_dir, etc_files[i]);
		autofree char *target = xprintf("/etc/%s", etc_files[i]);

		if (path_exists(source))
			add_bind(o, source, target, false, NULL);
	}
}

static void add_shm(const struct container_spec *s, struct oci_spec *o)
{
	if (s->ipc && streq(s->ipc, "host"))
		add_bind(o, "/dev/shm", "/dev/shm", false, NULL);
	else
		o->own_shm = !(s->ipc && streq(s->ipc, "none"));
}

int mounts_of_record(struct local *l, const struct record *rec, int rootfs, const char *run_dir,
		     struct oci_spec *o, struct error *err)
{
	const struct container_spec *s = &rec->spec;
	struct status st = { 0 };
	bool first;
	int r;

	r = status_read(l->status_fd, rec->id, &st, err);
	if (r < 0)
		return r;
	first = !st.started;
	add_shm(s, o);
	add_etc(o, run_dir);
	for (size_t i = 0; i < s->mounts.n; i++) {
		const struct mount_spec *m = &s->mounts.v[i];

		if (m->type == MOUNT_TMPFS)
			tmpfs_mount(m, o);
		else
			r = m->type == MOUNT_BIND ? bind_mount(m, o, err)
						  : volume_mount(l, m, rootfs, first, o, err);
		if (r < 0)
			return r;
	}
	vec_foreach (f, &s->files)
		add_bind(o, f->source, f->target, true, NULL);
	strv_foreach (t, &s->tmpfs)
		tmpfs_short(t, o);
	sort_mounts(o);
	return devices_of_record(rec, o, err);
}

void mounts_of_step(const struct step_spec *s, const char *run_dir, struct oci_spec *o)
{
	add_etc(o, run_dir);
	vec_foreach (m, &s->mounts) {
		struct oci_mount *x;

		if (!m->type || streq(m->type, "bind")) {
			add_bind(o, m->source, m->target, m->read_only, NULL);
			continue;
		}
		if (streq(m->type, "overlay")) {
			x = oci_mount_add(o, "overlay", "overlay", m->target, "ro");
			strv_push(&x->options, m->source);
			continue;
		}
		x = oci_mount_add(o, m->type, m->type, m->target, "nosuid,nodev");
		if (m->size)
			strv_pushf(&x->options, "size=%" PRIu64, m->size);
		if (m->read_only)
			strv_push(&x->options, "ro");
	}
	sort_mounts(o);
}
