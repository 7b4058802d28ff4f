#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Data classes: containers whose values of a label differ share nothing, and exchange no packets,
# whatever their profiles say.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq nft ip busybox journalctl "$B/coaming-runtime" "$B/coaming-hook" \
	"$B/coaming-nft" "$B/coaming"
probe=$B/tests/integration/probe

classes() { # [JQ_EDIT]
	host_config ".separate = [\"data-class\"] | ${1:-.}"
}

# class NAME: the annotation; "": none.
class() {
	[ -z "$1" ] || echo "| .annotations[\"io.coaming.data-class\"] = \"$1\""
}

# runs NAME CLASS [JQ_EDIT]: it starts.
runs() {
	attempt "$@"
	assert_status 0
}

attempt() {
	bundle "$1" "${3:-.} $(class "$2")" probe wait
	run confined run --detach --bundle "$W/bundles/$1" "$1"
}

# refused NAME CLASS OTHER WHAT [JQ_EDIT]: it does not, and OTHER is named.
refused() {
	attempt "$1" "$2" "${5:-.}"
	assert_status 1
	assert_has "$W/err" "data classes are kept apart: it $4"
	assert_has "$W/err" "container \"$3\""
	rm -rf "$W/bundles/$1"
	assert_eq "$(confined state "$1" 2>/dev/null)" "" "state of $1"
	[ ! -e "$W/state/peers/$(printf %s "$1" | sha256sum | cut -c 1-64).json" ] || fail "$1 is registered"
}

stop() {
	local name

	for name; do
		run confined delete --force "$name"
		assert_status 0
		rm -rf "$W/bundles/$name"
	done
}

in_namespace() { # TYPE PATH
	echo ".linux.namespaces |= map(if .type == \"$1\" then .path = \"$2\" else . end)"
}

bind() { # SOURCE [OPTIONS]
	echo ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$1\", options: [\"bind\", \"${2:-rw}\"]}]"
}

# --- what would be shared ------------------------------------------------------------------------

namespaces() {
	local pid

	classes
	runs db pci
	pid=$(confined state db | jq .pid)
	refused web ehr db 'shares the network namespace' "$(in_namespace network "/proc/$pid/ns/net")"
	refused web '' db 'shares the network namespace' "$(in_namespace network "/proc/$pid/ns/net")"
	refused web ehr db 'shares the IPC namespace' "$(in_namespace ipc "/proc/$pid/ns/ipc")"
	refused web ehr db 'sees, or lets see, the processes of' "$(in_namespace pid "/proc/$pid/ns/pid")"
	refused web ehr db 'sees, or lets see, the processes of' '.linux.namespaces |= map(select(.type != "pid"))'
	runs mate pci "$(in_namespace network "/proc/$pid/ns/net") | $(in_namespace ipc "/proc/$pid/ns/ipc")"
	stop mate db
	# One that sees all processes keeps another class from starting.
	runs all '' '.linux.namespaces |= map(select(.type != "pid"))'
	refused db pci all 'sees, or lets see, the processes of'
	runs web ''
	stop all web
	assert_clean
}

volumes() {
	local pid

	classes ".separateIgnores = [\"$W/shared\"]"
	mkdir -p "$W/vol/pci/data" "$W/vol/pci/logs" "$W/vol/ehr" "$W/alias" "$W/shared"
	mkdir "$W/shared/zone"
	mount --bind "$W/vol/pci" "$W/alias"
	ln -s "$W/vol/pci/data" "$W/link"
	runs db pci "$(bind "$W/vol/pci/data")"
	refused web ehr db 'mounts' "$(bind "$W/vol/pci/data")"
	refused web ehr db 'mounts' "$(bind "$W/vol/pci/data" ro)"
	refused web '' db 'mounts' "$(bind "$W/vol")"
	refused web ehr db 'mounts' "$(bind "$W/link")"
	refused web ehr db 'mounts' "$(bind "$W/alias/data")"
	refused web ehr db 'mounts' "$(bind "$W/alias")"
	refused web ehr db 'mounts' "$(bind /)"
	mkdir -p "$W/vol/pci/data/inner"
	refused web ehr db 'mounts' "$(bind "$W/vol/pci/data/inner")"
	refused web ehr db 'mounts' "$(bind "$W/bundles/db/rootfs/data")"
	runs web ehr "$(bind "$W/vol/ehr")"
	runs logs ehr "$(bind "$W/vol/pci/logs")"
	stop web logs
	runs mate pci "$(bind "$W/vol/pci/data")"
	stop mate db
	runs db pci "$(bind "$W/shared/zone" ro)"
	runs web ehr "$(bind "$W/shared/zone" ro)"
	stop web
	# What has ended holds nothing.
	pid=$(confined state db | jq .pid)
	kill -KILL "$pid"
	wait_for 5 'its end' sh -c "! kill -0 $pid"
	runs web ehr "$(bind "$W/bundles/db/rootfs/data")"
	stop web
	stop db
	umount "$W/alias"
	assert_clean
}

