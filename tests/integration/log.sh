#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming log on a real journald: every way to select and to show, what the ledger let go, journals
# of other places, and what is exported is what was there. The recipes of coaming-log(1) work.

page=$(cd "$(dirname "$0")/../.." && pwd)/man/coaming-log.1
DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
need jq journalctl python3 "$remote" "$B/coaming" "$B/tests/integration/keep"

keep() { # EVENT [ARG...]
	timeout 60 "$B/tests/integration/keep" ${BOUND:+-b $BOUND} -n "${N:-1}" "$W/audit" "$@" \
		>"$W/kept" 2>"$W/kept.err"
	assert_has_not "$W/kept" nowhere
}

begin() {
	rm -rf /var/log/journal
	mkdir -p /var/log/journal
	host_config "${1:-.}"
	journal_start Storage=persistent RateLimitIntervalSec=0
	journalctl --flush
}

three() {
	keep admit CONTAINER_NAME=web COAMING_PROFILE=pci COAMING_OUTCOME=accept MESSAGE=one
	keep deny CONTAINER_NAME=db COAMING_PROFILE=phi COAMING_OUTCOME=refuse MESSAGE=two
	keep stop CONTAINER_NAME=web COAMING_PROFILE=pci COAMING_OUTCOME=stopped MESSAGE=three
}

messages() { # ARG...
	coaming log --json "$@" | jq -r .MESSAGE | tr '\n' ' ' | sed 's/ $//'
}

any_field_selects() {
	begin
	three
	assert_eq "$(messages CONTAINER_NAME=web)" "one three" "of one container"
	assert_eq "$(messages CONTAINER_NAME=web CONTAINER_NAME=db)" "one two three" "of two"
	assert_eq "$(messages CONTAINER_NAME=web COAMING_EVENT=stop)" three "of two fields"
	assert_eq "$(messages COAMING_PROFILE=phi --event admit)" "" "nothing"
	assert_eq "$(messages -r CONTAINER_NAME=web)" "three one" "the newest first"
	assert_eq "$(messages -b 0 COAMING_EVENT=deny)" two "of this boot"
	assert_eq "$(messages -b "$(printf %032d 7)")" "" "of another boot"
	run coaming log -b -1
	assert_status 2
	run coaming log lower=case
	assert_status 2
	assert_has "$W/err" "no FIELD=VALUE"
	run coaming log -o xml
	assert_status 2
}

each_form() {
	begin
	three
	keep admit "CONTAINER_NAME=$(printf 'a\033[31mb\nc')" MESSAGE=four
	coaming log -o table >"$W/table"
	assert_matches "$W/table" '^TIME +HOST +SEQ'
	assert_matches "$W/table" 'a.x1b\[31mb.nc'
	coaming log -o verbose >"$W/verbose"
	assert_has "$W/verbose" "    COAMING_PROFILE=phi"
	! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$W/table" "$W/verbose" || fail "control characters"
	coaming log --export >"$W/export"
	coaming verify --export "$W/export" -q || fail "the export does not hold"
	"$remote" -o "$W/again.journal" "$W/export" >&2
	assert_eq "$(journalctl --file "$W/again.journal" -q -o json | wc -l)" 5 "imported"
	journalctl --file "$W/again.journal" -q -o json --all |
		jq -cS 'with_entries(select(.key | startswith("_") | not))' | sort >"$W/a"
	coaming log --json | jq -cS 'with_entries(select(.key | startswith("_") | not))' |
		jq -c 'if .CONTAINER_NAME // "" | contains("\u001b") then
			.CONTAINER_NAME |= (explode) else . end' | sort >"$W/b"
	assert_file_is "$W/a" "$W/b"
}

