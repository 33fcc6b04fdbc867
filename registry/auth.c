/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth.h"

#include "util/env.h"
#include "util/io.h"
#include "util/json.h"
#include "util/path.h"
#include "util/vec.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DOCKER_HUB	"docker.io"
#define DOCKER_HUB_KEY	"https://index.docker.io/v1/"
#define LIMIT_AUTH_FILE (4 << 20)

struct source {
	char *name; /* the file, or the variable */
	json_t *doc;
};

struct auth {
	VEC(struct source) sources;
};

void secret_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

bool credential_empty(const struct credential *c)
{
	return !c->user && !c->identity_token && !c->registry_token;
}

void credential_done(struct credential *c)
{
	free(c->user);
	secret_free(c->password);
	secret_free(c->identity_token);
	secret_free(c->registry_token);
	*c = (struct credential){ 0 };
}

/* -- reading -- */

static int add_text(struct auth *a, const char *name, const struct buf *b, struct error *err)
{
	json_t *doc;
	int r;

	if (!str_trim(buf_str(b)).n)
		return 0;
	r = json_parse(b->p, b->len, name, &doc, err);
	if (r < 0)
		return r;
	if (!json_is_object(doc)) {
		json_decref(doc);
		return error_set(err, ERR_INVALID, "%s: not a JSON object", name);
	}
	*vec_add(&a->sources) = (struct source){ .name = xstrdup(name), .doc = doc };
	return 0;
}

static int add_file(struct auth *a, const char *path, struct error *err)
{
	autobuf b;
	int r;

	buf_init(&b, LIMIT_AUTH_FILE);
	if (!path_exists(path))
		return 0;
	r = io_read_file(AT_FDCWD, path, &b, err);
	r = r < 0 ? error_wrap(err, "%s", path) : add_text(a, path, &b, err);
	explicit_bzero(b.p, b.len);
	return r;
}

static int add_env(struct auth *a, const char *name, struct error *err)
{
	const char *s = env_get(name);
	autobuf b;

	buf_init(&b, LIMIT_AUTH_FILE);
	if (!s)
		return 0;
	buf_adds(&b, s);
	return add_text(a, name, &b, err);
}

static int add_below(struct auth *a, const char *dir, const char *name, struct error *err)
{
	autofree char *path = NULL;

	if (!dir)
		return 0;
	path = path_join(dir, name);
	return add_file(a, path, err);
}

static int add_docker(struct auth *a, struct error *err)
{
	if (env_get("DOCKER_CONFIG"))
		return add_below(a, env_get("DOCKER_CONFIG"), "config.json", err);
	return add_below(a, env_get("HOME"), ".docker/config.json", err);
}

static int add_podman(struct auth *a, struct error *err)
{
	const char *config = env_get("XDG_CONFIG_HOME");
	autofree char *run = env_get("XDG_RUNTIME_DIR")
				     ? xstrdup(env_get("XDG_RUNTIME_DIR"))
				     : xprintf("/run/user/%u", (unsigned)getuid());
	autofree char *system = xprintf("/run/containers/%u/auth.json", (unsigned)getuid());
	int r;

	r = add_below(a, run, "containers/auth.json", err);
	if (r == 0)
		r = add_file(a, system, err);
	if (r == 0)
		r = config ? add_below(a, config, "containers/auth.json", err)
			   : add_below(a, env_get("HOME"), ".config/containers/auth.json", err);
	return r;
}

int auth_load(struct auth **ret, struct error *err)
{
	autocall(auth_freep) struct auth *a = xnew(struct auth);
	int r;

	r = add_env(a, "DOCKER_AUTH_CONFIG", err);
	if (r == 0 && env_get("REGISTRY_AUTH_FILE"))
		r = add_file(a, env_get("REGISTRY_AUTH_FILE"), err);
	if (r == 0)
		r = add_docker(a, err);
	if (r == 0)
		r = add_podman(a, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(a);
	return 0;
}

struct auth *auth_free(struct auth *a)
{
	if (!a)
		return NULL;
	vec_foreach (s, &a->sources) {
		free(s->name);
		json_decref(s->doc);
	}
	vec_done(&a->sources);
	free(a);
	return NULL;
}

/* -- one entry of auths -- */

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* NULL when it isn't base64. A secret. */
static char *base64_decode(const char *s)
{
	char *out = xnewn(char, strlen(s) + 4);
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	for (; *s && *s != '='; s++) {
		int d = base64_digit(*s);

		if (char_is_space(*s))
			continue;
		if (d < 0) {
			secret_free(out);
			return NULL;
		}
		bits = (bits << 6 | (unsigned)d) & 0xffffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (char)(bits >> n_bits & 0xff);
		}
	}
	return out;
}

static int entry_basic(const char *file, const char *auth, struct credential *ret,
		       struct error *err)
{
	char *text = base64_decode(auth), *colon;

	colon = text ? strchr(text, ':') : NULL;
	if (!colon) {
		secret_free(text);
		return error_set(err, ERR_INVALID,
				 "%s: an \"auth\" in it is not the base64 of USER:PASSWORD", file);
	}
	ret->user = xstrndup(text, (size_t)(colon - text));
	ret->password = xstrdup(colon + 1);
	secret_free(text);
	return 0;
}

