/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/ledger.c, recover.c, head.c and evidence.c on real files: whatever is cut, lost or killed,
 * the chain can be read, no SEQ comes twice, and every record that was acknowledged is there once.
 */
#include "tests/unit/place.h"

#include <signal.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include "audit/evidence.h"
#include "audit/ledger.h"
#include "audit/stamp.h"
#include "lib/buf.h"
#include "lib/file.h"

#define SOON (stamp_now_monotonic() + 50000)

static void make(struct record *r, const char *name)
{
	struct err err = { 0 };

	assert_int_equal(record_start(r, EVENT_ADMIT, &err), 0);
	assert_int_equal(record_add(r, "CONTAINER_NAME", name, &err), 0);
	assert_int_equal(record_add(r, "MESSAGE", "coaming: admitted", &err), 0);
}

static enum kept keep_event(const struct place *p, enum event event, const char *name, bool sync)
{
	_cleanup_record_ struct record r = { 0 };
	struct err err = { 0 };
	enum kept kept;

	assert_int_equal(record_start(&r, event, &err), 0);
	assert_int_equal(record_add(&r, "CONTAINER_NAME", name, &err), 0);
	if (place_keep(p, &r, sync, &kept, &err) < 0)
		assert_int_equal(kept, KEPT_NOWHERE);
	if (kept != KEPT_BOTH)
		assert_int_not_equal(err.class, ERR_NONE);
	return kept;
}

static enum kept keep(const struct place *p, const char *name)
{
	return keep_event(p, EVENT_ADMIT, name, false);
}

static void keep_some(const struct place *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "c%u", i);
		assert_int_equal(keep(p, name), KEPT_LEDGER);
	}
}

