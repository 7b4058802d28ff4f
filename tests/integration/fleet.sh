#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A fleet: three hosts, each with a machine id, a journald, a ledger and a systemd-journal-upload of
# its own, and one systemd-journal-remote. Whatever happens to the collector, nothing is lost.
#
# A host is a private mount and UTS namespace; its address is one of the loopback interface, by
# which the collector names its file.

chain=$(cd "$(dirname "$0")/.." && pwd)/chain.py
. "$(dirname "$0")/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
upload=/lib/systemd/systemd-journal-upload
need jq journalctl nsenter python3 "$remote" "$upload" "$B/tests/integration/keep" \
	"$B/coaming-runtime"

hosts=(1 2 3)
keep=$B/tests/integration/keep

machine_id() { # HOST
	printf '%032x' $((0xc0a317 + $1))
}

# --- hosts ---------------------------------------------------------------------------------------

host_start() { # HOST
	local h=$W/h$1

	mkdir -p "$h/log"
	machine_id "$1" >"$h/machine-id"
	jq ".auditDir = \"$h/audit\" | .stateDir = \"$h/state\"" "$W/coaming.json" >"$h/coaming.json"
	ip addr replace "10.77.0.$1/32" dev lo
	unshare --mount --uts --propagation private bash -c '
		mount --bind "$1/machine-id" /etc/machine-id
		mkdir -p /var/log/journal /run/systemd /run/log
		mount --bind "$1/log" /var/log/journal
		mount -t tmpfs tmpfs /run/systemd
		mount -t tmpfs tmpfs /run/log
		mkdir -p /run/systemd/journal /run/systemd/journald.conf.d
		printf "%s\n" "[Journal]" Storage=persistent ForwardToSyslog=no RateLimitBurst=0 \
			>/run/systemd/journald.conf.d/test.conf
		hostname "host$2"
		touch "$1/up"
		exec /lib/systemd/systemd-journald' - "$h" "$1" >"$h/journald.log" 2>&1 &
	echo $! >"$h/pid"
	wait_for 10 "host $1" test -e "$h/up"
	wait_for 10 "its journald" on "$1" journalctl --sync
	on "$1" journalctl --flush
}

on() { # HOST COMMAND...
	nsenter --target "$(cat "$W/h$1/pid")" --mount --uts -- "${@:2}"
}

# systemd-journal-upload ends when it cannot reach the collector, and systemd starts it again.
upload_start() { # HOST [OPTION]
	local h=$W/h$1

	touch "$h/uploading"
	(
		while [ -e "$h/uploading" ]; do
			on "$1" "$upload" --url="http://10.77.0.$1" --save-state="$h/state.upload" \
				"${@:2}" >>"$h/upload.log" 2>&1 </dev/null || true
			sleep 0.1
		done
	) &
}

# namespace_start HOST: a journald for the namespace, as it is shipped, and an upload of its files as
# the manual page has it.
namespace_start() {
	local h=$W/h$1

	jq '.audit.journalNamespace = "coaming"' "$h/coaming.json" >"$h/coaming.json.1"
	mv "$h/coaming.json.1" "$h/coaming.json"
	on "$1" mkdir -p /run/systemd/journal.coaming /run/systemd/journald@coaming.conf.d
	on "$1" cp "$top/packaging/journald@coaming.conf.d/10-coaming.conf" \
		/run/systemd/journald@coaming.conf.d/
	on "$1" /lib/systemd/systemd-journald coaming >"$h/namespace.log" 2>&1 &
	wait_for 10 "its namespace" on "$1" timeout 5 journalctl --namespace=coaming --sync
	upload_start "$1" "--directory=/var/log/journal/$(machine_id "$1").coaming"
}

upload_stop() { # HOST
	rm "$W/h$1/uploading"
	on "$1" pkill -TERM --nslist pid -f "$W/h$1/state.upload"
}

# --- the collector -------------------------------------------------------------------------------

collector_start() {
	mkdir -p "$W/remote"
	"$remote" --listen-http=0.0.0.0:19532 --split-mode=host --output="$W/remote" \
		>>"$W/remote.log" 2>&1 </dev/null &
	collector=$!
	wait_for 5 'the collector' bash -c 'echo >/dev/tcp/127.0.0.1/19532'
}

