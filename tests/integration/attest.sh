#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The proof: at the execve of the program on the real runc and crun, where a runtime that does not do
# what its config says is caught before the program has run; and later, by coaming attest.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman dockerd docker jq nft ip busybox nsenter strace journalctl "$B/coaming" \
	"$B/coaming-runtime" "$B/coaming-hook"

RUNTIME=crun
shop='{
	capabilities: {allow: ["CHOWN", "NET_BIND_SERVICE"]},
	seccomp: {deny: ["ptrace", "bpf", "keyctl", "mount", "unshare"]},
	rootfs: {readOnly: true, writable: [{path: "/tmp", size: "1M"}]},
	network: {ingress: [{ports: [{port: 8080}]}], egress: [{to: [{ipBlock: {cidr: "10.0.0.0/8"}}]}]},
	admission: {deny: ["hostPID", "hostIPC", "hostNetwork"]},
	limits: {pids: 64, memory: "64M", nofile: 256}
}'

both() { # FUNCTION [ARG...]: with each runtime
	for RUNTIME in crun runc; do
		host_config
		"$@"
	done
}

# Nothing of coaming's is left behind: no tracer, no zombie.
assert_nobody() {
	wait_for 10 'the tracer to end' no_tracer
	[ -z "$(pgrep -r Z coaming)" ] || fail 'a zombie is left'
}
no_tracer() { ! pgrep -x coaming-hook; }

attested() { # ID: the records of its attestations
	journal COAMING_EVENT=attest "CONTAINER_ID_FULL=$1"
}

# --- what is proved -------------------------------------------------------------------------------

proved() {
	bundle "$RUNTIME" "$(labelled shop)" sh -c 'echo ran; grep TracerPid /proc/self/status'
	run_confined "$RUNTIME"
	assert_status 0
	assert_has "$W/out" ran
	assert_matches "$W/out" '^TracerPid:.0$'
	assert_nobody
	attested "$RUNTIME" >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 'records of an attestation'
	assert_json "$W/j" '.COAMING_OUTCOME == "match" and .COAMING_MODE == "enforce" and .PRIORITY == "5"
		and .COAMING_STAGE == "start" and .COAMING_PROFILE == "shop" and .COAMING_FINDING == null
		and ((["capabilities", "no-new-privileges", "seccomp", "root", "mounts", "namespaces",
			"cgroup", "rlimits", "network"] - .COAMING_PROVED) == [])
		and (.COAMING_PROOF_DIGEST | length == 64) and (.COAMING_CONFIG_DIGEST | length == 64)
		and (.COAMING_NFT_TABLE | startswith("coaming_")) and (.COAMING_NETNS | test("^[0-9]+$"))'
}

proves() {
	journal_start
	profile shop "$shop"
	both proved
	# No profile, no tracer, no record; and one with nothing to enforce is only looked at.
	bundle plain . true
	run_confined plain
	assert_status 0
	assert_eq "$(attested plain)" '' 'attested without a profile'
	# The controls that the points suffice for are evidenced; the others are not.
	profile shop "$shop + {controls: [\"CIS-Docker-1.6.0:5.13\", \"CIS-Docker-1.6.0:5.22\",
		\"CIS-Docker-1.6.0:5.18\"]}"
	bundle again "$(labelled shop)" true
	run_confined again
	assert_status 0
	mkdir -p /usr/share/coaming
	mount --bind "$top/audit" /usr/share/coaming
	run coaming report --framework CIS-Docker-1.6.0 --json --match 'io.coaming.profile=shop'
	assert_json "$W/out" '[.controls[] | select(.id == ("5.13", "5.18", "5.22")) | .status]
		== ["evidenced", "configured", "evidenced"]'
	umount /usr/share/coaming
	assert_clean
}

# --- a runtime that does something else ------------------------------------------------------------

