/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/history.h"

#include "builder/expand.h"

char *history_list(const struct inst *in, const struct strv *l)
{
	autofree char *all = strv_join(l, " ");

	return xprintf("%s [%s]", inst_name(in->kind), all);
}

static void add_quoted(struct buf *out, const char *s)
{
	static const char plain[] = "\a\b\f\n\r\t\v\\\"", escaped[] = "abfnrtv\\\"";

	buf_addc(out, '"');
	for (; *s; s++) {
		const char *at = strchr(plain, *s);

		if (at)
			buf_addf(out, "\\%c", escaped[at - plain]);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			buf_addf(out, "\\x%02x", (unsigned)*s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

char *history_quoted(const struct inst *in, const struct strv *l)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	buf_addf(&out, "%s [", inst_name(in->kind));
	strv_foreach (s, l) {
		if (s != l->v[0])
			buf_addc(&out, ' ');
		add_quoted(&out, s);
	}
	buf_addc(&out, ']');
	return buf_steal(&out);
}

char *history_health(const struct healthcheck *h)
{
	autofree char *test = strv_join(&h->test, " ");
	char a[TIME_TEXT_MAX], b[TIME_TEXT_MAX], c[TIME_TEXT_MAX], d[TIME_TEXT_MAX];

	return xprintf(
		"HEALTHCHECK {Test:[%s] Interval:%s Timeout:%s StartPeriod:%s StartInterval:%s "
		"Retries:%lld}",
		test, duration_format(h->interval, a), duration_format(h->timeout, b),
		duration_format(h->start_period, c), duration_format(h->start_interval, d),
		(long long)h->retries);
}

static void add_expanded(struct buf *out, const struct stage_run *run, const struct inst *in,
			 const char *before, const char *text)
{
	autofree char *value = NULL;

	if (expand_word(text, in->df->escape, 0, &run->env, NULL, &value, NULL) < 0)
		return;
	if (*value || !ends_with(before, "="))
		buf_addf(out, "%s%s", before, value);
}

static void add_sources(struct buf *out, const struct stage_run *run, const struct inst *in,
			bool heredocs)
{
	for (size_t i = 0; i + 1 < in->args.n; i++) {
		struct heredoc mark = { 0 };
		bool is_heredoc = !in->json && heredoc_parse(in->args.v[i], &mark) == 1;

		if (is_heredoc && heredocs)
			buf_addf(out, " <<%s", mark.name);
		else if (!is_heredoc && !heredocs)
			add_expanded(out, run, in, " ", in->args.v[i]);
		free(mark.name);
	}
}

char *history_copy(const struct stage_run *run, const struct inst *in)
{
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	buf_adds(&out, inst_name(in->kind));
	if (in->flags.parents == INST_TRUE)
		buf_adds(&out, " --parents");
	if (in->flags.chown)
		add_expanded(&out, run, in, " --chown=", in->flags.chown);
	if (in->flags.chmod)
		add_expanded(&out, run, in, " --chmod=", in->flags.chmod);
	add_sources(&out, run, in, false);
	add_sources(&out, run, in, true);
	add_expanded(&out, run, in, " ", in->args.v[in->args.n - 1]);
	buf_adds(&out, " # buildkit");
	return buf_steal(&out);
}

char *history_run(const struct stage_run *run, const struct strv *argv)
{
	autofree char *command = strv_join(argv, " ");
	autobuf out = { 0 };

	buf_init(&out, BUF_MAX_ANY);
	buf_adds(&out, "RUN ");
	if (run->args.n)
		buf_addf(&out, "|%zu ", run->args.n);
	map_foreach (a, &run->args) {
		const char *now = strmap_get(&run->env, a->key);
		const char *value = now ? now : a->value;

		buf_addf(&out, "%s=%s ", a->key, value ? value : "");
	}
	buf_addf(&out, "%s # buildkit", command);
	return buf_steal(&out);
}
