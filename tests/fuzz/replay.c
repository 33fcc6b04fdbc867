/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus, for `make check`: fuzz-NAME reads tests/fuzz/corpus/NAME of
 * the source tree ($srcdir), or the files and directories that it is given.
 */
#include "tests/fuzz/fuzz.h"

#include "util/io.h"
#include "util/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define INPUT_MAX (16 << 20)

static int run_file(const char *path)
{
	struct error err = ERROR_INIT;
	autobuf input;

	buf_init(&input, INPUT_MAX);
	if (io_read_file(AT_FDCWD, path, &input, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return -1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)input.p, input.len);
	return 0;
}

static int run_directory(const char *path, int *n)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		fprintf(stderr, "%s: there is no corpus\n", path);
		return -1;
	}
	while (r == 0 && (entry = readdir(dir))) {
		autofree char *file = path_join(path, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		r = run_file(file);
		(*n)++;
	}
	closedir(dir);
	return r;
}

static int run(const char *path, int *n)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		(*n)++;
		return run_file(path);
	}
	return run_directory(path, n);
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *base = strrchr(argv[0], '/');
	const char *name = skip_prefix(base ? base + 1 : argv[0], "fuzz-");
	autofree char *own = NULL;
	int n = 0, r = 0;

	own = xprintf("%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name ? name : "");
	if (argc < 2)
		r = run(own, &n);
	for (int i = 1; i < argc && r == 0; i++)
		r = run(argv[i], &n);
	printf("%d inputs\n", n);
	return r < 0 || n == 0;
}