# Another key, with a dot: taken as it is; an image's own label is no class.
keys() {
	classes '.separate = ["data-class", "example.com/realm"]'
	mkdir -p "$W/vol"
	runs db pci "$(bind "$W/vol") | .annotations[\"example.com/realm\"] = \"a\""
	refused web pci db 'mounts' "$(bind "$W/vol") | .annotations[\"example.com/realm\"] = \"b\""
	assert_has "$W/err" 'example.com/realm='
	runs mate pci "$(bind "$W/vol") | .annotations[\"example.com/realm\"] = \"a\""
	stop mate db
	assert_clean
}

exempt_is_in_none() {
	classes '.exempt = [{labelSelector: {matchLabels: {role: "backup"}}, reason: "nightly backup"}]'
	mkdir -p "$W/vol"
	runs db pci "$(bind "$W/vol")"
	runs backup '' "$(bind "$W/vol") | .annotations.role = \"backup\""
	stop backup db
	assert_clean
}

host_in_audit() {
	classes '.mode = "audit"'
	mkdir -p "$W/vol"
	runs db pci "$(bind "$W/vol")"
	runs web ehr "$(bind "$W/vol")"
	coaming log --json >"$W/log.json"
	jq -es 'any(.[]; .CONTAINER_NAME == "web" and .COAMING_OUTCOME == "would-refuse"
		and (.COAMING_REASON | test("data classes are kept apart: it mounts")))' "$W/log.json"
	stop db web
	assert_clean
}

# Neither has seen the other when it is admitted: createRuntime refuses one of them, or both.
at_once() {
	local round both=0 one=0

	classes
	mkdir -p "$W/vol"
	for round in $(seq 25); do
		bundle db "$(bind "$W/vol") $(class pci)" probe wait
		bundle web "$(bind "$W/vol") $(class ehr)" probe wait
		confined run --detach --bundle "$W/bundles/db" db >"$W/db.log" 2>&1 &
		local first=$!
		confined run --detach --bundle "$W/bundles/web" web >"$W/web.log" 2>&1 &
		local second=$! a=0 b=0
		wait "$first" || a=$?
		wait "$second" || b=$?
		[ "$a" -ne 0 ] || [ "$b" -ne 0 ] || fail "both run, round $round"
		if [ "$a" -ne 0 ] && [ "$b" -ne 0 ]; then both=$((both + 1)); else one=$((one + 1)); fi
		confined delete --force db 2>/dev/null || true
		confined delete --force web 2>/dev/null || true
		rm -rf "$W/bundles/db" "$W/bundles/web"
	done
	echo "one refused $one times, both $both times"
	run coaming gc
	assert_eq "$(ls "$W/state/peers")" "" "the registry"
	assert_clean
}

# --- packets -------------------------------------------------------------------------------------

answers() { # NETNS ADDRESS PORT
	ip netns exec "$1" "$probe" tcp "$2" "$3" | grep -q ': ok'
}

# All in both directions, with profiles that let all through and without any.
packets() {
	local order profile address

	journal_start
	bridge
	for n in 2 3 4 5; do net "n$n" "$n"; done
	profile open '{network: {ingress: [{}], egress: [{}]}}'
	for profile in '' 'open'; do
		classes "$([ -z "$profile" ] && echo . || echo '.floor = ["open"]')"
		for order in 'db web' 'web db'; do
			for name in $order; do
				case $name in
				db) runs_serving db pci n2 ;;
				web) runs_serving web ehr n3 ;;
				esac
			done
			runs_serving mate pci n4
			runs_serving plain '' n5
			wait_for 5 'db to listen' answers n4 10.7.0.2 5000
			for address in 10.7.0 fd07:; do
				answers n4 "$address$(sep "$address")2" 5000 || fail "not within the class: $address"
				! answers n3 "$address$(sep "$address")2" 5000 || fail "ehr to pci, $address"
				! answers n2 "$address$(sep "$address")3" 5000 || fail "pci to ehr, $address"
				! answers n5 "$address$(sep "$address")2" 5000 || fail "none to pci, $address"
				! answers n2 "$address$(sep "$address")5" 5000 || fail "pci to none, $address"
			done
			! ip netns exec n3 busybox ping -c 1 -W 1 10.7.0.2 || fail "ehr pings pci"
			ip netns exec n4 busybox ping -c 1 -W 1 10.7.0.2
			run coaming reconcile --dry-run
			assert_status 0
			run coaming attest --all
			assert_status 0
			[ "$(grep -c match "$W/out")" -ge 4 ] || fail "not all are attested"
			stop db web mate plain
		done
	done
	journal CONTAINER_NAME=web COAMING_EVENT=stop >"$W/j"
	assert_json "$W/j" '[.COAMING_REFUSED_FLOW] | flatten | any(test("egress tcp 10.7.0.2 5000 "))'
	assert_clean
}

