#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Whether packets go where the model says (tests/network.py), under some hundred generated policies:
# in the manner of the conformance suites of NetworkPolicy. COAMING_SEED= gives others, CASE=N one
# alone.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need python3 ip nft "$B/coaming" "$B/coaming-hook" "$B/coaming-nft"

# ends NUMBER: network namespaces on one bridge.
ends() {
	local i address

	ip link add br0 type bridge
	ip link set br0 up
	for i in $(seq 0 "$1"); do
		ip netns add "e$i"
		ip link add "v$i" type veth peer name eth0 netns "e$i"
		ip link set "v$i" master br0 up
		address="10.244.0.$((i + 1))/16 fd44::$((i + 1))/64"
		[ "$i" -ne "$1" ] || address='10.244.128.9/16 fd44::8000:9/64'
		ip -n "e$i" addr add "${address% *}" dev eth0
		ip -n "e$i" addr add "${address#* }" dev eth0 nodad
		ip -n "e$i" link set lo up
		ip -n "e$i" link set eth0 up
	done
}

truth() {
	host_config
	ends 5
	python3 "$here/truth.py" "$B/coaming-hook" "$B/coaming" "$W" 220 || {
		[ -z "${SHOW:-}" ] || grep -H . "$W/$SHOW.nft" # of one end
		fail 'packets go elsewhere'
	}
	assert_clean
	assert_eq "$(find "$W/state/peers" -name '*.json')" '' 'registered still'
}

check 'packets go where the model says' truth
finish
