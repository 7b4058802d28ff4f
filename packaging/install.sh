#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install.sh install|uninstall|config|unconfig FROM:MODE:DIRECTORY...
#
# A program is put in place by rename, so that a container that starts meanwhile finds the old one
# or the new one. "config" installs only where there is nothing yet, "unconfig" removes only what
# was not edited. Directories are removed when they are coaming's own and empty.

set -eu
action=$1
shift

place() { # FROM MODE DIRECTORY
	mkdir -p "$DESTDIR$3"
	install -m "$2" "$1" "$DESTDIR$3/.${1##*/}.new"
	mv -f "$DESTDIR$3/.${1##*/}.new" "$DESTDIR$3/${1##*/}"
	echo "  $DESTDIR$3/${1##*/}"
}

take() { # FROM DIRECTORY
	dir=$2
	rm -f "$DESTDIR$dir/${1##*/}"
	while own "$dir" && rmdir "$DESTDIR$dir" 2>/dev/null; do
		dir=${dir%/*}
	done
}

own() {
	case $1 in
	*/coaming | */coaming/* | */journald@coaming.conf.d) ;;
	*) return 1 ;;
	esac
}

for entry; do
	from=${entry%%:*}
	rest=${entry#*:}
	mode=${rest%%:*}
	dir=${rest#*:}
	target=$DESTDIR$dir/${from##*/}
	case $action in
	install) place "$from" "$mode" "$dir" ;;
	uninstall) take "$from" "$dir" ;;
	config)
		if [ -e "$target" ]; then
			echo "  $target is kept"
		else
			place "$from" "$mode" "$dir"
		fi
		;;
	unconfig)
		if cmp -s "$from" "$target"; then
			take "$from" "$dir"
		elif [ -e "$target" ]; then
			echo "  $target is kept: it was edited"
		fi
		;;
	esac
done
