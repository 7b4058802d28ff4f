/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What confinement and its proof need of the kernel, tried.
 *
 * What is tried is tried in children and in a network namespace that goes with them.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cli/below.h"
#include "hooks/firewall.h"

#define ACTIONS "/proc/sys/kernel/seccomp/actions_avail"

static const struct advice elsewhere = {
	.why = "the kernel of a host is known on the running host alone",
	.remedy = "run coaming doctor there",
};

/* ---- a child to try things with ---- */

struct child {
	pid_t pid;
	int ready; /* readable when it has done what it was made for; its byte is 0 or an errno */
};

static void child_done(struct child *child)
{
	closep(&child->ready);
	if (child->pid <= 0)
		return;
	(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* A filter that denies nothing, to be read back. */
static int filter_self(void)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_fprog program = { .len = ARRAY_SIZE(allow), .filter = allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? errno : 0;
}

/* Make one that has entered new namespaces (flags of unshare(2); 0: has a filter instead) and
 * waits. Returns the errno it met with, or -errno. */
static int child_start(int namespaces, struct child *ret)
{
	unsigned char answer = 0;
	int pipe_fds[2];
	ssize_t n;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	ret->ready = pipe_fds[0];
	ret->pid = fork();
	if (ret->pid == 0) {
		/* It goes with its parent, also where that is killed; and where it was already, by
		 * SIGPIPE. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(pipe_fds[0]);
		answer = (unsigned char)(namespaces == 0           ? filter_self()
					 : unshare(namespaces) < 0 ? errno
								   : 0);
		if (write(pipe_fds[1], &answer, 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	(void)close(pipe_fds[1]);
	if (ret->pid < 0)
		return -errno;
	do
		n = read(ret->ready, &answer, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? answer : -EIO;
}

/* ---- seccomp ---- */

static const struct advice no_seccomp = {
	.why = "system calls cannot be taken away: in enforce mode nothing with such a profile "
	       "starts",
	.remedy = "run a kernel with CONFIG_SECCOMP_FILTER",
};
static const struct advice few_actions = {
	.why = "a filter that uses them is not loaded",
	.remedy = "run a newer kernel",
};

static int check_seccomp(struct doctor *d, struct err *err)
{
	static const char *const wanted[] = { "kill_process", "errno", "log", "allow" };
	_cleanup_free_ char *text = NULL;
	struct err cause = { 0 };
	size_t len = 0;
	int r = below_read(d->root_fd, ACTIONS, &text, &len, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r <= 0)
		return doctor_add(d, FINDING_ERROR, "kernel-seccomp", &no_seccomp, err,
				  "the kernel has no seccomp filters (" ACTIONS ")");
	text[strcspn(text, "\n")] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strstr(text, wanted[i]))
			return doctor_add(d, FINDING_ERROR, "kernel-seccomp", &few_actions, err,
					  "the kernel's seccomp filters do not know %s, but %s",
					  wanted[i], Q(text));
	}
	return doctor_add(d, FINDING_OK, "kernel-seccomp", NULL, err, "seccomp filters know %s",
			  text);
}

/* ---- the firewall ---- */

static const struct advice no_firewall = {
	.why = "a container whose profile has a network section is refused",
	.remedy = "install nftables, and a kernel with nf_tables and nf_conntrack (modprobe "
		  "nf_tables nf_conntrack nft_ct nft_limit), and run it as root",
};

static const char trial[] =
	"table inet coaming_doctor {\n"
	"\tset refused { type ipv4_addr . inet_service; size 16; flags dynamic,timeout; }\n"
	"\tchain ingress-trial { type filter hook input priority 0; policy drop;\n"
	"\t\tct state established,related counter accept\n"
	"\t\tip saddr 192.0.2.0/24 tcp dport 1-2 counter accept\n"
	"\t\tct status confirmed accept\n"
	"\t\tupdate @refused { ip saddr . th dport timeout 1h } drop\n"
	"\t}\n"
	"}\n";

static int open_netns(const struct child *child, int *ret)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)child->pid);
	*ret = open(path, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

static int check_firewall(struct doctor *d, struct err *err)
{
	_cleanup_(child_done) struct child child = { .ready = -1 };
	_cleanup_close_ int netns = -1;
	struct err cause = { 0 };
	int r = child_start(CLONE_NEWNET, &child);

	if (r == 0)
		r = open_netns(&child, &netns);
	if (r != 0)
		return doctor_add(d, FINDING_ERROR, "kernel-firewall", &no_firewall, err,
				  "a network namespace cannot be made: %s", strerror(abs(r)));
	r = firewall_apply(netns, "coaming_doctor", trial, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return doctor_add(d, FINDING_ERROR, "kernel-firewall", &no_firewall, err,
				  "rules cannot be set in a network namespace: %s", cause.text);
	return doctor_add(d, FINDING_OK, "kernel-firewall", NULL, err,
			  "rules can be set and read back in a network namespace");
}

/* ---- what the proof needs ---- */

static const struct advice no_call = {
	.why = "coaming does not work without it",
	.remedy = "run Linux 5.6 or newer, and no filter around coaming that denies it",
};

static int check_calls(struct doctor *d, struct err *err)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC };
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	_cleanup_close_ int dir = -1;
	int pidfd_errno = errno;

	if (pidfd < 0)
		return doctor_add(d, FINDING_ERROR, "kernel-calls", &no_call, err,
				  "pidfd_open fails: %s", strerror(pidfd_errno));
	dir = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));
	if (dir < 0)
		return doctor_add(d, FINDING_ERROR, "kernel-calls", &no_call, err,
				  "openat2 fails: %s", strerror(errno));
	return doctor_add(d, FINDING_OK, "kernel-calls", NULL, err,
			  "pidfd_open and openat2 are there");
}

