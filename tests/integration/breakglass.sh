#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming break-glass, with the real runc, crun and podman: whom it lets start, for how long, what is
# recorded of it, and that nobody but root, and no image, gets anything by it.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq nft busybox journalctl unshare setpriv "$B/coaming" "$B/coaming-runtime"

glass() {
	run coaming break-glass "$@"
}

# One profile that takes all capabilities, claimed by a control.
strict() {
	profile p '{capabilities: {allow: []}, controls: ["TEST:1"]}'
}

# started NAME TIER: bounding set of a container with that label.
started() {
	bundle "$1" "$(labelled p) | .annotations.tier = \"$2\"" probe status
	run_confined "$1"
	assert_status 0
	field "$W/out" CapBnd >"$W/bnd"
}

confined_is() {
	assert_eq "$(cat "$W/bnd")" "$(cap_mask)" "the bounding set"
}

loose_is() {
	[ "$(cat "$W/bnd")" != "$(cap_mask)" ] || fail "it was confined"
}

matching_start_in_audit_mode() {
	RUNTIME=$1
	host_config
	journal_start
	strict
	glass
	assert_has "$W/out" 'not open'
	glass --for 30min --reason 'the $disk is full' --match 'tier=web,!keep'
	assert_status 0
	assert_eq "$(stat -c '%a %U' "$W/state/break-glass.json")" '600 root' "the file"
	started web1 web
	loose_is
	started db1 db
	confined_is
	glass --json
	assert_json "$W/out" '.open and .match == "tier=web,!keep" and .maxMinutes == 240
		and (.until | .[0:19] + "Z" | fromdate) - (.from | .[0:19] + "Z" | fromdate) == 1800'
	journal CONTAINER_NAME=web1 >"$W/j"
	assert_json "$W/j" '.PRIORITY == "2" and (.COAMING_BREAK_GLASS
		| test("^[0-9a-f]{8} until .* for tier=web,!keep, by login uid .*: the \\$disk is full$"))'
	assert_eq "$(jq -r .COAMING_EVENT "$W/j" | tr '\n' ' ')" 'admit attest stop ' "its records"
	journal CONTAINER_NAME=web1 COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_MODE == "audit" and .COAMING_CONTROL == "TEST:1 audited" and (.MESSAGE | test("; under break-glass "))'
	journal CONTAINER_NAME=db1 COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.PRIORITY == "5" and .COAMING_BREAK_GLASS == null'
	glass --end
	assert_status 0
	started web2 web
	confined_is
	journal COAMING_EVENT=policy PRIORITY=2 >"$W/j"
	assert_eq "$(jq -r .COAMING_REASON "$W/j" | tr '\n' ' ')" \
		'break-glass-opened break-glass-ended ' "policy records"
	assert_json "$W/j" '.COAMING_ACTOR_CHAIN != null and (.MESSAGE | test("the \\$disk is full"))'
	# Of three starts two met the control; the third counts against it.
	run coaming report --json
	assert_status 1
	assert_json "$W/out" '.totals.breakGlass == 1 and .totals.containers == 3 and .totals.audited == 1
		and (.controls[] | select(.id == "TEST:1") | .status == "failed"
			and .containers.failed == 1 and .containers.configured == 2
			and (.failures[0].why | test("started under break-glass")))'
	assert_json "$W/out" '(.breakGlass | length) == 1 and .breakGlassOmitted == 0 and (.breakGlass[0]
		| (.id | test("^[0-9a-f]{8}$")) and .opened < .ended and .ended < .until and .end == "ended"
			and (.who | test("^login uid ")) and .selector == "tier=web,!keep"
			and .reason == "the $disk is full" and .cursor != null)'
	run coaming report
	assert_has "$W/out" '1 of them started under break-glass'
	assert_matches "$W/out" '^Break-glass$'
	assert_has "$W/out" 'for tier=web,!keep, by login uid'
	run coaming report --csv
	assert_matches "$W/out" '^break-glass,,[0-9a-f]{8},"tier=web,!keep",ended,the \$disk is full,'
	run coaming report --html
	assert_has "$W/out" '"reason":"the $disk is full"'
	run coaming report --json --until '1 day ago'
	assert_json "$W/out" '.breakGlass == []'
	run coaming verify
	assert_status 0
	assert_clean
}

