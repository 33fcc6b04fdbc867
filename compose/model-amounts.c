/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Amounts that the language lets pass and no engine can give: a container with less than no memory.
 * `config` prints them, as Docker Compose does, and an engine would refuse them, or take them for
 * no limit at all.
 */
#include "compose/model.h"

struct amount {
	const char *path[5];
	double least; /* -1: that is said for "no limit" */
};

static const struct amount amounts[] = {
	{ { "cpus" }, 0 },
	{ { "mem_limit" }, -1 },
	{ { "mem_reservation" }, -1 },
	{ { "memswap_limit" }, -1 },
	{ { "shm_size" }, 0 },
	{ { "pids_limit" }, -1 },
	{ { "stop_grace_period" }, 0 },
	{ { "healthcheck", "interval" }, 0 },
	{ { "healthcheck", "timeout" }, 0 },
	{ { "healthcheck", "start_period" }, 0 },
	{ { "healthcheck", "start_interval" }, 0 },
	{ { "deploy", "resources", "limits", "cpus" }, 0 },
	{ { "deploy", "resources", "limits", "pids" }, -1 },
};

/* A number, or text that begins with one: a size in bytes, or a duration. */
static double amount_of(const struct node *n)
{
	if (n->kind == NODE_INT)
		return (double)n->i;
	if (n->kind == NODE_FLOAT)
		return n->f;
	return strtod(node_str(n, "0"), NULL);
}

void check_amounts(const char *service, const struct node *config, struct findings *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
		const struct node *n = config;
		autobuf path;

		buf_init(&path, BUF_MAX_ANY);
		for (const char *const *p = amounts[i].path; n && *p; p++) {
			buf_addf(&path, ".%s", *p);
			n = node_get(n, *p);
		}
		if (!n || amount_of(n) >= amounts[i].least)
			continue;
		finding_error(f, n->at, "services.%s%s: must not be negative", service, path.p);
		if (amounts[i].least < 0)
			finding_hint(f, "-1 says that there is no limit");
	}
}
