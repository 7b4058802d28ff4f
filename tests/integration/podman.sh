#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# podman on a bridge network, through coaming-runtime and, separately, through hooks.d.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq nft ip busybox journalctl "$B/coaming-runtime" "$B/coaming-hook"

everything='{
	capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir", "mkdirat"]},
	rootfs: {readOnly: true, writable: [{path: "/data", size: "1M"}]},
	network: {ingress: [{ports: [{protocol: "TCP", port: 8080}]}], egress: []}
}'

# door runtime|hooks: podman with coaming installed in that way and no other.
door() {
	journal_start
	mkdir -p /etc/coaming
	case $1 in
	runtime)
		podman_setup
		sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
		;;
	hooks)
		hooks_install
		podman_setup
		sed -i "s|^hooks_dir = .*|hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]|" "$CONTAINERS_CONF"
		;;
	esac
	host_config "${2:-.}"
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile p "$everything"
}

# The packaged files, with the built program in them.
hooks_install() {
	local file dir

	for dir in hooks.d precreate.d; do
		mkdir -p "$W/$dir"
		for file in "$top/packaging/$dir"/*.json.in; do
			sed "s|@libexecdir@/coaming/|$B/|" "$file" >"$W/$dir/$(basename "$file" .in)"
		done
		[ -n "$(ls "$W/$dir")" ] || fail "no files in packaging/$dir"
		[ -z "$(grep -L "$B/coaming-hook" "$W/$dir"/*)" ] || fail "no coaming-hook in $dir"
	done
}

confines() {
	door "$1"
	run podman run --rm --name web --annotation io.coaming.profile=p busybox \
		probe status -- mkdir /data/x -- flags / -- flags /data -- raw -- packet
	assert_status 0
	assert_process CHOWN
	assert_has "$W/out" 'mkdir /data/x: EPERM'
	assert_matches "$W/out" '^flags /: ro'
	assert_matches "$W/out" '^flags /data: rw,nosuid,nodev,noexec$'
	assert_has "$W/out" 'raw: EPERM'
	assert_has "$W/out" 'packet: EPERM'
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == "p" and (.CONTAINER_ID_FULL | length) == 64
		and .CONTAINER_ID == .CONTAINER_ID_FULL[:12] and (.IMAGE_NAME | test("busybox"))
		and .COAMING_ENGINE == "podman"'
	assert_json "$W/j" '.COAMING_ACTOR_CHAIN | test("podman|conmon")'
	journal CONTAINER_NAME=web COAMING_EVENT=stop >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 "stops in the journal"
	assert_clean
}

# From the host over podman's bridge: the allowed port answers, the others do not, and the
# container reaches nobody. Port 9090 is the host's own.
bridge() {
	local address probe=$B/tests/integration/probe

	door "$1"
	"$probe" serve 9090
	run podman run -d --name web --annotation io.coaming.profile=p busybox probe serve 8080 \
		-- serve 8081 -- tcp 10.88.0.1 9090 -- udp 10.88.0.1 9090 -- tcp 127.0.0.1 8081 -- wait
	assert_status 0
	address=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' web)
	wait_for 8 "the container's answers" sh -c 'podman logs web | grep -q "127.0.0.1"'
	podman logs web | tee "$W/logs"
	assert_has "$W/logs" 'tcp 127.0.0.1 8081: ok'
	assert_matches "$W/logs" 'tcp 10.88.0.1 9090: E(INPROGRESS|TIMEDOUT|AGAIN)'
	assert_matches "$W/logs" 'udp 10.88.0.1 9090: E(AGAIN|PERM)'
	"$probe" tcp "$address" 8080 -- tcp "$address" 8081 -- udp "$address" 8080 | tee "$W/seen"
	assert_has "$W/seen" "tcp $address 8080: ok"
	assert_has_not "$W/seen" "tcp $address 8081: ok"
	assert_has_not "$W/seen" "udp $address 8080: ok"
	run podman rm -f -t 0 web
	assert_status 0
	journal CONTAINER_NAME=web COAMING_EVENT=stop >"$W/j"
	assert_json "$W/j" '[.COAMING_REFUSED_FLOW] | flatten | any(test("^egress tcp 10.88.0.1 9090 "))
		and any(test("^ingress tcp 10.88.0.1 8081 "))'
	assert_clean
}

# What the checks above take for granted.
bridge_without() {
	local address probe=$B/tests/integration/probe

	podman_setup
	"$probe" serve 9090
	run podman run -d --name web busybox probe serve 8081 -- tcp 10.88.0.1 9090 \
		-- udp 10.88.0.1 9090 -- wait
	assert_status 0
	address=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' web)
	wait_for 8 "the container's answers" sh -c 'podman logs web | grep -q "udp"'
	podman logs web | tee "$W/logs"
	assert_has "$W/logs" 'tcp 10.88.0.1 9090: ok'
	assert_has "$W/logs" 'udp 10.88.0.1 9090: ok'
	"$probe" tcp "$address" 8081 -- udp "$address" 8081 | tee "$W/seen"
	assert_has "$W/seen" "tcp $address 8081: ok"
	assert_has "$W/seen" "udp $address 8081: ok"
	podman rm -f -t 0 web
}

refused() {
	door "$1"
	profile q '{admission: {deny: ["hostPID"]}}'
	run podman run --rm --name web --pid host --annotation io.coaming.profile=q busybox touch /started
	[ "$status" -ne 0 ] || fail "podman started it"
	assert_matches "$W/err" 'q.*hostPID'
	journal CONTAINER_NAME=web COAMING_EVENT=deny >"$W/j"
	assert_json "$W/j" '.COAMING_REASON | test("hostPID")'
	assert_clean
}

# What podman gives every container is no device; its user's rule is one. The host's root as root
# reaches every path.
devices() {
	door "$1"
	profile q '{admission: {deny: ["privileged", "devices", "hostPath:/etc/shadow"]}}'
	run podman run --rm --annotation io.coaming.profile=q busybox true
	assert_status 0
	run podman run --rm --annotation io.coaming.profile=q --device-cgroup-rule 'b *:* rwm' busybox \
		echo started
	assert_has_not "$W/out" started
	assert_matches "$W/err" 'q.*devices is denied'
	run podman run --rm --annotation io.coaming.profile=q --rootfs / /bin/echo started
	assert_has_not "$W/out" started
	# runc mounts before it calls the hook that would say why.
	journal COAMING_EVENT=deny >"$W/j"
	tail -n 1 "$W/j" >"$W/last"
	assert_json "$W/last" '.COAMING_REASON | test("hostPath:./etc/shadow. is denied: the root")'
}

# podman -v PATH:/x:O is a mount of type overlay, which names the host's path in its options.
overlays() {
	door "$1"
	profile q '{admission: {deny: ["hostPath:/etc"]}}'
	mkdir -p "$W/mine"
	echo "from the host" >"$W/mine/file"
	run podman run --rm --annotation io.coaming.profile=q -v "$W/mine:/h:O" busybox cat /h/file
	assert_status 0
	assert_has "$W/out" 'from the host'
	run podman run --rm --annotation io.coaming.profile=q -v /etc:/h:O busybox cat /h/passwd
	assert_has_not "$W/out" root:
	# runc mounts before it calls the hook that would say why.
	journal COAMING_EVENT=deny >"$W/j"
	tail -n 1 "$W/j" >"$W/last"
	assert_json "$W/last" '.COAMING_REASON | test("hostPath:./etc. is denied: the mount of ./etc")'
}

# One refusal is one record, whichever stage is the first to see it.
refused_for_its_label() {
	door "$1"
	run podman run --rm --name web --annotation io.coaming.profile=nobody busybox touch /started
	[ "$status" -ne 0 ] || fail "podman started it"
	assert_has "$W/err" 'names profile "nobody"'
	journal CONTAINER_NAME=web COAMING_EVENT=deny >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 denials
	assert_clean
}

unlabelled() {
	door "$1"
	run podman run --rm --name web busybox cat /proc/self/status
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask CHOWN)" ] || fail "confined without a label"
}

builds() {
	door "$1"
	printf 'FROM busybox\nRUN echo built >/data/built\n' >"$W/Dockerfile"
	run podman build -q -t built "$W"
	assert_status 0
	run podman run --rm built cat /data/built
	assert_status 0
	assert_eq "$(cat "$W/out")" built "what was built"
	assert_clean
}

# Without the precreate hook nothing has rewritten the config: the other one must see it.
without_precreate() {
	door hooks
	rm "$W"/precreate.d/*
	run podman run --rm --name web --annotation io.coaming.profile=p busybox touch /data/x
	[ "$status" -ne 0 ] || fail "podman started it unconfined"
	assert_has "$W/err" coaming
	assert_clean
}

# Refused at precreate, and the second hook is lost: what is left cannot start.
without_create_runtime() {
	door hooks
	rm "$W"/hooks.d/*
	profile q '{admission: {deny: ["hostPID"]}}'
	run podman run --rm --name web --pid host --annotation io.coaming.profile=q busybox echo started
	[ "$status" -ne 0 ] || fail "podman started it"
	assert_has_not "$W/out" started
}

# F39: a precreate hook after ours that gives everything back.
loosened_afterwards() {
	door hooks
	cat >"$W/loosen" <<-'END'
		#!/bin/sh
		exec /usr/bin/jq -c '.process.capabilities.bounding = ["CAP_SYS_ADMIN"]'
	END
	chmod 0755 "$W/loosen"
	jq -n --arg p "$W/loosen" '{version: "1.0.0", hook: {path: $p}, when: {always: true},
		stages: ["precreate"]}' >"$W/precreate.d/zzz-loosen.json"
	run podman run --rm --name web --annotation io.coaming.profile=p busybox touch /data/x
	[ "$status" -ne 0 ] || fail "podman started it with CAP_SYS_ADMIN"
	assert_has "$W/err" CAP_SYS_ADMIN
	assert_clean
}

# podman's store knows the image from precreate on.
by_image() {
	door "$1"
	profile p '{match: {image: ["*/busybox"]}, seccomp: {deny: ["mkdir", "mkdirat"]}}'
	profile other '{match: {image: ["*/httpd", "busybox:9"]}, capabilities: {allow: []}}'
	run podman run --rm --name web busybox probe status -- mkdir /x
	assert_status 0
	assert_has "$W/out" 'mkdir /x: EPERM'
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == "p" and (.COAMING_PROFILE_WHY | startswith("p=match "))'
	assert_clean
}

