#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pods: the real containerd with its CRI plugin, the bridge plugin of CNI, and a client that asks for
# what the kubelet asks for (cri.py), with coaming-runtime as a runtime handler.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need containerd ctr runc crun jq nft ip busybox journalctl /usr/bin/python3 /usr/lib/cni/bridge \
	/usr/lib/cni/host-local "$B/coaming" "$B/coaming-runtime"
/usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || {
	skip "${0##*/}" "python3-grpcio and python3-protobuf are not there"
	finish
}

# The CRI plugin's namespace in containerd.
control() {
	ctr -a "$W/containerd.sock" -n k8s.io "$@"
}

# cri METHOD REQUEST_JQ: see cri.py.
cri() {
	local method=$1

	jq -n "$2" >"$W/request.json"
	run /usr/bin/python3 "$here/cri.py" "$W/containerd.sock" "$method" <"$W/request.json"
}

answer() { # KEY
	jq -er ".$1" "$W/out"
}

# import NAME CONFIG: an image of the root file system.
import() {
	image_tar "$@"
	control images import --snapshotter native "$W/image.tar" >/dev/null
}

# What the plugin itself must be told, but for its runtimes.
plugin() {
	cat <<-END
		version = 2
		root = "$W/root"
		state = "$W/containerd"
		[grpc]
		address = "$W/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		path = "$W/opt"
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "registry.test/pause:1"
		disable_apparmor = true
		restrict_oom_score_adj = true
		[plugins."io.containerd.grpc.v1.cri".cni]
		bin_dir = "/usr/lib/cni"
		conf_dir = "$W/cni"
		[plugins."io.containerd.grpc.v1.cri".containerd]
		snapshotter = "native"
	END
}

# The pods' network: what leads out of it is no matter of ours.
network() {
	mkdir -p "$W/cni" "$W/logs"
	jq -n --arg ipam "$W/ipam" '{cniVersion: "0.4.0", name: "pods", plugins: [{type: "bridge",
		bridge: "pods0", isGateway: true, ipam: {type: "host-local", dataDir: $ipam,
			ranges: [[{subnet: "10.88.0.0/24"}]]}}]}' >"$W/cni/10-pods.conflist"
}

# containerd_start CONFIG: with the images, once it answers as a node's.
containerd_start() {
	network
	containerd --config "$1" >"$W/containerd.log" 2>&1 &
	containerd=$!
	wait_for 20 containerd control version
	import registry.test/pause:1 '{Entrypoint: ["/bin/probe", "wait"], Labels: {infra: "yes"}}'
	cp "$W/image/manifest" "$W/pause.manifest"
	import registry.test/app:1 '{Env: ["PATH=/bin"],
		Labels: {vendor: "x", tier: "evil", "io.coaming.profile": "evil"}}'
	wait_for 20 "the CRI plugin" ready
	wait_for 20 "the images" has_image registry.test/pause:1
	wait_for 20 "the images" has_image registry.test/app:1
}

ready() {
	cri Status '{}'
	jq -e '.status.conditions | length > 0 and all(.status)' "$W/out"
}

has_image() {
	cri ImageStatus "{image: {image: \"$1\"}}"
	jq -e '.image.id' "$W/out"
}

# node RUNTIME [HOST_EDIT]: a node on which that is the runtime behind coaming's.
node() {
	RUNTIME=$1
	journal_start
	host_config ".runtimes = [\"$(command -v "$1")\"] | ${2:-.}"
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	{
		plugin
		cat <<-END
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
			runtime_type = "io.containerd.runc.v2"
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.coaming]
			runtime_type = "io.containerd.runc.v2"
			pod_annotations = ["io.coaming.*"]
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.coaming.options]
			BinaryName = "$B/coaming-runtime"
		END
	} >"$W/config.toml"
	containerd_start "$W/config.toml"
}

# pod NAME [JQ_EDIT]: what the kubelet asks for; the sandbox's id in $W/NAME.id.
pod() {
	local name=$1 uid

	uid=$(cat /proc/sys/kernel/random/uuid)
	jq -n --arg n "$name" --arg uid "$uid" --arg cg "/$CG/kubepods/pod$uid" --arg logs "$W/logs" '
		{metadata: {name: $n, uid: $uid, namespace: "prod"}, hostname: $n, log_directory: $logs,
		labels: {"io.kubernetes.pod.name": $n, "io.kubernetes.pod.namespace": "prod",
			"io.kubernetes.pod.uid": $uid},
		linux: {cgroup_parent: $cg, security_context: {namespace_options: {pid: "CONTAINER"}}}}
		| '"${2:-.}" >"$W/$name.pod"
	cri RunPodSandbox "{runtime_handler: \"${handler-coaming}\", config: $(cat "$W/$name.pod")}"
	[ "$status" -ne 0 ] || answer pod_sandbox_id >"$W/$name.id"
}

