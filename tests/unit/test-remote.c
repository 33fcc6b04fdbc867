/* SPDX-License-Identifier: Apache-2.0 */
/* Files of other machines: what they are called, where their paths lead, and what they may not
 * have. */
#include "tests/unit/unit.h"

#include "compose/load.h"
#include "util/io.h"

#include <sys/stat.h>
#include <unistd.h>

#define URL "https://h.test/x.git#main"

struct fixture {
	struct map environ;
	struct load_options opt;
	struct remotes remotes;
	struct project_tree *tree;
	struct findings findings;
	char *dir, *root; /* of all; of what came from the other machine */
	unsigned fetched, asked;
	bool consent, by_user;
	size_t read_now;
};

static int fetch(void *userdata, const char *url, bool by_user, struct remote_copy *ret,
		 struct error *err)
{
	struct fixture *fx = userdata;

	fx->fetched++;
	fx->by_user = by_user;
	if (!starts_with(url, URL))
		return error_set(err, ERR_NOT_FOUND, "%s: there is no such repository", url);
	ret->root = xstrdup(fx->root);
	ret->file = path_join(fx->root, "compose.yaml");
	ret->prefix = xstrdup(URL ":");
	return 0;
}

static bool allow(void *userdata, const struct reach *v, size_t n)
{
	struct fixture *fx = userdata;

	fx->asked += n;
	for (size_t i = 0; i < n; i++)
		fx->read_now += v[i].read_now;
	return fx->consent;
}

static void put(const struct fixture *fx, const char *name, const char *text)
{
	autofree char *path = path_join(fx->dir, name), *dir = path_dir(path);

	assert_ok(path_mkdirs(AT_FDCWD, dir, 0755, &err));
	assert_ok(io_replace_fast(AT_FDCWD, path, text, strlen(text), 0644, &err));
}

static void link_to(const struct fixture *fx, const char *name, const char *target)
{
	autofree char *path = path_join(fx->dir, name);

	assert_int_equal(symlink(target, path), 0);
}

static void begin(struct fixture *fx, void **state)
{
	*fx = (struct fixture){ .dir = *state };
	fx->root = path_join(fx->dir, "cache/c0ffee");
	fx->remotes = (struct remotes){
		.fetch = fetch, .allow = allow, .how = "say yes", .userdata = fx
	};
	put(fx, "project/.env", "TAG=7\nHUSH=secret\n");
	put(fx, "cache/c0ffee/.keep", "");
}

static int load(struct fixture *fx, const char *file)
{
	autofree char *cwd = path_join(fx->dir, "project");

	project_tree_freep(&fx->tree);
	findings_done(&fx->findings);
	strv_done(&fx->opt.files);
	strv_push(&fx->opt.files, file);
	fx->opt.environ = &fx->environ;
	fx->opt.cwd = cwd;
	fx->opt.remotes = &fx->remotes;
	fx->asked = fx->fetched = 0;
	return project_load(&fx->opt, &fx->tree, &fx->findings);
}

static void done(struct fixture *fx)
{
	project_tree_freep(&fx->tree);
	findings_done(&fx->findings);
	map_done(&fx->environ);
	strv_done(&fx->opt.files);
	free(fx->root);
}

static void assert_said(struct fixture *fx, const char *text)
{
	struct buf out;

	buf_init(&out, BUF_MAX_ANY);
	findings_print(&fx->findings, false, &out);
	if (!strstr(out.p, text))
		fail_msg("not said: %s\n%s", text, out.p);
	buf_done(&out);
}

