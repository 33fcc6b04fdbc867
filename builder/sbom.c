/* SPDX-License-Identifier: Apache-2.0 */
/* What is in an image, as SPDX 2.3: the packages that the databases of dpkg and apk in its root
 * filesystem name. What came without a package is not listed. */
#include "builder/attest.h"

#include "builder/tree.h"
#include "util/time.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_PACKAGES_FILE (64u << 20)
#define LIMIT_PACKAGES	    200000
#define LIMIT_OS_RELEASE    65536

struct package {
	struct str name, version, arch, license;
	bool installed;
};

struct listing {
	const struct tree *tree;
	const char *kind; /* "deb", "apk": of the purl */
	char *distro;	  /* "debian" */
	char *release;	  /* "debian-12", or NULL */
	json_t *packages, *relations;
	size_t n;
};

static char *text_of(struct str s)
{
	return s.p ? str_dup(s) : xstrdup("");
}

/* ---- one package ---- */

static char *purl(const struct listing *l, const struct package *p)
{
	autofree char *name = text_of(p->name), *version = text_of(p->version);
	autofree char *arch = text_of(p->arch), *n = percent_encode(name);
	autofree char *v = percent_encode(version), *a = percent_encode(arch);
	autofree char *r = percent_encode(l->release ? l->release : "");

	return xprintf("pkg:%s/%s/%s@%s?arch=%s%s%s", l->kind, l->distro, n, v, a,
		       *r ? "&distro=" : "", r);
}

static void relate(struct listing *l, const char *from, const char *kind, const char *to)
{
	json_array_append_new(l->relations,
			      json_pack("{s:s, s:s, s:s}", "spdxElementId", from,
					"relationshipType", kind, "relatedSpdxElement", to));
}

static json_t *entry(const char *id, const char *name, const char *version, const char *license)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s}", "name", name, "SPDXID", id,
			 "versionInfo", version, "downloadLocation", "NOASSERTION", "filesAnalyzed",
			 0, "licenseConcluded", "NOASSERTION", "licenseDeclared", license,
			 "copyrightText", "NOASSERTION");
}

static void add(struct listing *l, const struct package *p)
{
	autofree char *id = NULL, *name = text_of(p->name), *version = text_of(p->version);
	autofree char *where = NULL;
	json_t *j;

	if (!p->installed || !p->name.n || !p->version.n || l->n >= LIMIT_PACKAGES)
		return;
	id = xprintf("SPDXRef-Package-%s-%zu", l->kind, ++l->n);
	where = purl(l, p);
	j = entry(id, name, version, "NOASSERTION");
	if (p->license.n) {
		autofree char *said = text_of(p->license);

		json_object_set_new(j, "licenseComments", json_string(said));
	}
	json_object_set_new(j, "externalRefs",
			    json_pack("[{s:s, s:s, s:s}]", "referenceCategory", "PACKAGE-MANAGER",
				      "referenceType", "purl", "referenceLocator", where));
	json_array_append_new(l->packages, j);
	relate(l, "SPDXRef-DocumentRoot-Image", "CONTAINS", id);
}

/* ---- databases: paragraphs of "Key: value" (dpkg) or "K:value" (apk) ---- */

static const struct field {
	const char *dpkg, *apk;
	size_t at;
} fields[] = {
	{ "Package:", "P:", offsetof(struct package, name) },
	{ "Version:", "V:", offsetof(struct package, version) },
	{ "Architecture:", "A:", offsetof(struct package, arch) },
	{ NULL, "L:", offsetof(struct package, license) },
};

static void take_line(struct str line, bool dpkg, struct package *p)
{
	static const char status[] = "Status:";

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *key = dpkg ? fields[i].dpkg : fields[i].apk;

		if (key && str_starts(line, key))
			*(struct str *)((char *)p +
					fields[i].at) = str_trim(str_skip(line, strlen(key)));
	}
	if (dpkg && str_starts(line, status))
		p->installed = str_ends(line, " installed");
}

/* installed: of those that don't say. */
static void read_paragraphs(struct listing *l, struct str text, bool installed)
{
	bool dpkg = streq(l->kind, "deb");
	struct package p = { .installed = installed };
	struct str line;

	while (text.n) {
		str_cut(text, '\n', &line, &text);
		if (line.n) {
			take_line(line, dpkg, &p);
			continue;
		}
		add(l, &p);
		p = (struct package){ .installed = installed };
	}
	add(l, &p);
}

static int read_file(struct listing *l, const char *path, bool installed, struct error *err)
{
	autobuf text = { 0 };
	int r;

	buf_init(&text, LIMIT_PACKAGES_FILE);
	r = tree_read_file(l->tree, path, LIMIT_PACKAGES_FILE, &text, err);
	if (r > 0)
		read_paragraphs(l, buf_str(&text), installed);
	return MIN(r, 0);
}

