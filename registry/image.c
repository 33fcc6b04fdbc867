/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/image.h"

#include "util/error.h"

#define DOC(T, kind, member, name) JSON_FIELD(T, kind, member, name, 0)

static const struct json_field platform_fields[] = {
	DOC(struct platform_json, JSON_STR, architecture, "architecture"),
	DOC(struct platform_json, JSON_STR, os, "os"),
	DOC(struct platform_json, JSON_STR, variant, "variant"),
	{ 0 },
};

static const struct json_field descriptor_fields[] = {
	DOC(struct descriptor, JSON_STR, media_type, "mediaType"),
	JSON_FIELD(struct descriptor, JSON_STR, digest, "digest", JSON_REQUIRED),
	JSON_FIELD(struct descriptor, JSON_U64, size, "size", JSON_KEEP),
	DOC(struct descriptor, JSON_STRV, urls, "urls"),
	DOC(struct descriptor, JSON_STRMAP, annotations, "annotations"),
	DOC(struct descriptor, JSON_STR, artifact_type, "artifactType"),
	JSON_SUB(struct descriptor, JSON_STRUCT_P, platform, "platform", 0, platform_fields,
		 struct platform_json),
	{ 0 },
};

static const struct json_field index_fields[] = {
	JSON_FIELD(struct manifest, JSON_I64, schema_version, "schemaVersion", JSON_KEEP),
	DOC(struct manifest, JSON_STR, media_type, "mediaType"),
	DOC(struct manifest, JSON_STR, artifact_type, "artifactType"),
	JSON_SUB(struct manifest, JSON_LIST, manifests, "manifests", JSON_KEEP, descriptor_fields,
		 struct descriptor),
	JSON_SUB(struct manifest, JSON_STRUCT_P, subject, "subject", 0, descriptor_fields,
		 struct descriptor),
	DOC(struct manifest, JSON_STRMAP, annotations, "annotations"),
	{ 0 },
};

static const struct json_field manifest_fields[] = {
	JSON_FIELD(struct manifest, JSON_I64, schema_version, "schemaVersion", JSON_KEEP),
	DOC(struct manifest, JSON_STR, media_type, "mediaType"),
	DOC(struct manifest, JSON_STR, artifact_type, "artifactType"),
	JSON_SUB(struct manifest, JSON_STRUCT, config, "config", JSON_REQUIRED, descriptor_fields,
		 struct descriptor),
	JSON_SUB(struct manifest, JSON_LIST, layers, "layers", JSON_KEEP, descriptor_fields,
		 struct descriptor),
	JSON_SUB(struct manifest, JSON_STRUCT_P, subject, "subject", 0, descriptor_fields,
		 struct descriptor),
	DOC(struct manifest, JSON_STRMAP, annotations, "annotations"),
	{ 0 },
};

/* The manifest's own mediaType, else the Content-Type without its parameters, else what its members
 * say. */
static const char *media_of(const json_t *j, const char *content_type, char out[128])
{
	const char *own = json_str(j, "mediaType");
	if (own && *own)
		return own;
	struct str head, tail;
	if (content_type) {
		str_cut(str_of(content_type), ';', &head, &tail);
		head = str_trim(head);
		snprintf(out, 128, "%.*s", (int)MIN(head.n, 127), head.p);
		if (strstr(out, "manifest") || strstr(out, "index"))
			return out;
	}
	return json_object_get(j, "manifests") ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
}

static bool media_is_index(const char *media)
{
	return media && (streq(media, MEDIA_OCI_INDEX) || streq(media, MEDIA_DOCKER_LIST));
}

bool manifest_is_index(const struct manifest *m)
{
	return media_is_index(m->media_type);
}

static int check_descriptors(const struct descriptor *d, size_t n, const char *what,
			     struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!digest_valid(d[i].digest))
			return error_set(err, ERR_INVALID, "%s %zu: \"%.80s\" is not a digest",
					 what, i + 1, d[i].digest ? d[i].digest : "");
		if (d[i].size > INT64_MAX)
			return error_set(err, ERR_INVALID, "%s %zu: impossible size", what, i + 1);
	}
	return 0;
}

