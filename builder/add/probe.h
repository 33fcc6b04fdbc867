/* SPDX-License-Identifier: Apache-2.0 */
/* Is this an archive? Its first header tells; the rest is not looked at. */
#ifndef BUILDER_ADD_PROBE_H
#define BUILDER_ADD_PROBE_H

/* 0: a tar, packed or not; 1: something else. */
int probe_archive(int fd);

#endif
