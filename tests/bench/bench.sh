#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench: what coaming costs on the way of a container, as ratios. All that is compared is
# measured in one run, in turns. Exit status 1 where a budget is exceeded.

. "$(dirname "$0")/../integration/lib.sh"
sandbox "$@"
set -e
need crun runc jq nft busybox "$B/coaming-runtime" "$B/coaming-hook" "$B/tests/bench/measure" \
	"$B/tests/bench/meet" "$B/tests/bench/record" "$B/tests/bench/started"
measure=$B/tests/bench/measure
bare=$B/tests/bench/bare
go_hook=/usr/libexec/oci/hooks.d/oci-seccomp-bpf-hook
rounds=${ROUNDS:-100}
W=$T/bench
disk=$(mktemp -d "$B/bench.XXXXXX")
trap 'rm -rf "$disk"' EXIT
mkdir -p "$W/profiles" "$W/bundles"

# --- what is measured ----------------------------------------------------------------------------

shop='{
	capabilities: {allow: ["CHOWN", "NET_BIND_SERVICE"]},
	seccomp: {deny: ["ptrace", "bpf", "keyctl", "mount", "unshare"]},
	rootfs: {readOnly: true, writable: [{path: "/tmp", size: "64M"}]},
	admission: {deny: ["privileged", "hostNetwork"]}, limits: {pids: 512}
}'
firewall='{network: {
	ingress: [{ports: [{port: 8080}]}],
	egress: [{to: [{ipBlock: {cidr: "10.0.0.0/8", except: ["10.1.0.0/16"]}}],
		ports: [{port: 5432}, {protocol: "UDP", port: 53}]}]
}}'
# What people write instead of precreate.
filter='.root.readonly = true | .process.noNewPrivileges = true
	| .process.capabilities |= map_values(map(select(. == "CAP_CHOWN" or . == "CAP_NET_BIND_SERVICE")))
	| .linux.resources.pids.limit = 512
	| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["ptrace", "bpf", "keyctl",
		"mount", "unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}
	| .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["size=64M"]}]'

RUNTIME=$bare
# What systemd sets on a host; a new network namespace has 10.
echo 512 >/proc/sys/net/unix/max_dgram_qlen
journal_start RateLimitBurst=0 RateLimitIntervalSec=0
host_config
profile shop "$shop"
profile net "$shop + $firewall"
# An audit and a state directory of its own, for records that only the ledger takes.
jq ".stateDir = \"$W/alone\" | .auditDir = \"$W/alone-audit\"" "$W/coaming.json" >"$W/alone.json"

# container NAME PROFILE: its bundle, and what it is before it is confined.
container() {
	bundle "$1" "$(labelled "$2")"
	cp "$W/bundles/$1/config.json" "$W/$1.request"
}
container plain shop
container net net
container alone net

