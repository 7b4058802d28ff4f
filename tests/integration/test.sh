#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming test: its goldens, what it refuses, the tests of the profiles that ship, and its model of
# the firewall against nft.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq nft ip "$B/coaming" "$B/coaming-runtime"

golden() {
	cd "$top/tests/golden/test/$1" || fail "no directory"
	run "$B/coaming" test test.json --junit "$W/out.xml"
	assert_file_is "$W/out" out.tap
	assert_file_is "$W/out.xml" out.xml
	assert_status "$(cat status)"
	run "$B/coaming" test --quiet test.json
	assert_eq "$(grep -c '^ok' "$W/out" || true)" 0 'lines of what is as expected'
}

# A test that could never fail must not be taken for one that passes.
refused() {
	local file n=0

	cd "$top/tests/bad/test" || fail "no directory"
	for file in *.json; do
		run "$B/coaming" test "$file"
		assert_file_is "$W/err" "${file%.json}.error"
		assert_eq "$(cat "$W/out")" '' "$file: standard output"
		assert_status 2
		n=$((n + 1))
	done
	[ "$n" -ge 30 ] || fail "only $n files"
	run "$B/coaming" test
	assert_status 2
}

# Profiles that ship have tests, and hold them.
shipped() {
	local file

	for file in "$top"/profiles/library/*.json; do
		[ -e "$top/profiles/library/tests/$(basename "$file")" ] || fail "no tests for $file"
	done
	run "$B/coaming" test "$top"/profiles/library/tests/*.json
	assert_status 0
}

# The host's own profiles, under the rule of trust.
installed() {
	host_config
	profile web '{limits: {pids: 9}}'
	jq -n '{tests: [{name: "n", labels: {"io.coaming.profile": "web"}, expect: {limits: {pids: 9}}}]}' >"$W/t.json"
	run "$B/coaming" --config "$W/coaming.json" test "$W/t.json"
	assert_status 0
	chmod o+w "$W/profiles/web.json"
	run "$B/coaming" --config "$W/coaming.json" test "$W/t.json"
	assert_status 2
	assert_has "$W/err" web.json
}

# Random connections through rules that a real container has, and what the model says of each.
model_of_the_firewall() {
	local port peer n=0 said seen

	host_config
	profile net '{network: {
		ingress: [{ports: [{port: 80}, {port: 8000, endPort: 8010}]},
			{from: [{ipBlock: {cidr: "10.9.0.0/24", except: ["10.9.0.4/30"]}}], ports: [{port: 5432}]}],
		egress: [{to: [{ipBlock: {cidr: "10.9.0.0/24"}}], ports: [{port: 9000}]}]}}'
	profile more '{network: {ingress: [{ports: [{port: 80, endPort: 8005}]}]}}'
	veth
	ip addr add 10.9.0.5/24 dev "v$seq"
	bundle c1 "$(labelled net,more) | $(netns_path "/run/netns/c$seq")" probe serve 80 -- serve 8003 -- serve 8007 \
		-- serve 5432 -- serve 22 -- tcp 10.9.0.1 9000 -- tcp 10.9.0.1 9001 -- mkdir /tmp/done -- wait
	"$B/tests/integration/probe" serve 9000
	"$B/tests/integration/probe" serve 9001
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
	wait_for 12 "the container's attempts" grep -q 'mkdir /tmp/done' "$W/out"
	for peer in 10.9.0.1 10.9.0.5; do
		for port in 80 8003 8007 5432 22; do
			"$B/tests/integration/probe" from "$peer" 10.9.0.2 "$port" >"$W/seen"
			said=$(ask ingress "$peer" "$port")
			seen=refused
			! grep -q ': ok' "$W/seen" || seen=allowed
			assert_eq "$said" "$seen" "ingress from $peer to $port"
			n=$((n + 1))
		done
	done
	for port in 9000 9001; do
		seen=refused
		! grep -q "tcp 10.9.0.1 $port: ok" "$W/out" || seen=allowed
		assert_eq "$(ask egress 10.9.0.1 "$port")" "$seen" "egress to $port"
	done
	echo "$n connections"
}

# ask DIRECTION PEER PORT: what coaming test says of it.
ask() {
	local result

	for result in allowed refused; do
		jq -n --arg d "$1" --arg p "$2" --argjson port "$3" --arg r $result '{tests: [{name: "n",
			labels: {"io.coaming.profile": "net,more"},
			expect: {connections: [{direction: $d, peer: $p, port: $port, result: $r}]}}]}' >"$W/t.json"
		! "$B/coaming" --config "$W/coaming.json" test "$W/t.json" >/dev/null || echo $result
	done
}

RUNTIME=crun
check 'what is expected holds' golden passes
check 'what is expected does not hold' golden fails
check 'peers by labels, zones and classes' golden segments
check 'files that are not right' refused
check 'the tests of the profiles that ship' shipped
check "the host's own profiles" installed
check 'the model of the firewall, against nft' model_of_the_firewall
finish
