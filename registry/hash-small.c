/* SPDX-License-Identifier: Apache-2.0 */
/*
 * util/hash.h again, for helpers that live for milliseconds: libcrypto's SHA-2 alone, linked
 * statically (38 kB). The EVP layer of util/hash.c takes 2 ms to load and prepare itself, more than
 * a small layer takes to pack.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "util/hash.h"

#include <openssl/sha.h>

struct hash {
	enum hash_kind kind;
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	};
};

static void start(struct hash *h)
{
	if (h->kind == HASH_SHA256)
		SHA256_Init(&h->sha256);
	else
		SHA512_Init(&h->sha512);
}

struct hash *hash_new(enum hash_kind kind)
{
	struct hash *h = xnew(struct hash);
	h->kind = kind;
	start(h);
	return h;
}

struct hash *hash_free(struct hash *h)
{
	free(h);
	return NULL;
}

void hash_update(struct hash *h, const void *p, size_t n)
{
	if (h->kind == HASH_SHA256)
		SHA256_Update(&h->sha256, p, n);
	else
		SHA512_Update(&h->sha512, p, n);
}

void hash_final(struct hash *h, char ret_digest[DIGEST_MAX])
{
	unsigned char sum[SHA512_DIGEST_LENGTH];
	bool small = h->kind == HASH_SHA256;
	size_t n = small ? SHA256_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;
	if (small)
		SHA256_Final(sum, &h->sha256);
	else
		SHA512_Final(sum, &h->sha512);
	memcpy(ret_digest, small ? "sha256:" : "sha512:", 7);
	hex_of(sum, n, ret_digest + 7);
	start(h);
}

void hash_digest(const void *p, size_t n, char ret_digest[DIGEST_MAX])
{
	struct hash h = { .kind = HASH_SHA256 };
	start(&h);
	hash_update(&h, p, n);
	hash_final(&h, ret_digest);
}

void hash_hex(const void *p, size_t n, char ret_hex[SHA256_HEX_MAX])
{
	char digest[DIGEST_MAX];
	hash_digest(p, n, digest);
	memcpy(ret_hex, digest_hex(digest), SHA256_HEX_MAX);
}
