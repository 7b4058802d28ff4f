#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What people do with engines, each use with its expected outcome: Docker, podman by both doors, and
# containerd by ctr, with the engine's own client. An engine is started once for all of its uses.
#
# Everything below stands under the profile "p": a few capabilities, no mkdir, a read-only root with
# a tmpfs on /data, port 8080 open and nothing out but to the database. So a container is confined
# where it holds its capabilities alone, has a read-only root, and cannot call mkdir (confined()).

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun podman dockerd docker containerd ctr jq nft ip busybox journalctl \
	"$B/coaming-runtime" "$B/coaming-hook"
probe=$B/tests/integration/probe

profile_p() {
	profile p '{capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir", "mkdirat"]},
		rootfs: {readOnly: true, writable: [{path: "/data", size: "1M"}]},
		network: {ingress: [{ports: [{port: 8080}]}],
			egress: [{to: [{ipBlock: {cidr: "10.77.0.0/16"}}], ports: [{port: 5432}]}]},
		admission: {deny: ["privileged", "hostNetwork", "hostPID", "hostPath:/root"]},
		limits: {pids: 100}}'
}

look=(probe status -- mkdir /data/x -- flags / -- raw)

# What `look` has printed, of a process that no option made smaller.
confined() {
	assert_status 0
	assert_process CHOWN
	assert_has "$W/out" 'mkdir /data/x: EPERM'
	assert_matches "$W/out" '^flags /: ro'
	assert_has "$W/out" 'raw: EPERM'
}

# As another user: no capability is left after the execve, and none may come back.
confined_as_user() {
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	assert_eq "$(field "$W/out" CapEff)" "$(cap_mask)" CapEff
	assert_eq "$(field "$W/out" NoNewPrivs)" 1 NoNewPrivs
	assert_eq "$(field "$W/out" Uid | tr '\t' ' ')" "1000 1000 1000 1000" Uid
	assert_has "$W/out" 'mkdir /data/x: EPERM'
}

# The client tells why, and nothing has run.
refused() { # TEXT
	[ "$status" -ne 0 ] || fail "it was started"
	assert_has_not "$W/out" started
	cat "$W/out" "$W/err" >"$W/told"
	assert_has "$W/told" "$1"
	wait_for 30 "the record of a refusal: $1" denied "$1"
}

denied() { # TEXT
	journal COAMING_EVENT=deny COAMING_OUTCOME=refuse |
		jq -es --arg text "$1" 'any(.[]; .COAMING_REASON | contains($text))'
}

admissions() { # ID
	journal CONTAINER_ID_FULL="$1" COAMING_EVENT=admit COAMING_OUTCOME=accept | wc -l
}

