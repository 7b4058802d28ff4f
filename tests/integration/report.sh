#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming report on real journal files: each figure against another program's, what counts and what
# does not, and what it says of a host on which containers run that nobody decided on.

bench=$(cd "$(dirname "$0")/../bench" && pwd)
controls=$(cd "$(dirname "$0")/../../audit/controls" && pwd)
. "$(dirname "$0")/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
need crun jq journalctl python3 "$remote" "$B/coaming" "$B/tests/bench/records" "$B/tests/integration/keep"
mkdir -p /etc/coaming/controls
cp "$controls"/*.json /etc/coaming/controls/
pci=PCI-DSS-4.0

# import NAME: export text on standard input becomes a journal file in $W/journal.
import() {
	mkdir -p "$W/journal"
	"$remote" --split-mode=none -o "$W/journal/$1.journal" - >"$W/remote" 2>&1
}

# report [OPTION]...: of $W/journal, as JSON.
report() {
	run coaming report --json --directory "$W/journal" "$@"
	[ "$status" -le 1 ] || fail "status $status: $(cat "$W/err")"
}

# Of the whole journal, the figures of the report and those of jq.
assert_same_figures() {
	timeout 200 journalctl -q -o json --directory "$W/journal" >"$W/j"
	jq -n --arg framework $pci --arg by data-class -f "$bench/report.jq" "$W/j" | jq -S . >"$W/expected"
	jq -S --arg framework $pci -f "$bench/report-figures.jq" "$W/out" >"$W/figures"
	assert_file_is "$W/figures" "$W/expected"
	[ "$(jq .containers "$W/expected")" -gt 500 ] || fail "too few containers to compare"
}

figures_are_those_of_jq() {
	"$B/tests/bench/records" 20000 3 | import all
	report --by data-class
	assert_status 1
	assert_same_figures
	assert_json "$W/out" '.totals.drift > 10 and .totals.exempt > 10 and .totals.audited > 10
		and .totals.partly > 10 and (.hosts | length) == 3 and (.gaps | length) == 0
		and all(.hosts[]; .chain.state == "whole" and .silent == false)'
}

# What arrives twice, or not at all, in parts that overlap.
resent_and_lost() {
	"$B/tests/bench/records" 6000 2 >"$W/all"
	# Records of one paragraph each: 1 to 4000 without 1001 to 1010, then 3001 to 6000 again.
	awk -v RS= -v ORS='\n\n' 'NR <= 4000 && (NR < 1001 || NR > 1010)' "$W/all" | import first
	awk -v RS= -v ORS='\n\n' 'NR > 3000' "$W/all" | import second
	report --by data-class
	assert_same_figures
	assert_json "$W/out" '.totals.records == 5990 and ([.hosts[].chain.missing] | add) == 10
		and all(.hosts[]; .chain.state == "holes") and any(.gaps[]; .kind == "chain" and
		(.text | test("records 501 to 505 are missing")))
		and any(.notes[]; test("1000 records came twice"))'
}

# Altered text, and a record of another content under a number that is there.
a_fork_is_noticed() {
	"$B/tests/bench/records" 1000 >"$W/all"
	import all <"$W/all"
	awk -v RS= -v ORS='\n\n' 'NR == 500' "$W/all" |
		sed 's/^COAMING_HASH=..../COAMING_HASH=ffff/; s/=admit/=stop/' | import other
	report
	assert_json "$W/out" '.hosts[0].chain.state == "broken" and .hosts[0].chain.broken >= 1
		and .totals.records >= 1000 and any(.gaps[]; .kind == "chain" and (.cursor | length) > 20)'
}

what_others_wrote_does_not_count() {
	"$B/tests/bench/records" 500 >"$W/all"
	{
		cat "$W/all"
		"$B/tests/bench/records" 700 | awk -v RS= -v ORS='\n\n' 'NR > 500' | sed 's/^_UID=0$/_UID=1000/'
		"$B/tests/bench/records" 900 | awk -v RS= -v ORS='\n\n' 'NR > 700' |
			sed 's/^_TRANSPORT=.*/_TRANSPORT=syslog/'
	} | import all
	report
	assert_json "$W/out" '.totals.records == 500 and any(.notes[]; test("400 entries were left out"))'
}

