#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The journal namespace "coaming" as it is shipped, and the units: what a rate limit takes from the
# default journal is all there.

conf=$(cd "$(dirname "$0")/../.." && pwd)/packaging/journald@coaming.conf.d/10-coaming.conf
. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq journalctl systemd-analyze python3 unshare "$B/coaming"

# journald looks at the control group of who sends for the unit whose rate limit it is. The unit is
# one in a control group namespace of its own, since a test makes no group of the host's.
groups_of_test() { # UNIT
	local base

	umount /sys/fs/cgroup/unified 2>/dev/null || true
	for base in /sys/fs/cgroup/systemd /sys/fs/cgroup; do
		[ ! -e "$base/cgroup.procs" ] || break
	done
	group=$base/$CG
	mkdir -p "$group/$1"
	echo "$BASHPID" >"$group/cgroup.procs"
	# Whatever happens: nobody stays in a group that has to go.
	trap 'echo 1 >"${group%/*}/cgroup.procs"' EXIT
}

# Of N records sent by a unit, how many each journal keeps: inside the namespace.
cat >"$T/burst" <<'END'
set -e
group=$1 out=$2 unit=$3
/lib/systemd/systemd-journald coaming 2>"$out/journald.coaming" &
/lib/systemd/systemd-journald 2>"$out/journald" &
for socket in /run/systemd/journal{,.coaming}/socket; do
	for _ in $(seq 100); do
		[ ! -S "$socket" ] || break
		sleep 0.05
	done
	(
		echo "$BASHPID" >"$group/$unit/cgroup.procs"
		exec python3 - "$socket" <<-'PYTHON'
			import socket, sys
			s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
			for i in range(500):
			    s.sendto(b"MESSAGE=%d\nPRIORITY=5\nSYSLOG_IDENTIFIER=burst\n" % i, sys.argv[1])
		PYTHON
	)
done
for namespace in '' coaming; do
	timeout 20 journalctl --namespace="$namespace" --sync
	timeout 20 journalctl --namespace="$namespace" -q -o cat SYSLOG_IDENTIFIER=burst \
		_SYSTEMD_UNIT="$unit" >"$out/kept.$namespace"
done
kill %1 %2
wait
END

send_burst() { # UNIT [CONF_LINE...]: lines for the default journal
	mkdir -p /run/systemd/journal{,.coaming} /run/systemd/journald{,@coaming}.conf.d
	cp "$conf" /run/systemd/journald@coaming.conf.d/
	printf '%s\n' '[Journal]' Storage=volatile "${@:2}" >/run/systemd/journald.conf.d/test.conf
	groups_of_test "$1"
	unshare --cgroup bash "$T/burst" "$group" "$W" "$1"
	wc -l "$W"/kept.*
	seq 0 499 >"$W/sent"
}

put_away() {
	rm -rf /run/systemd/journal.coaming /run/systemd/journald{,@coaming}.conf.d \
		/run/systemd/units /var/log/journal
}

nothing_is_dropped() {
	send_burst x.service RateLimitIntervalSec=1min RateLimitBurst=10
	assert_file_is "$W/kept.coaming" "$W/sent"
	# journald lets several times the burst pass where there is much room.
	[ "$(wc -l <"$W/kept.")" -lt 100 ] || fail "the default journal has dropped nothing"
	[ "$(wc -l <"$W/kept.")" -gt 0 ] || fail "the default journal has nothing at all"
	# On disk, in a directory of its own.
	assert_eq "$(find /var/log/journal -name '*.journal' | wc -l)" 1 "files on disk"
	ls /var/log/journal/"$(cat /etc/machine-id).coaming"/system.journal
	put_away
}

# A limit of the unit that sends holds in every namespace; coaming doctor names it.
a_units_own_limits() {
	mkdir -p /run/systemd/units
	ln -s 60000000 /run/systemd/units/log-rate-limit-interval:docker.service
	ln -s 10 /run/systemd/units/log-rate-limit-burst:docker.service
	send_burst docker.service RateLimitIntervalSec=0
	[ "$(wc -l <"$W/kept.coaming")" -lt 100 ] || fail "the namespace has dropped nothing"
	[ "$(wc -l <"$W/kept.")" -lt 100 ] || fail "the default journal has dropped nothing"
	doctor_names error caller-rate 'docker.service: about 10 entries in 1 minute (as it runs)'
	put_away
}

