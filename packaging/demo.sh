#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# sudo make demo: what coaming does, shown on one real container. Everything happens in namespaces
# of its own with temporary directories; nothing is left behind and the host is not changed.

. "$(dirname "$0")/../tests/integration/lib.sh"
sandbox "$@"
set -e
RUNTIME=$(command -v crun >/dev/null && echo crun || echo runc)
W=$T/demo
mkdir -p "$W/profiles" "$W/bundles"

say() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }
indent() { sed 's/^/    /'; }
show() { # what is run, for the reader
	echo "    \$ $1"
}

host_config
profile shop '{
	description: "A web shop: one port in, one database out",
	capabilities: { allow: ["NET_BIND_SERVICE"] },
	seccomp: { deny: ["unshare", "setns", "mount", "ptrace", "bpf"] },
	rootfs: { readOnly: true, writable: [{ path: "/tmp", size: "1M" }] },
	network: {
		ingress: [{ ports: [{ protocol: "TCP", port: 8080 }] }],
		egress: [{ to: [{ ipBlock: { cidr: "10.99.0.1/32" } }], ports: [{ port: 5432 }] }]
	},
	admission: { deny: ["privileged", "hostNetwork", "hostPath:/etc"] },
	limits: { pids: 64 }
}'
"$B/coaming" check "$W/profiles" >/dev/null
journal_start

# The container's network: a cable to "the outside", 10.99.0.1, where two ports answer.
ip netns add shop
ip link add outside type veth peer name eth0 netns shop
ip addr add 10.99.0.1/24 dev outside
ip link set outside up
ip -n shop addr add 10.99.0.2/24 dev eth0
ip -n shop link set eth0 up
ip -n shop link set lo up
for port in 5432 5433; do
	socat "TCP-LISTEN:$port,bind=10.99.0.1,fork,reuseaddr" SYSTEM:'echo hello' 2>/dev/null &
done
for port in 5432 5433; do
	wait_for 5 "port $port" socat -u "TCP:10.99.0.1:$port" /dev/null
done

# What runs inside: it asks the kernel what it may do.
cat >"$W/ask" <<'END'
status() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
try() { "$@" >/dev/null 2>/tmp/why && echo yes || { sed 's/.*: //' /tmp/why; }; }
reach() { [ "$(nc -w 1 10.99.0.1 "$1" </dev/null 2>/dev/null)" = hello ] && echo yes || echo "no answer"; }
echo "capabilities, effective|$(status CapEff)"
echo "capabilities, bounding set|$(status CapBnd)"
echo "NoNewPrivs|$(status NoNewPrivs)"
echo "Seccomp (2: a filter)|$(status Seccomp)"
echo "write to /etc|$(try touch /etc/changed)"
echo "write to /tmp|$(try touch /tmp/file)"
echo "new user namespace (unshare)|$(try unshare -U true)"
echo "reach the database, port 5432|$(reach 5432)"
echo "reach anything else, port 5433|$(reach 5433)"
END

container() { # NAME [JQ_EDIT]
	bundle "$1" "${2:-.}" sh -c "$(cat "$W/ask")"
	for applet in sed unshare; do
		ln -s busybox "$W/bundles/$1/rootfs/bin/$applet"
	done
}
joined='(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/shop"'
named=$(labelled shop)

say "1. A profile. It only ever takes away."
jq -c '. as $p | keys_unsorted[] | {(.): $p[.]}' "$W/profiles/shop.json" | indent

say "2. What would happen to a container that bears the label io.coaming.profile=shop?"
container shop "$joined | $named"
show 'coaming explain --bundle DIR'
coaming explain --bundle "$W/bundles/shop" | indent

say "3. The same container, started by $RUNTIME and then through coaming-runtime. It asks the kernel:"
container plain "$joined"
"$RUNTIME" run --bundle "$W/bundles/plain" plain >"$W/before"
confined run --bundle "$W/bundles/shop" shop >"$W/after"
{
	echo "|without coaming|with coaming"
	paste -d '|' "$W/before" <(cut -d '|' -f 2 "$W/after")
} | awk -F '|' '{ printf "    %-32s %-26s %s\n", $1, $2, $3 }'

say "4. A container that asks for what no profile can take away is refused, and told why:"
container greedy "$named | del(.linux.namespaces[] | select(.type == \"network\"))"
show 'coaming-runtime run --bundle DIR greedy     # in the network namespace of the host'
status=0
confined run --bundle "$W/bundles/greedy" greedy 2>"$W/refusal" || status=$?
fold -s -w 92 "$W/refusal" | indent
echo "    (exit status $status; nothing was started)"

say "5. The journal has every decision, beside the container's own output:"
show 'journalctl CONTAINER_NAME=shop'
journalctl --sync
journalctl -q -o short CONTAINER_NAME=shop | indent
show 'coaming log'
coaming log | indent
show 'journalctl -o json CONTAINER_NAME=shop COAMING_EVENT=admit | jq ...'
journal CONTAINER_NAME=shop COAMING_EVENT=admit |
	jq 'with_entries(select(.key | test("^COAMING_(PROFILE|OUTCOME|MODE|STAGE|CHANGE|RUNTIME|SEQ|HASH|ACTOR_)")))' |
	head -n 30 | indent

say "Nothing of this is left on the host. Next: README.md, man/coaming.1, sudo make install."
[ "$status" -eq 1 ]
