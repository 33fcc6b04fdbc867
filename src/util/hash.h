/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (and 512, for OCI digests that use it), hex, and random names. */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include "util/error.h"

#define SHA256_HEX_MAX 65  /* with the NUL */
#define DIGEST_MAX     136 /* "sha512:" and 128 digits, with the NUL */

enum hash_kind { HASH_SHA256, HASH_SHA512 };

struct hash;
struct hash *hash_new(enum hash_kind kind);
struct hash *hash_free(struct hash *h);
DEFINE_FREEP(struct hash, hash_free);
void hash_update(struct hash *h, const void *p, size_t n);
/* "sha256:HEX", and a new start. */
void hash_final(struct hash *h, char ret_digest[DIGEST_MAX]);

/* The same of bytes in memory. */
void hash_digest(const void *p, size_t n, char ret_digest[DIGEST_MAX]);
void hash_hex(const void *p, size_t n, char ret_hex[SHA256_HEX_MAX]);

/* "algorithm:hex" of a known algorithm, lower case and of the right length. */
bool digest_valid(const char *s);
/* The hex part of a valid digest. */
const char *digest_hex(const char *digest);

/* n bytes as 2n hex digits and a NUL; returns where the NUL is. */
char *hex_of(const void *p, size_t n, char *to);

/* n random bytes from the kernel as 2n hex digits and a NUL. */
void random_hex(size_t n, char *ret);

#endif
