#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Peers by their labels: containers that come and go are put into, and taken out of, the sets of
# those that select them, whichever starts first, and whatever dies in between.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq nft ip strace busybox python3 journalctl "$B/coaming-runtime" "$B/coaming-hook" \
	"$B/coaming-nft" "$B/coaming"
probe=$B/tests/integration/probe

# --- containers on a bridge ---------------------------------------------------------------------

# container NAME NETNS LABELS_JSON ARG...: a bundle with these annotations.
container() {
	local name=$1 netns=$2 labels=$3

	shift 3
	bundle "$name" ".annotations = $labels | $(netns_path "/run/netns/$netns")" "$@"
}

start() { # NAME
	run confined run --detach --bundle "$W/bundles/$1" "$1"
	assert_status 0
}

stop() { # NAME
	run confined delete --force "$1"
	assert_status 0
}

table() { # ID
	echo "coaming_$(printf %s "$1" | sha256sum | cut -c 1-64)"
}

# elements NETNS ID [PREFIX]: the addresses in its peers' sets, sorted, in one line.
elements() {
	ip netns exec "$1" nft -j list table inet "$(table "$2")" |
		jq -r --arg prefix "${3:-peer-}" '[.nftables[].set | select(. and (.name | startswith($prefix)))
			| .elem // [] | .[]] | sort | join(" ")'
}

# The usual three: db lets tier=web in on 5432, web goes out to tier=db alone.
three_tiers() {
	bridge
	profile db '{network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}}],
		ports: [{port: 5432}]}], egress: []}}'
	profile web '{network: {ingress: [{ports: [{port: 80}]}],
		egress: [{to: [{labelSelector: {matchLabels: {tier: "db"}}}], ports: [{port: 5432}]}]}}'
	profile other '{network: {ingress: [], egress: [{ports: [{port: 5432}]}]}}'
	for n in 2 3 4 5 6; do net "n$n" "$n"; done
	container db n2 '{"io.coaming.profile": "db", "tier": "db"}' probe serve 5432 -- wait
	container web n3 '{"io.coaming.profile": "web", "tier": "web"}' probe wait
	container web2 n4 '{"io.coaming.profile": "web", "tier": "web"}' probe wait
	container other n5 '{"io.coaming.profile": "other", "tier": "other"}' probe wait
}

try_from() { # NETNS ADDRESS PORT
	ip netns exec "$1" "$probe" tcp "$2" "$3"
}

assert_open() { # NETNS ADDRESS PORT
	try_from "$@" | tee "$W/tried"
	assert_has "$W/tried" "tcp $2 $3: ok"
}

assert_closed() { # NETNS ADDRESS PORT
	try_from "$@" | tee "$W/tried"
	assert_matches "$W/tried" "^tcp $2 $3: E"
}

both_orders() {
	local first second

	three_tiers
	for first in db web; do
		second=$([ "$first" = db ] && echo web || echo db)
		start "$first"
		start "$second"
		assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
		assert_eq "$(elements n3 web)" "10.7.0.2 fd07::2" "peers of web"
		wait_for 5 'the port' sh -c "ip netns exec n3 $probe tcp 10.7.0.2 5432 | grep -q ok"
		assert_open n3 10.7.0.2 5432
		assert_open n3 fd07::2 5432
		start other
		assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
		assert_closed n5 10.7.0.2 5432
		assert_closed n5 fd07::2 5432
		# Scaled out.
		start web2
		assert_eq "$(elements n2 db)" "10.7.0.3 10.7.0.4 fd07::3 fd07::4" "peers of db"
		assert_open n4 10.7.0.2 5432
		stop web
		assert_eq "$(elements n2 db)" "10.7.0.4 fd07::4" "peers of db"
		assert_closed n3 10.7.0.2 5432
		coaming attest --all >"$W/attested" || true
		cat "$W/attested"
		run coaming ps --json
		assert_json "$W/out" '[.containers[] | select(.name == "db") | .addresses[]] == ["10.7.0.2", "fd07::2"]'
		stop web2
		stop other
		stop db
		assert_eq "$(ls "$W/state/peers")" "" "the registry"
	done
	assert_clean
}


# killed NAME: its process, and nobody is told.
killed() {
	local pid

	pid=$(confined state "$1" | jq .pid)
	kill -KILL "$pid"
	wait_for 5 'its end' sh -c "! kill -0 $pid"
}

# --- several at once -----------------------------------------------------------------------------