sep() { case $1 in *:) echo : ;; *) echo . ;; esac; }

runs_serving() { # NAME CLASS NETNS [JQ_EDIT]
	bundle "$1" "$(netns_path "/run/netns/$3") $(class "$2") ${4:-}" probe serve 5000 -- wait
	run confined run --detach --bundle "$W/bundles/$1" "$1"
	assert_status 0
}

hosts_network() {
	classes
	attempt web pci '.linux.namespaces |= map(select(.type != "network"))'
	[ "$status" -ne 0 ] || fail "started"
	assert_matches "$W/err" "in the host's network.*on this host data classes are kept apart"
}

# --- what a profile keeps apart ------------------------------------------------------------------

# vaults [JQ_EDIT_OF_VAULT]: the host keeps nothing apart, and profile vault does; plain does not.
vaults() {
	host_config '.floor = ["plain"]'
	profile plain '{limits: {pids: 100}}'
	profile vault "{separate: [\"data-class\"], match: {labelSelector: {matchLabels: {vault: \"yes\"}}}} ${1:-}"
}

vault='| .annotations.vault = "yes"'

# refused_by PROFILE NAME CLASS OTHER WHAT [JQ_EDIT]: at createRuntime, whose words runtimes bend.
refused_by() {
	attempt "$2" "$3" "${6:-.}"
	assert_status 1
	coaming log --json --event deny >"$W/log.json"
	jq -s 'last | .CONTAINER_NAME + ": " + .COAMING_REASON' "$W/log.json" >"$W/why"
	assert_matches "$W/why" "^\"$2: .*profile $1: data classes are kept apart: it $5.*container .*$4"
	rm -rf "$W/bundles/$2"
	[ ! -e "$W/state/peers/$(printf %s "$2" | sha256sum | cut -c 1-64).json" ] || fail "$2 is registered"
}

# In both orders, only where one of the two is under the profile, which the refusal names.
by_profile() {
	local pid no_pidns='.linux.namespaces |= map(select(.type != "pid"))'

	vaults
	mkdir -p "$W/vol/pci"
	runs db pci "$(bind "$W/vol/pci") $vault"
	pid=$(confined state db | jq .pid)
	refused_by vault web ehr db 'shares the network namespace' "$(in_namespace network "/proc/$pid/ns/net")"
	refused_by vault web ehr db 'shares the IPC namespace' "$(in_namespace ipc "/proc/$pid/ns/ipc")"
	refused_by vault web '' db 'mounts' "$(bind "$W/vol")"
	refused_by vault web ehr db 'sees, or lets see, the processes of' "$no_pidns"
	refused web ehr db 'mounts' "$(bind "$W/vol/pci") $vault"
	assert_has "$W/err" 'profile vault: data classes are kept apart'
	runs mate pci "$(bind "$W/vol/pci")"
	runs web ehr
	run coaming reconcile --dry-run
	assert_status 0
	stop mate web db
	runs web ehr "$(bind "$W/vol/pci")"
	refused db pci web 'mounts' "$(bind "$W/vol/pci") $vault"
	assert_has "$W/err" 'profile vault: data classes are kept apart'
	runs other '' "$(bind "$W/vol/pci")" # neither is under it
	stop web other
	assert_clean
}

# What cannot be read may be of any class: where somebody is kept apart, nobody else starts.
damaged_by_profile() {
	vaults
	runs db pci ". $vault"
	echo '{' >"$W/state/peers/$(printf %064d 0).json"
	attempt web ehr
	assert_status 1
	coaming log --json --event deny >"$W/log.json"
	assert_has "$W/log.json" 'whose data class is not known cannot be kept apart'
	rm -rf "$W/bundles/web" "$W/state/peers/$(printf %064d 0).json"
	# Nor who cannot be registered: db's rules would not know its address.
	mkdir "$W/state/peers/$(printf web | sha256sum | cut -c 1-64).json"
	attempt web ehr
	[ "$status" -ne 0 ] || fail "started"
	rm -rf "$W/bundles/web"
	rmdir "$W/state/peers/$(printf web | sha256sum | cut -c 1-64).json"
	stop db
	echo '{' >"$W/state/peers/$(printf %064d 0).json"
	runs web ehr # nobody is known to be kept apart
	stop web
	run coaming reconcile
	assert_status 0
	assert_clean
}

