/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-net's part of the names: aardvark-dns, one process for a state directory, a file per
 * network in DIR/aardvark. It is started with the first file and ended with the last. It answers on
 * the networks' gateways, on port 53 unless somebody has that on every address: then on another,
 * and the engine has the firewall lead there.
 */
#ifndef ENGINE_LOCAL_NET_DNS_H
#define ENGINE_LOCAL_NET_DNS_H

#include "util/json.h"

#include <sys/types.h>

#define DNS_DIR	 "aardvark"
#define PID_FILE "aardvark.pid"

/* The port of the one that runs, or the one that it will be given. */
unsigned dns_port(int dirfd);
/* Of the one that runs, 0 when none does (dns-pid.c, which the engine has, too). dirfd is RUN/net.
 */
pid_t dns_pid(int dirfd);
int dns_number(int dirfd, const char *path, uint64_t max, uint64_t *ret); /* a file's; no message */
/* job.dns.files: {NAME: TEXT, NAME: null}; all: others go. Writes, then starts, reloads or ends it.
 */
int dns_apply(int dirfd, const char *dir, const json_t *dns, bool all, struct error *err);
/* Waits until job.dns.check ([{"server", "name"}]) are answered: false when they were not within
 * two seconds. */
bool dns_wait(int dirfd, const json_t *dns);

#endif
