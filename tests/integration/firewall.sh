#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The firewall in the container's network namespace: what it lets through, what it counts, and its
# faults. Plain TCP and UDP in both directions are in runtime.sh, the host's namespace in hostnet.sh.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq nft ip strace busybox journalctl "$B/coaming-runtime" "$B/coaming-hook" \
	"$B/coaming-nft"
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

# attempts FILE_OF_ANSWERS: wait until the container has made them all ("mkdir /tmp/done").
attempts() {
	wait_for 20 "the container's attempts" test -d "$W/bundles/c1/rootfs/tmp/done"
	cat "$W/out"
}

in_netns() {
	ip netns exec "c$seq" "$@"
}

# --- what passes ---------------------------------------------------------------------------------

sctp() {
	local address

	journal_start
	veth
	start '{network: {
		ingress: [{ports: [{protocol: "SCTP", port: 3868}, {protocol: "TCP", port: 3870}]}],
		egress: [{ports: [{protocol: "SCTP", port: 3869}]}]}}' sleep 1000
	in_netns "$probe" sctp-serve >"$W/inside" &
	"$probe" sctp-serve >"$W/outside" &
	wait_for 5 'both to listen' grep -q serve "$W/inside"
	wait_for 5 'both to listen' grep -q serve "$W/outside"
	for address in 10.9.0.2 fd09::2; do
		"$probe" sctp "$address" 3868 -- sctp "$address" 3870 -- sctp "$address" 3871
	done
	for address in 10.9.0.1 fd09::1; do
		in_netns "$probe" sctp "$address" 3869 -- sctp "$address" 3871
	done
	wait_for 5 'IPv6 outside' grep -q 'got IPv6' "$W/outside"
	wait_for 5 'IPv6 inside' grep -q 'got IPv6' "$W/inside"
	sleep 0.2
	assert_eq "$(grep got "$W/inside" | sort | tr '\n' ';')" 'got IPv4 3868;got IPv6 3868;' inside
	assert_eq "$(grep got "$W/outside" | sort | tr '\n' ';')" 'got IPv4 3869;got IPv6 3869;' outside
	stop
	journal CONTAINER_NAME=c1 COAMING_EVENT=stop >"$W/j"
	assert_json "$W/j" '[.COAMING_REFUSED_FLOW] | flatten |
		any(test("^ingress sctp 10.9.0.1 3871 ")) and any(test("^egress sctp fd09::1 3871 "))'
}

# The ends of a range, and a block with a hole.
ranges_and_holes() {
	local port

	veth
	ip addr add 10.9.0.200/24 dev "v$seq"
	ip addr add fd09::1:5/64 dev "v$seq" nodad
	for port in 8099 8100 8105 8106; do "$probe" serve $port; done
	start '{network: {
		ingress: [{ports: [{port: 8100, endPort: 8105}]}],
		egress: [{ports: [{port: 8100, endPort: 8105}], to: [
			{ipBlock: {cidr: "10.9.0.0/24", except: ["10.9.0.128/25"]}},
			{ipBlock: {cidr: "fd09::/64", except: ["fd09::1:0/112"]}}]}]}}' \
		probe serve 8099 -- serve 8100 -- serve 8105 -- serve 8106 \
		-- tcp 10.9.0.1 8099 -- tcp 10.9.0.1 8100 -- tcp 10.9.0.1 8105 -- tcp 10.9.0.1 8106 \
		-- tcp 10.9.0.200 8100 -- tcp fd09::1 8100 -- tcp fd09::1:5 8100 -- tcp 10.9.0.1 8100 \
		-- mkdir /tmp/done -- wait
	attempts
	assert_has "$W/out" 'tcp 10.9.0.1 8100: ok'
	assert_has "$W/out" 'tcp 10.9.0.1 8105: ok'
	assert_has "$W/out" 'tcp fd09::1 8100: ok'
	for port in 'tcp 10.9.0.1 8099' 'tcp 10.9.0.1 8106' 'tcp 10.9.0.200 8100' 'tcp fd09::1:5 8100'; do
		assert_matches "$W/out" "^$port: E"
	done
	"$probe" tcp 10.9.0.2 8099 -- tcp 10.9.0.2 8100 -- tcp fd09::2 8105 -- tcp fd09::2 8106 >"$W/seen"
	assert_matches "$W/seen" '^tcp 10.9.0.2 8099: E'
	assert_has "$W/seen" 'tcp 10.9.0.2 8100: ok'
	assert_has "$W/seen" 'tcp fd09::2 8105: ok'
	assert_matches "$W/seen" '^tcp fd09::2 8106: E'
	stop
	assert_clean
}

