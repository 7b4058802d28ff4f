#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An attacker in a container, and one who writes its configuration, under the profile `restricted` as
# it ships, with `floor` as the floor; and the same under no profile, where most of it works.
#
# What counts as evidence. An attempt from inside is not told to coaming: there is no daemon that
# could hear it. What stops it stands in the record of the admission, one COAMING_CHANGE a change
# with the profile that demanded it, and that is evidence that it could not work, not that it was
# tried. Of the attempt itself there is a record where the kernel keeps one: of each call that a
# filter refuses, in the kernel's audit, since here a profile of the host asks for it
# (SECCOMP_FILTER_FLAG_LOG in its seccomp file); and of each flow that the firewall refuses, in the
# record of the container's end. An attempt that is stopped by a capability or by a mount leaves
# none. So each row below says which evidence it must leave:
#
#	filter CALL     the kernel's audit has a record of this call, and the admission's record tells
#	                that the filter was narrowed; where the kernel's audit cannot be heard (it goes to
#	                the first network namespace alone, and runc before 1.2 asks for none), the
#	                latter
#	takes CAP       the admission's record: this capability was taken
#	change TEXT     the admission's record: a change that holds the text
#	flow TEXT       the record of the end has a refused flow that begins so
#	nothing         it works nowhere: what the runtime does is enough, and is held here
#
# What the configuration tries is refused with a record (deny TEXT), or taken out (change TEXT).
# Nothing here can harm the host: see attack.c.

. "$(dirname "$0")/lib.sh"
# The kernel's audit is heard in the network namespace that this script is started in.
[ -n "${COAMING_TEST_CG:-}" ] || exec 8</proc/self/ns/net
sandbox "$@"
need runc crun jq nft ip busybox journalctl "$B/coaming-runtime" "$B/coaming-hook"
attack=$B/tests/integration/attack
probe=$B/tests/integration/probe

# NAME | with no profile: works, fails, or depends (on the kernel) | evidence under restricted
inside_table() {
	cat <<-'END'
		account-processes        | works   | filter acct
		add-key                  | works   | filter add_key
		add-swap                 | works   | filter swapon
		become-root              | works   | takes SETUID
		become-roots-group       | works   | takes SETGID
		bpf-map                  | works   | filter bpf
		bpf-program              | works   | filter bpf
		call-as-i386             | depends | change restricts
		change-interface         | works   | takes NET_ADMIN
		change-personality       | works   | filter personality
		change-root              | works   | filter chroot
		clone-user-namespace     | works   | filter clone
		clone3-user-namespace    | works   | filter clone3
		compare-with-neighbour   | depends | filter kcmp
		connect-out              | works   | flow egress tcp 10.9.0.1 9090
		environment-of-neighbour | works   | takes SYS_PTRACE
		flush-rules              | works   | takes NET_ADMIN
		io-uring                 | depends | filter io_uring_setup
		join-by-pidfd            | works   | filter setns
		join-keyring             | works   | filter keyctl
		join-mounts              | works   | filter setns
		join-network             | works   | filter setns
		leaked-descriptor        | fails   | nothing
		link-of-image            | fails   | nothing
		listen-packets           | works   | takes NET_RAW
		load-kernel              | depends | filter kexec_load
		load-module              | depends | filter init_module
		load-module-file         | depends | filter finit_module
		make-device              | works   | filter mknodat
		many-processes           | works   | change limits it to 512 processes
		mount-new-api            | works   | filter fsopen
		mount-proc               | works   | filter mount
		mount-setattr            | works   | filter mount_setattr
		mount-sysfs              | works   | filter mount
		mount-tmpfs              | works   | filter mount
		move-mount               | works   | filter move_mount
		move-pages               | depends | filter move_pages
		new-mounts               | works   | filter unshare
		new-network              | works   | filter unshare
		new-pids                 | works   | filter unshare
		new-user-namespace       | works   | filter unshare
		open-by-handle           | works   | filter open_by_handle_at
		open-memory              | works   | takes SYS_PTRACE
		open-sysrq               | depends | takes SETUID
		open-tree                | works   | filter open_tree
		perf-event               | depends | filter perf_event_open
		ping-raw                 | works   | takes NET_RAW
		pivot-root               | works   | filter pivot_root
		process-madvise          | depends | filter process_madvise
		read-log                 | works   | filter syslog
		read-memory              | works   | filter process_vm_readv
		read-roots-file          | works   | takes DAC_OVERRIDE
		real-time                | depends | takes SYS_NICE
		release-agent            | depends | filter mount
		remount-root             | works   | filter mount
		remove-module            | depends | filter delete_module
		rename-host              | works   | filter sethostname
		request-key              | works   | filter request_key
		restart-machine          | works   | filter reboot
		root-of-neighbour        | works   | takes SYS_PTRACE
		run-from-tmp             | works   | change a tmpfs on "/run", "/tmp"
		run-set-uid              | works   | change sets noNewPrivileges
		set-clock                | works   | filter clock_adjtime
		signal-neighbour         | works   | takes KILL
		steal-descriptor         | works   | filter pidfd_getfd
		take-file                | works   | takes CHOWN
		trace-neighbour          | works   | filter ptrace
		unmask                   | works   | filter umount2
		use-ports                | depends | filter ioperm
		user-faults              | depends | filter userfaultfd
		write-core-pattern       | works   | takes SYS_ADMIN
		write-memory             | works   | filter process_vm_writev
		write-root               | works   | change makes the root read-only
		write-sysctl             | works   | takes SYS_ADMIN
		write-sysfs              | depends | takes SYS_ADMIN
	END
}

