# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += compose
compose_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
compose_SOURCES = \
	src/cli/build-runner.c \
	src/cli/cli.c \
	src/cli/cmd-attach.c \
	src/cli/cmd-build.c \
	src/cli/cmd-config.c \
	src/cli/cmd-cp.c \
	src/cli/cmd-create.c \
	src/cli/cmd-doctor.c \
	src/cli/cmd-down.c \
	src/cli/cmd-events.c \
	src/cli/cmd-exec.c \
	src/cli/cmd-export.c \
	src/cli/cmd-fsck.c \
	src/cli/cmd-gc.c \
	src/cli/cmd-image.c \
	src/cli/cmd-images.c \
	src/cli/cmd-kill.c \
	src/cli/cmd-later.c \
	src/cli/cmd-login.c \
	src/cli/cmd-logs.c \
	src/cli/cmd-ls.c \
	src/cli/cmd-pause.c \
	src/cli/cmd-plan.c \
	src/cli/cmd-port.c \
	src/cli/cmd-ps.c \
	src/cli/cmd-publish.c \
	src/cli/cmd-pull.c \
	src/cli/cmd-push.c \
	src/cli/cmd-restart.c \
	src/cli/cmd-rm.c \
	src/cli/cmd-run.c \
	src/cli/cmd-scale.c \
	src/cli/cmd-start.c \
	src/cli/cmd-stop.c \
	src/cli/cmd-top.c \
	src/cli/cmd-unpause.c \
	src/cli/cmd-up.c \
	src/cli/cmd-version.c \
	src/cli/cmd-volumes.c \
	src/cli/cmd-wait.c \
	src/cli/cmd.h \
	src/cli/commands.c src/cli/commands.h \
	src/cli/complete.c \
	src/cli/config-digests.c \
	src/cli/config-list.c src/cli/config-list.h \
	src/cli/help.c src/cli/help.h \
	src/cli/image-archive.c \
	src/cli/image-inspect.c \
	src/cli/image-ls.c \
	src/cli/image-transfer.c \
	src/cli/image.h \
	src/cli/logs.c src/cli/logs.h \
	src/cli/main.c \
	src/cli/manual.c \
	src/cli/opt.c src/cli/opt.h \
	src/cli/project.c src/cli/project.h \
	src/cli/publish-check.c \
	src/cli/publish-secrets.c \
	src/cli/publish.h \
	src/cli/remote-cache.c \
	src/cli/remote-git.c \
	src/cli/remote-oci.c \
	src/cli/remote.c src/cli/remote.h \
	src/cli/run-spec.c src/cli/run-spec.h \
	src/cli/up.c \
	src/cli/view.c src/cli/view.h
compose_LDADD = libcompose.a libbuilder.a liblocal.a libnet.a libengine.a libregistry.a libui.a libevent.a libutil.a \
	$(SYSTEMD_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(UTF8PROC_LIBS) -ldl


# Manual pages and completion, from the tables of the program itself.
man/stamp: compose$(EXEEXT)
	$(AM_V_GEN)rm -rf man && ./compose$(EXEEXT) __man man && touch $@
completion/stamp: compose$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) completion && for shell in bash fish zsh; do \
		./compose$(EXEEXT) completion $$shell >completion/$$shell || exit 1; done && touch $@
install-data-local: man/stamp completion/stamp
	$(MKDIR_P) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(datadir)/bash-completion/completions \
		$(DESTDIR)$(datadir)/fish/vendor_completions.d $(DESTDIR)$(datadir)/zsh/site-functions
	$(INSTALL_DATA) man/*.1 $(DESTDIR)$(mandir)/man1
	$(INSTALL_DATA) completion/bash $(DESTDIR)$(datadir)/bash-completion/completions/compose
	$(INSTALL_DATA) completion/fish $(DESTDIR)$(datadir)/fish/vendor_completions.d/compose.fish
	$(INSTALL_DATA) completion/zsh $(DESTDIR)$(datadir)/zsh/site-functions/_compose
uninstall-local:
	rm -f $(DESTDIR)$(mandir)/man1/compose.1 $(DESTDIR)$(mandir)/man1/compose-*.1 \
		$(DESTDIR)$(datadir)/bash-completion/completions/compose \
		$(DESTDIR)$(datadir)/fish/vendor_completions.d/compose.fish \
		$(DESTDIR)$(datadir)/zsh/site-functions/_compose
clean-local:
	rm -rf man completion
