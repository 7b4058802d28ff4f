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
# Last line: "N passed, N failed, N skipped". Exit status 1 where something failed.

set -u
export CMOCKA_MESSAGE_OUTPUT=tap LC_ALL=C
seen=$(mktemp -d "${TMPDIR:-/tmp}/coaming-run.XXXXXX") || exit 111
trap 'rm -rf "$seen"' EXIT
passed=0 failed=0 skipped=0

run() {
	case $1 in
	*.sh) bash "$1" ;;
	*) "$1" ;;
	esac </dev/null 2>"$seen/err"
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

for program; do
	name=${program##*/}
	echo "# $name"
	begin=$SECONDS
	run "$program" | awk -v counts="$seen/counts" "$tell"
	status=${PIPESTATUS[0]}
	read -r ok not_ok skip <"$seen/counts"
	# Scripts themselves end with 1 for a skip in CI.
	if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ] && { [ "$skip" -eq 0 ] || [ -z "${CI:-}" ]; }; then
		echo "not ok - $name: ended with status $status"
		not_ok=1
	fi
	[ "$not_ok" -eq 0 ] || sed 's/^/# /' "$seen/err" | tail -n 60
	[ $((SECONDS - begin)) -lt 10 ] || echo "# $name: $((SECONDS - begin)) s"
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	[ "$not_ok" -eq 0 ] || bad="${bad:-} $name"
	[ "$skip" -eq 0 ] || missing="${missing:-} $name"
done

if [ -n "${CI:-}" ]; then
	failed=$((failed + skipped)) skipped=0
	bad="${bad:-}${missing:-}"
fi
[ -z "${bad:-}" ] || echo "failed in:$bad"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
