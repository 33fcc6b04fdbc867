/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local/check.h"

#include "engine/local/logfile.h"
#include "engine/local/oci-spec.h"
#include "util/num.h"

#include <signal.h>

#define LOCAL_LOG_SIZE	(20 << 20) /* docker's "local" driver */
#define LOCAL_LOG_FILES 5

static int unsupported(struct error *err, const char *key, const char *value)
{
	return error_set(err, ERR_UNSUPPORTED, "%s: \"%s\" is not supported by the local engine",
			 key, value);
}

/* The modes of a namespace key: NULL-terminated, "x:" stands for a prefix. */
static const struct {
	const char *key;
	size_t offset;
	const char *modes[6];
} mode_keys[] = {
#define MODE(name, ...)                                       \
	{                                                     \
#name, offsetof(struct container_spec, name), \
		{                                             \
			__VA_ARGS__                           \
		}                                             \
	}
	MODE(network_mode, "none", "host", "bridge", "default", "container:"),
	MODE(ipc, "none", "host", "private", "shareable"),
	MODE(pid, "host", "private", "container:"),
	MODE(uts, "host", "private"),
	MODE(userns, "host"),
	MODE(cgroup, "host", "private"),
	MODE(isolation, "default"),
	MODE(log_driver, "json-file", "local", "none"),
#undef MODE
};

static bool mode_known(const char *value, const char *const *modes)
{
	for (; *modes; modes++)
		if (ends_with(*modes, ":") ? starts_with(value, *modes) && value[strlen(*modes)]
					   : streq(value, *modes))
			return true;
	return !*value;
}

static int check_modes(const struct container_spec *s, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_keys); i++) {
		const char *v = *(char *const *)((const char *)s + mode_keys[i].offset);

		if (v && !mode_known(v, mode_keys[i].modes))
			return unsupported(err, mode_keys[i].key, v);
	}
	return 0;
}

static bool option(const char *opt, const char *name, const char **ret)
{
	const char *rest = skip_prefix(opt, name);

	if (!rest || (*rest && *rest != '=' && *rest != ':'))
		return false;
	*ret = *rest ? rest + 1 : rest;
	return true;
}

int security_parse(const struct strv *opts, struct security *ret, struct error *err)
{
	struct security s = { 0 };
	const char *v;

	strv_foreach (opt, opts) {
		if (option(opt, "no-new-privileges", &v) &&
		    (!*v || streq(v, "true") || streq(v, "false")))
			s.no_new_privileges = !streq(v, "false");
		else if (option(opt, "seccomp", &v) && *v) {
			s.seccomp_unconfined = streq(v, "unconfined");
			s.seccomp = s.seccomp_unconfined || streq(v, "builtin") ? NULL : v;
		} else if (option(opt, "apparmor", &v) && *v)
			s.apparmor = streq(v, "unconfined") ? NULL : v;
		else if (option(opt, "systempaths", &v) && streq(v, "unconfined"))
			s.systempaths_unconfined = true;
		else if (!(option(opt, "label", &v) && streq(v, "disable")))
			return unsupported(err, "security_opt", opt);
	}
	*ret = s;
	return 0;
}

int log_config_parse(const struct container_spec *s, struct log_config *ret, struct error *err)
{
	struct log_config c = { .max_files = 1 };
	int64_t v;

	c.none = s->log_driver && streq(s->log_driver, "none");
	if (s->log_driver && streq(s->log_driver, "local"))
		c = (struct log_config){ .max_size = LOCAL_LOG_SIZE, .max_files = LOCAL_LOG_FILES };
	map_foreach (e, &s->log_options) {
		const char *value = e->value ? e->value : "";

		if (streq(e->key, "max-size")) {
			if (num_parse_size(value, &v, err) < 0 || v < -1)
				return error_set(err, ERR_INVALID,
						 "logging.options.max-size: \"%s\" is not a size",
						 value);
			c.max_size = v > 0 ? (uint64_t)v : 0;
		} else if (streq(e->key, "max-file")) {
			if (num_parse_i64(str_of(value), 1, LOG_FILES_MAX, &v) < 0)
				return error_set(
					err, ERR_INVALID,
					"logging.options.max-file: \"%s\" is not a number from 1",
					value);
			c.max_files = (unsigned)v;
		} else {
			return unsupported(err, "logging.options", e->key);
		}
	}
	*ret = c;
	return 0;
}

int signal_parse(const char *name)
{
	int64_t v;

	if (num_parse_i64(str_of(name), 1, SIGRTMAX, &v) == 0)
		return (int)v;
	if (starts_with(name, "SIG"))
		name += 3;
	if (starts_with(name, "RTMIN+") &&
	    num_parse_i64(str_of(name + 6), 0, SIGRTMAX - SIGRTMIN, &v) == 0)
		return SIGRTMIN + (int)v;
	if (starts_with(name, "RTMAX-") &&
	    num_parse_i64(str_of(name + 6), 0, SIGRTMAX - SIGRTMIN, &v) == 0)
		return SIGRTMAX - (int)v;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev && streq(abbrev, name))
			return i;
	}
	return 0;
}

static int check_limits(const struct container_spec *s, struct error *err)
{
	struct oci_rlimit limit;
	bool clamped;
	int r;

	vec_foreach (u, &s->ulimits) {
		r = rlimit_resolve(u, &limit, &clamped, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int spec_check(const struct container_spec *s, struct error *err)
{
	struct security security;
	struct log_config log;
	autostrv caps = { 0 };
	int r;

	r = check_modes(s, err);
	if (r == 0)
		r = security_parse(&s->security_opt, &security, err);
	if (r == 0)
		r = log_config_parse(s, &log, err);
	if (r == 0)
		r = caps_resolve(s->privileged, &s->cap_add, &s->cap_drop, &caps, err);
	if (r == 0)
		r = check_limits(s, err);
	if (r < 0)
		return r;
	if (s->storage_opt.n)
		return unsupported(err, "storage_opt", s->storage_opt.e[0].key);
	if (s->stop_signal && !signal_parse(s->stop_signal))
		return error_set(err, ERR_INVALID, "stop_signal: there is no signal \"%s\"",
				 s->stop_signal);
	return 0;
}