# background NAME COMMAND...: it must succeed by the time that settled() is called.
background() {
	local name=$1

	shift
	("$@" >"$W/$name.log" 2>&1; echo $? >"$W/$name.status") &
	pending="$pending $name"
}

settled() {
	local name

	for name in $pending; do
		wait_for 20 "$name" test -s "$W/$name.status"
		[ "$(cat "$W/$name.status")" = 0 ] || fail "$name: $(tail -n 1 "$W/$name.log")"
		rm "$W/$name.status"
	done
	pending=
}

reconciled() {
	run coaming reconcile --dry-run
	[ "$status" -eq 0 ] || coaming log --event attest
	assert_status 0
}

# Both ways round in each of many rounds, now and then with one that goes meanwhile.
at_once() {
	local pending='' round

	three_tiers
	for round in $(seq 40); do
		background db confined run --detach --bundle "$W/bundles/db" db
		background web confined run --detach --bundle "$W/bundles/web" web
		[ "$round" -eq 1 ] || background web2 confined delete --force web2
		settled
		assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db, round $round"
		assert_eq "$(elements n3 web)" "10.7.0.2 fd07::2" "peers of web, round $round"
		background web confined delete --force web
		background web2 confined run --detach --bundle "$W/bundles/web2" web2
		settled
		assert_eq "$(elements n2 db)" "10.7.0.4 fd07::4" "peers of db, round $round"
		background db confined delete --force db
		settled
		assert_eq "$(elements n4 web2)" "" "peers of web2, round $round"
	done
	stop web2
	assert_eq "$(ls "$W/state/peers")" "" "the registry"
	assert_clean
}

# Twenty, of which each selects each.
twenty_at_once() {
	local pending='' n all

	bridge
	profile mesh '{network: {
		ingress: [{from: [{labelSelector: {matchLabels: {app: "mesh"}}}]}],
		egress: [{to: [{labelSelector: {matchLabels: {app: "mesh"}}}]}]}}'
	all=
	for n in $(seq 11 30); do
		net "m$n" "$n"
		container "c$n" "m$n" '{"io.coaming.profile": "mesh", "app": "mesh"}' probe wait
		all="$all 10.7.0.$n"
	done
	for n in $(seq 11 30); do
		background "c$n" confined run --detach --bundle "$W/bundles/c$n" "c$n"
	done
	settled
	for n in $(seq 11 30); do
		assert_eq " $(elements "m$n" "c$n" | tr ' ' '\n' | grep -v : | tr '\n' ' ')" "$all " "peers of c$n"
	done
	reconciled
	for n in $(seq 12 30); do
		background "c$n" confined delete --force "c$n"
	done
	settled
	assert_eq "$(elements m11 c11)" "10.7.0.11 fd07::11" "peers of c11"
	stop c11
	assert_clean
}

# --- what is killed, or comes late ---------------------------------------------------------------

# No poststop: its address is another's by the time that anybody looks.
address_of_a_dead_one() {
	three_tiers
	start db
	start web
	killed web
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
	# The same namespace, another container, which is no peer.
	container thief n3 '{"io.coaming.profile": "other", "tier": "other"}' probe wait
	start thief
	assert_eq "$(elements n2 db)" "" "peers of db"
	assert_closed n3 10.7.0.2 5432
	# The poststop of the dead one comes late, and takes nothing from another one that fits.
	stop thief
	container web3 n3 '{"io.coaming.profile": "web", "tier": "web"}' probe wait
	start web3
	stop web
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
	stop web3
	stop db
	assert_clean
}

# Docker gives addresses between create and start.
address_between_create_and_start() {
	three_tiers
	start db
	ip -n n3 addr flush dev eth0
	run confined create --bundle "$W/bundles/web" web
	assert_status 0
	assert_eq "$(elements n2 db)" "" "peers of db"
	ip -n n3 addr add 10.7.0.3/16 dev eth0
	ip -n n3 addr add fd07::3/64 dev eth0 nodad
	run confined start web
	assert_status 0
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
	wait_for 5 'the port' sh -c "ip netns exec n3 $probe tcp 10.7.0.2 5432 | grep -q ok"
	reconciled
	stop web
	assert_eq "$(elements n2 db)" "" "peers of db"
	stop db
	assert_clean
}