# --- inside --------------------------------------------------------------------------------------

# Every capability that this machine gives, for user 1000.
all_capabilities() {
	local number name have

	have=$((16#$(field /proc/self/status CapEff)))
	sed -n 's/^#define \(CAP_[A-Z_]*\)[[:space:]]*\([0-9]*\)$/\1 \2/p' /usr/include/linux/capability.h |
		while read -r name number; do
			[ $((have >> number & 1)) -eq 0 ] || echo "$name"
		done | jq -R . | jq -s .
}

# What stands around the container: its network, with a table of somebody's; a process next door,
# which has files of the host; a directory that is open where the runtime is called.
surroundings() {
	journal_start
	veth
	"$probe" serve 9090
	ip netns exec "c$seq" nft add table inet canary
	ip link show canary0 >/dev/null 2>&1 || ip link add canary0 type veth peer name canary1
	mkdir -p "$W/host"
	printf 'coaming-test-secret' >"$W/host/secret"
	chmod 0600 "$W/host/secret"
	unshare --pid --fork "$attack" neighbour "$W/host/secret" >"$W/address" &
	wait_for 5 "the neighbour" test -s "$W/address"
	neighbour=$(cat "/proc/$!/task/$!/children")
	neighbour=${neighbour% }
}

attacked_bundle() { # PROFILES
	local root=$W/bundles/c1/rootfs env

	bundle c1
	cp "$attack" "$root/bin/attack"
	cp "$attack" "$root/set-uid"
	chmod 4755 "$root/set-uid"
	mkdir -p "$root/var/tmp"
	chmod 1777 "$root/var/tmp"
	chmod 0777 "$root"
	printf 'coaming-test-secret' >"$root/secret-of-root"
	chmod 0600 "$root/secret-of-root"
	ln -s "$W/host/secret" "$root/link"
	env=$(jq -n --arg secret "$W/host/secret" --arg address "$(cat "$W/address")" \
		--arg handle "$("$attack" handle "$W/host/secret")" \
		'["NEIGHBOUR=1", "SECRET=" + $secret, "ADDRESS=" + $address, "HANDLE=" + $handle,
		  "PEER=10.9.0.1"]')
	bundle_config c1 "(.process.capabilities = ({} | .bounding = $(all_capabilities)
			| .effective = .bounding | .permitted = .bounding | .inheritable = .bounding
			| .ambient = .bounding))
		| .process.user = {uid: 1000, gid: 1000} | .process.env = $env
		| $(netns_path "/run/netns/c$seq")
		| .linux.namespaces |= map(if .type == \"pid\" then .path = \"/proc/$neighbour/ns/pid\" else . end)
		${1:+| $(labelled "$1")}" /bin/attack try
}

# The library, and a profile of the host that has refused calls and flows recorded.
restricted() {
	library
	mkdir -p "$W/profiles/seccomp"
	flags=
	# runc takes flags from version 1.2 on.
	if [ "$RUNTIME" = crun ] || runc features | jq -e '.linux.seccomp.supportedFlags' >/dev/null; then
		flags='"SECCOMP_FILTER_FLAG_LOG"'
	fi
	echo "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [${flags-}]}" >"$W/profiles/seccomp/log.json"
	profile watched '{seccomp: {file: "seccomp/log.json"}, network: {ingress: [], egress: []}}'
	jq '.profileDirs += [input_filename | sub("/coaming.json$"; "/profiles")]' "$W/coaming.json" \
		>"$W/with.json"
	mv "$W/with.json" "$W/coaming.json"
}

# What the container printed, by the attempt's name: "worked", or "failed: ERRNO".
read_said() {
	local name what

	said=()
	while read -r name what; do
		said[$name]=$what
	done <"$W/out"
}
declare -A said number

# What was seen outside of what an attempt has done.
effects() {
	[ -e "$W/bundles/c1/rootfs/mark-root" ] && echo write-root
	[ -e "$W/bundles/c1/rootfs/mark-remount" ] && echo remount-root
	ip netns exec "c$seq" nft list tables | grep -q canary || echo flush-rules
	return 0
}

inside_without() {
	local name expected evidence wrong='' works=0

	surroundings
	attacked_bundle
	run confined run --bundle "$W/bundles/c1" c1 9<"$W/host"
	assert_status 0
	read_said
	while IFS='|' read -r name expected evidence; do
		name=${name// /} expected=${expected// /}
		case $expected,${said[$name]-} in
		works,worked | fails,failed* | depends,?*) ;;
		*) wrong+=" $name:${said[$name]-}" ;;
		esac
		[ "${said[$name]-}" != worked ] || works=$((works + 1))
	done < <(inside_table)
	echo "$works worked"
	assert_eq "$wrong" '' 'not as the table has it'
	assert_eq "$(effects | tr '\n' ' ')" 'write-root remount-root flush-rules ' 'seen outside'
}

