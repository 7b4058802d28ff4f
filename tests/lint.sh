#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh [CHECK...]: what the style says and a machine can check. Without names: all of them.
# Prints "ok - CHECK" or "not ok - CHECK" below what was found.

set -u
shopt -s nullglob globstar
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 111

layers=(lib profiles audit hooks cli)
headers=({lib,profiles,audit,hooks,cli}/*.h)
sources=({lib,profiles,audit,hooks,cli}/*.c)
all_c=("${headers[@]}" "${sources[@]}" tests/**/*.[ch])
scripts=(.ci/run packaging/**/*.sh packaging/before-removal.in tests/**/*.sh)
pages=(man/*.[1-8])
jobs=$(nproc)
seen=$(mktemp -d "${TMPDIR:-/tmp}/coaming-lint.XXXXXX") || exit 111
trap 'rm -rf "$seen"' EXIT

# --- checks: each prints what is wrong, and fails or prints nothing ------------------------------

format() {
	clang-format --dry-run -Werror "${all_c[@]}"
}

# A layer includes itself and those before it; from the root of the tree.
layer_order() {
	local below='' layer bad=0

	for layer in "${layers[@]}"; do
		below="$below|$layer"
		! grep -HnE '^#include "' "$layer"/*.[ch] | grep -vE "#include \"(${below#|})/" || bad=1
	done
	return $bad
}

spdx() {
	local file bad=0

	for file in "${all_c[@]}" "${scripts[@]}" Makefile {packaging,tests}/**/*.mk "${pages[@]}"; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
			{ echo "$file: no SPDX line"; bad=1; }
	done
	return $bad
}

# The compiler does not warn of a cleanup that runs on an uninitialised variable.
cleanups_initialised() {
	! grep -HnE '^[[:space:]]+_cleanup_[a-z0-9_]*(\([a-z_0-9]+\))? [^=]*;' "${all_c[@]}" |
		grep -vE '_ [A-Z]+\([a-z]+\);' # a macro that declares and initialises
}