# An hour later by the boot's clock alone, as if the other had been set back: over, and noticed.
ends_by_itself() {
	journal_start
	strict
	glass --for 1h --reason r
	started c1 web
	loose_is
	bundle c2 "$(labelled p)" probe status
	run unshare --time --boottime 3601 --fork "$B/coaming-runtime" --config "$W/coaming.json" run \
		--bundle "$W/bundles/c2" c2
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask)" "the bounding set"
	[ ! -e "$W/state/break-glass.json" ] || fail "the file is still there"
	journal COAMING_REASON=break-glass-expired >"$W/j"
	assert_json "$W/j" '.PRIORITY == "2"'
	assert_eq "$(wc -l <"$W/j")" 1 "records of its end"
	# By the other clock; and coaming gc notices, too.
	glass --for 1h --reason r
	jq -c '.untilUsec = .fromUsec + 1' "$W/state/break-glass.json" >"$W/x"
	cp "$W/x" "$W/state/break-glass.json"
	run coaming gc
	assert_status 0
	journal COAMING_REASON=break-glass-expired >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 2 "records of its end"
	# Another boot.
	glass --for 1h --reason r
	sed -i 's/"bootId":"./"bootId":"x/; s/"x/"f/' "$W/state/break-glass.json"
	sed -i 's/"bootId":"f[0-9a-f]\{30\}./"bootId":"ffffffffffffffffffffffffffffffff/' \
		"$W/state/break-glass.json"
	started c3 web
	confined_is
	# The host allows less by now.
	glass --for 1h --reason r
	host_config '.breakGlass = {maxMinutes: 59}'
	started c4 web
	confined_is
	assert_clean
}

