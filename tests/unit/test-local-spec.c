/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "engine/local/check.h"
#include "engine/local/oci-spec.h"
#include "engine/local/user.h"
#include "util/io.h"
#include "util/json.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static void caps(void **state)
{
	autostrv none = { 0 }, all = { 0 }, some = { 0 }, wrong = { 0 };
	struct strv ret = { 0 };

	strv_push(&all, "all");
	strv_push(&some, "cap_chown");
	strv_push(&wrong, "CAP_MAGIC");
	assert_ok(caps_resolve(false, &none, &none, &ret, &err));
	if (prctl(PR_CAPBSET_READ, CAP_CHOWN) == 1) {
		assert_true(strv_has(&ret, "CAP_CHOWN"));
		assert_false(strv_has(&ret, "CAP_SYS_ADMIN"));
		strv_done(&ret);
		assert_ok(caps_resolve(false, &some, &all, &ret, &err));
		assert_int_equal(ret.n, 1);
		assert_string_equal(ret.v[0], "CAP_CHOWN");
		strv_done(&ret);
		assert_ok(caps_resolve(false, &none, &some, &ret, &err));
		assert_false(strv_has(&ret, "CAP_CHOWN"));
	}
	strv_done(&ret);
	assert_fails(ERR_INVALID, caps_resolve(false, &wrong, &none, &ret, &err));
}

static json_t *spec_json(const struct oci_spec *s)
{
	json_t *j = NULL;
	autobuf b = { 0 };

	buf_init(&b, LIMIT_CONFIG_JSON);
	assert_ok(oci_spec_write(s, &b, &err));
	assert_ok(json_parse(b.p, b.len, "config.json", &j, &err));
	return j;
}

static json_t *path(json_t *j, const char *a, const char *b)
{
	j = json_object_get(j, a);
	return b ? json_object_get(j, b) : j;
}

static void written(void **state)
{
	struct oci_spec s = { .cwd = xstrdup("/w"),
			      .uid = 7,
			      .hostname = xstrdup("h\"x"),
			      .shm_size = 1 << 20,
			      .own_shm = true,
			      .resources = { .cpus = 0.5, .memory = 1 << 20, .pids = 9 } };
	autojson *j = NULL;
	json_t *cpu;
	autobuf b = { 0 };

	strv_push(&s.args, "a");
	strv_push(&s.caps, "CAP_CHOWN");
	buf_init(&b, LIMIT_CONFIG_JSON);
	seccomp_write(&s.caps, &b);
	s.seccomp = buf_steal(&b);
	oci_mount_add(&s, "bind", "/from", "/to", "rbind,ro");
	j = spec_json(&s);
	assert_string_equal(json_str(j, "hostname"), "h\"x");
	assert_int_equal(json_i64(path(j, "process", "user"), "uid", 0), 7);
	assert_int_equal(
		json_array_size(path(path(j, "process", "capabilities"), "bounding", NULL)), 1);
	assert_int_equal(
		json_array_size(path(path(j, "process", "capabilities"), "effective", NULL)), 0);
	cpu = path(path(j, "linux", "resources"), "cpu", NULL);
	assert_int_equal(json_i64(cpu, "quota", 0), 50000);
	assert_int_equal(json_i64(path(path(j, "linux", "resources"), "memory", NULL), "swap", 0),
			 2 << 20);
	assert_int_equal(json_array_size(json_object_get(j, "mounts")), 8);
	assert_true(json_array_size(path(j, "linux", "maskedPaths")) > 5);
	assert_string_equal(json_str(path(j, "linux", "seccomp"), "defaultAction"),
			    "SCMP_ACT_ERRNO");
	oci_spec_done(&s);
}

static void bad_rules(void **state)
{
	struct oci_spec s = { .cwd = xstrdup("/") };
	autobuf b = { 0 };

	strv_push(&s.device_rules, "everything");
	buf_init(&b, LIMIT_CONFIG_JSON);
	assert_fails(ERR_INVALID, oci_spec_write(&s, &b, &err));
	oci_spec_done(&s);
}