static const char *value(const struct fixture *fx, const char *const *keys)
{
	const struct node *n = fx->tree->root;

	for (; *keys; keys++)
		n = n && n->kind == NODE_LIST ? n->list.v[**keys - '0'] : node_get(n, *keys);
	return node_str(n, "(none)");
}
#define VALUE(fx, ...) value((fx), (const char *const[]){ __VA_ARGS__, NULL })

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum remote_kind kind;
	} cases[] = {
		{ "https://github.com/a/b.git", REMOTE_GIT },
		{ "https://github.com/a/b.git#main:sub", REMOTE_GIT },
		{ "http://127.0.0.1:80/b.git?ref=x", REMOTE_GIT },
		{ "https://github.com/a/b", REMOTE_OTHER },
		{ "https://host/compose.yaml", REMOTE_OTHER },
		{ "https://host/x#y.git", REMOTE_OTHER },
		{ "git@github.com:a/b.git", REMOTE_GIT },
		{ "me@host:b", REMOTE_GIT },
		{ "me@host/b", REMOTE_NONE },
		{ "dir/me@host:b", REMOTE_NONE },
		{ "ssh://git@host/b", REMOTE_GIT },
		{ "git://host/b", REMOTE_GIT },
		{ "github.com/a/b", REMOTE_GIT },
		{ "file:///srv/x.git", REMOTE_GIT_FILE },
		{ "oci://docker.io/a/b:c", REMOTE_OCI },
		{ "compose.yaml", REMOTE_NONE },
		{ "./https://x.git", REMOTE_NONE },
		{ "-", REMOTE_NONE },
		{ "", REMOTE_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (remote_kind(cases[i].name) != cases[i].kind)
			fail_msg("%s: %d", cases[i].name, remote_kind(cases[i].name));
}

static void test_git_names(void **state)
{
	static const struct {
		const char *name, *url, *ref, *subdir, *commit;
	} cases[] = {
		{ "https://h/x.git", "https://h/x.git", NULL, NULL, NULL },
		{ "https://h/x.git#", "https://h/x.git", NULL, NULL, NULL },
		{ "https://h/x.git#main", "https://h/x.git", "main", NULL, NULL },
		{ "https://h/x.git#main:", "https://h/x.git", "main", NULL, NULL },
		{ "https://h/x.git#:a/b", "https://h/x.git", NULL, "a/b", NULL },
		{ "git@h:x#v1:a//b/../c/", "git@h:x", "v1", "a/c", NULL },
		{ "github.com/a/b#v:c", "https://github.com/a/b", "v", "c", NULL },
		{ "https://h/x.git?branch=b&subdir=s", "https://h/x.git", "b", "s", NULL },
		{ "https://h/x.git?commit=c0ffee", "https://h/x.git", NULL, NULL, "c0ffee" },
		{ "https://h/x.git#m:..foo/...", "https://h/x.git", "m", "..foo/...", NULL },
	};
	static const char *const wrong[] = {
		"https://h/x.git#m:..",		 "https://h/x.git#m:a/../../etc",
		"https://h/x.git#m:/etc/passwd", "https://h/x.git#m:..\\..\\x",
		"https://h/x.git?subdir=../x",	 "https://h/x.git?upload-pack=x",
		"https://h/x.git?ref=a#b",	 "https://h/x.git?ref=a&tag=b",
	};
	struct remote_git g;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_ok(remote_git_parse(cases[i].name, &g, &err));
		assert_string_equal(g.url, cases[i].url);
		assert_true(streq0(g.ref, cases[i].ref));
		assert_true(streq0(g.subdir, cases[i].subdir));
		assert_true(streq0(g.commit, cases[i].commit));
		remote_git_done(&g);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_fails(ERR_INVALID, remote_git_parse(wrong[i], &g, &err));
	assert_text(remote_shown("https://me:hush@h:1/x@y.git"), "https://h:1/x@y.git");
	assert_text(remote_shown("git@h:x"), "git@h:x");
}

static void test_from_the_user(void **state)
{
	struct fixture fx;
	autofree char *data = NULL;

	begin(&fx, state);
	data = path_join(fx.root, "data");
	put(&fx, "cache/c0ffee/a.env", "A=1\n");
	put(&fx, "cache/c0ffee/compose.yaml",
	    "services:\n  a: {image: 'x:$TAG', volumes: [./data:/d], env_file: a.env}\n");
	assert_int_equal(load(&fx, URL), 0);
	assert_true(fx.by_user);
	assert_int_equal(fx.asked, 0);
	assert_string_equal(fx.tree->name, "project");
	assert_string_equal(fx.tree->dir, fx.root);
	assert_string_equal(fx.tree->files.v[0], URL);
	assert_string_equal(fx.tree->remotes.v[0], URL);
	assert_string_equal(VALUE(&fx, "services", "a", "image"), "x:7");
	assert_string_equal(VALUE(&fx, "services", "a", "volumes", "0", "source"), data);
	assert_string_equal(VALUE(&fx, "services", "a", "environment", "A"), "1");
	done(&fx);
}

static void test_names_in_findings(void **state)
{
	struct fixture fx;

	begin(&fx, state);
	put(&fx, "cache/c0ffee/compose.yaml", "include: [sub/more.yaml]\n");
	put(&fx, "cache/c0ffee/sub/more.yaml", "services:\n  a: {imag: x}\n");
	put(&fx, "project/compose.yaml", "include:\n  - " URL "\n");
	assert_int_equal(load(&fx, "compose.yaml"), -ERR_INVALID);
	assert_false(fx.by_user);
	assert_said(&fx, URL ":sub/more.yaml:2:7: error: services.a: unknown attribute");
	assert_said(&fx, "included from " URL ":compose.yaml:1:11");
	assert_said(&fx, "/project/compose.yaml:2:5");
	done(&fx);
}

/* Each is one service's attributes, or what follows the services; how many reaches it is. */
static void test_reaches(void **state)
{
	static const struct {
		const char *text;
		unsigned n;
	} cases[] = {
		{ "volumes: [./data:/d, ./not/there:/n]", 0 },
		{ "volumes: [../../project:/d]", 1 },
		{ "volumes: [/etc:/d:ro]", 1 },
		{ "volumes: [./away:/d]", 1 },
		{ "volumes: [./away/x/y:/d]", 1 },
		{ "volumes: [./within:/d]", 0 },
		{ "volumes: [./dangling:/d]", 1 },
		{ "volumes: ['${HOME}/.ssh:/d']", 1 },
		{ "volumes: [~/.ssh:/d]", 1 },
		{ "volumes: [{type: bind, source: /a, target: /a}, {type: bind, source: /b, "
		  "target: /b}]",
		  2 },
		{ "env_file: [/etc/passwd]", 1 },
		{ "env_file: [{path: away/x, required: false}]", 1 },
		{ "label_file: /etc/passwd", 1 },
		{ "build: .", 0 },
		{ "build: ..", 1 },
		{ "build: away", 1 },
		{ "build: https://h.test/y.git", 0 },
		{ "build: {context: ., dockerfile: ../Dockerfile}", 1 },
		{ "build: {context: ., dockerfile: sub/Dockerfile}", 0 },
		{ "build: {context: ., additional_contexts: {a: /, b: docker-image://x, c: sub}}",
		  1 },
		{ "build: {context: ., ssh: [default]}", 1 },
		{ "build: {context: ., cache_from: ['type=local,src=/c', x]}", 1 },
		{ "build: {context: ., privileged: true}", 1 },
		{ "devices: [/dev/sda]", 1 },
		{ "device_cgroup_rules: ['c 1:3 mr']", 1 },
		{ "privileged: true", 1 },
		{ "privileged: false", 0 },
		{ "cap_add: [NET_ADMIN]", 0 },
		{ "cap_add: [cap_sys_admin, ALL]", 2 },
		{ "pid: host", 1 },
		{ "network_mode: host", 1 },
		{ "network_mode: none", 0 },
		{ "ipc: host", 1 },
		{ "use_api_socket: true", 1 },
		{ "develop: {watch: [{path: /etc, action: rebuild}]}, build: .", 1 },
		{ "volumes: ['n:/n']}\nvolumes:\n  n: {driver_opts: {type: none, o: bind, device: "
		  "/etc}",
		  1 },
		{ "volumes: ['n:/n']}\nvolumes:\n  n: {driver_opts: {o: "
		  "'lowerdir=/etc,upperdir=u', type: overlay, device: overlay}",
		  1 },
		{ "volumes: ['n:/n']}\nvolumes:\n  n: {driver_opts: {o: 'addr=10.0.0.1', type: "
		  "nfs, device: ':/x'}",
		  0 },
		{ "volumes: ['n:/n']}\nvolumes:\n  n: {driver_opts: {o: 'ro,bind', device: etc}",
		  1 },
		{ "volumes: ['n:/n']}\nvolumes:\n  n: {external: true", 1 },
		{ "volumes_from: ['container:other']", 1 },
		{ "network_mode: 'container:other'", 1 },
		{ "security_opt: ['no-new-privileges:true']", 0 },
		{ "security_opt: ['seccomp=/etc/shadow', apparmor=unconfined]", 2 },
		{ "post_start: [{command: id, privileged: true}]", 1 },
		{ "secrets: [s]}\nsecrets:\n  s: {file: /etc/shadow", 1 },
		{ "secrets: [s]}\nsecrets:\n  s: {file: ./s", 0 },
		{ "configs: [s]}\nconfigs:\n  s: {file: away/shadow", 1 },
		{ "image: y, profiles: [never], privileged: true", 0 },
	};
	struct fixture fx;

	begin(&fx, state);
	strmap_set(&fx.environ, "HOME", "/home/me");
	link_to(&fx, "cache/c0ffee/away", "/etc");
	link_to(&fx, "cache/c0ffee/within", "sub");
	link_to(&fx, "cache/c0ffee/dangling", "../../nothing");
	put(&fx, "cache/c0ffee/sub/x", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *text = xprintf("services:\n  z: {image: x}\n  a: {image: x, %s}\n",
					      skip_prefix(cases[i].text, "image: y, ")
						      ?: cases[i].text);
		int r;

		put(&fx, "cache/c0ffee/compose.yaml", text);
		fx.consent = false;
		r = load(&fx, URL);
		if ((r < 0) != (cases[i].n > 0) || fx.asked != cases[i].n ||
		    fx.findings.n_errors != cases[i].n)
			assert_said(&fx, text);
		if (cases[i].n)
			assert_said(&fx, "say yes");
	}
	done(&fx);
}

static void test_consent(void **state)
{
	struct fixture fx;

	begin(&fx, state);
	put(&fx, "project/host.env", "A=1\n");
	put(&fx, "cache/c0ffee/compose.yaml",
	    "services:\n  a: {image: x, privileged: true, env_file: ../../project/host.env}\n");
	fx.consent = true;
	assert_int_equal(load(&fx, URL), 0);
	assert_int_equal(fx.asked, 2);
	assert_int_equal(fx.read_now, 1);
	assert_string_equal(VALUE(&fx, "services", "a", "environment", "A"), "1");
	done(&fx);
}

static void test_terminals(void **state)
{
	struct fixture fx;

	begin(&fx, state);
	put(&fx, "cache/c0ffee/compose.yaml",
	    "services:\n  a: {image: x, volumes: [\"/\\e]0;title\\a/\\x9b2J:/d\"]}\n");
	assert_int_equal(load(&fx, URL), -ERR_INVALID);
	assert_said(&fx, "bind mount of /?]0;title?/??2J\n");
	done(&fx);
}

/* What the user writes himself over it is his. */
static void test_own_files_are_trusted(void **state)
{
	struct fixture fx;

	begin(&fx, state);
	put(&fx, "cache/c0ffee/compose.yaml", "services:\n  a: {image: x, volumes: [/etc:/e]}\n");
	put(&fx, "project/compose.yaml",
	    "services:\n"
	    "  b: {extends: {file: " URL ", service: a}, privileged: true,\n"
	    "      volumes: !override [/etc:/e, ./d:/d]}\n");
	assert_int_equal(load(&fx, "compose.yaml"), 0);
	assert_int_equal(fx.asked, 0);
	put(&fx, "project/compose.yaml",
	    "services:\n  b: {extends: {file: " URL ", service: a}, privileged: true}\n");
	assert_int_equal(load(&fx, "compose.yaml"), -ERR_INVALID);
	assert_int_equal(fx.asked, 1);
	assert_said(&fx, URL ":compose.yaml:2:27: error: a file of another machine may not");
	done(&fx);
}

static void test_extends_and_include_stay_within(void **state)
{
	static const char *const away[] = {
		"include: [../../project/local.yaml]\n",
		"include: [{path: ok.yaml, env_file: /etc/passwd}]\n",
		"include: [link.yaml]\n",
		"include: [file:///srv/x.git]\n",
		"services: {a: {extends: {file: ../../project/local.yaml, service: l}}}\n",
		"services: {a: {extends: {file: link.yaml, service: l}}}\n",
		"services: {a: {extends: {file: file:///srv/x.git, service: l}}}\n",
	};
	struct fixture fx;

	begin(&fx, state);
	put(&fx, "project/local.yaml", "services: {l: {image: x}}\n");
	put(&fx, "cache/c0ffee/ok.yaml", "services: {o: {image: x}}\n");
	link_to(&fx, "cache/c0ffee/link.yaml", "../../project/local.yaml");
	for (size_t i = 0; i < ARRAY_SIZE(away); i++) {
		put(&fx, "cache/c0ffee/compose.yaml", away[i]);
		if (load(&fx, URL) == 0)
			fail_msg("%s", away[i]);
		assert_int_equal(fx.findings.n_errors, 1);
		assert_said(&fx, strstr(away[i], "file://") ? "file:// is for -f alone"
							    : "may not have this without consent");
	}
	put(&fx, "cache/c0ffee/compose.yaml",
	    "include: [ok.yaml]\nservices: {a: {extends: {file: ./ok.yaml, service: o}}}\n");
	assert_int_equal(load(&fx, URL), 0);
	done(&fx);
}

/* A .env that leads out is not read; one that is there may name variables, which is told. */
static void test_dotenv_of_an_include(void **state)
{
	struct fixture fx;

	begin(&fx, state);
	put(&fx, "project/compose.yaml", "include: [" URL "]\n");
	put(&fx, "cache/c0ffee/compose.yaml", "services: {a: {image: 'x:${OWN-none}'}}\n");
	link_to(&fx, "cache/c0ffee/.env", "../../project/.env");
	assert_int_equal(load(&fx, "compose.yaml"), 0);
	assert_string_equal(VALUE(&fx, "services", "a", "image"), "x:none");
	put(&fx, "cache/c0ffee/.env", "OWN=${HUSH}\n");
	assert_int_equal(load(&fx, "compose.yaml"), 0);
	assert_string_equal(VALUE(&fx, "services", "a", "image"), "x:secret");
	assert_string_equal(fx.tree->remote_vars.v[0].name, "HUSH");
	done(&fx);
}

static void test_variables(void **state)
{
	struct fixture fx;

	begin(&fx, state);
	put(&fx, "cache/c0ffee/compose.yaml",
	    "services:\n"
	    "  a: {image: 'x:${TAG}', command: '${NO:-other}', environment: [HUSH, UNSET]}\n");
	assert_int_equal(load(&fx, URL), 0);
	assert_int_equal(fx.tree->remote_vars.n, 3);
	assert_string_equal(fx.tree->remote_vars.v[0].name, "TAG");
	assert_string_equal(fx.tree->remote_vars.v[0].value, "7");
	assert_true(ends_with(fx.tree->remote_vars.v[0].origin, ".env:1"));
	assert_string_equal(fx.tree->remote_vars.v[1].name, "NO");
	assert_null(fx.tree->remote_vars.v[1].value);
	assert_string_equal(fx.tree->remote_vars.v[1].default_value, "other");
	assert_string_equal(fx.tree->remote_vars.v[2].name, "HUSH");
	done(&fx);
}

static void test_faults(void **state)
{
	struct fixture fx;

	begin(&fx, state);
	assert_int_equal(load(&fx, "https://h.test/none.git"), -ERR_INVALID);
	assert_said(&fx, "error: https://h.test/none.git: there is no such repository");
	assert_int_equal(load(&fx, "https://h.test/compose.yaml"), -ERR_INVALID);
	assert_said(&fx, "only git repositories");
	assert_int_equal(fx.fetched, 0);
	/* It includes itself. */
	put(&fx, "cache/c0ffee/compose.yaml", "include: [" URL "]\n");
	assert_int_equal(load(&fx, URL), -ERR_INVALID);
	assert_said(&fx, "include cycle");
	assert_int_equal(fx.fetched, 1);
	done(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_git_names),
		unit_test_in_dir(test_from_the_user),
		unit_test_in_dir(test_names_in_findings),
		unit_test_in_dir(test_reaches),
		unit_test_in_dir(test_consent),
		unit_test_in_dir(test_terminals),
		unit_test_in_dir(test_own_files_are_trusted),
		unit_test_in_dir(test_extends_and_include_stay_within),
		unit_test_in_dir(test_dotenv_of_an_include),
		unit_test_in_dir(test_variables),
		unit_test_in_dir(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
