# SPDX-License-Identifier: Apache-2.0
#
# coaming. GNU make; everything built goes to $(O).
#
#	make                the programs
#	sudo make check     install what is missing, build, run every test
#	sudo make demo      a real container, confined, with the record of it
#	make lint bench fuzz unit integration
#	sudo make install [DESTDIR=] [prefix=/usr], sudo make uninstall
#	make deb rpm        packages of what is committed
#	make SANITIZE=1 ... the same with ASan and UBSan, in build-sanitize/
#	make V=1 ...        with the commands shown

O ?= $(if $(SANITIZE),build-sanitize,build)
prefix ?= /usr
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
libexecdir ?= $(exec_prefix)/libexec
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
mandir ?= $(datarootdir)/man
docdir ?= $(datarootdir)/doc/coaming
sysconfdir ?= /etc
localstatedir ?= /var
runstatedir ?= /run

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
version := 0.1.0
MAKEFLAGS += --no-print-directory
comma := ,
# One short line a step; V=1 shows the commands.
say = $(if $(V),,@echo '  $(1)' $(2);)

# Ours stays private: a CFLAGS= on the command line would discard what is added to it.
cflags = -std=gnu17 -I. $(warnings) $(hardening) $(paths) \
	 -D_GNU_SOURCE -DCOAMING_VERSION='"$(version)"'
warnings := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	    -Wvla -Wformat=2 -Wundef -Wno-unused-parameter -Wno-missing-field-initializers
paths = -DSYSCONFDIR='"$(sysconfdir)"' -DDATADIR='"$(datadir)"' -DLIBEXECDIR='"$(libexecdir)"' \
	-DLOCALSTATEDIR='"$(localstatedir)"' -DRUNSTATEDIR='"$(runstatedir)"'
werror := $(if $(CI),-Werror)

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
# environment before main() could clear it, and starts in twice the time. Where a distribution has
# no static archives (STATIC=no says so without asking) it is dynamic, and make says that.
# Asked once, and only when something is linked.
static_ldflags = $(eval static_ldflags := $(if $(static_works),-static-pie \
		 -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now$(comma)-z$(comma)noexecstack,\
		 $(ldflags)$(info $(static_note))))$(static_ldflags)
static_works = $(if $(filter no,$(STATIC)),,$(shell echo 'int main(void) { return 0; }' | \
	$(CC) -x c -fPIE -static-pie -o $(O)/static-probe - $(static_libs) 2>/dev/null && echo yes))
static_note = note: no static archives of $(static_libs) here: coaming-hook and coaming-runtime \
	      become dynamic programs, which start slower and which LD_PRELOAD can reach
endif

layers := lib profiles audit hooks cli
mains := hooks/hook.c hooks/runtime.c hooks/nft.c hooks/sqlite.c cli/main.c
sources := $(foreach d,$(layers),$(wildcard $(d)/*.c))
objects := $(patsubst %.c,$(O)/%.o,$(sources))
archive = $(O)/$(1)/$(1).a

static_libs := -lseccomp -lcap -lnettle
programs := $(O)/coaming $(O)/coaming-hook $(O)/coaming-runtime $(O)/coaming-nft $(O)/coaming-sqlite

all: $(programs)

# Other flags than the last time: everything is compiled again. -Werror changes no object.
flags := $(CC) $(cflags) $(CPPFLAGS) $(CFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(flags))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(flags))' >$@

# The texts that they hold.
$(O)/cli/report_html.o: cli/report.html
$(O)/cli/graph.o: cli/graph.html
$(O)/cli/page.o: cli/page.css cli/page.js
$(O)/cli/completion.o: cli/completion.bash cli/completion.zsh cli/completion.fish

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(cflags) $(werror) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define layer_rule
$(call archive,$(1)): $(filter-out $(mains:%.c=$(O)/%.o),$(patsubst %.c,$(O)/%.o,$(wildcard $(1)/*.c)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call say,AR,$$@)$(AR) rcs $$@ $$^
endef
$(foreach d,$(layers),$(eval $(call layer_rule,$(d))))

# Each folder is one archive, named after those that may use it: a call upwards does not link.
$(O)/coaming-hook: $(O)/hooks/hook.o $(call archive,hooks) $(call archive,audit) \
		   $(call archive,profiles) $(call archive,lib)
	$(call say,LD,$@)$(CC) $(static_ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs)

$(O)/coaming-runtime: $(O)/hooks/runtime.o $(call archive,hooks) $(call archive,audit) \
		      $(call archive,profiles) $(call archive,lib)
	$(call say,LD,$@)$(CC) $(static_ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs)

$(O)/coaming-nft: $(O)/hooks/nft.o $(call archive,lib)
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ -lnftables

$(O)/coaming-sqlite: $(O)/hooks/sqlite.o $(call archive,lib)
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ -lsqlite3

$(O)/coaming: $(O)/cli/main.o $(call archive,cli) $(call archive,hooks) $(call archive,audit) \
	      $(call archive,profiles) $(call archive,lib)
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs) -lsystemd -lyaml

# Unit tests: one program a file of tests/unit. Any of them can make allocations fail (alloc.h).
unit := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
wraps := $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc reallocarray strdup strndup)
$(O)/tests/unit/test_%: $(O)/tests/unit/test_%.o $(O)/tests/unit/alloc.o $(call archive,cli) \
		   $(call archive,hooks) $(call archive,audit) $(call archive,profiles) \
		   $(call archive,lib)
	$(call say,LD,$@)$(CC) $(ldflags) $(wraps) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs) \
		-ljansson -lsystemd -lyaml -lcmocka
.SECONDARY:

unit: $(unit)
	@tests/run.sh $(unit)

-include tests/integration/integration.mk
-include tests/fuzz/fuzz.mk
-include tests/bench/bench.mk

# Everything that a test needs. $(fuzz_check): fuzzers that end by themselves when run without
# arguments, as fuzz.mk names them.
test_programs := $(programs) $(probe) $(attack) $(preload) $(keep) $(prove) $(records) $(toml_json) $(unit) $(fuzz_check)

# A new make, since the compiler itself may have to be installed first. CI asks for more than
# strict warnings (a skipped test fails), so that what the user said of it goes to run.sh.
check: deps
	@$(MAKE) CI=1 test_programs
	@O='$(abspath $(O))' CI='$(CI)' tests/run.sh $(long_scripts) tests/mutation.sh $(unit) \
		$(fuzz_check) $(filter-out $(long_scripts),$(scripts))

test_programs: $(test_programs)

deps:
	@packaging/install-deps.sh

lint:
	@O='$(abspath $(O))' CC='$(CC)' tests/lint.sh

demo:
	@packaging/install-deps.sh build demo
	@$(MAKE) all
	@O='$(abspath $(O))' bash packaging/demo.sh

include packaging/install.mk
include packaging/packages.mk

clean:
	rm -rf $(O)

.PHONY: all unit check test_programs deps lint demo clean FORCE
-include $(objects:.o=.d) $(unit:=.d) $(O)/tests/unit/alloc.d
