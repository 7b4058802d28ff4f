#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The JSON Schemas say what the parsers say: every profile and every host configuration that ships
# or stands in tests/good and tests/bad is held against both.
#
# What a schema cannot say stands in the table below, and there alone: the schema must accept those
# files and coaming must refuse them.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq /usr/bin/python3
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || {
	skip "${0##*/}" 'jsonschema is not there for /usr/bin/python3'
	finish
}

# kind/file, why no schema can say it ("unread": a validator sees no document at all)
cannot_say='
profile/bom                       unread: a byte order mark, which some readers skip
profile/comment                   unread: no JSON
profile/empty                     unread: no JSON
profile/latin1                    unread: no UTF-8
profile/not-json                  unread: no JSON
profile/nul                       unread: no JSON
profile/number-form               unread: no JSON
profile/overlong                  unread: no UTF-8
profile/single-quotes             unread: no JSON
profile/trailing                  unread: no JSON
profile/trailing-comma            unread: no JSON
host/text-after                   unread: no JSON
profile/duplicate-key             what is read has each key once
host/key-twice                    what is read has each key once
profile/surrogate                 half a character is not seen in what is read
profile/description-nul           text is any text, to a schema also one with a NUL
host/zone-bits                    the bits of an address are not letters
host/reason-nul                   text is any text, to a schema also one with a NUL
profile/limits-point-zero         5.0 is an integer in JSON Schema
profile/limits-exponent           1e3 is an integer in JSON Schema
profile/net-port-point-zero       80.0 is an integer in JSON Schema
profile/name-other                the name of the file is not in it
profile/extends-itself            two members are not compared
profile/net-end-port              two members are not compared
profile/rootfs-twice              elements are compared as a whole, not by one member
profile/net-cidr-bits             the bits of an address are not letters
profile/net-except-family         a network is not compared with another
profile/net-except-outside        a network is not compared with another
profile/net-except-same-wider     a network is not compared with another
profile/rootfs-path-long-utf8     lengths are counted in characters, paths in bytes
host/path-long-utf8               lengths are counted in characters, paths in bytes
profile/limits-memory-large-text  the value of digits in a string is not compared
profile/limits-memory-over-text   the value of digits in a string is not compared
profile/rootfs-size-over-text     the value of digits in a string is not compared
profile/seccomp-unknown           which calls there are is up to libseccomp
profile/seccomp-file-missing      other files are not looked at
'

# The parser's verdicts in the validator's words, a bad profile in a file of its name.
ask_the_parser() { # KIND FILE...
	local kind=$1 file dir
	shift

	for file; do
		case $kind:$file in
		profile:*/bad/*)
			dir=$W/asked/${file##*/}
			mkdir -p "$dir"
			ln -s "$file" "$dir/web.json" && echo "$dir/web.json"
			;;
		*) echo "$file" ;;
		esac
	done >"$W/asked.names"
	mapfile -t names <"$W/asked.names"
	case $kind in host) set -- --host ;; *) set -- ;; esac
	"$B/coaming" check --json "$@" "${names[@]}" >"$W/asked.json" || [ $? -eq 2 ]
	jq -r '.faults[].file' "$W/asked.json" | sort -u >"$W/refused"
	assert_json "$W/asked.json" ".files == ${#names[@]}"
	awk 'FILENAME == ARGV[1] { refused[$0]; next } { print ($0 in refused) ? "rejected" : "accepted" }' \
		"$W/refused" "$W/asked.names"
}

