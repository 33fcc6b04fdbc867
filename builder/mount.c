/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount=type=...,target=...: its keys, and which of them go together. */
#include "builder/expand.h"
#include "builder/instruction.h"

#include "util/num.h"

static const char *const types[] = { "bind", "cache", "tmpfs", "secret", "ssh", NULL };
static const char *const sharings[] = { "shared", "private", "locked", NULL };

enum key {
	KEY_TYPE,
	KEY_FROM,
	KEY_SOURCE,
	KEY_TARGET,
	KEY_READ_ONLY,
	KEY_READ_WRITE,
	KEY_ID,
	KEY_SHARING,
	KEY_REQUIRED,
	KEY_SIZE,
	KEY_MODE,
	KEY_UID,
	KEY_GID,
	KEY_ENV,
};
static const struct key_info {
	const char *name;
	enum key key;
	bool bare; /* may stand without a value */
} keys[] = {
	{ "type", KEY_TYPE, false },
	{ "from", KEY_FROM, false },
	{ "source", KEY_SOURCE, false },
	{ "src", KEY_SOURCE, false },
	{ "target", KEY_TARGET, false },
	{ "dst", KEY_TARGET, false },
	{ "destination", KEY_TARGET, false },
	{ "readonly", KEY_READ_ONLY, true },
	{ "ro", KEY_READ_ONLY, true },
	{ "readwrite", KEY_READ_WRITE, true },
	{ "rw", KEY_READ_WRITE, true },
	{ "id", KEY_ID, false },
	{ "sharing", KEY_SHARING, false },
	{ "required", KEY_REQUIRED, true },
	{ "size", KEY_SIZE, false },
	{ "mode", KEY_MODE, false },
	{ "uid", KEY_UID, false },
	{ "gid", KEY_GID, false },
	{ "env", KEY_ENV, false },
};

struct parser {
	struct run_mount m;
	bool access_given;
	struct error *err;
};

static int fail(struct parser *p, const char *fmt, ...) printf_like(2, 3);
static int fail(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(p->err, ERR_INVALID, fmt, ap);
	va_end(ap);
	return -ERR_INVALID;
}

static int one_of(const char *const *names, const char *value)
{
	for (int i = 0; names[i]; i++)
		if (!strcasecmp(names[i], value))
			return i;
	return -1;
}

static int boolean(struct parser *p, const char *key, const char *value, bool *ret)
{
	static const char *const yes[] = { "1", "t", "true", NULL };
	static const char *const no[] = { "0", "f", "false", NULL };

	if (one_of(yes, value) >= 0)
		*ret = true;
	else if (one_of(no, value) >= 0)
		*ret = false;
	else
		return fail(p, "%s takes true or false, not \"%s\"", key, value);
	return 0;
}

static int number(struct parser *p, const char *key, const char *value, int64_t *ret)
{
	uint64_t n;

	if (num_parse_u64(str_of(value), UINT32_MAX, &n) < 0)
		return fail(p, "%s=%s is no number", key, value);
	*ret = (int64_t)n;
	return 0;
}

static int octal(struct parser *p, const char *value, int64_t *ret)
{
	int64_t n = 0;

	for (const char *c = value; *c; c++) {
		if (*c < '0' || *c > '7' || n > 07777)
			return fail(p, "mode=%s is no octal number", value);
		n = n * 8 + (*c - '0');
	}
	*ret = n;
	return 0;
}

static int choice(struct parser *p, const char *key, const char *value, const char *const *names)
{
	int i = one_of(names, value);
	const char *near = i < 0 ? nearest_name(value, names) : NULL;

	if (i >= 0)
		return i;
	return fail(p, "%s=%s is not known%s%s%s", key, value, near ? " (did you mean " : "",
		    near ? near : "", near ? "?)" : "");
}

static void text(char **slot, const char *value)
{
	free(*slot);
	*slot = xstrdup(value);
}

static int set_typed(struct parser *p, enum key key, const char *name, const char *value)
{
	enum run_mount_type t = p->m.type;
	int64_t size;

	if (key == KEY_REQUIRED && t != RUN_MOUNT_SECRET && t != RUN_MOUNT_SSH)
		return fail(p, "required is for secret and ssh mounts, not for %s", types[t]);
	if (key == KEY_REQUIRED)
		return boolean(p, name, value, &p->m.required);
	if (t != RUN_MOUNT_TMPFS)
		return fail(p, "size is for tmpfs mounts, not for %s", types[t]);
	if (num_parse_size(value, &size, p->err) < 0)
		return -ERR_INVALID;
	p->m.size = size > 0 ? (uint64_t)size : 0;
	return 0;
}

static int set_access(struct parser *p, enum key key, const char *name, const char *value)
{
	bool on = false;

	if (boolean(p, name, value, &on) < 0)
		return -ERR_INVALID;
	p->m.read_only = (key == KEY_READ_ONLY) == on;
	p->access_given = true;
	return 0;
}