# The kernel's audit, of the calls that the filter refuses.
audit_start() {
	nsenter --net=/proc/self/fd/8 "$attack" audit >"$W/audited" 2>&1 &
	wait_for 5 'the listener' test -s "$W/audited"
}

read_numbers() {
	local call value

	inside_table | sed -n 's/.*| filter //p' | sort -u >"$W/calls"
	while read -r call value; do
		number[$call]=$value
	done < <({
		echo '#include <sys/syscall.h>'
		sed 's/.*/"&" SYS_&/' "$W/calls"
	} | gcc -E -P - | sed -n 's/^"\(.*\)" \([0-9]*\)$/\1 \2/p')
}

evidence_of() { # KIND TEXT
	case $1 in
	filter)
		grep -q '^seccomp: .*restricted' "$W/changes" || return 1
		[ ! -s "$W/heard" ] || grep -q " syscall=${number[$2]} " "$W/heard"
		;;
	takes) grep -qE "^capabilities: takes .*\<CAP_$2\>" "$W/changes" ;;
	change) grep -qF -- "$2" "$W/changes" ;;
	flow) grep -q "^$2" "$W/flows" ;;
	nothing) ;;
	*) return 1 ;;
	esac
}

inside_restricted() {
	local name expected kind text wrong=''

	surroundings
	restricted
	attacked_bundle restricted,watched
	audit_start
	run confined run --bundle "$W/bundles/c1" c1 9<"$W/host"
	assert_status 0
	journal CONTAINER_NAME=c1 COAMING_EVENT=admit >"$W/admit"
	journal CONTAINER_NAME=c1 COAMING_EVENT=stop >"$W/stop"
	assert_json "$W/admit" '.COAMING_MODE == "enforce" and .COAMING_OUTCOME == "accept"
		and ([.COAMING_PROFILE] | flatten | sort) == ["baseline", "floor", "restricted", "watched"]'
	jq -r '[.COAMING_CHANGE] | flatten[]' "$W/admit" >"$W/changes"
	jq -r '[.COAMING_REFUSED_FLOW] | flatten[]' "$W/stop" >"$W/flows"
	# Without the flag the kernel tells of nothing but processes that a filter kills.
	[ -z "$flags" ] || grep 'comm="attack"' "$W/audited" >"$W/heard" ||
		echo "the kernel's audit is not heard here"
	read_numbers
	read_said
	while IFS='|' read -r name expected text; do
		name=${name// /} kind=${text# } kind=${kind%% *} text=${text#*"$kind"} text=${text# }
		case ${said[$name]-} in
		failed*) ;;
		*) wrong+=" $name:${said[$name]-}" ;;
		esac
		evidence_of "$kind" "$text" || wrong+=" $name:no-evidence"
	done < <(inside_table)
	[ -z "$wrong" ] || { jq . "$W/admit" "$W/stop"; cut -c 1-200 "$W/heard"; }
	assert_eq "$wrong" '' 'worked, or left no evidence'
	assert_eq "$(effects)" '' 'seen outside'
	ip netns delete "c$seq"
	assert_clean
}

