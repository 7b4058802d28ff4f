/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger, written.
 *
 * MUST leave a chain that can be read, killed at any instruction.
 * MUST NOT wait for another process longer than it was told to.
 */
#include "audit/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include "audit/first_key.h"
#include "audit/recover.h"
#include "audit/segment.h"
#include "audit/stamp.h"
#include "lib/file.h"

/* Between two tries for the lock; a writer holds it for some hundred microseconds. */
#define LOCK_STEP_MIN_NSEC 100000
#define LOCK_STEP_MAX_NSEC 2000000
#define BLOCK_BYTES        ((uint64_t)4096)
/* A waiting record whose bytes are no record keeps them under this name. */
#define BAD_SPOOL_PREFIX "damaged-"

int ledger_open(const char *path, struct ledger *ret, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = dir_make_open(path, 0700, &fd, err);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot stat %s", Q(path));
	/* What others may read tells them which containers run; what they may lock stops us. */
	if ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0)
		return err_errno(err, errno, "cannot take %s from others", Q(path));
	*ret = (struct ledger){
		.dirfd = take_fd(&fd),
		.head_fd = -1,
		.segment_fd = -1,
		.segment_bytes = LEDGER_SEGMENT_BYTES,
		.path = path,
	};
	return 0;
}

void ledger_done(struct ledger *l)
{
	if (l->locked)
		ledger_unlock(l);
	explicit_bzero(&l->head.key, sizeof(l->head.key));
	closep(&l->head_fd);
	closep(&l->segment_fd);
	closep(&l->dirfd);
	l->head_fd = l->segment_fd = l->dirfd = -1;
}

