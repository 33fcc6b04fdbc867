/* SPDX-License-Identifier: Apache-2.0 */
#include "event/slots.h"

#include "util/env.h"
#include "util/io.h"
#include "util/num.h"
#include "util/path.h"

#include <fcntl.h>
#include <string.h>

#define LIMIT_PROC_FILE 65536
#define LEAST_AVAILABLE 20 /* a 20th of all memory */
#define MOST_STANDSTILL 10 /* percent of the last 10 s in which nobody got on */

static int read_proc(const char *name, struct buf *out)
{
	const char *moved = env_get("COMPOSE_TEST_PROC");
	autofree char *path = path_join(moved ? moved : "/proc", name);

	buf_init(out, LIMIT_PROC_FILE);
	return io_read_file(AT_FDCWD, path, out, NULL);
}

/* The number behind a word: "MemAvailable:   123 kB", "full avg10=12.34". */
static bool number_after(struct str text, const char *word, uint64_t *ret)
{
	struct str line;

	while (text.n) {
		size_t n = 0;

		str_cut(text, '\n', &line, &text);
		if (!str_starts(line, word))
			continue;
		line = str_trim(str_skip(line, strlen(word)));
		while (n < line.n && char_is_digit(line.p[n]))
			n++;
		return num_parse_u64((struct str){ line.p, n }, UINT64_MAX, ret) == 0;
	}
	return false;
}

bool memory_is_short(void)
{
	autobuf info = { 0 }, pressure = { 0 };
	uint64_t all, available, standstill;

	if (read_proc("meminfo", &info) == 0 && number_after(buf_str(&info), "MemTotal:", &all) &&
	    number_after(buf_str(&info), "MemAvailable:", &available) &&
	    available < all / LEAST_AVAILABLE)
		return true;
	return read_proc("pressure/memory", &pressure) == 0 &&
	       number_after(buf_str(&pressure), "full avg10=", &standstill) &&
	       standstill >= MOST_STANDSTILL;
}
