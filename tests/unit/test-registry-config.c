/* SPDX-License-Identifier: Apache-2.0 */
/* Which registry is asked, and with whose credentials, by the files that users have. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "registry/auth.h"
#include "registry/hosts.h"

#include "event/loop.h"
#include "util/io.h"
#include "util/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const variables[] = { "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE",
					 "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
					 "CONTAINERS_REGISTRIES_CONF" };

static int fresh_home(void **state)
{
	char dir[] = "/tmp/registry-config-XXXXXX";

	assert_non_null(mkdtemp(dir));
	setenv("HOME", dir, 1);
	setenv("COMPOSE_TEST_ETC", dir, 1);
	setenv("XDG_RUNTIME_DIR", dir, 1);
	setenv("DOCKER_CONFIG", dir, 1);
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
	*state = xstrdup(dir);
	return 0;
}

static int drop_home(void **state)
{
	assert_int_equal(path_remove_tree(AT_FDCWD, *state, NULL), 0);
	free(*state);
	return 0;
}

static void put(const char *dir, const char *name, const char *text)
{
	autofree char *path = path_join(dir, name), *parent = path_dir(path);

	assert_int_equal(path_mkdirs(AT_FDCWD, parent, 0700, NULL), 0);
	assert_int_equal(io_replace_fast(AT_FDCWD, path, text, strlen(text), 0600, NULL), 0);
}

/* "HOST PREFIX PATH FLAGS;" of each endpoint, or the error. */
static char *where(const char *ref_text, bool push)
{
	autocall(hosts_freep) struct hosts *h = NULL;
	struct error err = ERROR_INIT;
	autoref ref = { 0 };
	endpoint_vec v = { 0 };
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	assert_int_equal(image_ref_parse(ref_text, &ref, NULL), 0);
	if (hosts_load(&h, &err) < 0 || hosts_resolve(h, &ref, push, &v, &err) < 0) {
		buf_adds(&b, err.msg);
		return buf_steal(&b);
	}
	vec_foreach (e, &v)
		buf_addf(&b, "%s%s/%s%s%s%s;", e->host, e->prefix, e->path,
			 e->insecure ? " insecure" : "", e->plain ? " plain" : "",
			 e->mirror ? " mirror" : "");
	endpoint_vec_done(&v);
	return buf_steal(&b);
}

static void expect(const char *ref, bool push, const char *want)
{
	autofree char *got = where(ref, push);

	assert_string_equal(got, want);
}

static void goes_to_the_registry(void **state)
{
	expect("redis", false, "registry-1.docker.io/library/redis;");
	expect("127.0.0.1:5000/x", false, "127.0.0.1:5000/x insecure;");
	expect("example.com/a/b", true, "example.com/a/b;");
}

static void reads_daemon_json(void **state)
{
	put(*state, "docker/daemon.json",
	    "{\"registry-mirrors\": [\"http://m:5000\", \"https://n/p/\"],"
	    " \"insecure-registries\": [\"r.test:5\", \"10.0.0.0/8\"]}");
	expect("redis", false,
	       "m:5000/library/redis insecure plain mirror;n/p/library/redis mirror;"
	       "registry-1.docker.io/library/redis;");
	expect("redis", true, "registry-1.docker.io/library/redis;");
	expect("r.test:5/x", false, "r.test:5/x insecure;");
	expect("r.test:6/x", false, "r.test:6/x;");
	expect("10.1.1.1:5/x", false, "10.1.1.1:5/x insecure;");
	expect("11.1.1.1:5/x", false, "11.1.1.1:5/x;");
}

static void reads_registries_conf(void **state)
{
	autofree char *got = NULL;

	put(*state, "containers/registries.conf",
	    "[[registry]]\nprefix = \"old.test\"\nlocation = \"new.test/moved\"\ninsecure = true\n"
	    "[[registry]]\nprefix = \"old.test/deep\"\nlocation = \"deep.test\"\n"
	    "[[registry]]\nprefix = \"*.wild.test\"\nlocation = \"tame.test\"\n"
	    "[[registry]]\nlocation = \"bad.test\"\nblocked = true\n"
	    "[[registry]]\nlocation = \"docker.io\"\n"
	    "[[registry.mirror]]\nlocation = \"m1.test/hub\"\n"
	    "[[registry.mirror]]\nlocation = \"m2.test\"\npull-from-mirror = \"digest-only\"\n");
	expect("old.test/a/b", false, "new.test/moved/a/b insecure;");
	expect("old.test/deep/b", false, "deep.test/b;");
	expect("old.tester/b", false, "old.tester/b;");
	expect("x.wild.test/b", false, "tame.test/b;");
	expect("redis", false,
	       "m1.test/hub/library/redis mirror;registry-1.docker.io/library/redis;");
	got = where("bad.test/x", false);
	assert_true(starts_with(got, "bad.test/x: the registry bad.test is blocked by "));
}