/* Images without dpkg itself keep a file for each package. */
static int read_status_d(struct listing *l, struct error *err)
{
	static const char dir[] = "/var/lib/dpkg/status.d";
	autotreepath path = { 0 };
	autotreedir d = { 0 };
	autostrv names = { 0 };
	int r = tree_resolve(l->tree, dir, true, &path, err);

	if (r < 0 || !path.exists || !S_ISDIR(path.st.st_mode))
		return MIN(r, 0);
	r = tree_enter(l->tree, path.path, &d, err);
	if (r == 0)
		r = tree_dir_list(&d, &names, err);
	strv_foreach (name, &names) {
		autofree char *file = xprintf("%s/%s", dir, name);

		if (r == 0 && !ends_with(name, ".md5sums"))
			r = read_file(l, file, true, err);
	}
	return r;
}

static char *release_field(struct str text, const char *key)
{
	struct str line;

	while (text.n) {
		str_cut(text, '\n', &line, &text);
		if (str_starts(line, key)) {
			line = str_skip(line, strlen(key));
			while (line.n && (*line.p == '"' || *line.p == '\''))
				line = str_skip(line, 1);
			while (line.n && (line.p[line.n - 1] == '"' || line.p[line.n - 1] == '\''))
				line.n--;
			return str_dup(line);
		}
	}
	return NULL;
}

static int read_release(struct listing *l, struct error *err)
{
	static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };
	autofree char *version = NULL;
	autobuf text = { 0 };
	int r = 0;

	buf_init(&text, LIMIT_OS_RELEASE);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(paths); i++)
		r = tree_read_file(l->tree, paths[i], LIMIT_OS_RELEASE, &text, err);
	if (r < 0)
		return r;
	l->distro = release_field(buf_str(&text), "ID=");
	version = release_field(buf_str(&text), "VERSION_ID=");
	if (l->distro && version)
		l->release = xprintf("%s-%s", l->distro, version);
	return 0;
}

static int read_kind(struct listing *l, const char *kind, const char *distro, const char *path,
		     bool installed, struct error *err)
{
	autofree char *own = l->distro;
	int r;

	l->kind = kind;
	l->distro = xstrdup(own ? own : distro);
	r = read_file(l, path, installed, err);
	if (r == 0 && streq(kind, "deb"))
		r = read_status_d(l, err);
	free(l->distro);
	l->distro = TAKE_PTR(own);
	return r;
}

/* ---- the document ---- */

static json_t *document(const struct member *m, struct listing *l)
{
	const struct image_config *cfg = &build_run_of(m->build, m->build->target)->cfg;
	const char *name = m->set->opt->tags.n ? m->set->opt->tags.v[0] : m->id;
	autofree char *space = xprintf("urn:oci:%s", m->desc.digest);
	autofree char *created = xstrdup(cfg->created ? cfg->created : "1970-01-01T00:00:00Z");
	char *dot = strchr(created, '.');
	json_t *root = entry("SPDXRef-DocumentRoot-Image", name, m->desc.digest, "NOASSERTION");

	if (dot) /* SPDX has whole seconds */
		memcpy(dot, "Z", 2);
	json_object_set_new(root, "primaryPackagePurpose", json_string("CONTAINER"));
	json_array_insert_new(l->packages, 0, root);
	relate(l, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-DocumentRoot-Image");
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:[s]}, s:O, s:O}", "spdxVersion",
			 "SPDX-2.3", "dataLicense", "CC0-1.0", "SPDXID", "SPDXRef-DOCUMENT", "name",
			 name, "documentNamespace", space, "creationInfo", "created", created,
			 "creators", "Tool: compose", "packages", l->packages, "relationships",
			 l->relations);
}

int sbom_predicate(const struct member *m, json_t **ret, struct error *err)
{
	autocall(tree_freep) struct tree *t = NULL;
	struct listing l = { .packages = json_array(), .relations = json_array() };
	int r = tree_open(&build_run_of(m->build, m->build->target)->rootfs.dirs, &t, err);

	l.tree = t;
	if (r == 0)
		r = read_release(&l, err);
	if (r == 0)
		r = read_kind(&l, "deb", "debian", "/var/lib/dpkg/status", false, err);
	if (r == 0)
		r = read_kind(&l, "apk", "alpine", "/lib/apk/db/installed", true, err);
	if (r == 0)
		*ret = document(m, &l);
	json_decref(l.packages);
	json_decref(l.relations);
	free(l.distro);
	free(l.release);
	return r < 0 ? error_wrap(err, "sbom") : 0;
}
