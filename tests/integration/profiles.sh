#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Where profiles come from, seen from outside: how many files a start opens, which directory wins,
# and what holds at once after a profile was added, edited or removed.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq strace busybox "$B/coaming" "$B/coaming-runtime"

# fill N: profiles that match other labels, and other images, than anything here has.
fill() {
	local n match

	for n in $(seq "$1"); do
		match='"labelSelector":{"matchLabels":{"app":"a'$n'"}}'
		[ $((n % 2)) -eq 0 ] || match='"image":["quay.io/other/a'$n':*"]'
		printf '{"name":"other%d","match":{%s},"limits":{"pids":%d}}' \
			"$n" "$match" "$n" >"$W/profiles/other$n.json"
	done
}

# start [JQ_EDIT]: one start of a bundle; the config that the runtime was to run is in $W/ran.
start() {
	rm -rf "$W/ran" "$W/bundles/c1"
	bundle c1 "${1:-.}" true
	run "${@:2}" "$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1
}

# pids_limit EXPECTED: of the container that was started last.
pids_limit() {
	assert_status 0
	assert_eq "$(jq -c '.linux.resources.pids.limit' "$W/ran")" "$1" "limit of processes"
}

# calls NAME...: how many of these system calls the traced start made.
calls() {
	grep -cE "^[0-9]+ +($(IFS='|'; echo "$*"))\(" "$W/trace" || true
}

# opens N EDIT: what a start opens with N more profiles, where the index is there already.
opens() {
	rm -rf "$W/profiles"
	mkdir "$W/profiles"
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}}, limits: {pids: 7}}'
	profile named '{limits: {pids: 5}}'
	fill "$1"
	coaming reload
	start "$2" # makes the ledger, so that every counted start finds the same
	start "$2" strace -f -o "$W/trace" -e trace=open,openat,openat2,getdents64
	lists=$(calls getdents64)
}

grows_not() { # EDIT LIMIT
	local few many lists few_lists

	stand_in
	opens 10 "$1"
	pids_limit "$2"
	few=$(calls open openat openat2)
	few_lists=$lists
	opens 10000 "$1"
	pids_limit "$2"
	many=$(calls open openat openat2)
	echo "$few files opened with 10 profiles, $many with 10000"
	[ "$few" -gt 5 ] || fail "only $few opened files were seen"
	assert_eq "$many" "$few" "files opened with 10000 profiles, and with 10"
	assert_eq "$lists" "$few_lists" "reads of directories with 10000 profiles, and with 10"
	assert_eq "$(grep -c 'other[0-9]' "$W/trace" || true)" 0 "files of other profiles opened"
}

changes_hold_at_once() {
	stand_in
	start
	pids_limit null
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}}, limits: {pids: 7}}'
	start '.annotations.tier = "web"'
	pids_limit 7
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}}, limits: {pids: 6}}'
	start '.annotations.tier = "web"'
	pids_limit 6
	profile web '{match: {labelSelector: {matchLabels: {tier: "db"}}}, limits: {pids: 5}}'
	start '.annotations.tier = "web"'
	pids_limit null
	start '.annotations.tier = "db"'
	pids_limit 5
	rm "$W/profiles/web.json"
	start '.annotations.tier = "db"'
	pids_limit null
}

# Of 1,000 a start looks at some: who sees it says so, and from then on it holds.
edited_in_place() {
	local starts

	stand_in
	fill 1000
	sleep 0.1
	coaming reload
	printf '{"name":"other900","match":{"labelSelector":{"matchLabels":{"app":"new"}}},"limits":{"pids":3}}' \
		>"$W/profiles/other900.json"
	for starts in $(seq 200); do
		start '.annotations.app = "new"'
		assert_status 0
		[ "$(jq -c '.linux.resources.pids.limit' "$W/ran")" = null ] || break
	done
	echo "seen by start $starts"
	pids_limit 3
	assert_has "$W/err" 'profile other900: it was edited in place'
	start '.annotations.app = "new"'
	pids_limit 3
	sleep 0.1
	start '.annotations.app = "new"'
	printf '{"name":"other800","match":{"labelSelector":{"matchLabels":{"app":"newer"}}},"limits":{"pids":2}}' \
		>"$W/profiles/other800.json"
	run coaming gc
	assert_status 0
	assert_has "$W/err" 'profile other800: it was edited in place'
	start '.annotations.app = "newer"'
	pids_limit 2
	assert_eq "$(cat "$W/err")" '' 'what is said of the next start'
}

higher_directory_wins() {
	stand_in
	mkdir -p "$W/etc" "$W/usr"
	host_config ".runtimes = [\"$W/real\"] | .profileDirs = [\"$W/etc\", \"$W/usr\"]"
	profile web '{limits: {pids: 9}}' "$W/usr/web.json"
	start "$(labelled web)"
	pids_limit 9
	profile web '{limits: {pids: 3}}' "$W/etc/web.json"
	start "$(labelled web)"
	pids_limit 3
	# The one that was overridden is not fallen back upon.
	echo '{' >"$W/etc/web.json"
	start "$(labelled web)"
	assert_status 2
	assert_has "$W/err" "$W/etc/web.json:"
	[ ! -e "$W/ran" ] || fail 'the runtime was called'
	rm "$W/etc/web.json"
	start "$(labelled web)"
	pids_limit 9
}

# A host that was never configured: nothing that is installed breaks, and nothing needs a file.
never_configured() {
	bundle c1 . true
	rm -rf /etc/coaming
	mkdir -p /run/coaming/profiles
	jq -n '{name: "baseline", limits: {pids: 4}}' >/run/coaming/profiles/baseline.json
	run "$B/coaming" explain --bundle "$W/bundles/c1" --json
	assert_status 0
	assert_json "$W/out" '.outcome == "accept" and .mode == "audit" and .config == null and
		[.profiles[] | .name + " " + .why + " " + .mode] == ["baseline default audit"]'
	# A name that leads nowhere is no host without a configuration.
	mkdir -p /etc/coaming
	ln -s nowhere /etc/coaming/coaming.json
	run "$B/coaming" explain --bundle "$W/bundles/c1" --json
	assert_status 2
	assert_has "$W/err" /etc/coaming/coaming.json
	rm -r /etc/coaming /run/coaming
}

check 'a start by name opens as many files with 10,000 profiles as with 10' \
	grows_not "$(labelled named)" 5
check 'a start by selector opens as many files with 10,000 profiles as with 10' \
	grows_not '.annotations.tier = "web"' 7
check 'a start by image opens as many files with 10,000 profiles as with 10' \
	grows_not '.annotations.tier = "web" | .annotations["io.kubernetes.cri-o.ContainerID"] = "c" |
		.annotations["io.kubernetes.cri-o.Labels"] = "{}" |
		.annotations["io.kubernetes.cri-o.ImageName"] = "quay.io/mine/a:1"' 7
check 'a profile that is added, edited, removed holds with the next start' changes_hold_at_once
check 'a profile among many that is edited in place is seen, and said to be late' edited_in_place
check 'the higher directory wins, also where its profile is broken' higher_directory_wins
check 'a host without a configuration' never_configured
finish
