#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An application of three tiers, once for each of two classes of data, on one network: nginx, a Python
# program, PostgreSQL and Redis, Debian's own, in containers of podman, of Docker and of plain runc.
# The profiles are what `coaming generate` makes of a compose file, and nothing else. The application
# works; every other connection among all of the containers is refused and recorded; one that is
# added is let in by its labels before its first instruction; what a kill leaves, reconcile repairs.

. "$(dirname "$0")/lib.sh"
if [ -z "${COAMING_TEST_CG:-}" ] && [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null; then
	# Here, since the sandbox has no way to Debian's mirror.
	COAMING_TEST_TREE=$(O=$B bash "$here/rootfs.sh" bookworm) || COAMING_TEST_TREE=
	export COAMING_TEST_TREE
fi
sandbox "$@"
need debootstrap runc crun podman dockerd docker jq nft ip busybox journalctl "$B/coaming" \
	"$B/coaming-runtime" "$B/coaming-hook"
tree=${COAMING_TEST_TREE:-}
if [ ! -x "$tree/usr/sbin/nginx" ]; then
	skip "${0##*/}" "debootstrap made no root file system, see /var/cache/coaming-test/rootfs/bookworm.log"
	finish
fi
probe=$B/tests/integration/probe
PG=/usr/lib/postgresql/15/bin
classes=(pci public)
services=(web app db cache)
declare -A last=([pci-web]=11 [pci-app]=12 [pci-db]=13 [pci-cache]=14 [pci-app2]=15
	[public-web]=21 [public-app]=22 [public-db]=23 [public-cache]=24)
declare -A init=() # the first process of each

# --- the application -------------------------------------------------------------------------------

compose() { # CLASS
	cat <<-END
		name: shop-$1
		services:
		  web:
		    image: docker.io/library/nginx:1.22
		    ports: ["80:80"]
		    depends_on: [app]
		    labels: {io.coaming.data-class: $1}
		  app:
		    image: docker.io/library/python:3.11
		    user: "33:33"
		    command: ["python3", "/srv/app.py"]
		    expose: ["8000"]
		    environment:
		      DATABASE_URL: postgres://shop@db:5432/shop
		      CACHE_URL: redis://cache:6379/0
		    labels: {io.coaming.data-class: $1}
		  db:
		    image: docker.io/library/postgres:15
		    volumes: ["data:/var/lib/postgresql/data"]
		    labels: {io.coaming.data-class: $1}
		  cache:
		    image: docker.io/library/redis:7
		    volumes: ["cache:/data"]
		    labels: {io.coaming.data-class: $1}
		volumes:
		  data: {}
		  cache: {}
	END
}

# What stands in the images: each service of each class has files of its own.
files() { # CLASS
	local dir=$W/files/$1

	mkdir -p "$dir"/{web,app,db,cache} "$W/volumes/$1"/{db,cache}
	chmod 0777 "$W/volumes/$1/cache"
	cat >"$dir/web/nginx.conf" <<-'END'
		user www-data;
		worker_processes 1;
		pid /run/nginx.pid;
		error_log /dev/stderr notice;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path /var/cache/nginx/body;
			proxy_temp_path /var/cache/nginx/proxy;
			fastcgi_temp_path /var/cache/nginx/fastcgi;
			uwsgi_temp_path /var/cache/nginx/uwsgi;
			scgi_temp_path /var/cache/nginx/scgi;
			proxy_connect_timeout 2s;
			server {
				listen 80;
				listen [::]:80;
				location / { proxy_pass http://app:8000/; }
			}
		}
	END
	# Also the first to ask: what it says at its start it could only learn from the others.
	cat >"$dir/app/app.py" <<-END
		import http.server, socket, subprocess, sys
		def value():
		    with socket.create_connection(("cache", 6379), 3) as cache:
		        cache.sendall(b"INCR hits\r\n")
		        hits = cache.recv(64).decode().strip().lstrip(":")
		    db = subprocess.run(["$PG/psql", "-h", "db", "-U", "postgres", "-Atc", "select 40 + 2"],
		                        capture_output=True, text=True, timeout=10,
		                        env={"PGCONNECT_TIMEOUT": "3", "HOME": "/"})
		    return f"$1 {db.stdout.strip()}{db.stderr.strip()} {hits}\n"
		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        body = value().encode()
		        self.send_response(200)
		        self.end_headers()
		        self.wfile.write(body)
		class Server(http.server.ThreadingHTTPServer):
		    address_family = socket.AF_INET6
		if len(sys.argv) > 1:
		    print(value(), end="", flush=True)
		Server(("::", 8000), Handler).serve_forever()
	END
	cat >"$dir/db/start" <<-END
		set -e
		mkdir -p /run/postgresql
		chown postgres /var/lib/postgresql/data /run/postgresql
		chmod 0700 /var/lib/postgresql/data
		drop='setpriv --reuid=postgres --regid=postgres --init-groups'
		\$drop $PG/initdb -N -A trust -D /var/lib/postgresql/data
		echo 'host all all all trust' >>/var/lib/postgresql/data/pg_hba.conf
		exec \$drop $PG/postgres -D /var/lib/postgresql/data -c 'listen_addresses=*'
	END
	cat >"$dir/cache/start" <<-'END'
		cd /data
		chown redis .
		exec setpriv --reuid=redis --regid=redis --clear-groups \
			redis-server --bind '*' '-::*' --protected-mode no --dir /data
	END
}

# described CLASS SERVICE: fills volumes ("SOURCE DESTINATION OPTION"), command and user.
described() {
	local dir=$W/files/$1 service=${2%2}

	volumes=() user=
	case $service in
	web)
		volumes=("$dir/web/nginx.conf /etc/nginx/nginx.conf ro")
		command=(nginx -g 'daemon off;')
		;;
	app)
		volumes=("$dir/app/app.py /srv/app.py ro")
		command=(python3 /srv/app.py)
		user=33:33
		[ "$2" = app ] || command+=(ask)
		;;
	db)
		volumes=("$dir/db/start /start ro" "$W/volumes/$1/db /var/lib/postgresql/data rw")
		command=(sh /start)
		;;
	cache)
		volumes=("$dir/cache/start /start ro" "$W/volumes/$1/cache /data rw")
		command=(sh /start)
		;;
	esac
}

