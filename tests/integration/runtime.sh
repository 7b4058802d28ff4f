#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming-runtime in front of the real runc and the real crun.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq nft busybox journalctl "$B/coaming-runtime" "$B/coaming-hook"

# --- what the kernel says in the container --------------------------------------------------------

capabilities() {
	local kept

	profile p '{capabilities: {allow: ["NET_BIND_SERVICE", "CAP_CHOWN", "KILL"]}}'
	bundle c1 "$(labelled p)" cat /proc/self/status
	run_confined c1
	assert_status 0
	kept=$(cap_mask CHOWN KILL NET_BIND_SERVICE)
	assert_eq "$(field "$W/out" CapBnd)" "$kept" CapBnd
	assert_eq "$(field "$W/out" CapEff)" "$kept" CapEff
	assert_eq "$(field "$W/out" CapPrm)" "$kept" CapPrm
	assert_eq "$(field "$W/out" CapInh)" 0000000000000000 CapInh
	assert_eq "$(field "$W/out" CapAmb)" 0000000000000000 CapAmb
	assert_eq "$(field "$W/out" NoNewPrivs)" 1 NoNewPrivs
	assert_clean
}

# Ambient capabilities survive the execve of a user that is not root: there they count.
ambient() {
	profile p '{capabilities: {allow: ["NET_BIND_SERVICE", "CHOWN"]}}'
	bundle c1 "$(labelled p) | .process.user = {uid: 1000, gid: 1000}
		| (.process.capabilities | .inheritable, .ambient) = [\"CAP_NET_BIND_SERVICE\", \"CAP_NET_RAW\"]" \
		cat /proc/self/status
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN NET_BIND_SERVICE)" CapBnd
	for set in CapEff CapPrm CapInh CapAmb; do
		assert_eq "$(field "$W/out" "$set")" "$(cap_mask NET_BIND_SERVICE)" "$set"
	done
}

no_capabilities() {
	profile p '{capabilities: {allow: []}}'
	bundle c1 "$(labelled p)" cat /proc/self/status
	run_confined c1
	assert_status 0
	for set in CapBnd CapEff CapPrm CapInh CapAmb; do
		assert_eq "$(field "$W/out" "$set")" 0000000000000000 "$set"
	done
}

# 83 is mkdir, 165 mount, 272 unshare on x86-64.
seccomp_deny() {
	profile p '{seccomp: {deny: ["mkdir", "unshare"]}}'
	bundle c1 "$(labelled p)" probe status -- syscall 83 0 -- mkdir /data/x -- unshare -- syscall 39
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" Seccomp)" 2 Seccomp
	assert_eq "$(field "$W/out" Seccomp_filters)" 1 Seccomp_filters
	assert_eq "$(field "$W/out" NoNewPrivs)" 1 NoNewPrivs
	assert_has "$W/out" 'syscall 83: EPERM'
	assert_has "$W/out" 'mkdir /data/x: EPERM'
	assert_has "$W/out" 'unshare: EPERM'
	assert_has "$W/out" 'syscall 39: ok'
}

seccomp_file() {
	mkdir -p "$W/profiles/seccomp"
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 42}]}' \
		>"$W/profiles/seccomp/f.json"
	profile p '{seccomp: {file: "seccomp/f.json"}}'
	bundle c1 "$(labelled p)" probe mkdir /data/x -- chmod /data
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'mkdir /data/x: ENOMSG'
	assert_has "$W/out" 'chmod /data: ok'
}