/* 1 when it holds something. */
static int take_entry(const char *file, const json_t *j, struct credential *ret, struct error *err)
{
	const char *auth = json_str(j, "auth"), *identity = json_str(j, "identitytoken");
	const char *token = json_str(j, "registrytoken");
	int r;

	if (auth && *auth) {
		r = entry_basic(file, auth, ret, err);
		if (r < 0)
			return r;
	} else if (json_str(j, "username")) {
		ret->user = xstrdup(json_str(j, "username"));
		ret->password = xstrdup(json_str(j, "password") ? json_str(j, "password") : "");
	}
	if (identity && *identity)
		ret->identity_token = xstrdup(identity);
	if (token && *token)
		ret->registry_token = xstrdup(token);
	return !credential_empty(ret);
}

/* -- which entry -- */

static bool is_api_path(const char *s)
{
	return streq(s, "/") || streq(s, "/v1") || streq(s, "/v1/") || streq(s, "/v2") ||
	       streq(s, "/v2/");
}

/* "https://index.docker.io/v1/" -> "docker.io", "http://h:5000/v1/" -> "h:5000", "h:5000/ns" as it
 * is. */
char *auth_key_host(const char *key)
{
	const char *p = strstr(key, "://"), *s = p ? p + 3 : key;
	size_t host = strcspn(s, "/"), n = p || is_api_path(s + host) ? host : strlen(s);
	char *out;

	while (n && s[n - 1] == '/')
		n--;
	if ((host == strlen("index.docker.io") && !strncmp(s, "index.docker.io", host)) ||
	    (host == strlen("registry-1.docker.io") && !strncmp(s, "registry-1.docker.io", host)))
		return xprintf("%s%.*s", DOCKER_HUB, (int)(n - host), s + host);
	out = xstrndup(s, n);
	for (size_t i = 0; i < host && i < n; i++)
		out[i] = char_lower(out[i]);
	return out;
}

/* Of the keys that are name or a parent of it, the longest. */
static const json_t *find_entry(json_t *auths, const char *name)
{
	const json_t *best = NULL;
	size_t best_len = 0;
	const char *key;
	json_t *value;

	json_object_foreach (auths, key, value) {
		autofree char *k = auth_key_host(key);
		size_t n = strlen(k);

		if (n <= best_len || strncmp(name, k, n) || (name[n] && name[n] != '/'))
			continue;
		best = value;
		best_len = n;
	}
	return best;
}

/* -- the search through the sources, with helpers in between -- */

struct lookup {
	struct task task;
	struct auth *auth;
	char *host, *path;
	struct credential *ret;
	struct task *child;
	size_t at;	  /* source */
	bool helper_done; /* of this source */
};

static void lookup_free(struct task *t)
{
	struct lookup *l = container_of(t, struct lookup, task);

	free(l->host);
	free(l->path);
	free(l);
}

static void lookup_cancel(struct task *t)
{
	struct lookup *l = container_of(t, struct lookup, task);

	if (l->child)
		task_cancel(l->child);
}

static const struct task_ops lookup_ops = { "credentials", lookup_cancel, lookup_free };

const char *auth_server(const char *host)
{
	return streq(host, DOCKER_HUB) ? DOCKER_HUB_KEY : host;
}

const char *auth_helper_name(const json_t *doc, const char *host, const char *server)
{
	const json_t *helpers = json_object_get(doc, "credHelpers");
	const char *name = json_str(helpers, host);

	if (!name)
		name = json_str(helpers, server);
	if (!name)
		name = json_str(doc, "credsStore");
	return name && *name ? name : NULL;
}

static void lookup_step(struct lookup *l);

static void on_helper(struct task *t, int r, void *userdata)
{
	struct lookup *l = userdata;
	struct error err = t->err;

	l->child = task_unref(l->child);
	l->helper_done = true;
	if (r < 0)
		task_fail(&l->task, &err);
	else if (r > 0)
		task_end(&l->task, 1);
	else
		lookup_step(l);
}

static void lookup_step(struct lookup *l)
{
	const char *server = auth_server(l->host);
	autofree char *name = xprintf("%s/%s", l->host, l->path);
	struct error err = ERROR_INIT;
	int r;

	for (; l->at < l->auth->sources.n; l->at++, l->helper_done = false) {
		const struct source *s = &l->auth->sources.v[l->at];
		const char *helper = auth_helper_name(s->doc, l->host, server);
		const json_t *entry;

		if (helper && !l->helper_done) {
			l->child = auth_helper_get(l->task.loop, helper, server, l->ret);
			task_on_done(l->child, on_helper, l);
			return;
		}
		entry = find_entry(json_object_get(s->doc, "auths"), name);
		r = entry ? take_entry(s->name, entry, l->ret, &err) : 0;
		if (r < 0)
			return task_fail(&l->task, &err);
		if (r > 0)
			return task_end(&l->task, 1);
	}
	task_end(&l->task, 0);
}

struct task *auth_lookup(struct auth *a, sd_event *loop, const char *host, const char *path,
			 struct credential *ret)
{
	struct lookup *l = xnew(struct lookup);

	task_init(&l->task, &lookup_ops, loop);
	l->auth = a;
	l->host = xstrdup(host);
	l->path = xstrdup(path);
	l->ret = ret;
	lookup_step(l);
	return &l->task;
}
