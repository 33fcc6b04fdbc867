/* SPDX-License-Identifier: Apache-2.0 */
/* What looks like a secret in files that are about to be published: by the form that issuers give
 * their keys. */
#include "cli/publish.h"

#include "util/io.h"

#include <fcntl.h>
#include <regex.h>

#define LIMIT_LINE (64 << 10) /* longer ones are not looked at behind that */

static const struct {
	const char *type, *form;
} forms[] = {
	{ "AWS Client ID", "(A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16}" },
	{ "AWS Secret Key", "(AWS|aws).{0,20}['\"][0-9a-zA-Z/+]{40}['\"]" },
	{ "Amazon Marketplace Web Service (MWS) Key", "amzn\\.mws\\.[0-9a-f]{8}-[0-9a-f]{4}-" },
	{ "Github authentication", "gh[pousr]_[A-Za-z0-9_]{36}" },
	{ "Gitlab token", "glpat-[A-Za-z0-9_-]{20}" },
	{ "JSON Web Token", "eyJ[A-Za-z0-9_=-]+\\.eyJ[A-Za-z0-9_=-]+" },
	{ "NPM token", "npm_[A-Za-z0-9]{36}" },
	{ "Private Key", "-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----" },
	{ "SendGrid API Key", "SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}" },
	{ "Slack Token", "xox[baprs]-[0-9A-Za-z-]{10,}" },
	{ "Stripe API Key", "[rs]k_live_[0-9a-zA-Z]{24}" },
	{ "URL with password",
	  "[a-z][a-z0-9+.-]+://[^:/[:space:]$]*:[^@:/[:space:]${]+@[^[:space:]'\"]+" },
};

struct scan {
	regex_t compiled[ARRAY_SIZE(forms)];
	struct buf *out;
};

static void scan_line(const struct scan *s, const char *name, unsigned number, struct str line)
{
	autofree char *text = str_dup((struct str){ line.p, MIN(line.n, (size_t)LIMIT_LINE) });

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (!regexec(&s->compiled[i], text, 0, NULL, 0))
			buf_addf(s->out, "%s:%u: %s\n", name, number, forms[i].type);
}

static void scan_text(const struct scan *s, const char *name, struct str text)
{
	struct str line;

	for (unsigned number = 1; text.n; number++) {
		str_cut(text, '\n', &line, &text);
		scan_line(s, name, number, line);
	}
}

/* Of configs and secrets: not published, but what is beside what is. */
static int scan_files(const struct scan *s, const struct node *section, struct error *err)
{
	node_each(m, section)
	{
		const char *path = node_str(node_get(m->value, "file"), NULL);
		autobuf text;
		int r;

		buf_init(&text, LIMIT_FILE_SIZE);
		r = path ? io_read_file(AT_FDCWD, path, &text, err) : 0;
		if (r < 0)
			return error_wrap(err, "%s", m->key);
		scan_text(s, path, buf_str(&text));
	}
	return 0;
}

int publish_find_secrets(const struct project_tree *t, const document_vec *documents,
			 struct buf *out, struct error *err)
{
	struct scan s = { .out = out };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (regcomp(&s.compiled[i], forms[i].form, REG_EXTENDED | REG_NOSUB))
			abort();
	vec_foreach (d, documents)
		scan_text(&s, d->path, buf_str(&d->text));
	r = scan_files(&s, node_get(t->root, "configs"), err);
	if (r == 0)
		r = scan_files(&s, node_get(t->root, "secrets"), err);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		regfree(&s.compiled[i]);
	return r;
}
