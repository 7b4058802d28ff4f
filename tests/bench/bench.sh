#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench: what coaming costs on the start path of a container, as ratios. All that is compared
# is measured in one run, in turns. Exit status 1 where a budget is exceeded.

. "$(dirname "$0")/../integration/lib.sh"
sandbox "$@"
set -e
need crun runc jq nft busybox "$B/coaming-runtime" "$B/coaming-hook" "$B/tests/bench/measure"
measure=$B/tests/bench/measure
bare=$B/tests/bench/bare
go_hook=/usr/libexec/oci/hooks.d/oci-seccomp-bpf-hook
rounds=${ROUNDS:-100}
W=$T/bench
mkdir -p "$W/profiles" "$W/bundles"
over=0

# --- what is measured ----------------------------------------------------------------------------

shop='{
	capabilities: {allow: ["CHOWN", "NET_BIND_SERVICE"]},
	seccomp: {deny: ["ptrace", "bpf", "keyctl", "mount", "unshare"]},
	rootfs: {readOnly: true, writable: [{path: "/tmp", size: "64M"}]},
	network: {ingress: [{ports: [{port: 8080}]}],
		egress: [{to: [{ipBlock: {cidr: "10.0.0.0/8", except: ["10.1.0.0/16"]}}],
			ports: [{port: 5432}, {protocol: "UDP", port: 53}]}]},
	admission: {deny: ["privileged", "hostNetwork"]}, limits: {pids: 512}
}'
# What people write instead of precreate.
filter='.root.readonly = true | .process.noNewPrivileges = true
	| .process.capabilities |= map_values(map(select(. == "CAP_CHOWN" or . == "CAP_NET_BIND_SERVICE")))
	| .linux.resources.pids.limit = 512
	| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["ptrace", "bpf", "keyctl",
		"mount", "unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}
	| .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["size=64M"]}]'

RUNTIME=$bare
journal_start RateLimitBurst=0 RateLimitIntervalSec=0
host_config
profile shop "$shop"
bundle c1 "$(labelled shop)"
config=$W/bundles/c1/config.json
cp "$config" "$W/request.json"

# The same without a network section, rewritten already.
profile calm "$shop | del(.network)"
bundle c2 "$(labelled calm)"
run confined create --bundle "$W/bundles/c2" c2 >/dev/null
assert_status 0

# A process in a network of its own, as the runtime has made it when it calls createRuntime; and its
# end.
cat >"$W/begin" <<-END
	#!/bin/bash
	unshare -n sleep 100000 >/dev/null 2>&1 &
	until [ "\$(readlink /proc/\$!/ns/net)" != "\$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
	echo \$! >"$W/pid"
	for id in c1 c2; do
		printf '{"ociVersion":"1.0.2","id":"%s","status":"created","pid":%d,"bundle":"%s"}' \
			\$id \$! "$W/bundles/\$id" >"$W/state.\$id.json"
	done
END
cat >"$W/end" <<-END
	#!/bin/bash
	pid=\$(cat "$W/pid")
	kill -KILL "\$pid"
	while [ -e "/proc/\$pid/ns/net" ]; do sleep 0.01; done
END
chmod +x "$W/begin" "$W/end"
ip netns add rules
coaming explain --bundle "$W/bundles/c1" --json | jq -r .ruleset >"$W/rules.nft"

# The same host with 10 profiles that match by label, and with 10,000.
many() { # N
	local dir=$W/many$1

	mkdir -p "$dir/profiles"
	for i in $(seq "$1"); do
		echo "{\"name\": \"p$i\", \"match\": {\"labelSelector\": {\"matchLabels\": {\"tier\": \"t$i\"}}}," \
			"\"limits\": {\"pids\": 100}}" >"$dir/profiles/p$i.json"
	done
	jq ".profileDirs = [\"$dir/profiles\"] | .stateDir = \"$dir/state\"" "$W/coaming.json" >"$dir/coaming.json"
	bundle "many$1" '.annotations.tier = "t7"'
	cp "$W/bundles/many$1/config.json" "$dir/request.json"
}
many 10
many 10000

line() { # NAME STDIN NETNS COMMAND...
	local IFS=$'\t'

	printf '%s\n' "$*" >>"$W/plan"
}
hook() { # NAME STAGE STDIN
	line "$1" "$3" - "$B/coaming-hook" --config "$W/coaming.json" "$2"
}
real() { # NAME RUNTIME BUNDLE
	line "$1" - - "$2" "${@:4}" run --bundle "$W/bundles/$3" "bench-$1"
}

line 'bare process, config in and out' "$W/request.json" - "$bare"
line 'jq filter' "$W/request.json" - "$(command -v jq)" -c "${filter//[$'\n\t']/ }"
line 'precreate' "$W/request.json" - "$B/coaming-hook" --config "$W/coaming.json" precreate
line - - - "$(command -v cp)" "$W/request.json" "$config"
line 'runtime: rewriting' - - "$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1
line - - - "$W/begin"
line 'bare process, state in' "$W/state.c1.json" - "$bare"
hook 'createRuntime, with firewall' createRuntime "$W/state.c1.json"
hook 'createRuntime, no firewall' createRuntime "$W/state.c2.json"
hook 'poststart' poststart "$W/state.c1.json"
line - - - "$W/end"
hook 'poststop, with firewall' poststop "$W/state.c1.json"
hook 'poststop, no firewall' poststop "$W/state.c2.json"
line 'nft -f, the same rules' - /run/netns/rules "$(command -v nft)" -f "$W/rules.nft"
line - - /run/netns/rules "$(command -v nft)" flush ruleset
[ ! -x "$go_hook" ] || line '!oci-seccomp-bpf-hook' "$W/state.c1.json" - "$go_hook" -s
for n in 10 10000; do
	line - - - "$(command -v cp)" "$W/many$n/request.json" "$W/bundles/many$n/config.json"
	line "runtime: $n profiles" - - "$B/coaming-runtime" --config "$W/many$n/coaming.json" create \
		--bundle "$W/bundles/many$n" "many$n"
done
"$measure" "$rounds" <"$W/plan" >"$W/seen"

# Real starts are ten times as long: fewer rounds.
rm "$W/plan"
for runtime in crun runc; do
	jq ".runtimes = [\"$(command -v $runtime)\"]" "$W/coaming.json" >"$W/$runtime.json"
	bundle "plain-$runtime"
	bundle "confined-$runtime" "$(labelled shop)"
	cp "$W/bundles/confined-$runtime/config.json" "$W/confined-$runtime.json"
	line "$runtime run" - - "$(command -v $runtime)" run --bundle "$W/bundles/plain-$runtime" "plain-$runtime"
	line - - - "$(command -v cp)" "$W/confined-$runtime.json" "$W/bundles/confined-$runtime/config.json"
	line "$runtime run with coaming" - - "$B/coaming-runtime" --config "$W/$runtime.json" run \
		--bundle "$W/bundles/confined-$runtime" "confined-$runtime"
done
"$measure" $(((rounds + 2) / 3)) <"$W/plan" >>"$W/seen"

# --- what is printed -----------------------------------------------------------------------------

of() { # NAME [COLUMN: 2 median, 3 95th percentile, 4 KiB]
	awk -F '\t' -v name="$1" -v column="${2:-2}" '$1 == name { print $column }' "$W/seen"
}
ratio() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'
}

