/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the evidence: a private directory, a listener that stands for journald, a reader
 * that holds every record of a ledger against the rules of the chain.
 */
#ifndef COAMING_TESTS_PLACE_H
#define COAMING_TESTS_PLACE_H

#include "audit/evidence.h"
#include "audit/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

struct place {
	char dir[64];    /* removed with all that is in it */
	char audit[96];  /* dir/audit, not made */
	char socket[96]; /* dir/socket, not made */
	int listener;
};

static inline int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	memcpy(p->dir, "/var/tmp/coaming-audit.XXXXXX", sizeof("/var/tmp/coaming-audit.XXXXXX"));
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->audit, sizeof(p->audit), "%s/audit", p->dir);
	(void)snprintf(p->socket, sizeof(p->socket), "%s/socket", p->dir);
	p->listener = -1;
	*state = p;
	return 0;
}

static inline int place_teardown(void **state)
{
	struct place *p = *state;
	pid_t pid;

	closep(&p->listener);
	pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", p->dir, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	free(p);
	return 0;
}

static inline int place_auditfd(const struct place *p)
{
	int fd = open(p->audit, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Listen where journald would. A new call makes a new socket, as journald does. */
static inline void place_listen(struct place *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	closep(&p->listener);
	(void)unlink(p->socket);
	memcpy(a.sun_path, p->socket, sizeof(p->socket));
	p->listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(p->listener >= 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof(a)), 0);
}

/* As the unit tests keep records: with nothing said. */
static inline int place_keep(const struct place *p, const struct record *record, bool sync,
			     enum kept *ret, struct err *err)
{
	const struct keeping keeping = { .dir = p->audit };

	return evidence_keep_at(&keeping, p->socket, record, sync ? FOR_START : FOR_INFORMATION,
				ret, err);
}

static inline int place_flush(const struct place *p, size_t *ret_left, struct err *err)
{
	const struct keeping keeping = { .dir = p->audit };

	return evidence_flush_at(&keeping, p->socket, ret_left, err);
}

/* Next entry that was sent, whether as a datagram or as a descriptor; -1: none waits. */
static inline ssize_t place_receive(const struct place *p, char *out, size_t size)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = { out, size };
	struct msghdr m = { .msg_iov = &piece,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(p->listener, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (n < 0 || m.msg_controllen == 0)
		return n;
	assert_int_equal(n, 0); /* journald takes a descriptor only with an empty datagram */
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	assert_int_equal(fcntl(fd, F_GET_SEALS),
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	n = pread(fd, out, size, 0);
	close(fd);
	return n;
}

/* The first field of a name in an entry's bytes as sent; "" where it is absent. */
static inline const char *place_field(const char *entry, ssize_t len, const char *name)
{
	static char value[4096];
	const char *p = entry, *end = entry + (len > 0 ? len : 0);

	value[0] = '\0';
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		uint64_t n;

		assert_non_null(lf);
		if (lf[-1] == '=') { /* an empty value */
			p = lf + 1;
			continue;
		}
		memcpy(&n, lf + 1, sizeof(n));
		assert_true(n <= (uint64_t)(end - lf));
		if ((size_t)(lf - p) == strlen(name) && memcmp(p, name, strlen(name)) == 0) {
			(void)snprintf(value, sizeof(value), "%.*s", (int)n, lf + 9);
			return value;
		}
		p = lf + 9 + n + 1;
	}
	return value;
}

/* Records that the ledger writes of itself, besides gaps. */
static inline bool place_is_own(const struct entry *e)
{
	return entry_is(e, "COAMING_EVENT", "policy") || entry_is(e, "COAMING_EVENT", "head");
}

struct told {
	uint64_t records, gaps, begins;
	uint64_t passed_over; /* SEQs that gap records tell of */
	uint64_t last_seq;
	uint64_t torn;
};

/*
 * Read the whole ledger. Fails the test where a record does not follow the one before and no gap
 * record says so. `each` sees every record that is none of the ledger's own.
 */
static inline struct told place_read(const struct place *p,
				     void (*each)(void *arg, const struct entry *e), void *arg)
{
	_cleanup_survey_ struct survey s = { 0 };
	_cleanup_close_ int dirfd = place_auditfd(p);
	struct told t = { 0 };
	char prev[SHA256_HEX];
	struct err err = { 0 };

	memcpy(prev, entry_hash_none, sizeof(prev));
	assert_int_equal(survey_read(dirfd, &s, &err), 0);
	for (size_t i = 0; i < s.n_segments; i++) {
		_cleanup_cursor_ struct cursor *c = NULL;
		_cleanup_close_ int fd = -1;
		uint64_t size;
		int r;

		assert_int_equal(segment_open(dirfd, s.segments[i], O_RDONLY, &fd, &size, &err), 0);
		assert_int_equal(cursor_new(fd, 0, &c, &err), 0);
		while ((r = cursor_next(c, &err)) > 0) {
			const struct entry *e = &c->entry;
			bool gap = entry_is(e, "COAMING_EVENT", "gap");
			uint64_t to;

			if (gap) {
				t.gaps++;
				if (entry_get_u64(e, "COAMING_GAP_TO", &to)) {
					assert_int_equal(to, e->seq - 1);
					t.passed_over += e->seq - 1 - t.last_seq;
				} else {
					assert_int_equal(e->seq, t.last_seq + 1);
				}
			} else {
				assert_int_equal(e->seq, t.last_seq + 1);
				assert_string_equal(e->prev, prev);
			}
			if (entry_is(e, "COAMING_REASON", "ledger-begin"))
				t.begins++;
			else if (!gap && !place_is_own(e) && each)
				each(arg, e);
			t.records += !gap && !place_is_own(e);
			t.last_seq = e->seq;
			memcpy(prev, e->hash, sizeof(prev));
		}
		t.torn += r < 0 || c->torn;
		err_clear(&err);
	}
	return t;
}

#endif
