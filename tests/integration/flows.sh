#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Connections as evidence: what a container's firewall remembers of them, how it is recorded, and
# what coaming flows shows.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq nft ip busybox journalctl "$B/coaming-runtime" "$B/coaming" "$B/coaming-nft" \
	"$B/tests/integration/keep"
probe=$B/tests/integration/probe

# start PROFILE_JSON ARG...: container c1 in the netns of veth(), detached.
start() {
	profile p "$1"
	shift
	bundle c1 "$(labelled p) | $(netns_path "/run/netns/c$seq")" "$@"
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
}

stop() {
	run confined delete --force c1
	assert_status 0
}

attempts() {
	wait_for 20 "the container's attempts" test -d "$W/bundles/c1/rootfs/tmp/done"
}

# recorded [MATCH...]: all flows in records, a line each, without their times, sorted.
recorded() {
	journal COAMING_EVENT=flow "$@" >"$W/j"
	jq -r '[.COAMING_FLOW // empty] | flatten[]' "$W/j" | sed 's/ first=.*//' | sort
}

# times FILE FROM TO: each flow of the records was first and last seen between the two, give or take
# one second, and not last before first.
times() {
	local words first last n=0

	while read -r words; do
		first=$(date -d "$(sed 's/.* first=\([^ ]*\) .*/\1/' <<<"$words")" +%s)
		last=$(date -d "${words##*last=}" +%s)
		[ "$first" -ge $(($2 - 1)) ] && [ "$last" -le $(($3 + 1)) ] && [ "$first" -le "$last" ] ||
			fail "$words: not between $(date -u -d "@$2" +%T) and $(date -u -d "@$3" +%T)"
		n=$((n + 1))
	done < <(jq -r '[.COAMING_FLOW // empty] | flatten[]' "$1")
	[ "$n" -gt 0 ] || fail "no flows in $1"
}

both_ways='{network: {
	ingress: [{ports: [{port: 8080}, {protocol: "UDP", port: 8080}]}],
	egress: [{ports: [{port: 9090}, {protocol: "UDP", port: 9090}]}]}}'

# --- what is recorded ----------------------------------------------------------------------------

# In and out, let through and refused, both families, TCP and UDP: each with its peer, its port,
# its number, and when it was. A refused TCP connection is tried again by the kernel after a second.
everything() {
	local before after

	journal_start
	veth
	"$probe" serve 9090
	before=$(date +%s)
	start "$both_ways" probe serve 8080 -- serve 8081 \
		-- tcp 10.9.0.1 9090 -- tcp 10.9.0.1 9090 -- tcp 10.9.0.1 9090 -- tcp fd09::1 9090 \
		-- udp 10.9.0.1 9090 -- udp fd09::1 9090 -- udp fd09::1 9090 \
		-- udp 10.9.0.1 9091 -- udp fd09::1 9091 -- tcp 127.0.0.1 8081 -- mkdir /tmp/done -- wait
	attempts
	"$probe" tcp 10.9.0.2 8080 -- tcp 10.9.0.2 8080 -- tcp fd09::2 8080 -- udp 10.9.0.2 8080 \
		-- udp fd09::2 8080 -- udp 10.9.0.2 8081 -- udp fd09::2 8082 >"$W/seen"
	after=$(date +%s)
	sleep 3
	stop
	assert_eq "$(recorded CONTAINER_NAME=c1)" "$(sort <<-'END'
		egress accepted tcp 10.9.0.1 9090 packets=3
		egress accepted tcp fd09::1 9090 packets=1
		egress accepted udp 10.9.0.1 9090 packets=1
		egress accepted udp fd09::1 9090 packets=2
		egress refused udp 10.9.0.1 9091 packets=1
		egress refused udp fd09::1 9091 packets=1
		ingress accepted tcp 10.9.0.1 8080 packets=2
		ingress accepted tcp fd09::1 8080 packets=1
		ingress accepted udp 10.9.0.1 8080 packets=1
		ingress accepted udp fd09::1 8080 packets=1
		ingress refused udp 10.9.0.1 8081 packets=1
		ingress refused udp fd09::1 8082 packets=1
	END
	)" flows
	times "$W/j" "$before" "$after"
	assert_json "$W/j" '.COAMING_STAGE == "poststop" and .COAMING_PROFILE == "p" and
		.PRIORITY == "4" and (.COAMING_ADMITTED | test("^20.*Z$")) and
		(has("COAMING_FLOW_OVERFLOW") | not) and .CONTAINER_ID_FULL == "c1"'
	# What the record of the end says is what it said before.
	journal CONTAINER_NAME=c1 COAMING_EVENT=stop >"$W/j"
	assert_eq "$(jq -r '[.COAMING_REFUSED_FLOW] | flatten[]' "$W/j" | sort)" "$(sort <<-'END'
		egress udp 10.9.0.1 9091 packets=1
		egress udp fd09::1 9091 packets=1
		ingress udp 10.9.0.1 8081 packets=1
		ingress udp fd09::1 8082 packets=1
	END
	)" 'refused flows'
	assert_clean
}