# Through the hook alone, for engines that call no runtime of ours; and never a second time, since
# the program runs by then.
address_at_poststart() {
	three_tiers
	start db
	ip -n n3 addr flush dev eth0
	run confined run --detach --bundle "$W/bundles/web" web
	assert_status 0
	ip -n n3 addr add 10.7.0.3/16 dev eth0
	printf '{"ociVersion": "1.0.2", "id": "web", "status": "running", "pid": %s, "bundle": "%s"}' \
		"$(confined state web | jq .pid)" "$W/bundles/web" >"$W/state.json"
	hook poststart
	assert_status 0
	assert_eq "$(elements n2 db)" "10.7.0.3" "peers of db"
	ip -n n3 addr add 10.7.0.99/16 dev eth0
	hook poststart
	assert_status 0
	assert_eq "$(elements n2 db)" "10.7.0.3" "peers of db"
	stop web
	stop db
	assert_clean
}

# The same to read, also before the container starts.
explained() {
	three_tiers
	container guest n4 '{"io.coaming.profile": "other", "tier": "other"}' probe wait
	run "$B/coaming" --config "$W/coaming.json" explain --bundle "$W/bundles/db"
	assert_has "$W/out" 'containers with tier=web: now none'
	start web
	start web2
	start guest # in web2's namespace
	run "$B/coaming" --config "$W/coaming.json" explain --bundle "$W/bundles/db"
	assert_has "$W/out" '"web" (10.7.0.3, fd07::3)'
	tr -s '\n ' ' ' <"$W/out" >"$W/line"
	assert_has "$W/line" '"web2" (10.7.0.4, fd07::4), not let in for who shares its address'
	assert_has_not "$W/out" '"guest"'
	run "$B/coaming" --config "$W/coaming.json" explain --bundle "$W/bundles/db" --json
	assert_json "$W/out" '.peers[0].members | sort_by(.name) | map(del(.id)) == [
		{name: "web", addresses: ["10.7.0.3", "fd07::3"], sharedAddresses: []},
		{name: "web2", addresses: [], sharedAddresses: ["10.7.0.4", "fd07::4"]}]'
	# It is what the kernel gets.
	start db
	assert_eq "$(elements n2 db)" '10.7.0.3 fd07::3' 'peers of db'
	# Of another machine nothing is known.
	run "$B/coaming" --config "$W/coaming.json" explain --config-json "$W/bundles/db/config.json" --json
	assert_json "$W/out" '.peers[0].members == null'
}

# Containers that share a namespace: its address is a peer where all of them fit.
shared_namespace() {
	three_tiers
	start db
	start web
	container side n3 '{"io.coaming.profile": "web", "tier": "web", "role": "side"}' probe wait
	start side
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
	container odd n3 '{"io.coaming.profile": "other", "tier": "other"}' probe wait
	start odd
	assert_eq "$(elements n2 db)" "" "peers of db, with an odd one"
	assert_closed n3 10.7.0.2 5432
	stop odd
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db, without it"
	stop side
	# What holds the namespace of a pod does not count.
	container pause n3 '{"io.coaming.profile": "other", "io.kubernetes.cri-o.ContainerType": "sandbox"}' probe wait
	start pause
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db, with a pause container"
	stop web
	assert_eq "$(elements n2 db)" "" "peers of db, with nothing but it"
	reconciled
	stop pause
	stop db
	assert_clean
}

# --- reconcile -----------------------------------------------------------------------------------

# repaired NAME COMMAND LINE: the command makes something wrong, of which reconcile says this.
repaired() {
	eval "$2"
	run coaming reconcile --dry-run
	assert_status 1
	assert_matches "$W/out" "$3"
	run coaming reconcile
	assert_status 0
	assert_matches "$W/out" "$3"
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db, $1"
	assert_eq "$(elements n3 web)" "10.7.0.2 fd07::2" "peers of web, $1"
	reconciled
	repairs=$((repairs + 1))
}

in_db() {
	ip netns exec n2 nft "$@"
}

