/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger as it lies there: whose it is, how much room it has, what the journal has not got yet,
 * whether its chain is under a key; and what all records rest on: the clock, the catalog.
 *
 * MUST NOT lock the ledger: a container may be starting.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "audit/first_key.h"
#include "audit/head.h"
#include "audit/segment.h"
#include "cli/below.h"
#include "lib/file.h"
#include "lib/strv.h"

/* After that many the timer has not been there for a while, or journald hangs. */
#define PENDING_MAX     64
#define UNCONFIRMED_MAX 10000

/* ---- the directory ---- */

static const struct advice no_ledger = {
	.why = "the first container that starts makes it",
	.remedy = NULL,
};
static const struct advice open_to_others = {
	.why = "whoever can write there can lose records, and nothing is written to such a "
	       "directory: in enforce mode no container starts",
	.remedy = "chown root and chmod 0700 it, and look at who was there",
};
static const struct advice readable_by_others = {
	.why = "records say who did what, and the key of the next record lies there",
	.remedy = "chmod 0700 it",
};

static int check_directory(struct doctor *d, int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat %s", Q(path));
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return doctor_add(d, FINDING_ERROR, "ledger-directory", &open_to_others, err,
				  "others than root may write to %s (user %u, mode %04o)", Q(path),
				  st.st_uid, st.st_mode & 07777);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return doctor_add(d, FINDING_WARNING, "ledger-directory", &readable_by_others, err,
				  "others than root may look into %s (mode %04o)", Q(path),
				  st.st_mode & 07777);
	return doctor_add(d, FINDING_OK, "ledger-directory", NULL, err, "%s is root's alone",
			  Q(path));
}

static const struct advice little_room = {
	.why = "where less is left than adminSpaceLeft of coaming.json(5), or nothing, its action "
	       "follows: unless it was changed, no container starts in enforce mode",
	.remedy = "make room there; let journald take the records, so that the ledger may let go",
};

/* head NULL: how much of ledgerSize is used is not known. */
static int check_room(struct doctor *d, int fd, const char *path, const struct head *head,
		      struct err *err)
{
	const struct keeping *k = &d->host->keeping;
	enum severity severity = FINDING_OK;
	struct statvfs vfs;
	uint64_t left, bound = k->ledger_bytes;

	if (fstatvfs(fd, &vfs) < 0)
		return err_errno(err, errno, "cannot tell how much room %s has", Q(path));
	left = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (bound > 0 && head) {
		bound = bound > head->bytes ? bound - head->bytes : 0;
		left = bound < left ? bound : left;
	}
	if (left < k->space_left.bytes)
		severity = FINDING_WARNING;
	if (left < k->admin_space_left.bytes)
		severity = FINDING_ERROR;
	return doctor_add(d, severity, "ledger-space", severity ? &little_room : NULL, err,
			  "the ledger in %s has %s left", Q(path), BYTES(left));
}

static const struct advice may_lose = {
	.why = "containers then start without a record; how many is told later",
	.remedy = "set the action to refuse in coaming.json(5), unless that is what you want",
};

/* What the administrator permits is worth knowing for whoever reads the records. */
static int check_actions(struct doctor *d, struct err *err)
{
	const struct keeping *k = &d->host->keeping;
	const struct {
		const char *name;
		enum keep_action action;
	} actions[] = { { "diskFull", k->disk_full }, { "diskError", k->disk_error } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(actions); i++)
		if (actions[i].action != KEEP_REFUSE)
			r = doctor_add(d, FINDING_NOTE, "ledger-losses", &may_lose, err,
				       "\"%s\" permits that a record is lost", actions[i].name);
	return r;
}

/* ---- what the journal has not got ---- */

