#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# No decision is lost: real starts while journald is killed, while the disk fills, and a ledger that
# lost power in a record. Afterwards coaming verify finds every decision exactly once, or
# the record that refused it.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
RUNTIME=${RUNTIME:-crun}
need jq journalctl python3 "$RUNTIME" "$B/coaming" "$B/coaming-runtime" "$B/tests/integration/keep"

persistent_journal() {
	rm -rf /var/log/journal
	mkdir -p /var/log/journal
	journal_start Storage=persistent RateLimitIntervalSec=0
	journalctl --flush
}

# verify_only [KIND...]: nothing is found but, maybe, findings of these kinds.
verify_only() {
	coaming verify --json >"$W/verify" 2>"$W/verify.err" || true
	cat "$W/verify.err"
	jq -c '.findings[] | [.kind, .severity, .from, .to, .where, .text]' "$W/verify" | head -n 20
	jq -e --args '[.findings[] | select(.severity == "error") | .kind] - $ARGS.positional == []' \
		"$@" <"$W/verify" >/dev/null || fail "verify finds more than ${*:-nothing}"
}

# decisions EVENT [FIELD=VALUE]: names of the containers that the ledger has such a record of.
decisions() {
	coaming log --json --event "$@" 2>/dev/null |
		jq -r 'select(._TRUST == "ledger") | .CONTAINER_NAME' | sort
}

# One after the other, until told to stop: NAME STATUS a line.
starter() { # WORKER
	local n=0 name

	while [ ! -e "$W/stop" ]; do
		n=$((n + 1))
		name=w$1-$n
		status=0
		timeout 60 "$B/coaming-runtime" --config "$W/coaming.json" run \
			--bundle "$W/bundles/w$1" "$name" >/dev/null 2>>"$W/starts.err" || status=$?
		echo "$name $status" >>"$W/starts.$1"
	done
}

journald_killed_under_starts() {
	local i workers=20 kills=50 pids=()

	RANDOM=20261123
	persistent_journal
	host_config
	profile p '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["reboot"]}}'
	bundle w1 "$(labelled p)" true
	for i in $(seq 2 $workers); do
		mkdir -p "$W/bundles/w$i"
		ln -s "$W/bundles/w1/rootfs" "$W/bundles/w$i/rootfs"
		jq --arg r "$W/bundles/w1/rootfs" --arg n "$i" \
			'.root.path = $r | .linux.cgroupsPath += $n' "$W/bundles/w1/config.json" \
			>"$W/bundles/w$i/config.json"
	done
	for i in $(seq $workers); do
		starter "$i" &
		pids+=($!)
	done
	for i in $(seq $kills); do
		sleep "0.$((RANDOM % 250 + 10))"
		journal_kill
		journal_start Storage=persistent RateLimitIntervalSec=0
	done
	touch "$W/stop"
	wait "${pids[@]}"
	journalctl --flush
	cat "$W"/starts.[0-9]* >"$W/starts"
	echo "$(wc -l <"$W/starts") starts, $kills kills"
	[ "$(wc -l <"$W/starts")" -gt 100 ] || fail "too few starts"
	sort -u "$W/starts.err" | head -n 3
	awk '$2 != 0' "$W/starts" | head -n 3
	coaming flush -t 60
	verify_only
	awk '$2 == 0 { print $1 }' "$W/starts" | sort >"$W/started"
	decisions admit >"$W/admitted"
	assert_file_is "$W/admitted" "$W/started"
	# And the journal has each of them, too.
	journalctl -q -o json _UID=0 COAMING_SCHEMA=1 COAMING_EVENT=admit |
		jq -r .CONTAINER_NAME | sort -u >"$W/there"
	assert_file_is "$W/there" "$W/started"
}