# What a direction does not constrain passes; with two profiles both must let it pass.
one_direction_and_two_profiles() {
	veth
	"$probe" serve 9090
	"$probe" serve 9091
	profile q '{network: {egress: [{ports: [{port: 9090}]}]}}'
	start '{network: {egress: [{ports: [{port: 9090}, {port: 9091}]}]}}' \
		probe serve 8080 -- tcp 10.9.0.1 9090 -- tcp 10.9.0.1 9091 -- mkdir /tmp/done -- wait
	attempts
	assert_has "$W/out" 'tcp 10.9.0.1 9091: ok'
	"$probe" tcp 10.9.0.2 8080 >"$W/seen"
	assert_has "$W/seen" 'tcp 10.9.0.2 8080: ok'
	stop
	rm -r "$W/bundles/c1"
	bundle c1 "$(labelled p,q) | $(netns_path "/run/netns/c$seq")" \
		probe tcp 10.9.0.1 9090 -- tcp 10.9.0.1 9091
	run_confined c1
	assert_has "$W/out" 'tcp 10.9.0.1 9090: ok'
	assert_matches "$W/out" '^tcp 10.9.0.1 9091: E'
}

# ask_inside WORD: the container's port 8080 over both families, by who the host is in its sets.
ask_inside() {
	"$probe" tcp 10.9.0.2 8080 -- tcp fd09::2 8080 >"$W/seen"
	case $1 in
	refused)
		assert_matches "$W/seen" '^tcp 10.9.0.2 8080: E'
		assert_matches "$W/seen" '^tcp fd09::2 8080: E'
		;;
	*)
		assert_has "$W/seen" 'tcp 10.9.0.2 8080: ok'
		assert_has "$W/seen" 'tcp fd09::2 8080: ok'
		;;
	esac
}

elements() { # add|delete SET
	local table

	table=$(in_netns nft list tables inet | cut -d ' ' -f 3)
	in_netns nft "$1 element inet $table ${2}4 { 10.9.0.1 }; $1 element inet $table ${2}6 { fd09::1 }"
}

# Who is in the sets is let in from then on, in a zone too, and never one of another class.
segments() {
	# By sha256sum: of {"labelSelector":{"matchExpressions":[{"key":"tier",...}]}}, of the key.
	local web=peer-42cf9913e692dcfa class=apart-7e036cd82a8dc98d

	veth
	ip addr add 10.9.0.200/24 dev "v$seq"
	ip addr add fd09::1:5/64 dev "v$seq" nodad
	"$probe" serve 8100
	host_config '. + {zones: {far: ["10.9.0.128/25", "10.9.0.192/26", "fd09::1:0/112"]},
		separate: ["data-class"]}'
	start '{network: {
		ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}}], ports: [{port: 8080}]}],
		egress: [{to: [{zone: "far"}, {labelSelector: {matchLabels: {tier: "web"}}}]}]}}' \
		probe serve 8080 -- tcp 10.9.0.1 8100 -- tcp 10.9.0.200 8100 -- tcp fd09::1 8100 \
		-- tcp fd09::1:5 8100 -- mkdir /tmp/done -- wait
	attempts
	assert_matches "$W/out" '^tcp 10.9.0.1 8100: E'
	assert_matches "$W/out" '^tcp fd09::1 8100: E'
	assert_has "$W/out" 'tcp 10.9.0.200 8100: ok'
	assert_has "$W/out" 'tcp fd09::1:5 8100: ok'
	ip addr del fd09::1:5/64 dev "v$seq" # which would be the host's own end
	ask_inside refused
	elements add $web
	ask_inside ok
	elements add $class
	ask_inside refused
	elements delete $class
	ask_inside ok
	elements delete $web
	ask_inside refused
	in_netns nft list ruleset >"$W/rules"
	assert_matches "$W/rules" '10.9.0.1 . tcp . 8080 counter packets'
	stop
	assert_clean
}

