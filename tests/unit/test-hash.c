/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "util/hash.h"
#include "util/str.h"

#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                            \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void test_known_answers(void **state)
{
	autocall(hash_freep) struct hash *h = hash_new(HASH_SHA512);
	char digest[DIGEST_MAX], hex[SHA256_HEX_MAX];

	hash_digest("abc", 3, digest);
	assert_string_equal(digest, "sha256:" ABC_256);
	hash_hex("abc", 3, hex);
	assert_string_equal(hex, ABC_256);
	for (int round = 0; round < 2; round++) { /* final makes a new start */
		hash_update(h, "a", 1);
		hash_update(h, NULL, 0);
		hash_update(h, "bc", 2);
		hash_final(h, digest);
		assert_string_equal(digest, "sha512:" ABC_512);
	}
}

static void test_digest_text(void **state)
{
	assert_true(digest_valid("sha256:" ABC_256));
	assert_true(digest_valid("sha512:" ABC_512));
	assert_false(digest_valid("sha512:" ABC_256));
	assert_false(digest_valid("sha256:" ABC_512));
	assert_false(digest_valid(
		"sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(digest_valid(
		"sha256:../../../../../../../../../../../../../../../../etc/passwd00000"));
	assert_false(digest_valid("md5:900150983cd24fb0d6963f7d28e17f72"));
	assert_false(digest_valid(""));
	assert_false(digest_valid("sha256:"));
	assert_string_equal(digest_hex("sha256:" ABC_256), ABC_256);
}

static void test_random(void **state)
{
	char a[2 * 100 + 1], b[2 * 100 + 1];

	random_hex(100, a);
	random_hex(100, b);
	assert_int_equal(strspn(a, "0123456789abcdef"), 200);
	assert_int_equal(strlen(a), 200);
	assert_string_not_equal(a, b);
	random_hex(0, a);
	assert_string_equal(a, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_digest_text),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
