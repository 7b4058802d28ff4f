/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libseccomp makes of a filter.
 *
 * The child tells how far it has come in a page that both have, so that one which has to be killed
 * has said where it was.
 */
#include "cli/compile.h"

#include <ctype.h>
#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "profiles/filter_words.h"

/* runc asks for a binary tree where a filter has more rules than this; crun never does. */
#define TREE_RULES 32
#define TREE_LEVEL 2

enum kind { PLAIN, TREE, KINDS_ };

struct progress {
	int r;       /* of libseccomp */
	size_t rule; /* that is being added; SIZE_MAX: none */
};

static const uint32_t actions[] = {
	[ACT_KILL_PROCESS] = SCMP_ACT_KILL_PROCESS,
	[ACT_KILL_THREAD] = SCMP_ACT_KILL_THREAD,
	[ACT_TRAP] = SCMP_ACT_TRAP,
	[ACT_ERRNO] = SCMP_ACT_ERRNO(0),
	[ACT_NOTIFY] = SCMP_ACT_NOTIFY,
	[ACT_TRACE] = SCMP_ACT_TRACE(0),
	[ACT_LOG] = SCMP_ACT_LOG,
	[ACT_ALLOW] = SCMP_ACT_ALLOW,
};
static_assert(ARRAY_SIZE(actions) == ACTIONS_, "a row an action");

static const enum scmp_compare ops[] = {
	[OP_NE] = SCMP_CMP_NE,
	[OP_LT] = SCMP_CMP_LT,
	[OP_LE] = SCMP_CMP_LE,
	[OP_EQ] = SCMP_CMP_EQ,
	[OP_GE] = SCMP_CMP_GE,
	[OP_GT] = SCMP_CMP_GT,
	[OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};
static_assert(ARRAY_SIZE(ops) == OPS_, "a row an operator");

/* ---- the child ---- */

static uint32_t action_of(struct action action)
{
	return actions[action.kind] | (action.ret & SECCOMP_RET_DATA);
}

/* "SCMP_ARCH_X86_64" is "x86_64" to libseccomp. */
static int add_architecture(scmp_filter_ctx ctx, const char *word)
{
	static const char prefix[] = "SCMP_ARCH_";
	char name[32];
	uint32_t token;
	int r;

	if (strncmp(word, prefix, sizeof(prefix) - 1) != 0)
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%s", word + sizeof(prefix) - 1);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	token = seccomp_arch_resolve_name(name);
	r = token ? seccomp_arch_add(ctx, token) : -EINVAL;
	return r == -EEXIST ? 0 : r;
}

static int add_rule(scmp_filter_ctx ctx, const struct filter_rule *rule)
{
	int number = seccomp_syscall_resolve_name(rule->name);
	struct scmp_arg_cmp cmp[6];

	if (number == __NR_SCMP_ERROR) /* a newer kernel's: the runtimes pass over it */
		return 0;
	for (size_t i = 0; i < rule->n_args; i++)
		cmp[i] = (struct scmp_arg_cmp){ .arg = rule->args[i].index,
						.op = ops[rule->args[i].op],
						.datum_a = rule->args[i].value,
						.datum_b = rule->args[i].value_two };
	return seccomp_rule_add_array(ctx, action_of(rule->action), number,
				      (unsigned int)rule->n_args, cmp);
}

static int add_rules(scmp_filter_ctx ctx, const struct filter *filter, bool conditional,
		     struct progress *progress)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];

		progress->rule = i;
		if (!filter_skips(filter, rule) && (rule->n_args > 0) == conditional)
			r = add_rule(ctx, rule);
	}
	return r;
}

static int fill(scmp_filter_ctx ctx, const struct filter *filter, struct progress *progress)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < filter->n_architectures; i++)
		r = add_architecture(ctx, filter->architectures[i]);
	/* As filter_emit() writes them: what has no conditions first. The order decides whether a
	 * rule for socket is refused beside one for socketcall. */
	if (r == 0)
		r = add_rules(ctx, filter, false, progress);
	if (r == 0)
		r = add_rules(ctx, filter, true, progress);
	if (r == 0)
		progress->rule = SIZE_MAX;
	return r;
}

static int compile(const struct filter *filter, enum kind kind, int fd, struct progress *progress)
{
	scmp_filter_ctx ctx = seccomp_init(action_of(filter->default_action));
	int r;

	if (!ctx)
		return -ENOMEM;
	r = kind == TREE ? seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, TREE_LEVEL) : 0;
	if (r == 0)
		r = fill(ctx, filter, progress);
	if (r == 0)
		r = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	return r;
}

static void set_limit(__rlimit_resource_t resource, uint64_t soft, uint64_t hard)
{
	const struct rlimit limit = { .rlim_cur = soft, .rlim_max = hard };

	if (setrlimit(resource, &limit) < 0)
		_exit(111);
}

static void confine(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)signal(SIGXCPU, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_limit(RLIMIT_CORE, 0, 0);
	set_limit(RLIMIT_CPU, COMPILE_CPU_SECONDS, COMPILE_CPU_SECONDS + 1);
	set_limit(RLIMIT_FSIZE, COMPILE_FILE_BYTES, COMPILE_FILE_BYTES);
#if !defined(__SANITIZE_ADDRESS__) /* its shadow is larger */
	set_limit(RLIMIT_AS, COMPILE_MEMORY_BYTES, COMPILE_MEMORY_BYTES);
#endif
	(void)alarm(COMPILE_WALL_SECONDS);
}

