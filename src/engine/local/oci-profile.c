/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/oci-spec.h"

#include "util/json.h"

#include <sys/utsname.h>

static const struct {
	const char *machine, *go, *arch;
} machines[] = {
	{ "x86_64", "amd64", "SCMP_ARCH_X86_64" },     { "aarch64", "arm64", "SCMP_ARCH_AARCH64" },
	{ "ppc64le", "ppc64le", "SCMP_ARCH_PPC64LE" }, { "s390x", "s390x", "SCMP_ARCH_S390X" },
	{ "riscv64", "riscv64", "SCMP_ARCH_RISCV64" },
};

static const char *own(bool go)
{
	struct utsname u;

	if (uname(&u) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
			if (streq(u.machine, machines[i].machine))
				return go ? machines[i].go : machines[i].arch;
	return "";
}

static bool any_arch(const json_t *list)
{
	const char *go = own(true);

	for (size_t i = 0; i < json_array_size(list); i++)
		if (streq0(json_string_value(json_array_get(list, i)), go))
			return true;
	return false;
}

static size_t held(const json_t *list, const struct strv *caps)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *cap = json_string_value(json_array_get(list, i));

		n += cap && strv_has(caps, cap);
	}
	return n;
}

/* Docker's conditions: a rule is meant for machines and containers that have something. */
static bool applies(const json_t *rule, const struct strv *caps)
{
	const json_t *inc = json_object_get(rule, "includes"),
		     *exc = json_object_get(rule, "excludes");
	const json_t *inc_caps = json_object_get(inc, "caps"),
		     *arches = json_object_get(inc, "arches");

	if (json_array_size(arches) && !any_arch(arches))
		return false;
	if (held(inc_caps, caps) < json_array_size(inc_caps))
		return false;
	return !any_arch(json_object_get(exc, "arches")) &&
	       !held(json_object_get(exc, "caps"), caps);
}

static void archs(json_t *out, const json_t *map)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(map); i++) {
		const json_t *m = json_array_get(map, i),
			     *subs = json_object_get(m, "subArchitectures");
		const char *arch = json_str(m, "architecture");

		if (!streq0(arch, own(false)))
			continue;
		json_array_append_new(list, json_string(arch));
		for (size_t k = 0; k < json_array_size(subs); k++)
			json_array_append(list, json_array_get(subs, k));
	}
	json_object_set_new(out, "architectures", list);
}

int seccomp_translate(const char *p, size_t n, const struct strv *caps, char **ret,
		      struct error *err)
{
	static const char *const same[] = {
		"defaultAction", "defaultErrnoRet", "architectures",
		"flags",	 "listenerPath",    "listenerMetadata"
	};
	autojson *j = NULL;
	autojson *out = json_object();
	json_t *rules = json_array();
	const json_t *list;
	int r = json_parse(p, n, "seccomp profile", &j, err);

	json_object_set_new(out, "syscalls", rules);
	if (r < 0)
		return r;
	if (!json_str(j, "defaultAction"))
		return error_set(err, ERR_INVALID, "seccomp profile: no defaultAction");
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (json_object_get(j, same[i]))
			json_object_set(out, same[i], json_object_get(j, same[i]));
	if (json_object_get(j, "archMap"))
		archs(out, json_object_get(j, "archMap"));
	list = json_object_get(j, "syscalls");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *rule = json_array_get(list, i);

		if (!applies(rule, caps))
			continue;
		json_object_del(rule, "includes");
		json_object_del(rule, "excludes");
		json_object_del(rule, "comment");
		json_array_append(rules, rule);
	}
	*ret = json_text(out);
	return 0;
}
