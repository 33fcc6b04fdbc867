/* SPDX-License-Identifier: Apache-2.0 */
#include "event/child-hint.h"

#include "util/path.h"

static const struct {
	const char *program, *package;
} packages[] = {
	{ "aardvark-dns", "aardvark-dns" },
	{ "crun", "crun" },
	{ "fuse-overlayfs", "fuse-overlayfs" },
	{ "git", "git" },
	{ "ip", "iproute2" },
	{ "modprobe", "kmod" },
	{ "newgidmap", "uidmap" },
	{ "newuidmap", "uidmap" },
	{ "nft", "nftables" },
	{ "pasta", "passt" },
	{ "runc", "runc" },
	{ "slirp4netns", "slirp4netns" },
	{ "ssh", "openssh-client" },
};

int child_missing(const char *program, struct error *err)
{
	autofree char *name = path_base(program);

	for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
		if (streq(packages[i].program, name))
			return error_set(err, ERR_NOT_FOUND,
					 "%s is not there; on Debian: apt install %s", program,
					 packages[i].package);
	return error_set(err, ERR_NOT_FOUND, "%s is not there, or can't be run here", program);
}
