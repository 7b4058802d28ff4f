#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming flush and coaming audit on a real journald: what the journal holds is seen in its files,
# what it dropped is sent again and counted, segments go only when it holds them, and the chain and
# its key can be checked by a program that shares no code with ours.

chain=$(cd "$(dirname "$0")/.." && pwd)/chain.py
DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq journalctl python3 "$B/coaming" "$B/tests/integration/keep"

begin() { # [CONF_LINE...]: a journald that keeps its files on disk
	rm -rf /var/log/journal
	mkdir -p /var/log/journal
	host_config "${EDIT:-.}"
	journal_start Storage=persistent "$@"
	journalctl --flush # as systemd-journal-flush.service does
}

keep() { # N [ARG...]
	local n=$1

	shift
	timeout 60 "$B/tests/integration/keep" -n "$n" -b "${BOUND:-0}" "$W/audit" admit "$@" \
		>"$W/kept" 2>"$W/kept.err"
	assert_has_not "$W/kept" nowhere
}

# As a service does: journald counts what a unit may say by its control group.
keep_as_unit() { # N
	local dir

	for dir in /sys/fs/cgroup/systemd /sys/fs/cgroup; do
		[ ! -e "$dir/cgroup.procs" ] || break
	done
	dir=$dir/system.slice/coaming-test-$COAMING_TEST_CG.service
	mkdir -p "$dir"
	(
		echo "$BASHPID" >"$dir/cgroup.procs"
		keep "$1"
	)
	rmdir "$dir"
}

flush() { # EXPECTED_STATUS
	status=0
	coaming flush --json >"$W/flush" 2>"$W/flush.err" || status=$?
	cat "$W/flush" "$W/flush.err"
	assert_eq "$status" "$1" "status of flush"
}

# chain_holds FILE...: by coaming-audit(7).
chain_holds() {
	python3 "$chain" "$@" >"$W/chain" || fail "the chain does not hold: $(cut -c 1-400 "$W/chain")"
	cat "$W/chain"
}

all_is_confirmed() {
	begin
	keep 300
	flush 0
	assert_json "$W/flush" '.confirmed >= 301 and .missing == 0 and .left == 0'
	coaming audit status --json >"$W/status"
	assert_json "$W/status" '.confirmed == .last and .waiting == 0 and .first == 1'
	coaming audit status
	flush 0
	assert_json "$W/flush" '.confirmed == 0 and .sentAgain == 0'
}

# What it was given and does not hold is said, and stays here.
what_is_dropped_is_said() { # CONF_LINE
	begin "$@"
	keep 500
	flush 1
	assert_json "$W/flush" '.missing > 400 and .left > 400'
	coaming verify -q || fail "verify finds something"
	assert_eq "$(coaming audit status --json | jq '.last - .first')" 500 "records in the ledger"
	chain_holds "$W"/audit/ledger-*
}

# What a unit may not say any more is said by another one, coaming-flush.service.
what_was_dropped_is_sent_again() {
	begin RateLimitIntervalSec=60s RateLimitBurst=10
	keep_as_unit 500
	journalctl --sync
	assert_eq "$(($(journal COAMING_SCHEMA=1 | wc -l) < 100))" 1 "that most were dropped"
	flush 0
	# What found journald's queue full was never dropped: it is sent now for the first time.
	assert_json "$W/flush" '.sentAgain > 0 and .left == 0 and .confirmed == 501'
	coaming verify -q || fail "verify finds something"
	journalctl -o export COAMING_SCHEMA=1 >"$W/export"
	chain_holds "$W/export"
	assert_json "$W/chain" '.records == 501'
	assert_eq "$(journal COAMING_SCHEMA=1 | wc -l)" 501 "entries, none of them twice"
}

a_journal_in_memory() {
	begin Storage=volatile
	keep 20
	flush 1
	assert_json "$W/flush" '.inMemory == 21 and .missing == 0 and .sentAgain == 0'
}

