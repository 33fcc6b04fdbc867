/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's door as the rest of the program uses it; what `config` prints is tests/spec. */
#include "tests/unit/unit.h"

#include "compose/load.h"
#include "compose/schema.h"

struct fixture {
	struct map environ;
	struct load_options opt;
	struct project_tree *tree;
	struct findings findings;
	int fd;
	char path[64];
};

static int load(struct fixture *fx, const char *text)
{
	assert_ok(fd_of_bytes("compose.yaml", text, strlen(text), &fx->fd, &err));
	snprintf(fx->path, sizeof(fx->path), "/proc/self/fd/%d", fx->fd);
	strv_push(&fx->opt.files, fx->path);
	fx->opt.environ = &fx->environ;
	fx->opt.project_name = "test";
	fx->opt.project_dir = "/project";
	fx->opt.cwd = "/";
	return project_load(&fx->opt, &fx->tree, &fx->findings);
}

static void done(struct fixture *fx)
{
	project_tree_freep(&fx->tree);
	findings_done(&fx->findings);
	map_done(&fx->environ);
	strv_done(&fx->opt.files);
	strv_done(&fx->opt.services);
	fd_close(fx->fd);
}

static const struct node *service(const struct fixture *fx, const char *name)
{
	return node_get(node_get(fx->tree->root, "services"), name);
}

static void test_places(void **state)
{
	struct fixture fx = { .fd = -1 };
	const struct node *n;

	assert_int_equal(load(&fx, "services:\n  a:\n    image: x\n    ports: [\"1:2\"]\n"), 0);
	n = node_get(service(&fx, "a"), "image");
	assert_string_equal(n->at.source->name, fx.path);
	assert_int_equal(n->at.line, 3);
	assert_int_equal(n->at.column, 12);
	/* What a short form stands for is where that is. */
	n = node_get(node_get(service(&fx, "a"), "ports")->list.v[0], "protocol");
	assert_int_equal(n->at.line, 4);
	done(&fx);
}

static void test_order(void **state)
{
	struct fixture fx = { .fd = -1 };
	autostrv names = { 0 };
	autofree char *text = NULL;

	assert_int_equal(load(&fx, "services:\n"
				   "  a: {image: x, depends_on: [b, c]}\n"
				   "  b: {image: x, depends_on: [c]}\n"
				   "  d: {image: x}\n"
				   "  c: {image: x}\n"),
			 0);
	project_services_in_order(fx.tree, &names);
	text = strv_join(&names, " ");
	assert_string_equal(text, "c b a d");
	done(&fx);
}

static void test_findings_outlive_the_load(void **state)
{
	struct fixture fx = { .fd = -1 };
	struct buf text;

	buf_init(&text, BUF_MAX_ANY);
	assert_int_equal(load(&fx, "services:\n  a: {imag: x}\n  b: {image: [1]}\n"), -ERR_INVALID);
	assert_null(fx.tree);
	assert_int_equal(fx.findings.n_errors, 2);
	findings_print(&fx.findings, false, &text);
	assert_non_null(strstr(text.p, ":2:7: error: services.a: unknown attribute \"imag\""));
	assert_non_null(strstr(text.p, "did you mean \"image\"?"));
	assert_non_null(strstr(text.p, ":3:14: error: services.b.image must be a string"));
	buf_done(&text);
	done(&fx);
}

static void test_disabled(void **state)
{
	struct fixture fx = { .fd = -1 };

	assert_int_equal(load(&fx, "services: {a: {image: x}, b: {image: x, profiles: [p]}}"), 0);
	assert_non_null(service(&fx, "a"));
	assert_null(service(&fx, "b"));
	assert_true(map_has(&fx.tree->disabled, "b"));
	done(&fx);
}

static void test_secret_values(void **state)
{
	struct fixture fx = { .fd = -1 };
	const struct node *secret;
	struct buf out;

	strmap_set(&fx.environ, "TOKEN", "hush");
	assert_int_equal(load(&fx, "services: {a: {image: x, secrets: [s]}}\n"
				   "secrets: {s: {environment: TOKEN}}\n"),
			 0);
	secret = node_get(node_get(fx.tree->root, "secrets"), "s");
	assert_string_equal(node_str(node_get(secret, "content"), ""), "hush");
	buf_init(&out, BUF_MAX_ANY);
	assert_ok(config_print(fx.tree, CONFIG_YAML, false, &out, &err));
	assert_ok(config_print(fx.tree, CONFIG_JSON, false, &out, &err));
	assert_null(strstr(out.p, "hush"));
	buf_done(&out);
	done(&fx);
}

static void test_unsupported(void **state)
{
	struct fixture fx = { .fd = -1 };
	struct findings f = { 0 };

	assert_int_equal(load(&fx, "services:\n"
				   "  a: {image: x, ports: [80], labels: {gpus: b}, x-own: 1}\n"
				   "  b: {image: x, gpus: all}\n"),
			 0);
	schema_unsupported(service(&fx, "a"), &schema_service, ENGINE_LOCAL, "local", &f);
	assert_int_equal(f.n_errors, 0);
	schema_unsupported(fx.tree->root, &schema_root, ENGINE_LOCAL, "local", &f);
	assert_int_equal(f.n_errors, 1);
	assert_string_equal(f.list.v[0].message,
			    "services.b.gpus is not done yet by the local engine");
	assert_int_equal(f.list.v[0].at.line, 3);
	findings_done(&f);
	done(&fx);
}

static void test_schema(void **state)
{
	const struct node_path services = { .key = "services" },
			       name = { .up = &services, .key = "any name" },
			       ports = { .up = &name, .key = "ports" },
			       item = { .up = &ports, .key = "[]" },
			       target = { .up = &item, .key = "target" },
			       own = { .up = &name, .key = "x-own" };

	assert_ptr_equal(schema_at(NULL), &schema_root);
	assert_ptr_equal(schema_at(&name), &schema_service);
	assert_string_equal(schema_at(&target)->name, "target");
	assert_int_equal(schema_cast(&target, NULL), CAST_INT);
	assert_null(schema_at(&own));
	assert_int_equal(schema_cast(&own, NULL), CAST_NONE);
}

static void test_peek(void **state)
{
	struct fixture fx = { .fd = -1 };

	assert_int_equal(load(&fx, "services: {a: {image: x}}"), 0);
	project_tree_freep(&fx.tree);
	/* A project that could not be loaded still has a name and a directory. */
	fx.opt.project_name = NULL;
	assert_int_equal(project_peek(&fx.opt, &fx.tree, &fx.findings), 0);
	assert_string_equal(fx.tree->name, "project");
	assert_string_equal(fx.tree->dir, "/project");
	assert_null(fx.tree->root);
	done(&fx);
}

static void test_no_file(void **state)
{
	struct fixture fx = { .fd = -1, .opt = { .project_dir = "/proc/self/fd", .cwd = "/" } };

	fx.opt.environ = &fx.environ;
	assert_int_equal(project_load(&fx.opt, &fx.tree, &fx.findings), -ERR_NOT_FOUND);
	assert_int_equal(fx.findings.n_errors, 1);
	done(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_findings_outlive_the_load),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_secret_values),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
