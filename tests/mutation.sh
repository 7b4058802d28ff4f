#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# mutation.sh: do the tests see a wrong meet?
#
# For each row of tests/mutations the one file is copied, the one operator in it made wrong, and the
# named unit test linked with that object before the archives and run: it must fail. A mutant that
# survives, or one whose place in the source is no longer there, is a failure. That the tests pass
# without a mutation is what `make unit` shows.
#
# Needs what `make check` has built in $O. TEST=PATTERN: only the mutants whose name holds it.

set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 111
B=${O:-build}
limit=${SANITIZE:+300}
failed=0 n=0
W=$(mktemp -d "${TMPDIR:-/tmp}/coaming-mutation.XXXXXX") || exit 111
trap 'rm -rf "$W"' EXIT

# The compiler and the flags of the last build, with less optimisation, and as they are quoted.
eval "compile=($(cat "$B/flags"))" || exit 111
compile+=(-O1 -w)
objects=("$B/tests/unit/alloc.o")
for layer in cli hooks audit profiles lib; do
	objects+=("$B/$layer/$layer.a")
done
wraps=()
for call in malloc calloc realloc reallocarray strdup strndup; do
	wraps+=("-Wl,--wrap=$call")
done
libraries=(-lseccomp -lcap -lnettle -ljansson -lsystemd -lyaml -lcmocka)

not_ok() {
	echo "not ok - mutant $1: $2"
	failed=1
}

# The file with the one text in place of the other. Fails where that does not stand there once.
mutate() {
	local text

	text=$(cat "$1" && echo .) || return 1
	[[ $text == *"$2"* ]] || return 1
	[[ ${text#*"$2"} != *"$2"* ]] || return 1
	mkdir -p "$W/${1%/*}"
	printf %s "${text%%"$2"*}$3${text#*"$2"}" | head -c -1 >"$W/$1"
}

try() {
	local name=${1%%:*} why=${1#*: } file=$2 unit=$B/tests/unit/test_$3 from=$4 to=$5 status

	n=$((n + 1))
	if ! mutate "$file" "$from" "$to"; then
		not_ok "$name" "stale: \"$from\" does not stand once in $file"
	elif ! "${compile[@]}" -c -o "$W/mutant.o" "$W/$file" ||
		! "${compile[@]}" "${wraps[@]}" -o "$W/test" "$unit.o" "$W/mutant.o" "${objects[@]}" \
			"${libraries[@]}"; then
		not_ok "$name" "does not build"
	else
		timeout -k 1 "${limit:-60}" "$W/test" >"$W/out" 2>&1 </dev/null
		status=$?
		case $status in
		0) not_ok "$name" "survives test_$3: $why" ;;
		124 | 137) echo "ok - mutant $name never ends in test_$3: $why" ;;
		*) echo "ok - mutant $name is caught by test_$3: $why" ;;
		esac
	fi
}

what='' file='' unit='' from=''
while IFS= read -r line; do
	case $line in
	'#'* | '') ;;
	'- '*) from=${line#- } ;;
	'+ '*)
		case $what in
		*"${TEST:-}"*) try "$what" "$file" "$unit" "$from" "${line#+ }" ;;
		esac
		;;
	*': '*) what=$line ;;
	*) read -r file unit <<<"$line" ;;
	esac
done <tests/mutations
[ "$n" -gt 0 ] || not_ok none "there is none"
exit "$failed"