reconciles() {
	local repairs=0 set file web_file

	journal_start
	three_tiers
	start db
	start web
	reconciled
	assert_has "$W/out" 'as the registry says'
	set=$(ip netns exec n2 nft -j list table inet "$(table db)" |
		jq -r 'first(.nftables[].set | select(. and (.name | test("^peer-.*4$"))) | .name)')
	file=$W/state/peers/$(printf db | sha256sum | cut -c 1-64).json
	web_file=$W/state/peers/$(printf web | sha256sum | cut -c 1-64).json
	repaired added "in_db add element inet $(table db) $set '{ 10.7.0.5 }'" 'db.*has 10.7.0.5$'
	repaired removed "in_db delete element inet $(table db) $set '{ 10.7.0.3 }'" 'db.*lacks 10.7.0.3$'
	repaired flushed "in_db flush set inet $(table db) $set" 'db.*lacks 10.7.0.3$'
	repaired damaged "echo '{\"id\":' >$file" 'damaged$'
	repaired lost "rm $web_file" 'web.*runs, and is not registered$'
	repaired foreign "cp $file $W/state/peers/$(printf %064d 0).json" 'damaged$'
	repaired loose "chmod 0644 $file" 'damaged$'
	repaired all "rm $W/state/peers/*.json" 'is not registered$'
	killed web
	run coaming reconcile
	assert_status 0
	assert_has "$W/out" 'registered, and gone'
	assert_eq "$(elements n2 db)" "" "peers of db"
	coaming log --json >"$W/log.json"
	assert_eq "$(jq -r 'select(.COAMING_REASON == "peers-repaired") | .COAMING_EVENT' "$W/log.json" |
		uniq -c | tr -s ' ')" " $((repairs + 1)) policy" "records"
	run coaming verify
	assert_status 0
	stop web
	stop db
	assert_clean
}

# What peers are in a set is no drift of the rules; a wrong one is.
attests() {
	local set

	three_tiers
	start db
	start web
	run coaming attest db
	assert_status 0
	set=$(ip netns exec n2 nft -j list table inet "$(table db)" |
		jq -r 'first(.nftables[].set | select(. and (.name | test("^peer-.*4$"))) | .name)')
	in_db add element inet "$(table db)" "$set" '{ 10.7.0.5 }'
	run coaming attest db
	assert_status 1
	assert_has "$W/out" "has 10.7.0.5"
	run coaming reconcile
	run coaming attest db
	assert_status 0
	stop web
	stop db
	assert_clean
}

