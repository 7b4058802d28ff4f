/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The installed seccomp filters, as the kernel hands them back.
 *
 * Source: ptrace(2), "PTRACE_SECCOMP_GET_FILTER", "PTRACE_SEIZE"; it needs CAP_SYS_ADMIN, a caller
 * without filters of its own, and a kernel with CONFIG_CHECKPOINT_RESTORE
 */
#include "hooks/proof_internal.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "profiles/filter_proof.h"

/* Each counts as four instructions more. */
#define FILTERS_MAX (BPF_TOTAL_MAX / 5)
/* A stop is there after some 50 us. */
#define STOP_POLL_NSEC 100000
#define STOP_POLLS_MAX (PROOF_STOP_MSEC * (1000000 / STOP_POLL_NSEC))

struct filters {
	struct bpf_program *v;
	size_t n, instructions;
};

static void filters_done(struct filters *filters)
{
	for (size_t i = 0; i < filters->n; i++)
		bpf_program_done(&filters->v[i]);
	free(filters->v);
	*filters = (struct filters){ 0 };
}

/* ---- reading ---- */

static const char *reason_of(int errnum)
{
	switch (errnum) {
	case EACCES:
		return "the kernel shows filters only to CAP_SYS_ADMIN, and to a caller without "
		       "a filter of its own";
	case EMEDIUMTYPE:
		return "the kernel has not kept the filter as it was installed";
	case EINVAL:
	case EIO:
		return "this kernel does not show filters (CONFIG_CHECKPOINT_RESTORE)";
	case EPERM:
		return "something else traces the process";
	case ETIMEDOUT:
		return "the process does not stop to be looked at (is it paused?)";
	default:
		return strerror(errnum);
	}
}

/* One filter, the newest first. 1; 0: there are no more; negative errno without an error text */
static int read_filter(pid_t pid, size_t index, struct bpf_program *ret)
{
	long n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)index, NULL);

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	ret->code = calloc((size_t)n + 1, sizeof(*ret->code));
	if (!ret->code)
		return -ENOMEM;
	ret->n = (size_t)n;
	n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)index, ret->code);
	/* It is stopped: nothing can have changed in between. */
	return n < 0 || (size_t)n != ret->n ? -EIO : 1;
}

static int read_stopped(pid_t pid, struct filters *ret)
{
	for (;;) {
		struct bpf_program program = { 0 };
		struct bpf_program *grown;
		int r = read_filter(pid, ret->n, &program);

		ret->instructions += program.n;
		if (r > 0 && (ret->n == FILTERS_MAX || ret->instructions > BPF_TOTAL_MAX))
			r = -E2BIG;
		grown = r > 0 ? reallocarray(ret->v, ret->n + 1, sizeof(*grown)) : NULL;
		if (r > 0 && !grown)
			r = -ENOMEM;
		if (r <= 0) {
			bpf_program_done(&program);
			return r;
		}
		ret->v = grown;
		ret->v[ret->n++] = program;
	}
}

/*
 * Wait for a stop. *ret_signal: one that was about to be delivered, and must be.
 * Returns 0; -ESRCH it has ended; -ETIMEDOUT
 */