# A prototype stands in a block that holds a comment; x_done() and x_free() need none.
headers_commented() {
	awk '
		FNR == 1 { block() }
		/^$/ { block(); next }
		/\/\*/ { commented = 1 }
		/^[a-z].*[a-z0-9_]+\(.*/ && !/^(static|typedef|extern|#)/ && !/_(done|free)\(/ {
			waiting[++n] = FILENAME ":" FNR ": " $0
		}
		function block(i) {
			if (!commented)
				for (i = 1; i <= n; i++) { print waiting[i] " has no comment"; bad = 1 }
			n = commented = 0
		}
		END { block(); exit bad }' "${headers[@]}"
}

functions_short() {
	awk '
		/^{$/ { begin = FNR }
		/^}$/ && begin {
			if (FNR - begin > 80) {
				print FILENAME ":" begin ": a function of " FNR - begin " lines"
				bad = 1
			}
			begin = 0
		}
		END { exit bad }' "${sources[@]}"
}

lines_short() {
	! for file in "${all_c[@]}"; do
		expand -t 8 "$file" | awk -v f="$file" 'length > 100 { print f ":" FNR ": " length }'
	done | grep .
}

profiles_valid() {
	local python

	for python in python3 /usr/bin/python3; do
		"$python" -c 'import jsonschema' 2>/dev/null && break
	done
	"$python" tests/validate.py profiles/profile.schema.json profiles/library/*.json &&
		"$python" tests/validate.py profiles/host.schema.json packaging/coaming.json &&
		"$python" tests/validate.py profiles/model.schema.json profiles/models/*.json &&
		"$python" tests/validate.py profiles/test.schema.json profiles/library/tests/*.json \
			tests/golden/test/*/test.json &&
		"$python" tests/validate.py audit/framework.schema.json audit/controls/*.json &&
		"$python" tests/controls.py audit/controls/*.json -- profiles/library/*.json
}

json_valid() {
	local file bad=0

	for file in *.json {audit,profiles,packaging,tests}/**/*.json packaging/**/*.json.in .*/*.json; do
		case $file in tests/bad/* | tests/fuzz/* | tests/*/invalid/*) continue ;; esac
		jq empty "$file" >/dev/null 2>"$seen/jq" || { echo "$file: $(cat "$seen/jq")"; bad=1; }
	done
	return $bad
}

# mandoc knows only the pages that are installed here; ours are looked up in the tree.
manual_pages() {
	local name section rest bad=0

	mandoc -Tlint "${pages[@]}" 2>/dev/null | { ! grep -v "referenced manual not found"; } || bad=1
	while read -r _ name section rest; do
		[ -e "man/$name.$section" ] || { echo "no man/$name.$section"; bad=1; }
	done < <(grep -h '^\.Xr coaming' "${pages[@]}" | sort -u)
	return $bad
}

# Every field that a record is given has its place in the manual.
fields_documented() {
	local field bad=0

	for field in $(grep -rhoE '"(COAMING|CONTAINER|IMAGE)_[A-Z_]+"' "${sources[@]}" | tr -d '"' |
		sort -u); do
		grep -q "\\b$field\\b" man/coaming-journal-fields.7 ||
			{ echo "$field is not in man/coaming-journal-fields.7"; bad=1; }
	done
	return $bad
}

shell_scripts() {
	shellcheck -x -P SCRIPTDIR -S warning "${scripts[@]}"
}

clang_warnings() {
	printf '%s\n' "${sources[@]}" | xargs -P "$jobs" -n 4 clang -fsyntax-only -std=gnu17 -I. -Ibuild \
		-D_GNU_SOURCE "${defines[@]}" -Wall -Wextra -Wconversion -Wshadow \
		-Wno-unused-parameter -Wno-missing-field-initializers -Werror
}

# It does not know the cleanup attribute (the leaks), nor that NULL is a pointer here; leaks are
# for the sanitizers.
cpp_check() {
	cppcheck -q -j "$jobs" --std=c11 --enable=warning,portability --inline-suppr -I. -D_GNU_SOURCE \
		--suppress=memleak --suppress=resourceLeak --suppress=varFuncNullUB \
		--suppress=readdirCalled -D__x86_64__ --library=posix --error-exitcode=1 "${defines[@]}" \
		"${sources[@]}"
}

# lib/err.c and lib/node.c define what analyzer.h wraps; gcc and the sanitizers look at them.
tidy() {
	printf '%s\n' "${sources[@]}" | grep -vxE 'lib/(err|node).c' | xargs -P "$jobs" -I FILE \
		clang-tidy --quiet --warnings-as-errors='*' FILE -- -std=gnu17 -I. -D_GNU_SOURCE \
		-include tests/analyzer.h "${defines[@]}" 2>/dev/null
}

defines=(-DCOAMING_VERSION='"0"' -DSYSCONFDIR='"/etc"' -DDATADIR='"/usr/share"'
	-DLIBEXECDIR='"/usr/libexec"' -DLOCALSTATEDIR='"/var"' -DRUNSTATEDIR='"/run"')

# --- run ----------------------------------------------------------------------------------------

[ $# -gt 0 ] || set -- format layer_order spdx cleanups_initialised headers_commented \
	functions_short lines_short json_valid profiles_valid manual_pages fields_documented shell_scripts \
	clang_warnings cpp_check tidy
failed=0
for check; do
	begin=$SECONDS
	if "$check" >"$seen/out" 2>&1; then
		echo "ok - lint: $check ($((SECONDS - begin)) s)"
	else
		head -n 100 "$seen/out"
		echo "not ok - lint: $check"
		failed=$((failed + 1))
	fi
done
[ "$failed" -eq 0 ] || { echo "lint: $failed checks failed"; exit 1; }