# container POD NAME JQ_EDIT COMMAND...: made and started, the status is that of the start; its id in
# $W/POD-NAME.id, what it prints in $W/logs/POD-NAME.
container() {
	local pod=$1 name=$2 edit=$3
	shift 3

	jq --arg n "$name" --arg log "$pod-$name" '{metadata: {name: $n},
		image: {image: "registry.test/app:1"}, command: $ARGS.positional, log_path: $log,
		labels: (.labels | {"io.kubernetes.container.name": $n, "io.kubernetes.pod.name",
			"io.kubernetes.pod.namespace", "io.kubernetes.pod.uid"}),
		annotations: {"io.kubernetes.container.hash": "4f2a", "io.kubernetes.container.restartCount": "0"},
		linux: {resources: {memory_limit_in_bytes: "100000000"},
			security_context: {namespace_options: {pid: "CONTAINER"},
				seccomp: {profile_type: "Unconfined"}}}} | '"$edit" \
		"$W/$pod.pod" --args -- "$@" >"$W/container.json"
	cri CreateContainer "{pod_sandbox_id: \"$(cat "$W/$pod.id")\",
		sandbox_config: $(cat "$W/$pod.pod"), config: $(cat "$W/container.json")}"
	assert_status 0
	answer container_id >"$W/$pod-$name.id"
	cri StartContainer "{container_id: \"$(cat "$W/$pod-$name.id")\"}"
}

# printed POD NAME: what the container has printed, once it has ended, into $W/out.
printed() {
	wait_for 20 "the end of $2" ended "$(cat "$W/$1-$2.id")"
	sed -E 's/^[^ ]+ std(out|err) [FP] //' "$W/logs/$1-$2" >"$W/out"
	cat "$W/out"
}

ended() { # ID
	cri ContainerStatus "{container_id: \"$1\"}"
	[ "$(answer status.state)" = CONTAINER_EXITED ]
}

# in_container POD NAME COMMAND...: kubectl exec without a terminal, as a probe's.
in_container() {
	local id

	id=$(cat "$W/$1-$2.id")
	shift 2
	cri ExecSync "{container_id: \"$id\", cmd: $(jq -nc '$ARGS.positional' --args -- "$@")}"
	[ "$status" -ne 0 ] || {
		answer exit_code >"$W/code"
		answer stdout | base64 -d >"$W/stdout"
		mv "$W/stdout" "$W/out"
	}
}

# removed POD NAME: one container of it.
removed() {
	cri StopContainer "{container_id: \"$(cat "$W/$1-$2.id")\", timeout: \"1\"}"
	assert_status 0
	cri RemoveContainer "{container_id: \"$(cat "$W/$1-$2.id")\"}"
	assert_status 0
}

# kubectl_exec POD NAME TTY COMMAND...: through the plugin's stream, with a terminal where TTY is true.
kubectl_exec() {
	local id tty=$3

	id=$(cat "$W/$1-$2.id")
	shift 3
	cri Exec "{container_id: \"$id\", cmd: $(jq -nc '$ARGS.positional' --args -- "$@"), tty: $tty,
		stdin: $tty, stdout: true, stderr: ($tty | not)}"
}

# gone POD...: stopped and removed, with all that is in it.
gone() {
	local pod

	for pod; do
		cri StopPodSandbox "{pod_sandbox_id: \"$(cat "$W/$pod.id")\"}"
		assert_status 0
		cri RemovePodSandbox "{pod_sandbox_id: \"$(cat "$W/$pod.id")\"}"
		assert_status 0
	done
}

# record FIELD=VALUE...: the one record with them, into $W/j.
record() {
	journal "$@" >"$W/j"
	assert_eq "$(wc -l <"$W/j")" 1 "records with $*"
}

refused() { # TEXT
	[ "$status" -ne 0 ] || fail "let start"
	assert_has "$W/err" "$1"
}

# At createRuntime, of whose sentence crun tells its caller nothing.
refused_by_hook() { # NAME TEXT
	[ "$status" -ne 0 ] || fail "let start"
	[ "$RUNTIME" = crun ] || assert_has "$W/err" "$2"
	run coaming why "$1"
	assert_status 1
	tr -s '\n ' ' ' <"$W/out" >"$W/text"
	assert_has "$W/text" "$2"
}