# Labels are in podman's database alone (here bbolt); the image's own are marked, or dropped.
labels() {
	door "$1"
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		capabilities: {allow: ["CHOWN"]}}'
	profile evil '{capabilities: {allow: ["KILL"]}}'
	profile vendor '{match: {labelSelector: {matchLabels: {vendor: "x"}},
		sources: ["annotation", "engine"]}, capabilities: {allow: []}}'
	tar -C "$T/rootfs" -c . | podman import -q -c 'LABEL io.coaming.profile=evil' \
		-c 'LABEL vendor=x' - labelled >/dev/null
	# Without podman's own mount of the bundle's /dev/shm it is found all the same.
	run podman run --name web --ipc host --network none --label tier=web labelled cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == "web" and .IMAGE_NAME == "localhost/labelled:latest"
		and (.COAMING_LABEL_SOURCE | any(. == "tier=engine") and any(. == "vendor=image"))
		and .COAMING_LABEL_DROPPED == "io.coaming.profile=evil"'
	assert_eq "$(jq -r .COAMING_IMAGE_DIGEST "$W/j")" \
		"$(podman image inspect -f '{{.Digest}}' labelled)" "the image's digest"
	podman create --name lost --network none labelled touch /started >/dev/null
	jq '.engines.podman.staticDir = "/nowhere"' "$W/coaming.json" >/etc/coaming/coaming.json
	run podman start -a lost
	[ "$status" -ne 0 ] || fail "started without podman's record"
	assert_matches "$W/err" 'labels that podman keeps cannot be read.*engines.podman.graphRoot'
	podman rm -f web lost
	assert_clean
}

