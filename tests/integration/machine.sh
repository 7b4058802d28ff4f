#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The machine itself, without coaming: where a check of this script fails, the other scripts fail
# for reasons that are not coaming's.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq nft ip strace busybox journalctl

plain_run() {
	bundle plain . cat /proc/self/status
	run "$1" run --bundle "$W/bundles/plain" plain
	assert_status 0
	assert_eq "$(field "$W/out" NoNewPrivs)" 0 NoNewPrivs
	assert_eq "$(field "$W/out" CapBnd)" 00000000a80425fb CapBnd
}

journal_life() {
	journal_start
	logger --journald <<-'END'
		MESSAGE=hello
		CONTAINER_NAME=h1
	END
	journal CONTAINER_NAME=h1 >"$W/j"
	assert_json "$W/j" '.MESSAGE == "hello" and ._UID == "0"'
	journal_hang
	! timeout 0.5 journalctl --sync || fail "a stopped journald answers"
	journal_cont
	journalctl --sync
	journal_kill
	test -S /run/systemd/journal/socket || fail "the stale socket is gone"
	journal_start
	journal_stop
	test ! -e /run/systemd/journal || fail "the journal is still there"
}

podman_runs() {
	podman_setup
	run podman run --rm --name plain --runtime "$1" busybox ip -4 addr
	assert_status 0
	assert_has "$W/out" "inet 10.88."
	printf 'FROM busybox\nRUN true\n' >"$W/Dockerfile"
	run podman build --runtime "$1" -q "$W"
	assert_status 0
}

for runtime in runc crun; do
	check "$runtime runs a bundle" plain_run $runtime
	check "podman runs and builds on a bridge with $runtime" podman_runs $runtime
done
check 'journald starts, hangs, goes on, dies and goes away' journal_life
finish
