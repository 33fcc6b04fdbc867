/* SPDX-License-Identifier: Apache-2.0 */
#include "util/env.h"

#include "util/path.h"

#include <limits.h>
#include <unistd.h>

const char *env_get(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static char *home_dir(const char *below)
{
	const char *home = env_get("HOME");

	return home ? path_join(home, below) : xprintf("/tmp/compose-%u", (unsigned)geteuid());
}

char *env_state_dir(void)
{
	const char *own = env_get("COMPOSE_STATE_DIR"), *data = env_get("XDG_DATA_HOME");

	if (own)
		return path_clean(own);
	if (!geteuid())
		return xstrdup("/var/lib/compose");
	return data ? path_join(data, "compose") : home_dir(".local/share/compose");
}

char *env_run_dir(void)
{
	const char *own = env_get("COMPOSE_RUN_DIR"), *xdg = env_get("XDG_RUNTIME_DIR");
	autofree char *state = NULL;

	if (own)
		return path_clean(own);
	if (!geteuid())
		return xstrdup("/run/compose");
	if (xdg)
		return path_join(xdg, "compose");
	/* No session made one, and a name in /tmp could be somebody else's. */
	state = env_state_dir();
	return path_join(state, "run");
}

/* The directory that our own program is in, NULL without /proc. */
static char *own_dir(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	return path_dir(exe);
}

/* The way from one directory of the installation to another: "../libexec/compose". */
static char *way_between(const char *from, const char *to)
{
	autobuf b;
	size_t same = 0;

	buf_init(&b, PATH_MAX);
	for (size_t i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			same = i + 1;
	for (const char *p = from + same; *p; p++)
		if (p == from + same || p[-1] == '/')
			buf_adds(&b, "../");
	buf_adds(&b, to + same);
	return buf_steal(&b);
}

static void add_place(struct strv *places, const char *dir, const char *below, const char *name)
{
	autofree char *there = path_join(dir, below);
	autofree char *path = path_join(there, name);

	if (!strv_has(places, path))
		strv_push(places, path);
}

int env_helper(const char *name, char **ret_path, struct error *err)
{
	const char *own = env_get("COMPOSE_LIBEXEC_DIR");
	autofree char *dir = own_dir(), *way = way_between(PKG_BINDIR, PKG_LIBEXECDIR), *all = NULL;
	autostrv places = { 0 };

	if (own)
		add_place(&places, own, "", name);
	if (dir)
		add_place(&places, dir, "", name);
	if (dir)
		add_place(&places, dir, way, name);
	add_place(&places, PKG_LIBEXECDIR, "", name);
	strv_foreach (path, &places) {
		if (access(path, X_OK) < 0)
			continue;
		*ret_path = xstrdup(path);
		return 0;
	}
	all = strv_join(&places, ", ");
	return error_set(err, ERR_NOT_FOUND,
			 "%s is not there: looked for %s; install the whole of compose, or set "
			 "COMPOSE_LIBEXEC_DIR",
			 name, all);
}
