/* SPDX-License-Identifier: Apache-2.0 */
/* compose login, logout: credentials that the registry has accepted are kept, nothing else is. */
#include "cli/commands.h"
#include "registry/auth.h"
#include "registry/transfer.h"
#include "ui/prompt.h"
#include "util/env.h"
#include "util/io.h"

#include <string.h>
#include <unistd.h>

#define LIMIT_PASSWORD (64 << 10)

struct login_opts {
	char *user, *password;
	bool from_stdin;
};

static const struct opt login_opts[] = {
	OPT(struct login_opts, OPT_STRING, password, 'p', "password",
	    "The password or access token (others can see it in the list of processes: better\n"
	    "--password-stdin)"),
	OPT(struct login_opts, OPT_FLAG, from_stdin, 0, "password-stdin",
	    "Read the password or access token from stdin"),
	OPT(struct login_opts, OPT_STRING, user, 'u', "username", "The user's name"),
	{ 0 },
};

static int read_password(char **ret, struct error *err)
{
	autobuf b;
	int r;

	buf_init(&b, LIMIT_PASSWORD);
	r = io_read_fd(STDIN_FILENO, &b, err);
	if (r < 0)
		return error_wrap(err, "the password on stdin");
	while (b.len && (b.p[b.len - 1] == '\n' || b.p[b.len - 1] == '\r'))
		b.p[--b.len] = '\0';
	if (!b.len || strlen(b.p) != b.len)
		return error_set(err, ERR_INVALID, "there is no password on stdin");
	*ret = buf_steal(&b);
	return 0;
}

static int get_user(const struct login_opts *o, char **ret, struct error *err)
{
	if (o->user && *o->user) {
		*ret = xstrdup(o->user);
		return 0;
	}
	if (o->from_stdin)
		return error_set(err, ERR_INVALID, "--password-stdin needs --username");
	return prompt_line("Username: ", "--username", ret, err);
}

static int get_password(const struct login_opts *o, char **ret, struct error *err)
{
	if (o->from_stdin)
		return read_password(ret, err);
	if (!o->password || !*o->password)
		return prompt_secret("Password: ", "--password-stdin", ret, err);
	cli_note("WARNING: --password shows the password to others: use --password-stdin");
	*ret = xstrdup(o->password);
	return 0;
}

static int get_credential(const struct login_opts *o, struct credential *ret, struct error *err)
{
	int r;

	if (o->from_stdin && o->password && *o->password)
		return error_set(err, ERR_INVALID,
				 "--password and --password-stdin exclude each other");
	r = get_user(o, &ret->user, err);
	return r < 0 ? r : get_password(o, &ret->password, err);
}

static int verify_and_keep(struct cli *cli, const char *host, const struct credential *c,
			   struct error *err)
{
	autocall(registry_freep) struct registry *reg = NULL;
	autofree char *where = NULL;
	sd_event *loop;
	int r = cli_loop(cli, &loop, err);

	if (r == 0)
		r = registry_new(loop, NULL, &reg, err);
	if (r == 0)
		r = cli_wait(cli, registry_login(reg, host, c), err);
	if (r >= 0)
		r = cli_wait(cli, auth_store(loop, host, c, &where), err);
	if (r < 0)
		return r;
	cli_note("The credentials for %s are kept in %s%s", host, where,
		 starts_with(where, "/") ? ", not encrypted" : "");
	if (env_get("DOCKER_AUTH_CONFIG"))
		cli_note("WARNING: DOCKER_AUTH_CONFIG is set, and comes before them");
	return cli_outs("Login Succeeded\n", err);
}

static int run_login(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	struct credential c = { 0 };
	autofree char *host = NULL;
	int r = registry_host(args->n ? args->v[0] : NULL, &host, err);

	if (r < 0)
		return r;
	if (cli_would(cli, "login", args))
		return 0;
	r = get_credential(values, &c, err);
	if (r == 0)
		r = verify_and_keep(cli, host, &c, err);
	credential_done(&c);
	return r;
}

const struct command cmd_login = {
	.name = "login",
	.usage = "login [OPTIONS] [SERVER]",
	.help = "Log in to a registry",
	.more = "Asks the registry (Docker Hub, when none is named) whether it takes the name and "
		"password, and keeps\nthem where docker does: by the credential helper that "
		"config.json names, else in config.json.",
	.opts = login_opts,
	.opts_size = sizeof(struct login_opts),
	.max_args = 1,
	.run = run_login,
};

static int run_logout(struct cli *cli, void *values, const struct strv *args, struct error *err)
{
	autofree char *host = NULL, *text = NULL;
	sd_event *loop;
	int r = registry_host(args->n ? args->v[0] : NULL, &host, err);

	if (r < 0)
		return r;
	if (cli_would(cli, "logout", args))
		return 0;
	r = cli_loop(cli, &loop, err);
	if (r == 0)
		r = cli_wait(cli, auth_erase(loop, host), err);
	if (r < 0)
		return r;
	text = xprintf(r ? "Removed the credentials for %s\n" : "Not logged in to %s\n", host);
	return cli_outs(text, err);
}

const struct command cmd_logout = {
	.name = "logout",
	.usage = "logout [SERVER]",
	.help = "Log out from a registry",
	.max_args = 1,
	.run = run_logout,
};
