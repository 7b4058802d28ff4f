#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records in the real journald and in the ledger: every field arrives; a journald that is absent,
# hung, dead or lossy delays nothing and loses nothing; what others write is not believed.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
need jq journalctl setpriv "$remote" "$B/tests/integration/keep"

# kept EXPECTED [ARG...]: keep records; all of them must be kept there. A hang is a failure.
kept() {
	local expected=$1
	shift

	timeout 10 "$B/tests/integration/keep" "$@" >"$W/kept" 2>"$W/kept.err" ||
		fail "keep ended with $?"
	sort "$W/kept" | uniq -c
	head -n 3 "$W/kept.err"
	[ "$(sort -u "$W/kept")" = "$expected" ] || fail "kept in $(sort -u "$W/kept" | tr '\n' ' ')"
}

pending() {
	timeout 10 "$B/tests/integration/keep" -f "$W/audit"
}

all_sent() {
	local i

	for i in $(seq 100); do
		journalctl --sync
		[ "$(pending 2>/dev/null)" != 0 ] || return 0
	done
	fail "records stay pending"
}

# The SEQs in the journal, in its order, each where it comes first.
seqs() {
	journal COAMING_SCHEMA=1 _UID=0 | jq -r .COAMING_SEQ | awk '!seen[$0]++'
}

# What coaming's fields are, without order: one sorted line a record.
own_fields() {
	jq -cS 'with_entries(select(.key | startswith("_") | not)
		| .value |= if type == "array" and (.[0] | type) != "number" then sort else . end)' |
		sort
}

import_ledger() {
	"$remote" -o "$W/ledger.journal" "$W"/audit/ledger-*.journal >&2
}

assert_all_there() { # COUNT: SEQs 1 to COUNT, in order
	seqs >"$W/seqs"
	seq "$1" >"$W/expected"
	assert_file_is "$W/seqs" "$W/expected"
}

every_field_arrives() {
	local seed=20261123

	echo "seed $seed"
	journal_start
	# Faster than journald reads, some of them wait; none is kept nowhere.
	timeout 20 "$B/tests/integration/keep" -n 200 -r $seed "$W/audit" admit \
		CONTAINER_NAME=web MESSAGE=admitted >"$W/kept"
	assert_has_not "$W/kept" nowhere
	all_sent
	journal COAMING_SCHEMA=1 | own_fields >"$W/journal"
	import_ledger
	journalctl --file "$W/ledger.journal" -o json --all -q | own_fields >"$W/ledger"
	assert_eq "$(wc -l <"$W/journal")" 201 "records in the journal"
	cmp -s "$W/journal" "$W/ledger" || fail "journal and ledger differ"
	# It went through a descriptor, since no datagram holds it.
	jq -e -s 'any(.[]; (.COAMING_CHANGE | type) == "array" and (.COAMING_CHANGE | length) == 8)' \
		"$W/journal" >/dev/null || fail "no large record came"
	journal CONTAINER_NAME=web COAMING_TEST_N=7 >"$W/one"
	assert_json "$W/one" '._TRANSPORT == "journal" and ._UID == "0" and .PRIORITY == "5"
		and .MESSAGE_ID == "97f4822f114546bea647e7bab91e861d" and .COAMING_SCHEMA == "1"
		and (.COAMING_HASH | length) == 64 and (.COAMING_ACTOR_CHAIN | contains("bash"))
		and .COAMING_BOOT_ID == ._BOOT_ID'
}

# F1
no_journal_at_all() {
	kept ledger -n 5 "$W/audit" admit CONTAINER_NAME=early
	assert_has "$W/kept.err" "no journal at"
	sleep 1
	journal_start
	kept both "$W/audit" admit CONTAINER_NAME=late
	assert_all_there 7
	# The original time, not that of the journal.
	journal CONTAINER_NAME=early COAMING_TEST_N=0 >"$W/one"
	assert_json "$W/one" '(.__REALTIME_TIMESTAMP | tonumber / 1000000)
		- (.COAMING_TIME | sub("\\..*"; "Z") | fromdate) > 0.9'
}

