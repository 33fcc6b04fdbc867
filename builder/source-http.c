/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a URL gives, into a file without a name. What the server said of it (ETag, Last-Modified) is
 * remembered with the digest, and said back the next time: the answer is then that nothing changed.
 */
#include "builder/source.h"

#include "registry/db.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* ---- what is remembered ---- */

struct known {
	char *etag, *modified;
	char digest[DIGEST_MAX];
};

static void known_done(struct known *k)
{
	free(k->etag);
	free(k->modified);
	*k = (struct known){ 0 };
}

int source_http_open(struct store *s, struct error *err)
{
	int r = db_exec(store_db(s),
			"CREATE TABLE IF NOT EXISTS build_urls ("
			" key TEXT PRIMARY KEY, etag TEXT, modified TEXT, digest TEXT NOT NULL,"
			" used INTEGER NOT NULL) STRICT, WITHOUT ROWID",
			err);

	return r < 0 ? r : store_gc_cache(s, "build_urls", "used", err);
}

/* What a URL holds may be secret. */
static void key_of(const char *url, char ret[DIGEST_MAX])
{
	hash_digest(url, strlen(url), ret);
}

static int recall(struct store *s, const char *url, struct known *ret, struct error *err)
{
	autostmt *st = NULL;
	char key[DIGEST_MAX];
	int r;

	key_of(url, key);
	r = db_query(store_db(s), &st, err,
		     "SELECT etag, modified, digest FROM build_urls WHERE key = ?", "s", key);
	if (!r)
		r = db_step(st, err);
	if (r <= 0 || !digest_valid(db_text(st, 2)))
		return MIN(r, 0);
	ret->etag = db_dup(st, 0);
	ret->modified = db_dup(st, 1);
	snprintf(ret->digest, sizeof(ret->digest), "%s", db_text(st, 2));
	return 0;
}

static int remember(struct store *s, const char *url, const struct http_response *resp,
		    const char *digest, struct error *err)
{
	const char *etag = http_header(resp, "ETag"),
		   *modified = http_header(resp, "Last-Modified");
	char key[DIGEST_MAX];

	key_of(url, key);
	if (!etag && !modified)
		return db_run(store_db(s), err, "DELETE FROM build_urls WHERE key = ?", "s", key);
	return db_run(store_db(s), err,
		      "INSERT OR REPLACE INTO build_urls (key, etag, modified, digest, used)"
		      " VALUES (?, ?, ?, ?, ?)",
		      "ssssi", key, etag, modified, digest, time_now());
}

/* ---- asking ---- */

struct fetch {
	struct task task;
	struct build *build;
	struct url_source *source;
	struct known known;
	struct strv headers;
	char *url; /* where it is now, after redirects */
	unsigned redirects;
	struct http_response resp;
	struct hash *hash;
	uint64_t bytes;
	int fd;
	struct task *part;
};

static void fetch_cancel(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	if (f->part)
		task_cancel(f->part);
}

static void fetch_free(struct task *t)
{
	struct fetch *f = container_of(t, struct fetch, task);

	task_unref(f->part);
	http_response_done(&f->resp);
	known_done(&f->known);
	strv_done(&f->headers);
	hash_free(f->hash);
	fd_close(f->fd);
	free(f->url);
	free(f);
}

static const struct task_ops fetch_ops = { "URL", fetch_cancel, fetch_free };

static int on_body(void *userdata, const void *p, size_t n, struct error *err)
{
	struct fetch *f = userdata;

	f->bytes += n;
	if (f->bytes > LIMIT_URL_BYTES)
		return error_set(err, ERR_LIMIT, "it is larger than %llu bytes", LIMIT_URL_BYTES);
	hash_update(f->hash, p, n);
	return io_write_all(f->fd, p, n, err);
}

static int open_body(struct fetch *f, struct error *err)
{
	const char *dir = store_dir(f->build->store);

	fd_close(f->fd);
	f->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return f->fd < 0 ? error_sys(err, "%s: make a file", dir) : 0;
}

/* "Sat, 03 Feb 2001 04:05:06 GMT" in ns. */
static int64_t last_modified(const struct http_response *resp)
{
	const char *text = http_header(resp, "Last-Modified");
	struct tm tm = { 0 };

	if (!text || !strptime(text, "%a, %d %b %Y %H:%M:%S", &tm))
		return INT64_MIN;
	return (int64_t)timegm(&tm) * NSEC_PER_SEC;
}