# Packets that a bridge or a second interface would send through the namespace.
nothing_is_forwarded() {
	veth
	ip netns add "d$seq"
	ip -n "c$seq" link add d0 type veth peer name eth0 netns "d$seq"
	ip -n "c$seq" addr add 10.8.0.1/24 dev d0
	ip -n "c$seq" link set d0 up
	ip -n "d$seq" addr add 10.8.0.2/24 dev eth0
	ip -n "d$seq" link set eth0 up
	ip -n "d$seq" route add default via 10.8.0.1
	ip route add 10.8.0.0/24 via 10.9.0.2
	in_netns sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	ip netns exec "d$seq" "$probe" serve 8080
	"$probe" tcp 10.8.0.2 8080 | tee "$W/seen"
	assert_has "$W/seen" 'tcp 10.8.0.2 8080: ok'
	start '{network: {ingress: [{ports: [{port: 8080}]}]}}' sleep 1000
	"$probe" tcp 10.8.0.2 8080 | tee "$W/seen"
	assert_matches "$W/seen" '^tcp 10.8.0.2 8080: E'
	stop
}

# A thousand and more different flows: the set is full, the counter goes on, nothing breaks.
flood() {
	journal_start
	veth
	start '{network: {ingress: [{ports: [{port: 80}]}]}}' probe serve 80 -- mkdir /tmp/done -- wait
	attempts
	"$probe" flood 10.9.0.2 1000 3999
	"$probe" flood fd09::2 1000 1009
	"$probe" tcp 10.9.0.2 80 | tee "$W/seen"
	assert_has "$W/seen" 'tcp 10.9.0.2 80: ok'
	stop
	journal CONTAINER_NAME=c1 COAMING_EVENT=stop >"$W/j"
	assert_json "$W/j" '(.COAMING_REFUSED_PACKETS | tonumber) >= 3010 and .COAMING_FLOWS_OMITTED == "1"
		and ([.COAMING_REFUSED_FLOW] | flatten | length) == 256'
	assert_clean
}

# --- faults --------------------------------------------------------------------------------------

filtered='{network: {ingress: [{ports: [{port: 8080}]}], egress: []}}'

# F47: the path leads here and there while containers start. Where one ends up in the host's
# namespace it is refused before it runs, and the host's rules stay.
path_swapped() {
	local swapper started=0 host

	host=$(readlink /proc/self/ns/net)
	nft add table inet mine
	nft list ruleset >"$W/before"
	ip netns add "c$seq"
	ln -s "/run/netns/c$seq" "$W/netns"
	(
		while :; do
			ln -sfn /proc/self/ns/net "$W/netns.new" && mv -T "$W/netns.new" "$W/netns"
			ln -sfn "/run/netns/c$seq" "$W/netns.new" && mv -T "$W/netns.new" "$W/netns"
		done
	) &
	swapper=$!
	profile p '{network: {ingress: [], egress: []}}'
	for _ in $(seq 150); do
		rm -rf "$W/bundles/c1"
		bundle c1 "$(labelled p) | $(netns_path "$W/netns")" probe netns
		run_confined c1 >/dev/null
		assert_has_not "$W/out" "$host"
		[ "$status" -ne 0 ] || started=$((started + 1))
		assert_eq "$(nft list ruleset)" "$(cat "$W/before")" "the host's rules"
	done
	kill "$swapper"
	echo "$started of 150 started"
	"$B/coaming" --config "$W/coaming.json" gc
}

