/* SPDX-License-Identifier: Apache-2.0 */
/* A project as an OCI artifact, which oci:// reads (remote-oci.c). */
#include "cli/commands.h"
#include "cli/config-list.h"
#include "cli/image.h"
#include "cli/project.h"
#include "cli/publish.h"
#include "cli/remote.h"
#include "registry/artifact.h"
#include "util/num.h"
#include "util/time.h"

#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"

#define FLAG(member, letter, name, help, ...) \
	OPT(struct publish_opts, OPT_FLAG, member, letter, name, help, ##__VA_ARGS__)
static const struct opt opts[] = {
	FLAG(app, 0, "app", "Published compose application (includes referenced images)",
	     .flags = OPT_NOT_DONE),
	OPT(struct publish_opts, OPT_STRING, oci_version, 0, "oci-version",
	    "OCI image/artifact specification version (automatically determined by default)"),
	FLAG(resolve_image_digests, 0, "resolve-image-digests", "Pin image tags to digests"),
	FLAG(with_env, 0, "with-env",
	     "Include environment variables in the published OCI artifact"),
	FLAG(yes, 'y', "yes", "Assume \"yes\" as answer to all prompts"),
	{ 0 },
};

/* All of it, whatever profiles are active; env files are read as they are. */
static int load(struct cli *cli, struct project_tree **ret, struct error *err)
{
	struct load_options opt;
	int r;

	strv_done(&cli->g.profiles);
	strv_push(&cli->g.profiles, "*");
	cli_load_options(cli, NULL, &opt);
	opt.skip_env_files = true;
	r = cli_load_with(cli, &opt, ret, err);
	load_options_done(&opt);
	if (r == 0 && (*ret)->local_includes)
		r = error_set(err, ERR_INVALID,
			      "cannot publish compose file with local includes: what they include "
			      "would not be there");
	return r;
}

/* What the project builds must be where the others will look for it. */
static int push_images(struct cli *cli, const struct project_tree *t, struct error *err)
{
	const struct images_plan_options opt = { .kind = STEP_IMAGE_PUSH, .ignore_failures = true };
	const struct show_options show = { .title = "Pushing" };
	autocall(plan_freep) struct plan *plan = NULL;
	autoproject p = { .lock = -1 };
	bool builds = false;
	int r;

	node_each(s, node_get(t->root, "services")) builds |= node_get(s->value, "build") != NULL;
	if (!builds)
		return 0;
	r = project_open(cli, NULL, 0, &p, err);
	if (r == 0)
		r = plan_images(p.model, &p.world, &opt, &plan, err);
	return r == 0 ? project_run(&p, plan, NULL, &show, err) : r;
}

static int add_digests(struct cli *cli, struct project_tree *t, document_vec *documents,
		       struct error *err)
{
	struct document *d;
	int r = config_resolve_digests(cli, t, err);

	if (r < 0)
		return r;
	config_keep_images(t);
	d = vec_add(documents);
	d->kind = DOCUMENT_FILE;
	d->name = xstrdup("image-digests.yaml");
	d->path = xstrdup(d->name);
	buf_init(&d->text, BUF_MAX_ANY);
	return config_print(t, CONFIG_YAML, false, &d->text, err);
}

/* -- the artifact -- */

static int put_blob(struct store *s, const char *type, struct str text, struct descriptor *ret,
		    struct error *err)
{
	char digest[DIGEST_MAX];
	int r = store_blob_put(s, text.p, text.n, digest, err);

	if (r < 0)
		return r;
	ret->media_type = xstrdup(type);
	ret->digest = xstrdup(digest);
	ret->size = text.n;
	return 0;
}

static int put_document(struct store *s, const struct document *d, struct manifest *m,
			struct error *err)
{
	bool env = d->kind == DOCUMENT_ENV;
	struct descriptor *layer = vec_add(&m->layers);

	strmap_set(&layer->annotations, COMPOSE_NOTE_VERSION, COMPOSE_LABEL_VERSION);
	strmap_set(&layer->annotations, env ? COMPOSE_NOTE_ENV : COMPOSE_NOTE_FILE, d->name);
	if (d->kind == DOCUMENT_EXTENDED)
		strmap_set(&layer->annotations, COMPOSE_NOTE_EXTENDS, "true");
	return put_blob(s, env ? COMPOSE_ENV_TYPE : COMPOSE_FILE_TYPE, buf_str(&d->text), layer,
			err);
}

static void put_time(struct manifest *m)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t now = time_now() / NSEC_PER_SEC;
	char text[TIME_TEXT_MAX];

	if (epoch)
		num_parse_i64(str_of(epoch), 0, INT32_MAX, &now);
	time_format(now * NSEC_PER_SEC, text);
	strmap_set(&m->annotations, "org.opencontainers.image.created", text);
}