static int take(struct fetch *f, struct error *err)
{
	struct url_source *s = f->source;

	s->fd = -1;
	s->mtime = last_modified(&f->resp);
	if (f->resp.status == 304 && f->known.digest[0]) {
		memcpy(s->digest, f->known.digest, sizeof(s->digest));
		/* An answer of 304 need not say it again. */
		if (s->mtime == INT64_MIN && f->known.modified) {
			strv_pushf(&f->resp.headers, "Last-Modified: %s", f->known.modified);
			s->mtime = last_modified(&f->resp);
		}
		return 0;
	}
	if (f->resp.status != 200)
		return error_set(err, f->resp.status == 404 ? ERR_NOT_FOUND : ERR_NETWORK,
				 "the server answered %ld%s", f->resp.status,
				 f->resp.status == 404 ? ", not found" : "");
	hash_final(f->hash, s->digest);
	if (lseek(f->fd, 0, SEEK_SET) < 0)
		return error_sys(err, "read again");
	s->fd = TAKE_FD(f->fd);
	return remember(f->build->store, s->url, &f->resp, s->digest, err);
}

/* Where a Location leads from `url`; owned by the caller. */
static char *follow(const char *url, const char *to)
{
	size_t scheme = (size_t)(strstr(url, "://") - url);
	size_t host = scheme + 3 + strcspn(url + scheme + 3, "/?#");
	size_t path = host + strcspn(url + host, "?#");

	if (strstr(to, "://"))
		return xstrdup(to);
	if (starts_with(to, "//"))
		return xprintf("%.*s:%s", (int)scheme, url, to);
	if (to[0] == '/')
		return xprintf("%.*s%s", (int)host, url, to);
	while (path > host && url[path - 1] != '/')
		path--;
	return xprintf("%.*s%s%s", (int)path, url, path == host ? "/" : "", to);
}

/* 1: another place is asked. */
static int redirect(struct fetch *f, struct error *err)
{
	const char *to = http_header(&f->resp, "Location");
	autofree char *url = NULL;

	if (f->resp.status < 300 || f->resp.status > 399 || f->resp.status == 304 || !to)
		return 0;
	if (++f->redirects > LIMIT_URL_REDIRECTS)
		return error_set(err, ERR_LIMIT, "more than %d redirects", LIMIT_URL_REDIRECTS);
	url = follow(f->url, to);
	if (!starts_with(url, "http://") && !starts_with(url, "https://"))
		return error_set(err, ERR_INVALID, "it redirects to %.200s, which is not followed",
				 to);
	free(f->url);
	f->url = TAKE_PTR(url);
	return 1;
}

static void next(struct fetch *f);

static void answered(struct task *t, int r, void *userdata)
{
	struct fetch *f = userdata;
	autofree char *shown = source_shown(f->url);
	struct error err = t->err;

	f->part = task_unref(f->part);
	if (r >= 0 && f->task.cancelled)
		r = -ERR_CANCELLED;
	if (r >= 0)
		r = redirect(f, &err);
	if (r > 0) {
		next(f);
		return;
	}
	if (!r)
		r = take(f, &err);
	if (r < 0 && !strstr(err.msg, shown))
		error_wrap(&err, "%s", shown);
	task_end_with(&f->task, r, &err);
}

static int begin(struct fetch *f, struct error *err)
{
	struct build *b = f->build;
	int r = open_body(f, err);

	if (!r && !b->http)
		r = http_client_new(b->task.loop, &b->http, err);
	return r;
}

static void next(struct fetch *f)
{
	struct error err = ERROR_INIT;
	const struct http_request req = { .method = "GET",
					  .url = f->url,
					  .headers = &f->headers,
					  .on_body = on_body,
					  .userdata = f };

	if (begin(f, &err) < 0) {
		task_fail(&f->task, &err);
		return;
	}
	http_response_done(&f->resp);
	hash_free(f->hash);
	f->hash = hash_new(HASH_SHA256);
	f->bytes = 0;
	f->part = http_start(f->build->http, &req, &f->resp);
	task_on_done(f->part, answered, f);
}

struct task *source_http(struct build *b, struct url_source *s)
{
	struct fetch *f = xnew(struct fetch);
	struct error err = ERROR_INIT;

	task_init(&f->task, &fetch_ops, b->task.loop);
	f->build = b;
	f->source = s;
	f->fd = s->fd = -1;
	f->url = xstrndup(s->url, strcspn(s->url, "#"));
	if (!s->whole && recall(b->store, s->url, &f->known, &err) < 0) {
		task_fail(&f->task, &err);
		return &f->task;
	}
	if (f->known.etag)
		strv_pushf(&f->headers, "If-None-Match: %s", f->known.etag);
	else if (f->known.modified)
		strv_pushf(&f->headers, "If-Modified-Since: %s", f->known.modified);
	next(f);
	return &f->task;
}