static const struct advice no_trace = {
	.why = "what is enforced on a container cannot be read back, so that no control is "
	       "evidenced",
	.remedy = "run it as root; kernel.yama.ptrace_scope must not be 3 (which only a reboot "
		  "undoes), and the kernel needs CONFIG_CHECKPOINT_RESTORE",
};

/* 0, or the errno that stands in the way. */
static int try_trace(pid_t pid, const char **ret_what)
{
	int status;

	*ret_what = "PTRACE_SEIZE";
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return errno;
	while (waitpid(pid, &status, __WALL) < 0) {
		if (errno != EINTR)
			return errno;
	}
	*ret_what = "PTRACE_SECCOMP_GET_FILTER";
	return ptrace(PTRACE_SECCOMP_GET_FILTER, pid, NULL, NULL) < 0 ? errno : 0;
}

static int check_trace(struct doctor *d, struct err *err)
{
	_cleanup_(child_done) struct child child = { .ready = -1 };
	_cleanup_free_ char *scope = NULL;
	struct err ignored = { 0 };
	const char *what = "fork";
	size_t len = 0;
	int r = child_start(0, &child);

	r = r == 0 ? try_trace(child.pid, &what) : abs(r);
	if (r == 0)
		return doctor_add(d, FINDING_OK, "kernel-trace", NULL, err,
				  "a process's filters can be read back");
	if (below_read(d->root_fd, "/proc/sys/kernel/yama/ptrace_scope", &scope, &len, &ignored) >
	    0)
		scope[strcspn(scope, "\n")] = '\0';
	return doctor_add(d, FINDING_ERROR, "kernel-trace", &no_trace, err, "%s fails: %s%s%s",
			  what, strerror(r), scope ? "; kernel.yama.ptrace_scope is " : "",
			  scope ? Q(scope) : "");
}

static const struct advice no_userns = {
	.why = "containers with a user namespace of their own cannot be made",
	.remedy = "set user.max_user_namespaces with sysctl, where such containers are wanted",
};

static int check_userns(struct doctor *d, struct err *err)
{
	_cleanup_(child_done) struct child child = { .ready = -1 };
	int r = child_start(CLONE_NEWUSER, &child);

	if (r != 0)
		return doctor_add(d, FINDING_NOTE, "kernel-userns", &no_userns, err,
				  "user namespaces cannot be made: %s", strerror(abs(r)));
	return doctor_add(d, FINDING_OK, "kernel-userns", NULL, err, "user namespaces can be made");
}

int doctor_kernel(struct doctor *d, struct err *err)
{
	static int (*const checks[])(struct doctor * d, struct err * err) = {
		check_seccomp, check_firewall, check_calls,
		check_trace,   check_userns,   doctor_runtime,
	};
	int r = 0;

	if (*d->root)
		return doctor_add(d, FINDING_NOTE, "kernel", &elsewhere, err,
				  "the kernel of that host is not looked at");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](d, err);
	return r;
}
