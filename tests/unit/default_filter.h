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

/* ---- in the format in which engines keep them ---- */

#define ARCH_MAP                                                                                   \
	"\"archMap\":["                                                                            \
	"{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":[\"SCMP_ARCH_ARM\"]},"       \
	"{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":"                             \
	"[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]},"                                                  \
	"{\"architecture\":\"SCMP_ARCH_S390X\",\"subArchitectures\":[\"SCMP_ARCH_S390\"]}],"

/* What a capability brings back, and what is denied without it. */
static const struct {
	const char *cap, *names;
} capability_calls[] = {
	{ "CAP_DAC_READ_SEARCH", "\"open_by_handle_at\"" },
	{ "CAP_SYS_ADMIN",
	  "\"bpf\",\"clone\",\"clone3\",\"fsconfig\",\"fsmount\",\"fsopen\",\"mount\","
	  "\"move_mount\",\"perf_event_open\",\"quotactl\",\"setdomainname\","
	  "\"sethostname\",\"setns\",\"umount\",\"umount2\",\"unshare\"" },
	{ "CAP_SYS_BOOT", "\"reboot\"" },
	{ "CAP_SYS_CHROOT", "\"chroot\"" },
	{ "CAP_SYS_MODULE", "\"delete_module\",\"finit_module\",\"init_module\"" },
	{ "CAP_SYS_PACCT", "\"acct\"" },
	{ "CAP_SYS_PTRACE", "\"kcmp\",\"pidfd_getfd\",\"process_madvise\",\"process_vm_readv\","
			    "\"process_vm_writev\",\"ptrace\"" },
	{ "CAP_SYS_RAWIO", "\"ioperm\",\"iopl\"" },
	{ "CAP_SYS_TIME", "\"clock_settime\",\"settimeofday\",\"stime\"" },
	{ "CAP_SYS_TTY_CONFIG", "\"vhangup\"" },
	{ "CAP_SYSLOG", "\"syslog\"" },
};

static inline void add_capability_groups(struct buf *out, bool with_denials)
{
	for (size_t i = 0; i < sizeof(capability_calls) / sizeof(capability_calls[0]); i++) {
		buf_addf(out,
			 ",{\"names\":[%s],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[],\"comment\":"
			 "\"\",\"includes\":{\"caps\":[\"%s\"]},\"excludes\":{}}",
			 capability_calls[i].names, capability_calls[i].cap);
		if (with_denials)
			buf_addf(out,
				 ",{\"names\":[%s],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[],"
				 "\"includes\":{},\"excludes\":{\"caps\":[\"%s\"]},\"errnoRet\":1,"
				 "\"errno\":\"EPERM\"}",
				 capability_calls[i].names, capability_calls[i].cap);
	}
}

/* As moby keeps it: one name alone too, clone with and without s390's order of arguments. */
static inline void moby_format_filter(struct buf *out)
{
	buf_adds(out, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1," ARCH_MAP
		      "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[");
	add_default_names(out);
	buf_adds(out, "]},{\"names\":[\"process_vm_readv\",\"process_vm_writev\",\"ptrace\"],"
		      "\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"}}");
	buf_adds(out,
		 ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" DEFAULT_ARG(
			 0, 40, NE) "]}");
	for (int i = 0; i < 3; i++)
		buf_addf(out,
			 ",{\"name\":\"personality\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
			 "[{\"index\":0,\"value\":%d,\"op\":\"SCMP_CMP_EQ\"}]}",
			 i * 8);
	buf_adds(out,
		 ",{\"names\":[\"arch_prctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":"
		 "{\"arches\":[\"amd64\",\"x32\"]}},{\"names\":[\"s390_pci_mmio_read\"],"
		 "\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"s390\",\"s390x\"]}}");
	add_capability_groups(out, false);
	buf_adds(out,
		 ",{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
		 "\"value\":2114060288,\"op\":\"SCMP_CMP_MASKED_EQ\"}],\"excludes\":{\"caps\":"
		 "[\"CAP_SYS_ADMIN\"],\"arches\":[\"s390\",\"s390x\"]}}");
	buf_adds(out,
		 ",{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,"
		 "\"value\":2114060288,\"op\":\"SCMP_CMP_MASKED_EQ\"}],\"includes\":{\"arches\":"
		 "[\"s390\",\"s390x\"]},\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}");
	buf_adds(out, ",{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38,"
		      "\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]}");
}

/* As containers-common keeps it: errno by name, denials beside what capabilities bring back. */
static inline void containers_format_filter(struct buf *out)
{
	buf_adds(out, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
		      "\"defaultErrno\":\"ENOSYS\"," ARCH_MAP
		      "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",\"args\":[],\"names\":[");
	add_default_names(out);
	buf_adds(out, "]},{\"names\":[\"vm86\",\"vm86old\",\"keyctl\",\"userfaultfd\"],\"action\":"
		      "\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"errno\":\"EPERM\"}");
	add_personalities(out);
	add_capability_groups(out, true);
	buf_adds(out,
		 ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[" DEFAULT_ARG(
			 0, 16, EQ) "," DEFAULT_ARG(2, 9, EQ) "],\"excludes\":{\"caps\":["
							      "\"CAP_AUDIT_WRITE\"]},"
							      "\"errnoRet\":22,\"errno\":"
							      "\"EINVAL\"}");
	buf_adds(out,
		 ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" DEFAULT_ARG(
			 2, 9, NE) "],\"excludes\":{\"caps\":[\"CAP_AUDIT_WRITE\"]}}");
	buf_adds(out,
		 ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" DEFAULT_ARG(
			 0, 16, NE) "],\"excludes\":{\"caps\":[\"CAP_AUDIT_WRITE\"]}}");
	buf_adds(out, ",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,"
		      "\"includes\":{\"caps\":[\"CAP_AUDIT_WRITE\"]}}]}");
}

#endif
