/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much space the ledger has left.
 */
#include "audit/space.h"

#include <errno.h>
#include <sys/statvfs.h>

#define KIB                ((uint64_t)1024)
#define SEGMENTS           8
#define SEGMENT_MIN_BYTES  (64 * KIB)
#define RECORD_SPACE_BYTES (16 * KIB) /* a record about space has more than that left */

/* The steps, in the order in which space gets less. */
enum state { ENOUGH, SPACE_LEFT, ADMIN_SPACE_LEFT, STATES };

static const struct {
	const char *reason, *text;
} states[STATES] = {
	[ENOUGH] = { "space-enough", "the ledger has enough space again" },
	[SPACE_LEFT] = { "space-left", "the ledger has less space left than \"spaceLeft\"" },
	[ADMIN_SPACE_LEFT] = { "admin-space-left",
			       "the ledger has less space left than \"adminSpaceLeft\"" },
};

uint64_t space_segment_bytes(const struct keeping *keeping)
{
	uint64_t bytes = keeping->ledger_bytes / SEGMENTS;

	if (keeping->ledger_bytes == 0 || bytes > LEDGER_SEGMENT_BYTES)
		return LEDGER_SEGMENT_BYTES;
	return bytes < SEGMENT_MIN_BYTES ? SEGMENT_MIN_BYTES : bytes;
}

/* So that in good order neither step is ever reached: they, and two segments, stay free. */
uint64_t space_target(const struct keeping *keeping)
{
	uint64_t free = 2 * space_segment_bytes(keeping);
	uint64_t step = keeping->space_left.bytes > keeping->admin_space_left.bytes
				? keeping->space_left.bytes
				: keeping->admin_space_left.bytes;

	if (keeping->ledger_bytes == 0)
		return UINT64_MAX;
	if (step < keeping->ledger_bytes / 2)
		free += step;
	return free < keeping->ledger_bytes ? keeping->ledger_bytes - free
					    : keeping->ledger_bytes / 2;
}

int space_left(const struct ledger *l, const struct keeping *keeping, uint64_t *ret,
	       struct err *err)
{
	struct statvfs fs;
	uint64_t bound;

	if (fstatvfs(l->dirfd, &fs) < 0)
		return err_errno(err, errno, "cannot tell how much space %s has left", Q(l->path));
	*ret = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (keeping->ledger_bytes == 0)
		return 0;
	bound = keeping->ledger_bytes > l->head.bytes ? keeping->ledger_bytes - l->head.bytes : 0;
	*ret = bound < *ret ? bound : *ret;
	return 0;
}

static int tell(struct ledger *l, enum state state, uint64_t left, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	int r;

	r = record_start(&record, EVENT_POLICY, err);
	r = r < 0 ? r : record_add(&record, "COAMING_REASON", states[state].reason, err);
	r = r < 0 ? r
		  : record_addf(&record, err, "COAMING_SPACE_LEFT", "%llu",
				(unsigned long long)left);
	r = r < 0 ? r
		  : record_addf(&record, err, "MESSAGE", "%s: %llu KiB in %s", states[state].text,
				(unsigned long long)(left / KIB), Q(l->path));
	return r < 0 ? r : ledger_append(l, &record, NULL, err);
}

static enum state state_of(const struct keeping *keeping, uint64_t left)
{
	if (left < keeping->admin_space_left.bytes)
		return ADMIN_SPACE_LEFT;
	return left < keeping->space_left.bytes ? SPACE_LEFT : ENOUGH;
}

int space_check(struct ledger *l, const struct keeping *keeping, struct err *warning,
		bool *ret_refuse, struct err *err)
{
	const struct keep_step *step = NULL;
	struct err untold = { 0 };
	enum state state;
	uint64_t left = 0;
	int r;

	*ret_refuse = false;
	r = space_left(l, keeping, &left, err);
	if (r < 0)
		return r;
	state = state_of(keeping, left);
	if (state != l->head.space_state && (state == ENOUGH || left > RECORD_SPACE_BYTES) &&
	    tell(l, state, left, &untold) == 0)
		l->head.space_state = state; /* else the next one tells */
	if (state == ENOUGH)
		return 0;
	step = state == SPACE_LEFT ? &keeping->space_left : &keeping->admin_space_left;
	if (step->action == KEEP_CONTINUE)
		return 0;
	*ret_refuse = step->action == KEEP_REFUSE;
	(void)err_system(*ret_refuse ? err : warning, ENOSPC,
			 "%s: %llu KiB in %s (make room there, let journald take the records, or "
			 "see \"ledgerSize\" in coaming.json(5))",
			 states[state].text, (unsigned long long)(left / KIB), Q(l->path));
	return 0;
}
