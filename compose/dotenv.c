/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/dotenv.h"
#include "compose/dotenv-value.h"
#include "compose/runes.h"
#include "compose/yaml.h"

struct parser {
	struct dotenv *d;
	const struct source *src;
	struct str rest;
	unsigned line;	     /* as Compose counts it */
	unsigned key_line;   /* where the statement at hand begins */
	const char *counted; /* up to here key_line has been counted */
	struct error *err;
};

/* Blanks that don't end a line. */
static bool is_blank(uint32_t c)
{
	return c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == ' ' || c == 0x85 ||
	       c == 0xA0;
}

static bool skip_rune(struct str *s, bool (*wanted)(uint32_t))
{
	struct str after = *s;

	if (!s->n || !wanted(rune_next(&after)))
		return false;
	*s = after;
	return true;
}

static void skip_blanks(struct str *s)
{
	while (skip_rune(s, is_blank))
		;
}

/* Goes to the next statement; false at the end. */
static bool find_statement(struct parser *p)
{
	const char *newline;

	for (;;) {
		while (p->rest.n && skip_rune(&p->rest, rune_is_space))
			p->line += p->rest.p[-1] == '\n';
		if (!p->rest.n || *p->rest.p != '#')
			break;
		newline = memchr(p->rest.p, '\n', p->rest.n);
		p->rest = str_skip(p->rest, newline ? (size_t)(newline - p->rest.p) : p->rest.n);
	}
	for (; p->counted < p->rest.p; p->counted++)
		p->key_line += *p->counted == '\n';
	return p->rest.n > 0;
}

static void skip_export(struct parser *p)
{
	struct str after = p->rest;

	if (!str_starts(after, "export"))
		return;
	after = str_skip(after, strlen("export"));
	if (!after.n || !rune_is_space(utf8_decode(after, &(size_t){ 0 })))
		return;
	skip_blanks(&after);
	p->rest = after;
}

static bool in_key(uint32_t c)
{
	return is_blank(c) || rune_is_letter(c) || rune_is_number(c) ||
	       (c < 0x80 && strchr("_.-[]", (int)c));
}

static int bad_key(struct parser *p, struct str from)
{
	struct str line, tail, character = from;

	rune_next(&character);
	character = (struct str){ from.p, from.n - character.n };
	str_cut(p->rest, '\n', &line, &tail);
	return error_set(p->err, ERR_INVALID,
			 "line %u: unexpected character \"%.*s\" in variable name \"%.*s\"",
			 p->line, (int)character.n, character.p, (int)MIN(line.n, (size_t)256),
			 line.p);
}

/* What ends a key. */
enum key_end { KEY_VALUE, KEY_ALONE };

static int take_key(struct parser *p, struct str *ret_key, enum key_end *ret_end)
{
	struct str s, at;
	uint32_t c = 0;

	skip_export(p);
	s = p->rest;
	for (at = s; s.n; at = s) {
		c = rune_next(&s);
		if (c == '=' || c == ':' || c == '\n')
			break;
		if (!in_key(c))
			return bad_key(p, at);
		c = 0;
	}
	*ret_key = (struct str){ p->rest.p, (size_t)(at.p - p->rest.p) };
	*ret_end = c == '=' || c == ':' ? KEY_VALUE : KEY_ALONE;
	while (ret_key->n && is_blank((unsigned char)ret_key->p[ret_key->n - 1]))
		ret_key->n--;
	p->rest = s;
	skip_blanks(&p->rest);
	if (memchr(ret_key->p, ' ', ret_key->n))
		return error_set(p->err, ERR_INVALID, "line %u: key cannot contain a space",
				 p->line);
	p->line += *ret_end == KEY_ALONE;
	return 0;
}

static const char *get_value(void *userdata, const char *name, const char **ret_origin)
{
	const struct dotenv *d = userdata;
	const char *value = d->vars.get ? d->vars.get(d->vars.userdata, name, ret_origin) : NULL;

	return value ? value : strmap_get(d->values, name);
}

static void warn_unset(void *userdata, const char *name)
{
	const struct parser *p = userdata;

	if (p->d->warnings)
		finding_warning(
			p->d->warnings,
			(struct place){ .source = p->src, .line = p->key_line, .column = 1 },
			"The \"%s\" variable is not set. Defaulting to a blank string.", name);
}

static int expand(struct parser *p, const char *text, struct buf *out)
{
	struct interp in = { .vars = { .get = get_value, .userdata = p->d },
			     .unset = warn_unset,
			     .unset_userdata = p };
	int r = interpolate(&in, text, out, p->err);

	if (r == -ERR_INVALID)
		return error_set(p->err, ERR_INVALID, "Invalid template: \"%.512s\"", text);
	return r;
}

/* Up to the end of the line, or " #". */
static struct str take_unquoted(struct parser *p)
{
	struct str value, shorter;
	const char *comment;

