/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth.h"

#include "util/env.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_AUTH_FILE (4 << 20)
#define LIMIT_SECRET	(64 << 10)

/* The file while it is ours to change: others wait for the lock of its directory. */
struct auth_file {
	char *path;
	int lock;
	json_t *doc;
};

static void file_done(struct auth_file *f)
{
	json_decref(f->doc);
	fd_close(f->lock);
	free(f->path);
	*f = (struct auth_file){ .lock = -1 };
}
#define autofile __attribute__((cleanup(file_done))) struct auth_file

static int file_name(char **ret, struct error *err)
{
	const char *given = env_get("REGISTRY_AUTH_FILE"), *dir = env_get("DOCKER_CONFIG");
	const char *home = env_get("HOME");

	if (given)
		*ret = xstrdup(given);
	else if (dir)
		*ret = path_join(dir, "config.json");
	else if (home)
		*ret = path_join(home, ".docker/config.json");
	else
		return error_set(err, ERR_NOT_FOUND,
				 "HOME is not set: where credentials are kept is not known");
	return 0;
}

static int file_read(struct auth_file *f, struct error *err)
{
	autobuf b;
	int r = 0;

	buf_init(&b, LIMIT_AUTH_FILE);
	if (path_exists(f->path))
		r = io_read_file(AT_FDCWD, f->path, &b, err);
	if (r < 0)
		return error_wrap(err, "%s", f->path);
	if (!str_trim(buf_str(&b)).n)
		f->doc = json_object();
	else
		r = json_parse(b.p, b.len, f->path, &f->doc, err);
	if (b.p)
		explicit_bzero(b.p, b.len);
	if (r == 0 && !json_is_object(f->doc))
		r = error_set(err, ERR_INVALID, "%s: not a JSON object", f->path);
	return r;
}

static int file_open(struct auth_file *ret, struct error *err)
{
	autofile f = { .lock = -1 };
	autofree char *dir = NULL;
	char *real;
	int r = file_name(&f.path, err);

	if (r < 0)
		return r;
	real = realpath(f.path, NULL); /* a link stays one */
	if (real) {
		free(f.path);
		f.path = real;
	}
	dir = path_dir(f.path);
	r = path_mkdirs(AT_FDCWD, dir, 0700, err);
	if (r < 0)
		return r;
	f.lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f.lock < 0)
		return error_sys(err, "%s", dir);
	r = fd_lock(f.lock, true, true, err);
	if (r >= 0)
		r = file_read(&f, err);
	if (r < 0)
		return r;
	*ret = f;
	f = (struct auth_file){ .lock = -1 };
	return 0;
}

static int file_write(const struct auth_file *f, struct error *err)
{
	autobuf b;
	char *text = json_text_pretty(f->doc);
	int r;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, text);
	buf_addc(&b, '\n');
	secret_free(text);
	r = io_replace(AT_FDCWD, f->path, b.p, b.len, 0600, err);
	explicit_bzero(b.p, b.len);
	return r < 0 ? error_wrap(err, "%s", f->path) : 0;
}

/* -- the entries of "auths" -- */

static json_t *auths_of(json_t *doc)
{
	json_t *auths = json_object_get(doc, "auths");

	if (!json_is_object(auths)) {
		json_object_set_new(doc, "auths", json_object());
		auths = json_object_get(doc, "auths");
	}
	return auths;
}

/* All keys that mean this host. How many. */
static size_t drop_entries(json_t *doc, const char *host)
{
	json_t *auths = json_object_get(doc, "auths"), *value;
	size_t n = 0;
	const char *key;
	void *next;

	json_object_foreach_safe(auths, next, key, value)
	{
		autofree char *k = auth_key_host(key);

		if (!streq(k, host))
			continue;
		json_object_del(auths, key);
		n++;
	}
	return n;
}

