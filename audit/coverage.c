/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers without a decision.
 */
#include "audit/coverage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "audit/journal_file.h"
#include "lib/file.h"
#include "lib/hash.h"

/* Of a container's entries so many are looked at: whose they are is soon seen. */
#define ENTRIES_LOOKED_AT 16
/* kubelet's are nine deep. */
#define DEPTH_MAX   12
#define PAYLOAD_MAX 512
/* Of a static pod it is a digest, 32 digits; of others there are dashes in it. */
#define POD_UID_LEN_MIN 32

static bool is_id(const char *text)
{
	return strspn(text, "0123456789abcdef") >= COVERAGE_ID_LEN;
}

/* "pod" and its UID, as the kubelet names a pod's group where systemd does not manage them. */
static bool is_pod(const char *name)
{
	const char *uid = name + strlen("pod");

	return starts_with(name, "pod") && strlen(uid) >= POD_UID_LEN_MIN &&
	       uid[strspn(uid, "0123456789abcdef-")] == '\0';
}

const char *coverage_id(const char *name, const char *above)
{
	static const char *const prefixes[] = { "libpod-", "docker-", "crio-", "cri-containerd-" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *id = name + strlen(prefixes[i]);

		/* "libpod-conmon-ID" and "libpod-payload-ID" are parts of one. */
		if (starts_with(name, prefixes[i]) && is_id(id) &&
		    (id[COVERAGE_ID_LEN] == '\0' || streq(id + COVERAGE_ID_LEN, ".scope")))
			return id;
	}
	return (streq(above, "docker") || is_pod(above)) && is_id(name) &&
			       name[COVERAGE_ID_LEN] == '\0'
		       ? name
		       : NULL;
}

static int note(struct tally *t, uint32_t host, const char *id, const char *name, const char *what,
		uint64_t usec, const char *cursor, struct err *err)
{
	uint64_t container = tally_container(id, COVERAGE_ID_LEN);
	struct tally_place *place;
	struct tally_class class;
	char text[512];

	if (tally_knows(t, container))
		return 0;
	place = tally_place_of(t, container, host);
	if (place) {
		class = t->classes[place->class];
		class.flags |= TALLY_NOTED;
		class.host = host;
		tally_move(t, place, &class);
	}
	(void)snprintf(text, sizeof(text),
		       "container %s%s%.*s%s: %s, and there is no decision on it", name,
		       name[0] ? " (" : "", name[0] ? 12 : COVERAGE_ID_LEN, id, name[0] ? ")" : "",
		       what);
	return tally_gap(t, TALLY_GAP_ADMISSION, host, usec, text, cursor, err);
}

/* ---- the journal ---- */

struct look {
	struct tally *tally;
	struct journal_file *file;
	uint64_t schema, ours, root, start; /* DATA objects; 0: none */
	const char *what;
	bool needs_start;
};

static bool has_item(const struct journal_entry *e, uint64_t offset)
{
	for (size_t i = 0; i < e->n && offset != 0; i++)
		if (e->items[i] == offset)
			return true;
	return false;
}

/* The value of a field of an entry, "" where it is absent. */
static void value_of(struct journal_file *f, const struct journal_entry *e, const char *field,
		     char *out, size_t size)
{
	size_t len = strlen(field);

	out[0] = '\0';
	for (size_t i = 0; i < e->n; i++) {
		struct journal_data d = { 0 };
		struct err ignored = { 0 };

		if (journal_file_data(f, e->items[i], PAYLOAD_MAX, &d, &ignored) < 0 ||
		    d.compression != JOURNAL_PLAIN || d.len <= len || d.payload[len] != '=' ||
		    memcmp(d.payload, field, len) != 0)
			continue;
		(void)snprintf(out, size, "%.*s", (int)(d.len - len - 1), d.payload + len + 1);
		for (; *out; out++)
			if ((unsigned char)*out < 0x20 || *out == 0x7f)
				*out = ' ';
		return;
	}
}

