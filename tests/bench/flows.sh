#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench: what it costs a container's packets that its connections are remembered, as ratios:
# with the rules that coaming writes, with the same without what remembers what was let through, and
# without any. Exit status 1 where a budget is exceeded.

. "$(dirname "$0")/../integration/lib.sh"
sandbox "$@"
set -e
need jq nft ip "$B/coaming" "$B/tests/bench/measure" "$B/tests/bench/talk"
talk=$B/tests/bench/talk
rounds=${ROUNDS:-100}
W=$T/bench
mkdir -p "$W/profiles" "$W/bundles"
host_config
profile net '{network: {ingress: [{ports: [{port: 8080}, {protocol: "UDP", port: 8080}]}], egress: []}}'
bundle net "$(labelled net)"
coaming explain --bundle "$W/bundles/net" --json | jq -r .ruleset | tail -n +4 >"$W/remembered.nft"
# Without the chains behind the profiles', and the sets that only they fill.
awk '/^\t(set flow-|chain flows-|counter omitted-flow-)/ { skip = 1 }
	!skip
	/^\t}$/ { skip = 0 }' "$W/remembered.nft" >"$W/forgotten.nft"
: >"$W/open.nft"
grep -q 'chain flows-ingress' "$W/remembered.nft"
! grep -q flow- "$W/forgotten.nft"
grep -q 'policy drop' "$W/forgotten.nft"

n=0
for kind in open forgotten remembered; do
	n=$((n + 1))
	ip netns add "$kind"
	ip link add "$kind" type veth peer name eth0 netns "$kind"
	ip addr add "10.9.$n.1/24" dev "$kind"
	ip link set "$kind" up
	ip -n "$kind" addr add "10.9.$n.2/24" dev eth0
	ip -n "$kind" link set eth0 up
	ip netns exec "$kind" nft -f "$W/$kind.nft"
	ip netns exec "$kind" "$talk" serve 8080 >"$W/$kind.ready" &
	wait_for 5 "$kind to serve" grep -q ready "$W/$kind.ready"
	printf '%s\t-\t-\t%s\tconnect\t10.9.%s.2\t8080\t500\n' "new $kind" "$talk" $n >>"$W/plan"
	printf '%s\t-\t-\t%s\tping\t10.9.%s.2\t8080\t1000\n' "packets $kind" "$talk" $n >>"$W/plan"
	printf '%s\t-\t-\t%s\tstream\t10.9.%s.2\t8080\t32\n' "stream $kind" "$talk" $n >>"$W/plan"
done
"$B/tests/bench/measure" "$rounds" <"$W/plan" >"$W/seen"

# What was measured is what is meant: each connection has been counted, and each once.
ip netns exec remembered nft list ruleset >"$W/after"
grep -Eq '10.9.3.1 . tcp . 8080 counter packets [0-9]{4,} ' "$W/after"

of() { # NAME COLUMN
	awk -F '\t' -v name="$1" -v column="$2" '$1 == name { print $column }' "$W/seen"
}
over=0
budget() { # WHAT KIND OF LIMIT: the least of KIND with and without
	local r

	r=$(awk -v a="$(of "$2 remembered" 2)" -v b="$(of "$2 $3" 2)" 'BEGIN { printf "%.3f", a / b }')
	printf '  %-62s %7sx  must be below %sx\n' "$1" "$r" "$4"
	awk -v r="$r" -v l="$4" 'BEGIN { exit r < l ? 0 : 1 }' || over=1
}

printf '\n%s rounds, in turns\n%-37s %9s %9s %9s\n' "$rounds" us least median '95th %'
while IFS=$'\t' read -r name least median p95 _; do
	printf '%-37s %9d %9d %9d\n' "$name" "$least" "$median" "$p95"
done <"$W/seen"
printf '\nConnections that are remembered\n'
budget '500 new TCP connections : the same rules without' new forgotten 1.2
budget '1000 datagrams there and back : the same rules without' packets forgotten 1.15
budget '32 MiB through one connection : the same rules without' stream forgotten 1.1
budget '500 new TCP connections : no rules' new open 1.5
budget '1000 datagrams there and back : no rules' packets open 1.3
budget '32 MiB through one connection : no rules' stream open 1.3
exit $over
