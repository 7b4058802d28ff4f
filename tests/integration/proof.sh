#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is read back of real containers from the kernel: of every shape of them no false alarm, of
# each sabotage the point that it is at.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman dockerd docker containerd jq nft busybox "$B/prove"
prove=$B/prove
seccomp=/usr/share/containers/seccomp.json

# create NAME: the bundle's container, made and not started.
create() {
	run "$RUNTIME" create --bundle "$W/bundles/$1" "$1"
	assert_status 0
	pid=$("$RUNTIME" state "$1" | jq .pid)
}

# at_exec NAME [CONFIG]: proved at the execve of its program, against its own config or another.
at_exec() {
	create "$1"
	run "$prove" --exec "${2:-$W/bundles/$1/config.json}" "$pid" "$RUNTIME" start "$1"
}

# running NAME [CONFIG] [TABLE RULESET [DIGEST]]
running() {
	local config=${2:-$W/bundles/$1/config.json}

	shift $(($# < 2 ? $# : 2))
	run "$prove" "$config" "$pid" "$@"
}

holds() {
	assert_status 0
	assert_has_not "$W/out" 'mismatch'
	assert_has_not "$W/out" 'not-possible'
}

# mismatch POINT TEXT: this point and no other differs, and says this.
mismatch() {
	assert_status 1
	assert_has "$W/out" "$1 mismatch"
	assert_eq "$(grep -c ' mismatch ' "$W/out")" 1 "points that differ"
	grep -F "$1 mismatch" "$W/out" | grep -qF -- "$2" || fail "$1 does not say $2: $(grep " mismatch " "$W/out")"
}

# A container of all that is confined, and much that is not.
confined_config() {
	jq -n --slurpfile file $seccomp '$file[0] | del(.archMap, .defaultErrno) | .architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]
		| .syscalls |= map(select((.includes.caps // []) == [] and (.includes.arches // ["amd64"] | index("amd64")))
			| del(.includes, .excludes, .comment, .errno))' >"$W/seccomp.json"
	printf '%s' ". as \$c | .linux.seccomp = $(cat "$W/seccomp.json")
		| .process.noNewPrivileges = true | .root.readonly = true
		| .process.user = {uid: 1000, gid: 1000, additionalGids: [7, 8]}
		| .process.rlimits = [{type: \"RLIMIT_NOFILE\", soft: 100, hard: 200}]
		| .linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}, cpu: {quota: 50000, period: 100000}}
		| .linux.maskedPaths = [\"/proc/kcore\", \"/proc/keys\", \"/sys/firmware\", \"/proc/no-such\"]
		| .linux.readonlyPaths = [\"/proc/sys\", \"/proc/bus\", \"/proc/sysrq-trigger\"]
		| .mounts += [{destination: \"/data\", type: \"bind\", source: \"$W/shared\", options: [\"rbind\", \"ro\", \"nosuid\", \"nodev\", \"noexec\"]},
			{destination: \"/var/run/x\", type: \"tmpfs\", source: \"tmpfs\", options: [\"nosuid\", \"size=64k\"]}]"
}

# ---- no false alarm ------------------------------------------------------------------------------

shapes() {
	mkdir -p "$W/shared"
	bundle c1 "$(confined_config)" sleep 1000
	ln -s ../tmp "$W/bundles/c1/rootfs/var/run" # an image's link in the way of a destination
	at_exec c1
	holds
	for point in capabilities no-new-privileges seccomp user root mounts namespaces cgroup rlimits; do
		assert_has "$W/out" "$point match"
	done
	running c1
	holds
	bundle c2 '.linux.namespaces += [{type: "user"}, {type: "cgroup"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}, {containerID: 1000, hostID: 200000, size: 10}]
		| .linux.gidMappings = .linux.uidMappings | .process.user.uid = 5' sleep 1000
	chmod -R a+rX "$W"
	at_exec c2
	holds
	assert_has "$W/out" 'id-maps match'
	assert_matches "$W/out" 'uid 5 \(100005 outside\)'
	bundle c3 'del(.hostname) | .linux.namespaces |= map(select(.type == "mount")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .process.capabilities.ambient = ["CAP_KILL"] | .process.capabilities.inheritable = ["CAP_KILL"] | .process.user.uid = 3
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["socket"], action: "SCMP_ACT_ERRNO",
			args: [{index: 0, value: 40, op: "SCMP_CMP_EQ"}]}]}
		| del(.mounts[] | select(.type == "sysfs" or .type == "mqueue"))' sleep 1000
	at_exec c3
	holds
}

podman_shapes() {
	local n=0 line

	podman_setup
	mkdir -p "$W/vol"
	podman run -d --name keep --network none busybox sleep 1000
	while read -r line; do
		n=$((n + 1))
		# shellcheck disable=SC2086
		run podman run -d --name "c$n" $line busybox sleep 1000
		assert_status 0
		pid=$(podman inspect -f '{{.State.Pid}}' "c$n")
		run "$prove" "$(podman inspect -f '{{.OCIConfigPath}}' "c$n")" "$pid"
		holds
		# Its own shm may be busy for a moment: podman is asked again.
		wait_for 10 "the end of c$n" podman rm -f -i -t 0 "c$n"
	done <<-END
		--network none --device /dev/null:/dev/mine --shm-size 1m --hostname h -t
		--network none --read-only --cap-drop ALL --security-opt no-new-privileges --user 1000:1000 --group-add 5
		--network none --privileged
		--network none -v $W/vol:/vol -v $W/vol:/ro:ro --tmpfs /scratch:size=1m,noexec -v named:/named --memory 64m --pids-limit 30 --cpus 0.5
		--network none --uidmap 0:100000:1000 --gidmap 0:100000:1000
		--network host --pid host --ipc host --security-opt seccomp=unconfined --security-opt unmask=ALL --cap-add SYS_ADMIN
		--network container:keep --ipc container:keep --pid container:keep --cgroupns host
	END
}

dock() {
	docker -H "unix://$W/docker.sock" "$@"
}

docker_shapes() {
	local line n=0

	dockerd -H "unix://$W/docker.sock" --data-root "$W/data" --exec-root "$W/exec" -p "$W/docker.pid" \
		--storage-driver vfs --bridge none --iptables=false --ip6tables=false \
		--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$CG" >"$W/dockerd.log" 2>&1 &
	wait_for 20 dockerd dock info || { tail -n 20 "$W/dockerd.log"; return 1; }
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | dock import - busybox >/dev/null
	mkdir -p "$W/vol"
	while read -r line; do
		n=$((n + 1))
		# shellcheck disable=SC2086
		run dock run -d --name "c$n" $line busybox sleep 1000
		assert_status 0
		id=$(dock inspect -f '{{.Id}}' "c$n")
		pid=$(dock inspect -f '{{.State.Pid}}' "c$n")
		run "$prove" "$(find "$W/exec" /run/containerd -name config.json -path "*$id*" 2>/dev/null | head -n 1)" "$pid"
		holds
		dock rm -f "c$n" >/dev/null
	done <<-END
		--network none --read-only --init --user 1000:1000 --cap-drop ALL --security-opt no-new-privileges
		--network host --pid host --ipc host --cap-add CHOWN --security-opt seccomp=unconfined
		--network none -v $W/vol:/vol -v $W/vol:/ro:ro --tmpfs /scratch -v named:/named --memory 64m --pids-limit 30 --cpus 0.5
	END
}

# ---- sabotage ------------------------------------------------------------------------------------

# sabotage POINT TEXT JQ_EDIT: the runtime is given another config than what is wanted.
sabotage() {
	local name=s$((sabotages += 1))

	cp -r "$W/bundles/c1" "$W/bundles/$name"
	jq ".linux.cgroupsPath = \"/$CG/$name\" | $3" "$W/bundles/c1/config.json" >"$W/bundles/$name/config.json"
	at_exec "$name" "$W/bundles/c1/config.json"
	mismatch "$1" "$2"
	kill -KILL "$pid"
}

# The runtimes differ in how they make what the kernel is told: the filter above all.
sabotages_found() {
	local all=$1

	sabotages=0
	mkdir -p "$W/shared" "$W/other"
	bundle c1 "$(confined_config)" sleep 1000
	sabotage seccomp 'none is installed' 'del(.linux.seccomp)'
	sabotage seccomp 'kexec_load (SCMP_ARCH_X86_64) is allowed' '.linux.seccomp.syscalls |= map(.names -= ["kexec_load"])
		| .linux.seccomp.syscalls += [{names: ["kexec_load"], action: "SCMP_ACT_ALLOW"}]'
	sabotage seccomp 'socket (SCMP_ARCH_X86_64) with 0x10, 0, 0x9,' '.linux.seccomp.syscalls |= map(.names -= ["socket"] | select(.names != []))
		| .linux.seccomp.syscalls += [{names: ["socket"], action: "SCMP_ACT_ALLOW"}]'
	sabotage mounts '"/data": rw' '.mounts[-2].options -= ["ro"]'
	[ "$all" = all ] || return 0
	sabotage seccomp '(SCMP_ARCH_X32)' '.linux.seccomp.architectures += ["SCMP_ARCH_X32"]'
	sabotage capabilities 'bounding: also CAP_SYS_ADMIN' '.process.capabilities.bounding += ["CAP_SYS_ADMIN"]'
	sabotage capabilities 'inheritable: also CAP_CHOWN' '.process.capabilities.inheritable += ["CAP_CHOWN"]'
	sabotage no-new-privileges 'not set' '.process.noNewPrivileges = false | .process.user.uid = 1000'
	sabotage user 'uid 0' '.process.user.uid = 0'
	sabotage user 'groups 0 (not asked for) 7 8' '.process.user.additionalGids = [0, 7, 8]'
	sabotage root writable '.root.readonly = false'
	sabotage mounts '"/data": ro,nosuid,nodev' '.mounts[-2].options -= ["noexec"]'
	sabotage mounts "/other" ".mounts[-2].source = \"$W/other\""
	sabotage mounts '"/tmp": not asked for' ".mounts += [{destination: \"/tmp\", type: \"bind\", source: \"$W/other\", options: [\"rbind\", \"rw\"]}]"
	sabotage mounts '"/proc/keys": masked' '.linux.maskedPaths -= ["/proc/keys"]'
	sabotage mounts '"/proc/sys": read-only' '.linux.readonlyPaths -= ["/proc/sys"]'
	sabotage namespaces 'ipc: the host' '.linux.namespaces |= map(select(.type != "ipc"))'
	sabotage namespaces 'network: the host' '.linux.namespaces |= map(select(.type != "network")) | del(.hostname)'
	sabotage cgroup 'pids.max: 51' '.linux.resources.pids.limit = 51'
	sabotage cgroup 'memory.limit_in_bytes' '.linux.resources.memory.limit = 68157440'
	sabotage cgroup 'cpu.cfs_quota_us' '.linux.resources.cpu.quota = 60000'
	sabotage rlimits 'RLIMIT_NOFILE 100/201' '.process.rlimits[0].hard = 201'
}

# ---- the firewall --------------------------------------------------------------------------------

# altered TEXT NFT_COMMAND...: what the command does to the table is found out, and undone.
altered() {
	local table

	ip netns exec proof nft "${@:2}"
	running c1 "" "${firewall[@]}"
	mismatch network "$1"
	ip netns exec proof nft -f "$rules"
}

firewall_altered() {
	rules=$top/tests/golden/ruleset/except.nft
	table=$(sed -n 's/^table inet \([a-z0-9_]*\) {$/\1/p;T;q' "$rules")
	ip netns add proof
	ip netns exec proof nft -f "$rules"
	bundle c1 "$(netns_path /run/netns/proof)" sleep 1000
	create c1
	firewall=("$table" "$rules")
	running c1 "" "${firewall[@]}"
	holds
	assert_has "$W/out" 'network match'
	assert_has "$W/out" 'the same rules'
	run "$prove" --digest "$pid" "$table"
	firewall+=("$(cat "$W/out")")
	# What it counts is no part of it.
	ip netns exec proof busybox nc -w 1 192.0.2.1 80 </dev/null || true
	running c1 "" "${firewall[@]}"
	holds
	assert_has "$W/out" 'the same as when'
	altered 'the table is not there' delete table inet "$table"
	altered 'chain egress-holes is not so' 'chain inet' "$table" egress-holes '{ policy accept; }'
	altered 'rule 1 of chain egress-holes is not so' insert rule inet "$table" egress-holes accept
	altered 'rule 1 of chain egress-holes is not so' flush chain inet "$table" egress-holes
	altered 'table is not so' add table inet "$table" '{ flags dormant; }'
	running c1 "" "${firewall[@]::2}" "$(printf '%064d' 0)"
	holds
}

for RUNTIME in runc crun; do
	check "$RUNTIME: containers of many shapes are as their configs say" shapes
done
for RUNTIME in runc crun; do
	check "$RUNTIME: a config that was loosened for the runtime is found out, by its point" \
		sabotages_found "$([ "$RUNTIME" = runc ] || echo all)"
done
RUNTIME=crun
check 'the firewall: whatever is altered in its table is found out' firewall_altered
check 'podman: containers of seven shapes are as their configs say' podman_shapes
check 'docker: containers of three shapes are as their configs say' docker_shapes
finish
