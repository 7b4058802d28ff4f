#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming graph: who may talk to whom and who did, of hosts that are written here, whose graphs are
# goldens, and of real containers whose packets are really sent. UPDATE=1 writes the goldens anew.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
need runc crun jq nft ip /usr/bin/python3 "$remote" "$B/coaming" "$B/coaming-runtime" \
	"$B/coaming-nft" "$B/tests/integration/keep"
probe=$B/tests/integration/probe
golden=$top/tests/golden/graph
export PYTHONDONTWRITEBYTECODE=1

host() { # CASE
	/usr/bin/python3 "$here/graph_cases.py" "$1" "$W" "$B/tests/integration/keep"
}

graph() { # [OPTION]...
	run coaming graph --registry "$W/state" "$@"
	assert_status 0
}

# What differs from one host and one time to another is taken out.
plain_json() {
	jq 'del(.time) | del(.nodes[].containers[].machine)' "$1"
}

is_golden() { # FILE NAME
	[ -z "${UPDATE:-}" ] || cp "$1" "$golden/$2"
	assert_file_is "$1" "$golden/$2"
}

goldens() {
	local case

	for case in shop around hostile; do
		rm -rf "$W/audit" "$W/state" "$W/profiles"
		host "$case"
		graph
		is_golden "$W/out" "$case.txt"
		graph --all --dot
		is_golden "$W/out" "$case.dot"
		graph --json
		plain_json "$W/out" >"$W/plain.json"
		is_golden "$W/plain.json" "$case.json"
	done
}