# --- by the configuration --------------------------------------------------------------------------

# NAME | the evidence under restricted | jq edit of an ordinary config. $HOST is a directory of the
# host in which are volume (which is /root by a bind mount), again (which is /), kernel (a proc), link
# (a symbolic link to the engine's socket).
config_table() {
	cat <<-'END'
		filter by annotation     | deny annotation "run.oci.seccomp_bpf_data" | .annotations["run.oci.seccomp_bpf_data"] = "AAAA"
		unit by annotation       | deny annotation "org.systemd.property.ExecStartPre" | .annotations["org.systemd.property.ExecStartPre"] = "x"
		criu by annotation       | deny annotation "org.criu.config" | .annotations["org.criu.config"] = "/etc/x"
		privileged               | deny privileged is denied | .process.capabilities.bounding += ["CAP_SYS_ADMIN"] | .linux.maskedPaths = []
		as root                  | deny rootUser is denied | .process.user.uid = 0
		root by a mapping        | deny rootUser is denied | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 5000, size: 1000}, {containerID: 1000, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings
		a uid that wraps         | deny is no user id | .process.user.uid = 4294967296
		host's network           | deny hostNetwork is denied | .linux.namespaces |= map(select(.type != "network"))
		host's network by path   | deny hostNetwork is denied | .linux.namespaces |= map(if .type == "network" then .path = "/proc/1/ns/net" else . end)
		host's processes         | deny hostPID is denied | .linux.namespaces |= map(select(.type != "pid"))
		host's IPC               | deny hostIPC is denied | .linux.namespaces |= map(select(.type != "ipc"))
		host's name              | deny hostUTS is denied | del(.hostname) | .linux.namespaces |= map(select(.type != "uts"))
		a namespace twice        | deny a second namespace "pid" | .linux.namespaces += [{type: "pid", path: "/proc/1/ns/pid"}]
		engine's socket          | deny hostPath:"/var/run/docker.sock" is denied | .mounts += [{type: "bind", source: "/run/docker.sock", destination: "/data", options: ["rbind"]}]
		socket by a link         | deny hostPath:"/var/run/docker.sock" is denied | .mounts += [{type: "bind", source: "$HOST/link", destination: "/data", options: ["rbind"]}]
		socket by its directory  | deny hostPath:"/var/run/docker.sock" is denied | .mounts += [{type: "", source: "/run/../run/.", destination: "/data", options: ["rbind"]}]
		our own files            | deny hostPath:"/run/coaming" is denied | .mounts += [{type: "bind", source: "/run", destination: "/data", options: ["bind", "ro"]}]
		volume that is /root     | deny hostPath:"/root" is denied | .mounts += [{type: "bind", source: "$HOST/volume", destination: "/data", options: ["rbind"]}]
		file of such a volume    | deny hostPath:"/root" is denied | .mounts += [{type: "bind", source: "$HOST/volume/inner", destination: "/data", options: ["rbind"]}]
		above such a volume      | deny hostPath:"/root" is denied | .mounts += [{type: "bind", source: "$HOST", destination: "/data", options: ["rbind"]}]
		volume that is the disk  | deny is denied: the mount of | .mounts += [{type: "bind", source: "$HOST/again", destination: "/data", options: ["rbind", "ro"]}]
		volume of type proc      | deny hostPath:"/proc" is denied | .mounts += [{type: "bind", source: "$HOST/kernel", destination: "/data", options: ["rbind"]}]
		debugfs                  | deny hostPath:"/sys" is denied | .mounts += [{type: "debugfs", source: "debugfs", destination: "/data"}]
		binfmt_misc              | deny hostPath:"/proc" is denied | .mounts += [{type: "binfmt_misc", source: "binfmt_misc", destination: "/data"}]
		a stacked file system    | deny hostPath:"/root" is denied | .mounts += [{type: "ecryptfs", source: "/root", destination: "/data"}]
		an overlay               | deny hostPath:"/root" is denied | .mounts += [{type: "overlay", source: "overlay", destination: "/data", options: ["ro", "lowerdir=/usr:/root"]}]
		host's root as root      | deny is denied: the root | .root.path = "/"
		a root that is the disk  | deny is denied: the root | .root.path = "$HOST/again"
		over the root            | deny a mount of the config covers it | .mounts += [{type: "tmpfs", source: "tmpfs", destination: "//./"}]
		a device                 | deny devices is denied | .linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]
		a disk called null       | deny devices is denied | .linux.devices = [{path: "/dev/null", type: "b", major: 8, minor: 0}]
		a device rule            | deny devices is denied | .linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 1, access: "r"}]
		host's devices           | deny devices is denied | .mounts += [{type: "bind", source: "/dev/kmsg", destination: "/data", options: ["bind"]}]
		host's interface         | deny devices is denied | .linux.netDevices = {eth0: {}}
		core_pattern by sysctl   | deny sysctl "kernel.core_pattern" would be set for the whole host | .linux.sysctl = {"kernel.core_pattern": "\|/bin/false"}
		its working directory    | deny its working directory is an open file | .process.cwd = "/proc/self/fd/9"
		its control groups       | deny it could write its own control groups | .mounts += [{type: "cgroup", source: "cgroup", destination: "/sys/fs/cgroup", options: ["nosuid", "rw"]}]
		unmasked                 | change masks | .linux.maskedPaths = null \| .linux.readonlyPaths = []
		a second proc            | change makes read-only "/data/bus", "/data/fs", "/data/irq", "/data/sys" | .mounts += [{type: "proc", source: "proc", destination: "/data"}]
		a writable sysfs         | change mounts read-only "/data" | .mounts += [{type: "sysfs", source: "sysfs", destination: "/data", options: ["nosuid"]}]
		a key in other case      | deny "Root" | .Root = {path: "rootfs", readonly: false}
		a long s                 | deny differs from "process" | .["procesſ"] = {}
		inheritable capabilities | change from bounding, effective, inheritable, permitted, ambient | .process.capabilities.inheritable = ["CAP_CHOWN"] \| .process.capabilities.ambient = ["CAP_CHOWN"]
		no limit                 | change limits it to 512 processes | .linux.resources.pids.limit = -1
		no such profile          | deny names profile "none" | .annotations["io.coaming.profile"] = "restricted,none"
	END
}

