#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# coaming doctor: it finds each thing that loses records of a real journald, and nothing else; and
# what files say of a host that lies below another directory.

. "$(dirname "$0")/lib.sh"
sandbox "$@"
need jq journalctl "$B/coaming" "$B/tests/integration/keep"

# The sections that this is about; path.sh is about the others.
evidence=(journal callers retention ledger)

# Findings as "severity id", those that are not ok, without the ones that depend on this machine's
# clock and disk.
doctor() {
	run timeout 60 "$B/coaming" --config "$W/coaming.json" doctor --json "${evidence[@]}"
	assert_no_signal
	assert_json "$W/out" '.schema == "coaming-doctor-1" and (.findings | length) > 5
		and .error == ([.findings[] | select(.severity == "error")] | length)
		and all(.findings[]; .what != "" and (.severity == "ok") == (.why == null))'
	jq -r '.findings[] | select(.severity != "ok" and .id != "clock" and .section != "retention")
		| .severity + " " + .id' "$W/out" | sort >"$W/found"
	status_fits
}

# 1 where anything is an error, also of what was left out above.
status_fits() {
	assert_status "$(jq 'if .error > 0 then 1 else 0 end' "$W/out")"
}

assert_found() { # LINE...: exactly these
	printf '%s\n' "$@" | sort >"$W/expected"
	assert_file_is "$W/found" "$W/expected"
}

# What a host that is otherwise well has here: no copy, no seal, no catalog.
usual=('note journal-rate' 'note journal-seal' 'note catalog' 'warning journal-copy')

persistent() { # CONF_LINE...: a journald that keeps its files, and a ledger
	[ -z "${journald:-}" ] || journal_stop
	rm -rf /var/log/journal "$W/audit"
	mkdir -p /var/log/journal
	journal_start Storage=persistent "$@"
	# Until it is told to, at boot, journald writes below /run.
	timeout 60 journalctl --flush
	"$B/tests/integration/keep" "$W/audit" admit CONTAINER_NAME=web >"$W/kept" 2>&1
	timeout 60 journalctl --sync
}

stored() {
	journal CONTAINER_NAME=web COAMING_SCHEMA=1 | wc -l
}

# Those about the chain's key depend on whether the auditor has it.
without_key() {
	sed -i '/ledger-key/d' "$W/found"
}

a_good_host() {
	persistent
	assert_eq "$(stored)" 1 "records in the journal"
	doctor
	without_key
	assert_found "${usual[@]}"
	assert_status 0
	assert_json "$W/out" 'any(.findings[]; .id == "journal-answers" and .severity == "ok")
		and any(.findings[]; .id == "ledger-directory" and .severity == "ok")
		and any(.findings[]; .id == "ledger-pending" and (.what | startswith("0 of ")))'
}

# loses CONF_LINE FINDING WHERE: with it a record is gone, and that is why.
loses() {
	persistent "$1"
	assert_eq "$(stored)" 0 "records in the journal"
	doctor
	without_key
	grep -v '^warning journal-storage' "$W/found" >"$W/found.1"
	mv "$W/found.1" "$W/found"
	assert_found "${usual[@]}" "error $2"
	assert_status 1
	jq -r ".findings[] | select(.id == \"$2\") | .what" "$W/out" >"$W/what"
	assert_has "$W/what" "$1"
	assert_has "$W/what" /etc/systemd/journald.conf.d/test.conf
}

level_is_named() {
	persistent MaxLevelStore=warning
	assert_eq "$(stored)" 0 "records in the journal"
	doctor
	without_key
	assert_found "${usual[@]}" 'error journal-level'
	assert_has "$W/out" 'only priorities up to warning: MaxLevelStore (/etc/systemd/journald.conf.d/test.conf)'
	# An empty value is none to journald.
	persistent MaxLevelStore=warning MaxLevelStore=
	assert_eq "$(stored)" 0 "records in the journal"
	doctor
	without_key
	assert_found "${usual[@]}" 'error journal-level'
	persistent MaxLevelStore=notice
	assert_eq "$(stored)" 1 "records in the journal"
	doctor
	without_key
	assert_found "${usual[@]}"
}