# The table, the picture for graphviz and the document say the same.
three_ways() {
	host shop
	graph --json
	cp "$W/out" "$W/graph.json"
	graph --all
	jq -r '(.nodes | map({key: .id, value: .name}) | from_entries) as $name
		| .edges[] | . as $e | .lines[] | [$name[$e.from], $name[$e.to], .what,
			(if .unconfined and .state == "unused" then "unconfined" else .state end),
			.connections, .refusedPackets, (.refusedBy // "-")] | @tsv' "$W/graph.json" |
		sed 's/\t0\b/\t-/g' | sort >"$W/from-json"
	awk '/^$/ { exit } NR > 1' "$W/out" |
		sed -E 's/  +/\t/g' | awk -F '\t' -v OFS='\t' '{ print $1, $2, $3, $4, $5, $6, $8 }' |
		sort >"$W/from-table"
	assert_file_is "$W/from-table" "$W/from-json"
	graph --all --dot
	assert_eq "$(grep -c ' -> ' "$W/out")" \
		"$(jq '[.edges[] | .from as $f | .to as $t | .lines[] | [$f, $t, .state]] | unique | length' \
			"$W/graph.json")" "arrows"
	assert_eq "$(grep -c 'shape=' "$W/out")" "$(jq .totals.nodes "$W/graph.json")" "nodes"
}

# Every text of a DOT file is one string of it, whatever it holds.
dot_is_whole() {
	host hostile
	graph --all --dot
	/usr/bin/python3 - "$W/out" <<-'EOF2'
		import re, sys
		text = open(sys.argv[1], encoding="utf-8").read()
		string = r'"(?:[^"\\\n]|\\.)*"'
		word = rf'(?:{string}|[A-Za-z0-9_.#-]+)'
		pair = rf'{word}\s*=\s*{word}'
		list_ = rf'\[{pair}(?:, {pair})*\]'
		line = re.compile(rf'\t(?:{word}(?: -> {word})? {list_}|{pair}|//.*);?')
		lines = text.split("\n")
		assert lines[0] == "digraph coaming {" and lines[-2:] == ["}", ""], lines[:1]
		for one in lines[1:-2]:
		    assert line.fullmatch(one), one
	EOF2
	! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$W/out" || fail "control characters"
}

periods() {
	host shop
	graph --json --since '2026-11-24 00:00 UTC' --until '2026-11-24 05:00 UTC'
	assert_json "$W/out" '.since == "2026-11-24T00:00:00.000000Z" and .totals.refused == 4
		and .totals.withdrawn == 0 and .totals.used == 3'
	graph --json --since '2026-11-25 00:00 UTC'
	assert_json "$W/out" '.totals.connections == 0 and .totals.used == 0 and .totals.unused > 10
		and ([.nodes[].name] | index("pay-report") == null)'
	run coaming graph --since tomorrow --until today
	assert_status 2
}

groups() {
	host shop
	graph --by region --json
	assert_json "$W/out" '.by == "region"
		and ([.nodes[] | select(.kind == "containers") | .name] == ["eu", "us"])
		and ([.nodes[] | select(.kind == "unlabelled") | .containers[].name] == ["pay-report"])'
	graph --by data-class --json
	assert_json "$W/out" '[.nodes[] | select(.kind == "containers") | .name] == ["open", "pci"]'
	# No connection between the classes is allowed, and one was refused.
	assert_json "$W/out" '[.edges[] | select(.from == "containers:open" and .to == "containers:pci")
		| .lines[] | [.what, .state]] == [["TCP 5432", "refused"]]'
	graph --by tier --json
	assert_json "$W/out" '[.nodes[] | select(.kind == "containers") | .name]
		== ["api", "cache", "db", "report", "watch", "web"]'
}

# The records of other hosts, from their journals.
other_hosts() {
	mkdir -p /var/log/journal "$W/journal"
	journal_start Storage=persistent RateLimitIntervalSec=0
	journalctl --flush
	host shop
	graph --json
	plain_json "$W/out" >"$W/own.json"
	journalctl --sync
	journalctl -o export | "$remote" -o "$W/journal/a.journal" - >&2
	for source in "--file $W/journal/a.journal" "--directory $W/journal"; do
		# shellcheck disable=SC2086
		graph --json $source
		plain_json "$W/out" >"$W/other.json"
		assert_file_is "$W/other.json" "$W/own.json"
	done
	# Without a registry by labels alone: what is allowed to addresses is too, but not by them.
	run coaming graph --json --directory "$W/journal"
	assert_status 0
	assert_json "$W/out" '([.nodes[].containers[].running] | any | not)
		and ([.edges[] | select(.from == "containers:pay-api" and .to == "containers:pay-db")
			| .lines[].what] == ["TCP 5432"])
		and ([.edges[] | select(.to == "containers:pay-cache") | .from] == ["containers:pay-api"])'
}

keep() { # EVENT FIELD...
	"$B/tests/integration/keep" "$W/audit" "$@" 2>/dev/null
}

flow() { # ADMITTED PACKETS [FIELD...]
	local admitted=$1 packets=$2
	shift 2
	keep flow CONTAINER_ID_FULL=c1 CONTAINER_NAME=one COAMING_LABEL=tier=web \
		"COAMING_ADMITTED=2026-11-2${admitted}T08:00:00.000000Z" COAMING_ADDRESS=10.0.0.1 \
		"COAMING_FLOW=egress accepted tcp 10.0.0.2 5432 packets=$packets first=2026-11-2${admitted}T09:00:00Z last=2026-11-2${admitted}T1$packets:00:00Z" \
		"$@"
}

# Counts are those since the start of a container, which may start again; who is at the other end a
# record says, and else the one that had the address then.
what_records_say() {
	rm -rf /var/log/journal
	host_config
	mkdir -p "$W/state"
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}}, network: {egress: []}}'
	flow 1 3 'COAMING_FLOW_PEER={"address":"10.0.0.2","id":"c2","name":"two","labels":{"app":"db"}}'
	flow 1 5
	flow 1 4
	flow 2 2 COAMING_FLOW_OVERFLOW='egress accepted packets=40' 'COAMING_FLOW=what is that' \
		'COAMING_FLOW_PEER={"address":"10.0.0.2/8"}'
	keep flow CONTAINER_ID_FULL=c3 CONTAINER_NAME=three COAMING_ADDRESS=10.0.0.2 \
		COAMING_ADMITTED=2026-11-22T00:00:00.000000Z
	keep flow CONTAINER_ID_FULL=c4 CONTAINER_NAME=four COAMING_ADDRESS=10.0.0.2 \
		COAMING_ADMITTED=2026-11-23T00:00:00.000000Z
	graph --json
	assert_json "$W/out" '[.edges[] | .lines[] as $l | [.from, .to, $l.what, $l.state, $l.connections]]
		== [["containers:one", "containers:db", "TCP 5432", "withdrawn", 5],
			["containers:one", "containers:three", "TCP 5432", "withdrawn", 2]]'
	assert_json "$W/out" '[.edges[].lines[].last] == ["2026-11-21T15:00:00.000000Z", "2026-11-22T12:00:00.000000Z"]'
	assert_json "$W/out" '.notes == ["40 packets belong to connections that found no room in the kernel",
		"2 connections of the records cannot be understood"]'
}

what_is_missing() {
	host shop
	echo '{' >"$W/state/peers/$(printf %064d 0).json"
	chmod 600 "$W/state/peers/$(printf %064d 0).json"
	rm "$W/profiles/web-pci.json"
	graph
	assert_has "$W/out" 'note: left out of the registry: '
	assert_matches "$W/out" '^note: of 2 containers it is not known what they may, .*web-pci'
	# What is over is none of this host's containers.
	run coaming graph
	assert_status 0
	assert_has "$W/out" 'note: 14 containers of the registry are over'
}

crowd() {
	host crowd:1200
	run coaming graph --registry "$W/state"
	assert_status 2
	assert_has "$W/err" 'more than 1024 nodes'
	begin=$(date +%s%N)
	# A zone of many blocks is asked about once.
	jq '.zones.office += [range(4000) | "20.\(. / 250 | floor).\(. % 250).0/24"]' "$W/coaming.json" \
		>"$W/more.json"
	cp "$W/more.json" "$W/coaming.json"
	graph --by tier --json
	echo "1214 containers: $((($(date +%s%N) - begin) / 1000000)) ms"
	assert_json "$W/out" '.totals.containers == 1215
		and ([.edges[] | select(.from == "containers:web" and .to == "containers:api") | .lines[].what]
			== ["TCP 8080"])'
	[ $((($(date +%s%N) - begin) / 1000000000)) -lt 10 ] || fail "it takes too long"
}