# saboteur JQ_EDIT: a runtime in front of the real one that alters the config after coaming, and has
# the good one back in place before coaming's hook looks at it.
saboteur() {
	printf '%s\n' "$1" >"$W/edit"
	cat >"$W/saboteur" <<-END
		#!/bin/bash
		for word; do
			[ -e "\$word/config.json" ] || continue
			cp "\$word/config.json" "$W/good.json"
			echo "\$word/config.json" >"$W/where"
			jq --arg restore "$W/restore" "(\$(cat "$W/edit")) | .hooks.createRuntime |=
				[{path: \\\$restore, args: [\\\$restore], env: []}] + ." \
				"$W/good.json" >"\$word/config.json"
		done
		exec $RUNTIME "\$@"
	END
	cat >"$W/restore" <<-END
		#!/bin/bash
		PATH=/usr/bin:/bin
		cat >/dev/null
		cp "$W/good.json" "\$(cat "$W/where")"
	END
	chmod 0755 "$W/saboteur" "$W/restore"
	host_config ".runtimes = [\"$W/saboteur\"]"
}

# Killed before its first instruction, the reason told and recorded.
assert_caught() { # ID FINDING_REGEX
	assert_has_not "$W/out" ran
	assert_nobody
	attested "$1" >"$W/j"
	assert_json "$W/j" '.COAMING_OUTCOME == "mismatch" and .PRIORITY == "2" and .COAMING_KILLED == "yes"
		and (.MESSAGE | test("killed"))'
	jq -r '.COAMING_FINDING | if type == "array" then .[] else . end' "$W/j" >"$W/findings"
	assert_matches "$W/findings" "$2"
}

sabotaged() { # NAME FINDING_REGEX JQ_EDIT
	saboteur "$3"
	bundle "$1-$RUNTIME" "$(labelled shop)" sh -c 'echo ran; touch /tmp/ran'
	run_confined "$1-$RUNTIME"
	assert_eq "$status" 137 "$1: exit status"
	assert_matches "$W/err" "killed at its start: "
	assert_caught "$1-$RUNTIME" "$2"
	confined delete -f "$1-$RUNTIME" >/dev/null 2>&1 || true
	n=$((n + 1))
}

sabotages() {
	sabotaged no-filter '^seccomp:' 'del(.linux.seccomp)'
	sabotaged one-rule '^seccomp:.*ptrace' '.linux.seccomp.syscalls |= map(
		if .names | index("ptrace") then .action = "SCMP_ACT_LOG" | del(.errnoRet) else . end)'
	sabotaged kept-cap '^capabilities:.*NET_RAW' '.process.capabilities |= map_values(. + ["CAP_NET_RAW"])'
	sabotaged ambient '^capabilities:' '.process.capabilities |=
		(.inheritable = ["CAP_CHOWN"] | .ambient = ["CAP_CHOWN"])'
	sabotaged new-privs '^no-new-privileges:' '.process.noNewPrivileges = false'
	sabotaged root-rw '^root:' '.root.readonly = false'
	sabotaged sys-rw '^mounts:.*/sys' '.mounts |= map(if .destination == "/sys" then .options -= ["ro"] else . end)'
	sabotaged suid '^mounts:.*/dev/shm' '.mounts |= map(if .destination == "/dev/shm" then .options -= ["nosuid"] else . end)'
	sabotaged bind '^mounts:.*/var' '.mounts += [{destination: "/var", type: "bind", source: "/etc", options: ["rbind"]}]'
	sabotaged host-pid '^namespaces:.*pid' '.linux.namespaces |= map(select(.type != "pid"))'
	sabotaged host-ipc '^namespaces:.*ipc' '.linux.namespaces |= map(select(.type != "ipc"))'
	sabotaged no-pids '^cgroup:.*pids' 'del(.linux.resources.pids)'
	sabotaged memory '^cgroup:.*memory' '.linux.resources.memory.limit *= 2'
	sabotaged nofile '^rlimits:' '.process.rlimits |= map(if .type == "RLIMIT_NOFILE" then .hard *= 2 | .soft *= 2 else . end)'
	sabotaged proc-sys '^mounts:.*/proc/sys' 'del(.linux.readonlyPaths)'
}

catches() {
	local n=0

	journal_start
	profile shop "$shop"
	both sabotages
	[ "$n" -ge 24 ] || fail "only $n sabotages"
	assert_clean
}

# What is done to a container between its createRuntime and its start.
meddled() { # NAME FINDING_REGEX COMMAND
	local pid

	bundle "$1-$RUNTIME" "$(labelled shop)" sh -c "echo ran >/proc/1/fd/1"
	confined create --bundle "$W/bundles/$1-$RUNTIME" "$1-$RUNTIME" >"$W/out" 2>"$W/err" </dev/null
	pid=$("$RUNTIME" state "$1-$RUNTIME" | jq .pid)
	eval "$3"
	run confined start "$1-$RUNTIME"
	wait_for 5 'its end' sh -c "! kill -0 $pid"
	assert_caught "$1-$RUNTIME" "$2"
	confined delete -f "$1-$RUNTIME"
	n=$((n + 1))
}