static _Noreturn void child(const struct filter *filter, const int fds[KINDS_],
			    struct progress *progress)
{
	confine();
	/* What the kernel here can do is not the question. */
	(void)seccomp_api_set(6);
	progress->r = compile(filter, PLAIN, fds[PLAIN], progress);
	if (progress->r == 0 && filter->n_rules > TREE_RULES)
		progress->r = compile(filter, TREE, fds[TREE], progress);
	_exit(0);
}

/* ---- the parent ---- */

static const char *at_work(const struct filter *filter, const struct progress *progress,
			   struct buf *text)
{
	if (progress->rule < filter->n_rules)
		buf_addf(text, ", at a rule for %s", Q(filter->rules[progress->rule].name));
	return buf_status(text) < 0 || !text->data ? "" : text->data;
}

static int judge(const struct filter *filter, int status, const struct progress *progress,
		 struct err *err)
{
	_cleanup_buf_ struct buf at = { 0 };
	const char *where = at_work(filter, progress, &at);
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig == SIGXCPU || sig == SIGKILL || sig == SIGALRM)
		return err_input(
			err, ETIME,
			"libseccomp needs more than %d seconds for it%s: say fewer conditions",
			sig == SIGALRM ? COMPILE_WALL_SECONDS : COMPILE_CPU_SECONDS, where);
	if (sig == SIGXFSZ)
		return err_input(err, E2BIG, "libseccomp makes more of it than %d bytes%s",
				 (int)COMPILE_FILE_BYTES, where);
	if (sig)
		return err_input(err, EFAULT, "libseccomp crashes over it (signal %d)%s", sig,
				 where);
	if (WEXITSTATUS(status) != 0)
		return err_system(err, EIO, "cannot limit the process that runs libseccomp");
	if (progress->r < 0)
		return err_input(err, EBADMSG, "libseccomp refuses it: %s%s",
				 strerror(-progress->r), where);
	return 0;
}

/* The call with most rules; they stand together. */
static const char *largest_call(const struct filter *filter, size_t *ret_rules)
{
	const char *name = "";

	*ret_rules = 0;
	for (size_t i = 0, end; i < filter->n_rules; i = end) {
		end = i + 1;
		while (end < filter->n_rules &&
		       streq(filter->rules[end].name, filter->rules[i].name))
			end++;
		if (end - i > *ret_rules) {
			*ret_rules = end - i;
			name = filter->rules[i].name;
		}
	}
	return name;
}

static int take_program(const struct filter *filter, const int fds[KINDS_], struct buf *program,
			size_t *ret_instructions, struct err *err)
{
	int longest = fds[PLAIN];
	size_t size = 0, rules = 0;

	for (size_t i = 0; i < KINDS_; i++) {
		struct stat st;

		if (fstat(fds[i], &st) < 0)
			return err_errno(err, errno, "cannot stat what libseccomp has written");
		if ((size_t)st.st_size > size) {
			size = (size_t)st.st_size;
			longest = fds[i];
		}
	}
	if (size / sizeof(struct sock_filter) > BPF_MAXINSNS) {
		const char *name = largest_call(filter, &rules);

		return err_input(
			err, E2BIG,
			"it becomes %zu instructions, and the kernel takes %d at most: say "
			"fewer conditions (%s has %zu rules)",
			size / sizeof(struct sock_filter), BPF_MAXINSNS, Q(name), rules);
	}
	if (program) {
		_cleanup_free_ char *text = malloc(size + 1);

		if (!text)
			return err_oom(err);
		if (pread(longest, text, size, 0) != (ssize_t)size)
			return err_errno(err, errno, "cannot read what libseccomp has written");
		buf_add(program, text, size);
		if (buf_status(program) < 0)
			return err_oom(err);
	}
	*ret_instructions = size / sizeof(struct sock_filter);
	return 0;
}

static int run_child(const struct filter *filter, const int fds[KINDS_], struct progress *progress,
		     struct err *err)
{
	int status;
	pid_t pid;

	/* The child ends by _exit(), and so writes nothing of ours; yet it must not hold it. */
	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		return err_errno(err, errno, "cannot start a process to run libseccomp in");
	if (pid == 0)
		child(filter, fds, progress);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, errno, "cannot wait for libseccomp");
	}
	return judge(filter, status, progress, err);
}

static void *share(size_t size)
{
	const int flags = MAP_SHARED | MAP_ANONYMOUS;

	/* cppcheck-suppress invalidFunctionArg */
	return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
}

int compile_filter(const struct filter *filter, struct buf *program, size_t *ret_instructions,
		   struct err *err)
{
	_cleanup_close_ int plain = memfd_create("filter", MFD_CLOEXEC);
	_cleanup_close_ int tree = memfd_create("filter", MFD_CLOEXEC);
	const int fds[] = { [PLAIN] = plain, [TREE] = tree };
	struct progress *progress;
	int r;

	if (plain < 0 || tree < 0)
		return err_errno(err, errno, "cannot make room for a filter");
	progress = share(sizeof(*progress));
	if (progress == MAP_FAILED)
		return err_errno(err, errno, "cannot make room for a filter");
	progress->rule = SIZE_MAX;
	r = run_child(filter, fds, progress, err);
	(void)munmap(progress, sizeof(*progress));
	return r < 0 ? r : take_program(filter, fds, program, ret_instructions, err);
}

int compile_config(const struct doc *config, size_t *ret_instructions, struct err *err)
{
	const struct node *node = node_path(doc_root(config), "linux", "seccomp", NULL);
	struct filter filter = { 0 };
	int r;

	if (!node || node->type == NODE_NULL) {
		*ret_instructions = 0;
		return 0;
	}
	r = filter_parse(config, node, &filter, err);
	if (r == 0)
		r = compile_filter(&filter, NULL, ret_instructions, err);
	filter_done(&filter);
	return r;
}