# F49: the last line is wrong: nothing of it is there, and what was there stays.
last_rule_wrong() {
	local table

	hook_setup "$filtered"
	table=coaming_$(printf c1 | sha256sum | cut -c 1-64)
	"$B/coaming" --config "$W/coaming.json" explain --bundle "$W/bundles/c1" --json >"$W/x"
	jq -r .ruleset "$W/x" | sed "s/coaming_[0-9a-f]*/$table/; s/^}\$//" >"$W/rules"
	printf '\tchain last {\n\t\tjump nowhere\n\t}\n}\n' >>"$W/rules"
	run "$B/coaming-nft" apply "$table" 3<"/proc/$target/ns/net" <"$W/rules"
	[ "$status" -ne 0 ] || fail "applied"
	assert_eq "$(rules)" "" "rules"
	hook createRuntime
	assert_status 0
	rules >"$W/before"
	run "$B/coaming-nft" apply "$table" 3<"/proc/$target/ns/net" <"$W/rules"
	[ "$status" -ne 0 ] || fail "applied"
	rules >"$W/after"
	assert_file_is "$W/after" "$W/before"
}

# F50: each message to and from the kernel fails in turn. All of the rules, or a refusal and none.
netlink_fails() {
	local call error n refused=0

	hook_setup "$filtered"
	hook createRuntime
	rules >"$W/whole"
	hook poststop
	nsenter -n -t "$target" nft flush ruleset
	for call in sendto sendmsg recvmsg recvfrom; do
		for error in ENOBUFS EINTR ENOMEM; do
			for n in 1 2 3 4 5 6; do
				hook createRuntime strace -f -o /dev/null -e "inject=$call:error=$error:when=$n"
				assert_no_signal
				rules >"$W/seen"
				if [ "$status" -eq 0 ]; then
					assert_file_is "$W/seen" "$W/whole"
				else
					# All of them where the call that takes them back fails too.
					[ ! -s "$W/seen" ] || cmp -s "$W/seen" "$W/whole" ||
						fail "half of the rules: $call $n $error"
					refused=$((refused + 1))
				fi
				hook poststop >/dev/null
				nsenter -n -t "$target" nft flush ruleset
				run confined create --bundle "$W/bundles/c1" c1 >/dev/null
			done
		done
	done
	echo "$refused refused"
	[ "$refused" -gt 3 ] || fail "nothing failed"
}

# F51: no nf_tables in the kernel.
no_nf_tables() {
	hook_setup "$filtered"
	hook createRuntime strace -f -o /dev/null -e inject=socket:error=EPROTONOSUPPORT
	assert_status 111
	assert_matches "$W/err" 'nftables|Protocol not supported'
	assert_eq "$(wc -l <"$W/err")" 1 "lines on stderr"
	assert_eq "$(rules)" "" "rules"
	assert_eq "$(find "$W/state/netns" -type f 2>/dev/null)" "" "pins"
}

# F52: another's tables, such as Docker's for its name server.
tables_of_others() {
	hook_setup "$filtered"
	nsenter -n -t "$target" nft -f - <<-'END'
		table ip nat {
			chain DOCKER_OUTPUT {
				ip daddr 127.0.0.11 tcp dport 53 counter dnat to 127.0.0.11:41000
			}
			chain OUTPUT {
				type nat hook output priority -100; policy accept;
				ip daddr 127.0.0.11 counter jump DOCKER_OUTPUT
			}
		}
		table inet coaming_imposter {
			set s { type ipv4_addr; elements = { 10.1.2.3 }
			}
		}
	END
	rules >"$W/before"
	hook createRuntime
	assert_status 0
	nsenter -n -t "$target" nft list table ip nat >"$W/during"
	nsenter -n -t "$target" nft list table inet coaming_imposter >>"$W/during"
	assert_file_is "$W/during" "$W/before"
	hook poststop
	assert_status 0
	rules >"$W/after"
	assert_file_is "$W/after" "$W/before"
}

