/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/attest.h"

#include "registry/ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEDIA_STATEMENT	     "application/vnd.in-toto+json"
#define STATEMENT_TYPE	     "https://in-toto.io/Statement/v0.1"
#define PREDICATE_PROVENANCE "https://slsa.dev/provenance/v1"
#define PREDICATE_SPDX	     "https://spdx.dev/Document"

/* ---- options ---- */

void attest_options_done(struct attest_options *o)
{
	free(o->builder_id);
	*o = (struct attest_options){ 0 };
}

static bool is_true(const char *s)
{
	return streq(s, "true") || streq(s, "1");
}

static bool is_false(const char *s)
{
	return streq(s, "false") || streq(s, "0");
}

static int take_flag(const char *name, const char *value, bool *ret, struct error *err)
{
	if (!is_true(value) && !is_false(value))
		return error_set(err, ERR_INVALID, "provenance: %s=%s: it is true or false", name,
				 value);
	*ret = is_true(value);
	return 0;
}

static int take_mode(const char *mode, struct attest_options *o, struct error *err)
{
	if (!streq(mode, "min") && !streq(mode, "max"))
		return error_set(err, ERR_INVALID, "provenance: mode=%s: it is min or max", mode);
	o->max = streq(mode, "max");
	return 0;
}

static int take_field(const char *f, struct attest_options *o, struct error *err)
{
	const char *eq = strchr(f, '='), *value = eq ? eq + 1 : "";
	autofree char *name = xstrndup(f, eq ? (size_t)(eq - f) : strlen(f));
	bool off = false;
	int r;

	if (streq(name, "mode"))
		return take_mode(value, o, err);
	if (streq(name, "reproducible"))
		return take_flag(name, value, &o->reproducible, err);
	if (streq(name, "inline-only")) /* all that is made here is inline */
		return take_flag(name, value, &off, err);
	if (streq(name, "version") && streq(value, "v1"))
		return 0;
	if (streq(name, "builder-id")) {
		free(o->builder_id);
		o->builder_id = xstrdup(value);
		return 0;
	}
	if (!streq(name, "disabled"))
		return error_set(err, ERR_UNSUPPORTED, "provenance: \"%s\" is not done", f);
	r = take_flag(name, value, &off, err);
	o->provenance = !off;
	return r;
}

static int parse_provenance(const char *text, struct attest_options *o, struct error *err)
{
	autostrv fields = { 0 };
	int r = 0;

	o->provenance = !is_false(text);
	o->max = true; /* as BuildKit has it, unless mode=min */
	if (is_true(text) || is_false(text))
		return 0;
	strv_split(&fields, str_of(text), ',');
	strv_foreach (f, &fields)
		r = r < 0 ? r : take_field(f, o, err);
	return r;
}

int attest_parse(const char *provenance, const char *sbom, struct attest_options *ret,
		 struct error *err)
{
	struct attest_options o = { 0 };
	int r = provenance && *provenance ? parse_provenance(provenance, &o, err) : 0;

	o.sbom = sbom && is_true(sbom);
	if (r == 0 && sbom && *sbom && !is_true(sbom) && !is_false(sbom))
		r = error_set(err, ERR_UNSUPPORTED,
			      "sbom: \"%s\" is not done: no generator is run; true lists what the "
			      "package databases of dpkg and apk in the image say",
			      sbom);
	if (r < 0) {
		attest_options_done(&o);
		return r;
	}
	*ret = o;
	return 0;
}

/* ---- names ---- */

char *percent_encode(const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~";
	autobuf b = { 0 };

	buf_init(&b, BUF_MAX_ANY);
	for (; *s; s++)
		buf_addf(&b, strchr(plain, *s) ? "%c" : "%%%02X", (unsigned char)*s);
	return buf_steal(&b);
}

char *purl_of_image(const char *ref, const struct platform *p)
{
	autoref parsed = { 0 };
	autofree char *name = NULL, *platform = NULL, *version = NULL;
	char text[100];

	if (image_ref_parse(ref, &parsed, NULL) < 0)
		return xprintf("pkg:docker/%s", ref);
	name = image_ref_familiar_name(&parsed);
	platform = percent_encode(platform_text(p, text));
	version = percent_encode(parsed.tag	 ? parsed.tag
				 : parsed.digest ? parsed.digest
						 : "latest");
	return xprintf("pkg:docker/%s@%s?platform=%s", name, version, platform);
}