	str_cut(p->rest, '\n', &value, &p->rest);
	p->line++;
	comment = memmem(value.p, value.n, " #", 2);
	if (comment)
		value.n = (size_t)(comment - value.p);
	for (shorter = value; shorter.n; value = shorter) {
		do
			shorter.n--;
		while (shorter.n && ((unsigned char)shorter.p[shorter.n] & 0xC0) == 0x80);
		if (!rune_is_space(utf8_decode(str_skip(value, shorter.n), &(size_t){ 0 })))
			break;
	}
	return value;
}

static int unterminated(struct parser *p)
{
	struct str line, tail;

	str_cut(p->rest, '\n', &line, &tail);
	for (size_t i = 0; i < p->rest.n; i++)
		p->line += p->rest.p[i] == '\n';
	return error_set(p->err, ERR_INVALID, "line %u: unterminated quoted value %.*s", p->line,
			 (int)MIN(line.n, (size_t)256), line.p);
}

static int take_quoted(struct parser *p, char quote, struct buf *out)
{
	autobuf text;
	size_t used;

	buf_init(&text, LIMIT_DOTENV_SIZE);
	used = dotenv_unquote(p->rest, &text);
	if (!used)
		return unterminated(p);
	for (size_t i = 0; i < used; i++)
		p->line += p->rest.p[i] == '\n';
	p->rest = str_skip(p->rest, used);
	if (quote == '\'')
		return buf_addstr(out, buf_str(&text));
	dotenv_unescape(&text);
	if (memchr(text.p, '\0', text.len))
		return error_set(p->err, ERR_INVALID, "line %u: a value cannot contain a NUL",
				 p->line);
	return expand(p, text.p, out);
}

static int take_value(struct parser *p, struct buf *out)
{
	char quote = p->rest.n ? *p->rest.p : '\0';
	autofree char *unquoted = NULL;

	if (quote == '"' || quote == '\'')
		return take_quoted(p, quote, out);
	unquoted = str_dup(take_unquoted(p));
	return expand(p, unquoted, out);
}

void dotenv_keep(struct dotenv *d, const struct source *src, unsigned line, const char *key,
		 const char *value)
{
	autofree char *origin = NULL;

	strmap_set(d->values, key, value);
	if (!d->origins)
		return;
	origin = xprintf("%s:%u", src->name, line);
	strmap_set(d->origins, key, origin);
}

static int take_statement(struct parser *p)
{
	autofree char *name = NULL;
	const char *inherited;
	enum key_end end = KEY_ALONE;
	struct str key;
	autobuf value;
	int r;

	buf_init(&value, LIMIT_INTERPOLATED);
	r = take_key(p, &key, &end);
	if (r < 0)
		return r;
	name = str_dup(key);
	if (end == KEY_ALONE) {
		inherited = p->d->vars.get ? p->d->vars.get(p->d->vars.userdata, name, NULL) : NULL;
		if (inherited)
			dotenv_keep(p->d, p->src, p->key_line, name, inherited);
		return 0;
	}
	r = take_value(p, &value);
	if (r == 0)
		dotenv_keep(p->d, p->src, p->key_line, name, value.p);
	return r;
}

struct str dotenv_text(const struct source *src)
{
	return str_starts(src->text, "\xEF\xBB\xBF") ? str_skip(src->text, 3) : src->text;
}

int dotenv_parse(struct dotenv *d, const struct source *src, enum dotenv_format format,
		 struct error *err)
{
	struct parser p = {
		.d = d, .src = src, .rest = dotenv_text(src), .line = 1, .key_line = 1, .err = err
	};
	int r = 0;

	if (memchr(src->text.p, '\0', src->text.n)) {
		error_set(err, ERR_INVALID, "there is a NUL in it: it is no text");
		return error_at(err, src->name, 0, 0);
	}
	if (format == DOTENV_RAW)
		return dotenv_parse_raw(d, src, err);
	p.counted = p.rest.p;
	while (r == 0 && find_statement(&p))
		r = take_statement(&p);
	if (r < 0)
		error_at(err, src->name, p.key_line, 1);
	return r;
}

int dotenv_format_parse(const char *name, enum dotenv_format *ret, struct error *err)
{
	if (!name || !*name)
		*ret = DOTENV_PLAIN;
	else if (streq(name, "raw"))
		*ret = DOTENV_RAW;
	else
		return error_set(err, ERR_INVALID, "unsupported env_file format \"%s\"", name);
	return 0;
}

int dotenv_read(struct dotenv *d, struct arena *a, const char *path, enum dotenv_format format,
		struct error *err)
{
	struct source *src;
	int r = source_read(a, path, &src, err);

	if (r == 0 && src->text.n > LIMIT_DOTENV_SIZE)
		r = error_set(err, ERR_LIMIT, "it is larger than %d MiB", LIMIT_DOTENV_SIZE >> 20);
	if (r == 0)
		r = dotenv_parse(d, src, format, err);
	return r < 0 && r != -ERR_NOT_FOUND ? error_wrap(err, "failed to read %s", path) : r;
}
