/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_load(): an archive is unpacked into plain files (by compose-unpack), a directory is read as
 * it is; then each layer is unpacked, its file becomes a blob, and the images get their names. A
 * file that we unpacked ourselves is linked into the store, one of the user's is copied.
 */
#include "registry/archive-read.h"
#include "registry/members.h"
#include "registry/store-private.h"

#include "util/io.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARALLEL 2

struct load {
	struct task task;
	struct store *s;
	int dir;    /* where the images lie */
	char *name; /* of the staged directory, when the files are ours */
	struct helper *helper;
	struct task *layers;
	archive_images images;
	struct strv *ret_names;
	const struct layout_want *want; /* of a layout: this one alone */
	struct image *ret;
};

struct load_layer {
	struct load *load;
	const struct archive_layer *layer; /* borrowed from load->images */
};

static void load_cancel(struct task *t)
{
	struct load *l = container_of(t, struct load, task);
	if (l->layers)
		task_cancel(l->layers);
	else
		helper_kill(l->helper);
}

static void load_free(struct task *t)
{
	struct load *l = container_of(t, struct load, task);
	helper_free(l->helper);
	task_unref(l->layers);
	archive_images_done(&l->images);
	fd_close(l->dir);
	free(l->name);
	free(l);
}

static const struct task_ops load_ops = { "load images", load_cancel, load_free };

/* -- one layer -- */

struct take {
	struct task task;
	struct load *load;
	const struct archive_layer *layer;
	char *name; /* staged file */
	struct task *unpack;
	struct unpacked done;
};

static void take_cancel(struct task *t)
{
	task_cancel(container_of(t, struct take, task)->unpack);
}

static void take_free(struct task *t)
{
	struct take *k = container_of(t, struct take, task);
	if (k->name)
		unlinkat(k->load->s->dirfd, k->name, 0);
	task_unref(k->unpack);
	free(k->name);
	free(k);
}

static const struct task_ops take_ops = { "load a layer", take_cancel, take_free };

static int stage_link(struct load *l, int fd, char **ret_name, struct error *err)
{
	char self[40];
	autofree char *name = NULL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	int r = stage_name(l->s, &name, err);
	if (r < 0)
		return r;
	if (linkat(AT_FDCWD, self, l->s->dirfd, name, AT_SYMLINK_FOLLOW) < 0)
		return error_sys(err, "%s/%s", l->s->dir, name);
	*ret_name = TAKE_PTR(name);
	return 0;
}

/* *fd becomes the copy: what is unpacked and what is kept are the same bytes. */
static int stage_copy(struct load *l, int *fd, char **ret_name, struct error *err)
{
	autofree char *name = NULL;
	autoclose int to = -1;
	uint64_t n;
	int r = stage_file(l->s, &name, &to, err);
	if (r == 0)
		r = io_copy(*fd, to, UINT64_MAX, &n, err);
	if (r < 0)
		return r;
	lseek(to, 0, SEEK_SET);
	fd_close(*fd);
	*fd = TAKE_FD(to);
	*ret_name = TAKE_PTR(name);
	return 0;
}

static int stage_layer(struct load *l, const struct archive_layer *layer, int *ret_fd,
		       char **ret_name, struct error *err)
{
	struct stat st;
	autoclose int fd = -1;
	int r = path_open_in(l->dir, PATH_IN_ROOT, layer->path, O_RDONLY | O_NONBLOCK, 0, &fd, err);
	if (r < 0)
		return error_wrap(err, "layer in the archive");
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "%s in the archive is not a file", layer->path);
	r = l->name ? stage_link(l, fd, ret_name, err) : stage_copy(l, &fd, ret_name, err);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static void take_done(struct task *t, int r, void *userdata)
{
	struct take *k = userdata;
	struct error err = t->err;
	if (r >= 0)
		r = blob_add(k->load->s, k->name, k->done.digest, k->done.packed, &err);
	task_end_with(&k->task, r, &err);
}

/* A layer that is here needs no second look, unless its manifest names a blob that isn't. */
static bool have_layer(struct load *l, const struct archive_layer *layer)
{
	return store_layer_has(l->s, layer->diff_id) &&
	       (!layer->digest || store_blob_get(l->s, layer->digest, NULL, NULL, NULL) == 1);
}

static struct task *take_start(void *userdata)
{
	struct load_layer *ll = userdata;
	struct error err = ERROR_INIT;
	autoclose int fd = -1;
	if (have_layer(ll->load, ll->layer))
		return task_resolved(ll->load->task.loop, 0, NULL);
	struct take *k = xnew(struct take);
	task_init(&k->task, &take_ops, ll->load->task.loop);
	k->load = ll->load;
	k->layer = ll->layer;
	if (stage_layer(ll->load, ll->layer, &fd, &k->name, &err) < 0) {
		task_fail(&k->task, &err);
		return &k->task;
	}
	k->unpack = layer_unpack_fd(ll->load->s, ll->load->task.loop, ll->layer->diff_id,
				    ll->layer->digest, fd, &k->done);
	task_on_done(k->unpack, take_done, k);
	return &k->task;
}

/* -- all of it -- */

static int put_document(struct load *l, const struct buf *text, char ret_digest[DIGEST_MAX],
			struct error *err)
{
	return store_blob_put(l->s, text->p, text->len, ret_digest, err);
}

static int normal_name(const char *name, char **ret, struct error *err)
{
	autoref ref = { 0 };
	int r = image_ref_parse(name, &ref, err);
	if (r == 0)
		*ret = image_ref_text(&ref);
	return r;
}