web='{match: {labelSelector: {matchLabels: {tier: "web"}}}, capabilities: {allow: ["CHOWN"]}}'
labelled_web='.labels.tier = "web"'

# --- checks --------------------------------------------------------------------------------------

digest() { # FILE
	echo "sha256:$(sha256sum <"$1" | cut -c 1-64)"
}

# The kubelet gives a container its names and no more: the pod's labels are the sandbox's.
labels_of_pods() {
	profile web "$web"
	profile evil '{capabilities: {allow: ["KILL"]}}'
	profile prod '{match: {labelSelector: {matchLabels: {"io.kubernetes.pod.namespace": "prod",
		"io.kubernetes.pod.name": "other", "io.kubernetes.container.name": "main"}}},
		capabilities: {allow: ["SETUID"]}}'
	node "$1"
	pod shop "$labelled_web"
	assert_status 0
	container shop front . cat /proc/self/status
	assert_status 0
	printed shop front
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" "CapBnd under the profile of the pod's label"
	record COAMING_EVENT=admit CONTAINER_NAME=front
	assert_json "$W/j" '.COAMING_PROFILE == "web" and .COAMING_ENGINE == "containerd"
		and .IMAGE_NAME == "registry.test/app:1" and .COAMING_POD == "shop"
		and .COAMING_POD_NAMESPACE == "prod" and .COAMING_POD_CONTAINER == "front"'
	assert_eq "$(jq -r .COAMING_POD_UID "$W/j")" "$(jq -r .metadata.uid "$W/shop.pod")" "the pod's UID"
	assert_eq "$(jq -r .CONTAINER_ID_FULL "$W/j")" "$(cat "$W/shop-front.id")" "the id"
	assert_eq "$(jq -r .COAMING_IMAGE_DIGEST "$W/j")" "$(digest "$W/image/manifest")" "the image's digest"
	assert_eq "$(jq -r .COAMING_IMAGE_ID "$W/j")" "$(digest "$W/image/config")" "the image's id"
	# What the image says too goes behind what the pod says; the sandbox's image stays an image.
	assert_json "$W/j" '(.COAMING_LABEL | any(. == "tier=web") and any(. == "vendor=x")
			and any(. == "io.cri-containerd.kind=container"))
		and (.COAMING_LABEL_SOURCE | any(. == "tier=engine") and any(. == "vendor=image")
			and any(. == "io.kubernetes.pod.name=engine")
			and all(startswith("infra=") | not))
		and .COAMING_LABEL_DROPPED == "io.coaming.profile=evil"'
	# The sandbox is a container of that pod as others are.
	record COAMING_EVENT=admit CONTAINER_NAME=shop
	assert_json "$W/j" '.COAMING_PROFILE == "web" and .COAMING_POD == "shop"
		and .COAMING_POD_CONTAINER == null and .IMAGE_NAME == "registry.test/pause:1"
		and (.COAMING_LABEL_SOURCE | any(. == "infra=image") and any(. == "tier=engine"))'
	assert_eq "$(jq -r .COAMING_IMAGE_DIGEST "$W/j")" "$(digest "$W/pause.manifest")" "the sandbox's image"

	# By names, which both implementations of the CRI have from the kubelet.
	pod other
	container other main . cat /proc/self/status
	assert_status 0
	printed other main
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask SETUID)" "CapBnd under the profile of the names"
	container other beside . cat /proc/self/status
	printed other beside
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask SETUID)" ] || fail "its name is another"
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask KILL)" ] || fail "the image chose its profile"

	# An annotation of the pod's, where containerd hands it down; a label chooses as well.
	profile named '{capabilities: {allow: ["FOWNER"]}}'
	pod annotated '.annotations = {"io.coaming.profile": "named", other: "x"}'
	container annotated main . cat /proc/self/status
	printed annotated main
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask FOWNER)" "CapBnd under the profile of the annotation"
	pod chosen '.labels["io.coaming.profile"] = "named"'
	container chosen main . cat /proc/self/status
	printed chosen main
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask FOWNER)" "CapBnd under the profile that a label names"
	gone shop other annotated chosen
	assert_clean
}


# pid CONTAINER_ID: its init's.
pid() {
	local pid

	pid=$(cat "$W/containerd/io.containerd.runtime.v2.task/k8s.io/$1/init.pid")
	[ "$pid" -gt 1 ] || fail "no pid of $1"
	echo "$pid"
}

tables() { # POD: those in its network namespace
	nsenter -n -t "$(pid "$(cat "$W/$1.id")")" nft list tables | grep -c coaming_ || true
}

