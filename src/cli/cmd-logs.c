/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/logs.h"
#include "util/num.h"
#include "util/time.h"

#include <time.h>

struct logs_opts {
	bool follow, no_color, no_prefix, timestamps;
	int64_t index;
	char *since, *until, *tail;
};

static const struct opt opts[] = {
	OPT(struct logs_opts, OPT_FLAG, follow, 'f', "follow", "Follow log output"),
	OPT(struct logs_opts, OPT_COUNT, index, 0, "index",
	    "index of the container if service has multiple replicas"),
	OPT(struct logs_opts, OPT_FLAG, no_color, 0, "no-color", "Produce monochrome output"),
	OPT(struct logs_opts, OPT_FLAG, no_prefix, 0, "no-log-prefix",
	    "Don't print prefix in logs"),
	OPT(struct logs_opts, OPT_STRING, since, 0, "since",
	    "Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42\n"
	    "minutes)"),
	OPT(struct logs_opts, OPT_STRING, tail, 'n', "tail",
	    "Number of lines to show from the end of the logs for each container",
	    .otherwise = "all"),
	OPT(struct logs_opts, OPT_FLAG, timestamps, 't', "timestamps", "Show timestamps"),
	OPT(struct logs_opts, OPT_STRING, until, 0, "until",
	    "Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for "
	    "42\n"
	    "minutes)"),
	{ 0 },
};

/* Docker's shorter forms, in the time zone of here: 2026-01-02, 2026-01-02T15:04, without a zone. */
static int local_time_parse(const char *s, int64_t *ret)
{
	static const char missing[] = "2000-01-01T00:00:00";
	size_t n = strlen(s);
	autofree char *text = xprintf("%s%sZ", s, n < sizeof(missing) - 1 ? missing + n : "");
	time_t t;
	struct tm tm;

	if (time_parse(text, ret, NULL) < 0)
		return -ERR_INVALID;
	t = *ret / NSEC_PER_SEC;
	if (localtime_r(&t, &tm))
		*ret -= tm.tm_gmtoff * NSEC_PER_SEC;
	return 0;
}

int cli_moment(const char *flag, const char *s, int64_t *ret, struct error *err)
{
	int64_t span, seconds;

	if (!s || !*s) {
		*ret = 0;
		return 0;
	}
	if (num_parse_i64(str_of(s), 0, INT64_MAX / NSEC_PER_SEC, &seconds) == 0)
		*ret = seconds * NSEC_PER_SEC;
	else if (duration_parse(s, &span, NULL) == 0)
		*ret = time_now() - span;
	else if (time_parse(s, ret, NULL) < 0 && local_time_parse(s, ret) < 0)
		return error_set(
			err, ERR_INVALID,
			"--%s: \"%s\" is neither a time (2026-01-02T15:04:05Z) nor a span (42m)",
			flag, s);
	return 0;
}

static int log_options_of(const struct logs_opts *o, struct log_options *ret, struct error *err)
{
	int r;

	*ret = (struct log_options){ .follow = o->follow, .tail = -1 };
	if (o->tail && *o->tail && !streq(o->tail, "all") &&
	    num_parse_i64(str_of(o->tail), -1, INT64_MAX, &ret->tail) < 0)
		return error_set(err, ERR_INVALID, "--tail: \"%s\" is not a number of lines",
				 o->tail);
	r = cli_moment("since", o->since, &ret->since, err);
	return r < 0 ? r : cli_moment("until", o->until, &ret->until, err);
}

struct wish {
	const struct strv *services;
	int64_t index;
};

static bool wanted(void *userdata, const struct container_info *c)
{
	const struct wish *w = userdata;
	uint64_t number = 0;

	num_parse_u64(str_of(container_label(c, LABEL_NUMBER)), UINT32_MAX, &number);
	if (container_is_oneoff(c))
		return false;
	return (!w->services->n || strv_has(w->services, container_label(c, LABEL_SERVICE))) &&
	       (!w->index || number == (uint64_t)w->index);
}

static int run(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	const struct logs_opts *o = values;
	struct logs_show show = { .no_prefix = o->no_prefix,
				  .no_color = o->no_color,
				  .timestamps = o->timestamps };
	struct wish wish = { args, o->index };
	const struct logs_of of = { .wanted = wanted, .userdata = &wish };
	autoproject p = { .lock = -1 };
	int r = log_options_of(o, &show.log, err);

	if (r == 0)
		r = project_open(cli, args, PROJECT_NAMED_OK, &p, err);
	if (r < 0)
		return r;
	r = cli_wait(cli, logs_task(&p, &show, &of), err);
	return r == -ERR_CANCELLED ? 130 : r;
}

const struct command cmd_logs = {
	.name = "logs",
	.usage = "logs [OPTIONS] [SERVICE...]",
	.help = "View output from containers",
	.opts = opts,
	.opts_size = sizeof(struct logs_opts),
	.max_args = -1,
	.run = run,
};
