/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of the size and shape of those that engines give every container: some 400 calls of
 * three architectures by name, and the few conditions that they have.
 */
#ifndef COAMING_TESTS_DEFAULT_FILTER_H
#define COAMING_TESTS_DEFAULT_FILTER_H

#include <seccomp.h>

#include "lib/buf.h"

/* What no engine allows by default, or only under conditions. */
static const char *const not_by_default[] = {
	"acct",
	"add_key",
	"bpf",
	"chroot",
	"clock_settime",
	"clone",
	"clone3",
	"delete_module",
	"finit_module",
	"init_module",
	"ioperm",
	"iopl",
	"kcmp",
	"kexec_load",
	"keyctl",
	"mount",
	"nfsservctl",
	"open_by_handle_at",
	"perf_event_open",
	"personality",
	"pivot_root",
	"ptrace",
	"quotactl",
	"reboot",
	"request_key",
	"setns",
	"settimeofday",
	"socket",
	"swapoff",
	"swapon",
	"syslog",
	"umount2",
	"unshare",
	"userfaultfd",
	"vhangup",
	"lookup_dcookie",
};

static inline bool is_by_default(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_by_default); i++) {
		if (streq(name, not_by_default[i]))
			return false;
	}
	return true;
}

/* Names of x86_64, then those that x86 has besides. */
static inline void add_default_names(struct buf *out)
{
	static const uint32_t architectures[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86 };
	const char *comma = "";

	for (size_t a = 0; a < ARRAY_SIZE(architectures); a++) {
		for (int i = 0; i < 500; i++) {
			char *name = seccomp_syscall_resolve_num_arch(architectures[a], i);
			bool again = name && a > 0 &&
				     seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name) >= 0;

			if (name && !again && is_by_default(name)) {
				buf_addf(out, "%s\"%s\"", comma, name);
				comma = ",";
			}
			free(name);
		}
	}
}

static inline void add_personalities(struct buf *out)
{
	static const uint64_t personalities[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++)
		buf_addf(out,
			 ",{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
			 "[{\"index\":0,\"value\":%llu,\"op\":\"SCMP_CMP_EQ\"}]}",
			 (unsigned long long)personalities[i]);
	buf_adds(out,
		 ",{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		 "\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}");
}

#define DEFAULT_ARCHITECTURES                                                                      \
	"\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],"
#define DEFAULT_ARG(index, value, op)                                                              \
	"{\"index\":" #index ",\"value\":" #value ",\"op\":\"SCMP_CMP_" #op "\"}"

/* As Docker and containerd do it: EPERM by default, ENOSYS for clone3, no AF_VSOCK. */
static inline void docker_like_filter(struct buf *out)
{
	buf_adds(
		out,
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1," DEFAULT_ARCHITECTURES
		"\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[");
	add_default_names(out);
	buf_adds(out, "]}");
	add_personalities(out);
	buf_adds(out,
		 ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" DEFAULT_ARG(
			 0, 40, NE) "]},{\"names\":[\"clone3\"],\"action\":"
				    "\"SCMP_ACT_ERRNO\",\"errnoRet\":38}]}");
}

/* As podman and CRI-O do it: ENOSYS by default, EPERM by name, audit's sockets answer EINVAL. */
static inline void podman_like_filter(struct buf *out)
{
	buf_adds(out, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,");
	buf_adds(out,
		 DEFAULT_ARCHITECTURES "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[");
	add_default_names(out);
	buf_adds(out, ",\"clone3\"]},{\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"names\":["
		      "\"bpf\",\"keyctl\",\"mount\",\"ptrace\",\"setns\",\"unshare\"]}");
	add_personalities(out);
	buf_adds(out, ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":22,");
	buf_adds(out, "\"args\":[" DEFAULT_ARG(0, 16, EQ) "," DEFAULT_ARG(2, 9, EQ) "]}");
	buf_adds(out, ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",");
	buf_adds(out, "\"args\":[" DEFAULT_ARG(2, 9, NE) "]}");
	buf_adds(out, ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",");
	buf_adds(out, "\"args\":[" DEFAULT_ARG(0, 16, NE) "]}]}");
}

#endif
