/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/platform.h"

#include "util/str.h"

#include <stdio.h>
#include <sys/utsname.h>

static const struct {
	const char *name, *arch, *variant;
} aliases[] = {
	{ "x86_64", "amd64", "" },    { "x86-64", "amd64", "" },
	{ "aarch64", "arm64", "" },   { "i386", "386", "" },
	{ "i486", "386", "" },	      { "i586", "386", "" },
	{ "i686", "386", "" },	      { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },     { "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },    { "armv5tel", "arm", "v5" },
	{ "armv8l", "arm", "v8" },    { "mips64", "mips64", "" },
	{ "ppc64el", "ppc64le", "" }, { "loongarch64", "loong64", "" },
};

static const char *const oses[] = { "linux",   "windows", "darwin", "freebsd", "netbsd", "openbsd",
				    "solaris", "aix",	  "wasi",   "plan9",   NULL };
static const char *const arches[] = { "386",	 "amd64",   "arm",	"arm64",  "loong64",
				      "mips",	 "mips64",  "mips64le", "mipsle", "ppc64",
				      "ppc64le", "riscv64", "s390x",	"wasm",	  NULL };

static bool among(const char *s, const char *const *names)
{
	for (; *names; names++)
		if (streq(s, *names))
			return true;
	return false;
}

/* The names that Go uses; arm64's v8 and amd64's v1 are what is meant without a variant, arm's is
 * v7. */
static void normalise(struct platform *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (!streq(p->arch, aliases[i].name))
			continue;
		snprintf(p->arch, sizeof(p->arch), "%s", aliases[i].arch);
		if (!p->variant[0])
			snprintf(p->variant, sizeof(p->variant), "%s", aliases[i].variant);
		break;
	}
	if (char_is_digit(p->variant[0]) && !p->variant[1])
		snprintf(p->variant, sizeof(p->variant), "v%c", (char)p->variant[0]);
	if (streq(p->arch, "arm") && !p->variant[0])
		snprintf(p->variant, sizeof(p->variant), "v7");
	if ((streq(p->arch, "arm64") && streq(p->variant, "v8")) ||
	    (streq(p->arch, "amd64") && streq(p->variant, "v1")))
		p->variant[0] = '\0';
}

static bool part_valid(struct str s)
{
	if (!s.n || s.n > 31)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != '.')
			return false;
	return true;
}

static int bad(struct error *err, const char *s)
{
	return error_set(
		err, ERR_INVALID,
		"platform \"%.100s\": not OS/ARCH or OS/ARCH/VARIANT (linux/amd64, linux/arm/v7)",
		s);
}

static void put(char out[32], struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		out[i] = char_lower(s.p[i]);
	out[s.n] = '\0';
}

/* One word alone is an OS or an architecture; the other half is this machine's. */
static int parse_word(const char *s, struct platform *p, struct error *err)
{
	struct platform native;

	platform_native(&native);
	if (among(p->os, oses)) {
		snprintf(p->arch, sizeof(p->arch), "%s", native.arch);
		return 0;
	}
	snprintf(p->arch, sizeof(p->arch), "%s", p->os);
	snprintf(p->os, sizeof(p->os), "%s", "linux");
	normalise(p);
	return among(p->arch, arches) ? 0 : bad(err, s);
}

int platform_parse(const char *s, struct platform *ret, struct error *err)
{
	struct str parts[3] = { 0 }, rest = str_of(s);
	struct platform p = { 0 };
	size_t n = 0;
	bool more;
	int r;

	do {
		if (n == ARRAY_SIZE(parts))
			return bad(err, s);
		more = str_cut(rest, '/', &parts[n], &rest);
		if (!part_valid(parts[n++]))
			return bad(err, s);
	} while (more);
	put(p.os, parts[0]);
	put(p.arch, parts[1]);
	put(p.variant, parts[2]);
	if (streq(p.os, "macos"))
		snprintf(p.os, sizeof(p.os), "darwin");
	if (n == 1) {
		r = parse_word(s, &p, err);
		if (r < 0)
			return r;
	}
	normalise(&p);
	*ret = p;
	return 0;
}

#if defined(__x86_64__)
static unsigned amd64_level(void)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("ssse3") || !__builtin_cpu_supports("sse4.2") ||
	    !__builtin_cpu_supports("popcnt"))
		return 1;
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
	    !__builtin_cpu_supports("fma"))
		return 2;
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512cd") || !__builtin_cpu_supports("avx512dq") ||
	    !__builtin_cpu_supports("avx512vl"))
		return 3;
	return 4;
}
#else
static unsigned amd64_level(void)
{
	return 1;
}
#endif

void platform_native(struct platform *ret)
{
	struct utsname u;
	unsigned level;

	*ret = (struct platform){ .os = "linux" };
	if (uname(&u) < 0)
		return;
	snprintf(ret->arch, sizeof(ret->arch), "%.31s", u.machine);
	normalise(ret);
	level = streq(ret->arch, "amd64") ? amd64_level() : 1;
	if (level > 1)
		snprintf(ret->variant, sizeof(ret->variant), "v%u", level);
}

/* Of a variant "vN"; 0 when it isn't one. */
static unsigned level_of(const char *arch, const char *variant)
{
	unsigned n = 0;

	if (!variant[0])
		return streq(arch, "arm64") ? 8 : streq(arch, "arm") ? 7 : 1;
	if (variant[0] != 'v' || !variant[1])
		return 0;
	for (const char *p = variant + 1; *p; p++) {
		if (!char_is_digit(*p) || n > 1000)
			return 0;
		n = n * 10 + (unsigned)(*p - '0');
	}
	return n;
}

static bool has_levels(const char *arch)
{
	return streq(arch, "amd64") || streq(arch, "arm") || streq(arch, "arm64");
}

unsigned platform_match(const struct platform *want, const struct platform *have)
{
	struct platform w = *want, h = *have;
	unsigned lw, lh;

	normalise(&w);
	normalise(&h);
	if (!streq(w.os, h.os))
		return 0;
	if (!streq(w.arch, h.arch)) /* a 64-bit x86 runs 32-bit images too: better than nothing */
		return streq(w.arch, "amd64") && streq(h.arch, "386");
	if (streq(w.variant, h.variant))
		return 2000;
	if (!has_levels(w.arch))
		return h.variant[0] ? 0 : 10;
	lw = level_of(w.arch, w.variant);
	lh = level_of(h.arch, h.variant);
	return lh && lh <= lw ? 100 + lh : 0;
}

const char *platform_text(const struct platform *p, char out[100])
{
	snprintf(out, 100, "%s/%s%s%s", p->os, p->arch, p->variant[0] ? "/" : "", p->variant);
	return out;
}