# budget WHAT RATIO below|above LIMIT
budget() {
	local verdict=ok

	case $3 in
	below) awk -v r="$2" -v l="$4" 'BEGIN { exit !(r < l) }' || verdict=OVER ;;
	above) awk -v r="$2" -v l="$4" 'BEGIN { exit !(r > l) }' || verdict=UNDER ;;
	esac
	[ $verdict = ok ] || over=1
	printf '  %-62s %7sx   must be %s %sx   %s\n' "$1" "$2" "$3" "$4" "$verdict"
}

floor=$(of 'bare process, state in')
jq=$(of 'jq filter')
go=$(of oci-seccomp-bpf-hook)
printf '\n%-33s %9s %9s %9s | %s\n' "$rounds rounds, in turns" 'median' '95 %' 'memory' \
	'median : bare process, jq filter, Go hook'
while IFS=$'\t' read -r name median p95 kib; do
	printf '%-33s %6d us %6d us %5d KiB | %14sx %9sx %7sx\n' "$name" "$median" "$p95" "$kib" \
		"$(ratio "$median" "$floor")" "$(ratio "$median" "$jq")" "$(ratio "$median" "${go:-0}")"
done <"$W/seen"

life=$(($(of 'precreate') + $(of 'createRuntime, with firewall') + $(of 'poststart') + $(of 'poststop, with firewall')))
least=$(($(of 'bare process, config in and out') + 3 * floor + $(of 'nft -f, the same rules')))
printf '\nBudgets\n'
budget 'all hooks of a life : 4 bare processes and one nft -f' "$(ratio $life $least)" below 2
budget 'jq filter : precreate' "$(ratio "$(of 'jq filter')" "$(of precreate)")" above 8
budget 'jq filter : runtime rewriting' "$(ratio "$(of 'jq filter')" "$(of 'runtime: rewriting')")" above 8
if [ -x "$go_hook" ]; then
	budget 'oci-seccomp-bpf-hook : precreate' "$(ratio "$(of oci-seccomp-bpf-hook)" "$(of precreate)")" above 8
	for stage in precreate 'createRuntime, with firewall' 'poststop, with firewall'; do
		budget "memory, $stage : oci-seccomp-bpf-hook" \
			"$(ratio "$(of "$stage" 4)" "$(of oci-seccomp-bpf-hook 4)")" below 0.1
	done
fi
budget '10,000 profiles : 10' "$(ratio "$(of 'runtime: 10000 profiles')" "$(of 'runtime: 10 profiles')")" below 1.2
printf '\nStarts (ledger and journal on tmpfs: a disk adds its fdatasync to each enforced start)\n'
for runtime in crun runc; do
	printf '  %-62s %7sx\n' "$runtime run, confined : plain" \
		"$(ratio "$(of "$runtime run with coaming")" "$(of "$runtime run")")"
done
exit $over