# --- the engines: up CLASS SERVICE, fills init ----------------------------------------------------

address4() { echo "10.89.9.${last[$1]}"; }
address6() { echo "fd89:9::${last[$1]}"; }

# What every engine's client takes alike.
client_options() { # CLASS SERVICE
	local class=$1 service=$2 volume

	described "$class" "$service"
	options=(--detach --name "$class-$service" --network shop --ip "$(address4 "$class-$service")"
		--ip6 "$(address6 "$class-$service")"
		--label "com.docker.compose.project=shop-$class"
		--label "com.docker.compose.service=${service%2}"
		--label "io.coaming.data-class=$class")
	for service in "${services[@]}"; do
		options+=(--add-host "$service:$(address4 "$class-$service")")
	done
	[ -z "$user" ] || options+=(--user "$user")
	for volume in "${volumes[@]}"; do
		# shellcheck disable=SC2086  # three words
		options+=(--volume "$(printf '%s:%s:%s' $volume)")
	done
}

podman_begin() {
	podman_setup
	run podman network create --ipv6 --subnet 10.89.9.0/24 --subnet fd89:9::/64 shop
	assert_status 0
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
}

podman_up() { # CLASS SERVICE
	client_options "$@"
	run podman --runtime coaming-runtime run "${options[@]}" --cgroup-parent "/$CG" \
		--rootfs "$tree:O" "${command[@]}"
	assert_status 0
	init[$1-$2]=$(podman inspect -f '{{.State.Pid}}' "$1-$2")
}

podman_logs() { podman logs "$1" 2>&1; }
podman_end() { podman rm --force --time 0 --all; }

dock() {
	docker -H "unix://$W/docker.sock" "$@"
}

docker_begin() {
	mkdir -p /etc/coaming
	cp "$W/coaming.json" /etc/coaming/coaming.json
	jq -n --arg path "$B/coaming-runtime" '{"default-runtime": "coaming",
		runtimes: {coaming: {path: $path}}}' >"$W/daemon.json"
	dockerd --config-file "$W/daemon.json" -H "unix://$W/docker.sock" --data-root "$W/data" \
		--exec-root "$W/exec" -p "$W/docker.pid" --storage-driver overlay2 --bridge none \
		--iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/$CG" >"$W/dockerd.log" 2>&1 &
	wait_for 20 dockerd dock info || { tail -n 20 "$W/dockerd.log"; return 1; }
	tar -C "$tree" --exclude ./proc --exclude ./sys --exclude ./var/cache/apt -c . |
		dock import - debian >/dev/null
	run dock network create --ipv6 --subnet 10.89.9.0/24 --subnet fd89:9::/64 shop
	assert_status 0
}

