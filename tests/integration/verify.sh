#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming verify: every way to alter the ledger, a journal or an exported file is found, and where;
# what is only in another order, or there several times, is not held against it.

alter=$(cd "$(dirname "$0")" && pwd)/alter.py
DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
need jq journalctl python3 setpriv "$remote" "$B/coaming" "$B/tests/integration/keep"

keep() { # N [ARG...]
	local n=$1

	shift
	timeout 60 "$B/tests/integration/keep" -n "$n" "$W/audit" admit CONTAINER_NAME=web \
		CONTAINER_TAG=t "$@" >"$W/kept" 2>"$W/kept.err"
	assert_has_not "$W/kept" nowhere
}

# 62 records, of which the first key is known from the third on, and the head that was kept.
begin() {
	host_config
	keep 1
	coaming audit init >"$W/key" 2>/dev/null
	keep 59
	coaming audit head >"$W/kept.head"
}

verify() { # ARG...
	status=0
	coaming verify --json "$@" >"$W/verify" 2>"$W/verify.err" || status=$?
	cat "$W/verify.err"
	jq -c '.findings[] | [.kind, .severity, .from, .to, .where, .text]' "$W/verify" ||
		cat "$W/verify"
}

# found KIND FROM [TO]: one of what was found is that, at that place.
found() {
	assert_eq "$status" 1 "status"
	jq -e --arg k "$1" --argjson f "$2" --argjson t "${3:-$2}" \
		'any(.findings[]; .kind == $k and .severity == "error" and .from == $f and .to == $t)' \
		"$W/verify" >/dev/null || fail "$1 at $2 is not among what was found"
}

nothing() {
	assert_eq "$status" 0 "status"
	assert_json "$W/verify" '.errors == 0'
}

# Each of: OPERATION SEQ KIND FROM [TO], in the ledger.
ledger_altered() {
	local segment

	begin
	segment=$(ls "$W"/audit/ledger-*)
	cp "$segment" "$W/whole"
	verify --ledger -k "$W/key" --head "$W/kept.head"
	nothing
	assert_json "$W/verify" '.hosts[0] | .records == 62 and .proven == 62 and .keyShownAt == 3'
	python3 "$alter" "$1" "$2" <"$W/whole" >"$segment"
	! cmp -s "$segment" "$W/whole" || fail "nothing was altered"
	verify --ledger -k "$W/key" --head "$W/kept.head"
	found "$3" "$4" "${5:-$4}"
	jq -r '.findings[0].where' "$W/verify" | grep -q "ledger-0000000000000001.journal, byte\|head" ||
		fail "it is not said where"
}

export_altered() {
	begin
	cp "$W"/audit/ledger-* "$W/whole"
	python3 "$alter" "$1" "$2" <"$W/whole" >"$W/altered"
	verify --export "$W/altered" -k "$W/key" --head "$W/kept.head"
	found "$3" "$4" "${5:-$4}"
	# From standard input, too, unless it has to be read twice.
	status=0
	coaming verify --json --export - -k "$W/key" --head "$W/kept.head" <"$W/altered" \
		>"$W/verify" || status=$?
	found "$3" "$4" "${5:-$4}"
}

