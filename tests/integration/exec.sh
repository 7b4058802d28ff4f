#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Processes that are executed in running containers: by the real runc and crun, by options and by
# process.json, and by podman, Docker and containerd. Many in one container, since it is starting
# one that takes long.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq busybox journalctl script "$B/coaming-runtime" "$B/coaming-hook"

# --- runc and crun -------------------------------------------------------------------------------

# running NAME [JQ_EDIT]: a container that does nothing, started by coaming.
running() {
	bundle "$1" "${2:-.}" sleep 1000
	run confined run --detach --bundle "$W/bundles/$1" "$1" >/dev/null
	assert_status 0
}

# process [JQ_EDIT [ARG...]]: a process.json that asks for every capability and no restriction.
process() {
	local edit=${1:-.}

	shift $(($# < 1 ? $# : 1))
	[ $# -gt 0 ] || set -- cat /proc/self/status
	jq "(.process.args = \$ARGS.positional | .process) | .user = {uid: 0, gid: 0}
		| [\"CAP_SYS_ADMIN\", \"CAP_CHOWN\", \"CAP_NET_RAW\", \"CAP_KILL\"] as \$all
		| .capabilities = {bounding: \$all, effective: \$all, permitted: \$all,
			inheritable: \$all, ambient: \$all}
		| .noNewPrivileges = false | $edit" "$T/base.json" --args -- "$@" >"$W/process.json"
}

# What the kernel says of a process whose status was printed: these capabilities and no others.
assert_met() {
	local set

	assert_status 0
	for set in CapBnd CapEff CapPrm; do
		assert_eq "$(field "$W/out" "$set")" "$(cap_mask "$@")" "$set"
	done
	assert_eq "$(field "$W/out" NoNewPrivs)" 1 NoNewPrivs
	assert_eq "$(field "$W/out" Seccomp)" 2 Seccomp
	assert_eq "$(field "$W/out" Seccomp_filters)" 1 Seccomp_filters
}

# What journald was too busy to take when a process ended is sent again.
execs() {
	coaming flush >/dev/null 2>&1 || true
	journal COAMING_EVENT=exec "$@" >"$W/j"
}

last_exec() {
	execs -n 1
}

by_options() {
	journal_start
	profile p '{capabilities: {allow: ["CHOWN", "KILL"]}, seccomp: {deny: ["mkdir"]},
		limits: {nofile: 50}, controls: ["CIS-Docker-1.6.0:5.4"]}'
	running c1 "$(labelled p) | .process.env += [\"FROM=container\"] | .process.cwd = \"/tmp\""
	run confined exec c1 cat /proc/self/status
	assert_met CHOWN KILL
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "accept" and .PRIORITY == "5" and .COAMING_STAGE == "exec"
		and .CONTAINER_NAME == "c1" and .COAMING_PROFILE == "p"
		and .COAMING_EXEC_PROGRAM == "cat" and .COAMING_EXEC_ARGUMENTS == "1"
		and (.COAMING_EXEC_DIGEST | length) == 64 and .COAMING_EXEC_UID == "0"
		and .COAMING_EXEC_TTY == "no" and .COAMING_EXEC_PRIVILEGED == "no"
		and .COAMING_EXEC_PRIVILEGES == "none"
		and .COAMING_ACTOR_LOGINUID != null and .COAMING_ACTOR_SESSION != null
		and (.COAMING_ACTOR_CHAIN | test("bash")) and (.MESSAGE
		| test("^container \"c1\": exec of \"cat\" accepted under p, [0-9]+ restrictions"))'
	run confined exec -u 1000:7 -e A=b -e PATH=/bin --cwd /proc --cap CAP_SYS_ADMIN -c CAP_KILL c1 \
		sh -c 'cat /proc/self/status; pwd; echo "$A $FROM"; ulimit -n'
	assert_status 0
	assert_eq "$(field "$W/out" Uid | cut -f 1)$(field "$W/out" Gid | cut -f 1)" 10007 'user and group'
	assert_has "$W/out" /proc
	assert_matches "$W/out" '^50$'
	assert_eq "$(field "$W/out" CapEff)" "$(cap_mask)" 'CapEff of a user'
	[ "$RUNTIME" = crun ] || assert_has "$W/out" 'b container'
	[ "$RUNTIME" = runc ] || assert_has "$W/out" 'b '
	case $RUNTIME in
	runc) assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN KILL)" CapBnd ;;
	crun) assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask KILL)" CapBnd ;;
	esac
	last_exec
	assert_json "$W/j" '.COAMING_EXEC_UID == "1000" and .COAMING_EXEC_PRIVILEGED == "yes"
		and .COAMING_EXEC_PRIVILEGES == "taken"
		and (.MESSAGE | test("privileged exec of \"sh\""))
		and ([.COAMING_CHANGE] | flatten | any(test("CAP_SYS_ADMIN")))'
	# journald's own _CMDLINE is the command line of whoever called.
	! jq -c 'del(._CMDLINE)' "$W/j" | grep 'echo\|A=b\|ulimit' || fail "arguments or environment in the record"
	run confined exec --detach --pid-file "$W/pid" c1 sh -c 'cat /proc/self/status >/tmp/status; sleep 100'
	assert_status 0
	wait_for 5 "the detached process" test -s "$W/bundles/c1/rootfs/tmp/status"
	assert_eq "$(field "/proc/$(cat "$W/pid")/status" CapEff)" "$(cap_mask CHOWN KILL)" CapEff
	assert_eq "$(field "/proc/$(cat "$W/pid")/status" NoNewPrivs)" 1 NoNewPrivs
	run script -qec "$B/coaming-runtime --config $W/coaming.json exec -t c1 sh -c 'tty && mkdir /x'" "$W/typed"
	assert_has "$W/out" /dev/pts/0
	assert_has "$W/out" 'not permitted'
	last_exec
	assert_json "$W/j" '.COAMING_EXEC_TTY == "yes"'
	run confined exec c1 sh -c 'ls -l /proc/self/fd; exit 7'
	assert_status 7
	assert_has_not "$W/out" memfd
	run confined exec c1 no-such-program
	[ "$status" -ne 0 ] || fail "executed"
	run confined exec c1 sh -c 'echo a "b"; echo \ \c >&2'
	assert_eq "$(cat "$W/out")" 'a b' stdout
}