meddlings() {
	# shellcheck disable=SC2016  # eval is to see these
	meddled flushed '^network:' 'nsenter -n -t $pid nft flush ruleset'
	# shellcheck disable=SC2016
	meddled replaced '^network:' 'rule=$(nsenter -n -t $pid nft -a list ruleset |
		sed -n "s/.*10\.0\.0\.0.8.*handle \([0-9]*\)$/\1/p; /10\.0\.0\.0.8.*handle/q")
		table=$(nsenter -n -t $pid nft list tables | cut -d" " -f3)
		chain=$(nsenter -n -t $pid nft -j list ruleset | jq -r ".nftables[].rule | select(.handle == $rule) | .chain")
		nsenter -n -t $pid nft replace rule inet $table $chain handle $rule accept'
	# shellcheck disable=SC2016
	meddled policy '^network:' 'nsenter -n -t $pid nft list ruleset |
		sed "s/policy drop/policy accept/" >$W/rules.nft; nsenter -n -t $pid nft -f <(echo flush ruleset; cat $W/rules.nft)'
}

meddling() {
	local n=0

	journal_start
	profile shop "$shop"
	both meddlings
	[ "$n" -eq 6 ] || fail "only $n"
	assert_clean
}

# --- modes, and what fails -------------------------------------------------------------------------

# In audit mode it is recorded, and runs.
audited() {
	journal_start
	profile shop "$shop + {mode: \"audit\"}"
	saboteur '.process.noNewPrivileges = false'
	bundle c1 "$(labelled shop) | .process.noNewPrivileges = true" echo ran
	run_confined c1
	assert_status 0
	assert_has "$W/out" ran
	assert_nobody
	attested c1 >"$W/j"
	assert_json "$W/j" '.COAMING_OUTCOME == "mismatch" and .COAMING_MODE == "audit" and .PRIORITY == "4"
		and .COAMING_KILLED == null and (.COAMING_FINDING | test("^no-new-privileges:"))'
	assert_clean
}

# Whoever kills the tracer kills the container.
tracer_killed() {
	local pid

	bundle "$RUNTIME" "$(labelled shop)" sh -c 'echo ran >/proc/1/fd/1'
	confined create --bundle "$W/bundles/$RUNTIME" "$RUNTIME" >"$W/out" 2>&1 </dev/null
	pid=$("$RUNTIME" state "$RUNTIME" | jq .pid)
	pgrep -x coaming-hook >"$W/tracer"
	assert_eq "$(wc -l <"$W/tracer")" 1 tracers
	kill -KILL "$(cat "$W/tracer")"
	wait_for 5 'its end' sh -c "! kill -0 $pid"
	assert_has_not "$W/out" ran
	run confined start "$RUNTIME"
	[ "$status" -ne 0 ] || fail 'it was started'
	confined delete -f "$RUNTIME"
}

# One that cannot be traced is refused; one whose attestation cannot be recorded is killed.
fails_closed() {
	local pid

	journal_start
	profile shop "$shop"
	both tracer_killed
	hook_setup "$shop"
	cp "$W/bundles/c1/config.json" "$W/again.json"
	strace -o /dev/null -p "$target" 2>/dev/null &
	wait_for 5 strace grep -q 'TracerPid:.[1-9]' "/proc/$target/status"
	hook createRuntime
	assert_status 111
	assert_has "$W/err" 'cannot be proved: it may not be traced: another process traces it'
	assert_clean
	kill %%
	host_config
	bundle c2 "$(labelled shop)" sh -c 'echo ran >/proc/1/fd/1'
	confined create --bundle "$W/bundles/c2" c2 >"$W/out" 2>&1 </dev/null
	pid=$(crun state c2 | jq .pid)
	mount -t tmpfs -o size=4k tmpfs "$W/audit"
	head -c 4096 /dev/zero >"$W/audit/full" || true
	run confined start c2
	wait_for 5 'its end' sh -c "! kill -0 $pid"
	assert_has_not "$W/out" ran
	umount "$W/audit"
	confined delete -f c2
}