# journal_altered OPERATION SEQ: a real journal, exported, altered, and imported again.
journal_altered() {
	journal_start
	begin
	coaming flush -q || true
	journalctl -q -o export COAMING_SCHEMA=1 >"$W/whole"
	python3 "$alter" "$1" "$2" <"$W/whole" >"$W/altered"
	"$remote" -o "$W/altered.journal" "$W/altered" >&2
	verify --file "$W/altered.journal" -k "$W/key" --head "$W/kept.head"
	[ $# -gt 2 ] || { nothing; return; }
	found "$3" "$4" "${5:-$4}"
	cursor=$(jq -r '[.findings[] | select(.where | startswith("s="))][0].where' "$W/verify")
	[ "$cursor" = null ] ||
		journalctl --file "$W/altered.journal" --cursor "$cursor" -n 1 -q -o json \
			>"$W/there" || fail "the cursor leads nowhere"
}

without_the_key() {
	begin
	python3 "$alter" chained-anew 20 <"$(ls "$W"/audit/ledger-*)" >"$W/altered"
	verify --export "$W/altered"
	nothing
	assert_json "$W/verify" '.hosts[0].proven == 0'
	coaming verify --export "$W/altered" >"$W/text"
	assert_has "$W/text" "authorship not proved"
	# But a head that was kept shows it.
	verify --export "$W/altered" --head "$W/kept.head"
	found forked 62
}

another_key() {
	begin
	tr 0123456789abcdef 123456789abcdef0 <"$W/key" >"$W/other"
	verify --ledger -k "$W/other"
	nothing
	assert_json "$W/verify" '.notes == 62 and .hosts[0].proven == 0'
}

bytes_of_a_ledger() {
	local segment size

	begin
	segment=$(ls "$W"/audit/ledger-*)
	cp "$segment" "$W/whole"
	size=$(stat -c %s "$segment")
	truncate -s $((size - 10)) "$segment"
	verify --ledger --head "$W/kept.head"
	found truncated 62
	cp "$W/whole" "$segment"
	dd if=/dev/zero of="$segment" bs=1 seek=$((size / 2)) count=3000 conv=notrunc status=none
	verify --ledger
	assert_eq "$status" 1 "status"
	assert_json "$W/verify" 'any(.findings[]; .kind == "unreadable") and
		any(.findings[]; .kind == "missing" and .from > 28 and .to < 36)'
	cp "$W/whole" "$segment"
	rm -f "$segment" && verify --ledger
	found truncated 1 62
	rm -f "$W/audit/head" && verify --ledger
	assert_json "$W/verify" '.errors == 0 and (.hosts | length) == 0'
	verify --ledger --head "$W/kept.head"
	found truncated 1 62
}

# The host goes back to a snapshot; the journal, which is elsewhere, does not.
a_restored_snapshot() { # [COMMAND]: before the snapshot
	journal_start
	${1:-true}
	begin
	cp -a "$W/audit" "$W/snapshot"
	[ $# -eq 0 ] || journal_cont
	keep 20
	coaming flush -q || true
	verify -k "$W/key"
	nothing
	rm -rf "$W/audit" && cp -a "$W/snapshot" "$W/audit"
	keep 5
	coaming flush -q || true
	coaming audit head >"$W/later.head"
	verify -k "$W/key"
	found forked 63 67
	jq -e 'all(.findings[]; .severity != "error" or (.kind == "forked" and .to == 67 and
		(.from == 63 or .from == 67)))' "$W/verify" >/dev/null || fail 'it is told at other places, too'
	# The same from the head alone.
	verify --ledger --head "$W/kept.head" --head "$W/later.head"
	nothing
	sed 's/"seq":62/"seq":80/' "$W/kept.head" >"$W/beyond.head"
	verify --ledger --head "$W/beyond.head"
	found truncated 68 80
}

begun_anew() {
	begin
	rm -rf "$W/audit"
	keep 80
	verify --ledger --head "$W/kept.head"
	found forked 62
}

# forge ARG...: what a process sends to the journal by its own words.
forge() {
	cat >"$W/forge.py" <<-'END'
		import socket, struct, sys
		fields = dict(f.split("=", 1) for f in sys.argv[1:])
		data = b""
		for name, value in fields.items():
		    data += b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(value)), value.encode())
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.connect("/run/systemd/journal/socket")
		s.send(data)
	END
	chmod 755 "$W" "$W/forge.py"
	"$@" /usr/bin/python3 "$W/forge.py" COAMING_SCHEMA=1 COAMING_EVENT=admit COAMING_OUTCOME=accept \
		"MESSAGE=container admitted" CONTAINER_NAME=evil COAMING_SEQ=63 \
		"COAMING_PREV=$(jq -r .hash "$W/kept.head")" \
		COAMING_TIME=2026-11-23T11:18:46.123456Z COAMING_MONOTONIC_USEC=1 \
		"COAMING_BOOT_ID=$(tr -d - </proc/sys/kernel/random/boot_id)" \
		"COAMING_MACHINE_ID=$(cat /etc/machine-id)" "COAMING_HASH=$(printf %064d 7)"
	journalctl --sync
}

by_another_user() {
	journal_start
	begin
	coaming flush -q || true
	forge setpriv --reuid=65534 --regid=65534 --clear-groups
	verify -k "$W/key"
	found forged 63
	assert_json "$W/verify" 'any(.findings[]; .text | contains("user 65534"))'
}

# As root, but not by coaming: its hash may even be right.
from_another_mount_namespace() {
	journal_start
	begin
	coaming flush -q || true
	forge unshare --mount
	verify -k "$W/key"
	found altered 63
	verify --journal
	found altered 63
}

