/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shim and its starter: what start.c and step.c share. The shim prepares, its starter plugs the
 * network and writes config.json, says "go", and hears how it went.
 */
#ifndef LOCAL_START_H
#define LOCAL_START_H

#include "engine/local/local.h"
#include "event/child.h"

enum shim_event { SHIM_READY, SHIM_STARTED, SHIM_FAILED, SHIM_EXITED, SHIM_GONE };
/* n: the pid (STARTED), the code (EXITED); text: why (FAILED). GONE comes last, when the shim's
 * process has ended. */
typedef void (*shim_fn)(void *userdata, enum shim_event ev, int n, const char *text);

struct shim_link;
/* job: the file's text. stdio: three descriptors for a step, or NULL; then lock is the container's
 * oplock, which the shim keeps until it runs. fn may be cleared by shim_forget(): the shim then
 * goes on by itself, and is reaped. */
int shim_start(struct local *l, const char *dir, const struct buf *job, const int *stdio, int lock,
	       shim_fn fn, void *userdata, struct shim_link **ret, struct error *err);
pid_t shim_pid(const struct shim_link *s);
/* The root filesystem, as it is mounted in the shim's namespace. */
int shim_open_rootfs(const struct shim_link *s, int *ret_fd, struct error *err);
int shim_go(struct shim_link *s, struct error *err);
void shim_abort(struct shim_link *s); /* before go, or of a step: all is undone; GONE follows */
void shim_forget(struct shim_link *s);
void start_forget_shims(struct local *l);

/* The three files of /etc. */
int write_etc(const char *dir, const struct net_reservation *r, struct error *err);
/* Those of another container become this one's. */
int link_etc(struct local *l, const char *other, const char *dir, struct net_reservation *ret,
	     struct error *err);
struct oci_spec;
int write_config(const char *dir, const struct oci_spec *o, struct error *err);

#endif