# With what a framework asks for, its status follows.
a_framework() {
	"$B/tests/bench/records" 5000 1 $pci | import all
	report --framework $pci
	assert_status 1
	assert_json "$W/out" '.framework.id == "PCI-DSS-4.0" and .framework.version == "4.0.1"
		and (.controls | length) > 20
		and all(.controls[]; .status as $s | ["evidenced", "configured", "failed", "waived",
			"not-covered"] | index($s) != null)
		and any(.controls[]; .evidence == "chain" and .status == "evidenced")
		and all(.controls[] | select(.evidence == "none"); .status == "not-covered" and .why != "")
		and .totals.containers as $n | $n > 1000
		and all(.controls[] | select(.evidence == "profile"); (.containers | add) == $n)'
	# By its file's name.
	report --framework hipaa-164.312
	assert_json "$W/out" '.framework.id == "HIPAA"'
	run coaming report --framework nothing --directory "$W/journal"
	assert_status 2
	assert_has "$W/err" 'there is no framework "nothing"'
}

failing() { # control
	jq -r --arg id "$1" '.controls[] | select(.id == $id) | .status' "$W/out"
}

waivers_hold_until_they_expire() {
	"$B/tests/bench/records" 3000 | import all
	report --framework $pci
	assert_eq "$(failing 1.3.2)" failed "control 1.3.2"
	cat >"$W/waivers.json" <<-END
		{"waivers": [{"framework": "$pci", "control": "1.3.2", "owner": "o", "reason": "r",
			"container": "c*", "expires": "2999-01-31"}]}
	END
	report --framework $pci --waivers "$W/waivers.json"
	assert_eq "$(failing 1.3.2)" waived "control 1.3.2"
	assert_eq "$(failing 1.3.1)" failed "control 1.3.1"
	assert_json "$W/out" '.waivers[0].used and (.waivers[0].expired | not)
		and all(.controls[] | select(.id == "1.3.2") | .failures[]; .waiver.owner == "o")'
	sed -i 's/2999-01-31/2026-01-31/' "$W/waivers.json"
	report --framework $pci --waivers "$W/waivers.json"
	assert_status 1
	assert_eq "$(failing 1.3.2)" failed "control 1.3.2 under an expired waiver"
	assert_json "$W/out" '.waivers[0].expired'
	# Only those of one app; the others still fail.
	sed -i 's/2026-01-31/2999-01-31/; s/"container": "c\*"/"match": {"matchLabels": {"app": "web"}}/' \
		"$W/waivers.json"
	report --framework $pci --waivers "$W/waivers.json"
	assert_json "$W/out" '.controls[] | select(.id == "1.3.2") | .status == "failed"
		and .containers.waived > 0 and .containers.failed > 0'
	sed -i 's/"owner": "o",//' "$W/waivers.json"
	run coaming report --directory "$W/journal" --waivers "$W/waivers.json"
	assert_status 2
	assert_has "$W/err" 'a waiver needs "owner"'
}

a_selector_narrows() {
	"$B/tests/bench/records" 5000 | import all
	report --match 'app in (web, shop, db),io.coaming.data-class!=phi' --by app --by data-class
	timeout 100 journalctl -q -o json --directory "$W/journal" COAMING_EVENT=admit |
		jq -s '[.[] | select((.COAMING_LABEL | index("app=web") or index("app=shop") or index("app=db"))
			and (.COAMING_LABEL | index("io.coaming.data-class=phi") | not))] | length' >"$W/n"
	assert_eq "$(jq .totals.admit "$W/out")" "$(cat "$W/n")" "admissions"
	[ "$(cat "$W/n")" -gt 100 ] || fail "too few to tell"
	assert_eq "$(jq -c '[.by[0].rows[].value] | sort' "$W/out")" '["db","web"]' apps
	run coaming report --directory "$W/journal" --match 'app in web'
	assert_status 2
	assert_has "$W/err" 'is no selector'
}

