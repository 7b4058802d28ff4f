#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming import: its goldens, what it refuses, what it writes, and whether profiles mean what the
# policies meant in Kubernetes. Packets are sent in truth.sh.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq python3 "$B/coaming"

goldens() {
	local case n=0

	for case in "$top"/tests/golden/import/*/; do
		cd "$case" || fail "no directory"
		# shellcheck disable=SC2046  # words
		run "$B/coaming" import $(cat args) in.yaml
		assert_file_is "$W/out" out.json
		assert_file_is "$W/err" err
		assert_status "$(cat status)"
		n=$((n + 1))
	done
	[ "$n" -ge 6 ] || fail "only $n cases"
}

refused() {
	local file n=0

	cd "$top/tests/bad/import" || fail "no directory"
	for file in *.yaml; do
		run "$B/coaming" import "$file"
		assert_file_is "$W/err" "${file%.yaml}.error"
		assert_eq "$(cat "$W/out")" '' "$file: standard output"
		assert_status 2
		n=$((n + 1))
	done
	[ "$n" -ge 30 ] || fail "only $n files"
	run "$B/coaming" import
	assert_status 2
	run "$B/coaming" import --namespace 'a b' "$top/tests/golden/import/union/in.yaml"
	assert_status 2
	run "$B/coaming" import --node 10.0.0.1/8 "$top/tests/golden/import/union/in.yaml"
	assert_status 2
}

# YAML or JSON, one object or a list, a file or standard input: the same.
forms() {
	local in=$top/tests/golden/import/union/in.yaml

	run "$B/coaming" import - <"$in"
	assert_status 0
	cp "$W/out" "$W/first"
	python3 -c 'import json, sys, yaml
print(json.dumps({"apiVersion": "v1", "kind": "List",
	"items": list(yaml.safe_load_all(open(sys.argv[1])))}))' "$in" >"$W/list.json"
	run "$B/coaming" import "$W/list.json"
	assert_file_is "$W/out" "$W/first"
	for i in 0 1 2; do jq ".items[$i]" "$W/list.json" >"$W/$i.json"; done
	run "$B/coaming" import "$W/2.json" "$W/0.json" "$W/1.json"
	assert_file_is "$W/out" "$W/first"
}

# Each profile is a file that coaming check takes; a second import takes the place of the first.
written() {
	local cases=$top/tests/golden/import

	run "$B/coaming" import -o "$W/p" "$cases/union/in.yaml"
	assert_status 0
	assert_eq "$(cat "$W/out")" '' 'standard output'
	assert_eq "$(cd "$W/p" && echo *)" \
		'np-shop-deny-prod-web.json np-shop-deny-prod.json np-shop-deny-web.json np-shop-deny.json' files
	assert_eq "$(stat -c %a "$W/p/np-shop-deny.json")" 644 mode
	run "$B/coaming" check --strict "$W/p"
	assert_status 0
	echo '{"name": "mine", "description": "Imported by hand"}' >"$W/p/mine.json"
	echo '{' >"$W/p/np-shop-mine.json"
	run "$B/coaming" import -o "$W/p" "$cases/peers/in.yaml"
	assert_status 2
	assert_has "$W/err" 'such as "np-shop-deny'
	[ -e "$W/p/np-shop-deny.json" ] && [ ! -e "$W/p/np-shop-web.json" ] || fail 'something was done'
	run "$B/coaming" import --replace -o "$W/p" "$cases/peers/in.yaml"
	assert_status 0
	assert_eq "$(cd "$W/p" && echo *)" 'mine.json np-bank-web.json np-shop-mine.json np-shop-web.json' files
	# What cannot be said is not written, and what is there stays.
	run "$B/coaming" import --replace -o "$W/p" "$cases/gaps/in.yaml"
	assert_status 1
	assert_eq "$(cd "$W/p" && echo *)" 'mine.json np-bank-web.json np-shop-mine.json np-shop-web.json' files
	run "$B/coaming" import -o "$W/p/mine.json" "$cases/union/in.yaml"
	assert_status 111
	# Nor is what somebody else has written replaced.
	echo '{"name": "np-shop-web"}' >"$W/p/np-shop-web.json"
	run "$B/coaming" import --replace -o "$W/p" "$cases/peers/in.yaml"
	assert_status 2
	assert_has "$W/err" 'np-shop-web.json is there, and was not made by an import'
	assert_eq "$(cat "$W/p/np-shop-web.json")" '{"name": "np-shop-web"}' 'what is there'
}

same_meaning() {
	mkdir "$W/cases"
	python3 "$here/import_cases.py" "$B/coaming" "$W/cases" 150 || fail 'not the same'
}

check 'goldens' goldens
check 'what Kubernetes refuses too, and what is not understood' refused
check 'YAML, JSON, lists and single objects' forms
check 'files' written
check 'random policies mean the same' same_meaning
finish
