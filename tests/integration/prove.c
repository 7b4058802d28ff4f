/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of one process, printed: what the tests hold real containers to.
 *
 *	prove CONFIG PID                          a process that runs
 *	prove CONFIG PID TABLE RULESET [DIGEST]   with its firewall
 *	prove --exec CONFIG PID COMMAND...        at the execve that COMMAND (runc start) causes
 *	prove --digest PID TABLE                  of the firewall, as it is
 *
 * A line a point: NAME STATE WANTED | IS, then the time. Exit status 0: it holds; 1: it does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "hooks/firewall_image.h"
#include "hooks/netns.h"
#include "hooks/proof.h"
#include "lib/file.h"

static int die(const struct err *err)
{
	(void)fprintf(stderr, "%s\n", err->text);
	return 2;
}

static int64_t now_nsec(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int prove(const struct process *process, const struct proof_wanted *wanted, struct err *err)
{
	_cleanup_proof_ struct proof proof = { 0 };
	int64_t begin = now_nsec(CLOCK_MONOTONIC), cpu = now_nsec(CLOCK_PROCESS_CPUTIME_ID);
	int r;

	r = proof_take(process, wanted, &proof, err);
	if (r < 0)
		return die(err);
	begin = now_nsec(CLOCK_MONOTONIC) - begin;
	cpu = now_nsec(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	for (size_t i = 0; i < PROOF_POINTS_; i++)
		(void)printf("%s %s %s | %s\n", proof_point_name(i),
			     proof_state_name(proof.at[i].state), proof.at[i].wanted,
			     proof.at[i].is);
	(void)printf("time %lld us, of the processor %lld us\n", (long long)(begin / 1000),
		     (long long)(cpu / 1000));
	return proof_holds(&proof) ? 0 : 1;
}

/* Seized, it runs on until COMMAND has it execute the user's program. */
static int wait_for_exec(pid_t pid, char **command, struct err *err)
{
	pid_t starter;

	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(intptr_t)PTRACE_O_TRACEEXEC) < 0)
		return err_errno(err, errno, "cannot trace %d", (int)pid);
	starter = fork();
	if (starter == 0) {
		(void)execvp(command[0], command);
		_exit(127);
	}
	for (;;) {
		int status = 0;

		if (waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			return err_system(err, ESRCH, "it has ended");
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			return 0;
		(void)ptrace(PTRACE_CONT, pid, NULL,
			     (void *)(intptr_t)(status >> 16 ? 0 : WSTOPSIG(status)));
	}
}

static int print_digest(pid_t pid, const char *table, struct err *err)
{
	struct process process = { .pidfd = -1 };
	char digest[SHA256_HEX];
	int netns = -1, r;

	r = process_open(pid, &process, err);
	if (r == 0)
		r = netns_open_of_pid(process.pid, process.pidfd, &netns, err);
	if (r == 0)
		r = firewall_digest(netns, table, digest, err);
	if (r < 0)
		return die(err);
	(void)puts(digest);
	return 0;
}

static int prove_config(bool at_exec, int argc, char **argv, struct err *err)
{
	struct proof_wanted wanted = { .moment = at_exec ? PROOF_AT_EXEC : PROOF_RUNNING };
	_cleanup_process_ struct process process = { .pidfd = -1 };
	_cleanup_free_ char *text = NULL, *rules = NULL;
	_cleanup_doc_ struct doc *config = NULL;
	size_t len = 0, rules_len = 0;
	int r;

	r = file_read(AT_FDCWD, argv[0], FILE_MAX_BYTES, &text, &len, err);
	if (r == 0)
		r = doc_parse(&config, argv[0], text, len, err);
	if (r == 0)
		r = process_open((pid_t)strtol(argv[1], NULL, 10), &process, err);
	if (r == 0 && at_exec)
		r = wait_for_exec(process.pid, argv + 2, err);
	if (r == 0 && !at_exec && argc > 3) {
		r = file_read(AT_FDCWD, argv[3], FILE_MAX_BYTES, &rules, &rules_len, err);
		wanted.table = argv[2];
		wanted.ruleset = rules;
		wanted.firewall_digest = argc > 4 ? argv[4] : NULL;
	}
	if (r < 0)
		return die(err);
	wanted.config = config;
	return prove(&process, &wanted, err);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	if (argc == 4 && streq(argv[1], "--digest"))
		return print_digest((pid_t)strtol(argv[2], NULL, 10), argv[3], &err);
	if (argc > 4 && streq(argv[1], "--exec"))
		return prove_config(true, argc - 2, argv + 2, &err);
	if (argc > 2)
		return prove_config(false, argc - 1, argv + 1, &err);
	(void)fprintf(stderr, "prove [--exec] CONFIG PID [...]\n");
	return 2;
}
