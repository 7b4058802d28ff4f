#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Faults of the process, the system and the engine around the hook and the runtime: the container
# is confined or it does not start, the reason is said, and nothing half done is left. The journal's
# faults are in journal.sh, the network's in firewall.sh and hostnet.sh.

DETECT_LEAKS=0
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need runc crun jq nft strace prlimit busybox "$B/coaming-runtime" "$B/coaming-hook"

everything='{
	capabilities: {allow: ["CHOWN"]}, seccomp: {deny: ["mkdir"]}, rootfs: {readOnly: true},
	network: {ingress: [{ports: [{port: 8080}]}], egress: []}, limits: {pids: 100}
}'

# All of the rules, or none.
assert_rules_whole() {
	rules >"$W/rules"
	[ ! -s "$W/rules" ] || assert_file_is "$W/rules" "$W/rules.whole"
}

# The hook as it is meant to work; keeps the rules for comparison and cleans up.
hook_reference() {
	hook createRuntime
	assert_status 0
	rules >"$W/rules.whole"
	[ -s "$W/rules.whole" ] || fail "no rules were set"
	hook poststop
	assert_status 0
	nsenter -n -t "$target" nft flush ruleset
}

# calls COMMAND...: "NAME N" for each system call that the command makes, from our first one (libc's
# own start has nobody to tell; brk never gives an errno) up to its execve of another program.
calls() {
	strace -f -o "$W/trace" "$@" >/dev/null 2>&1 || true
	awk -v stop="$W/real" '
		done[$1] { next }
		$2 ~ /^execve\(/ && index($0, stop) { done[$1] = 1; next }
		$2 ~ /^fcntl\(/ && !begun { begun = 1; for (name in most) from[name] = most[name] }
		match($2, /^[a-z_0-9]+\(/) {
			name = substr($2, 1, RLENGTH - 1)
			n = ++count[$1 " " name]
			if (n > most[name]) most[name] = n
		}
		END { for (name in most) for (i = from[name] + 1; i <= most[name]; i++) print name, i }' \
		"$W/trace" | grep -v "^brk " | sort -k1,1 -k2,2n
}

ledger_is_whole() {
	run coaming log --json
	assert_status 0
	jq -es 'length > 0' "$W/out" >/dev/null || fail "coaming log gives no JSON"
}

# F17
hook_killed_anywhere() {
	local name n points=0 stage=$1

	hook_setup "$everything"
	hook_reference
	calls "$B/coaming-hook" --config "$W/coaming.json" "$stage" <"$W/state.json" >"$W/points"
	hook poststop
	while read -r name n; do
		points=$((points + 1))
		[ "$stage" = createRuntime ] || hook createRuntime >/dev/null
		run strace -f -o /dev/null -e "inject=$name:signal=KILL:when=$n" \
			"$B/coaming-hook" --config "$W/coaming.json" "$stage" <"$W/state.json" >/dev/null
		assert_rules_whole
		# A kill between making a file and its rename leaves the file: gc removes it, and nothing
		# reads it.
		find "$W/state" -name '.*.tmp' -delete
		# Whatever else was left half done, the next one completes or undoes.
		hook createRuntime >/dev/null
		assert_status 0
		rules >"$W/rules"
		assert_file_is "$W/rules" "$W/rules.whole"
		hook poststop >/dev/null
		assert_status 0
		assert_clean
		nsenter -n -t "$target" nft flush ruleset
	done <"$W/points"
	echo "$points points"
	[ "$points" -gt 30 ] || fail "only $points system calls were seen"
	ledger_is_whole
}

# Killed, the runtime has run nothing, or it runs what is confined; the file is the old or the new.
runtime_killed_anywhere() {
	local name n points=0

	hook_setup "$everything"
	cp "$W/bundles/c1/config.json" "$W/confined.json"
	cp "$W/request.json" "$W/bundles/c1/config.json"
	calls "$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1 >"$W/points"
	while read -r name n; do
		points=$((points + 1))
		cat "$W/request.json" >"$W/bundles/c1/config.json"
		rm -f "$W/ran"
		run strace -f -o /dev/null -e "inject=$name:signal=KILL:when=$n" \
			"$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1 >/dev/null
		cmp -s "$W/bundles/c1/config.json" "$W/request.json" ||
			assert_file_is "$W/bundles/c1/config.json" "$W/confined.json"
		ran_confined || fail "$name $n: what ran is not confined"
		find "$W/bundles/c1" -maxdepth 1 -name '.*' -delete
	done <"$W/points"
	echo "$points points"
	[ "$points" -gt 30 ] || fail "only $points system calls were seen"
	ledger_is_whole
}

# What the stand-in was given is the confined config, or, where it was killed itself, a beginning.
ran_confined() {
	[ ! -e "$W/ran" ] || cmp -s -n "$(stat -c %s "$W/ran")" "$W/ran" "$W/confined.json"
}

# libc's own start fails with 127 and may print no newline; ours with one line.
assert_one_line() {
	[ "$status" -eq 127 ] || [ "$(wc -l <"$W/err")" -eq 1 ] || fail "$1: not one line: $(cat "$W/err")"
}

# F20: the call fails; the next error of the list each time.
errors=(EINTR EAGAIN ENOMEM EIO ENOSPC EMFILE)

hook_call_fails() {
	[ -z "${SANITIZE:-}" ] || skip_check "the sanitizers' own calls would fail too"
	local name n points=0 refused=0 error

	hook_setup "$everything"
	hook_reference
	calls "$B/coaming-hook" --config "$W/coaming.json" createRuntime <"$W/state.json" >"$W/points"
	hook poststop
	while read -r name n; do
		error=${errors[points % ${#errors[@]}]}
		points=$((points + 1))
		run timeout 20 strace -f -o /dev/null -e "inject=$name:error=$error:when=$n" \
			"$B/coaming-hook" --config "$W/coaming.json" createRuntime <"$W/state.json" >/dev/null
		case $status in
		0)
			rules >"$W/rules"
			cmp -s "$W/rules" "$W/rules.whole" || fail "accepted without rules: $name $n $error"
			;;
		1 | 2 | 111 | 127) # 127: libc, before main
			refused=$((refused + 1))
			assert_one_line "$name $n $error"
			assert_rules_whole
			;;
		*) fail "$name $n $error: exit status $status: $(tail -n 1 "$W/err")" ;;
		esac
		hook poststop >/dev/null
		assert_status 0
		assert_clean
		nsenter -n -t "$target" nft flush ruleset
	done <"$W/points"
	echo "$points points, $refused refused"
	[ "$refused" -gt 10 ] || fail "only $refused of $points failing calls were refused"
	ledger_is_whole
}

runtime_call_fails() {
	[ -z "${SANITIZE:-}" ] || skip_check "the sanitizers' own calls would fail too"
	local name n points=0 refused=0 error

	hook_setup "$everything"
	cp "$W/bundles/c1/config.json" "$W/confined.json"
	cp "$W/request.json" "$W/bundles/c1/config.json"
	calls "$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1 >"$W/points"
	while read -r name n; do
		error=${errors[points % ${#errors[@]}]}
		points=$((points + 1))
		cat "$W/request.json" >"$W/bundles/c1/config.json"
		rm -f "$W/ran"
		run timeout 20 strace -o "$W/trace" -e "inject=$name:error=$error:when=$n" \
			"$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1 >/dev/null
		if [ -e "$W/ran" ]; then
			ran_confined || fail "$name $n $error: ran unconfined"
		elif grep -q "^execve(\"$W/real\".* = 0" "$W/trace"; then
			assert_file_is "$W/bundles/c1/config.json" "$W/confined.json" # the call that failed was its
		else
			refused=$((refused + 1))
			case $status in
			1 | 2 | 111 | 127) ;; # 127: libc, before main
			*) fail "$name $n $error: exit status $status: $(tail -n 1 "$W/err")" ;;
			esac
			assert_one_line "$name $n $error"
		fi
		[ "$(ls -A "$W/bundles/c1")" = "$(printf 'config.json\nrootfs')" ] ||
			fail "$name $n $error: left $(ls -A "$W/bundles/c1" | tr '\n' ' ')"
	done <"$W/points"
	echo "$points points, $refused refused"
	[ "$refused" -gt 10 ] || fail "only $refused of $points failing calls were refused"
	ledger_is_whole
}

# F18: the hook hangs, the runtime kills it after the time that the config gives.
hook_timed_out() {
	profile p "$everything"
	bundle c1 "$(labelled p)" touch /data/started
	cat >"$W/slow" <<-END
		#!/bin/sh
		shift 0
		exec strace -D -o /dev/null -e inject=exit_group:delay_enter=5000000 $B/coaming-hook "\$@"
	END
	chmod 0755 "$W/slow"
	run confined create --bundle "$W/bundles/c1" c1
	assert_status 0
	run confined delete --force c1
	jq --arg p "$W/slow" '.hooks.createRuntime[0] |= (.path = $p | .timeout = 1)' \
		"$W/bundles/c1/config.json" >"$W/edited"
	cat "$W/edited" >"$W/bundles/c1/config.json"
	run "$RUNTIME" run --bundle "$W/bundles/c1" c1
	[ "$status" -ne 0 ] || fail "the container was started"
	[ ! -e "$W/bundles/c1/rootfs/data/started" ] || fail "the container ran"
	"$RUNTIME" delete --force c1 || true
	bundle c2 "$(labelled p)" true
	run_confined c2
	assert_status 0
}

# F21
limited() { # LIMIT...
	case ${SANITIZE:+$1} in --as=*) skip_check "the sanitizers need 20 TiB of address space" ;; esac
	profile p "$everything"
	hook_setup "$everything"
	hook_reference
	# Through a pipe: the limit on files would be on the file of the test, too.
	run bash -c 'set -o pipefail; "$@" 2>&1 >/dev/null | cat >&2' - prlimit "$@" \
		"$B/coaming-hook" --config "$W/coaming.json" createRuntime <"$W/state.json"
	assert_no_signal
	if [ "$status" -eq 0 ]; then
		rules >"$W/rules"
		assert_file_is "$W/rules" "$W/rules.whole"
	else
		assert_eq "$(wc -l <"$W/err")" 1 "lines on stderr"
		assert_rules_whole
	fi
	cat "$W/request.json" >"$W/bundles/c1/config.json"
	run prlimit "$@" "$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1
	assert_no_signal
	[ ! -s "$W/ran" ] || jq -e '.process.capabilities.bounding == ["CAP_CHOWN"]' "$W/ran"
	hook poststop
	assert_clean
}

# F22
closed() { # REDIRECTIONS
	local before

	hook_setup "$everything"
	hook_reference
	before=$(sha256sum "$W/coaming.json" "$W/bundles/c1/config.json" "$W/profiles/p.json")
	status=0
	eval "timeout 20 $B/coaming-hook --config $W/coaming.json createRuntime $1" || status=$?
	assert_no_signal
	[ "$status" -eq 0 ] || assert_rules_whole
	case $1 in *'<&-'*) [ "$status" -ne 0 ] || fail "accepted without a state" ;; esac
	assert_eq "$(sha256sum "$W/coaming.json" "$W/bundles/c1/config.json" "$W/profiles/p.json")" \
		"$before" "files"
	status=0
	eval "timeout 20 $B/coaming-runtime --config $W/coaming.json create --bundle $W/bundles/c1 c1 ${1/<*state.json/}" ||
		status=$?
	assert_no_signal
	ledger_is_whole
}

# F23: while it waits for its state the hook has only the three.
leaked() {
	local pid i

	hook_setup "$everything"
	mkfifo "$W/fifo"
	(
		for i in $(seq 200); do exec {_}</etc; done
		exec "$B/coaming-hook" --config "$W/coaming.json" createRuntime <"$W/fifo" >"$W/out" 2>"$W/err"
	) &
	pid=$!
	exec {writer}>"$W/fifo"
	wait_for 5 "the hook" sh -c "[ \"\$(cat /proc/$pid/comm)\" = coaming-hook ]"
	wait_for 5 "closed descriptors" sh -c "[ \$(ls /proc/$pid/fd | wc -l) -le 3 ]"
	cat "$W/state.json" >&"$writer"
	exec {writer}>&-
	wait "$pid" || fail "refused: $(cat "$W/err")"
}

# F24: a library that leaves a mark wherever it is loaded.
hostile_environment() {
	[ -z "${SANITIZE:-}" ] || skip_check "sanitized programs are not static"
	echo '__attribute__((constructor)) static void f(void) { __builtin_trap(); }' >"$W/evil.c"
	${CC:-cc} -shared -fPIC -o "$W/evil.so" "$W/evil.c"
	! LD_PRELOAD="$W/evil.so" /bin/true 2>/dev/null || fail "the library does nothing"
	hook_setup "$everything"
	hook_reference
	hook createRuntime env "LD_PRELOAD=$W/evil.so" "LD_AUDIT=$W/evil.so" "LD_LIBRARY_PATH=$W" \
		"PATH=$W" "TMPDIR=$W" "GCONV_PATH=$W" "LOCPATH=$W" "MALLOC_PERTURB_=1" \
		"GLIBC_TUNABLES=glibc.malloc.check=3" "NFT_DEBUG=all" "SYSTEMD_LOG_LEVEL=debug" \
		"LIBNFTNL_DEBUG=1" "COAMING_CONFIG=/nonexistent" "HOME=$W" "LANG=xx_XX"
	assert_status 0
	[ ! -s "$W/err" ] || fail "stderr: $(head -n 1 "$W/err")"
	rules >"$W/rules"
	assert_file_is "$W/rules" "$W/rules.whole"
	hook poststop env "LD_PRELOAD=$W/evil.so" "PATH=$W"
	assert_status 0
	# The real runtime gets the environment that the engine gave.
	cat >"$W/real" <<-'END'
		#!/bin/sh
		echo "$NOTIFY_SOCKET" >"${0%/*}/environment"
	END
	run env NOTIFY_SOCKET=/run/x "$B/coaming-runtime" --config "$W/coaming.json" create \
		--bundle "$W/bundles/c1" c1
	assert_status 0
	assert_eq "$(cat "$W/environment")" /run/x NOTIFY_SOCKET
}

# F25, F26, F27
odd_process() { # COMMAND...
	hook_setup "$everything"
	hook_reference
	hook createRuntime "$@"
	assert_status 0
	rules >"$W/rules"
	assert_file_is "$W/rules" "$W/rules.whole"
	hook poststop "$@"
	assert_status 0
	assert_clean
	assert_eq "$(find "$W/state" "$W/audit" -type d -perm /077 -o -type f -perm /077)" "" \
		"what others may read"
	cat "$W/request.json" >"$W/bundles/c1/config.json"
	chmod 0640 "$W/bundles/c1/config.json"
	run "$@" "$B/coaming-runtime" --config "$W/coaming.json" create --bundle "$W/bundles/c1" c1
	assert_status 0
	assert_eq "$(stat -c %a "$W/bundles/c1/config.json")" 640 "mode of config.json"
	jq -e '.process.capabilities.bounding == ["CAP_CHOWN"]' "$W/ran"
}

in_a_deleted_directory() {
	mkdir "$W/gone"
	cd "$W/gone"
	rmdir "$W/gone"
	odd_process env
}

# F28
five_hundred() {
	local i running=0

	stand_in
	ln -sf /bin/busybox "$W/true"
	host_config ".runtimes = [\"$W/true\"]"
	profile p '{capabilities: {allow: ["CHOWN"]}}'
	bundle base "$(labelled p)" true
	for i in $(seq 500); do
		mkdir "$W/bundles/m$i"
		cp "$W/bundles/base/config.json" "$W/bundles/m$i/"
	done
	for i in $(seq 500); do
		confined create --bundle "$W/bundles/m$i" "m$i" >/dev/null 2>>"$W/errors" || true &
	done
	wait
	run coaming log --json
	assert_status 0
	jq -r 'select(.COAMING_EVENT == "admit") | .COAMING_SEQ' "$W/out" >"$W/seq"
	assert_eq "$(wc -l <"$W/seq")" 500 admissions
	assert_eq "$(sort "$W/seq" | uniq -d | wc -l)" 0 "sequence numbers used twice"
}

# F36
poststop_at_odd_times() {
	hook_setup "$everything"
	hook_reference
	hook poststop
	assert_status 0
	hook poststop
	assert_status 0
	hook createRuntime
	assert_status 0
	state_file 0 >"$W/state.json"
	hook poststop
	assert_status 0
	hook poststop
	assert_status 0
	printf '{"ociVersion": "1.0.2", "id": "c1", "status": "stopped", "bundle": "%s"}' \
		"$W/bundles/c1" >"$W/state.json"
	hook poststop
	assert_status 0
	assert_clean
	rm -r "$W/bundles/c1"
	hook poststop
	assert_no_signal
	assert_clean
}

# A poststop that never came leaves a pin; the next start of that id takes it over.
poststop_never() {
	hook_setup "$everything"
	hook_reference
	hook createRuntime
	assert_status 0
	hook createRuntime
	assert_status 0
	rules >"$W/rules"
	assert_file_is "$W/rules" "$W/rules.whole"
	hook poststop
	assert_status 0
	assert_clean
}

# F37
nobody_rewrote() {
	profile p "$everything"
	bundle c1 "$(labelled p)" touch /data/started
	cp "$W/bundles/c1/config.json" "$W/request.json"
	run confined create --bundle "$W/bundles/c1" c1
	assert_status 0
	run confined delete --force c1
	jq -s '.[0] * {hooks: .[1].hooks}' "$W/request.json" "$W/bundles/c1/config.json" >"$W/edited"
	cat "$W/edited" >"$W/bundles/c1/config.json"
	run "$RUNTIME" run --bundle "$W/bundles/c1" c1
	[ "$status" -ne 0 ] || fail "the container was started"
	[ ! -e "$W/bundles/c1/rootfs/data/started" ] || fail "the container ran"
	"$RUNTIME" delete --force c1 || true
	assert_clean
}

# F38: what stands between coaming-runtime and the real runtime changes the config.
changed_in_between() {
	journal_start
	cat >"$W/between" <<-END
		#!/bin/sh
		case " \$* " in *" run "*)
			jq '$1' "$W/bundles/c1/config.json" >"$W/edited"
			cat "$W/edited" >"$W/bundles/c1/config.json" ;;
		esac
		exec $RUNTIME "\$@"
	END
	chmod 0755 "$W/between"
	host_config ".runtimes = [\"$W/between\"]"
	profile p "$everything"
	bundle c1 "$(labelled p)" touch /data/started
	run_confined c1
	[ "$status" -ne 0 ] || fail "the container was started"
	[ ! -e "$W/bundles/c1/rootfs/data/started" ] || fail "the container ran"
	assert_has "$W/err" coaming
	journal CONTAINER_NAME=c1 COAMING_EVENT=deny >"$W/j"
	assert_json "$W/j" '.COAMING_STAGE == "createRuntime"'
	"$RUNTIME" delete --force c1 || true
	assert_clean
}

gc_ends_what_is_gone() {
	local damaged

	hook_setup "$everything"
	hook createRuntime
	assert_status 0
	run coaming gc
	assert_status 0
	coaming log --json >"$W/log.json"
	assert_eq "$(jq -r 'select(.COAMING_EVENT == "stop") | .CONTAINER_NAME' "$W/log.json")" "" \
		"stops of what runs"
	kill -KILL "$target"
	wait "$target" 2>/dev/null || true
	damaged=$W/state/containers/$(printf %064d 0).json
	printf '{"id":' >"$damaged"
	run coaming gc
	assert_status 2
	assert_has "$W/err" "$(basename "$damaged")"
	assert_has "$W/out" '1 container had ended'
	coaming log --json >"$W/log.json"
	assert_eq "$(jq -r 'select(.COAMING_EVENT == "stop") | .CONTAINER_NAME + " " + .COAMING_STAGE' \
		"$W/log.json")" "c1 gc" "stops"
	rm "$damaged"
	run coaming gc
	assert_status 0
	assert_clean
}

# F40, F41
wrong_pid() { # PID
	hook_setup "$everything"
	hook_reference
	state_file "$1" >"$W/state.json"
	nft list ruleset >"$W/host.before"
	hook createRuntime
	[ "$status" -ne 0 ] || fail "accepted"
	assert_no_signal
	nft list ruleset >"$W/host.after"
	assert_file_is "$W/host.after" "$W/host.before"
	assert_clean
}

dead_pid() {
	local pid

	sleep 0 &
	pid=$!
	wait "$pid"
	wrong_pid "$pid"
}

zombie_pid() {
	sh -c 'sleep 0.01 & echo $!; exec sleep 1000' >"$W/zombie" &
	wait_for 5 "a zombie" sh -c "grep -q '^State:.Z' /proc/\$(cat $W/zombie)/status"
	wrong_pid "$(cat "$W/zombie")"
}

# F10
no_room() { # MODE COMMAND
	mkdir "$W/audit"
	mount -t tmpfs -o size=16k,mode=0700 tmpfs "$W/audit"
	head -c 16384 /dev/zero >"$W/audit/filler" || true
	profile p '{mode: "'"$1"'", capabilities: {allow: ["CHOWN"]}}'
	bundle c1 "$(labelled p)" true
	run_confined c1
	if [ "$1" = enforce ]; then
		[ "$status" -ne 0 ] || fail "started, and recorded nowhere"
		assert_has "$W/err" 'No space left'
	else
		assert_status 0
	fi
}

read_only_audit() {
	mkdir "$W/audit"
	mount -t tmpfs -o ro,mode=0700 tmpfs "$W/audit"
	profile p '{capabilities: {allow: ["CHOWN"]}}'
	bundle c1 "$(labelled p)" true
	run_confined c1
	[ "$status" -ne 0 ] || fail "started, and recorded nowhere"
	assert_has "$W/err" 'Read-only file system'
	# That journald took it is no proof that it keeps it: that is the administrator's to decide.
	journal_start
	run_confined c1
	assert_status 111
	assert_has "$W/err" '"diskError" in coaming.json'
	host_config '.audit.diskError = "warn"'
	run_confined c1
	assert_status 0
	assert_has "$W/err" 'recorded in the journal alone'
	host_config '.audit.diskError = "continue"'
	run_confined c1
	assert_status 0
	assert_has_not "$W/err" 'recorded'
	assert_eq "$(journal COAMING_EVENT=admit COAMING_UNCHAINED=1 | wc -l)" 2 "admissions"
	assert_eq "$(journal COAMING_EVENT=deny COAMING_UNCHAINED=1 | wc -l)" 1 "refusals"
	# What was lost by leave is itself a record, with a count, once there can be one: the three of
	# the journal, and the refusal of before that it had not, and the ends of what ran.
	mount -o remount,rw "$W/audit"
	host_config
	run_confined c1
	run_confined c1
	coaming log --json --event gap >"$W/gaps"
	assert_json "$W/gaps" '.COAMING_GAP_REASON == "missed" and (.COAMING_GAP_COUNT | tonumber) >= 4'
	[ ! -e "$W/state/missed" ] || fail "they are counted still"
}

check 'F17: createRuntime killed at each of its system calls' hook_killed_anywhere createRuntime
check 'F17: poststop killed at each of its system calls' hook_killed_anywhere poststop
check 'F17: the runtime killed at each of its system calls' runtime_killed_anywhere
check 'F20: each system call of createRuntime fails' hook_call_fails
check 'F20: each system call of the runtime fails' runtime_call_fails
for limit in --nofile=8 --nofile=4 --fsize=0 --fsize=100 --as=8000000 --core=unlimited \
	--nproc=0 --stack=65536 --memlock=0; do
	check "F21: prlimit $limit" limited "$limit"
done
check 'F22: no stdin' closed '<&-'
check 'F22: no stdout' closed '<$W/state.json >&-'
check 'F22: no stderr' closed '<$W/state.json 2>&-'
check 'F22: none of the three' closed '<&- >&- 2>&-'
check 'F22: stdout full' closed '<$W/state.json >/dev/full'
check 'F22: stderr full' closed '<$W/state.json 2>/dev/full'
check 'F23: two hundred leaked descriptors' leaked
check 'F24: a hostile environment' hostile_environment
check 'F25: signals blocked and ignored' odd_process env --block-signal --ignore-signal=PIPE,CHLD
check 'F26: in a directory that was deleted' in_a_deleted_directory
check 'F27: umask 0' odd_process sh -c 'umask 0; exec "$@"' -
check 'F27: umask 0777' odd_process sh -c 'umask 0777; exec "$@"' -
check 'F28: five hundred starts at once' five_hundred
check 'F36: poststop twice, without pid, with nothing there' poststop_at_odd_times
check 'F36: no poststop before the next start' poststop_never
check 'F36: gc ends what is gone, also beside a file that is damaged' gc_ends_what_is_gone
check 'F40: the process is dead' dead_pid
check 'F40: the process is a zombie' zombie_pid
check 'F41: pid 0' wrong_pid 0
check 'F41: pid 1' wrong_pid 1
check 'F41: our own pid' wrong_pid $$
check 'F10: no room for the record, enforce' no_room enforce
check 'F10: no room for the record, audit' no_room audit
check 'F11: auditDir read-only, with and without a journal' read_only_audit
for RUNTIME in runc crun; do
	check "F18: $RUNTIME kills the hook after its time" hook_timed_out
	check "F37: $RUNTIME, nobody rewrote the config" nobody_rewrote
	check "F38: $RUNTIME, capabilities added in between" \
		changed_in_between '.process.capabilities.bounding += ["CAP_SYS_ADMIN"]'
	check "F38: $RUNTIME, seccomp taken out in between" changed_in_between 'del(.linux.seccomp)'
	check "F38: $RUNTIME, root made writable in between" changed_in_between '.root.readonly = false'
	check "F38: $RUNTIME, the label taken out in between" changed_in_between '.annotations = {}
		| .process.capabilities.bounding += ["CAP_SYS_ADMIN"]'
done
finish
