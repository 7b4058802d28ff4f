#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Input that is wrong, through the real programs: each is refused with a sentence of its own, by a
# program that ends by itself, and nothing is left behind.
#
# A case is a line: its name, what the sentence must say (a regular expression), and the command
# that makes the input.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need crun runc jq nft busybox "$B/coaming-runtime" "$B/coaming-hook"

# A profile with every section, so that every part of a config is looked at.
everything='{
	capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]},
	rootfs: {readOnly: true, writable: [{path: "/tmp"}]},
	network: {ingress: [], egress: []}, admission: {deny: ["hostPID", "hostPath:/etc"]},
	limits: {pids: 100, memory: "64M", nofile: 100}
}'

# One line on stderr, from the program itself, and an exit status of ours.
assert_refused() { # PROGRAM REGEX
	case $status in
	1 | 2 | 111) ;;
	0) fail "accepted" ;;
	*) fail "exit status $status: $(head -n 1 "$W/err")" ;;
	esac
	assert_eq "$(wc -l <"$W/err")" 1 "lines on stderr"
	assert_matches "$W/err" "^$1( [a-zA-Z]+)?: "
	assert_matches "$W/err" "$2"
	! LC_ALL=C grep -q '[^ -~]' "$W/err" || fail "stderr holds other than printable ASCII"
}

# --- state on a hook's standard input --------------------------------------------------------------

state_case() { # STAGE REGEX COMMAND
	profile p "$everything"
	bundle c1 "$(labelled p)" true
	eval "$3" >"$W/stdin"
	run timeout 20 "$B/coaming-hook" --config "$W/coaming.json" "$1" <"$W/stdin"
	assert_refused coaming-hook "$2"
	[ ! -s "$W/out" ] || fail "something on stdout"
	assert_clean
}

bad_state() { # NAME REGEX COMMAND
	check "state: $1" state_case createRuntime "$2" "$3"
}

# state [JQ_EDIT]: a good one of a process in a netns of its own.
state() {
	unshare -n sleep 1000 >/dev/null 2>&1 &
	jq -cn --arg b "$W/bundles/c1" --argjson pid $! '{ociVersion: "1.0.2", id: "c1",
		status: "creating", pid: $pid, bundle: $b}' | jq -c "${1:-.}"
}

dead_pid() {
	local pid

	sleep 0 &
	pid=$!
	wait "$pid"
	state ".pid = $pid"
}

bad_state 'empty' 'standard input' ':'
bad_state 'one byte' 'standard input.*:1:' 'printf {'
bad_state 'white space only' 'standard input' 'printf "  \n\n"'
bad_state 'larger than 1 MiB' '1048576|longer|larger|too long' 'state ".x = (\"x\" * 1100000)"'
bad_state '64 MiB' '1048576|longer|larger|too long' 'head -c 67108864 /dev/zero'
bad_state 'endless' '1048576|longer|larger|too long' 'yes | head -c 5000000'
bad_state 'not UTF-8' 'UTF-8' 'state | sed "s/creating/\xff\xfe/"'
bad_state 'a byte order mark' 'byte order mark|:1:1' 'printf "\xef\xbb\xbf"; state'
bad_state 'a NUL byte' ':1:' 'state | tr g "\0"'
bad_state 'an escaped NUL' 'NUL|u0000' 'state | sed "s/creating/\\\\u0000/"'
bad_state 'a lone surrogate' 'surrogate' 'state | sed "s/creating/\\\\ud800/"'
bad_state 'a key twice' 'id.*twice|duplicate.*id' 'state | sed "s/^{/{\"id\":\"c2\",/"'
bad_state 'something after it' 'behind the end' 'state; echo 1'
bad_state 'a list' 'object' 'echo "[]"'
bad_state 'no id' 'id.*missing' 'state "del(.id)"'
bad_state 'no bundle' 'bundle.*missing' 'state "del(.bundle)"'
bad_state 'no pid' 'pid' 'state "del(.pid)"'
bad_state 'id a number' 'id.*string' 'state ".id = 7"'
bad_state 'id empty' 'no container id' 'state ".id = \"\""'
bad_state 'id with a slash' 'no container id' 'state ".id = \"a/b\""'
bad_state 'id ..' 'no container id' 'state ".id = \"..\""'
bad_state 'id ../../etc/x' 'no container id' 'state ".id = \"../../etc/x\""'
bad_state 'id of 4 KiB' 'no container id' 'state ".id = (\"x\" * 4096)"'
bad_state 'id with a newline' 'no container id' 'state ".id = \"a\nb\""'
bad_state 'id with an escape sequence' 'no container id' 'state ".id = \"a\u001b[2J\""'
bad_state 'id %n%s' 'no container id' 'state ".id = \"%n%s%s\""'
bad_state 'bundle relative' 'absolute' 'state ".bundle = \"c1\""'
bad_state 'bundle not there' 'No such file' 'state ".bundle = \"/nonexistent\""'
bad_state 'bundle of 8 KiB' 'bundle' 'state ".bundle = (\"/x\" * 4096)"'
bad_state 'pid a string' 'pid' 'state ".pid = \"1\""'
bad_state 'pid negative' 'process id' 'state ".pid = -1"'
bad_state 'pid beyond 2^32' 'process id' 'state ".pid = 4294967297"'
bad_state 'pid a fraction' 'pid' 'state ".pid = 1.5"'
bad_state 'pid 0' 'pid|process' 'state ".pid = 0"'
bad_state 'pid 1, the host itself' 'network|process|pid' 'state ".pid = 1"'
bad_state 'pid gone already' 'process|pid' 'dead_pid'
bad_state 'nested a million deep' 'deep' 'printf "[%.0s" {1..900000}'

