#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Seccomp files in Docker's format, other architectures, calls with a fallback: what the kernel
# really answers under runc and crun.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq busybox "$B/coaming-runtime" "$B/coaming-hook"

# Numbers of x86_64.
chroot=161 ptrace=101 clone3=435 openat2=437 keyctl=250 x32_getpid=1073741863

# docker_file DEFAULT_ERRNO: chroot by a capability, ptrace by the kernel, keyctl denied by name.
docker_file() {
	mkdir -p "$W/profiles/seccomp"
	jq -n --argjson errno "$1" '{
		defaultAction: "SCMP_ACT_ALLOW",
		archMap: [{architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"]}],
		syscalls: [
			{names: ["chroot"], action: "SCMP_ACT_ERRNO", errnoRet: $errno, excludes: {caps: ["CAP_SYS_CHROOT"]}},
			{names: ["ptrace"], action: "SCMP_ACT_ERRNO", errno: "EACCES", excludes: {minKernel: "4.8"}},
			{name: "sethostname", action: "SCMP_ACT_ERRNO", errno: "EACCES", includes: {minKernel: "4.8"}},
			{names: ["keyctl"], action: "SCMP_ACT_ERRNO", errno: "EOWNERDEAD", includes: {arches: ["amd64"]}},
			{names: ["read"], action: "SCMP_ACT_KILL", includes: {arches: ["s390x"]}}
		]}' >"$W/profiles/seccomp/docker.json"
}

by_capability_and_kernel() {
	docker_file 13
	host_config
	profile docker '{seccomp: {file: "seccomp/docker.json"}}'
	bundle c1 "$(labelled docker) | .process.capabilities |= map_values(. + [\"CAP_SYS_CHROOT\"] | unique)" \
		probe syscall $chroot -- syscall $ptrace 0 -- syscall 170 -- syscall $keyctl
	run_confined c1
	assert_status 0
	assert_has "$W/out" "syscall $chroot: EFAULT" # asked, with a null path
	assert_has "$W/out" "syscall $ptrace: ok"
	assert_has "$W/out" 'syscall 170: EACCES'
	assert_has "$W/out" "syscall $keyctl: EOWNERDEAD"
	# A profile that takes the capability takes what the file gives for it.
	profile caps '{extends: ["docker"], capabilities: {allow: []}}'
	bundle c2 "$(labelled caps) | .process.capabilities |= map_values(. + [\"CAP_SYS_CHROOT\"] | unique)" \
		probe syscall $chroot
	run_confined c2
	assert_status 0
	assert_has "$W/out" "syscall $chroot: EACCES"
}

# The distribution's own default filter as a profile: what engines run, runs.
containers_common() {
	local file=/usr/share/containers/seccomp.json

	[ -e $file ] || skip_check "$file, of containers-common"
	mkdir -p "$W/profiles/seccomp"
	cp $file "$W/profiles/seccomp/default.json"
	host_config
	profile default '{seccomp: {file: "seccomp/default.json"}}'
	run "$B/coaming" check -v "$W/profiles/default.json"
	assert_status 0
	assert_matches "$W/out" 'instructions under a filter like podman'
	bundle c1 "$(labelled default)" sh -c 'grep Seccomp: /proc/self/status; echo a | grep a; (true) & wait; mkdir /x'
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" Seccomp)" 2 Seccomp
	bundle c2 "$(labelled default)" probe mount -- syscall $clone3 -- syscall 999
	run_confined c2
	assert_status 0
	assert_has "$W/out" 'mount: EPERM'
	assert_has "$W/out" "syscall $clone3: EINVAL" # asked
	assert_has "$W/out" 'syscall 999: ENOSYS'
}

# Calls of another architecture are closed unless a profile names it.
architectures() {
	"$B/tests/integration/probe" syscall $x32_getpid -- i386 >"$W/bare"
	host_config
	profile list '{seccomp: {deny: ["ptrace"]}}'
	bundle c1 "$(labelled list)" probe syscall $x32_getpid -- i386 -- syscall $ptrace 0
	run_confined c1
	assert_status 0
	assert_has "$W/out" "syscall $x32_getpid: SIGSYS"
	grep -q '^i386: SIGSEGV' "$W/bare" || assert_has "$W/out" 'i386: SIGSYS'
	assert_has "$W/out" "syscall $ptrace: EPERM"
	profile open '{seccomp: {deny: ["ptrace"],
		architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]}}'
	bundle c2 "$(labelled open) | .linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\",
		architectures: [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"]}" \
		probe syscall $x32_getpid -- i386 -- syscall $ptrace 0
	run_confined c2
	assert_status 0
	assert_has "$W/out" "$(grep "^syscall" "$W/bare")"
	assert_has "$W/out" "$(grep "^i386" "$W/bare")"
	# Both apply: only what both open stays open.
	profile both '{extends: ["list", "open"]}'
	bundle c3 "$(labelled both) | .linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\",
		architectures: [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"]}" \
		probe syscall $x32_getpid
	run_confined c3
	assert_has "$W/out" "syscall $x32_getpid: SIGSYS"
}

# A filter that is older than clone3: libraries must be told ENOSYS, whatever its default is.
fallbacks() {
	mkdir -p "$W/profiles/seccomp"
	jq '{defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1, syscalls: [{action: "SCMP_ACT_ALLOW",
		names: ([.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[]]
			- ["clone3", "openat2", "faccessat2", "keyctl"])}]}' \
		/usr/share/containers/seccomp.json >"$W/profiles/seccomp/old.json"
	host_config
	profile old '{seccomp: {file: "seccomp/old.json"}}'
	bundle c1 "$(labelled old)" probe syscall $clone3 -- syscall $openat2 -- syscall $keyctl
	run_confined c1
	assert_status 0
	assert_has "$W/out" "syscall $clone3: ENOSYS"
	assert_has "$W/out" "syscall $openat2: ENOSYS"
	assert_has "$W/out" "syscall $keyctl: EPERM"
}

