#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Connections as evidence: what a container's firewall remembers of them, how it is recorded, and
# what coaming flows shows.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq nft ip busybox journalctl "$B/coaming-runtime" "$B/coaming" "$B/coaming-nft" \
	"$B/tests/integration/keep"
probe=$B/tests/integration/probe

# ipv6_is_up NETNS ADDRESS: neighbours find each other, which takes a new link a second now and then.
ipv6_is_up() {
	wait_for 10 "IPv6 of $1" ip netns exec "$1" busybox ping -6 -c 1 -w 1 "$2"
}

# start PROFILE_JSON ARG...: container c1 in the netns of veth(), detached.
start() {
	profile p "$1"
	shift
	bundle c1 "$(labelled p) | $(netns_path "/run/netns/c$seq")" "$@"
	ipv6_is_up "c$seq" fd09::1
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

# Killed, and its poststop never came. Also where reconcile took it out of the registry before.
killed() {
	local ledger

	journal_start
	veth
	profile p "$both_ways"
	bundle c1 "$(labelled p) | $(netns_path "/run/netns/c$seq") |
		.annotations[\"io.coaming.function\"] = \"cache\"" \
		probe serve 8080 -- mkdir /tmp/done -- wait
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
	attempts
	"$probe" tcp 10.9.0.2 8080 >"$W/seen"
	assert_has "$W/seen" 'tcp 10.9.0.2 8080: ok'
	kill -9 "$(confined state c1 | jq .pid)"
	wait_for 5 'its end' sh -c "! '$B/coaming-runtime' --config '$W/coaming.json' state c1 |
		grep -q running"
	[ "$1" = gc ] || run coaming reconcile
	ledger=$(coaming log --event stop | wc -l)
	assert_eq "$ledger" 0 'it has not ended yet'
	run coaming gc
	assert_status 0
	assert_eq "$(recorded COAMING_STAGE=gc)" 'ingress accepted tcp 10.9.0.1 8080 packets=1' flows
	assert_json "$W/j" '.COAMING_FUNCTION == "cache" and
		([.COAMING_LABEL] | flatten | any(. == "io.coaming.function=cache")) and
		([.COAMING_ADDRESS] | flatten | sort) == ["10.9.0.2", "fd09::2"]'
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


# --- coaming flows -------------------------------------------------------------------------------

# shown ARG...: what coaming flows --json says, a line a flow: container, direction, verdict,
# protocol, peer (its name, else its address), port, packets.
shown() {
	coaming flows --json "$@" >"$W/x" 2>"$W/err" || fail "$(cat "$W/err")"
	jq -r '.flows[] | "\(.container.name) \(.direction) \(.verdict) \(.protocol) \(
		.peer.name // .peer.address) \(.port) \(.packets)"' "$W/x" | sort
}

# two_containers: db at 10.9.1.2 and web at 10.9.1.3, v4 and v6, behind one bridge, each with
# labels; web talks to db, and to a port that db does not let in. Their host is 10.9.1.1.
two_containers() {
	local name

	ip link add "b$seq" type bridge
	ip addr add 10.9.1.1/24 dev "b$seq"
	ip addr add fd09:1::1/64 dev "b$seq" nodad
	ip link set "b$seq" up
	for name in db web; do
		ip netns add "$name$seq"
		ip link add "$name$seq" type veth peer name eth0 netns "$name$seq"
		ip link set "$name$seq" master "b$seq" up
		[ "$name" = db ] && set -- 2 || set -- 3
		ip -n "$name$seq" addr add "10.9.1.$1/24" dev eth0
		ip -n "$name$seq" addr add "fd09:1::$1/64" dev eth0 nodad
		ip -n "$name$seq" link set eth0 up
		ip -n "$name$seq" link set lo up
	done
	ipv6_is_up "web$seq" fd09:1::2
	profile db '{network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}}],
		ports: [{port: 5432}]}], egress: []}}'
	profile web '{network: {ingress: [], egress: [{ports: [{port: 5432}, {port: 5433}]}]}}'
	bundle db "$(labelled db) | $(netns_path "/run/netns/db$seq") |
		.annotations.tier = \"db\" | .annotations[\"io.coaming.function\"] = \"database\"" \
		probe serve 5432 -- serve 5433 -- mkdir /tmp/done -- wait
	run confined run --detach --bundle "$W/bundles/db" db
	assert_status 0
	wait_for 10 'db to serve' test -d "$W/bundles/db/rootfs/tmp/done"
	bundle web "$(labelled web) | $(netns_path "/run/netns/web$seq") |
		.annotations.tier = \"web\" | .annotations[\"io.coaming.function\"] = \"frontend\"" \
		probe tcp 10.9.1.2 5432 -- tcp fd09:1::2 5432 -- tcp 10.9.1.2 5433 -- udp 10.9.1.1 53 \
		-- mkdir /tmp/done -- wait
	run confined run --detach --bundle "$W/bundles/web" web
	assert_status 0
	wait_for 10 'the attempts of web' test -d "$W/bundles/web/rootfs/tmp/done"
	sleep 3 # the kernel tries what was refused again, after one second
}

