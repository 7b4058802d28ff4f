#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records in the real journald and in the ledger: every field arrives; a journald that is absent,
# hung, dead or lossy delays nothing and loses nothing; what others write is not believed.

catalog=$(cd "$(dirname "$0")/../.." && pwd)/packaging/coaming.catalog
DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
need flock jq journalctl setpriv strace "$remote" "$B/tests/integration/keep"

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

# A child that holds the ledger until it is killed, as a stopped writer does.
hold_ledger() {
	[ -d "$W/audit" ] || mkdir -m 0700 "$W/audit"
	(
		exec 9<"$W/audit"
		flock 9
		touch "$W/held"
		exec sleep 60
	) &
	holder=$!
	wait_for 5 "the lock" test -e "$W/held"
}

release_ledger() {
	rm -f "$W/held"
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null || true
}

# F28, F29: 500 at once; some of them find a stopped writer, and wait for the chain.
many_at_once() {
	local i writers=()

	journal_start
	hold_ledger
	for i in $(seq 500); do
		timeout 60 "$B/tests/integration/keep" -s "$W/audit" admit "CONTAINER_NAME=w$i" \
			>"$W/kept.$i" 2>/dev/null &
		writers+=($!)
		[ "$i" -ne 20 ] || release_ledger
	done
	for i in "${writers[@]}"; do
		wait "$i" || fail "a writer ended with $?"
	done
	cat "$W"/kept.* | sort | uniq -c
	assert_eq "$(cat "$W"/kept.* | grep -cE '^(both|ledger)$')" 500 "records acknowledged"
	# Those that still wait are taken in, 256 at a time; faster than journald reads, maybe.
	timeout 20 "$B/tests/integration/keep" "$W/audit" admit >"$W/kept"
	timeout 20 "$B/tests/integration/keep" "$W/audit" admit >>"$W/kept"
	assert_has_not "$W/kept" nowhere
	all_sent
	assert_all_there 503
	assert_eq "$(journal COAMING_EVENT=admit | jq -r .CONTAINER_NAME | grep -c ^w)" 500 "in the journal"
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

has_lines() { # FILE COUNT
	[ "$(wc -l <"$1")" -eq "$2" ]
}

following() {
	local pid

	kept ledger -n 20 "$W/audit" admit CONTAINER_NAME=old
	# A command in the background of a script ignores SIGINT, and so would coaming.
	env --default-signal=INT "$B/coaming" --config "$W/coaming.json" log -f >"$W/follow" &
	pid=$!
	wait_for 10 "the last ten" has_lines "$W/follow" 10
	for i in 1 2 3; do
		kept ledger "$W/audit" admit CONTAINER_NAME="new$i"
		wait_for 10 "new$i" grep -q "new$i" "$W/follow"
	done
	kill -INT "$pid"
	wait "$pid" || fail "ended with $?"
	assert_eq "$(wc -l <"$W/follow")" 13 lines
}

# A record that waits, for the next run to take in.
leave_waiting() { # NAME
	hold_ledger
	"$B/tests/integration/keep" "$W/audit" deny CONTAINER_NAME="$1" >"$W/kept" 2>"$W/kept.err"
	release_ledger
	assert_eq "$(cat "$W/kept")" ledger "kept while the ledger was held"
	echo "$1" >>"$W/names.kept"
}

# The system calls of one run, as strace counts them: "NAME N", the Nth call of that name. What the
# loader does before is not ours; brk() answers no errors, and the end cannot fail.
list_calls() {
	leave_waiting w0
	strace -qqq -o "$W/strace" "$B/tests/integration/keep" -s "$W/audit" admit >"$W/kept"
	assert_eq "$(cat "$W/kept")" both "kept under strace"
	awk -F'(' '{ n[$1]++ } /boot_id/ { ours = 1 } /^exit_group/ { exit }
		ours && $1 != "brk" { print $1, n[$1] }' "$W/strace" >"$W/calls"
	echo "$(wc -l <"$W/calls") system calls"
	[ "$(wc -l <"$W/calls")" -gt 60 ] || fail "the list of calls is too short"
}

# All that was said to be kept is there once, and the chain holds.
assert_ledger() { # FILE: names that were acknowledged
	local name

	kept both "$W/audit" admit CONTAINER_NAME=last
	coaming log --json >"$W/all" 2>"$W/notes"
	assert_has_not "$W/notes" 'cannot be read'
	assert_has_not "$W/notes" 'do not follow'
	jq -r 'select(._TRUST == "ledger") | .CONTAINER_NAME // empty' "$W/all" | sort >"$W/names"
	sort "$1" | uniq -c | sed 's/^ *//' >"$W/want"
	while read -r _ name; do
		assert_eq "$(grep -cx "$name" "$W/names")" 1 "records of $name"
	done <"$W/want"
	jq -r 'select(._TRUST == "ledger") | .COAMING_SEQ' "$W/all" | sort | uniq -d >"$W/twice"
	assert_eq "$(cat "$W/twice")" '' "SEQs given twice"
	# What was not kept is told as a gap; nothing else is found.
	coaming verify --ledger --json >"$W/verify" || true
	assert_json "$W/verify" '[.findings[] | select(.severity == "error" and .kind != "gap")] == []'
}

# hurt_everywhere INJECT: do that to each system call of a run of its own. Every third time a record
# waits and has to be taken in, too.
hurt_everywhere() {
	local call nth n=0 hurt=0

	journal_start
	kept both "$W/audit" admit CONTAINER_NAME=n0
	echo n0 >"$W/names.kept"
	list_calls
	while read -r call nth; do
		n=$((n + 1))
		[ $((n % 3)) -ne 0 ] || leave_waiting "w$n"
		status=0
		timeout 10 strace -qqq -o "$W/strace" -e "inject=$call:$1:when=$nth" \
			"$B/tests/integration/keep" -s "$W/audit" admit "CONTAINER_NAME=n$n" \
			>"$W/kept" 2>"$W/kept.err" </dev/null || status=$?
		! grep -q 'INJECTED\|killed by' "$W/strace" || hurt=$((hurt + 1))
		case $1 in
		error=*) [ "$status" -lt 126 ] || fail "$call $nth: ended with status $status" ;;
		esac
		! grep -qE '^(both|ledger)$' "$W/kept" || echo "n$n" >>"$W/names.kept"
	done <"$W/calls"
	echo "$hurt runs hurt, $(wc -l <"$W/names.kept") records acknowledged"
	[ "$hurt" -gt 60 ] || fail "only $hurt runs were hurt"
	assert_ledger "$W/names.kept"
}

