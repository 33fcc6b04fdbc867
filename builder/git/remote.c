/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/remote.h"

#include "util/str.h"

#include <stdio.h>

int git_fail(struct error *err, int code, const char *what)
{
	const git_error *e = git_error_last();
	enum err_code c = code == GIT_ENOTFOUND ? ERR_NOT_FOUND
			  : code == GIT_EAUTH	? ERR_AUTH
						: ERR_NETWORK;

	return error_set(err, c, "%s: %s", what, e && e->message ? e->message : "git failed");
}

/* The ssh agent for ssh; what the URL says for the rest. Asked again means that it was refused. */
static int credentials(git_credential **out, const char *url, const char *user, unsigned allowed,
		       void *payload)
{
	unsigned *tries = payload;

	if ((*tries)++ > 1)
		return GIT_EAUTH;
	if (allowed & GIT_CREDENTIAL_SSH_KEY)
		return git_credential_ssh_key_from_agent(out, user ? user : "git");
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(out, user ? user : "git");
	return GIT_EAUTH;
}

static int on_progress(const git_indexer_progress *p, void *payload)
{
	return p->received_bytes > LIMIT_GIT_BYTES ? GIT_EUSER : 0;
}

int remote_connect(git_remote *remote, struct error *err)
{
	git_remote_callbacks cb = GIT_REMOTE_CALLBACKS_INIT;
	git_proxy_options proxy = GIT_PROXY_OPTIONS_INIT;
	unsigned tries = 0;
	int r;

	cb.credentials = credentials;
	cb.payload = &tries;
	proxy.type = GIT_PROXY_AUTO;
	r = git_remote_connect(remote, GIT_DIRECTION_FETCH, &cb, &proxy, NULL);
	return r < 0 ? git_fail(err, r, "connect") : 0;
}

static bool is_commit(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return n == 40 && !s[n];
}

/* As git looks names up: itself, then a tag, then a branch. */
static const git_remote_head *find(const git_remote_head **heads, size_t n, const char *ref)
{
	static const char *const prefixes[] = { "", "refs/", "refs/tags/", "refs/heads/" };

	for (size_t p = 0; p < ARRAY_SIZE(prefixes); p++) {
		autofree char *name = xprintf("%s%s", prefixes[p], ref);

		for (size_t i = 0; i < n; i++)
			if (streq(heads[i]->name, name))
				return heads[i];
	}
	return NULL;
}

int remote_resolve(git_remote *remote, const struct git_job *job, char ret_commit[41],
		   char **ret_name, struct error *err)
{
	const char *ref = job->ref && *job->ref ? job->ref : "HEAD";
	const git_remote_head **heads, *h;
	size_t n;
	int r = git_remote_ls(&heads, &n, remote);

	if (r < 0)
		return git_fail(err, r, "list the branches and tags");
	h = find(heads, n, ref);
	if (h) {
		git_oid_tostr(ret_commit, 41, &h->oid);
		*ret_name = xstrdup(h->name);
		return 0;
	}
	if (!is_commit(ref))
		return error_set(err, ERR_NOT_FOUND, "there is no branch, tag or commit %s", ref);
	snprintf(ret_commit, 41, "%s", ref);
	*ret_name = NULL;
	return 0;
}

int remote_fetch(git_remote *remote, const char *name, struct error *err)
{
	git_fetch_options opt = GIT_FETCH_OPTIONS_INIT;
	char heads[] = "+refs/heads/*:refs/remotes/x/*", tags[] = "+refs/tags/*:refs/tags/*";
	char *specs[] = { heads, tags };
	git_strarray all = { specs, ARRAY_SIZE(specs) };
	autofree char *one = name ? xprintf("+%s:refs/compose/want", name) : NULL;
	git_strarray single = { &one, 1 };
	unsigned tries = 0;
	int r;

	opt.callbacks.credentials = credentials;
	opt.callbacks.transfer_progress = on_progress;
	opt.callbacks.payload = &tries;
	opt.proxy_opts.type = GIT_PROXY_AUTO;
	opt.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	opt.update_fetchhead = 0;
	r = git_remote_fetch(remote, name ? &single : &all, &opt, NULL);
	if (r == GIT_EUSER)
		return error_set(err, ERR_LIMIT, "the repository sends more than %llu bytes",
				 LIMIT_GIT_BYTES);
	return r < 0 ? git_fail(err, r, "fetch") : 0;
}
