# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every integration test starts from. Source it first:
#
#	. "$(dirname "$0")/lib.sh"
#	sandbox "$@"
#	need runc jq
#	check 'a sentence that says what holds' function [ARG...]
#	finish
#
# sandbox() runs the script again as PID 1 of fresh process, mount and network namespaces, with
# tmpfs on /run and overlays on /etc and /var. Real runtimes, podman and journald work there as on
# a host of their own, and all that they leave (processes, mounts, interfaces, tables, files) is
# gone when the script ends, however it ends. Only control groups live outside: those of the test
# are below /$CG and are removed by the outer process.
#
# In a test: $T is the script's directory, $W the one of the running check, with what that check
# configures (profiles/, state/, audit/, coaming.json). $B is the build directory.
#
# Output: "ok - NAME", "not ok - NAME: why" and what was seen in "# " lines, "skip - NAME: what is
# missing". A skip is a failure where CI is set. TEST=PATTERN runs only the checks whose name holds
# the pattern; KEEP=1 prints what each check did also where it passed.

set -u
shopt -s nullglob
export LC_ALL=C
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
B=${O:-$top/build}
case $B in /*) ;; *) B=$top/$B ;; esac
T=/run/t
CG=coaming-test-${COAMING_TEST_CG:-$$}
passed=0 failed=0 skipped=0 seq=0
check_seconds=${CHECK_SECONDS:-900} # against hanging, on a machine that does other things too
# make exports what stands on its command line. Sanitized programs take several times as long; and
# LeakSanitizer cannot trace a process that strace traces.
if [ -n "${SANITIZE:-}" ]; then
	check_seconds=2700
	export ASAN_OPTIONS=detect_leaks=${DETECT_LEAKS:-1}
fi

# --- sandbox -----------------------------------------------------------------------------------

sandbox() {
	if [ -z "${COAMING_TEST_CG:-}" ]; then
		outer "$@"
	else
		inner
	fi
}

outer() {
	local status

	if [ "$(id -u)" -ne 0 ]; then
		echo "skip - ${0##*/}: needs root"
		exit $((${CI:+1} + 0))
	fi
	cgroups_look
	COAMING_TEST_CG=$$ unshare --mount --net --pid --fork --kill-child --mount-proc \
		--propagation private bash "$0" "$@" 9>&- &
	inside=$!
	trap 'kill -KILL "$inside" 2>/dev/null' INT TERM HUP
	wait "$inside"
	status=$?
	cgroups_remove
	exit "$status"
}

# What was there before any test: the first of those that run at once looks, and the others, as long
# as one of them holds the lock, believe it.
cgroups_look() {
	local seen=/run/lock/coaming-test

	exec 9>"$seen.lock"
	if flock --nonblock 9; then
		find /sys/fs/cgroup -maxdepth 2 -name libpod_parent -printf '%p ' >"$seen.cgroups"
	fi
	flock --shared 9
	existed=$(cat "$seen.cgroups")
}

# podman makes libpod_parent. rmdir of a group fails while its last process is still dying.
cgroups_remove() {
	local dir

	for dir in /sys/fs/cgroup/{,*/}"$CG" /sys/fs/cgroup/{,*/}libpod_parent; do
		case " $existed " in *" $dir "*) continue ;; esac
		for _ in $(seq 20); do
			[ -d "$dir" ] || break
			find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null
			[ ! -d "$dir" ] || sleep 0.05
		done
	done
}

inner() {
	local dir

	cd / || exit 111
	mount -t tmpfs -o mode=0755 tmpfs /run || exit 111
	mkdir -p "$T" /run/lock /run/netns
	for dir in etc var; do
		mkdir -p /run/over/$dir/upper /run/over/$dir/work
		mount -t overlay -o "lowerdir=/$dir,upperdir=/run/over/$dir/upper,workdir=/run/over/$dir/work" \
			overlay /$dir || exit 111
	done
	mkdir -p /var/tmp
	[ -s /etc/machine-id ] || echo 0123456789abcdef0123456789abcdef >/etc/machine-id
	rm -rf /etc/coaming /var/log/journal /var/lib/coaming /etc/systemd/journald.conf.d
	# With version 1 control groups and a "unified" mount beside them, crun takes the host for
	# one that has both and fails.
	umount /sys/fs/cgroup/unified 2>/dev/null
	ip link set lo up
}