rate_is_named() {
	persistent RateLimitIntervalSec=1min RateLimitBurst=10
	doctor
	without_key
	assert_found "${usual[@]:1}" 'error journal-rate'
	assert_has "$W/out" 'about 10 entries of a unit in 1 minute (/etc/systemd/journald.conf.d/test.conf)'
	persistent RateLimitIntervalSec=0
	doctor
	without_key
	assert_found "${usual[@]:1}"
}

memory_is_named() {
	persistent
	journal_kill
	printf '[Journal]\nStorage=volatile\n' >/etc/systemd/journald.conf.d/zz.conf
	doctor
	without_key
	assert_found "${usual[@]}" 'error journal-storage' 'error journal-answers'
	rm -rf /etc/systemd/journald.conf.d/zz.conf /var/log/journal
	sed -i 's/persistent/auto/' /etc/systemd/journald.conf.d/test.conf
	doctor
	without_key
	assert_found "${usual[@]}" 'error journal-storage' 'error journal-answers'
	assert_has "$W/out" 'there is no /var/log/journal'
}

no_answer_is_named() {
	local begin=$SECONDS

	persistent
	journal_hang
	doctor
	journal_cont
	[ $((SECONDS - begin)) -lt 15 ] || fail "it took $((SECONDS - begin)) s"
	without_key
	assert_found "${usual[@]}" 'error journal-answers'
	assert_has "$W/out" 'not within 2 seconds'
}

retention_is_named() {
	persistent MaxRetentionSec=90day
	doctor
	jq -r '.findings[] | select(.id == "retention-time") | .severity + " " + .what' "$W/out" >"$W/what"
	assert_has "$W/what" 'error the journal lets records go after 90 days, and 365 days are asked for'
	persistent SystemMaxFiles=10 MaxFileSec=1week
	doctor
	jq -r '.findings[] | select(.id == "retention-time") | .severity + " " + .what' "$W/out" >"$W/what"
	assert_has "$W/what" 'error 10 files of at most 7 days are 70 days, and 365 days are asked for'
}

# Two days of records, and a size that is nearly reached.
size_is_extrapolated() {
	local id now i

	id=$(cat /etc/machine-id)
	now=$(date +%s)
	mkdir -p "/var/log/journal/$id"
	for i in $(seq 400); do
		printf '__REALTIME_TIMESTAMP=%s000000\n__MONOTONIC_TIMESTAMP=%s\n' \
			$((now - 172800 + i * 432)) "$i"
		printf '_BOOT_ID=%032d\nMESSAGE=%s\n\n' 1 "$(head -c 6000 /dev/urandom | base64 -w 0)"
	done >"$W/export"
	/lib/systemd/systemd-journal-remote -o "/var/log/journal/$id/system.journal" "$W/export" 2>&1
	persistent_conf SystemMaxUse=16M
	doctor
	jq -r '.findings[] | select(.id == "retention-size") | .severity + " " + .what' "$W/out" >"$W/what"
	cat "$W/what"
	assert_matches "$W/what" '^warning the journal has grown by [0-9.]+ MiB in 47 hours: the [0-9.]+ MiB that it may have \(/etc/systemd/journald.conf.d/test.conf\) last about [0-9]{1,2} days, and 365 days'
	persistent_conf SystemMaxUse=4G
	doctor
	jq -r '.findings[] | select(.id == "retention-size") | .what' "$W/out" >"$W/what"
	cat "$W/what"
	assert_matches "$W/what" 'last about [0-9]{3,4} days'
}

persistent_conf() {
	mkdir -p /etc/systemd/journald.conf.d
	printf '%s\n' '[Journal]' 'Storage=persistent' "$@" >/etc/systemd/journald.conf.d/test.conf
}