wrong_use() {
	host_config
	for words in '--json --dot' '--html --json' '--by=' 'word' '--since never' '--registry'; do
		# shellcheck disable=SC2086
		run coaming graph $words
		assert_status 2
	done
	run coaming graph -o "$W/none/file"
	assert_status 111
	run coaming graph --registry "$W/none"
	assert_status 0
	graph --json
	assert_json "$W/out" '.nodes == [] and .edges == [] and .totals.containers == 0'
}

# --- real containers -----------------------------------------------------------------------------

# container NAME NUMBER LABELS_JSON ARG...: it runs, in a namespace of the bridge.
container() {
	local name=$1 labels=$3

	net "n$2" "$2"
	shift 3
	bundle "$name" ".annotations = $labels | $(netns_path "/run/netns/n${name##*-}")" "$@"
	run confined run --detach --bundle "$W/bundles/$name" "$name"
	assert_status 0
}

send() { # NUMBER ADDRESS PORT
	ip netns exec "n$1" "$probe" tcp "$2" "$3" || true
}

state_of() { # FROM TO WHAT
	jq -r --arg from "containers:$1" --arg to "${2/#/containers:}" --arg what "$3" \
		'[.edges[] | select(.from == $from and .to == $to) | .lines[] | select(.what == $what)
			| .state] | join(" ")' "$W/out"
}

real() {
	RUNTIME=$1
	rm -rf /var/log/journal
	host_config
	journal_start
	bridge
	profile db '{match: {labelSelector: {matchLabels: {tier: "db"}}}, network: {ingress: [{from:
		[{labelSelector: {matchLabels: {tier: "web"}}}], ports: [{port: 5432}, {port: 5440}]}], egress: []}}'
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}}, network: {ingress: [],
		egress: [{to: [{labelSelector: {matchLabels: {tier: "db"}}}]}]}}'
	container db-2 2 '{"tier": "db", "app": "db"}' probe serve 5432 -- wait
	container web-3 3 '{"tier": "web", "app": "web"}' probe wait
	container web-4 4 '{"tier": "web", "app": "web"}' probe wait
	wait_for 5 'the port' sh -c "ip netns exec n3 $probe tcp 10.7.0.2 5432 | grep -q ok"
	send 4 fd07::2 5432
	send 3 10.7.0.2 22
	send 2 10.7.0.3 80
	# Out of the kernel, before any record tells of it.
	run coaming graph --json
	assert_status 0
	jq -c .notes "$W/out"
	assert_eq "$(state_of web db 'TCP 5432')" used "it was used"
	assert_eq "$(state_of web db 'TCP 5440')" unused "nobody listens there"
	assert_eq "$(state_of web db 'TCP 22')" refused "it was refused"
	assert_eq "$(state_of db web 'TCP 80')" refused "and the other way"
	assert_json "$W/out" '[.nodes[] | select(.name == "web") | .containers[].name]
		== ["web-3", "web-4"] and (.notes == [])'
	assert_json "$W/out" '[.edges[] | select(.to == "containers:db") | .lines[]
		| select(.what == "TCP 5432")][0] | .connections >= 2 and .refusedPackets == 0'
	# One that is over is known by the records.
	run confined delete --force web-3
	assert_status 0
	run coaming graph --json
	assert_eq "$(state_of web db 'TCP 22')" refused "of one that is over"
	assert_json "$W/out" '[.nodes[] | select(.name == "web") | .containers[] | [.name, .running]]
		| sort == [["web-3", false], ["web-4", true]]'
	run coaming graph --json --since -1h
	assert_eq "$(state_of web db 'TCP 22')" refused "of the last hour"
	run coaming graph --json --since +1h
	assert_json "$W/out" '.totals.connections == 0 and .totals.refusedPackets == 0 and .totals.unused == 2'
	# The policy becomes stricter: what was used is no longer allowed.
	profile db '{match: {labelSelector: {matchLabels: {tier: "db"}}}, network: {ingress: [], egress: []}}'
	run coaming graph --json
	assert_eq "$(state_of web db 'TCP 5432')" withdrawn "it was used, and is not allowed"
	assert_eq "$(state_of web db 'TCP 5440')" "" "nor this"
	assert_json "$W/out" '[.edges[] | select(.to == "containers:db") | .lines[].refusedBy] | unique == ["profile db"]'
	for name in db-2 web-4; do confined delete --force "$name"; done
	run coaming graph --json
	assert_eq "$(state_of web db 'TCP 5432')" withdrawn "when all are over"
	for n in 2 3 4; do ip netns delete "n$n"; done
	assert_clean
}

check 'goldens' goldens
check 'the table, the document and the picture for graphviz say the same' three_ways
check 'a DOT file is one, whatever names hold' dot_is_whole
check 'periods' periods
check 'groups by labels' groups
check 'journals of other hosts' other_hosts
check 'what records say' what_records_say
check 'what is missing is said' what_is_missing
check 'a crowd' crowd
check 'wrong use, and nothing' wrong_use
check 'real containers under runc' real runc
check 'real containers under crun' real crun
finish
