#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming diff: its goldens, its exit status, and what it refuses.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq "$B/coaming"

goldens() {
	local case n=0

	for case in "$top"/tests/golden/diff/*/; do
		cd "$case" || fail "no directory"
		run "$B/coaming" diff old new
		assert_file_is "$W/out" out.txt
		assert_status "$(cat status)"
		run "$B/coaming" diff --json old new
		assert_file_is "$W/out" out.json
		assert_status "$(cat status)"
		assert_json "$W/out" "(.wider > 0) == ($(cat status) == 1)"
		# Nothing is different from itself.
		run "$B/coaming" diff new new
		assert_status 0
		assert_eq "$(cat "$W/out")" 'no difference in what they mean' "$case"
		n=$((n + 1))
	done
	[ "$n" -ge 25 ] || fail "only $n cases"
}

wrong_use() {
	mkdir "$W/a" "$W/b"
	profile web '{limits: {pids: 5}}' "$W/a/web.json"
	profile shop '{limits: {pids: 6}}' "$W/b/shop.json"
	run "$B/coaming" diff "$W/a"
	assert_status 2
	run "$B/coaming" diff "$W/a" "$W/b/shop.json"
	assert_status 2
	assert_has "$W/err" 'not one of each'
	run "$B/coaming" diff "$W/a" "$W/none"
	assert_status 2
	assert_has "$W/err" "$W/none"
	# Two files are compared whatever they are called.
	run "$B/coaming" diff "$W/a/web.json" "$W/b/shop.json"
	assert_status 1
	assert_has "$W/out" '+ limits: processes: 5, now 6'
	profile shop '{extends: ["base"]}' "$W/b/shop.json"
	run "$B/coaming" diff "$W/b/shop.json" "$W/b/shop.json"
	assert_status 2
	assert_has "$W/err" 'profile shop extends base'
	mkdir "$W/more"
	profile base '{limits: {pids: 5}}' "$W/more/base.json"
	run "$B/coaming" diff --dir "$W/more" "$W/a/web.json" "$W/b/shop.json"
	assert_status 0
	echo '{' >"$W/b/shop.json"
	run "$B/coaming" diff "$W/a/web.json" "$W/b/shop.json"
	assert_status 2
}

check 'goldens' goldens
check 'wrong use, and parents from elsewhere' wrong_use
finish
