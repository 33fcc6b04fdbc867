/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/remote.h"

#include "builder/git/origin.h"
#include "util/str.h"

#if __has_include(<git2/sys/errors.h>) /* where libgit2 has git_error_clear() since 1.8 */
#include <git2/sys/errors.h>
#endif
#include <openssl/evp.h>

#include <stdio.h>

int git_fail(struct error *err, int code, const char *what)
{
	const git_error *e = git_error_last();
	enum err_code c = code == GIT_ENOTFOUND ? ERR_NOT_FOUND
			  : code == GIT_EAUTH	? ERR_AUTH
						: ERR_NETWORK;

	if (code == GIT_EAUTH)
		return error_set(
			err, c,
			"%s: it asks who this is: give the build a secret GIT_AUTH_TOKEN or "
			"GIT_AUTH_HEADER, or for ssh an agent",
			what);
	return error_set(err, c, "%s: %s", what, e && e->message ? e->message : "git failed");
}

void remote_want_done(struct remote_want *w)
{
	free(w->name);
	*w = (struct remote_want){ 0 };
}

/* ---- access ---- */

/* The ssh agent for ssh; what is in the URL libgit2 takes itself. Asked again means that it was
 * refused. */
static int credentials(git_credential **out, const char *url, const char *user, unsigned allowed,
		       void *payload)
{
	struct remote *r = payload;

	if (r->tries++ > 1)
		return GIT_EAUTH;
	if (allowed & GIT_CREDENTIAL_SSH_KEY)
		return git_credential_ssh_key_from_agent(out, user ? user : "git");
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(out, user ? user : "git");
	return GIT_EAUTH;
}

static int on_progress(const git_indexer_progress *p, void *payload)
{
	struct remote *r = payload;

	r->too_much = r->access->received + p->received_bytes > LIMIT_GIT_BYTES;
	return r->too_much ? GIT_EUSER : 0;
}

static char *base64(const char *text)
{
	size_t n = strlen(text);
	char *ret = xalloc((n + 2) / 3 * 4 + 1, 1);

	EVP_EncodeBlock((unsigned char *)ret, (const unsigned char *)text, (int)n);
	return ret;
}

static char *header_for(const struct git_job *job, const char *url)
{
	autofree char *pair = NULL, *packed = NULL;

	if ((!job->header && !job->token) || !origin_is_same(job->url, url))
		return NULL;
	if (job->header)
		return xprintf("Authorization: %s", job->header);
	pair = xprintf("x-access-token:%s", job->token);
	packed = base64(pair);
	return xprintf("Authorization: basic %s", packed);
}

int remote_open(struct remote_access *access, git_repository *repo, const char *url,
		struct remote *ret, struct error *err)
{
	bool local = access->job->local && streq(url, access->job->url);
	int r = local ? 0 : origin_check(url, err);

	if (r < 0)
		return r;
	*ret = (struct remote){ .access = access, .url = xstrdup(url) };
	ret->header = header_for(access->job, url);
	r = repo ? git_remote_create_anonymous(&ret->git, repo, url)
		 : git_remote_create_detached(&ret->git, url);
	return r < 0 ? git_fail(err, r, "remote") : 0;
}

void remote_close(struct remote *r)
{
	git_remote_free(r->git);
	free(r->url);
	free(r->header);
	*r = (struct remote){ 0 };
}

static void set_callbacks(struct remote *r, git_remote_callbacks *cb)
{
	cb->credentials = credentials;
	cb->transfer_progress = on_progress;
	cb->payload = r;
	r->tries = 0;
}

static git_remote_redirect_t redirects(const struct remote *r)
{
	return r->header ? GIT_REMOTE_REDIRECT_NONE : GIT_REMOTE_REDIRECT_INITIAL;
}

static git_strarray headers(struct remote *r)
{
	return (git_strarray){ .strings = &r->header, .count = r->header ? 1 : 0 };
}

static int connect_to(struct remote *r, struct error *err)
{
	git_remote_connect_options opt = GIT_REMOTE_CONNECT_OPTIONS_INIT;
	int x;

	set_callbacks(r, &opt.callbacks);
	opt.proxy_opts.type = GIT_PROXY_AUTO;
	opt.follow_redirects = redirects(r);
	opt.custom_headers = headers(r);
	git_error_clear();
	x = git_remote_connect_ext(r->git, GIT_DIRECTION_FETCH, &opt);
	return x < 0 ? git_fail(err, x, "connect") : 0;
}

/* ---- which commit ---- */

static bool is_commit(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return n == GIT_OID_HEXSZ && !s[n];
}

