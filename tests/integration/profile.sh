#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming profile: its goldens, and what of several directories is shown.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq "$B/coaming"

# golden NAME ARG...: on the profiles of the goldens of coaming test.
golden() {
	local name=$1

	cd "$top/tests/golden/test" || fail "no directory"
	run "$B/coaming" profile --dir profiles "${@:2}"
	assert_status 0
	assert_file_is "$W/out" "../profile/$name"
}

# The host's directories: the first one wins, and says what it overrides.
directories() {
	mkdir "$W/usr"
	host_config ".profileDirs = [\"$W/profiles\", \"$W/usr\"] | .floor = [\"base\"]"
	profile base '{limits: {pids: 5}}'
	profile base '{limits: {pids: 6}}' "$W/usr/base.json"
	profile web '{extends: ["base"], limits: {pids: 9}, capabilities: {mode: "audit", deny: ["CHOWN"]}}' "$W/usr/web.json"
	run coaming profile list
	assert_status 0
	assert_has "$W/out" "for every container (the host's floor)"
	assert_has "$W/out" "overrides $W/usr/base.json"
	assert_has "$W/out" 'takes capabilities (audit), limits'
	run coaming profile list --json
	assert_json "$W/out" "length == 2 and .[0].overrides == [\"$W/usr/base.json\"] and .[1].extends == [\"base\"]"
	run coaming profile show --effective --json web
	assert_json "$W/out" '.lines | map(select(.section == "limits")) == [{section: "limits",
		text: "at most 5 processes", by: "base"}]'
	run coaming profile show --effective web
	assert_matches "$W/out" 'leaves .*\[web \(audit\)\]'
	# What is broken is told, and the others are listed.
	echo '{' >"$W/profiles/web.json"
	run coaming profile list
	assert_status 2
	assert_has "$W/out" base
	assert_has "$W/err" "$W/profiles/web.json:"
	run coaming profile show bsae
	assert_status 2
	assert_has "$W/err" 'there is no profile "bsae" (did you mean base?)'
	profile web '{extends: ["none"]}'
	run coaming profile show --effective web
	assert_status 2
	assert_has "$W/err" 'profile web extends none'
	run coaming profile
	assert_status 2
	assert_has "$W/err" 'say list or show'
}

check 'list' golden list.txt list
check 'list --json' golden list.json --json list
check 'show' golden show.txt show web
check 'show --effective' golden effective.txt --effective --nft show web
check 'show --json' golden show.json --json --effective show web
check 'several directories' directories
finish