static void a_ledger_begins_and_goes_on(void **state)
{
	struct place *p = *state;
	struct told t;
	struct stat st;

	keep_some(p, 3);
	t = place_read(p, NULL, NULL);
	assert_int_equal(t.begins, 1);
	assert_int_equal(t.records, 3);
	assert_int_equal(t.last_seq, 4);
	assert_int_equal(t.gaps, 0);
	assert_int_equal(stat(p->audit, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void others_lose_their_access(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_int_equal(mkdir(p->audit, 0755), 0);
	assert_int_equal(chmod(p->audit, 0755), 0);
	keep_some(p, 1);
	assert_int_equal(stat(p->audit, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(chmod(p->audit, 0777), 0);
	assert_int_equal(keep(p, "x"), KEPT_NOWHERE);
}

static char *segment_path(const struct place *p, uint64_t first)
{
	char name[SEGMENT_NAME_MAX];
	char *path = NULL;

	segment_name(name, first);
	assert_true(asprintf(&path, "%s/%s", p->audit, name) > 0);
	return path;
}

static void a_long_ledger_begins_segments(void **state)
{
	struct place *p = *state;
	_cleanup_ledger_ struct ledger l = { 0 };
	struct err err = { 0 };
	_cleanup_free_ char *path = NULL;

	assert_int_equal(ledger_open(p->audit, &l, &err), 0);
	l.segment_bytes = 3000;
	for (int i = 0; i < 20; i++) {
		_cleanup_record_ struct record r = { 0 };

		make(&r, "web");
		assert_int_equal(ledger_lock(&l, SOON, &err), 0);
		assert_int_equal(ledger_append(&l, &r, NULL, &err), 0);
		ledger_unlock(&l);
	}
	assert_int_equal(place_read(p, NULL, NULL).records, 20);
	path = segment_path(p, l.head.last.segment);
	assert_true(l.head.last.segment > 6);
	assert_int_equal(access(path, F_OK), 0);
}

/* What a power cut or a kill may leave: every length that a ledger can be cut to. */
static void cut_at_every_byte(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *whole = NULL, *whole_head = NULL;
	char name[SEGMENT_NAME_MAX];
	struct err err = { 0 };
	size_t len, head_len;
	_cleanup_close_ int dirfd = -1;

	keep_some(p, 2);
	segment_name(name, 1);
	dirfd = place_auditfd(p);
	assert_int_equal(file_read(dirfd, name, 1 << 20, &whole, &len, &err), 0);
	assert_int_equal(file_read(dirfd, HEAD_NAME, 1 << 20, &whole_head, &head_len, &err), 0);
	for (size_t cut = 0; cut < len; cut++) {
		struct told t;
		bool with_head = cut % 2;
		_cleanup_survey_ struct survey s = { 0 };

		assert_int_equal(survey_read(dirfd, &s, &err), 0);
		for (size_t i = 0; i < s.n_segments; i++) {
			_cleanup_free_ char *old = segment_path(p, s.segments[i]);

			assert_int_equal(unlink(old), 0);
		}
		assert_int_equal(file_write_atomic(dirfd, name, whole, cut, 0600, (uid_t)-1,
						   (gid_t)-1, false, &err),
				 0);
		assert_int_equal(file_write_atomic(dirfd, HEAD_NAME, whole_head, head_len, 0600,
						   (uid_t)-1, (gid_t)-1, false, &err),
				 0);
		if (!with_head)
			assert_int_equal(unlinkat(dirfd, HEAD_NAME, 0), 0);
		assert_int_equal(keep(p, "after"), KEPT_LEDGER);
		t = place_read(p, NULL, NULL);
		assert_int_equal(t.gaps, 1);
		/* With its head a ledger gives no SEQ twice; without it what was cut whole is
		 * not known. */
		if (with_head)
			assert_true(t.last_seq == 5);
		assert_true(t.records >= 1);
		/* And it goes on from there. */
		assert_int_equal(keep(p, "after that"), KEPT_LEDGER);
		assert_int_equal(place_read(p, NULL, NULL).gaps, 1);
	}
}

static void add_bytes(const struct place *p, uint64_t segment, const char *text)
{
	_cleanup_free_ char *path = segment_path(p, segment);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* One within record 4, the next while it tells of that in a segment of its own, and so on. */
static void writers_killed_one_after_another(void **state)
{
	struct place *p = *state;
	struct told t;

	keep_some(p, 2);
	add_bytes(p, 1, ENTRY_START);
	add_bytes(p, 5, ENTRY_START);
	add_bytes(p, 6, "");
	assert_int_equal(keep(p, "after"), KEPT_LEDGER);
	assert_int_equal(keep(p, "after that"), KEPT_LEDGER);
	t = place_read(p, NULL, NULL);
	assert_int_equal(t.records, 4);
	assert_int_equal(t.torn, 2);
	assert_int_equal(t.gaps, 1);
	assert_int_equal(t.passed_over, 2);
	assert_int_equal(t.last_seq, 8);
}

static void a_lost_head_is_made_again_and_told(void **state)
{
	struct place *p = *state;
	_cleanup_close_ int dirfd = -1;
	struct told t;

	keep_some(p, 3);
	dirfd = place_auditfd(p);
	assert_int_equal(unlinkat(dirfd, HEAD_NAME, 0), 0);
	keep_some(p, 1);
	t = place_read(p, NULL, NULL);
	assert_int_equal(t.gaps, 1);
	assert_int_equal(t.records, 4);
	assert_int_equal(t.last_seq, 7); /* a new key begins */
}

static void every_damaged_head_is_seen(void **state)
{
	struct place *p = *state;
	_cleanup_close_ int dirfd = -1, fd = -1;
	uint64_t gaps = 0;

	keep_some(p, 1);
	dirfd = place_auditfd(p);
	for (off_t at = 0; at < 512; at += 7) {
		char c;

		fd = openat(dirfd, HEAD_NAME, O_RDWR | O_CLOEXEC);
		assert_int_equal(pread(fd, &c, 1, at), 1);
		c ^= 1;
		assert_int_equal(pwrite(fd, &c, 1, at), 1);
		close(fd);
		keep_some(p, 1);
		assert_int_equal(place_read(p, NULL, NULL).gaps, ++gaps);
	}
	fd = openat(dirfd, HEAD_NAME, O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 0), 0);
	keep_some(p, 1);
	assert_int_equal(place_read(p, NULL, NULL).gaps, ++gaps);
}

/* kill -9 between the append and the head: nothing is lost, so nothing is told. */
static void an_old_head_is_brought_on(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *old = NULL;
	_cleanup_close_ int dirfd = -1;
	struct err err = { 0 };
	struct told t;
	size_t len;

	keep_some(p, 1);
	dirfd = place_auditfd(p);
	assert_int_equal(file_read(dirfd, HEAD_NAME, 4096, &old, &len, &err), 0);
	keep_some(p, 3);
	assert_int_equal(file_write_atomic(dirfd, HEAD_NAME, old, len, 0600, (uid_t)-1, (gid_t)-1,
					   false, &err),
			 0);
	keep_some(p, 1);
	t = place_read(p, NULL, NULL);
	assert_int_equal(t.gaps, 0);
	assert_int_equal(t.records, 5);
	assert_int_equal(t.last_seq, 6);
}

static void a_ledger_that_is_gone_is_told(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *path = NULL;
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_close_ int dirfd = -1, fd = -1;
	_cleanup_cursor_ struct cursor *c = NULL;
	struct err err = { 0 };
	uint64_t from, to, count, size;

	keep_some(p, 3);
	path = segment_path(p, 1);
	assert_int_equal(unlink(path), 0);
	keep_some(p, 1);
	dirfd = place_auditfd(p);
	assert_int_equal(survey_read(dirfd, &s, &err), 0);
	assert_int_equal(s.n_segments, 1);
	assert_int_equal(s.segments[0], 5);
	assert_int_equal(segment_open(dirfd, 5, O_RDONLY, &fd, &size, &err), 0);
	assert_int_equal(cursor_new(fd, 0, &c, &err), 0);
	assert_int_equal(cursor_next(c, &err), 1);
	assert_true(entry_is(&c->entry, "COAMING_GAP_REASON", "gone"));
	assert_true(entry_get_u64(&c->entry, "COAMING_GAP_FROM", &from));
	assert_true(entry_get_u64(&c->entry, "COAMING_GAP_TO", &to));
	assert_true(entry_get_u64(&c->entry, "COAMING_GAP_COUNT", &count));
	assert_int_equal(from, 1);
	assert_int_equal(to, 4);
	assert_int_equal(count, 4);
}

/* A changed byte in the middle: the writer goes on after it and gives no SEQ twice. */
static void damage_in_the_middle_without_a_head(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int dirfd = -1, fd = -1;
	_cleanup_survey_ struct survey s = { 0 };
	struct err err = { 0 };
	struct stat st;

	keep_some(p, 6);
	path = segment_path(p, 1);
	dirfd = place_auditfd(p);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pwrite(fd, "#", 1, st.st_size / 2), 1);
	assert_int_equal(unlinkat(dirfd, HEAD_NAME, 0), 0);
	keep_some(p, 1);
	assert_int_equal(survey_read(dirfd, &s, &err), 0);
	assert_int_equal(s.n_segments, 2);
	assert_true(s.segments[1] >= 8);
}

/* Writers that say on a pipe what was acknowledged. */
static pid_t start_writer(const struct place *p, int writer, unsigned n, bool sync, int pipe_fd)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	for (unsigned i = 0; i < n; i++) {
		_cleanup_record_ struct record r = { 0 };
		struct err err = { 0 };
		char name[32] = { 0 };
		enum kept kept;

		(void)snprintf(name, sizeof(name), "w%d-%u", writer, i);
		if (record_start(&r, EVENT_ADMIT, &err) < 0 ||
		    record_add(&r, "CONTAINER_NAME", name, &err) < 0)
			_exit(1);
		/* Long ones, so that a kill may come within a write. */
		if (i % 3 == 0 && record_addf(&r, &err, "FILLER", "%*d", 60000, 1) < 0)
			_exit(1);
		if (place_keep(p, &r, sync, &kept, &err) < 0 ||
		    (kept != KEPT_LEDGER && kept != KEPT_BOTH))
			_exit(2);
		if (write(pipe_fd, name, sizeof(name)) != sizeof(name))
			_exit(3);
	}
	_exit(0);
}

#define NAMES_MAX 4096
struct names {
	char v[NAMES_MAX][32];
	unsigned seen[NAMES_MAX];
	size_t n;
};

static void see(void *arg, const struct entry *e)
{
	const struct view *v = entry_get(e, "CONTAINER_NAME");
	struct names *names = arg;

	for (size_t i = 0; v && i < names->n; i++)
		if (strlen(names->v[i]) == v->len && memcmp(names->v[i], v->value, v->len) == 0)
			names->seen[i]++;
}

static void read_acknowledged(int fd, struct names *names)
{
	while (names->n < NAMES_MAX && read(fd, names->v[names->n], 32) == 32)
		names->n++;
}

static void many_writers(void **state)
{
	struct place *p = *state;
	struct names *names = calloc(1, sizeof(*names));
	struct told t;
	pid_t pids[20];
	int pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20) > 0, true);
	for (int i = 0; i < 20; i++)
		pids[i] = start_writer(p, i, 50, i % 4 == 0, pipes[1]);
	close(pipes[1]);
	for (int i = 0; i < 20; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	read_acknowledged(pipes[0], names);
	assert_int_equal(names->n, 1000);
	assert_int_equal(keep(p, "last"), KEPT_LEDGER); /* takes in what waits */
	t = place_read(p, see, names);
	assert_int_equal(t.records, 1001);
	assert_int_equal(t.gaps, 0);
	for (size_t i = 0; i < names->n; i++)
		assert_int_equal(names->seen[i], 1);
	close(pipes[0]);
	free(names);
}

static void killed_writers(void **state)
{
	struct place *p = *state;
	struct names *names = calloc(1, sizeof(*names));
	unsigned seed = 20261123;
	int pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_true(fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20) > 0);
	for (int round = 0; round < 60; round++) {
		pid_t pids[4];

		for (int i = 0; i < 4; i++)
			pids[i] = start_writer(p, round * 4 + i, 1000, i == 0, pipes[1]);
		usleep((unsigned)rand_r(&seed) % 40000);
		for (int i = 0; i < 4; i++)
			assert_int_equal(kill(pids[i], SIGKILL), 0);
		for (int i = 0; i < 4; i++)
			assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
	}
	close(pipes[1]);
	read_acknowledged(pipes[0], names);
	assert_int_equal(keep(p, "last"), KEPT_LEDGER);
	(void)place_read(p, see, names);
	assert_true(names->n > 50);
	for (size_t i = 0; i < names->n; i++)
		assert_int_equal(names->seen[i], 1);
	close(pipes[0]);
	free(names);
}

/* A holder that is stopped holds the lock for ever; nobody waits for ever. */
static void a_stopped_holder(void **state)
{
	struct place *p = *state;
	struct names *names = calloc(1, sizeof(*names));
	struct told t;
	int status;
	pid_t pid;

	keep_some(p, 1);
	pid = fork();
	if (pid == 0) {
		struct ledger l;
		struct err err = { 0 };

		if (ledger_open(p->audit, &l, &err) < 0 || ledger_lock(&l, SOON, &err) < 0)
			_exit(1);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	for (names->n = 0; names->n < 3; names->n++) {
		(void)snprintf(names->v[names->n], 32, "waits%zu", names->n);
		assert_int_equal(keep_event(p, EVENT_DENY, names->v[names->n], true), KEPT_LEDGER);
	}
	assert_int_equal(place_read(p, see, names).records, 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	keep_some(p, 1);
	t = place_read(p, see, names);
	assert_int_equal(t.records, 5);
	assert_int_equal(t.gaps, 0);
	for (size_t i = 0; i < names->n; i++)
		assert_int_equal(names->seen[i], 1);
	keep_some(p, 1);
	assert_int_equal(place_read(p, NULL, NULL).records, 6);
	free(names);
}

/* Killed after it was taken in and before it was removed: it is in the chain once. */
static void what_waited_is_taken_in_once(void **state)
{
	struct place *p = *state;
	_cleanup_ledger_ struct ledger l = { 0 };
	_cleanup_record_ struct record r = { 0 };
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_free_ char *head = NULL, *spool = NULL;
	struct err err = { 0 };
	size_t head_len, spool_len;

	keep_some(p, 1);
	make(&r, "waits");
	assert_int_equal(ledger_open(p->audit, &l, &err), 0);
	assert_int_equal(ledger_spool(&l, &r, true, &err), 0);
	assert_int_equal(survey_read(l.dirfd, &s, &err), 0);
	assert_int_equal(s.n_spools, 1);
	assert_int_equal(file_read(l.dirfd, s.spools[0], 1 << 20, &spool, &spool_len, &err), 0);
	assert_int_equal(file_read(l.dirfd, HEAD_NAME, 4096, &head, &head_len, &err), 0);
	keep_some(p, 1);
	assert_int_equal(place_read(p, NULL, NULL).records, 3);
	assert_int_equal(file_write_atomic(l.dirfd, HEAD_NAME, head, head_len, 0600, (uid_t)-1,
					   (gid_t)-1, false, &err),
			 0);
	assert_int_equal(file_write_atomic(l.dirfd, s.spools[0], spool, spool_len, 0600, (uid_t)-1,
					   (gid_t)-1, false, &err),
			 0);
	keep_some(p, 1);
	assert_int_equal(place_read(p, NULL, NULL).records, 4);
}

static void what_waits_and_is_damaged_is_told(void **state)
{
	struct place *p = *state;
	_cleanup_close_ int dirfd = -1;
	struct err err = { 0 };
	struct told t;

	keep_some(p, 1);
	dirfd = place_auditfd(p);
	assert_int_equal(file_write_atomic(dirfd, "unchained-1-2", "junk", 4, 0600, (uid_t)-1,
					   (gid_t)-1, false, &err),
			 0);
	assert_int_equal(symlinkat("/etc/passwd", dirfd, "unchained-3-4"), 0);
	keep_some(p, 1);
	t = place_read(p, NULL, NULL);
	assert_int_equal(t.gaps, 1);
	assert_int_equal(t.records, 2);
	assert_int_equal(faccessat(dirfd, "damaged-unchained-1-2", F_OK, 0), 0);
	keep_some(p, 1);
	assert_int_equal(place_read(p, NULL, NULL).gaps, 1);
}

static void fill_disk(const struct place *p, const char *name)
{
	_cleanup_free_ char *path = NULL;
	char zeros[4096] = { 0 };
	int fd;

	assert_true(asprintf(&path, "%s/%s", p->audit, name) > 0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
}

/* F10: admissions are not recorded on a full disk, refusals are, and later the loss is told. */
static void a_full_disk(void **state)
{
	struct place *p = *state;
	_cleanup_free_ char *filler = NULL;
	struct names *names = calloc(1, sizeof(*names));
	struct told t;
	enum kept kept;
	unsigned admitted = 0;

	if (geteuid() != 0) {
		free(names);
		skip();
	}
	assert_int_equal(mkdir(p->audit, 0700), 0);
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", p->audit, "tmpfs", 0, "size=1M,mode=0700"), 0);
	keep_some(p, 1);
	fill_disk(p, "filler");
	while ((kept = keep(p, "admitted")) == KEPT_LEDGER)
		assert_true(++admitted < 10);
	assert_int_equal(kept, KEPT_NOWHERE);
	names->n = 1;
	memcpy(names->v[0], "refused", sizeof("refused"));
	for (int i = 0; i < 10; i++)
		assert_int_equal(keep_event(p, EVENT_DENY, "refused", true), KEPT_LEDGER);
	assert_true(asprintf(&filler, "%s/filler", p->audit) > 0);
	assert_int_equal(unlink(filler), 0);
	keep_some(p, 1);
	t = place_read(p, see, names);
	assert_int_equal(names->seen[0], 10);
	assert_true(t.gaps >= 1);
	assert_int_equal(t.records, 12 + admitted);
	assert_int_equal(umount2(p->audit, MNT_DETACH), 0);
	free(names);
}

/* Entries as the journal got them; their SEQs must be first, first + 1, ... */
static unsigned receive_all(const struct place *p, uint64_t first)
{
	static char entry[300000];
	unsigned n = 0;
	ssize_t len;

	while ((len = place_receive(p, entry, sizeof(entry))) >= 0) {
		assert_int_equal(strtoull(place_field(entry, len, "COAMING_SEQ"), NULL, 10),
				 first + n);
		assert_int_equal(strlen(place_field(entry, len, "COAMING_HASH")), 64);
		n++;
	}
	return n;
}

static void what_is_pending_goes_first_and_in_order(void **state)
{
	struct place *p = *state;
	size_t left = 0;
	struct err err = { 0 };

	keep_some(p, 5); /* no socket: F1 */
	place_listen(p);
	assert_int_equal(keep(p, "a"), KEPT_BOTH);
	assert_int_equal(receive_all(p, 1), 7);
	assert_int_equal(keep_event(p, EVENT_DENY, "b", true), KEPT_BOTH);
	assert_int_equal(receive_all(p, 8), 1);
	close(p->listener); /* dead, the socket stays: F2 */
	p->listener = -1;
	keep_some(p, 2);
	assert_int_equal(place_flush(p, &left, &err), -ECONNREFUSED);
	assert_int_equal(left, 2);
}

/* F3 */
static void a_plain_file_for_a_socket(void **state)
{
	struct place *p = *state;
	int fd = open(p->socket, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	keep_some(p, 2);
	assert_int_equal(place_read(p, NULL, NULL).records, 2);
}

/* F4: a journald that does not read never blocks us, and gets all when it reads again. */
static void a_full_queue(void **state)
{
	struct place *p = *state;
	unsigned both = 0, got, want;

	place_listen(p);
	for (unsigned i = 0; i < 700; i++)
		both += keep(p, "x") == KEPT_BOTH;
	assert_true(both < 700);
	got = receive_all(p, 1);
	want = 701;
	while (got < want) {
		unsigned more;

		(void)keep(p, "y");
		want++;
		more = receive_all(p, got + 1);
		assert_true(more > 0);
		got += more;
	}
}

/* F5: what waited in the socket of a journald that was killed is sent again to the next one. */
static void a_new_socket_gets_what_the_old_one_lost(void **state)
{
	struct place *p = *state;

	place_listen(p);
	for (int i = 0; i < 5; i++)
		assert_int_equal(keep(p, "x"), KEPT_BOTH);
	place_listen(p);
	assert_int_equal(keep(p, "y"), KEPT_BOTH);
	assert_int_equal(receive_all(p, 1), 7);
}

static void neither_ledger_nor_journal(void **state)
{
	struct place *p = *state;
	char entry[4096];
	ssize_t len;
	int fd = open(p->audit, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(keep(p, "x"), KEPT_NOWHERE);
	place_listen(p);
	assert_int_equal(keep(p, "x"), KEPT_JOURNAL_ONLY);
	len = place_receive(p, entry, sizeof(entry));
	assert_string_equal(place_field(entry, len, "COAMING_UNCHAINED"), "1");
	assert_string_equal(place_field(entry, len, "COAMING_SEQ"), "");
	assert_string_equal(place_field(entry, len, "CONTAINER_NAME"), "x");
}

static void a_long_backlog_is_sent_in_bounded_pieces(void **state)
{
	struct place *p = *state;
	unsigned got = 0;
	struct err err = { 0 };
	size_t left = 1;

	for (int i = 0; i < 600; i++)
		assert_int_equal(keep(p, "x"), KEPT_LEDGER);
	place_listen(p);
	for (int i = 0; i < 1000 && left > 0; i++) {
		unsigned n;

		(void)place_flush(p, &left, &err);
		err_clear(&err);
		n = receive_all(p, got + 1);
		assert_true(n <= 256);
		got += n;
	}
	assert_int_equal(got, 601);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ledger_begins_and_goes_on),
		TEST(others_lose_their_access),
		TEST(a_long_ledger_begins_segments),
		TEST(cut_at_every_byte),
		TEST(writers_killed_one_after_another),
		TEST(a_lost_head_is_made_again_and_told),
		TEST(every_damaged_head_is_seen),
		TEST(an_old_head_is_brought_on),
		TEST(a_ledger_that_is_gone_is_told),
		TEST(damage_in_the_middle_without_a_head),
		TEST(many_writers),
		TEST(killed_writers),
		TEST(a_stopped_holder),
		TEST(what_waited_is_taken_in_once),
		TEST(what_waits_and_is_damaged_is_told),
		TEST(what_is_pending_goes_first_and_in_order),
		TEST(a_plain_file_for_a_socket),
		TEST(a_full_queue),
		TEST(a_new_socket_gets_what_the_old_one_lost),
		TEST(neither_ledger_nor_journal),
		TEST(a_long_backlog_is_sent_in_bounded_pieces),
		TEST(a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
