#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming doctor on whether coaming is in the path: each thing is broken, and found; with podman it
# is seen that it is broken.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman jq setpriv "$B/coaming" "$B/coaming-hook"

# found SECTION...: what is not ok, as "severity id", with the exit status that goes with it.
found() {
	run timeout 60 "${DOCTOR:-$B/coaming}" --config "$W/coaming.json" doctor --json "$@"
	assert_no_signal
	jq -r --argjson status "$status" '
		if .schema == "coaming-doctor-1" and (.error > 0) == ($status == 1)
			and all(.findings[]; (.severity == "ok") == (.why == null)
				and (.severity == "ok") == (.remedy == null))
		then .findings[] | "\(.severity) \(.id)\t\(.what)\t\(.remedy)"
		else error("not as it should be, with status \($status)") end' "$W/out" >"$W/findings" ||
		fail "$(cat "$W/out" "$W/err")"
	sed '/^ok /d; s/\t.*//' "$W/findings" | sort >"$W/found"
	cut -f 2 "$W/findings" >"$W/what"
}

assert_found() { # LINE...: exactly these
	printf '%s\n' "$@" | sed '/^$/d' | sort >"$W/expected"
	assert_file_is "$W/found" "$W/expected"
}

# Of podman alone, whatever else is installed here.
podman_is() { # LINE...
	found engines
	sed -i '/engine-docker$/d; /engine-containerd$/d' "$W/found"
	assert_found "$@"
}

engine_conf() { # LINE...: below [engine]
	mkdir -p /etc/containers/containers.conf.d
	printf '%s\n' '[engine]' "$@" >/etc/containers/containers.conf.d/90-test.conf
}

