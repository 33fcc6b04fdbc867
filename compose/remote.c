/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/remote.h"

#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>

void remote_copy_done(struct remote_copy *c)
{
	free(c->root);
	free(c->file);
	free(c->prefix);
	*c = (struct remote_copy){ 0 };
}

/* USER@HOST:PATH */
static bool is_scp(const char *s)
{
	static const char user[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t n = strspn(s, user), host;

	if (!n || s[n] != '@')
		return false;
	s += n + 1;
	host = strcspn(s, ":/#");
	return host && s[host] == ':';
}

enum remote_kind remote_kind(const char *name)
{
	static const struct {
		const char *prefix;
		enum remote_kind kind;
	} prefixes[] = {
		{ "oci://", REMOTE_OCI },      { "file://", REMOTE_GIT_FILE },
		{ "github.com/", REMOTE_GIT }, { "git://", REMOTE_GIT },
		{ "ssh://", REMOTE_GIT },      { "https://", REMOTE_OTHER },
		{ "http://", REMOTE_OTHER },
	};
	autofree char *path = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (!starts_with(name, prefixes[i].prefix))
			continue;
		if (prefixes[i].kind != REMOTE_OTHER)
			return prefixes[i].kind;
		path = xstrndup(name, strcspn(name, "?#"));
		return ends_with(path, ".git") ? REMOTE_GIT : REMOTE_OTHER;
	}
	return is_scp(name) ? REMOTE_GIT : REMOTE_NONE;
}

bool remote_has(const struct remote *r, const char *path)
{
	autofree char *clean = path_clean(path);
	const char *rest = path_below(r->root, clean);
	autoclose int root = -1, fd = -1;
	struct error err = ERROR_INIT;

	if (!rest)
		return false;
	root = open(r->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return false;
	/* What isn't there leads nowhere. */
	return path_open_in(root, PATH_BENEATH, rest, O_PATH, 0, &fd, &err) == 0 ||
	       err.code == ERR_NOT_FOUND || err.sys == ENOTDIR;
}