# A web server and its database on one network, as compose files have it: the ports that the
# profile opens answer, the others do not, whoever asks.
assert_shop() { # CLIENT WEB_ADDRESS DB_ADDRESS
	local id

	id=$($1 inspect -f '{{.Id}}' web)
	"$probe" tcp "$2" 8080 -- tcp "$2" 8081 >"$W/seen"
	assert_has "$W/seen" "tcp $2 8080: ok"
	assert_has_not "$W/seen" "tcp $2 8081: ok"
	wait_for 10 "the web server's questions" sh -c "$1 logs web | grep -q 'tcp $3 9999'"
	$1 logs web >"$W/seen"
	assert_has "$W/seen" "tcp $3 5432: ok"
	assert_has_not "$W/seen" "tcp $3 9999: ok"
	run $1 rm -f web
	journal CONTAINER_ID_FULL="$id" COAMING_EVENT=stop >"$W/j"
	assert_json "$W/j" "[.COAMING_REFUSED_FLOW] | flatten | any(test(\"^ingress tcp .* 8081 \"))
		and any(test(\"^egress tcp $3 9999 \"))"
	# Whoever made them, each knows the other end.
	journal CONTAINER_ID_FULL="$id" COAMING_EVENT=flow >"$W/j"
	assert_json "$W/j" "([.COAMING_FLOW] | flatten |
		any(test(\"^egress accepted tcp $3 5432 packets=1 \")) and
		any(test(\"^ingress accepted tcp [0-9.]+ 8080 packets=1 \")) and
		any(test(\"^egress refused tcp $3 9999 \"))) and .COAMING_ADDRESS == \"$2\" and
		(.COAMING_FLOW_PEER | fromjson | .name == \"db\" and .address == \"$3\")"
}

# --- Docker ----------------------------------------------------------------------------------------

dock() {
	docker -H "unix://$W/docker.sock" "$@"
}

docker_start() {
	journal_start
	mkdir -p /etc/coaming
	profile_p
	profile db '{network: {ingress: [{ports: [{port: 5432}]}], egress: []}, mode: "enforce"}'
	host_config '.floor = ["p"]'
	cp "$W/coaming.json" /etc/coaming/coaming.json
	jq -n --arg path "$B/coaming-runtime" '{"default-runtime": "coaming",
		runtimes: {coaming: {path: $path}}}' >"$W/daemon.json"
	dockerd --config-file "$W/daemon.json" -H "unix://$W/docker.sock" --data-root "$W/data" \
		--exec-root "$W/exec" -p "$W/docker.pid" --storage-driver vfs --bridge none \
		--iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/$CG" >"$W/dockerd.log" 2>&1 &
	wait_for 20 dockerd dock info || { tail -n 20 "$W/dockerd.log"; return 1; }
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	tar -C "$T/rootfs" -c . | dock import - busybox >/dev/null
}

docker_uses() {
	docker_start
	run dock run --rm --network none busybox "${look[@]}"
	confined
	run dock run --rm --network none --init busybox sh -c "cat /proc/1/comm; ${look[*]}"
	confined
	assert_matches "$W/out" '^(docker-init|tini)'
	run dock run --rm --network none --user 1000:1000 busybox "${look[@]}"
	confined_as_user
	# Asked for, it is the request's: no tmpfs is given.
	run dock run --rm --network none --read-only busybox sh -c "touch /data/x || echo not written; ${look[*]}"
	confined
	assert_has "$W/out" 'not written'
	run dock run --rm --network none --privileged busybox echo started
	refused 'profile p: privileged is denied'
	run dock run --rm --network none --pid host busybox echo started
	refused 'profile p: hostPID is denied'
	run dock run --rm --network host busybox echo started
	refused 'hostNetwork is denied'
	run dock run --rm --network none --userns host busybox "${look[@]}"
	confined
	run dock run --rm --network none --security-opt systempaths=unconfined busybox \
		cat /proc/self/mountinfo
	assert_status 0
	assert_matches "$W/out" ' /proc/sys ro'
	run dock volume create -o type=none -o o=bind -o device=/root roots
	run dock run --rm --network none -v roots:/data busybox echo started
	refused 'hostPath:"/root" is denied'

	run dock run -d --name healthy --network none --health-cmd 'probe status' \
		--health-interval 1s busybox probe wait
	assert_status 0
	wait_for 30 'the health check' sh -c \
		"[ \"\$(docker -H unix://$W/docker.sock inspect -f '{{.State.Health.Status}}' healthy)\" = healthy ]"
	dock inspect -f '{{(index .State.Health.Log 0).Output}}' healthy >"$W/out"
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" "CapBnd of the health check"
	assert_eq "$(field "$W/out" Seccomp)" 2 "Seccomp of the health check"

	run dock run -d --name again --network none --restart on-failure:2 busybox false
	wait_for 30 'the restarts' sh -c \
		"docker -H unix://$W/docker.sock inspect -f '{{.RestartCount}} {{.State.Status}}' again |
			grep -q '2 exited'"
	assert_eq "$(admissions "$(dock inspect -f '{{.Id}}' again)")" 3 \
		'admissions of one that is started three times'
	run dock rm -f healthy again
	assert_clean
}

docker_compose() {
	docker_start
	run dock network create --subnet 10.77.1.0/24 shop
	assert_status 0
	# Each service has its profile by the host's floor: here what both may do.
	jq '.floor = []  | .defaultProfile = "db"' "$W/coaming.json" >/etc/coaming/coaming.json
	run dock run -d --name db --network shop --ip 10.77.1.3 busybox probe serve 5432 -- serve 9999 -- wait
	assert_status 0
	jq '.floor = ["p"]' "$W/coaming.json" >/etc/coaming/coaming.json
	run dock run -d --name web --network shop --ip 10.77.1.2 busybox probe serve 8080 -- serve 8081 \
		-- tcp 10.77.1.3 5432 -- tcp 10.77.1.3 9999 -- wait
	assert_status 0
	assert_shop "docker -H unix://$W/docker.sock" 10.77.1.2 10.77.1.3
	run dock rm -f db
	assert_clean
}

# --- podman ------------------------------------------------------------------------------------------

# podman_start runtime|hooks
podman_start() {
	local dir file

	journal_start
	mkdir -p /etc/coaming
	profile_p
	profile infra '{match: {image: ["*/pause"]}, network: {ingress: [{ports: [{port: 8080}]}]}}'
	profile db '{network: {ingress: [{ports: [{port: 5432}]}], egress: []}}'
	host_config
	cp "$W/coaming.json" /etc/coaming/coaming.json
	podman_setup
	sed -i "s|^log_driver = .*|&\ninit_path = \"$(command -v docker-init)\"|" "$CONTAINERS_CONF"
	if [ "$1" = runtime ]; then
		sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF"
		return
	fi
	for dir in hooks.d precreate.d; do
		mkdir -p "$W/$dir"
		for file in "$top/packaging/$dir"/*.json.in; do
			sed "s|@libexecdir@/coaming/|$B/|" "$file" >"$W/$dir/$(basename "$file" .in)"
		done
	done
	sed -i "s|^hooks_dir = .*|hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]|" "$CONTAINERS_CONF"
}

pod() { # ARG...: podman run under p
	run podman run --annotation io.coaming.profile=p "$@"
}

podman_uses() {
	podman_start "$1"
	pod --rm busybox "${look[@]}"
	confined
	pod --rm --init busybox sh -c "cat /proc/1/comm; ${look[*]}"
	confined
	assert_matches "$W/out" '^(catatonit|docker-init|tini|podman-init)'
	pod --rm --user 1000:1000 busybox "${look[@]}"
	confined_as_user
	pod --rm --read-only busybox sh -c "touch /data/x || echo not written; ${look[*]}"
	confined
	assert_has "$W/out" 'not written'
	pod --rm --privileged busybox echo started
	refused 'profile p: privileged is denied'
	pod --rm --pid host busybox echo started
	refused 'profile p: hostPID is denied'
	pod --rm --network host busybox echo started
	refused 'hostNetwork is denied'
	pod --rm --uidmap 0:100000:2000 --gidmap 0:100000:2000 busybox "${look[@]}"
	confined
	pod --rm --security-opt unmask=ALL busybox cat /proc/self/mountinfo
	assert_status 0
	assert_matches "$W/out" ' /proc/sys ro'
	run podman volume create --opt type=none --opt o=bind --opt device=/root roots
	pod --rm -v roots:/data busybox echo started
	# runc mounts before it calls the hook that would say why.
	[ "$1 $RUNTIME" = 'hooks runc' ] || refused 'hostPath:"/root" is denied'
	assert_has_not "$W/out" started

	pod -d --name healthy --health-cmd 'probe status' --health-interval disable busybox probe wait
	assert_status 0
	run podman healthcheck run healthy
	assert_status 0
	pod -d --name again --restart on-failure:2 busybox false
	wait_for 30 'the restarts' sh -c \
		"podman inspect -f '{{.RestartCount}} {{.State.Status}}' again | grep -q '2 exited'"
	assert_eq "$(admissions "$(podman inspect -f '{{.Id}}' again)")" 3 \
		'admissions of one that is started three times'
	run podman rm -f -t 0 healthy again
	assert_clean
}

# Containers of a pod share one network: each has a table there, so that a packet must pass them all.
# That of the pod itself, which only holds it, must be confined too.
podman_pods() {
	podman_start "$1"
	run podman pod create --name loose --infra-image busybox --infra-command 'probe wait'
	pod -d --pod loose --name in-loose busybox echo started
	refused 'joins the network of another container that coaming does not confine'
	run podman pod rm -f -t 0 loose
	podman tag busybox pause
	run podman pod create --name shop --infra-image localhost/pause --infra-command 'probe wait'
	assert_status 0
	pod -d --pod shop --name web busybox probe serve 8080 -- serve 8081 -- status -- mkdir /data/x -- wait
	assert_status 0
	pod --pod shop --name side --rm busybox probe tcp 127.0.0.1 8080
	assert_has "$W/out" 'tcp 127.0.0.1 8080: ok'
	address=$(podman inspect -f '{{.NetworkSettings.IPAddress}}' "$(podman pod inspect -f '{{.InfraContainerID}}' shop)")
	"$probe" tcp "$address" 8080 -- tcp "$address" 8081 >"$W/seen"
	assert_has "$W/seen" "tcp $address 8080: ok"
	assert_has_not "$W/seen" "tcp $address 8081: ok"
	podman logs web >"$W/out"
	assert_has "$W/out" 'mkdir /data/x: EPERM'
	run podman pod rm -f -t 0 shop
	assert_status 0
	assert_clean
}

podman_compose() {
	podman_start "$1"
	run podman network create --disable-dns --subnet 10.77.1.0/24 shop
	assert_status 0
	run podman run -d --name db --network shop --ip 10.77.1.3 --annotation io.coaming.profile=db busybox \
		probe serve 5432 -- serve 9999 -- wait
	assert_status 0
	pod -d --name web --network shop --ip 10.77.1.2 busybox probe serve 8080 -- serve 8081 \
		-- tcp 10.77.1.3 5432 -- tcp 10.77.1.3 9999 -- wait
	assert_status 0
	assert_shop podman 10.77.1.2 10.77.1.3
	run podman rm -f -t 0 db
	assert_clean
}

# --- containerd ---------------------------------------------------------------------------------------

ctr_() {
	ctr -a "$W/containerd.sock" "$@"
}

# An image as `docker save` writes it.
image_archive() {
	mkdir -p "$W/image"
	tar -C "$T/rootfs" -cf "$W/image/layer.tar" .
	jq -n --arg diff "sha256:$(sha256sum <"$W/image/layer.tar" | cut -d ' ' -f 1)" \
		'{architecture: "amd64", os: "linux", config: {}, rootfs: {type: "layers", diff_ids: [$diff]}}' \
		>"$W/image/config.json"
	echo '[{"Config": "config.json", "RepoTags": ["docker.io/library/busybox:latest"], "Layers": ["layer.tar"]}]' \
		>"$W/image/manifest.json"
	tar -C "$W/image" -cf "$W/image.tar" manifest.json config.json layer.tar
}

containerd_start() {
	journal_start
	mkdir -p /etc/coaming
	profile_p
	host_config
	cp "$W/coaming.json" /etc/coaming/coaming.json
	cat >"$W/containerd.toml" <<-END
		version = 2
		root = "$W/containerd"
		state = "$W/containerd-state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$W/containerd.sock"
	END
	containerd --config "$W/containerd.toml" >"$W/containerd.log" 2>&1 &
	wait_for 20 containerd ctr_ version || { tail -n 20 "$W/containerd.log"; return 1; }
	[ -d "$T/rootfs" ] || rootfs "$T/rootfs"
	image_archive
	run ctr_ image import --snapshotter native "$W/image.tar"
	assert_status 0
}

task() { # NAME OPTION... -- COMMAND...
	local name=$1 options=()
	shift

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run ctr_ run --rm --snapshotter native --runc-binary "$B/coaming-runtime" \
		--cgroup "/$CG/$name" --label "io.coaming.profile=${label-p}" "${options[@]}" \
		docker.io/library/busybox:latest "$name" "$@"
}

containerd_uses() {
	containerd_start
	task plain -- "${look[@]}"
	confined
	task ro --read-only -- sh -c "touch /data/x || echo not written; ${look[*]}"
	confined
	assert_has "$W/out" 'not written'
	task privileged --privileged -- echo started
	refused 'profile p: privileged is denied'
	task hostnet --net-host -- echo started
	refused 'hostNetwork is denied'
	task mounted --mount type=bind,src=/root,dst=/data,options=rbind:ro -- echo started
	refused 'hostPath:"/root" is denied'
	task proc --mount type=proc,src=proc,dst=/data -- cat /proc/self/mountinfo
	assert_status 0
	assert_matches "$W/out" ' /data/sys ro'
	label=none
	task label -- echo started
	refused 'names profile "none"'
	assert_eq "$(journal CONTAINER_NAME=plain COAMING_EVENT=stop | wc -l)" 1 stops
	assert_clean
}

for RUNTIME in crun runc; do
	check "docker, $RUNTIME: init, users, privileges, namespaces, volumes, health, restarts" docker_uses
	check "containerd, $RUNTIME: privileges, namespaces, mounts" containerd_uses
done
# podman.sh has the other pairs of door and runtime.
check 'podman, runtime: init, users, privileges, namespaces, volumes, health, restarts' podman_uses runtime
check 'podman, runtime: a pod' podman_pods runtime
check 'podman, runtime: two services on one network' podman_compose runtime
check 'docker: two services on one network' docker_compose
RUNTIME=crun
check 'podman, hooks: init, users, privileges, namespaces, volumes, health, restarts' podman_uses hooks
check 'podman, hooks: a pod' podman_pods hooks
finish
