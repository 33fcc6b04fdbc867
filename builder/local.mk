# SPDX-License-Identifier: Apache-2.0
# builder: Dockerfiles to images
noinst_LIBRARIES += libbuilder.a
libbuilder_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
libbuilder_a_SOURCES = \
	builder/add/header.c builder/add/header.h \
	builder/add/add-job.c builder/add/job.h \
	builder/add/work-job.c builder/add/work.h \
	builder/aide.c builder/aide.h \
	builder/archive.c \
	builder/attest.c builder/attest.h builder/attest-options.h \
	builder/base.c \
	builder/build.h \
	builder/cache-config.c builder/cache-config.h \
	builder/cache-export.c builder/cache-export.h \
	builder/cache-import.c builder/cache-import.h \
	builder/cache-layout.c builder/cache-layout.h \
	builder/cache-spec.c builder/cache-spec.h \
	builder/cache.c \
	builder/cache.h \
	builder/context.c \
	builder/copy-step.c \
	builder/chmod.c \
	builder/chmod.h \
	builder/copy-file.c \
	builder/copy-file.h \
	builder/copy.c \
	builder/copy.h \
	builder/digest.c \
	builder/dockerfile.c \
	builder/dockerfile.h \
	builder/expand.c \
	builder/expand.h \
	builder/fetch.c \
	builder/files.c \
	builder/files.h \
	builder/git/git-job.c builder/git/job.h \
	builder/graph.c \
	builder/graph.h \
	builder/heavy.c \
	builder/history.c \
	builder/history.h \
	builder/ignore.c \
	builder/ignore.h \
	builder/image.c \
	builder/input.c builder/input.h \
	builder/instruction.c \
	builder/instruction.h \
	builder/layout.c \
	builder/lint-rules.c \
	builder/lint.c \
	builder/lint.h \
	builder/meta.c \
	builder/mount.c \
	builder/mounts-host.c \
	builder/mounts.c \
	builder/mounts.h \
	builder/output.c builder/output.h \
	builder/owner.c \
	builder/pattern.c \
	builder/place.c \
	builder/ports.c \
	builder/ports.h \
	builder/provenance.c \
	builder/run.c \
	builder/sbom.c \
	builder/secret.c \
	builder/select.c \
	builder/set.c builder/set.h \
	builder/source-git.c \
	builder/source-http.c \
	builder/source.c builder/source.h \
	builder/solve.c \
	builder/solve.h \
	builder/spread.c builder/spread.h builder/spread-private.h \
	builder/spread-gather.c \
	builder/spread-mount.c \
	builder/ssh.c \
	builder/stage.c \
	builder/step.c \
	builder/step.h \
	builder/stubs.c \
	builder/tree.c \
	builder/tree.h \
	builder/verify.c builder/verify.h \
	builder/walk.c \
	builder/walk.h \
	builder/words.c \
	builder/workdir.c

# Apart from compose-unpack: an archive of a build goes over what is there, and follows its symlinks.
composelibexec_PROGRAMS += compose-add
compose_add_CPPFLAGS = $(AM_CPPFLAGS) $(ARCHIVE_CFLAGS) $(ISAL_CFLAGS) $(ZSTD_CFLAGS)
compose_add_SOURCES = \
	builder/add/apply.c builder/add/apply.h \
	builder/add/header.c builder/add/header.h \
	builder/add/add-job.c builder/add/job.h \
	builder/add/context.c builder/add/context.h \
	builder/add/main.c \
	builder/add/probe.c builder/add/probe.h \
	builder/add/work.c builder/add/work.h \
	builder/add/work-job.c \
	builder/chmod.c builder/chmod.h \
	builder/copy-file.c builder/copy-file.h \
	builder/copy.c builder/copy.h \
	builder/digest.c \
	builder/ignore.c builder/ignore.h \
	builder/place.c \
	builder/select.c \
	builder/tree.c builder/tree.h \
	builder/walk.c builder/walk.h \
	registry/unpack/ahead.c registry/unpack/ahead.h \
	registry/unpack/decode-archive.c \
	registry/unpack/decode-gzip.c \
	registry/unpack/decode-zstd.c \
	registry/unpack/entry.c registry/unpack/entry.h \
	registry/unpack/sandbox.c registry/unpack/sandbox.h \
	registry/unpack/source.c registry/unpack/source.h
compose_add_LDFLAGS = $(AM_LDFLAGS) $(CANCEL_LIBS)
compose_add_LDADD = libutil.a $(ARCHIVE_LIBS) $(ISAL_LIBS) $(ZSTD_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS)

composelibexec_PROGRAMS += compose-git
compose_git_CPPFLAGS = $(AM_CPPFLAGS) $(GIT2_CFLAGS)
compose_git_SOURCES = \
	builder/git/checkout.c builder/git/checkout.h \
	builder/git/git-job.c builder/git/job.h \
	builder/git/keep.c \
	builder/git/main.c \
	builder/git/modules.c builder/git/modules.h \
	builder/git/origin.c builder/git/origin.h \
	builder/git/remote.c builder/git/remote.h \
	registry/unpack/sandbox.c registry/unpack/sandbox.h
if HAVE_GIT_DEPTH
compose_git_SOURCES += builder/git/shallow.c
else
compose_git_SOURCES += builder/git/shallow-none.c
endif
compose_git_LDADD = libutil.a $(GIT2_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
