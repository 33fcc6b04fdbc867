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

void remote_git_done(struct remote_git *g)
{
	free(g->url);
	free(g->ref);
	free(g->subdir);
	free(g->commit);
	*g = (struct remote_git){ 0 };
}

static int set_part(char **part, struct str key, struct str value, struct error *err)
{
	if (*part)
		return error_set(err, ERR_INVALID, "%.*s is said twice", (int)MIN(key.n, 50),
				 key.p);
	*part = value.n ? str_dup(value) : NULL;
	return 0;
}

static int set_query(struct remote_git *g, struct str key, struct str value, struct error *err)
{
	const struct {
		const char *key;
		char **part;
	} parts[] = {
		{ "ref", &g->ref },	  { "branch", &g->ref },    { "tag", &g->ref },
		{ "subdir", &g->subdir }, { "commit", &g->commit }, { "checksum", &g->commit },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (str_eq(key, parts[i].key))
			return set_part(parts[i].part, key, value, err);
	return error_set(
		err, ERR_INVALID,
		"\"%.*s\" is not known behind the ? of a repository: there are ref, branch, "
		"tag, subdir, commit and checksum",
		(int)MIN(key.n, 50), key.p);
}

/* Clean, and below the repository's top. */
static int settle_subdir(struct remote_git *g, struct error *err)
{
	autofree char *clean = g->subdir ? path_clean(g->subdir) : NULL;

	if (!clean)
		return 0;
	if (*clean == '/' || streq(clean, "..") || starts_with(clean, "../") || strchr(clean, '\\'))
		return error_set(err, ERR_INVALID, "\"%.200s\" is no directory in the repository",
				 g->subdir);
	free(g->subdir);
	g->subdir = TAKE_PTR(clean);
	return 0;
}

int remote_git_parse(const char *name, struct remote_git *ret, struct error *err)
{
	struct str rest, fragment, query, ref, subdir, pair, key, value;
	struct remote_git g = { 0 };
	int r;

	str_cut(str_of(name), '#', &rest, &fragment);
	str_cut(rest, '?', &rest, &query);
	g.url = starts_with(name, "github.com/") ? xprintf("https://%.*s", (int)rest.n, rest.p)
						 : str_dup(rest);
	str_cut(fragment, ':', &ref, &subdir);
	r = set_part(&g.ref, STR("ref"), ref, err);
	if (r == 0)
		r = set_part(&g.subdir, STR("subdir"), subdir, err);
	while (r == 0 && query.n) {
		str_cut(query, '&', &pair, &query);
		str_cut(pair, '=', &key, &value);
		r = set_query(&g, key, value, err);
	}
	if (r == 0)
		r = settle_subdir(&g, err);
	if (r < 0)
		remote_git_done(&g);
	else
		*ret = g;
	return r;
}

char *remote_shown(const char *url)
{
	const char *host = skip_prefix(url, "https://"), *at;

	if (!host)
		host = skip_prefix(url, "http://");
	at = host ? memrchr(host, '@', strcspn(host, "/?#")) : NULL;
	return at ? xprintf("%.*s%s", (int)(host - url), url, at + 1) : xstrdup(url);
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
