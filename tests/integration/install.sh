#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make install and uninstall, to a directory of the test.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need make jq

files() {
	(cd "$W/dest" && find . -type f | sort)
}

# With the variables of the make that runs the tests, so that nothing is built anew; without its
# job server, which does not reach here.
install_to() { # TARGET
	MAKEFLAGS=$(sed 's/ *-j[0-9]*\|--jobserver-[a-z]*=[^ ]*//g' <<<"${MAKEFLAGS:-}") make -s -C "$top" O="$B" DESTDIR="$W/dest" "$@" >"$W/make.log" 2>&1 || {
		cat "$W/make.log"
		fail "make $* failed"
	}
}

installs_and_leaves_nothing() {
	install_to install
	files >"$W/files"
	for file in usr/bin/coaming usr/bin/coaming-runtime usr/libexec/coaming/coaming-hook \
		usr/libexec/coaming/coaming-nft usr/libexec/coaming/coaming-sqlite etc/coaming/coaming.json \
		usr/share/coaming/profiles/baseline.json usr/share/man/man8/coaming-hook.8 \
		usr/share/coaming/profile.schema.json; do
		assert_matches "$W/files" "^\./$file\$"
	done
	assert_eq "$(stat -c %a "$W/dest/usr/bin/coaming-runtime")" 755 mode
	assert_eq "$(find "$W/dest" -perm /022 | wc -l)" 0 "files that others may write"
	install_to uninstall
	assert_eq "$(find "$W/dest" -path '*coaming*')" "" "left behind"
}

hooks_name_what_is_installed() {
	local file

	install_to install
	for file in "$W"/dest/usr/share/coaming/hooks.d/*.json \
		"$W"/dest/usr/share/containers/oci/hooks.d/*.json; do
		assert_json "$file" '.version == "1.0.0" and .hook.path == "/usr/libexec/coaming/coaming-hook"
			and (.hook.env | length > 0) and .hook.timeout > 0 and .stages == [.hook.args[-1]]'
		assert_eq "$(jq -r .hook.path "$file" | sed "s|^|$W/dest|" | xargs ls | wc -l)" 1 program
	done
	assert_eq "$(find "$W/dest" -name '*precreate*' -path '*containers/oci*')" "" \
		"precreate in the common directory"
	! grep -rl '@[a-z]*@' "$W/dest" --include='*.json' --include='*.conf' --include='*.service' ||
		fail "a path was not put in"
}

edited_configuration_stays() {
	mkdir -p "$W/dest/etc/coaming"
	echo '{"mode": "audit"}' >"$W/dest/etc/coaming/coaming.json"
	install_to install
	assert_eq "$(cat "$W/dest/etc/coaming/coaming.json")" '{"mode": "audit"}' configuration
	install_to uninstall
	assert_eq "$(files)" ./etc/coaming/coaming.json "left behind"
}

nothing_to_do_twice() {
	install_to all
	assert_eq "$(cat "$W/make.log")" "" "what the second make did"
}

shipped_is_right() {
	run "$B/coaming" check "$top/profiles/library" "$top/packaging/coaming.json"
	assert_status 0
}

check 'a second make does nothing' nothing_to_do_twice
check 'install puts everything in place, uninstall leaves nothing' installs_and_leaves_nothing
check 'hooks.d files name the installed program, each one stage' hooks_name_what_is_installed
check 'a host configuration that was edited stays' edited_configuration_stays
check 'the shipped profiles and configuration are right' shipped_is_right
finish
