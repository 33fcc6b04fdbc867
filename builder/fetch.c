/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of URLs: fetched one after the other into files without a name, before anything is looked up.
 */
#include "builder/files.h"

#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_REDIRECTS 10

struct fetch {
	struct step *step;
	int (*then)(struct step *s, struct error *err);
	size_t i;  /* which URL */
	char *url; /* where it is now, after redirects */
	unsigned redirects;
	struct http_request req;
	struct http_response resp;
	struct hash *hash;
	int fd;
};

bool source_is_http(const char *text)
{
	return (starts_with(text, "http://") || starts_with(text, "https://")) &&
	       !source_is_git(text);
}

/* git@host:path, git://, ssh://, and http(s) URLs whose path ends in .git. */
bool source_is_git(const char *text)
{
	autofree char *path = xstrndup(text, strcspn(text, "?#"));

	if (starts_with(text, "git://") || starts_with(text, "git@") || starts_with(text, "ssh://"))
		return true;
	return (starts_with(text, "http://") || starts_with(text, "https://")) &&
	       ends_with(path, ".git");
}

int copy_extra_of(const char *name, const char *p, size_t n, mode_t mode, struct copy_extra *ret,
		  struct error *err)
{
	int r = fd_of_bytes("heredoc", p, n, &ret->fd, err);

	if (r < 0) {
		ret->fd = -1;
		return r;
	}
	ret->name = xstrdup(name);
	ret->mode = mode;
	ret->mtime = COPY_TIME_UNKNOWN;
	hash_digest(p, n, ret->digest);
	return 0;
}

/* The last part of the URL's path. */
static char *name_of(const char *url)
{
	const char *p = strstr(url, "://");
	autofree char *path = xstrndup(p + 3, strcspn(p + 3, "?#")), *base = NULL;
	const char *slash = strchr(path, '/');

	base = slash ? path_base(slash) : xstrdup("/");
	return streq(base, "/") || streq(base, ".") ? xstrdup("__unnamed__") : TAKE_PTR(base);
}

/* "Sat, 03 Feb 2001 04:05:06 GMT" in ns; a copy's earliest time when it says nothing. */
static int64_t last_modified(const struct http_response *resp)
{
	const char *text = http_header(resp, "Last-Modified");
	struct tm tm = { 0 };

	if (!text || !strptime(text, "%a, %d %b %Y %H:%M:%S", &tm))
		return COPY_TIME_UNKNOWN;
	return (int64_t)timegm(&tm) * NSEC_PER_SEC;
}

static int on_body(void *userdata, const void *p, size_t n, struct error *err)
{
	struct fetch *f = userdata;

	hash_update(f->hash, p, n);
	return io_write_all(f->fd, p, n, err);
}

static void fetch_free(struct fetch *f)
{
	http_response_done(&f->resp);
	hash_free(f->hash);
	fd_close(f->fd);
	free(f->url);
	free(f);
}

static void next(struct fetch *f);

static int keep(struct fetch *f, struct error *err)
{
	struct copy_job *j = f->step->copy;
	struct copy_extra *x;
	char digest[DIGEST_MAX];
	int r;

	if (f->resp.status != 200)
		return error_set(err, f->resp.status == 404 ? ERR_NOT_FOUND : ERR_NETWORK,
				 "%s: the server answered %ld%s", f->url, f->resp.status,
				 f->resp.status == 404 ? ", not found" : "");
	hash_final(f->hash, digest);
	if (j->checksum && *j->checksum && !streq(j->checksum, digest))
		return error_set(err, ERR_CORRUPT, "%s: its digest is %s, and --checksum says %s",
				 f->url, digest, j->checksum);
	r = lseek(f->fd, 0, SEEK_SET) < 0 ? error_sys(err, "%s", f->url) : 0;
	x = vec_add(&j->extras);
	x->name = name_of(j->urls.v[f->i]);
	x->fd = TAKE_FD(f->fd);
	x->mode = 0600;
	x->mtime = last_modified(&f->resp);
	memcpy(x->digest, digest, sizeof(x->digest));
	return r;
}

/* 1: another place is asked. */
static int redirect(struct fetch *f, struct error *err)
{
	const char *to = http_header(&f->resp, "Location");
	autofree char *url = NULL;
	size_t host;

	if (f->resp.status < 300 || f->resp.status > 399 || f->resp.status == 304 || !to)
		return 0;
	if (++f->redirects > LIMIT_REDIRECTS)
		return error_set(err, ERR_LIMIT, "%s: more than %d redirects", f->url,
				 LIMIT_REDIRECTS);
	host = (size_t)(strstr(f->url, "://") - f->url) + 3;
	host += strcspn(f->url + host, "/?#");
	if (strstr(to, "://"))
		url = xstrdup(to);
	else if (to[0] == '/')
		url = xprintf("%.*s%s", (int)host, f->url, to);
	else
		url = xprintf("%.*s/%s", (int)host, f->url, to);
	if (!starts_with(url, "http://") && !starts_with(url, "https://"))
		return error_set(err, ERR_INVALID, "%s: redirects to %s, which is not followed",
				 f->url, to);
	free(f->url);
	f->url = TAKE_PTR(url);
	return 1;
}

/* The step may be gone once it was told. */
static void ended(struct fetch *f, int r, struct error *err)
{
	struct step *s = f->step;
	struct build *b = s->run->build;
	const struct inst *in = s->in;
	int (*then)(struct step *, struct error *) = f->then;

	fetch_free(f);
	if (r >= 0 && !b->failed)
		r = then(s, err);
	if (r < 0) {
		inst_error_at(in, NULL, err);
		build_fail(b, err);
	}
	build_kick(b);
}

static void fetched(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	struct step *s = f->step;
	struct error err = t->err;

	s->task = task_unref(s->task);
	if (r >= 0)
		r = redirect(f, &err);
	if (!r) {
		r = keep(f, &err);
		f->redirects = 0;
		f->i++;
	}
	if (r < 0 || s->run->build->failed || f->i == s->copy->urls.n)
		ended(f, r, &err);
	else
		next(f);
}

static int open_body(struct fetch *f, struct error *err)
{
	const char *dir = store_dir(f->step->run->build->store);

	f->fd = fd_close(f->fd);
	f->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return f->fd < 0 ? error_sys(err, "%s: make a file", dir) : 0;
}

static void next(struct fetch *f)
{
	struct build *b = f->step->run->build;
	struct error err = ERROR_INIT;
	int r = open_body(f, &err);

	if (!r && !b->http)
		r = http_client_new(b->task.loop, &b->http, &err);
	if (r < 0) {
		f->step->task = task_resolved(b->task.loop, r, &err);
	} else {
		if (!f->url || !f->redirects) {
			free(f->url);
			f->url = xstrdup(f->step->copy->urls.v[f->i]);
		}
		http_response_done(&f->resp);
		hash_free(f->hash);
		f->hash = hash_new(HASH_SHA256);
		f->req = (struct http_request){
			.method = "GET", .url = f->url, .on_body = on_body, .userdata = f
		};
		f->step->task = http_start(b->http, &f->req, &f->resp);
	}
	task_on_done(f->step->task, fetched, f);
}

int fetch_start(struct step *s, int (*then)(struct step *s, struct error *err), struct error *err)
{
	struct fetch *f = xnew(struct fetch);

	f->step = s;
	f->then = then;
	f->fd = -1;
	s->run->state = STAGE_STEP;
	next(f);
	return 0;
}
