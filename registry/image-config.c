/* SPDX-License-Identifier: Apache-2.0 */
/* An image's config: what OCI's config.md and Docker's extensions of it put there, as a table. */
#include "registry/image.h"

#define DOC(T, kind, member, name) JSON_FIELD(T, kind, member, name, 0)

static const struct json_field healthcheck_fields[] = {
	DOC(struct healthcheck, JSON_STRV, test, "Test"),
	DOC(struct healthcheck, JSON_I64, interval, "Interval"),
	DOC(struct healthcheck, JSON_I64, timeout, "Timeout"),
	DOC(struct healthcheck, JSON_I64, start_period, "StartPeriod"),
	DOC(struct healthcheck, JSON_I64, start_interval, "StartInterval"),
	DOC(struct healthcheck, JSON_I64, retries, "Retries"),
	{ 0 },
};

static const struct json_field runtime_fields[] = {
	DOC(struct image_runtime, JSON_STR, user, "User"),
	DOC(struct image_runtime, JSON_KEYS, exposed_ports, "ExposedPorts"),
	DOC(struct image_runtime, JSON_STRV, env, "Env"),
	DOC(struct image_runtime, JSON_STRV, entrypoint, "Entrypoint"),
	DOC(struct image_runtime, JSON_STRV, cmd, "Cmd"),
	JSON_SUB(struct image_runtime, JSON_STRUCT_P, healthcheck, "Healthcheck", 0,
		 healthcheck_fields, struct healthcheck),
	DOC(struct image_runtime, JSON_FLAG, args_escaped, "ArgsEscaped"),
	DOC(struct image_runtime, JSON_KEYS, volumes, "Volumes"),
	DOC(struct image_runtime, JSON_STR, working_dir, "WorkingDir"),
	DOC(struct image_runtime, JSON_STRV, on_build, "OnBuild"),
	DOC(struct image_runtime, JSON_STRMAP, labels, "Labels"),
	DOC(struct image_runtime, JSON_STR, stop_signal, "StopSignal"),
	DOC(struct image_runtime, JSON_I64, stop_timeout, "StopTimeout"),
	DOC(struct image_runtime, JSON_STRV, shell, "Shell"),
	{ 0 },
};

static const struct json_field history_fields[] = {
	DOC(struct image_history, JSON_STR, created, "created"),
	DOC(struct image_history, JSON_STR, created_by, "created_by"),
	DOC(struct image_history, JSON_STR, author, "author"),
	DOC(struct image_history, JSON_STR, comment, "comment"),
	DOC(struct image_history, JSON_FLAG, empty_layer, "empty_layer"),
	{ 0 },
};

static const struct json_field config_fields[] = {
	DOC(struct image_config, JSON_STR, created, "created"),
	DOC(struct image_config, JSON_STR, author, "author"),
	JSON_FIELD(struct image_config, JSON_STR, architecture, "architecture", JSON_KEEP),
	JSON_FIELD(struct image_config, JSON_STR, os, "os", JSON_KEEP),
	DOC(struct image_config, JSON_STR, variant, "variant"),
	DOC(struct image_config, JSON_STR, os_version, "os.version"),
	JSON_SUB(struct image_config, JSON_STRUCT, config, "config", JSON_KEEP, runtime_fields,
		 struct image_runtime),
	JSON_SUB(struct image_config, JSON_LIST, history, "history", 0, history_fields,
		 struct image_history),
	DOC(struct image_config, JSON_STR, build_cache, "moby.buildkit.cache.v0"),
	{ 0 },
};

/* {"rootfs": {"type": "layers", "diff_ids": [...]}}: one level more than the struct has. */
struct rootfs {
	char *type;
	struct strv diff_ids;
};

static const struct json_field rootfs_fields[] = {
	JSON_FIELD(struct rootfs, JSON_STR, type, "type", JSON_KEEP),
	JSON_FIELD(struct rootfs, JSON_STRV, diff_ids, "diff_ids", JSON_KEEP),
	{ 0 },
};