by_process() {
	journal_start
	profile p '{capabilities: {allow: ["CHOWN", "KILL"]}, seccomp: {deny: ["mkdir"]},
		limits: {nofile: 50}}'
	running c1 "$(labelled p)"
	process
	run confined exec --process "$W/process.json" c1
	assert_met CHOWN KILL
	assert_eq "$(field "$W/out" CapAmb)$(field "$W/out" CapInh)" \
		"$(cap_mask CHOWN KILL)$(cap_mask CHOWN KILL)" 'ambient and inheritable'
	last_exec
	assert_json "$W/j" '.COAMING_EXEC_PRIVILEGED == "yes" and .COAMING_OUTCOME == "accept"'
	process 'del(.capabilities)'
	cp "$W/process.json" "$W/before.json"
	run confined exec -p "$W/process.json" c1
	assert_met CHOWN KILL
	assert_file_is "$W/process.json" "$W/before.json"
	process '.rlimits = [{type: "RLIMIT_NOFILE", soft: 900, hard: 900}, {type: "RLIMIT_CORE", soft: 0, hard: 4611686018427387904}]' \
		sh -c 'ulimit -n; ulimit -c; echo "$PATH"; ls /proc/self/fd; mkdir /x'
	run confined exec --process="$W/process.json" c1
	assert_matches "$W/out" '^50$'
	assert_matches "$W/out" '^0$'
	assert_has "$W/out" /usr/bin
	assert_has "$W/err" 'not permitted'
	assert_eq "$(grep -c '^[0-9]$' "$W/out")" 5 'numbers: descriptors 0 to 3, and the limit of cores'
	process . true
	run confined exec -p <(cat "$W/process.json") c1
	assert_status 0
	# The key that Go would take, behind the one that we would read.
	process . cat /proc/self/status
	jq -c . "$W/process.json" | sed 's/}$/,"Capabilities":{"effective":["CAP_SYS_ADMIN"]}}/' >"$W/bad.json"
	run confined exec -p "$W/bad.json" c1
	assert_status 2
	assert_matches "$W/err" '^coaming-runtime exec: exec in container "c1" refused: .*Capabilities'
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "refuse" and .PRIORITY == "2"'
	for bad in '{' '[]' '{"args": 7, "user": {"uid": 4294967295}}'; do
		echo "$bad" >"$W/bad.json"
		run confined exec -p "$W/bad.json" c1
		assert_status 2
		assert_has "$W/err" 'exec in container "c1" refused'
	done
	run confined exec -p "$W/none.json" c1
	assert_status 2
	assert_has "$W/err" 'No such file'
}