crowd() {
	local i

	journal_start
	profile shop "$shop"
	bundle c0
	for i in $(seq 20); do
		mkdir "$W/bundles/c$i"
		bundle_config "c$i" "$(labelled shop) | .root.path = \"$T/rootfs\"" echo ran
	done
	for i in $(seq 20); do
		confined run --bundle "$W/bundles/c$i" "c$i" >"$W/out$i" 2>&1 &
		echo $! >>"$W/pids"
	done
	while read -r i; do wait "$i" || fail "one failed: $(cat "$W"/out*)"; done <"$W/pids"
	assert_eq "$(cat "$W"/out* | sort | uniq -c | tr -s ' ')" ' 20 ran' output
	assert_nobody
	wait_for 10 records sh -c "journalctl -q -o cat --output-fields=COAMING_OUTCOME COAMING_EVENT=attest |
		grep -c match | grep -x 20"
	run coaming verify
	assert_status 0
	assert_clean
}

# --- coaming attest --------------------------------------------------------------------------------

drifts() {
	journal COAMING_EVENT=drift "CONTAINER_ID_FULL=$1"
}

# drifted NAME FINDING_REGEX COMMAND BACK: found once, recorded once, and right again afterwards.
drifted() {
	local before

	before=$(drifts c1 | wc -l)
	eval "$3"
	run coaming attest c1
	assert_status 1
	assert_has "$W/out" '"c1": mismatch'
	assert_matches "$W/out" "$2"
	run coaming attest --all --json
	assert_status 1
	assert_json "$W/out" '.containers[0] | .result == "mismatch" and (.killed | not)'
	drifts c1 >"$W/j"
	assert_eq "$(wc -l <"$W/j")" $((before + 1)) 'drift recorded once'
	tail -n 1 "$W/j" >"$W/last"
	assert_json "$W/last" '.PRIORITY == "2" and .COAMING_STAGE == "attest" and .COAMING_KILLED == null'
	eval "$4"
	run coaming attest c1
	assert_status 0
	assert_has "$W/out" '"c1": match'
}

# shellcheck disable=SC2016  # eval is to see these
# Asked for by its name while it is being started: its tracer is let go first. By --all, and where it
# is not started at all, there is nothing to see, and nothing is recorded.
while_it_starts() {
	RUNTIME=$1
	journal_start
	profile shop "$shop"
	bundle c1 "$(labelled shop)" sleep 1000
	confined create --bundle "$W/bundles/c1" c1 >/dev/null 2>&1 </dev/null
	run coaming attest --all
	assert_status 0
	assert_eq "$(cat "$W/out")" '' 'what --all tells of it'
	run coaming attest c1
	assert_status 2
	assert_has "$W/err" 'not started yet'
	attested c1 >"$W/j"
	assert_eq "$(cat "$W/j")" '' 'attestations before its start'
	coaming attest c1 >"$W/attested" 2>&1 &
	sleep 0.5
	confined start c1
	wait $! || fail "$(cat "$W/attested")"
	assert_matches "$W/attested" '^"c1": match, [0-9]+ points$'
	assert_nobody
	attested c1 >"$W/j"
	assert_eq "$(jq -r .COAMING_OUTCOME "$W/j" | tr '\n' ' ')" 'match match ' outcomes
	confined delete -f c1
	assert_clean
}