# F2
a_dead_journald() {
	journal_start
	kept both "$W/audit" admit
	journal_kill
	kept ledger -s -n 3 "$W/audit" deny
	assert_has "$W/kept.err" "Connection refused"
	assert_eq "$(pending 2>/dev/null)" 3 "records pending"
	rm -f /run/systemd/journal/socket
	journal_start
	assert_eq "$(pending)" 0 "records pending"
	assert_all_there 5
}

# F3
a_file_for_a_socket() {
	mkdir -p /run/systemd/journal
	touch /run/systemd/journal/socket
	kept ledger -n 3 "$W/audit" admit
	assert_has "$W/kept.err" "Connection refused"
	rm /run/systemd/journal/socket
	journal_start
	assert_eq "$(pending)" 0 "records pending"
	assert_all_there 4
}

# F4
a_hung_journald() {
	local i writers=()

	journal_start
	kept both "$W/audit" admit
	journal_hang
	for i in $(seq 10); do
		timeout 20 "$B/tests/integration/keep" -n 60 "$W/audit" admit >"$W/kept.$i" 2>&1 &
		writers+=($!)
	done
	for i in "${writers[@]}"; do
		wait "$i" || fail "a writer ended with $?"
	done
	assert_eq "$(cat "$W"/kept.* | grep -c nowhere)" 0 "records kept nowhere"
	journal_cont
	all_sent
	assert_all_there 602
}

# F5: what waited in the socket of a journald that was killed is sent to the next one.
killed_with_a_full_queue() {
	journal_start
	kept both "$W/audit" admit
	journalctl --sync
	journal_hang
	kept both -n 5 "$W/audit" admit CONTAINER_NAME=queued
	journal_kill
	journal_start
	kept both "$W/audit" admit
	assert_all_there 8
	assert_eq "$(journal CONTAINER_NAME=queued | jq -r .COAMING_SEQ | sort -u | wc -l)" 5 queued
}

# Stopped, hung, killed and started again under four writers.
in_mid_run() {
	local i writers=()

	journal_start
	for i in 1 2 3 4; do
		(for _ in $(seq 50); do
			timeout 10 "$B/tests/integration/keep" "$W/audit" admit "CONTAINER_NAME=w$i" ||
				echo nowhere
			sleep 0.01
		done) >"$W/kept.$i" 2>/dev/null &
		writers+=($!)
	done
	for i in 1 2 3; do
		sleep 0.15
		journal_hang
		sleep 0.15
		journal_cont
		sleep 0.1
		journal_kill
		sleep 0.1
		journal_start
	done
	wait "${writers[@]}"
	assert_eq "$(cat "$W"/kept.* | grep -c nowhere)" 0 "records kept nowhere"
	all_sent
	assert_all_there 201
}

# F6, F7: journald takes it and keeps nothing; the ledger has it.
a_journald_that_forgets() {
	journal_start "$1"
	kept both -n 3 "$W/audit" admit CONTAINER_NAME=web
	journal COAMING_SCHEMA=1 >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 0 "records in the journal"
	import_ledger
	assert_eq "$(journalctl --file "$W/ledger.journal" -q -o json CONTAINER_NAME=web | wc -l)" 3 \
		"records in the ledger"
}

# F10
everything_full() {
	mkdir -m 0700 "$W/audit"
	mount -t tmpfs -o size=1M,mode=0700 tmpfs "$W/audit"
	kept ledger "$W/audit" admit
	dd if=/dev/zero of="$W/audit/filler" bs=4k 2>/dev/null || true
	timeout 10 "$B/tests/integration/keep" -n 10 "$W/audit" admit >"$W/kept" 2>"$W/kept.err"
	assert_eq "$(tail -n 1 "$W/kept")" nowhere "an admission on a full disk"
	assert_has "$W/kept.err" "No space left on device"
	kept ledger -s "$W/audit" deny CONTAINER_NAME=refused # from the reserve
	rm "$W/audit/filler"
	kept ledger "$W/audit" admit CONTAINER_NAME=later
	import_ledger
	journalctl --file "$W/ledger.journal" -q -o json >"$W/j"
	assert_json "$W/j" 'any(., inputs; .COAMING_GAP_REASON == "missed" and (.COAMING_GAP_COUNT | tonumber) > 0)'
	assert_eq "$(jq -r 'select(.CONTAINER_NAME) | .CONTAINER_NAME' "$W/j" | tr '\n' ' ')" \
		"refused later " containers
}