config_setup() {
	journal_start
	restricted
	mkdir -p "$W"/host/{volume,again,kernel} /run/coaming
	ln -s /run/docker.sock "$W/host/link"
	echo >/run/docker.sock
	mkdir -p /root/inner
	mount --bind /root "$W/host/volume"
	mount --bind / "$W/host/again"
	mount -t proc proc "$W/host/kernel"
	bundle c1
	cp "$W/bundles/c1/config.json" "$W/plain.json"
}

# config_try EDIT [PROFILE]: c1 under that edit.
config_try() {
	jq --arg host "$W/host" "(.process.user = {uid: 1000, gid: 1000})
		${2:+| $(labelled "$2")} | .process.args = [\"/bin/echo\", \"started\"]
		| ${1//\$HOST/$W/host}" "$W/plain.json" >"$W/bundles/c1/config.json"
	rm -rf "$W/audit"
	run confined run --bundle "$W/bundles/c1" c1
}

# The ledger is this start's alone.
config_evidence() { # KIND TEXT
	cat "$W/audit"/ledger* >"$W/ledger"
	grep -aqF -- "$2" "$W/ledger" || return 1
	case $1 in
	deny)
		[ "$status" -ne 0 ] && ! grep -q started "$W/out" &&
			grep -aA 1 '^COAMING_EVENT$' "$W/ledger" | grep -aq 'deny$'
		;;
	change) [ "$status" -eq 0 ] && grep -q started "$W/out" ;;
	*) return 1 ;;
	esac
}

