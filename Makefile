# SPDX-License-Identifier: Apache-2.0
#
# coaming. GNU make; everything built goes to $(O).

O ?= build
prefix ?= /usr
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
sbindir ?= $(exec_prefix)/sbin
libexecdir ?= $(exec_prefix)/libexec
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
mandir ?= $(datarootdir)/man
docdir ?= $(datarootdir)/doc/coaming
sysconfdir ?= /etc
localstatedir ?= /var
runstatedir ?= /run

CC ?= gcc
AR ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
version := 0.1.0

# Ours stays private: a CFLAGS= on the command line would discard what is added to it.
cflags = -std=gnu17 -I. -I$(O) $(warnings) $(hardening) $(paths) \
	 -D_GNU_SOURCE -DCOAMING_VERSION='"$(version)"'
warnings := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	    -Wvla -Wformat=2 -Wundef -Wno-unused-parameter -Wno-missing-field-initializers \
	    $(if $(CI),-Werror)
paths = -DSYSCONFDIR='"$(sysconfdir)"' -DDATADIR='"$(datadir)"' -DLIBEXECDIR='"$(libexecdir)"' \
	-DLOCALSTATEDIR='"$(localstatedir)"' -DRUNSTATEDIR='"$(runstatedir)"'

# FORTIFY_SOURCE needs the optimiser, level 3 a compiler that has it.
fortify := $(shell echo | $(CC) -O2 -Werror -D_FORTIFY_SOURCE=3 -include stdio.h -E - \
		>/dev/null 2>&1 && echo 3 || echo 2)
ifdef SANITIZE
hardening := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
ldflags := -fsanitize=address,undefined
static_ldflags := $(ldflags)
else
hardening := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	     -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(fortify)
ldflags := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
# What is executed by container engines is static: a dynamic program has loaded code from its
# environment before main() could clear it, and starts in twice the time.
static_ldflags := $(if $(filter no,$(STATIC)),$(ldflags),-static-pie \
		  -Wl,-z,relro,-z,now,-z,noexecstack)
endif

layers := lib profiles audit hooks cli
mains := hooks/hook.c hooks/runtime.c hooks/nft.c cli/main.c
sources := $(foreach d,$(layers),$(wildcard $(d)/*.c))
objects := $(patsubst %.c,$(O)/%.o,$(sources))
archive = $(O)/$(1)/$(1).a
archives := $(foreach d,$(layers),$(call archive,$(d)))

static_libs := -lseccomp -lcap -lnettle
programs := $(O)/coaming $(O)/coaming-hook $(O)/coaming-runtime $(O)/coaming-nft

all: $(programs)

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(cflags) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define layer_rule
$(call archive,$(1)): $(filter-out $(mains:%.c=$(O)/%.o),$(patsubst %.c,$(O)/%.o,$(wildcard $(1)/*.c)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(AR) rcs $$@ $$^
endef
$(foreach d,$(layers),$(eval $(call layer_rule,$(d))))

# Each folder is one archive, named after those that may use it: a call upwards does not link.
$(O)/coaming-hook: $(O)/hooks/hook.o $(call archive,hooks) $(call archive,audit) \
		   $(call archive,profiles) $(call archive,lib)
	$(CC) $(static_ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs)

$(O)/coaming-runtime: $(O)/hooks/runtime.o $(call archive,hooks) $(call archive,audit) \
		      $(call archive,profiles) $(call archive,lib)
	$(CC) $(static_ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs)

$(O)/coaming-nft: $(O)/hooks/nft.o $(call archive,lib)
	$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ -lnftables

$(O)/coaming: $(O)/cli/main.o $(call archive,cli) $(call archive,hooks) $(call archive,audit) \
	      $(call archive,profiles) $(call archive,lib)
	$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs) -lsystemd

# Unit tests: one program a file of tests/unit; fuzzers likewise.
unit := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(call archive,hooks) $(call archive,audit) \
		   $(call archive,profiles) $(call archive,lib)
	$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs) -ljansson -lsystemd -lcmocka
.PRECIOUS: $(O)/tests/unit/%.o

unit: $(unit)
	@for t in $(unit); do $$t || exit 1; done

-include tests/integration/integration.mk

clean:
	rm -rf $(O)

.PHONY: all unit clean
-include $(objects:.o=.d) $(unit:=.d)