static int note_entry(const struct look *l, const struct journal_entry *e, const char *id,
		      struct err *err)
{
	char machine[64], hostname[256], name[256], cursor[256], seqnum_id[33], boot_id[33];
	struct intern *words = &l->tally->words;
	int64_t host;

	value_of(l->file, e, "_MACHINE_ID", machine, sizeof(machine));
	value_of(l->file, e, "_HOSTNAME", hostname, sizeof(hostname));
	value_of(l->file, e, l->needs_start ? "PODMAN_NAME" : "CONTAINER_NAME", name, sizeof(name));
	host = tally_host(l->tally, intern_add(words, machine, strlen(machine)),
			  hostname[0] ? intern_add(words, hostname, strlen(hostname)) : 0);
	if (host < 0)
		return 0;
	hex_encode(seqnum_id, l->file->seqnum_id, 16);
	hex_encode(boot_id, e->boot_id, 16);
	(void)snprintf(cursor, sizeof(cursor), "s=%s;i=%llx;b=%s;m=%llx;t=%llx;x=%llx", seqnum_id,
		       (unsigned long long)e->seqnum, boot_id, (unsigned long long)e->monotonic,
		       (unsigned long long)e->realtime, (unsigned long long)e->xor_hash);
	return note(l->tally, (uint32_t)host, id, name, l->what, e->realtime, cursor, err);
}

static bool is_shown_by(const struct look *l, const struct journal_entry *e)
{
	const struct tally_options *o = &l->tally->options;

	return has_item(e, l->root) && !has_item(e, l->schema) && !has_item(e, l->ours) &&
	       (!l->needs_start || has_item(e, l->start)) && e->realtime >= o->since_usec &&
	       (o->until_usec == 0 || e->realtime <= o->until_usec);
}

/* The entries of one container, until one shows that it ran. */
static int look_at(const struct look *l, uint64_t data, const char *id, struct err *err)
{
	struct journal_walk walk = { 0 };
	struct err bad = { 0 };
	uint64_t at = 0;

	if (journal_walk_of(l->file, data, &walk, &bad) < 0)
		return 0;
	for (size_t i = 0;
	     i < ENTRIES_LOOKED_AT && journal_walk_next(l->file, &walk, &at, &bad) > 0; i++) {
		struct journal_entry e = { 0 };

		if (journal_file_entry(l->file, at, &e, &bad) == 0 && is_shown_by(l, &e))
			return note_entry(l, &e, id, err);
	}
	return 0;
}

static int look_for(const struct look *l, const char *field, struct err *err)
{
	size_t skip = strlen(field) + 1;
	struct err bad = { 0 };
	uint64_t at = 0;
	int r = 0;

	if (journal_file_newest(l->file, field, &at, &bad) <= 0)
		return 0;
	while (at != 0 && r == 0) {
		struct journal_data d = { 0 };
		char id[COVERAGE_ID_LEN + 1] = "";
		uint64_t next;

		if (journal_file_data(l->file, at, PAYLOAD_MAX, &d, &bad) < 0)
			return 0;
		next = d.next_field;
		if (d.compression == JOURNAL_PLAIN && d.len == skip + COVERAGE_ID_LEN)
			memcpy(id, d.payload + skip, COVERAGE_ID_LEN);
		if (is_id(id) && !tally_knows(l->tally, tally_container(id, COVERAGE_ID_LEN)))
			r = look_at(l, at, id, err);
		at = next;
	}
	return r;
}

static uint64_t find(struct journal_file *f, const char *text)
{
	struct err ignored = { 0 };
	uint64_t at = 0;

	return journal_file_find(f, text, strlen(text), &at, &ignored) > 0 ? at : 0;
}