the_ledger_is_looked_at() {
	persistent
	chmod 0750 "$W/audit"
	doctor
	without_key
	assert_found "${usual[@]}" 'warning ledger-directory'
	chmod 0770 "$W/audit"
	doctor
	without_key
	assert_found "${usual[@]}" 'error ledger-directory'
	chmod 0700 "$W/audit"
	touch "$W/audit/unchained-000653f1c2a9e7b3-4711" "$W/audit/damaged-unchained-1"
	doctor
	without_key
	assert_found "${usual[@]}" 'warning ledger-waiting' 'warning ledger-damaged'
	rm "$W"/audit/{unchained,damaged}-*
	# journald is gone: what is written stays pending.
	journal_kill
	"$B/tests/integration/keep" -n 100 "$W/audit" admit >"$W/kept" 2>&1
	doctor
	without_key
	assert_found "${usual[@]}" 'error journal-answers' 'warning ledger-pending'
	assert_matches "$W/out" '"100 of 10[0-9] records were not given'
	head -c 100 /dev/zero >"$W/audit/head"
	doctor
	assert_found "${usual[@]}" 'error journal-answers' 'warning ledger-head'
}

# The journal of the namespace is the one that counts, whatever the default one is.
a_namespace() {
	local conf=/run/systemd/journald@coaming.conf.d

	host_config '.audit = {"journalNamespace": "coaming"}'
	persistent Storage=none
	doctor
	grep journal- "$W/found" >"$W/f" && mv "$W/f" "$W/found"
	assert_found 'warning journal-storage' 'note journal-rate' 'note journal-seal' \
		'warning journal-copy' 'error journal-answers'
	assert_has "$W/out" 'enable --now coaming-journal.target'
	mkdir -p $conf /run/systemd/journal.coaming
	cp "$top/packaging/journald@coaming.conf.d/10-coaming.conf" $conf/
	/lib/systemd/systemd-journald coaming 2>"$W/journald" &
	wait_for 5 'the namespace' timeout 5 journalctl --namespace=coaming --sync
	doctor
	grep journal- "$W/found" >"$W/f" && mv "$W/f" "$W/found"
	assert_found 'note journal-seal' 'warning journal-copy'
	assert_json "$W/out" 'any(.findings[]; .id == "retention-time" and .severity == "ok")'
	host_config '.audit = {"journalNamespace": "coaming", "retention": "2y", "diskFull": "warn"}'
	doctor
	assert_json "$W/out" 'any(.findings[]; .id == "retention-time" and .severity == "error")
		and any(.findings[]; .id == "ledger-losses" and .severity == "note")'
	rm -rf $conf /run/systemd/journal.coaming
}

no_room_is_named() {
	persistent
	host_config '.audit = {"ledgerSize": "40M"}'
	doctor
	assert_json "$W/out" 'any(.findings[]; .id == "ledger-space" and .severity == "warning")'
	host_config '.audit = {"ledgerSize": "10M"}'
	doctor
	assert_json "$W/out" 'any(.findings[]; .id == "ledger-space" and .severity == "error")'
	umount "$W/audit" 2>/dev/null || true
	mount -t tmpfs -o size=8M,mode=0700 tmpfs "$W/audit"
	host_config .
	doctor
	assert_json "$W/out" 'any(.findings[]; .id == "ledger-space" and .severity == "error"
		and (.what | contains("8.0 MiB left")))'
}