docker_up() { # CLASS SERVICE
	client_options "$@"
	run dock run "${options[@]}" debian "${command[@]}"
	assert_status 0
	init[$1-$2]=$(dock inspect -f '{{.State.Pid}}' "$1-$2")
}

docker_logs() { dock logs "$1" 2>&1; }
docker_end() { dock ps -aq | xargs docker -H "unix://$W/docker.sock" rm --force; }

# A bridge and a pair of interfaces for each, as an engine makes them.
runc_begin() {
	ip link add shop type bridge
	ip addr add 10.89.9.1/24 dev shop
	ip addr add fd89:9::1/64 dev shop nodad
	ip link set shop up
}

runc_up() { # CLASS SERVICE
	local name=$1-$2 root=$W/bundles/$1-$2/rootfs volume edit source destination option

	described "$@"
	mkdir -p "$root" "$W/upper/$name" "$W/work/$name"
	mount -t overlay -o "lowerdir=$tree,upperdir=$W/upper/$name,workdir=$W/work/$name" overlay "$root"
	for service in "${services[@]}"; do
		echo "$(address4 "$1-$service") $service"
	done >"$root/etc/hosts"
	ip netns add "$name"
	ip link add "v${last[$name]}" type veth peer name eth0 netns "$name"
	ip link set "v${last[$name]}" master shop up
	ip -n "$name" addr add "$(address4 "$name")/24" dev eth0
	ip -n "$name" addr add "$(address6 "$name")/64" dev eth0 nodad
	ip -n "$name" link set eth0 up
	ip -n "$name" link set lo up
	edit="$(netns_path "/run/netns/$name")
		| .annotations[\"com.docker.compose.project\"] = \"shop-$1\"
		| .annotations[\"com.docker.compose.service\"] = \"${2%2}\"
		| .annotations[\"io.coaming.data-class\"] = \"$1\""
	[ -z "$user" ] || edit+=" | .process.user = {uid: ${user%:*}, gid: ${user#*:}}"
	for volume in "${volumes[@]}"; do
		read -r source destination option <<<"$volume"
		edit+=" | .mounts += [{destination: \"$destination\", type: \"bind\",
			source: \"$source\", options: [\"bind\", \"$option\"]}]"
	done
	bundle_config "$name" "$edit" "${command[@]}"
	confined run --detach --bundle "$W/bundles/$name" "$name" >"$W/$name.log" 2>&1 </dev/null ||
		fail "$name does not start: $(tail -n 1 "$W/$name.log")"
	confined state "$name" >"$W/state.$name"
	init[$name]=$(jq .pid "$W/state.$name")
}

runc_logs() { cat "$W/$1.log"; }

runc_end() {
	local name

	for name in "${!init[@]}"; do confined delete --force "$name"; done
	ip link delete shop
}

# --- what is asked ---------------------------------------------------------------------------------

answers() { # CLASS: its web server, asked from outside
	# shellcheck disable=SC2016  # for that shell
	timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/80" && printf "GET / HTTP/1.0\r\n\r\n" >&3 && cat <&3' - \
		"$(address4 "$1-web")" >"$W/answer" 2>&1 || return 1
	grep -q "^$1 42 [0-9]*$" "$W/answer"
}

# works ENGINE CLASS: within a minute.
works() {
	local end=$((SECONDS + 60)) service

	until answers "$2"; do
		[ "$SECONDS" -lt "$end" ] || {
			for service in "${services[@]}"; do
				echo "--- $service:"
				"$1_logs" "$2-$service" | tail -n 15
			done
			fail "the application of $2 does not answer: $(tail -n 1 "$W/answer")"
		}
		sleep 0.1
	done
}

# Everywhere something listens on each port of the application and on one more, so that what does not
# come through was refused by a firewall.
ports=(80 8000 5432 6379 9999)
listeners() {
	local name port

	for name in "${!init[@]}"; do
		for port in "${ports[@]}"; do
			nsenter -n -t "${init[$name]}" "$probe" serve "$port" >/dev/null 2>&1
		done
	done
}

# may FROM TO PROTOCOL PORT: the three that the application is made of, within one class.
may() {
	[ "${1%-*}" = "${2%-*}" ] && [ "$3" = tcp ] || return 1
	case ${1#*-}:${2#*-}:$4 in
	web:app*:8000 | app*:db:5432 | app*:cache:6379) return 0 ;;
	esac
	return 1
}

# Each with each, both classes, IPv4 and IPv6, TCP and UDP, every port.
matrix() {
	local from to protocol port address questions expected asking=()

	: >"$W/wrong"
	for from in "${!init[@]}"; do
		questions=() expected=()
		for to in "${!init[@]}"; do
			[ "$from" != "$to" ] || continue
			for address in "$(address4 "$to")" "$(address6 "$to")"; do
				for protocol in tcp udp; do
					for port in "${ports[@]}"; do
						questions+=("$protocol" "$address" "$port" --)
						may "$from" "$to" "$protocol" "$port" &&
							expected+=("yes $to") || expected+=("no $to")
					done
				done
			done
		done
		unset 'questions[-1]'
		printf '%s\n' "${expected[@]}" >"$W/expected.$from"
		nsenter -n -t "${init[$from]}" "$probe" "${questions[@]}" >"$W/asked.$from" &
		asking+=($!)
	done
	wait "${asking[@]}"
	for from in "${!init[@]}"; do
		# A server that waits for its client to speak first gives EAGAIN: connected.
		paste -d ' ' "$W/expected.$from" "$W/asked.$from" | awk -v from="$from" '
			{ reached = /: ok$/ || ($3 == "tcp" && /: EAGAIN$/)
			  n[$1, reached ? "yes" : "no"]++
			  if (($1 == "yes") != reached) print from, $0 >"/dev/stderr" }
			END { print from ": " n["yes", "yes"] + 0 " let in, " n["no", "no"] + 0 " refused" }' \
			2>>"$W/wrong"
	done
	[ ! -s "$W/wrong" ] || { head -n 40 "$W/wrong"; fail "$(wc -l <"$W/wrong") differ: $(head -n 1 "$W/wrong")"; }
}

# The refusals are evidence: each container that was refused anything has a record of whom.
refusals_recorded() {
	local name

	for name in "${!init[@]}"; do
		run coaming flows "$name" --refused --json
		assert_status 0
		assert_json "$W/out" '[.flows[] | select(.verdict == "refused")] | length > 20'
	done
	# Both ends by name, where the other end is known.
	run coaming flows public-web --refused --json
	assert_json "$W/out" 'any(.flows[]; .peer.name == "pci-db" and .port == 5432)'
}

# Somebody empties the sets of one container: nothing comes in until they are repaired.
repaired() { # CLASS
	local table set

	table=$(nsenter -n -t "${init[$1-app]}" nft -j list tables |
		jq -r '.nftables[].table.name // empty | select(startswith("coaming_"))')
	for set in $(nsenter -n -t "${init[$1-app]}" nft -j list sets |
		jq -r '.nftables[].set.name // empty | select(startswith("peer-"))'); do
		nsenter -n -t "${init[$1-app]}" nft flush set inet "$table" "$set"
	done
	! answers "$1" || fail 'it answers without its sets'
	run coaming reconcile
	assert_status 0
	works "$engine" "$1"
	run coaming reconcile
	assert_status 0
	assert_has "$W/out" 'all sets of peers are as the registry says'
}

spoken() { [ -n "$("$1_logs" "$2")" ]; }

tiers() { # ENGINE
	local engine=$1 class service

	journal_start
	library
	jq --arg dir "$W/profiles" '.profileDirs += [$dir] | .separate = ["data-class"]' \
		"$W/coaming.json" >"$W/with.json"
	mv "$W/with.json" "$W/coaming.json"
	for class in "${classes[@]}"; do
		compose "$class" >"$W/$class.yaml"
		run coaming generate --compose "$W/$class.yaml" --models "$top/profiles/models" \
			--output "$W/profiles"
		assert_status 0
		files "$class"
	done
	run coaming check
	assert_status 0
	"${engine}_begin"
	for class in "${classes[@]}"; do
		for service in db cache app web; do "${engine}_up" "$class" "$service"; done
	done
	for class in "${classes[@]}"; do
		works "$engine" "$class"
	done
	# One more of the same labels: its first words are what the others told it.
	"${engine}_up" pci app2
	wait_for 20 'the first words of the fourth' spoken "$engine" pci-app2
	"${engine}_logs" pci-app2 >"$W/words"
	assert_matches "$W/words" '^pci 42 [0-9]+$'
	listeners
	matrix
	refusals_recorded
	repaired pci
	"${engine}_end"
	assert_clean
}

RUNTIME=crun
check 'runc with veth: the application works, everything else is refused and recorded' tiers runc
check 'podman: the application works, everything else is refused and recorded' tiers podman
RUNTIME=runc
check 'Docker: the application works, everything else is refused and recorded' tiers docker
finish
