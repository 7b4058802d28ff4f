#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming check, explain, reload, gc: what they print and their exit status.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq crun nft

usage_is_told() {
	run "$B/coaming" --help
	assert_status 0
	cp "$W/out" "$W/help"
	for command in check explain export generate import log reload gc completion; do
		assert_matches "$W/help" "^  $command  "
		run "$B/coaming" $command --help
		assert_status 0
		assert_has "$W/out" "usage: coaming $command"
	done
	run "$B/coaming" --version
	assert_matches "$W/out" '^coaming [0-9]+\.[0-9]+'
}

manual_tells_every_option() {
	local command option

	for command in check explain export generate import log reload gc; do
		"$B/coaming" $command --help >"$W/help"
		for option in $(sed -n 's/^  .*--\([a-z-]*\).*/\1/p' "$W/help"); do
			[ "$option" = help ] || grep -qE "^\.It (.* )?Fl -$option( |$)" "$top/man/coaming-$command.1" ||
				fail "man/coaming-$command.1 does not tell --$option"
		done
	done
}

wrong_use() { # TEXT ARG...
	local text=$1
	shift

	run "$B/coaming" "$@"
	assert_status 2
	assert_has "$W/err" "$text"
	assert_eq "$(wc -l <"$W/err")" 1 "lines on stderr"
}

wrong_uses() {
	wrong_use 'no command given'
	wrong_use 'no command given' --config x
	wrong_use 'unknown command "chek" (did you mean check?)' chek
	wrong_use 'unknown option "--jsn" (did you mean --json?)' explain --jsn
	wrong_use 'give either --bundle DIR or --config-json FILE' explain
	wrong_use 'give either --bundle DIR or --config-json FILE' explain -b a --config-json b
	wrong_use '--config is given twice' --config a check --config b
	wrong_use 'expected KEY=VALUE' explain --config-json - --label x <<<'{}'
}

config_on_either_side() {
	run "$B/coaming" --config "$W/coaming.json" reload
	assert_status 0
	run "$B/coaming" reload --config="$W/coaming.json"
	assert_status 0
	run "$B/coaming" --config "$W/none.json" reload
	assert_status 2
	assert_has "$W/err" none.json
}

output_that_is_lost_is_a_failure() {
	local r=0

	"$B/coaming" --help >/dev/full || r=$?
	assert_eq "$r" 111 "exit status"
}

# --- check -------------------------------------------------------------------------------------

