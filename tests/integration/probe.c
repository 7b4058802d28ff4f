/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs inside a test's container and says what the kernel lets it do, by the name of the errno.
 *
 * Static and without shell, so that what is measured is the container's confinement and nothing
 * else. Every question is harmless where it is allowed by mistake.
 *
 * Usage: probe QUESTION [ARG...] [-- QUESTION [ARG...]]...   (one line of answer each)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 8

static const char *outcome(long r)
{
	const char *name;

	if (r >= 0)
		return "ok";
	name = strerrorname_np(errno);
	return name ? name : "unknown";
}

/* syscall NUMBER [ARG...]: the call itself, in a child, since it may be killed for it. */
static void ask_syscall(int argc, char **argv)
{
	unsigned long v[7] = { 0 };
	int status;
	pid_t child;

	for (int i = 1; i < argc && i <= 7; i++)
		v[i - 1] = strtoul(argv[i], NULL, 0);
	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		long r = syscall((long)v[0], v[1], v[2], v[3], v[4], v[5], v[6]);

		printf("syscall %s: %s\n", argv[1], outcome(r));
		(void)fflush(stdout);
		_exit(0);
	}
	if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
		printf("syscall %s: %s\n", argv[1], WTERMSIG(status) == 31 ? "SIGSYS" : "signal");
}

static void ask_raw(int argc, char **argv)
{
	printf("raw: %s\n", outcome(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)));
}

static void ask_packet(int argc, char **argv)
{
	printf("packet: %s\n",
	       outcome(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))));
}

static void ask_mount(int argc, char **argv)
{
	printf("mount: %s\n", outcome(mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL)));
}

static void ask_unshare(int argc, char **argv)
{
	printf("unshare: %s\n", outcome(unshare(CLONE_NEWNET)));
}

static void ask_userns(int argc, char **argv)
{
	printf("userns: %s\n", outcome(unshare(CLONE_NEWUSER)));
}

static void ask_mkdir(int argc, char **argv)
{
	printf("mkdir %s: %s\n", argv[1], outcome(mkdir(argv[1], 0700)));
}

static void ask_chmod(int argc, char **argv)
{
	printf("chmod %s: %s\n", argv[1], outcome(chmod(argv[1], 0700)));
}

/* fill PATH: how many bytes a file takes before it is told to stop; at most 64 MiB. */
static void ask_fill(int argc, char **argv)
{
	static const char block[65536];
	long written = 0;
	ssize_t n = 0;
	int fd = open(argv[1], O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	while (fd >= 0 && written < 64 << 20) {
		n = write(fd, block, sizeof(block));
		if (n < 0)
			break;
		written += n;
	}
	printf("fill %s: %ld %s\n", argv[1], written, outcome(fd < 0 ? fd : n));
}

/* flags PATH: of the mount that the path is on. */
static void ask_flags(int argc, char **argv)
{
	struct statvfs st;

	if (statvfs(argv[1], &st) != 0) {
		printf("flags %s: %s\n", argv[1], outcome(-1));
		return;
	}
	printf("flags %s: %s%s%s%s\n", argv[1], st.f_flag & ST_RDONLY ? "ro" : "rw",
	       st.f_flag & ST_NOSUID ? ",nosuid" : "", st.f_flag & ST_NODEV ? ",nodev" : "",
	       st.f_flag & ST_NOEXEC ? ",noexec" : "");
}

static void ask_nofile(int argc, char **argv)
{
	struct rlimit limit = { 0 };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	printf("nofile: %llu %llu\n", (unsigned long long)limit.rlim_cur,
	       (unsigned long long)limit.rlim_max);
}

static void ask_status(int argc, char **argv)
{
	char line[4096];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		(void)fputs(line, stdout);
	if (f)
		(void)fclose(f);
}

static const struct question {
	const char *name;
	int args; /* at least, the name counted */
	void (*ask)(int argc, char **argv);
} questions[] = {
	{ "syscall", 2, ask_syscall }, { "raw", 1, ask_raw },         { "packet", 1, ask_packet },
	{ "mount", 1, ask_mount },     { "unshare", 1, ask_unshare }, { "userns", 1, ask_userns },
	{ "mkdir", 2, ask_mkdir },     { "chmod", 2, ask_chmod },     { "fill", 2, ask_fill },
	{ "flags", 2, ask_flags },     { "nofile", 1, ask_nofile },   { "status", 1, ask_status },
};

static int ask(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (strcmp(questions[i].name, argv[0]) != 0 || argc < questions[i].args)
			continue;
		questions[i].ask(argc, argv);
		return 0;
	}
	(void)fprintf(stderr, "probe: no question \"%s\" with %d words\n", argv[0], argc);
	return 2;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc;) {
		int n = 0;

		while (i + n < argc && strcmp(argv[i + n], "--") != 0)
			n++;
		if (n == 0 || n > ARGS_MAX || ask(n, argv + i) != 0)
			return 2;
		i += n + 1;
	}
	return 0;
}
