/* SPDX-License-Identifier: Apache-2.0 */
/* The entry that libFuzzer and our replay driver call: any bytes, any number of times. Always
 * returns 0. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
