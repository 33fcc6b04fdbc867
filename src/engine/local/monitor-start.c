/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/monitor.h"
#include "util/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

bool record_needs_monitor(const struct record *rec)
{
	return rec->spec.restart != RESTART_NO || health_wanted(rec->spec.healthcheck);
}

char *monitor_lock_path(const struct local *l, const char *project)
{
	return xprintf("%s/monitors/%s.lock", l->run_dir, project);
}

void monitor_forget(struct local *l)
{
	vec_foreach (c, &l->monitors)
		fd_close(c->pidfd);
	vec_done(&l->monitors);
}

/* Those that have ended are reaped. */
static bool one_is_young(struct local *l)
{
	for (size_t i = 0; i < l->monitors.n;) {
		struct child *c = &l->monitors.v[i];
		struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
		int code;

		if (poll(&p, 1, 0) == 0) {
			i++;
			continue;
		}
		child_wait(c, &code, NULL);
		vec_remove(&l->monitors, i);
	}
	return l->monitors.n > 0;
}

int local_monitor(struct local *l, const char *project, struct error *err)
{
	autofree char *lock = monitor_lock_path(l, project);
	char *const argv[] = { (char *)"compose-monitor", (char *)"run", (char *)project, NULL };
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC); /* it outlives us */
	const struct child_spec spec = { .program = l->monitor,
					 .argv = argv,
					 .cwd = "/",
					 .stdin_fd = -1,
					 .stdout_fd = -1,
					 .stderr_fd = null,
					 .new_session = true };
	struct child c = CHILD_INIT;
	int r;

	/* One that we have started sees everything from its lock on; before, it reads everything.
	 */
	if (one_is_young(l) || life_held(AT_FDCWD, lock))
		return 0;
	r = child_spawn(&spec, &c, err);
	if (r == 0)
		*vec_add(&l->monitors) = c;
	return r;
}