# Processes in networks of their own, as the runtime has made them when it calls createRuntime, which
# traces them from then on; and their end.
cat >"$W/begin" <<-END
	#!/bin/bash
	>"$W/pid"
	for name; do
		unshare -n sleep 100000 >/dev/null 2>&1 &
		until [ "\$(readlink /proc/\$!/ns/net)" != "\$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
		echo \$! >>"$W/pid"
		printf '{"ociVersion":"1.0.2","id":"%s","status":"created","pid":%d,"bundle":"%s"}' \
			"\$name" \$! "$W/bundles/\$name" >"$W/\$name.state"
	done
END
cat >"$W/end" <<-END
	#!/bin/bash
	for pid in \$(cat "$W/pid"); do
		kill -KILL "\$pid"
		while [ -e "/proc/\$pid/ns/net" ]; do sleep 0.01; done
	done
END
chmod +x "$W/begin" "$W/end"

# The text begins by deleting an older table of that name, which costs nft ten milliseconds. There
# is none: coaming does not pay for that, and so the floor must not.
coaming explain --bundle "$W/bundles/net" --json | jq -r .ruleset | tail -n +4 >"$W/rules.nft"
grep -q 'policy drop' "$W/rules.nft"

# The same host with 10 profiles that match by label, and with 10,000.
many() { # N
	local dir=$W/many$1

	mkdir -p "$dir/profiles"
	for i in $(seq "$1"); do
		echo "{\"name\": \"p$i\", \"match\": {\"labelSelector\": {\"matchLabels\": {\"tier\": \"t$i\"}}}," \
			"\"limits\": {\"pids\": 100}}" >"$dir/profiles/p$i.json"
	done
	jq ".profileDirs = [\"$dir/profiles\"] | .stateDir = \"$dir/state\"" "$W/coaming.json" >"$W/many$1.json"
	bundle "many$1" '.annotations.tier = "t7"'
	cp "$W/bundles/many$1/config.json" "$W/many$1.request"
}
many 10
many 10000

line() { # NAME STDIN NETNS COMMAND...
	local IFS=$'\t'

	printf '%s\n' "$*" >>"$W/plan"
}
silent() { # COMMAND...: run and not measured
	line - - - "$(command -v "$1")" "${@:2}"
}
# The kernel takes a network namespace apart after its last process is gone, and lets nobody make one
# meanwhile.
settle() {
	silent sleep 0.04
}
hook() { # NAME STAGE STDIN [CONFIG]
	line "$1" "$W/$3" - "$B/coaming-hook" --config "$W/${4:-coaming}.json" "$2"
}
requested() { # CONTAINER
	silent cp "$W/$1.request" "$W/bundles/$1/config.json"
}
rewritten() { # NAME CONTAINER [CONFIG]: for a runtime that is a bare process
	line "$1" - - "$B/coaming-runtime" --config "$W/${3:-coaming}.json" create \
		--bundle "$W/bundles/$2" "$2"
}

measured() { # ROUNDS: the plan
	"$measure" "$1" <"$W/plan" 2>"$W/errors" || {
		tail -n 3 "$W/errors" >&2
		exit 111
	}
}

line 'bare process, config in and out' "$W/net.request" - "$bare"
line 'jq filter' "$W/net.request" - "$(command -v jq)" -c "${filter//[$'\n\t']/ }"
[ ! -x "$go_hook" ] || line 'oci-seccomp-bpf-hook, its start' - - "$go_hook" -version
hook 'precreate' precreate net.request
for name in plain net alone; do requested $name; done
rewritten 'runtime: rewriting, exec' net
rewritten - plain
rewritten - alone alone
silent "$W/begin" plain net
line 'bare process, state in' "$W/net.state" - "$bare"
hook 'createRuntime, no network' createRuntime plain.state
hook 'createRuntime, firewall' createRuntime net.state
hook 'poststart' poststart net.state
silent "$W/end"
hook 'poststop, no network' poststop plain.state
hook 'poststop, firewall' poststop net.state
settle
silent ip netns add rules
line 'nft -f, the same rules' - /run/netns/rules "$(command -v nft)" -f "$W/rules.nft"
silent ip netns delete rules
settle
silent mv /run/systemd/journal/socket /run/systemd/journal/away
hook 'no journald: precreate' precreate alone.request alone
silent "$W/begin" alone
hook 'no journald: createRuntime, firewall' createRuntime alone.state alone
hook 'no journald: poststart' poststart alone.state alone
silent "$W/end"
hook 'no journald: poststop, firewall' poststop alone.state alone
silent mv /run/systemd/journal/away /run/systemd/journal/socket
requested plain
rewritten - plain # so that neither of the two comes after a wait
for n in 10 10000; do
	requested many$n
	rewritten "runtime: $n profiles" many$n many$n
done
measured "$rounds" >"$W/seen"
"$B/tests/bench/meet" "$rounds" >"$W/meets"
"$B/tests/bench/record" "$rounds" "$W/record-audit" >>"$W/meets"

# Real starts are ten times as long: fewer rounds. The last ones with the ledger on the disk that the
# build directory is on.
rm "$W/plan"
start() { # NAME PROFILE CONFIG
	container "$1" "$2"
	requested "$1"
	settle
	line "$1" - - "$B/coaming-runtime" --config "$W/$3.json" run --bundle "$W/bundles/$1" "$1"
}
for runtime in crun runc; do
	jq ".runtimes = [\"$(command -v $runtime)\"]" "$W/coaming.json" >"$W/$runtime.json"
	jq ".auditDir = \"$disk\"" "$W/$runtime.json" >"$W/$runtime-disk.json"
	bundle "$runtime"
	settle
	line "$runtime" - - "$(command -v $runtime)" run --bundle "$W/bundles/$runtime" "$runtime"
	start "$runtime-shop" shop "$runtime"
	start "$runtime-net" net "$runtime"
	start "$runtime-disk" net "$runtime-disk"
done

# The start of a container that is made already, to the end of its program: with the attestation at
# its execve, and the same config without coaming's hooks.
container att net
"$B/coaming-runtime" --config "$W/alone.json" create --bundle "$W/bundles/att" att # rewrites; bare
jq 'del(.hooks)' "$W/bundles/att/config.json" >"$W/unatt.config"
bundle unatt
cat >"$W/make" <<-END
	#!/bin/bash
	# NAME COMMAND...: create it, and note its process
	name=\$1
	shift
	"\$@" create --pid-file "$W/\$name.pid" --bundle "$W/bundles/\$name" "\$name" </dev/null >/dev/null 2>&1
END
chmod +x "$W/make"
requested att
silent "$W/make" att "$B/coaming-runtime" --config "$W/crun.json"
line 'start, attested' - - "$B/tests/bench/started" "$W/att.pid" "$(command -v crun)" start att
silent "$B/coaming-runtime" --config "$W/crun.json" delete -f att
settle
silent cp "$W/unatt.config" "$W/bundles/unatt/config.json"
silent "$W/make" unatt "$(command -v crun)"
line 'start, not attested' - - "$B/tests/bench/started" "$W/unatt.pid" "$(command -v crun)" start unatt
silent "$(command -v crun)" delete -f unatt
settle

# What is executed in containers that run through all of it, to its end.
for runtime in crun runc; do
	for profile in none shop; do
		edit=.
		[ $profile = none ] || edit=$(labelled $profile)
		bundle "$runtime-in-$profile" "$edit" sleep 100000
		"$B/coaming-runtime" --config "$W/$runtime.json" run --detach \
			--bundle "$W/bundles/$runtime-in-$profile" "$runtime-in-$profile" </dev/null >"$W/out" 2>&1
		line "$runtime exec, $profile" - - "$(command -v $runtime)" exec "$runtime-in-$profile" true
		line "$runtime exec, $profile, with coaming" - - "$B/coaming-runtime" \
			--config "$W/$runtime.json" exec "$runtime-in-$profile" true
	done
done
measured $(((rounds + 3) / 4)) >"$W/starts"

# --- what is printed -----------------------------------------------------------------------------

of() { # NAME [COLUMN: 2 least, 3 median, 4 95th percentile, 5 KiB]
	awk -F '\t' -v name="$1" -v column="${2:-2}" '$1 == name { print $column }' "$W/seen" "$W/starts" "$W/meets"
}
sum() { # NAME...
	local name total=0

	for name; do total=$((total + $(of "$name"))); done
	echo "$total"
}

ratio() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'
}

