#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# node.sh install|profiles|remove: put coaming on the node whose "/" is at $NODE, from the package
# that is installed here, or take it away again. coaming.yaml runs it, see there.
#
#	install		programs, profiles; tell containerd or CRI-O, and restart that
#	profiles	copy the profiles of the ConfigMap, as they change
#	remove		undo that, but for the configuration and the records
#
# NODE (/node), PROFILES (/profiles), ENGINE (containerd or crio; found by its socket), SECONDS_BETWEEN
# (60, of profiles; 0: once).
#
# Every file is put in place by a rename, so that a container that starts meanwhile finds the old one
# or the new one. What runs on the node runs in its root: a symbolic link there means what it means
# there. The list of what was installed stays on the node, for the next version and for the removal.

set -eu
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin
NODE=${NODE:-/node}
PROFILES=${PROFILES:-/profiles}
list=/var/lib/coaming-node/files
profile_list=/etc/coaming/.from-configmap
stage=/var/lib/coaming-node/new
made=/var/lib/coaming-node/directories
owed=/var/lib/coaming-node/restart

say() { echo "coaming: $*"; }
die() {
	echo "coaming: $*" >&2
	exit 1
}
on_node() { chroot "$NODE" "$@"; }

# The package's files, as paths; documentation may have been left out.
packaged() {
	dpkg -L coaming | while read -r path; do
		case $path in /usr/share/doc/* | /etc/*) continue ;; esac
		[ ! -f "$path" ] || echo "$path"
	done
}

engine() {
	if [ -n "${ENGINE:-}" ]; then
		echo "$ENGINE"
	elif [ -e "$NODE/run/crio/crio.sock" ]; then
		echo crio
	elif [ -e "$NODE/run/containerd/containerd.sock" ]; then
		echo containerd
	else
		die "neither containerd nor CRI-O has its socket in $NODE/run: say which one in ENGINE"
	fi
}

# A package of the node's own has its own way of upgrading and removing.
belongs_to_us() {
	[ -e "$NODE$list" ] || [ ! -e "$NODE/usr/bin/coaming" ] ||
		die "this node has a coaming that was not installed from here: leave it, or remove it first"
}

put_on_stage() {
	on_node rm -rf "$stage"
	on_node mkdir -p -m 0700 "${stage%/*}" "$stage"
	on_node touch "$made"
	packaged | tar -C / -cf - -T - 2>/dev/null | on_node tar -C "$stage" -xf -
}

# Its libraries are the node's.
runs_there() {
	on_node "$stage/usr/bin/coaming" --version >/dev/null ||
		die "coaming does not run on this node: it wants glibc, libsystemd, libseccomp, libcap, libyaml and nettle as Debian 12 has them"
	for program in coaming-nft coaming-sqlite; do
		missing=$(on_node ldd "$stage/usr/libexec/coaming/$program" | grep 'not found') || :
		[ -z "$missing" ] || die "$program does not run on this node: $missing"
	done
}

# shellcheck disable=SC2016  # the node's shell
place() { # paths on standard input
	on_node sh -euc '
		stage=$1
		while read -r path; do
			dir=${path%/*}
			while [ ! -d "$dir" ]; do
				echo "$dir" >>"$2"
				dir=${dir%/*}
			done
			mkdir -p "${path%/*}"
			cp -p "$stage$path" "${path%/*}/.${path##*/}.new"
			chown 0:0 "${path%/*}/.${path##*/}.new"
			mv -f "${path%/*}/.${path##*/}.new" "$path"
		done' sh "$stage" "$made"
}

# take LIST [KEEP]: remove the files of a list, but for those of another.
take() {
	sort "$NODE$1" | comm -23 - "${2:-/dev/null}" | while read -r path; do
		on_node rm -f "$path"
	done
}

# The new list is written before anything of it is there.
install_programs() {
	packaged | sort >/tmp/files
	if [ -e "$NODE$list" ]; then
		take "$list" /tmp/files
	fi
	on_node sh -c "cat >$list.new && mv $list.new $list" </tmp/files
	place </tmp/files
	if [ ! -e "$NODE/etc/coaming/coaming.json" ]; then
		on_node mkdir -p /etc/coaming
		on_node sh -c 'cat >/etc/coaming/.coaming.json.new' </etc/coaming/coaming.json
		on_node mv /etc/coaming/.coaming.json.new /etc/coaming/coaming.json
	fi
}

