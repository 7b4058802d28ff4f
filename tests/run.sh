#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh PROGRAM...: run every one, print each test on a line, and count.
#
# A program tells its tests as "ok - NAME", "not ok - NAME: why", "skip - NAME: what is missing"
# (the scripts of tests/integration), or as TAP (cmocka, asked by its environment variable). One
# that tells none of them, ends in an error without having told one, or tells fewer than it
# planned has failed once more. With CI set a skip counts as a failure.
#
# One more runs at once than there are processors, or $JOBS: each script is in namespaces of its own,
# and many of them wait.
# JOBS=1 for figures of time.
#
# Last line: "N passed, N failed, N skipped". Exit status 1 where something failed.

set -u
export CMOCKA_MESSAGE_OUTPUT=tap LC_ALL=C
seen=$(mktemp -d "${TMPDIR:-/tmp}/coaming-run.XXXXXX") || exit 111
trap 'rm -rf "$seen"' EXIT
passed=0 failed=0 skipped=0
jobs=${JOBS:-$(($(nproc) + 1))}

run() { # PROGRAM FILE
	case $1 in
	*.sh) bash "$1" ;;
	*) "$1" ;;
	esac </dev/null 2>"$2.err"
}

# Chatter without a newline may stand before cmocka's "ok".
# shellcheck disable=SC2016  # awk's own dollars
tell='
	function told(kind, name) { n[kind]++; print kind " - " name }
	/^# (not )?ok - / { next }
	/^#/ { print; next }
	/^1\.\.[0-9]+$/ { planned = substr($0, 4); next }
	/not ok [0-9]+ # SKIP / { sub(/.*# SKIP /, ""); told("skip", $0); next }
	/not ok [0-9]+ - / { sub(/.*not ok [0-9]+ - /, ""); told("not ok", $0); next }
	/ok [0-9]+ - / { sub(/.*ok [0-9]+ - /, ""); told("ok", $0); next }
	/^ok - / { told("ok", substr($0, 6)); next }
	/^not ok - / { told("not ok", substr($0, 10)); next }
	/^skip - / { told("skip", substr($0, 8)); next }
	{ print; fflush() }
	END {
		all = n["ok"] + n["not ok"] + n["skip"]
		if (planned && all < planned)
			told("not ok", "only " all " of " planned " tests ended")
		else if (!all)
			told("not ok", "no test was run")
		print n["ok"] + 0, n["not ok"] + 0, n["skip"] + 0 >counts
	}'

# What is told of program number $1, and its counts, into files: several run at once.
run_one() { # NUMBER PROGRAM
	local name=${2##*/} at=$seen/$1 begin=$SECONDS status ok not_ok skip

	echo "# $name"
	run "$2" "$at" | awk -v counts="$at.counts" "$tell"
	status=${PIPESTATUS[0]}
	read -r ok not_ok skip <"$at.counts"
	# Scripts themselves end with 1 for a skip in CI.
	if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ] && { [ "$skip" -eq 0 ] || [ -z "${CI:-}" ]; }; then
		echo "not ok - $name: ended with status $status"
		not_ok=1
	fi
	[ "$not_ok" -eq 0 ] || sed 's/^/# /' "$at.err" | tail -n 60
	[ $((SECONDS - begin)) -lt 10 ] || echo "# $name: $((SECONDS - begin)) s"
	echo "$ok $not_ok $skip" >"$at.counts"
}

add() { # NUMBER PROGRAM
	local ok not_ok skip

	cat "$seen/$1.out"
	read -r ok not_ok skip <"$seen/$1.counts"
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	if [ "$not_ok" -gt 0 ]; then
		bad="${bad:-} ${2##*/}"
		# Once more at the end, where it is found among a thousand others.
		{ echo "# ${2##*/}"; grep -A 30 '^not ok - ' "$seen/$1.out"; } | cut -c 1-500 >>"$seen/bad"
	fi
	[ "$skip" -eq 0 ] || missing="${missing:-} ${2##*/}"
}

# Each is told whole, as soon as it has ended.
declare -A running=()
# A process group each, so that all of it can be ended with this script.
set -m
trap 'for pid in "${!running[@]}"; do kill -TERM -- "-$pid"; done; exit 130' INT TERM HUP
ended() { # wait for one
	local pid

	wait -n -p pid
	add "${running[$pid]%% *}" "${running[$pid]#* }"
	unset "running[$pid]"
}

n=0
for program; do
	n=$((n + 1))
	[ "${#running[@]}" -lt "$jobs" ] || ended
	run_one "$n" "$program" >"$seen/$n.out" &
	running[$!]="$n $program"
done
while [ "${#running[@]}" -gt 0 ]; do
	ended
done

if [ -n "${CI:-}" ]; then
	failed=$((failed + skipped)) skipped=0
	bad="${bad:-}${missing:-}"
fi
[ ! -e "$seen/bad" ] || { echo "# what failed, once more:"; head -n 300 "$seen/bad"; }
[ -z "${bad:-}" ] || echo "failed in:$bad"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