/* ---- statements ---- */

static json_t *subjects(const struct member *m)
{
	const char *hex = digest_hex(m->desc.digest);
	json_t *list = json_array();

	strv_foreach (tag, &m->set->opt->tags) {
		autofree char *purl = purl_of_image(tag, &m->build->platform);

		json_array_append_new(
			list, json_pack("{s:s, s:{s:s}}", "name", purl, "digest", "sha256", hex));
	}
	if (!m->set->opt->tags.n)
		json_array_append_new(
			list, json_pack("{s:s, s:{s:s}}", "name", "_", "digest", "sha256", hex));
	return list;
}

/* Takes predicate. */
static int add_statement(const struct member *m, const char *type, json_t *predicate,
			 struct manifest *doc, struct error *err)
{
	autojson *j = json_pack("{s:s, s:s, s:o, s:o}", "_type", STATEMENT_TYPE, "predicateType",
				type, "subject", subjects(m), "predicate", predicate);
	autofree char *text = json_text(j);
	char digest[DIGEST_MAX];
	struct descriptor *d;
	int r = store_blob_put(m->set->store, text, strlen(text), digest, err);

	if (r < 0)
		return r;
	d = vec_add(&doc->layers);
	*d = (struct descriptor){ .media_type = xstrdup(MEDIA_STATEMENT),
				  .digest = xstrdup(digest),
				  .size = strlen(text) };
	strmap_set(&d->annotations, "in-toto.io/predicate-type", type);
	return 0;
}

/* The form of an image's config, so that registries take it for one. */
static int add_config(const struct member *m, struct manifest *doc, struct error *err)
{
	json_t *ids = json_array();
	autojson *j = NULL;
	autofree char *text = NULL;
	char digest[DIGEST_MAX];
	int r;

	vec_foreach (d, &doc->layers)
		json_array_append_new(ids, json_string(d->digest));
	j = json_pack("{s:s, s:s, s:{}, s:{s:s, s:o}}", "architecture", "unknown", "os", "unknown",
		      "config", "rootfs", "type", "layers", "diff_ids", ids);
	text = json_text(j);
	r = store_blob_put(m->set->store, text, strlen(text), digest, err);
	if (r == 0)
		doc->config = (struct descriptor){ .media_type = xstrdup(MEDIA_OCI_CONFIG),
						   .digest = xstrdup(digest),
						   .size = strlen(text) };
	return r;
}

static int add_statements(const struct attest_options *o, const struct member *m,
			  struct manifest *doc, struct error *err)
{
	json_t *sbom = NULL;
	int r = o->sbom ? sbom_predicate(m, &sbom, err) : 0;

	if (r == 0 && sbom)
		r = add_statement(m, PREDICATE_SPDX, sbom, doc, err);
	if (r == 0 && o->provenance)
		r = add_statement(m, PREDICATE_PROVENANCE, provenance_predicate(o, m), doc, err);
	return r < 0 ? r : add_config(m, doc, err);
}

static void attach(const struct member *m, const char *digest, size_t size, struct descriptor *ret)
{
	*ret = (struct descriptor){ .media_type = xstrdup(MEDIA_OCI_MANIFEST),
				    .digest = xstrdup(digest),
				    .size = size,
				    .platform = xnew(struct platform_json) };
	ret->platform->os = xstrdup("unknown");
	ret->platform->architecture = xstrdup("unknown");
	strmap_set(&ret->annotations, "vnd.docker.reference.digest", m->desc.digest);
	strmap_set(&ret->annotations, "vnd.docker.reference.type", "attestation-manifest");
}

int attest_image(const struct attest_options *o, const struct member *m, struct descriptor *ret,
		 struct error *err)
{
	struct manifest doc = { .schema_version = 2, .media_type = xstrdup(MEDIA_OCI_MANIFEST) };
	autofree char *text = NULL;
	char digest[DIGEST_MAX];
	int r = add_statements(o, m, &doc, err);

	if (r == 0) {
		text = manifest_text(&doc);
		r = store_blob_put(m->set->store, text, strlen(text), digest, err);
	}
	if (r == 0)
		attach(m, digest, strlen(text), ret);
	manifest_done(&doc);
	return r;
}