static const git_remote_head *find_name(const git_remote_head **heads, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(heads[i]->name, name))
			return heads[i];
	return NULL;
}

/* A full name first; of short ones a branch is meant before a tag. */
static const git_remote_head *find_head(const git_remote_head **heads, size_t n, const char *ref)
{
	static const char *const prefixes[] = { "", "refs/", "refs/heads/", "refs/tags/" };

	for (size_t p = 0; p < ARRAY_SIZE(prefixes); p++) {
		autofree char *name = xprintf("%s%s", prefixes[p], ref);
		const git_remote_head *h = find_name(heads, n, name);

		if (h)
			return h;
	}
	return NULL;
}

static void take_head(const git_remote_head **heads, size_t n, const git_remote_head *h,
		      struct remote_want *ret)
{
	autofree char *peeled = xprintf("%s^{}", h->name);
	const git_remote_head *target = find_name(heads, n, peeled);

	git_oid_tostr(ret->object, sizeof(ret->object), &h->oid);
	git_oid_tostr(ret->commit, sizeof(ret->commit), target ? &target->oid : &h->oid);
	ret->name = xstrdup(h->symref_target && find_name(heads, n, h->symref_target)
				    ? h->symref_target
				    : h->name);
}

int remote_resolve(struct remote *r, const char *ref, struct remote_want *ret, struct error *err)
{
	const git_remote_head **heads, *h;
	size_t n;
	int x;

	*ret = (struct remote_want){ 0 };
	if (ref && is_commit(ref)) {
		snprintf(ret->commit, sizeof(ret->commit), "%s", ref);
		snprintf(ret->object, sizeof(ret->object), "%s", ref);
		return 0;
	}
	x = connect_to(r, err);
	if (x < 0)
		return x;
	x = git_remote_ls(&heads, &n, r->git);
	if (x < 0)
		return git_fail(err, x, "list the branches and tags");
	h = find_head(heads, n, ref && *ref ? ref : "HEAD");
	if (!h)
		return error_set(err, ERR_NOT_FOUND, "there is no branch, tag or commit %s",
				 ref && *ref ? ref : "HEAD");
	take_head(heads, n, h, ret);
	return 0;
}

/* ---- objects ---- */

static int fetch(struct remote *r, char **specs, size_t n, bool history)
{
	git_fetch_options opt = GIT_FETCH_OPTIONS_INIT;
	const git_strarray all = { specs, n };
	const git_indexer_progress *p;
	int x;

	set_callbacks(r, &opt.callbacks);
	opt.proxy_opts.type = GIT_PROXY_AUTO;
	opt.follow_redirects = redirects(r);
	opt.custom_headers = headers(r);
	opt.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	opt.update_fetchhead = 0;
	/* libgit2 takes all of a directory, or nothing. */
	if (!history && !starts_with(r->url, "file://"))
		remote_no_history(&opt);
	git_error_clear();
	x = git_remote_fetch(r->git, &all, &opt, NULL);
	p = git_remote_stats(r->git);
	r->access->received += p ? p->received_bytes : 0;
	return x;
}

static bool has_object(struct remote *r, const char *hex)
{
	git_object *o = NULL;
	git_oid oid;
	bool has = !git_oid_fromstr(&oid, hex) &&
		   !git_object_lookup(&o, git_remote_owner(r->git), &oid, GIT_OBJECT_ANY);

	git_object_free(o);
	return has;
}

/* A commit alone, where the remote gives such; else everything that has a name. */
static int fetch_commit(struct remote *r, const char *commit)
{
	char heads[] = "+refs/heads/*:refs/remotes/origin/*", tags[] = "+refs/tags/*:refs/tags/*";
	char *all[] = { heads, tags };
	char *one = (char *)(uintptr_t)commit;
	int x = fetch(r, &one, 1, false);

	if (r->too_much || (x >= 0 && has_object(r, commit)))
		return x;
	return fetch(r, all, ARRAY_SIZE(all), true);
}

int remote_fetch(struct remote *r, const struct remote_want *want, struct error *err)
{
	autofree char *spec = want->name ? xprintf("+%s:%s", want->name, want->name) : NULL;
	int x = spec ? fetch(r, &spec, 1, false) : fetch_commit(r, want->commit);

	if (r->too_much)
		return error_set(err, ERR_LIMIT, "the repository sends more than %llu bytes",
				 LIMIT_GIT_BYTES);
	if (x < 0)
		return git_fail(err, x, "fetch");
	if (!has_object(r, want->object))
		return error_set(err, ERR_NOT_FOUND, "there is no commit %s", want->object);
	return 0;
}