static const struct advice no_head = {
	.why = "where the chain ends is remembered there: without it records that are cut from "
	       "the end are not noticed",
	.remedy = "the next record makes it again, and tells of it in a gap record",
};
static const struct advice pending = {
	.why = "the ledger has them, the journal does not",
	.remedy = "systemctl enable --now coaming-flush.timer, and see whether journald answers",
};
static const struct advice unconfirmed = {
	.why = "the ledger keeps them until a journal on disk was seen to have them, and grows",
	.remedy = "systemctl enable --now coaming-flush.timer; coaming flush says what is missing",
};

static uint64_t behind(const struct head *head, const struct position *at)
{
	return at->seq < head->last.seq ? head->last.seq - at->seq : 0;
}

static int check_sent(struct doctor *d, const struct head *head, struct err *err)
{
	uint64_t unsent = behind(head, &head->sent), open = behind(head, &head->confirmed);
	enum severity severity = unsent > PENDING_MAX ? FINDING_WARNING : FINDING_OK;
	int r;

	r = doctor_add(d, severity, "ledger-pending", severity ? &pending : NULL, err,
		       "%llu of %llu records were not given to the journal yet",
		       (unsigned long long)unsent, (unsigned long long)head->last.seq);
	if (r < 0)
		return r;
	severity = open > UNCONFIRMED_MAX ? FINDING_WARNING : FINDING_OK;
	return doctor_add(d, severity, "ledger-unconfirmed", severity ? &unconfirmed : NULL, err,
			  "%llu of %llu records were not seen in a journal on disk yet",
			  (unsigned long long)open, (unsigned long long)head->last.seq);
}

static const struct advice no_key = {
	.why = "without a key whoever is root can write the whole chain anew",
	.remedy = "run coaming audit init, and keep the key that it shows off this host",
};
static const struct advice key_not_shown = {
	.why = "until then the key lies on this host, and proves nothing against who is root",
	.remedy = "run coaming audit init, and keep the key that it shows off this host",
};

static int check_key(struct doctor *d, int fd, const struct head *head, struct err *err)
{
	char **ids = NULL;
	size_t n = 0;
	int r;

	if (head->key.epoch == 0)
		return doctor_add(d, FINDING_WARNING, "ledger-key", &no_key, err,
				  "the chain is under no key");
	r = first_key_list(fd, &ids, &n, err);
	strv_free(&ids, &n);
	if (r < 0)
		return r;
	if (n > 0)
		return doctor_add(d, FINDING_WARNING, "ledger-key", &key_not_shown, err,
				  "the key of the chain was not shown to anybody yet");
	return doctor_add(d, FINDING_OK, "ledger-key", NULL, err,
			  "the chain is under key %s, epoch %llu", Q(head->key_id),
			  (unsigned long long)head->key.epoch);
}

static int check_head(struct doctor *d, int fd, const char *path, struct err *err)
{
	_cleanup_close_ int head_fd = -1;
	enum head_state state;
	struct head head;
	int r;

	r = head_load(fd, &head_fd, &head, &state, err);
	if (r == 0)
		r = check_room(d, fd, path, state == HEAD_GOOD ? &head : NULL, err);
	if (r < 0)
		return r;
	if (state != HEAD_GOOD)
		return doctor_add(d, state == HEAD_DAMAGED ? FINDING_WARNING : FINDING_NOTE,
				  "ledger-head", &no_head, err, "the ledger's head is %s",
				  state == HEAD_DAMAGED ? "damaged" : "not there");
	r = check_sent(d, &head, err);
	return r < 0 ? r : check_key(d, fd, &head, err);
}

/* ---- what waits, and what is broken ---- */

static const struct advice waiting = {
	.why = "they found the ledger locked, and the next record takes them into the chain",
	.remedy = "where they stay, look for a process that holds the directory: fuser -v",
};
static const struct advice damaged = {
	.why = "a record that waited could not be read: a disk error, or somebody's doing",
	.remedy = "keep the file for whoever looks into it; its gap record is in the chain",
};