refusals() {
	journal_start
	profile a '{admission: {deny: ["exec-privileged", "exec-tty", "rootUser"]}}'
	profile b '{admission: {deny: ["exec"]}}'
	running c1 "$(labelled a) | .process.user = {uid: 5, gid: 5}"
	run confined --log "$W/log.json" --log-format json exec -u 0 c1 echo ran
	assert_status 1
	assert_eq "$(cat "$W/err")" 'coaming-runtime exec: exec in container "c1" refused: profile a: rootUser is denied: it asks to run as root (uid 0) (start it with --user, or set USER in the image)' stderr
	assert_json "$W/log.json" '.level == "error" and (.msg | test("rootUser is denied"))'
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "refuse" and .PRIORITY == "2" and .COAMING_EXEC_UID == "0"
		and .COAMING_EXEC_PRIVILEGES == null
		and .COAMING_REASON == "profile a: rootUser is denied: it asks to run as root (uid 0) (start it with --user, or set USER in the image)"
		and .MESSAGE_ID == "8a71206df20e479aaa710ce6b1cb6cf5"'
	run confined exec -u 5 -c CAP_SYS_MODULE c1 echo ran
	assert_status 1
	assert_has "$W/err" 'profile a: exec-privileged is denied'
	run confined exec -u 5 -t c1 echo ran
	assert_status 1
	assert_has "$W/err" 'profile a: exec-tty is denied'
	process '.user.uid = 5 | .terminal = true' echo ran
	run confined exec -p "$W/process.json" c1
	assert_status 1
	assert_has "$W/err" 'exec-privileged is denied'
	assert_has "$W/err" 'exec-tty is denied'
	run confined exec -u 5 c1 echo ran
	assert_status 0
	assert_eq "$(cat "$W/out")" ran stdout
	for option in --what -td -tty --tt -u=5 --user=x --user=4294967295 --tty=maybe --cgroup=../x; do
		run confined exec "$option" c1 echo ran
		[ "$status" -ne 0 ] || fail "$option was passed on"
		assert_has_not "$W/out" ran
		assert_has "$W/err" 'coaming-runtime exec: '
	done
	execs COAMING_OUTCOME=refuse
	assert_eq "$(wc -l <"$W/j")" 13 'refusals recorded'
	running c2 "$(labelled b)"
	run confined exec c2 echo ran
	assert_status 1
	assert_has "$W/err" 'exec in container "c2" refused: profile b: exec is denied'
	run confined exec c2 --help
	assert_status 1
	run confined exec --help=false c2 echo ran
	[ "$status" -ne 0 ] || fail "help=false was passed on"
	assert_has_not "$W/out" ran
	run confined exec --help
	assert_status 0
	assert_matches "$W/out" 'Usage|USAGE'
}

audited() {
	journal_start
	profile p '{mode: "audit", capabilities: {allow: []}, admission: {deny: ["exec", "rootUser"]}}'
	running c1 "$(labelled p)"
	run confined exec -c CAP_NET_RAW -c CAP_SYS_ADMIN c1 cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" NoNewPrivs)" 0 NoNewPrivs
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "would-refuse" and .COAMING_MODE == "audit"
		and .COAMING_EXEC_PRIVILEGES == "given"
		and ([.COAMING_CHANGE] | flatten | any(startswith("would: capabilities: takes")))
		and (.COAMING_REASON | test("exec is denied") and test("rootUser"))'
	run confined exec --user x c1 echo ran
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "would-refuse" and (.COAMING_REASON | test("--user"))'
	host_config '.exempt = [{labelSelector: {matchLabels: {a: "b"}}, reason: "trusted"}]'
	running c2 '.annotations.a = "b"'
	run confined exec c2 cat /proc/self/status
	assert_status 0
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "exempt" and .COAMING_REASON == "trusted"
		and .COAMING_EXEC_PROGRAM == "cat"'
	host_config
	running c3
	run confined exec -u 3 -c CAP_SYS_MODULE c3 cat /proc/self/status
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask)" ] || fail "confined by nobody"
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "accept" and .COAMING_PROFILE == null and .COAMING_EXEC_UID == "3"
		and .COAMING_EXEC_PRIVILEGES == "given"'
}

# What changed since the container was started.
later() {
	journal_start
	profile p '{capabilities: {allow: ["KILL"]}}'
	running c1
	running c2 "$(labelled p)"
	host_config '.floor = ["q"]'
	profile q '{capabilities: {allow: ["CHOWN"]}}'
	run confined exec c1 cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" CapEff)" "$(cap_mask CHOWN)" CapEff
	profile q '{seccomp: {deny: ["mkdir"]}}'
	run confined exec c1 echo ran
	assert_status 1
	assert_has "$W/err" 'profile q: the container was started without it'
	assert_has "$W/err" 'start the container anew'
	host_config
	# Its label goes; what it was started under stays.
	jq 'del(.annotations)' "$W/bundles/c2/config.json" >"$W/new.json"
	cp "$W/new.json" "$W/bundles/c2/config.json"
	run confined exec c2 cat /proc/self/status
	assert_eq "$(field "$W/out" CapEff)" "$(cap_mask KILL)" CapEff
	last_exec
	assert_json "$W/j" '.COAMING_PROFILE_WHY | startswith("p=admitted enforce")'
	rm "$W/profiles/p.json"
	run confined exec c2 echo ran
	assert_status 1
	assert_has "$W/err" 'profile "p", under which the container was started, is in none'
	rm "$W/bundles/c2/config.json"
	run confined exec c2 echo ran
	[ "$status" -ne 0 ] || fail "executed"
	assert_has "$W/err" 'exec in container "c2" refused'
	echo broken >"$W/coaming.json"
	run confined exec c1 echo ran
	assert_status 2
}