flows_of_both='db ingress accepted tcp web 5432 1
db ingress accepted tcp web 5432 1
db ingress refused tcp web 5433 N
web egress accepted tcp db 5432 1
web egress accepted tcp db 5432 1
web egress accepted tcp db 5433 1
web egress refused udp 10.9.1.1 53 1'

# without_retries: how often the kernel tried again is its own affair.
without_retries() {
	sed 's/ 5433 [1-9]$/ 5433 N/; /^web.* 5433/s/N$/1/'
}

# Running, from the kernel; then ended, one after the other, from the records: both ends are known
# by name, function and labels all the time, also where the other had gone before.
both_ends() {
	journal_start
	host_config
	two_containers
	assert_eq "$(shown | without_retries)" "$flows_of_both" 'while both run'
	assert_json "$W/x" '.schema == "coaming-flows-1" and .overflows == [] and ([.flows[] |
		select(.container.name == "web" and .peer.name == "db")] | length == 3 and all(
			.container.function == "frontend" and .container.labels.tier == "web" and
			.container.running and .peer.function == "database" and
			.peer.labels.tier == "db" and .peer.id == "db"))'
	run coaming flows
	assert_status 0
	assert_matches "$W/out" '^web +egress +accepted +tcp +db \(10.9.1.2\) +5432 +1 +20'
	assert_matches "$W/out" '^web +egress +refused +udp +10.9.1.1 +53 +1 +20'
	run coaming flows --by function
	assert_matches "$W/out" '^frontend +database +egress +accepted +tcp +5432 +2 '
	assert_matches "$W/out" '^frontend +database +ingress +refused +tcp +5433 '
	assert_matches "$W/out" '^frontend +- +egress +refused +udp +53 '
	run coaming flows --by tier --json --refused
	assert_json "$W/out" '.by == "tier" and ([.groups[] | "\(.from) \(.to) \(.direction)"] |
		sort == ["web db ingress", "web null egress"])'
	assert_eq "$(shown web --refused)" 'web egress refused udp 10.9.1.1 53 1' 'refused alone'
	run confined delete --force db
	assert_status 0
	assert_eq "$(shown | without_retries)" "$flows_of_both" 'when db has gone'
	run confined delete --force web
	assert_status 0
	assert_eq "$(shown | without_retries)" "$flows_of_both" 'when both have'
	assert_json "$W/x" '[.flows[].container.running] | any | not'
	assert_json "$W/x" '[.flows[] | select(.container.name == "web" and .peer.name == "db")] |
		length == 3 and all(.peer.function == "database" and .container.labels.tier == "web")'
	journal COAMING_EVENT=flow CONTAINER_NAME=db >"$W/j"
	assert_json "$W/j" '.COAMING_FUNCTION == "database" and
		([.COAMING_ADDRESS] | flatten | sort) == ["10.9.1.2", "fd09:1::2"] and
		([.COAMING_LABEL] | flatten | any(. == "tier=db")) and
		([.COAMING_FLOW_PEER] | flatten | map(fromjson) | length == 2 and all(
			.name == "web" and .function == "frontend" and .labels.tier == "web"))'
	assert_eq "$(shown --since -1h | without_retries)" "$flows_of_both" 'of the last hour'
	assert_eq "$(shown --since +1h)" '' 'of the next'
	run coaming flows nobody
	assert_status 2
	assert_has "$W/err" 'no connections are known of a container "nobody"'
	assert_clean
}

