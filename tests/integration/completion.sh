#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Completion, in bash, zsh and fish themselves: what they offer is what --help tells, of every
# command, and nothing else; paths where a path is wanted.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need zsh fish script

# offer SHELL FILE: for each line of FILE what the shell offers at its end, behind the line's number.
offer() {
	"$B/coaming" completion "$1" >"$W/coaming.$1"
	: >"$W/offered.$1"
	"offer_$1" "$2" <"$2"
	sort -u -o "$W/offered.$1" "$W/offered.$1"
}

# With the words as the shell parts them: "=" stands alone.
offer_bash() {
	bash --norc -c '. "$1"
		while IFS= read -r line; do
			((++number))
			read -ra COMP_WORDS <<<"${line//=/ = }"
			[[ $line != *[=\ ] ]] || COMP_WORDS+=("")
			[[ $line != *= ]] || unset "COMP_WORDS[-1]"
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			_coaming
			((${#COMPREPLY[@]} == 0)) || printf "$number %s\n" "${COMPREPLY[@]}"
		done' bash "$W/coaming.bash" >"$W/offered.bash"
}

offer_zsh() {
	SCRIPT=$W/coaming.zsh LINES_FILE=$1 OFFERED=$W/offered.zsh \
		timeout 60 script -qec 'zsh -f -i' /dev/null >"$W/terminal" \
		<<<"source $here/complete.zsh" || fail "zsh: $(tail -n 3 "$W/terminal")"
}

# A description follows a tab.
offer_fish() {
	# shellcheck disable=SC2016  # fish's own
	HOME=$W fish --no-config -c 'source $argv[1]
		while read -l line
			set number (math $number + 1)
			complete -C $line | string replace -r "\t.*" "" | string replace -r "^" "$number "
		end; true' "$W/coaming.fish" >"$W/offered.fish"
}

commands() {
	"$B/coaming" --help | sed -n '/^$/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# What a help says, as the shells offer it: one option a line.
told_options() { # [COMMAND]
	"$B/coaming" ${1:+"$1"} --help | sed -n 's/^  \(-.\), --\([a-z-]*\) .*/\1\n--\2/p
		s/^      --\([a-z-]*\) .*/--\1/p'
}

# What stands before a command, and all that follows each.
make_lines() {
	local command number=2

	echo 'coaming ' >"$W/lines"
	commands | sed 's/^/1 /' >"$W/told"
	echo 'coaming -' >>"$W/lines"
	told_options | sed 's/^/2 /' >>"$W/told"
	for command in $(commands); do
		number=$((number + 1))
		echo "coaming $command -" >>"$W/lines"
		told_options "$command" | sed "s/^/$number /" >>"$W/told"
	done
	[ "$(wc -l <"$W/told")" -gt 100 ] || fail 'too little is told to be all'
	sort -o "$W/told" "$W/told"
}

offers_what_is_told() { # SHELL
	make_lines
	offer "$1" "$W/lines"
	assert_file_is "$W/offered.$1" "$W/told"
}

offers_words_and_paths() { # SHELL
	mkdir -p "$W/here/dir"
	touch "$W/here/file.json"
	cd "$W/here"
	printf '%s\n' 'coaming che' 'coaming --config f au' 'coaming --config=f au' 'coaming audit ' \
		'coaming audit init ' 'coaming profile show ' 'coaming check --js' 'coaming gc ' \
		'coaming check fil' 'coaming --config fil' 'coaming explain --bundle ' \
		'coaming gc --config fil' 'coaming explain --label ' 'coaming completion ' \
		'coaming nonsense -' >"$W/lines"
	printf '%s\n' '1 check' '2 audit' '3 audit' '4 head' '4 init' '4 status' '7 --json' \
		'9 file.json' '10 file.json' '11 dir' '12 file.json' '14 bash' '14 fish' '14 zsh' |
		sort >"$W/told"
	offer "$1" "$W/lines"
	sed -i 's|dir/$|dir|' "$W/offered.$1"
	# Where no word is left, zsh offers options without being asked for them.
	[ "$1" != zsh ] || sed -i '/^[568] -/d' "$W/offered.$1"
	assert_file_is "$W/offered.$1" "$W/told"
}

# The file that is installed registers itself, and bash calls it.
bash_finds_it() {
	"$B/coaming" completion bash >"$W/coaming"
	bash --norc -c ". '$W/coaming'; complete -p coaming" >"$W/out"
	assert_has "$W/out" 'complete -F _coaming coaming'
	printf 'coaming audit in\t\n' | timeout 20 script -qec "bash --rcfile '$W/coaming' -i" /dev/null \
		>"$W/out" 2>&1 || true
	assert_has "$W/out" 'audit init'
}

refuses_other_shells() {
	run "$B/coaming" completion tcsh
	assert_status 2
	assert_has "$W/err" 'there is no completion for "tcsh"'
	run "$B/coaming" completion
	assert_status 2
	run "$B/coaming" check --complete=tcsh
	assert_status 2
}

for shell in bash zsh fish; do
	check "$shell offers every command and option that --help tells, and nothing else" \
		offers_what_is_told $shell
	check "$shell offers words and paths where they belong" offers_words_and_paths $shell
done
check 'bash finds the completion and calls it' bash_finds_it
check 'other shells are refused' refuses_other_shells
finish