over=0
# budget WHAT RATIO below|above LIMIT [UNIT]
budget() {
	local verdict

	verdict=$(awk -v r="$2" -v how="$3" -v l="$4" \
		'BEGIN { print (how == "below" ? r < l : r > l) ? "ok" : "OVER" }')
	[ "$verdict" = ok ] || over=1
	printf '  %-62s %7s%-2s  must be %s %4s%-2s  %s\n' "$1" "$2" "${5:-x}" "$3" "$4" "${5:-x}" "$verdict"
}
told() { # WHAT RATIO
	printf '  %-62s %7sx\n' "$1" "$2"
}

bare=$(of 'bare process, state in')
jq=$(of 'jq filter')
go=$(of 'oci-seccomp-bpf-hook, its start')
nft=$(of 'nft -f, the same rules')
floor=$(($(of 'bare process, config in and out') + 3 * bare))

printf '\n%s rounds, in turns, on %s processors; %s, %s, %s, %s\n\n' "$rounds" "$(nproc)" \
	"$(jq --version)" "$(nft --version | cut -d ' ' -f 1-2)" \
	"$(crun --version | head -n 1)" "$(runc --version | head -n 1)"
printf '%-37s %9s %9s %9s %9s  %s\n' 'us' 'least' 'median' '95th %' 'KiB' 'least : bare    jq  Go hook'
while IFS=$'\t' read -r name least median p95 kib; do
	printf '%-37s %9d %9d %9d %9d  %13s %5s %8s\n' "$name" "$least" "$median" "$p95" "$kib" \
		"$(ratio "$least" "$bare")" "$(ratio "$least" "$jq")" "$(ratio "$least" "${go:-0}")"
done <"$W/seen"
printf '\n%-52s %9s %9s %9s\n' 'us, in one process' 'least' 'median' '95th %'
while IFS=$'\t' read -r name least median p95; do
	printf '%-52s %9d %9d %9d\n' "$name" "$least" "$median" "$p95"
done <"$W/meets"

life=$(sum precreate 'createRuntime, firewall' poststart 'poststop, firewall')
printf '\nBudgets\n'
# One of the hooks starts coaming-nft: five processes.
budget 'all hooks of a life, firewall : 5 bare processes and nft -f' \
	"$(ratio "$life" $((floor + bare + nft)))" below 2