hooks() {
	local dir file

	for dir in hooks.d precreate.d; do
		mkdir -p "$W/$dir"
		for file in "$top/packaging/$dir"/*.json.in; do
			sed "s|@libexecdir@/coaming/|$W/bin/|" "$file" >"$W/$dir/$(basename "$file" .in)"
		done
	done
}

programs() {
	mkdir -p "$W/bin"
	cp "$B"/coaming{,-hook,-runtime,-nft,-sqlite} "$W/bin/"
}

# A container of podman, as it is configured now: can it start?
starts() {
	podman run --rm --annotation io.coaming.profile=p busybox probe status >"$W/started" 2>&1
}

podmans_path() {
	programs
	hooks
	podman_setup
	cp "$CONTAINERS_CONF" /etc/containers/containers.conf
	unset CONTAINERS_CONF
	sed -i '/^hooks_dir/d; /^runtime = /d; /^\[engine.runtimes/,$d' /etc/containers/containers.conf
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	profile p '{capabilities: {allow: []}}'
	podman_is 'error engine-podman'
	assert_has "$W/findings" 'coaming setup podman --default'
	# The runtime: registered, by another name than it is asked for, by default, gone.
	engine_conf '[engine.runtimes]' "confined = [\"/no/coaming-runtime\", \"$W/bin/coaming-runtime\"]"
	podman_is 'warning engine-podman'
	engine_conf 'runtime = "confined"' '[engine.runtimes]' "confined = [\"$W/bin/coaming-runtime\"]"
	podman_is
	starts
	assert_eq "$(field "$W/started" CapBnd)" "$(cap_mask)" "the bounding set"
	# Another program before it, in the list or by a later file, is what podman takes.
	engine_conf 'runtime = "confined"' '[engine.runtimes]' \
		"confined = [\"$(command -v crun)\", \"$W/bin/coaming-runtime\"]"
	podman_is 'error engine-podman'
	starts
	[ "$(field "$W/started" CapBnd)" != "$(cap_mask)" ] || fail "it was confined"
	engine_conf 'runtime = "confined"' '[engine.runtimes]' "confined = [\"$W/bin/coaming-runtime\"]"
	printf '%s\n' '[engine.runtimes]' "confined = [\"$(command -v crun)\"]" \
		>/etc/containers/containers.conf.d/95-test.conf
	podman_is 'error engine-podman'
	starts
	[ "$(field "$W/started" CapBnd)" != "$(cap_mask)" ] || fail "it was confined"
	rm /etc/containers/containers.conf.d/95-test.conf
	engine_conf 'runtime = "confined"' '[engine.runtimes]' 'confined = ["/usr/bin/no/coaming-runtime"]'
	podman_is 'error engine-runtime'
	! starts || fail "podman started a container with a runtime that is not there"
	engine_conf 'runtime = "'
	podman_is 'error engine-file' 'error engine-podman'
	assert_has "$W/what" '/etc/containers/containers.conf.d/90-test.conf:2:'
	# The hooks.
	engine_conf 'runtime = "crun"' "hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]"
	podman_is
	starts
	assert_eq "$(field "$W/started" CapBnd)" "$(cap_mask)" "the bounding set"
	# Of podman 5: two files, of which the later adds to the list.
	engine_conf 'runtime = "crun"' "hooks_dir = [\"$W/hooks.d\"]"
	printf '%s\n' '[engine]' "hooks_dir = [\"$W/precreate.d\", {append=true}]" \
		>/etc/containers/containers.conf.d/95-test.conf
	podman_is
	sed -i 's/, {append=true}//' /etc/containers/containers.conf.d/95-test.conf
	podman_is 'error engine-podman'
	rm /etc/containers/containers.conf.d/95-test.conf
	engine_conf 'runtime = "crun"' "hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]"
	echo '{"version": "1.0.0",' >"$W/hooks.d/50-other.json"
	podman_is 'error hooks-json'
	assert_has "$W/what" "$W/hooks.d/50-other.json:"
	! starts || fail "podman started a container with a broken hook"
	rm "$W/hooks.d/50-other.json"
	sed -i 's/"stages"/"stage"/' "$W/precreate.d/zz-coaming-precreate.json"
	podman_is 'error engine-podman' 'error hooks-file'
	hooks
	sed -i 's/"always": true/"always": false/' "$W/hooks.d/zz-coaming-createRuntime.json"
	podman_is 'error engine-podman' 'error hooks-file'
	hooks
	chmod 0777 "$W/hooks.d"
	podman_is 'error hooks-trust'
	chmod 0755 "$W/hooks.d"
	engine_conf 'runtime = "crun"' "hooks_dir = [\"$W/wrong\", \"$W/precreate.d\"]"
	podman_is 'error engine-podman'
	# In the directory that all read.
	mkdir -p /etc/containers/oci/hooks.d
	cp "$W/precreate.d"/* /etc/containers/oci/hooks.d/
	engine_conf 'runtime = "crun"' "hooks_dir = [\"$W/hooks.d\", \"/etc/containers/oci/hooks.d/\"]"
	podman_is 'error hooks-precreate'
	rm -rf /etc/containers/oci/hooks.d
	# The program is gone: podman starts all the same, around coaming, which is seen of what runs.
	engine_conf 'runtime = "crun"' "hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]"
	rm "$W/bin/coaming-hook"
	podman run -d --annotation io.coaming.profile=p busybox probe wait >"$W/id"
	podman_is 'error engine-around' 'error engine-podman' 'error hooks-program' 'error hooks-program' \
		'error hooks-program' 'error hooks-program'
	assert_has "$W/what" '1 containers run that coaming has no decision on'
	podman rm -f -t 0 -a >/dev/null
}

other_engines() {
	local root=$W/root file

	mkdir -p "$root"/usr/bin "$root"/etc/{docker,containerd,crio/crio.conf.d,containers/oci/hooks.d} \
		"$root"/usr/share/containers/oci/hooks.d "$root/usr/local/bin"
	for file in dockerd containerd crio; do
		install -m 0755 /dev/null "$root/usr/bin/$file"
	done
	install -m 0755 /dev/null "$root/usr/local/bin/coaming-runtime"
	found --root "$root" engines
	assert_found 'error engine-docker' 'warning engine-containerd' 'error engine-crio'
	for file in docker containerd crio; do
		assert_has "$W/findings" "coaming setup $file --default"
	done
	echo '{"runtimes": {"coaming": {"path": "/usr/local/bin/coaming-runtime"}}}' \
		>"$root/etc/docker/daemon.json"
	printf '%s\n' 'version = 2' '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.coaming]' \
		'runtime_type = "io.containerd.runc.v2"' \
		'[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.coaming.options]' \
		'BinaryName = "/usr/local/bin/coaming-runtime"' >"$root/etc/containerd/config.toml"
	printf '%s\n' '[crio.runtime.runtimes.coaming]' 'runtime_path = "/usr/local/bin/coaming-runtime"' \
		>"$root/etc/crio/crio.conf.d/10-coaming.conf"
	found --root "$root" engines
	assert_found 'warning engine-docker' 'warning engine-containerd' 'warning engine-crio'
	jq '."default-runtime" = "coaming"' "$root/etc/docker/daemon.json" >"$W/d"
	cp "$W/d" "$root/etc/docker/daemon.json"
	printf '%s\n' 'version = 3' "[plugins.'io.containerd.cri.v1.runtime'.containerd]" \
		'default_runtime_name = "coaming"' \
		"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.coaming.options]" \
		"BinaryName = '/usr/local/bin/coaming-runtime'" >"$root/etc/containerd/config.toml"
	printf '%s\n' '[crio.runtime]' 'default_runtime = "coaming"' >"$root/etc/crio/crio.conf.d/20-x.conf"
	found --root "$root" engines
	assert_found ''
	# As Docker 23 has it, where a shim is named.
	echo '{"default-runtime": "x", "runtimes": {"x": {"runtimeType": "io.containerd.runc.v2",
		"options": {"BinaryName": "/usr/local/bin/coaming-runtime"}}}}' >"$root/etc/docker/daemon.json"
	found --root "$root" engines
	assert_found ''
	assert_has "$W/what" 'every container of CRI-O goes through coaming-runtime'
	# Version 1; and the runtime that containerd takes where none is named.
	printf '%s\n' '[plugins.cri.containerd.runtimes.runc.options]' \
		"BinaryName = '/usr/local/bin/coaming-runtime'" >"$root/etc/containerd/config.toml"
	found --root "$root" engines
	assert_found ''
	# A later file has the last word; hooks alone do not rewrite what CRI-O starts.
	printf '%s\n' '[crio.runtime]' 'default_runtime = "crun"' >"$root/etc/crio/crio.conf.d/30-y.conf"
	install -m 0755 /dev/null "$root/usr/local/bin/coaming-hook"
	for file in "$top/packaging/hooks.d"/*.json.in; do
		sed "s|@libexecdir@/coaming/|/usr/local/bin/|" "$file" \
			>"$root/usr/share/containers/oci/hooks.d/$(basename "$file" .in)"
	done
	rm "$root/usr/local/bin/coaming-runtime"
	echo '{' >"$root/etc/docker/daemon.json"
	found --root "$root" engines
	assert_found 'error engine-docker' 'error engine-file' 'error engine-runtime' 'error engine-runtime'
}

# A shell under CRI-O's name: what its command line says goes before the files.
of_the_line() { # [ARG...]; as $AS
	local pid

	mount -t tmpfs none /usr/local/bin
	cp /bin/bash /usr/local/bin/crio
	echo 'read -r _' >"$W/wait"
	mkfifo "$W/hold"
	exec 7<>"$W/hold"
	${AS:-} /usr/local/bin/crio "$W/wait" "$@" <&7 >"$W/crio.log" 2>&1 &
	pid=$!
	wait_for 5 'its command line' grep -qz "$W/wait" "/proc/$pid/cmdline"
	found engines
	grep -E '(engine-crio|engine-command-line|engine-runtime)$' "$W/found" >"$W/crios" || true
	mv "$W/crios" "$W/found"
	echo >&7
	wait "$pid" || true
	umount /usr/local/bin
	rm "$W/hold"
}

command_line() {
	mkdir -p /etc/crio/crio.conf.d
	install -m 0755 /dev/null "$W/coaming-runtime"
	of_the_line --log-level debug
	assert_found 'error engine-crio'
	of_the_line --default-runtime=mine --runtimes "mine:$W/coaming-runtime:/run/x" --runtimes runc:/y
	assert_found 'note engine-command-line'
	assert_has "$W/what" 'every container of CRI-O goes through coaming-runtime'
	assert_has "$W/what" '--default-runtime "mine" --runtimes "mine:'
	printf '%s\n' '[crio.runtime]' 'default_runtime = "coaming"' '[crio.runtime.runtimes.coaming]' \
		"runtime_path = \"$W/coaming-runtime\"" >"$W/crio.conf"
	of_the_line -c "$W/crio.conf"
	assert_found 'note engine-command-line'
	of_the_line -c "$W/crio.conf" --default-runtime runc
	assert_found 'note engine-command-line' 'warning engine-crio'
	# Whoever is not root says nothing of the host's daemon by executing its program.
	chmod -R a+rX "$W"
	AS='setpriv --reuid 1000 --clear-groups' of_the_line -c "$W/crio.conf"
	assert_found 'error engine-crio'
	AS='setpriv --reuid 1000 --clear-groups unshare --user --map-root-user' of_the_line -c "$W/crio.conf"
	assert_found 'error engine-crio'
}

own_programs() {
	local DOCTOR=$W/bin/coaming

	programs
	found programs
	assert_found ''
	chmod g+w "$W/bin/coaming-hook"
	found programs
	assert_found 'error program-trust'
	rm "$W/bin/coaming-hook"
	sed 's/\x000\.1\.0\x00/\x000.0.9\x00/g; s/ 0\.1\.0\x00/ 0.0.9\x00/g' "$B/coaming-runtime" \
		>"$W/bin/coaming-runtime"
	install -m 0755 "$B/coaming" "$W/bin/coaming-hook"
	found programs
	assert_found 'error program-version' 'warning program-static'
	programs
	rm "$W/bin/coaming-nft"
	sed -i 's/\x000\.1\.0\x00/\x000.0.9\x00/g' "$W/bin/coaming-sqlite"
	assert_eq "$("$W/bin/coaming-sqlite" --version)" 'coaming-sqlite 0.0.9' 'another version'
	assert_eq "$("$B/coaming-nft" --version)" "coaming-nft $("$B/coaming" --version | sed 's/.* //')" 'the version'
	found programs
	assert_found 'error program-missing' 'error program-version'
	found --root "$W" programs
	assert_found 'error program-missing' 'error program-missing' 'error program-missing' \
		'error program-missing'
}

the_policy() {
	found policy
	assert_found 'error policy-profile' 'note policy-index' 'warning policy-mode'
	profile p '{capabilities: {allow: []}, match: {labelSelector: {matchLabels: {a: "b"}}}}'
	host_config '.floor = ["p"]'
	coaming reload
	found policy
	assert_found ''
	# Written in place, within the same second, to the same length.
	sed 's/"b"/"c"/' "$W/profiles/p.json" >"$W/p"
	sleep 0.1
	cat "$W/p" >"$W/profiles/p.json"
	found policy
	assert_found 'warning policy-index'
	echo '{' >"$W/profiles/q.json"
	found policy
	assert_has "$W/found" 'error policy-profile'
	assert_has "$W/what" "$W/profiles/q.json:"
	rm "$W/profiles/q.json"
	chmod 0777 "$W/profiles"
	found policy
	assert_has "$W/found" 'error policy-directory'
	chmod 0755 "$W/profiles"
	host_config '.mode = "audit"'
	found policy
	assert_has "$W/found" 'warning policy-mode'
	host_config '.defaultProfile = {name: "p", mode: "audit"}'
	found policy
	assert_has "$W/found" 'note policy-mode'
}

what_runs() {
	local file

	profile p '{capabilities: {allow: []}}'
	found state
	assert_found ''
	coaming break-glass --for 1h --reason r
	bundle c1 "$(labelled p)" probe wait
	confined run --detach --bundle "$W/bundles/c1" c1 >"$W/c1" 2>&1 </dev/null
	found state
	assert_found 'warning break-glass' 'warning state-break-glass'
	truncate -s -1 "$W/state/break-glass.json"
	found state
	assert_found 'warning break-glass' 'warning state-break-glass'
	rm "$W/state/break-glass.json"
	# The runtime dies with the container: nobody says that it ended.
	file=$(echo "$W"/state/containers/*.json)
	kill -KILL "$(jq .pid "$file")"
	wait_for 5 "its end" sh -c "! kill -0 $(jq .pid "$file")"
	found state
	assert_found 'warning state-stale'
	truncate -s -1 "$file"
	found state
	assert_found 'warning state-damaged'
	found --root "$W" state
	assert_found 'note state-containers'
}

# runtime_says SED LINE...: of the real one, with its answers altered.
runtime_says() {
	printf '#!/bin/bash\nset -o pipefail\n%s "$@" | sed %s\n' "$real" "'$1'" >"$W/real"
	chmod 0755 "$W/real"
	shift
	found kernel
	assert_found "$@"
}

the_runtime() {
	local real

	host_config ".runtimes = [\"$W/real\"]"
	real=$(command -v runc)
	runtime_says '' ''
	assert_has "$W/what" "$(runc --version | head -n 1)"
	assert_has "$W/what" 'it has the seccomp actions and the hooks that coaming needs'
	runtime_says 's/"SCMP_ACT_ERRNO"/"SCMP_ACT_OTHER"/' 'error runtime-features'
	assert_has "$W/what" 'does not have SCMP_ACT_ERRNO'
	runtime_says 's/^{/[/' 'warning runtime-features'
	real=$(command -v crun)
	runtime_says 's/+SECCOMP//' 'error runtime-features'
	assert_has "$W/what" 'was built without SECCOMP'
	echo 'exit 1' >"$W/real"
	found kernel
	assert_found 'error runtime'
}

no_doctor() {
	! pgrep -x -f "$W/bin/coaming .*doctor kernel" >/dev/null
}

the_kernel() {
	found kernel
	assert_found ''
	assert_has "$W/what" "$(crun --version | head -n 1)"
	assert_has "$W/what" 'it has no command features, and was built with seccomp and capabilities'
	run setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
		"$B/coaming" --config "$W/coaming.json" doctor --json kernel
	assert_status 1
	assert_json "$W/out" '[.findings[] | select(.severity == "error") | .id]
		== ["kernel-firewall", "kernel-trace"]'
	echo 'kill_thread trap errno' >"$W/actions"
	mount --bind "$W/actions" /proc/sys/kernel/seccomp/actions_avail
	host_config '.runtimes = ["no-such-runtime"]'
	found kernel
	assert_found 'error kernel-seccomp' 'error runtime'
	umount /proc/sys/kernel/seccomp/actions_avail
	the_runtime
	# Killed in the midst, by a monitor that waits no longer: nothing of it goes on.
	programs
	printf '#!/bin/sh\necho $$ >%s\nexec sleep 30\n' "$W/nft.pid" >"$W/bin/coaming-nft"
	"$W/bin/coaming" --config "$W/coaming.json" doctor kernel >/dev/null 2>&1 &
	wait_for 10 'the trial of rules' test -s "$W/nft.pid"
	assert_eq "$(pgrep -c -x -f "$W/bin/coaming .*doctor kernel")" 2 'doctor and its child'
	kill -KILL $!
	wait_for 5 'the end of its child' no_doctor
	kill "$(cat "$W/nft.pid")"
	run "$B/coaming" doctor kernle
	assert_status 2
	assert_has "$W/err" 'did you mean kernel?'
}

check "podman's path: runtime, hooks, and what runs around them" podmans_path
check 'Docker, containerd and CRI-O by their files' other_engines
check "a daemon's command line, before its files" command_line
check "coaming's own programs" own_programs
check 'the policy' the_policy
check 'what runs, and break-glass' what_runs
check 'the kernel and the runtime' the_kernel
finish