# As anybody may: straight to journald's socket.
lookalike() { # COMMAND... reads entries from stdin
	"$@" logger --journald
}

lookalikes_are_not_believed() {
	journal_start
	kept both "$W/audit" deny CONTAINER_NAME=web COAMING_OUTCOME=refuse MESSAGE=real
	{
		printf 'MESSAGE_ID=97f4822f114546bea647e7bab91e861d\nMESSAGE=forged\n'
		printf 'COAMING_SCHEMA=1\nCOAMING_EVENT=admit\nCOAMING_OUTCOME=accept\n'
		printf 'CONTAINER_NAME=web\nCOAMING_SEQ=2\n_UID=0\n_TRANSPORT=journal\n'
		journal COAMING_SEQ=2 | jq -r '"COAMING_HASH=" + .COAMING_HASH'
	} >"$W/forged"
	lookalike setpriv --reuid 65534 --regid 65534 --clear-groups <"$W/forged"
	journalctl --sync
	run coaming log --json --container web -v
	assert_status 0
	assert_eq "$(jq -r .MESSAGE "$W/out")" real "what is shown"
	assert_has "$W/err" "1 entries of the journal were left out"
	run coaming log --all --container web
	assert_matches "$W/out" '\(foreign\).*forged'
	assert_matches "$W/out" 'deny .*real$'
	# Root can send what it likes, but not into the ledger.
	sed 's/^COAMING_HASH=.*/COAMING_HASH=0/' "$W/forged" | grep -v ^_ >"$W/forged.root"
	lookalike env <"$W/forged.root"
	journalctl --sync
	run coaming log --container web
	assert_matches "$W/out" '\(unverified\).*forged'
	assert_has "$W/err" "1 entries of the journal are not in the ledger"
	assert_has_not "$W/out" foreign
}

terminals_are_safe() {
	journal_start
	kept both "$W/audit" admit CONTAINER_NAME=$'\e[2Jx' MESSAGE=$'a\nb\r\e]0;evil\a' \
		COAMING_PROFILE=$'p\xc2\x9b1m'
	run coaming log
	assert_status 0
	assert_eq "$(LC_ALL=C grep -c $'[\x01-\x09\x0b-\x1f\x7f-\xff]' "$W/out")" 0 "control characters"
	assert_has "$W/out" '\x1b[2Jx'
	assert_has "$W/out" 'a\nb\x0d'
	run coaming log --json
	jq -es 'any(.[]; .MESSAGE == "a\nb\r\u001b]0;evil\u0007")' "$W/out" >/dev/null ||
		fail "the JSON is not what went in"
}

what_the_ledger_lost_is_unverified() {
	journal_start
	kept both -n 3 "$W/audit" admit CONTAINER_NAME=web
	rm "$W"/audit/ledger-*
	run coaming log --container web
	assert_eq "$(grep -c '(unverified)' "$W/out")" 3 "unverified records"
	kept both "$W/audit" admit CONTAINER_NAME=web
	run coaming log --event gap --json
	assert_json "$W/out" '.COAMING_GAP_REASON == "gone" and .COAMING_GAP_FROM == "1"
		and .COAMING_GAP_TO == "4" and .COAMING_SEQ == "5" and ._TRUST == "ledger"'
}

