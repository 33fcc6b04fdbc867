/* SPDX-License-Identifier: Apache-2.0 */
/* The build's own context: the Dockerfile and .dockerignore in it, and what COPY sees of it. */
#include "builder/input.h"

#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which ---- */

/* "-" in a compose file is a path like others by now: stdin, unless there is a file of that name.
 */
static const char *text_of(const char *context)
{
	struct stat st;

	return ends_with(context, "/-") && lstat(context, &st) < 0 && errno == ENOENT ? INPUT_STDIN
										      : context;
}

int context_load(struct build *b, struct error *err)
{
	struct input *in = b->input;
	int r = 1;

	if (!in && b->opt->context)
		r = build_input(b, text_of(b->opt->context), false, &b->input, err);
	else if (in)
		r = in->done;
	return r;
}

/* A Dockerfile that came alone on stdin has no context beside it. */
static const struct strv *dirs_of(const struct build *b)
{
	static const struct strv none = { 0 };
	const struct input *in = b->input;

	return in->is_file && streq(in->text, INPUT_STDIN) ? &none : &in->rootfs.dirs;
}

static bool is_local(const struct build *b)
{
	return !b->input || !b->input->rootfs.chain[0];
}

/* ---- files in it ---- */

/* 1, or 0 when there is no such file. A context that was fetched is not left, a local one may be.
 */
static int read_file(struct build *b, const char *path, size_t max, struct buf *out,
		     struct error *err)
{
	autocall(tree_freep) struct tree *t = NULL;
	int r;

	if (is_local(b)) {
		buf_init(out, max);
		r = io_read_file(AT_FDCWD, path, out, err);
		return r == -ERR_NOT_FOUND ? 0 : r < 0 ? r : 1;
	}
	r = tree_open(&b->input->rootfs.dirs, &t, err);
	return r < 0 ? r : tree_read_file(t, path, max, out, err);
}

static char *path_in(const struct build *b, const char *name)
{
	autofree char *below = NULL;

	if (is_local(b))
		return b->opt->context ? path_absolute(b->opt->context, name) : xstrdup(name);
	below = xprintf("/%s", name);
	return path_clean(below);
}

/* ---- the Dockerfile ---- */

static char *name_shown(const struct build *b, const char *path)
{
	if (is_local(b))
		return xstrdup(path);
	return b->input->is_file ? xstrdup(b->input->shown)
				 : xprintf("%s: %s", b->input->shown, path + 1);
}

/* Of a Dockerfile also "dockerfile" is looked for. */
static char *in_lower_case(const char *path)
{
	autofree char *dir = path_dir(path), *base = path_base(path), *lower = NULL;

	if (!streq(base, "Dockerfile"))
		return NULL;
	lower = str_lower(base);
	return path_join(dir, lower);
}

static int no_dockerfile(const struct build *b, struct error *err)
{
	return error_set(err, ERR_NOT_FOUND,
			 "there is no Dockerfile: %s does not exist; name another with "
			 "build.dockerfile",
			 b->dockerfile);
}

int context_dockerfile(struct build *b, struct buf *text, struct error *err)
{
	const char *name = b->opt->dockerfile ? b->opt->dockerfile : "Dockerfile";
	autofree char *lower = NULL;
	int r;

	if (b->opt->dockerfile_inline) {
		b->dockerfile = xstrdup("dockerfile_inline");
		buf_init(text, LIMIT_DOCKERFILE);
		return buf_adds(text, b->opt->dockerfile_inline) < 0
			       ? buf_check(text, "dockerfile_inline", err)
			       : 0;
	}
	b->dockerfile_path = path_in(b, b->input && b->input->is_file ? INPUT_FILE : name);
	b->dockerfile = name_shown(b, b->dockerfile_path);
	r = read_file(b, b->dockerfile_path, LIMIT_DOCKERFILE, text, err);
	lower = r ? NULL : in_lower_case(b->dockerfile_path);
	if (lower)
		r = read_file(b, lower, LIMIT_DOCKERFILE, text, err);
	if (!r)
		return no_dockerfile(b, err);
	return r < 0 ? error_wrap(err, "Dockerfile") : 0;
}

/* ---- what is copied from it ---- */

/* NAME.dockerignore beside the Dockerfile, else .dockerignore in the context. */
static int load_ignored(struct build *b, struct error *err)
{
	autofree char *own = b->dockerfile_path ? xprintf("%s.dockerignore", b->dockerfile_path)
						: NULL;
	autofree char *shared = path_in(b, ".dockerignore");
	const char *names[] = { own, shared };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(names); i++) {
		autobuf text = { 0 };

		r = names[i] ? read_file(b, names[i], LIMIT_IGNORE_FILE, &text, err) : 0;
		if (r > 0 && ignore_parse(names[i], buf_str(&text), &b->ignored, err) < 0)
			return -(int)err->code;
	}
	return MIN(r, 0);
}

int build_context(struct build *b, struct copy_source *ret, struct strv *ret_dirs,
		  struct error *err)
{
	int r = 0;

	if (!b->input)
		return error_set(err, ERR_INVALID,
				 "this build has no context: nothing can be copied from it");
	if (!b->context)
		r = tree_open(dirs_of(b), &b->context, err);
	if (!r && !b->ignored_loaded)
		r = load_ignored(b, err);
	if (r < 0)
		return error_wrap(err, "build context");
	b->ignored_loaded = true;
	*ret = (struct copy_source){
		.tree = b->context,
		.ignored = b->ignored,
		.own = b->input->own,
		.name = "the build context",
	};
	if (ret_dirs)
		strv_copy(ret_dirs, dirs_of(b));
	return 0;
}