# Containers of a pod share its network, the first of them with a sandbox that does nothing there.
network_of_pods() {
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		network: {ingress: [], egress: []}}'
	profile front '{match: {labelSelector: {matchLabels: {"io.kubernetes.container.name": "front"}}},
		network: {ingress: [], egress: []}}'
	profile image '{match: {image: ["registry.test/app"]}, network: {ingress: [], egress: []}}'
	mv "$W/profiles/image.json" "$W/image.json"
	node "$1"
	# All of the pod, the sandbox too.
	pod shop "$labelled_web"
	assert_status 0
	container shop main . probe wait
	assert_status 0
	container shop side . probe wait
	assert_status 0
	assert_eq "$(tables shop)" 3 "tables in the pod's network"
	assert_eq "$(readlink "/proc/$(pid "$(cat "$W/shop-main.id")")/ns/net")" \
		"$(readlink "/proc/$(pid "$(cat "$W/shop-side.id")")/ns/net")" "the network of two containers"
	in_container shop side probe udp 10.88.0.1 53
	assert_has "$W/out" EPERM
	run coaming attest --all
	assert_status 0
	# Ended and made anew, as by a restart policy: its table goes, though the pod's network stays.
	removed shop side
	assert_eq "$(tables shop)" 2 "tables in the pod's network"
	container shop side '.metadata.attempt = 1' probe wait
	assert_status 0
	assert_eq "$(tables shop)" 3 "tables in the pod's network"
	# One that is confined by its name, in a pod whose sandbox is not.
	pod plain
	container plain front . probe wait
	assert_status 0
	assert_eq "$(tables plain)" 1 "tables in the pod's network"
	in_container plain front probe udp 10.88.0.1 53
	assert_has "$W/out" EPERM
	# Beside another one that is not confined, whose traffic the rules would be for, too.
	pod mixed
	container mixed other . probe wait
	assert_status 0
	container mixed front . probe wait
	refused_by_hook front 'it joins the network of another container that coaming does not confine'
	# By its image, which no sandbox has.
	mv "$W/image.json" "$W/profiles/image.json"
	pod byimage
	container byimage any . probe wait
	assert_status 0
	assert_eq "$(tables byimage)" 1 "tables in the pod's network"
	run coaming attest --all
	assert_status 0
	journal COAMING_EVENT=attest >"$W/j"
	assert_eq "$(jq -r .COAMING_OUTCOME "$W/j" | sort -u)" match "attestations"
	gone shop plain mixed byimage
	assert_clean
}


# The same as CRI-O lays its bundles out, and marks them: no CRI-O is here.
laid_out_as_crio() {
	local sandbox container storage=$W/storage/overlay-containers

	RUNTIME=$1
	host_config
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		network: {ingress: [], egress: []}, capabilities: {allow: ["CHOWN"]}}'
	sandbox=$(printf '%064d' 1)
	container=$(printf '%064d' 2)
	bundle "$sandbox" ".annotations = {\"io.container.manager\": \"cri-o\",
		\"io.kubernetes.cri-o.ContainerType\": \"sandbox\",
		\"io.kubernetes.cri-o.SandboxID\": \"$sandbox\",
		\"io.kubernetes.cri-o.Labels\": \"{\\\"app\\\": \\\"shop\\\"}\"}
		| .linux.cgroupsPath = \"/$CG/crio-$sandbox\"" probe wait
	mkdir -p "$storage/$sandbox" "$storage/$container"
	mv "$W/bundles/$sandbox" "$storage/$sandbox/userdata"
	confined run --detach --bundle "$storage/$sandbox/userdata" \
		--pid-file "$storage/$sandbox/userdata/pidfile" "$sandbox" >"$W/log.1" 2>&1 </dev/null
	in_pod "$container" "$sandbox"
	run confined run --bundle "$storage/$container/userdata" "$container"
	assert_status 0
	assert_has "$W/out" 'udp 10.88.0.1 53: E'
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	# Another process in that network is somebody's.
	nsenter -n -t "$(cat "$storage/$sandbox/userdata/pidfile")" sleep 1000 &
	wait_for 8 "another process" shares_network "$!" "$(cat "$storage/$sandbox/userdata/pidfile")"
	run confined run --bundle "$storage/$container/userdata" "$container"
	[ "$status" -ne 0 ] || fail "let start" # runc says 1, crun 255
	run coaming why "$container"
	tr -s '\n ' ' ' <"$W/out" >"$W/text"
	assert_has "$W/text" 'it joins the network of another container that coaming does not confine'
	kill "$!"
	confined delete --force "$sandbox"
	assert_clean
}