# Neither has seen the other when it is admitted.
at_once_by_profile() {
	local round first second a b

	vaults
	mkdir -p "$W/vol"
	for round in $(seq 10); do
		bundle db "$(bind "$W/vol") $vault $(class pci)" probe wait
		bundle web "$(bind "$W/vol") $(class ehr)" probe wait
		a=0 b=0
		confined run --detach --bundle "$W/bundles/db" db >"$W/db.log" 2>&1 &
		first=$!
		confined run --detach --bundle "$W/bundles/web" web >"$W/web.log" 2>&1 &
		second=$!
		wait "$first" || a=$?
		wait "$second" || b=$?
		[ "$a" -ne 0 ] || [ "$b" -ne 0 ] || fail "both run, round $round"
		confined delete --force db 2>/dev/null || true
		confined delete --force web 2>/dev/null || true
		rm -rf "$W/bundles/db" "$W/bundles/web"
	done
	run coaming gc
	assert_clean
}

in_hosts_network() {
	vaults
	attempt db pci ". $vault | .linux.namespaces |= map(select(.type != \"network\"))"
	[ "$status" -ne 0 ] || fail "started"
	assert_matches "$W/err" "vault: its traffic must be filtered, but it runs in the host's network"
}

# What an audited profile would refuse is told; another's that is enforced counts all the same.
profile_in_audit() {
	vaults '+ {mode: "audit"}'
	mkdir -p "$W/vol"
	runs web ehr "$(bind "$W/vol")"
	runs db pci "$(bind "$W/vol") $vault"
	coaming log --json >"$W/log.json"
	jq -es 'any(.[]; .CONTAINER_NAME == "db" and .COAMING_OUTCOME == "would-refuse"
		and (.COAMING_REASON | test("^profile vault: data classes are kept apart: it mounts")))' "$W/log.json"
	stop web db
	profile strict '{separate: ["data-class"], match: {labelSelector: {matchLabels: {strict: "yes"}}}}'
	runs db pci "$(bind "$W/vol") | .annotations.strict = \"yes\""
	refused_by strict web ehr db 'mounts' "$(bind "$W/vol") $vault"
	stop db
	assert_clean
}

# The rules of the one that is under the profile keep it from those that are not, and them from it.
packets_by_profile() {
	local order address

	vaults
	bridge
	for n in 2 3 4 5; do net "n$n" "$n"; done
	for order in 'db web' 'web db'; do
		for name in $order; do
			case $name in
			db) runs_serving db pci n2 "$vault" ;;
			web) runs_serving web ehr n3 ;;
			esac
		done
		runs_serving mate pci n4
		runs_serving plain '' n5
		wait_for 5 'db to listen' answers n4 10.7.0.2 5000
		wait_for 5 'web to listen' answers n5 10.7.0.3 5000
		for address in 10.7.0 fd07:; do
			answers n4 "$address$(sep "$address")2" 5000 || fail "not within the class: $address"
			! answers n3 "$address$(sep "$address")2" 5000 || fail "ehr to pci, $address"
			! answers n2 "$address$(sep "$address")3" 5000 || fail "pci to ehr, $address"
			! answers n5 "$address$(sep "$address")2" 5000 || fail "none to pci, $address"
			! answers n2 "$address$(sep "$address")5" 5000 || fail "pci to none, $address"
			answers n5 "$address$(sep "$address")3" 5000 || fail "none to ehr, $address"
		done
		run coaming reconcile --dry-run
		assert_status 0
		run coaming attest --all
		assert_status 0
		stop db web mate plain
	done
	assert_clean
}

# --- what is told --------------------------------------------------------------------------------

