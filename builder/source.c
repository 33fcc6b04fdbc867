/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/source.h"

#include "util/path.h"

#include <strings.h>

static bool has_scheme(const char *s, const char *scheme)
{
	size_t n = strlen(scheme);

	return !strncasecmp(s, scheme, n) && !strncmp(s + n, "://", 3);
}

/* "user@host:path" */
static bool is_scp(const char *s)
{
	size_t user = 0, host = 0;

	while (char_is_alnum(s[user]) || (s[user] && strchr("-_", s[user])))
		user++;
	if (!user || s[user] != '@')
		return false;
	s += user + 1;
	while (char_is_alnum(s[host]) || (s[host] && strchr("-.", s[host])))
		host++;
	return host && s[host] == ':';
}

bool source_is_git(const char *text)
{
	autofree char *path = xstrndup(text, strcspn(text, "?#"));

	if (has_scheme(text, "git") || has_scheme(text, "ssh") || is_scp(text))
		return true;
	return (has_scheme(text, "http") || has_scheme(text, "https")) && ends_with(path, ".git");
}

bool source_is_http(const char *text)
{
	return (has_scheme(text, "http") || has_scheme(text, "https")) && !source_is_git(text);
}

char *source_shown(const char *text)
{
	const char *scheme = strstr(text, "://");
	const char *host = scheme ? scheme + 3 : text;
	size_t n = strcspn(host, "/?#");
	const char *at = scheme ? memrchr(host, '@', n) : NULL;

	return at ? xprintf("%.*s%s", (int)(host - text), text, at + 1) : xstrdup(text);
}

/* ---- text in URLs ---- */

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, char_lower(c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* %41 is A; what is no such escape stays, and so does a %00. */
static char *decode(struct str s)
{
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
		int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;

		if (low >= 0 && high * 16 + low) {
			buf_addc(&out, (char)(high * 16 + low));
			i += 2;
		} else {
			buf_addc(&out, s.p[i]);
		}
	}
	return buf_steal(&out);
}

char *source_url_name(const char *url)
{
	const char *p = strstr(url, "://") + 3;
	autofree char *path = decode((struct str){ p, strcspn(p, "?#") }), *base = NULL;
	const char *slash = strchr(path, '/');

	base = slash ? path_base(slash) : xstrdup("/");
	return streq(base, "/") || streq(base, ".") || streq(base, "..") ? xstrdup("__unnamed__")
									 : TAKE_PTR(base);
}

/* ---- git ---- */

void git_source_done(struct git_source *s)
{
	free(s->url);
	free(s->ref);
	free(s->subdir);
	free(s->checksum);
	*s = (struct git_source){ 0 };
}

/* The same thing may be said twice, another one not. */
static int set_text(char **slot, const char *key, const char *value, struct error *err)
{
	if (!*value)
		return error_set(err, ERR_INVALID, "%s= in the URL of a repository has no value",
				 key);
	if (*slot && !streq(*slot, value))
		return error_set(err, ERR_INVALID,
				 "the URL of a repository says %s twice: %s and %s", key, *slot,
				 value);
	free(*slot);
	*slot = xstrdup(value);
	return 0;
}

static int set_flag(bool *slot, const char *key, const char *value, struct error *err)
{
	static const char *const yes[] = { "", "1", "t", "T", "true", "True", "TRUE" };
	static const char *const no[] = { "0", "f", "F", "false", "False", "FALSE" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (streq(value, yes[i]))
			return (*slot = true), 0;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (streq(value, no[i]))
			return (*slot = false), 0;
	return error_set(err, ERR_INVALID, "%s=%s in the URL of a repository: it is true or false",
			 key, value);
}

static int set_name(char **ref, const char *key, const char *kind, const char *value,
		    struct error *err)
{
	autofree char *full = starts_with(value, kind) || !*value ? xstrdup(value)
								  : xprintf("%s%s", kind, value);

	return set_text(ref, key, full, err);
}

static int set_query(struct git_source *s, const char *key, const char *value, struct error *err)
{
	bool yes = true;
	int r;

	if (streq(key, "ref"))
		return set_text(&s->ref, key, value, err);
	if (streq(key, "branch"))
		return set_name(&s->ref, key, "refs/heads/", value, err);
	if (streq(key, "tag"))
		return set_name(&s->ref, key, "refs/tags/", value, err);
	if (streq(key, "subdir"))
		return set_text(&s->subdir, key, value, err);
	if (streq(key, "commit") || streq(key, "checksum"))
		return set_text(&s->checksum, key, value, err);
	if (streq(key, "keep-git-dir"))
		return set_flag(&s->keep_git, key, value, err);
	if (streq(key, "fetch-by-commit"))
		return set_flag(&s->by_commit, key, value, err);
	if (streq(key, "mtime")) /* times are the commit's, so that the same commit is the same */
		return streq(value, "commit") || streq(value, "checkout")
			       ? 0
			       : error_set(err, ERR_INVALID, "mtime=%s: it is checkout or commit",
					   value);
	if (!streq(key, "submodules"))
		return error_set(err, ERR_INVALID,
				 "%.100s is not known in the URL of a repository: there are ref, "
				 "branch, tag, commit, checksum, subdir, keep-git-dir, submodules, "
				 "mtime and fetch-by-commit",
				 key);
	r = set_flag(&yes, key, value, err);
	s->no_submodules = !yes;
	return r;
}

static int take_query(struct git_source *s, struct str query, struct error *err)
{
	autostrv seen = { 0 };
	int r = 0;

	while (!r && query.n) {
		struct str pair, key, value;
		autofree char *k = NULL, *v = NULL;

		str_cut(query, '&', &pair, &query);
		str_cut(pair, '=', &key, &value);
		k = decode(key);
		v = decode(value);
		if (strv_has(&seen, k))
			return error_set(err, ERR_INVALID,
					 "%s is given more than once in the URL of a repository",
					 k);
		strv_push(&seen, k);
		r = set_query(s, k, v, err);
	}
	return r;
}

static void take_fragment(struct git_source *s, struct str fragment)
{
	struct str ref, subdir;

	str_cut(fragment, ':', &ref, &subdir);
	if (ref.n)
		s->ref = decode(ref);
	if (subdir.n)
		s->subdir = decode(subdir);
}

static int check_commit(const struct git_source *s, struct error *err)
{
	size_t n = s->checksum ? strlen(s->checksum) : 0;

	if (s->checksum && (!n || strspn(s->checksum, "0123456789abcdef") != n))
		return error_set(err, ERR_INVALID,
				 "\"%s\" is no commit: it is hexadecimal digits in lower case",
				 s->checksum);
	if (s->by_commit && n != 40)
		return error_set(err, ERR_INVALID,
				 "fetch-by-commit needs commit= with all 40 digits");
	return 0;
}

int git_source_parse(const char *text, struct git_source *ret, struct error *err)
{
	struct git_source s = { 0 };
	struct str rest, fragment, query;
	int r;

	str_cut(str_of(text), '#', &rest, &fragment);
	str_cut(rest, '?', &rest, &query);
	s.url = str_dup(rest);
	take_fragment(&s, fragment);
	r = take_query(&s, query, err);
	if (!r && s.subdir) {
		autofree char *joined = xprintf("/%s", s.subdir), *clean = path_clean(joined);

		free(s.subdir);
		s.subdir = clean[1] ? xstrdup(clean + 1) : NULL;
	}
	if (!r)
		r = check_commit(&s, err);
	if (r < 0)
		git_source_done(&s);
	else
		*ret = s;
	return r;
}