# What is decided at the admission stands: nothing in between loosens it, or makes it fail.
stages_agree() {
	hook_setup '{capabilities: {allow: []}, network: {egress: []}}'
	glass --for 1h --reason r
	hook createRuntime
	assert_status 0
	rules >"$W/rules"
	assert_has "$W/rules" 'table inet coaming_'
	hook poststop
	assert_status 0
	# Admitted under it, and made after its end.
	cp "$W/request.json" "$W/bundles/c1/config.json"
	run confined create --bundle "$W/bundles/c1" c1
	assert_status 0
	assert_json "$W/bundles/c1/config.json" '.process.capabilities.bounding | length > 0'
	glass --end
	assert_status 0
	hook createRuntime
	assert_status 0
	rules >"$W/rules"
	assert_has_not "$W/rules" coaming
	hook poststop
	# Admitted under it, and not made for longer than that takes.
	glass --for 1h --reason r
	run confined create --bundle "$W/bundles/c1" c1
	assert_status 0
	glass --end
	jq -c '.time -= 61' "$W"/state/containers/*.json >"$W/x"
	cp "$W/x" "$(echo "$W"/state/containers/*.json)"
	hook createRuntime
	assert_status 1
	assert_has "$W/err" 'it was admitted under break-glass'
	assert_has "$W/err" 'start it again'
	assert_eq "$(ls "$W/state/containers")" "" "its state"
}

# An exec that the profile denies, in a container that was started under it and in another one.
exec_under_it() {
	RUNTIME=$1
	journal_start
	host_config
	profile p '{capabilities: {allow: []}, admission: {deny: ["exec"]}}'
	bundle before "$(labelled p)" sleep 1000
	run confined run --detach --bundle "$W/bundles/before" before >/dev/null
	assert_status 0
	run confined exec before echo ran
	assert_status 1
	glass --for 1h --reason 'the disk is full' --match '!keep'
	bundle under "$(labelled p)" sleep 1000
	run confined run --detach --bundle "$W/bundles/under" under >/dev/null
	assert_status 0
	run confined exec --cap CAP_SYS_ADMIN under cat /proc/self/status
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask)" ] || fail "it was confined"
	coaming flush >/dev/null 2>&1 || true
	journal CONTAINER_NAME=under COAMING_EVENT=exec >"$W/j"
	assert_json "$W/j" '.PRIORITY == "2" and .COAMING_OUTCOME == "would-refuse" and .COAMING_MODE == "audit"
		and (.COAMING_REASON | test("exec is denied")) and .COAMING_EXEC_PROGRAM == "cat"
		and .COAMING_EXEC_PRIVILEGES == "given"
		and (.COAMING_BREAK_GLASS | test("^[0-9a-f]{8} until .*: the disk is full$"))
		and (.MESSAGE | test("under break-glass"))'
	# What was started confined stays it: it lets nobody further in.
	run confined exec before echo ran
	assert_status 1
	assert_has "$W/err" 'exec is denied'
	assert_has_not "$W/out" ran
	# Over by the boot's clock: nobody ended it, and the exec is the first to see it.
	run unshare --time --boottime 3601 --fork "$B/coaming-runtime" --config "$W/coaming.json" \
		exec under echo ran
	assert_status 1
	assert_has "$W/err" 'exec is denied'
	assert_has_not "$W/out" ran
	[ ! -e "$W/state/break-glass.json" ] || fail "the file is still there"
	coaming flush >/dev/null 2>&1 || true
	journal CONTAINER_NAME=under COAMING_EVENT=exec -n 1 >"$W/j"
	assert_json "$W/j" '.COAMING_OUTCOME == "refuse" and .PRIORITY == "2" and .COAMING_MODE == "enforce"
		and .COAMING_BREAK_GLASS == null'
	journal COAMING_REASON=break-glass-expired >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 "records of its end"
}

floor_may_be_spared() {
	profile p '{capabilities: {allow: ["CHOWN"]}}'
	profile q '{rootfs: {readOnly: true}}'
	bundle c1 "$(labelled q)" probe status -- flags /
	host_config '.floor = ["p"] | .breakGlass = {floor: "enforce"}'
	glass --for 1h --reason r
	assert_has "$W/out" 'The floor stays as it is'
	run_confined c1
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" "the bounding set"
	assert_matches "$W/out" '^flags /: rw'
	host_config '.floor = ["p"]'
	bundle_config c1 "$(labelled q)" probe status
	run_confined c1
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask CHOWN)" ] || fail "the floor confined it"
	# What would have been refused starts, and what cannot be decided, but for a spared floor.
	bundle_config c1 "$(labelled none)" true
	run_confined c1
	assert_status 0
	assert_has "$W/err" 'break-glass, started unchanged'
	host_config '.floor = ["p"] | .breakGlass = {floor: "enforce"}'
	bundle_config c1 "$(labelled none)" true
	run_confined c1
	assert_status 1
}

not_without_a_record() {
	strict
	glass --for 1h --reason r
	bundle c1 "$(labelled p)" true
	rm -rf "$W/audit" && touch "$W/audit"
	run_confined c1
	assert_status 111
	assert_has "$W/err" 'container "c1" refused'
	glass --end
	glass --for 1h --reason r
	assert_status 111
	[ ! -e "$W/state/break-glass.json" ] || fail "it was opened without a record"
}

by_root_alone() {
	local file=$W/state/break-glass.json

	strict
	run setpriv --reuid 1000 --clear-groups "$B/coaming" --config "$W/coaming.json" break-glass \
		--for 1h --reason r
	assert_status 2
	assert_has "$W/err" 'only root'
	host_config '.breakGlass = {maxMinutes: 0}'
	glass --for 1min --reason r
	assert_status 1
	host_config
	for args in '--for 0' '--for 5h' '--for soon' '--for 1h --match tier=' '--for 1h --match a,' \
		'--end --for 1h' '--match a'; do
		# shellcheck disable=SC2086  # several words
		glass $args --reason r
		assert_status 2
	done
	glass --for 1h
	assert_status 2
	[ ! -e "$file" ] || fail "one of them opened it"
	glass --for 1h --reason r
	glass --for 1h --reason again
	assert_status 1
	assert_has "$W/err" 'one is open already'
	# What is not root's alone, or not whole, opens nothing.
	cp "$file" "$W/glass"
	for harm in 'chown 1000' 'chmod 0666' 'truncate -s -1' 'ln -sf /dev/null'; do
		rm -f "$file"
		cp -a "$W/glass" "$file"
		$harm "$file"
		started "c-${harm%% *}" web
		confined_is
		assert_has "$W/err" 'break-glass counts for nothing'
	done
}

# podman by both of its hooks.
podman_hooks() {
	local dir file

	journal_start
	mkdir -p /etc/coaming
	for dir in hooks.d precreate.d; do
		mkdir -p "$W/$dir"
		for file in "$top/packaging/$dir"/*.json.in; do
			sed "s|@libexecdir@/coaming/|$B/|" "$file" >"$W/$dir/$(basename "$file" .in)"
		done
	done
	podman_setup
	sed -i "s|^hooks_dir = .*|hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]|" "$CONTAINERS_CONF"
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile p '{capabilities: {allow: []}, admission: {deny: ["hostUTS"]}, network: {egress: []}}'
	glass --for 1h --reason r --match app=shop
	run podman run --rm --name web --annotation io.coaming.profile=p --annotation app=shop \
		--uts host busybox probe status
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask)" ] || fail "it was confined"
	run podman run --rm --name other --annotation io.coaming.profile=p --uts host busybox true
	[ "$status" -ne 0 ] || fail "the other one started"
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.PRIORITY == "2" and .COAMING_OUTCOME == "would-refuse"
		and (.COAMING_BREAK_GLASS | test("for app=shop"))'
	assert_clean
}

check 'runc: who matches starts in audit mode, recorded' matching_start_in_audit_mode runc
check 'crun: who matches starts in audit mode, recorded' matching_start_in_audit_mode crun
check 'runc: exec under it, and after its end' exec_under_it runc
check 'crun: exec under it, and after its end' exec_under_it crun
check 'it ends by either clock, by a reboot, by the host' ends_by_itself
check 'what was decided at the admission stands' stages_agree
check 'the floor may be spared' floor_may_be_spared
check 'nothing starts or opens without a record' not_without_a_record
check 'by root alone, within bounds' by_root_alone
check 'podman by its hooks' podman_hooks
finish
