/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capability names and masks.
 */
#include "profiles/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <strings.h>

/* Without CAP_, by number. Source: capabilities(7), <linux/capability.h> */
#define ROW(name) [CAP_##name] = "CAP_" #name
static const char *const names[] = {
	ROW(CHOWN),
	ROW(DAC_OVERRIDE),
	ROW(DAC_READ_SEARCH),
	ROW(FOWNER),
	ROW(FSETID),
	ROW(KILL),
	ROW(SETGID),
	ROW(SETUID),
	ROW(SETPCAP),
	ROW(LINUX_IMMUTABLE),
	ROW(NET_BIND_SERVICE),
	ROW(NET_BROADCAST),
	ROW(NET_ADMIN),
	ROW(NET_RAW),
	ROW(IPC_LOCK),
	ROW(IPC_OWNER),
	ROW(SYS_MODULE),
	ROW(SYS_RAWIO),
	ROW(SYS_CHROOT),
	ROW(SYS_PTRACE),
	ROW(SYS_PACCT),
	ROW(SYS_ADMIN),
	ROW(SYS_BOOT),
	ROW(SYS_NICE),
	ROW(SYS_RESOURCE),
	ROW(SYS_TIME),
	ROW(SYS_TTY_CONFIG),
	ROW(MKNOD),
	ROW(LEASE),
	ROW(AUDIT_WRITE),
	ROW(AUDIT_CONTROL),
	ROW(SETFCAP),
	ROW(MAC_OVERRIDE),
	ROW(MAC_ADMIN),
	ROW(SYSLOG),
	ROW(WAKE_ALARM),
	ROW(BLOCK_SUSPEND),
	ROW(AUDIT_READ),
	ROW(PERFMON),
	ROW(BPF),
	ROW(CHECKPOINT_RESTORE),
};
static_assert(ARRAY_SIZE(names) == CAP_LAST_CAP + 1, "a name a capability of these headers");
static_assert(CAPS_ALL == CAP_MASK(CAP_LAST_CAP + 1) - 1, "CAPS_ALL covers them");

#define PREFIX_LEN (sizeof("CAP_") - 1)

int cap_number(const char *name)
{
	const char *bare = starts_with(name, "CAP_") ? name + PREFIX_LEN : name;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (streq(bare, names[i] + PREFIX_LEN))
			return (int)i;
	}
	return -ENOENT;
}

const char *cap_name(int number)
{
	return number >= 0 && number <= CAP_LAST_CAP ? names[number] : NULL;
}

const char *cap_nearest(const char *name)
{
	const char *bare = strncasecmp(name, "CAP_", PREFIX_LEN) == 0 ? name + PREFIX_LEN : name;
	const char *words[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		words[i] = names[i] + PREFIX_LEN;
	return nearest_word(bare, words, ARRAY_SIZE(words));
}

int caps_parse(const struct doc *doc, const struct node *list, uint64_t *ret, struct err *err)
{
	int r;

	*ret = 0;
	r = node_expect_list(doc, list, 64, err);
	if (r < 0)
		return r;
	node_foreach (item, list) {
		const char *near, *name;
		int number;

		r = node_read_string(doc, item, &name, err);
		if (r < 0)
			return r;
		if (streq(name, "ALL")) {
			*ret = CAPS_ALL;
			continue;
		}
		number = cap_number(name);
		if (number < 0) {
			near = cap_nearest(name);
			return err_input(err, EBADMSG, "%s: unknown capability %s%s%s%s",
					 WHERE(doc, item), Q(name), near ? " (did you mean " : "",
					 near ? near : "", near ? "?)" : "");
		}
		*ret |= CAP_MASK(number);
	}
	return 0;
}
