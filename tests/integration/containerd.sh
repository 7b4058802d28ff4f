#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# containerd and its ctr, with coaming-runtime as the program behind its shim: labels that only its
# metadata database holds.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need containerd ctr runc crun jq busybox journalctl tar sha256sum "$B/coaming-runtime"
RUNTIME=runc

# Its namespace names the control group, too.
control() {
	ctr -a "$W/containerd.sock" -n "$CG" "$@"
}

setup() {
	journal_start
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		capabilities: {allow: ["CHOWN"]}}'
	profile evil '{capabilities: {allow: ["KILL"]}}'
	host_config ".runtimes = [\"$(command -v runc)\"]"
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	cat >"$W/config.toml" <<-END
		version = 2
		root = "$W/root"
		state = "$W/containerd"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$W/containerd.sock"
	END
	mkdir "$W/bin"
	ln -s "$B/coaming-runtime" "$W/bin/runc"
	PATH=$W/bin:$PATH containerd --config "$W/config.toml" >"$W/containerd.log" 2>&1 &
	wait_for 20 containerd control version
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	image_tar docker.io/library/labelled:1 \
		'{Labels: {vendor: "x", "io.coaming.profile": "evil"}, Cmd: ["true"]}'
	control images import --snapshotter native "$W/image.tar" >/dev/null
}

# start NAME LABELS COMMAND...: ctr run would write its labels into annotations, too.
start() {
	local name=$1 labels=$2
	shift 2

	control containers create --snapshotter native docker.io/library/labelled:1 "$name" "$@"
	# shellcheck disable=SC2086  # a list of words
	[ -z "$labels" ] || control containers label "$name" $labels >/dev/null
	run control tasks start "$name"
}

labels() {
	setup
	start web 'tier=web' cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" 'CapBnd under the profile of a label'
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == "web" and .COAMING_ENGINE == "containerd"
		and .IMAGE_NAME == "docker.io/library/labelled:1"
		and (.COAMING_LABEL_SOURCE | any(. == "tier=engine") and any(. == "vendor=image"))
		and .COAMING_LABEL_DROPPED == "io.coaming.profile=evil"'
	assert_eq "$(jq -r .COAMING_IMAGE_DIGEST "$W/j")" \
		"sha256:$(sha256sum <"$W/image/manifest" | cut -c 1-64)" "the image's digest"
	assert_eq "$(jq -r .COAMING_IMAGE_ID "$W/j")" \
		"sha256:$(sha256sum <"$W/image/config" | cut -c 1-64)" "the image's id"
	start other '' cat /proc/self/status
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask KILL)" ] || fail "the image chose its profile"
	jq '.engines.containerd.root = "/nowhere"' "$W/coaming.json" >/etc/coaming/coaming.json
	start lost tier=web touch /started
	[ "$status" -ne 0 ] || fail "started without the engine's labels"
	assert_matches "$W/err" 'labels that containerd keeps cannot be read: .*nowhere.*engines.containerd'
	assert_clean
}

# containerd writes all the time; each of them must find its labels.
while_others_write() {
	local i

	setup
	for i in $(seq 500); do
		control images label docker.io/library/labelled:1 "n=$i"
	done >"$W/noise" 2>&1 &
	for i in 1 2 3 4 5; do
		start "web$i" tier=web cat /proc/self/status
		assert_status 0
		assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" "CapBnd of $i"
	done
	jobs %1 >/dev/null || fail "the writer ended too early"
	[ "$(wc -l <"$W/noise")" -gt 20 ] || fail "hardly anything was written"
}

# A container in a pod has the labels of its sandbox, which is another container of containerd's.
labels_of_the_pod() {
	setup
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		capabilities: {allow: ["CHOWN"]}}'
	control containers create --snapshotter native docker.io/library/labelled:1 sandbox1 true
	control containers label sandbox1 tier=web app=ours io.kubernetes.pod.namespace=shop \
		io.cri-containerd.kind=sandbox >/dev/null
	in_pod web sandbox1
	control containers label web app=own io.kubernetes.pod.namespace=bank io.cri-containerd.kind=container >/dev/null
	run control tasks start web
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" "CapBnd under the profile of the pod's label"
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == "web" and (.COAMING_LABEL_SOURCE
		| any(. == "tier=engine") and any(. == "vendor=image"))
		and (.COAMING_LABEL | any(. == "app=own") and any(. == "io.kubernetes.pod.namespace=bank")
			and any(. == "io.cri-containerd.kind=container"))'
	in_pod lost nowhere
	run control tasks start lost
	[ "$status" -ne 0 ] || fail "started without its pod's labels"
	assert_matches "$W/err" "its pod's sandbox .*nowhere.* has no labels"
	assert_clean
}

# in_pod NAME SANDBOX: a container with the annotations of the CRI plugin.
in_pod() {
	control containers create --snapshotter native --annotation io.kubernetes.cri.container-type=container \
		--annotation "io.kubernetes.cri.container-name=$1" --annotation "io.kubernetes.cri.sandbox-id=$2" \
		docker.io/library/labelled:1 "$1" cat /proc/self/status
}

check "containerd: labels, and whose they are, from its database" labels
check "containerd: labels while others write to its database" while_others_write
check "labels of the pod that a container is in" labels_of_the_pod
finish
