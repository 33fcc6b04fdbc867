/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/set.h"

#include "builder/cache-export.h"
#include "builder/cache-import.h"
#include "builder/output.h"
#include "builder/verify.h"
#include "registry/transfer.h"

#include <stdio.h>
#include <unistd.h>

int set_registry(struct build_set *set, struct registry **ret, struct error *err)
{
	int r = set->registry ? 0 : registry_new(set->task.loop, set->store, &set->registry, err);

	if (r == 0)
		*ret = set->registry;
	return r;
}

void set_note(struct build_set *set, const char *fmt, ...)
{
	struct build_event ev = { .type = BUILD_NOTE };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ev.text = text;
	if (set->opt->event)
		set->opt->event(set->opt->userdata, &ev);
}

/* ---- its builds ---- */

/* Of several platforms each says which it is. */
static void on_event(void *userdata, const struct build_event *ev)
{
	struct member *m = userdata;
	struct build_event copy = *ev;
	char platform[100], stage[256];

	platform_text(&m->platform, platform);
	snprintf(stage, sizeof(stage), "%s%s%.100s", platform, ev->stage ? " " : "",
		 ev->stage ? ev->stage : "");
	copy.stage = stage;
	m->set->opt->event(m->set->opt->userdata, &copy);
}

static struct member *member_new(struct build_set *set)
{
	struct member *m = xnew(struct member);

	m->set = set;
	return m;
}

static int add_member(struct build_set *set, const char *platform, struct error *err)
{
	struct member *m = member_new(set);

	*vec_add(&set->members) = m;
	m->opt = *set->opt;
	m->opt.platform = NULL;
	if (!platform) {
		platform_native(&m->platform);
		return 0;
	}
	m->opt.platform = xstrdup(platform);
	return platform_parse(platform, &m->platform, err);
}

static bool is_here_already(const struct build_set *set, const char *platform)
{
	struct platform p;

	if (platform_parse(platform, &p, NULL) < 0)
		return false;
	vec_foreach (m, &set->members)
		if (streq((*m)->platform.os, p.os) && streq((*m)->platform.arch, p.arch) &&
		    streq((*m)->platform.variant, p.variant))
			return true;
	return false;
}

static int add_members(struct build_set *set, struct error *err)
{
	int r = 0;

	strv_foreach (platform, &set->opt->platforms)
		if (r == 0 && !is_here_already(set, platform))
			r = add_member(set, platform, err);
	if (!set->members.n && r == 0)
		r = add_member(set, set->opt->platform, err);
	if (set->members.n > 1 && set->opt->event)
		vec_foreach (m, &set->members) {
			(*m)->opt.event = on_event;
			(*m)->opt.userdata = *m;
		}
	return r;
}

static void next_member(struct build_set *set);

static struct member *under_way(const struct build_set *set)
{
	return set->again ? set->second.v[set->second.n - 1] : set->members.v[set->at];
}

static void on_built(struct task *t, int r, void *userdata)
{
	struct build_set *set = userdata;
	struct error err = t->err;

	if (r < 0 && set->members.n > 1) {
		char text[100];

		error_wrap(&err, "%s", platform_text(&under_way(set)->platform, text));
	}
	if (r < 0)
		return task_fail(&set->task, &err);
	if (!set->again)
		set->at++;
	next_member(set);
}

static void start_member(struct build_set *set, struct member *m)
{
	m->task = build_one(set, &m->opt, m->id);
	m->build = container_of(m->task, struct build, task);
	task_on_done(m->task, on_built, set);
}

/* Once more, all of it, for --verify. */
static void next_second(struct build_set *set)
{
	const struct member *first = set->members.v[set->second.n];
	struct member *m = member_new(set);

	if (!set->again)
		set_note(set, "building once more, without a cache");
	set->again = true;
	m->opt = first->opt;
	m->opt.platform = xstrdup0(first->opt.platform);
	m->platform = first->platform;
	*vec_add(&set->second) = m;
	start_member(set, m);
}

static void next_member(struct build_set *set)
{
	struct error err = ERROR_INIT;

	if (set->opt->check && set->at) /* the others would say the same */
		return task_end(&set->task, 0);
	if (set->at < set->members.n)
		return start_member(set, set->members.v[set->at]);
	if (set->opt->verify && set->second.n < set->members.n)
		return next_second(set);
	if (set->opt->verify && verify_set(set, &err) < 0)
		return task_fail(&set->task, &err);
	output_start(set);
}

/* ---- the whole ---- */

static void member_free(struct member *m)
{
	task_unref(m->task);
	descriptor_done(&m->desc);
	free(m->opt.platform);
	free(m);
}

static void set_free(struct task *t)
{
	struct build_set *set = container_of(t, struct build_set, task);

	output_free(set->output);
	import_free(set->import);
	attest_options_done(&set->attest);
	vec_foreach (m, &set->members)
		member_free(*m);
	vec_done(&set->members);
	vec_foreach (m, &set->second)
		member_free(*m);
	vec_done(&set->second);
	map_done(&set->made);
	map_done(&set->inputs);
	registry_free(set->registry);
	if (set->own_slots)
		slots_free(set->slots);
	free(set);
}

static void set_cancel(struct task *t)
{
	struct build_set *set = container_of(t, struct build_set, task);

	if (set->output)
		output_cancel(set->output);
	else if (under_way(set)->task)
		task_cancel(under_way(set)->task);
}

/* Its own, where the caller has none for all that is done. */
static void open_slots(struct build_set *set)
{
	const struct build_options *opt = set->opt;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	set->slots = opt->slots;
	if (set->slots)
		return;
	set->slots = slots_new(set->task.loop, NULL,
			       opt->parallel ? opt->parallel : (unsigned)MAX(cpus, 1));
	set->own_slots = true;
}

static const struct task_ops set_ops = { "build", set_cancel, set_free };

struct task *build_start(sd_event *loop, struct store *store, const struct build_runner *runner,
			 const struct build_options *opt, char ret_id[DIGEST_MAX])
{
	struct build_set *set = xnew(struct build_set);
	struct error err = ERROR_INIT;

	task_init(&set->task, &set_ops, loop);
	set->opt = opt;
	set->runner = runner;
	set->store = store;
	set->ret_id = ret_id;
	open_slots(set);
	if (attest_parse(opt->provenance, opt->sbom, &set->attest, &err) < 0 ||
	    cache_export_check(opt, &err) < 0 || add_members(set, &err) < 0 ||
	    import_new(set, &set->import, &err) < 0)
		task_fail(&set->task, &err);
	else
		next_member(set);
	return &set->task;
}
