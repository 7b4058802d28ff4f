#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming ps and coaming why of the containers of the real runc, crun and podman: those that are
# confined, refused, without a profile, under break-glass, and those that coaming never saw.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq nft busybox journalctl "$B/coaming" "$B/coaming-runtime"

ps() {
	run coaming ps "$@"
	assert_status 0
}

why() {
	run coaming why "$@"
	assert_no_signal
}

# started NAME [JQ]: in the background, until it is killed.
started() {
	bundle "$1" "${2:-.}" probe wait
	confined run --detach --bundle "$W/bundles/$1" "$1" >"$W/$1.log" 2>&1 </dev/null ||
		fail "$1: $(cat "$W/$1.log")"
}

strange=$'it\x1b[31m\xc2\x9b is\n'

of_the_runtime() {
	RUNTIME=$1
	host_config '.exempt = [{labelSelector: {matchLabels: {agent: "yes"}}, reason: "the agent"}]'
	journal_start
	profile web '{capabilities: {allow: ["CHOWN"]}, network: {ingress: [], egress: []}}'
	profile trial '{mode: "audit", rootfs: {readOnly: true}}'
	started w1 "$(labelled web) | .annotations.tier = \"front\" | .annotations.note = \"$strange\""
	started t1 "$(labelled trial) | .annotations.tier = \"back\""
	started e1 "$(labelled web) | .annotations.agent = \"yes\""
	coaming break-glass --for 1h --reason emergency
	started g1 "$(labelled web) | .annotations.tier = \"front\""
	ps
	cat -A "$W/out"
	assert_matches "$W/out" '^CONTAINER ID  NAME +ENGINE +MODE +PROFILES +ATTESTED +REFUSED +LABELS$'
	assert_matches "$W/out" '^w1 .* w1 .* enforce +web .* 0 +note=it\?\[31m\?.*tier=front$'
	assert_matches "$W/out" '^t1 .* audit +trial .* - +tier=back$'
	assert_matches "$W/out" '^g1 .* break-glass +web '
	assert_matches "$W/out" '^e1 .* exempt +- .* agent=yes$'
	assert_has "$W/err" 'break-glass is open'
	assert_eq "$(LC_ALL=C grep -c $'[\x1b\x9b]' "$W/out")" 0 "escape sequences"
	coaming break-glass --end
	# What its firewall refuses is counted as it happens.
	pid=$(jq -r .pid "$(grep -l '"id":"w1"' "$W"/state/containers/*)")
	nsenter -n -t "$pid" sh -c 'ip link add v0 type veth peer name v1 && ip link set v1 up &&
		ip link set v0 up && ip addr add 10.9.9.9/24 dev v0'
	nsenter -n -t "$pid" "$B/tests/integration/probe" udp 10.9.9.8 53 || true
	ps --json
	assert_json "$W/out" '.schema == "coaming-ps-1" and ([.containers[].id] | sort) == ["e1", "g1", "t1", "w1"]'
	assert_json "$W/out" '.containers[] | select(.id == "w1") | .refusedPackets > 0
		and .profiles == ["web"] and .mode == "enforce" and .labels.tier == "front"
		and .pid > 1 and (.decided | test("^20"))'
	assert_json "$W/out" '.containers[] | select(.id == "g1") | .mode == "break-glass"
		and .refusedPackets == null and (.breakGlass | test("emergency$"))'
	assert_json "$W/out" '.containers[] | select(.id == "e1") | .mode == "exempt"
		and .exempt == "the agent" and .profiles == [] and .breakGlass == null'
	filters
	fitted
	for name in w1 t1 g1 e1; do confined delete --force $name; done
	ps --json
	assert_json "$W/out" '.containers == []'
	assert_clean
}

listed() { # IDS FILTER...
	local ids=$1 options=()
	shift
	for filter; do options+=(--filter "$filter"); done
	run coaming ps -q "${options[@]}"
	assert_eq "$(sort "$W/out" | tr '\n' ' ')" "$ids" "ps $*"
}

filters() {
	listed 'g1 w1 ' label=tier=front
	listed 'g1 t1 w1 ' label=tier
	listed '' label=tie
	listed 'w1 ' label=tier=front label=note
	listed 'e1 ' mode=exempt
	listed 'g1 t1 ' mode=audit mode=break-glass
	listed 'g1 w1 ' profile=web
	listed '' profile=we
	listed 't1 ' name=t
	listed 't1 ' id=t1 label=tier=back
	run coaming ps --filter lable=a
	assert_status 2
	assert_has "$W/err" 'did you mean label?'
}

# A line is no longer than the terminal, whatever stands in it.
fitted() {
	COLUMNS=80 ps
	[ "$(wc -L <"$W/out")" -le 80 ] || fail "a line of $(wc -L <"$W/out") columns"
	assert_has "$W/out" '..'
	COLUMNS=80 ps --no-trunc
	[ "$(wc -L <"$W/out")" -gt 80 ] || fail "it was cut all the same"
}

