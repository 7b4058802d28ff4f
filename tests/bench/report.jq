# SPDX-License-Identifier: Apache-2.0
#
# The figures of `coaming report`, computed another way: journalctl -o json | jq -n -f report.jq
# --arg framework PCI-DSS-4.0 --arg by data-class. The whole of it is kept in memory.

def list: if . == null then [] elif type == "array" then . else [.] end;
def worse: {"evidenced": 1, "configured": 2, "configured in part": 3, "audited": 4};

# {"1.3.2": "configured"}, of several profiles the worst.
def controls($framework):
	reduce (.COAMING_CONTROL | list | .[] | select(startswith($framework + ":")))
		as $text ({};
		($text | ltrimstr($framework + ":") | index(" ")) as $space
		| ($text | ltrimstr($framework + ":")) as $t
		| if worse[$t[$space + 1:]] > (worse[.[$t[:$space]] // ""] // 0)
			then .[$t[:$space]] = $t[$space + 1:] else . end);

def value($by):
	first(.COAMING_LABEL | list | .[] | select(startswith("io.coaming." + $by + "="))
		| ltrimstr("io.coaming." + $by + "=")) // "(none)";

def start($r):
	$r.controls as $set
	| if .ran and (.attested | not) then .unattested = true else . end
	| .attested = false
	| .claimed = (reduce ($set | to_entries[]) as $c (.claimed // {};
		if worse[$c.value] > (worse[.[$c.key] // ""] // 0) then .[$c.key] = $c.value else . end))
	| .ran = true
	| .audit = (.audit or $r.COAMING_MODE == "audit")
	| .partly = (.partly or $r.partly)
	| .bare = (.bare or $r.bare);

def attest($r):
	if $r.attests then
		$r.controls as $set
		| .shown = (if .shown then .shown | with_entries(select($set[.key])) else $set end)
		| .attested = true
	else . end;

def state($control):
	.claimed[$control] as $claimed
	| if $claimed == "configured" and .attested and (.unattested | not) and (.drift | not)
		and (.shown // {})[$control] == "evidenced" then "evidenced"
	elif $claimed == "evidenced" then "configured" else $claimed end;

def fate($control):
	state($control) as $state
	| if .exempt then "exempt" elif $state == null then "notCovered"
	elif $state == "audited" or $state == "configured in part" or .drift then "failed"
	else $state end;

def kind:
	if .exempt or .bare then "unconfined" elif .audit then "audited" elif .partly then "partly"
	elif .attested and (.unattested | not) and (.drift | not) then "evidenced"
	else "configured" end;

# Small objects first: jq copies a large state whenever anything else still refers to it.
[inputs | select(._UID == "0" and ._TRANSPORT == "journal" and .COAMING_SCHEMA == "1")
	| {host: ._MACHINE_ID, seq: (.COAMING_SEQ | tonumber), hash: .COAMING_HASH, id: .CONTAINER_ID_FULL,
		event: .COAMING_EVENT, would: (.COAMING_OUTCOME == "would-refuse"), COAMING_MODE,
		value: value($by), controls: controls($framework), bare: (.COAMING_PROFILE == null),
		partly: (.COAMING_CONTROL | list | any(endswith(" configured in part"))),
		attests: (.COAMING_CONTROL | list | any(endswith(" evidenced")))}]
| unique_by([.host, .seq, .hash])
| . as $records
| [$records | map(select(.id)) | group_by([.host, .id])[]
	| reduce .[] as $r ({};
		if $r.event == "admit" then start($r) | .value = $r.value
		elif $r.event == "exempt" then .ran = true | .exempt = true | .value = $r.value
		elif $r.event == "attest" then attest($r)
		elif $r.event == "drift" then .drift = true
		else . end)
	| select(.ran)] as $ran
| ([$ran[].claimed // {} | keys[]] | unique) as $controls
| {
	events: ($records | group_by(.event) | map({key: .[0].event, value: length}) | from_entries),
	would: ($records | map(select(.would)) | length),
	kinds: ([$ran[] | kind] | group_by(.) | map({key: .[0], value: length}) | from_entries),
	containers: ($ran | length),
	controls: ([$controls[] as $k | {key: $k, value: ([$ran[] | fate($k)] | group_by(.)
		| map({key: .[0], value: length}) | from_entries)}] | from_entries),
	by: ([$records | map(select(.event == "admit" or .event == "deny" or .event == "exempt"))
		| group_by(.value)[] | .[0].value as $v
		| {key: $v, value: ((group_by(.event) | map({key: .[0].event, value: length}) | from_entries)
			+ {containers: ([$ran[] | select(.value == $v)] | length)})}] | from_entries),
	hosts: ($records | group_by(.host) | map({key: .[0].host, value: {records: length,
		missing: ((map(.seq) | max) - (map(.seq) | min) + 1 - length)}}) | from_entries)
}
