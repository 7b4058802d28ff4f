#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The profiles that ship, as they are: what each is for runs under it, what it is against does not.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq nft ip busybox "$B/coaming-runtime" "$B/coaming-hook"
probe=$B/tests/integration/probe


# The rule of trust asks for files that root alone may write.
trusted() {
	mkdir -p "$W/library"
	cp -r "$top"/profiles/library/. "$W/library"
	chmod -R go-w "$W/library"
	host_config ".profileDirs = [\"$W/library\"]"
}

baseline() {
	journal_start
	trusted
	bundle c1 "$(labelled baseline)" probe status -- mkdir /x -- raw -- mount
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD SETGID \
		SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE)" CapBnd
	assert_has "$W/out" 'mkdir /x: ok'
	assert_has "$W/out" 'raw: EPERM'
	assert_has "$W/out" 'mount: EPERM'
	bundle c2 "$(labelled baseline) | .linux.namespaces |= map(select(.type != \"pid\"))" true
	run_confined c2
	assert_status 1
	assert_has "$W/err" 'hostPID'
}

restricted() {
	trusted
	bundle c1 "$(labelled restricted) | .process.user = {uid: 1000, gid: 1000}" \
		sh -c 'cat /proc/self/status; echo a | grep a; (sleep 0; true) & wait; touch /tmp/x && ls /tmp; id -u'
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask NET_BIND_SERVICE)" CapBnd
	assert_matches "$W/out" '^x$'
	assert_matches "$W/out" '^1000$'
	bundle c2 "$(labelled restricted)" true
	run_confined c2
	assert_status 1
	assert_has "$W/err" 'rootUser is denied'
}

# A server behind a port that the profile opens, and the names it asks for.
server() { # PROFILE OPEN CLOSED
	trusted
	veth
	"$probe" serve 53
	bundle c1 "$(labelled "$1") | $(netns_path "/run/netns/c$seq")" probe serve "$2" -- serve "$3" \
		-- udp 10.9.0.1 53 -- mkdir /x -- mkdir /run/x -- mkdir /run/mysqld/x -- userns \
		-- mkdir /tmp/done -- wait
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
	wait_for 8 "the container's attempts" grep -q 'mkdir /tmp/done' "$W/out"
	cat "$W/out"
	"$probe" tcp 10.9.0.2 "$2" -- tcp 10.9.0.2 "$3" | tee "$W/seen"
	assert_has "$W/seen" "tcp 10.9.0.2 $2: ok"
	assert_matches "$W/seen" "^tcp 10.9.0.2 $3: E"
	assert_has "$W/out" 'mkdir /x: EROFS'
	assert_has "$W/out" 'userns: EPERM'
	case $1 in
	web)
		assert_has "$W/out" 'udp 10.9.0.1 53: ok'
		assert_has "$W/out" 'mkdir /run/x: ok'
		;;
	database)
		assert_matches "$W/out" '^udp 10.9.0.1 53: E'
		assert_has "$W/out" 'mkdir /run/mysqld/x: ok'
		assert_has "$W/out" 'mkdir /run/x: EROFS'
		;;
	esac
	run confined delete --force c1
	assert_status 0
	assert_clean
}

# The configuration that is installed: an unlabelled container is only looked at.
as_installed() {
	journal_start
	trusted
	jq --arg w "$W" '.profileDirs = [$w + "/library"] | .stateDir = $w + "/state"
		| .auditDir = $w + "/audit"' "$top/packaging/coaming.json" >"$W/coaming.json"
	bundle c1 '.linux.namespaces |= map(select(.type != "ipc"))' probe status -- mkdir /x
	cp "$W/bundles/c1/config.json" "$W/before.json"
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'mkdir /x: ok'
	assert_eq "$(field "$W/out" Seccomp)" 0 Seccomp
	assert_eq "$(jq -S 'del(.hooks)' "$W/bundles/c1/config.json")" "$(jq -S . "$W/before.json")" config
	journal CONTAINER_NAME=c1 COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == "baseline" and .COAMING_MODE == "audit"
		and .COAMING_OUTCOME == "would-refuse" and (.COAMING_REASON | test("hostIPC"))'
	bundle c2 "$(labelled restricted) | .process.user = {uid: 1, gid: 1}" probe mkdir /x
	run_confined c2
	assert_status 0
	assert_has "$W/out" 'mkdir /x: EROFS'
}

for RUNTIME in runc crun; do
	check "$RUNTIME: baseline" baseline
	check "$RUNTIME: restricted" restricted
	check "$RUNTIME: web" server web 8080 8081
	check "$RUNTIME: database" server database 5432 5433
	check "$RUNTIME: the configuration that is installed" as_installed
done
finish