collector_stop() { # SIGNAL
	kill "-$1" "$collector"
	wait "$collector" || true
}

# What the collector has, in the journal's export format.
collected() {
	journalctl --directory="$W/remote" -q -o export COAMING_SCHEMA=1 >"$W/export"
}

has_all() { # COUNT...: records of each host, by our own check
	local n h i=0

	# What found journald's queue full is sent by the next run; a timer sees to it.
	for h in "${hosts[@]}"; do
		on "$h" timeout 10 "$B/coaming" --config "$W/h$h/coaming.json" flush \
			>"$W/h$h/flush" 2>&1 || true
	done
	collected
	python3 "$chain" "$W/export" >"$W/chains" || true
	for n; do
		i=$((i + 1))
		jq -e -s --arg m "$(machine_id $i)" --argjson n "$n" \
			'any(.[]; .machine == $m and .records == $n)' "$W/chains" >/dev/null || return
	done
}

# --- records -------------------------------------------------------------------------------------

record() { # HOST COUNT [NAME]
	on "$1" "$keep" -n "$2" "$W/h$1/audit" admit "CONTAINER_NAME=${3:-web}" \
		MESSAGE="container \"${3:-web}\": accepted" >>"$W/h$1/kept" 2>>"$W/h$1/kept.err"
}

# Decisions of the real program, on a bundle.
decide() { # HOST COUNT
	local i

	for i in $(seq "$2"); do
		on "$1" "$B/coaming-runtime" --config "$W/h$1/coaming.json" create \
			--bundle "$W/bundles/c1" "h$1-$i" >>"$W/h$1/decide.log" 2>&1
	done
}

# How many records a host's ledger has; its journal has them all.
in_ledger() { # HOST
	python3 "$chain" "$W"/h"$1"/audit/ledger-*.journal | jq .last
}

all_hosts() {
	local h

	trap 'tail -n 5 "$W"/*.log "$W"/h*/*.log "$W"/h*/kept.err "$W/chains" 2>&1' EXIT
	stand_in
	profile p '{}'
	bundle c1 "$(labelled p)" true
	for h in "${hosts[@]}"; do
		host_start "$h"
	done
}

# --- checks --------------------------------------------------------------------------------------

# 20 decisions of the runtime and 400 others on each host, while the collector stops and returns.
nothing_is_lost() { # SIGNAL
	local h pids=()

	all_hosts
	collector_start
	for h in "${hosts[@]}"; do
		upload_start "$h"
		decide "$h" 10
		record "$h" 100
	done
	wait_for 20 'the first records' has_all "$(in_ledger 1)" "$(in_ledger 2)" "$(in_ledger 3)"
	for h in "${hosts[@]}"; do
		(for _ in $(seq 20); do record "$h" 10 "busy$h"; done) &
		pids+=($!)
	done
	sleep 0.3
	collector_stop "$1"
	wait "${pids[@]}"
	for h in "${hosts[@]}"; do
		record "$h" 100 "away$h"
		decide "$h" 10
	done
	! has_all "$(in_ledger 1)" "$(in_ledger 2)" "$(in_ledger 3)" ||
		fail "a collector that is stopped has got records"
	collector_start
	wait_for 60 'all records' has_all "$(in_ledger 1)" "$(in_ledger 2)" "$(in_ledger 3)"
	every_chain_holds
	the_report_agrees
}

