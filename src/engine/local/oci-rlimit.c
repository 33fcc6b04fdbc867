/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/oci-spec.h"

#include "engine/local/userns.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define R(name, upper)                                  \
	{                                               \
#name, "RLIMIT_" #upper, RLIMIT_##upper \
	}
static const struct {
	const char *name, *type;
	int resource;
} limits[] = {
	R(as, AS),	     R(core, CORE),	    R(cpu, CPU),
	R(data, DATA),	     R(fsize, FSIZE),	    R(locks, LOCKS),
	R(memlock, MEMLOCK), R(msgqueue, MSGQUEUE), R(nice, NICE),
	R(nofile, NOFILE),   R(nproc, NPROC),	    R(rss, RSS),
	R(rtprio, RTPRIO),   R(rttime, RTTIME),	    R(sigpending, SIGPENDING),
	R(stack, STACK),
};

static int find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (streq(name, limits[i].name))
			return (int)i;
	return -1;
}

bool rlimit_may_raise(void)
{
	return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1 && geteuid() == 0 &&
	       userns_is_initial();
}

const char *rlimit_type(const char *name)
{
	int i = find(name);

	return i < 0 ? NULL : limits[i].type;
}

int rlimit_resource(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (streq(type, limits[i].type))
			return limits[i].resource;
	return -1;
}

int rlimit_resolve(const struct ulimit_spec *u, struct oci_rlimit *ret, bool *ret_clamped,
		   struct error *err)
{
	int i = find(u->name);
	struct rlimit own;
	uint64_t soft = u->soft < 0 ? RLIM_INFINITY : (uint64_t)u->soft;
	uint64_t hard = u->hard < 0 ? RLIM_INFINITY : (uint64_t)u->hard;

	if (i < 0)
		return error_set(err, ERR_INVALID, "ulimits: there is no limit \"%s\"", u->name);
	if (soft > hard)
		return error_set(err, ERR_INVALID, "ulimits.%s: soft is above hard", u->name);
	if (getrlimit(limits[i].resource, &own) == 0 && hard > own.rlim_max &&
	    !rlimit_may_raise()) {
		hard = own.rlim_max;
		soft = MIN(soft, hard);
		*ret_clamped = true;
	}
	*ret = (struct oci_rlimit){ limits[i].type, soft, hard };
	return 0;
}
