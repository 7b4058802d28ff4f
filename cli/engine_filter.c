/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp filters as engines ask for them.
 */
#include "cli/engine_filter.h"

#include <seccomp.h>

#include "lib/buf.h"

/* Numbers of calls end before this on every architecture that has an engine. */
#define NUMBERS_MAX 1024

static const char *const names[] = {
	[ENGINE_NONE] = "alone",
	[ENGINE_DOCKER] = "under a filter like Docker's",
	[ENGINE_PODMAN] = "under a filter like podman's",
};
static_assert(ARRAY_SIZE(names) == ENGINES_, "a name an engine");

/* What no engine allows to a container without more capabilities, or only by a condition. */
static const char *const left_out[] = { "acct",          "add_key",         "bpf",
					"chroot",        "clock_settime",   "clone",
					"clone3",        "delete_module",   "finit_module",
					"init_module",   "ioperm",          "iopl",
					"kexec_load",    "kexec_file_load", "keyctl",
					"mount",         "nfsservctl",      "open_by_handle_at",
					"move_mount",    "perf_event_open", "personality",
					"pivot_root",    "ptrace",          "quotactl",
					"reboot",        "request_key",     "setns",
					"settimeofday",  "socket",          "swapoff",
					"swapon",        "syslog",          "umount2",
					"unshare",       "userfaultfd",     "vhangup",
					"fsopen",        "fsmount",         "fsconfig",
					"open_tree",     "sethostname",     "setdomainname",
					"lookup_dcookie" };

#define ALLOW "\"action\":\"SCMP_ACT_ALLOW\""
#define ARG(index, value, op)                                                                      \
	"{\"index\":" #index ",\"value\":" #value ",\"op\":\"SCMP_CMP_" #op "\"}"
#define ALLOW_IF(name, args) ",{\"names\":[\"" name "\"]," ALLOW ",\"args\":[" args "]}"

static const char conditions[] = ALLOW_IF("personality", ARG(0, 0, EQ))
	ALLOW_IF("personality", ARG(0, 8, EQ)) ALLOW_IF("personality", ARG(0, 131072, EQ))
		ALLOW_IF("personality", ARG(0, 131080, EQ))
			ALLOW_IF("personality", ARG(0, 4294967295, EQ))
				ALLOW_IF("clone", "{\"index\":0,\"value\":2114060288,"
						  "\"op\":\"SCMP_CMP_MASKED_EQ\"}");

static const char docker_ends[] =
	ALLOW_IF("socket", ARG(0, 40, NE)) ",{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\","
					   "\"errnoRet\":38}";

static const char podman_ends[] =
	",{\"names\":[\"clone3\"]," ALLOW "},{\"names\":[\"bpf\",\"keyctl\",\"mount\",\"ptrace\","
	"\"setns\",\"unshare\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1},{\"names\":"
	"[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":22,\"args\":[" ARG(
		0, 16, EQ) "," ARG(2, 9, EQ) "]}" ALLOW_IF("socket", ARG(2, 9, NE))
		ALLOW_IF("socket", ARG(0, 16, NE));

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		if (streq(name, left_out[i]))
			return true;
	}
	return false;
}

/* The architecture of 32 bits that engines let pass beside this one; 0: none. */
static uint32_t beside(uint32_t native)
{
	switch (native) {
	case SCMP_ARCH_X86_64:
		return SCMP_ARCH_X86;
	case SCMP_ARCH_AARCH64:
		return SCMP_ARCH_ARM;
	case SCMP_ARCH_S390X:
		return SCMP_ARCH_S390;
	default:
		return 0;
	}
}

/* By name, so that the calls of the other one are among them: socketcall, the long ids. */
static void add_calls(struct buf *out)
{
	const uint32_t native = seccomp_arch_native();
	const uint32_t architectures[] = { native, beside(native) };
	const char *comma = "";

	for (size_t a = 0; a < ARRAY_SIZE(architectures) && architectures[a]; a++) {
		for (int i = 0; i < NUMBERS_MAX; i++) {
			char *name = seccomp_syscall_resolve_num_arch(architectures[a], i);
			bool again = name && a > 0 &&
				     seccomp_syscall_resolve_name_arch(native, name) >= 0;

			if (name && !again && !is_left_out(name)) {
				buf_addf(out, "%s\"%s\"", comma, name);
				comma = ",";
			}
			free(name);
		}
	}
}

static void write_filter(enum engine_filter which, struct buf *out)
{
	bool podman = which == ENGINE_PODMAN;

	buf_addf(out, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":%d,",
		 podman ? 38 : 1);
#if defined(__x86_64__)
	buf_adds(out, "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\","
		      "\"SCMP_ARCH_X32\"],");
#endif
	buf_adds(out, "\"syscalls\":[{" ALLOW ",\"names\":[");
	add_calls(out);
	buf_adds(out, "]}");
	buf_adds(out, conditions);
	buf_adds(out, podman ? podman_ends : docker_ends);
	buf_adds(out, "]}");
}

const char *engine_filter_name(enum engine_filter which)
{
	return names[which];
}

int engine_filter_make(enum engine_filter which, struct filter *ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	_cleanup_buf_ struct buf text = { 0 };
	int r;

	if (which == ENGINE_NONE) {
		*ret = (struct filter){ .default_action = { .kind = ACT_ALLOW } };
		return 0;
	}
	write_filter(which, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	r = doc_parse(&doc, names[which], text.data, text.len, err);
	return r < 0 ? r : filter_parse(doc, doc_root(doc), ret, err);
}
