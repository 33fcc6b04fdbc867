/* SPDX-License-Identifier: Apache-2.0 */
/* What up, create, scale, run and plan share. */
#include "cli/project.h"

#include "ui/prompt.h"
#include "util/io.h"
#include "util/num.h"

#include <unistd.h>

const char *const pull_words[] = { "always", "missing", "never", "build", NULL };

int cli_check_word(const char *flag, const char *value, const char *const *words, struct error *err)
{
	autofree char *all = NULL;
	autostrv list = { 0 };

	if (!value || !*value)
		return 0;
	for (; *words; words++) {
		if (streq(value, *words))
			return 0;
		strv_push(&list, *words);
	}
	all = strv_join(&list, ", ");
	return error_set(err, ERR_INVALID, "invalid %s option \"%s\": one of %s", flag, value, all);
}

int cli_scale(const char *flag, const struct strv *given, const struct model *m, struct map *ret,
	      struct error *err)
{
	map_init(ret, free);
	strv_foreach (s, given) {
		struct str service, number;
		autofree char *name = NULL;
		unsigned *value;
		uint64_t n;

		str_cut(str_of(s), '=', &service, &number);
		name = str_dup(service);
		if (num_parse_u64(number, LIMIT_SCALE, &n) < 0)
			return error_set(err, ERR_INVALID,
					 "%s %s: SERVICE=NUMBER expected (up to %d)", flag, s,
					 LIMIT_SCALE);
		if (!model_service(m, name))
			return error_set(err, ERR_NOT_FOUND, "%s %s: no such service: %s", flag, s,
					 name);
		value = xnew(unsigned);
		*value = n;
		map_set(ret, name, value);
	}
	return 0;
}

static bool is_on(const char *value)
{
	return value && (streq(value, "1") || streq(value, "true"));
}

/* A volume's data goes only when the user says so; who can't be asked keeps it. */
static int ask_for_volumes(struct project *p, struct strv *ret, bool yes, struct error *err)
{
	autostrv changed = { 0 };

	plan_changed_volumes(p->model, &p->world, &changed);
	strv_foreach (name, &changed) {
		autofree char *question = xprintf("Volume \"%s\" exists but doesn't match its "
						  "configuration in the compose file. Make it "
						  "anew (data will be lost)?",
						  name);
		int r = yes ? 1 : 0;

		if (!yes && isatty(STDIN_FILENO) && !p->cli->g.dry_run)
			r = prompt_yes(question, "--yes", err);
		if (r < 0)
			return r;
		if (r > 0)
			strv_push(ret, name);
	}
	return 0;
}

int project_up_plan(struct project *p, struct up_plan_options *opt, bool yes, struct plan **ret,
		    struct error *err)
{
	struct findings f = { 0 };
	autobuf text = { 0 };
	int r;

	opt->remove_orphans |= is_on(project_env(p, "COMPOSE_REMOVE_ORPHANS"));
	opt->ignore_orphans |= is_on(project_env(p, "COMPOSE_IGNORE_ORPHANS"));
	opt->all_resources |= p->cli->g.all_resources;
	r = ask_for_volumes(p, &opt->renew_volumes, yes, err);
	if (r == 0)
		r = plan_up(p->model, &p->world, opt, ret, &f, err);
	buf_init(&text, BUF_MAX_ANY);
	findings_print(&f, p->cli->colour, &text);
	io_write_all(STDERR_FILENO, text.p, text.len, NULL);
	findings_done(&f);
	strv_done(&opt->renew_volumes);
	return r;
}

int project_up(struct project *p, struct up_plan_options *opt, const struct show_options *show,
	       bool yes, struct error *err)
{
	autocall(plan_freep) struct plan *plan = NULL;
	int r = project_up_plan(p, opt, yes, &plan, err);

	return r < 0 ? r : project_run(p, plan, NULL, show, err);
}