# What the ledger let go is still no claim of somebody's; what merely looks like it is.
what_the_ledger_let_go() {
	BOUND=1048576
	begin '.audit = {ledgerSize: "1M", spaceLeft: {size: "64K"}, adminSpaceLeft: {size: "32K"}}'
	for _ in 1 2 3 4; do
		N=200 keep admit CONTAINER_NAME=web "FILLER=$(printf %1000d 1)"
		coaming flush -q
	done
	coaming audit status
	coaming log --json >"$W/all" 2>"$W/notes"
	assert_has_not "$W/notes" unverified
	jq -s 'group_by(._TRUST) | map({(.[0]._TRUST): length}) | add' "$W/all" >"$W/trusts"
	assert_json "$W/trusts" '.chained > 100 and .ledger > 100 and .unverified == null'
	assert_eq "$(jq -r 'select(._TRUST == "chained" or ._TRUST == "ledger") | .COAMING_SEQ' "$W/all" |
		sort -nu | wc -l)" "$(coaming audit status --json | jq .last)" "records"
	logger --journald <<-END
		MESSAGE=false
		COAMING_SCHEMA=1
		COAMING_EVENT=admit
		COAMING_SEQ=7
		CONTAINER_NAME=evil
	END
	journalctl --sync
	coaming log --json CONTAINER_NAME=evil >"$W/evil" 2>/dev/null
	assert_json "$W/evil" '._TRUST == "unverified"'
}

journals_of_other_places() {
	begin
	three
	coaming flush -q
	cp -r /var/log/journal "$W/copy"
	keep admit CONTAINER_NAME=late MESSAGE=late
	assert_eq "$(messages -D "$W/copy" COAMING_OUTCOME=accept)" one "of a directory"
	file=$(find "$W/copy" -name system.journal)
	cp "$file" "$W/second.journal"
	assert_eq "$(messages --file "$file" --file "$W/second.journal" CONTAINER_NAME=web)" \
		"one three" "of two files with the same records"
	coaming flush -q
	assert_eq "$(messages -m CONTAINER_NAME=late)" late "of all journals"
	coaming log -D "$W/copy" -n 1 >"$W/line"
	assert_has "$W/line" "$(uname -n)"
}

# Segments begin and go while somebody looks.
following_through_rotation() {
	BOUND=1048576
	begin '.audit = {ledgerSize: "1M", spaceLeft: {size: "64K"}, adminSpaceLeft: {size: "32K"}}'
	N=1 keep admit CONTAINER_NAME=first
	coaming log -f --json CONTAINER_NAME=web >"$W/followed" &
	follower=$!
	sleep 0.5
	for _ in 1 2 3 4; do
		N=200 keep admit CONTAINER_NAME=web "FILLER=$(printf %1000d 1)"
		coaming flush -q
	done
	wait_for 10 "all lines" sh -c "[ \"\$(wc -l <'$W/followed')\" -ge 800 ]"
	kill "$follower"
	wait "$follower" || true
	assert_eq "$(jq -r .COAMING_SEQ "$W/followed" | sort -n | uniq -d | wc -l)" 0 "lines twice"
	assert_eq "$(wc -l <"$W/followed")" 800 "lines"
	[ "$(coaming audit status --json | jq .first)" -gt 1 ] || fail "no segment went"
}

# Each line of the page that is a command of journalctl finds something.
recipes() {
	local n=0 line

	begin
	keep admit CONTAINER_NAME=web COAMING_PROFILE=web COAMING_CHANGE=x MESSAGE=m
	for _ in $(seq 20); do keep deny CONTAINER_NAME=web MESSAGE=m; done
	journalctl --sync
	while read -r line; do
		n=$((n + 1))
		timeout 20 sh -c "$line --no-pager -q" >"$W/recipe" || fail "$line ends with $?"
		[ -s "$W/recipe" ] || fail "$line finds nothing"
	done < <(sed -n 's/^\.Dl \(journalctl .*\)/\1/p' "$page")
	[ "$n" -ge 7 ] || fail "only $n recipes"
}

check 'any field selects' any_field_selects
check 'each form, and nothing that a terminal obeys' each_form
check 'what the ledger let go' what_the_ledger_let_go
check 'journals of other places' journals_of_other_places
check 'following while segments begin and go' following_through_rotation
check 'the recipes of the page' recipes
finish
