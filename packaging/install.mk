# SPDX-License-Identifier: Apache-2.0
#
# What goes where. One list serves install and uninstall: FROM:MODE:DIRECTORY.

libdir_coaming := $(libexecdir)/coaming
datadir_coaming := $(datadir)/coaming
# systemd reads only below /usr/lib or /lib, whatever libdir is.
systemunitdir ?= $(prefix)/lib/systemd/system
catalogdir ?= $(prefix)/lib/systemd/catalog
journaldconfdir ?= $(prefix)/lib/systemd/journald@coaming.conf.d
ocihooksdir ?= $(datadir)/containers/oci/hooks.d
# Where the shells look; Debian's zsh has vendor-completions for packages.
bashcompdir ?= $(datadir)/bash-completion/completions
zshcompdir ?= $(datadir)/zsh/site-functions
fishcompdir ?= $(datadir)/fish/vendor_completions.d

# packaging/X.in with the paths put in.
generated := $(patsubst packaging/%.in,$(O)/packaging/%,$(shell find packaging -name '*.in'))
$(O)/packaging/%: packaging/%.in $(O)/flags
	@mkdir -p $(@D)
	$(call say,GEN,$@)sed -e 's|@bindir@|$(bindir)|g' -e 's|@libexecdir@|$(libexecdir)|g' \
	    -e 's|@datadir@|$(datadir)|g' -e 's|@sysconfdir@|$(sysconfdir)|g' \
	    -e 's|@ocihooksdir@|$(ocihooksdir)|g' -e 's|@runstatedir@|$(runstatedir)|g' $< >$@

# Made by the program itself, from the tables of its commands and options.
completions := $(O)/completions/coaming $(O)/completions/_coaming $(O)/completions/coaming.fish
$(O)/completions/coaming: shell := bash
$(O)/completions/_coaming: shell := zsh
$(O)/completions/coaming.fish: shell := fish
$(completions): $(O)/coaming
	@mkdir -p $(@D)
	$(call say,GEN,$@)$(O)/coaming completion $(shell) >$@.new && mv $@.new $@

entry = $(foreach f,$(1),$(f):$(2):$(3))
install_files = \
	$(call entry,$(O)/coaming $(O)/coaming-runtime,0755,$(bindir)) \
	$(call entry,$(O)/coaming-hook $(O)/coaming-nft $(O)/coaming-sqlite,0755,$(libdir_coaming)) \
	$(call entry,$(O)/packaging/before-removal,0755,$(libdir_coaming)) \
	$(call entry,$(wildcard profiles/library/*.json),0644,$(datadir_coaming)/profiles) \
	$(call entry,$(wildcard profiles/library/seccomp/*.json),0644,$(datadir_coaming)/profiles/seccomp) \
	$(call entry,$(wildcard profiles/library/tests/*.json),0644,$(datadir_coaming)/profiles/tests) \
	$(call entry,$(wildcard profiles/models/*.json),0644,$(datadir_coaming)/models) \
	$(call entry,$(wildcard profiles/*.schema.json audit/*.schema.json),0644,$(datadir_coaming)) \
	$(call entry,$(wildcard audit/controls/*.json),0644,$(datadir_coaming)/controls) \
	$(call entry,$(filter %.json,$(filter $(O)/packaging/hooks.d/%,$(generated))),0644,$(ocihooksdir)) \
	$(call entry,$(filter $(O)/packaging/precreate.d/%,$(generated)),0644,$(datadir_coaming)/hooks.d) \
	$(call entry,$(filter $(O)/packaging/containers.conf.d/%,$(generated)),0644,$(datadir_coaming)/containers.conf.d) \
	$(call entry,$(filter $(O)/packaging/systemd/%,$(generated)),0644,$(systemunitdir)) \
	$(call entry,packaging/journald@coaming.conf.d/10-coaming.conf,0644,$(journaldconfdir)) \
	$(call entry,$(wildcard audit/*.catalog packaging/*.catalog),0644,$(catalogdir)) \
	$(foreach s,1 5 7 8,$(call entry,$(wildcard man/*.$(s)),0644,$(mandir)/man$(s))) \
	$(O)/completions/coaming:0644:$(bashcompdir) $(O)/completions/_coaming:0644:$(zshcompdir) \
	$(O)/completions/coaming.fish:0644:$(fishcompdir) \
	$(call entry,README.md SECURITY.md NEWS LICENSE,0644,$(docdir))

install: all $(generated) $(completions)
	@DESTDIR='$(DESTDIR)' packaging/install.sh install $(install_files)
	@DESTDIR='$(DESTDIR)' packaging/install.sh config packaging/coaming.json:0644:$(sysconfdir)/coaming
	@[ -n '$(DESTDIR)' ] || $(after_install)

# What a package's scripts do; a host without systemd goes without.
define after_install
{ journalctl --update-catalog >/dev/null 2>&1; systemctl daemon-reload >/dev/null 2>&1; \
	echo 'installed. With systemd: systemctl enable --now coaming-gc.timer coaming-flush.timer coaming-attest.timer coaming-flows.timer coaming-reconcile.timer coaming-profiles.path'; \
	echo 'Then coaming doctor says whether this host keeps the evidence.'; \
	echo 'How engines are told: coaming setup podman, docker, containerd or crio; coaming-setup(1).'; }
endef

# Not before no engine names it. A host configuration that was edited stays.
uninstall: $(generated)
	@[ -n '$(DESTDIR)' ] || [ ! -x '$(libdir_coaming)/before-removal' ] || \
		'$(libdir_coaming)/before-removal'
	@DESTDIR='$(DESTDIR)' packaging/install.sh uninstall $(install_files)
	@DESTDIR='$(DESTDIR)' packaging/install.sh unconfig packaging/coaming.json:0644:$(sysconfdir)/coaming
	@[ -n '$(DESTDIR)' ] || $(after_uninstall)

# The mount that holds the pins, unless a container still has one. The ledger is evidence: it stays.
pins := $(runstatedir)/coaming/netns
define after_uninstall
{ journalctl --update-catalog >/dev/null 2>&1; systemctl daemon-reload >/dev/null 2>&1; \
	if [ -d '$(pins)' ] && [ -z "$$(ls -A '$(pins)')" ]; then umount '$(pins)' 2>/dev/null; fi; \
	echo 'uninstalled. The records in $(localstatedir)/lib/coaming stay.'; }
endef

.PHONY: install uninstall