static int set(struct parser *p, enum key key, const char *name, const char *value)
{
	int r;

	switch (key) {
	case KEY_TYPE:
		r = choice(p, "type", value, types);
		p->m.type = r < 0 ? 0 : (enum run_mount_type)r;
		return r < 0 ? r : 0;
	case KEY_SHARING:
		r = choice(p, "sharing", value, sharings);
		p->m.sharing = r < 0 ? 0 : (enum run_mount_sharing)r;
		return r < 0 ? r : 0;
	case KEY_FROM:
		return text(&p->m.from, value), 0;
	case KEY_SOURCE:
		return text(&p->m.source, value), 0;
	case KEY_TARGET:
		return text(&p->m.target, value), 0;
	case KEY_ID:
		return text(&p->m.id, value), 0;
	case KEY_ENV:
		return text(&p->m.env, value), 0;
	case KEY_READ_ONLY:
	case KEY_READ_WRITE:
		return set_access(p, key, name, value);
	case KEY_REQUIRED:
	case KEY_SIZE:
		return set_typed(p, key, name, value);
	case KEY_MODE:
		return octal(p, value, &p->m.mode);
	case KEY_UID:
		return number(p, name, value, &p->m.uid);
	case KEY_GID:
		return number(p, name, value, &p->m.gid);
	}
	return 0;
}

static const struct key_info *find_key(struct parser *p, const char *name, const char *field)
{
	const char *names[ARRAY_SIZE(keys) + 1] = { 0 }, *near;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		names[i] = keys[i].name;
		if (!strcasecmp(keys[i].name, name))
			return &keys[i];
	}
	near = nearest_name(name, names);
	fail(p, "--mount has no key %s (in \"%s\")%s%s%s", name, field,
	     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

static int field(struct parser *p, const char *text_, char escape, const struct map *env)
{
	const char *eq = strchr(text_, '=');
	autofree char *name = eq ? xstrndup(text_, (size_t)(eq - text_)) : xstrdup(text_);
	autofree char *value = NULL;
	const struct key_info *k = find_key(p, name, text_);

	if (!k)
		return -ERR_INVALID;
	if (!eq && !k->bare)
		return fail(p, "--mount: %s needs a value: %s=...", name, name);
	if (!env) {
		if (k->key == KEY_FROM && eq && strchr(eq, '$') && !ends_with(eq, "$"))
			return fail(p,
				    "from=%s: variables are not expanded here; make a stage, "
				    "FROM %s AS name, and take from=name",
				    eq + 1, eq + 1);
		if (k->key != KEY_FROM)
			return 0;
		return set(p, k->key, name, eq + 1);
	}
	if (eq && expand_word(eq + 1, escape, 0, env, NULL, &value, p->err) < 0)
		return -ERR_INVALID;
	return set(p, k->key, name, eq ? value : "true");
}

/* Fields of one CSV record: separated by commas, "quoted" where they hold some. */
static int split_csv(struct parser *p, const char *s, struct strv *ret)
{
	autobuf f = { 0 };
	bool quoted = false;

	buf_init(&f, BUF_MAX_ANY);
	for (;; s++) {
		if (!*s && quoted)
			return fail(p, "--mount: a double quote is not closed");
		if (!*s || (*s == ',' && !quoted)) {
			strv_push(ret, f.p);
			buf_reset(&f);
			if (!*s)
				return 0;
		} else if (*s == '"' && (quoted || !f.len)) {
			if (quoted && s[1] == '"')
				buf_addc(&f, *s++);
			else
				quoted = !quoted;
		} else {
			buf_addc(&f, *s);
		}
	}
}

static int check_secret(struct parser *p)
{
	const struct run_mount *m = &p->m;

	if (m->from)
		return fail(p, "a secret mount has no from");
	if (!m->source && !m->target && !m->id)
		return fail(p, "a secret mount needs an id");
	if (m->source && m->id)
		return fail(p, "a secret mount has an id or a source, not both");
	return 0;
}

static int check(struct parser *p)
{
	struct run_mount *m = &p->m;
	bool owned = m->type == RUN_MOUNT_SECRET || m->type == RUN_MOUNT_SSH ||
		     m->type == RUN_MOUNT_CACHE;

	if (!owned && (m->mode >= 0 || m->uid >= 0 || m->gid >= 0))
		return fail(p, "mode, uid and gid are not for %s mounts", types[m->type]);
	if (m->sharing != RUN_MOUNT_SHARED && m->type != RUN_MOUNT_CACHE)
		return fail(p, "sharing is for cache mounts, not for %s", types[m->type]);
	if (!p->access_given)
		m->read_only = m->type != RUN_MOUNT_CACHE && m->type != RUN_MOUNT_TMPFS;
	if (m->type == RUN_MOUNT_SECRET)
		return check_secret(p);
	if (!m->target && m->type != RUN_MOUNT_SSH)
		return fail(p, "a %s mount needs a target", types[m->type]);
	return 0;
}

int run_mount_parse(const char *text_, char escape, const struct map *env, struct run_mount *ret,
		    struct error *err)
{
	struct parser p = { .m = { .mode = -1, .uid = -1, .gid = -1 }, .err = err };
	autostrv fields = { 0 };
	int r = split_csv(&p, text_, &fields);

	for (size_t i = 0; !r && i < fields.n; i++)
		r = field(&p, fields.v[i], escape, env);
	if (!r && env)
		r = check(&p);
	if (r < 0)
		run_mount_done(&p.m);
	else
		*ret = p.m;
	return r;
}

void run_mount_done(struct run_mount *m)
{
	free(m->from);
	free(m->source);
	free(m->target);
	free(m->id);
	free(m->env);
	*m = (struct run_mount){ 0 };
}
