/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/hosts.h"
#include "registry/hosts-private.h"

#include "registry/toml.h"
#include "registry/url.h"
#include "util/env.h"
#include "util/io.h"
#include "util/json.h"
#include "util/path.h"

#include <dirent.h>
#include <fcntl.h>

#define LIMIT_CONFIG_FILE (1 << 20)
#define LIMIT_DROP_INS	  256

const char *hosts_home(void)
{
	return env_get("HOME");
}

char *hosts_etc(const char *path)
{
	const char *root = env_get("COMPOSE_TEST_ETC");

	return path_join(root ? root : "/etc", path);
}

struct hosts *hosts_free(struct hosts *h)
{
	if (!h)
		return NULL;
	strv_done(&h->mirrors);
	strv_done(&h->insecure);
	vec_foreach (reg, &h->registries)
		vec_done(&reg->mirrors);
	vec_done(&h->registries);
	vec_foreach (a, &h->aliases)
		image_ref_done(&a->to);
	vec_done(&h->aliases);
	strv_done(&h->search);
	vec_foreach (doc, &h->docs)
		json_decref(*doc);
	vec_done(&h->docs);
	strv_done(&h->files);
	free(h);
	return NULL;
}

/* 1 read, 0 not there. */
static int read_file(const char *path, struct buf *b, struct error *err)
{
	int r;

	if (!path_exists(path))
		return 0;
	r = io_read_file(AT_FDCWD, path, b, err);
	return r < 0 ? error_wrap(err, "%s", path) : 1;
}

/* -- daemon.json -- */

static int take_list(const json_t *doc, const char *key, const char *file, struct strv *to,
		     struct error *err)
{
	const json_t *list = json_object_get(doc, key), *item;
	size_t i;

	if (list && !json_is_array(list))
		return error_set(err, ERR_INVALID, "%s: %s must be a list", file, key);
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			return error_set(err, ERR_INVALID, "%s: %s must hold strings", file, key);
		strv_push(to, json_string_value(item));
	}
	return 0;
}

static int check_mirrors(const struct strv *mirrors, const char *file, struct error *err)
{
	strv_foreach (s, mirrors) {
		autourl u = { 0 };

		if (url_parse(s, &u, NULL) < 0)
			return error_set(
				err, ERR_INVALID,
				"%s: registry-mirrors: \"%.200s\" is not a http or https URL", file,
				s);
	}
	return 0;
}

static int load_daemon(struct hosts *h, const char *file, struct error *err)
{
	autojson *doc = NULL;
	autobuf b;
	int r;

	buf_init(&b, LIMIT_CONFIG_FILE);
	r = read_file(file, &b, err);
	if (r <= 0 || !str_trim(buf_str(&b)).n)
		return r;
	r = json_parse(b.p, b.len, file, &doc, err);
	if (r < 0)
		return r;
	r = take_list(doc, "registry-mirrors", file, &h->mirrors, err);
	if (r == 0)
		r = take_list(doc, "insecure-registries", file, &h->insecure, err);
	return r < 0 ? r : check_mirrors(&h->mirrors, file, err);
}

/* -- registries.conf -- */

static const char *text(const json_t *j, const char *key)
{
	const char *s = json_str(j, key);

	return s ? s : "";
}

static bool location_valid(const char *s)
{
	return !strstr(s, "://") && !strpbrk(s, " \t@?#\\") && s[0] != '/';
}

static void take_mirrors(struct registry_rule *rule, const json_t *list)
{
	const json_t *m;
	size_t i;

	json_array_foreach (list, i, m) {
		if (!*text(m, "location"))
			continue;
		*vec_add(
			&rule->mirrors) = (struct location){ .location = text(m, "location"),
							     .pull = text(m, "pull-from-mirror"),
							     .insecure = json_flag(m, "insecure") };
	}
}

static int take_rule(struct hosts *h, const json_t *j, const char *file, struct error *err)
{
	struct registry_rule rule = {
		.prefix = text(j, "prefix"),
		.file = file,
		.self = { text(j, "location"), "", json_flag(j, "insecure") },
		.blocked = json_flag(j, "blocked"),
		.digest_only = json_flag(j, "mirror-by-digest-only"),
	};

	if (!*rule.prefix)
		rule.prefix = rule.self.location;
	if (!*rule.prefix)
		return error_set(err, ERR_INVALID,
				 "%s: a [[registry]] has neither prefix nor location", file);
	take_mirrors(&rule, json_object_get(j, "mirror"));
	vec_foreach (m, &rule.mirrors)
		if (!location_valid(m->location)) {
			error_set(err, ERR_INVALID,
				  "%s: mirror location \"%.200s\" is not HOST[:PORT][/PATH]", file,
				  m->location);
			vec_done(&rule.mirrors);
			return -ERR_INVALID;
		}
	if (!location_valid(rule.self.location)) {
		vec_done(&rule.mirrors);
		return error_set(err, ERR_INVALID,
				 "%s: location \"%.200s\" is not HOST[:PORT][/PATH]", file,
				 rule.self.location);
	}
	*vec_add(&h->registries) = rule;
	return 0;
}

/* A drop-in's rule replaces one of the same prefix. */
static void drop_rule(struct hosts *h, const char *prefix, size_t n_before)
{
	for (size_t i = 0; i < n_before && i < h->registries.n; i++)
		if (streq(h->registries.v[i].prefix, prefix)) {
			vec_done(&h->registries.v[i].mirrors);
			vec_remove(&h->registries, i);
			return;
		}
}

