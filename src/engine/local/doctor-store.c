/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/doctor.h"

#include "util/fd.h"
#include "util/num.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The type of the file system that a path is on: that of its longest mount point. */
static char *fs_type(const char *path)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	autofree char *best = xstrdup("unknown");
	size_t longest = 0;
	struct mntent *m;

	while (f && (m = getmntent(f))) {
		size_t n = strlen(m->mnt_dir);

		if (n < longest || (!path_below(m->mnt_dir, path) && !streq(m->mnt_dir, "/")))
			continue;
		longest = n;
		free(best);
		best = xstrdup(m->mnt_type);
	}
	if (f)
		endmntent(f);
	return TAKE_PTR(best);
}

static void space(struct local *l, doctor_findings *v)
{
	autofree char *type = fs_type(l->state_dir);
	char room[NUM_SIZE_MAX];
	struct statvfs fs;

	if (statvfs(l->state_dir, &fs) < 0) {
		doctor_add(v, "store", "directory", DOCTOR_MISSING,
			   xprintf("%s: %s", l->state_dir, strerror(errno)), NULL);
		return;
	}
	num_format_size((uint64_t)fs.f_bavail * fs.f_frsize, room);
	doctor_add(v, "store", "directory", DOCTOR_YES,
		   xprintf("%s (%s), %s free", l->state_dir, type, room), NULL);
}

static void owners(struct local *l, doctor_findings *v)
{
	autofree char *noted = path_join(l->state_dir, "noted");
	bool is = path_exists(noted);

	doctor_add(v, "store", "owners", is ? DOCTOR_NOTE : DOCTOR_YES,
		   xstrdup(is ? "kept as notes: files can't be given away here, or layers not be "
				"marked"
			      : "kept by the file system"),
		   NULL);
}

static void reflinks(const char *dir, doctor_findings *v)
{
	autofree char *a = path_join(dir, "a"), *b = path_join(dir, "b");
	autoclose int from = open(a, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	autoclose int to = open(b, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool ok = from >= 0 && to >= 0 && write(from, "x", 1) == 1 && ioctl(to, FICLONE, from) == 0;

	doctor_add(v, "store", "reflinks", ok ? DOCTOR_YES : DOCTOR_NOTE,
		   ok ? xstrdup("files are copied without their blocks")
		      : xprintf("no: %s; files are copied whole", strerror(errno)),
		   NULL);
}

/* In a process of its own, since a mount namespace can't be left again by everybody. */
static void overlays(struct local *l, const char *dir, doctor_findings *v)
{
	static const struct {
		const char *name, *how, *hint;
	} kinds[] = {
		{ "overlayfs", "mount",
		  "the right to mount (CAP_SYS_ADMIN), on a file system that "
		  "overlayfs takes: not on an overlayfs itself" },
		{ "overlayfs, unprivileged", "userns",
		  "Linux 5.11, and the right to make user namespaces" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char *const argv[] = { l->shim, (char *)"overlay", (char *)(uintptr_t)kinds[i].how,
				       (char *)(uintptr_t)dir, NULL };
		autofree char *line = NULL;
		bool ok = doctor_run(argv, NULL, &line) == 0;

		doctor_add(v, "store", kinds[i].name, ok ? DOCTOR_YES : DOCTOR_NO,
			   ok ? xstrdup("layers are mounted") : TAKE_PTR(line),
			   ok ? NULL : kinds[i].hint);
	}
}

void doctor_store(struct local *l, doctor_findings *v)
{
	autofree char *dir = NULL;
	struct error err = ERROR_INIT;

	space(l, v);
	owners(l, v);
	if (store_layer_stage(l->store, &dir, &err) < 0) {
		doctor_add(v, "store", "writing", DOCTOR_MISSING, xstrdup(err.msg), NULL);
		return;
	}
	reflinks(dir, v);
	overlays(l, dir, v);
	store_layer_unstage(l->store, dir, NULL);
}
