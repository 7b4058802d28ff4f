/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure ROUNDS <PLAN: run commands and print how long each takes.
 *
 * A line of the plan: NAME STDIN NETNS COMMAND [ARG...], separated by tabs; "-" is /dev/null, or no
 * network namespace to enter. Every round runs all lines in their order, so that what one leaves
 * behind (a table, a record) the next may take away, and so that a machine which becomes slower
 * meanwhile is slower for all. A NAME of "-" is run and not measured.
 *
 * Output: NAME; least, median and 95th percentile in microseconds from fork to wait; largest memory
 * in KiB of the command and of what it waited for (wait4(2), ru_maxrss); tabs between. The least is
 * what to compare: whatever else the machine does hits long commands harder than short ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 64
#define WORDS_MAX    64
#define ROUNDS_MAX   10000
#define WARM_UP      3

struct command {
	char *name, *input, *netns;
	char *argv[WORDS_MAX + 1];
	bool silent;
	int64_t usec[ROUNDS_MAX];
	long kib;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(111);
}

static bool read_command(char *line, struct command *command)
{
	size_t n = 0;

	line[strcspn(line, "\n")] = '\0';
	command->name = strsep(&line, "\t");
	command->input = strsep(&line, "\t");
	command->netns = strsep(&line, "\t");
	while (line && n < WORDS_MAX)
		command->argv[n++] = strsep(&line, "\t");
	if (n == 0)
		return false;
	command->silent = strcmp(command->name, "-") == 0;
	return true;
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags);

	if (fd < 0 || dup2(fd, to) < 0)
		die(path);
	(void)close(fd);
}

static void become(const struct command *command)
{
	const bool no_input = strcmp(command->input, "-") == 0;

	if (strcmp(command->netns, "-") != 0) {
		int fd = open(command->netns, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
			die(command->netns);
	}
	redirect(no_input ? "/dev/null" : command->input, O_RDONLY, STDIN_FILENO);
	redirect("/dev/null", O_WRONLY, STDOUT_FILENO);
	(void)execv(command->argv[0], command->argv);
	die(command->argv[0]);
}

static int64_t now_usec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void run(struct command *command, int round)
{
	int64_t begin = now_usec();
	struct rusage usage;
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		become(command);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4");
	if (status != 0) {
		(void)fprintf(stderr, "measure: %s (%s): status %d\n", command->name,
			      command->argv[0], status);
		exit(1);
	}
	if (round < 0)
		return;
	command->usec[round] = now_usec() - begin;
	if (usage.ru_maxrss > command->kib)
		command->kib = usage.ru_maxrss;
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	static char lines[COMMANDS_MAX][4096];
	const int rounds = argc == 2 ? atoi(argv[1]) : 0;
	size_t n = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		(void)fprintf(stderr, "usage: measure ROUNDS <PLAN\n");
		return 2;
	}
	while (n < COMMANDS_MAX && fgets(lines[n], sizeof(lines[n]), stdin)) {
		if (read_command(lines[n], &commands[n]))
			n++;
	}
	for (int round = -WARM_UP; round < rounds; round++) {
		for (size_t i = 0; i < n; i++)
			run(&commands[i], round);
	}
	for (size_t i = 0; i < n; i++) {
		struct command *command = &commands[i];

		if (command->silent)
			continue;
		qsort(command->usec, (size_t)rounds, sizeof(*command->usec), by_value);
		printf("%s\t%lld\t%lld\t%lld\t%ld\n", command->name, (long long)command->usec[0],
		       (long long)command->usec[rounds / 2],
		       (long long)command->usec[rounds * 95 / 100], command->kib);
	}
	return 0;
}