words_of_the_command_line() {
	kept ledger -n 20 "$W/audit" admit CONTAINER_NAME=web COAMING_OUTCOME=accept
	kept ledger "$W/audit" deny CONTAINER_NAME=db COAMING_OUTCOME=refuse COAMING_PROFILE=pci
	run coaming log -n 3
	assert_eq "$(wc -l <"$W/out")" 3 lines
	run coaming log --since -1h --until now --outcome refuse --profile pci
	assert_eq "$(wc -l <"$W/out")" 1 lines
	assert_matches "$W/out" '^20[0-9-]+ [0-9:]+ deny +refuse +db +\[pci\] '
	run coaming log --since tomorrow
	assert_eq "$(wc -l <"$W/out")" 0 lines
	run coaming log --outcome refused
	assert_status 2
	assert_has "$W/err" 'there is no "refused" (did you mean refuse?)'
	run coaming log --since whenever
	assert_status 2
	run coaming log -n 0
	assert_status 2
}

following() {
	local pid

	kept ledger -n 20 "$W/audit" admit CONTAINER_NAME=old
	# A command in the background of a script ignores SIGINT, and so would coaming.
	env --default-signal=INT "$B/coaming" --config "$W/coaming.json" log -f >"$W/follow" &
	pid=$!
	wait_for 10 "the last ten" test "$(wc -l <"$W/follow" 2>/dev/null)" -eq 10
	for i in 1 2 3; do
		kept ledger "$W/audit" admit CONTAINER_NAME="new$i"
		wait_for 10 "new$i" grep -q "new$i" "$W/follow"
	done
	kill -INT "$pid"
	wait "$pid" || fail "ended with $?"
	assert_eq "$(wc -l <"$W/follow")" 13 lines
}

the_catalog_explains() {
	local id event

	journal_start
	mkdir -p "$W/root/usr/lib/systemd/catalog" "$W/root/var/lib/systemd/catalog" \
		/var/lib/systemd/catalog
	cp "$top/packaging/coaming.catalog" "$W/root/usr/lib/systemd/catalog/"
	journalctl --root="$W/root" --update-catalog
	cp "$W/root/var/lib/systemd/catalog/database" /var/lib/systemd/catalog/
	for event in admit deny exempt attest drift exec stop flow policy gap; do
		kept both "$W/audit" $event CONTAINER_NAME=web MESSAGE=m COAMING_REASON=because
		id=$(journal "COAMING_EVENT=$event" | tail -n 1 | jq -r .MESSAGE_ID)
		timeout 10 journalctl -x -q "MESSAGE_ID=$id" >"$W/x"
		assert_matches "$W/x" 'Defined-By: coaming'
		assert_eq "$(grep -c "^-- $id" "$top/packaging/coaming.catalog")" 1 "texts for $event"
	done
	timeout 10 journalctl -x -q COAMING_EVENT=deny >"$W/x"
	assert_has "$W/x" "Container web was refused"
	assert_has "$W/x" "    because"
}

check 'every field arrives in the journal and in the ledger, whatever its bytes' every_field_arrives
check 'F1: without a journal records wait, and keep their time' no_journal_at_all
check 'F2: a dead journald gets all when it is back' a_dead_journald
check 'F3: a file in the place of the socket' a_file_for_a_socket
check 'F4: a hung journald hangs nobody' a_hung_journald
check 'F5: killed with a full queue' killed_with_a_full_queue
check 'journald stopped, hung, killed and started under writers: all there, in order' in_mid_run
check 'F6: Storage=none' a_journald_that_forgets Storage=none
check 'F7: MaxLevelStore=warning' a_journald_that_forgets MaxLevelStore=warning
check 'F10: no space: admissions are kept nowhere, refusals are' everything_full
check 'the catalog explains each event' the_catalog_explains
if [ -x "$B/coaming" ]; then
	check 'look-alikes are not believed' lookalikes_are_not_believed
	check 'terminals are safe from what containers say' terminals_are_safe
	check 'what the ledger lost is unverified' what_the_ledger_lost_is_unverified
	check 'words of the command line' words_of_the_command_line
	check 'following' following
fi
finish
