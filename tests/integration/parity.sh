#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# With no profile coaming-runtime is the runtime behind it: the same exit status, standard output and
# standard error, for every command and for good and bad options.
#
# One list of invocations is run twice, in the same directory and with the same --root: by the real
# runtime, and by coaming-runtime in front of it. What cannot be the same twice (process ids, times)
# is made the same before both are compared.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq busybox "$B/coaming-runtime" "$B/coaming-hook"

# A line is one invocation. "runc: " and "crun: " before it: of that one alone.
invocations() {
	cat <<-'END'

		--help
		-?
		--usage
		--version
		-V
		no-such-command
		--no-such-option
		--no-such-option state c1
		--no-such-option create c1
		--no-such-option exec c1 true
		--root
		--log log.json --log-format json state nobody
		--log log.json --log-format=json kill nobody
		--log-format what state nobody
		--debug state nobody
		--root other list
		--root=other state c1
		--systemd-cgroup list
		--rootless false list
		crun: --cgroup-manager disabled list
		crun: --cgroup-manager what state nobody
		runc: features
		runc: init
		create
		create --help
		create --what c1
		create --bundle /nowhere c1
		create --bundle bundle
		create --bundle bundle --no-such c1
		create --bun bundle c9
		delete --force c9
		create -bundle bundle
		create -b=bundle c1
		create --bundle bundle bad/id
		create --bundle bundle ''
		create --bundle broken c1
		create --bundle bundle --preserve-fds x c9
		delete --force c9
		create --bundle bundle --pid-file
		crun: create -f other.json --bundle bundle c1
		run
		run --help
		run --what
		run --bundle bundle --detach=maybe c1
		run --bundle once once
		run --bundle fails fails
		run --bundle nothing nothing
		restore
		restore --what c1
		start
		start nobody
		exec
		exec --help
		exec c1
		exec nobody true
		exec --what nobody true
		exec --user
		exec --process /nowhere c1
		create --bundle bundle --pid-file pid c1
		create --bundle bundle c1
		state c1
		state
		state --what c1
		list
		list --quiet
		list --format json
		exec c1 echo created
		start c1
		start c1
		state c1
		exec c1 echo a b
		exec c1 sh -c 'echo out; echo err >&2; exit 7'
		exec c1 sh -c 'kill -9 $$'
		exec c1 no-such-program
		exec -e A=b -e PATH=/bin c1 sh -c 'echo $A'
		exec --env A=b --env PATH=/bin --cwd /proc c1 sh -c 'pwd'
		exec --user 5:6 c1 id
		exec -u 5 c1 id
		exec -u 5:x c1 id
		exec --user=4294967295 c1 true
		exec --cwd /nowhere c1 true
		exec -c CAP_NET_ADMIN c1 grep Cap /proc/self/status
		exec -c CAP_WHAT c1 true
		exec --what c1 true
		exec --detach --pid-file pid2 c1 sleep 0
		exec --tty=false c1 echo no tty
		exec -tty c1 true
		exec -u=5 c1 id
		exec --preserve-fds x c1 true
		exec --preserve-fds 0 c1 ls /proc/self/fd
		exec --process process.json c1
		exec -p process.json c1 ignored
		exec -p broken/config.json c1
		exec -- c1 echo behind
		exec c1 -- echo behind
		exec c1 --help
		exec --help=false c1 echo help
		exec --cgroup nowhere c1 true
		exec --apparmor '' c1 echo unlabelled
		runc: exec --additional-gids 9 c1 id
		exec --console-socket nowhere -t c1 true
		ps c1
		update --help
		update nobody
		runc: events --stats nobody
		resume nobody
		kill
		kill c1 WHAT
		kill nobody KILL
		delete
		delete --force nobody
		delete --what c1
		delete c1
		kill c1 KILL
		delete --force c1
		state c1
		list
	END
}

# The files that the invocations name.
files() {
	bundle bundle '.process.capabilities.bounding += ["CAP_NET_ADMIN"]' sleep 1000
	bundle once . echo once
	bundle fails . sh -c 'echo failed >&2; exit 3'
	bundle nothing . no-such-program
	mv "$W/bundles" "$W/files"
	mkdir "$W/files/empty" "$W/files/broken" "$W/bundles"
	echo '{"process":' >"$W/files/broken/config.json"
	jq '.process | .args = ["id"] | .user = {uid: 3, gid: 4}' "$T/base.json" >"$W/files/process.json"
}

# all DIRECTORY COMMAND...: each invocation, its status and output in the directory. Nothing is started
# here besides the runtimes: there are hundreds of them.
all() {
	local to=$1 n=100 line words root
	shift

	mkdir -p "$to"
	rm -rf "$W/at" && cp -a "$W/files" "$W/at" && cd "$W/at" || return 1
	while IFS= read -r line; do
		case $line in
		"$RUNTIME: "*) line=${line#*: } ;;
		"runc: "* | "crun: "*) continue ;;
		esac
		n=$((n + 1))
		status=0
		# The list is ours, and quoted for a shell.
		eval "words=($line)"
		root=(--root "$W/at/root")
		case " $line" in " -"*) root=() ;; esac
		"$@" ${root[@]+"${root[@]}"} ${words[@]+"${words[@]}"} \
			>"$to/$n.out" 2>"$to/$n.err" </dev/null || status=$?
		echo "$status $RUNTIME $line" >"$to/$n"
	done < <(invocations)
	"$real" --root "$W/at/root" delete --force c1 2>/dev/null || true
	cd /
}

# What is another one each time.
same() {
	sed -E -i 's/time="[^"]*"/time=""/; s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]*Z/TIME/g
		s/(CREATED|TIME) +/\1 /g
		s/"(pid|init_process_pid|init_process_start)": *[0-9]+/"\1": 0/
		s/^((c1|once|fails)[[:space:]]+)[0-9]+[[:space:]]+/\1PID /; s/^[0-9]+$/PID/
		s/"ts":"[^"]*"//; s/process [0-9]+/process PID/; s/^root .* sleep/root sleep/
		s/ pid [0-9]+ / pid PID /; s/write [0-9]+:/write PID:/
		s#/sys/fs/cgroup/[a-z_,]*/#/sys/fs/cgroup/#' "$1"/*.out "$1"/*.err
}

parity() {
	local real n ok

	real=$(command -v "$RUNTIME")
	files
	all "$W/real" "$real"
	all "$W/ours" "$B/coaming-runtime" --config "$W/coaming.json"
	same "$W/real"
	same "$W/ours"
	n=$(find "$W/real" -name "[0-9]??" | wc -l)
	ok=$(grep -l '^0 ' "$W"/real/[0-9]?? | wc -l)
	echo "$n invocations, of which $ok succeed"
	[ "$n" -ge 100 ] || fail "only $n invocations"
	# A list in which all fails, or nothing does, shows little.
	[ "$ok" -ge 40 ] || fail "only $ok succeed"
	[ $((n - ok)) -ge 40 ] || fail "only $((n - ok)) fail"
	run diff -r "$W/real" "$W/ours"
	[ "$status" -eq 0 ] || {
		grep '^diff' "$W/out" | sed 's/.*ours.//; s/[.].*//' | (cd "$W/real" && xargs cat)
		fail "$(grep -c '^diff' "$W/out") answers differ"
	}
}

for RUNTIME in runc crun; do
	check "$RUNTIME: with no profile 100 invocations are answered as by the runtime itself" parity
done
finish
