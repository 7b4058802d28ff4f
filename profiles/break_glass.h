/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break-glass: for a while containers start in audit mode, by root's word. Here is what that word
 * says, whether it still holds, and for whom; hooks/break_glass.h keeps it in a file.
 */
#ifndef COAMING_PROFILES_BREAK_GLASS_H
#define COAMING_PROFILES_BREAK_GLASS_H

#include "profiles/match.h"

#define BREAK_GLASS_MINUTES_DEFAULT 240  /* "maxMinutes" where the host does not say */
#define BREAK_GLASS_MINUTES_MAX     1440 /* a day: what lasts longer belongs into the policy */
#define BREAK_GLASS_REASON_MAX      1000
#define BREAK_GLASS_WHO_MAX         1000
#define BREAK_GLASS_ID_LEN          8
#define BREAK_GLASS_BOOT_ID_LEN     32

/* The three by which it ends. */
struct break_glass_time {
	uint64_t realtime_usec;
	uint64_t
		boot_usec; /* CLOCK_BOOTTIME: nobody sets it, and it counts while the host sleeps */
	char boot_id[BREAK_GLASS_BOOT_ID_LEN + 1];
};

struct break_glass {
	char *id; /* BREAK_GLASS_ID_LEN hexadecimal digits: for records */
	struct break_glass_time from;
	uint64_t until_realtime_usec, until_boot_usec;
	char *reason, *who;
	char *match; /* as it was given; "": every container */
	struct selector selector;
};

/*
 * Read what break_glass_write() wrote, and nothing else: unknown, missing and doubled members, an
 * end before the beginning, and more than BREAK_GLASS_MINUTES_MAX are errors.
 *
 * ret     break_glass_done(); untouched on failure
 * Errors  -EBADMSG; -ENOMEM
 */
int break_glass_parse(const struct doc *doc, struct break_glass *ret, struct err *err);
void break_glass_write(const struct break_glass *glass, struct buf *out);
void break_glass_done(struct break_glass *glass);
#define _cleanup_break_glass_ _cleanup_(break_glass_done)

/*
 * Does it hold now? Both clocks must say so, in the boot in which it was opened: setting the clock
 * back prolongs nothing, setting it forward ends it.
 *
 * max_minutes  the host's bound now: what was opened for longer does not hold
 */
bool break_glass_holds(const struct break_glass *glass, const struct break_glass_time *now,
		       uint64_t max_minutes);

/* Is it for a container of these labels? Those of an image do not count. */
bool break_glass_covers(const struct break_glass *glass, const struct labels *labels);

#endif