budget 'all hooks of a life, no network : 4 bare processes' \
	"$(ratio "$(sum precreate 'createRuntime, no network' poststart 'poststop, no network')" $floor)" below 2
budget 'jq filter : precreate' "$(ratio "$jq" "$(of precreate)")" above 8
budget 'jq filter : runtime, rewriting' "$(ratio "$jq" "$(of 'runtime: rewriting, exec')")" above 8
if [ -n "$go" ]; then
	budget 'start of oci-seccomp-bpf-hook : precreate' "$(ratio "$go" "$(of precreate)")" above 8
	budget 'start of oci-seccomp-bpf-hook : runtime, rewriting' \
		"$(ratio "$go" "$(of 'runtime: rewriting, exec')")" above 8
	for stage in precreate 'createRuntime, firewall' 'poststart' 'poststop, firewall'; do
		budget "memory, $stage : oci-seccomp-bpf-hook" \
			"$(ratio "$(of "$stage" 5)" "$(of 'oci-seccomp-bpf-hook, its start' 5)")" below 0.1
	done
else
	echo '  oci-seccomp-bpf-hook is not installed: nothing is compared with it'
fi
budget '10,000 profiles : 10' "$(ratio "$(of 'runtime: 10000 profiles')" "$(of 'runtime: 10 profiles')")" below 1.2
budget 'memory, 10,000 profiles : 10' \
	"$(ratio "$(of 'runtime: 10000 profiles' 5)" "$(of 'runtime: 10 profiles' 5)")" below 1.2
attested=$(($(of 'start, attested') - $(of 'start, not attested')))
budget 'attestation at the start' "$(ratio $attested 1000)" below 3 ms
meet=$(of 'meet of two 400-call filters, JSON in and out')
budget 'meet of two 400-call filters, JSON in and out' "$(ratio "$meet" 1000)" below 2 ms
budget 'one record, without fsync' "$(of 'one record, without fsync' 3)" below 150 us
budget 'meet of two 400-call filters : jansson, parsing them' \
	"$(ratio "$meet" "$(of 'jansson, parsing two 400-call filters')")" below 8

printf '\nWithout a budget\n'
told 'start, attested : not attested' "$(ratio "$(of 'start, attested')" "$(of 'start, not attested')")"
told 'coaming-runtime and the two hooks that it puts in : the same' \
	"$(ratio "$(sum 'runtime: rewriting, exec' 'createRuntime, firewall' 'poststop, firewall')" "$life")"
told 'all hooks of a life, firewall : 4 bare processes and nft -f' "$(ratio "$life" $((floor + nft)))"
told 'all hooks, no journald : the same with' "$(ratio "$(sum 'no journald: precreate' \
	'no journald: createRuntime, firewall' 'no journald: poststart' 'no journald: poststop, firewall')" "$life")"
told 'memory, precreate : jq filter' "$(ratio "$(of precreate 5)" "$(of 'jq filter' 5)")"
told 'memory, bare process : jq filter' "$(ratio "$(of 'bare process, state in' 5)" "$(of 'jq filter' 5)")"

# The kernel makes a container that ends wait now and then: here the median tells as much.
both() { # A B: the ratios of the least and of the median
	printf '%6sx %6sx' "$(ratio "$(of "$1")" "$(of "$2")")" "$(ratio "$(of "$1" 3)" "$(of "$2" 3)")"
}
printf '\nWhole containers that do nothing; ledger and journal in memory%12s %7s\n' least median
for runtime in crun runc; do
	printf '  %-62s %7d %7d us\n' "$runtime run" "$(of $runtime)" "$(of $runtime 3)"
	printf '  %-62s %s\n' \
		"$runtime run with coaming, no network : without" "$(both $runtime-shop $runtime)" \
		"$runtime run with coaming, firewall : without" "$(both $runtime-net $runtime)" \
		"$runtime run with coaming, firewall, ledger on disk : without" "$(both $runtime-disk $runtime)"
done
printf '\nOf a program that does nothing, executed in a container that runs%13s %7s\n' least median
for runtime in crun runc; do
	printf '  %-62s %7d %7d us\n' "$runtime exec" "$(of "$runtime exec, none")" "$(of "$runtime exec, none" 3)"
	printf '  %-62s %s\n' \
		"$runtime exec with coaming, no profile : without" \
		"$(both "$runtime exec, none, with coaming" "$runtime exec, none")" \
		"$runtime exec with coaming, under a profile : without" \
		"$(both "$runtime exec, shop, with coaming" "$runtime exec, shop")"
done
exit $over