static int take_lock(const struct ledger *l, uint64_t deadline_usec, struct err *err)
{
	struct timespec step = { .tv_nsec = LOCK_STEP_MIN_NSEC };

	while (flock(l->dirfd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return err_errno(err, errno, "cannot lock the ledger in %s", Q(l->path));
		if (stamp_now_monotonic() >= deadline_usec)
			return err_system(err, EAGAIN,
					  "another process holds the ledger in %s (is it stopped? "
					  "fuser %s tells which)",
					  Q(l->path), l->path);
		(void)nanosleep(&step, NULL);
		if (step.tv_nsec < LOCK_STEP_MAX_NSEC)
			step.tv_nsec *= 2;
	}
	return 0;
}

/* Give a full disk back some of what was set aside; false where nothing is left of it. */
static bool shrink_reserve(struct ledger *l, size_t need)
{
	uint64_t give = (need + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	_cleanup_close_ int fd = openat(l->dirfd, RESERVE_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return false;
	if (give > (uint64_t)st.st_size)
		give = (uint64_t)st.st_size;
	l->head.reserve_bytes = (uint64_t)st.st_size - give;
	l->dirty = true;
	return ftruncate(fd, st.st_size - (off_t)give) == 0;
}

static void refill_reserve(struct ledger *l)
{
	_cleanup_close_ int fd = -1;

	if (l->has_reserve && l->head.reserve_bytes == LEDGER_RESERVE_BYTES)
		return;
	fd = openat(l->dirfd, RESERVE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* On a full disk there is none now; a filesystem that cannot set space aside never has. */
	if (fd < 0 || (fallocate(fd, 0, 0, (off_t)LEDGER_RESERVE_BYTES) < 0 && errno != EOPNOTSUPP))
		return;
	l->has_reserve = true;
	l->head.reserve_bytes = LEDGER_RESERVE_BYTES;
	l->dirty = true;
}

int ledger_measure(struct ledger *l, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	uint64_t bytes = 0;
	int r;

	r = survey_read(l->dirfd, &s, err);
	for (size_t i = 0; r == 0 && i < s.n_segments; i++) {
		_cleanup_close_ int fd = -1;
		uint64_t size;

		r = segment_open(l->dirfd, s.segments[i], O_RDONLY, &fd, &size, err);
		bytes += r == 0 ? size : 0;
	}
	if (r < 0)
		return r;
	l->head.bytes = bytes;
	l->dirty = true;
	return 0;
}

static int begin_segment(struct ledger *l, uint64_t first, struct err *err)
{
	_cleanup_close_ int fd = -1;
	uint64_t size;
	int r;

	/* The head before the first segment: a ledger without one has lost it. */
	if (l->head_fd < 0) {
		r = head_store(l->dirfd, &l->head_fd, &l->head, err);
		if (r < 0)
			return r;
	}
	r = segment_open(l->dirfd, first, O_RDWR | O_APPEND | O_CREAT, &fd, &size, err);
	if (r < 0)
		return r;
	/* A dead writer may have come no further than to make it. */
	if (size > 0)
		return err_system(err, EEXIST, "segment %llu of the ledger is there already",
				  (unsigned long long)first);
	if (fsync(l->dirfd) < 0)
		return err_errno(err, errno, "cannot write %s to disk", Q(l->path));
	closep(&l->segment_fd);
	l->segment_fd = take_fd(&fd);
	l->begin_segment = false;
	l->head.last.segment = first;
	l->head.last.end = 0;
	return ledger_measure(l, err);
}

static int write_bytes(struct ledger *l, const struct buf *bytes, struct err *err)
{
	char name[SEGMENT_NAME_MAX];
	int r;

	r = fd_write_all(l->segment_fd, segment_name(name, l->head.last.segment), bytes->data,
			 bytes->len, err);
	/* What was written of it must go; where it cannot, it is torn and the next one knows. */
	if (r < 0 && ftruncate(l->segment_fd, (off_t)l->head.last.end) < 0)
		l->begin_segment = true;
	return r;
}

static int write_next(struct ledger *l, const struct buf *bytes, uint64_t seq, struct err *err)
{
	int r = 0;

	if (l->segment_fd < 0 || l->begin_segment || l->head.last.end >= l->segment_bytes)
		r = begin_segment(l, seq, err);
	return r < 0 ? r : write_bytes(l, bytes, err);
}

/* Write an entry that was made for the next place of the chain. */
static int append_bytes(struct ledger *l, const struct buf *bytes, uint64_t seq,
			const char hash[SHA256_HEX], bool grave, struct err *err)
{
	struct err first = { 0 };
	int r;

	r = write_next(l, bytes, seq, &first);
	/* A filesystem may want some blocks more than the record has. */
	while ((r == -ENOSPC || r == -EDQUOT) && grave && shrink_reserve(l, bytes->len)) {
		err_clear(&first);
		r = write_next(l, bytes, seq, &first);
	}
	if (r < 0) {
		if (err && err->class == ERR_NONE)
			*err = first;
		return r;
	}
	l->head.last.end += bytes->len;
	l->head.bytes += bytes->len;
	l->head.last.seq = seq;
	memcpy(l->head.hash, hash, SHA256_HEX);
	if (l->head.key.epoch > 0)
		key_next(&l->head.key);
	l->dirty = true;
	return 0;
}

static uint64_t next_seq(const struct head *head)
{
	return (head->gap.to > head->last.seq ? head->gap.to : head->last.seq) + 1;
}

static struct chain_link next_place(const struct head *head)
{
	return (struct chain_link){ .seq = next_seq(head), .prev = head->hash, .key = &head->key };
}

static int append_record(struct ledger *l, const struct record *record, bool grave,
			 struct buf *bytes, struct err *err)
{
	const struct chain_link place = next_place(&l->head);
	char hash[SHA256_HEX];
	int r;

	r = entry_write(bytes, record, &place, NULL, hash, err);
	if (r < 0)
		return r;
	return append_bytes(l, bytes, place.seq, hash, grave, err);
}

static int fill_gap_record(struct record *record, const struct gap *gap, struct err *err)
{
	uint64_t passed = gap->from > 0 ? gap->to - gap->from + 1 : 0;
	uint64_t count = passed + gap->missed;
	int r;

	r = record_addf(record, err, "COAMING_GAP_COUNT", "%llu", (unsigned long long)count);
	if (passed > 0) {
		r = r < 0 ? r
			  : record_addf(record, err, "COAMING_GAP_FROM", "%llu",
					(unsigned long long)gap->from);
		r = r < 0 ? r
			  : record_addf(record, err, "COAMING_GAP_TO", "%llu",
					(unsigned long long)gap->to);
	}
	for (unsigned i = 0; i < GAP_REASONS_ && r == 0; i++) {
		if (!(gap->reasons & UINT32_C(1) << i))
			continue;
		r = record_add(record, "COAMING_GAP_REASON", gap_reason_name(i), err);
		r = r < 0 ? r : record_add(record, "COAMING_REASON", gap_reason_text(i), err);
	}
	if (r < 0)
		return r;
	return record_addf(record, err, "MESSAGE", "%s: %llu record%s may be missing: %s",
			   "gap in the ledger", (unsigned long long)count, count == 1 ? "" : "s",
			   record_get(record, "COAMING_REASON"));
}

static int tell_gap(struct ledger *l, struct err *err)
{
	const bool only_missed = l->head.gap.reasons == UINT32_C(1) << GAP_MISSED;
	struct err failed = { 0 };
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf bytes = { 0 };
	int r;

	r = record_start(&record, EVENT_GAP, err);
	r = r < 0 ? r : fill_gap_record(&record, &l->head.gap, err);
	/* That the disk is full is told when it is not: the reserve is for refusals. */
	r = r < 0 ? r : append_record(l, &record, !only_missed, &bytes, &failed);
	if (only_missed && (r == -ENOSPC || r == -EDQUOT))
		return 0;
	if (r == 0)
		l->head.gap = (struct gap){ 0 };
	else if (err && err->class == ERR_NONE)
		*err = failed;
	return r;
}

/* A key of which the disk has K_0, for the auditor, and the head then only what comes after it. */
static int make_key(struct ledger *l, struct err *err)
{
	struct key key = { 0 };
	int r;

	r = key_generate(&key, err);
	if (r == 0)
		r = first_key_store(l->dirfd, &key, err);
	if (r == 0) {
		key_id(l->head.key_id, &key);
		key_next(&key);
		l->head.key = key;
	}
	explicit_bzero(&key, sizeof(key));
	return r;
}

/*
 * The first record under a key. Of a new ledger it is the very first: which machine's chain this
 * is, that nothing is known from before.
 */
static int tell_key(struct ledger *l, const char *reason, const char *message, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf bytes = { 0 };
	struct key old = l->head.key;
	char old_id[KEY_ID_HEX];
	int r;

	memcpy(old_id, l->head.key_id, sizeof(old_id));
	r = make_key(l, err);
	r = r < 0 ? r : record_start(&record, EVENT_POLICY, err);
	r = r < 0 ? r : record_add(&record, "COAMING_REASON", reason, err);
	r = r < 0 ? r : record_add(&record, "COAMING_KEY_ID", l->head.key_id, err);
	r = r < 0 ? r : record_addf(&record, err, "MESSAGE", "%s %s", message, Q(l->path));
	r = r < 0 ? r : append_record(l, &record, false, &bytes, err);
	if (r < 0) { /* a key is in force once a record says so */
		l->head.key = old;
		memcpy(l->head.key_id, old_id, sizeof(old_id));
	}
	explicit_bzero(&old, sizeof(old));
	return r;
}

/* Once per boot and day the chain says where it is: a point that is kept off the host can name. */
static int tell_head(struct ledger *l, struct err *err)
{
	uint64_t day = stamp_now() / ((uint64_t)86400 * 1000000), boot;
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf bytes = { 0 };
	char boot_id[BOOT_ID_SIZE];
	struct head *h = &l->head;
	bool first = h->told_boot == 0;
	int r;

	record_boot_id(boot_id);
	boot_id[16] = '\0';
	boot = strtoull(boot_id, NULL, 16);
	if (h->told_day == day && h->told_boot == boot)
		return 0;
	h->told_day = day;
	h->told_boot = boot;
	l->dirty = true;
	if (first) /* a ledger, or a head, that begins just now has said so */
		return 0;
	r = record_start(&record, EVENT_HEAD, err);
	r = r < 0 ? r
		  : record_addf(&record, err, "COAMING_HEAD_SEQ", "%llu",
				(unsigned long long)h->last.seq);
	r = r < 0 ? r : record_add(&record, "COAMING_HEAD_HASH", h->hash, err);
	r = r < 0 ? r
		  : record_addf(&record, err, "COAMING_CONFIRMED_SEQ", "%llu",
				(unsigned long long)h->confirmed.seq);
	r = r < 0 ? r
		  : record_addf(&record, err, "MESSAGE", "the chain of records has come to %llu",
				(unsigned long long)h->last.seq);
	return r < 0 ? r : append_record(l, &record, false, &bytes, err);
}

/* What is no record keeps its bytes under another name, and is told. */
static int put_aside(struct ledger *l, const char *name, struct err *err)
{
	char bad[SPOOL_NAME_MAX + sizeof(BAD_SPOOL_PREFIX)];

	(void)snprintf(bad, sizeof(bad), BAD_SPOOL_PREFIX "%s", name);
	if (renameat(l->dirfd, name, l->dirfd, bad) < 0)
		return err_errno(err, errno, "cannot put %s aside", Q(name));
	l->head.gap.reasons |= UINT32_C(1) << GAP_SPOOL;
	l->head.gap.missed++;
	l->dirty = true;
	return 0;
}

/* Never will it be one, as against: it cannot be read at the moment. */
static bool is_no_file(int r)
{
	return r == -ELOOP || r == -EINVAL || r == -E2BIG || r == -ENXIO || r == -EISDIR;
}

/* 1: in the chain now; 0: left for later, or put aside. */
static int take_in(struct ledger *l, const char *name, struct err *err)
{
	_cleanup_free_ struct entry *entry = malloc(sizeof(*entry));
	_cleanup_buf_ struct buf bytes = { 0 };
	const struct chain_link place = next_place(&l->head);
	_cleanup_free_ char *text = NULL;
	struct err unread = { 0 };
	char hash[SHA256_HEX];
	size_t len;
	int r;

	if (!entry)
		return err_oom(err);
	r = file_read(l->dirfd, name, ENTRY_BYTES_MAX, &text, &len, &unread);
	/* One that cannot be read must not stand in the way of all that come after. */
	if (r < 0)
		return is_no_file(r) ? put_aside(l, name, err) : 0;
	if (entry_parse(text, len, entry) != ENTRY_WHOLE || entry->size != len)
		return put_aside(l, name, err);
	r = entry_chain(&bytes, entry, &place, hash, &unread);
	/* Nor may one that is none of ours, and could not be read where it would come to stand. */
	if (r == -EINVAL || (r == 0 && entry_parse(bytes.data, bytes.len, entry) != ENTRY_WHOLE))
		return put_aside(l, name, err);
	if (r < 0)
		return err_oom(err);
	r = append_bytes(l, &bytes, place.seq, hash, true, err);
	return r < 0 ? r : 1;
}

/*
 * Take waiting records into the chain. Each is removed before the head is stored: after a kill, or
 * a failure, in between the head is too old, and recover() then removes what the chain has.
 */
static int take_in_all(struct ledger *l, const struct survey *s, struct err *err)
{
	bool taken[SURVEY_SPOOLS_MAX] = { false };
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < s->n_spools && r >= 0; i++) {
		r = take_in(l, s->spools[i], err);
		taken[i] = r > 0;
		any |= r > 0;
	}
	if (!any)
		return r;
	l->head_is_good = false;
	if (ledger_sync(l, err) < 0)
		return -EIO;
	for (size_t i = 0; i < s->n_spools; i++)
		if (taken[i] && unlinkat(l->dirfd, s->spools[i], 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, "cannot remove %s, which is in the chain",
					 Q(s->spools[i]));
	l->head_is_good = true;
	return r < 0 ? r : 0;
}

/* Everything that has to be right before a record of our own may follow. */
static int put_right(struct ledger *l, struct err *err)
{
	_cleanup_survey_ struct survey s = { 0 };
	int r;

	r = survey_read(l->dirfd, &s, err);
	r = r < 0 ? r : recover(l, &s, err);
	if (r < 0)
		return r;
	l->head_is_good = true;
	l->has_reserve = s.has_reserve;
	if (l->head.bytes == 0 && s.n_segments > 0)
		r = ledger_measure(l, err);
	if (r < 0)
		return r;
	/* What is to be told of is remembered before anything else can fail. */
	if (l->dirty && l->head.gap.reasons)
		(void)head_store(l->dirfd, &l->head_fd, &l->head, NULL);
	if (l->head.last.seq == 0 && l->head.gap.reasons == 0)
		r = tell_key(l, "ledger-begin", "a new ledger begins in", err);
	if (r == 0 && l->head.gap.reasons)
		r = tell_gap(l, err);
	if (r == 0 && l->head.key.epoch == 0)
		r = tell_key(l, "key-begin", "a new key begins for the ledger in", err);
	if (r == 0)
		r = tell_head(l, err);
	if (r == 0)
		r = take_in_all(l, &s, err);
	if (r == 0 && l->head.gap.reasons) /* of what waited */
		r = tell_gap(l, err);
	return r;
}

int ledger_lock(struct ledger *l, uint64_t deadline_usec, struct err *err)
{
	int r;

	r = take_lock(l, deadline_usec, err);
	if (r < 0)
		return r;
	l->locked = true;
	l->dirty = l->head_is_good = false;
	r = put_right(l, err);
	if (r < 0) {
		err_context(err, "ledger %s", Q(l->path));
		ledger_note_missed(l, 1);
		ledger_unlock(l);
	}
	return r;
}

void ledger_unlock(struct ledger *l)
{
	/* A head that cannot be stored is too old, which the next writer puts right. */
	if (l->dirty && l->head_is_good && (l->head_fd >= 0 || l->head.last.segment > 0))
		(void)head_store(l->dirfd, &l->head_fd, &l->head, NULL);
	(void)flock(l->dirfd, LOCK_UN);
	l->locked = l->dirty = l->head_is_good = false;
}

int ledger_append(struct ledger *l, const struct record *record, struct buf *ret_bytes,
		  struct err *err)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	int r;

	r = append_record(l, record, record->priority <= LOG_CRIT, &bytes, err);
	if (r < 0) {
		err_context(err, "ledger %s", Q(l->path));
		ledger_note_missed(l, 1);
		return r;
	}
	refill_reserve(l);
	if (ret_bytes) {
		*ret_bytes = bytes;
		bytes = (struct buf){ 0 };
	}
	return 0;
}

int ledger_sync(struct ledger *l, struct err *err)
{
	if (fdatasync(l->segment_fd) < 0)
		return err_errno(err, errno, "cannot write the ledger in %s to disk", Q(l->path));
	return 0;
}

int ledger_spool(struct ledger *l, const struct record *record, bool sync, struct err *err)
{
	_cleanup_buf_ struct buf bytes = { 0 };
	char name[SPOOL_NAME_MAX], hash[SHA256_HEX];
	int r;

	/* One process, one record at a time: no two have the same pid and microsecond. */
	(void)snprintf(name, sizeof(name), SPOOL_PREFIX "%016llx-%d",
		       (unsigned long long)stamp_now(), (int)getpid());
	r = entry_write(&bytes, record, NULL, name, hash, err);
	if (r < 0)
		return r;
	return file_write_atomic(l->dirfd, name, bytes.data, bytes.len, 0600, (uid_t)-1, (gid_t)-1,
				 sync, err);
}

void ledger_note_missed(struct ledger *l, uint64_t n)
{
	l->head.gap.reasons |= UINT32_C(1) << GAP_MISSED;
	l->head.gap.missed += n;
	l->dirty = true;
}

int ledger_new_key(struct ledger *l, struct err *err)
{
	return tell_key(l, "key-begin", "a new key begins for the ledger in", err);
}