# What a journal of a real host holds: the same records twice, and late ones.
copies_are_no_finding() {
	journal_start
	begin
	coaming flush -q || true
	journalctl -q -o export COAMING_SCHEMA=1 >"$W/export"
	verify -k "$W/key"
	nothing
	verify --export "$W/export" --export "$W"/audit/ledger-* --export "$W/export" -k "$W/key"
	nothing
	assert_json "$W/verify" '.hosts | length == 1 and .[0].last == 62 and .[0].missing == 0'
}

words_of_the_command_line() {
	begin
	echo "no key" >"$W/bad"
	run coaming verify --key "$W/bad"
	assert_status 2
	assert_has "$W/err" "bad:1: expected a key"
	run coaming verify --head "$W/bad"
	assert_status 2
	assert_has "$W/err" "bad:1: expected a head"
	run coaming verify --ledger --export "$W/bad"
	assert_status 2
	run coaming verify --export "$W/none"
	assert_status 111
	run coaming verify -q --ledger
	assert_status 0
	assert_eq "$(wc -c <"$W/out")" 0 "bytes of a quiet answer"
	run coaming verify --ledger
	assert_has "$W/out" "nothing is wrong"
}

a_hundred_thousand() {
	host_config
	keep 100000
	coaming audit init >"$W/key" 2>/dev/null
	SECONDS=0
	verify --ledger -k "$W/key"
	nothing
	assert_json "$W/verify" '.hosts[0] | .records == 100002 and .proven == 100002'
	echo "$SECONDS s"
	[ "$SECONDS" -le 20 ] || fail "it took $SECONDS s"
}

while read -r operation seq kind from to; do
	check "ledger, $operation" ledger_altered "$operation" "$seq" "$kind" "$from" "$to"
done <<END
name 20 altered 20
time 20 altered 20
event 20 altered 20
prev 20 altered 20
hash 20 altered 20
code 20 forged 20
no-code 20 forged 20
epoch 20 forged 20
field-added 20 altered 20
field-removed 20 altered 20
fields-swapped 20 altered 20
rehashed 20 altered 21
rehashed 20 forged 20
chained-anew 20 forged 20
removed 20 missing 20
removed-five 20 missing 20 24
first-removed 1 beginning 1
cut 58 truncated 58 62
swapped 20 reordered 20
moved-to-end 20 reordered 20
doubled 20 duplicated 20
doubled-at-end 20 duplicated 20
put-in 20 inserted 20
put-in 20 forged 20
forked 20 forked 20
beyond 20 missing 63 3999
appended 20 forged 63
without-place 20 inserted 0
END
while read -r operation seq kind from to; do
	check "exported file, $operation" export_altered "$operation" "$seq" "$kind" "$from" "$to"
done <<END
name 20 altered 20
field-added 20 altered 20
rehashed 20 altered 21
removed-five 20 missing 20 24
cut 58 truncated 58 62
chained-anew 20 forged 20
appended 20 forged 63
END
while read -r operation seq kind from to; do
	# shellcheck disable=SC2086  # none, or three words
	check "journal, $operation" journal_altered "$operation" "$seq" $kind $from $to
done <<END
as-it-is 1
shuffled 1
reversed 1
all-twice 1
name 20 altered 20
code 20 forged 20
rehashed 20 altered 21
chained-anew 20 forged 20
removed 20 missing 20
removed-five 20 missing 20 24
first-removed 1 beginning 1
cut 58 truncated 58 62
put-in 20 inserted 20
forked 20 forked 20
by-another-user 20 forged 20
by-syslog 20 forged 20
END
check 'without the key a chain that was written anew is not found, and that is said' without_the_key
check 'a key of another host proves nothing, and accuses nobody' another_key
check 'bytes cut, zeroed and gone' bytes_of_a_ledger
check 'a restored snapshot' a_restored_snapshot
check 'a restored snapshot that sends again what it had not sent' a_restored_snapshot journal_hang
check 'a ledger that was removed and begun anew' begun_anew
check 'forged by another user' by_another_user
check 'forged from another mount namespace' from_another_mount_namespace
check 'copies are no finding' copies_are_no_finding
check 'words of the command line' words_of_the_command_line
check '100,000 records without a finding' a_hundred_thousand
finish