# Below another directory: what the files there say, and nothing of this host.
another_root() {
	local root=$W/root

	mkdir -p "$root/etc/systemd/system/multi-user.target.wants" "$root/var/log/journal" \
		"$root"/etc/systemd/{journald.conf.d,system/crio.service.d} \
		"$root"/usr/lib/systemd/system{,/containerd.service.d,/service.d}
	printf '[Journal]\nStorage=persistent\n' >/etc/systemd/journald.conf
	printf '[Journal]\nStorage=none\nRateLimitBurst=2000\n' >"$root/etc/systemd/journald.conf"
	printf '[Journal]\nStorage=persistent\n' >"$root/etc/systemd/journald.conf.d/1.conf"
	printf '[Service]\nLogRateLimitIntervalSec=30s\nLogRateLimitBurst=20\n' \
		>"$root/usr/lib/systemd/system/docker.service"
	printf '[Service]\nLogLevelMax=err\n' >"$root/usr/lib/systemd/system/containerd.service"
	printf '[Service]\nLogLevelMax=info\n' \
		>"$root/usr/lib/systemd/system/containerd.service.d/x.conf"
	printf '[Service]\n' >"$root/usr/lib/systemd/system/crio.service"
	printf '[Service]\nLogLevelMax=warning\n' \
		>"$root/etc/systemd/system/crio.service.d/10-quiet.conf"
	printf '[Upload]\nURL=http://collector:19532\n' >"$root/etc/systemd/journal-upload.conf"
	echo 00000000000000000000000000000001 >"$root/etc/machine-id"
	rm "$W/coaming.json"
	run timeout 60 "$B/coaming" doctor --json --root "$root/" "${evidence[@]}"
	assert_json "$W/out" '.machineId == "00000000000000000000000000000001"'
	jq -r '.findings[] | select(.severity != "ok" and .id != "clock")
		| .severity + " " + .id' "$W/out" | sort >"$W/found"
	assert_found 'error journal-answers' 'warning journal-storage' 'warning journal-rate' \
		'note journal-seal' 'warning journal-copy' 'error caller-rate' 'error caller-level' \
		'note ledger-directory' 'note catalog'
	assert_has "$W/out" 'crio.service: only priorities up to warning: LogLevelMax (/etc/systemd/system/crio.service.d/10-quiet.conf)'
	assert_has "$W/out" 'docker.service: about 20 entries in 30 seconds'
	assert_has "$W/out" 'is not enabled, though its URL is set (/etc/systemd/journal-upload.conf)'
	# What the running unit has is what journald sees.
	ln -s x "$root/etc/systemd/system/multi-user.target.wants/systemd-journal-upload.service"
	mkdir -p "$root/run/systemd/units" "$root/etc/coaming"
	ln -s 7 "$root/run/systemd/units/log-level-max:crio.service"
	ln -s 0 "$root/run/systemd/units/log-rate-limit-interval:docker.service"
	echo '{"auditDir": "relative"}' >"$root/etc/coaming/coaming.json"
	run timeout 60 "$B/coaming" doctor --json --root "$root" "${evidence[@]}"
	jq -r '.findings[] | select(.severity != "ok" and .id != "clock")
		| .severity + " " + .id' "$W/out" | sort >"$W/found"
	assert_found 'error host-configuration' 'error journal-answers' 'warning journal-storage' \
		'warning journal-rate' 'note journal-seal' 'note ledger-directory' 'note catalog'
	rm -f /etc/systemd/journald.conf
}

words_for_people() {
	persistent
	run "$B/coaming" --config "$W/coaming.json" doctor "${evidence[@]}"
	assert_status 0
	assert_matches "$W/out" '^ok      journal-answers: journald answers$'
	assert_matches "$W/out" '^        Do: '
	assert_matches "$W/out" '^0 errors, [0-9]+ warnings?, [0-9]+ notes?, [0-9]+ ok$'
	assert_eq "$(LC_ALL=C grep -c $'\x1b' "$W/out")" 0 "colour in a file"
	run "$B/coaming" doctor --root "$W/nowhere"
	assert_status 2
	run "$B/coaming" doctor --frob
	assert_status 2
}

check 'a host that is well' a_good_host
check 'Storage=none: records are gone, and it is named' loses Storage=none journal-storage
check 'MaxLevelStore=warning: records are gone, and it is named' level_is_named
check 'a rate limit of 10 a minute is named' rate_is_named
check 'a journal in memory is named' memory_is_named
check 'a hung journald is named' no_answer_is_named
check 'a retention that is too short is named' retention_is_named
check 'a size that will not last is named' size_is_extrapolated
check 'the ledger is looked at' the_ledger_is_looked_at
check 'a namespace of the journal is looked at in its place' a_namespace
check 'a ledger without room is named' no_room_is_named
check 'a host below another directory' another_root
check 'words for people' words_for_people
finish