the_catalog_explains() {
	local id event

	journal_start
	mkdir -p "$W/root/usr/lib/systemd/catalog" "$W/root/var/lib/systemd/catalog" \
		/var/lib/systemd/catalog
	cp "$catalog" "$W/root/usr/lib/systemd/catalog/"
	journalctl --root="$W/root" --update-catalog
	cp "$W/root/var/lib/systemd/catalog/database" /var/lib/systemd/catalog/
	for event in admit deny exempt attest drift exec stop flow policy gap head; do
		kept both "$W/audit" $event CONTAINER_NAME=web MESSAGE=m COAMING_REASON=because
		id=$(journal "COAMING_EVENT=$event" | tail -n 1 | jq -r .MESSAGE_ID)
		timeout 10 journalctl -x -q "MESSAGE_ID=$id" >"$W/x"
		assert_matches "$W/x" 'Defined-By: coaming'
		assert_eq "$(grep -c "^-- $id" "$catalog")" 1 "texts for $event"
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
check 'F28, F29: 500 at once, and a stopped writer' many_at_once
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
	check 'F17: killed at each system call' hurt_everywhere signal=KILL
	for error in ENOSPC EIO EINTR; do
		check "F20: each system call fails with $error" hurt_everywhere error=$error
	done
fi
finish
