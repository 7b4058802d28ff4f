/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For how long the journal keeps what it has, and whether there is room.
 *
 * What is there is measured: its span and its size say how long the size that is allowed lasts.
 *
 * Source: journald.conf(5), SystemMaxUse= and MaxRetentionSec=; the header of a journal file as in
 * https://systemd.io/JOURNAL_FILE_FORMAT
 */
#include "cli/doctor.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "audit/stamp.h"
#include "cli/below.h"
#include "cli/settings.h"
#include "lib/strv.h"

#define DAY_USEC     ((uint64_t)86400 * 1000000)
#define GIB          ((uint64_t)1 << 30)
#define MIB          ((uint64_t)1 << 20)
#define HEADER_BYTES 208

/* What is in the journal's directory. */
struct stock {
	uint64_t bytes; /* on disk */
	uint64_t used;  /* of those, filled */
	uint64_t first, last;
	size_t files;
	uint64_t total, free; /* of the file system */
};

/* What journald.conf allows. */
struct limits {
	uint64_t retention_usec; /* 0: none */
	uint64_t max_bytes, keep_free;
	uint64_t files, file_usec;
	const char *where_retention, *where_bytes;
};

/* ---- what is there ---- */

static uint64_t le64_at(const char *header, size_t offset)
{
	uint64_t v;

	memcpy(&v, header + offset, sizeof(v));
	return le64toh(v);
}

/* A file's size, and the times of its first and last entry. */
static void add_file(struct stock *stock, int dirfd, const char *name)
{
	_cleanup_close_ int fd =
		openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char header[HEADER_BYTES];
	uint64_t first, last, used;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	stock->files++;
	stock->bytes += (uint64_t)st.st_blocks * 512;
	if (pread(fd, header, sizeof(header), 0) != HEADER_BYTES ||
	    memcmp(header, "LPKSHHRH", 8) != 0)
		return;
	used = le64_at(header, 136); /* tail_object_offset */
	first = le64_at(header, 184);
	last = le64_at(header, 192);
	stock->used += used < (uint64_t)st.st_size ? used : (uint64_t)st.st_size;
	if (first == 0 || last < first)
		return;
	stock->first = stock->first == 0 || first < stock->first ? first : stock->first;
	stock->last = last > stock->last ? last : stock->last;
}

/* 1 read, 0 there is no such directory. */
static int take_stock(const struct doctor *d, const char *path, struct stock *ret, struct err *err)
{
	_cleanup_close_ int fd = below_open(d->root_fd, path, O_RDONLY | O_DIRECTORY);
	static const char *const suffixes[] = { ".journal", ".journal~" };
	char **names = NULL;
	struct statvfs vfs;
	size_t n = 0;
	int r = 0;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return err_errno(err, -fd, "cannot read the directory %s", Q(path));
	if (fstatvfs(fd, &vfs) < 0)
		return err_errno(err, errno, "cannot tell how much room %s has", Q(path));
	ret->total = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	ret->free = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(suffixes); i++)
		r = below_list(d->root_fd, path, suffixes[i], &names, &n, err);
	for (size_t i = 0; r == 0 && names && i < n; i++)
		add_file(ret, fd, names[i]);
	strv_free(&names, &n);
	return r < 0 ? r : 1;
}

/* ---- what is allowed ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct limits read_limits(const struct settings *s, const struct stock *stock)
{
	struct limits l = {
		.max_bytes = least(stock->total / 10, 4 * GIB),
		.keep_free = least(stock->total / 20 * 3, 4 * GIB),
		.files = 100,
		.file_usec = 2629800000000, /* a month */
	};
	const struct setting *at = settings_usec(s, "MaxRetentionSec", &l.retention_usec);

	l.where_retention = at ? at->file : "systemd's default";
	at = settings_bytes(s, "SystemMaxUse", &l.max_bytes);
	l.where_bytes = at ? at->file : "systemd's default";
	(void)settings_bytes(s, "SystemKeepFree", &l.keep_free);
	(void)settings_number(s, "SystemMaxFiles", &l.files);
	(void)settings_usec(s, "MaxFileSec", &l.file_usec);
	return l;
}

/* ---- findings ---- */

