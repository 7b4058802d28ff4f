#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Two hundred containers, twenty at a time: nothing is lost and nothing is left.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq nft busybox journalctl "$B/coaming-runtime" "$B/coaming-hook"

containers=200
at_a_time=20

one() {
	local id=$1

	mkdir -p "$W/bundles/$id"
	jq --arg cg "/$CG/$id" --arg root "$T/rootfs" '.linux.cgroupsPath = $cg | .root.path = $root' \
		"$W/bundles/base/config.json" >"$W/bundles/$id/config.json"
	confined run --bundle "$W/bundles/$id" "$id" >"$W/out.$id" 2>&1 || echo "$id" >>"$W/failed"
}

# Of every process of this test's own namespace: what was left running counts too.
open_files() {
	find /proc/[0-9]*/fd -mindepth 1 2>/dev/null | wc -l
}

many() {
	local i running=0 fds_before fds_after

	journal_start RateLimitBurst=0 RateLimitIntervalSec=0
	profile p '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]},
		rootfs: {readOnly: true}, network: {ingress: [], egress: []}}'
	bundle base "$(labelled p)" true
	fds_before=$(open_files)
	for i in $(seq "$containers"); do
		one "many$i" &
		running=$((running + 1))
		if [ "$running" -ge "$at_a_time" ]; then
			wait -n
			running=$((running - 1))
		fi
	done
	for i in $(jobs -p); do
		[ "$i" = "$journald" ] || wait "$i" || true
	done
	[ ! -e "$W/failed" ] || {
		head -n 3 "$W/out.$(head -n 1 "$W/failed")"
		fail "$(wc -l <"$W/failed") starts failed"
	}
	# Whatever waited for a lock is sent with the next record.
	one last
	journal SYSLOG_IDENTIFIER=coaming COAMING_EVENT=admit | grep -v '"last"' >"$W/admits"
	journal SYSLOG_IDENTIFIER=coaming COAMING_EVENT=stop | grep -v '"last"' >"$W/stops"
	assert_eq "$(jq -r .CONTAINER_NAME "$W/admits" | sort -u | wc -l)" "$containers" "containers admitted"
	assert_eq "$(wc -l <"$W/admits")" "$containers" "admissions"
	assert_eq "$(jq -r .CONTAINER_NAME "$W/stops" | sort -u | wc -l)" "$containers" "containers stopped"
	assert_eq "$(wc -l <"$W/stops")" "$containers" "stops"
	journal SYSLOG_IDENTIFIER=coaming | jq -r '.COAMING_SEQ | tonumber' >"$W/seq"
	assert_eq "$(sort -n "$W/seq" | uniq -d | wc -l)" 0 "sequence numbers used twice"
	assert_eq "$(($(sort -n "$W/seq" | tail -n 1) - $(sort -n "$W/seq" | head -n 1) + 1))" \
		"$(wc -l <"$W/seq")" "sequence numbers from first to last"
	# journald may have opened a file more; a leak would be one descriptor a container.
	fds_after=$(open_files)
	[ $((fds_after - fds_before)) -lt 10 ] ||
		fail "$((fds_after - fds_before)) more open files than before"
	assert_clean
}

for RUNTIME in runc crun; do
	check "$RUNTIME: $containers containers, $at_a_time at a time" many
done
finish
