/* SPDX-License-Identifier: Apache-2.0 */
/* The short form of volumes: [SOURCE:]TARGET[:OPTIONS]. */
#include "compose/pass.h"

#include "util/path.h"

struct volume_spec {
	const char *source, *target; /* NULL: not given */
	const char *type;
	bool read_only, nocopy, bind;
	const char *propagation, *selinux;
	bool typed; /* type is known from the source, with its options */
};

/* "C" before a colon is a Windows drive, whatever letter it is. */
static bool is_drive(struct str part)
{
	if (part.n == 1)
		return char_is_alpha(part.p[0]);
	return part.n > 1 && part.n <= 4 && (part.p[0] & 0x80) && (part.p[1] & 0xc0) == 0x80 &&
	       (part.n < 3 || (part.p[2] & 0xc0) == 0x80) &&
	       (part.n < 4 || (part.p[3] & 0xc0) == 0x80);
}

static bool is_file_path(const char *s)
{
	const char *colon = strchr(s, ':');

	if (*s == '.' || *s == '/' || *s == '~' || (s[0] == '\\' && s[1] == '\\'))
		return true;
	return colon && is_drive((struct str){ s, (size_t)(colon - s) });
}

static void add_option(struct volume_spec *v, struct pass *ps, struct str option)
{
	static const char *const propagations[] = { "rprivate", "private", "rshared",
						    "shared",	"rslave",  "slave" };

	if (str_eq(option, "ro"))
		v->read_only = true;
	else if (str_eq(option, "rw"))
		v->read_only = false;
	else if (str_eq(option, "nocopy"))
		v->nocopy = true;
	else if (str_eq(option, "z") || str_eq(option, "Z"))
		v->selinux = arena_strndup(ps->arena, option.p, option.n);
	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++)
		if (str_eq(option, propagations[i]))
			v->propagation = propagations[i];
}

/* One part between colons. NULL, or what is wrong. */
static const char *add_part(struct volume_spec *v, struct pass *ps, struct str part, bool last)
{
	struct str option;

	if (!part.n)
		return "empty section between colons";
	if (!v->source && !last) {
		v->source = arena_strndup(ps->arena, part.p, part.n);
		return NULL;
	}
	if (!v->target) {
		v->target = arena_strndup(ps->arena, part.p, part.n);
		return NULL;
	}
	if (!last)
		return "too many colons";
	while (part.n) {
		str_cut(part, ',', &option, &part);
		add_option(v, ps, option);
	}
	return NULL;
}

/* Colons within ${...} (without interpolation) and after a drive letter are part of the text. */
static const char *parse(struct volume_spec *v, struct pass *ps, const char *spec)
{
	const char *wrong = NULL;
	struct str part = { spec, 0 };
	unsigned depth = 0;

	for (const char *p = spec; !wrong; p++, part.n++) {
		if (p[0] == '$' && p[1] == '{')
			depth++;
		else if (*p == '}' && depth)
			depth--;
		if (*p && !(*p == ':' && !depth && !is_drive(part)))
			continue;
		wrong = add_part(v, ps, part, !*p);
		if (!*p)
			break;
		part = (struct str){ p + 1, (size_t)-1 };
	}
	return wrong;
}

static int parse_volume(struct pass *ps, const char *spec, struct volume_spec *v,
			const char **ret_wrong)
{
	*v = (struct volume_spec){ .type = "volume" };
	*ret_wrong = NULL;
	if (!*spec) {
		*ret_wrong = "invalid empty volume spec";
		return -ERR_INVALID;
	}
	if (strlen(spec) <= 2) {
		v->target = spec;
		return 0;
	}
	*ret_wrong = parse(v, ps, spec);
	if (*ret_wrong)
		return -ERR_INVALID;
	v->typed = true;
	if (v->source && is_file_path(v->source))
		v->type = "bind";
	return 0;
}

const char *volume_spec_target(struct pass *ps, const char *spec)
{
	struct volume_spec v;
	const char *wrong;

	return parse_volume(ps, spec, &v, &wrong) < 0 ? NULL : v.target;
}

static struct node *bind_options(struct pass *ps, const struct node *at,
				 const struct volume_spec *v)
{
	struct node *bind = map_like(ps, at);

	if (v->selinux)
		map_put_string(ps, bind, "selinux", v->selinux);
	if (v->propagation)
		map_put_string(ps, bind, "propagation", v->propagation);
	if (streq(v->type, "bind"))
		map_put_bool(ps, bind, "create_host_path", true);
	return bind;
}

static struct node *volume_options(struct pass *ps, const struct node *at,
				   const struct volume_spec *v)
{
	struct node *options = map_like(ps, at);

	if (v->nocopy)
		map_put_bool(ps, options, "nocopy", true);
	return options;
}

static struct node *long_volume(struct pass *ps, const struct node *at, const struct volume_spec *v)
{
	struct node *map = map_like(ps, at);
	autofree char *target = path_clean(v->target);
	bool bind = streq(v->type, "bind");

	map_put_string(ps, map, "type", v->type);
	if (v->source)
		map_put_string(ps, map, "source", v->source);
	map_put_string(ps, map, "target", target);
	if (v->read_only)
		map_put_bool(ps, map, "read_only", true);
	if (bind || v->selinux || v->propagation)
		map_put(ps, map, "bind", bind_options(ps, at, v));
	if (v->nocopy || (v->typed && !bind))
		map_put(ps, map, "volume", volume_options(ps, at, v));
	return map;
}

SHORTEN(volume)
{
	struct volume_spec v;
	const char *wrong;

	if (!is_string(n))
		return n;
	if (parse_volume(ps, n->s, &v, &wrong) == 0)
		return long_volume(ps, n, &v);
	if (!ps->opt->no_interpolate)
		pass_error(ps, n, path, *n->s ? "invalid spec: %s: %s" : "%s%s", n->s, wrong);
	return n;
}
