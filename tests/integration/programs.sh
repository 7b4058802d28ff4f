#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The profiles that ship under the programs that they are for: Debian's own nginx, PostgreSQL, Redis,
# HAProxy, node-exporter, Python, Node and gcc, started as their usual images start them. Each
# starts, and serves somebody outside its network namespace (a job is done that waits there); what
# its profile forbids is refused: a write, a capability, system calls, connections in and out.
#
# The floor of every check is the profile "floor", and the default profile as it is installed.
# Outside are 10.9.0.1, in a private network, and 203.0.113.1 and 169.254.169.254, which are not.

. "$(dirname "$0")/lib.sh"
if [ -z "${COAMING_TEST_CG:-}" ] && [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null; then
	# Here, since the sandbox has no way to Debian's mirror.
	COAMING_TEST_TREE=$(O=$B bash "$here/rootfs.sh" bookworm) || COAMING_TEST_TREE=
	export COAMING_TEST_TREE
fi
sandbox "$@"
need debootstrap runc crun jq nft ip busybox "$B/coaming-runtime" "$B/coaming-hook" "$B/coaming-nft"
tree=${COAMING_TEST_TREE:-}
if [ ! -x "$tree/usr/sbin/nginx" ]; then
	skip "${0##*/}" "debootstrap made no root file system, see /var/cache/coaming-test/rootfs/bookworm.log"
	finish
fi
probe=$B/tests/integration/probe
PG=/usr/lib/postgresql/15/bin

# --- what stands around a program ----------------------------------------------------------------

# Everything outside can be reached before a profile is in force, so that what is refused afterwards
# is refused by it.
outside() {
	local port

	veth
	ip addr add 203.0.113.1/32 dev "v$seq"
	ip addr add 169.254.169.254/32 dev "v$seq"
	ip -n "c$seq" route add default via 10.9.0.1
	for port in 53 443 5000; do "$probe" serve "$port"; done
	ip netns exec "c$seq" "$probe" tcp 10.9.0.1 5000 -- tcp 203.0.113.1 443 \
		-- tcp 203.0.113.1 5000 -- tcp 169.254.169.254 443 -- udp 10.9.0.1 53 >"$W/before"
	assert_eq "$(grep -vc ': ok' "$W/before")" 0 'what cannot be reached without a profile'
}

# root: the tree, under an overlay that takes what is changed.
root() {
	root=$W/bundles/c1/rootfs
	mkdir -p "$root" "$W/upper" "$W/work"
	mount -t overlay -o "lowerdir=$tree,upperdir=$W/upper,workdir=$W/work" overlay "$root"
	cp "$probe" "$root/usr/bin/probe"
}

# start PROFILES JQ_EDIT ARG...: container c1, detached, joined to what is outside. What it prints
# goes to $W/program.
start() {
	local profiles=$1 edit=$2
	shift 2

	bundle_config c1 "$(labelled "$profiles") | $(netns_path "/run/netns/c$seq") | $edit" "$@"
	confined run --detach --bundle "$W/bundles/c1" c1 >"$W/program" 2>&1 </dev/null ||
		fail "does not start: $(tail -n 1 "$W/program")"
}

stop() {
	run confined delete --force c1
	assert_status 0
	assert_clean
}

# mounted SOURCE DESTINATION [OPTION]: the jq edit for a volume.
mounted() {
	echo ".mounts += [{destination: \"$2\", type: \"bind\", source: \"$1\",
		options: [\"bind\", \"${3:-rw}\"]}]"
}

# as_user NAME: the jq edit that starts it as a user of the tree.
as_user() {
	echo ".process.user = {uid: $(id_of "$1" 3), gid: $(id_of "$1" 4)}"
}

id_of() { # NAME FIELD
	awk -F: -v name="$1" -v field="$2" '$1 == name { print $field }' "$tree/etc/passwd"
}

# refuses WHAT PROFILES JQ_EDIT: container c2 is not started, since that is denied.
refuses() {
	mkdir -p "$W/bundles/c2/rootfs"
	bundle_config c2 "${2:+$(labelled "$2") | }$3" true
	run_confined c2
	assert_status 1
	assert_has "$W/err" "$1 is denied"
}

# --- what is asked -------------------------------------------------------------------------------

# served TEXT COMMAND...: until the command, from outside, prints the text.
served() {
	local text=$1 end=$((SECONDS + 30))
	shift

	answered() { timeout 5 "$@" >"$W/answer" 2>&1 </dev/null; grep -qF -- "$text" "$W/answer"; }
	while [ "$SECONDS" -lt "$end" ]; do
		! answered "$@" || return 0
		sleep 0.1
	done
	tail -n 20 "$W/program" "$W/answer"
	fail "not '$text' from $*: $(tail -n 1 "$W/answer")"
}

get() { # PORT PATH TEXT
	# shellcheck disable=SC2016  # for that shell
	served "$3" bash -c 'exec 3<>"/dev/tcp/10.9.0.2/$1" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 &&
		cat <&3' - "$1" "$2"
}

# inside QUESTION...: what the probe may do in the container, beside its program.
# As the container's own user, whom crun does not take by itself.
user_of_c1() {
	jq -r '.process.user | "\(.uid):\(.gid)"' "$W/bundles/c1/config.json"
}

inside() {
	run confined exec --user "$(user_of_c1)" c1 probe "$@"
	assert_status 0
	cp "$W/out" "$W/inside"
}

refused() { # QUESTION ERRNO
	assert_has "$W/inside" "$1: $2"
}

unreached() { # QUESTION...
	local question

	for question; do assert_matches "$W/inside" "^$question: E"; done
}

reached() { # QUESTION...
	local question

	for question; do assert_has "$W/inside" "$question: ok"; done
}

# A port on which something listens inside, and which the profile does not open.
closed_port() { # PORT
	run confined exec --user "$(user_of_c1)" --detach c1 probe serve "$1" -- wait
	assert_status 0
	served ok ip netns exec "c$seq" "$probe" tcp 127.0.0.1 "$1"
	"$probe" tcp 10.9.0.2 "$1" -- from 203.0.113.1 10.9.0.2 "$1" >"$W/seen"
	assert_eq "$(grep -c ': E' "$W/seen")" 2 "refusals of port $1"
}

# confined_like CAPABILITIES QUESTION...: what every service is refused, and the answers to more.
confined_like() {
	local capabilities=$1
	shift

	inside mkdir /x -- mkdir /etc/x -- raw -- packet -- mount -- unshare -- userns -- ptrace \
		-- keyctl -- status -- "$@"
	refused 'mkdir /x' EROFS
	refused 'mkdir /etc/x' EROFS
	refused raw EPERM
	refused mount EPERM
	refused unshare EPERM
	refused userns EPERM
	refused ptrace EPERM
	refused keyctl EPERM
	unreached packet
	# shellcheck disable=SC2086  # a list of words
	assert_eq "$(field "$W/inside" CapBnd)" "$(cap_mask $capabilities)" CapBnd
	assert_eq "$(field "$W/inside" Seccomp)" 2 Seccomp
	# Of the program itself: crun's exec asks for no_new_privs only if told to.
	confined state c1 >"$W/c1.json"
	cp "/proc/$(jq .pid "$W/c1.json")/status" "$W/status"
	# shellcheck disable=SC2086
	assert_eq "$(field "$W/status" CapBnd)" "$(cap_mask $capabilities)" "the program's CapBnd"
	assert_eq "$(field "$W/status" NoNewPrivs)" 1 NoNewPrivs
}

# --- the programs --------------------------------------------------------------------------------

# As in its image: the master is root, the workers are not; logs go to the standard output.
nginx_root() {
	root
	ln -sf /dev/stdout "$root/var/log/nginx/access.log"
	ln -sf /dev/stderr "$root/var/log/nginx/error.log"
	mkdir -p "$root/srv/www" "$root/var/cache/nginx" "$W/www"
	echo 'from nginx' >"$root/srv/www/index.html"
	echo 'from behind' >"$W/www/index.html"
	busybox httpd -p 5001 -h "$W/www"
	cat >"$root/etc/nginx/nginx.conf" <<-'END'
		user www-data;
		worker_processes 2;
		pid /run/nginx.pid;
		error_log /var/log/nginx/error.log notice;
		events { worker_connections 64; }
		http {
			access_log /var/log/nginx/access.log;
			client_body_temp_path /var/cache/nginx/body;
			proxy_temp_path /var/cache/nginx/proxy;
			fastcgi_temp_path /var/cache/nginx/fastcgi;
			uwsgi_temp_path /var/cache/nginx/uwsgi;
			scgi_temp_path /var/cache/nginx/scgi;
			proxy_connect_timeout 1s;
			server {
				listen 80;
				root /srv/www;
				location /behind/ { proxy_pass http://10.9.0.1:5001/; }
				location /internet/ { proxy_pass http://203.0.113.1:5001/; }
			}
		}
	END
}

web() {
	library
	outside
	nginx_root
	start web . nginx -g 'daemon off;'
	get 80 / 'from nginx'
	get 80 /behind/ 'from behind'
	get 80 /internet/ 504
	confined_like 'CHOWN DAC_OVERRIDE KILL NET_BIND_SERVICE SETGID SETUID' \
		mkdir /run/x -- mkdir /var/cache/nginx/x -- mkdir /var/log/nginx/x -- mkdir /srv/www/x \
		-- tcp 10.9.0.1 5000 -- udp 10.9.0.1 53 -- tcp 203.0.113.1 443 -- tcp 169.254.169.254 443
	reached 'mkdir /run/x' 'mkdir /var/cache/nginx/x' 'tcp 10.9.0.1 5000'
	refused 'mkdir /var/log/nginx/x' EROFS
	refused 'mkdir /srv/www/x' EROFS
	unreached 'tcp 203.0.113.1 443' 'tcp 169.254.169.254 443'
	closed_port 2222
	"$probe" from 203.0.113.1 10.9.0.2 80 >"$W/seen" # it waits for a request: a connection is enough
	assert_has "$W/seen" 'EAGAIN'
	stop
}

# Beside the class of cardholder data: the same program, and neither names nor clients of the
# Internet.
web_pci() {
	library
	outside
	nginx_root
	start web '.annotations["io.coaming.data-class"] = "pci"' nginx -g 'daemon off;'
	get 80 / 'from nginx'
	get 80 /behind/ 'from behind'
	confined_like 'CHOWN DAC_OVERRIDE KILL NET_BIND_SERVICE SETGID SETUID' \
		mkdir /tmp/x -- mkdir /var/cache/nginx/x -- mkdir /var/tmp/x -- udp 203.0.113.1 53 \
		-- udp 10.9.0.1 53
	reached 'mkdir /tmp/x' 'mkdir /var/cache/nginx/x' 'udp 10.9.0.1 53'
	refused 'mkdir /var/tmp/x' EROFS
	unreached 'udp 203.0.113.1 53'
	"$probe" from 203.0.113.1 10.9.0.2 80 >"$W/seen"
	assert_has_not "$W/seen" 'EAGAIN'
	stop
	refuses hostUTS pci '.linux.namespaces |= map(select(.type != "uts"))'
}

# As in its image: root prepares the directories and makes the database, and gives itself up.
database() { # LABELS_EDIT
	library
	outside
	root
	mkdir "$W/data"
	cat >"$root/start" <<-END
		set -e
		mkdir -p /run/postgresql
		chown postgres /var/lib/postgresql/data /run/postgresql
		chmod 0700 /var/lib/postgresql/data
		drop='setpriv --reuid=postgres --regid=postgres --init-groups'
		\$drop $PG/initdb -N -A trust -D /var/lib/postgresql/data
		echo 'host all all 10.0.0.0/8 trust' >>/var/lib/postgresql/data/pg_hba.conf
		exec \$drop $PG/postgres -D /var/lib/postgresql/data -c 'listen_addresses=*'
	END
	start database "$1 | $(mounted "$W/data" /var/lib/postgresql/data)" sh /start
	served 42 chroot "$tree" $PG/psql -h 10.9.0.2 -U postgres -Atc \
		'create table if not exists t (x int); insert into t values (42); select x from t limit 1'
	confined_like 'CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID' \
		mkdir /run/postgresql/x -- mkdir /run/x -- mkdir /var/lib/postgresql/data/x \
		-- tcp 10.9.0.1 5000 -- udp 10.9.0.1 53 -- tcp 203.0.113.1 443
	reached 'mkdir /run/postgresql/x' 'mkdir /var/lib/postgresql/data/x'
	refused 'mkdir /run/x' EROFS
	unreached 'tcp 10.9.0.1 5000' 'udp 10.9.0.1 53' 'tcp 203.0.113.1 443'
	closed_port 5433
	"$probe" from 203.0.113.1 10.9.0.2 5432 >"$W/seen"
	assert_has_not "$W/seen" 'EAGAIN'
	stop
}

cache() {
	library
	outside
	root
	mkdir "$W/data"
	cat >"$root/start" <<-'END'
		set -e
		cd /data
		find . ! -user redis -exec chown redis '{}' +
		exec setpriv --reuid=redis --regid=redis --clear-groups \
			redis-server --bind 0.0.0.0 --protected-mode no --dir /data
	END
	start cache "$(mounted "$W/data" /data)" sh /start
	served OK chroot "$tree" redis-cli -h 10.9.0.2 set answer 42
	served 42 chroot "$tree" redis-cli -h 10.9.0.2 get answer
	served OK chroot "$tree" redis-cli -h 10.9.0.2 save
	[ -s "$W/data/dump.rdb" ] || fail 'nothing was saved on the volume'
	confined_like 'CHOWN DAC_OVERRIDE SETGID SETUID' mkdir /data/x -- mkdir /var/lib/redis/x \
		-- tcp 10.9.0.1 5000 -- udp 10.9.0.1 53 -- tcp 203.0.113.1 443
	reached 'mkdir /data/x'
	refused 'mkdir /var/lib/redis/x' EROFS
	unreached 'tcp 10.9.0.1 5000' 'udp 10.9.0.1 53' 'tcp 203.0.113.1 443'
	closed_port 26379
	"$probe" from 203.0.113.1 10.9.0.2 6379 >"$W/seen"
	assert_has_not "$W/seen" 'EAGAIN'
	stop
}

proxy() {
	library
	outside
	root
	mkdir "$W/www"
	echo 'from behind' >"$W/www/index.html"
	busybox httpd -p 5001 -h "$W/www"
	cat >"$root/etc/haproxy/haproxy.cfg" <<-'END'
		global
			log stdout format raw local0
			user haproxy
			group haproxy
			chroot /var/lib/haproxy
			stats socket /run/haproxy.sock mode 600 level admin
		defaults
			mode http
			log global
			timeout connect 1s
			timeout client 5s
			timeout server 5s
		frontend all
			bind *:80
			use_backend internet if { path /internet }
			default_backend behind
		backend behind
			server a 10.9.0.1:5001
		backend internet
			server b 203.0.113.1:5001
		frontend statistics
			bind *:8404
			stats enable
			stats uri /
	END
	start proxy . haproxy -W -db -f /etc/haproxy/haproxy.cfg
	get 80 / 'from behind'
	get 8404 / 'Statistics Report'
	get 80 /internet 503
	confined_like 'CHOWN DAC_OVERRIDE KILL NET_BIND_SERVICE SETGID SETUID SYS_CHROOT' \
		mkdir /run/x -- mkdir /var/lib/haproxy/x -- tcp 10.9.0.1 5000 -- udp 10.9.0.1 53 \
		-- tcp 203.0.113.1 443 -- tcp 169.254.169.254 443
	reached 'mkdir /run/x' 'tcp 10.9.0.1 5000' 'udp 10.9.0.1 53'
	refused 'mkdir /var/lib/haproxy/x' EROFS
	unreached 'tcp 203.0.113.1 443' 'tcp 169.254.169.254 443'
	closed_port 2222
	"$probe" from 203.0.113.1 10.9.0.2 8404 -- from 203.0.113.1 10.9.0.2 80 >"$W/seen"
	assert_has_not "$W/seen" '8404: EAGAIN'
	assert_has "$W/seen" '80: EAGAIN'
	stop
}

# It watches the host: its processes, and what /proc and /sys tell.
monitoring_agent() {
	local host='.linux.namespaces |= map(select(.type != "pid"))'

	library
	outside
	root
	mkdir -p "$root/host/proc" "$root/host/sys"
	start monitoring-agent "$(as_user nobody) | $host | $(mounted /proc /host/proc ro) |
		$(mounted /sys /host/sys ro)" prometheus-node-exporter --path.procfs=/host/proc \
		--path.sysfs=/host/sys --web.listen-address=:9100
	get 9100 /metrics 'node_load1 '
	confined_like '' mkdir /tmp/x -- tcp 10.9.0.1 5000 -- udp 10.9.0.1 53 -- tcp 203.0.113.1 443
	reached 'mkdir /tmp/x' 'tcp 10.9.0.1 5000' 'udp 10.9.0.1 53'
	unreached 'tcp 203.0.113.1 443'
	closed_port 8080
	"$probe" from 203.0.113.1 10.9.0.2 9100 >"$W/seen"
	assert_has_not "$W/seen" 'EAGAIN'
	stop
	refuses rootUser monitoring-agent .
	refuses 'hostPath:"/etc/coaming"' monitoring-agent "$(as_user nobody) | $(mounted / /host ro)"
}

# A queue outside that gives one job and takes its answer. The worker is asked for nothing: it comes.
queue() {
	chroot "$tree" python3 -c '
import socket
queue = socket.create_server(("10.9.0.1", 5672))
while True:
    worker, _ = queue.accept()
    worker.sendall(b"6 7\n")
    print("answer", worker.makefile().readline(), flush=True)
' >"$W/queue" &
}

python_worker() {
	cat >"$root/worker" <<-'END'
		import multiprocessing, os, socket, subprocess, tempfile, threading, time
		def product(job):
		    return job[0] * job[1]
		queue = socket.create_connection(("10.9.0.1", 5672))
		job = [int(word) for word in queue.makefile().readline().split()]
		with multiprocessing.Pool(2) as pool, tempfile.NamedTemporaryFile("w+") as file:
		    thread = threading.Thread(target=lambda: file.write(str(pool.map(product, [job])[0])))
		    thread.start()
		    thread.join()
		    file.flush()
		    queue.sendall(subprocess.run(["cat", file.name], capture_output=True).stdout + b"\n")
		time.sleep(1000)
	END
}

node_worker() {
	cat >"$root/worker" <<-'END'
		const { execFile } = require("child_process"), fs = require("fs"), net = require("net");
		const { Worker } = require("worker_threads");
		const queue = net.connect(5672, "10.9.0.1");
		queue.once("data", (job) => {
			const thread = new Worker(`const { parentPort, workerData } = require("worker_threads");
				const [a, b] = workerData.split(" ").map(Number); parentPort.postMessage(a * b);`,
				{ eval: true, workerData: job.toString() });
			thread.on("message", (product) => fs.writeFile("/tmp/product", String(product), () =>
				execFile("cat", ["/tmp/product"], (error, out) => queue.write(out + "\n"))));
		});
		setTimeout(() => {}, 1000000);
	END
}

worker() { # LANGUAGE PROGRAM
	library
	outside
	root
	queue
	"$1_worker"
	start worker . "$2" /worker
	served 'answer 42' cat "$W/queue"
	confined_like 'CHOWN DAC_OVERRIDE KILL SETGID SETUID' mkdir /tmp/x -- mkdir /srv/x \
		-- udp 10.9.0.1 53 -- tcp 203.0.113.1 443 -- tcp 169.254.169.254 443
	reached 'mkdir /tmp/x' 'udp 10.9.0.1 53'
	refused 'mkdir /srv/x' EROFS
	unreached 'tcp 203.0.113.1 443' 'tcp 169.254.169.254 443'
	closed_port 8080
	stop
}

# batch CLASS PRIVATE: a job in both languages, on a volume; what it may reach depends on its class.
batch() {
	library
	outside
	root
	mkdir "$W/data"
	seq 100 >"$W/data/in"
	cat >"$root/job" <<-'END'
		set -e
		python3 -c 'print(sum(map(int, open("/data/in"))))' >/tmp/sum
		node -e 'const fs = require("fs"); fs.writeFileSync("/data/out", fs.readFileSync("/tmp/sum"))'
		probe tcp 203.0.113.1 443 -- tcp 203.0.113.1 5000 -- tcp 10.9.0.1 5000 -- udp 10.9.0.1 53 \
			-- tcp 169.254.169.254 443 -- mkdir /x -- mount -- userns -- ptrace -- raw
	END
	bundle_config c1 "$(labelled batch) | $(netns_path "/run/netns/c$seq") |
		.annotations[\"io.coaming.data-class\"] = \"$1\" | $(mounted "$W/data" /data)" sh /job
	run_confined c1
	assert_status 0
	assert_eq "$(cat "$W/data/out")" 5050 'the sum'
	cp "$W/out" "$W/inside"
	reached 'tcp 203.0.113.1 443' 'udp 10.9.0.1 53'
	unreached 'tcp 203.0.113.1 5000' 'tcp 169.254.169.254 443' 'mkdir /x' mount userns ptrace raw
	"$2" 'tcp 10.9.0.1 5000'
	assert_clean
}

ci_build() {
	library
	outside
	root
	mkdir "$root/src"
	cat >"$root/src/answer.c" <<-'END'
		#include <stdio.h>
		int main(void)
		{
			return printf("answer %d\n", 6 * 7) < 0;
		}
	END
	printf 'answer: answer.c\n\t$(CC) -O2 -Wall -o $@ $<\ninstall: answer\n\tinstall $< /usr/bin/\n' \
		>"$root/src/Makefile"
	bundle_config c1 "$(labelled ci-build) | $(netns_path "/run/netns/c$seq")" sh -c '
		make -C /src install && answer && probe ptrace -- mkdir /x -- tcp 203.0.113.1 443 \
		-- udp 10.9.0.1 53 -- tcp 203.0.113.1 5000 -- tcp 10.9.0.1 443 -- tcp 169.254.169.254 443 \
		-- mount -- userns -- raw -- keyctl'
	run_confined c1
	assert_status 0
	assert_has "$W/out" 'answer 42'
	cp "$W/out" "$W/inside"
	reached ptrace 'mkdir /x' 'tcp 203.0.113.1 443' 'udp 10.9.0.1 53'
	unreached 'tcp 203.0.113.1 5000' 'tcp 10.9.0.1 443' 'tcp 169.254.169.254 443' \
		mount userns raw keyctl
	assert_clean
	touch /run/docker.sock
	refuses 'hostPath:"/var/run/docker.sock"' ci-build "$(mounted /run/docker.sock /run/docker.sock)"
}

# Not as root, and nothing to write but a tmpfs.
restricted() { # ARG...
	library
	outside
	root
	echo 'from restricted' >"$root/srv/index.html"
	start restricted "$(as_user nobody) | .process.cwd = \"/srv\"" "$@"
	get 8080 / 'from restricted'
	confined_like NET_BIND_SERVICE mkdir /tmp/x -- mkdir /var/tmp/x -- mkdir /srv/x
	reached 'mkdir /tmp/x' 'mkdir /var/tmp/x'
	refused 'mkdir /srv/x' EROFS
	stop
	refuses rootUser restricted .
}

# Under the floor alone, with the default profile only looking on: a program that nobody labelled
# starts as without coaming, and finds no way into the kernel.
floor() {
	library
	outside
	nginx_root
	bundle_config c1 "$(netns_path "/run/netns/c$seq")" nginx -g 'daemon off;'
	confined run --detach --bundle "$W/bundles/c1" c1 >"$W/program" 2>&1 </dev/null ||
		fail "does not start: $(tail -n 1 "$W/program")"
	get 80 / 'from nginx'
	inside mkdir /x -- raw -- ptrace -- tcp 203.0.113.1 443 -- keyctl -- mount -- status
	reached 'mkdir /x' raw ptrace 'tcp 203.0.113.1 443'
	refused keyctl EPERM
	refused mount EPERM
	assert_eq "$(field "$W/inside" CapBnd)" "$(jq -r '.process.capabilities.bounding[]' "$T/base.json" |
		sed 's/^CAP_//' | xargs | { read -r all; cap_mask $all; })" CapBnd
	stop
	refuses 'hostPath:"/var/lib/coaming"' '' "$(mounted /var/lib /host)"
}

class=.annotations'["io.coaming.data-class"]'
for RUNTIME in runc crun; do
	check "$RUNTIME: floor: nginx" floor
	check "$RUNTIME: web: nginx" web
	check "$RUNTIME: web and pci: nginx" web_pci
	check "$RUNTIME: database: PostgreSQL" database .
	check "$RUNTIME: database and phi: PostgreSQL" database "$class = \"phi\""
	check "$RUNTIME: cache: Redis" cache
	check "$RUNTIME: proxy: HAProxy" proxy
	check "$RUNTIME: monitoring-agent: node-exporter" monitoring_agent
	check "$RUNTIME: worker: Python" worker python python3
	check "$RUNTIME: worker: Node" worker node node
	check "$RUNTIME: batch: Python and Node" batch '' reached
	check "$RUNTIME: batch and unregulated: Python and Node" batch unregulated unreached
	check "$RUNTIME: ci-build: make and gcc" ci_build
	check "$RUNTIME: restricted: Python" restricted python3 -m http.server 8080
	check "$RUNTIME: restricted: Node" restricted node -e '
		require("http").createServer((_, answer) => answer.end("from restricted")).listen(8080)'
done
finish