a_hung_journald() {
	begin
	keep 5
	journal_hang
	SECONDS=0
	status=0
	coaming flush -t 1 >"$W/flush" 2>"$W/flush.err" || status=$?
	[ "$SECONDS" -le 4 ] || fail "it took $SECONDS seconds"
	assert_eq "$status" 111 "status"
	assert_has "$W/flush.err" "does not answer"
	journal_cont
	flush 0
}

# With a bound of 1 MiB, in which some 450 records fit, thousands come and go.
segments_go_when_the_journal_has_them() {
	BOUND=1048576
	EDIT='.audit = {ledgerSize: "1M", spaceLeft: {size: "64K"}, adminSpaceLeft: {size: "32K"}}'
	begin RateLimitIntervalSec=0
	for _ in 1 2 3 4 5 6; do
		keep 200 "FILLER=$(printf %1000d 1)"
		flush 0
	done
	coaming audit status --json >"$W/status"
	assert_json "$W/status" '.first > 300 and .last > 1200 and .bytes < 1048576'
	# The ledger begins where it says, and the journal has what is before that.
	chain_holds "$W"/audit/ledger-*
	assert_json "$W/chain" ".first == $(jq .first "$W/status")"
	journalctl -o export COAMING_SCHEMA=1 >"$W/export"
	chain_holds "$W/export" "$W"/audit/ledger-*
	assert_json "$W/chain" ".first == 1 and .records == .last"
	journal COAMING_REASON=ledger-trim | tail -n 1 >"$W/trim"
	assert_json "$W/trim" ".COAMING_TRIM_SEQ == \"$(jq '.first - 1' "$W/status")\""
}

# And without a journal nothing goes: what is enforced is then refused, and told why.
nothing_goes_without_a_journal() {
	BOUND=1048576
	EDIT='.audit = {ledgerSize: "1M", spaceLeft: {size: "64K"}, adminSpaceLeft: {size: "32K"}}'
	host_config "$EDIT"
	keep 1000 "FILLER=$(printf %1000d 1)" # which knows no bound
	status=0
	coaming flush >"$W/flush" 2>"$W/flush.err" || status=$?
	assert_eq "$status" 111 "status of flush"
	assert_eq "$(coaming audit status --json | jq .first)" 1 "the first record"
	profile strict '{capabilities: {allow: []}}'
	bundle c "$(labelled strict)"
	run_confined c
	assert_status 111
	assert_has "$W/err" 'less space left than "adminSpaceLeft"'
}

the_key_is_shown_once() {
	begin
	keep 10
	coaming audit init >"$W/key" 2>"$W/key.err"
	assert_matches "$W/key" '^[0-9a-f]{64}$'
	assert_has "$W/key.err" "Keep this off the host"
	[ -z "$(find "$W/audit" -name 'first-key*')" ] || fail "the key stays on the host"
	! grep -rqF "$(cat "$W/key")" "$W/audit" || fail "the key stays in a file"
	status=0
	coaming audit init >"$W/again" 2>"$W/again.err" || status=$?
	assert_eq "$status" 2 "status of a second time"
	assert_has "$W/again.err" "was shown before"
	assert_eq "$(wc -c <"$W/again")" 0 "bytes that were printed"
	keep 10
	coaming audit init --new-key >>"$W/key"
	keep 10
	coaming flush # what found a full queue is sent now
	chain_holds --key "$W/key" "$W"/audit/ledger-*
	journalctl -o export COAMING_SCHEMA=1 >"$W/export"
	chain_holds --key "$W/key" "$W/export"
	assert_json "$W/chain" '.records == 34 and .epoch == 12'
	# And the check can fail: under another key nothing holds.
	sed 'y/0123456789abcdef/123456789abcdef0/' "$W/key" >"$W/other"
	cp "$W/audit"/ledger-0000000000000001.journal "$W/forged"
	python3 - "$W/forged" <<-'END'
		import sys
		data = open(sys.argv[1], "rb").read()
		assert data.count(b"COAMING_TEST_N\n\x01\0\0\0\0\0\0\0" b"7\n") == 3
		open(sys.argv[1], "wb").write(data.replace(b"\0" b"7\n", b"\0" b"8\n", 1))
	END
	! python3 "$chain" --key "$W/key" "$W/forged" || fail "an altered record is not seen"
}

