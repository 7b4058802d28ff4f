/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper program takes from itself before it calls a library of others.
 */
#include "lib/own.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int own_limits(const struct own_limit *v, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct rlimit value = { v[i].value, v[i].value };
		struct rlimit old;

		if (getrlimit(v[i].resource, &old) == 0 && old.rlim_max < v[i].value)
			continue;
		if (setrlimit(v[i].resource, &value) < 0)
			return err_errno(err, errno, "cannot set a resource limit");
	}
	return 0;
}

int own_capabilities(uint32_t keep, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = keep, .permitted = keep } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, data) < 0)
		return err_errno(err, errno, "cannot give up capabilities");
	return 0;
}
