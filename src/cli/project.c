/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/project.h"

#include "cli/remote.h"
#include "cli/view.h"
#include "compose/schema.h"
#include "engine/local/userns.h"
#include "util/env.h"
#include "util/fd.h"
#include "util/io.h"
#include "util/num.h"
#include "util/path.h"
#include "util/time.h"

#include <fcntl.h>
#include <unistd.h>

static void keep_note(void *userdata, const char *text)
{
	struct cli *cli = userdata;

	if (!strv_has(&cli->notes, text))
		strv_push(&cli->notes, text);
}

static void say_notes(struct cli *cli)
{
	strv_foreach (note, &cli->notes)
		cli_warn(cli, "%s", note);
	strv_done(&cli->notes);
}

int cli_engine(struct cli *cli, struct engine **ret, struct error *err)
{
	const char *name = cli->g.engine ? cli->g.engine
					 : strmap_get(&cli->environ, "COMPOSE_ENGINE");
	sd_event *loop;
	int r = cli_loop(cli, &loop, err);

	if (r == 0 && !cli->engine) {
		if (name && *name && !streq(name, "local"))
			return error_set(err, ERR_UNSUPPORTED,
					 "the engine \"%s\" is not done yet: local", name);
		r = MIN(userns_enter(NULL, err), 0);
		if (r == 0)
			r = engine_local_new(loop, &cli->engine, err);
	}
	if (r == 0) {
		cli->engine->note = keep_note;
		cli->engine->note_userdata = cli;
		cli->engine->isolation =
			strmap_get(&cli->environ, "COMPOSE_BUILD_ISOLATION");
	}
	if (r == 0)
		*ret = cli->engine;
	return r;
}

static int print_findings(struct cli *cli, struct findings *f, int r, struct error *err)
{
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	findings_print(f, cli->colour, &text);
	if (text.len)
		io_write_all(STDERR_FILENO, text.p, text.len, NULL);
	if (f->n_errors)
		r = cli_said(err);
	findings_done(f);
	return r;
}