# coaming explain --exec says what an exec then does.
explained() {
	profile p '{capabilities: {allow: ["CHOWN", "KILL"]}, admission: {deny: ["exec-tty"]},
		seccomp: {deny: ["mkdir"]}, limits: {nofile: 50}}'
	running c1 "$(labelled p)"
	process
	run coaming explain --bundle "$W/bundles/c1" --exec "$W/process.json" --json
	assert_status 0
	assert_json "$W/out" '.outcome == "accept" and .exec.admission == "recorded" and .exec.privileged
		and .exec.program == "cat" and any(.changes[]; .what | test("CAP_SYS_ADMIN"))'
	jq .exec.process "$W/out" >"$W/explained.json"
	run confined exec --process "$W/process.json" c1
	assert_met CHOWN KILL
	assert_json "$W/explained.json" '.noNewPrivileges and (.capabilities.effective | sort) == ["CAP_CHOWN", "CAP_KILL"]
		and any(.rlimits[]; .type == "RLIMIT_NOFILE" and .hard == 50)'
	# The explained process is what the runtime gave the kernel: it comes out unchanged.
	run coaming explain --bundle "$W/bundles/c1" --exec "$W/explained.json" --json
	assert_json "$W/out" '.changes == [] and .exec.process == null and (.exec.privileged | not)'
	process '.terminal = true'
	run coaming explain --bundle "$W/bundles/c1" --exec "$W/process.json"
	assert_status 1
	assert_has "$W/out" 'exec-tty is denied'
	# What it was started under holds still; and what it was started without, it is refused for.
	jq 'del(.annotations)' "$W/bundles/c1/config.json" >"$W/new.json"
	cp "$W/new.json" "$W/bundles/c1/config.json"
	host_config '.floor = ["q"]'
	profile q '{seccomp: {deny: ["mkdir"]}}'
	process
	run coaming explain --bundle "$W/bundles/c1" --exec "$W/process.json"
	assert_status 1
	assert_has "$W/out" 'p (enforce): the container was started under it'
	assert_has "$W/out" 'the container was started without it'
	run confined exec --process "$W/process.json" c1
	assert_status 1
	assert_has "$W/err" 'the container was started without it'
	rm "$W/profiles/p.json"
	run coaming explain --bundle "$W/bundles/c1" --exec "$W/process.json" --json
	assert_status 1
	assert_json "$W/out" '.outcome == "refuse" and (.reason | test("under which the container was started"))'
}

# Where is the container? By --root, by the environment's directory, by another name of the runtime.
elsewhere() {
	profile p '{capabilities: {allow: ["KILL"]}}'
	profile q '{capabilities: {allow: ["CHOWN"]}}'
	running c1 "$(labelled p)"
	bundle c2 "$(labelled q) | .linux.cgroupsPath += \"-2\"" sleep 1000
	mkdir "$W/run"
	export XDG_RUNTIME_DIR=$W/run
	run confined --root "$W/root" run --detach --bundle "$W/bundles/c2" c1
	assert_status 0
	run confined --root "$W/root" exec c1 cat /proc/self/status
	assert_eq "$(field "$W/out" CapEff)" "$(cap_mask CHOWN)" CapEff
	run confined --root /run/$RUNTIME exec c1 cat /proc/self/status
	assert_eq "$(field "$W/out" CapEff)" "$(cap_mask)" 'CapEff: of the id two things are known'
	ln -s "$(command -v "$RUNTIME")" "$W/another"
	host_config ".runtimes = [\"$W/another\"]"
	[ "$RUNTIME" = crun ] || {
		run confined exec c1 cat /proc/self/status
		assert_status 0
	}
	cp "$(command -v "$RUNTIME")" "$W/other-name"
	host_config ".runtimes = [\"$W/other-name\"]"
	run confined --root "$W/root" exec c1 cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" NoNewPrivs)" 1 NoNewPrivs
}

for RUNTIME in runc crun; do
	check "$RUNTIME: exec by options is met and recorded" by_options
	check "$RUNTIME: exec by process.json is met and recorded" by_process
	check "$RUNTIME: explain --exec says what exec does" explained
	check "$RUNTIME: the container that the runtime will find" elsewhere
done
# What the runtime behind it has no part in.
check "exec, exec-privileged, exec-tty, rootUser and unknown options are refused" refusals
check "audited, exempt and unconfined containers: recorded alone" audited
check "a policy that has changed since the start" later
finish
