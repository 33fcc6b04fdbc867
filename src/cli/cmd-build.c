/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/project.h"

struct build_opts {
	struct strv args;
	bool check, no_cache, print, pull, push, quiet, verify, with_deps, compress, force_rm,
		no_rm, parallel;
	char *builder, *isolation, *memory, *provenance, *sbom, *ssh, *progress;
};

#define FLAG(member, letter, name, help, ...) \
	OPT(struct build_opts, OPT_FLAG, member, letter, name, help, ##__VA_ARGS__)
#define TEXT(member, letter, name, help, ...) \
	OPT(struct build_opts, OPT_STRING, member, letter, name, help, ##__VA_ARGS__)

static const struct opt opts[] = {
	OPT(struct build_opts, OPT_STRINGS, args, 0, "build-arg",
	    "Set build-time variables for services"),
	TEXT(builder, 0, "builder", "Set builder to use", .flags = OPT_NOT_DONE),
	FLAG(check, 0, "check", "Check build configuration"),
	FLAG(compress, 0, "compress", "Accepted, does nothing", .flags = OPT_HIDDEN),
	FLAG(force_rm, 0, "force-rm", "Accepted, does nothing", .flags = OPT_HIDDEN),
	TEXT(isolation, 0, "isolation",
	     "How RUN is kept apart from this machine: auto, userns, root, hostnet or chroot\n"
	     "(COMPOSE_BUILD_ISOLATION)"),
	TEXT(memory, 'm', "memory", "Set memory limit for the build container", .value = "bytes",
	     .flags = OPT_NOT_DONE),
	FLAG(no_cache, 0, "no-cache", "Do not use cache when building the image"),
	FLAG(no_rm, 0, "no-rm", "Accepted, does nothing", .flags = OPT_HIDDEN),
	FLAG(parallel, 0, "parallel", "The default", .flags = OPT_HIDDEN),
	FLAG(print, 0, "print", "Print equivalent bake file", .flags = OPT_NOT_DONE),
	TEXT(progress, 0, "progress", "Use the global --progress", .flags = OPT_HIDDEN),
	TEXT(provenance, 0, "provenance", "Add a provenance attestation"),
	FLAG(pull, 0, "pull", "Always attempt to pull a newer version of the image"),
	FLAG(push, 0, "push", "Push service images"),
	FLAG(quiet, 'q', "quiet", "Suppress the build output"),
	TEXT(sbom, 0, "sbom", "Add a SBOM attestation"),
	TEXT(ssh, 0, "ssh",
	     "Set SSH authentications used when building service images. (use 'default' for\n"
	     "using your default SSH Agent)",
	     .flags = OPT_NOT_DONE),
	FLAG(verify, 0, "verify",
	     "Build twice, the second time without a cache; another result is an error that\n"
	     "says what differs"),
	FLAG(with_deps, 0, "with-dependencies", "Also build dependencies (transitively)"),
	{ 0 },
};

static const char *const isolation_words[] = {
	"auto", "userns", "root", "hostnet", "chroot", NULL
};

static int plan_and_run(struct project *p, const struct build_opts *o, const struct strv *services,
			enum step_kind kind, const struct build_options *overrides,
			struct error *err)
{
	const struct images_plan_options opt = { .kind = kind,
						 .services = *services,
						 .include_deps = o->with_deps };
	const struct show_options show = { .title = o->check		       ? "Checking"
						    : kind == STEP_IMAGE_BUILD ? "Building"
									       : "Pushing",
					   .quiet = o->quiet };
	const struct run_options run = { .build_overrides = overrides };
	autocall(plan_freep) struct plan *plan = NULL;
	int r = plan_images(p->model, &p->world, &opt, &plan, err);

	if (r == 0 && !plan->steps.n && kind == STEP_IMAGE_BUILD)
		cli_warn(p->cli, "no services to build");
	return r < 0 ? r : project_run(p, plan, &run, &show, err);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct build_opts *o = values;
	struct build_options overrides = { .no_cache = o->no_cache,
					   .pull = o->pull,
					   .provenance = o->provenance,
					   .sbom = o->sbom,
					   .verify = o->verify,
					   .check = o->check };
	autoproject p = { .lock = -1 };
	int r = project_open(cli, args, PROJECT_BUILDS, &p, err);

	if (r < 0)
		return r;
	if (o->isolation)
		p.engine->isolation = o->isolation;
	if (p.engine->isolation && *p.engine->isolation)
		r = cli_check_word("isolation", p.engine->isolation, isolation_words, err);
	if (r < 0)
		return r;
	strv_foreach (a, &o->args) {
		struct str key, value;
		bool has_value = str_cut(str_of(a), '=', &key, &value);
		autofree char *name = str_dup(key);

		strmap_set(&overrides.args, name,
			   has_value ? value.p : strmap_get(&p.tree->env, name));
	}
	r = plan_and_run(&p, o, args, STEP_IMAGE_BUILD, &overrides, err);
	if (r == 0 && o->push && !o->check)
		r = plan_and_run(&p, o, args, STEP_IMAGE_PUSH, NULL, err);
	map_done(&overrides.args);
	return r;
}

const struct command cmd_build = {
	.name = "build",
	.usage = "build [OPTIONS] [SERVICE...]",
	.help = "Build or rebuild services",
	.opts = opts,
	.opts_size = sizeof(struct build_opts),
	.max_args = -1,
	.run = run,
};
