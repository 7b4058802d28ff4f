#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# rootfs.sh NAME: a small Debian, made with debootstrap in a minute or two. Prints where it is.
#
#   bookworm   Debian 12 with a program of each kind that the shipped profiles are for (programs.sh),
#              and with engines and runtimes, to install the packages in (packages.sh)
#   podman5    for podman5.sh: Debian 13 with podman
#
# Made once a machine, whole or not at all, below /var/cache/coaming-test (or $O, where that cannot
# be written), and anew when this file changes. Not a test: it needs root and Debian's mirror. Nothing is started in
# it, nothing of it may be changed, and nothing is left mounted.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
name=$1
case $name in
bookworm)
	suite=bookworm
	packages=nginx-light,postgresql,redis-server,python3,nodejs,haproxy,prometheus-node-exporter
	packages=$packages,gcc,make,libc6-dev
	packages=$packages,systemd,podman,containerd,crun,runc,conmon,netavark
	packages=$packages,golang-github-containers-common,nftables,iproute2,busybox-static,libyaml-0-2
	;;
podman5)
	suite=trixie
	packages=podman,crun,libsqlite3-0,libyaml-0-2
	;;
*)
	echo "rootfs.sh: no root file system is called $name" >&2
	exit 2
	;;
esac

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

if [ "${2:-}" = --inside ]; then
	make_tree "$3"
	exit
fi
cache=/var/cache/coaming-test/rootfs
if ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
	cache=${O:-$top/build}/rootfs
	mkdir -p "$cache"
fi
tree=$cache/$name-$(sha256sum <"$0" | cut -c 1-12)
exec 9>"$cache/$name.lock"
flock 9
if [ ! -d "$tree" ]; then
	# What an earlier run was killed at, and those of other versions of this file, where nobody
	# seems to use them.
	rm -rf --one-file-system "$tree.new"
	find "$cache" -maxdepth 1 -name "$name-*" -type d -mtime +7 \
		-exec rm -rf --one-file-system {} +
	unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
		bash "$0" "$name" --inside "$tree.new" >"$cache/$name.log" 2>&1 9>&- || {
		tail -n 20 "$cache/$name.log" >&2
		exit 1
	}
	mv "$tree.new" "$tree"
fi
touch "$tree"
echo "$tree"