# More than one message takes, in both families, put in and taken out.
three_thousand() {
	local file set

	three_tiers
	start web
	file=$W/state/peers/$(printf web | sha256sum | cut -c 1-64).json
	python3 - "$file" "$W/state/peers" <<-'END'
		import hashlib, json, os, sys
		one = json.load(open(sys.argv[1]))
		for n in range(3000):
		    one["id"] = "more%d" % n
		    one["netns"] = 10 + n
		    one["firewall"] = False
		    one["addresses"] = ["10.8.%d.%d" % (n // 250, n % 250 + 1), "fd08::%x" % (n + 1)]
		    name = hashlib.sha256(one["id"].encode()).hexdigest() + ".json"
		    fd = os.open(os.path.join(sys.argv[2], name), os.O_WRONLY | os.O_CREAT, 0o600)
		    os.write(fd, json.dumps(one).encode())
		    os.close(fd)
	END
	start db
	assert_eq "$(elements n2 db | wc -w)" 6002 "peers of db"
	for set in $(ip netns exec n2 nft -j list table inet "$(table db)" |
		jq -r '.nftables[].set | select(. and (.name | startswith("peer-"))) | .name'); do
		in_db flush set inet "$(table db)" "$set"
	done
	assert_eq "$(elements n2 db)" "" "peers of db"
	run coaming reconcile
	assert_status 0
	assert_eq "$(elements n2 db | wc -w)" 6002 "peers of db"
	find "$W/state/peers" -name '*.json' -newer "$file" ! -name "$(printf db | sha256sum | cut -c 1-64).json" -delete
	run coaming reconcile
	assert_status 0
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
	stop web
	stop db
	assert_clean
}

# A hook is killed at each of its system calls around the registration: what the others' sets hold
# then, reconcile puts right; and the next call finds nothing in its way.
killed_anywhere() { # STAGE
	local stage=$1 name n points=0

	three_tiers
	start db
	hook_setup '{network: {ingress: [], egress: [{to: [{labelSelector: {matchLabels: {tier: "db"}}}]}]}}'
	jq '.annotations.tier = "web"' "$W/bundles/c1/config.json" >"$W/c"
	cp "$W/c" "$W/bundles/c1/config.json"
	ip link add h0 type veth peer name eth0 netns "$target"
	nsenter -n -t "$target" ip addr add 10.7.0.77/16 dev eth0
	hook createRuntime
	assert_status 0
	assert_eq "$(elements n2 db)" "10.7.0.77" "peers of db"
	[ "$stage" = poststop ] || hook poststop
	strace -o "$W/trace" "$B/coaming-hook" --config "$W/coaming.json" "$stage" <"$W/state.json"
	hook poststop
	assert_eq "$(elements n2 db)" "" "peers of db"
	# From the first look at the registry to the end.
	awk '{ name = $0; sub(/\(.*/, "", name); n[name]++; if (/peers/) seen = 1
		if (seen && name ~ /^[a-z0-9_]+$/ && name !~ /^exit/) print name, n[name] }' "$W/trace" >"$W/points"
	while read -r name n; do
		points=$((points + 1))
		[ "$stage" = createRuntime ] || hook createRuntime >/dev/null
		run strace -o /dev/null -e "inject=$name:signal=KILL:when=$n" \
			"$B/coaming-hook" --config "$W/coaming.json" "$stage" <"$W/state.json" >/dev/null
		# Of a start that was killed the runtime kills the process; here it lives.
		run coaming reconcile --quiet >/dev/null
		assert_status 0
		run coaming reconcile --dry-run >/dev/null
		assert_status 0
		if [ -e "$W/state/peers/$(printf c1 | sha256sum | cut -c 1-64).json" ]; then
			assert_eq "$(elements n2 db)" "10.7.0.77" "peers of db after $name $n"
		else
			assert_eq "$(elements n2 db)" "" "peers of db after $name $n"
		fi
		[ "$stage" = poststop ] || hook createRuntime >/dev/null
		assert_status 0
		hook poststop >/dev/null
		assert_status 0
		assert_eq "$(elements n2 db)" "" "peers of db"
		nsenter -n -t "$target" nft flush ruleset
	done <"$W/points"
	echo "$points points"
	[ "$points" -gt 50 ] || fail "only $points system calls were seen"
	kill -KILL "$target"
	host_config
	stop db
}

# --- a registry that cannot be read --------------------------------------------------------------

# Who needs it is not started; who does not is.
unreadable() {
	three_tiers
	mkdir -m 0700 "$W/state"
	ln -s /tmp "$W/state/peers"
	run confined run --detach --bundle "$W/bundles/db" db
	[ "$status" -ne 0 ] || fail "started"
	assert_matches "$W/err" 'not followed to what has root.s power'
	container plain n6 '{"io.coaming.profile": "other"}' probe wait
	start plain
	stop plain
	rm "$W/state/peers"
	# A damaged file of another is no reason to refuse.
	start web
	echo '{' >"$W/state/peers/$(printf %064d 0).json"
	start db
	assert_eq "$(elements n2 db)" "10.7.0.3 fd07::3" "peers of db"
	stop web
	stop db
	rm "$W/state/peers/$(printf %064d 0).json"
	assert_clean
}

# --- engines -------------------------------------------------------------------------------------

profiles_of_engines() {
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile db '{match: {labelSelector: {matchLabels: {tier: "db"}}},
		network: {ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}}],
		ports: [{port: 5432}]}], egress: []}}'
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		network: {ingress: [], egress: [{to: [{labelSelector: {matchLabels: {tier: "db"}}}],
		ports: [{port: 5432}]}]}}'
	profile other '{match: {labelSelector: {matchLabels: {tier: "other"}}},
		network: {ingress: [], egress: [{ports: [{port: 5432}]}]}}'
}

# podman's bridge and its labels; and pods, whose containers share a namespace.
podmans() {
	local address pid

	profiles_of_engines
	podman_setup
	run podman --runtime coaming-runtime run -d --name db --label tier=db busybox probe serve 5432 -- wait
	assert_status 0
	address=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' db)
	pid=$(podman inspect -f '{{.State.Pid}}' db)
	run podman --runtime coaming-runtime run -d --name web --label tier=web busybox \
		probe tcp "$address" 5432 -- wait
	assert_status 0
	wait_for 8 'the answer' sh -c 'podman logs web | grep -q tcp'
	podman logs web | tee "$W/logs"
	assert_has "$W/logs" "tcp $address 5432: ok"
	run podman --runtime coaming-runtime run --name odd --label tier=other busybox \
		probe tcp "$address" 5432
	assert_matches "$W/out" "tcp $address 5432: E"
	# Its image's own label makes it no peer.
	tar -C "$T/rootfs" -c . | podman import -q -c 'LABEL tier=web' - labelled
	run podman --runtime coaming-runtime run --name claims labelled probe tcp "$address" 5432
	assert_matches "$W/out" "tcp $address 5432: E"
	assert_eq "$(peers_of "$pid" "$(podman inspect -f '{{.Id}}' db)")" \
		"$(podman inspect -f '{{.NetworkSettings.IPAddress}}' web)" "peers of db"
	run podman --runtime coaming-runtime rm -f -t 0 web
	assert_eq "$(peers_of "$pid" "$(podman inspect -f '{{.Id}}' db)")" "" "peers of db"
	run podman --runtime coaming-runtime rm -f -t 0 -a
	assert_status 0
	assert_clean
}

