/* SPDX-License-Identifier: Apache-2.0 */
/* Short ports: each long port that one stands for, written short, stands for that port alone. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/short-form.h"

#define LIMIT_CHECKED 64 /* of a range */

static const char *text_of(struct pass *ps, const struct node *port)
{
	const char *ip = node_str(node_get(port, "host_ip"), NULL);
	bool six = ip && strchr(ip, ':');

	return arena_printf(ps->arena, "%s%s%s%s%s:%lld/%s", six ? "[" : "", ip ? ip : "",
			    six ? "]" : "", ip ? ":" : "",
			    node_str(node_get(port, "published"), ""),
			    (long long)node_i64(node_get(port, "target"), 0),
			    node_str(node_get(port, "protocol"), "tcp"));
}

static void check(struct pass *ps, const struct node *port)
{
	int64_t target = node_i64(node_get(port, "target"), 0);
	struct node *again;

	if (target < 0 || target > 65535)
		abort();
	again = short_ports(ps, list_of(ps, text_of(ps, port)), NULL, NULL);
	if (pass_failed(ps) || again->list.n != 1 || !node_equal(again->list.v[0], port))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct short_form f;
	struct node *ports;
	size_t n = 0;

	short_form_begin(&f);
	ports = list_of(&f.ps, arena_strndup(f.ps.arena, (const char *)data, size));
	ports = short_ports(&f.ps, ports, NULL, NULL);
	node_item(port, ports)
	{
		if (!pass_failed(&f.ps) && n++ < LIMIT_CHECKED)
			check(&f.ps, port);
	}
	short_form_end(&f);
	return 0;
}
