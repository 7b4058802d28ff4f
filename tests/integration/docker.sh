#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Docker with coaming-runtime as its default runtime: dockerd and containerd of this test's own.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need dockerd docker containerd runc crun jq busybox journalctl "$B/coaming-runtime" "$B/coaming-hook"

# docker_setup: the image "busybox", and profiles for whoever starts.
docker_setup() {
	journal_start
	mkdir -p /etc/coaming
	host_config "${1:-.}"
	cp "$W/coaming.json" /etc/coaming/coaming.json
	dockerd_start "$(jq -n --arg path "$B/coaming-runtime" '{"default-runtime": "coaming",
		runtimes: {coaming: {path: $path}}}')"
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | dock import - busybox >/dev/null
}

confines() {
	profile p '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]},
		rootfs: {readOnly: true, writable: [{path: "/tmp", size: "1M"}]},
		network: {ingress: [{ports: [{port: 80}]}], egress: []}}'
	docker_setup '.floor = ["p"]'
	run dock run --name web --network none busybox \
		probe status -- mkdir /x -- flags / -- flags /tmp -- raw -- packet
	assert_status 0
	assert_process CHOWN
	assert_has "$W/out" 'mkdir /x: EPERM'
	assert_matches "$W/out" '^flags /: ro'
	assert_matches "$W/out" '^flags /tmp: rw,nosuid,nodev,noexec$'
	assert_has "$W/out" 'raw: EPERM'
	id=$(dock inspect -f '{{.Id}}' web)
	journal "CONTAINER_ID_FULL=$id" >"$W/j"
	assert_eq "$(jq -r .COAMING_EVENT "$W/j" | tr '\n' ' ')" 'admit attest stop ' events
	assert_eq "$(jq -r .COAMING_ENGINE "$W/j" | sort -u)" docker engine
	doctor
	run dock rm web
	assert_status 0
	assert_clean
}