static void drop_ins_come_later(void **state)
{
	put(*state, "containers/registries.conf",
	    "[[registry]]\nlocation = \"a.test\"\ninsecure = true\n");
	put(*state, "containers/registries.conf.d/1.conf",
	    "[[registry]]\nprefix = \"a.test\"\nlocation = \"b.test\"\n");
	expect("a.test/x", false, "b.test/x;");
}

static void short_names(void **state)
{
	put(*state, "containers/registries.conf",
	    "unqualified-search-registries = [\"one.test\", \"two.test:5\"]\n"
	    "[[registry]]\nlocation = \"one.test\"\n[[registry.mirror]]\nlocation = \"m.test\"\n"
	    "[aliases]\n\"x\" = \"a.test/b/x\"\n\"y\" = \"a.test/y\"\n\"p/q\" = \"a.test/q\"\n");
	put(*state, "containers/registries.conf.d/1.conf",
	    "[aliases]\n\"y\" = \"\"\nx = \"c.test/x\"\n");
	expect("x:1", false, "c.test/x;");
	expect("p/q", false, "a.test/q;");
	expect("x", true, "registry-1.docker.io/library/x;");
	expect("docker.io/x", false, "registry-1.docker.io/library/x;");
	expect("library/x", false, "registry-1.docker.io/library/x;");
	expect("a.test/x", false, "a.test/x;");
	expect("y", false,
	       "m.test/y mirror;one.test/y;two.test:5/y;registry-1.docker.io/library/y;");
	expect("u/z", false,
	       "m.test/u/z mirror;one.test/u/z;two.test:5/u/z;registry-1.docker.io/u/z;");
	put(*state, "containers/registries.conf.d/2.conf",
	    "unqualified-search-registries = [\"docker.io\", \"one.test\"]\n");
	expect("y", false, "registry-1.docker.io/library/y;m.test/y mirror;one.test/y;");
	put(*state, ".cache/containers/short-name-aliases.conf", "[aliases]\ny = \"h.test/y\"\n");
	expect("y", false, "h.test/y;");
}

static void refuses_wrong_short_names(void **state)
{
	static const char *const wrong[] = {
		"[aliases]\nx = \"y\"\n",
		"[aliases]\nx = \"a.test/y:1\"\n",
		"[aliases]\nx = 1\n",
		"unqualified-search-registries = [\"https://a.test\"]\n",
		"unqualified-search-registries = \"a.test\"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autofree char *got = NULL;

		put(*state, "containers/registries.conf", wrong[i]);
		got = where("x", false);
		assert_non_null(strstr(got, "registries.conf"));
	}
}

static void names_damaged_files(void **state)
{
	autofree char *got = NULL;

	put(*state, "docker/daemon.json", "{");
	got = where("redis", false);
	assert_non_null(strstr(got, "daemon.json"));
}

static void finds_certificates(void **state)
{
	autocall(hosts_freep) struct hosts *h = NULL;
	struct certs c;
	struct error err;

	put(*state, "docker/certs.d/r:5/ca.crt", "A");
	put(*state, "docker/certs.d/r:5/c.cert", "C");
	assert_int_equal(hosts_load(&h, NULL), 0);
	assert_int_equal(hosts_certs(h, "r:5", &c, &err), -ERR_INVALID);
	put(*state, "docker/certs.d/r:5/c.key", "K");
	assert_int_equal(hosts_certs(h, "r:5", &c, &err), 0);
	assert_true(ends_with(c.ca_file, "/docker/certs.d/r:5/ca.crt"));
	assert_true(ends_with(c.key_file, "/c.key"));
	certs_done(&c);
	put(*state, "containers/certs.d/r:5/more.crt", "B");
	assert_int_equal(hosts_certs(h, "r:5", &c, &err), 0);
	assert_true(starts_with(c.ca_file, "/proc/self/fd/"));
	certs_done(&c);
	assert_int_equal(hosts_certs(h, "other", &c, &err), 0);
	assert_null(c.ca_file);
	certs_done(&c);
}

/* "USER:PASSWORD[:identity IDENTITY]", "none" or the error. */
static char *who(const char *host, const char *path)
{
	autocall(auth_freep) struct auth *a = NULL;
	autoloop *loop = NULL;
	struct error err = ERROR_INIT;
	struct credential c = { 0 };
	char *out;
	int r;

	assert_int_equal(loop_new(&loop, NULL), 0);
	r = auth_load(&a, &err);
	if (r == 0)
		r = task_wait(auth_lookup(a, loop, host, path, &c), &err);
	out = r < 0    ? xstrdup(err.msg)
	      : r == 0 ? xstrdup("none")
		       : xprintf("%s:%s%s%s", c.user ? c.user : "", c.password ? c.password : "",
				 c.identity_token ? " identity " : "",
				 c.identity_token ? c.identity_token : "");
	credential_done(&c);
	return out;
}

