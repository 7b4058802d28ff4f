/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation of a start.
 *
 * MUST NOT let a program run in enforce mode of which nothing could be proved, or whose proof could
 * be kept nowhere.
 */
#include "hooks/attest_start.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <time.h>

#include "audit/evidence.h"
#include "hooks/tracer.h"

/* A pipe takes it whole where it takes anything, PIPE_BUF. */
#define LINE_MAX_BYTES 1024

static bool is_enforced(const struct attest_start *start)
{
	return start->live->mode == MODE_ENFORCE;
}

/*
 * To the container's own standard error, which the engine has set up and of which the container
 * has run nothing yet: the engine's log, or the user's terminal. Never waited for.
 */
static void tell(const struct attest_start *start, const char *reason)
{
	_cleanup_close_ int fd = pidfd_getfd(start->process->pidfd, STDERR_FILENO, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	char line[LINE_MAX_BYTES];
	int n;

	if (fd < 0 || poll(&poll_fd, 1, 0) != 1 || !(poll_fd.revents & POLLOUT))
		return;
	n = snprintf(line, sizeof(line), "coaming: container %s killed at its start: %.600s\n",
		     Q(start->live->identity.name), reason);
	/* Who reads it gets it, or not: the record does not rest on it. */
	if (n > 0 && write(fd, line, strnlen(line, sizeof(line))) < 0)
		return;
}

static int keep(const struct attest_start *start, const struct attestation *a, bool killed,
		struct err *err)
{
	const struct attest_subject subject = {
		.live = start->live,
		.stage = "start",
		.table = start->wanted.table,
		.killed = killed,
	};
	_cleanup_record_ struct record record = { 0 };
	enum purpose purpose = killed               ? FOR_REFUSAL
			       : is_enforced(start) ? FOR_START
						    : FOR_INFORMATION;
	enum kept kept;
	int r;

	r = attest_record(&subject, a, EVENT_ATTEST, &record, err);
	return r < 0 ? r : evidence_keep(&start->host->keeping, &record, purpose, &kept, err);
}

static void note(const struct attest_start *start, const struct attestation *a)
{
	struct live *live = start->live;
	struct err ignored = { 0 };

	free(live->attested.result);
	live->attested.result = strdup(attest_result_name(a->result));
	if (!live->attested.result)
		return;
	live->attested.time = time(NULL);
	memcpy(live->attested.digest, a->digest, SHA256_HEX);
	attest_findings_digest(a, live->attested.findings);
	/* What people look up; nothing is decided by it. */
	(void)live_note_attested(start->host->state_dir, live, &ignored);
}

/* Its record says that it was killed: there is no way back from here. */
static bool refuse(const struct attest_start *start, struct attestation *a)
{
	_cleanup_buf_ struct buf reason = { 0 };
	struct err ignored = { 0 };

	if (attest_reason(a, &reason) == 0)
		tell(start, reason.data);
	note(start, a);
	(void)keep(start, a, true, &ignored);
	return false;
}

static bool judge(const struct attest_start *start, struct attestation *a)
{
	struct err failed = { 0 };

	if (a->result != ATTEST_MATCH && is_enforced(start))
		return refuse(start, a);
	if (keep(start, a, false, &failed) < 0 && is_enforced(start)) {
		a->result = ATTEST_UNPROVEN;
		a->why = failed;
		return refuse(start, a);
	}
	note(start, a);
	return true;
}

static bool look(void *arg, const struct err *lost)
{
	const struct attest_start *start = arg;
	_cleanup_attestation_ struct attestation a = { 0 };

	if (lost) {
		a.result = ATTEST_UNPROVEN;
		a.why = *lost;
	} else if (attest_take(start->process, &start->wanted, &a) == -ESRCH) {
		return false; /* it has ended, and nothing has run */
	}
	return judge(start, &a);
}

int attest_start(const struct attest_start *start, struct err *err)
{
	const struct tracer tracer = {
		.kills = is_enforced(start),
		.look = look,
		.arg = (void *)(uintptr_t)start,
		.keep = { -1, -1, -1, -1 },
	};
	struct attestation none = { .result = ATTEST_UNPROVEN };
	int r = tracer_leave(start->process, &tracer, err);

	/* A hook that comes twice for one start: the first one's looks at it. */
	if (r == -EPERM && tracer_is_left(start->process)) {
		err_clear(err);
		return 0;
	}
	if (r == 0 || is_enforced(start))
		return r;
	none.why = *err;
	(void)judge(start, &none);
	return r;
}