# --- checks ------------------------------------------------------------------------------------

# need PROGRAM...: end the script with a skip where one is missing.
need() {
	local program

	for program; do
		case $program in
		/*) [ -x "$program" ] && continue ;;
		*) command -v "$program" >/dev/null && continue ;;
		esac
		skip "${0##*/}" "$program is not there"
		finish
	done
}

skip() { # NAME WHY
	echo "skip - $1: $2"
	skipped=$((skipped + 1))
}

# check NAME FUNCTION [ARG...]: run one test in a directory of its own. Any command that fails ends
# it, as does fail().
check() {
	local name=$1 status
	shift

	case $name in *"${TEST:-}"*) ;; *) return 0 ;; esac
	seq=$((seq + 1))
	W=$T/$seq
	mkdir -p "$W/profiles" "$W/bundles"
	(
		set -eE
		trap 'trap_err "$BASH_COMMAND" $LINENO' ERR
		host_config
		"$@"
	) >"$W/log" 2>&1 &
	running=$!
	(sleep "$check_seconds" && echo "not ended after $check_seconds s" >"$W/why" &&
		kill -KILL "$running") &
	disown
	wait "$running" 2>/dev/null
	status=$?
	sweep >>"$W/log" 2>&1
	case $status in
	0)
		echo "ok - $name"
		passed=$((passed + 1))
		[ -z "${KEEP:-}" ] || sed 's/^/# /' "$W/log"
		;;
	77)
		skip "$name" "$(cat "$W/why")"
		;;
	*)
		echo "not ok - $name: $(cat "$W/why" 2>/dev/null || echo "status $status")"
		failed=$((failed + 1))
		tail -n 60 "$W/log" | cut -c 1-2000 | sed 's/^/# /'
		;;
	esac
	rm -rf --one-file-system "$W"
}

trap_err() {
	[ -e "$W/why" ] || echo "failed at ${BASH_SOURCE[1]##*/}:$2: $1" >"$W/why"
}

# In a check: end it.
fail() {
	echo "$*" >"$W/why"
	exit 1
}

skip_check() {
	echo "$*" >"$W/why"
	exit 77
}

finish() {
	echo "# ${0##*/}: $passed ok, $failed not ok, $skipped skipped"
	[ "$failed" -eq 0 ] || exit 1
	[ "$skipped" -eq 0 ] || [ -z "${CI:-}" ] || exit 1
	exit 0
}

# End all that a check started. This shell is PID 1: it is asked to reap by the wait at the end.
sweep() {
	local mount netns

	for _ in $(seq 100); do
		kill_others || break
		sleep 0.02
	done
	wait
	awk -v w="$W/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
		while read -r mount; do umount -l "$mount"; done
	for netns in /run/netns/*; do
		ip netns delete "${netns##*/}"
	done
	nft flush ruleset
	rm -rf /run/runc/* /run/crun/* /run/systemd/journal /run/log/journal
}

# Kill every process of the namespace but this shell. Fails where there was none; what is dead and
# not yet reaped does not count.
kill_others() {
	local dir pid state found=1

	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		[ "$pid" -ne 1 ] || continue
		state=
		{ read -r state <"$dir/stat"; } 2>/dev/null || continue
		state=${state##*) }
		[ "${state%% *}" = Z ] && continue
		kill -KILL "$pid" 2>/dev/null && found=0
	done
	return "$found"
}

# --- assertions: each prints what was seen ------------------------------------------------------

# run COMMAND [ARG...]: its output in $W/out and $W/err, its exit status in $status. Never fails.
run() {
	echo "\$ $*"
	status=0
	"$@" >"$W/out" 2>"$W/err" || status=$?
	head -c 4000 "$W/out"
	head -c 4000 "$W/err" >&2
	echo "(status $status)"
}

assert_status() { # EXPECTED
	[ "$status" -eq "$1" ] || fail "exit status $status, expected $1: $(tail -n 1 "$W/err")"
}

# No program of ours may ever be ended by a signal, whatever it is given.
assert_no_signal() {
	[ "$status" -lt 126 ] || fail "ended with status $status (a signal, or not executed)"
}

assert_eq() { # SEEN EXPECTED WHAT
	[ "$1" = "$2" ] || fail "$3: seen '$1', expected '$2'"
}

assert_has() { # FILE TEXT: a line of the file holds the text
	grep -qF -- "$2" "$1" || {
		echo "--- ${1##*/}:"
		head -c 4000 "$1"
		fail "${1##*/} does not say '$2': $(head -n 1 "$1" | cut -c 1-300)"
	}
}