static json_t *entry_of(const struct credential *c)
{
	char *text = xprintf("%s:%s", c->user, c->password);
	size_t n = strlen(text);
	char *packed = xalloc(1, n / 3 * 4 + 8);
	json_t *entry = json_object();

	EVP_EncodeBlock((unsigned char *)packed, (const unsigned char *)text, (int)n);
	json_object_set_new(entry, "auth", json_string(packed));
	secret_free(text);
	secret_free(packed);
	return entry;
}

/* -- with the helper, when there is one -- */

struct keep {
	struct task task;
	char *host, *helper;
	char **ret_where;
	struct credential c; /* empty: they are forgotten */
	struct task *child;
};

static void keep_free(struct task *t)
{
	struct keep *k = container_of(t, struct keep, task);

	credential_done(&k->c);
	free(k->helper);
	free(k->host);
	free(k);
}

static void keep_cancel(struct task *t)
{
	struct keep *k = container_of(t, struct keep, task);

	if (k->child)
		task_cancel(k->child);
}

static const struct task_ops keep_ops = { "credentials", keep_cancel, keep_free };

static int write_entry(struct keep *k, struct error *err)
{
	bool erase = credential_empty(&k->c);
	autofile f = { .lock = -1 };
	size_t dropped;
	int r = file_open(&f, err);

	if (r < 0)
		return r;
	dropped = drop_entries(f.doc, k->host);
	if (erase && !dropped)
		return 0;
	if (!erase)
		json_object_set_new(auths_of(f.doc), auth_server(k->host),
				    k->helper ? json_object() : entry_of(&k->c));
	r = file_write(&f, err);
	if (r == 0 && k->ret_where)
		*k->ret_where = k->helper ? xprintf("docker-credential-%s", k->helper)
					  : xstrdup(f.path);
	return r < 0 ? r : 1;
}

static void on_helper(struct task *t, int r, void *userdata)
{
	struct keep *k = userdata;
	struct error err = t->err;
	int written;

	k->child = task_unref(k->child);
	written = r < 0 ? 0 : write_entry(k, &err);
	task_end_with(&k->task, r < 0 ? r : written < 0 ? written : MAX(r, written), &err);
}

static int find_helper(struct keep *k, struct error *err)
{
	autofile f = { .lock = -1 };
	int r = file_open(&f, err);

	if (r == 0)
		k->helper = xstrdup0(auth_helper_name(f.doc, k->host, auth_server(k->host)));
	return r;
}

static int check(const struct credential *c, struct error *err)
{
	if (!*c->user || strchr(c->user, ':') || strlen(c->user) > LIMIT_SECRET)
		return error_set(err, ERR_INVALID, "the user name is empty, or has a ':' in it");
	if (!*c->password || strlen(c->password) > LIMIT_SECRET)
		return error_set(err, ERR_INVALID, "the password is empty, or too long");
	return 0;
}

static struct task *keep_start(struct keep *k)
{
	struct error err = ERROR_INIT;
	bool erase = credential_empty(&k->c);
	int r = erase ? 0 : check(&k->c, &err);

	if (r == 0)
		r = find_helper(k, &err);
	if (r == 0 && k->helper) {
		const char *server = auth_server(k->host);

		k->child = erase ? auth_helper_erase(k->task.loop, k->helper, server)
				 : auth_helper_store(k->task.loop, k->helper, server, &k->c);
		task_on_done(k->child, on_helper, k);
		return &k->task;
	}
	if (r == 0)
		r = write_entry(k, &err);
	task_end_with(&k->task, r, &err);
	return &k->task;
}

static struct keep *keep_new(sd_event *loop, const char *host)
{
	struct keep *k = xnew(struct keep);

	task_init(&k->task, &keep_ops, loop);
	k->host = xstrdup(host);
	return k;
}

struct task *auth_store(sd_event *loop, const char *host, const struct credential *c,
			char **ret_where)
{
	struct keep *k = keep_new(loop, host);

	k->c = (struct credential){ .user = xstrdup(c->user), .password = xstrdup(c->password) };
	k->ret_where = ret_where;
	return keep_start(k);
}

struct task *auth_erase(sd_event *loop, const char *host)
{
	return keep_start(keep_new(loop, host));
}
