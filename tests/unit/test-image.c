/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, indexes and configs as they are in the world, and as they must not be. */
#include "unit.h"

#include "registry/image.h"

#define D "\"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

static int parse(const char *text, const char *type, struct manifest *m, struct error *err)
{
	return manifest_parse(text, strlen(text), type, m, err);
}

static void test_manifest(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":" D ",\"size\":7},"
		"\"layers\":[{\"digest\":" D ",\"size\":1,\"urls\":[\"http://a\"]}],"
		"\"annotations\":{\"k\":\"v\"}}";
	struct manifest m = { 0 };
	assert_ok(parse(text, "application/json; charset=utf-8", &m, &err));
	assert_string_equal(m.media_type, MEDIA_OCI_MANIFEST);
	assert_false(manifest_is_index(&m));
	assert_int_equal(m.layers.n, 1);
	assert_int_equal(m.config.size, 7);
	assert_string_equal(m.layers.v[0].urls.v[0], "http://a");
	assert_string_equal(strmap_get(&m.annotations, "k"), "v");
	manifest_done(&m);
	assert_ok(parse(text, MEDIA_DOCKER_MANIFEST "; x=y", &m, &err));
	assert_string_equal(m.media_type, MEDIA_DOCKER_MANIFEST);
	manifest_done(&m);
}

static void test_index(void **state)
{
	static const char text[] = "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_LIST
				   "\",\"manifests\":[{\"digest\":" D
				   ",\"size\":1,\"platform\":{\"os\":\"linux\","
				   "\"architecture\":\"arm\",\"variant\":\"v7\"}}]}";
	struct manifest m = { 0 }, again = { 0 };
	assert_ok(parse(text, NULL, &m, &err));
	assert_true(manifest_is_index(&m));
	assert_string_equal(m.manifests.v[0].platform->variant, "v7");
	autofree char *written = manifest_text(&m);
	assert_ok(parse(written, NULL, &again, &err));
	assert_string_equal(again.manifests.v[0].digest, m.manifests.v[0].digest);
	manifest_done(&m);
	manifest_done(&again);
}

static void test_bad_manifests(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} bad[] = {
		{ "", ERR_INVALID },
		{ "[]", ERR_INVALID },
		{ "{}", ERR_INVALID },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", ERR_UNSUPPORTED },
		{ "{\"schemaVersion\":2}", ERR_INVALID },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:1\",\"size\":1}}",
		  ERR_INVALID },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":" D ",\"size\":-1}}", ERR_INVALID },
		{ "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", ERR_INVALID },
		{ "{\"schemaVersion\":2,\"manifests\":{}}", ERR_INVALID },
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct manifest m = { 0 };
		assert_fails((int)bad[i].code, parse(bad[i].text, NULL, &m, &err));
		assert_null(m.media_type);
	}
}

static const char config[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-01-01T00:00:00Z\",\"x\":1,"
	"\"config\":{\"Env\":[\"A=b\"],\"Cmd\":[\"sh\"],\"Entrypoint\":null,\"User\":\"u\","
	"\"ExposedPorts\":{\"80/tcp\":{}},\"Volumes\":null,\"Labels\":{\"k\":\"v\"},"
	"\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"Interval\":5000000000,\"Retries\":2},"
	"\"StopSignal\":\"SIGTERM\",\"ArgsEscaped\":true},"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" D "]},"
	"\"history\":[{\"created_by\":\"RUN x\"},{\"empty_layer\":true}]}";

static void test_config(void **state)
{
	struct image_config c = { 0 }, copy = { 0 };
	assert_ok(image_config_parse(config, strlen(config), &c, &err));
	assert_int_equal(c.diff_ids.n, 1);
	assert_string_equal(c.config.exposed_ports.v[0], "80/tcp");
	assert_int_equal(c.config.healthcheck->interval, 5000000000);
	assert_true(c.history.v[1].empty_layer);
	image_config_copy(&copy, &c);
	autofree char *one = image_config_text(&c), *two = image_config_text(&copy);
	assert_string_equal(one, two);
	assert_non_null(strstr(one, "\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]"));
	image_config_done(&copy);
	assert_ok(image_config_parse(one, strlen(one), &copy, &err));
	assert_text(image_config_text(&copy), one);
	image_config_done(&copy);
	image_config_done(&c);
}

static void test_bad_configs(void **state)
{
	static const char *const bad[] = {
		"[]",
		"{}",
		"{\"rootfs\":[]}",
		"{\"rootfs\":{\"diff_ids\":[\"x\"]}}",
		"{\"rootfs\":{\"diff_ids\":[]},\"config\":{\"Env\":\"x\"}}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct image_config c = { 0 };
		assert_fails(ERR_INVALID, image_config_parse(bad[i], strlen(bad[i]), &c, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest),      cmocka_unit_test(test_index),
		cmocka_unit_test(test_bad_manifests), cmocka_unit_test(test_config),
		cmocka_unit_test(test_bad_configs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
