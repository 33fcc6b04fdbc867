/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of the language's text layer needs. */
#ifndef TESTS_UNIT_COMPOSE_TEXT_H
#define TESTS_UNIT_COMPOSE_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