static void expect_who(const char *host, const char *path, const char *want)
{
	autofree char *got = who(host, path);

	assert_string_equal(got, want);
}

static void reads_docker_config(void **state)
{
	expect_who("a.test", "x", "none");
	put(*state, "config.json",
	    "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"aHViOnB3\"},"
	    " \"http://a.test:5/v1/\": {\"auth\": \"dTpwYTpzcyB3b3Jk\"},"
	    " \"i.test\": {\"auth\": \"eDo=\", \"identitytoken\": \"tok\"}, \"empty.test\": {}}}");
	expect_who("docker.io", "library/redis", "hub:pw");
	expect_who("a.test:5", "x", "u:pa:ss word");
	expect_who("a.test", "x", "none");
	expect_who("a.test:55", "x", "none");
	expect_who("i.test", "x", "x: identity tok");
	expect_who("empty.test", "x", "none");
}

static void prefers_the_longest_key(void **state)
{
	put(*state, "containers/auth.json",
	    "{\"auths\": {\"h.test\": {\"auth\": \"YTox\"}, \"h.test/ns\": {\"auth\": \"Yjoy\"}}}");
	expect_who("h.test", "x", "a:1");
	expect_who("h.test", "ns/x", "b:2");
	expect_who("h.test", "nsx/x", "a:1");
}

static void the_environment_wins(void **state)
{
	put(*state, "config.json",
	    "{\"auths\": {\"h.test\": {\"auth\": \"YTox\"}, \"k.test\": {\"auth\": \"Yjoy\"}}}");
	setenv("DOCKER_AUTH_CONFIG",
	       "{\"auths\": {\"h.test\": {\"username\": \"e\", \"password\": \"v\"}}}", 1);
	expect_who("h.test", "x", "e:v");
	expect_who("k.test", "x", "b:2");
}

static void damage_is_no_secret_and_no_silence(void **state)
{
	autofree char *got = NULL;

	put(*state, "config.json", "{\"auths\": {");
	got = who("h.test", "x");
	assert_non_null(strstr(got, "config.json"));
	free(got);
	put(*state, "config.json", "{\"auths\": {\"h.test\": {\"auth\": \"c2VjcmV0\"}}}");
	got = who("h.test", "x");
	assert_non_null(strstr(got, "config.json"));
	assert_null(strstr(got, "c2VjcmV0"));
	assert_null(strstr(got, "secret"));
}

static void helper(const char *dir, const char *name, const char *body)
{
	autofree char *file = xprintf("docker-credential-%s", name), *path = path_join(dir, file);

	put(dir, file, body);
	assert_int_equal(chmod(path, 0755), 0);
	setenv("PATH", dir, 1);
}

static void runs_helpers(void **state)
{
	autofree char *old = xstrdup(getenv("PATH")), *got = NULL;

	helper(*state, "one",
	       "#!/bin/sh\nread -r h\ncase \"$1 $h\" in 'get h.test') ;; *) echo 'credentials not "
	       "found in "
	       "native keychain'; exit 1;; esac\necho '{\"Username\":\"u\",\"Secret\":\"s\"}'\n");
	helper(*state, "two", "#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"t\"}'\n");
	helper(*state, "broken", "#!/bin/sh\necho hunter2\nexit 3\n");
	put(*state, "config.json",
	    "{\"credsStore\": \"one\", \"credHelpers\": {\"k.test\": \"two\", \"b.test\": "
	    "\"broken\","
	    " \"m.test\": \"missing\"}, \"auths\": {\"h.test\": {\"auth\": \"YTox\"}, \"f.test\": "
	    "{\"auth\": \"YTox\"}}}");
	expect_who("h.test", "x", "u:s");
	expect_who("k.test", "x", ": identity t");
	expect_who("f.test", "x", "a:1");
	expect_who("g.test", "x", "none");
	got = who("b.test", "x");
	assert_non_null(strstr(got, "docker-credential-broken"));
	assert_null(strstr(got, "hunter2"));
	free(got);
	got = who("m.test", "x");
	assert_non_null(strstr(got, "docker-credential-missing"));
	setenv("PATH", old, 1);
}

#define test(f) cmocka_unit_test_setup_teardown(f, fresh_home, drop_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(goes_to_the_registry),
		test(reads_daemon_json),
		test(reads_registries_conf),
		test(drop_ins_come_later),
		test(names_damaged_files),
		test(finds_certificates),
		test(reads_docker_config),
		test(prefers_the_longest_key),
		test(the_environment_wins),
		test(damage_is_no_secret_and_no_silence),
		test(runs_helpers),
		test(short_names),
		test(refuses_wrong_short_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
