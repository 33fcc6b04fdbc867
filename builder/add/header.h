/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUILDER_ADD_HEADER_H
#define BUILDER_ADD_HEADER_H

#include <stdbool.h>

#define TAR_HEADER 512

/* Are these TAR_HEADER bytes the header of a tar, of whatever age? Its checksum tells. */
bool tar_is_header(const unsigned char *h);

#endif
