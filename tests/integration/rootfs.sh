#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The root file system of programs.sh: a small Debian with a program of each kind that the shipped
# profiles are for. Made once with debootstrap, in a minute or two, below $O; made anew when this
# file changes. Prints where it is. Not a test: it needs root and Debian's mirror.
#
# Nothing is started in it, nothing of it may be changed, and nothing is left mounted.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
B=${O:-$top/build}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=bookworm
packages=nginx-light,postgresql,redis-server,python3,nodejs,haproxy,prometheus-node-exporter
packages=$packages,gcc,make,libc6-dev

key=$(sha256sum <"$0" | cut -c 1-12)
tree=$B/rootfs/$key

# In namespaces of its own, so that what it mounts and starts ends with it. The policy keeps the
# packages' scripts from starting what they install.
make_tree() { # DIRECTORY
	debootstrap --foreign --variant=minbase --include="$packages" "$suite" "$1" "$mirror"
	mkdir -p "$1/usr/sbin" "$1/etc/dpkg/dpkg.cfg.d"
	printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
	printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
		>"$1/etc/dpkg/dpkg.cfg.d/small"
	chmod 0755 "$1/usr/sbin/policy-rc.d"
	chroot "$1" /debootstrap/debootstrap --second-stage
	rm -rf "$1"/var/cache/apt "$1"/var/lib/apt/lists "$1"/usr/share/{doc,man,locale,info}
}

if [ "${1:-}" = --inside ]; then
	make_tree "$2"
	exit
fi
mkdir -p "$B/rootfs"
exec 9>"$B/rootfs/lock"
flock 9
if [ ! -d "$tree" ]; then
	rm -rf --one-file-system "$B"/rootfs/[0-9a-f]*
	unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
		bash "$0" --inside "$tree.new" >"$B/rootfs/log" 2>&1 9>&- || {
		tail -n 20 "$B/rootfs/log" >&2
		exit 1
	}
	mv "$tree.new" "$tree"
fi
echo "$tree"
