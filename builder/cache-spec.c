/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache-spec.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum value { VALUE_TEXT, VALUE_MODE, VALUE_FLAG, VALUE_COMPRESSION, VALUE_ALWAYS_TRUE };
#define IN_FROM	  1u
#define IN_TO	  2u
#define REGISTRY_ (1u << CACHE_REGISTRY)
#define LOCAL_	  (1u << CACHE_LOCAL)
#define INLINE_	  (1u << CACHE_INLINE)

static const struct option {
	const char *name;
	unsigned where, kinds;
	enum value value;
	size_t at;
} options[] = {
	{ "ref", IN_FROM | IN_TO, REGISTRY_, VALUE_TEXT, offsetof(struct cache_spec, ref) },
	{ "src", IN_FROM, LOCAL_, VALUE_TEXT, offsetof(struct cache_spec, dir) },
	{ "dest", IN_TO, LOCAL_, VALUE_TEXT, offsetof(struct cache_spec, dir) },
	{ "tag", IN_FROM | IN_TO, LOCAL_, VALUE_TEXT, offsetof(struct cache_spec, tag) },
	{ "digest", IN_FROM, LOCAL_, VALUE_TEXT, offsetof(struct cache_spec, digest) },
	{ "mode", IN_TO, REGISTRY_ | LOCAL_ | INLINE_, VALUE_MODE,
	  offsetof(struct cache_spec, max) },
	{ "ignore-error", IN_TO, REGISTRY_ | LOCAL_, VALUE_FLAG,
	  offsetof(struct cache_spec, ignore_error) },
	{ "compression", IN_TO, REGISTRY_ | LOCAL_, VALUE_COMPRESSION,
	  offsetof(struct cache_spec, compression) },
	{ "oci-mediatypes", IN_TO, REGISTRY_ | LOCAL_, VALUE_ALWAYS_TRUE, 0 },
	{ "image-manifest", IN_TO, REGISTRY_ | LOCAL_, VALUE_ALWAYS_TRUE, 0 },
};

static const char *const kinds[] = { "registry", "local", "inline" };
static const char *const not_done[] = { "gha", "s3", "azblob" };

void cache_spec_done(struct cache_spec *s)
{
	free(s->ref);
	free(s->dir);
	free(s->tag);
	free(s->digest);
	*s = (struct cache_spec){ 0 };
}

static int take_kind(const char *name, struct cache_spec *s, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (streq(name, kinds[i])) {
			s->kind = (enum cache_kind)i;
			return 0;
		}
	for (size_t i = 0; i < ARRAY_SIZE(not_done); i++)
		if (streq(name, not_done[i]))
			return error_set(err, ERR_UNSUPPORTED,
					 "type=%s is not done yet: a cache can be kept in a "
					 "registry, a directory (local) or the image (inline)",
					 name);
	return error_set(err, ERR_INVALID, "type=%s: it is registry, local or inline", name);
}

static int take_flag(const char *name, const char *value, bool *ret, struct error *err)
{
	if (!streq(value, "true") && !streq(value, "false"))
		return error_set(err, ERR_INVALID, "%s=%s: it is true or false", name, value);
	*ret = streq(value, "true");
	return 0;
}

static int take_compression(const char *value, enum layer_compression *ret, struct error *err)
{
	static const char *const names[] = {
		[LAYER_GZIP] = "gzip", [LAYER_ZSTD] = "zstd", [LAYER_PLAIN] = "uncompressed"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(value, names[i])) {
			*ret = (enum layer_compression)i;
			return 0;
		}
	return error_set(err, ERR_UNSUPPORTED,
			 "compression=%s is not done: gzip, zstd or uncompressed", value);
}

static int take_value(const struct option *o, const char *value, struct cache_spec *s,
		      struct error *err)
{
	void *to = (char *)s + o->at;
	bool flag = false;
	int r;

	switch (o->value) {
	case VALUE_TEXT:
		free(*(char **)to);
		*(char **)to = xstrdup(value);
		return 0;
	case VALUE_MODE:
		if (!streq(value, "min") && !streq(value, "max"))
			return error_set(err, ERR_INVALID, "mode=%s: it is min or max", value);
		*(bool *)to = streq(value, "max");
		return 0;
	case VALUE_FLAG:
		return take_flag(o->name, value, to, err);
	case VALUE_COMPRESSION:
		return take_compression(value, to, err);
	case VALUE_ALWAYS_TRUE:
		r = take_flag(o->name, value, &flag, err);
		return r < 0 || flag ? r
				     : error_set(err, ERR_UNSUPPORTED,
						 "%s=false is not done: a cache is written as an "
						 "OCI image manifest",
						 o->name);
	}
	return 0;
}

static int take_option(const char *name, const char *value, bool to, struct cache_spec *s,
		       struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];

		if (streq(name, o->name) && (o->where & (to ? IN_TO : IN_FROM)) &&
		    (o->kinds & (1u << s->kind)))
			return take_value(o, value, s, err);
	}
	return error_set(err, ERR_UNSUPPORTED, "type=%s: the option %s is not done", kinds[s->kind],
			 name);
}

static int check(const struct cache_spec *s, bool to, struct error *err)
{
	if (s->kind == CACHE_REGISTRY && !s->ref)
		return error_set(err, ERR_INVALID, "type=registry needs ref=IMAGE");
	if (s->kind == CACHE_LOCAL && !s->dir)
		return error_set(err, ERR_INVALID, "type=local needs %s=DIRECTORY",
				 to ? "dest" : "src");
	if (s->kind == CACHE_INLINE && !to)
		return error_set(err, ERR_INVALID,
				 "type=inline is for cache_to: read it with the image's reference");
	return 0;
}

static int parse_fields(const struct strv *fields, bool to, struct cache_spec *s, struct error *err)
{
	int r = 0;

	strv_foreach (f, fields)
		if (r == 0 && skip_prefix(f, "type="))
			r = take_kind(skip_prefix(f, "type="), s, err);
	strv_foreach (f, fields) {
		const char *eq = strchr(f, '=');
		autofree char *name = xstrndup(f, eq ? (size_t)(eq - f) : strlen(f));

		if (r == 0 && !eq)
			r = error_set(err, ERR_INVALID, "\"%s\" is not NAME=VALUE", f);
		if (r == 0 && !streq(name, "type"))
			r = take_option(name, eq + 1, to, s, err);
	}
	return r;
}

int cache_spec_parse(const char *text, bool to, struct cache_spec *ret, struct error *err)
{
	struct cache_spec s = { 0 };
	autostrv fields = { 0 };
	int r = 0;

	if (strchr(text, '=')) {
		strv_split(&fields, str_of(text), ',');
		r = parse_fields(&fields, to, &s, err);
	} else {
		s.ref = xstrdup(text);
	}
	if (r == 0)
		r = check(&s, to, err);
	if (r < 0) {
		cache_spec_done(&s);
		return error_wrap(err, "%s: %s", to ? "cache_to" : "cache_from", text);
	}
	*ret = s;
	return 0;
}
