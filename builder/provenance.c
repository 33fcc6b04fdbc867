/* SPDX-License-Identifier: Apache-2.0 */
/* SLSA provenance v1, with BuildKit's meaning of its parameters. mode=min says nothing of the
 * values of arguments nor the names of secrets. Times and a number of the invocation are left out.
 */
#include "builder/attest.h"

#include "util/base64.h"

#include <stdlib.h>
#include <string.h>

#define BUILD_TYPE \
	"https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"

static json_t *arguments(const struct build_options *o)
{
	json_t *args = json_object();

	map_foreach (a, &o->args) {
		autofree char *key = xprintf("build-arg:%s", a->key);

		json_object_set_new(args, key, json_string(a->value ? a->value : ""));
	}
	map_foreach (l, &o->labels) {
		autofree char *key = xprintf("label:%s", l->key);

		json_object_set_new(args, key, json_string(l->value ? l->value : ""));
	}
	if (o->target && *o->target)
		json_object_set_new(args, "target", json_string(o->target));
	return args;
}

static json_t *request(const struct attest_options *o, const struct build_options *opt)
{
	json_t *j = json_pack("{s:s, s:[{s:s}, {s:s}]}", "frontend", "dockerfile.v0", "locals",
			      "name", "context", "name", "dockerfile");
	json_t *secrets = json_array(), *ssh = json_array();

	if (o->max) {
		vec_foreach (s, &opt->secrets)
			json_array_append_new(secrets, json_pack("{s:s}", "id", s->id));
		map_foreach (s, &opt->ssh)
			json_array_append_new(ssh, json_pack("{s:s}", "id", s->key));
		json_object_set_new(j, "args", arguments(opt));
		json_object_set(j, "secrets", secrets);
		json_object_set(j, "ssh", ssh);
	}
	json_decref(secrets);
	json_decref(ssh);
	return j;
}

/* The images that it was made from. */
static json_t *materials(const struct build *b)
{
	json_t *list = json_array();

	vec_foreach (base, &b->bases) {
		const struct image *im = &(*base)->image;
		const char *digest = im->index_digest ? im->index_digest : im->manifest_digest;
		autofree char *uri = NULL;
		struct platform p = b->platform;

		if (!(*base)->done)
			continue;
		if ((*base)->platform)
			(void)platform_parse((*base)->platform, &p, NULL);
		uri = purl_of_image((*base)->ref, &p);
		/* One that was only built here has the digest of its config. */
		json_array_append_new(list,
				      json_pack("{s:s, s:{s:s}}", "uri", uri, "digest", "sha256",
						digest_hex(digest ? digest : im->id)));
	}
	return list;
}

static json_t *source_of(const struct build *b)
{
	autobuf text = { 0 };
	autofree char *data = NULL;

	buf_init(&text, BUF_MAX_ANY);
	vec_foreach (l, &b->graph.df.lines) {
		buf_addf(&text, "%s\n", l->text);
		vec_foreach (h, &l->heredocs)
			buf_addf(&text, "%s%s\n", h->content, h->name);
	}
	data = base64_encode(text.p, text.len);
	return json_pack("{s:[{s:s, s:s, s:s}]}", "infos", "filename",
			 b->opt->dockerfile && !b->opt->dockerfile_inline ? b->opt->dockerfile
									  : "Dockerfile",
			 "language", "Dockerfile", "data", data);
}

static json_t *metadata(const struct attest_options *o, const struct build *b)
{
	json_t *kit = json_object();

	if (o->max)
		json_object_set_new(kit, "source", source_of(b));
	return json_pack("{s:o, s:{s:b, s:b}, s:b}", "buildkit_metadata", kit,
			 "buildkit_completeness", "request", (int)o->max, "resolvedDependencies", 0,
			 "buildkit_reproducible", (int)o->reproducible);
}

json_t *provenance_predicate(const struct attest_options *o, const struct member *m)
{
	const struct build *b = m->build;
	struct platform native;
	char builder[100];
	const char *file = b->opt->dockerfile && !b->opt->dockerfile_inline ? b->opt->dockerfile
									    : "Dockerfile";

	platform_native(&native);
	native.variant[0] = 0;
	return json_pack("{s:{s:s, s:{s:{s:s}, s:o}, s:{s:s}, s:o}, s:{s:{s:s}, s:o}}",
			 "buildDefinition", "buildType", BUILD_TYPE, "externalParameters",
			 "configSource", "path", file, "request", request(o, b->opt),
			 "internalParameters", "builderPlatform", platform_text(&native, builder),
			 "resolvedDependencies", materials(b), "runDetails", "builder", "id",
			 o->builder_id ? o->builder_id : "", "metadata", metadata(o, b));
}
