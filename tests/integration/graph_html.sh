#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The page of coaming graph in headless Chromium: its figures are those of --json; boxes, arrows and
# texts do not hide each other; filters, zoom and keyboard work; it says nothing to the console, asks
# for nothing from elsewhere, and names stay text.

here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
sandbox "$@"
CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || CHROMIUM=chromium
export CHROMIUM PYTHONDONTWRITEBYTECODE=1
need jq /usr/bin/python3 "$B/coaming" "$B/tests/integration/keep" "$CHROMIUM"

graph() { # [OPTION]...
	coaming graph --registry "$W/state" "$@"
}

drawn() { # CASE [OPTION]...
	local case=$1
	shift

	/usr/bin/python3 "$here/graph_cases.py" "$case" "$W" "$B/tests/integration/keep"
	graph --json -o "$W/graph.json" "$@"
	graph --html -o "$W/graph.html" "$@"
	timeout 240 /usr/bin/python3 "$here/graph_browser.py" "$W/graph.html" "$W/graph.json" "$W" ||
		fail "the browser finds faults"
	ls -la "$W"/*.png "$W/print.pdf"
}

names_that_want_to_be_markup() {
	drawn hostile
	assert_has "$W/graph.json" 'onerror'
	assert_eq "$(grep -c '<img' "$W/graph.html" || true)" 0 "images in the page"
}

nothing_at_all() {
	host_config
	mkdir -p "$W/state"
	graph --json -o "$W/graph.json"
	graph --html -o "$W/graph.html"
	timeout 120 /usr/bin/python3 "$here/graph_browser.py" "$W/graph.html" "$W/graph.json" "$W" ||
		fail "the browser finds faults"
}

check 'a shop' drawn shop
check 'a shop by a label' drawn shop --by region
check 'fifty groups' drawn many
check 'circles' drawn around
check 'too many arrows' drawn crowd:150
check 'names that want to be markup' names_that_want_to_be_markup
check 'nothing at all' nothing_at_all
finish
