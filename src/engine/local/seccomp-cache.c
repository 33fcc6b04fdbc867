/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/seccomp-cache.h"

#include "util/env.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define ANNOTATION   "run.oci.seccomp_bpf_data"
#define LIMIT_FILTER (4096 * 8) /* the kernel takes no more than 4096 instructions of 8 bytes */

/* Where the runtime is, as PATH has it, and which build of it. */
static void add_runtime(const struct local *l, struct buf *b)
{
	autostrv dirs = { 0 };
	struct stat st;

	strv_split(&dirs, str_of(env_get("PATH") ? env_get("PATH") : "/usr/bin"), ':');
	strv_foreach (dir, &dirs) {
		autofree char *path = path_absolute(dir, l->runtime);

		if (stat(path, &st) < 0)
			continue;
		buf_addf(b, "\n%s %" PRId64 " %" PRId64, path, (int64_t)st.st_size,
			 (int64_t)st.st_mtim.tv_sec);
		return;
	}
}

static void key_of(const struct local *l, const char *profile, char ret[SHA256_HEX_MAX])
{
	autobuf b = { 0 };

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, profile);
	add_runtime(l, &b);
	hash_hex(b.p, b.len, ret);
}

static void encode64(const unsigned char *p, size_t n, struct buf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		buf_addc(out, digits[v >> 18]);
		buf_addc(out, digits[v >> 12 & 63]);
		buf_addc(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
		buf_addc(out, i + 2 < n ? digits[v & 63] : '=');
	}
}

void seccomp_cache_use(const struct local *l, struct oci_spec *o, char ret_key[SHA256_HEX_MAX])
{
	autofree char *path = NULL;
	autobuf filter = { 0 };

	ret_key[0] = 0;
	if (!o->seccomp || map_has(&o->annotations, ANNOTATION))
		return;
	key_of(l, o->seccomp, ret_key);
	path = xprintf("%s/seccomp/%s", l->state_dir, ret_key);
	buf_init(&filter, LIMIT_FILTER * 2);
	if (io_read_file(AT_FDCWD, path, &filter, NULL) < 0 || !filter.len)
		return;
	strmap_set(&o->annotations, ANNOTATION, filter.p);
	ret_key[0] = 0;
}

void seccomp_cache_keep(const struct local *l, const char *id, const char *key)
{
	autofree char *from = xprintf("%s/oci/%s/seccomp.bpf", l->run_dir, id);
	autofree char *to = xprintf("%s/seccomp/%s", l->state_dir, key);
	autobuf filter = { 0 }, text = { 0 };

	buf_init(&filter, LIMIT_FILTER);
	buf_init(&text, LIMIT_FILTER * 2);
	/* Not there with another runtime: then it isn't kept. */
	if (!*key || io_read_file(AT_FDCWD, from, &filter, NULL) < 0 || !filter.len ||
	    filter.len % 8)
		return;
	encode64((const unsigned char *)filter.p, filter.len, &text);
	io_replace(AT_FDCWD, to, text.p, text.len, 0600, NULL);
}
