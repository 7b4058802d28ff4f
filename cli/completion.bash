# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion of coaming(1) for bash, as "coaming completion bash" prints it.

# What may follow a command; without one, what may come first. Sets the variables of _coaming().
# shellcheck disable=SC2034  # which reads them
_coaming_of() { # COMMAND
	case $1 in
	'')
@GLOBAL@		words='@COMMANDS@'
		args=''
		;;
@OPTIONS@	*)
		flags='' files='' dirs='' others='' words='' args=''
		;;
	esac
}

_coaming() {
	local current=${COMP_WORDS[COMP_CWORD]} command='' option='' seen=' ' ended='' word
	local flags files dirs others words args

	_coaming_of ''
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [ "$word" = = ]; then # "--option=value" comes as three words
			continue
		elif [ -n "$option" ]; then # its value
			option=''
		elif [ "$word" = -- ]; then
			ended=1
		elif [ -z "$ended" ] && [ "${word:0:1}" = - ]; then
			case "$files$dirs$others" in *" $word "*) option=$word ;; esac
		elif [ -z "$command" ]; then
			command=$word
			_coaming_of "$command"
		else
			seen="$seen$word "
		fi
	done
	[ "$current" != = ] || current=''
	for word in $words; do
		case $seen in *" $word "*) words='' ;; esac
	done

	COMPREPLY=()
	if [ -n "$option" ]; then
		words='' args=''
		case $files in *" $option "*) args=files ;; esac
		case $dirs in *" $option "*) args=dirs ;; esac
	elif [ -z "$ended" ] && [ "${current:0:1}" = - ]; then
		words=$flags args=''
	fi
	[ -z "$args" ] || compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(
		[ -z "$words" ] || compgen -W "$words" -- "$current"
		[ "$args" != files ] || compgen -f -- "$current"
		[ "$args" != dirs ] || compgen -d -- "$current"
	)
}

complete -F _coaming coaming