# What the request denies stays denied, with its own errno; what the profile denies comes on top.
seccomp_meets_the_request() {
	profile p '{seccomp: {deny: ["mkdir", "mkdirat"]}}'
	bundle c1 "$(labelled p) | .linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\",
		architectures: [\"SCMP_ARCH_X86_64\"],
		syscalls: [{names: [\"chmod\", \"fchmodat\"], action: \"SCMP_ACT_ERRNO\", errnoRet: 38}]}" \
		probe mkdir /data/x -- chmod /data -- status
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'mkdir /data/x: EPERM'
	assert_has "$W/out" 'chmod /data: ENOSYS'
	assert_eq "$(field "$W/out" Seccomp_filters)" 1 Seccomp_filters
}

read_only_root() {
	profile p '{rootfs: {readOnly: true, writable: [{path: "/tmp", size: "1M"}]}}'
	bundle c1 "$(labelled p)" probe mkdir /x -- mkdir /data/x -- mkdir /tmp/x -- fill /tmp/f \
		-- flags / -- flags /tmp -- mount
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'mkdir /x: EROFS'
	assert_has "$W/out" 'mkdir /data/x: EROFS'
	assert_has "$W/out" 'mkdir /tmp/x: ok'
	assert_has "$W/out" 'fill /tmp/f: 1048576 ENOSPC'
	assert_matches "$W/out" '^flags /: ro'
	assert_matches "$W/out" '^flags /tmp: rw,nosuid,nodev,noexec$'
	assert_has "$W/out" 'mount: EPERM'
	[ ! -e "$W/bundles/c1/rootfs/x" ] || fail "the root was written to"
}

# A checkpoint holds what its process may do: refused before anything reads it, told in audit mode.
restored() {
	journal_start
	profile p '{capabilities: {allow: []}}'
	bundle c1 "$(labelled p)" true
	cp "$W/bundles/c1/config.json" "$W/before.json"
	run confined restore --bundle "$W/bundles/c1" --image-path "$W/none" c1
	assert_status 1
	assert_has "$W/err" 'profile p: it is restored from a checkpoint'
	assert_file_is "$W/bundles/c1/config.json" "$W/before.json"
	assert_clean
	profile p '{admission: {deny: ["hostPID"]}}'
	run confined restore --bundle "$W/bundles/c1" --image-path "$W/none" c1
	assert_has_not "$W/err" coaming
	profile p '{mode: "audit", limits: {pids: 5}}'
	run confined restore --bundle "$W/bundles/c1" --image-path "$W/none" c1
	assert_has_not "$W/err" coaming
	journal COAMING_OUTCOME=would-refuse >"$W/j"
	assert_json "$W/j" '.COAMING_REASON | test("restored")'
}

limits() {
	profile p '{limits: {pids: 16, memory: "64M", nofile: 100}}'
	bundle c1 "$(labelled p) | .process.rlimits = [{type: \"RLIMIT_NOFILE\", soft: 500, hard: 500}]" \
		probe nofile
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'nofile: 100 100'
	assert_json "$W/bundles/c1/config.json" '.linux.resources.pids.limit == 16
		and .linux.resources.memory.limit == 67108864'
}

# Ports 8080 in and 9090 out are granted, for TCP alone and for UDP alone one further each.
network() {
	local probe=$B/tests/integration/probe address port

	journal_start
	veth
	profile p '{network: {
		ingress: [{ports: [{protocol: "TCP", port: 8080}, {protocol: "UDP", port: 8081}],
			from: [{ipBlock: {cidr: "10.9.0.1/32"}}, {ipBlock: {cidr: "fd09::/64"}}]}],
		egress: [{ports: [{protocol: "TCP", port: 9090}, {protocol: "UDP", port: 9091}],
			to: [{ipBlock: {cidr: "10.9.0.0/24"}}, {ipBlock: {cidr: "fd09::1/128"}}]}]}}'
	for port in 9090 9091; do "$probe" serve $port; done
	bundle c1 "$(labelled p) | $(netns_path "/run/netns/c$seq")" \
		probe serve 8080 -- serve 8081 -- serve 8082 -- tcp 127.0.0.1 8082 \
		-- tcp 10.9.0.1 9090 -- tcp fd09::1 9090 -- udp 10.9.0.1 9091 -- udp fd09::1 9091 \
		-- tcp 10.9.0.1 9091 -- tcp fd09::1 9091 -- udp 10.9.0.1 9090 -- udp fd09::1 9090 \
		-- raw -- packet -- mkdir /tmp/done -- wait
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
	wait_for 8 "the container's attempts" test -d "$W/bundles/c1/rootfs/tmp/done"
	cat "$W/out"
	assert_has "$W/out" "tcp 127.0.0.1 8082: ok"
	for address in 10.9.0.1 fd09::1; do
		assert_has "$W/out" "tcp $address 9090: ok"
		assert_has "$W/out" "udp $address 9091: ok"
		assert_matches "$W/out" "tcp $address 9091: E"
		assert_matches "$W/out" "udp $address 9090: E"
	done
	assert_has "$W/out" "raw: EPERM"
	assert_has "$W/out" "packet: EPERM"
	for address in 10.9.0.2 fd09::2; do
		"$probe" tcp "$address" 8080 -- udp "$address" 8081 -- tcp "$address" 8081 \
			-- udp "$address" 8080 -- tcp "$address" 8082 -- udp "$address" 8082 |
			tee "$W/seen"
		assert_has "$W/seen" "tcp $address 8080: ok"
		assert_has "$W/seen" "udp $address 8081: ok"
		for port in "tcp $address 8081" "udp $address 8080" "tcp $address 8082" "udp $address 8082"; do
			assert_matches "$W/seen" "$port: E"
		done
	done
	ping -c 1 -W 2 10.9.0.2 || echo "no ICMP echo"
	run confined delete --force c1
	assert_status 0
	journal CONTAINER_NAME=c1 COAMING_EVENT=stop >"$W/j"
	for address in 10.9.0.1 fd09::1; do
		assert_json "$W/j" "[.COAMING_REFUSED_FLOW] | flatten |
			any(test(\"^egress tcp $address 9091 \")) and any(test(\"^egress udp $address 9090 \"))
			and any(test(\"^ingress tcp $address 8082 \")) and any(test(\"^ingress udp $address 8080 \"))"
	done
	assert_clean
}

# The same without coaming: what is dropped above is dropped by coaming.
network_without() {
	local probe=$B/tests/integration/probe

	veth
	"$probe" serve 9091
	bundle c1 "$(netns_path "/run/netns/c$seq")" \
		probe serve 8082 -- tcp fd09::1 9091 -- udp 10.9.0.1 9091 -- mkdir /tmp/done -- wait
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
	wait_for 8 "the container's attempts" test -d "$W/bundles/c1/rootfs/tmp/done"
	assert_has "$W/out" "tcp fd09::1 9091: ok"
	assert_has "$W/out" "udp 10.9.0.1 9091: ok"
	"$probe" tcp fd09::2 8082 -- udp 10.9.0.2 8082 | tee "$W/seen"
	assert_has "$W/seen" "tcp fd09::2 8082: ok"
	assert_has "$W/seen" "udp 10.9.0.2 8082: ok"
}

# --- the record ----------------------------------------------------------------------------------

record_of_a_start() {
	journal_start
	profile p '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]},
		controls: ["PCI-DSS-4.0:2.2.4"]}'
	bundle c1 "$(labelled p) | .annotations.tier = \"web\"" true
	run_confined c1
	assert_status 0
	journal CONTAINER_NAME=c1 COAMING_EVENT=admit | tee "$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 "admissions in the journal"
	assert_json "$W/j" '(.MESSAGE | test("c1")) and .CONTAINER_NAME == "c1"
		and .CONTAINER_ID_FULL == "c1" and .CONTAINER_ID == "c1"'
	assert_json "$W/j" '.COAMING_EVENT == "admit" and .COAMING_OUTCOME != null
		and .COAMING_MODE == "enforce" and .COAMING_PROFILE == "p"'
	assert_json "$W/j" '.PRIORITY == "5" and (.MESSAGE_ID | length) == 32
		and .SYSLOG_IDENTIFIER != null and .COAMING_SCHEMA != null and .COAMING_STAGE != null'
	assert_json "$W/j" '[.COAMING_CHANGE] | flatten | any(test("CAP_NET_RAW")) and all(test("p"))'
	assert_json "$W/j" '.COAMING_CONTROL | tostring | test("PCI-DSS-4.0:2.2.4")'
	assert_json "$W/j" '[.COAMING_LABEL] | flatten | any(test("^tier=web"))'
	assert_json "$W/j" '[.COAMING_LABEL_SOURCE] | flatten | any(test("annotation"))'
	assert_json "$W/j" ".COAMING_RUNTIME | test(\"$RUNTIME\")"
	assert_json "$W/j" '(.COAMING_POLICY_DIGEST | length) == 64 and (.COAMING_CONFIG_DIGEST | length) == 64'
	assert_json "$W/j" '(.COAMING_TIME | test("^2[0-9]{3}-.*Z$")) and .COAMING_DURATION_USEC != null'
	assert_json "$W/j" '.COAMING_ACTOR_UID == "0" and .COAMING_ACTOR_LOGINUID != null
		and .COAMING_ACTOR_SESSION != null and (.COAMING_ACTOR_CHAIN | test("bash"))'
	assert_json "$W/j" '.COAMING_SEQ != null and .COAMING_HASH != null and .COAMING_PREV != null'
	journal CONTAINER_NAME=c1 COAMING_EVENT=stop >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 "stops in the journal"
	run coaming log --json --container c1
	assert_status 0
	assert_has "$W/out" admit
	assert_clean
}

refusal() {
	journal_start
	profile p '{admission: {deny: ["hostPID"]}}'
	bundle c1 "$(labelled p) | .linux.namespaces |= map(select(.type != \"pid\"))" true
	cp -a "$W/bundles/c1/config.json" "$W/before.json"
	run confined --log "$W/log.json" --log-format json run --bundle "$W/bundles/c1" c1
	assert_status 1
	assert_eq "$(wc -l <"$W/err")" 1 "lines on stderr"
	assert_matches "$W/err" '^coaming-runtime run: .*c1.*p.*hostPID'
	assert_eq "$(wc -l <"$W/log.json")" 1 "lines in the log file"
	assert_json "$W/log.json" '.level == "error" and (.msg | test("c1") and test("hostPID"))
		and (.time | test("^2[0-9]{3}-"))'
	assert_file_is "$W/bundles/c1/config.json" "$W/before.json"
	run "$RUNTIME" state c1
	[ "$status" -ne 0 ] || fail "the container exists"
	journal CONTAINER_NAME=c1 >"$W/j"
	assert_json "$W/j" '.COAMING_EVENT == "deny" and .PRIORITY == "2" and .COAMING_PROFILE == "p"
		and (.COAMING_REASON | test("hostPID"))'
	assert_clean
}

unknown_profile() {
	profile web '{}'
	bundle c1 "$(labelled wbe)" true
	run_confined c1
	assert_status 1
	assert_matches "$W/err" 'wbe.*did you mean "?web'
}

# --- what is left alone ----------------------------------------------------------------------------

# The real runtime's answer and ours, for one command line that needs no bundle.
same_answer() {
	run "$RUNTIME" "$@"
	mv "$W/out" "$W/out.real"
	mv "$W/err" "$W/err.real"
	real=$status
	run confined "$@"
	assert_status "$real"
	assert_file_is "$W/out" "$W/out.real"
	sed -E 's/^time="[^"]*"|^[0-9T:.Z-]+//' "$W/err.real" >"$W/err.expected"
	sed -i -E 's/^time="[^"]*"|^[0-9T:.Z-]+//' "$W/err"
	assert_file_is "$W/err" "$W/err.expected"
}

pass_through() {
	bundle c1 . sleep 1000
	run confined run --detach --bundle "$W/bundles/c1" --pid-file "$W/pid" c1
	assert_status 0
	same_answer state c1
	same_answer list
	same_answer list --quiet
	same_answer --version
	same_answer state nobody
	same_answer no-such-command
	same_answer
	[ "$RUNTIME" = crun ] || same_answer features
	same_answer --root "$W/other" list
	run confined exec c1 echo hello
	assert_status 0
	assert_has "$W/out" hello
	run confined exec c1 sh -c 'exit 7'
	assert_status 7
	run confined kill c1 KILL
	assert_status 0
	wait_for 5 "the end of c1" test ! -e "/proc/$(cat "$W/pid")/status"
	run confined delete c1
	assert_status 0
	run confined state c1
	[ "$status" -ne 0 ] || fail "c1 is still there"
}

exit_status() {
	bundle c1 . sh -c 'echo out; echo err >&2; exit 42'
	run_confined c1
	assert_status 42
	assert_eq "$(cat "$W/out")" out stdout
	assert_has "$W/err" err
}

create_and_start() {
	profile p '{capabilities: {allow: []}}'
	bundle c1 "$(labelled p)" sh -c 'grep CapBnd /proc/self/status >/data/seen; sleep 1000'
	run confined --root "$W/rr" create --pid-file "$W/pid" -b "$W/bundles/c1" c1
	assert_status 0
	run confined --root "$W/rr" start c1
	assert_status 0
	wait_for 5 "the container's file" test -s "$W/bundles/c1/rootfs/data/seen"
	assert_eq "$(field "$W/bundles/c1/rootfs/data/seen" CapBnd)" 0000000000000000 CapBnd
	run confined --root="$W/rr" delete --force c1
	assert_status 0
	assert_clean
}

# The bundle is the working directory, and every option stands where it may.
options() {
	profile p '{capabilities: {allow: []}}'
	bundle c1 "$(labelled p)" cat /proc/self/status
	cd "$W/bundles/c1"
	run confined --debug --log="$W/l" --log-format=text --root "$W/rr" run --no-new-keyring c1
	cd /
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" 0000000000000000 CapBnd
	bundle c2 "$(labelled p)" cat /proc/self/status
	run confined --root "$W/rr" run "--bundle=$W/bundles/c2" --no-pivot c2
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" 0000000000000000 CapBnd
}

untouched() {
	host_config '.defaultProfile = null'
	bundle c1 . true
	# What no JSON library keeps: escapes, number text, order, white space.
	sed -i 's|"hostname": "test"|"hostname" :  "t\\u0065st", "x-unknown": [1.0, 1E2, 18446744073709551615]|' \
		"$W/bundles/c1/config.json"
	cp -a "$W/bundles/c1/config.json" "$W/before.json"
	run_confined c1
	assert_status 0
	assert_file_is "$W/bundles/c1/config.json" "$W/before.json"
}

only_hooks() {
	profile p '{}'
	bundle c1 "$(labelled p)" true
	chmod 0640 "$W/bundles/c1/config.json"
	cp -a "$W/bundles/c1/config.json" "$W/before.json"
	run_confined c1
	assert_status 0
	assert_eq "$(stat -c '%a %u %g' "$W/bundles/c1/config.json")" "640 0 0" mode
	jq -S . "$W/before.json" >"$W/expected"
	jq -S 'del(.hooks)' "$W/bundles/c1/config.json" >"$W/seen"
	assert_file_is "$W/seen" "$W/expected"
	jq -e '[.hooks[][] | select(.path | endswith("/coaming-hook")) | .env == []] | length > 0 and all' \
		"$W/bundles/c1/config.json"
	assert_eq "$(ls -A "$W/bundles/c1")" "$(printf 'config.json\nrootfs')" "files of the bundle"
	# Taking the hooks out again gives every byte back.
	one_place_changed
}

# The new text is the old one with one piece put in.
one_place_changed() {
	local old=$W/before.json new=$W/bundles/c1/config.json common tail_length

	common=$(cmp "$old" "$new" | sed -n 's/.*\(byte\|char\) \([0-9]*\),.*/\2/p')
	tail_length=$(($(stat -c %s "$old") - common + 1))
	cmp <(tail -c "$tail_length" "$old") <(tail -c "$tail_length" "$new") ||
		fail "more than one place of config.json was changed"
}

# A second pass over what the first has written changes nothing.
twice() {
	profile p '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]},
		rootfs: {readOnly: true, writable: [{path: "/tmp"}]}, limits: {pids: 10}}'
	bundle c1 "$(labelled p)" true
	run_confined c1
	assert_status 0
	cp "$W/bundles/c1/config.json" "$W/first.json"
	run_confined c1
	assert_status 0
	assert_file_is "$W/bundles/c1/config.json" "$W/first.json"
}

numbers_kept() {
	profile p '{capabilities: {allow: ["CHOWN"]}}'
	bundle c1 "$(labelled p)" true
	sed -i 's|"cwd": "/"|"cwd": "/", "rlimits": [{"type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 18446744073709551615}]|' \
		"$W/bundles/c1/config.json"
	run_confined c1
	assert_status 0
	assert_has "$W/bundles/c1/config.json" '"hard": 18446744073709551615, "soft": 18446744073709551615'
}

# Two starts of one bundle at once: each gets a whole config, and the last one left is confined.
race() {
	local i

	profile p '{capabilities: {allow: []}}'
	# In one control group the first to end would take the others with it.
	bundle c1 "$(labelled p) | del(.linux.cgroupsPath)" true
	for i in 1 2 3 4 5 6 7 8; do
		confined run --bundle "$W/bundles/c1" "race$i" >"$W/race$i" 2>&1 || true &
	done
	wait
	jq -e '.process.capabilities.bounding == []' "$W/bundles/c1/config.json"
	assert_eq "$(ls -A "$W/bundles/c1")" "$(printf 'config.json\nrootfs')" "files of the bundle"
	assert_clean
}

# A second container of a name that runs: the runtime refuses it, or coaming does, and what is known
# of the first one stays.
same_id() {
	journal_start
	profile p '{network: {ingress: [], egress: []}}'
	profile q '{admission: {deny: ["rootUser"]}}'
	bundle c1 "$(labelled p)" sleep 1000
	bundle c2 "$(labelled p)" true
	bundle c3 "$(labelled q)" true
	run confined run --detach --bundle "$W/bundles/c1" c1
	assert_status 0
	run confined run --bundle "$W/bundles/c2" c1
	[ "$status" -ne 0 ] || fail "two containers of one id"
	run confined run --bundle "$W/bundles/c3" c1
	assert_status 1
	run confined delete --force c1
	assert_status 0
	journal CONTAINER_NAME=c1 COAMING_EVENT=stop >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 stops
	assert_clean
}

no_runtime() {
	host_config '.runtimes = ["/nonexistent/runc"]'
	profile p '{}'
	bundle c1 "$(labelled p)" true
	run_confined c1
	assert_status 111
	assert_has "$W/err" /nonexistent/runc
}

exempt() {
	journal_start
	host_config '.exempt = [{labelSelector: {matchLabels: {build: "yes"}}, reason: "images are built"}]
		| .floor = ["p"]'
	profile p '{capabilities: {allow: []}}'
	bundle c1 '.annotations.build = "yes"' cat /proc/self/status
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" 00000000a80425fb CapBnd
	journal CONTAINER_NAME=c1 COAMING_EVENT=exempt >"$W/j"
	assert_json "$W/j" '.COAMING_REASON | test("images are built")'
}

# The end of an exempt container is recorded as its start is; nothing else of it is changed.
exempt_stop() {
	journal_start
	host_config '.exempt = [{labelSelector: {matchLabels: {build: "yes"}}, reason: "images are built"}]
		| .floor = ["p"]'
	profile p '{capabilities: {allow: []}}'
	bundle c1 '.annotations.build = "yes"' true
	jq -S . "$W/bundles/c1/config.json" >"$W/expected"
	run_confined c1
	assert_status 0
	jq -S 'del(.hooks)' "$W/bundles/c1/config.json" >"$W/seen"
	assert_file_is "$W/seen" "$W/expected"
	journal CONTAINER_NAME=c1 | jq -c '[.COAMING_EVENT, .COAMING_MODE]' >"$W/events"
	assert_eq "$(tr '\n' ' ' <"$W/events")" '["exempt","enforce"] ["stop","enforce"] ' records
	assert_clean
}

# Poststop and gc at once, four of each: one end, one record.
one_stop() {
	local pids=() seen i

	journal_start
	profile p '{}'
	bundle c1 "$(labelled p) | del(.hooks)" sleep 1000
	run confined --root "$W/rr" create --pid-file "$W/pid" -b "$W/bundles/c1" c1
	assert_status 0
	kill -KILL "$(cat "$W/pid")"
	wait_for 5 'the end of init' gone "$(cat "$W/pid")"
	for i in 1 2 3 4; do
		coaming gc &
		pids+=($!)
		echo '{"ociVersion": "1.0.2", "id": "c1", "status": "stopped", "bundle": "/x"}' |
			"$B/coaming-hook" --config "$W/coaming.json" poststop &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	seen=$(journal CONTAINER_NAME=c1 COAMING_EVENT=stop | wc -l)
	assert_eq "$seen" 1 'stop records'
	"$RUNTIME" --root "$W/rr" delete --force c1
	assert_clean
}

gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

# A hook entry that looks like ours and names another policy does not stand for ours.
foreign_hook() {
	profile p '{}'
	bundle c1 "$(labelled p) | .hooks = {createRuntime: [{path: \"$B/coaming-hook\",
		args: [\"coaming-hook\", \"--config\", \"/dev/null/x\", \"createRuntime\"], env: []}]}" true
	run_confined c1
	jq -e --arg c "$W/coaming.json" '[.hooks.createRuntime[].args] | length == 2 and
		.[1] == ["coaming-hook", "--config", $c, "createRuntime"]' "$W/bundles/c1/config.json"
	[ "$status" -ne 0 ] || fail 'started though the other policy cannot be read'
}

# A pod's labels, as CRI-O hands them over: named, and matched by a selector.
crio_labels() {
	journal_start
	profile p '{capabilities: {allow: ["CHOWN"]}}'
	profile q '{match: {labelSelector: {matchLabels: {tier: "web"}}}, limits: {nofile: 77}}'
	bundle c1 '.annotations["io.kubernetes.cri-o.Labels"] = ({"io.coaming.profile": "p", tier: "web",
		"io.kubernetes.pod.name": "shop-0", "io.kubernetes.pod.namespace": "prod"} | tojson)
		| .annotations["io.kubernetes.cri-o.ContainerID"] = "x" | .annotations["io.kubernetes.cri-o.Name"] = "k8s_shop"' \
		probe status -- nofile
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	assert_matches "$W/out" '^nofile: [0-9]+ 77$'
	journal CONTAINER_NAME=k8s_shop COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_ENGINE == "cri-o" and .COAMING_PROFILE == ["p", "q"]
		and .COAMING_POD == "shop-0" and .COAMING_POD_NAMESPACE == "prod"
		and (.COAMING_LABEL_SOURCE | contains(["tier=engine"]))'
}

# Every switch that makes a runtime go around its config.
unsafe_annotations() {
	local key

	profile p '{}'
	for key in run.oci.seccomp_bpf_data run.oci.handler run.oci.hooks.stdout org.criu.config \
		org.systemd.property.ExecStartPre run.oci.keep_original_groups; do
		rm -rf "$W/bundles/c1"
		host_config
		bundle c1 "$(labelled p) | .annotations[\"$key\"] = \"x\"" true
		run_confined c1
		assert_status 1
		assert_has "$W/err" "$key"
		host_config '.unsafeAnnotations = "strip"'
		run_confined c1
		assert_status 0
		jq -e --arg k "$key" '.annotations | has($k) | not' "$W/bundles/c1/config.json"
	done
}

# As hooks.d puts it in. runc kills a container whose poststart hook fails.
poststart_without_journal() {
	profile p '{capabilities: {allow: []}}'
	bundle c1 "$(labelled p) | .hooks.poststart = [{path: \"$B/coaming-hook\",
		args: [\"coaming-hook\", \"--config\", \"$W/coaming.json\", \"poststart\"]}]" \
		sh -c 'sleep 0.2; echo ran to its end'
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'ran to its end'
}

for RUNTIME in runc crun; do
	check "$RUNTIME: exactly the allowed capabilities in each set" capabilities
	check "$RUNTIME: ambient and inheritable sets are met too" ambient
	check "$RUNTIME: an empty list leaves no capability" no_capabilities
	check "$RUNTIME: a denied system call gets its errno" seccomp_deny
	check "$RUNTIME: a seccomp file is enforced with its own errno" seccomp_file
	check "$RUNTIME: the request's own filter is met with the profile's" seccomp_meets_the_request
	check "$RUNTIME: the root is read-only, a granted path is a limited tmpfs" read_only_root
	check "$RUNTIME: limits are lowered" limits
	check "$RUNTIME: restore from a checkpoint is refused under a profile" restored
	check "$RUNTIME: granted TCP and UDP pass, the rest is dropped, IPv4 and IPv6" network
	check "$RUNTIME: without a network section everything passes" network_without
	check "$RUNTIME: the journal holds the admission with every field, and the stop" record_of_a_start
	check "$RUNTIME: a refusal is one sentence, one log line, one record" refusal
	check "$RUNTIME: a profile that does not exist is refused with the nearest name" unknown_profile
	check "$RUNTIME: every other command is the real runtime's" pass_through
	check "$RUNTIME: a poststart hook that finds no journal ends no container" poststart_without_journal
	check "$RUNTIME: output and exit status are the container's" exit_status
	check "$RUNTIME: create, start, delete" create_and_start
	check "$RUNTIME: options in any place" options
	check "$RUNTIME: with no profile the config is not touched" untouched
	check "$RUNTIME: with nothing to take away only hooks are put in" only_hooks
	check "$RUNTIME: a second pass changes nothing" twice
	check "$RUNTIME: numbers beyond 63 bits keep their text" numbers_kept
	check "$RUNTIME: eight starts race for one bundle" race
	check "$RUNTIME: a second start of an id that runs" same_id
	check "$RUNTIME: a runtime that is not there fails with its name" no_runtime
	check "$RUNTIME: the labels of a CRI-O pod" crio_labels
	check "$RUNTIME: an exemption passes and is recorded" exempt
	check "$RUNTIME: the end of an exempt container is recorded" exempt_stop
	check "$RUNTIME: poststop and gc at once record one end" one_stop
	check "$RUNTIME: an entry for our hook with another policy counts as none of ours" foreign_hook
	check "$RUNTIME: annotations that switch the runtime are refused or taken out" unsafe_annotations
done
finish