# The same on podman's bridge, with podman's names.
podman_bridge() {
	local db web

	journal_start
	mkdir -p /etc/coaming
	podman_setup
	sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
	host_config
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile db '{network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}}],
		ports: [{port: 5432}]}], egress: []}}'
	profile web '{network: {ingress: [], egress: [{ports: [{port: 5432}, {port: 5433}]}]}}'
	run podman run -d --name db --annotation io.coaming.profile=db --annotation tier=db \
		--annotation io.coaming.function=database busybox probe serve 5432 -- serve 5433 -- wait
	assert_status 0
	db=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' db)
	run podman run -d --name web --annotation io.coaming.profile=web --annotation tier=web \
		--annotation io.coaming.function=frontend busybox probe tcp "$db" 5432 \
		-- tcp "$db" 5432 -- tcp "$db" 5433 -- udp 10.88.0.1 53 -- wait
	assert_status 0
	web=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' web)
	wait_for 15 'the attempts of web' sh -c 'podman logs web | grep -q ^udp'
	"$probe" tcp "$db" 5432 >"$W/seen"
	sleep 2
	assert_eq "$(shown | sed 's/ 5433 [1-9]$/ 5433 N/; /10.88.0.1 5432/s/[1-9]$/N/')" \
		'db ingress accepted tcp web 5432 2
db ingress refused tcp 10.88.0.1 5432 N
db ingress refused tcp web 5433 N
web egress accepted tcp db 5432 2
web egress accepted tcp db 5433 N
web egress refused udp 10.88.0.1 53 1' 'while both run'
	assert_json "$W/x" "[.flows[] | select(.container.name == \"db\" and .peer.name == \"web\")] |
		length == 2 and all(.peer.address == \"$web\" and .peer.function == \"frontend\" and
			(.container.id | length) == 64 and (.peer.id | length) == 64)"
	assert_eq "$(shown "$(podman inspect -f '{{.Id}}' web | cut -c 1-12)" --refused)" \
		'web egress refused udp 10.88.0.1 53 1' 'by its id'
	run podman rm -f -t 0 web
	assert_status 0
	run podman rm -f -t 0 db
	assert_status 0
	assert_eq "$(shown --refused | sed 's/ [1-9]$/ N/')" 'db ingress refused tcp 10.88.0.1 5432 N
db ingress refused tcp web 5433 N
web egress refused udp 10.88.0.1 53 N' 'when both have gone'
	assert_clean
}