a_period() {
	"$B/tests/bench/records" 5000 | import all
	report --since '2026-11-18 12:00 UTC' --until '2026-11-18 13:00 UTC'
	timeout 100 journalctl -q -o json --directory "$W/journal" |
		jq -s '[.[] | select(.COAMING_TIME >= "2026-11-18T12:00:00.000000Z"
			and .COAMING_TIME <= "2026-11-18T13:00:00.000000Z")]
			| {records: length, admit: (map(select(.COAMING_EVENT == "admit")) | length)}' >"$W/n"
	assert_eq "$(jq -c '.totals | {records, admit}' "$W/out")" "$(jq -c . "$W/n")" "in an hour"
	assert_json "$W/out" '.hosts[0].chain.state == "whole" and .trend.bucket == "hour"
		and ([.trend.buckets[].admit] | add) == .totals.admit'
}

as_a_table() {
	"$B/tests/bench/records" 2000 | sed 's/^CONTAINER_NAME=c/CONTAINER_NAME==cmd,"c/' | import all
	run coaming report --csv --framework $pci --by app --directory "$W/journal"
	assert_status 1
	python3 - "$W/out" <<-'END'
		import csv, sys
		text = open(sys.argv[1], newline="").read()
		assert text.endswith("\r\n") and text.count("\r\n") == text.count("\n")
		rows = list(csv.DictReader(text.splitlines(keepends=True), strict=True))
		kinds = {r["row"] for r in rows}
		assert kinds == {"control", "failure", "host", "by"}, kinds
		names = [r["container"] for r in rows if r["row"] == "failure"]
		assert names and all(n.startswith("'=cmd,\"c") for n in names), names[:3]
		assert all(None not in r.values() and None not in r for r in rows)
	END
	run coaming report --framework $pci --directory "$W/journal" --csv --output "$W/file"
	assert_status 1
	assert_eq "$(wc -c <"$W/out")" 0 "bytes on standard output"
	[ "$(wc -l <"$W/file")" -gt 20 ] || fail "nothing in the file"
}

for_people() {
	"$B/tests/bench/records" 2000 | sed 's/^_HOSTNAME=.*/&\x1b[31m/' | import all
	run coaming report --framework $pci --directory "$W/journal" --by app
	assert_status 1
	assert_has "$W/out" 'PCI DSS'
	assert_matches "$W/out" '^  (failed|configured|evidenced|not-covered) '
	assert_has "$W/out" "journalctl --cursor='"
	assert_eq "$(LC_ALL=C grep -c $'[\x01-\x09\x0b-\x1f\x7f]' "$W/out" || true)" 0 "control characters"
	# The cursor leads to the record.
	cursor=$(grep -o "s=[0-9a-f]*;i=[^']*" "$W/out" | head -n 1)
	timeout 20 journalctl -q -o json --directory "$W/journal" --cursor="$cursor" -n 1 >"$W/record"
	assert_json "$W/record" '.COAMING_EVENT == "admit" or .COAMING_EVENT == "drift"'
}

# A real journald, and what it lost is in the ledger.
of_this_host() {
	local id

	journal_start
	for i in 1 2 3; do
		id=$(printf '%064x' "$i")
		keep both admit "$id"
	done
	journal_kill
	keep ledger admit "$(printf '%064x' 4)"
	keep ledger deny "$(printf '%064x' 5)" COAMING_OUTCOME=refuse
	run coaming report --json
	assert_status 0
	assert_json "$W/out" '.totals.admit == 4 and .totals.deny == 1 and .totals.containers == 4
		and .hosts[0].chain.state == "whole" and (.hosts | length) == 1
		and .controls[0].containers.configured == 4'
	journal_start
	run coaming report --json --since -1h
	assert_json "$W/out" '.totals.admit == 4'
	run coaming report --json --until -1h
	assert_json "$W/out" '.totals.records == 0'
}