assert_has_not() {
	! grep -qF -- "$2" "$1" || fail "${1##*/} says '$2': $(grep -m 1 -F -- "$2" "$1")"
}

assert_matches() { # FILE REGEX
	grep -qE -- "$2" "$1" || fail "${1##*/} has no line like /$2/: $(head -n 1 "$1" | cut -c 1-300)"
}

assert_file_is() { # FILE EXPECTED_FILE
	cmp -s "$1" "$2" || {
		diff -u "$2" "$1" | head -n 40
		fail "$1 differs from ${2##*/}"
	}
}

assert_json() { # FILE JQ_CONDITION
	[ -s "$1" ] || fail "${1##*/} is empty: not so: $2"
	jq -e "$2" "$1" >/dev/null || {
		echo "--- ${1##*/}:"
		jq -c . "$1" | head -c 6000
		fail "${1##*/}: not so: $2"
	}
}

# wait_for SECONDS WHAT COMMAND [ARG...]: poll until the command succeeds.
wait_for() {
	local seconds=$1 what=$2 end
	shift 2

	end=$((SECONDS + seconds + 1))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "waited $seconds s in vain for $what"
		sleep 0.02
	done
}

# What a start, or a refusal, may leave nowhere. A check that has ended its containers calls it.
assert_clean() {
	local left

	left=$(awk -v w="$W/state/netns/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo)
	assert_eq "$left" "" "mounts left"
	left=$(nft list tables 2>/dev/null | grep coaming || true)
	assert_eq "$left" "" "tables left in the host's netns"
	left=$(find "$W/state/netns" "$W/state/containers" -mindepth 1 2>/dev/null || true)
	assert_eq "$left" "" "state left"
	left=$(find "$W" \( -name '.*.tmp*' -o -name '*.tmp' -o -name '.coaming*' \) ! -path "$W/audit/*")
	assert_eq "$left" "" "temporary files left"
}

# --- host configuration and profiles -------------------------------------------------------------


# host_config [JQ_EDIT]: no floor, no default, everything below $W.
# shellcheck disable=SC2120  # the scripts give it arguments
host_config() {
	printf '{"profileDirs": ["%s/profiles"], "stateDir": "%s/state", "auditDir": "%s/audit",
		"defaultProfile": null, "runtimes": ["%s"]}\n' "$W" "$W" "$W" "${RUNTIME:-crun}" |
		if [ $# -gt 0 ]; then jq "$1"; else cat; fi >"$W/coaming.json"
}

# profile NAME JSON [FILE]: `name` is put in.
profile() {
	jq -n --arg n "$1" "{name: \$n} + $2" >"${3:-$W/profiles/$1.json}"
}

# The library as it is installed, with floor as the floor. The rule of trust asks for files that
# root alone may write.
library() {
	cp -r "$top/profiles/library" "$W/library"
	chmod -R go-w "$W/library"
	jq --arg w "$W" --arg r "$RUNTIME" '.profileDirs = [$w + "/library"] | .floor = ["floor"]
		| .stateDir = $w + "/state" | .auditDir = $w + "/audit" | .runtimes = [$r]' \
		"$top/packaging/coaming.json" >"$W/coaming.json"
}

# --- containers ----------------------------------------------------------------------------------

# The root file system: busybox, the probe, and the directories that runtimes mount on.
rootfs() {
	local dir=$1 applet

	mkdir -p "$dir"/{bin,dev,etc,proc,sys,tmp,var,run,data}
	chmod 1777 "$dir/tmp" # runc gives a tmpfs the mode of the directory below it
	cp "$(command -v busybox)" "$dir/bin/busybox"
	for applet in sh cat true false sleep echo touch ls id ip mkdir grep nc; do
		ln -s busybox "$dir/bin/$applet"
	done
	[ ! -x "$B/tests/integration/probe" ] || cp "$B/tests/integration/probe" "$dir/bin/probe"
}

# bundle NAME [JQ_EDIT [ARG...]]: $W/bundles/NAME, that runs ARG... (true). The request asks for
# Docker's usual capabilities, so that there is something to take away.
bundle() {
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	mkdir -p "$W/bundles/$1"
	cp -a "$T/rootfs" "$W/bundles/$1/rootfs"
	bundle_config "$@"
}

# The same for a bundle that has its root file system already.
bundle_config() {
	local dir=$W/bundles/$1 edit=${2:-.}

	[ -e "$T/base.json" ] || base_config
	shift $(($# < 2 ? $# : 2))
	[ $# -gt 0 ] || set -- true
	jq --arg cg "/$CG/${dir##*/}" \
		".linux.cgroupsPath = \$cg | .process.args = \$ARGS.positional | $edit" \
		"$T/base.json" --args -- "$@" >"$dir/config.json"
}

base_config() {
	mkdir -p "$T/spec"
	(cd "$T/spec" && { runc spec || crun spec; }) >&2
	jq '.process.terminal = false | .root.readonly = false | .hostname = "test"
		| .process.noNewPrivileges = false
		| (["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID",
		    "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL",
		    "AUDIT_WRITE"] | map("CAP_" + .)) as $caps
		| .process.capabilities = {bounding: $caps, effective: $caps, permitted: $caps}
		| del(.process.rlimits)' "$T/spec/config.json" >"$T/base.json"
}

# labelled PROFILES: the jq edit that names profiles.
labelled() {
	echo ".annotations[\"io.coaming.profile\"] = \"$1\""
}

# coaming-runtime with the check's configuration.
confined() {
	"$B/coaming-runtime" --config "$W/coaming.json" "$@"
}

# run_confined NAME: the bundle of that name, in the foreground, as container NAME.
run_confined() {
	run confined run --bundle "$W/bundles/$1" "$1"
}

coaming() {
	"$B/coaming" --config "$W/coaming.json" "$@"
}

# netns_path PATH: the jq edit that has the container join a network namespace.
netns_path() {
	echo ".linux.namespaces |= map(if .type == \"network\" then .path = \"$1\" else . end)"
}

# A netns as an engine makes it, joined to the host by a veth pair: 10.9.0.1 and fd09::1 are the
# host's ends, 10.9.0.2 and fd09::2 the container's.
veth() {
	ip netns add "c$seq"
	ip link add "v$seq" type veth peer name eth0 netns "c$seq"
	ip addr add 10.9.0.1/24 dev "v$seq"
	ip addr add fd09::1/64 dev "v$seq" nodad
	ip link set "v$seq" up
	ip -n "c$seq" addr add 10.9.0.2/24 dev eth0
	ip -n "c$seq" addr add fd09::2/64 dev eth0 nodad
	ip -n "c$seq" link set eth0 up
	ip -n "c$seq" link set lo up
}

# A bridge, of which 10.7.0.1 and fd07::1 are the host's ends.
bridge() {
	ip link delete br0 2>/dev/null || true
	ip link add br0 type bridge
	ip addr add 10.7.0.1/16 dev br0
	ip addr add fd07::1/64 dev br0 nodad
	ip link set br0 up
}

# net NAME N: a network namespace on the bridge, 10.7.0.N and fd07::N.
net() {
	ip link delete "h$1" 2>/dev/null || true # of an earlier check
	ip netns add "$1"
	ip link add "h$1" type veth peer name eth0 netns "$1"
	ip link set "h$1" master br0 up
	ip -n "$1" addr add "10.7.0.$2/16" dev eth0
	ip -n "$1" addr add "fd07::$2/64" dev eth0 nodad
	ip -n "$1" link set eth0 up
	ip -n "$1" link set lo up
}

# The fields of /proc/self/status that a container printed: field FILE NAME.
field() {
	sed -n "s/^$2:[[:space:]]*//p" "$1"
}

# assert_process CAPABILITY...: what "probe status" printed: exactly these capabilities, none
# inheritable or ambient, no new privileges, a filter.
assert_process() {
	local set

	for set in CapBnd CapEff CapPrm; do
		assert_eq "$(field "$W/out" "$set")" "$(cap_mask "$@")" "$set"
	done
	assert_eq "$(field "$W/out" CapInh)$(field "$W/out" CapAmb)" "$(cap_mask)$(cap_mask)" "CapInh, CapAmb"
	assert_eq "$(field "$W/out" NoNewPrivs)" 1 NoNewPrivs
	assert_eq "$(field "$W/out" Seccomp)" 2 Seccomp
}

# cap_mask NAME...: as in /proc/PID/status.
cap_mask() {
	local name mask=0 bit

	for name; do
		bit=$(sed -n "s/^#define CAP_${name}[[:space:]]*\([0-9]*\)$/\1/p" /usr/include/linux/capability.h)
		[ -n "$bit" ] || fail "no capability $name"
		mask=$((mask | 1 << bit))
	done
	printf '%016x' "$mask"
}

# --- one hook by hand ----------------------------------------------------------------------------

# A stand-in for the real runtime: keeps the config that it was given to run.
stand_in() {
	cat >"$W/real" <<-'END'
		#!/bin/sh
		for bundle; do case $bundle in */bundles/*) cat "$bundle/config.json" >>"${0%/*}/ran"; esac; done
	END
	chmod 0755 "$W/real"
	host_config ".runtimes = [\"$W/real\"]"
}

# hook_setup PROFILE_JSON: a bundle under profile p that the runtime has rewritten, a process in a
# netns ($target), and its state.
hook_setup() {
	stand_in
	profile p "$1"
	bundle c1 "$(labelled p)" true
	cp "$W/bundles/c1/config.json" "$W/request.json"
	run confined create --bundle "$W/bundles/c1" c1
	assert_status 0
	rm -f "$W/ran"
	unshare -n sleep 1000 &
	target=$!
	wait_for 5 "a network namespace" sh -c \
		"[ \$(readlink /proc/$target/ns/net) != \$(readlink /proc/self/ns/net) ]"
	state_file "$target" >"$W/state.json"
}

state_file() { # PID
	printf '{"ociVersion": "1.0.2", "id": "c1", "status": "creating", "pid": %s, "bundle": "%s"}\n' \
		"$1" "$W/bundles/c1"
}

hook() { # STAGE [COMMAND...]: the command runs the hook
	local stage=$1
	shift

	run timeout 20 "$@" "$B/coaming-hook" --config "$W/coaming.json" "$stage" <"$W/state.json"
}

rules() {
	nsenter -n -t "$target" nft list ruleset |
		sed -E 's/packets [0-9]+ bytes [0-9]+/packets 0 bytes 0/'
}

# peers_of PID ID: what the sets of peers of container ID hold, in the network of process PID.
peers_of() {
	nsenter -n -t "$1" nft -j list table inet "coaming_$2" | jq -r '[.nftables[].set
		| select(. and (.name | startswith("peer-"))) | .elem // [] | .[]] | join(" ")'
}

# --- the journal ---------------------------------------------------------------------------------

# journal_start [CONF_LINE...]: a journald for this check; lines go into its [Journal] section.
journal_start() {
	local program

	mkdir -p /run/systemd/journal /run/log/journal /etc/systemd/journald.conf.d
	printf '%s\n' '[Journal]' 'Storage=volatile' 'ForwardToSyslog=no' 'ForwardToWall=no' \
		"$@" >/etc/systemd/journald.conf.d/test.conf
	for program in /lib/systemd/systemd-journald /usr/lib/systemd/systemd-journald; do
		[ -x "$program" ] && break
	done
	journald_with_socket "$program" >/dev/null 2>&1 </dev/null &
	journald=$!
	wait_for 5 'the socket of journald' test -S /run/systemd/journal/socket
	wait_for 5 'journald to answer' journalctl --sync
}

# As systemd's socket unit gives it its socket: it passes credentials before anybody can find it, so
# that there is no moment in which an entry is of nobody.
journald_with_socket() { # PROGRAM
	exec python3 -c '
import os, socket, sys
at = "/run/systemd/journal/socket"
if os.path.lexists(at):
    os.unlink(at)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(at)
os.chmod(at, 0o666)
os.dup2(s.fileno(), 3)
if s.fileno() == 3:
    os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])' "$1"
}

journal_hang() { kill -STOP "$journald"; }
journal_cont() { kill -CONT "$journald"; }

# Its socket stays behind, with nobody to listen.
journal_kill() {
	kill -KILL "$journald"
	wait "$journald" 2>/dev/null || true
}

# As if there had never been one.
journal_stop() {
	journal_kill
	rm -rf /run/systemd/journal /run/log/journal
}

# journal FIELD=VALUE...: the entries as JSON, one a line.
journal() {
	timeout 5 journalctl --sync >/dev/null 2>&1 || true
	timeout 20 journalctl -o json --all -q "$@"
}

# --- podman --------------------------------------------------------------------------------------

# podman_setup [CONF_LINE...]: storage of its own for this check, with the image "busybox". Lines go
# to the end of containers.conf, which is in its [engine.runtimes] table.
podman_setup() {
	export CONTAINERS_CONF=$W/containers.conf CONTAINERS_STORAGE_CONF=$W/storage.conf
	cat >"$CONTAINERS_CONF" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
		log_driver = "k8s-file"
		[network]
		network_backend = "netavark"
		network_config_dir = "$W/networks"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		tmp_dir = "$W/podman-tmp"
		runtime = "${RUNTIME:-crun}"
		runtime_supports_json = ["crun", "runc", "coaming-runtime"]
		hooks_dir = []
		[engine.runtimes]
		coaming-runtime = ["$B/coaming-runtime"]
	END
	printf '%s\n' "$@" >>"$CONTAINERS_CONF"
	cat >"$CONTAINERS_STORAGE_CONF" <<-END
		[storage]
		driver = "vfs"
		runroot = "$W/podman-run"
		graphroot = "$W/podman-root"
	END
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | podman import -q - busybox
}

# --- Docker --------------------------------------------------------------------------------------

dock() {
	docker -H "unix://$W/docker.sock" "$@"
}

# dockerd_start DAEMON_JSON: a dockerd of this check's own, with files of its own.
dockerd_start() {
	echo "$1" >"$W/daemon.json"
	dockerd --config-file "$W/daemon.json" -H "unix://$W/docker.sock" --data-root "$W/data" \
		--exec-root "$W/exec" -p "$W/docker.pid" --storage-driver vfs --bridge none \
		--iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/$CG" >"$W/dockerd.log" 2>&1 &
	# shellcheck disable=SC2034  # for the scripts
	dockerd=$!
	wait_for 20 dockerd dock info || { tail -n 20 "$W/dockerd.log"; return 1; }
}

# --- containerd ----------------------------------------------------------------------------------

# image_tar NAME CONFIG: $W/image.tar, as ctr imports it, of one layer, the root file system. CONFIG
# is what jq makes the image's "config" of; $W/image/manifest and config are what the digests are of.
image_tar() {
	local dir=$W/image layer

	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	mkdir -p "$dir/blobs/sha256"
	tar -C "$T/rootfs" -c . >"$dir/layer"
	layer=$(image_blob "$dir/layer")
	jq -n --arg d "sha256:$layer" '{architecture: "amd64", os: "linux",
		rootfs: {type: "layers", diff_ids: [$d]}} + {config: '"$2}" >"$dir/config"
	jq -n --arg c "$(image_blob "$dir/config")" --arg l "$layer" \
		--argjson cs "$(wc -c <"$dir/config")" \
		--argjson ls "$(wc -c <"$dir/layer")" '{schemaVersion: 2,
		mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json",
			digest: ("sha256:" + $c), size: $cs},
		layers: [{mediaType: "application/vnd.oci.image.layer.v1.tar",
			digest: ("sha256:" + $l), size: $ls}]}' >"$dir/manifest"
	jq -n --arg m "$(image_blob "$dir/manifest")" --argjson s "$(wc -c <"$dir/manifest")" \
		--arg n "$1" '{schemaVersion: 2, manifests: [{digest: ("sha256:" + $m), size: $s,
		mediaType: "application/vnd.oci.image.manifest.v1+json",
		annotations: {"io.containerd.image.name": $n}}]}' >"$dir/index.json"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$dir/oci-layout"
	tar -C "$dir" -c blobs index.json oci-layout >"$W/image.tar"
}

image_blob() { # FILE: its digest
	local hex

	hex=$(sha256sum <"$1" | cut -c 1-64)
	cp "$1" "$W/image/blobs/sha256/$hex"
	echo "$hex"
}
