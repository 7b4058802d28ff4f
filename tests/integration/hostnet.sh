#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The host's network namespace, and another container's, gets no rule and loses none.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq nft ip busybox "$B/coaming-runtime" "$B/coaming-hook"

# Rules of the host that a mistake would change: another's table, counters, a set.
host_rules() {
	nft -f - <<-'END'
		flush ruleset
		table inet firewalld {
			set s { type ipv4_addr; elements = { 10.1.2.3 } }
			chain input { type filter hook input priority 0; policy accept; tcp dport 22 accept; }
		}
		table ip nat {
			chain postrouting { type nat hook postrouting priority 100; }
		}
	END
	nft -a list ruleset >"$W/rules.before"
}

assert_host_rules() {
	nft -a list ruleset >"$W/rules.after"
	assert_file_is "$W/rules.after" "$W/rules.before"
}

no_netns() {
	sed_netns=$1
	host_rules
	profile p '{network: {ingress: [], egress: []}}'
	bundle c1 "$(labelled p) | $sed_netns" touch /data/started
	run_confined c1
	assert_status 1
	assert_has "$W/err" network
	assert_host_rules
	[ ! -e "$W/bundles/c1/rootfs/data/started" ] || fail "the container ran"
	assert_clean
}

bind_mounted() {
	touch "$W/hostns"
	mount --bind /proc/1/ns/net "$W/hostns"
	no_netns "$(netns_path "$W/hostns")"
}

# The hook alone, on a container that some other door has let in without a netns of its own.
hook_alone() {
	host_rules
	profile p '{network: {ingress: [], egress: []}}'
	bundle c1 "$(labelled p)" sleep 1000
	sleep 1000 &
	echo "{\"ociVersion\": \"1.0.2\", \"id\": \"c1\", \"status\": \"creating\", \"pid\": $!,
		\"bundle\": \"$W/bundles/c1\"}" >"$W/state.json"
	run "$B/coaming-hook" --config "$W/coaming.json" createRuntime <"$W/state.json"
	[ "$status" -ne 0 ] || fail "accepted"
	assert_no_signal
	assert_host_rules
	assert_clean
}

# Another container's netns, which coaming has not set up: rules there would be that other's.
joined_to_anothers() {
	local pid

	host_rules
	bundle other . sleep 1000
	run confined run --detach --pid-file "$W/pid" --bundle "$W/bundles/other" other
	assert_status 0
	pid=$(cat "$W/pid")
	nsenter -n -t "$pid" nft -f - <<-'END'
		table ip mine {
			chain c { type filter hook input priority 0; }
		}
	END
	nsenter -n -t "$pid" nft -a list ruleset >"$W/other.before"
	profile p '{network: {ingress: [], egress: []}}'
	bundle c1 "$(labelled p) | $(netns_path "/proc/$pid/ns/net")" touch /data/started
	run_confined c1
	[ "$status" -ne 0 ] || fail "started" # crun ends with 255 where a hook fails
	nsenter -n -t "$pid" nft -a list ruleset >"$W/other.after"
	assert_file_is "$W/other.after" "$W/other.before"
	assert_host_rules
	[ ! -e "$W/bundles/c1/rootfs/data/started" ] || fail "the container ran"
	confined delete --force other
	assert_clean
}

# A container of ours lets another in; each has a table, and each takes only its own away.
joined_to_ours() {
	local pid

	host_rules
	profile p '{network: {ingress: [], egress: []}}'
	bundle first "$(labelled p)" sleep 1000
	run confined run --detach --pid-file "$W/pid" --bundle "$W/bundles/first" first
	assert_status 0
	pid=$(cat "$W/pid")
	nsenter -n -t "$pid" nft list tables >"$W/tables.before"
	bundle second "$(labelled p) | $(netns_path "/proc/$pid/ns/net")" sleep 1000
	run confined run --detach --bundle "$W/bundles/second" second
	assert_status 0
	assert_eq "$(nsenter -n -t "$pid" nft list tables | grep -c coaming_)" 2 "tables while both run"
	run confined delete --force second
	assert_status 0
	nsenter -n -t "$pid" nft list tables >"$W/tables.after"
	assert_file_is "$W/tables.after" "$W/tables.before"
	assert_host_rules
	run confined delete --force first
	assert_status 0
	assert_clean
}

# Without a network section nothing is asked of the network.
host_network_without_section() {
	host_rules
	profile p '{capabilities: {allow: []}}'
	bundle c1 "$(labelled p) | .linux.namespaces |= map(select(.type != \"network\"))" true
	run_confined c1
	assert_status 0
	assert_host_rules
	assert_clean
}

for RUNTIME in runc crun; do
	check "F46: $RUNTIME, no network namespace in the config" \
		no_netns '.linux.namespaces |= map(select(.type != "network"))'
	check "F46: $RUNTIME, the host's netns by path" no_netns "$(netns_path /proc/1/ns/net)"
	check "F46: $RUNTIME, the host's netns by a bind mount" bind_mounted
	check "$RUNTIME: the hook alone" hook_alone
	check "F48: $RUNTIME, another container's netns without a table of ours" joined_to_anothers
	check "F48: $RUNTIME, a netns of ours, shared" joined_to_ours
	check "$RUNTIME: host network without a network section" host_network_without_section
done
finish