podmans_pods() {
	local address

	# A pod's first container must be confined too: it has the namespace that the others join.
	host_config '.floor = ["open"]'
	profile open '{network: {ingress: [{}], egress: [{}]}}'
	profiles_of_engines
	podman_setup
	podman --runtime coaming-runtime run -d --name db --label tier=db busybox probe serve 5432 -- wait
	address=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' db)
	run podman --runtime coaming-runtime pod create --name pod --infra-image localhost/busybox \
		--infra-command '/bin/probe wait'
	assert_status 0
	run podman --runtime coaming-runtime run -d --name web --pod pod --label tier=web busybox probe wait
	assert_status 0
	assert_eq "$(jq -r 'select(.infra) | .name' "$W"/state/peers/*)" \
		"$(podman ps -a --format '{{.Names}}' | grep infra)" "what holds the pod's namespaces"
	run podman --runtime coaming-runtime exec web probe tcp "$address" 5432
	assert_has "$W/out" "tcp $address 5432: ok"
	run podman --runtime coaming-runtime run -d --name odd --pod pod --label tier=other busybox probe wait
	assert_status 0
	run podman --runtime coaming-runtime exec web probe tcp "$address" 5432
	assert_matches "$W/out" "tcp $address 5432: E"
	podman --runtime coaming-runtime pod rm -f -t 0 pod
	podman --runtime coaming-runtime rm -f -t 0 -a
	assert_clean
}

# Docker 28 connects a container after createRuntime, Docker 20.10 before: `start` tells the others.
dockers() {
	local address pid id

	command -v dockerd >/dev/null || skip_check 'dockerd is not there'
	profiles_of_engines
	dockerd_start "$(jq -n --arg path "$B/coaming-runtime" '{"default-runtime": "coaming",
		runtimes: {coaming: {path: $path}}}')"
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | dock import - busybox >/dev/null
	run dock network create --subnet 10.77.0.0/24 backend
	assert_status 0
	run dock run -d --name db --network backend --label tier=db busybox probe serve 5432 -- wait
	assert_status 0
	address=$(dock inspect -f '{{.NetworkSettings.Networks.backend.IPAddress}}' db)
	pid=$(dock inspect -f '{{.State.Pid}}' db)
	id=$(dock inspect -f '{{.Id}}' db)
	run dock run --name web --network backend --label tier=web busybox probe tcp "$address" 5432
	assert_has "$W/out" "tcp $address 5432: ok"
	run dock run --name odd --network backend --label tier=other busybox probe tcp "$address" 5432
	assert_matches "$W/out" "tcp $address 5432: E"
	assert_eq "$(peers_of "$pid" "$id")" "" "peers that are over"
	run dock run -d --name web2 --network backend --label tier=web busybox probe wait
	assert_eq "$(peers_of "$pid" "$id")" \
		"$(dock inspect -f '{{.NetworkSettings.Networks.backend.IPAddress}}' web2)" "peers of db"
	run dock rm -f web web2 odd db
	assert_status 0
	assert_clean
}

for RUNTIME in runc crun; do
	check "$RUNTIME: peers are in each other's sets, whichever starts first" both_orders
	check "$RUNTIME: two start at once while another goes, forty times" at_once
	check "$RUNTIME: addresses that come between create and start" address_between_create_and_start
done
RUNTIME=crun
check "podman's bridge, its labels and an image's" podmans
check "podman's pods" podmans_pods
check "Docker's networks" dockers
check 'twenty that select each other start at once, and go at once' twenty_at_once
check "a dead container's address is another's" address_of_a_dead_one
check 'an address that comes before poststart' address_at_poststart
check 'containers that share a namespace' shared_namespace
check 'explain: who is a peer now, and whose address is shared' explained
check 'reconcile repairs what was made wrong, and records it' reconciles
check 'three thousand peers' three_thousand
check 'a wrong peer is found by an attestation' attests
check 'createRuntime killed at each system call' killed_anywhere createRuntime
check 'poststop killed at each system call' killed_anywhere poststop
check 'a registry that cannot be read' unreadable
finish