drift() {
	local pid group

	journal_start
	profile shop "$shop"
	bundle c1 "$(labelled shop)" sleep 1000
	confined run --detach --bundle "$W/bundles/c1" c1 >/dev/null 2>&1 </dev/null
	assert_nobody
	pid=$(crun state c1 | jq .pid)
	run coaming attest c1
	assert_status 0
	drifted remounted 'root: wanted' 'nsenter -m -p -t $pid busybox mount -o remount,rw,bind /' \
		'nsenter -m -p -t $pid busybox mount -o remount,ro,bind /'
	drifted suid 'mounts: wanted.*/dev/shm' 'nsenter -m -p -t $pid busybox mount -o remount,bind,suid,nodev,noexec /dev/shm' \
		'nsenter -m -p -t $pid busybox mount -o remount,bind,nosuid,nodev,noexec /dev/shm'
	group=$(find /sys/fs/cgroup -path "*/$CG/c1/pids.max" | head -n 1)
	[ -n "$group" ] || fail 'no control group'
	drifted raised 'cgroup: wanted.*pids' 'echo 4000 >"$group"' 'echo 64 >"$group"'
	drifted flushed 'network: wanted' \
		'nsenter -n -t $pid nft flush ruleset' 'nsenter -n -t $pid nft -f $W/state/containers/*.nft'
	# The config that it was admitted with.
	cp "$W/bundles/c1/config.json" "$W/config.json"
	jq '.process.noNewPrivileges = false' "$W/config.json" >"$W/bundles/c1/config.json"
	run coaming attest c1
	assert_status 1
	assert_has "$W/out" 'changed since admission'
	cp "$W/config.json" "$W/bundles/c1/config.json"
	# One that is traced cannot be looked at, which is no drift.
	strace -o /dev/null -p "$pid" 2>/dev/null &
	wait_for 5 strace grep -q 'TracerPid:.[1-9]' "/proc/$pid/status"
	run coaming attest c1
	assert_status 1
	assert_has "$W/out" '"c1": unproven'
	kill %%
	wait_for 5 'the end of strace' grep -q 'TracerPid:.0' "/proc/$pid/status"
	run coaming attest c1
	assert_status 0
	# A report counts it as failed from now on.
	run coaming attest nobody
	assert_status 2
	run coaming attest
	assert_status 2
	confined delete -f c1
	run coaming attest --all
	assert_status 0
	assert_clean
}

drift_kills() {
	local pid

	journal_start
	profile shop "$shop + {attest: {onDrift: \"kill\"}}"
	bundle c1 "$(labelled shop)" sleep 1000
	confined run --detach --bundle "$W/bundles/c1" c1 >/dev/null 2>&1 </dev/null
	pid=$(crun state c1 | jq .pid)
	run coaming attest --all
	assert_status 0
	# A profile that was changed since is another container's.
	profile shop "$shop"
	nsenter -n -t "$pid" nft flush ruleset
	run coaming attest --all --quiet
	assert_status 1
	assert_has "$W/out" '"c1": mismatch, killed'
	wait_for 5 'its end' sh -c "! kill -0 $pid"
	drifts c1 >"$W/j"
	assert_json "$W/j" '.COAMING_KILLED == "yes" and (.MESSAGE | test("killed, no longer confined"))'
	confined delete -f c1
	assert_clean
}

# A control group of a container that nobody decided on, as podman names it.
group_of() { # ID: a process in it
	local dir

	dir=$(dirname "$(find /sys/fs/cgroup -maxdepth 3 -path "*/$CG/cgroup.procs" | head -n 1)")
	mkdir "$dir/libpod-$1.scope"
	sleep 1000 &
	echo $! >"$dir/libpod-$1.scope/cgroup.procs"
}

gaps() {
	local rogue exempt plain

	rogue=$(printf 'a%.0s' $(seq 64)) exempt=$(printf 'b%.0s' $(seq 64)) plain=$(printf 'c%.0s' $(seq 64))
	journal_start
	host_config '.exempt = [{labelSelector: {matchLabels: {app: "exempt"}}, reason: "a test"}]'
	for id in "$exempt" "$plain"; do
		bundle "$id" ".linux.cgroupsPath = \"/$CG/libpod-$id.scope\"" sleep 1000
		[ "$id" = "$plain" ] || bundle_config "$id" ".linux.cgroupsPath = \"/$CG/libpod-$id.scope\"
			| .annotations.app = \"exempt\"" sleep 1000
		confined run --detach --bundle "$W/bundles/$id" "$id" >/dev/null 2>&1 </dev/null
	done
	run coaming attest --all
	assert_status 0
	assert_eq "$(cat "$W/out")" '' 'said of those that are admitted'
	group_of "$rogue"
	run coaming attest --all --json
	assert_status 1
	assert_json "$W/out" ".gaps == [\"$rogue\"]"
	run coaming attest --all
	assert_status 1
	assert_has "$W/out" "${rogue:0:12}: it runs and there is no decision on it"
	journal COAMING_EVENT=gap >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 'gap recorded once'
	assert_json "$W/j" ".CONTAINER_ID_FULL == \"$rogue\" and .PRIORITY == \"2\"
		and .COAMING_GAP_REASON == \"unadmitted\""
	# It is no hole in the chain.
	run coaming verify
	assert_status 0
}

