#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The packages, in a Debian of debootstrap: built from HEAD, installed, engines set up, a container
# confined by what was installed, upgraded, and removed again, so that nothing is left but
# configuration and evidence. The RPM package lies on the same Debian, whose libraries rpm does not
# know (--nodeps). What packaging/kubernetes puts on a node, and takes away, is tried there too.
#
# No systemd runs in there, so that units are enabled and never started, and daemons are not told.
#
# PACKAGES=DIR: those that "make O=DIR deb rpm" has built, and none is built here.

. "$(dirname "$0")/lib.sh"
if [ -z "${COAMING_TEST_CG:-}" ] && [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null; then
	# Here, since the sandbox has no way to Debian's mirror.
	COAMING_TEST_TREE=$(O=$B bash "$here/rootfs.sh" bookworm) || COAMING_TEST_TREE=
	export COAMING_TEST_TREE
fi
sandbox "$@"
need debootstrap dpkg-buildpackage dh lintian rpmbuild rpm git jq busybox /usr/bin/python3
tree=${COAMING_TEST_TREE:-}
if [ ! -x "$tree/usr/bin/podman" ]; then
	skip "${0##*/}" "debootstrap made no root file system, see /var/cache/coaming-test/rootfs/bookworm.log"
	finish
fi
# A compilation of everything is in here.
check_seconds=$((check_seconds * 4))
version=$(sed -n 's/^version := //p' "$top/Makefile")
packages=${PACKAGES:-$T/packages}
deb=$packages/deb/coaming_$version-1_amd64.deb
rpm=$packages/rpm/RPMS/x86_64/coaming-$version-1.x86_64.rpm
runtime=/usr/bin/coaming-runtime

# --- a host of its own ---------------------------------------------------------------------------

# new_root NAME: the tree below an overlay that takes what is changed, at $W/NAME.
new_root() {
	root=$W/$1
	mkdir -p "$root" "$W/.$1/upper" "$W/.$1/work"
	mount -t overlay -o "lowerdir=$tree,upperdir=$W/.$1/upper,workdir=$W/.$1/work" overlay "$root"
	rm -f "$root/etc/dpkg/dpkg.cfg.d/small" # which leaves out manual pages
	mount -t proc proc "$root/proc"
	mount --rbind /sys "$root/sys"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs tmpfs "$root/run"
}

in_root() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
		DEBIAN_FRONTEND=noninteractive ${ANYWAY:+COAMING_REMOVE=anyway} "$@"
}

# The journal of the sandbox, where the root has its own.
share_journal() {
	local dir

	journal_start
	for dir in /run/systemd/journal /run/log/journal; do
		mkdir -p "$dir" "$root$dir"
		mount --bind "$dir" "$root$dir"
	done
}

# Files that engines have before coaming comes: some with words of their own.
configure_engines() {
	mkdir -p "$root"/etc/{docker,containerd,crio/crio.conf.d,containers/containers.conf.d}
	echo '{ "log-level": "warn", "live-restore": true }' >"$root/etc/docker/daemon.json"
	in_root containerd config default >"$root/etc/containerd/config.toml"
	printf '[crio.runtime]\nlog_level = "warn"\n' >"$root/etc/crio/crio.conf"
	cat >"$root/etc/containers/containers.conf" <<-'END'
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
		log_driver = "k8s-file"
		[engine]
		runtime = "crun"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	printf '[storage]\ndriver = "vfs"\nrunroot = "/run/storage"\ngraphroot = "/run/graph"\n' \
		>"$root/etc/containers/storage.conf"
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | in_root podman import -q - busybox >/dev/null
}

# What there is, but for what dpkg, rpm and the engines keep of their own work. Of /etc what is in
# the files too.
files_of_root() {
	(
		cd "$root"
		find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/rpm -o -path ./var/log \
			-o -path ./var/cache -o -path ./var/lib/containers -o -path ./var/lib/cni \
			-o -path ./var/tmp -o -path ./tmp \) -prune -o -print
		find etc -type f -exec sha256sum {} +
	) | sort
}

# left NAME: what is there now and was not before, or the other way round.
left() {
	files_of_root >"$W/now"
	comm -3 "$W/before" "$W/now" | sed 's/^\t/+ /; /^+/!s/^/- /'
}

# The catalog's database is made anew where a package brings or takes one.
expect_left() { # LINE...
	left | grep -vx '+ ./var/lib/systemd/catalog\(/database\)\?' >"$W/left" || true
	printf '%s\n' "$@" | grep . | sort >"$W/expected" || true
	sort -o "$W/left" "$W/left"
	assert_file_is "$W/left" "$W/expected"
}

