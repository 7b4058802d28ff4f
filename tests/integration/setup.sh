#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming setup: what it writes (tests/golden/setup, tests/bad/setup), that --remove gives every byte
# back, and what the real engines do with it.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman dockerd docker containerd ctr jq nft busybox journalctl python3 \
	"$B/tests/integration/toml_json" "$B/coaming" "$B/coaming-runtime" "$B/coaming-hook"

# Where root alone may write: a checkout may lie anywhere.
bin=/run/bin
mkdir -p "$bin"
cp "$B"/coaming{,-runtime,-hook,-nft} "$bin/"

setup() {
	run "$bin/coaming" setup "$@"
}

# tree DIR: another host's "/", with what the case has and with coaming and crun installed.
tree() {
	mkdir -p "$W/root/usr/bin" "$W/root/etc" "$W/root$bin"
	cp -a "$1/before/." "$W/root/"
	chown -R root:root "$W/root"
	chmod -R go-w "$W/root"
	# Nothing of that host is executed.
	install -m 0755 /dev/null "$W/root$bin/coaming-runtime"
	install -m 0755 /dev/null "$W/root/usr/bin/crun"
	mkdir -p "$W"/root/usr/{share/coaming/hooks.d,libexec/coaming}
	touch "$W/root/usr/libexec/coaming/coaming-hook"
	rm -rf "$W/orig"
	cp -a "$W/root" "$W/orig"
}

# in_tree ARG...: with ROOT for the tree's path in the output.
in_tree() {
	setup --root "$W/root" "$@"
	sed -i "s|$W/root|ROOT|g" "$W/out" "$W/err"
}

toml_as_others() {
	run python3 "$top/tests/toml.py" "$B/tests/integration/toml_json" 6000
	assert_status 0
	assert_matches "$W/out" '^[0-9]+ documents, [0-9]+ of them TOML, 0 read otherwise$'
}

cases() { # golden|bad
	run python3 "$top/tests/setup_cases.py" "$bin/coaming" "$W/work" "$top/tests/$1/setup"
	assert_status 0
	assert_matches "$W/out" '^[2-9][0-9] cases, 0 wrong$'
}

# --- what must never be written, or led to --------------------------------------------------------