/* older: of OCI 1.0, which knows no artifactType. */
static int make_manifest(struct store *s, const document_vec *documents, bool older,
			 struct manifest *m, struct error *err)
{
	int r;

	m->schema_version = 2;
	m->media_type = xstrdup(MEDIA_OCI_MANIFEST);
	if (!older)
		m->artifact_type = xstrdup(COMPOSE_PROJECT_TYPE);
	put_time(m);
	r = put_blob(s, older ? COMPOSE_CONFIG_TYPE : EMPTY_TYPE, STR("{}"), &m->config, err);
	vec_foreach (d, documents)
		if (r == 0)
			r = put_document(s, d, m, err);
	return r;
}

static int push(struct cli *cli, const char *repository, const struct publish_opts *o,
		const document_vec *documents, char digest[DIGEST_MAX], struct error *err)
{
	bool only_older = streq0(o->oci_version, "1.0"), only_newer = streq0(o->oci_version, "1.1");
	autocall(store_freep) struct store *s = NULL;
	autocall(registry_freep) struct registry *reg = NULL;
	struct manifest newer = { 0 }, older = { 0 };
	int r = cli_store(cli, &s, err);

	if (r == 0)
		r = registry_new(cli->loop, s, &reg, err);
	if (r == 0)
		r = make_manifest(s, documents, false, &newer, err);
	if (r == 0)
		r = make_manifest(s, documents, true, &older, err);
	if (r == 0)
		r = cli_wait(cli,
			     registry_artifact_push(reg, repository, only_older ? &older : &newer,
						    only_older || only_newer ? NULL : &older,
						    digest),
			     err);
	manifest_done(&newer);
	manifest_done(&older);
	return r;
}

static int check_words(const struct publish_opts *o, const char *repository, struct error *err)
{
	const char *version = o->oci_version;
	autoref ref = { 0 };

	if (version && *version && !streq(version, "1.0") && !streq(version, "1.1"))
		return error_set(err, ERR_INVALID, "unsupported OCI version: %s (1.0 or 1.1)",
				 version);
	return image_ref_parse(repository, &ref, err);
}

static int publish(struct cli *cli, const char *repository, const struct publish_opts *o,
		   const document_vec *documents, struct error *err)
{
	autofree char *line = NULL;
	char digest[DIGEST_MAX];
	int r = 0;

	cli_note("%s publishing", repository);
	if (!cli->g.dry_run)
		r = push(cli, repository, o, documents, digest, err);
	if (r < 0)
		return r;
	cli_note("%s published", repository);
	line = xprintf("%s\n", digest);
	return cli->g.dry_run ? 0 : cli_outs(line, err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct publish_opts *o = values;
	autocall(project_tree_freep) struct project_tree *t = NULL;
	document_vec documents = { 0 };
	int r = check_words(o, args->v[0], err);

	cli->yes = o->yes;
	if (r == 0)
		r = load(cli, &t, err);
	if (r == 0)
		r = project_documents(t, &documents, err);
	if (r == 0)
		r = publish_check(t, &documents, o, err);
	if (r > 0) {
		r = push_images(cli, t, err);
		if (r == 0 && o->resolve_image_digests)
			r = add_digests(cli, t, &documents, err);
		if (r == 0)
			r = publish(cli, args->v[0], o, &documents, err);
	}
	document_vec_done(&documents);
	return r;
}

static const char more[] =
	"The project's files, those that they extend and, with --with-env, their env files become "
	"an artifact, which `-f oci://REPOSITORY[:TAG]`, include and extends read. Nothing else of "
	"this machine goes along; images that the project builds are pushed. Bind mounts, "
	"variables and what looks like a secret are shown first, and asked about.";

#define PUBLISH                                                                         \
	{                                                                               \
		.name = "publish", .usage = "publish [OPTIONS] REPOSITORY[:TAG]",       \
		.help = "Publish compose application", .more = more, .opts = opts,      \
		.opts_size = sizeof(struct publish_opts), .min_args = 1, .max_args = 1, \
		.run = run,                                                             \
	}
const struct command cmd_publish = PUBLISH, cmd_alpha_publish = PUBLISH;