keep() { # KEPT EVENT ID [FIELD=VALUE...]
	"$B/tests/integration/keep" "$W/audit" "$2" "CONTAINER_ID_FULL=$3" "CONTAINER_NAME=n${3: -1}" \
		COAMING_PROFILE=p "COAMING_CONTROL=X:1 configured" "${@:4}" >"$W/kept" 2>&1
	assert_eq "$(tail -n 1 "$W/kept")" "$1" "kept"
}

# journald compresses every value that gets shorter by it.
compressed_values() {
	journal_start Compress=8
	for i in $(seq 20); do
		keep both admit "$(printf '%064x' "$i")"
	done
	journalctl --sync
	run coaming report --json --directory /run/log/journal
	assert_json "$W/out" '.totals.admit == 20 and .totals.containers == 20
		and .controls[0].id == "X:1" and .controls[0].containers.configured == 20
		and .hosts[0].chain.state == "whole"'
}

# Containers that podman ran without coaming: its journal and the kernel tell.
what_nobody_decided_on() {
	local id other

	command -v podman >/dev/null || skip_check "podman is not there"
	journal_start RateLimitBurst=0
	podman_setup
	id=$(podman run -d --network none --log-driver journald --name lost busybox echo hello)
	wait_for 20 "its output in the journal" sh -c \
		"journalctl --sync; journalctl -q CONTAINER_ID_FULL=$id | grep -q hello"
	other=$(podman run -d --network none --log-driver k8s-file --name quiet busybox sleep 60)
	keep both admit "$(printf '%064x' 1)"
	# One that was decided on, and writes to the journal too.
	printf 'CONTAINER_ID_FULL=%064x\nCONTAINER_NAME=n1\nMESSAGE=output\n' 1 | logger --journald
	# Anybody can make one up.
	printf 'CONTAINER_ID_FULL=%064x\nMESSAGE=output\n' 2 |
		setpriv --reuid 65534 --regid 65534 --clear-groups logger --journald
	journalctl --sync
	run coaming report --json
	jq -r '.gaps[] | select(.kind == "no-admission") | .text' "$W/out" >"$W/gaps"
	assert_eq "$(grep -c "lost (${id:0:12})" "$W/gaps")" 1 "what the journal shows"
	assert_eq "$(grep -c "$other" "$W/gaps")" 1 "what the kernel shows"
	assert_has_not "$W/gaps" 000000000000
	podman rm -f -t 0 quiet lost >/dev/null
	run coaming report --framework NIST-800-53r5 --json
	assert_status 1
	assert_json "$W/out" '.controls[] | select(.id == "AU-12") | .status == "failed"
		and (.failures | length) >= 1'
}

# Containers that really ran: one confined, one refused, one in audit mode, one without a profile.
real_containers() {
	journal_start RateLimitBurst=0
	profile pay '{controls: ["PCI-DSS-4.0:1.3.2"], capabilities: {allow: ["CHOWN"]},
		admission: {deny: ["hostPID"]}}'
	profile loose '{mode: "audit", controls: ["PCI-DSS-4.0:1.3.2"], capabilities: {allow: []}}'
	for name in one two three; do
		bundle $name "$(labelled pay)"
		run_confined $name
		assert_status 0
	done
	bundle host "$(labelled pay) | .linux.namespaces |= map(select(.type != \"pid\"))"
	run_confined host
	assert_status 1
	bundle bare
	run_confined bare
	assert_status 0
	run coaming report --framework $pci --json
	assert_status 0
	assert_json "$W/out" '.totals.admit == 4 and .totals.deny == 1 and .totals.containers == 4
		and .totals.unconfined == 1 and .hosts[0].chain.state == "whole"
		and (.controls[] | select(.id == "1.3.2") | .status == "configured"
			and .containers.configured == 3 and .containers.notCovered == 1)
		and all(.controls[] | select(.evidence == "records"); .status == "evidenced")'
	bundle loose "$(labelled loose)"
	run_confined loose
	run coaming report --framework $pci --json
	assert_status 1
	assert_json "$W/out" '.controls[] | select(.id == "1.3.2") | .status == "failed"
		and .containers.failed == 1 and .failures[0].container == "loose"'
	run coaming report --framework $pci --json --match 'io.coaming.profile=pay'
	assert_status 0
}

