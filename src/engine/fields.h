/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structs of engine.h as tables (util/json.h): what keeps, copies and frees them, and what
 * another engine writes to its socket, start here. The content of a file_spec is not in its table.
 */
#ifndef ENGINE_FIELDS_H
#define ENGINE_FIELDS_H

#include "engine/engine.h"
#include "util/json.h"

extern const struct json_field container_spec_fields[];
extern const struct json_field network_spec_fields[];
extern const struct json_field volume_spec_fields[];
extern const struct json_field container_info_fields[];
extern const struct json_field network_info_fields[];
extern const struct json_field volume_info_fields[];

#endif
