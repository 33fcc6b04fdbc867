/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish.h"

#include "ui/prompt.h"
#include "ui/term.h"
#include "util/io.h"

#include <unistd.h>

/* 1 yes, 0 no. What is about to be published is shown first. */
static int ask(const struct buf *what, const char *about, const char *question, struct error *err)
{
	autobuf text = { 0 }, safe = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	buf_init(&safe, BUF_MAX_ANY);
	buf_addf(&text, "you are about to publish %s within your OCI artifact.\n", about);
	buf_add(&text, what->p, what->len);
	text_safe_lines(buf_str(&text), &safe);
	io_write_all(STDERR_FILENO, safe.p, safe.len, NULL);
	return prompt_answer(question, false, "--yes", err);
}

static int check_builds(const struct project_tree *t, struct error *err)
{
	autobuf names = { 0 };

	buf_init(&names, 1500);
	node_each(s, node_get(t->root, "services"))
	{
		if (!node_get(s->value, "image") && node_get(s->value, "build"))
			buf_addf(&names, "\n- \"%s\"", s->key);
	}
	if (!names.len)
		return 0;
	return error_set(err, ERR_INVALID,
			 "your Compose stack cannot be published as it only contains a build "
			 "section for service(s):%s\ngive them an `image`, which is pushed",
			 names.p);
}

static int ask_binds(const struct project_tree *t, struct error *err)
{
	autobuf text = { 0 };

	buf_init(&text, BUF_MAX_ANY);
	buf_adds(&text, "only the bind mount declarations will be added to the OCI artifact (not "
			"content)\nplease double check that you are not mounting potential user's "
			"sensitive directories or data\n");
	size_t before = text.len;
	node_each(s, node_get(t->root, "services"))
	{
		node_item(v, node_get(s->value, "volumes"))
		{
			if (streq(node_str(node_get(v, "type"), ""), "bind"))
				buf_addf(&text, "%s: %s:%s\n", s->key,
					 node_str(node_get(v, "source"), ""),
					 node_str(node_get(v, "target"), ""));
		}
	}
	return text.len == before
		       ? 1
		       : ask(&text, "bind mounts declaration",
			     "Are you ok to publish these bind mount declarations?", err);
}

static int ask_secrets(const struct project_tree *t, const document_vec *documents,
		       struct error *err)
{
	autobuf text = { 0 };
	int r;

	buf_init(&text, BUF_MAX_ANY);
	r = publish_find_secrets(t, documents, &text, err);
	if (r < 0 || !text.len)
		return r < 0 ? r : 1;
	return ask(&text, "sensitive data", "Are you ok to publish these sensitive data?", err);
}

/* The variables of services and configs, and why that needs --with-env. */
static void list_variables(const struct project_tree *t, struct buf *values, struct buf *reasons)
{
	node_each(s, node_get(t->root, "services"))
	{
		const struct node *env = node_get(s->value, "environment");

		if (node_get(s->value, "env_file"))
			buf_addf(reasons, "service \"%s\" has env_file declared.\n", s->key);
		if (!env || !env->map.n)
			continue;
		buf_addf(reasons, "service \"%s\" has environment variable(s) declared.\n", s->key);
		buf_addf(values, "Service/Config  %s\n", s->key);
		node_each(m, env) buf_addf(values, "%s=%s\n", m->key, node_str(m->value, ""));
	}
	node_each(c, node_get(t->root, "configs"))
	{
		const char *name = node_str(node_get(c->value, "environment"), NULL);

		if (!name)
			continue;
		buf_addf(reasons, "config \"%s\" is declare as an environment variable.\n", c->key);
		buf_addf(values, "Service/Config  %s\n%s=%s\n", c->key, c->key, name);
	}
}

static int check_variables(const struct project_tree *t, const document_vec *documents,
			   const struct publish_opts *o, struct error *err)
{
	autobuf values = { 0 }, reasons = { 0 };
	bool env_files = false;

	buf_init(&values, BUF_MAX_ANY);
	buf_init(&reasons, BUF_MAX_ANY);
	vec_foreach (d, documents)
		env_files |= d->kind == DOCUMENT_ENV;
	list_variables(t, &values, &reasons);
	/* Without its env files a project can't be read again, whatever was answered. */
	if (!o->with_env && (env_files || (!o->yes && reasons.len)))
		return error_set(
			err, ERR_INVALID,
			"%.1500sTo avoid leaking sensitive data, you must either explicitly "
			"allow the sending of environment variables by using the --with-env "
			"flag,\nor remove sensitive data from your Compose configuration",
			reasons.p);
	if (o->yes || !values.len)
		return 1;
	return ask(&values, "environment variables",
		   "Are you ok to publish these environment variables?", err);
}

int publish_check(const struct project_tree *t, const document_vec *documents,
		  const struct publish_opts *o, struct error *err)
{
	int r = check_builds(t, err);

	if (r < 0)
		return r;
	r = o->yes ? 1 : ask_binds(t, err);
	if (r > 0 && !o->yes)
		r = ask_secrets(t, documents, err);
	return r > 0 ? check_variables(t, documents, o, err) : r;
}