stage_case() { # REGEX ARG...
	local regex=$1
	shift

	run timeout 20 "$B/coaming-hook" "$@" </dev/null
	assert_eq "$status" 2 "exit status"
	assert_refused coaming-hook "$regex"
}
check 'hook: no stage' stage_case 'stage|usage'
check 'hook: a stage that is none' stage_case 'createruntime' createruntime
check 'hook: two stages' stage_case . createRuntime poststop
check 'hook: --config without a file' stage_case config --config
check 'hook: an option that is none' stage_case 'verbose' --verbose createRuntime

# --- config.json -----------------------------------------------------------------------------------

# The runtime refuses and leaves the file as it is; the precreate hook fails, or gives a config that
# cannot start.
config_case() { # REGEX COMMAND
	local C=$W/bundles/c1/config.json

	profile p "$everything"
	bundle c1 "$(labelled p)" true
	eval "$2"
	cp -a "$C" "$W/before.json"
	run timeout 20 "$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1
	assert_refused coaming-runtime "$1"
	assert_file_is "$C" "$W/before.json"
	[ ! -e /run/crun/c1 ] || fail "the real runtime was called"
	run timeout 20 "$B/coaming-hook" --config "$W/coaming.json" precreate <"$W/before.json"
	assert_no_signal
	[ "$status" -ne 0 ] || assert_cannot_start "$W/out"
	assert_clean
}

# No image can hold a file with a path that long.
assert_cannot_start() {
	assert_json "$1" '(.process.args[0] | length) > 4096 and .process.capabilities.bounding == []'
}

bad_config() { # NAME REGEX COMMAND
	check "config: $1" config_case "$2" "$3"
}

edit() { # JQ_EDIT
	jq "$1" "$C" >"$W/edited" && cat "$W/edited" >"$C"
}

bad_config 'empty' 'config.json' ': >$C'
bad_config 'broken JSON' 'config.json:2:' 'sed -i "2s/:/;/" $C'
bad_config 'cut in the middle' 'config.json:' 'truncate -s 500 $C'
bad_config 'a list' 'object' 'echo "[]" >$C'
bad_config 'something after it' 'behind the end' 'echo "{}" >>$C'
bad_config 'a comment' 'config.json:1:' 'sed -i "1i // hello" $C'
bad_config 'a byte order mark' 'config.json:1:1' 'sed -i "1s/^/\xef\xbb\xbf/" $C'
bad_config 'not UTF-8' 'UTF-8' 'sed -i "s/\"test\"/\"\xff\"/" $C'
bad_config 'overlong UTF-8' 'UTF-8' 'sed -i "s/\"test\"/\"\xc0\xaf\"/" $C'
bad_config 'a NUL byte' 'config.json:' 'printf "\0" >>$C'
bad_config 'an escaped NUL' 'NUL|u0000' 'sed -i "s/\"test\"/\"\\\\u0000\"/" $C'
bad_config 'a lone surrogate' 'surrogate' 'sed -i "s/\"test\"/\"\\\\udc00\"/" $C'
bad_config 'a key twice' 'twice|duplicate' 'sed -i "s/\"hostname\"/\"process\": {}, \"hostname\"/" $C'
bad_config 'a key twice, deep inside' 'twice|duplicate' \
	'sed -i "s/\"noNewPrivileges\": false/\"noNewPrivileges\": true, \"noNewPrivileges\": false/" $C'