static bool holds_ours_alone(struct journal_file *f, uint64_t schema)
{
	struct journal_data d = { 0 };
	struct err ignored = { 0 };

	return schema != 0 && journal_file_data(f, schema, 1, &d, &ignored) == 0 &&
	       d.n_entries == f->n_entries;
}

int coverage_engines(struct tally *tally, const struct sources *sources, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < sources->n && r == 0; i++) {
		_cleanup_journal_file_ struct journal_file *f = NULL;
		struct err bad = { 0 };
		struct look l = { .tally = tally };

		if (journal_file_open(AT_FDCWD, sources->v[i].path, &f, &bad) < 0)
			continue;
		l.file = f;
		l.schema = find(f, "COAMING_SCHEMA=1");
		if (holds_ours_alone(f, l.schema))
			continue;
		/* The short line that stays in the default journal beside a namespace. */
		l.ours = find(f, "SYSLOG_IDENTIFIER=coaming");
		l.root = find(f, "_UID=0");
		l.what = "it wrote to the journal";
		r = look_for(&l, "CONTAINER_ID_FULL", err);
		l.start = find(f, "PODMAN_EVENT=start");
		l.needs_start = true;
		l.what = "podman started it";
		if (r == 0 && l.start != 0)
			r = look_for(&l, "PODMAN_ID", err);
	}
	return r;
}

/* ---- the kernel ---- */

/* Where the hierarchy is not mounted, its mount point may hold anything. */
static bool is_of_the_kernel(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 && ((uint32_t)st.f_type == CGROUP_SUPER_MAGIC ||
					 (uint32_t)st.f_type == CGROUP2_SUPER_MAGIC);
}

/* A group outlives its processes where nobody removes it. */
static bool has_processes(int dirfd, const char *name, unsigned depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	_cleanup_close_ int list = -1;
	bool found;
	char byte;

	if (!dir) {
		closep(&fd);
		return false;
	}
	list = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	found = list >= 0 && read(list, &byte, 1) == 1;
	while (!found && depth < DEPTH_MAX) {
		const struct dirent *entry = readdir(dir);

		if (!entry)
			break;
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			found = has_processes(fd, entry->d_name, depth + 1);
	}
	return found;
}

struct walk {
	coverage_fn *found;
	void *arg;
};

static int look_below(const struct walk *walk, int dirfd, const char *name, unsigned depth,
		      struct err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int r = 0;

	if (!dir) { /* groups come and go */
		closep(&fd);
		return 0;
	}
	while (r == 0) {
		const struct dirent *entry = readdir(dir);
		const char *id;

		if (!entry)
			break;
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		id = coverage_id(entry->d_name, name);
		if (id && is_of_the_kernel(fd) && has_processes(fd, entry->d_name, depth))
			r = walk->found(walk->arg, id, err);
		else if (!id && depth < DEPTH_MAX)
			r = look_below(walk, fd, entry->d_name, depth + 1, err);
	}
	return r;
}

int coverage_walk(const char *root, coverage_fn *found, void *arg, struct err *err)
{
	const struct walk walk = { found, arg };

	return look_below(&walk, AT_FDCWD, root, 0, err);
}

struct groups {
	struct tally *tally;
	uint32_t host;
	uint64_t now_usec;
};

static int note_group(void *arg, const char *id, struct err *err)
{
	const struct groups *groups = arg;

	return note(groups->tally, groups->host, id, "",
		    "the kernel has processes in its control group", groups->now_usec, "", err);
}

int coverage_groups(struct tally *tally, const char *root, uint64_t now_usec, struct err *err)
{
	struct groups groups = { .tally = tally, .now_usec = now_usec };
	char machine[BOOT_ID_SIZE];
	int64_t host;

	record_machine_id(machine);
	host = tally_host(tally, intern_add(&tally->words, machine, strlen(machine)), 0);
	if (host < 0)
		return 0;
	groups.host = (uint32_t)host;
	return coverage_walk(root, note_group, &groups, err);
}
