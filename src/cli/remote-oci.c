/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compose files as OCI artifacts, as `compose publish` makes them. Each layer is a document: one
 * after the other they are compose.yaml; those that others extend, and env files, have a name,
 * which is a name in one directory and nothing else (compare CVE-2025-62725).
 */
#include "cli/remote.h"

#include "cli/image.h"
#include "registry/artifact.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define MAIN_FILE  "compose.yaml"
#define LIMIT_NAME 255

static const struct artifact_type project_type = { COMPOSE_PROJECT_TYPE, COMPOSE_CONFIG_TYPE,
						   COMPOSE_LAYER_TYPES };

struct oci_fetch {
	struct cli *cli;
	const char *url, *ref;
	struct store *store;
	struct registry *registry;
	struct artifact artifact;
	struct map files; /* name -> struct buf *: what is written */
};

static void free_file(void *p)
{
	buf_done(p);
	free(p);
}

static int check_name(const char *name, struct error *err)
{
	bool odd = !name || !*name || streq(name, ".") || streq(name, "..") ||
		   strlen(name) > LIMIT_NAME || !utf8_valid(str_of(name));

	for (const char *p = name; !odd && *p; p++)
		odd = *p == '/' || *p == '\\' || (unsigned char)*p < ' ' || *p == 0x7f;
	return odd ? error_set(
			     err, ERR_INVALID,
			     "the artifact has a file named \"%.100s\", which is no name of a file",
			     name ? name : "")
		   : 0;
}

static bool is_file(const struct descriptor *d)
{
	return streq0(d->media_type, COMPOSE_FILE_TYPE);
}

/* The name that it is written under. */
static const char *name_of(const struct descriptor *d)
{
	if (!is_file(d))
		return strmap_get(&d->annotations, COMPOSE_NOTE_ENV);
	return map_has(&d->annotations, COMPOSE_NOTE_EXTENDS)
		       ? strmap_get(&d->annotations, COMPOSE_NOTE_FILE)
		       : MAIN_FILE;
}

static int add_layer(struct oci_fetch *f, const struct descriptor *d, struct error *err)
{
	const char *name = name_of(d);
	bool whole = !is_file(d) || map_has(&d->annotations, COMPOSE_NOTE_EXTENDS);
	struct buf *file;
	autobuf text;
	int r = check_name(name, err);

	if (r < 0)
		return r;
	buf_init(&text, LIMIT_ARTIFACT_BYTES);
	r = store_blob_read(f->store, d->digest, &text, err);
	if (r < 0)
		return r;
	file = map_get(&f->files, name);
	if (whole && (file || streq(name, MAIN_FILE)))
		return error_set(err, ERR_INVALID, "the artifact has two files named \"%s\"", name);
	if (!file) {
		file = xnew(struct buf);
		buf_init(file, 2 * LIMIT_ARTIFACT_BYTES);
		map_set(&f->files, name, file);
	} else {
		buf_adds(file, "\n---\n");
	}
	buf_add(file, text.p, text.len);
	return 0;
}

static int collect(struct oci_fetch *f, struct error *err)
{
	int r = 0;

	map_init(&f->files, free_file);
	vec_foreach (d, &f->artifact.manifest.layers)
		if (r == 0 && (is_file(d) || streq0(d->media_type, COMPOSE_ENV_TYPE)))
			r = add_layer(f, d, err);
	if (r == 0 && !map_has(&f->files, MAIN_FILE))
		r = error_set(err, ERR_INVALID, "the artifact has no Compose file");
	return r;
}

static int write_files(const struct oci_fetch *f, const char *dir, struct error *err)
{
	autoclose int fd = -1;
	int r = 0;

	if (mkdir(dir, 0755) < 0)
		return error_sys(err, "%s", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "%s", dir);
	map_foreach (e, &f->files) {
		const struct buf *text = e->value;

		if (r == 0)
			r = io_replace_fast(fd, e->key, text->p, text->len, 0644, err);
	}
	return r;
}

static int keep_files(struct oci_fetch *f, const char *path, struct error *err)
{
	autofree char *dir = NULL, *files = NULL;
	int r = collect(f, err);

	if (r == 0)
		r = store_layer_stage(f->store, &dir, err);
	if (r == 0) {
		files = path_join(dir, "files");
		r = write_files(f, files, err);
	}
	if (r == 0)
		r = remote_cache_keep(files, path, err);
	if (dir)
		store_layer_unstage(f->store, dir, NULL);
	return r;
}

/* By its digest, it may be here already. */
static int find_here(const char *digest, char **ret)
{
	autofree char *path = remote_cache_path("oci", digest_hex(digest));

	if (!path_exists(path))
		return 0;
	*ret = TAKE_PTR(path);
	return 1;
}

static int fetch(struct oci_fetch *f, char **ret, struct error *err)
{
	char digest[DIGEST_MAX];
	int r = cli_store(f->cli, &f->store, err);

	if (r == 0)
		r = registry_new(f->cli->loop, f->store, &f->registry, err);
	if (r == 0)
		r = cli_wait(f->cli, registry_resolve(f->registry, f->ref, digest), err);
	if (r < 0 || find_here(digest, ret))
		return r;
	r = cli_wait(f->cli,
		     registry_artifact_fetch(f->registry, f->ref, &project_type, &f->artifact),
		     err);
	if (r < 0)
		return r;
	*ret = remote_cache_path("oci", digest_hex(f->artifact.digest));
	r = path_exists(*ret) ? 0 : keep_files(f, *ret, err);
	return r < 0 ? error_wrap(err, "%s", f->ref) : 0;
}

static void fetch_done(struct oci_fetch *f)
{
	map_done(&f->files);
	artifact_done(&f->artifact);
	registry_free(f->registry);
	store_free(f->store);
}

int remote_oci_fetch(struct cli *cli, const char *url, struct remote_copy *ret, struct error *err)
{
	struct oci_fetch f = { .cli = cli, .url = url, .ref = skip_prefix(url, "oci://") };
	autofree char *root = NULL;
	autoref ref = { 0 };
	int r = image_ref_parse(f.ref, &ref, err);

	if (r < 0)
		return error_wrap(err, "%s", url);
	if (!(ref.digest && find_here(ref.digest, &root)))
		r = fetch(&f, &root, err);
	fetch_done(&f);
	if (r < 0)
		return r;
	ret->file = path_join(root, MAIN_FILE);
	ret->root = TAKE_PTR(root);
	ret->prefix = xprintf("%s/", url);
	return 0;
}