static void checks(void **state)
{
	struct container_spec s = { 0 };
	struct security sec;
	struct log_config log;

	assert_ok(spec_check(&s, &err));
	s.isolation = xstrdup("hyperv");
	assert_fails(ERR_UNSUPPORTED, spec_check(&s, &err));
	container_spec_done(&s);
	s.network_mode = xstrdup("container:");
	assert_fails(ERR_UNSUPPORTED, spec_check(&s, &err));
	container_spec_done(&s);
	strmap_set(&s.log_options, "max-size", "10m");
	strmap_set(&s.log_options, "max-file", "3");
	assert_ok(log_config_parse(&s, &log, &err));
	assert_int_equal(log.max_size, 10 << 20);
	assert_int_equal(log.max_files, 3);
	strmap_set(&s.log_options, "tag", "x");
	assert_fails(ERR_UNSUPPORTED, log_config_parse(&s, &log, &err));
	container_spec_done(&s);
	strv_push(&s.security_opt, "no-new-privileges:true");
	strv_push(&s.security_opt, "seccomp=unconfined");
	assert_ok(security_parse(&s.security_opt, &sec, &err));
	assert_true(sec.no_new_privileges && sec.seccomp_unconfined);
	strv_push(&s.security_opt, "label=type:x");
	assert_fails(ERR_UNSUPPORTED, security_parse(&s.security_opt, &sec, &err));
	container_spec_done(&s);
	assert_int_equal(signal_parse("SIGTERM"), SIGTERM);
	assert_int_equal(signal_parse("HUP"), SIGHUP);
	assert_int_equal(signal_parse("9"), SIGKILL);
	assert_int_equal(signal_parse("SIGRTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(signal_parse("SIGNONE"), 0);
}

static void put(int dir, const char *name, const char *text)
{
	assert_ok(io_replace_fast(dir, name, text, strlen(text), 0644, &err));
}

static void users(void **state)
{
	autoclose int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autostrv add = { 0 };
	struct user u = { 0 };

	assert_ok(user_resolve(dir, "", NULL, &u, &err));
	assert_int_equal(u.uid, 0);
	assert_string_equal(u.home, "/root");
	user_done(&u);
	assert_int_equal(mkdirat(dir, "etc", 0755), 0);
	put(dir, "etc/passwd", "root:x:0:0:r:/r:/bin/sh\nbroken\nweb:x:33:34:w:/srv:/bin/sh");
	put(dir, "etc/group", "web:x:34:\nlog:x:50:web,other\n");
	assert_ok(user_resolve(dir, NULL, NULL, &u, &err));
	assert_string_equal(u.home, "/r");
	user_done(&u);
	strv_push(&add, "log");
	strv_push(&add, "77");
	assert_ok(user_resolve(dir, "web", &add, &u, &err));
	assert_int_equal(u.uid, 33);
	assert_int_equal(u.gid, 34);
	assert_int_equal(u.groups.n, 3);
	assert_int_equal(u.groups.v[0], 34);
	assert_int_equal(u.groups.v[1], 50);
	assert_int_equal(u.groups.v[2], 77);
	user_done(&u);
	assert_ok(user_resolve(dir, "33:log", NULL, &u, &err));
	assert_int_equal(u.gid, 50);
	assert_int_equal(u.groups.n, 1);
	user_done(&u);
	assert_ok(user_resolve(dir, "1234", NULL, &u, &err));
	assert_int_equal(u.uid, 1234);
	assert_int_equal(u.gid, 0);
	assert_string_equal(u.home, "/");
	user_done(&u);
	assert_fails(ERR_NOT_FOUND, user_resolve(dir, "nobody", NULL, &u, &err));
	assert_fails(ERR_NOT_FOUND, user_resolve(dir, "web:nogroup", NULL, &u, &err));
}

static void profile(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[],\"syscalls\":["
		"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":["
		"\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":["
		"\"CAP_SYS_ADMIN\"]}}]}";
	autostrv have = { 0 };
	autofree char *out = NULL;

	assert_ok(seccomp_translate(text, strlen(text), &have, &out, &err));
	assert_non_null(strstr(out, "read"));
	assert_null(strstr(out, "mount"));
	assert_non_null(strstr(out, "clone"));
	assert_null(strstr(out, "excludes"));
	assert_fails(ERR_INVALID, seccomp_translate("{}", 2, &have, &out, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caps),	  cmocka_unit_test(written), cmocka_unit_test(bad_rules),
		cmocka_unit_test(checks), unit_test_in_dir(users),   cmocka_unit_test(profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