# A file that is a link, or that others may write, or in a directory of theirs, is left as it is.
untrusted() {
	mkdir -p "$W/case/before/etc/docker"
	echo '{"debug": true}' >"$W/case/before/etc/docker/daemon.json"
	tree "$W/case"
	local json=$W/root/etc/docker/daemon.json

	chmod 0666 "$json"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" 'daemon.json" may be written by others \(mode 0666\)'
	chmod 0640 "$json"
	chown 7:8 "$json"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" 'daemon.json" is owned by uid 7'
	chown 0:8 "$json"
	chmod 0777 "${json%/*}"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" '"ROOT/etc/docker" may be written by others'
	chmod 0755 "${json%/*}"
	assert_eq "$(cat "$json")" '{"debug": true}' "the file"

	# Owner and mode are kept, of the file and of what was there before.
	in_tree docker
	assert_status 0
	assert_eq "$(stat -c '%a %u %g' "$json")" '640 0 8' "owner and mode"
	assert_eq "$(stat -c '%a %u %g' "$json.coaming-backup")" '640 0 8' "owner and mode of the copy"
	in_tree docker --remove
	assert_eq "$(stat -c '%a %u %g' "$json")" '640 0 8' "owner and mode after --remove"
	assert_eq "$(ls -A "${json%/*}")" daemon.json "files in the directory"

	mv "$json" "$W/elsewhere.json"
	ln -s "$W/elsewhere.json" "$json"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" 'daemon.json" is a symbolic link'
	rm "$json"
	rmdir "${json%/*}"
	mkdir "$W/elsewhere"
	ln -s "$W/elsewhere" "${json%/*}"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" '"ROOT/etc/docker" is a symbolic link'
	assert_eq "$(ls -A "$W/elsewhere")" '' "files behind the link"
	rm "${json%/*}"

	chmod 0775 "$W/root$bin/coaming-runtime"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" 'coaming-runtime" may be changed by others'
	chmod 0644 "$W/root$bin/coaming-runtime"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" 'coaming-runtime" is no program'
	chmod 0755 "$W/root$bin/coaming-runtime"
	chmod 0777 "$W/root$bin"
	in_tree docker
	assert_status 2
	assert_matches "$W/err" 'may be written by others'
	chmod 0755 "$W/root$bin"
	rm "$W/root/usr/bin/crun"
	in_tree docker
	assert_status 111
	assert_matches "$W/err" 'no OCI runtime found'
	[ ! -e "$W/root/etc/docker" ] || fail "a directory was made"
}

# Each change of another's is kept, and only coaming's keys go.
changed_since() {
	mkdir -p "$W/case/before/etc/docker" "$W/case/before/etc/containerd"
	cp "$top/tests/golden/setup/docker-other-default/before/etc/docker/daemon.json" \
		"$W/case/before/etc/docker/"
	cp "$top/tests/golden/setup/containerd-model/before/etc/containerd/config.toml" \
		"$W/case/before/etc/containerd/"
	tree "$W/case"
	local json=$W/root/etc/docker/daemon.json toml=$W/root/etc/containerd/config.toml

	in_tree docker containerd --default
	assert_status 0
	sed -i 's/"args": \[\]/"args": ["-d"]/' "$json"
	sed -i 's/^version = 2$/version = 2\nroot = "\/data"/' "$toml"
	echo '# the end' >>"$toml"
	in_tree docker containerd --default
	assert_status 0
	assert_eq "$(cat "$W/out")" "$(printf 'docker: nothing to change\ncontainerd: nothing to change')" output
	in_tree docker containerd --remove
	assert_status 0
	assert_matches "$W/out" '^docker: ROOT/etc/docker/daemon.json was changed by others since: only'
	assert_matches "$W/out" '^containerd: ROOT/etc/containerd/config.toml was changed by others since'
	sed 's/"args": \[\]/"args": ["-d"]/' "$W/orig/etc/docker/daemon.json" >"$W/json"
	sed 's/^version = 2$/version = 2\nroot = "\/data"/' "$W/orig/etc/containerd/config.toml" >"$W/toml"
	echo '# the end' >>"$W/toml"
	assert_file_is "$json" "$W/json"
	assert_file_is "$toml" "$W/toml"
	assert_eq "$(echo "${json%/*}"/*coaming* "${toml%/*}"/*coaming*)" '' "copies left"

	# Somebody put the old file back by hand.
	in_tree docker
	cp "$W/json" "$json"
	in_tree docker --remove
	assert_status 0
	assert_eq "$(cat "$W/out")" 'docker: nothing to remove' output
	assert_eq "$(ls -A "${json%/*}")" daemon.json "files in the directory"
	# The copy is gone: what coaming stood in place of is not known, and the key goes.
	in_tree docker --default
	rm "$json.coaming-backup"
	in_tree docker --remove
	assert_status 0
	assert_json "$json" 'has("default-runtime") | not'
	assert_json "$json" '.runtimes == {nvidia: {path: "nvidia-container-runtime", args: ["-d"]}}'
}

# What a package's prerm does: on a host that never saw setup, that has what cannot be read, that
# was set up by hand.
prerm() {
	local engine

	mkdir -p "$W/case/before/etc/docker" "$W/case/before/etc/containers"
	tree "$W/case"
	echo '{not JSON' >"$W/root/etc/docker/daemon.json"
	echo 'not TOML' >"$W/root/etc/containers/containers.conf"
	rm -rf "$W/root$bin" "$W/root/usr" # nothing of coaming is needed
	for engine in podman docker containerd crio; do
		in_tree "$engine" --remove
		assert_status 0
		assert_eq "$(cat "$W/out" "$W/err")" "$engine: nothing to remove" output
	done
	in_tree --list
	assert_status 0
	assert_eq "$(cat "$W/out" "$W/err")" '' output

	# By hand, under names of one's own.
	mkdir -p "$W"/root/etc/{containers/containers.conf.d,crio/crio.conf.d,containerd}
	cat >"$W/root/etc/docker/daemon.json" <<-'END'
		{"default-runtime": "rim", "runtimes": {"rim": {"path": "/usr/bin/coaming-runtime"}}, "debug": true}
	END
	cat >"$W/root/etc/containerd/config.toml" <<-'END'
		version = 2
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		runtime_type = "io.containerd.runc.v2"
		options.BinaryName = "/usr/bin/coaming-runtime"
		options.SystemdCgroup = true
	END
	printf '[engine.runtimes]\nrim = ["/usr/bin/coaming-runtime"]\n' >"$W/root/etc/containers/containers.conf"
	printf '[crio.runtime.runtimes.rim]\nruntime_path = "/usr/bin/coaming-runtime"\n' \
		>"$W/root/etc/crio/crio.conf"
	ln -s /usr/share/coaming/containers.conf.d/50-coaming.conf "$W/root/etc/containers/containers.conf.d/"
	in_tree --list
	assert_status 0
	assert_has "$W/out" 'docker default ROOT/etc/docker/daemon.json'
	assert_has "$W/out" 'containerd registered ROOT/etc/containerd/config.toml'
	assert_has "$W/out" 'podman: "ROOT/etc/containers/containers.conf" names coaming too'
	assert_has "$W/out" 'crio: "ROOT/etc/crio/crio.conf" names coaming too'
	in_tree --remove --all
	assert_status 1
	assert_has "$W/out" 'podman: removed the link ROOT/etc/containers/containers.conf.d/50-coaming.conf'
	assert_has "$W/out" 'podman: coaming setup did not write that, and leaves it: take it out by hand'
	assert_has "$W/out" 'crio: coaming setup did not write that, and leaves it: take it out by hand'
	assert_eq "$(cat "$W/root/etc/docker/daemon.json")" '{"debug": true}' daemon.json
	assert_has_not "$W/root/etc/containerd/config.toml" coaming
	assert_has "$W/root/etc/containerd/config.toml" 'options.SystemdCgroup = true'
	[ ! -L "$W/root/etc/containers/containers.conf.d/50-coaming.conf" ] || fail "the link is there"
}

# --- the real engines ----------------------------------------------------------------------------

dock() {
	docker -H "unix://$W/docker.sock" "$@"
}

profile_for_all() {
	journal_start
	mkdir -p /etc/coaming
	host_config '.floor = ["p"]'
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile p '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]}}'
}

confined_output() {
	assert_status 0
	assert_process CHOWN
	assert_has "$W/out" 'mkdir /x: EPERM'
}

start_docker() {
	dockerd -H "unix://$W/docker.sock" -p /run/docker.pid >>"$W/dockerd.log" 2>&1 &
	wait_for 30 dockerd dock info || { tail -n 20 "$W/dockerd.log"; return 1; }
}

# dockerd is started with the file, and reads it again at SIGHUP.
real_docker() {
	profile_for_all
	mkdir -p /etc/docker
	jq -n --arg w "$W" --arg cg "/$CG" '{"data-root": ($w + "/data"), "exec-root": ($w + "/exec"),
		"storage-driver": "vfs", bridge: "none", iptables: false, ip6tables: false,
		"exec-opts": ["native.cgroupdriver=cgroupfs"], "cgroup-parent": $cg}' >/etc/docker/daemon.json
	cp /etc/docker/daemon.json "$W/before.json"
	setup docker
	assert_status 0
	assert_has "$W/out" 'docker: now: systemctl reload docker'
	assert_matches "$W/out" 'checked by dockerd'
	start_docker
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | dock import - busybox >/dev/null
	run dock run --rm --network none busybox probe status -- mkdir /x
	assert_has_not "$W/out" EPERM
	run dock run --rm --network none --runtime coaming busybox probe status -- mkdir /x
	confined_output

	setup docker --default
	assert_status 0
	kill -HUP "$(cat /run/docker.pid)"
	wait_for 10 "the default to be coaming" sh -c \
		"docker -H unix://$W/docker.sock info -f '{{.DefaultRuntime}}' | grep -q '^coaming\$'"
	run dock run --rm --network none busybox probe status -- mkdir /x
	confined_output

	setup docker --remove
	assert_status 0
	assert_file_is /etc/docker/daemon.json "$W/before.json"
	assert_eq "$(echo /etc/docker/*coaming*)" '' "files in /etc/docker"
	assert_has "$W/out" 'docker: now: systemctl restart docker' # a reload would keep the default
	kill "$(cat /run/docker.pid)"
	wait_for 20 "dockerd to end" test ! -e /run/docker.pid
	start_docker
	run dock run --rm --network none busybox probe status -- mkdir /x
	assert_has_not "$W/out" EPERM
}

# A default on dockerd's command line, it does not take from its file as well.
docker_flags() {
	mkdir -p /etc/docker
	echo '{"default-runtime": "runc"}' >"$W/daemon.json"
	run timeout 20 dockerd -p "$W/pid" -H "unix://$W/docker.sock" --data-root "$W/data" \
		--default-runtime=runc --config-file "$W/daemon.json"
	assert_matches "$W/err" 'both as a flag and in the configuration file: default-runtime'
	echo '{"bridge": "none", "iptables": false}' >/etc/docker/daemon.json
	rm -f /run/docker.pid # of one that was killed
	dockerd -H "unix://$W/docker.sock" --data-root "$W/data" --exec-root "$W/exec" \
		-p /run/docker.pid --default-runtime=runc >"$W/dockerd.log" 2>&1 &
	wait_for 20 "dockerd's pid" test -s /run/docker.pid
	setup docker --default
	assert_status 2
	assert_has "$W/err" 'dockerd runs with --default-runtime, and does not start with that and "default-runtime"'
	assert_eq "$(cat /etc/docker/daemon.json)" '{"bridge": "none", "iptables": false}' daemon.json
	assert_eq "$(echo /etc/docker/*coaming*)" '' "files in /etc/docker"
}

# Alone, and then with the runtime that its file names: ctr is no client of the CRI plugin, so it is
# told by hand what the plugin would read.
real_containerd() {
	local toml=/etc/containerd/config.toml

	profile_for_all
	containerd config default >"$toml"
	sed -i "s|^root = .*|root = \"$W/root\"|; s|^state = .*|state = \"$W/state\"|
		s|address = \"/run/containerd/containerd.sock\"|address = \"$W/containerd.sock\"|
		s|SystemdCgroup = false|SystemdCgroup = true|" "$toml"
	cp "$toml" "$W/before.toml"
	setup containerd --default
	assert_status 0
	assert_has "$W/out" 'containerd: wrote /etc/containerd/config.toml, checked by containerd'
	assert_has "$W/out" 'containerd: now: systemctl restart containerd'
	containerd config dump >"$W/dump"
	run python3 -c 'import json, sys, tomllib
cri = tomllib.load(open(sys.argv[1], "rb"))["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]
json.dump(cri, sys.stdout)' "$W/dump"
	assert_json "$W/out" ".default_runtime_name == \"coaming\" and .runtimes.runc.options.BinaryName == \"\"
		and (.runtimes.coaming | .runtime_type == \"io.containerd.runc.v2\"
			and .options.BinaryName == \"$bin/coaming-runtime\" and .options.SystemdCgroup)"

	containerd >"$W/containerd.log" 2>&1 &
	wait_for 30 containerd ctr -a "$W/containerd.sock" version
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	run ctr -a "$W/containerd.sock" run --rm --rootfs --runtime io.containerd.runc.v2 \
		--runc-binary "$(python3 -c 'import sys, tomllib
print(tomllib.load(open(sys.argv[1], "rb"))["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["coaming"]["options"]["BinaryName"])' "$toml")" \
		--cgroup "/$CG/c1" "$T/rootfs" c1 /bin/probe status -- mkdir /x
	confined_output

	setup containerd --remove
	assert_status 0
	assert_file_is "$toml" "$W/before.toml"

	# What containerd itself would not start with is not put in its place.
	echo 'version = 2
oom_score = "much"' >"$toml"
	cp "$toml" "$W/before.toml"
	setup containerd
	assert_status 2
	assert_matches "$W/err" 'containerd would not take the new file: .*much'
	assert_file_is "$toml" "$W/before.toml"
	assert_eq "$(ls -A /etc/containerd)" config.toml "files in /etc/containerd"
}

# podman with files of its own in /etc, as on a host: the drop-in counts there only.
real_podman() {
	profile_for_all
	podman_setup
	unset CONTAINERS_CONF CONTAINERS_STORAGE_CONF
	cp "$W/storage.conf" /etc/containers/storage.conf
	grep -vE '^(runtime|runtime_supports_json|hooks_dir|coaming-runtime) =|^\[engine.runtimes' \
		"$W/containers.conf" >/etc/containers/containers.conf
	setup podman
	assert_status 0
	assert_has "$W/out" 'podman: wrote /etc/containers/containers.conf.d/coaming.conf, checked by podman'
	assert_has "$W/out" 'podman: nothing to restart'
	run podman run --rm --network none busybox probe status -- mkdir /x
	assert_has_not "$W/out" EPERM
	run podman --runtime coaming run --rm --network none busybox probe status -- mkdir /x
	confined_output

	setup podman --default
	assert_status 0
	run podman run --rm --network none busybox probe status -- mkdir /x
	confined_output
	run podman run --rm --network none --pid host --annotation io.coaming.profile=nobody busybox true
	[ "$status" -ne 0 ] || fail "a profile that is not there was no refusal"
	assert_matches "$W/err" 'coaming-runtime.*nobody'

	setup podman --remove
	assert_status 0
	assert_eq "$(ls -A /etc/containers/containers.conf.d)" '' "drop-ins left"
	run podman info --format '{{.Host.OCIRuntime.Name}}'
	assert_eq "$(cat "$W/out")" crun "podman's runtime"

	# A key that podman does not take: the drop-in is not left there.
	mkdir -p /etc/containers/containers.conf.d
	printf '[engine]\nruntime = "coaming"\n' >/etc/containers/containers.conf.d/10-a.conf
	printf '[containers]\ncgroups = 1\n' >/etc/containers/containers.conf.d/20-b.conf
	setup podman --default
	assert_status 0
	assert_matches "$W/out" 'not checked: without the new file, too, podman info fails'
}

check 'setup: TOML is read as tomllib reads it' toml_as_others
check 'setup: what is written, and what --remove gives back' cases golden
check 'setup: what is not right is said in a sentence, and nothing is written' cases bad
check 'setup: neither files nor a runtime that others may change' untrusted
check 'setup: --remove keeps what others changed since' changed_since
check 'setup: --remove where there is nothing, or what was done by hand' prerm
check 'setup: Docker, told to and started with it, confines' real_docker
check 'setup: Docker with a default on its command line is left alone' docker_flags
check 'setup: containerd sees the runtime, and confines with it' real_containerd
check 'setup: podman, by name and by default, confines' real_podman
finish
