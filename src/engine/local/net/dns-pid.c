/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/dns.h"

#include "util/io.h"
#include "util/num.h"

#include <fcntl.h>

#define LIMIT_SMALL 4096

int dns_number(int dirfd, const char *path, uint64_t max, uint64_t *ret)
{
	autobuf b = { 0 };

	buf_init(&b, LIMIT_SMALL);
	if (io_read_file(dirfd, path, &b, NULL) < 0)
		return -ERR_NOT_FOUND;
	return num_parse_u64(str_trim(buf_str(&b)), max, ret);
}

static bool is_ours(pid_t pid)
{
	autobuf b = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	buf_init(&b, LIMIT_SMALL);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0)
		return false;
	return memmem(b.p, b.len, "aardvark-dns", 12) && memmem(b.p, b.len, DNS_DIR, 8);
}

pid_t dns_pid(int dirfd)
{
	uint64_t pid;

	if (dns_number(dirfd, DNS_DIR "/" PID_FILE, INT32_MAX, &pid) < 0 || pid < 2)
		return 0;
	return is_ours((pid_t)pid) ? (pid_t)pid : 0;
}
