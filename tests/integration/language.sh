#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What profiles can say of each other and of whom they are for, held against real containers:
# extends, selectable, image patterns, sources of labels, sections in audit mode.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq busybox "$B/coaming-runtime" "$B/coaming-hook"

image='"io.kubernetes.cri-o.ContainerID": "c", "io.kubernetes.cri-o.Labels": "{}", "io.kubernetes.cri-o.ImageName"'

# Three profiles deep: what any of them takes is taken, and each says so.
extends() {
	journal_start
	host_config
	profile base '{capabilities: {allow: ["CHOWN", "KILL"]}}'
	profile web '{extends: ["base"], capabilities: {allow: ["CHOWN", "NET_BIND_SERVICE"]}}'
	profile pci '{extends: ["web"], seccomp: {deny: ["mkdir", "mkdirat"]}}'
	bundle c1 "$(labelled pci)" probe status -- mkdir /x
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	assert_has "$W/out" 'mkdir /x: EPERM'
	journal CONTAINER_NAME=c1 COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == ["base", "pci", "web"]
		and (.COAMING_PROFILE_WHY | map(split(" ")[0]) == ["base=extends", "pci=label", "web=extends"])'
	# A profile that brings one which is missing brings nothing.
	rm "$W/profiles/base.json"
	bundle c2 "$(labelled pci)" true
	run_confined c2
	assert_status 2
	assert_has "$W/err" 'profile pci extends web extends base: the last one is in none'
	profile base '{extends: ["pci"]}'
	bundle c3 "$(labelled pci)" true
	run_confined c3
	assert_status 2
	assert_has "$W/err" 'profile pci extends web extends base extends pci'
	assert_has "$W/err" 'in a circle'
}

selectable() {
	host_config
	profile hidden '{selectable: false, limits: {pids: 9}}'
	bundle c1 "$(labelled hidden)" true
	run_confined c1
	assert_status 1
	assert_has "$W/err" 'which no label may name'
	host_config '.floor = ["hidden"]'
	bundle c2 . true
	run_confined c2
	assert_status 0
	assert_eq "$(jq .linux.resources.pids.limit "$W/bundles/c2/config.json")" 9 'limit of processes'
	bundle c3 "$(labelled hidden)" true
	run_confined c3
	assert_status 1
}

# An image's name as CRI-O tells it; a container without one, or of another, is not meant.
images() {
	host_config
	profile nginx '{match: {image: ["nginx:1.*"]}, seccomp: {deny: ["mkdir", "mkdirat"]}}'
	bundle c1 ".annotations += {$image: \"docker.io/library/nginx:1.27\"}" probe mkdir /x
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'mkdir /x: EPERM'
	bundle c2 ".annotations += {$image: \"docker.io/library/nginx:2\"}" probe mkdir /x
	run_confined c2
	assert_has "$W/out" 'mkdir /x: ok'
	bundle c3 . probe mkdir /x
	run_confined c3
	assert_has "$W/out" 'mkdir /x: ok'
}

# A selector that wants the engine's word is not satisfied by an annotation, nor lifted by one.
sources() {
	host_config
	profile strict '{match: {sources: ["engine"], labelSelector: {matchLabels: {tier: "web"}}},
		seccomp: {deny: ["mkdir", "mkdirat"]}}'
	profile unless '{match: {sources: ["engine"],
		labelSelector: {matchExpressions: [{key: "free", operator: "DoesNotExist"}]}}, limits: {pids: 9}}'
	bundle c1 '.annotations["io.kubernetes.cri-o.Labels"] = "{\"tier\": \"web\"}" | .annotations.free = "1"' \
		probe mkdir /x
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'mkdir /x: EPERM'
	assert_eq "$(jq .linux.resources.pids.limit "$W/bundles/c1/config.json")" 9 'limit of processes'
	bundle c2 '.annotations.tier = "web" | .annotations["io.kubernetes.cri-o.Labels"] = "{\"free\": \"1\"}"' \
		probe mkdir /x
	run_confined c2
	assert_status 0
	assert_has "$W/out" 'mkdir /x: ok'
	assert_eq "$(jq .linux.resources.pids.limit "$W/bundles/c2/config.json")" null 'limit of processes'
}

# One section tried while the others hold; the record says what it would have done.
section_modes() {
	journal_start
	host_config
	profile web '{capabilities: {allow: ["CHOWN"]}, rootfs: {readOnly: true, mode: "audit"},
		network: {mode: "audit", egress: []}, admission: {deny: ["rootUser"], mode: "audit"},
		controls: ["PCI-DSS-4.0:2.2.4"]}'
	bundle c1 "$(labelled web)" probe status -- mkdir /x
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	assert_has "$W/out" 'mkdir /x: ok'
	journal CONTAINER_NAME=c1 COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_OUTCOME == "would-refuse" and .COAMING_MODE == "enforce"
		and .COAMING_CONTROL == "PCI-DSS-4.0:2.2.4 configured in part"
		and (.COAMING_CHANGE | any(test("^would: rootfs: makes the root read-only"))
			and any(test("^would: refusal: admission: rootUser"))
			and any(test("^capabilities: takes")))'
}

for RUNTIME in runc crun; do
	check "$RUNTIME: extends" extends
	check "$RUNTIME: selectable" selectable
	check "$RUNTIME: image patterns" images
	check "$RUNTIME: sources of labels" sources
	check "$RUNTIME: sections in audit mode" section_modes
done
finish
