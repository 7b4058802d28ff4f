#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench: what a report costs, against journalctl and jq that compute the same figures.
#
#	REPORT_RECORDS   in the large journal (1000000)
#	REPORT_COMPARED  in the small one, which journalctl and jq read too (100000): they take four
#	                 minutes for a million records, so what they are compared by is the time a record
#
# Exit status 1 where a budget is exceeded, or where the figures differ.

set -eu -o pipefail
export LC_ALL=C
B=${O:?}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
large=${REPORT_RECORDS:-1000000} small=${REPORT_COMPARED:-100000}
remote=/lib/systemd/systemd-journal-remote
framework=PCI-DSS-4.0
[ -x "$remote" ] || { echo "skip - report: $remote is not there"; exit $((${CI:+1} + 0)); }
W=$(mktemp -d "$B/bench-report.XXXXXX")
trap 'rm -rf "$W"' EXIT

now() { date +%s%N; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'; }
over=0
budget() { # WHAT RATIO below|above LIMIT [UNIT]
	local verdict

	verdict=$(awk -v r="$2" -v how="$3" -v l="$4" \
		'BEGIN { print (how == "below" ? r < l : r > l) ? "ok" : "OVER" }')
	[ "$verdict" = ok ] || over=1
	printf '  %-62s %7s%-3s must be %s %4s%-3s %s\n' "$1" "$2" "${5:-x}" "$3" "$4" "${5:-x}" "$verdict"
}

for n in "$small" "$large"; do
	mkdir -p "$W/$n"
	begin=$(now)
	# Export text on its standard input is read as it comes: nothing but the journal is on the disk.
	"$B/tests/bench/records" "$n" | "$remote" --split-mode=none -o "$W/$n/bench.journal" - 2>/dev/null
	echo "# a journal of $n records in $(find "$W/$n" -name '*.journal' | wc -l) files," \
		"$(du -sm "$W/$n" | cut -f 1) MiB: $((($(now) - begin) / 1000000000)) s"
done

# Failing controls are status 1, and what the generator made has them.
for n in "$small" "$large"; do
	printf 'report %s\t-\t-\t/bin/sh\t-c\t%s report --json --by data-class --directory %s >%s || [ $? -eq 1 ]\n' \
		"$n" "$B/coaming" "$W/$n" "$W/$n.json"
done >"$W/plan"
"$B/tests/bench/measure" 1 <"$W/plan" >"$W/seen"
of() { awk -F '\t' -v name="report $1" -v column="$2" '$1 == name { print $column }' "$W/seen"; }

begin=$(now)
journalctl -q -o json --directory "$W/$small" |
	jq -n --arg framework $framework --arg by data-class -f "$here/report.jq" >"$W/other"
other=$((($(now) - begin) / 1000))

jq -S . "$W/other" >"$W/expected"
jq -S --arg framework $framework -f "$here/report-figures.jq" "$W/$small.json" >"$W/figures"
if ! diff "$W/expected" "$W/figures"; then
	echo 'not ok - report: the figures are not those of jq'
	exit 1
fi

printf '\n%-42s %12s %12s\n' '' ms 'peak KiB'
for n in "$small" "$large"; do
	printf '%-42s %12d %12d\n' "coaming report, $n records" $(($(of "$n" 2) / 1000)) "$(of "$n" 5)"
done
printf '%-42s %12d\n\n' "journalctl -o json | jq, $small records" $((other / 1000))
printf 'Budgets: report; the figures of both are equal\n'
per_record=$(ratio "$(of "$large" 2)" "$large")
budget "journalctl | jq : report, a record" \
	"$(ratio "$(ratio "$other" "$small")" "$per_record")" above 20
budget "journalctl | jq : report, $small records" "$(ratio "$other" "$(of "$small" 2)")" above 20
budget "peak memory, $large records" "$(ratio "$(of "$large" 5)" 1024)" below 64 MiB
budget "peak memory, $large records : $small" "$(ratio "$(of "$large" 5)" "$(of "$small" 5)")" below 1.2
exit $over