static int decode_rootfs(const json_t *j, struct image_config *c, struct error *err)
{
	struct rootfs fs = { 0 };
	const json_t *root = json_object_get(j, "rootfs");
	if (!json_is_object(root))
		return error_set(err, ERR_INVALID,
				 "image config: no rootfs: this is not the config of an image");
	int r = json_decode(root, rootfs_fields, &fs, err);
	if (r < 0)
		return error_wrap(err, "image config: rootfs");
	if (fs.diff_ids.n > LIMIT_LAYERS)
		r = error_set(err, ERR_LIMIT, "image config: more than %d layers", LIMIT_LAYERS);
	for (size_t i = 0; r == 0 && i < fs.diff_ids.n; i++)
		if (!digest_valid(fs.diff_ids.v[i]))
			r = error_set(err, ERR_INVALID, "image config: \"%.80s\" is not a digest",
				      fs.diff_ids.v[i]);
	if (r == 0) {
		c->diff_ids = fs.diff_ids;
		fs.diff_ids = (struct strv){ 0 };
	}
	json_free_fields(rootfs_fields, &fs);
	return r;
}

int image_config_parse(const char *p, size_t n, struct image_config *ret, struct error *err)
{
	autojson *j = NULL;
	struct image_config c = { 0 };
	if (n > LIMIT_CONFIG)
		return error_set(err, ERR_LIMIT, "image config of more than %d bytes",
				 LIMIT_CONFIG);
	int r = json_parse(p, n, "image config", &j, err);
	if (r == 0 && !json_is_object(j))
		return error_set(err, ERR_INVALID, "image config: not an object");
	if (r == 0)
		r = json_decode(j, config_fields, &c, err);
	if (r < 0)
		return r;
	r = decode_rootfs(j, &c, err);
	if (r < 0) {
		image_config_done(&c);
		return r;
	}
	*ret = c;
	return 0;
}

char *image_config_text(const struct image_config *c)
{
	autojson *j = json_encode(config_fields, c);
	struct rootfs fs = { .type = (char[]){ "layers" }, .diff_ids = c->diff_ids };
	json_object_set_new(j, "rootfs", json_encode(rootfs_fields, &fs));
	return json_text(j);
}

void image_config_done(struct image_config *c)
{
	strv_done(&c->diff_ids);
	json_free_fields(config_fields, c);
}

void healthcheck_done(struct healthcheck *h)
{
	json_free_fields(healthcheck_fields, h);
}

void healthcheck_copy(struct healthcheck *to, const struct healthcheck *from)
{
	struct healthcheck h = *from;
	h.test = (struct strv){ 0 };
	strv_copy(&h.test, &from->test);
	healthcheck_done(to);
	*to = h;
}

static void runtime_copy(struct image_runtime *to, const struct image_runtime *from)
{
	*to = (struct image_runtime){
		.user = xstrdup0(from->user),
		.working_dir = xstrdup0(from->working_dir),
		.stop_signal = xstrdup0(from->stop_signal),
		.stop_timeout = from->stop_timeout,
		.args_escaped = from->args_escaped,
	};
	strv_copy(&to->env, &from->env);
	strv_copy(&to->cmd, &from->cmd);
	strv_copy(&to->entrypoint, &from->entrypoint);
	strv_copy(&to->exposed_ports, &from->exposed_ports);
	strv_copy(&to->volumes, &from->volumes);
	strv_copy(&to->on_build, &from->on_build);
	strv_copy(&to->shell, &from->shell);
	strmap_copy(&to->labels, &from->labels);
	if (from->healthcheck) {
		to->healthcheck = xnew(struct healthcheck);
		healthcheck_copy(to->healthcheck, from->healthcheck);
	}
}

void image_config_copy(struct image_config *to, const struct image_config *from)
{
	struct image_config c = {
		.created = xstrdup0(from->created),
		.author = xstrdup0(from->author),
		.architecture = xstrdup0(from->architecture),
		.os = xstrdup0(from->os),
		.variant = xstrdup0(from->variant),
		.os_version = xstrdup0(from->os_version),
	};
	runtime_copy(&c.config, &from->config);
	strv_copy(&c.diff_ids, &from->diff_ids);
	vec_foreach (h, &from->history) {
		*vec_add(&c.history) = (struct image_history){
			.created = xstrdup0(h->created),
			.created_by = xstrdup0(h->created_by),
			.comment = xstrdup0(h->comment),
			.author = xstrdup0(h->author),
			.empty_layer = h->empty_layer,
		};
	}
	image_config_done(to);
	*to = c;
}
