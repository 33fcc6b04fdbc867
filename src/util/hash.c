/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto prepares itself (1 ms) when the first hash is made, not when the program starts. */
#include "util/hash.h"

#include <openssl/evp.h>
#include <string.h>

static const char *const prefixes[] = { [HASH_SHA256] = "sha256:", [HASH_SHA512] = "sha512:" };

struct hash {
	enum hash_kind kind;
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

/* Only out of memory, or an installation without SHA-2, could make these fail. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

struct hash *hash_new(enum hash_kind kind)
{
	struct hash *h = xnew(struct hash);

	h->kind = kind;
	h->md = EVP_MD_fetch(NULL, kind == HASH_SHA256 ? "SHA256" : "SHA512", NULL);
	h->ctx = EVP_MD_CTX_new();
	must(h->md && h->ctx && EVP_DigestInit_ex(h->ctx, h->md, NULL));
	return h;
}

struct hash *hash_free(struct hash *h)
{
	if (!h)
		return NULL;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
	return NULL;
}

void hash_update(struct hash *h, const void *p, size_t n)
{
	if (n)
		must(EVP_DigestUpdate(h->ctx, p, n));
}

static void finish(struct hash *h, char *hex)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	must(EVP_DigestFinal_ex(h->ctx, sum, &n));
	hex_of(sum, n, hex);
	must(EVP_DigestInit_ex(h->ctx, h->md, NULL));
}

void hash_final(struct hash *h, char ret_digest[DIGEST_MAX])
{
	size_t n = strlen(prefixes[h->kind]);

	memcpy(ret_digest, prefixes[h->kind], n);
	finish(h, ret_digest + n);
}

void hash_digest(const void *p, size_t n, char ret_digest[DIGEST_MAX])
{
	autocall(hash_freep) struct hash *h = hash_new(HASH_SHA256);

	hash_update(h, p, n);
	hash_final(h, ret_digest);
}

void hash_hex(const void *p, size_t n, char ret_hex[SHA256_HEX_MAX])
{
	autocall(hash_freep) struct hash *h = hash_new(HASH_SHA256);

	hash_update(h, p, n);
	finish(h, ret_hex);
}