static const struct advice too_short = {
	.why = "the journal lets records go before the time for which they are to be kept",
	.remedy = "set MaxRetentionSec= longer, or to 0, in a drop-in of journald.conf(5); or "
		  "\"retention\" in coaming.json(5) shorter",
};
static const struct advice too_small = {
	.why = "when its size is reached the journal lets the oldest records go, however young",
	.remedy = "set SystemMaxUse= larger, or give the records a namespace of their own, where "
		  "nobody else fills it: journalNamespace in coaming.json(5)",
};
static const struct advice too_few_files = {
	.why = "a file is closed when it is old, too, and the oldest goes when there are too many",
	.remedy = "set SystemMaxFiles= or MaxFileSec= larger in a drop-in of journald.conf(5)",
};
static const struct advice no_room = {
	.why = "journald keeps that much of the disk free, and lets the oldest records go for it",
	.remedy = "make room, or set SystemKeepFree= in a drop-in of journald.conf(5)",
};

static int check_age(struct doctor *d, const struct limits *l, struct err *err)
{
	uint64_t by_files = UINT64_MAX;

	if (l->retention_usec > 0 && l->retention_usec < d->retention_usec)
		return doctor_add(d, FINDING_ERROR, "retention-time", &too_short, err,
				  "the journal lets records go after %s, and %s are asked for: "
				  "MaxRetentionSec (%s)",
				  SPAN(l->retention_usec), SPAN(d->retention_usec),
				  l->where_retention);
	/* 0 is no limit, of either. */
	if (l->file_usec > 0 && l->files > 0 &&
	    __builtin_mul_overflow(l->files, l->file_usec, &by_files))
		by_files = UINT64_MAX;
	if (by_files < d->retention_usec)
		return doctor_add(d, FINDING_ERROR, "retention-time", &too_few_files, err,
				  "%llu files of at most %s are %s, and %s are asked for",
				  (unsigned long long)l->files, SPAN(l->file_usec), SPAN(by_files),
				  SPAN(d->retention_usec));
	return doctor_add(d, FINDING_OK, "retention-time", NULL, err,
			  "the journal lets no record go for its age within %s",
			  SPAN(d->retention_usec));
}

static int check_size(struct doctor *d, const struct limits *l, const struct stock *stock,
		      struct err *err)
{
	uint64_t span = stock->last - stock->first, days;
	uint64_t room = stock->free > l->keep_free ? stock->free - l->keep_free : 0;
	uint64_t bytes = least(l->max_bytes, stock->bytes + room);

	if (span < DAY_USEC || stock->used == 0)
		return doctor_add(d, FINDING_OK, "retention-size", NULL, err,
				  "the journal may grow to %s (%s); what it has is too young to "
				  "tell for how long that is",
				  BYTES(bytes), l->where_bytes);
	days = (uint64_t)((double)bytes / (double)stock->used * (double)span / (double)DAY_USEC);
	if (days < d->retention_usec / DAY_USEC)
		return doctor_add(d, FINDING_WARNING, "retention-size", &too_small, err,
				  "the journal has grown by %s in %s: the %s that it may have (%s) "
				  "last about %llu days, and %s are asked for",
				  BYTES(stock->used), SPAN(span), BYTES(bytes), l->where_bytes,
				  (unsigned long long)days, SPAN(d->retention_usec));
	return doctor_add(d, FINDING_OK, "retention-size", NULL, err,
			  "the %s that the journal may have last about %llu days", BYTES(bytes),
			  (unsigned long long)days);
}

static int check_room(struct doctor *d, const struct limits *l, const struct stock *stock,
		      const char *path, struct err *err)
{
	if (stock->free < l->keep_free)
		return doctor_add(d, FINDING_WARNING, "journal-space", &no_room, err,
				  "%s has %s left, and %s are to be kept free", Q(path),
				  BYTES(stock->free), BYTES(l->keep_free));
	return doctor_add(d, FINDING_OK, "journal-space", NULL, err, "%s has %s left", Q(path),
			  BYTES(stock->free));
}

int doctor_retention(struct doctor *d, struct err *err)
{
	_cleanup_settings_ struct settings s = { 0 };
	struct stock stock = { 0 };
	struct err cause = { 0 };
	struct limits limits;
	char path[256];
	int r;

	(void)snprintf(path, sizeof(path), "/var/log/journal/%s%s%.64s", d->machine_id,
		       d->namespace ? "." : "", d->namespace ? d->namespace : "");
	r = doctor_read_journald(d, &s, &cause);
	if (r == 0)
		r = take_stock(d, path, &stock, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add_unread(d, "retention", &cause, err);
	limits = read_limits(&s, &stock);
	if (r > 0) {
		r = check_size(d, &limits, &stock, err);
		r = r < 0 ? r : check_room(d, &limits, &stock, path, err);
	}
	return r < 0 ? r : check_age(d, &limits, err);
}