bad_config 'a key twice by an escape' 'twice|duplicate' \
	'sed -i "s/\"hostname\"/\"pr\\\\u006fcess\": {}, \"hostname\"/" $C'
bad_config 'Root beside root' 'Root' 'edit ".Root = {readonly: false}"'
bad_config 'PROCESS' 'PROCESS' 'edit ".PROCESS = .process"'
bad_config 'noNewprivileges' 'noNewprivileges' 'edit ".process.noNewprivileges = false"'
bad_config 'the long s, U+017F' 'proce' 'edit ".[\"proce\u017fs\"] = {}"'
bad_config 'the Kelvin sign, U+212A' 'hoo' 'edit ".[\"hoo\u212as\"] = {}"'
bad_config 'Linux only by another case' 'Linux' 'edit ".Linux = .linux | del(.linux)"'
bad_config 'nested a hundred deep' 'deep' 'edit ".x = (reduce range(100) as \$i (0; [.]))"'
bad_config 'nested a million deep' 'deep' 'printf "[%.0s" {1..900000} >$C'
bad_config '100 MB' 'longer|larger|too long' 'head -c 100000000 /dev/zero | tr "\0" " " >>$C'
bad_config 'two million values' 'values' \
	'{ printf "{\"x\":["; yes 1, | head -n 2000000 | tr -d "\n"; echo "1]}"; } >$C'
bad_config 'a number of 400 digits' 'config.json|number' \
	'edit "(.process.user.uid) = \"@\"" && sed -i "s/\"@\"/$(printf %0400d 1 | tr 0 9)/" $C'
bad_config 'uid negative' 'uid' 'edit ".process.user.uid = -1"'
bad_config 'uid beyond 2^32' 'uid' 'edit ".process.user.uid = 4294967296"'
bad_config 'uid a fraction' 'uid' 'edit ".process.user.uid = 0.5"'
bad_config 'uid 1e400' 'uid' 'sed -i "s/\"uid\": 0/\"uid\": 1e400/" $C'
bad_config 'uid a string' 'uid' 'edit ".process.user.uid = \"0\""'
bad_config 'no process' 'process' 'edit "del(.process)"'
bad_config 'process a string' 'process' 'edit ".process = \"x\""'
bad_config 'capabilities a string' 'capabilities' 'edit ".process.capabilities = \"ALL\""'
bad_config 'an unknown capability' 'CAP_SYS_ADMN' \
	'edit ".process.capabilities.bounding += [\"CAP_SYS_ADMN\"]"'
bad_config 'a capability that is a number' 'bounding' \
	'edit ".process.capabilities.bounding += [7]"'
bad_config 'no linux' 'linux' 'edit "del(.linux)"'
bad_config 'linux a list' 'linux' 'edit ".linux = []"'
bad_config 'no root' 'root' 'edit "del(.root)"'
bad_config 'root.readonly a string' 'readonly' 'edit ".root.readonly = \"false\""'
bad_config 'namespaces a string' 'namespaces' 'edit ".linux.namespaces = \"host\""'
bad_config 'a namespace of no type' 'namespaces|type' 'edit ".linux.namespaces += [{}]"'
bad_config 'an unknown namespace' 'netwrk' 'edit ".linux.namespaces += [{type: \"netwrk\"}]"'
bad_config 'a namespace twice' 'network|namespace' \
	'edit ".linux.namespaces += [{type: \"network\", path: \"/proc/1/ns/net\"}]"'
bad_config 'a namespace path that is not there' 'No such file' \
	'edit ".linux.namespaces |= map(if .type == \"network\" then .path = \"/nonexistent\" else . end)"'
bad_config 'mounts an object' 'mounts' 'edit ".mounts = {}"'
bad_config 'a mount without destination' 'destination' 'edit ".mounts += [{source: \"/x\"}]"'
bad_config 'a host path by a symlink' 'hostPath' \
	'ln -s /etc $W/link; edit ".mounts += [{type: \"bind\", source: \"$W/link/ssl\", destination: \"/data\", options: [\"bind\"]}]"'