# Where there is no room for an admission there is no start, and that is recorded.
a_disk_that_fills() {
	local i

	persistent_journal
	mkdir -p "$W/audit"
	mount -t tmpfs -o size=1m,mode=0700 tmpfs "$W/audit"
	host_config '.audit = {spaceLeft: {size: "200K"}, adminSpaceLeft: {size: "64K"}}'
	profile p '{capabilities: {allow: ["CHOWN"]}}'
	bundle c "$(labelled p)" true
	for i in $(seq 400); do
		status=0
		"$B/coaming-runtime" --config "$W/coaming.json" run --bundle "$W/bundles/c" "c$i" \
			>/dev/null 2>"$W/err" || status=$?
		echo "c$i $status" >>"$W/starts"
		[ "$status" -eq 0 ] || cat "$W/err" >>"$W/refusals"
		[ "$(grep -cv ' 0$' "$W/starts")" -lt 5 ] || break
	done
	echo "$(grep -c ' 0$' "$W/starts") started, $(grep -cv ' 0$' "$W/starts") refused"
	head -n 1 "$W/refusals"
	assert_has "$W/refusals" 'adminSpaceLeft'
	assert_eq "$(grep -cv ' 0$' "$W/starts")" 5 "refusals"
	[ "$(grep -c ' 0$' "$W/starts")" -gt 20 ] || fail "too few starts"
	verify_only
	awk '$2 == 0 { print $1 }' "$W/starts" | sort >"$W/started"
	awk '$2 != 0 { print $1 }' "$W/starts" | sort >"$W/refused"
	# There was room for the admission of one, maybe, and not for its attestation: it was killed at
	# its start, and that is recorded.
	decisions attest COAMING_KILLED=yes >"$W/killed"
	[ "$(wc -l <"$W/killed")" -le 1 ] || fail "$(wc -l <"$W/killed") were killed"
	decisions admit | comm -23 - "$W/killed" >"$W/admitted"
	assert_file_is "$W/admitted" "$W/started"
	decisions deny | sort - "$W/killed" >"$W/denied"
	assert_file_is "$W/denied" "$W/refused"
	journal COAMING_REASON=space-left | head -n 1 >"$W/told"
	assert_json "$W/told" '.COAMING_SPACE_LEFT | tonumber < 204800'
	# With more room all is as before, and that is recorded as well.
	mount -o remount,size=4m "$W/audit"
	run_confined c
	assert_status 0
	assert_eq "$(journal COAMING_REASON=space-enough | wc -l)" 1 "records of more space"
}

# The power fails: the ledger ends at any byte of its last records, the head may be older or newer.
every_byte() { # HEAD: newer, older
	local segment size last cut lost told

	rm -rf /var/log/journal /run/log/journal # what the checks before have left
	host_config
	timeout 20 "$B/tests/integration/keep" -n 5 "$W/audit" admit >/dev/null 2>&1
	cp "$W/audit/head" "$W/older"
	last=$(stat -c %s "$W"/audit/ledger-*)
	timeout 20 "$B/tests/integration/keep" -n 2 "$W/audit" admit >/dev/null 2>&1
	[ "$1" = newer ] || cp "$W/older" "$W/audit/head"
	segment=$(ls "$W"/audit/ledger-*)
	size=$(stat -c %s "$segment")
	cp -a "$W/audit" "$W/whole"
	for cut in $(seq "$last" 61 "$((size - 1))"); do # each of them: test_chain
		rm -rf "$W/audit"
		cp -a "$W/whole" "$W/audit"
		truncate -s "$cut" "$segment"
		"$B/tests/integration/keep" "$W/audit" admit CONTAINER_NAME=after >"$W/kept" 2>/dev/null
		[ "$(cat "$W/kept")" = ledger ] || fail "cut at $cut: kept $(cat "$W/kept")"
		verify_only gap
		# What was acknowledged and is gone is told, to the number.
		lost=$(jq '[.hosts[].missing] | add' "$W/verify")
		told=$(jq '[.hosts[].told] | add' "$W/verify")
		[ "$lost" = 0 ] || fail "cut at $cut: $lost missing of which nothing tells"
		if [ "$1" = newer ]; then
			[ "$told" -ge 1 ] && [ "$told" -le 2 ] || fail "cut at $cut: $told told"
		fi
	done
}

check 'journald killed 50 times under 20 concurrent starts' journald_killed_under_starts
check 'a disk that fills: every start is recorded, and every refusal' a_disk_that_fills
check 'the power fails within a record, the head came through' every_byte newer
check 'the power fails within a record, the head did not' every_byte older
finish
