# SPDX-License-Identifier: Apache-2.0
#
# Read by a zsh that has a terminal, since completion works only while a line is edited: for each
# line of $LINES_FILE what the completion $SCRIPT offers at its end goes to $OFFERED, behind the
# line's number. Then the shell ends.

autoload -Uz compinit && compinit -u -D
_coaming() { builtin source $SCRIPT }
compdef _coaming coaming

# Everything that is offered passes through here. With these options it is only looked up.
compadd() {
	local -a offered

	if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
		builtin compadd -A offered "$@"
		(( ! $#offered )) || print -rl -- $line_number\ $^offered >>$OFFERED
	fi
	builtin compadd "$@"
}

zle -C offer list-choices _main_complete
offer_all() {
	for BUFFER in "${(@f)$(<$LINES_FILE)}"; do
		(( ++line_number ))
		CURSOR=$#BUFFER
		zle offer
	done
	exit 0
}
zle -N zle-line-init offer_all
