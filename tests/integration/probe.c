/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs inside a test's container and says what the kernel lets it do, by the name of the errno.
 *
 * Static and without shell, so that what is measured is the container's confinement and nothing
 * else. Every question is harmless where it is allowed by mistake.
 *
 * Usage: probe QUESTION [ARG...] [-- QUESTION [ARG...]]...   (one line of answer each)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
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

/* ptrace: may it be traced? A child asks, since that cannot be taken back. */
static void ask_ptrace(int argc, char **argv)
{
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		printf("ptrace: %s\n", outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
		(void)fflush(stdout);
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
}

/* keyctl: which keyring is its session's? KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING */
static void ask_keyctl(int argc, char **argv)
{
	printf("keyctl: %s\n", outcome(syscall(SYS_keyctl, 0, -3, 0)));
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

/* An IPv6 socket address also for IPv4 text, as ::ffff:ADDRESS. */
static int parse_address(const char *text, const char *port, struct sockaddr_in6 *ret)
{
	char mapped[128];

	memset(ret, 0, sizeof(*ret));
	ret->sin6_family = AF_INET6;
	ret->sin6_port = htons((uint16_t)strtoul(port, NULL, 10));
	(void)snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	return inet_pton(AF_INET6, mapped, &ret->sin6_addr) == 1 ? 0 : -1;
}

static int bound_socket(int type, const char *port)
{
	struct sockaddr_in6 any;
	int fd = socket(AF_INET6, type, 0), yes = 1, no = 0;

	(void)parse_address("::", port, &any);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return -1;
	return type == SOCK_STREAM && listen(fd, 16) < 0 ? -1 : fd;
}

/* serve PORT: TCP and UDP, IPv4 and IPv6; whoever asks is answered "open". Ends with the container.
 */
static void ask_serve(int argc, char **argv)
{
	struct pollfd fds[] = { { bound_socket(SOCK_STREAM, argv[1]), POLLIN, 0 },
				{ bound_socket(SOCK_DGRAM, argv[1]), POLLIN, 0 } };

	printf("serve %s: %s\n", argv[1], outcome(fds[0].fd < 0 ? fds[0].fd : fds[1].fd));
	(void)fflush(stdout);
	if (fork() != 0)
		return;
	while (poll(fds, 2, -1) > 0) {
		struct sockaddr_in6 from;
		socklen_t len = sizeof(from);
		char byte;

		if (fds[0].revents) {
			int fd = accept(fds[0].fd, NULL, NULL);

			(void)!write(fd, "open", 4);
			(void)close(fd);
		}
		if (fds[1].revents &&
		    recvfrom(fds[1].fd, &byte, 1, 0, (struct sockaddr *)&from, &len) >= 0)
			(void)sendto(fds[1].fd, "open", 4, 0, (struct sockaddr *)&from, len);
	}
	_exit(0);
}

/* tcp|udp ADDRESS PORT: "ok" once the answer of `serve` is there, else why not within half a
 * second. */
static void ask_peer(int argc, char **argv)
{
	int type = strcmp(argv[0], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
	struct timeval limit = { .tv_usec = 500000 };
	int fd = socket(AF_INET6, type, 0);
	struct sockaddr_in6 to;
	char answer[4];
	long r = parse_address(argv[1], argv[2], &to);

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (r == 0)
		r = connect(fd, (struct sockaddr *)&to, sizeof(to));
	if (r == 0 && type == SOCK_DGRAM)
		r = send(fd, "?", 1, 0);
	if (r >= 0)
		r = recv(fd, answer, sizeof(answer), 0);
	printf("%s %s %s: %s\n", argv[0], argv[1], argv[2], outcome(r));
	(void)close(fd);
}

/* from SOURCE ADDRESS PORT: as tcp, from that address of this machine. */
static void ask_from(int argc, char **argv)
{
	struct timeval limit = { .tv_usec = 500000 };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 from, to;
	char answer[4];
	long r = parse_address(argv[1], "0", &from);

	if (r == 0)
		r = parse_address(argv[2], argv[3], &to);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (r == 0)
		r = bind(fd, (struct sockaddr *)&from, sizeof(from));
	if (r == 0)
		r = connect(fd, (struct sockaddr *)&to, sizeof(to));
	if (r == 0)
		r = recv(fd, answer, sizeof(answer), 0);
	printf("from %s %s %s: %s\n", argv[1], argv[2], argv[3], outcome(r));
	(void)close(fd);
}

/* flood ADDRESS FIRST LAST: a UDP datagram to each port. */
static void ask_flood(int argc, char **argv)
{
	unsigned long last = strtoul(argv[3], NULL, 10), sent = 0;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 to;

	for (unsigned long port = strtoul(argv[2], NULL, 10); port <= last; port++) {
		if (parse_address(argv[1], argv[2], &to) < 0)
			break;
		to.sin6_port = htons((uint16_t)port);
		sent += sendto(fd, "?", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1;
	}
	printf("flood %s: %lu\n", argv[1], sent);
	(void)close(fd);
}

/* repeat ADDRESS PORT COUNT: datagrams of one socket to one port, and no look for answers. */
static void ask_repeat(int argc, char **argv)
{
	unsigned long count = strtoul(argv[3], NULL, 10), sent = 0;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 to;

	for (unsigned long i = 0; i < count && parse_address(argv[1], argv[2], &to) == 0; i++)
		sent += sendto(fd, "?", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1;
	printf("repeat %s %s: %lu\n", argv[1], argv[2], sent);
	(void)close(fd);
}

/*
 * SCTP without a kernel that has it: raw sockets. What goes out is an INIT as far as a firewall
 * looks: the ports, source (RFC 9260, section 3.1) 5000.
 */
static int sctp_socket(bool ipv6)
{
	return socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_SCTP);
}

static void ask_sctp(int argc, char **argv)
{
	const uint16_t port = (uint16_t)strtoul(argv[2], NULL, 10);
	unsigned char packet[32] = { 5000 >> 8,           5000 & 0xff, (unsigned char)(port >> 8),
				     (unsigned char)port, [12] = 1,    [15] = 20 };
	const bool ipv6 = strchr(argv[1], ':') != NULL;
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	int fd = sctp_socket(ipv6);
	long r;

	(void)inet_pton(ipv6 ? AF_INET6 : AF_INET, argv[1],
			ipv6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr);
	r = ipv6 ? sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&in6, sizeof(in6))
		 : sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&in, sizeof(in));
	printf("sctp %s %s: %s\n", argv[1], argv[2], outcome(r));
	(void)close(fd);
}

/* sctp-serve: a line for every SCTP packet that arrives. Ends when it is killed. */
static void ask_sctp_serve(int argc, char **argv)
{
	struct pollfd fds[] = { { sctp_socket(false), POLLIN, 0 },
				{ sctp_socket(true), POLLIN, 0 } };

	printf("sctp-serve: %s\n", outcome(fds[0].fd < 0 ? fds[0].fd : fds[1].fd));
	(void)fflush(stdout);
	while (poll(fds, 2, -1) > 0) {
		for (int i = 0; i < 2; i++) {
			/* IPv4 gives its header too. */
			const size_t header = i == 0 ? 20 : 0;
			unsigned char packet[1500];
			ssize_t n;

			if (!fds[i].revents)
				continue;
			n = recv(fds[i].fd, packet, sizeof(packet), 0);
			if (n >= (ssize_t)header + 4)
				printf("got IPv%d %d\n", i == 0 ? 4 : 6,
				       packet[header + 2] << 8 | packet[header + 3]);
			(void)fflush(stdout);
		}
	}
}

/* netns: which one it is in. */
static void ask_netns(int argc, char **argv)
{
	char text[64] = "";

	printf("netns: %s\n",
	       readlink("/proc/self/ns/net", text, sizeof(text) - 1) < 0 ? outcome(-1) : text);
}

/* i386: getpid() as a program of that architecture makes it, in a child. */
static void ask_i386(int argc, char **argv)
{
	int status = 0;
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		long r = -1;

#ifdef __x86_64__
		__asm__ volatile("int $0x80" : "=a"(r) : "0"(20) : "memory");
#endif
		printf("i386: %s\n", r > 0 ? "ok" : "fails");
		(void)fflush(stdout);
		_exit(0);
	}
	if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
		printf("i386: SIG%s\n", sigabbrev_np(WTERMSIG(status)));
}

/* wait: until the container is ended. */
static void ask_wait(int argc, char **argv)
{
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

static const struct question {
	const char *name;
	int args; /* at least, the name counted */
	void (*ask)(int argc, char **argv);
} questions[] = {
	/* One a line. */
	/* clang-format off */
	{ "chmod", 2, ask_chmod },
	{ "fill", 2, ask_fill },
	{ "flags", 2, ask_flags },
	{ "flood", 4, ask_flood },
	{ "from", 4, ask_from },
	{ "i386", 1, ask_i386 },
	{ "netns", 1, ask_netns },
	{ "sctp", 3, ask_sctp },
	{ "sctp-serve", 1, ask_sctp_serve },
	{ "keyctl", 1, ask_keyctl },
	{ "mkdir", 2, ask_mkdir },
	{ "mount", 1, ask_mount },
	{ "nofile", 1, ask_nofile },
	{ "packet", 1, ask_packet },
	{ "ptrace", 1, ask_ptrace },
	{ "raw", 1, ask_raw },
	{ "repeat", 4, ask_repeat },
	{ "serve", 2, ask_serve },
	{ "status", 1, ask_status },
	{ "syscall", 2, ask_syscall },
	{ "tcp", 3, ask_peer },
	{ "udp", 3, ask_peer },
	{ "unshare", 1, ask_unshare },
	{ "userns", 1, ask_userns },
	{ "wait", 1, ask_wait },
	/* clang-format on */
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