in_pod() { # ID SANDBOX
	bundle "$1" ".annotations = {\"io.container.manager\": \"cri-o\",
		\"io.kubernetes.cri-o.ContainerType\": \"container\",
		\"io.kubernetes.cri-o.SandboxID\": \"$2\",
		\"io.kubernetes.cri-o.Labels\": \"{\\\"tier\\\": \\\"web\\\"}\"}
		| .linux.cgroupsPath = \"/$CG/crio-$1\"
		| $(netns_path "/proc/$(cat "$storage/$2/userdata/pidfile")/ns/net")" \
		probe udp 10.88.0.1 53 -- status
	mv "$W/bundles/$1" "$storage/$1/userdata"
}

shares_network() { # PID PID
	[ "$(readlink "/proc/$1/ns/net")" = "$(readlink "/proc/$2/ns/net")" ]
}

# ip_of POD: its address.
ip_of() {
	cri PodSandboxStatus "{pod_sandbox_id: \"$(cat "$W/$1.id")\"}" >"$W/asked"
	answer status.network.ip
}

# Peers that are chosen by the labels of their pods.
peers_in_pods() {
	local address web

	profile db '{match: {labelSelector: {matchLabels: {tier: "db"}}}, network: {egress: [],
		ingress: [{from: [{labelSelector: {matchLabels: {tier: "web"}}}], ports: [{port: 5432}]}]}}'
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}}, network: {ingress: [],
		egress: [{to: [{labelSelector: {matchLabels: {tier: "db"}}}], ports: [{port: 5432}]}]}}'
	profile odd '{match: {labelSelector: {matchLabels: {tier: "odd"}}},
		network: {ingress: [], egress: [{ports: [{port: 5432}]}]}}'
	node "$1"
	pod web "$labelled_web"
	container web main . probe wait
	assert_status 0
	container web side . probe wait
	assert_status 0
	web=$(pid "$(cat "$W/web.id")")
	pod odd '.labels.tier = "odd"'
	container odd main . probe wait
	assert_status 0
	for _ in 1 2; do
		pod db '.labels.tier = "db"'
		container db main . probe serve 5432 -- wait
		assert_status 0
		address=$(ip_of db)
		for name in main side; do
			in_container web "$name" probe tcp "$address" 5432
			assert_has "$W/out" "tcp $address 5432: ok"
			in_container web "$name" probe tcp "$address" 5433
			assert_matches "$W/out" "tcp $address 5433: E"
		done
		in_container odd main probe tcp "$address" 5432
		assert_matches "$W/out" "tcp $address 5432: E"
		assert_eq "$(peers_of "$web" "$(cat "$W/web-side.id")")" "$address" "peers of web"
		run coaming attest --all
		assert_status 0
		gone db
		assert_eq "$(peers_of "$web" "$(cat "$W/web-side.id")")" "" "peers of web that are over"
	done
	gone web odd
	assert_clean
}