bad_config 'a host path by ..' 'hostPath' \
	'edit ".mounts += [{source: \"/usr/../etc\", destination: \"/data\", options: [\"rbind\"]}]"'
bad_config 'an unknown seccomp action' 'SCMP_ACT_ALOW' \
	'edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALOW\"}"'
bad_config 'an unknown seccomp operator' 'SCMP_CMP_EG' \
	'edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"mkdir\"], action: \"SCMP_ACT_ERRNO\", args: [{index: 0, value: 1, op: \"SCMP_CMP_EG\"}]}]}"'
bad_config 'a seventh argument' 'index' \
	'edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"mkdir\"], action: \"SCMP_ACT_ERRNO\", args: [{index: 6, value: 1, op: \"SCMP_CMP_EQ\"}]}]}"'
bad_config 'seccomp without defaultAction' 'defaultAction' 'edit ".linux.seccomp = {syscalls: []}"'
bad_config 'seccomp names a string' 'names' \
	'edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: \"mkdir\", action: \"SCMP_ACT_ERRNO\"}]}"'
bad_config 'an unknown architecture' 'SCMP_ARCH_Z80' \
	'edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: [\"SCMP_ARCH_Z80\"]}"'
bad_config 'rlimits an object' 'rlimits' 'edit ".process.rlimits = {}"'
bad_config 'a pids limit that is text' 'pids|limit' 'edit ".linux.resources.pids.limit = \"many\""'
bad_config 'annotations a list' 'annotations' 'edit ".annotations = []"'
bad_config 'an annotation that is a number' 'annotations|tier|string' 'edit ".annotations.tier = 5"'

# --- labels ----------------------------------------------------------------------------------------

label() { # VALUE, a jq expression
	edit ".annotations[\"io.coaming.profile\"] = $1"
}

bad_config 'label ../../etc/passwd' 'io.coaming.profile' 'label "\"../../etc/passwd\""'
bad_config 'label an absolute path' 'io.coaming.profile' 'label "\"/etc/passwd\""'
bad_config 'label with a newline and a field' 'io.coaming.profile' \
	'label "\"p\\nCOAMING_OUTCOME=admit\""'
bad_config 'label with an escape sequence' 'io.coaming.profile' 'label "\"\\u001b[2J\""'
bad_config 'label %s%n' 'io.coaming.profile' 'label "\"%s%s%n\""'
bad_config 'label of 1 MiB' 'io.coaming.profile' 'label "(\"x\" * 1048576)"'
bad_config 'label in capitals' 'io.coaming.profile|"P"' 'label "\"P\""'
bad_config 'label that looks alike' 'io.coaming.profile' 'label "\"\u0440\""'
bad_config 'label that no profile has' '"q"' 'label "\"p,q\""'
bad_config 'ten thousand and one labels' '10000' \
	'edit ".annotations += ([range(10001)] | map({key: \"k\(.)\", value: \"v\"}) | from_entries)"'
bad_config 'CRI-O labels that are no JSON' 'io.kubernetes.cri-o.Labels' \
	'edit ".annotations[\"io.kubernetes.cri-o.Labels\"] = \"{\""'

# --- the bundle ------------------------------------------------------------------------------------

bundle_case() { # REGEX COMMAND [ARG...]
	local C=$W/bundles/c1/config.json

	profile p "$everything"
	bundle c1 "$(labelled p)" true
	eval "$2"
	run timeout 20 "$B/coaming-runtime" --config "$W/coaming.json" "${@:3}"
	assert_refused coaming-runtime "$1"
	[ ! -e /run/crun/c1 ] || fail "the real runtime was called"
	assert_clean
}

bad_bundle() { # NAME REGEX COMMAND
	check "bundle: $1" bundle_case "$2" "$3" run --bundle "/run/t/$((seq + 1))/bundles/c1" c1
}

bad_bundle 'not there' 'No such file' 'rm -r $W/bundles/c1'
bad_bundle 'a file' 'Not a directory' 'rm -r $W/bundles/c1; : >$W/bundles/c1'
bad_bundle 'without config.json' 'config.json.*No such file' 'rm $C'
# Only the runtime puts hooks in.
bad_bundle 'hooks a list' 'c1. refused: .*"hooks": expected an object' 'edit ".hooks = []"'
bad_bundle 'createRuntime an object' 'c1. refused: .*"createRuntime": expected an array' \
	'edit ".hooks.createRuntime = {}"'