# Of what was really executed: what its record shows decides, and leads back to it.
executed() {
	local cis=CIS-Docker-1.6.0

	journal_start RateLimitBurst=0
	profile pay '{capabilities: {allow: ["CHOWN"]}, admission: {deny: ["exec-tty"]}}'
	bundle c1 "$(labelled pay)" sleep 1000
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
	run confined exec -u 7 -c CAP_SYS_ADMIN c1 true
	assert_status 0
	run confined exec -t c1 true
	assert_status 1
	run coaming report --framework $cis --json
	assert_json "$W/out" 'all(.controls[] | select(.id == ("5.23", "5.24")); .status == "evidenced")'
	bundle c2 . sleep 1000
	run confined run --detach --bundle "$W/bundles/c2" c2
	run confined exec -c CAP_SYS_ADMIN c2 true
	assert_status 0
	run coaming report --framework $cis --json
	assert_status 1
	assert_json "$W/out" 'all(.controls[] | select(.id == ("5.23", "5.24")); .status == "failed"
		and .containers.failed == 1 and (.failures | length) == 1
		and .failures[0].container == "c2")
		and (.controls[] | select(.id == "5.23") | .failures[0].why) == "COAMING_EXEC_PRIVILEGES=given"'
	journalctl -o json --cursor "$(jq -r '.controls[] | select(.id == "5.24") | .failures[0].cursor' "$W/out")" -n 1 >"$W/j"
	assert_json "$W/j" '.COAMING_EXEC_UID == "0" and .CONTAINER_NAME == "c2"'
	cat >"$W/waivers.json" <<-EOF
		{"waivers": [{"control": "5.24", "container": "c2", "owner": "o", "reason": "r",
			"expires": "2999-01-01"}]}
	EOF
	run coaming report --framework $cis --json --waivers "$W/waivers.json"
	assert_json "$W/out" '(.controls[] | select(.id == "5.24") | .status) == "waived"
		and (.controls[] | select(.id == "5.23") | .status) == "failed"'
}

a_silent_host() {
	"$B/tests/bench/records" 4000 2 >"$W/all"
	# host-1 stops after a quarter; the other goes on for two hours.
	awk -v RS= -v ORS='\n\n' 'NR % 2 == 1 || NR <= 1000' "$W/all" | import all
	report
	assert_json "$W/out" '[.gaps[] | select(.kind == "silent-host") | .host] == ["host-1"]
		and ([.hosts[] | select(.silent) | .hostname] == ["host-1"])'
}

damaged_files() {
	"$B/tests/bench/records" 3000 | import all
	head -c 100000 "$W/journal/all.journal" >"$W/journal/cut.journal"
	head -c 100 /dev/urandom >"$W/journal/noise.journal"
	cp "$W/journal/all.journal" "$W/journal/torn.journal~"
	truncate -s -3000000 "$W/journal/torn.journal~"
	report
	assert_json "$W/out" '.totals.records == 3000 and any(.notes[]; test("could not be read"))'
}

check 'figures are those that jq computes' figures_are_those_of_jq
check 'what came twice counts once, what is missing is told' resent_and_lost
check 'two records of one number are noticed' a_fork_is_noticed
check 'what root did not send does not count' what_others_wrote_does_not_count
check 'a framework' a_framework
check 'waivers hold until they expire' waivers_hold_until_they_expire
check 'a selector narrows' a_selector_narrows
check 'a period' a_period
check 'as a table, without formulas' as_a_table
check 'for people, with cursors that lead to the records' for_people
check 'of this host: the journal, and the ledger for what it lost' of_this_host
check 'compressed values' compressed_values
check 'what nobody decided on' what_nobody_decided_on
check 'real containers' real_containers
check 'what was executed in them' executed
check 'a host that went silent' a_silent_host
check 'damaged files' damaged_files
finish