# First and last are times of their own.
first_and_last() {
	local first last

	journal_start
	veth
	start "$both_ways" probe serve 8080 -- mkdir /tmp/done -- wait
	attempts
	first=$(date +%s)
	"$probe" tcp 10.9.0.2 8080 >"$W/seen"
	sleep 4
	last=$(date +%s)
	"$probe" tcp 10.9.0.2 8080 >"$W/seen"
	sleep 3
	stop
	journal COAMING_EVENT=flow >"$W/j"
	jq -r .COAMING_FLOW "$W/j" | tee "$W/flow"
	assert_matches "$W/flow" '^ingress accepted tcp 10.9.0.1 8080 packets=2 '
	sed 's/ first=[^ ]*//' "$W/flow" | jq -R '{COAMING_FLOW: ("x first=" + (. | sub(".*last="; "")) +
		" last=" + (. | sub(".*last="; "")))}' >"$W/last"
	times "$W/last" "$last" $((last + 1))
	sed 's/ last=.*//' "$W/flow" | jq -R '{COAMING_FLOW: ("x first=" + (. | sub(".*first="; "")) +
		" last=" + (. | sub(".*first="; "")))}' >"$W/first"
	times "$W/first" "$first" $((first + 1))
}

# Packets of a connection that nobody answers are one connection; those that come back are none.
unanswered() {
	journal_start
	veth
	start "$both_ways" sleep 1000
	ip netns exec "c$seq" "$probe" repeat 10.9.0.1 9090 5 -- repeat fd09::1 9091 5 >"$W/seen"
	assert_has "$W/seen" 'repeat 10.9.0.1 9090: 5'
	stop
	# A refused one is none to the kernel: each packet begins anew.
	assert_eq "$(recorded)" 'egress accepted udp 10.9.0.1 9090 packets=1
egress refused udp fd09::1 9091 packets=5' flows
}

# A direction without rules is remembered too.
unconstrained() {
	journal_start
	veth
	start '{network: {ingress: []}}' sleep 1000
	ip netns exec "c$seq" "$probe" tcp 10.9.0.1 9 -- udp fd09::1 9 >"$W/seen"
	stop
	assert_eq "$(recorded)" "egress accepted tcp 10.9.0.1 9 packets=1
egress accepted udp fd09::1 9 packets=1" flows
}

# More than there is room for: those that came first are named, the packets of the rest counted,
# and those that were let through are not in the way of those that were refused.
overflow() {
	local n

	journal_start
	veth
	start '{network: {ingress: [{ports: [{protocol: "UDP", port: 2000, endPort: 5999}]}]}}' \
		sleep 1000
	"$probe" flood 10.9.0.2 1000 1599
	"$probe" flood 10.9.0.2 2000 4999
	"$probe" flood fd09::2 2000 2009
	"$probe" flood 10.9.0.2 1600 1999
	"$probe" flood 10.9.0.2 6000 6599
	stop
	recorded >"$W/flows"
	n=$(wc -l <"$W/j")
	[ "$n" -gt 4 ] || fail "$n records"
	assert_eq "$(grep -c '^ingress accepted udp 10.9.0.1 ' "$W/flows")" 1024 'accepted over IPv4'
	assert_eq "$(grep -c '^ingress accepted udp fd09::1 ' "$W/flows")" 10 'accepted over IPv6'
	assert_eq "$(grep -c '^ingress refused udp 10.9.0.1 ' "$W/flows")" 1024 'refused'
	assert_eq "$(jq -r '[.COAMING_FLOW_OVERFLOW // empty] | flatten[]' "$W/j" | sort)" \
		'ingress accepted packets=1976
ingress refused packets=576' overflow
	journal COAMING_EVENT=stop >"$W/j"
	assert_json "$W/j" '.COAMING_REFUSED_PACKETS == "1600" and .COAMING_FLOWS_OMITTED == "1"'
	assert_clean
}

# Killed, and its poststop never came.
killed() {
	journal_start
	veth
	start "$both_ways" probe serve 8080 -- mkdir /tmp/done -- wait
	attempts
	"$probe" tcp 10.9.0.2 8080 >"$W/seen"
	kill -9 "$(confined state c1 | jq .pid)"
	wait_for 5 'its end' sh -c "! '$B/coaming-runtime' --config '$W/coaming.json' state c1 |
		grep -q running"
	run coaming gc
	assert_status 0
	assert_eq "$(recorded COAMING_STAGE=gc)" 'ingress accepted tcp 10.9.0.1 8080 packets=1' flows
	assert_clean
}

# What rules have filled in is no drift.
no_drift() {
	journal_start
	veth
	start "$both_ways" probe serve 8080 -- mkdir /tmp/done -- wait
	attempts
	"$probe" tcp 10.9.0.2 8080 -- udp 10.9.0.2 1 >"$W/seen"
	run coaming attest c1
	assert_status 0
	stop
	journal COAMING_EVENT=attest COAMING_STAGE=attest >"$W/j"
	assert_json "$W/j" '.COAMING_OUTCOME == "match" and ([.COAMING_PROVED] | flatten |
		any(. == "network"))'
}

for RUNTIME in runc crun; do
	check "$RUNTIME: in and out, accepted and refused, TCP and UDP, IPv4 and IPv6" everything
	check "$RUNTIME: killed, and found by gc" killed
	check "$RUNTIME: what was seen is no drift" no_drift
done
check 'first and last seen' first_and_last
check 'packets that nobody answers' unanswered
check 'a direction that nothing constrains' unconstrained
check 'more flows than there is room for' overflow
finish
