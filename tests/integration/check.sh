#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming check: the warnings and what they rest on, what profiles say of each other, and how a
# fault is shown. What it prints of a single file is in cli.sh, each sentence in tests/bad.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq runc script

library=$top/profiles/library
schema=$top/profiles/profile.schema.json

# --- warnings ----------------------------------------------------------------------------------

# "LINE:COLUMN: TEXT [ID]" of each warning of a file.
warnings_of() { # JSON FILE
	jq -r --arg f "$2" '.warnings[] | select(.file == $f)
		| "\(.message[($f | length) + 1:]) [\(.id)]"' "$1" | sed 's/libseccomp [0-9.]*/libseccomp N/'
}

each_warning_is_given_where_it_should() {
	local file bad=0 golden

	run "$B/coaming" check --json "$top"/tests/good/profile/*.json
	assert_status 0
	assert_json "$W/out" '.faults == [] and (.warnings | length) > 40'
	cp "$W/out" "$W/all"
	for file in "$top"/tests/good/profile/*.json; do
		golden=${file%.json}.warnings
		[ -e "$golden" ] || golden=/dev/null
		warnings_of "$W/all" "$file" | diff -u --label "$file" --label seen "$golden" - || bad=1
	done
	[ "$bad" -eq 0 ] || fail 'other warnings than in tests/good'
	for id in $("$B/coaming" check --warnings | cut -d ' ' -f 1); do
		[ "$id" = never-applied ] || [ "$id" = peer-apart ] || # below
			grep -qF "[$id]" "$top"/tests/good/profile/*.warnings || fail "no case of $id"
	done
}

the_list_of_warnings() {
	run "$B/coaming" check --warnings
	assert_status 0
	cut -d ' ' -f 1 "$W/out" >"$W/ids"
	assert_eq "$(jq -r '.properties.silence.items.properties.id.enum[]' "$schema")" \
		"$(grep -vx unused-silence "$W/ids")" 'what the schema lets silence'
	assert_eq "$(sed -n 's/^\.It Sy \([a-z0-9-]*\)$/\1/p' "$top/man/coaming-check.1")" \
		"$(cat "$W/ids")" 'what the manual tells'
}

# What depends on the host's configuration: zones that it has, classes that it keeps apart.
what_the_host_says_of_networks() {
	profile web '{match: {labelSelector: {matchLabels: {"io.coaming.data-class": "pci"}}}, network: {
		ingress: [{from: [{labelSelector: {matchLabels: {"io.coaming.data-class": "public"}}},
			{labelSelector: {matchLabels: {"io.coaming.data-class": "pci"}}},
			{labelSelector: {matchLabels: {"io.coaming.realm": "a"}}}]}],
		egress: [{to: [{zone: "ofice"}, {zone: "office"}]}]}}'
	host_config '. + {zones: {office: ["10.0.0.0/8"]}, separate: ["data-class", "realm"]}'
	run "$B/coaming" --config "$W/coaming.json" check
	assert_status 2
	assert_has "$W/err" 'zone "ofice" is not among the "zones" of the host configuration (did you mean office?)'
	assert_eq "$(grep -c 'is not among' "$W/err")" 1 'zones'
	assert_eq "$(grep -c '\[peer-apart\]' "$W/err")" 1 'peers of another class'
	assert_has "$W/err" 'values of "io.coaming.data-class" are kept apart'
	run "$B/coaming" --config "$W/coaming.json" check "$W/profiles/web.json"
	assert_status 2
	assert_has "$W/err" 'zone "ofice" is not among'
	# Where it is not known nothing is said of it.
	run "$B/coaming" check "$W/profiles/web.json"
	assert_status 0
	assert_eq "$(cat "$W/err")" '' 'no host'
	# But what the profile itself keeps apart is known.
	jq '.separate = ["realm", "data-class"]' "$W/profiles/web.json" >"$W/web.json"
	run "$B/coaming" check "$W/web.json"
	assert_status 0
	assert_eq "$(grep -c '\[peer-apart\]' "$W/err")" 1 'peers of another class'
	assert_has "$W/err" 'values of "io.coaming.data-class" are kept apart'
}

the_library_has_none() {
	run "$B/coaming" check --strict "$library" "$top/packaging/coaming.json"
	assert_status 0
	assert_matches "$W/out" '^[0-9]* files, 0 faults$'
}

strictness() {
	profile web '{admission: {deny: []}}'
	run coaming check "$W/profiles/web.json"
	assert_status 0
	assert_matches "$W/err" '^.*web.json:[0-9]*:[0-9]*: warning: section "admission" takes nothing'
	assert_has "$W/out" '1 file, 0 faults, 1 warning'
	run coaming check --strict "$W/profiles/web.json"
	assert_status 2
	profile web '{admission: {deny: []}, silence: [{id: "takes-nothing", reason: "soon"}]}'
	run coaming check --strict "$W/profiles/web.json"
	assert_status 0
	assert_has "$W/out" 'web.json: ok'
}

never_applied() {
	profile own '{selectable: false, limits: {pids: 9}}'
	profile floor '{selectable: false, limits: {pids: 9}}'
	profile base '{selectable: false, limits: {pids: 9}}'
	profile other '{selectable: false, limits: {pids: 9}, match: {image: ["nginx"]}}'
	profile web '{extends: ["base"]}'
	host_config '.floor = ["floor"]'
	run coaming check "$W/profiles" "$W/coaming.json"
	assert_status 0
	assert_eq "$(grep -c never-applied "$W/err")" 1 'warnings'
	assert_matches "$W/err" 'own.json:3:3: warning: nothing can choose this profile: .* \[never-applied\]'
	run coaming check
	assert_eq "$(grep -c never-applied "$W/err")" 1 'warnings of what is installed'
	# Without a host configuration nobody knows its floor.
	run coaming check "$W/profiles"
	[ ! -s "$W/err" ] || fail 'a warning'
}

# --- what runc needs ---------------------------------------------------------------------------

# What seccomp-start names, and what a static busybox needs besides execve and exit_group.
starting="close fstatfs futex getdents64 openat rt_sigreturn write"
static="arch_prctl brk getuid mprotect prlimit64 set_robust_list set_tid_address setgid setuid"

start_without() { # CALL
	local name

	profile web "{seccomp: {allow: [$(for name in execve exit_group $starting $static; do
		[ "$name" = "$1" ] || printf '"%s", ' "$name"
	done) \"read\"]}}"
	run coaming check "$W/profiles/web.json"
	cp "$W/err" "$W/warned"
	run_confined "b"
}

runc_needs_what_is_named() {
	local name

	bundle b "$(labelled web)"
	start_without nothing
	assert_status 0
	[ ! -s "$W/warned" ] || fail 'a warning though all is there'
	# The other two are needed by chance alone: where Go's scheduler steps in.
	for name in close fstatfs getdents64 openat write; do
		start_without $name
		[ "$status" -ne 0 ] || fail "it starts without $name"
		assert_matches "$W/warned" "web.json.* runc itself calls $name under .*\[seccomp-start\]"
	done
}

crun_needs_none_of_them() {
	bundle b "$(labelled web)"
	profile web "{seccomp: {allow: [$(printf '"%s", ' $static) \"execve\", \"exit_group\"]},
		silence: [{id: \"seccomp-start\", reason: \"crun only\"}]}"
	run coaming check --strict "$W/profiles/web.json"
	assert_status 0
	run_confined b
	assert_status 0
}

# --- what profiles say of each other -----------------------------------------------------------

missing_names() {
	profile baseline '{limits: {pids: 9}}'
	profile web '{extends: ["baseline", "basline", "baselin"]}'
	run "$B/coaming" check "$W/profiles"
	assert_status 2
	assert_has "$W/err" "web.json:5:5: there is no profile \"basline\" (did you mean baseline?)"
	assert_has "$W/err" "web.json:6:5: there is no profile \"baselin\" (did you mean baseline?)"
	assert_has "$W/out" 'baseline.json: ok'
	# A file alone says nothing of the others.
	run "$B/coaming" check "$W/profiles/web.json"
	assert_status 0
	mkdir "$W/more"
	profile basline '{limits: {pids: 9}}' "$W/more/basline.json"
	profile baselin '{limits: {pids: 9}}' "$W/more/baselin.json"
	run "$B/coaming" check "$W/profiles" "$W/more"
	assert_status 0
	# Those of the host's own directories are there, too.
	run coaming check "$W/more"
	assert_status 0
	profile more '{extends: ["baseline"]}' "$W/more/more.json"
	run coaming check "$W/more"
	assert_status 0
	run "$B/coaming" check "$W/more"
	assert_status 2
}

circles() {
	profile a '{extends: ["b"]}'
	profile b '{extends: ["c"]}'
	profile c '{extends: ["b"]}'
	profile d '{extends: ["e"]}'
	echo '{"name": "e", "extends": 1}' >"$W/profiles/e.json"
	run "$B/coaming" check "$W/profiles"
	assert_status 2
	assert_has "$W/err" 'b.json:4:5: profile b extends c extends b: profiles cannot extend each other in a circle'
	assert_has "$W/err" 'c.json:4:5: profile c extends b extends c: profiles cannot'
	assert_has "$W/err" 'a.json:4:5: profile a extends b extends c extends b: profiles cannot'
	# What is wrong in a file is told once, there.
	assert_has "$W/err" 'e.json:1:26: "extends": expected an array, not a number'
	assert_eq "$(wc -l <"$W/err")" 4 'faults'
}

names_of_the_host() {
	profile web '{limits: {pids: 9}}'
	host_config '.floor = ["web", "wbe"] | .defaultProfile = {name: "nobody"}'
	run coaming check "$W/profiles" "$W/coaming.json"
	assert_status 2
	assert_matches "$W/err" 'coaming.json:[0-9]*:[0-9]*: there is no profile "wbe" \(did you mean web\?\)'
	assert_matches "$W/err" 'coaming.json:[0-9]*:[0-9]*: there is no profile "nobody"$'
	assert_eq "$(wc -l <"$W/err")" 2 'faults'
	run coaming check "$W/coaming.json"
	assert_status 0
}

# --- how it is shown ---------------------------------------------------------------------------

# Tabs stay, a character of two bytes is one column, what a terminal would obey is "?".
a_bad_file() {
	printf '{\n\t"name": "web",\t"limits": {"pids": 0},\n' >"$W/web.json"
	printf '  "description": "\303\244\302\233[2J\342\200\256", "controls": ["x"], "mod": 1,\n' >>"$W/web.json"
	printf '  "extends": ["%s", 5]\n}' "$(printf 'a%.0s' $(seq 63))" >>"$W/web.json"
}

the_source() {
	a_bad_file
	cd "$W"
	run "$B/coaming" check web.json
	assert_status 2
	assert_eq "$(wc -l <"$W/err")" 4 'lines without --source'
	COLUMNS=50 run "$B/coaming" check --source web.json
	assert_status 2
	printf '%s\n' \
		'web.json:3:47: unknown key "mod" (did you mean "mode"?)' \
		'    ...n": "ä?[2J?", "controls": ["x"], "mod": 1,' \
		'                                        ^' >"$W/expected"
	head -n 3 "$W/err" | diff -u "$W/expected" - || fail 'the first'
	printf '%s\n' \
		'web.json:4:82: an element of "extends": expected a string, not a number' \
		'    ...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5]' \
		'                                               ^' \
		'web.json:2:36: a number from 1 to 4194304 is expected' \
		$'    \t"name": "web",\t"limits": {"pids": 0},' \
		$'    \t              \t                   ^' >"$W/expected"
	sed -n '4,9p' "$W/err" | diff -u "$W/expected" - || fail 'the others'
}

on_terminal() { # VARIABLE...
	script -qec "env $* $B/coaming check $W/web.json" /dev/null </dev/null | tr -d '\r' >"$W/seen"
}

on_a_terminal() {
	a_bad_file
	on_terminal TERM=xterm COLUMNS=70 NO_COLOR=
	assert_has "$W/seen" $'\x1b[1;31munknown key "mod"'
	assert_has "$W/seen" $'\x1b[32m^'
	on_terminal TERM=xterm COLUMNS=70 NO_COLOR=1
	! grep -q $'\x1b' "$W/seen" || fail 'colour in spite of NO_COLOR'
	assert_matches "$W/seen" '^ *\^$'
	[ -z "$(grep -v web.json: "$W/seen" | awk 'length > 70')" ] || fail 'wider than the terminal'
	profile web '{admission: {deny: []}}' "$W/web.json"
	on_terminal TERM=xterm COLUMNS=70 NO_COLOR=
	assert_has "$W/seen" $'\x1b[33mwarning: \x1b[0msection'
}

as_json() {
	a_bad_file
	profile db '{admission: {deny: []}}' "$W/db.json"
	run "$B/coaming" check --json "$W/web.json" "$W/db.json" "$W/none.json"
	assert_status 2
	[ ! -s "$W/err" ] || fail 'something on stderr'
	assert_json "$W/out" '.files == 3 and (.faults | length) == 5 and (.warnings | length) == 1'
	assert_json "$W/out" ".faults[1] == {file: \"$W/web.json\", line: 4, column: 82, kind: \"error\",
		message: \"$W/web.json:4:82: an element of \\\"extends\\\": expected a string, not a number\"}"
	assert_json "$W/out" '.warnings[0] | .kind == "warning" and .id == "takes-nothing" and .line == 3
		and .column == 3'
	assert_json "$W/out" '.faults[4] | has("line") or has("column") | not'
	profile web '{limits: {pids: 1}}' "$W/web.json"
	run "$B/coaming" check --json "$W/web.json"
	assert_status 0
	assert_json "$W/out" '. == {faults: [], warnings: [], files: 1}'
}

check 'each warning is given where it should be, and nowhere else' each_warning_is_given_where_it_should
check 'command, schema and manual know the same warnings' the_list_of_warnings
check 'zones and classes are those of the host' what_the_host_says_of_networks
check 'the shipped profiles have none' the_library_has_none
check 'warnings count with --strict alone, silenced ones never' strictness
check 'a profile that nothing can choose' never_applied
RUNTIME=runc
check 'runc starts nothing without the calls that seccomp-start names' runc_needs_what_is_named
RUNTIME=crun
check 'crun needs none of them' crun_needs_none_of_them
check 'extends: a name that is not there' missing_names
check 'extends: profiles in a circle' circles
check 'names in the host configuration' names_of_the_host
check '--source: the line and a caret' the_source
check 'on a terminal: colour, width, NO_COLOR' on_a_terminal
check '--json: place, kind and id' as_json
finish
