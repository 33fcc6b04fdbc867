/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/git/modules.h"

#include "builder/git/job.h"

#include <strings.h>

void modules_done(module_vec *v)
{
	vec_foreach (m, v) {
		free(m->name);
		free(m->path);
		free(m->url);
	}
	vec_done(v);
}

const struct module *modules_find(const module_vec *v, const char *path)
{
	vec_foreach (m, v)
		if (m->path && m->url && streq(m->path, path))
			return m;
	return NULL;
}

/* Text up to `end`, which may be quoted and has escapes. */
static char *unquote(struct str s, bool quoted)
{
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '"' && quoted)
			break;
		if (c == '"')
			continue;
		if (c == '\\' && i + 1 < s.n) {
			c = s.p[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_addc(&out, c);
	}
	return buf_steal(&out);
}

/* git itself refuses a name that could be a way out of a directory. */
static bool is_sane(const char *name)
{
	struct str rest = str_of(name), part;

	while (rest.n) {
		str_cut(rest, '/', &part, &rest);
		if (str_eq(part, ".."))
			return false;
	}
	return *name != '\0';
}

static struct module *of_name(module_vec *v, char *name)
{
	struct module *m;

	vec_foreach (have, v) {
		if (streq(have->name, name)) {
			free(name);
			return have;
		}
	}
	if (!is_sane(name) || v->n >= LIMIT_GIT_MODULES) {
		free(name);
		return NULL;
	}
	m = vec_add(v);
	m->name = name;
	return m;
}

/* [submodule "name"] */
static struct module *section(struct str line, module_vec *v)
{
	static const char word[] = "[submodule";
	size_t n = sizeof(word) - 1;

	if (line.n <= n || strncasecmp(line.p, word, n) != 0)
		return NULL;
	line = str_trim(str_skip(line, n));
	if (!line.n || line.p[0] != '"')
		return NULL;
	return of_name(v, unquote(str_skip(line, 1), true));
}

/* What follows # or ; outside of quotes is said to nobody. */
static struct str without_comment(struct str s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s.p[i] == '#' || s.p[i] == ';'))
			return (struct str){ s.p, i };
	}
	return s;
}

static void setting(struct module *m, struct str line)
{
	struct str key, value;
	autofree char *name = NULL, *text = NULL;

	str_cut(line, '=', &key, &value);
	name = str_dup(str_trim(key));
	text = unquote(str_trim(without_comment(value)), false);
	if (!strcasecmp(name, "path") && is_sane(text)) {
		free(m->path);
		m->path = TAKE_PTR(text);
	} else if (!strcasecmp(name, "url")) {
		free(m->url);
		m->url = TAKE_PTR(text);
	} else if (!strcasecmp(name, "update")) {
		m->skip = streq(text, "none");
	}
}

void modules_parse(struct str text, module_vec *ret)
{
	struct module *m = NULL;
	struct str line;

	while (text.n) {
		str_cut(text, '\n', &line, &text);
		line = str_trim(line);
		if (!line.n || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[')
			m = section(line, ret);
		else if (m)
			setting(m, line);
	}
}