# What the collector has, as a report tells it: resent records count once.
the_report_agrees() {
	local h records=0

	for h in "${hosts[@]}"; do records=$((records + $(in_ledger "$h"))); done
	run coaming report --json --directory "$W/remote"
	assert_status 0
	assert_json "$W/out" ".totals.records == $records and (.hosts | length) == ${#hosts[@]}
		and all(.hosts[]; .chain.state == \"whole\" and (.silent | not))
		and ([.hosts[].hostname] | sort) == [\"host1\", \"host2\", \"host3\"]"
	# And verify finds nothing, with the keys of all three.
	cat "$W"/h*/audit/first-key-* >"$W/keys"
	run coaming verify --json --directory "$W/remote" --key "$W/keys"
	assert_status 0
	assert_json "$W/out" ".errors == 0 and (.hosts | length) == ${#hosts[@]}
		and ([.hosts[].proven] | add) >= $records"
}

every_chain_holds() {
	local h

	cat "$W/chains"
	ls "$W/remote"
	assert_eq "$(find "$W/remote" -name 'remote-10.77.0.*' | sed 's/@.*\|\.journal.*//' |
		sort -u | wc -l)" 3 "hosts that the collector tells apart"
	for h in "${hosts[@]}"; do
		assert_eq "$(grep -cE '^(both|ledger)$' "$W/h$h/kept")" 400 "records acknowledged"
		# The whole chain, with proof, though some of it may have been sent twice.
		python3 "$chain" --key "$(cat "$W"/h"$h"/audit/first-key-*)" "$W/export" >"$W/proved"
		jq -c --arg m "$(machine_id "$h")" 'select(.machine == $m)' "$W/proved" >"$W/one"
		assert_json "$W/one" ".hostname == \"host$h\" and .first == 1 and .last == .records
			and .records >= 421 and .proved == .records
			and .missing + .bad + .broken + .forged + .forked == []"
	done
	assert_eq "$(journalctl --directory="$W/remote" -q -o json COAMING_STAGE=create |
		jq -r .COAMING_HASH | sort -u | wc -l)" 60 "decisions of the runtime"
	# Nobody else's chain is proved by a host's key.
	assert_eq "$(jq -s 'map(select(.proved > 0)) | length' "$W/proved")" 1 "chains under one key"
}

# A host that sends nothing any more is the one whose newest record is old.
who_went_silent() {
	local h

	all_hosts
	collector_start
	for h in "${hosts[@]}"; do
		upload_start "$h"
		record "$h" 10
	done
	wait_for 20 'the first records' has_all 11 11 11
	upload_stop 2
	sleep 1.2
	for h in "${hosts[@]}"; do
		record "$h" 10 later
	done
	wait_for 20 'the others' has_all 21 11 21
	jq -rs 'sort_by(.newest)[0] | .hostname' "$W/chains" >"$W/silent"
	assert_eq "$(cat "$W/silent")" host2 "the host that went silent"
	# What it did not send is still there when it sends again.
	upload_start 2
	wait_for 20 'what was kept back' has_all 21 21 21
}

# Records in a namespace of the journal come too; the host's own journal has a line of each.
a_namespace_is_sent() {
	all_hosts
	collector_start
	namespace_start 1
	decide 1 20
	wait_for 20 'the records' has_all 21
	assert_json "$W/chains" '.machine == "'"$(machine_id 1)"'" and .last == 21
		and .bad + .missing + .broken == []'
	on 1 journalctl -q -o json SYSLOG_IDENTIFIER=coaming >"$W/lines"
	assert_eq "$(jq -r .COAMING_SEQ "$W/lines" | sort -u | wc -l)" 21 "lines in the host's own journal"
	assert_eq "$(jq -r '.COAMING_SCHEMA // empty' "$W/lines")" "" "records in the host's own journal"
}

# What is altered on its way, or at the collector, is seen.
alteration_is_seen() {
	all_hosts
	collector_start
	upload_start 1
	record 1 20
	wait_for 20 'the records' has_all 21
	sed 's/container "web": accepted/container "web": refused!/' "$W/export" >"$W/altered"
	run python3 "$chain" "$W/altered"
	assert_status 1
	assert_json "$W/out" '(.bad | length) == 20 and .records == 1'
	# One entry less, and one from another host's chain.
	journalctl --directory="$W/remote" -q -o export COAMING_SCHEMA=1 COAMING_SEQ=1 >"$W/part"
	for h in 3 4 6 7; do
		journalctl --directory="$W/remote" -q -o export COAMING_SCHEMA=1 COAMING_SEQ=$h \
			>>"$W/part"
	done
	run python3 "$chain" "$W/part"
	assert_status 1
	assert_json "$W/out" '.missing == [2, 5] and .bad == []'
	run coaming verify --json --export "$W/part"
	assert_status 1
	assert_json "$W/out" '[.findings[] | [.kind, .from, .to]] == [["missing", 2, 2], ["missing", 5, 5]]'
}

check 'a collector that stops and returns loses nothing' nothing_is_lost TERM
check 'a collector that is killed and returns loses nothing' nothing_is_lost KILL
check 'a host that goes silent is known' who_went_silent
check 'records in a namespace of the journal come too' a_namespace_is_sent
check 'what is altered on the way is seen' alteration_is_seen
finish