verdicts() { # KIND FILE...: "SCHEMA'S PARSER'S FILE"
	local kind=$1
	shift

	/usr/bin/python3 "$top/tests/validate.py" --verdicts "$top/profiles/$kind.schema.json" "$@" \
		>"$W/schema"
	ask_the_parser "$kind" "$@" >"$W/parser"
	[ "$(wc -l <"$W/schema")" -eq $# ] || fail "the schema said nothing of some"
	[ "$(wc -l <"$W/parser")" -eq $# ] || fail "the parser said nothing of some"
	paste -d ' ' "$W/parser" "$W/schema" | while read -r parser schema file; do
		echo "$schema $parser $file"
	done
}

both_accept() { # KIND LEAST FILE...
	local kind=$1 least=$2
	shift 2

	[ $# -ge "$least" ] || fail "only $# files"
	verdicts "$kind" "$@" >"$W/verdicts"
	! grep -v '^accepted accepted ' "$W/verdicts" || fail 'they do not agree'
	echo "# $# accepted by both"
}

listed() { # KIND
	echo "$cannot_say" | sed -n "s,^$1/\([^ ]*\) *\(.*\),\1 \2,p"
}

both_reject() { # KIND LEAST FILE...
	local kind=$1 least=$2 schema parser file name wanted bad=0
	shift 2

	[ $# -ge "$least" ] || fail "only $# files"
	verdicts "$kind" "$@" >"$W/verdicts"
	while read -r schema parser file; do
		name=$(basename "$file" .json)
		case $(listed "$kind" | grep "^$name ") in
		'') wanted=rejected ;;
		*' unread: '*) wanted=unread ;;
		*) wanted=accepted ;;
		esac
		[ "$schema $parser" = "$wanted rejected" ] || {
			echo "$name: schema: $schema, wanted $wanted; parser: $parser"
			bad=1
		}
	done <"$W/verdicts"
	for name in $(listed "$kind" | cut -d ' ' -f 1); do
		[ -e "$top/tests/bad/$kind/$name.json" ] || { echo "$name: no such file"; bad=1; }
	done
	[ "$bad" -eq 0 ] || fail 'they do not agree'
	echo "# $# rejected by both, but for $(listed "$kind" | wc -l) that no schema can tell"
}

# The same reasons in the parser's words, for profiles that nobody has looked at.
no_schema_says='must be in a file of its name
stands twice in the list
is not inside the block it is taken from
endPort [0-9]+ is less than port
cannot extend itself
: "[0-9.]+(/[0-9]+)?" is no network
: "[0-9a-fA-F.:]+(/[0-9]+)?" is no network
: "[0-9]+[KMGT]?" is no size
unknown system call .* \(did you mean
cannot open .*: No such file or directory
expected a whole number .*, not "[0-9]+\.0"'

mutants() { # COUNT
	local schema parser file

	/usr/bin/python3 "$top/tests/mutants.py" "$SEED" "$1" "$W/mutants" \
		"$top"/tests/good/profile/*.json "$top"/profiles/library/*.json
	printf '%s\0' "$W"/mutants/*/web.json >"$W/mutants.names"
	mapfile -t -d '' names <"$W/mutants.names"
	verdicts profile "${names[@]}" >"$W/verdicts"
	awk '$1 != $2' "$W/verdicts" >"$W/differ"
	! grep '^rejected ' "$W/differ" >"$W/too_tight" || {
		head -n 3 "$W/too_tight" | while read -r schema parser file; do cat "$file"; done
		fail "the schema alone rejects some, with seed $SEED"
	}
	cut -d ' ' -f 3 "$W/differ" >"$W/differ.names"
	jq -r '.faults[] | "\(.file)\t\(.message)"' "$W/asked.json" | sort -u -t $'\t' -k 1,1 -s |
		grep -F -f "$W/differ.names" | grep -vE "$no_schema_says" >"$W/unsaid" || true
	[ ! -s "$W/unsaid" ] || fail "the parser alone rejects: $(head -n 3 "$W/unsaid")"
	for verdict in accepted rejected; do
		[ "$(grep -c "^$verdict $verdict" "$W/verdicts")" -gt $(($1 / 8)) ] ||
			fail "few are $verdict"
	done
	echo "# $1 mutants: $(cut -d ' ' -f 1,2 "$W/verdicts" | sort | uniq -c | tr -s '\n ' ' ')"
}

# What both schemas define and what the code holds in tables.
one_definition() {
	local name

	for name in path name mode labelSelector cidr; do
		assert_eq "$(jq -c ".\"\$defs\".$name" "$top/profiles/host.schema.json")" \
			"$(jq -c ".\"\$defs\".$name" "$top/profiles/profile.schema.json")" "$name"
	done
	assert_eq "$(jq -r '."$defs".capabilities.items.anyOf[0].enum[1:][]' \
		"$top/profiles/profile.schema.json")" \
		"$(sed -n 's/^\tROW(\([A-Z_]*\)),$/\1/p' "$top/profiles/caps.c")" 'capabilities'
}

good=("$top"/tests/good/profile/*.json) bad=("$top"/tests/bad/profile/*.json)
good_hosts=("$top"/tests/good/host/*.json) bad_hosts=("$top"/tests/bad/host/*.json)
check 'schema and parser accept every shipped profile' both_accept profile 16 \
	"$top"/profiles/library/*.json
check 'schema and parser accept every good profile' both_accept profile 40 "${good[@]}"
check 'schema and parser reject every bad profile, or the table says why' both_reject profile 150 \
	"${bad[@]}"
check 'schema and parser accept every good host configuration' both_accept host 15 \
	"$top/packaging/coaming.json" "${good_hosts[@]}"
check 'schema and parser reject every bad host configuration, or the table says why' \
	both_reject host 60 "${bad_hosts[@]}"
SEED=${SEED:-$RANDOM}
echo "# seed $SEED"
check 'schema and parser agree on 3000 profiles made by chance' mutants 3000
check 'the schemas define alike what they both hold' one_definition
finish