bad_bundle 'config.json a symlink' 'config.json' 'mv $C $W/real; ln -s $W/real $C'
bad_bundle 'config.json a dangling symlink' 'config.json' 'rm $C; ln -s /nonexistent $C'
bad_bundle 'config.json a FIFO' 'config.json' 'rm $C; mkfifo $C'
bad_bundle 'config.json a directory' 'config.json' 'rm $C; mkdir $C'
bad_bundle 'config.json a device' 'config.json' 'rm $C; mknod $C c 1 5'
bad_bundle 'config.json a socket' 'config.json' \
	'rm $C; busybox nc -l -U $C 2>/dev/null & sleep 0.1; [ -S $C ] || mknod $C c 1 3'

# --- host configuration ----------------------------------------------------------------------------

bad_host() { # NAME REGEX COMMAND
	check "coaming.json: $1" bundle_case "$2" "H=\$W/coaming.json; $3" \
		run --bundle "/run/t/$((seq + 1))/bundles/c1" c1
}

bad_host 'not there' 'coaming.json.*No such file' 'rm $H'
bad_host 'empty' 'coaming.json' ': >$H'
bad_host 'broken' 'coaming.json:1:' 'echo "{floor" >$H'
bad_host 'an unknown key' 'defaultProfil.*defaultProfile' 'host_config ".defaultProfil = null"'
bad_host 'an unknown mode' 'mode.*enforce' 'host_config ".mode = \"enforced\""'
bad_host 'a floor that does not exist' 'floor.*nothere|nothere.*floor' 'host_config ".floor = [\"nothere\"]"'
bad_host 'a default that does not exist' 'nothere' \
	'host_config ".defaultProfile = \"nothere\""; edit "del(.annotations)"'
bad_host 'a relative directory' 'absolute|stateDir' 'host_config ".stateDir = \"state\""'
bad_host 'an exemption of everything' 'exempt every container' 'host_config ".exempt = [{labelSelector: {}, reason: \"x\"}]"'
bad_host 'an exemption without reason' 'reason' \
	'host_config ".exempt = [{labelSelector: {matchLabels: {a: \"b\"}}}]"'
bad_host 'writable by others' 'written by others' 'chmod 0666 $H'
bad_host 'owned by another' 'own' 'chown 1000 $H'
bad_host 'a symlink' 'symbolic|coaming.json' 'mv $H $W/real; ln -s $W/real $H'
bad_host 'its directory writable by others' 'written by others' \
	'chmod 0777 $W'
bad_host 'a state directory that is a file' 'state' ': >$W/state'
bad_host 'a state directory of another' 'own' 'mkdir $W/state; chown 1000 $W/state'

# --- profiles --------------------------------------------------------------------------------------

bad_profile() { # NAME REGEX COMMAND
	check "profile: $1" bundle_case "$2" "P=\$W/profiles/p.json; $3" \
		run --bundle "/run/t/$((seq + 1))/bundles/c1" c1
}

bad_profile 'directory writable by others' 'written by others' 'chmod 0777 $W/profiles'
bad_profile 'directory of another' 'own' 'chown 1000 $W/profiles'
bad_profile 'directory above writable by others' 'written by others' 'chmod 0777 $W'
bad_profile 'file writable by group' 'written by others' 'chmod 0664 $P'
bad_profile 'file of another' 'own' 'chown 1000 $P'
bad_profile 'a symlink' 'p.json' 'mv $P $W/real; ln -s $W/real $P'
bad_profile 'a FIFO' 'p.json' 'rm $P; mkfifo $P'
bad_profile 'a directory' 'p.json' 'rm $P; mkdir $P'
bad_profile 'a device' 'p.json' 'rm $P; mknod -m 0600 $P c 1 5'
bad_profile 'empty' 'p.json' ': >$P'
bad_profile 'broken' 'p.json:2:1: a colon' 'echo "{\"name\"" >$P'
bad_profile 'an unknown key' 'p.json:[0-9]+:[0-9]+.*capabilites.*capabilities' 'profile p "{capabilites: {}}"'
bad_profile 'the name of another' 'name' 'profile q "{}" $P'
bad_profile 'an unknown capability' 'SYS_ADMN.*SYS_ADMIN' 'profile p "{capabilities: {allow: [\"SYS_ADMN\"]}}"'
bad_profile 'an unknown system call' 'mkdri' 'profile p "{seccomp: {deny: [\"mkdri\"]}}"'
bad_profile 'a seccomp file that is not there' 'p.json:[0-9:]+ cannot open directory ".*/seccomp"' \
	'profile p "{seccomp: {file: \"seccomp/none.json\"}}"'