static int tag_image(struct load *l, const struct archive_image *a, struct image *im,
		     struct error *err)
{
	int r = 0;
	if (!a->names.n) {
		r = store_image_tag(l->s, im, err);
		if (r == 0)
			strv_push(l->ret_names, im->id);
	}
	for (size_t i = 0; r == 0 && i < a->names.n; i++) {
		autofree char *ref = NULL;
		r = normal_name(a->names.v[i], &ref, err);
		im->ref = ref;
		if (r == 0)
			r = store_image_tag(l->s, im, err);
		im->ref = NULL;
		if (r == 0)
			strv_take(l->ret_names, TAKE_PTR(ref));
	}
	return r;
}

static int load_image(struct load *l, const struct archive_image *a, struct error *err)
{
	char id[DIGEST_MAX], manifest[DIGEST_MAX], index[DIGEST_MAX];
	struct image im = { .id = id };
	int r = put_document(l, &a->config, id, err);
	if (r == 0 && a->manifest.len) {
		r = put_document(l, &a->manifest, manifest, err);
		im.manifest_digest = manifest;
		im.manifest_type = a->manifest_type;
	}
	if (r == 0 && a->index.len) {
		r = put_document(l, &a->index, index, err);
		im.index_digest = index;
	}
	if (r == 0 && im.index_digest)
		r = members_load(l->s, index, l->dir, err);
	if (r < 0 || !l->want)
		return r < 0 ? r : tag_image(l, a, &im, err);
	r = store_image_tag(l->s, &im, err);
	if (r == 0)
		*l->ret = (struct image){ .id = xstrdup(id) };
	return r;
}

static void load_end(struct load *l, int r, const struct error *err)
{
	if (l->name)
		path_remove_tree(l->s->dirfd, l->name, NULL);
	task_end_with(&l->task, r, err);
}

static void layers_done(struct task *t, int r, void *userdata)
{
	struct load *l = userdata;
	struct error err = t->err;
	vec_foreach (im, &l->images)
		if (r >= 0)
			r = load_image(l, im, &err);
	load_end(l, MIN(r, 0), &err);
}

/* The same layer of two images is one job: two would only do it twice. */
static void add_layer(struct load *l, struct task_group *g, struct map *seen,
		      const struct archive_layer *layer)
{
	autofree char *key = xprintf("%s %s", layer->diff_id, layer->digest ? layer->digest : "");
	if (map_has(seen, key))
		return;
	map_set(seen, key, NULL);
	struct load_layer *ll = xnew(struct load_layer);
	*ll = (struct load_layer){ l, layer };
	task_group_add(g, take_start, ll, free);
}

static void load_layers(struct load *l)
{
	struct error err = ERROR_INIT;
	automap seen = { 0 };
	int r = l->want ? archive_read_layout(l->dir, l->want, &l->images, &err)
			: archive_read(l->dir, &l->images, &err);
	if (r < 0) {
		load_end(l, r, &err);
		return;
	}
	struct task_group *g = task_group_new(l->task.loop, PARALLEL);
	vec_foreach (im, &l->images)
		vec_foreach (layer, &im->layers)
			add_layer(l, g, &seen, layer);
	l->layers = task_group_start(g);
	task_on_done(l->layers, layers_done, l);
}

static void files_done(void *userdata, int r, struct layer_answer *a, struct error *err)
{
	struct load *l = userdata;
	if (r < 0)
		load_end(l, r, err);
	else
		load_layers(l);
}

static int unpack_files(struct load *l, int fd, struct error *err)
{
	struct helper_spec spec = {
		.program = "compose-unpack",
		.job = { .op = (char[]){ LAYER_UNPACK_FILES } },
		.input = fd,
		.out = -1,
	};
	int r = stage_name(l->s, &l->name, err);
	if (r < 0)
		return r;
	if (mkdirat(l->s->dirfd, l->name, 0700) < 0)
		return error_sys(err, "%s/%s", l->s->dir, l->name);
	l->dir = openat(l->s->dirfd, l->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dir < 0)
		return error_sys(err, "%s/%s", l->s->dir, l->name);
	spec.dir = l->dir;
	return helper_start(l->s, l->task.loop, &spec, files_done, l, &l->helper, err);
}

struct task *store_load(struct store *s, sd_event *loop, int fd, struct strv *ret_names)
{
	struct load *l = xnew(struct load);
	struct error err = ERROR_INIT;
	struct stat st;
	int r;
	task_init(&l->task, &load_ops, loop);
	l->s = s;
	l->dir = -1;
	l->ret_names = ret_names;
	if (fstat(fd, &st) < 0) {
		r = error_sys(&err, "the archive");
	} else if (S_ISDIR(st.st_mode)) {
		l->dir = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		r = l->dir < 0 ? error_sys(&err, "the archive") : 0;
		if (r == 0)
			load_layers(l);
	} else {
		r = unpack_files(l, fd, &err);
	}
	if (r < 0)
		load_end(l, r, &err);
	return &l->task;
}

struct task *store_load_layout(struct store *s, sd_event *loop, int dirfd,
			       const struct layout_want *want, struct image *ret)
{
	struct load *l = xnew(struct load);
	struct error err = ERROR_INIT;
	task_init(&l->task, &load_ops, loop);
	l->s = s;
	l->want = want;
	l->ret = ret;
	l->dir = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (l->dir < 0)
		load_end(l, error_sys(&err, "the layout"), &err);
	else
		load_layers(l);
	return &l->task;
}