# --- engines ---------------------------------------------------------------------------------------

# shellcheck source=/dev/null  # the doors, as podman.sh and docker.sh install them
podman_door() { # runtime|hooks
	local file dir

	mkdir -p /etc/coaming
	host_config
	cp "$W/coaming.json" /etc/coaming/coaming.json
	for dir in hooks.d precreate.d; do
		mkdir -p "$W/$dir"
		for file in "$top/packaging/$dir"/*.json.in; do
			sed "s|@libexecdir@/coaming/|$B/|" "$file" >"$W/$dir/$(basename "$file" .in)"
		done
	done
	podman_setup
	if [ "$1" = runtime ]; then
		sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
	else
		sed -i "s|^hooks_dir = .*|hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]|" "$CONTAINERS_CONF"
	fi
}

podman_life() { # DOOR
	journal_start
	profile shop "$shop"
	podman_door "$1"
	run podman run -d --name web --network none --annotation io.coaming.profile=shop busybox sleep 1000
	assert_status 0
	assert_nobody
	id=$(podman inspect -f '{{.Id}}' web)
	run podman exec web echo inside
	assert_status 0
	assert_has "$W/out" inside
	run timeout 20 podman restart -t 0 web
	assert_status 0
	assert_nobody
	run "$B/coaming" attest web
	assert_status 0
	run podman stop -t 0 web
	assert_status 0
	attested "$id" >"$W/j"
	assert_eq "$(jq -r .COAMING_OUTCOME "$W/j" | tr '\n' ' ')" 'match match match ' outcomes
	assert_json "$W/j" '.COAMING_ENGINE == "podman" and (.COAMING_PROVED | index("seccomp"))'
	run podman rm web
	assert_status 0
	assert_clean
}

docker_life() {
	journal_start
	profile shop "$shop"
	mkdir -p /etc/coaming
	host_config '.floor = ["shop"]'
	cp "$W/coaming.json" /etc/coaming/coaming.json
	jq -n --arg path "$B/coaming-runtime" '{"default-runtime": "coaming",
		runtimes: {coaming: {path: $path}}}' >"$W/daemon.json"
	dockerd --config-file "$W/daemon.json" -H "unix://$W/docker.sock" --data-root "$W/data" \
		--exec-root "$W/exec" -p "$W/docker.pid" --storage-driver vfs --bridge none \
		--iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/$CG" >"$W/dockerd.log" 2>&1 &
	export DOCKER_HOST=unix://$W/docker.sock
	wait_for 20 dockerd docker info
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | docker import - busybox >/dev/null
	run docker run -d --name web --network none --restart on-failure busybox sleep 1000
	assert_status 0
	assert_nobody
	id=$(docker inspect -f '{{.Id}}' web)
	run docker exec web echo inside
	assert_has "$W/out" inside
	run docker restart -t 0 web
	assert_status 0
	run "$B/coaming" attest "${id:0:12}"
	assert_status 0
	run docker rm -f web
	assert_status 0
	attested "$id" >"$W/j"
	assert_eq "$(jq -r .COAMING_OUTCOME "$W/j" | tr '\n' ' ')" 'match match match ' outcomes
	# docker-init is the program then.
	if [ -x "$(command -v docker-init)" ]; then
		run docker run --rm --init --network none busybox echo ran
		assert_status 0
		assert_has "$W/out" ran
	fi
	assert_nobody
	assert_clean
}

check 'what a container is admitted with is proved before its program runs' proves
check 'a runtime that alters the config is caught before the program runs' catches
check 'what is done between create and start is caught' meddling
check 'audit mode records and lets run' audited
check 'nothing runs that could not be proved' fails_closed
check 'twenty starts at once' crowd
check 'runc: attested by name while it is being started' while_it_starts runc
check 'crun: attested by name while it is being started' while_it_starts crun
check 'drift is found, recorded once, and gone when it is undone' drift
check 'drift kills where the profile says so' drift_kills
check 'containers without an admission are found' gaps
check 'podman, runtime: run, exec, restart, stop' podman_life runtime
check 'podman, hooks: run, exec, restart, stop' podman_life hooks
check 'docker: run, exec, restart, stop' docker_life
finish
