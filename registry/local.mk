# SPDX-License-Identifier: Apache-2.0
# registry: references, credentials, transfers, the image store; and the two helpers for layers
noinst_LIBRARIES += libregistry.a
libregistry_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
libregistry_a_SOURCES = \
	registry/archive-docker.c \
	registry/archive-oci.c \
	registry/archive-read.c registry/archive-read.h \
	registry/archive-write.c registry/archive-write.h \
	registry/artifact.c registry/artifact.h \
	registry/artifact-push.c \
	registry/auth.c registry/auth.h \
	registry/auth-helper.c \
	registry/auth-store.c \
	registry/authz.c \
	registry/blob.h \
	registry/call.c \
	registry/certs.c \
	registry/challenge.c registry/challenge.h \
	registry/choose.c \
	registry/client.c registry/client.h \
	registry/fetch.c \
	registry/hosts.c registry/hosts.h registry/hosts-private.h \
	registry/hosts-load.c \
	registry/layer.c \
	registry/login.c \
	registry/manifest-get.c \
	registry/manifest-put.c \
	registry/platform.c \
	registry/members.c registry/members.h \
	registry/members-load.c \
	registry/pull.c registry/pull-private.h \
	registry/pull-image.c \
	registry/push.c registry/push-private.h \
	registry/push-send.c \
	registry/ref.c \
	registry/registry.c \
	registry/remote.c registry/remote.h \
	registry/retry.c registry/retry.h \
	registry/segment.c registry/segment.h \
	registry/send.c registry/send.h \
	registry/sources.c \
	registry/toml.c registry/toml.h \
	registry/upload.c \
	registry/url.c registry/url.h \
	registry/db.c registry/db.h \
	registry/image.c registry/image.h \
	registry/image-config.c \
	registry/layer-job.c registry/layer-job.h \
	registry/platform.h \
	registry/ref.h \
	registry/store.c registry/store.h registry/store-private.h \
	registry/store-blob.c \
	registry/store-fsck.c \
	registry/store-fsck-layer.c \
	registry/store-gc.c \
	registry/store-gc-mark.c \
	registry/store-helper.c \
	registry/store-image.c \
	registry/store-ingest.c \
	registry/store-layer.c \
	registry/store-layer-blob.c \
	registry/store-load.c registry/store-member.c \
	registry/store-pin.c \
	registry/store-save.c \
	registry/store-stage.c \
	registry/tar.c registry/tar.h \
	registry/transfer.h \
	registry/tree-count.c registry/tree-count.h

composelibexec_PROGRAMS += compose-unpack compose-pack

compose_unpack_CPPFLAGS = $(AM_CPPFLAGS) $(ARCHIVE_CFLAGS) $(ISAL_CFLAGS) $(ZSTD_CFLAGS)
compose_unpack_SOURCES = \
	registry/hash-small.c \
	registry/layer-job.c registry/layer-job.h \
	registry/tree-count.c registry/tree-count.h \
	registry/unpack/ahead.c registry/unpack/ahead.h \
	registry/unpack/decode-archive.c \
	registry/unpack/decode-gzip.c \
	registry/unpack/decode-zstd.c \
	registry/unpack/entry.c registry/unpack/entry.h \
	registry/unpack/extract.c registry/unpack/extract.h \
	registry/unpack/main.c \
	registry/unpack/sandbox.c registry/unpack/sandbox.h \
	registry/unpack/source.c registry/unpack/source.h \
	registry/unpack/tree.c registry/unpack/tree.h \
	registry/unpack/whiteout.c registry/unpack/whiteout.h
# pthread_cancel() loads this on first use, which a sandbox would refuse.
CANCEL_LIBS = -Wl,--push-state,--no-as-needed -lgcc_s -Wl,--pop-state
compose_unpack_LDFLAGS = $(AM_LDFLAGS) $(CANCEL_LIBS)
compose_unpack_LDADD = libutil.a $(ARCHIVE_LIBS) $(ISAL_LIBS) $(ZSTD_LIBS) -l:libcrypto.a $(JANSSON_LIBS)

# Apart from compose-unpack: libarchive takes longer to load than a small layer takes to pack.
compose_pack_CPPFLAGS = $(AM_CPPFLAGS) $(DEFLATE_CFLAGS) $(ZSTD_CFLAGS)
compose_pack_SOURCES = \
	registry/hash-small.c \
	registry/layer-job.c registry/layer-job.h \
	registry/pack/dense.c registry/pack/dense.h \
	registry/pack/gzip.c registry/pack/gzip.h \
	registry/pack/main.c \
	registry/pack/sink.c registry/pack/sink.h \
	registry/pack/pyc.c registry/pack/pyc.h \
	registry/pack/walk.c registry/pack/walk.h \
	registry/pack/xattrs.c registry/pack/xattrs.h \
	registry/tar.c registry/tar.h \
	registry/unpack/sandbox.c registry/unpack/sandbox.h
compose_pack_LDADD = libutil.a $(DEFLATE_LIBS) $(ZSTD_LIBS) -l:libcrypto.a $(JANSSON_LIBS)
