/* SPDX-License-Identifier: Apache-2.0 */
/*
 * started PIDFILE COMMAND [ARG...]: run a command that has a container's process execute its
 * program, and wait for the end of that process. What is measured is what the container's user
 * waits for.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MSEC 10000

static void die(const char *what)
{
	perror(what);
	exit(111);
}

static pid_t read_pid(const char *path)
{
	FILE *file = fopen(path, "re");
	char text[32];

	if (!file || !fgets(text, sizeof(text), file))
		die(path);
	(void)fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
	struct pollfd ended = { .events = POLLIN };
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	ended.fd = pidfd_open(read_pid(argv[1]), 0);
	if (ended.fd < 0)
		die("pidfd_open");
	pid = fork();
	if (pid == 0) {
		(void)execv(argv[2], &argv[2]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die(argv[2]);
	return poll(&ended, 1, WAIT_MSEC) == 1 ? 0 : 1;
}
