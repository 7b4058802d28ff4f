#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming report --html in a real browser, and --oscal against the rules of its schema: the figures
# are those of --json, tables sort and filter, what containers say stays text.

here=$(cd "$(dirname "$0")" && pwd)
controls=$here/../../audit/controls
. "$here/lib.sh"
sandbox "$@"
remote=/lib/systemd/systemd-journal-remote
CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || CHROMIUM=chromium
export CHROMIUM
need jq /usr/bin/python3 "$remote" "$B/coaming" "$B/tests/bench/records" "$CHROMIUM"
mkdir -p /etc/coaming/controls
cp "$controls"/*.json /etc/coaming/controls/

import() {
	mkdir -p "$W/journal"
	"$remote" --split-mode=none -o "$W/journal/$1.journal" - >"$W/remote" 2>&1
}

waivers() {
	jq -n '{waivers: [
		{framework: "PCI-DSS-4.0", control: "1.3.1", owner: "</script><script>alert(1)</script>",
		 reason: "\u202eright to left & \"quoted\"", expires: "2099-01-31"},
		{control: "2.2.4", owner: "ops", reason: "over", expires: "2025-01-31"}]}' >/etc/coaming/waivers.json
	chmod 600 /etc/coaming/waivers.json
}

# All forms of one report. Their time differs, and nothing else may.
reports() { # [OPTION]...
	local form

	for form in json html oscal; do
		status=0
		coaming report --directory "$W/journal" --$form -o "$W/report.$form" "$@" || status=$?
		[ "$status" -le 1 ] || fail "report --$form ended with $status"
	done
}

browse() {
	timeout 120 /usr/bin/python3 "$here/browser.py" "$W/report.html" "$W/report.json" "$W" ||
		fail "the browser finds faults"
	ls -la "$W"/*.png "$W/print.pdf"
}

oscal_holds() {
	/usr/bin/python3 "$here/../validate.py" "$here/../oscal.schema.json" "$W/report.oscal"
	jq -e --slurpfile report "$W/report.json" '."assessment-results".results[0] as $r
		| ($report[0].controls | map(select(.status != "not-covered")) | length) as $n
		| ($r.findings | length) == $n and ($r.observations | length) == $n
		and ([$r.findings[]."related-observations"[]."observation-uuid"] | sort)
			== ([$r.observations[].uuid] | sort)
		and ([.. | objects | .uuid // empty] | length == (unique | length))
		and ([$r.findings[] | select(.target.status.state == "not-satisfied")] | length)
			== ($report[0].controls | map(select(.status == "failed" or .status == "waived"))
				| length)' "$W/report.oscal" >/dev/null || fail "the findings are not the report's"
}

a_framework() {
	host_config
	waivers
	"$B/tests/bench/records" 20000 3 | import all
	reports --framework "$1" --by data-class --by host
	browse
	oscal_holds
}

# Names that want to be markup, in every place where a name can stand.
hostile_names() {
	host_config
	waivers
	"$B/tests/bench/records" 2000 2 | /usr/bin/python3 -c '
import re, struct, sys
data = sys.stdin.buffer.read()
evil = b"</script><img src=x onerror=alert(1)>\xe2\x80\xae"
out, at = b"", 0
for m in re.finditer(rb"\nCONTAINER_NAME(=([^\n]*)\n|\n(.{8}))", data, re.S):
    if m.group(2) is None:
        size = struct.unpack("<Q", m.group(3))[0]
        out += data[at:m.start()] + b"\nCONTAINER_NAME\n" + struct.pack("<Q", len(evil)) + evil
        at = m.end() + size
    else:
        out += data[at:m.start()] + b"\nCONTAINER_NAME\n" + struct.pack("<Q", len(evil)) + evil + b"\n"
        at = m.end()
sys.stdout.buffer.write(out + data[at:])' | import all
	reports --framework PCI-DSS-4.0
	assert_has "$W/report.json" 'onerror'
	assert_eq "$(grep -c '<img' "$W/report.html" || true)" 0 "images in the page"
	browse
	oscal_holds
}

nothing_at_all() {
	host_config
	mkdir -p "$W/journal"
	coaming report --directory "$W/journal" --framework PCI-DSS-4.0 --json -o "$W/report.json" || true
	coaming report --directory "$W/journal" --framework PCI-DSS-4.0 --html -o "$W/report.html" || true
	browse
}

words_of_the_command_line() {
	host_config
	mkdir -p "$W/journal"
	run coaming report --directory "$W/journal" --html --json
	assert_status 2
	run coaming report --directory "$W/journal" --oscal
	assert_status 2
	assert_has "$W/err" 'needs --framework'
}

check 'PCI DSS' a_framework PCI-DSS-4.0
check 'CIS Docker' a_framework CIS-Docker-1.6.0
check 'NIST SP 800-53' a_framework NIST-800-53r5
check 'names that want to be markup' hostile_names
check 'nothing at all' nothing_at_all
check 'words of the command line' words_of_the_command_line
finish
