/* SPDX-License-Identifier: Apache-2.0 */
/* certs.d/HOST:PORT/: *.crt are authorities, NAME.cert and NAME.key the client's certificate. */
#include "registry/hosts.h"
#include "registry/hosts-private.h"

#include "util/fd.h"
#include "util/io.h"
#include "util/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#define LIMIT_CERTS (4 << 20)
#define LIMIT_FILES 1000

static void list_dir(const char *path, struct strv *ret)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return;
	while (ret->n < LIMIT_FILES && (e = readdir(d)))
		if (e->d_name[0] != '.')
			strv_push(ret, e->d_name);
	closedir(d);
	strv_sort(ret);
}

/* Several authorities become one file in memory. */
static int join_files(const struct strv *files, struct certs *ret, struct error *err)
{
	autobuf b;
	int r;

	buf_init(&b, LIMIT_CERTS);
	strv_foreach (f, files) {
		r = io_read_file(AT_FDCWD, f, &b, err);
		if (r < 0)
			return error_wrap(err, "%s", f);
		buf_addc(&b, '\n');
	}
	r = buf_check(&b, "certificates", err);
	if (r == 0)
		r = fd_of_bytes("authorities", b.p, b.len, &ret->ca_fd, err);
	if (r == 0)
		ret->ca_file = xprintf("/proc/self/fd/%d", ret->ca_fd);
	return r;
}

static int client_pair(const char *dir, const char *cert, const struct strv *names,
		       struct certs *ret, struct error *err)
{
	autofree char *key = xprintf("%.*s.key", (int)(strlen(cert) - strlen(".cert")), cert);

	if (!strv_has(names, key))
		return error_set(err, ERR_INVALID, "%s/%s has no %s beside it", dir, cert, key);
	if (ret->cert_file)
		return 0;
	ret->cert_file = path_join(dir, cert);
	ret->key_file = path_join(dir, key);
	return 0;
}

static int take_dir(const char *dir, const struct strv *names, struct strv *authorities,
		    struct certs *ret, struct error *err)
{
	int r = 0;

	strv_foreach (name, names) {
		if (ends_with(name, ".crt"))
			strv_take(authorities, path_join(dir, name));
		if (ends_with(name, ".cert"))
			r = client_pair(dir, name, names, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void candidates(const char *host, struct strv *ret)
{
	static const char *const own[] = { ".config/containers/certs.d", ".config/docker/certs.d" };
	static const char *const etc[] = { "containers/certs.d", "docker/certs.d" };

	for (size_t i = 0; hosts_home() && i < ARRAY_SIZE(own); i++)
		strv_pushf(ret, "%s/%s/%s", hosts_home(), own[i], host);
	for (size_t i = 0; i < ARRAY_SIZE(etc); i++) {
		autofree char *dir = hosts_etc(etc[i]);

		strv_pushf(ret, "%s/%s", dir, host);
	}
}

int hosts_certs(const struct hosts *h, const char *host, struct certs *ret, struct error *err)
{
	autostrv dirs = { 0 }, authorities = { 0 };
	struct certs c = { .ca_fd = -1 };
	int r = 0;

	candidates(host, &dirs);
	strv_foreach (dir, &dirs) {
		autostrv names = { 0 };

		list_dir(dir, &names);
		r = take_dir(dir, &names, &authorities, &c, err);
		if (r < 0)
			break;
	}
	if (r == 0 && authorities.n == 1)
		c.ca_file = xstrdup(authorities.v[0]);
	else if (r == 0 && authorities.n)
		r = join_files(&authorities, &c, err);
	if (r < 0) {
		certs_done(&c);
		return r;
	}
	*ret = c;
	return 0;
}

void certs_done(struct certs *c)
{
	free(c->ca_file);
	free(c->cert_file);
	free(c->key_file);
	c->ca_fd = fd_close(c->ca_fd);
	*c = (struct certs){ .ca_fd = -1 };
}
