/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How records are kept: what the administrator said under "audit" in coaming.json(5), read by
 * profiles/host_audit.c and followed by audit/.
 */
#ifndef COAMING_LIB_KEEPING_H
#define COAMING_LIB_KEEPING_H

#include "lib/base.h"

/* When a record is on the disk before the container goes on. */
enum keep_sync {
	KEEP_SYNC_STARTS, /* refusals, and starts that are enforced */
	KEEP_SYNC_NONE,
	KEEP_SYNC_DATA, /* every record */
};

/* What becomes of an enforced start where its record cannot be kept; as auditd.conf(5) has it. */
enum keep_action {
	KEEP_REFUSE,
	KEEP_WARN,     /* it starts, which is said on standard error, and what is lost is counted */
	KEEP_CONTINUE, /* it starts, and what is lost is counted */
};

struct keep_step {
	uint64_t bytes; /* in force where less is left, on the filesystem or of ledger_bytes */
	enum keep_action action;
};

struct keeping {
	const char *dir;       /* auditDir, borrowed */
	const char *state_dir; /* borrowed; NULL: what is missed is not counted there */
	enum keep_sync sync;
	uint64_t ledger_bytes;   /* of all segments; 0: no bound */
	char *journal_namespace; /* NULL: the host's own journal */
	uint64_t retention_days;
	struct keep_step space_left, admin_space_left;
	enum keep_action disk_full, disk_error;
};

#endif
