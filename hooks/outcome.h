/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a decision: the record, and what is known of the container from now on.
 */
#ifndef COAMING_HOOKS_OUTCOME_H
#define COAMING_HOOKS_OUTCOME_H

#include "hooks/decision.h"
#include "hooks/live.h"

/*
 * Record that the container may run (or may run exempt), and write its live file.
 *
 * config  the text that will run; NULL: a process is executed in one that does
 * Errors  ERR_SYSTEM where the record could be kept nowhere and the mode is enforce: the container
 *         must not start. In audit mode that is only told on stderr.
 */
int outcome_accept(const struct host *host, const struct decision *decision,
		   const struct question *question, const char *config, size_t len,
		   enum live_state state, struct err *err);

/*
 * Record a refusal. Never fails: the container is refused all the same, and where the record could
 * be kept nowhere that is added to the reason.
 *
 * why  on entry the reason; its text is what the user will read
 */
void outcome_refuse(const struct host *host, const struct decision *decision,
		    const struct question *question, struct err *why);

/*
 * A decision that ended in an error. With the host in audit mode nothing may be stopped by it: the
 * error is recorded as a refusal that would have been, and cleared. Else it is recorded as a
 * refusal and stays.
 *
 * Returns  0 where the container may go on unchanged, else -EPERM with *why
 */
int outcome_of_error(const struct host *host, const struct decision *decision,
		     const struct question *question, struct err *why);

/*
 * The same where not even the config could be read: a record of what is known.
 * question->config may be NULL.
 */
int outcome_of_unread(const struct host *host, const struct question *question, struct err *why);

/*
 * Decide as the door before this one did: break-glass that was opened in between does not loosen
 * what was admitted without, and what was admitted under it stays so for BREAK_GLASS_GRACE_SECONDS.
 *
 * admission  of this start, or NULL: no door was before; `question` borrows from it
 * Errors     -ETIMEDOUT ERR_REFUSED it was admitted under break-glass longer ago
 */
int outcome_follow(const struct live *admission, struct question *question, struct err *err);

/*
 * The same of the runtime's door, where a command line, a container or its config is not
 * understood. Where no profile can apply to anything there is nothing to refuse it for: the real
 * runtime will say what it thinks of it.
 */
int outcome_of_call(const struct host *host, const struct question *question, struct err *why);

/*
 * The verdict as an error: ERR_REFUSED with "container NAME refused: profile ...", or 0.
 */
int outcome_check(const struct decision *decision, const struct question *question,
		  struct err *err);

/* Nothing failed, but somebody must know: a line on stderr, "coaming: WHAT: ERROR". */
void outcome_warn(const char *what, const struct err *err);
/* Say on standard error which profile was seen too late, see store_late(); NULL: no store. */
void outcome_warn_late(const struct store *store);

#endif