# Recorded while it runs: what is new alone, and nothing twice, whatever is killed in between.
long_lived() {
	journal_start
	veth
	start "$both_ways" probe serve 8080 -- mkdir /tmp/done -- wait
	attempts
	run coaming flows --record
	assert_status 0
	assert_eq "$(recorded)" '' 'nothing yet'
	"$probe" tcp 10.9.0.2 8080 -- udp 10.9.0.2 8081 >"$W/seen"
	run coaming flows --record
	assert_status 0
	assert_has "$W/out" '1 record of connections'
	run coaming flows --record
	assert_status 0
	assert_eq "$(cat "$W/out")" '' 'nothing new'
	assert_eq "$(recorded COAMING_STAGE=flows)" 'ingress accepted tcp 10.9.0.1 8080 packets=1
ingress refused udp 10.9.0.1 8081 packets=1' 'at first'
	"$probe" tcp 10.9.0.2 8080 -- tcp fd09::2 8080 >"$W/seen"
	run coaming flows --record
	assert_has "$W/out" '1 record of connections'
	assert_eq "$(recorded COAMING_STAGE=flows)" 'ingress accepted tcp 10.9.0.1 8080 packets=1
ingress accepted tcp 10.9.0.1 8080 packets=2
ingress accepted tcp fd09::1 8080 packets=1
ingress refused udp 10.9.0.1 8081 packets=1' 'what was new'
	# As if it had been killed between the record and the note of it.
	rm "$W"/state/containers/*.flows
	run coaming flows --record
	assert_has "$W/out" '1 record of connections'
	assert_eq "$(shown)" 'c1 ingress accepted tcp 10.9.0.1 8080 2
c1 ingress accepted tcp fd09::1 8080 1
c1 ingress refused udp 10.9.0.1 8081 1' 'shown while it runs'
	stop
	assert_eq "$(recorded COAMING_STAGE=poststop)" '' 'at the end nothing is new'
	assert_eq "$(shown)" 'c1 ingress accepted tcp 10.9.0.1 8080 2
c1 ingress accepted tcp fd09::1 8080 1
c1 ingress refused udp 10.9.0.1 8081 1' 'shown when it has ended'
	# They would push what matters out of the last words on it.
	run coaming why c1
	assert_matches "$W/out" '^ +20[^ ]* stop: container "c1": stopped'
	assert_has_not "$W/out" ' flow: '
	assert_clean
}

# A table that is gone, or a pin, is told, and keeps no other container's connections from being
# shown and recorded.
not_there() {
	journal_start
	host_config
	two_containers
	nsenter -n -t "$(confined state db | jq .pid)" nft flush ruleset
	run coaming flows --json
	assert_status 0
	assert_has "$W/err" 'left out: container "db": the firewall'"'"'s table is not there'
	assert_json "$W/out" '[.flows[].container.name] | unique == ["web"]'
	run coaming flows --record
	assert_status 111
	assert_has "$W/err" 'container "db"'
	assert_eq "$(recorded CONTAINER_NAME=web | wc -l)" 4 'flows of web'
	run confined delete --force db
	journal COAMING_EVENT=stop CONTAINER_NAME=db >"$W/j"
	assert_json "$W/j" '.COAMING_COUNTERS == "lost: the firewall'"'"'s table is not there"'
	run confined delete --force web
	assert_clean
}

# The same id again is another container.
again() {
	local i

	journal_start
	veth
	for i in 1 2; do
		[ "$i" = 1 ] || sleep 1.1
		start "$both_ways" probe serve 8080 -- mkdir /tmp/done -- wait
		attempts
		"$probe" tcp 10.9.0.2 8080 >"$W/seen"
		stop
		rm -rf "$W/bundles/c1"
	done
	assert_eq "$(shown)" 'c1 ingress accepted tcp 10.9.0.1 8080 1
c1 ingress accepted tcp 10.9.0.1 8080 1' flows
	run coaming flows --by io.coaming.profile --json
	assert_json "$W/out" '.groups | length == 1 and .[0].packets == 2 and .[0].flows == 2'
}

# Who may write to the journal's socket can say anything there: it is told, and not believed.
forged() {
	local times

	journal_start
	veth
	start "$both_ways" probe serve 8080 -- mkdir /tmp/done -- wait
	attempts
	"$probe" tcp 10.9.0.2 8080 >"$W/seen"
	stop
	times='first=2026-01-01T00:00:00Z last=2026-11-27T00:00:00Z'
	printf '%s\n' 'MESSAGE=x' 'MESSAGE_ID=14dab739356f4eb9bccd1bb2ba1ee944' \
		'SYSLOG_IDENTIFIER=coaming' 'COAMING_SCHEMA=1' 'COAMING_EVENT=flow' 'CONTAINER_NAME=c1' \
		'CONTAINER_ID_FULL=c1' 'COAMING_ADMITTED=2026-01-01T00:00:00.000000Z' \
		"COAMING_TIME=$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)" 'COAMING_SEQ=1' \
		"COAMING_FLOW=egress accepted tcp 192.0.2.66 666 packets=1 $times" \
		>"$W/forged"
	logger --journald="$W/forged"
	setpriv --reuid 65534 --clear-groups logger --journald <"$W/forged"
	wait_for 5 'both in the journal' sh -c \
		'[ "$(journalctl --sync; journalctl -q -o json CONTAINER_NAME=c1 MESSAGE=x | wc -l)" = 2 ]'
	assert_eq "$(shown)" 'c1 ingress accepted tcp 10.9.0.1 8080 1' flows
	assert_has "$W/err" '2 records of the journal were left out: the ledger does not have them'
}

for RUNTIME in runc crun; do
	check "$RUNTIME: in and out, accepted and refused, TCP and UDP, IPv4 and IPv6" everything
	check "$RUNTIME: killed, and found by gc" killed gc
	check "$RUNTIME: killed, and found by reconcile first" killed reconcile
	check "$RUNTIME: what was seen is no drift" no_drift
done
for RUNTIME in runc crun; do
	check "$RUNTIME: both ends of a connection are known, while they run and afterwards" both_ends
done
RUNTIME=crun
check "podman's bridge" podman_bridge
check 'recorded while it runs: only what is new' long_lived
check 'a table that is not there any more' not_there
check 'the same id again' again
check 'a forged record is not believed' forged
check 'first and last seen' first_and_last
check 'packets that nobody answers' unanswered
check 'a direction that nothing constrains' unconstrained
check 'more flows than there is room for' overflow
finish