# A profile that matches and cannot be read must not be passed over.
bad_profile 'one that matches, its seccomp file is not there' 'q.json' \
	'profile q "{match: {}, seccomp: {file: \"none.json\"}}"; edit "del(.annotations)"'
bad_profile 'a seccomp file by ..' '\.\.' 'profile p "{seccomp: {file: \"../../etc/passwd\"}}"'
bad_profile 'an unknown mode' 'mode.*enforce' 'profile p "{mode: \"on\"}"'
bad_profile 'writable path relative' '"tmp" is not an absolute' \
	'profile p "{rootfs: {readOnly: true, writable: [{path: \"tmp\"}]}}"'
bad_profile 'writable path with ..' 'is not an absolute, normalised' \
	'profile p "{rootfs: {readOnly: true, writable: [{path: \"/tmp/../etc\"}]}}"'
bad_profile 'writable path /' '"/" is not an absolute' \
	'profile p "{rootfs: {readOnly: true, writable: [{path: \"/\"}]}}"'
bad_profile 'a size that is none' 'size|64MB' \
	'profile p "{rootfs: {readOnly: true, writable: [{path: \"/tmp\", size: \"64MB\"}]}}"'
cidr() { profile p "{network: {egress: [{to: [{ipBlock: {cidr: \"$1\"}}]}]}}"; }
bad_profile 'CIDR 10.0.0.0/33' '10.0.0.0/33' 'cidr 10.0.0.0/33'
bad_profile 'CIDR ::ffff:10.0.0.1' 'ffff' 'cidr ::ffff:10.0.0.1'
bad_profile 'CIDR with a rule inside' 'flush ruleset" is no network' "cidr '10.0.0.1; flush ruleset'"
port() { profile p "{network: {ingress: [{ports: [{protocol: \"TCP\", port: $1}]}]}}"; }
bad_profile 'port 0' 'port' 'port 0'
bad_profile 'port 65536' 'port.*65536|65536' 'port 65536'
bad_profile 'port a name' 'port' 'port "\"http\""'
bad_profile 'endPort before port' 'endPort' 'port "80, endPort: 79"'
bad_profile 'a selector of peers by an operator that is none' 'Im.*In' \
	'profile p "{network: {egress: [{to: [{labelSelector: {matchExpressions: [
		{key: \"a\", operator: \"Im\", values: [\"b\"]}]}}]}]}}"'
bad_profile 'an admission rule that is none' 'hostNetwrk.*hostNetwork' \
	'profile p "{admission: {deny: [\"hostNetwrk\"]}}"'
bad_profile 'hostPath without a path' 'hostPath' 'profile p "{admission: {deny: [\"hostPath:\"]}}"'
bad_profile 'a limit of zero' 'p.json:[0-9:]+ a number from 1' 'profile p "{limits: {pids: 0}}"'
bad_profile 'a million keys' 'longer|larger|values|too long' \
	'jq -cn "[range(200000)] | map({key: \"k\(.)\", value: 1}) | from_entries" >$P'

# --- the command line of the runtime -----------------------------------------------------------------

bad_id() { # NAME REGEX ID
	check "command line: $1" bundle_case "$2" : run --bundle "/run/t/$((seq + 1))/bundles/c1" "$3"
}

bad_id 'id with a slash' 'no container id|container id' 'a/b'
bad_id 'id ../../x' 'container id' '../../x'
bad_id 'id empty' 'container id' ''
bad_id 'id with a newline' 'container id' $'a\nb'
bad_id 'id of 4 KiB' 'container id' "$(printf 'x%.0s' {1..4096})"
check 'command line: no id' bundle_case 'container id|id' : run --bundle /run/t
check 'command line: --config without a file' bundle_case 'config' : --config

finish