a_key_that_cannot_be_printed_stays() {
	begin
	keep 3
	status=0
	coaming audit init >/dev/full 2>"$W/err" || status=$?
	assert_eq "$status" 111 "status"
	[ -n "$(find "$W/audit" -name 'first-key*')" ] || fail "it is gone"
	coaming audit init >"$W/key"
	keep 3
	chain_holds --key "$W/key" "$W"/audit/ledger-*
}

a_head_is_one_line() {
	begin
	keep 7
	coaming audit head >"$W/head"
	assert_json "$W/head" '.schema == "coaming-head-1" and .seq == 8 and .keyEpoch == 8
		and (.hash | length) == 64 and (.keyId | length) == 16'
	assert_eq "$(jq -r .machineId "$W/head")" "$(cat /etc/machine-id)" "the machine"
	coaming log --json | tail -n 1 >"$W/last"
	assert_eq "$(jq -r .COAMING_HASH "$W/last")" "$(jq -r .hash "$W/head")" "the hash"
}

# A day later, or after a boot, the chain says where it is; and only once.
heads_are_recorded() {
	begin
	keep 3
	python3 - "$W/audit/head" <<-'END'
		import hashlib, struct, sys
		path = sys.argv[1]
		data = bytearray(open(path, "rb").read())
		assert len(data) == 512
		day = struct.pack("<Q", int(__import__("time").time()) // 86400)
		at = data.index(day, 120)
		data[at:at + 8] = struct.pack("<Q", 1)
		data[447:511] = hashlib.sha256(data[:447]).hexdigest().encode()
		open(path, "r+b").write(data)
	END
	keep 3
	journal COAMING_EVENT=head >"$W/heads"
	assert_eq "$(wc -l <"$W/heads")" 1 "head records"
	assert_json "$W/heads" '.COAMING_HEAD_SEQ == "4" and .COAMING_SEQ == "5"
		and .COAMING_HEAD_HASH == .COAMING_PREV'
}

# The hook's namespace: every record there, a short line here.
a_namespace_of_its_own() {
	local program=/lib/systemd/systemd-journald id

	id=$(cat /etc/machine-id)
	EDIT='.audit = {journalNamespace: "coaming"}'
	begin
	mkdir -p /run/systemd/journal.coaming
	printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n' >/etc/systemd/journald@coaming.conf
	"$program" coaming >/dev/null 2>&1 </dev/null &
	wait_for 5 'the socket of the namespace' test -S /run/systemd/journal.coaming/socket
	profile strict '{capabilities: {allow: []}}'
	bundle c "$(labelled strict)"
	run_confined c
	assert_status 0
	flush 0
	journalctl --namespace=coaming -o json -q COAMING_SCHEMA=1 COAMING_EVENT=admit >"$W/there"
	assert_json "$W/there" '.COAMING_PROFILE == "strict" and .CONTAINER_NAME == "c"'
	journal COAMING_EVENT=admit >"$W/here"
	assert_json "$W/here" '.COAMING_SCHEMA == null and .CONTAINER_NAME == "c" and .COAMING_SEQ != null'
	ls -d "/var/log/journal/$id.coaming" >/dev/null
}

check 'all is confirmed' all_is_confirmed
check 'Storage=none: said, and nothing is lost here' what_is_dropped_is_said Storage=none
check 'MaxLevelStore=warning: said, and nothing is lost here' \
	what_is_dropped_is_said MaxLevelStore=warning
check 'a rate limit of 10 a minute: what was dropped is sent again' what_was_dropped_is_sent_again
check 'a journal in memory confirms nothing' a_journal_in_memory
check 'a hung journald' a_hung_journald
check 'segments go when the journal has them' segments_go_when_the_journal_has_them
check 'nothing goes without a journal' nothing_goes_without_a_journal
check 'the first key is shown once, and proves every record' the_key_is_shown_once
check 'a key that cannot be printed stays' a_key_that_cannot_be_printed_stays
check 'a head is one line' a_head_is_one_line
check 'heads are recorded' heads_are_recorded
check 'a journal namespace of its own' a_namespace_of_its_own
finish
