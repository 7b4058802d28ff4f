# SPDX-License-Identifier: Apache-2.0
#
# Integration tests: every script of this folder, on the real runtimes, podman and journald.
# One alone: sudo make integration T=tests/integration/podman.sh [TEST='part of a check name']

probe := $(O)/tests/integration/probe
scripts := $(filter-out %/lib.sh %/rootfs.sh,$(sort $(wildcard tests/integration/*.sh)))
# Those that take minutes begin first, so that none of them is left alone at the end.
long_scripts := $(addprefix tests/integration/,faults.sh peers.sh packages.sh programs.sh tiers.sh \
		cri.sh engines.sh evidence.sh generate.sh separate.sh verify.sh podman.sh)

# Static, since a container's root file system holds nothing else; never with sanitizers.
$(probe): tests/integration/probe.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE $(warnings) $(CFLAGS) -static -o $@ $<

attack := $(O)/tests/integration/attack
$(attack): tests/integration/attack.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE $(warnings) $(CFLAGS) -static -o $@ $<

# Says so where it is loaded (LD_PRELOAD).
preload := $(O)/tests/integration/preload.so
$(preload): tests/integration/preload.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 $(warnings) $(CFLAGS) -shared -fPIC -o $@ $<

# Keeps records as the hook does.
keep := $(O)/tests/integration/keep
$(keep): $(O)/tests/integration/keep.o $(call archive,audit) $(call archive,lib)
	$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ -lnettle

# Prints the proof of a process. Beside the programs, where it finds coaming-nft.
prove := $(O)/prove
$(prove): $(O)/tests/integration/prove.o $(call archive,hooks) $(call archive,audit) \
	  $(call archive,profiles) $(call archive,lib)
	$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs)

# What the TOML reader makes of a text.
toml_json := $(O)/tests/integration/toml_json
$(toml_json): $(O)/tests/integration/toml_json.o $(call archive,lib)
	$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ -lnettle

# What reports are of.
records := $(O)/tests/bench/records

T ?= $(scripts)
integration: $(programs) $(probe) $(attack) $(preload) $(keep) $(prove) $(records) $(toml_json)
	@failed=; for t in $(T); do \
		O='$(abspath $(O))' CI='$(CI)' TEST='$(TEST)' bash $$t || failed="$$failed $$t"; \
	done; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

.PHONY: integration
