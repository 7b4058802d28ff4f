#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench: what peers cost where many containers are registered: real network namespaces, each
# with a process in it, entered by the hook. Exit status 1 where a budget is exceeded. PEERS=: how
# many; PEERS_ROUNDS=: how often each start is measured.

. "$(dirname "$0")/../integration/lib.sh"
sandbox "$@"
set -e
need crun runc jq nft busybox iperf3 "$B/coaming-runtime" "$B/coaming-hook" "$B/coaming"
peers=${PEERS:-1000}
rounds=${PEERS_ROUNDS:-25}
W=$T/bench
mkdir -p "$W/profiles" "$W/bundles" "$W/real"
RUNTIME=runc
seq=1
over=0

# --- the containers ------------------------------------------------------------------------------

host_config
# Two registries on one host, so that what they cost is measured in turns.
for registry in few many; do
	jq --arg dir "$W/$registry" '.stateDir = $dir' "$W/coaming.json" >"$W/$registry.json"
done
# web, which is measured, selects ten; the quiet ones select none, the keen ones select web.
profile web '{network: {ingress: [], egress: [{to: [{labelSelector: {matchLabels: {tier: "db"}}}]}]}}'
profile db '{network: {ingress: [], egress: []}}'
profile quiet '{network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "client"}}}]}], egress: []}}'
profile keen '{network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}}]}], egress: []}}'
# wide lets all the keen ones in, of which the client is one.
profile client '{network: {ingress: []}}'
profile wide '{network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "keen"}}}]}], egress: []}}'
# A runtime that makes nothing, so that the bundles are rewritten.
printf '#!/bin/sh\n' >"$W/none"
chmod 0755 "$W/none"
jq --arg r "$W/none" '.runtimes = [$r]' "$W/coaming.json" >"$W/none.json"
for tier in web db quiet keen wide client; do
	bundle "$tier" "$(labelled "$tier") | .annotations.tier = \"${tier/client/keen}\"" true
	cp "$W/bundles/$tier/config.json" "$W/$tier.request"
	"$B/coaming-runtime" --config "$W/none.json" create --bundle "$W/bundles/$tier" "$tier"
	cp "$W/bundles/$tier/config.json" "$W/$tier.confined"
done

state() { # ID PID TIER
	printf '{"ociVersion": "1.0.2", "id": "%s", "status": "creating", "pid": %s, "bundle": "%s"}' \
		"$1" "$2" "$W/bundles/$3"
}

hook_of() { # REGISTRY STAGE ID PID TIER
	state "$3" "$4" "$5" | "$B/coaming-hook" --config "$W/$1.json" "$2"
}

# made FIRST LAST TIER REGISTRY...: that many, entered.
made() {
	local first=$1 last=$2 tier=$3 registry
	shift 3

	local n pid

	for n in $(seq "$first" "$last"); do
		unshare -n sh -c "ip link add eth0 type veth peer name e1
			ip addr add 10.20.$((n / 250)).$((n % 250 + 1))/16 dev eth0
			ip addr add fd20::$n/64 dev eth0 nodad
			exec sleep 100000" &
		pids[n]=$!
	done
	for n in $(seq "$first" "$last"); do
		pid=${pids[n]}
		until [ "$(cat "/proc/$pid/comm")" = sleep ]; do sleep 0.01; done
		for registry; do
			hook_of "$registry" createRuntime "$tier$n" "$pid" "$tier"
		done
	done
}

gone() { # FIRST LAST TIER
	local n

	for n in $(seq "$1" "$2"); do
		hook_of many poststop "$3$n" 0 "$3"
		kill -KILL "${pids[n]}"
		wait "${pids[n]}" 2>/dev/null || true
	done
}

# --- measuring -----------------------------------------------------------------------------------

usec() { # COMMAND...: into $took
	local begin=${EPOCHREALTIME/./}

	"$@"
	took=$((${EPOCHREALTIME/./} - begin))
}

median() {
	sort -n | sed -n "$(((rounds + 1) / 2))p"
}

# One start and one end: the hook's part, and the whole of `runc run` of a program that does
# nothing.
start() { # REGISTRY
	cp "$W/web.confined" "$W/bundles/web/config.json"
	usec hook_of "$1" createRuntime web "$web" web
	echo "$took" >>"$W/$1.enter"
	usec hook_of "$1" poststop web 0 web
	echo "$took" >>"$W/$1.leave"
	cp "$W/web.request" "$W/bundles/web/config.json"
	usec "$B/coaming-runtime" --config "$W/$1.json" run --bundle "$W/bundles/web" web
	echo "$took" >>"$W/$1.run"
}

bare() { # NAME
	cp "$W/web.request" "$W/bundles/web/config.json"
	usec runc run --bundle "$W/bundles/web" bare
	echo "$took" >>"$W/$1.bare"
}

of() { # FILE: its median
	median <"$W/$1"
}

