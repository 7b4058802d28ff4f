#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What coaming-audit(7) says of the format is so: its example, by Python's hashlib and hmac and by
# coaming; and real records, from the ledger, the journal, and through JSON as collectors take them.

tests=$(cd "$(dirname "$0")/.." && pwd)
page=$tests/../man/coaming-audit.7
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq journalctl python3 "$B/tests/integration/keep" "$B/coaming"

# The example's numbers, as the page has them, in $W/example.json; its text in $W/text; and a
# segment that holds it.
cat >"$T/example.py" <<'END'
import hashlib, hmac, json, re, sys
sys.path.insert(0, sys.argv[2])
import chain

page, out = open(sys.argv[1]).read(), sys.argv[3]
example = page[page.index("Ss \\&An example"):page.index("Sh THE AUDITOR")]
listed, dump, numbers = re.findall(r"\.Bd -literal[^\n]*\n(.*?)\.Ed", example, re.S)

text = bytes.fromhex("".join(
    line[6:54] for line in dump.replace("\\e", "\\").splitlines()))
listed = re.sub(r"\\e\n +", "", listed).replace("<LF>", "\n ").replace("\n \n", "\n")
fields = []
for line in re.split(r"\n(?=[A-Z_]+=)", listed.strip("\n")):
    name, value = line.split("=", 1)
    fields.append((name.encode(), value.replace("\n ", "\n").encode()))
said = {}
for line in numbers.splitlines():
    name, digits = line[:8].strip() or name, line[8:].strip()
    said[name] = said.get(name, "") + digits

k0 = bytes.fromhex(said["K0"])
k2 = hashlib.sha256(hashlib.sha256(k0).digest()).digest()
found = {
    "K0": k0.hex(),
    "K1": hashlib.sha256(k0).hexdigest(),
    "K2": k2.hex(),
    "key id": hmac.new(k0, b"coaming-key-id", hashlib.sha256).hexdigest()[:16],
    "hash": hashlib.sha256(text).hexdigest(),
    "mac": hmac.new(k2, text, hashlib.sha256).hexdigest(),
}
json.dump({"said": said, "found": found, "fields": len(fields), "bytes": len(text),
           "same": chain.canonical(fields) == text}, open(out + "/example.json", "w"))
record = text + chain.field(b"COAMING_HASH", said["hash"].encode())
record += chain.field(b"COAMING_MAC", said["mac"].encode()) + b"\n"
open(out + "/segment", "wb").write(record)
END

read_example() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$T/example.py" "$1" "$tests" "$W"
	jq . "$W/example.json"
}

the_example_is_right() {
	read_example "$page"
	assert_json "$W/example.json" '.said == .found and .same and .fields == 13 and .bytes == 579'
	assert_has "$page" '579 bytes'
	# One digit changed in each block of the page is seen.
	sed '/^0240  65 64 0a/s/65 64/65 65/' "$page" >"$W/page"
	read_example "$W/page"
	assert_json "$W/example.json" '(.same | not) and .said.hash != .found.hash and .said.mac != .found.mac'
	sed 's/^K1      63/K1      64/' "$page" >"$W/page"
	read_example "$W/page"
	assert_json "$W/example.json" '.same and .said != .found'
	sed 's/^CONTAINER_NAME=web/CONTAINER_NAME=wed/' "$page" >"$W/page"
	read_example "$W/page"
	assert_json "$W/example.json" '.same | not'
}

# What the page says is a record is one to coaming; a byte less is none.
coaming_reads_the_example() {
	read_example "$page"
	mkdir -m 0700 "$W/audit"
	install -m 0600 "$W/segment" "$W/audit/ledger-0000000000000002.journal"
	run coaming log --json
	assert_status 0
	assert_json "$W/out" '._TRUST == "ledger" and .COAMING_SEQ == "2" and .IMAGE_NAME == ""
		and .COAMING_LABEL == ["app=\nshop", "app=shop"] and .CONTAINER_NAME == "web"'
	sed -i 's/accepted/acceptez/' "$W/audit/ledger-0000000000000002.journal"
	run coaming log --json
	assert_eq "$(wc -c <"$W/out")" 0 "what is read of an altered record"
	assert_has "$W/err" "cannot be read"
}

proved() { # WHAT ARG...: all records of a file are proved
	run python3 "$tests/chain.py" --key "$(cat "$W"/audit/first-key-*)" "${@:2}"
	assert_status 0
	assert_json "$W/out" '.records == .proved and .records == 61 and .first == 1'
	echo "$1: all proved"
}

keep_some() {
	journal_start
	"$B/tests/integration/keep" -n 60 -r 20261123 "$W/audit" admit CONTAINER_NAME=web \
		COAMING_LABEL=app=shop IMAGE_NAME= MESSAGE=$'a\tb\nc\xff' >"$W/kept" 2>&1
	wait_for 20 'the journal to have all' flushed
	journalctl --sync
}

flushed() {
	[ "$("$B/tests/integration/keep" -f "$W/audit" 2>/dev/null)" = 0 ]
}

# The same records, wherever they went.
real_records_are_proved() {
	keep_some
	proved 'the ledger' "$W"/audit/ledger-*
	journalctl -q -o export COAMING_SCHEMA=1 >"$W/export"
	proved 'the journal' "$W/export"
	# What a collector gets that has journalctl print JSON.
	journalctl -q -o json --all COAMING_SCHEMA=1 >"$W/json"
	proved 'JSON' --json "$W/json"
	# Its own fields are not needed, nor is an order.
	jq -c 'with_entries(select(.key | startswith("_") | not))' "$W/json" | tac >"$W/json.1"
	proved 'JSON without underscores' --json "$W/json.1"
}

# What the page says a collector must not do.
what_collectors_must_keep() {
	keep_some
	journalctl -q -o json --all COAMING_SCHEMA=1 >"$W/json"
	for edit in 'del(.MESSAGE)' 'del(.SYSLOG_IDENTIFIER)' 'del(.IMAGE_NAME)' \
		'.rack = "r7" | .COAMING_RACK = .rack' \
		'with_entries(.value |= if type == "array" and (.[0] | type) != "number" then .[0] else . end)'; do
		jq -c "$edit" "$W/json" >"$W/edited"
		run python3 "$tests/chain.py" --json "$W/edited"
		assert_status 1
		assert_json "$W/out" '.bad | length > 0'
	done
	# Without --all long values are null.
	journalctl -q -o json COAMING_SCHEMA=1 >"$W/short"
	run python3 "$tests/chain.py" --json "$W/short"
	assert_status 1
}

check 'the example in coaming-audit(7) is right' the_example_is_right
check 'coaming reads the example' coaming_reads_the_example
check 'real records are proved by the page alone, wherever they went' real_records_are_proved
check 'what collectors must keep is needed' what_collectors_must_keep
finish