/* NAME = "HOST/PATH", or "" to take one back. */
static int take_aliases(struct hosts *h, const json_t *doc, const char *file, struct error *err)
{
	json_t *table = json_object_get(doc, "aliases"), *value;
	const char *name;

	json_object_foreach (table, name, value) {
		const char *to = json_is_string(value) ? json_string_value(value) : "/";
		struct alias a = { .name = name };
		int r = *to ? image_ref_parse(to, &a.to, NULL) : 0;
		bool whole = r == 0 && a.to.domain && !a.to.is_short && !a.to.digest &&
			     !strchr(strrchr(to, '/'), ':');

		if (*to && !whole) {
			image_ref_done(&a.to);
			return error_set(err, ERR_INVALID,
					 "%s: the alias \"%.100s\" is not for HOST[:PORT]/PATH",
					 file, name);
		}
		if (!*to)
			a.to.domain = xstrdup("");
		*vec_add(&h->aliases) = a;
	}
	return 0;
}

static int take_search(struct hosts *h, const json_t *doc, const char *file, struct error *err)
{
	static const char key[] = "unqualified-search-registries";
	int r;

	if (!json_object_get(doc, key))
		return 0;
	strv_done(&h->search); /* a later file's list stands alone */
	r = take_list(doc, key, file, &h->search, err);
	strv_foreach (s, &h->search)
		if (r == 0 && (!*s || !location_valid(s)))
			r = error_set(err, ERR_INVALID, "%s: %s: \"%.200s\" is not HOST[:PORT]",
				      file, key, s);
	return r;
}

static int take_rules(struct hosts *h, const json_t *doc, const char *file, struct error *err)
{
	const json_t *list = json_object_get(doc, "registry"), *rule;
	size_t i;
	int r = 0;

	if (list && !json_is_array(list))
		return error_set(err, ERR_INVALID, "%s: [registry] must be [[registry]]", file);
	json_array_foreach (list, i, rule) {
		const char *prefix = text(rule, *text(rule, "prefix") ? "prefix" : "location");

		drop_rule(h, prefix, h->registries.n);
		if (r == 0)
			r = take_rule(h, rule, file, err);
	}
	return r;
}

/* 1 when it was there. */
static int load_registries(struct hosts *h, const char *path, struct error *err)
{
	const char *file;
	json_t *doc;
	autobuf b;
	int r;

	buf_init(&b, LIMIT_TOML);
	r = read_file(path, &b, err);
	if (r <= 0)
		return r;
	r = toml_parse(b.p, b.len, path, &doc, err);
	if (r < 0)
		return r;
	*vec_add(&h->docs) = doc;
	strv_push(&h->files, path);
	file = h->files.v[h->files.n - 1];
	r = take_rules(h, doc, file, err);
	if (r == 0)
		r = take_search(h, doc, file, err);
	if (r == 0)
		r = take_aliases(h, doc, file, err);
	return r < 0 ? r : 1;
}

static int drop_ins(const char *dir, struct strv *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return 0;
	while (ret->n < LIMIT_DROP_INS && (e = readdir(d)))
		if (ends_with(e->d_name, ".conf"))
			strv_take(ret, path_join(dir, e->d_name));
	closedir(d);
	strv_sort(ret);
	return 0;
}

/* file and file.d/. 1 when the file itself was there. */
static int load_conf(struct hosts *h, const char *file, struct error *err)
{
	autofree char *dir = xprintf("%s.d", file);
	autostrv more = { 0 };
	int r, there;

	there = load_registries(h, file, err);
	if (there < 0)
		return there;
	drop_ins(dir, &more);
	strv_foreach (f, &more) {
		r = load_registries(h, f, err);
		if (r < 0)
			return r;
	}
	return there;
}

/* What podman has asked its user about short names. */
static int load_answers(struct hosts *h, struct error *err)
{
	const char *cache = env_get("XDG_CACHE_HOME"), *home = hosts_home();
	autofree char *dir = cache ? xstrdup(cache) : home ? path_join(home, ".cache") : NULL;
	autofree char *file = dir ? path_join(dir, "containers/short-name-aliases.conf") : NULL;

	return file ? MIN(load_registries(h, file, err), 0) : 0;
}

static int load_all_registries(struct hosts *h, struct error *err)
{
	const char *given = env_get("CONTAINERS_REGISTRIES_CONF");
	autofree char *system = hosts_etc("containers/registries.conf");
	int r = 0;

	if (given)
		return load_conf(h, given, err);
	if (hosts_home()) {
		autofree char *own = path_join(hosts_home(), ".config/containers/registries.conf");

		r = load_conf(h, own, err);
	}
	return r != 0 ? r : load_conf(h, system, err);
}

int hosts_load(struct hosts **ret, struct error *err)
{
	autocall(hosts_freep) struct hosts *h = xnew(struct hosts);
	autofree char *system = hosts_etc("docker/daemon.json");
	int r;

	r = load_daemon(h, system, err);
	if (r >= 0 && hosts_home()) {
		autofree char *own = path_join(hosts_home(), ".config/docker/daemon.json");

		r = load_daemon(h, own, err);
	}
	if (r >= 0)
		r = load_all_registries(h, err);
	if (r >= 0)
		r = load_answers(h, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(h);
	return 0;
}