use_it() { # a profile of the host's own, and every engine
	mkdir -p "$root/etc/coaming/profiles"
	jq -n '{name: "shop", capabilities: {allow: ["NET_BIND_SERVICE"]}, rootfs: {readOnly: true},
		seccomp: {deny: ["unshare"]}}' >"$root/etc/coaming/profiles/shop.json"
	in_root coaming check
	in_root sh -c 'coaming test --quiet /usr/share/coaming/profiles/tests/*.json'
	in_root coaming setup podman --default
	for engine in docker containerd crio; do in_root coaming setup $engine; done
	in_root coaming setup --list >"$W/engines"
	for engine in podman docker containerd crio; do assert_has "$W/engines" "$engine "; done
}

# The container asks the kernel, and the records tell of it.
confines() {
	in_root podman run --rm --name "$1" --network none --label io.coaming.profile=shop \
		--annotation io.coaming.profile=shop busybox \
		sh -c 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; touch /x || echo read-only' \
		>"$W/seen" 2>&1 || { cat "$W/seen"; fail "no container $1"; }
	assert_matches "$W/seen" '^CapEff:\s*0000000000000400$'
	assert_matches "$W/seen" '^NoNewPrivs:\s*1$'
	assert_matches "$W/seen" '^Seccomp:\s*2$'
	assert_has "$W/seen" 'read-only'
	journal "CONTAINER_NAME=$1" COAMING_EVENT=admit >"$W/journal"
	assert_json "$W/journal" '[.COAMING_PROFILE] | flatten | index("shop") != null'
	in_root coaming verify >"$W/out" || { cat "$W/out"; fail 'the ledger does not verify'; }
}

is_plain() {
	in_root podman run --rm --network none busybox cat /proc/self/status >"$W/seen"
	assert_matches "$W/seen" '^NoNewPrivs:\s*0$'
}

# keep NAME: a container that runs on, confined.
keep_running() {
	in_root podman run -d --name "$1" --network none --annotation io.coaming.profile=shop \
		busybox sleep 1000 >"$W/id"
}

# --- Debian --------------------------------------------------------------------------------------

build_deb() {
	mkdir -p "$packages"
	[ -n "${PACKAGES:-}" ] || DEB_BUILD_OPTIONS='nocheck noautodbgsym' make -C "$top" O="$packages" deb >"$packages/log" 2>&1 ||
		{ tail -n 40 "$packages/log"; fail 'no Debian package'; }
	assert_eq "$(dpkg-deb -f "$deb" Version)" "$version-1" version
	dpkg-deb -c "$deb" >"$W/contents"
	for file in ./usr/libexec/coaming/coaming-hook ./lib/systemd/system/coaming-gc.timer \
		./usr/share/zsh/vendor-completions/_coaming ./usr/share/man/man8/coaming-runtime.8.gz; do
		assert_matches "$W/contents" "^-.* $file\$"
	done
	assert_eq "$(dpkg-deb -I "$deb" conffiles)" /etc/coaming/coaming.json conffiles
	dpkg-deb -x "$deb" "$W/unpacked"
	for file in usr/bin/coaming-runtime usr/libexec/coaming/coaming-hook; do
		! readelf -d "$W/unpacked/$file" | grep -q NEEDED || fail "$file is a dynamic program"
	done
	readelf -d "$W/unpacked/usr/bin/coaming" >"$W/dynamic"
	assert_has "$W/dynamic" BIND_NOW
}

lintian_says_nothing() {
	run lintian --allow-root --display-info --fail-on error,warning,info \
		"$packages/deb/coaming_$version-1_amd64.changes"
	assert_status 0
	assert_eq "$(cat "$W/out")" "" 'what lintian says'
}

# The next version, with the same configuration as the last.
next_deb() {
	dpkg-deb -R "$deb" "$W/next"
	sed -i "s/^Version: .*/Version: $version-2/" "$W/next/DEBIAN/control"
	dpkg-deb -b --root-owner-group "$W/next" "$root/run/next.deb" >/dev/null
}

