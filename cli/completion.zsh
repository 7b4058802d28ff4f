#compdef coaming
# SPDX-License-Identifier: Apache-2.0
#
# Completion of coaming(1) for zsh, as "coaming completion zsh" prints it.

_coaming_commands() {
	local -a commands

	commands=(
@COMMANDS@	)
	_describe -t commands command commands
}

_coaming() {
	local curcontext=$curcontext state state_descr line
	typeset -A opt_args

	_arguments -C -S@GLOBAL@ \
		'1: :_coaming_commands' \
		'*:: :->rest' && return
	[[ $state == rest ]] || return 1
	curcontext=${curcontext%:*:*}:coaming-$words[1]:
	case $words[1] in
@OPTIONS@	*)
		return 1
		;;
	esac
}

_coaming "$@"