# What the pod's own words ask for, and no profile lets it have; each with its reason where the
# kubelet, and so its user, reads it.
refusals() {
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}}, admission:
		{deny: ["privileged", "hostNetwork", "hostPID", "hostIPC", "rootUser", "hostPath:/root"]}}'
	node "$1" '.exempt = [{labelSelector: {matchLabels: {"io.kubernetes.cri.container-type": "sandbox"}},
		reason: "sandboxes do nothing"}]'
	pod shop "$labelled_web | .linux.security_context.privileged = true"
	assert_status 0
	record COAMING_EVENT=exempt CONTAINER_NAME=shop
	assert_json "$W/j" '.COAMING_REASON == "sandboxes do nothing" and .COAMING_POD == "shop"'
	container shop root . probe wait
	refused 'profile web: rootUser is denied'
	user='.linux.security_context.run_as_user = {value: "1000"}'
	container shop privileged "$user | .linux.security_context.privileged = true" probe wait
	refused 'profile web: privileged is denied'
	container shop mounted "$user | .mounts = [{container_path: \"/data\", host_path: \"/root\"}]" probe wait
	refused 'profile web: hostPath:"/root" is denied'
	record COAMING_EVENT=deny CONTAINER_NAME=mounted
	assert_json "$W/j" '.COAMING_POD == "shop" and .COAMING_POD_NAMESPACE == "prod"
		and .IMAGE_NAME == "registry.test/app:1"'
	run coaming why prod/shop/mounted
	assert_status 1
	assert_matches "$W/out" '^refused$'
	assert_has "$W/out" 'in the pod "shop" of the namespace "prod"'
	container shop good "$user" probe wait
	assert_status 0
	# A profile that there is none of, a label source that cannot be read.
	pod lost '.labels["io.coaming.profile"] = "none"'
	container lost main . probe wait
	refused 'names profile "none"'
	# The host's namespaces, which a container joins by the paths of its sandbox's.
	for ns in network:hostNetwork pid:hostPID ipc:hostIPC; do
		host=".linux.security_context.namespace_options.${ns%:*} = \"NODE\""
		[ "$ns" != network:hostNetwork ] || host="$host | .hostname = \"\""
		pod "${ns%:*}" "$labelled_web | $host"
		assert_status 0
		container "${ns%:*}" main "$user | ${host%% |*}" probe wait
		refused "profile web: ${ns#*:} is denied"
		gone "${ns%:*}"
	done
	gone shop lost
	host='.linux.security_context.namespace_options.network = "NODE" | .hostname = ""'
	# Without the exemption the sandbox is the first one that is refused, and so the whole pod.
	jq 'del(.exempt)' "$W/coaming.json" >/etc/coaming/coaming.json
	pod host "$labelled_web | $host"
	refused 'profile web: hostNetwork is denied'
	pod host
	assert_status 0
	jq '.engines.containerd.root = "/nowhere"' "$W/coaming.json" >/etc/coaming/coaming.json
	container host main . probe wait
	refused 'labels that containerd keeps cannot be read'
	jq . "$W/coaming.json" >/etc/coaming/coaming.json
	gone host
	assert_clean
}

# The kubelet's securityContext, and a profile of a hardened service.
security_contexts() {
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		capabilities: {allow: ["NET_BIND_SERVICE", "CHOWN"]}, seccomp: {deny: ["mkdir", "mkdirat"]},
		rootfs: {readOnly: true, writable: [{path: "/data", size: "1M"}]}}'
	node "$1"
	pod shop "$labelled_web"
	# Nothing asked for: what the profile leaves.
	container shop plain . probe status -- mkdir /data/x -- flags / -- raw
	printed shop plain
	assert_process CHOWN NET_BIND_SERVICE
	assert_has "$W/out" 'mkdir /data/x: EPERM'
	assert_matches "$W/out" '^flags /: ro'
	# More than it leaves.
	container shop more '.linux.security_context.capabilities.add_capabilities = ["SYS_ADMIN", "NET_ADMIN"]' \
		probe status
	printed shop more
	assert_process CHOWN NET_BIND_SERVICE
	record COAMING_EVENT=admit CONTAINER_NAME=more
	assert_json "$W/j" '[.COAMING_CHANGE] | flatten | any(test("takes .*CAP_SYS_ADMIN"))'
	# Less: both hold.
	container shop less '.linux.security_context += {readonly_rootfs: true, no_new_privs: true,
		run_as_user: {value: "1000"}, run_as_group: {value: "1000"},
		seccomp: {profile_type: "RuntimeDefault"},
		capabilities: {drop_capabilities: ["ALL"], add_capabilities: ["CHOWN"]}}' \
		probe status -- mkdir /data/x -- flags / -- syscall keyctl
	printed shop less
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" CapBnd
	assert_eq "$(field "$W/out" CapEff)" "$(cap_mask)" CapEff
	assert_eq "$(field "$W/out" Uid | cut -f 1)" 1000 Uid
	assert_eq "$(field "$W/out" NoNewPrivs)" 1 NoNewPrivs
	assert_eq "$(field "$W/out" Seccomp)" 2 Seccomp
	assert_has "$W/out" 'mkdir /data/x: EPERM'
	assert_matches "$W/out" '^flags /: ro'
	# Attested at its first instruction, each of them.
	journal COAMING_EVENT=attest >"$W/j"
	assert_eq "$(jq -r .COAMING_OUTCOME "$W/j" | sort -u)" match "attestations"
	gone shop
	assert_clean
}