all_faults_of_a_file() {
	cat >"$W/web.json" <<-'END'
		{
		  "name": "web",
		  "mod": "enforce",
		  "capabilities": { "allow": ["NET_BIND_SERVICE", "SYS_ADMN", "NET_ADMI"] },
		  "limits": { "pids": 0, "memory": "1G" },
		  "admission": { "deny": ["hostNetwrk", "hostPID"] }
		}
	END
	run "$B/coaming" check "$W/web.json"
	assert_status 2
	assert_has "$W/err" "$W/web.json:3:3: unknown key \"mod\" (did you mean \"mode\"?)"
	assert_matches "$W/err" 'web.json:4:51: .*"SYS_ADMN" \(did you mean SYS_ADMIN\?\)'
	assert_matches "$W/err" 'web.json:4:63: .*"NET_ADMI"'
	assert_matches "$W/err" 'web.json:5:23: '
	assert_matches "$W/err" 'web.json:6:27: .*hostNetwork'
	assert_eq "$(wc -l <"$W/err")" 5 "faults"
	assert_has "$W/out" '1 file, 5 faults'
	run "$B/coaming" check --json "$W/web.json"
	assert_status 2
	[ ! -s "$W/err" ] || fail "something on stderr"
	assert_json "$W/out" ".files == 1 and (.faults | length) == 5 and
		.faults[0] == {file: \"$W/web.json\", line: 3, column: 3, kind: \"error\", message: \"$W/web.json:3:3: unknown key \\\"mod\\\" (did you mean \\\"mode\\\"?)\"}"
}

right_files() {
	profile web '{capabilities: {allow: []}}'
	run coaming check "$W/profiles" "$W/coaming.json"
	assert_status 0
	assert_has "$W/out" "$W/profiles/web.json: ok"
	assert_has "$W/out" "$W/coaming.json: ok"
	assert_has "$W/out" '2 files, 0 faults'
	run coaming check
	assert_status 0
	assert_has "$W/out" '2 files, 0 faults'
}

seccomp_file_beside_the_profile() {
	mkdir "$W/profiles/seccomp"
	echo '{"defaultAction": "SCMP_ACT_ALOW"}' >"$W/profiles/seccomp/s.json"
	profile web '{seccomp: {file: "seccomp/s.json"}}'
	run coaming check "$W/profiles/web.json"
	assert_status 2
	assert_has "$W/err" SCMP_ACT_ALOW
	assert_has "$W/err" "$W/profiles/web.json:"
	(cd "$W/profiles" && run coaming check web.json && assert_status 2)
	echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >"$W/profiles/seccomp/s.json"
	run coaming check "$W/profiles/web.json"
	assert_status 0
}

installed_files_must_be_trusted() {
	profile web '{capabilities: {allow: []}}'
	chmod 666 "$W/profiles/web.json"
	run coaming check "$W/profiles/web.json"
	assert_status 0
	run coaming check
	assert_status 2
	assert_has "$W/err" 'may be written by others'
}

names_that_the_host_uses() {
	host_config '.floor = ["nobody"] | .defaultProfile = "neither"'
	run coaming check
	assert_status 2
	assert_has "$W/err" '"nobody"'
	assert_has "$W/err" '"neither"'
}

host_config_by_another_name() {
	echo '{"stateDir": "relative", "mode": "enforced"}' >"$W/my.json"
	run coaming check --host "$W/my.json"
	assert_status 2
	assert_eq "$(wc -l <"$W/err")" 2 "faults"
	run coaming check "$W/none.json"
	assert_status 2
}

# --- explain -----------------------------------------------------------------------------------

shop='{
	capabilities: {allow: ["NET_BIND_SERVICE"]}, seccomp: {deny: ["ptrace"]},
	rootfs: {readOnly: true, writable: [{path: "/tmp"}]},
	network: {egress: [{ports: [{port: 5432}]}]}, admission: {deny: ["hostPID"]}, limits: {pids: 9}
}'

accepted_and_why() {
	profile shop "$shop"
	bundle b "$(labelled shop)"
	cp "$W/bundles/b/config.json" "$W/before"
	run coaming explain --bundle "$W/bundles/b"
	assert_status 0
	assert_has "$W/out" '"io.coaming.profile" = "shop" (annotation)'
	assert_has "$W/out" 'shop (enforce): named by its label io.coaming.profile'
	assert_matches "$W/out" 'capabilities: .*CAP_NET_RAW.* \[shop\]'
	assert_has "$W/out" 'tcp dport 5432'
	assert_has "$W/out" 'Verdict: accept'
	assert_file_is "$W/bundles/b/config.json" "$W/before"
	test ! -e "$W/audit" || fail 'something was recorded'
}