configured_restricted() {
	local name evidence edit wrong='' kind

	config_setup
	config_try . restricted
	assert_status 0
	while IFS='|' read -r name evidence edit; do
		kind=${evidence# } kind=${kind%% *}
		# What is refused comes to no runtime.
		[ "$kind" = change ] || [ "$RUNTIME" = crun ] || continue
		evidence=${evidence#*"$kind" } evidence=${evidence% }
		config_try "${edit//\\|/|}" restricted
		config_evidence "$kind" "$evidence" || wrong+=" [$name]"
	done < <(config_table)
	assert_eq "$wrong" '' 'let in, or left no evidence'
}

# Root in a container, without one capability: what podman --security-opt unmask=ALL leaves open
# is a program of its own, run by the host's kernel with every privilege.
unmasked_root() {
	local edit='.linux.maskedPaths = [] | .linux.readonlyPaths = [] | del(.process.capabilities)'

	journal_start
	library
	bundle c1 "$edit | $(labelled none)" # for its root
	cp "$attack" "$W/bundles/c1/rootfs/bin/attack"
	bundle_config c1 "$edit" /bin/attack try write-core-pattern write-sysctl
	run "$RUNTIME" run --bundle "$W/bundles/c1" c1
	assert_has "$W/out" 'write-core-pattern worked'
	bundle_config c1 "$edit | $(labelled baseline)" /bin/attack try write-core-pattern write-sysctl
	run_confined c1
	assert_status 0
	assert_matches "$W/out" '^write-core-pattern failed: E(ROFS|ACCES|PERM)$'
	assert_matches "$W/out" '^write-sysctl failed: E(ROFS|ACCES|PERM)$'
	journal CONTAINER_NAME=c1 COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '[.COAMING_CHANGE] | flatten | any(test("^config: masks .*makes read-only .*/proc/sys"))'
}

# --- towards the hook ------------------------------------------------------------------------------

# What a dynamic program loads before it can decide not to (CVE-2025-23266).
preloaded() {
	[ -z "${SANITIZE:-}" ] || skip_check 'sanitized programs are dynamic ones'
	hook_setup '{seccomp: {deny: ["mkdir"]}}'
	export MARK=$W/mark LD_PRELOAD=$B/tests/integration/preload.so
	/bin/true
	[ -e "$W/mark" ] || fail "nothing is loaded into a dynamic program: this shows nothing"
	unset LD_PRELOAD
	rm "$W/mark"
	# The shell that sets it has been started without it.
	run bash -c 'exec 3<"$1"; export LD_PRELOAD=$2; exec "$3" --config "$4" createRuntime <&3 3<&-' \
		bash "$W/state.json" "$B/tests/integration/preload.so" "$B/coaming-hook" "$W/coaming.json"
	assert_status 0
	[ ! -e "$W/mark" ] || fail "the hook has loaded a library that its environment names"
}

# F39, by hand: what is no more what was admitted is not created.
changed_in_between() {
	journal_start
	hook_setup '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]}}'
	cp "$W/bundles/c1/config.json" "$W/admitted.json"
	while read -r edit; do
		jq "$edit" "$W/admitted.json" >"$W/bundles/c1/config.json"
		hook createRuntime
		[ "$status" -ne 0 ] || fail "created with $edit"
		journal COAMING_EVENT=deny COAMING_STAGE=createRuntime >"$W/j"
		assert_json "$W/j" '.COAMING_REASON | length > 0'
		rm -rf "$W/state/containers"
	done <<-'END'
		.process.capabilities.bounding += ["CAP_SYS_ADMIN"]
		del(.linux.seccomp)
		.process.noNewPrivileges = false
		.linux.readonlyPaths = []
	END
}

# The container's process goes while its network is being entered, and another gets its pid. The
# rules must be in neither's network, and above all not in that other's.
pid_reused() {
	local last=/proc/sys/kernel/ns_last_pid other

	hook_setup '{network: {ingress: [], egress: []}}'
	strace -f -qq -o "$W/trace" -e trace=setns -e inject=setns:delay_enter=3000000 \
		"$B/coaming-hook" --config "$W/coaming.json" createRuntime <"$W/state.json" 2>"$W/err" &
	hook=$!
	wait_for 10 'setns' grep -q setns "$W/trace"
	kill -KILL "$target"
	wait "$target" || true
	for _ in $(seq 50); do
		echo $((target - 1)) >"$last"
		unshare -n sleep 1000 &
		other=$!
		[ "$other" -ne "$target" ] || break
		kill -KILL "$other"
	done
	assert_eq "$other" "$target" "the pid that is used again"
	kill -0 "$hook" || fail "the hook had ended before"
	status=0
	wait "$hook" || status=$?
	[ "$status" -ne 0 ] || fail "a container whose process is gone was let in"
	wait_for 5 "the other's network" sh -c \
		"[ \$(readlink /proc/$other/ns/net) != \$(readlink /proc/self/ns/net) ]"
	assert_eq "$(nsenter -n -t "$other" nft list tables)" '' "tables in the other's network"
	assert_clean
}

# The table has every attempt once.
complete() {
	inside_table | sed 's/ *|.*//' >"$W/rows"
	"$attack" list >"$W/list"
	assert_file_is "$W/rows" "$W/list"
}

check 'the table of attempts is complete' complete
for RUNTIME in crun runc; do
	check "$RUNTIME: from inside, with no profile most attempts work" inside_without
	check "$RUNTIME: from inside, under restricted each attempt fails and leaves its evidence" \
		inside_restricted
	check "$RUNTIME: by the configuration, under restricted each is refused or taken, with a record" \
		configured_restricted
	check "$RUNTIME: root, with the kernel's files laid open, writes none under baseline" unmasked_root
done
check 'what the environment names is loaded into no hook' preloaded
check 'a config that is changed between precreate and create' changed_in_between
check 'a pid that is used again between state and setns' pid_reused
finish
