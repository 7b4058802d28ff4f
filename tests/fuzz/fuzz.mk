# SPDX-License-Identifier: Apache-2.0
#
# Fuzzers: fuzz_NAME.c with corpus/NAME. In "make check" each runs a few thousand inputs, always
# the same. With clang's libFuzzer, as long as one likes:
#
#	make fuzz [FUZZ='state config'] [FUZZ_SECONDS=600]
#
# What it learned stays in build-fuzz/corpus; an input that it fails on goes, once that is mended,
# to tests/fuzz/corpus.

fuzzers := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_check := $(fuzzers:%=$(O)/tests/fuzz/fuzz_%)
FUZZ ?= $(fuzzers)
FUZZ_SECONDS ?= 60

$(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(if $(LIBFUZZER),,$(O)/tests/fuzz/driver.o) \
		   $(call archive,cli) $(call archive,hooks) $(call archive,audit) \
		   $(call archive,profiles) $(call archive,lib)
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) $(if $(LIBFUZZER),-fsanitize=fuzzer) \
		-o $@ $^ $(static_libs) -lsystemd -lyaml

fuzz_programs: $(fuzz_check)

fuzz:
	@$(MAKE) O=build-fuzz SANITIZE=1 LIBFUZZER=1 CC=clang \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' fuzz_programs
	@for f in $(FUZZ); do \
		echo "# fuzz_$$f: $(FUZZ_SECONDS) s"; \
		mkdir -p build-fuzz/corpus/$$f; \
		build-fuzz/tests/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
			-max_len=65536 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=build-fuzz/$$f- build-fuzz/corpus/$$f \
			tests/fuzz/corpus/$$f || failed="$$failed $$f"; \
	done; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

.PHONY: fuzz fuzz_programs
-include $(fuzz_check:=.d) $(O)/tests/fuzz/driver.d
