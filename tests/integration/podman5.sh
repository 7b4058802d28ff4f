#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# podman 5 of Debian 13, in a root file system of its own: labels that only its SQLite database
# holds, through both doors.

. "$(dirname "$0")/lib.sh"
if [ -z "${COAMING_TEST_CG:-}" ] && [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null; then
	# Here, since the sandbox has no way to Debian's mirror.
	COAMING_TEST_TREE=$(O=$B bash "$here/rootfs.sh" podman5) || COAMING_TEST_TREE=
	export COAMING_TEST_TREE
fi
sandbox "$@"
need debootstrap crun jq busybox sqlite3 journalctl "$B/coaming-runtime" "$B/coaming-hook" \
	"$B/coaming-sqlite"
tree=${COAMING_TEST_TREE:-}
if [ ! -x "$tree/usr/bin/podman" ]; then
	skip "${0##*/}" "debootstrap made no root file system"
	finish
fi
RUNTIME=crun
root=$T/debian

# What podman needs of this machine; /run has this test's directory, the journal's socket too.
enter_debian() {
	local dir

	mkdir -p "$root" "$T/upper" "$T/work"
	mount -t overlay -o "lowerdir=$tree,upperdir=$T/upper,workdir=$T/work" overlay "$root"
	for dir in /proc /sys /dev /run "$B" "$top"; do
		mkdir -p "$root$dir"
		mount --rbind "$dir" "$root$dir"
	done
}

podman() {
	chroot "$root" podman "$@"
}

# podman in Debian 13, with coaming by that door; an image with labels, two of them as the user's.
door() { # runtime|hooks
	local dir file

	journal_start
	profile web '{match: {labelSelector: {matchLabels: {tier: "web"}}},
		capabilities: {allow: ["CHOWN"]}}'
	profile evil '{capabilities: {allow: ["KILL"]}}'
	# An image that has the label too takes nothing away from the user's.
	profile both '{match: {labelSelector: {matchLabels: {vendor: "x"}}}, seccomp: {deny: ["sethostname"]}}'
	host_config
	mkdir -p "$root/etc/coaming"
	cp "$W/coaming.json" "$root/etc/coaming/coaming.json"
	podman_setup
	case $1 in
	runtime) sed -i 's/^runtime = .*/runtime = "coaming-runtime"/' "$CONTAINERS_CONF" ;;
	hooks)
		for dir in hooks.d precreate.d; do
			mkdir -p "$W/$dir"
			for file in "$top/packaging/$dir"/*.json.in; do
				sed "s|@libexecdir@/coaming/|$B/|" "$file" >"$W/$dir/$(basename "$file" .in)"
			done
		done
		sed -i "s|^hooks_dir = .*|hooks_dir = [\"$W/hooks.d\", \"$W/precreate.d\"]|" \
			"$CONTAINERS_CONF"
		;;
	esac
	tar -C "$T/rootfs" -c . | podman import -q -c 'LABEL io.coaming.profile=evil' \
		-c 'LABEL vendor=x' - labelled >/dev/null
}

labels() { # runtime|hooks
	door "$1"
	[ -e "$W/podman-root/db.sql" ] || fail "podman keeps no db.sql"
	run podman run --name web --network none --label tier=web --label vendor=x \
		localhost/labelled cat /proc/self/status
	assert_status 0
	assert_eq "$(field "$W/out" CapBnd)" "$(cap_mask CHOWN)" 'CapBnd under the profile of a label'
	journal CONTAINER_NAME=web COAMING_EVENT=admit >"$W/j"
	assert_json "$W/j" '.COAMING_PROFILE == ["both", "web"] and .COAMING_ENGINE == "podman"
		and .IMAGE_NAME == "localhost/labelled:latest"
		and (.COAMING_IMAGE_DIGEST | test("^sha256:[0-9a-f]{64}$"))
		and (.COAMING_LABEL_SOURCE | any(. == "tier=engine") and any(. == "vendor=image"))
		and .COAMING_LABEL_DROPPED == "io.coaming.profile=evil"'
	assert_eq "$(jq -r .COAMING_IMAGE_DIGEST "$W/j")" \
		"$(podman image inspect -f '{{.Digest}}' localhost/labelled)" 'the digest of the image'
	# The image's own label chooses nothing.
	run podman run --rm --name other --network none localhost/labelled cat /proc/self/status
	assert_status 0
	[ "$(field "$W/out" CapBnd)" != "$(cap_mask KILL)" ] || fail "the image chose its profile"
	run chroot "$root" "$B/coaming" explain --json --config "$W/coaming.json" --bundle \
		"$(podman inspect -f '{{.OCIConfigPath}}' web | sed 's|/config.json$||')"
	assert_status 0
	assert_json "$W/out" '(.labels | any(.key == "tier" and .source == "engine"))
		and (.droppedLabels | any(.key == "io.coaming.profile" and .source == "image"))'
}

# What is locked is waited for, not for ever; what is no database is said to be none.
unreadable() {
	local began

	door runtime
	podman create --name web --network none localhost/labelled true >/dev/null
	id=$(podman inspect -f '{{.Id}}' web)
	run "$B/coaming-sqlite" podman "$W/podman-root/db.sql" "$id"
	assert_status 0
	assert_json "$W/out" ".id == \"$id\" and .labels[\"vendor\"] == \"x\""
	run "$B/coaming-sqlite" podman "$W/podman-root/db.sql" 0000
	assert_status 0
	[ ! -s "$W/out" ] || fail "a container of another id"
	cp "$W/podman-root/db.sql" "$W/locked.sql"
	sqlite3 "$W/locked.sql" 'PRAGMA journal_mode = DELETE' >/dev/null
	(echo 'BEGIN EXCLUSIVE;'; sleep 20) | sqlite3 "$W/locked.sql" &
	wait_for 5 'the lock' sh -c "! sqlite3 '$W/locked.sql' 'SELECT 1 FROM ContainerConfig'"
	began=$SECONDS
	run "$B/coaming-sqlite" podman "$W/locked.sql" "$id"
	assert_status 111
	assert_has "$W/err" 'database is locked'
	[ $((SECONDS - began)) -le 8 ] || fail "it waited $((SECONDS - began)) s"
	head -c 5000 /dev/urandom >"$W/podman-root/db.sql"
	rm -f "$W/podman-root"/db.sql-*
	bundle c1 '.annotations["io.container.manager"] = "libpod"' touch /started
	mkdir -p "$W/podman-root/vfs-containers/$id"
	rm -rf "$W/podman-root/vfs-containers/$id/userdata"
	mv "$W/bundles/c1" "$W/podman-root/vfs-containers/$id/userdata"
	run confined run --bundle "$W/podman-root/vfs-containers/$id/userdata" "$id"
	[ "$status" -ne 0 ] || fail "started without the engine's labels"
	assert_matches "$W/err" 'labels that podman keeps cannot be read: .*db.sql.: file is not a database'
	journal COAMING_EVENT=deny >"$W/j"
	assert_json "$W/j" '.COAMING_REASON | test("labels that podman keeps")'
}

enter_debian
check "podman 5, runtime: labels, and whose they are, from its database" labels runtime
check "podman 5, hooks: labels, and whose they are, from its database" labels hooks
check "F57: podman 5: a locked database, and one that is none" unreadable
finish