# F53: twice is once.
twice() {
	hook_setup "$filtered"
	hook createRuntime
	assert_status 0
	rules >"$W/once"
	hook createRuntime
	assert_status 0
	rules >"$W/two"
	assert_file_is "$W/two" "$W/once"
	hook poststop
	hook poststop
	assert_status 0
	assert_clean
}

# F54: who could take the rules away, or go around them, may not. Granted or not.
network_capabilities() {
	profile p '{capabilities: {allow: ["NET_ADMIN", "NET_RAW", "CHOWN"]}, network: {ingress: []}}'
	bundle c1 "$(labelled p) | (.process.capabilities | .bounding, .effective, .permitted) |=
		[\"CAP_NET_ADMIN\", \"CAP_NET_RAW\", \"CAP_CHOWN\"]" probe status -- raw -- packet
	run_confined c1
	assert_status 0
	for set in CapBnd CapEff CapPrm; do
		assert_eq "$(field "$W/out" "$set")" "$(cap_mask CHOWN)" "$set"
	done
	assert_has "$W/out" 'packet: EPERM'
}

answers() { # PORT
	"$probe" tcp 10.9.0.2 "$1" | grep ': ok'
}

# Killed between two mounts, a hook leaves the pins' mount shared; the next makes it private.
pins_left_shared() {
	local pins=$W/state/netns

	mkdir -m 0700 "$W/state"
	mount --bind "$W/state" "$W/state"
	mount --make-shared "$W/state"
	mkdir -m 0700 "$pins"
	mount --bind "$pins" "$pins"
	assert_eq "$(findmnt -no PROPAGATION "$pins")" shared "before"
	ip netns add "c$seq"
	start '{network: {ingress: []}}' probe wait
	assert_eq "$(findmnt -no PROPAGATION "$pins")" private "after"
	stop
	umount "$pins"
	umount "$W/state"
}

# F55: the interface comes when the rules are there already.
late_interface() {
	ip netns add "c$seq"
	start '{network: {ingress: [{ports: [{port: 8080}]}]}}' probe serve 8080 -- serve 8081 \
		-- mkdir /tmp/done -- wait
	attempts
	ip netns delete "c$seq" # the name alone; the container holds the namespace
	ip link add "v$seq" type veth peer name eth0 netns "$(confined state c1 | jq .pid)"
	ip addr add 10.9.0.1/24 dev "v$seq"
	ip link set "v$seq" up
	nsenter -n -t "$(confined state c1 | jq .pid)" sh -c \
		'ip addr add 10.9.0.2/24 dev eth0 && ip link set eth0 up'
	wait_for 5 'the open port over the new interface' answers 8080
	! answers 8081 || fail "the closed port answers"
	stop
	assert_clean
}

for RUNTIME in runc crun; do
	check "$RUNTIME: SCTP, IPv4 and IPv6, in and out" sctp
	check "$RUNTIME: the ends of a port range; a block with a hole" ranges_and_holes
	check "$RUNTIME: one direction alone; two profiles" one_direction_and_two_profiles
	check "$RUNTIME: peers in sets, zones, and classes that are kept apart" segments
	check "$RUNTIME: nothing is forwarded" nothing_is_forwarded
	check "$RUNTIME: three thousand refused flows" flood
	check "F47: $RUNTIME, the path of the namespace is swapped" path_swapped
	check "F54: $RUNTIME, NET_ADMIN and NET_RAW are taken" network_capabilities
	check "F55: $RUNTIME, an interface that comes later" late_interface
done
check 'F49: the last rule is wrong' last_rule_wrong
check 'F50: netlink messages that fail' netlink_fails
check 'F51: no nf_tables' no_nf_tables
check "F52: another's tables stay as they are" tables_of_others
check 'F53: twice is once' twice
check 'the mount of the pins, left shared, is made private' pins_left_shared
finish
