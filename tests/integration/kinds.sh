#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every kind of change and of refusal, enforced and in audit mode: there nothing changes, and the
# record says what would have.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need crun runc jq nft busybox journalctl "$B/coaming-runtime" "$B/coaming-hook"

# with_mode MODE JSON: profile p, audited by its own word or by the host's.
with_mode() {
	journal_start
	case $1 in
	enforce) profile p "$2" ;;
	audit) profile p "$2 + {mode: \"audit\"}" ;;
	host-audit)
		profile p "$2"
		host_config '.mode = "audit"'
		;;
	esac
}

# The bundle's config is the request, but for the hooks.
assert_config_unchanged() {
	jq -S . "$W/before.json" >"$W/expected"
	jq -S 'del(.hooks)' "$W/bundles/c1/config.json" >"$W/seen"
	assert_file_is "$W/seen" "$W/expected"
}

# change_case MODE SECTION PROFILE EDIT TAKEN KEPT ARG...: what the container prints has a line like
# TAKEN where the profile is enforced, like KEPT where it is audited.
change_case() {
	local mode=$1 section=$2 edit=$4 taken=$5 kept=$6

	with_mode "$mode" "$3"
	shift 6
	bundle c1 "$(labelled p) | $edit" "$@"
	cp "$W/bundles/c1/config.json" "$W/before.json"
	run_confined c1
	assert_status 0
	journal CONTAINER_NAME=c1 COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_OUTCOME == "accept" and .COAMING_PROFILE == "p"'
	if [ "$mode" = enforce ]; then
		assert_matches "$W/out" "$taken"
		assert_json "$W/j" ".COAMING_MODE == \"enforce\" and
			([.COAMING_CHANGE] | flatten | any(test(\"^$section: .* \\\\(p\\\\)$\")))"
	else
		assert_matches "$W/out" "$kept"
		assert_config_unchanged
		assert_json "$W/j" ".COAMING_MODE == \"audit\" and
			([.COAMING_CHANGE] | flatten | any(test(\"^would: $section: .* \\\\(p\\\\)$\"))
			and all(startswith(\"would: \")))"
	fi
	assert_clean
}

change() { # NAME SECTION PROFILE EDIT TAKEN KEPT ARG...
	local name=$1 mode
	shift

	for mode in enforce audit host-audit; do
		check "$RUNTIME: change, $mode: $name" change_case $mode "$@"
	done
}

# refusal_case MODE SECTION PROFILE EDIT REASON
refusal_case() {
	local mode=$1 section=$2 edit=$4 reason=$5

	mkdir -p "$W/profiles/seccomp"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_ARM"]}' \
		>"$W/profiles/seccomp/arm.json"
	with_mode "$mode" "$3"
	bundle c1 "$(labelled p) | $edit" echo started
	cp "$W/bundles/c1/config.json" "$W/before.json"
	run_confined c1
	if [ "$mode" = enforce ]; then
		assert_status 1
		assert_has_not "$W/out" started
		assert_matches "$W/err" "profile p: .*$reason"
		assert_file_is "$W/bundles/c1/config.json" "$W/before.json"
		journal CONTAINER_NAME=c1 >"$W/j"
		assert_json "$W/j" ".COAMING_EVENT == \"deny\" and .COAMING_OUTCOME == \"refuse\" and
			(.COAMING_REASON | test(\"$reason\")) and
			([.COAMING_CHANGE] | flatten | any(test(\"^refusal: $section: .*\\\\(p\\\\)$\")))"
	else
		assert_status 0
		assert_has "$W/out" started
		assert_config_unchanged
		journal CONTAINER_NAME=c1 COAMING_EVENT=admit >"$W/j"
		assert_json "$W/j" ".COAMING_OUTCOME == \"would-refuse\" and .COAMING_MODE == \"audit\" and
			(.COAMING_REASON | test(\"$reason\")) and
			([.COAMING_CHANGE] | flatten | any(test(\"^would: refusal: $section: \")))"
	fi
	assert_clean
}

refusal() { # NAME SECTION PROFILE EDIT REASON
	local name=$1 mode
	shift

	for mode in enforce audit host-audit; do
		check "$RUNTIME: refusal, $mode: $name" refusal_case $mode "$@"
	done
}

without() { # NAMESPACE
	echo ".linux.namespaces |= map(select(.type != \"$1\"))"
}

deny() { # RULE
	echo "{admission: {deny: [\"$1\"]}}"
}

# A file that a host has and no container should get.
bind() { # SOURCE
	echo ".mounts += [{type: \"bind\", source: \"$1\", destination: \"/data\", options: [\"rbind\", \"ro\"]}]"
}

mounted() { # TYPE SOURCE OPTIONS
	echo ".mounts += [{type: \"$1\", source: \"$2\", destination: \"/data\", options: [$3]}]"
}

# explained NAME RULE EDIT STATUS: what is better not started in an audit mode.
explained() {
	check "explain: $1" explained_case "$2" "$3" "$4"
}

explained_case() { # RULE EDIT STATUS
	profile p "$(deny "$1")"
	bundle c1 "$(labelled p) | $2" true
	run coaming explain --bundle "$W/bundles/c1"
	assert_status "$3"
	[ "$3" -eq 0 ] || assert_has "$W/out" "${1%%:*}"
}

# crun joins the one with a path.
namespace_twice() {
	profile p '{admission: {deny: ["hostUTS"]}}'
	bundle c1 "$(labelled p) | del(.hostname) | .linux.namespaces |= map(select(.type != \"uts\"))
		+ $1" true
	run_confined c1
	assert_status 2
	assert_has "$W/err" 'a second namespace "uts"'
}

for RUNTIME in crun runc; do
	change seccomp seccomp '{seccomp: {deny: ["mkdir", "mkdirat"]}}' . \
		'mkdir /data/x: EPERM' 'mkdir /data/x: ok' probe mkdir /data/x
	change capabilities capabilities '{capabilities: {allow: ["CHOWN"]}}' . \
		'^CapBnd:.*0000000000000001' '^CapBnd:.*00000000a80425fb' cat /proc/self/status
	change rootfs rootfs '{rootfs: {readOnly: true, writable: [{path: "/data", size: "1M"}]}}' . \
		'mkdir /x: EROFS' 'mkdir /x: ok' probe mkdir /x -- mkdir /data/x
	# The loopback of the container's own netns, with a rule before it: the capability is what shows.
	change network '(network|capabilities)' '{network: {ingress: [], egress: []}}' . \
		'packet: EPERM' 'packet: ok' probe packet
	change limits limits '{limits: {nofile: 99, pids: 50, memory: "64M"}}' \
		'.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 500, hard: 500}]' \
		'nofile: 99 99' 'nofile: 500 500' probe nofile
done

RUNTIME=crun
refusal 'seccomp: no architecture in common' seccomp \
	'{seccomp: {file: "seccomp/arm.json"}}' . architecture
refusal 'host network and a network section' network \
	'{network: {ingress: []}}' "$(without network)" network
refusal 'hostNetwork' admission "$(deny hostNetwork)" "$(without network)" hostNetwork
refusal 'hostPID' admission "$(deny hostPID)" "$(without pid)" hostPID
refusal 'hostIPC' admission "$(deny hostIPC)" "$(without ipc)" hostIPC
refusal 'hostUTS' admission "$(deny hostUTS)" "$(without uts) | del(.hostname)" hostUTS
refusal 'hostUser' admission "$(deny hostUser)" . hostUser
refusal 'rootUser' admission "$(deny rootUser)" . rootUser
refusal 'devices' admission "$(deny devices)" \
	'.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 384}]' devices
refusal 'a device rule (--device-cgroup-rule)' admission "$(deny devices)" \
	'.linux.resources.devices += [{allow: true, type: "b", access: "rwm"}]' devices
refusal 'a device rule of one disk, to be read' admission "$(deny devices)" \
	'.linux.resources.devices += [{allow: true, type: "b", major: 8, minor: 0, access: "r"}]' devices
refusal 'privileged by wildcards of -1' admission "$(deny privileged)" \
	'.process.capabilities.bounding += ["CAP_SYS_ADMIN"]
	| .linux.resources.devices += [{allow: true, type: "a", major: -1, minor: -1, access: "rwm"}]' \
	privileged
refusal 'privileged' admission "$(deny privileged)" \
	'(.process.capabilities | .bounding, .effective, .permitted) |= . + ["CAP_SYS_ADMIN"]
		| .linux.maskedPaths = [] | .linux.readonlyPaths = []' privileged
refusal 'hostPath' admission "$(deny hostPath:/etc)" "$(bind /etc/ssl)" hostPath
refusal 'hostPath through ..' admission "$(deny hostPath:/etc)" "$(bind /usr/../etc)" hostPath
explained 'a disk called /dev/null' devices \
	'.linux.devices = [{path: "/dev/null", type: "b", major: 8, minor: 0}]' 1
explained 'the /dev/null that every container has' devices \
	'.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3}]' 0
explained 'the rules that engines give to all' devices '.linux.resources.devices = [
	{allow: false, access: "rwm"}, {allow: true, type: "c", access: "m"},
	{allow: true, type: "b", access: "m"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwm"},
	{allow: true, type: "c", major: 136, access: "rwm"}]' 0
explained 'a device of the host bound elsewhere' devices "$(bind /dev/kmsg)" 1
explained '/dev/null bound over a file' devices "$(bind /dev/null)" 0
explained 'an overlay of a denied path' hostPath:/etc \
	"$(mounted overlay overlay '"ro", "lowerdir=/usr:/usr/../etc"')" 1
explained 'an overlay of a relative path' hostPath:/etc \
	"$(mounted overlay overlay '"upperdir=/x,workdir=/y", "lowerdir+=etc"')" 1
explained 'an overlay of other paths' hostPath:/etc \
	"$(mounted overlay overlay '"ro", "lowerdir=/usr:/etc\\:x,upperdir=/x,workdir=/y"')" 0
explained 'an overlay of the devices' devices "$(mounted overlay overlay '"lowerdir=/usr:/dev"')" 1
explained 'a disk, for its paths' hostPath:/etc "$(mounted ext4 /usr/../dev/sda1 '"ro"')" 1
explained 'a disk, for a device' devices "$(mounted ext4 /dev/sda1 '"ro"')" 1
explained 'all devices of the host' devices "$(mounted devtmpfs dev '"ro"')" 1
explained 'a tmpfs with options' hostPath:/etc "$(mounted tmpfs /etc '"size=1M,mode=0755"')" 0
explained 'the root of the host as root' hostPath:/etc '.root.path = "/"' 1
explained 'a root above a denied path' hostPath:/var/run/x '.root.path = "/var/../var"' 1
explained 'a root below a denied path' hostPath:/run '.' 0
check 'a namespace twice, the path first' namespace_twice \
	'[{type: "uts", path: "/proc/self/ns/uts"}, {type: "uts"}]'
check 'a namespace twice, the path last' namespace_twice \
	'[{type: "uts"}, {type: "uts", path: "/proc/self/ns/uts"}]'
finish