# Probes of the kubelet, and kubectl exec.
execs_in_pods() {
	profile web "$web"
	node "$1"
	pod shop "$labelled_web"
	container shop main '.linux.security_context.run_as_user = {value: "0"}' probe wait
	assert_status 0
	in_container shop main cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" "CapBnd of what is executed"
	record COAMING_EVENT=exec
	assert_json "$W/j" '.COAMING_EXEC_PROGRAM == "cat" and .COAMING_OUTCOME == "accept"
		and .COAMING_POD == "shop" and .COAMING_POD_NAMESPACE == "prod" and .COAMING_PROFILE == "web"
		and .COAMING_POD_CONTAINER == "main" and .COAMING_EXEC_UID == "0"
		and (.COAMING_ACTOR_CHAIN | test("containerd-shim"))'
	in_container shop main sh -c 'exit 7'
	assert_eq "$(cat "$W/code")" 7 "exit status of what is executed"
	kubectl_exec shop main false cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" "CapBnd of kubectl exec"
	kubectl_exec shop main true sh -c 'ls -l /proc/self/fd/0; cat /proc/self/status'
	assert_status 0
	assert_has "$W/out" '-> /dev/pts/'
	assert_eq "$(field "$W/out" CapBnd | tr -d '\r')" "$(cap_mask CHOWN)" "CapBnd of kubectl exec -t"
	record COAMING_EVENT=exec COAMING_EXEC_TTY=yes
	assert_json "$W/j" '.COAMING_EXEC_PROGRAM == "sh" and .COAMING_POD == "shop"'
	profile web "$web + {admission: {deny: [\"exec-tty\"]}}"
	kubectl_exec shop main true echo ran
	refused 'profile web: exec-tty is denied'
	kubectl_exec shop main false echo ran
	assert_status 0
	assert_eq "$(cat "$W/out")" ran "what is printed without a terminal"
	profile web "$web + {admission: {deny: [\"exec\"]}}"
	kubectl_exec shop main false echo ran
	refused 'profile web: exec is denied'
	assert_has_not "$W/out" ran
	in_container shop main echo ran
	refused 'profile web: exec is denied'
	journal COAMING_EVENT=exec COAMING_OUTCOME=refuse >"$W/j"
	assert_eq "$(jq -r '[.PRIORITY, .COAMING_EXEC_PROGRAM, .COAMING_POD] | @csv' "$W/j" | uniq -c | tr -s ' ')" \
		' 3 "2","echo","shop"' "records of what was refused"
	gone shop
	assert_clean
}

# What people see of pods.
shown() {
	profile web "$web"
	node "$1"
	pod shop "$labelled_web"
	container shop front . probe wait
	pod plain
	container plain main . probe wait
	run coaming ps
	assert_matches "$W/out" '^CONTAINER ID  NAME +POD +ENGINE +MODE +PROFILES '
	assert_matches "$W/out" "^$(cut -c 1-12 "$W/shop-front.id") +front +prod/shop +containerd +enforce +web +match .*tier=web"
	assert_matches "$W/out" "^$(cut -c 1-12 "$W/shop.id") +shop +prod/shop +containerd +enforce +web "
	assert_matches "$W/out" "^$(cut -c 1-12 "$W/plain-main.id") +main +prod/plain +containerd +unconfined +- "
	assert_has_not "$W/out" io.kubernetes.cri.
	run coaming ps --json
	assert_json "$W/out" '(.containers | length) == 4
		and (.containers[] | select(.name == "front") | .pod == "shop" and .podNamespace == "prod"
			and .podContainer == "front" and .labels.tier == "web" and .labels.vendor == "x"
			and .image == "registry.test/app:1" and .labelsWhy == null)
		and (.containers[] | select(.name == "main") | .mode == "unconfined" and .pod == "plain"
			and .podNamespace == "prod" and .podContainer == "main")'
	assert_eq "$(jq -r '.containers[] | select(.name == "front").podUid' "$W/out")" \
		"$(jq -r .metadata.uid "$W/shop.pod")" "the pod's UID"
	run coaming why prod/shop/front
	assert_status 0
	assert_has "$W/out" 'in the pod "shop" of the namespace "prod"'
	assert_matches "$W/out" '^  tier=web \(engine\)$'
	assert_matches "$W/out" '^  vendor=x \(image\)$'
	run coaming why --json prod/plain/main
	assert_json "$W/out" '.pod == "plain" and .podNamespace == "prod" and .podContainer == "main"'
	run coaming why prod/plain/front
	assert_status 2
	run coaming log --container prod/shop --event admit --json
	assert_eq "$(jq -r .CONTAINER_NAME "$W/out" | sort | tr '\n' ' ')" 'front shop ' "log of a pod"
	run coaming attest --all
	assert_status 0
	journal COAMING_EVENT=attest >"$W/j"
	assert_eq "$(jq -r .COAMING_OUTCOME "$W/j" | sort -u)" match "attestations"
	assert_eq "$(journal COAMING_EVENT=drift COAMING_EVENT=gap | wc -l)" 0 "drifts and gaps"
	# A pod that another handler runs.
	handler=runc
	pod around
	handler=coaming
	run coaming ps
	assert_matches "$W/out" "^$(cut -c 1-12 "$W/around.id") +- +- +- +unadmitted"
	run coaming attest --all
	record COAMING_EVENT=gap
	assert_json "$W/j" ".MESSAGE | test(\"$(cut -c 1-12 "$W/around.id")\")"
	gone shop plain around
	assert_eq "$(journal COAMING_EVENT=stop CONTAINER_NAME=front | wc -l)" 1 "stops"
	assert_clean
}