deb_comes_and_goes() {
	new_root root
	share_journal
	configure_engines
	is_plain
	files_of_root >"$W/before"
	cp "$deb" "$root/run/coaming.deb"
	in_root dpkg -i /run/coaming.deb
	in_root journalctl --list-catalog >"$W/catalog"
	assert_has "$W/catalog" coaming
	assert_eq "$(readlink "$root/etc/systemd/system/timers.target.wants/coaming-flush.timer")" \
		/lib/systemd/system/coaming-flush.timer 'the timer is enabled'
	assert_eq "$(find "$root/etc/systemd" -name 'coaming-journal*')" '' 'the namespace is not'

	use_it
	confines first
	deb_upgrade
	deb_refuses
	in_root dpkg -r coaming 2>&1
	# Which timers are enabled is configuration, too, until it is purged.
	assert_eq "$(find "$root/etc" -name '*coaming*' ! -type l)" "$root/etc/coaming
$root/etc/coaming/coaming.json" 'left in /etc'
	is_plain
	expect_purged
}

deb_upgrade() {
	local before

	sed -i 's/"floor": \[\]/"floor": ["floor"]/' "$root/etc/coaming/coaming.json"
	keep_running during
	before=$(stat -c %i "$root$runtime")
	next_deb
	in_root dpkg -i /run/next.deb
	assert_eq "$(in_root dpkg-query -W -f '${Version}' coaming)" "$version-2" version
	assert_has "$root/etc/coaming/coaming.json" '"floor": ["floor"]'
	[ "$(stat -c %i "$root$runtime")" != "$before" ] || fail 'the program was written in place'
	in_root coaming setup --list >"$W/engines.now"
	assert_file_is "$W/engines.now" "$W/engines"
	confines upgraded
}

# While one runs, and where somebody else has written that an engine should use it.
deb_refuses() {
	run in_root dpkg -r coaming
	assert_status 1
	assert_has "$W/err" "$(cut -c 1-12 "$W/id")"
	assert_has "$W/err" 'Stop them first'
	in_root coaming setup --list >"$W/engines.now"
	assert_file_is "$W/engines.now" "$W/engines"
	in_root podman stop -t 0 during >/dev/null
	in_root podman rm during >/dev/null

	printf '[engine.runtimes]\nmine = ["%s"]\n' $runtime >"$root/etc/containers/containers.conf.d/zz.conf"
	run in_root dpkg -r coaming
	assert_status 1
	assert_has "$W/err" 'coaming is not removed'
	assert_eq "$(in_root dpkg-query -W -f '${db:Status-Status}' coaming)" installed state
	rm "$root/etc/containers/containers.conf.d/zz.conf"
}

# Removed, the configuration and the records stay; purged, the records.
expect_purged() {
	rm -r "$root/etc/coaming/profiles" # which is the administrator's
	in_root find /var/lib/coaming | sed 's/^/+ ./' >"$W/evidence"
	grep -q 'ledger' "$W/evidence" || fail 'there are no records'
	in_root dpkg -P coaming
	# shellcheck disable=SC2046  # lines
	(IFS=$'\n'; expect_left $(cat "$W/evidence"))
	assert_eq "$(in_root find /run -name '*coaming*' ! -name '*.deb')" '' 'left in /run'
}

# --- RPM -----------------------------------------------------------------------------------------

# From the objects of the tests, which have the flags of a plain make: the package is what is tried
# here, and the compiler was with the other one. With other flags, everything is compiled.
build_rpm() {
	mkdir -p "$packages"
	if [ -z "${PACKAGES:-}" ]; then
		mkdir "$T/objects"
		[ -n "${SANITIZE:-}" ] ||
			cp -a "$B"/{lib,profiles,audit,hooks,cli,flags,static-probe,coaming*} "$T/objects/"
		make -C "$top" O="$packages" RPM_FLAGS="--define 'optflags ${CFLAGS:--O2 -g}' \
			--define 'objects $T/objects'" rpm >"$packages/log" 2>&1 ||
			{ tail -n 40 "$packages/log"; fail 'no RPM package'; }
	fi
	rm -rf "$T/objects"
	rpm -qpc "$rpm" >"$W/out"
	assert_eq "$(cat "$W/out")" /etc/coaming/coaming.json configuration
	rpm -qp --provides --requires --scripts "$rpm" >"$W/out"
	assert_has "$W/out" 'libnftables.so.1'
	assert_has "$W/out" before-removal
}

in_rpm() { rpm --root "$root" --dbpath /var/lib/rpm "$@"; }