# Whether to restart the engine is remembered on the node, where the pod may end before it is done.
restart_engine() { # ENGINE
	[ -e "$NODE$owed" ] || return 0
	if [ -d "$NODE/run/systemd/system" ]; then
		# Neither restart ends a container: containerd's shims and CRI-O's conmons live on.
		nsenter --target 1 --mount -- systemctl restart "$1.service" || die "$1 does not restart"
	else
		say "no systemd is running on this node: restart $1 yourself"
	fi
	rm -f "$NODE$owed"
}

units() { packaged | sed -n 's|^/lib/systemd/system/\(.*\.\(timer\|path\)\)$|\1|p'; }

systemd() { # ARG...
	if [ -d "$NODE/run/systemd/system" ]; then
		nsenter --target 1 --mount -- systemctl "$@"
	else
		on_node systemctl "$@"
	fi
}

# A ConfigMap is a directory of links, exchanged as a whole. One that is not right changes nothing.
# Needs of the node only its /etc/coaming.
install_profiles() {
	new=$NODE/etc/coaming/.profiles.new
	rm -rf "$new"
	mkdir -p "$NODE/etc/coaming/profiles" "$new"
	for file in "$PROFILES"/*.json; do
		[ ! -f "$file" ] || cp -L "$file" "$new/"
	done
	find "$new" -type f -name '*.json' -printf '%f\n' | sort >/tmp/profiles
	if [ -s /tmp/profiles ] && ! coaming check "$new"; then
		rm -rf "$new"
		echo "coaming: a profile of the ConfigMap is not right: nothing was changed" >&2
		return 1
	fi
	touch "$NODE$profile_list"
	sort "$NODE$profile_list" | comm -23 - /tmp/profiles | while read -r name; do
		rm -f "$NODE/etc/coaming/profiles/$name"
	done
	cp /tmp/profiles "$NODE$profile_list"
	while read -r name; do
		cmp -s "$new/$name" "$NODE/etc/coaming/profiles/$name" ||
			mv -f "$new/$name" "$NODE/etc/coaming/profiles/$name"
	done </tmp/profiles
	rm -rf "$new"
}

follow_profiles() {
	while :; do
		install_profiles || :
		[ "${SECONDS_BETWEEN:-60}" -gt 0 ] || break
		sleep "${SECONDS_BETWEEN:-60}" &
		wait $!
	done
}

install_node() {
	engine=$(engine)
	belongs_to_us
	put_on_stage
	runs_there
	install_programs
	on_node rm -rf "$stage"
	install_profiles
	before=$(on_node /usr/bin/coaming setup --list)
	touch "$NODE$owed"
	on_node /usr/bin/coaming setup "$engine"
	[ "$before" != "$(on_node /usr/bin/coaming setup --list)" ] || [ -n "$owing" ] || rm "$NODE$owed"
	restart_engine "$engine"
	systemd daemon-reload || :
	# shellcheck disable=SC2046  # words
	systemd enable --now $(units) || say "the timers are not enabled"
	say "is installed; $engine has the runtime handler \"coaming\""
}

# What names it goes first, and nothing goes where that cannot be done.
remove_node() {
	[ -e "$NODE$list" ] || {
		say "nothing is installed here"
		return
	}
	engine=$(engine)
	before=$(on_node /usr/bin/coaming setup --list)
	[ -z "$before" ] || touch "$NODE$owed"
	on_node /usr/libexec/coaming/before-removal
	restart_engine "$engine"
	# shellcheck disable=SC2046
	systemd disable --now $(units) >/dev/null 2>&1 || :
	take "$list"
	sort -ur "$NODE$made" | while read -r dir; do
		on_node rmdir --ignore-fail-on-non-empty "$dir"
	done
	on_node rm -rf "${list%/*}"
	rm -f "$NODE$profile_list"
	systemd daemon-reload || :
	say "is removed; /etc/coaming and the records in /var/lib/coaming stay"
}

owing=
[ ! -e "$NODE$owed" ] || owing=1
trap 'exit 0' TERM
case ${1:-} in
install) install_node ;;
profiles) follow_profiles ;;
remove) remove_node ;;
*) die "usage: node.sh install|profiles|remove" ;;
esac