static int check_names(struct doctor *d, const char *path, struct err *err)
{
	const struct {
		const char *prefix, *id, *text;
		const struct advice *advice;
	} kinds[] = {
		{ SPOOL_PREFIX, "ledger-waiting", "wait to be taken into the chain", &waiting },
		{ "damaged-", "ledger-damaged", "could not be read", &damaged },
	};
	char **names = NULL;
	size_t n = 0;
	int r = below_list(d->root_fd, path, "", &names, &n, err);

	for (size_t k = 0; r == 0 && k < ARRAY_SIZE(kinds); k++) {
		size_t found = 0;

		for (size_t i = 0; i < n; i++)
			found += starts_with(names[i], kinds[k].prefix);
		if (found > 0)
			r = doctor_add(d, FINDING_WARNING, kinds[k].id, kinds[k].advice, err,
				       "%zu records %s", found, kinds[k].text);
	}
	strv_free(&names, &n);
	return r;
}

static int check_ledger(struct doctor *d, const char *path, struct err *err)
{
	_cleanup_close_ int fd = below_open(d->root_fd, path, O_RDONLY | O_DIRECTORY);
	int r;

	if (fd == -ENOENT)
		return doctor_add(d, FINDING_NOTE, "ledger-directory", &no_ledger, err,
				  "there is no %s yet", Q(path));
	if (fd < 0)
		return err_errno(err, -fd, "cannot open the directory %s", Q(path));
	r = check_directory(d, fd, path, err);
	r = r < 0 ? r : check_head(d, fd, path, err);
	r = r < 0 ? r : check_actions(d, err);
	return r < 0 ? r : check_names(d, path, err);
}

/* ---- what all records rest on ---- */

static const struct advice clock_is_free = {
	.why = "records are compared with those of other hosts by their time",
	.remedy = "set up chrony or systemd-timesyncd, see timedatectl status",
};

static int check_clock(struct doctor *d, struct err *err)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);

	if (state < 0 || state == TIME_ERROR || (t.status & STA_UNSYNC))
		return doctor_add(d, FINDING_WARNING, "clock", &clock_is_free, err,
				  "the kernel does not know the clock to be synchronized");
	return doctor_add(d, FINDING_OK, "clock", NULL, err,
			  "the clock is synchronized, within %s of its source",
			  SPAN((uint64_t)t.maxerror));
}

static const struct advice no_catalog = {
	.why = "journalctl -x does not explain the records",
	.remedy = "run journalctl --update-catalog as root",
};

/* The database holds each message id as 16 bytes. */
static bool catalog_has(const char *text, size_t len, enum event event)
{
	uint8_t id[16];

	return hex_decode(id, sizeof(id), event_message_id(event), 32) &&
	       memmem(text, len, id, sizeof(id)) != NULL;
}

static int check_catalog(struct doctor *d, struct err *err)
{
	_cleanup_close_ int fd =
		below_open(d->root_fd, "/var/lib/systemd/catalog/database", O_RDONLY | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	size_t len = 0, missing = 0;

	if (fd >= 0) {
		int r = fd_read_all(fd, "the message catalog", FILE_MAX_BYTES, &text, &len, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < EVENTS_; i++)
		missing += !text || !catalog_has(text, len, (enum event)i);
	if (missing > 0)
		return doctor_add(d, FINDING_NOTE, "catalog", &no_catalog, err,
				  "the message catalog lacks %zu of %d texts of coaming", missing,
				  EVENTS_);
	return doctor_add(d, FINDING_OK, "catalog", NULL, err,
			  "the message catalog has coaming's texts");
}

int doctor_ledger(struct doctor *d, struct err *err)
{
	struct err cause = { 0 };
	int r;

	r = check_ledger(d, d->host->audit_dir, &cause);
	if (r < 0 && r != -ENOMEM)
		r = doctor_add_unread(d, "ledger", &cause, err);
	if (r == 0)
		r = check_clock(d, err);
	if (r == 0)
		r = check_catalog(d, &cause);
	if (r < 0 && r != -ENOMEM)
		r = doctor_add_unread(d, "catalog", &cause, err);
	return r == -ENOMEM ? err_oom(err) : r;
}
