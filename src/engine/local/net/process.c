/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/net/state.h"

#include "util/io.h"

#include <fcntl.h>
#include <stdio.h>

/* Field 22 of /proc/PID/stat; the second may hold anything, and ends with the last ')'. */
static bool start_of(pid_t pid, char out[32])
{
	char path[64];
	autobuf b = { 0 };
	struct str rest, word;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	buf_init(&b, 4096);
	if (io_read_file(AT_FDCWD, path, &b, NULL) < 0 || !str_rcut(buf_str(&b), ')', &word, &rest))
		return false;
	rest = str_trim(rest);
	if (rest.n && (rest.p[0] == 'Z' || rest.p[0] == 'X'))
		return false;
	for (int i = 3; i < 22; i++)
		if (!str_cut(rest, ' ', &word, &rest))
			return false;
	str_cut(rest, ' ', &word, &rest);
	snprintf(out, 32, "%.*s", (int)MIN(word.n, 31), word.p);
	return true;
}

const char *process_text(pid_t pid, char out[PROCESS_TEXT_MAX])
{
	char start[32];

	out[0] = 0;
	if (pid > 0 && start_of(pid, start))
		snprintf(out, PROCESS_TEXT_MAX, "%d:%s", (int)pid, start);
	return out;
}

bool process_is(const char *text)
{
	char now[PROCESS_TEXT_MAX];
	char *end;
	long pid = strtol(text, &end, 10);

	return pid > 0 && *end == ':' && streq(process_text((pid_t)pid, now), text);
}