# On a terminal: as wide as it is, coloured unless somebody minds.
as_people_see_it() {
	local seen

	need script
	profile base '{seccomp: {deny: ["acct", "add_key", "bpf", "keyctl", "mount", "pivot_root", "ptrace",
		"request_key", "setns", "swapoff", "swapon", "umount2", "unshare"]}}'
	profile web '{extends: ["base"], match: {labelSelector: {matchLabels: {tier: "web"}}, image: ["*/nginx"],
		sources: ["annotation"]}, rootfs: {readOnly: true, mode: "audit"}, limits: {pids: 9}}'
	bundle b '.annotations.tier = "web" | .annotations["io.kubernetes.cri-o.ContainerID"] = "c"
		| .annotations["io.kubernetes.cri-o.ImageName"] = "docker.io/library/nginx:1.27"
		| .annotations["io.kubernetes.cri-o.Labels"] = "{}"'
	run coaming explain --bundle "$W/bundles/b"
	assert_status 0
	assert_has "$W/out" 'base (enforce): web extends it'
	assert_has "$W/out" \
		'web (enforce, in part audit): its match fits: tier=web; only labels of annotation; image */nginx'
	assert_has "$W/out" '(only recorded) rootfs: makes the root read-only [web]'
	assert_eq "$(grep -c $'\x1b' "$W/out" || true)" 0 'lines with escapes in a file'
	explain_on_terminal() { # VARIABLE...
		script -qec "env $* $B/coaming --config $W/coaming.json explain --bundle $W/bundles/b" \
			/dev/null </dev/null | tr -d '\r' >"$W/seen"
	}
	explain_on_terminal TERM=xterm COLUMNS=50 NO_COLOR=
	grep -q $'\x1b\\[1m' "$W/seen" || fail 'no colour on a terminal'
	seen=$(sed 's/\x1b\[[0-9;]*m//g' "$W/seen" | awk '/^Changes/, /^Firewall/ && length > 50')
	[ -z "$(awk 'length > 50' <<<"$seen")" ] || fail "wider than 50 columns: $seen"
	explain_on_terminal TERM=xterm NO_COLOR=1
	assert_eq "$(grep -c $'\x1b' "$W/seen" || true)" 0 'lines with escapes under NO_COLOR'
	explain_on_terminal TERM=dumb NO_COLOR=
	assert_eq "$(grep -c $'\x1b' "$W/seen" || true)" 0 'lines with escapes on a dumb terminal'
	run coaming explain --bundle "$W/bundles/b" --image docker.io/library/httpd --json
	assert_json "$W/out" '.image == "docker.io/library/httpd" and [.profiles[].name] == []'
}

refused_and_what_would_help() {
	profile shop "$shop"
	bundle b "$(labelled shop) | del(.linux.namespaces[] | select(.type == \"pid\"))"
	run coaming explain --bundle "$W/bundles/b"
	assert_status 1
	assert_has "$W/out" 'Verdict: refuse'
	assert_has "$W/out" 'to make it pass: '
	run coaming explain --bundle "$W/bundles/b" --json
	assert_status 1
	assert_json "$W/out" '.outcome == "refuse" and ([.changes[] | select(.refusal)]
		| length == 1 and .[0].section == "admission" and .[0].by == "shop" and .[0].remedy)'
	run coaming explain --bundle "$W/bundles/b" --show-config
	assert_status 1
	assert_eq "$(cat "$W/out")" "" "a config for what is refused"
}

# Conditions that no filter has room for, and room enough for what is usual.
filters_that_grow() {
	mkdir -p "$W/p/seccomp"
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [range(30) as $call | range(100) as $value
		| {names: [["read", "write", "lseek", "mmap", "mprotect", "munmap", "brk", "readv", "writev", "access",
			"pipe", "select", "mremap", "msync", "mincore", "madvise", "shmget", "shmat", "dup", "dup2",
			"nanosleep", "getitimer", "alarm", "setitimer", "getpid", "sendfile", "connect", "accept",
			"sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown", "bind", "listen", "getsockname",
			"socketpair", "setsockopt", "getsockopt", "fork", "vfork", "wait4", "kill", "uname", "semget",
			"semop", "semctl", "shmdt", "msgget", "msgsnd", "msgrcv", "msgctl", "fcntl", "flock", "fsync",
			"truncate", "getdents", "getcwd", "chdir", "rename"][$call]], action: "SCMP_ACT_ERRNO",
			args: [{index: 1, value: ($call * 1000 + $value), op: "SCMP_CMP_EQ"}]}]}' >"$W/p/seccomp/large.json"
	jq '.syscalls |= .[:200]' "$W/p/seccomp/large.json" >"$W/p/seccomp/small.json"
	echo '{"name": "large", "seccomp": {"file": "seccomp/large.json"}}' >"$W/p/large.json"
	echo '{"name": "small", "seccomp": {"file": "seccomp/small.json"}}' >"$W/p/small.json"
	run coaming check -v "$W/p/small.json"
	assert_status 0
	assert_matches "$W/out" 'small.json: [0-9]+ instructions alone'
	assert_matches "$W/out" "small.json: [0-9]+ instructions under a filter like Docker's"
	assert_matches "$W/out" "small.json: [0-9]+ instructions under a filter like podman's"
	run coaming check "$W/p/large.json"
	assert_status 2
	assert_matches "$W/err" 'large.json:1:19: the filter that becomes of "seccomp" alone cannot be loaded:'
	# That many are soon beyond what libseccomp ends for.
	assert_matches "$W/err" 'say fewer conditions'
}

