# SPDX-License-Identifier: Apache-2.0
#
# make bench: what each stage costs, as ratios in one run. ROUNDS=: how often each command is run.
# REPORT_RECORDS=, REPORT_COMPARED=: how many records the reports are of. PEERS=: containers that
# are registered.

ROUNDS ?= 100
bench_programs := $(O)/tests/bench/bare $(O)/tests/bench/measure $(O)/tests/bench/meet \
		  $(O)/tests/bench/records $(O)/tests/bench/record $(O)/tests/bench/started \
		  $(O)/tests/bench/talk

$(O)/tests/bench/bare: $(O)/tests/bench/bare.o
	$(call say,LD,$@)$(CC) $(static_ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^

$(O)/tests/bench/measure: $(O)/tests/bench/measure.o
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^

$(O)/tests/bench/started: $(O)/tests/bench/started.o
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^

$(O)/tests/bench/talk: $(O)/tests/bench/talk.o
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^

$(O)/tests/bench/records: $(O)/tests/bench/records.o
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^

$(O)/tests/bench/record: $(O)/tests/bench/record.o $(call archive,audit) $(call archive,lib)
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ -lnettle

$(O)/tests/bench/meet: $(O)/tests/bench/meet.o $(call archive,profiles) $(call archive,lib)
	$(call say,LD,$@)$(CC) $(ldflags) $(LDFLAGS) $(CFLAGS) -o $@ $^ $(static_libs) -ljansson

# Of the programs as they are installed, never of sanitized ones.
bench: deps
	@$(MAKE) all bench_programs
	@O='$(abspath $(O))' ROUNDS='$(ROUNDS)' bash tests/bench/bench.sh; \
		costs=$$?; O='$(abspath $(O))' ROUNDS='$(ROUNDS)' bash tests/bench/flows.sh || costs=$$?; \
		O='$(abspath $(O))' bash tests/bench/peers.sh || costs=1; \
		O='$(abspath $(O))' bash tests/bench/report.sh && exit $$costs

bench_programs: $(bench_programs) $(probe)

.PHONY: bench bench_programs
-include $(bench_programs:=.d)
