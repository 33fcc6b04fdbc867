/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name of another machine's file (the first line), and that file: loaded as what is not trusted,
 * then made what `publish` makes of it, which must still be YAML.
 */
#include "tests/fuzz/fuzz.h"

#include "compose/load.h"
#include "compose/publish.h"
#include "compose/yaml.h"
#include "util/fd.h"

#include <stdio.h>

#define URL "https://h.test/x.git"

struct fetched {
	char path[64];
	bool consent;
};

static int fetch(void *userdata, const char *url, bool by_user, struct remote_copy *ret,
		 struct error *err)
{
	const struct fetched *f = userdata;

	if (!by_user)
		return error_set(err, ERR_NOT_FOUND, "%s", url);
	*ret = (struct remote_copy){ .root = xstrdup("/proc/self/fd"),
				     .file = xstrdup(f->path),
				     .prefix = xstrdup(URL "#:") };
	return 0;
}

static bool allow(void *userdata, const struct reach *v, size_t n)
{
	const struct fetched *f = userdata;

	for (size_t i = 0; i < n; i++)
		if (!v[i].what || !v[i].path || !v[i].at.source || !v[i].at.source->remote)
			abort();
	return f->consent;
}

static void publish(const struct project_tree *t)
{
	document_vec documents = { 0 };
	struct findings f = { 0 };
	struct arena *a = arena_new();
	struct yaml_docs docs;

	if (project_documents(t, &documents, NULL) == 0)
		vec_foreach (d, &documents)
			if (d->kind == DOCUMENT_FILE &&
			    yaml_parse(a, source_text(a, d->name, buf_str(&d->text)), NULL, &docs,
				       &f) < 0)
				abort();
	document_vec_done(&documents);
	findings_done(&f);
	arena_free(a);
}

static void load(struct fetched *fetched)
{
	struct map environ = { 0 };
	const struct remotes remotes = {
		.fetch = fetch, .allow = allow, .how = "", .userdata = fetched
	};
	struct load_options opt = {
		.environ = &environ,
		.project_name = "fuzz",
		.cwd = "/nonexistent",
		.skip_env_files = true,
		.remotes = &remotes,
	};
	autocall(project_tree_freep) struct project_tree *t = NULL;
	struct findings f = { 0 };

	strv_push(&opt.files, URL);
	if (project_load(&opt, &t, &f) == 0)
		publish(t);
	findings_done(&f);
	strv_done(&opt.files);
	map_done(&environ);
}

static void name(const char *s)
{
	autofree char *shown = remote_shown(s);
	struct remote_git g;

	if (strlen(shown) > strlen(s) || remote_kind(shown) != remote_kind(s))
		abort();
	if (remote_git_parse(s, &g, NULL) < 0)
		return;
	if (g.subdir && (*g.subdir == '/' || starts_with(g.subdir, "../")))
		abort();
	remote_git_done(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line, rest;
	struct fetched f = { 0 };
	autofree char *text = NULL;
	autoclose int fd = -1;

	str_cut((struct str){ (const char *)data, size }, '\n', &line, &rest);
	text = str_dup(line);
	name(text);
	if (fd_of_bytes("compose.yaml", rest.p, rest.n, &fd, NULL) < 0)
		return 0;
	snprintf(f.path, sizeof(f.path), "/proc/self/fd/%d", fd);
	load(&f);
	f.consent = true;
	load(&f);
	return 0;
}