# What this dockerd was told on its command line is in none of its files.
doctor() {
	local config=$W/elsewhere.json

	run coaming doctor --json engines
	assert_no_signal
	assert_json "$W/out" "any(.findings[]; .id == \"engine-docker\" and .severity == \"ok\")
		and any(.findings[]; .id == \"engine-command-line\" and .severity == \"note\"
			and (.what | test(\"process $(cat "$W/docker.pid"), .*--config-file .*--data-root\")))
		and all(.findings[]; .id != \"engine-data-root\")"
	jq '.engines.docker.dataRoot = "/srv/docker"' "$W/coaming.json" >"$config"
	run "$B/coaming" --config "$config" doctor --json engines
	assert_status 1
	assert_json "$W/out" "any(.findings[]; .id == \"engine-data-root\" and .severity == \"error\"
		and (.what | test(\"/data.* and coaming.json says ./srv/docker\")))"
	jq --arg dir "$W/data/0.0" '.engines.docker.dataRoot = $dir' "$W/coaming.json" >"$config"
	run "$B/coaming" --config "$config" doctor --json engines
	assert_json "$W/out" 'all(.findings[]; .id != "engine-data-root")'
}

refused() {
	profile p '{admission: {deny: ["hostPID"]}}'
	docker_setup '.floor = ["p"]'
	run dock run --name web --network none --pid host busybox echo started
	[ "$status" -ne 0 ] || fail "docker started it"
	assert_has_not "$W/out" started
	assert_matches "$W/err" 'refused: profile p: hostPID is denied'
	journal COAMING_EVENT=deny >"$W/j"
	assert_json "$W/j" '.COAMING_REASON | test("hostPID")'
	run dock rm web
	assert_clean
}

nothing_applies() {
	docker_setup
	run dock run --rm --network none busybox cat /proc/self/status
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask)" ] || fail "confined by nobody"
	assert_clean
}

# What Docker gives every container is no device; what its user asks for is.
devices() {
	profile p '{admission: {deny: ["privileged", "devices", "hostPath:/etc/shadow"]}}'
	docker_setup '.floor = ["p"]'
	run dock run --rm --network none busybox true
	assert_status 0
	run dock run --rm --network none --device-cgroup-rule 'b *:* rwm' busybox echo started
	assert_has_not "$W/out" started
	assert_matches "$W/err" 'refused: profile p: devices is denied'
	run dock run --rm --network none --privileged busybox echo started
	assert_has_not "$W/out" started
	assert_matches "$W/err" 'refused: profile p: privileged is denied'
}

# What coaming ps says of containers whose labels Docker alone has: of one under a profile, ID, as it
# is now; of one under none, as it was decided.
shown_labels() {
	dock run -d --name bare --cgroup-parent "/$CG/docker" --network none --label team=red \
		busybox sleep 1000 >/dev/null
	run coaming ps --json
	assert_json "$W/out" '(.containers | length) == 2
		and (.containers[] | select(.name == "plain") | .engine == "docker" and .mode == "enforce"
			and .labels.team == "blue" and .labels.vendor == "x" and .labelsWhy == null
			and (.labels | has("io.coaming.profile") | not))
		and (.containers[] | select(.name == "bare") | .engine == "docker" and .mode == "unconfined"
			and .labels.team == "red" and .labelsWhy == null)'
	run coaming ps
	assert_matches "$W/out" "^${1:0:12}  plain +docker +enforce +img .*team=blue"
	assert_has_not "$W/out" ' POD '
	run coaming ps -q --no-trunc --filter label=team=red
	assert_eq "$(cat "$W/out")" "$(dock inspect -f '{{.Id}}' bare)" "ids with that label"
	run coaming why plain
	assert_matches "$W/out" '^  team=blue \(engine\)$'
}

# Docker hands no label to the runtime: they are in its own record of the container.
labels() {
	local id

	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		capabilities: {allow: ["CHOWN"]}}'
	profile named '{capabilities: {allow: ["SETUID"]}}'
	profile img '{match: {image: ["labelled:*"]}, seccomp: {deny: ["mkdir", "mkdirat"]}}'
	profile evil '{capabilities: {allow: ["KILL"]}}'
	profile vendor '{match: {labelSelector: {matchLabels: {vendor: "x"}},
		sources: ["annotation", "engine"]}, capabilities: {allow: []}}'
	docker_setup
	tar -C "$T/rootfs" -c . | dock import -c 'LABEL io.coaming.profile=evil vendor=x' - \
		labelled >/dev/null
	run dock run --name web --network none --label tier=web labelled probe status -- mkdir /x
	assert_status 0
	assert_process CHOWN
	assert_has "$W/out" 'mkdir /x: EPERM'
	id=$(dock inspect -f '{{.Id}}' web)
	journal "CONTAINER_ID_FULL=$id" COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == ["img", "web"] and .CONTAINER_NAME == "web"
		and .IMAGE_NAME == "labelled"
		and (.COAMING_LABEL_SOURCE | any(. == "tier=engine") and any(. == "vendor=image"))
		and .COAMING_LABEL_DROPPED == "io.coaming.profile=evil"'
	assert_eq "$(jq -r .COAMING_IMAGE_ID "$W/j")" "$(dock inspect -f '{{.Image}}' web)" "image's id"
	# Named by the user; and then by the image alone, which chooses nothing.
	run dock run --rm --network none --label io.coaming.profile=named labelled probe status
	assert_status 0
	assert_process SETUID
	dock run -d --name plain --network none --label team=blue labelled sleep 1000 >/dev/null
	id=$(dock inspect -f '{{.Id}}' plain)
	run coaming explain --json --bundle "$W/exec/containerd/daemon/io.containerd.runtime.v2.task/moby/$id"
	assert_status 0
	assert_json "$W/out" '[.profiles[].name] == ["img"] and .name == "plain"
		and (.labels | any(.key == "vendor" and .source == "image"))
		and (.droppedLabels | any(.key == "io.coaming.profile" and .value == "evil"))'
	shown_labels "$id"
	dock rm -f plain bare >/dev/null
	# F57: half of Docker's record; none at all.
	id=$(dock create --name half --network none --label tier=web labelled touch /started)
	mkdir -p "$W/half/containers/$id"
	head -c 500 "$W/data/containers/$id/config.v2.json" >"$W/half/containers/$id/config.v2.json"
	jq --arg d "$W/half" '.engines.docker.dataRoot = $d' "$W/coaming.json" >/etc/coaming/coaming.json
	run dock start -a half
	[ "$status" -ne 0 ] || fail "started with half of its record"
	assert_matches "$W/err" 'labels that Docker keeps cannot be read: .*config.v2.json:1:[0-9]+: '
	rm "$W/half/containers/$id/config.v2.json"
	run dock start -a half
	[ "$status" -ne 0 ] || fail "started without its record"
	assert_matches "$W/err" 'labels that Docker keeps .*No such file.*engines.docker.dataRoot'
	journal COAMING_EVENT=deny CONTAINER_ID_FULL="$id" >"$W/j"
	assert_json "$W/j" '.COAMING_REASON | startswith("the labels that Docker keeps cannot be read")'
	cp "$W/coaming.json" /etc/coaming/coaming.json
	run dock start -a half
	assert_status 0
	assert_clean
}

# Docker keeps of a container which runtime it was made with, also where that was the default. README.md
# says what there is to do once coaming has gone; nothing is started without being told.
after_its_removal() {
	profile p '{capabilities: {allow: []}}'
	docker_setup '.floor = ["p"]'
	dock create --name web --network none busybox probe status >/dev/null
	assert_eq "$(dock inspect -f '{{.HostConfig.Runtime}}' web)" coaming "the container's runtime"
	kill "$dockerd" && wait "$dockerd" || true
	dockerd_start '{}'
	run dock start -a web
	[ "$status" -ne 0 ] || fail "it started without coaming"
	assert_matches "$W/err" 'runtime.* coaming|coaming.*runtime'
	run dock create --network none busybox probe status
	assert_status 0
	# The name of the real runtime under the old one.
	kill "$dockerd" && wait "$dockerd" || true
	dockerd_start "$(jq -n --arg path "$(command -v runc)" '{runtimes: {coaming: {path: $path}}}')"
	run dock start -a web
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask)" ] || fail "confined by nobody"
}

for RUNTIME in runc crun; do
	check "docker, $RUNTIME: capabilities, seccomp, root, firewall, records" confines
	check "docker, $RUNTIME: docker prints why it was refused" refused
	check "docker, $RUNTIME: its own device rules pass, a user's are refused" devices
	check "docker, $RUNTIME: where no profile applies nothing is taken" nothing_applies
done
RUNTIME=runc
check "docker: a container that was made with coaming, after its removal" after_its_removal
check "docker: labels, whose they are, the image; F57: no record, half of it" labels
finish