/* The lock's file names the process that has it. */
int project_lock(struct project *p, struct error *err)
{
	autofree char *run = env_run_dir();
	autofree char *dir = xprintf("%s/locks", run);
	autofree char *pid = xprintf("%d\n", (int)getpid());
	autobuf owner = { 0 };
	int r = path_mkdirs(AT_FDCWD, dir, 0755, err);

	if (r < 0)
		return r;
	free(p->lock_path);
	p->lock_path = xprintf("%s/%s", dir, p->name);
	p->lock = open(p->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (p->lock < 0)
		return error_sys(err, "%s", p->lock_path);
	r = fd_lock(p->lock, true, false, err);
	if (r == 0) {
		buf_init(&owner, 32);
		io_read_file(AT_FDCWD, p->lock_path, &owner, NULL);
		cli_note("waiting for another compose that works on project %s (pid %.*s)", p->name,
			 (int)str_trim(buf_str(&owner)).n, owner.p);
		r = fd_lock(p->lock, true, true, err);
	}
	if (r < 0)
		return error_wrap(err, "%s", p->lock_path);
	if (ftruncate(p->lock, 0) < 0 || pwrite(p->lock, pid, strlen(pid), 0) < 0)
		return error_sys(err, "%s", p->lock_path);
	return 0;
}

static const char *name_given(const struct cli *cli)
{
	const char *name = cli->g.project_name ? cli->g.project_name
					       : strmap_get(&cli->environ, "COMPOSE_PROJECT_NAME");

	return name && *name ? name : NULL;
}

/* A finding for each attribute that is not done, as far as this command has to do with it. */
static void find_unsupported(const struct project_tree *t, unsigned flags, struct findings *f)
{
	const struct attr *build = schema_member(&schema_service, "build");

	if (flags & PROJECT_MAKES) {
		schema_unsupported(t->root, &schema_root, ENGINE_LOCAL, "local", f);
		return;
	}
	node_each(s, node_get(t->root, "services"))
	{
		const struct node *n = node_get(s->value, "build");

		if (n && (flags & PROJECT_BUILDS))
			schema_unsupported(n, build, ENGINE_LOCAL, "local", f);
	}
}

/* All of the file is loaded, whatever services are named (what their profiles are is then active):
 * a plan needs to know what is an orphan. */
static int load(struct project *p, const struct strv *services, unsigned flags, struct error *err)
{
	struct cli *cli = p->cli;
	struct load_options opt;
	struct findings f = { 0 };
	int r;

	cli_load_options(cli, services, &opt);
	opt.keep_others = true;
	cli->only_looks = flags & PROJECT_NAMED_OK;
	r = project_load(&opt, &p->tree, &f);
	load_options_done(&opt);
	if (r == -ERR_NOT_FOUND && (flags & PROJECT_NAMED_OK) && name_given(cli) &&
	    !cli->g.files.n) {
		findings_done(&f);
		p->name = name_given(cli);
		if (!project_name_valid(p->name))
			return error_set(err, ERR_INVALID,
					 "invalid project name \"%s\": lowercase letters, digits, "
					 "hyphens and underscores, a letter or digit first",
					 p->name);
		return 0;
	}
	if (r == 0) {
		p->name = p->tree->name;
		find_unsupported(p->tree, flags, &f);
		r = f.n_errors ? -ERR_INVALID : model_new(p->tree, &p->model, &f);
	}
	return print_findings(cli, &f, r, err);
}

int project_observe(struct project *p, struct error *err)
{
	int r;

	if (p->observed)
		world_done(&p->world);
	p->observed = true;
	r = task_wait(world_observe(p->engine, p->name, p->model, &p->world), err);
	return r < 0 ? r : 0;
}

static bool service_known(const struct project *p, const char *name)
{
	if (model_service(p->model, name) || map_get(&p->tree->disabled, name))
		return true;
	vec_foreach (c, &p->world.containers)
		if (streq(container_label(c, LABEL_SERVICE), name))
			return true;
	return false;
}

static int check_services(const struct project *p, const struct strv *services, struct error *err)
{
	autostrv names = { 0 };
	const char *near;

	if (!p->model || !services)
		return 0;
	vec_foreach (s, &p->model->services)
		strv_push(&names, s->name);
	strv_foreach (name, services) {
		if (service_known(p, name))
			continue;
		near = nearest_name(name, (const char *const *)strv_v(&names));
		if (near)
			return error_set(err, ERR_NOT_FOUND,
					 "no such service: %s (did you mean \"%s\"?)", name, near);
		return error_set(err, ERR_NOT_FOUND, "no such service: %s", name);
	}
	return 0;
}

/* Files of other machines: what is made of them is confirmed, what is done besides is told. */
static int confirm(const struct project *p, unsigned flags, struct error *err)
{
	if (flags & PROJECT_LOCK && flags & PROJECT_MAKES)
		return cli_confirm_remotes(p->cli, p->tree, err);
	if (!(flags & (PROJECT_MAKES | PROJECT_NAMED_OK)))
		cli_tell_remotes(p->cli, p->tree);
	return 0;
}

int project_open(struct cli *cli, const struct strv *services, unsigned flags, struct project *ret,
		 struct error *err)
{
	int r;

	*ret = (struct project){ .cli = cli, .lock = -1 };
	r = load(ret, services, flags, err);
	if (r == 0)
		r = confirm(ret, flags, err);
	if (r == 0)
		r = cli_engine(cli, &ret->engine, err);
	if (r == 0 && (flags & PROJECT_LOCK) && !cli->g.dry_run)
		r = project_lock(ret, err);
	if (r == 0 && (flags & PROJECT_LOCK) && !cli->g.dry_run && ret->engine->ops->recover)
		r = task_wait(ret->engine->ops->recover(ret->engine, ret->name), err);
	if (r >= 0 && !(flags & PROJECT_NO_WORLD))
		r = project_observe(ret, err);
	return r < 0 ? r : check_services(ret, services, err);
}

void project_done(struct project *p)
{
	if (p->observed)
		world_done(&p->world);
	p->model = model_free(p->model);
	p->tree = project_tree_free(p->tree);
	p->lock = fd_close(p->lock);
	free(p->lock_path);
	p->lock_path = NULL;
}

void project_unlock(struct project *p)
{
	p->lock = fd_close(p->lock);
}

const char *container_short_name(const struct project *p, const struct container_info *c)
{
	const char *rest = skip_prefix(c->name, p->name);

	return rest && rest[0] == '-' && rest[1] ? rest + 1 : c->name;
}

const struct container_info *project_container(const struct project *p, const char *service,
					       int64_t index, struct error *err)
{
	const struct container_info *best = NULL;
	uint64_t lowest = UINT64_MAX, number;

	vec_foreach (c, &p->world.containers) {
		if (!streq(container_label(c, LABEL_SERVICE), service) || container_is_oneoff(c) ||
		    num_parse_u64(str_of(container_label(c, LABEL_NUMBER)), UINT32_MAX, &number) <
			    0)
			continue;
		if ((index ? number == (uint64_t)index : number < lowest)) {
			best = c;
			lowest = number;
		}
	}
	if (best)
		return best;
	if (index)
		error_set(err, ERR_NOT_FOUND, "service \"%s\" has no container number %lld",
			  service, (long long)index);
	else
		error_set(err, ERR_NOT_FOUND, "service \"%s\" is not running", service);
	return NULL;
}

int project_open_container(struct cli *cli, const char *service, int64_t index, struct project *ret,
			   const struct container_info **ret_c, struct error *err)
{
	const struct container_info *c;
	autostrv services = { 0 };
	int r;

	strv_push(&services, service);
	r = project_open(cli, &services, PROJECT_NAMED_OK, ret, err);
	if (r < 0)
		return r;
	c = project_container(ret, service, index, err);
	if (!c)
		return -ERR_NOT_FOUND;
	*ret_c = c;
	return 0;
}

int project_show_plan(const struct plan *plan, bool json, struct error *err)
{
	autojson *steps = json ? plan_json(plan) : NULL;
	autofree char *text = steps ? json_text_pretty(steps) : NULL;
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	if (text)
		buf_addf(&out, "%s\n", text);
	else
		plan_print(plan, &out);
	return cli_out(&out, err);
}

/* --parallel, else COMPOSE_PARALLEL_LIMIT; 0: as many as the executor likes (so does -1). */
static int parallel_limit(const struct project *p, unsigned *ret, struct error *err)
{
	const char *text = project_env(p, "COMPOSE_PARALLEL_LIMIT");
	int64_t n = p->cli->g.parallel;

	if (n <= 0 && text && num_parse_i64(str_of(text), -1, INT32_MAX, &n) < 0)
		return error_set(err, ERR_INVALID,
				 "COMPOSE_PARALLEL_LIMIT must be an integer (found: \"%.100s\")",
				 text);
	*ret = n < 0 ? 0 : (unsigned)MIN(n, INT32_MAX);
	return 0;
}

const char *project_env(const struct project *p, const char *name)
{
	const char *v = strmap_get(p->tree ? &p->tree->env : &p->cli->environ, name);

	return v && *v ? v : NULL;
}

int project_run(struct project *p, struct plan *plan, const struct run_options *given,
		const struct show_options *show, struct error *err)
{
	struct run_options opt = given ? *given : (struct run_options){ 0 };
	struct build_runner runner;
	struct view view;
	struct task *t;
	int r;

	if (p->cli->g.dry_run)
		return project_show_plan(plan, streq(p->cli->g.progress, "json"), err);
	if (!plan->steps.n)
		return 0;
	r = parallel_limit(p, &opt.parallel, err);
	if (r < 0)
		return r;
	engine_build_runner(p->engine, &runner);
	opt.engine = p->engine;
	opt.runner = &runner;
	opt.store = p->engine->ops->store ? p->engine->ops->store(p->engine) : NULL;
	opt.event = view_event;
	opt.userdata = &view;
	r = view_open(p->cli, show, &view, err);
	if (r < 0)
		return r;
	t = plan_run(plan, &opt);
	if (show->deadline > 0)
		task_deadline(t, show->deadline, show->deadline_message);
	r = cli_wait(p->cli, t, err);
	view_close(&view);
	say_notes(p->cli);
	return r;
}

int64_t cli_seconds(int64_t seconds)
{
	return seconds < 0 ? -1 : MIN(seconds, INT32_MAX) * NSEC_PER_SEC;
}

int project_each(struct cli *cli, const struct each_plan_options *opt, unsigned flags,
		 const char *title, struct error *err)
{
	autoproject p = { .lock = -1 };
	autocall(plan_freep) struct plan *plan = NULL;
	int r = project_open(cli, &opt->services, flags | PROJECT_LOCK | PROJECT_NAMED_OK, &p, err);

	if (r == 0)
		r = plan_each(p.model, p.name, &p.world, opt, &plan, err);
	if (r == 0)
		r = project_run(&p, plan, NULL, &(struct show_options){ .title = title }, err);
	return r;
}