# What libseccomp 2.5 does not end for, asked for by the container itself; another rule of the
# profile's, so that the call stays as it was.
filter_without_end() {
	local begin=$SECONDS

	profile shop '{seccomp: {deny: ["ptrace"]}}'
	bundle b "$(labelled shop) | .linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: ([
		[[0, \"LE\", 2147483647], [1, \"LT\", 2147483648]],
		[[0, \"GE\", 4294967296], [1, \"GT\", 4294967296]],
		[[0, \"LT\", 3], [1, \"MASKED_EQ\", 8], [2, \"NE\", 0]],
		[[0, \"GE\", 4294967296], [1, \"EQ\", 4294967296]]] | map({names: [\"mmap\"], action: \"SCMP_ACT_LOG\",
			args: map({index: .[0], op: (\"SCMP_CMP_\" + .[1]), value: .[2], valueTwo: 0})}))}"
	run coaming explain --bundle "$W/bundles/b"
	assert_has "$W/out" 'it cannot be loaded: libseccomp needs more than 2 seconds for it'
	run coaming explain --bundle "$W/bundles/b" --json
	assert_json "$W/out" '.seccompInstructions == null and (.seccompFault | contains("mmap"))'
	[ $((SECONDS - begin)) -lt 30 ] || fail "it took $((SECONDS - begin)) s"
	bundle c "$(labelled shop)"
	run coaming explain --bundle "$W/bundles/c" --json
	assert_json "$W/out" '.seccompInstructions > 5 and .seccompFault == null'
}

refused_for_its_label() {
	bundle b "$(labelled nobody)"
	run coaming explain --bundle "$W/bundles/b"
	assert_status 1
	assert_has "$W/out" nobody
	run coaming explain --bundle "$W/bundles/b" --json
	assert_status 1
	assert_json "$W/out" '.outcome == "refuse" and (.reason | contains("nobody")) and .changes == []'
}

# Who is let in by which selector, which class it is kept apart by, and whose address counts.
who_is_let_in() {
	local set=peer-42cf9913e692dcfa # of tier=web

	host_config '. + {zones: {office: ["10.0.0.0/8"]}, separate: ["data-class"]}'
	profile shop '{network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}},
		{zone: "office"}], ports: [{port: 5432}]}], egress: []}}'
	profile tried '{mode: "audit", network: {ingress: [{from: [{labelSelector: {}}]}]}}'
	bundle b "$(labelled shop,tried)"
	run coaming explain --bundle "$W/bundles/b" --label io.coaming.data-class=pci
	assert_status 0
	assert_has "$W/out" 'ingress: TCP 5432 with containers with tier=web, zone office [shop]'
	assert_has "$W/out" 'egress: nothing [shop]'
	assert_has "$W/out" 'whose "io.coaming.data-class" is not "pci" [host: separate]'
	assert_has "$W/out" 'only where each of them fits'
	assert_has_not "$W/out" 'every container'
	run coaming explain --bundle "$W/bundles/b" --json
	assert_json "$W/out" '(.peers | length) == 1 and .peers[0].what == "containers with tier=web"
		and .peers[0].selector.labelSelector.matchExpressions[0].values == ["web"]
		and (.peers[0].set as $s | .ruleset | contains("set \($s)4 {") and contains("set \($s)6 {"))
		and .classes == [{key: "io.coaming.data-class", value: "", by: "host"}]
		and [.network[].direction] == ["ingress", "egress"]'
	assert_json "$W/out" ".peers[0].set == \"$set\""
	# A profile's, besides the host's.
	profile vault '{separate: ["data-class", "team"]}'
	bundle v "$(labelled vault)"
	run coaming explain --bundle "$W/bundles/v" --label io.coaming.team=red
	assert_has "$W/out" 'whose "io.coaming.data-class" is not "" [host: separate]'
	assert_has "$W/out" 'whose "io.coaming.team" is not "red" [vault: separate]'
	run coaming explain --bundle "$W/bundles/v" --json
	assert_json "$W/out" '[.classes[] | .key + " " + .by]
		== ["io.coaming.data-class host", "io.coaming.team vault"]'
	run coaming profile show vault
	assert_has "$W/out" 'shares and exchanges nothing with containers whose "io.coaming.team" differs'
	run coaming profile list
	assert_has "$W/out" 'separate'
	# A zone that the host does not have: refused, and by what.
	host_config
	run coaming explain --bundle "$W/bundles/b" --json
	assert_status 1
	assert_json "$W/out" '.outcome == "refuse" and .ruleset == null and .classes == []
		and any(.changes[]; .refusal and .by == "shop" and (.what | startswith("zone \"office\" is not")))'
}

as_json() {
	profile shop "$shop"
	bundle b "$(labelled shop)"
	run coaming explain --config-json "$W/bundles/b/config.json" --json
	assert_status 0
	assert_json "$W/out" '.outcome == "accept" and .mode == "enforce"
		and .profiles[0].name == "shop" and .profiles[0].why == "label"
		and (.profiles[0].digest | length == 64) and (.policyDigest | length == 64)
		and (.config.root.readonly) and (.ruleset | contains("5432"))
		and (.labels[] | select(.key == "io.coaming.profile").source == "annotation")
		and ([.changes[].section] | contains(["seccomp", "capabilities", "rootfs", "limits"]))
		and all(.changes[]; .by == "shop" and (.refusal | not) and (.audit | not))'
}

the_config_that_runs() {
	profile shop "$shop"
	bundle b "$(labelled shop)"
	run coaming explain -b "$W/bundles/b" --show-config
	assert_status 0
	assert_json "$W/out" '.root.readonly and .linux.resources.pids.limit == 9'
	cp "$W/out" "$W/bundles/b/config.json"
	run coaming explain -b "$W/bundles/b" --json
	assert_json "$W/out" '.config == null and .changes == []'
	run coaming explain -b "$W/bundles/b" --show-config
	assert_file_is "$W/out" "$W/bundles/b/config.json"
}

labels_of_the_command() {
	profile shop "$shop"
	profile tier '{match: {labelSelector: {matchLabels: {tier: "web"}}}, limits: {pids: 5}}'
	bundle b "$(labelled nobody)"
	run coaming explain --config-json - --json -l io.coaming.profile=shop --label tier=web \
		<"$W/bundles/b/config.json"
	assert_status 0
	assert_json "$W/out" '[.profiles[] | .name + " " + .why] == ["shop label", "tier match"]'
	assert_json "$W/out" 'any(.labels[]; .source == "command" and .value == "web")'
}

# A process on a machine that has not got the container: as if that had been started under what
# applies now.
exec_of_a_process() {
	profile shop "$shop + {admission: {deny: [\"exec-tty\"]}}"
	bundle b "$(labelled shop)"
	jq '.process | .args = ["sh", "-c", "id\u001b"] | .user = {uid: 7, gid: 7}
		| (.capabilities[] |= ["CAP_CHOWN", "CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN"])
		| del(.noNewPrivileges)' "$W/bundles/b/config.json" >"$W/process.json"
	run coaming explain --config-json "$W/bundles/b/config.json" --exec "$W/process.json"
	assert_status 0
	sed "s|$W|W|" "$W/out" >"$W/said"
	assert_file_is "$W/said" - <<-'EOF'
		Labels
		  "io.coaming.profile" = "shop" (annotation)
		Profiles
		  shop (enforce): named by its label io.coaming.profile
		    W/profiles/shop.json
		Process
		  "sh" with 2 arguments, as user 7, privileged
		  no admission of the container is known here: as if it had been started under the profiles above
		Changes
		  capabilities: takes CAP_CHOWN, CAP_SYS_ADMIN from bounding, effective, permitted [shop]
		  capabilities: sets noNewPrivileges: no program gains privileges by its set-uid bit or file capabilities [shop]
		Verdict: accept
	EOF
	run coaming explain --config-json "$W/bundles/b/config.json" --exec - --show-config \
		<"$W/process.json"
	assert_status 0
	assert_json "$W/out" '.noNewPrivileges and .args == ["sh", "-c", "id\u001b"] and .user.uid == 7
		and all(.capabilities[]; . == ["CAP_NET_BIND_SERVICE"])'
	# What runs is met once more, and nothing is left to take.
	cp "$W/out" "$W/met.json"
	run coaming explain --config-json "$W/bundles/b/config.json" --exec "$W/met.json" --json
	assert_status 0
	assert_json "$W/out" '.outcome == "accept" and .changes == [] and .config == null and .ruleset == null
		and .exec == {program: "sh", arguments: 2, uid: 7, privileged: false, terminal: false,
			admission: "assumed", process: null}'
	jq '.terminal = true' "$W/met.json" >"$W/process.json"
	run coaming explain -b "$W/bundles/b" --exec "$W/process.json"
	assert_status 1
	assert_has "$W/out" 'admission: exec-tty is denied: it asks for a terminal [shop]'
	assert_has "$W/out" 'to make it pass: execute it without --tty'
	run coaming explain -b "$W/bundles/b" --exec "$W/process.json" --show-config
	assert_status 1
	assert_eq "$(cat "$W/out")" "" "a process for what is refused"
	run coaming explain --config-json - --exec - <"$W/process.json"
	assert_status 2
	assert_has "$W/err" '--config-json and --exec cannot both be standard input'
	run coaming explain -b "$W/bundles/b" --exec - <<<'[]'
	assert_status 2
	assert_has "$W/err" 'standard input'
}

audit_mode() {
	profile shop "$shop + {mode: \"audit\"}"
	bundle b "$(labelled shop) | del(.linux.namespaces[] | select(.type == \"pid\"))"
	run coaming explain -b "$W/bundles/b" --json
	assert_status 0
	assert_json "$W/out" '.outcome == "would-refuse" and .config == null and all(.changes[]; .audit)'
	run coaming explain -b "$W/bundles/b"
	assert_status 0
	assert_has "$W/out" '(only recorded)'
}

exempt() {
	host_config '.exempt = [{labelSelector: {matchLabels: {a: "b"}}, reason: "because\u001b[31m"}]'
	bundle b '.annotations.a = "b"'
	run coaming explain -b "$W/bundles/b"
	assert_status 0
	assert_has "$W/out" '"because\x1b[31m"'
	run coaming explain -b "$W/bundles/b" --json
	assert_json "$W/out" '.outcome == "exempt" and .profiles == []'
}

bad_input() {
	bundle b
	echo '{"root": {}, "Root": {}}' >"$W/bundles/b/config.json"
	run coaming explain -b "$W/bundles/b"
	assert_status 2
	assert_has "$W/err" '"Root"'
	run coaming explain -b "$W/none"
	assert_status 2
	run coaming explain --config-json "$W/none"
	assert_status 2
	run coaming explain --config-json - <<<'{"a": 1'
	assert_status 2
	assert_has "$W/err" 'standard input:'
}

nothing_reaches_the_terminal() {
	bundle b '.annotations["evil\u001b]0;x\u0007"] = "\u001b[31m\nVerdict: accept"'
	run coaming explain -b "$W/bundles/b"
	assert_status 0
	! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f-\xff]' "$W/out" || fail "control characters"
	assert_eq "$(grep -c '^Verdict' "$W/out")" 1 "verdicts"
}

# --- log ---------------------------------------------------------------------------------------

lines() { # EXPECTED ARG...
	run coaming log "${@:2}"
	assert_status 0
	assert_eq "$(wc -l <"$W/out")" "$1" "lines of coaming log ${*:2}"
}

log_filters() {
	local following

	journal_start
	profile shop '{capabilities: {allow: []}}'
	profile strict '{admission: {deny: ["rootUser"]}}'
	bundle web "$(labelled shop)" true
	bundle db "$(labelled strict)" true
	run_confined web
	assert_status 0
	coaming log -f --json >"$W/followed" &
	following=$!
	run_confined db
	assert_status 1
	lines 3 --container web
	lines 1 --container db
	lines 3 --profile shop
	lines 1 --outcome refuse
	assert_has "$W/out" 'rootUser is denied'
	lines 1 --event stop
	lines 1 -n 1
	assert_has "$W/out" db
	lines 5 --since '1 hour ago'
	lines 0 --since tomorrow
	lines 0 --until '1 hour ago'
	lines 5 --until tomorrow
	coaming log --json >"$W/json"
	assert_json "$W/json" '.COAMING_SEQ and .MESSAGE and .COAMING_EVENT'
	wait_for 10 'the followed refusal' grep -q '"COAMING_OUTCOME":"refuse"' "$W/followed"
	kill "$following"
	run coaming log --outcome refused
	assert_status 2
	assert_has "$W/err" 'did you mean'
	run coaming log --since 'the day before'
	assert_status 2
}

check 'every command has a help, made from its options' usage_is_told
check 'the manual tells every option' manual_tells_every_option
check 'wrong use is told in one line, with exit status 2' wrong_uses
check '--config may stand before and after the command' config_on_either_side
check 'output that cannot be written is no success' output_that_is_lost_is_a_failure
check 'check tells all faults of a file' all_faults_of_a_file
check 'check says of right files that they are' right_files
check 'check reads the seccomp file of a profile' seccomp_file_beside_the_profile
check 'check without names applies the rule of trust' installed_files_must_be_trusted
check 'check without names looks for the profiles that the host names' names_that_the_host_uses
check 'check --host takes a host configuration of any name' host_config_by_another_name
check 'explain: accepted, with each change and who wants it' accepted_and_why
check 'explain on a terminal' as_people_see_it
check 'explain: refused, with what would make it pass' refused_and_what_would_help
check 'check: filters that no kernel takes' filters_that_grow
check 'explain: a filter for which libseccomp does not end' filter_without_end
check 'explain: a profile that does not exist' refused_for_its_label
check 'explain --json' as_json
check 'explain: peers, zones and classes' who_is_let_in
check 'explain --show-config gives what changes nothing the second time' the_config_that_runs
check 'explain --label' labels_of_the_command
check 'explain --exec: a process on a machine without its container' exec_of_a_process
check 'explain in audit mode' audit_mode
check 'explain: an exempt container' exempt
check 'explain: input that cannot be understood' bad_input
check 'explain: what a label holds does not reach the terminal' nothing_reaches_the_terminal
check 'log: each filter, JSON, following' log_filters
finish
