#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install-deps.sh [GROUP...]: install what coaming needs and is not there yet. Groups: build, demo,
# test, lint, bench; all of them where none is named.
# Prints one line and does nothing where all is there.
#
# Package names: one row a need, one column a package manager; "-" where it has none.

set -eu

#group apt                          dnf                      apk                     pacman
table='
build  gcc                          gcc                      gcc                     gcc
build  make                         make                     make                    make
build  libc6-dev                    glibc-devel              musl-dev                glibc
build  linux-libc-dev               kernel-headers           linux-headers           linux-api-headers
build  pkg-config                   pkgconf-pkg-config       pkgconf                 pkgconf
build  libseccomp-dev               libseccomp-devel         libseccomp-dev          libseccomp
build  -                            libseccomp-static        libseccomp-static       -
build  libcap-dev                   libcap-devel             libcap-dev              libcap
build  -                            libcap-static            libcap-static           -
build  nettle-dev                   nettle-devel             nettle-dev              nettle
build  -                            -                        nettle-static           -
build  libnftables-dev              nftables-devel           nftables-dev            nftables
build  libsystemd-dev               systemd-devel            -                       systemd-libs
build  libsqlite3-dev               sqlite-devel             sqlite-dev              sqlite
build  libyaml-dev                  libyaml-devel            yaml-dev                libyaml
test   libcmocka-dev                libcmocka-devel          cmocka-dev              cmocka
test   libjansson-dev               jansson-devel            jansson-dev             jansson
test   runc                         runc                     runc                    runc
demo   crun                         crun                     crun                    crun
test   podman                       podman                   podman                  podman
test   docker.io                    moby-engine              docker                  docker
test   containerd                   containerd               containerd              containerd
test   containernetworking-plugins  containernetworking-plugins cni-plugins             cni-plugins
test   python3-grpcio               python3-grpcio           py3-grpcio              python-grpcio
test   python3-protobuf             python3-protobuf         py3-protobuf            python-protobuf
test   conmon                       conmon                   conmon                  conmon
test   netavark                     netavark                 netavark                netavark
test   aardvark-dns                 aardvark-dns             aardvark-dns            aardvark-dns
test   golang-github-containers-common containers-common     containers-common       containers-common
demo   systemd                      systemd                  -                       systemd
demo   nftables                     nftables                 nftables                nftables
test   iptables                     iptables-nft             iptables                iptables-nft
demo   iproute2                     iproute                  iproute2                iproute2
demo   util-linux                   util-linux               util-linux              util-linux
test   bsdutils                     util-linux               util-linux-misc          util-linux
demo   procps                       procps-ng                procps                  procps-ng
demo   busybox-static               busybox                  busybox-static          busybox
demo   socat                        socat                    socat                   socat
demo   jq                           jq                       jq                      jq
test   strace                       strace                   strace                  strace
test   uidmap                       shadow-utils             shadow-uidmap           shadow
demo   bash                         bash                     bash                    bash
test   clang                        clang                    clang                   clang
lint   clang-format                 clang-tools-extra        clang-extra-tools       clang
lint   clang-tidy                   clang-tools-extra        clang-extra-tools       clang
lint   cppcheck                     cppcheck                 cppcheck                cppcheck
lint   shellcheck                   ShellCheck               shellcheck              shellcheck
lint   mandoc                       mandoc                   mandoc                  mandoc
test   chromium                     chromium                 chromium                chromium
test   debootstrap                  -                        -                       -
test   systemd-journal-remote       systemd-journal-remote   -                       systemd
test   debhelper                    -                        -                       -
test   dpkg-dev                     -                        -                       -
test   lintian                      -                        -                       -
test   rpm                          rpm-build                -                       -
test   python3-yaml                 python3-pyyaml           py3-yaml                python-yaml
test   git                          git                      git                     git
test   zsh                          zsh                      zsh                     zsh
test   fish                         fish                     fish                    fish
test   python3-jsonschema           python3-jsonschema       py3-jsonschema          python-jsonschema
bench  oci-seccomp-bpf-hook         oci-seccomp-bpf-hook     -                       -
bench  time                         time                     -                       time
bench  iperf3                       iperf3                   iperf3                  iperf3
'

groups=${*:-build demo test lint bench}

wanted() { # COLUMN
	echo "$table" | awk -v groups=" $groups " -v column="$1" \
		'NF && index(groups, " " $1 " ") && $column != "-" && !seen[$column]++ { print $column }'
}

# Each prints the packages that are missing.
missing_apt() {
	for package in $(wanted 2); do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
		[ "$state" = installed ] || echo "$package"
	done
}
missing_dnf() {
	for package in $(wanted 3); do
		rpm -q --whatprovides "$package" >/dev/null 2>&1 || echo "$package"
	done
}
missing_apk() {
	for package in $(wanted 4); do
		apk info -e "$package" >/dev/null 2>&1 || echo "$package"
	done
}
missing_pacman() {
	for package in $(wanted 5); do
		pacman -Qq "$package" >/dev/null 2>&1 || echo "$package"
	done
}

# shellcheck disable=SC2086  # $missing is a list of words
install_apt() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	apt-get install -y -q --no-install-recommends $missing
}
# shellcheck disable=SC2086
install_dnf() {
	dnf install -y --setopt=install_weak_deps=False $missing
}
# shellcheck disable=SC2086
install_apk() {
	apk add $missing
}
# shellcheck disable=SC2086
install_pacman() {
	pacman -Sy --needed --noconfirm $missing
}

for manager in apt dnf apk pacman; do
	case $manager in
	apt) command -v apt-get >/dev/null && break ;;
	*) command -v $manager >/dev/null && break ;;
	esac
	manager=
done 2>/dev/null

if [ -z "$manager" ]; then
	echo "coaming: this system has none of apt, dnf, apk and pacman. It needs, by Debian's names:" >&2
	wanted 2 | sed 's/^/  /' >&2
	echo "Install what answers to them, then run make with the target \"all\", \"unit\" or \"integration\"." >&2
	exit 2
fi

missing=$(missing_"$manager" | tr '\n' ' ')
if [ -z "$missing" ]; then
	echo "all dependencies are installed"
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "coaming: not installed yet: $missing" >&2
	echo "Run this again as root (sudo make deps), or install them with $manager." >&2
	exit 2
fi
echo "installing: $missing"
install_"$manager" </dev/null