a_units_own_level() {
	mkdir -p /run/systemd/units
	ln -s 4 /run/systemd/units/log-level-max:docker.service
	send_burst docker.service
	assert_eq "$(cat "$W/kept." "$W/kept.coaming" | wc -l)" 0 "entries kept"
	doctor_names error caller-level 'docker.service: only priorities up to warning: LogLevelMax (as it runs)'
	put_away
}

doctor_names() { # SEVERITY ID TEXT
	mkdir -p /run/systemd/system
	echo '[Service]' >/run/systemd/system/docker.service
	run coaming doctor --json
	rm -r /run/systemd/system
	jq -r --arg id "$2" '.findings[] | select(.id == $id) | .severity + " " + .what' \
		"$W/out" >"$W/what"
	assert_has "$W/what" "$1 $3"
}

# What journald does not know it warns of, and ignores.
every_word_is_known() {
	local journald

	mkdir -p /run/systemd/journal.coaming /run/systemd/journald@coaming.conf.d
	sed 's/^Compress=/Kompress=/' "$conf" >/run/systemd/journald@coaming.conf.d/wrong.conf
	/lib/systemd/systemd-journald coaming 2>"$W/wrong" &
	journald=$!
	wait_for 5 'the socket' test -S /run/systemd/journal.coaming/socket
	kill "$journald"
	wait "$journald" || true
	assert_has "$W/wrong" Kompress
	assert_eq "$(grep -c 'conf:[0-9]' "$W/wrong")" 1 "words that journald does not know"
	rm -rf /run/systemd/journal.coaming /run/systemd/journald@coaming.conf.d
}

# The units as they are installed, but for programs that are not installed here.
units() {
	local unit

	# Without the job server of the make that runs the tests, which does not reach here.
	MAKEFLAGS=$(sed 's/ *-j[0-9]*\|--jobserver-[a-z]*=[^ ]*//g' <<<"${MAKEFLAGS:-}") \
		make -s -C "$top" O="$B" DESTDIR="$W/dest" install >"$W/make.log" 2>&1 || {
		cat "$W/make.log"
		fail "make install failed"
	}
	mkdir "$W/units"
	for unit in "$W"/dest/usr/lib/systemd/system/coaming-*; do
		sed "s|/usr/bin/coaming|$B/coaming|" "$unit" >"$W/units/${unit##*/}"
	done
}

systemd_takes_the_units() {
	units
	ls "$W/units"
	for unit in coaming-{flush,gc}.{service,timer} coaming-profiles.{path,service} \
		coaming-journal.target; do
		[ -e "$W/units/$unit" ] || fail "there is no $unit"
	done
	run systemd-analyze verify --man=no "$W"/units/*
	assert_status 0
	assert_eq "$(cat "$W/err")" "" "what systemd says of them"
	echo 'NoSuchSetting=1' >>"$W/units/coaming-flush.service"
	run systemd-analyze verify --man=no "$W/units/coaming-flush.service"
	assert_has "$W/err" NoSuchSetting
}

flush_is_hardened() {
	units
	run systemd-analyze security --offline=yes --threshold=25 --no-pager \
		"$W/units/coaming-flush.service"
	assert_status 0
	sed -i '/^Protect\|^Private\|^System\|^Restrict\|^Capab/d' "$W/units/coaming-flush.service"
	run systemd-analyze security --offline=yes --threshold=25 --no-pager \
		"$W/units/coaming-flush.service"
	assert_status 1
}

check 'the namespace keeps a burst that the default journal drops' nothing_is_dropped
check 'a limit of the unit that sends holds in every namespace, and is named' a_units_own_limits
check 'a level of the unit that sends holds in every namespace, and is named' a_units_own_level
check 'journald knows every word of its configuration' every_word_is_known
check 'systemd takes the units' systemd_takes_the_units
check 'the unit that flushes is hardened' flush_is_hardened
finish
