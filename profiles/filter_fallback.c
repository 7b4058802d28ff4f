/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls for which programs have another way, if they are told that the kernel has none of it.
 */
#include "profiles/filter_fallback.h"

#include <errno.h>

/*
 * Each is tried first, and replaced by an older call on ENOSYS, by glibc, musl, Go, Python or
 * systemd; EPERM would end the attempt.
 */
static const char *const calls[] = {
	"clone3",
	"close_range",
	"copy_file_range",
	"epoll_pwait2",
	"faccessat2",
	"fchmodat2",
	"futex_waitv",
	"getrandom",
	"memfd_create",
	"openat2",
	"pidfd_open",
	"pidfd_send_signal",
	"preadv2",
	"pwritev2",
	"renameat2",
	"rseq",
	"statx",
	/* Of machines with 32 bits, where libc falls back to the calls with a short time. */
	"clock_adjtime64",
	"clock_getres_time64",
	"clock_gettime64",
	"clock_nanosleep_time64",
	"clock_settime64",
	"futex_time64",
	"mq_timedreceive_time64",
	"mq_timedsend_time64",
	"ppoll_time64",
	"pselect6_time64",
	"recvmmsg_time64",
	"rt_sigtimedwait_time64",
	"sched_rr_get_interval_time64",
	"semtimedop_time64",
	"timer_gettime64",
	"timer_settime64",
	"timerfd_gettime64",
	"timerfd_settime64",
	"utimensat_time64",
};

bool filter_has_fallback(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (streq(name, calls[i]))
			return true;
	}
	return false;
}

static bool names(const struct filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->n_rules; i++) {
		if (streq(filter->rules[i].name, name))
			return true;
	}
	return false;
}

int filter_add_fallbacks(struct filter *filter, struct err *err)
{
	struct filter_rule rule = { .action = { .kind = ACT_ERRNO, .ret = ENOSYS } };
	int r = 0;

	if (filter->default_action.kind != ACT_ERRNO || filter->default_action.ret == ENOSYS)
		return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(calls); i++) {
		if (names(filter, calls[i]))
			continue;
		rule.name = (char *)(uintptr_t)calls[i];
		r = filter_add_rule(filter, &rule, err);
	}
	return r;
}