# The kernel looks at the lower half of a family of sockets: so does a profile, whose number with
# something in the upper half would else be another one.
upper_halves() {
	mkdir -p "$W/profiles/seccomp"
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["socket"], action: "SCMP_ACT_ERRNO", errno: "EXDEV", args: [{index: 0, value: 16, op: "SCMP_CMP_EQ"}]},
		{names: ["personality"], action: "SCMP_ACT_ERRNO", errno: "EXDEV", args: [{index: 0, value: 8, op: "SCMP_CMP_GE"}]}
		]}' >"$W/profiles/seccomp/family.json"
	host_config
	profile family '{seccomp: {file: "seccomp/family.json"}}'
	bundle c1 "$(labelled family)" probe syscall 41 16 3 -- syscall 41 0x100000010 3 -- syscall 41 1 1 \
		-- syscall 135 0 -- syscall 135 9 -- syscall 135 0x100000000 -- syscall 135 0x100000009
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'syscall 41: EXDEV'
	assert_eq "$(tr '\n' ' ' <"$W/out")" \
		'syscall 41: EXDEV syscall 41: EXDEV syscall 41: ok syscall 135: ok syscall 135: EXDEV syscall 135: ok syscall 135: EXDEV ' \
		'what the kernel answers'
}

[ "$(uname -m)" = x86_64 ] || skip "seccomp by number" "the numbers of x86_64"
for RUNTIME in runc crun; do
	check "$RUNTIME: rules by capability, kernel and machine" by_capability_and_kernel
	check "$RUNTIME: containers-common's default filter" containers_common
	check "$RUNTIME: other architectures" architectures
	check "$RUNTIME: calls with a fallback" fallbacks
	check "$RUNTIME: arguments of 32 bits with something above" upper_halves
done
finish