evidence() {
	journal_start
	classes
	mkdir -p "$W/vol"
	runs db pci "$(bind "$W/vol")"
	refused web ehr db 'mounts' "$(bind "$W/vol")"
	assert_has "$W/err" 'io.coaming.data-class='
	assert_has "$W/err" 'give it a volume of its own'
	journal CONTAINER_NAME=web COAMING_EVENT=deny >"$W/j"
	assert_json "$W/j" '.COAMING_REASON | test("^host: data classes are kept apart: it mounts .*container .db.")'
	assert_json "$W/j" '.COAMING_CHANGE | any(test("^refusal: separate: data classes"))'
	run coaming why web
	assert_has "$W/out" 'data classes are kept apart'
	run coaming log --event deny
	assert_has "$W/out" 'data classes are kept apart'
	run coaming report
	assert_has "$W/out" '1 refused'
	stop db
	assert_clean
}

# The other door: podman's precreate hook.
precreate() {
	classes
	mkdir -p "$W/vol"
	runs db pci "$(bind "$W/vol")"
	bundle web "$(bind "$W/vol") $(class ehr)" true
	run "$B/coaming-hook" --config "$W/coaming.json" precreate <"$W/bundles/web/config.json"
	assert_status 0
	assert_json "$W/out" '.annotations["io.coaming.refused"] | test("data classes are kept apart")'
	stop db
}

# Of whom the class cannot be read, nobody can be kept apart.
damaged() {
	classes
	runs db pci
	echo '{' >"$W/state/peers/$(printf %064d 0).json"
	attempt web ehr
	[ "$status" -ne 0 ] || fail "started"
	assert_has "$W/err" 'run coaming reconcile'
	rm -rf "$W/bundles/web"
	run coaming reconcile
	assert_status 0
	runs web ehr
	stop web db
	assert_clean
}

# Pods and named volumes as podman makes them. What holds a pod's namespaces is of no class.
podmans() {
	classes
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	podman_setup
	run podman --runtime coaming-runtime pod create --name pod --infra-image localhost/busybox \
		--infra-command '/bin/probe wait'
	run podman --runtime coaming-runtime run -d --name db --pod pod --label io.coaming.data-class=pci \
		-v stored:/data busybox probe serve 5000 -- wait
	assert_status 0
	run podman --runtime coaming-runtime run -d --name odd --pod pod --label io.coaming.data-class=ehr \
		busybox probe wait
	[ "$status" -ne 0 ] || fail "started"
	assert_matches "$W/err" 'it is in the same pod as container .*db'
	run podman --runtime coaming-runtime run -d --name odd2 --label io.coaming.data-class=ehr \
		-v stored:/data:ro busybox probe wait
	[ "$status" -ne 0 ] || fail "started"
	assert_matches "$W/err" 'mounts .*/stored/_data.* a volume of container .*db'
	run podman --runtime coaming-runtime run -d --name mate --label io.coaming.data-class=pci \
		-v stored:/data busybox probe wait
	assert_status 0
	run podman --runtime coaming-runtime run -d --name odd3 --label io.coaming.data-class=ehr \
		--network container:mate busybox probe wait
	[ "$status" -ne 0 ] || fail "started"
	assert_matches "$W/err" 'it shares the network namespace of container .*mate'
	address=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' "$(podman ps -aq --filter name=infra)")
	run podman --runtime coaming-runtime exec mate probe tcp "$address" 5000
	assert_has "$W/out" "tcp $address 5000: ok"
	run podman --runtime coaming-runtime run --rm --name web --label io.coaming.data-class=ehr \
		busybox probe tcp "$address" 5000
	assert_matches "$W/out" "tcp $address 5000: E"
	podman --runtime coaming-runtime rm -f odd2 odd3
	podman --runtime coaming-runtime pod rm -f -t 0 pod
	podman --runtime coaming-runtime rm -f -t 0 -a
	assert_clean
}

for RUNTIME in runc crun; do
	check "$RUNTIME: network, IPC and process namespaces" namespaces
	check "$RUNTIME: volumes, by any name" volumes
	check "$RUNTIME: two classes at once on one volume" at_once
	check "$RUNTIME: no packets" packets
	check "$RUNTIME: what a profile keeps apart" by_profile
	check "$RUNTIME: at once, one of them under a profile" at_once_by_profile
	check "$RUNTIME: no packets to and from what a profile keeps apart" packets_by_profile
done
RUNTIME=crun
check "podman's pods and volumes" podmans
check 'several keys' keys
check 'what is exempt is in no class' exempt_is_in_none
check 'a host in audit mode keeps nothing apart' host_in_audit
check 'a profile in audit mode, and one that is not' profile_in_audit
check "the host's network" hosts_network
check "the host's network, and a profile" in_hosts_network
check 'a damaged registry, and a profile' damaged_by_profile
check 'a refusal is recorded, and told with its reason and remedy' evidence
check 'the precreate hook refuses too' precreate
check 'a damaged registry' damaged
finish