ratio() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

budget() { # WHAT SEEN BUDGET [UNIT]
	local verdict=ok

	awk -v a="$2" -v b="$3" 'BEGIN { exit !(a < b) }' || { verdict=OVER; over=1; }
	printf '  %-62s %8s%s, below %s: %s\n' "$1" "$2" "${4:-x}" "$3" "$verdict"
}

# What comes through one connection from a peer, of a thousand that may come, with the table in
# force and dormant, in turns.
throughput() {
	local server client table state

	unshare -n sleep 100000 &
	server=$!
	unshare -n sleep 100000 &
	client=$!
	sleep 0.2
	ip link add name s0 netns "/proc/$server/ns/net" type veth peer name c0 netns "/proc/$client/ns/net"
	nsenter -n -t "$server" sh -c 'ip addr add 10.21.0.1/24 dev s0; ip link set s0 up; ip link set lo up'
	nsenter -n -t "$client" sh -c 'ip addr add 10.21.0.2/24 dev c0; ip link set c0 up; ip link set lo up'
	hook_of many createRuntime client "$client" client
	hook_of many createRuntime wide "$server" wide
	table=$(nsenter -n -t "$server" nft list tables | sed -n 's/^table //p')
	in_set=$(nsenter -n -t "$server" nft -j list table $table |
		jq '[.nftables[].set | select(.name | strings | test("^peer-.*4$")) | .elem | length] | max')
	nsenter -n -t "$server" iperf3 --server >/dev/null &
	sleep 0.2
	for _ in $(seq 5); do
		for state in dormant force; do
			echo "add table $table { $([ $state = force ] || echo 'flags dormant;') }" |
				nsenter -n -t "$server" nft -f -
			nsenter -n -t "$client" iperf3 --client 10.21.0.1 --time 1 --json |
				jq '.end.sum_received.bits_per_second | floor' >>"$W/iperf.$state"
		done
	done
}

fastest() { # FILE
	sort -n "$1" | tail -n 1
}

unshare -n sh -c 'ip link add eth0 type veth peer name e1
	ip addr add 10.20.200.1/16 dev eth0; exec sleep 100000' &
web=$!
made 1 10 db few many
for _ in $(seq "$rounds"); do bare few; done
made 11 "$peers" quiet many
for _ in $(seq "$rounds"); do
	start few
	start many
	bare many
done
cp "$W/web.confined" "$W/bundles/web/config.json"
gone 11 "$peers" quiet
made 11 "$peers" keen many
usec hook_of many createRuntime web "$web" web
enter=$took
seen=0
for n in 11 $((peers / 2)) "$peers"; do
	! nsenter -n -t "${pids[n]}" nft list ruleset | grep -q 10.20.200.1 || seen=$((seen + 1))
done
[ "$seen" -eq 3 ] || { echo "only $seen of 3 sets were changed"; exit 1; }
usec hook_of many poststop web 0 web
leave=$took
usec "$B/coaming" --config "$W/many.json" reconcile --quiet
reconcile=$took
throughput

printf '\nPeers: medians of %d, in turns\n' "$rounds"
printf '  %-62s %8d us\n' 'createRuntime, 10 registered, all of them peers' "$(of few.enter)" \
	"createRuntime, $peers registered, 10 of them peers" "$(of many.enter)" \
	'poststop, 10 registered' "$(of few.leave)" "poststop, $peers registered" "$(of many.leave)" \
	'runc run with coaming, 10 registered' "$(of few.run)" \
	"runc run with coaming, $peers registered" "$(of many.run)" \
	'runc run without, 10 other containers' "$(of few.bare)" \
	"runc run without, $peers other containers" "$(of many.bare)" \
	"createRuntime that changes $((peers - 10)) sets" "$enter" \
	"poststop that changes $((peers - 10)) sets" "$leave" \
	"coaming reconcile of $peers containers" "$reconcile"
printf '  %-62s %8sx\n' "createRuntime, $peers registered : 10 registered" \
	"$(ratio "$(of many.enter)" "$(of few.enter)")"
budget "runc run with coaming, $peers registered : 10 registered" \
	"$(ratio "$(of many.run)" "$(of few.run)")" 1.5
budget "a start that changes $((peers - 10)) sets" "$(ratio "$enter" 1000000)" 2 ' s'
budget "an end that changes $((peers - 10)) sets" "$(ratio "$leave" 1000000)" 2 ' s'
printf '  %-62s %8d Mbit/s\n' "iperf3 from one of $in_set peers" \
	$(($(fastest "$W/iperf.force") / 1000000)) 'the same without rules' \
	$(($(fastest "$W/iperf.dormant") / 1000000))
budget "iperf3 without rules : through a set of $in_set peers" \
	"$(ratio "$(fastest "$W/iperf.dormant")" "$(fastest "$W/iperf.force")")" 1.11
exit $over
