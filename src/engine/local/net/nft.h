/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-net's firewall: one nft table, whose rules never change; networks and ports are elements
 * of its sets and maps, so that a change costs the same whatever is there. A whole change goes
 * through one `nft -f -`, which is one transaction. (Not as JSON: nft 1.0.6 crashes on a map of
 * addresses and ports that is declared and used in the same input.)
 */
#ifndef ENGINE_LOCAL_NET_NFT_H
#define ENGINE_LOCAL_NET_NFT_H

#include "util/buf.h"
#include "util/json.h"

#include <sys/types.h>

/* The inside of the table. */
extern const char nft_table_text[];

/* The commands for a job; empty when it changes nothing. `fresh`: the table is made anew, and the
 * job's networks and ports are all there is. Names and addresses of the job are checked here: they
 * become part of a language. */
int nft_commands(const json_t *job, bool fresh, struct buf *out, struct error *err);

struct nft_run {
	pid_t pid; /* 0: none */
	int out;   /* what it says, a memfd */
};
#define NFT_RUN_INIT ((struct nft_run){ .out = -1 })
/* Starts it, so that the caller can do other work meanwhile; nft_end waits. Empty commands start
 * nothing. */
int nft_begin(const struct buf *commands, struct nft_run *ret, struct error *err);
int nft_end(struct nft_run *run, struct error *err);

#endif