both_doors() {
	door hooks
	sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
	run podman run --rm --name web --annotation io.coaming.profile=p busybox cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 admissions
	journal CONTAINER_NAME=web COAMING_EVENT=stop >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 stops
	assert_clean
}

for RUNTIME in crun runc; do
	check "podman, $RUNTIME: the bridge lets everything through without coaming" bridge_without
	for way in runtime hooks; do
		check "podman, $RUNTIME, $way: capabilities, seccomp, root, records" confines $way
		check "podman, $RUNTIME, $way: the firewall on the bridge" bridge $way
		check "podman, $RUNTIME, $way: podman prints why it was refused" refused $way
		check "podman, $RUNTIME, $way: its own device rules pass, a user's are refused" devices $way
		check "podman, $RUNTIME, $way: an overlay of a host path is refused as the path is" overlays $way
		check "podman, $RUNTIME, $way: a label that names no profile" refused_for_its_label $way
		check "podman, $RUNTIME, $way: without a label nothing is taken" unlabelled $way
		check "podman, $RUNTIME, $way: podman build works" builds $way
		check "podman, $RUNTIME, $way: a profile for an image" by_image $way
		[ "$RUNTIME" = runc ] || check "podman, $way: labels of its database, and whose they are" labels $way
	done
	check "podman, $RUNTIME, hooks: precreate lost, createRuntime refuses" without_precreate
	check "podman, $RUNTIME, hooks: createRuntime lost, the config cannot start" without_create_runtime
	check "F39: podman, $RUNTIME, hooks: a later hook loosens, createRuntime refuses" loosened_afterwards
	check "podman, $RUNTIME: both doors at once" both_doors
done
finish
