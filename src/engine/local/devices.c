/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/mounts.h"

#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define LIMIT_DEPTH 8

/* Of /dev itself these belong to the container. */
static const char *const not_from_dev[] = { "pts",  "shm",	   "fd",      "mqueue",
					    ".lxc", ".lxd-mounts", "console", "ptmx" };

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

static void add(struct oci_spec *o, const char *target, const char *access, const struct stat *st)
{
	struct oci_device *d = vec_add(&o->devices);

	d->path = xstrdup(target);
	d->access = xstrdup(access);
	d->type = S_ISBLK(st->st_mode) ? 'b' : 'c';
	d->major = major(st->st_rdev);
	d->minor = minor(st->st_rdev);
	d->mode = st->st_mode & 07777;
	d->uid = st->st_uid;
	d->gid = st->st_gid;
}

static void add_below(struct oci_spec *o, const char *source, const char *target,
		      const char *access, unsigned depth)
{
	DIR *d = opendir(source);
	struct dirent *de;

	while (d && depth < LIMIT_DEPTH && (de = readdir(d))) {
		autofree char *from = xprintf("%s/%s", source, de->d_name);
		autofree char *to = xprintf("%s/%s", target, de->d_name);
		bool skip = de->d_name[0] == '.';
		struct stat st;

		for (size_t i = 0; !depth && i < ARRAY_SIZE(not_from_dev); i++)
			skip = skip || streq(de->d_name, not_from_dev[i]);
		if (skip || lstat(from, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			add_below(o, from, to, access, depth + 1);
		else if (is_device(&st))
			add(o, to, access, &st);
	}
	if (d)
		closedir(d);
}

int devices_of_record(const struct record *rec, struct oci_spec *o, struct error *err)
{
	struct stat st;

	if (rec->spec.privileged)
		add_below(o, "/dev", "/dev", "rwm", 0);
	vec_foreach (d, &rec->spec.devices) {
		const char *access = d->permissions && *d->permissions ? d->permissions : "rwm";
		const char *target = d->container && *d->container ? d->container : d->host;

		if (strspn(access, "rwm") != strlen(access))
			return error_set(err, ERR_INVALID,
					 "devices: permissions \"%s\" of %s are not of r, w, m",
					 access, d->host);
		if (stat(d->host, &st) < 0)
			return error_sys(err, "devices: %s", d->host);
		if (S_ISDIR(st.st_mode))
			add_below(o, d->host, target, access, 1);
		else if (is_device(&st))
			add(o, target, access, &st);
		else
			return error_set(err, ERR_INVALID, "devices: %s is not a device", d->host);
	}
	return 0;
}
