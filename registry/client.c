/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client.h"

#include "util/env.h"
#include "util/json.h"

#include <string.h>

#define LIMIT_WORDS 300

static int origin_get(struct registry *reg, const struct endpoint *ep, struct origin **ret,
		      struct error *err)
{
	struct certs certs = { .ca_fd = -1 };
	struct origin *o;
	int r;

	vec_foreach (p, &reg->origins)
		if (streq((*p)->host, ep->host) && (*p)->plain == ep->plain &&
		    (*p)->insecure == ep->insecure) {
			*ret = *p;
			return 0;
		}
	r = hosts_certs(reg->hosts, ep->host, &certs, err);
	if (r < 0)
		return r;
	o = xnew(struct origin);
	*o = (struct origin){ .host = xstrdup(ep->host),
			      .plain = ep->plain,
			      .insecure = ep->insecure,
			      .tls = !ep->plain,
			      .known = ep->plain,
			      .certs = certs };
	*vec_add(&reg->origins) = o;
	*ret = o;
	return 0;
}

/* Who has given an authority for a host means to have it checked, be the host loopback or not. */
struct http_tls origin_tls(const struct origin *o)
{
	const char *more = env_get("SSL_CERT_FILE");

	return (struct http_tls){ .ca_file = o->certs.ca_file ? o->certs.ca_file : more,
				  .cert_file = o->certs.cert_file,
				  .key_file = o->certs.key_file,
				  .insecure = o->insecure && !o->certs.ca_file };
}

int client_get(struct registry *reg, const struct endpoint *ep, enum access access,
	       struct client **ret, struct error *err)
{
	struct origin *o;
	struct client *c;
	int r;

	r = origin_get(reg, ep, &o, err);
	if (r < 0)
		return r;
	vec_foreach (p, &reg->clients)
		if ((*p)->origin == o && (*p)->access == access && streq((*p)->path, ep->path) &&
		    streq((*p)->prefix, ep->prefix)) {
			*ret = *p;
			return 0;
		}
	c = xnew(struct client);
	*c = (struct client){ .reg = reg,
			      .origin = o,
			      .prefix = xstrdup(ep->prefix),
			      .path = xstrdup(ep->path),
			      .auth_host = xstrdup(ep->auth_host),
			      .access = access,
			      .mirror = ep->mirror };
	*vec_add(&reg->clients) = c;
	*ret = c;
	return 0;
}

struct client *client_free(struct client *c)
{
	if (!c)
		return NULL;
	vec_foreach (a, &c->authz)
		authz_free(*a);
	vec_done(&c->authz);
	vec_done(&c->waiting);
	credential_done(&c->credential);
	free(c->prefix);
	free(c->path);
	free(c->auth_host);
	free(c);
	return NULL;
}

char *client_where(const struct client *c)
{
	return xprintf("%s://%s%s", c->origin->tls ? "https" : "http", c->origin->host, c->prefix);
}

/* -- what a registry says about its refusal -- */

/* Words from outside go to a terminal: no control characters, one line, not too many. */
static void add_words(struct buf *b, const char *s)
{
	for (; *s && b->len < LIMIT_WORDS; s++)
		buf_addc(b, (unsigned char)*s < ' ' || *s == 0x7f ? ' ' : *s);
}

/* {"errors": [{"code", "message"}]} of the distribution-spec. */
static void registry_words(const struct http_response *resp, struct buf *b)
{
	const json_t *list, *e;
	autojson *doc = NULL;
	size_t i;

	if (!resp->body.p || json_parse(resp->body.p, resp->body.len, "error", &doc, NULL) < 0)
		return;
	list = json_object_get(doc, "errors");
	json_array_foreach (list, i, e) {
		const char *code = json_str(e, "code"), *message = json_str(e, "message");

		if (!code && !message)
			continue;
		if (b->len)
			buf_adds(b, "; ");
		add_words(b, message && *message ? message : code);
	}
	if (!b->len && json_str(doc, "details"))
		add_words(b, json_str(doc, "details"));
}

static const struct {
	long status;
	enum err_code code;
	const char *text;
} refusals[] = {
	{ 401, ERR_AUTH, "the credentials are not accepted (401)" },
	{ 403, ERR_AUTH, "access is denied (403)" },
	{ 404, ERR_NOT_FOUND, "not found (404)" },
	{ 429, ERR_NETWORK, "too many requests: the rate limit is reached (429)" },
};

int client_refused(const struct client *c, const struct http_response *resp, struct error *err)
{
	autofree char *where = client_where(c), *other = NULL;
	enum err_code code = resp->status >= 500 ? ERR_NETWORK : ERR_INVALID;
	const char *text = NULL;
	autobuf words;

	buf_init(&words, 4096);
	registry_words(resp, &words);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].status == resp->status) {
			code = refusals[i].code;
			text = refusals[i].text;
		}
	if (resp->status == 401 && credential_empty(&c->credential))
		text = other = xprintf("authentication is required (log in with: compose login %s)",
				       c->auth_host);
	else if (!text)
		text = other = xprintf("the registry answered with status %ld", resp->status);
	return error_set(err, code, "%s/%s: %s%s%s", where, c->path, text, words.len ? ": " : "",
			 words.p);
}