static int manifest_check(const struct manifest *m, struct error *err)
{
	int r = 0;
	if (m->schema_version != 2)
		return error_set(
			err, ERR_UNSUPPORTED,
			"manifest of schema version %lld: only version 2 is supported, push the "
			"image again with a current tool",
			(long long)m->schema_version);
	if (m->layers.n > LIMIT_LAYERS || m->manifests.n > LIMIT_LAYERS)
		return error_set(err, ERR_LIMIT, "manifest with more than %d members",
				 LIMIT_LAYERS);
	if (!manifest_is_index(m))
		r = check_descriptors(&m->config, 1, "config", err);
	if (r == 0)
		r = check_descriptors(m->layers.v, m->layers.n, "layer", err);
	if (r == 0)
		r = check_descriptors(m->manifests.v, m->manifests.n, "manifest", err);
	if (r == 0 && m->subject)
		r = check_descriptors(m->subject, 1, "subject", err);
	return r;
}

static int manifest_decode(const json_t *j, const char *media, struct manifest *ret,
			   struct error *err)
{
	struct manifest m = { 0 };
	/* CVE-2021-41190: a document must not be a manifest to one reader and an index to another.
	 */
	if (json_object_get(j, "manifests") && json_object_get(j, "layers"))
		return error_set(err, ERR_INVALID, "a manifest that is also an index");
	int r = json_decode(j, media_is_index(media) ? index_fields : manifest_fields, &m, err);
	if (r < 0)
		return r;
	free(m.media_type);
	m.media_type = xstrdup(media);
	r = manifest_check(&m, err);
	if (r < 0) {
		manifest_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

int manifest_parse(const char *p, size_t n, const char *content_type, struct manifest *ret,
		   struct error *err)
{
	autojson *j = NULL;
	char buf[128];
	if (n > LIMIT_MANIFEST)
		return error_set(err, ERR_LIMIT, "manifest of more than %d bytes", LIMIT_MANIFEST);
	int r = json_parse(p, n, "manifest", &j, err);
	if (r < 0)
		return r;
	if (!json_is_object(j))
		return error_set(err, ERR_INVALID, "manifest: not an object");
	/* Schema 1 names itself only by its version: better said so than as a missing config. */
	if (json_i64(j, "schemaVersion", 2) != 2)
		return manifest_check(
			&(struct manifest){ .schema_version = json_i64(j, "schemaVersion", 0) },
			err);
	return manifest_decode(j, media_of(j, content_type, buf), ret, err);
}

char *manifest_text(const struct manifest *m)
{
	autojson *j = json_encode(manifest_is_index(m) ? index_fields : manifest_fields, m);
	return json_text(j);
}

void manifest_done(struct manifest *m)
{
	json_free_fields(manifest_fields, m);
	json_free_fields(index_fields, m);
}

void descriptor_done(struct descriptor *d)
{
	json_free_fields(descriptor_fields, d);
}

bool descriptor_is_foreign(const struct descriptor *d)
{
	return d->urls.n && d->media_type &&
	       (strstr(d->media_type, ".foreign.") || strstr(d->media_type, ".nondistributable."));
}

void descriptor_copy(struct descriptor *to, const struct descriptor *from)
{
	struct descriptor d = {
		.media_type = xstrdup0(from->media_type),
		.digest = xstrdup0(from->digest),
		.size = from->size,
		.artifact_type = xstrdup0(from->artifact_type),
	};
	strv_copy(&d.urls, &from->urls);
	strmap_copy(&d.annotations, &from->annotations);
	if (from->platform) {
		d.platform = xnew(struct platform_json);
		d.platform->os = xstrdup0(from->platform->os);
		d.platform->architecture = xstrdup0(from->platform->architecture);
		d.platform->variant = xstrdup0(from->platform->variant);
	}
	descriptor_done(to);
	*to = d;
}
