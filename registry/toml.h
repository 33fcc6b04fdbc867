/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of TOML 1.0 that container tools' configuration uses, read into a JSON tree: tables,
 * arrays of tables, dotted and quoted keys, strings (basic and literal, one line), integers,
 * booleans, arrays. Inline tables, floats, dates and multi-line strings are -ERR_UNSUPPORTED,
 * whatever else is wrong -ERR_INVALID, both with file:line:column.
 */
#ifndef REGISTRY_TOML_H
#define REGISTRY_TOML_H

#include "util/json.h"

#define LIMIT_TOML (1 << 20)

int toml_parse(const char *p, size_t n, const char *file, json_t **ret, struct error *err);

#endif
