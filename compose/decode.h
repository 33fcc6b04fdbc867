/* SPDX-License-Identifier: Apache-2.0 */
/* One value to its canonical kind: the new node, or NULL and a finding. Private to decode.c. */
#ifndef COMPOSE_DECODE_H
#define COMPOSE_DECODE_H

#include "compose/pass.h"

#define DECODER(name)                                                                        \
	struct node *decode_##name(struct pass *ps, struct node *n, const struct attr *attr, \
				   const struct node_path *path)
/* decode-scalars.c */
DECODER(string);
DECODER(bool);
DECODER(int);
DECODER(float);
DECODER(size);
DECODER(span);
DECODER(mode);
DECODER(count);
DECODER(ulimit);
/* decode-lists.c */
DECODER(command);
DECODER(test);
DECODER(labels);
DECODER(environment);
DECODER(hosts);
DECODER(strings);
DECODER(ssh);
DECODER(multi);

#endif
