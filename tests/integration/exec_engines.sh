#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Processes that podman, Docker and containerd execute in running containers: met with the profile,
# recorded, and refused in the client's own output. Many in one container, since it is starting one
# that takes long.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman dockerd docker containerd ctr jq busybox journalctl script \
	"$B/coaming-runtime" "$B/coaming-hook"

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

confined_exec='{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]}}'

# engine_host [JQ_EDIT]: the installed configuration, which engines' runtimes read.
engine_host() {
	journal_start
	mkdir -p /etc/coaming
	host_config "${1:-.}"
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile p "$confined_exec"
}

# engine_execs COMMAND...: what `COMMAND exec OPTION... web` does in a container under p.
engine_execs() {
	run "$@" exec web cat /proc/self/status
	assert_met CHOWN
	run "$@" exec --privileged web cat /proc/self/status
	assert_met CHOWN
	execs -n 1 COAMING_EXEC_PRIVILEGED=yes # and not a health check that came in between
	assert_json "$W/j" '.COAMING_EXEC_PRIVILEGED == "yes" and .COAMING_OUTCOME == "accept"
		and .COAMING_EXEC_PROGRAM == "cat" and .COAMING_PROFILE == "p" and .COAMING_ACTOR_CHAIN != null'
	run "$@" exec -u 5 -w /tmp -e A=b web sh -c 'cat /proc/self/status; pwd; echo "$A"; mkdir /tmp/x'
	assert_eq "$(field "$W/out" Uid | cut -f 1)" 5 Uid
	assert_has "$W/out" /tmp
	assert_matches "$W/out" '^b$'
	assert_has "$W/err" 'not permitted'
	run script -qec "$* exec -it web sh -c 'tty; cat /proc/self/status'" "$W/typed" </dev/null
	assert_has "$W/out" /dev/pts
	assert_has "$W/out" 'NoNewPrivs:	1'
	execs COAMING_EXEC_TTY=yes
	assert_json "$W/j" '.COAMING_EXEC_PROGRAM == "sh"'
	run "$@" exec -d web sh -c 'cat /proc/self/status >/tmp/status.new; mv /tmp/status.new /tmp/status'
	assert_status 0
	wait_for 8 "the detached process" "$@" exec web cat /tmp/status
	run "$@" exec web cat /tmp/status
	assert_met CHOWN
	# Edited in place: another profile under the same name, for what is executed from now on.
	profile p "$confined_exec + {admission: {deny: [\"exec-privileged\", \"exec-tty\"]}}"
	run "$@" exec --privileged web echo ran
	[ "$status" -ne 0 ] || fail "executed"
	cat "$W/out" >>"$W/err" # Docker says it there
	assert_has "$W/err" 'profile p: exec-privileged is denied'
	run script -qec "$* exec -it web echo ran" "$W/typed" </dev/null
	assert_has_not "$W/out" ran
	assert_has "$W/out" 'exec-tty is denied'
	run "$@" exec web echo ran
	assert_eq "$(cat "$W/out")" ran stdout
	execs COAMING_OUTCOME=refuse
	assert_json "$W/j" '.PRIORITY == "2" and .COAMING_EVENT == "exec"'
}

with_podman() {
	engine_host
	podman_setup
	sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
	run podman run -d --name web --annotation io.coaming.profile=p --network none \
		--health-cmd 'grep -q NoNewPrivs:.1 /proc/self/status' --health-interval disable \
		busybox sleep 1000
	assert_status 0
	engine_execs podman
	run podman healthcheck run web
	assert_status 0
	profile p "$confined_exec + {admission: {deny: [\"exec\"]}}"
	run podman healthcheck run web
	[ "$status" -ne 0 ] || fail "healthy, though exec is denied"
	last_exec
	assert_json "$W/j" '.COAMING_OUTCOME == "refuse" and (.COAMING_REASON | test("exec is denied"))'
}

# With its own containerd, whose client executes in the same container.
with_docker() {
	engine_host '.floor = ["p"]'
	jq -n --arg path "$B/coaming-runtime" '{"default-runtime": "coaming",
		runtimes: {coaming: {path: $path}}}' >"$W/daemon.json"
	dockerd --config-file "$W/daemon.json" -H "unix://$W/docker.sock" --data-root "$W/data" \
		--exec-root "$W/exec" -p "$W/docker.pid" --storage-driver vfs --bridge none \
		--iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/$CG" >"$W/dockerd.log" 2>&1 &
	wait_for 30 dockerd docker -H "unix://$W/docker.sock" info || { tail -n 20 "$W/dockerd.log"; return 1; }
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | docker -H "unix://$W/docker.sock" import - busybox >/dev/null
	run docker -H "unix://$W/docker.sock" run -d --name web --network none --health-interval 1s \
		--health-cmd 'grep -q NoNewPrivs:.1 /proc/self/status' busybox sleep 1000
	assert_status 0
	id=$(docker -H "unix://$W/docker.sock" inspect -f '{{.Id}}' web)
	wait_for 20 "a healthy container" health healthy
	engine_execs docker -H "unix://$W/docker.sock"
	run ctr -a "$W/exec/containerd/containerd.sock" -n moby task exec --exec-id e1 "$id" cat /proc/self/status
	assert_met CHOWN
	profile p "$confined_exec + {admission: {deny: [\"exec\"]}}"
	run ctr -a "$W/exec/containerd/containerd.sock" -n moby task exec --exec-id e2 "$id" echo ran
	[ "$status" -ne 0 ] || fail "executed"
	assert_has "$W/err" 'profile p: exec is denied'
	wait_for 20 "what exec denied makes of a health check" health unhealthy
}

health() {
	[ "$(docker -H "unix://$W/docker.sock" inspect -f '{{.State.Health.Status}}' web)" = "$1" ]
}

RUNTIME=crun
check "podman exec, --privileged, -u, -t, -d, health checks" with_podman
RUNTIME=runc
check "docker exec, --privileged, -u, -t, -d, HEALTHCHECK; ctr task exec" with_docker
finish
