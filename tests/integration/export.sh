#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming export: its goldens, what it refuses, and whether policies mean what the profiles mean;
# and the way there and back.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq python3 "$B/coaming"

# exported CASE ARG...
exported() {
	local case=$1

	shift
	cp "$case/coaming.json" "$W/coaming.json"
	run "$B/coaming" --config "$W/coaming.json" export --networkpolicy --dir "$case/profiles" "$@"
}

# What Kubernetes' own readers (YAML 1.1) make of the YAML is what the JSON says.
goldens() {
	local case n=0

	for case in "$top"/tests/golden/export/*/; do
		# shellcheck disable=SC2046  # words
		exported "$case" $(cat "$case/args")
		assert_file_is "$W/out" "$case/out.yaml"
		assert_file_is "$W/err" "$case/err"
		assert_status "$(cat "$case/status")"
		cp "$W/out" "$W/yaml"
		# shellcheck disable=SC2046
		exported "$case" --json $(cat "$case/args")
		assert_status "$(cat "$case/status")"
		python3 -c 'import json, sys, yaml
text = open(sys.argv[2]).read()
assert list(yaml.safe_load_all(open(sys.argv[1]))) == (json.loads(text)["items"] if text else [])' \
			"$W/yaml" "$W/out" || fail "$case: YAML and JSON differ"
		n=$((n + 1))
	done
	[ "$n" -ge 7 ] || fail "only $n cases"
}

refused() {
	local case=$top/tests/golden/export/host

	run "$B/coaming" export
	assert_status 2
	assert_has "$W/err" networkpolicy
	exported "$case" web nothing
	assert_status 2
	assert_has "$W/err" 'no profile "nothing"'
	exported "$case" web web
	assert_status 2
	exported "$case" tried
	assert_status 2
	assert_has "$W/err" 'none of them has an enforced network section'
	profile web '{match: {labelSelector: {matchLabels: {a: "b"}}},
		network: {egress: [{to: [{zone: "nowhere"}]}]}}'
	run "$B/coaming" export --networkpolicy --dir "$W/profiles"
	assert_status 2
	assert_has "$W/err" nowhere
	# What only the kubelet gives cannot be asked for, and leaving it out would allow more.
	profile web '{match: {labelSelector: {matchLabels: {"io.kubernetes.pod.name": "b"}}},
		network: {egress: []}}'
	run "$B/coaming" export --networkpolicy --partial --dir "$W/profiles"
	assert_status 2
	assert_eq "$(cat "$W/out")" '' 'standard output'
}

# What comes back has the same reach, as coaming diff has it, and applies to the same.
there_and_back() {
	profile web '{match: {labelSelector: {matchLabels: {app: "web",
			"io.kubernetes.pod.namespace": "shop"}}}, network: {ingress: [{ports: [{port: 80}, {port: 8000, endPort: 8010}, {protocol: "SCTP"}]},
				{from: [{ipBlock: {cidr: "10.0.0.0/8", except: ["10.1.0.0/16"]}}]},
				{from: [{labelSelector: {matchLabels: {app: "proxy"}}, namespaceSelector: {
					matchLabels: {"kubernetes.io/metadata.name": "shop"}}}]}],
			egress: [{to: [{ipBlock: {cidr: "fd00::/8"}}], ports: [{protocol: "UDP", port: 53}]}]}}'
	run "$B/coaming" export --networkpolicy --dir "$W/profiles"
	assert_status 0
	cp "$W/out" "$W/policies.yaml"
	run "$B/coaming" import -o "$W/back" "$W/policies.yaml"
	assert_status 0
	run "$B/coaming" diff "$W/profiles/web.json" "$W/back/np-shop-web.json"
	assert_eq "$(cat "$W/out")" 'no difference in what they mean' diff
	assert_status 0
	# And it would be seen where there was one.
	sed -i 's/port: 80$/port: 81/' "$W/policies.yaml"
	run "$B/coaming" import --replace -o "$W/back" "$W/policies.yaml"
	run "$B/coaming" diff "$W/profiles/web.json" "$W/back/np-shop-web.json"
	assert_status 1
}

same_meaning() {
	mkdir "$W/cases"
	python3 "$here/export_cases.py" "$B/coaming" "$W/cases" 60 || fail 'not the same'
}

check 'goldens' goldens
check 'what is refused' refused
check 'there and back' there_and_back
check 'random profiles mean the same, and again when they are imported' same_meaning
finish