static int wait_stopped(pid_t pid, int *ret_signal)
{
	const struct timespec pause = { .tv_nsec = STOP_POLL_NSEC };

	for (unsigned int i = 0; i < STOP_POLLS_MAX; i++) {
		int status = 0;
		pid_t got = waitpid(pid, &status, __WALL | WNOHANG);

		if (got < 0 && errno != EINTR)
			return -ESRCH;
		if (got == pid && !WIFSTOPPED(status))
			return -ESRCH;
		if (got == pid) {
			*ret_signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
			return 0;
		}
		(void)nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

/*
 * Seize, stop, read, let go. A process that does not stop cannot be let go either: it is when this
 * program ends.
 */
static int read_running(const struct process *process, struct filters *ret)
{
	int signal = 0, r;

	if (ptrace(PTRACE_SEIZE, process->pid, NULL, NULL) < 0)
		return -errno;
	/* By pid: is it still the one? Else the other is let go as this program ends, unstopped. */
	if (!process_lives(process))
		return -ESRCH;
	if (ptrace(PTRACE_INTERRUPT, process->pid, NULL, NULL) < 0)
		return -errno;
	r = wait_stopped(process->pid, &signal);
	if (r < 0)
		return r;
	r = read_stopped(process->pid, ret);
	if (ptrace(PTRACE_DETACH, process->pid, NULL, (void *)(intptr_t)signal) < 0 && r == 0)
		r = -errno;
	return r;
}

/* ---- comparing ---- */

static const char *action_word(enum filter_action action)
{
	static const char *const words[] = {
		[ACT_KILL_PROCESS] = "kills the process",
		[ACT_KILL_THREAD] = "kills",
		[ACT_TRAP] = "traps",
		[ACT_ERRNO] = "fails",
		[ACT_NOTIFY] = "asks a listener",
		[ACT_TRACE] = "asks a tracer",
		[ACT_LOG] = "is logged",
		[ACT_ALLOW] = "is allowed",
	};
	static_assert(ARRAY_SIZE(words) == ACTIONS_, "a word an action");

	return words[action];
}

static int tell_gap(const struct filter_gap *gap, struct proof_finding *ret, struct err *err)
{
	char call[256], wanted[320], is[320];
	int n;

	n = snprintf(call, sizeof(call), "%s (%s)", gap->call, gap->architecture);
	if (gap->arguments)
		(void)snprintf(call + n, sizeof(call) - (size_t)n,
			       " with %#llx, %#llx, %#llx, %#llx, %#llx, %#llx",
			       (unsigned long long)gap->args[0], (unsigned long long)gap->args[1],
			       (unsigned long long)gap->args[2], (unsigned long long)gap->args[3],
			       (unsigned long long)gap->args[4], (unsigned long long)gap->args[5]);
	(void)snprintf(wanted, sizeof(wanted), "%s %s", call, action_word(gap->wanted));
	(void)snprintf(is, sizeof(is), "%s %s", call, action_word(gap->is));
	return finding_set(ret, PROOF_MISMATCH, wanted, is, err);
}

static int compare(const struct filter *wanted, const struct filters *filters,
		   struct proof_finding *ret, struct err *err)
{
	struct filter_gap gap = { 0 };
	struct err why = { 0 };
	char shown[96], is[96];
	int r = 0;

	for (size_t i = 0; r == 0 && i < filters->n; i++)
		r = bpf_check(&filters->v[i], &why);
	if (r == 0)
		r = filter_prove(wanted, filters->v, filters->n, &gap, &why);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return finding_set(ret, PROOF_NOT_POSSIBLE, "a filter", why.text, err);
	if (gap.found)
		return tell_gap(&gap, ret, err);
	(void)snprintf(shown, sizeof(shown), "%zu rules", wanted->n_rules);
	(void)snprintf(is, sizeof(is), "%zu filters of %zu instructions, as strict at %zu points",
		       filters->n, filters->instructions, gap.points);
	return finding_set(ret, PROOF_MATCH, shown, is, err);
}

static int digest_filters(const struct filters *filters, struct proof_finding *ret, struct err *err)
{
	_cleanup_buf_ struct buf all = { 0 };

	for (size_t i = 0; i < filters->n; i++) {
		buf_addf(&all, "%zu\n", filters->v[i].n);
		buf_add(&all, filters->v[i].code, filters->v[i].n * sizeof(*filters->v[i].code));
	}
	if (buf_status(&all) < 0)
		return err_oom(err);
	finding_digest(ret, all.data ? all.data : "", all.len);
	return 0;
}

int proof_seccomp(const struct proof_look *look, struct proof_finding *ret, struct err *err)
{
	_cleanup_(filters_done) struct filters filters = { 0 };
	int r;

	if (!look->request->has_seccomp)
		return finding_set(ret, PROOF_NOT_ASKED, "nothing", "not compared", err);
	if (look->status->seccomp == 0)
		return finding_set(ret, PROOF_MISMATCH, "a filter", "none is installed", err);
	r = look->wanted->moment == PROOF_AT_EXEC ? read_stopped(look->process->pid, &filters)
						  : read_running(look->process, &filters);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0)
		return finding_set(ret, PROOF_NOT_POSSIBLE, "a filter", reason_of(-r), err);
	r = digest_filters(&filters, ret, err);
	return r < 0 ? r : compare(&look->request->seccomp, &filters, ret, err);
}