rpm_comes_and_goes() {
	new_root root
	share_journal
	configure_engines
	in_rpm --initdb
	mkdir -p "$root"/usr/share/{doc,man/man{1,5,7,8}} # of the package filesystem
	files_of_root >"$W/before"
	in_rpm -i --nodeps "$rpm"
	in_rpm -V --nodeps coaming
	use_it
	sed -i 's/"floor": \[\]/"floor": ["floor"]/' "$root/etc/coaming/coaming.json"
	in_rpm -U --nodeps --force "$rpm"
	assert_has "$root/etc/coaming/coaming.json" '"floor": ["floor"]'
	confines first
	keep_running during
	run in_rpm -e coaming
	assert_status 1
	assert_has "$W/err" 'Stop them first'
	in_root podman stop -t 0 during >/dev/null
	in_root podman rm during >/dev/null
	in_rpm -e coaming
	rm -r "$root/etc/coaming/profiles"
	is_plain
	in_root find /var/lib/coaming | sed 's/^/+ ./' >"$W/evidence"
	# shellcheck disable=SC2046  # lines
	(IFS=$'\n'; expect_left $(cat "$W/evidence") '+ ./etc/coaming' '+ ./etc/coaming/coaming.json.rpmsave' \
		"+ $(cd "$root" && sha256sum etc/coaming/coaming.json.rpmsave)")
	assert_eq "$(in_root find /run -name '*coaming*')" '' 'left in /run'
}

# --- Kubernetes ----------------------------------------------------------------------------------

# The image is a root with the package and the script, the node another one, where it sees it.
on_image() { # ARG...
	chroot "$image" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin SECONDS_BETWEEN=0 \
		/usr/local/sbin/node.sh "$@"
}

node_comes_and_goes() {
	new_root image
	image=$root
	cp "$deb" "$root/run/coaming.deb"
	in_root dpkg -i /run/coaming.deb >/dev/null
	install -m 0755 "$top/packaging/kubernetes/node.sh" "$image/usr/local/sbin/"
	mkdir -p "$image/node" "$image/profiles"
	new_root node
	configure_engines
	files_of_root >"$W/before"
	mkdir -p "$root/run/containerd"
	touch "$root/run/containerd/containerd.sock"
	mount --rbind "$root" "$image/node"
	config_map

	on_image install
	in_root containerd config dump >"$W/dump"
	assert_matches "$W/dump" 'containerd\.runtimes\.coaming\]'
	assert_has "$W/dump" "$runtime"
	in_root coaming profile list >"$W/out"
	assert_has "$W/out" cluster-web
	files_of_root >"$W/installed"
	on_image install
	files_of_root >"$W/now"
	assert_file_is "$W/now" "$W/installed"
	profiles_follow

	on_image remove
	rm -r "$root/etc/coaming"
	expect_left ''
	run on_image remove
	assert_has "$W/out" 'nothing is installed here'
}

# The profiles of the manifest, as the kubelet would show them.
config_map() {
	/usr/bin/python3 - "$top/packaging/kubernetes/coaming.yaml" "$image/profiles" <<-'END'
		import sys, yaml
		for document in yaml.safe_load_all(open(sys.argv[1])):
		    if document["kind"] == "ConfigMap":
		        for name, text in document["data"].items():
		            open(f"{sys.argv[2]}/{name}", "w").write(text)
	END
}

profiles_follow() {
	echo '{ "name": "cluster-db", "extends": ["database"] }' >"$image/profiles/cluster-db.json"
	echo '{ "name": "of-the-node" }' >"$root/etc/coaming/profiles/of-the-node.json"
	rm "$image/profiles/cluster-web.json"
	on_image profiles
	assert_eq "$(cd "$root/etc/coaming/profiles" && ls | tr '\n' ' ')" \
		'cluster-db.json of-the-node.json ' profiles
	echo '{ "name": "cluster-db", "capabilities": { "alow": [] } }' >"$image/profiles/cluster-db.json"
	run on_image profiles
	assert_has "$W/err" 'nothing was changed'
	assert_has "$root/etc/coaming/profiles/cluster-db.json" database
}

manifests_are_right() {
	/usr/bin/python3 "$top/tests/kubernetes.py" "$top"/packaging/kubernetes/*.yaml
}

check 'the Debian package is built from HEAD' build_deb
check 'lintian has nothing to say that is not answered' lintian_says_nothing
check 'the Debian package: installed, used, upgraded, refused, removed, purged' deb_comes_and_goes
check 'a Kubernetes node: installed, profiles follow, removed' node_comes_and_goes
check 'the RPM package is built from HEAD' build_rpm
check 'the RPM package: installed, used, upgraded, refused, removed' rpm_comes_and_goes
check 'the Kubernetes manifests hold together' manifests_are_right
finish