# From Debian's configuration: what coaming setup makes of it is what the plugin starts with.
set_up() {
	local toml=/etc/containerd/config.toml bin=/run/bin

	mkdir -p "$bin" /etc/containerd /etc/coaming
	cp "$B"/coaming{,-runtime,-hook,-nft} "$bin/"
	journal_start
	profile named '{capabilities: {allow: ["FOWNER"]}}'
	host_config ".runtimes = [\"$(command -v "$1")\"]"
	cp "$W/coaming.json" /etc/coaming/coaming.json
	plugin >"$toml"
	cp "$toml" "$W/before.toml"
	run "$bin/coaming" setup containerd
	assert_status 0
	containerd_start "$toml"
	pod_by_annotation coaming
	assert_eq "$seen" "$(cap_mask FOWNER)" "CapBnd with the handler"
	pod_by_annotation ''
	[ "$seen" != "$(cap_mask FOWNER)" ] || fail "confined without the handler"
	pod_by_annotation runc
	[ "$seen" != "$(cap_mask FOWNER)" ] || fail "confined by another handler"
	run "$bin/coaming" doctor --json
	assert_json "$W/out" '.findings[] | select(.id == "engine-containerd") | .severity == "warning"'

	run "$bin/coaming" setup containerd --default
	assert_status 0
	restart "$toml"
	pod_by_annotation ''
	assert_eq "$seen" "$(cap_mask FOWNER)" "CapBnd by default"
	run "$bin/coaming" doctor --json
	assert_json "$W/out" '.findings[] | select(.id == "engine-containerd") | .severity == "ok"
		and (.what | test("every container of containerd goes through coaming-runtime"))'

	run "$bin/coaming" setup containerd --remove
	assert_status 0
	assert_file_is "$toml" "$W/before.toml"
	restart "$toml"
	pod_by_annotation ''
	[ "$seen" != "$(cap_mask FOWNER)" ] || fail "confined after --remove"
	handler=coaming
	pod refused
	refused 'no runtime for "coaming" is configured'
}

restart() { # CONFIG: as systemctl restart does
	kill "$containerd"
	wait "$containerd" || true
	containerd --config "$1" >>"$W/containerd.log" 2>&1 &
	containerd=$!
	wait_for 20 "the CRI plugin" ready
}

pod_by_annotation() { # HANDLER
	handler=$1
	rm -f "$W/logs/shop-main"
	pod shop '.annotations = {"io.coaming.profile": "named"}'
	assert_status 0
	container shop main . cat /proc/self/status
	assert_status 0
	printed shop main
	seen=$(field "$W/out" CapBnd)
	gone shop
	handler=coaming
}

check 'CRI, runc: profiles by a pod'"'"'s labels, names and annotations' labels_of_pods runc
check 'CRI, crun: profiles by a pod'"'"'s labels, names and annotations' labels_of_pods crun
check 'CRI, runc: one network for the containers of a pod' network_of_pods runc
check 'CRI, crun: one network for the containers of a pod' network_of_pods crun
check 'CRI-O'"'"'s bundles, runc: a container beside a sandbox' laid_out_as_crio runc
check 'CRI-O'"'"'s bundles, crun: a container beside a sandbox' laid_out_as_crio crun
check 'CRI, runc: peers by the labels of their pods' peers_in_pods runc
check 'CRI, crun: peers by the labels of their pods' peers_in_pods crun
check 'CRI, runc: refused, and why' refusals runc
check 'CRI, crun: refused, and why' refusals crun
check 'CRI, runc: security contexts meet the profile' security_contexts runc
check 'CRI, crun: security contexts meet the profile' security_contexts crun
check 'CRI, runc: exec is met and recorded' execs_in_pods runc
check 'CRI, crun: exec is met and recorded' execs_in_pods crun
check 'CRI, runc: ps, why, log and attest of pods' shown runc
check 'CRI, crun: ps, why, log and attest of pods' shown crun
check 'CRI: coaming setup containerd, with the plugin itself' set_up runc
finish