# podman, so that there are control groups with ids: one through coaming with a profile, one
# without, one around it.
of_podman() {
	local dir=$W/cg

	journal_start
	mkdir -p /etc/coaming
	podman_setup
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile p '{capabilities: {allow: []}}'
	podman run -d --name with --runtime "$B/coaming-runtime" --annotation io.coaming.profile=p \
		--label tier=gold busybox probe wait >"$W/with"
	podman run -d --name plain --runtime "$B/coaming-runtime" --annotation a=b --label tier=tin \
		busybox probe wait >"$W/plain"
	podman run -d --name around --annotation a=b busybox probe wait >"$W/around"
	ps --json --no-trunc
	assert_json "$W/out" "[.containers[] | {id, mode}] == [
		{id: \"$(cat "$W/plain")\", mode: \"unconfined\"},
		{id: \"$(cat "$W/with")\", mode: \"enforce\"},
		{id: \"$(cat "$W/around")\", mode: \"unadmitted\"}]"
	assert_json "$W/out" '.containers[0] | .name == "plain" and .engine == "podman" and .labels.a == "b"
		and .labels.tier == "tin"'
	# What podman alone keeps: of the one that has a live file, read now.
	assert_json "$W/out" '.containers[1] | .labels.tier == "gold" and .labelsWhy == null'
	listed "$(cut -c 1-12 "$W/with") " label=tier=gold mode=enforce
	ps
	assert_matches "$W/out" "^$(cut -c 1-12 "$W/around") +- +- +unadmitted"
	why plain
	assert_status 0
	assert_has "$W/out" 'started, no profile applies'
	why "$(cut -c 1-8 "$W/with")"
	assert_status 0
	assert_has "$W/out" 'container "with"'
	assert_matches "$W/out" '^  tier=gold \(engine\)$'
	assert_matches "$W/out" '^  io.coaming.profile=p \(annotation\)$'
	why around
	assert_status 2
	assert_has "$W/err" "neither in the ledger, $W/audit, nor in the journal"
	podman rm -f -t 0 -a >/dev/null
}

in_plain_words() {
	journal_start
	profile web '{capabilities: {allow: ["CHOWN"]}, admission: {deny: ["hostUTS"]}}'
	profile trial '{mode: "audit", rootfs: {readOnly: true}}'
	bundle c1 "$(labelled web,trial)" true
	run_confined c1
	assert_status 0
	why c1
	assert_status 0
	assert_matches "$W/out" '^started, confined$'
	assert_matches "$W/out" '^Taken away$'
	assert_matches "$W/out" '^  capabilities: takes .*CAP_NET_RAW.* \(web\)$'
	assert_matches "$W/out" '^Would have been taken away \(audit\)$'
	assert_matches "$W/out" '^  rootfs: .* \(trial\)$'
	assert_matches "$W/out" '^  web: label enforce$'
	assert_matches "$W/out" ' stop: container "c1": stopped'
	assert_has "$W/out" "profile web is $W/profiles/web.json: edit it there"
	assert_has "$W/out" 'the decision'"'"'s record is of class ledger'
	# The newest decision of that name: refused.
	bundle_config c1 "$(labelled web) | .linux.namespaces |= map(select(.type != \"uts\"))
		| .annotations.note = \"$strange\" | del(.hostname)" true
	run_confined c1
	assert_status 1
	why c1
	assert_status 1
	assert_matches "$W/out" '^refused$'
	assert_matches "$W/out" '^  because: .*hostUTS is denied'
	assert_matches "$W/out" '^Why not$'
	assert_eq "$(LC_ALL=C grep -c $'[\x1b\x9b]' "$W/out")" 0 "escape sequences"
	why --json c1
	assert_status 1
	assert_json "$W/out" '.schema == "coaming-why-1" and .answer == "refused" and .event == "deny"
		and .name == "c1" and .source == "ledger" and any(.changes[]; test("^refusal: "))
		and .runs == false'
	# Without the ledger, from the journal, which says how far that is to be believed.
	mv "$W/audit" "$W/gone"
	why c1
	assert_status 1
	assert_has "$W/out" 'is of class unverified'
	mv "$W/gone" "$W/audit"
	# What failed after its start.
	"$B/tests/integration/keep" "$W/audit" admit CONTAINER_NAME=d1 CONTAINER_ID_FULL=d1 \
		COAMING_OUTCOME=accept COAMING_PROFILE=web COAMING_MODE=enforce >"$W/kept"
	why d1
	assert_status 0
	"$B/tests/integration/keep" "$W/audit" drift CONTAINER_NAME=d1 CONTAINER_ID_FULL=d1 \
		MESSAGE='the root is writable' >"$W/kept"
	why d1
	assert_status 1
	assert_matches "$W/out" '^failed its attestation$'
	assert_has "$W/out" 'the root is writable'
	why
	assert_status 2
	why nobody
	assert_status 2
}

# A container that runs and whose record is gone.
from_its_live_file() {
	profile web '{capabilities: {allow: ["CHOWN"]}}'
	host_config '.exempt = [{labelSelector: {matchLabels: {agent: "yes"}}, reason: "the agent"}]'
	started c1 "$(labelled web)"
	started e1 '.annotations.agent = "yes"'
	rm -rf "$W/audit"
	why c1
	assert_status 0
	assert_has "$W/out" 'the record is gone'
	assert_has "$W/out" 'started, confined'
	why e1
	assert_status 0
	assert_matches "$W/out" '^exempt$'
	assert_matches "$W/out" 'because: the agent$'
	confined delete --force c1
	confined delete --force e1
}

check 'runc: what runs, and what confines it' of_the_runtime runc
check 'crun: what runs, and what confines it' of_the_runtime crun
check 'podman: with a profile, without one, and around coaming' of_podman
check 'why, in plain words' in_plain_words
check 'why, from the live file' from_its_live_file
finish
