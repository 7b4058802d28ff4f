/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets, as many as the kernel takes: what a firewall costs on their way.
 *
 *	talk serve PORT                 TCP and UDP, until it is killed; "ready" when it listens
 *	talk connect ADDRESS PORT N     TCP connections, one after the other, ended by a reset
 *	talk ping ADDRESS PORT N        datagrams of one socket, each answered before the next
 *	talk stream ADDRESS PORT MIB    through one TCP connection, read to its end
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static char block[MIB];

static void die(const char *what)
{
	(void)fprintf(stderr, "talk: %s: %s\n", what, strerror(errno));
	_exit(111);
}

static int open_socket(int type)
{
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die(address);
	return to;
}

static int open_to(int type, char **argv)
{
	struct sockaddr_in to = address_of(argv[2], argv[3]);
	int fd = open_socket(type);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	return fd;
}

/* One that sends is read to its end and told; one that is reset is just closed. */
static void serve_one(int listener)
{
	int fd = accept(listener, NULL, NULL);
	ssize_t got = 1, any = 0;

	while (fd >= 0 && got > 0) {
		got = read(fd, block, sizeof(block));
		any = any || got > 0;
	}
	if (any && write(fd, ".", 1) != 1)
		die("write");
	(void)close(fd);
}

static void serve(const char *port)
{
	struct sockaddr_in here = address_of("0.0.0.0", port), from;
	struct pollfd fds[] = { { open_socket(SOCK_STREAM), POLLIN, 0 },
				{ open_socket(SOCK_DGRAM), POLLIN, 0 } };
	int on = 1;

	if (setsockopt(fds[0].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fds[0].fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    bind(fds[1].fd, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    listen(fds[0].fd, 1024) < 0)
		die("listen");
	puts("ready");
	(void)fflush(stdout);
	while (poll(fds, 2, -1) > 0) {
		socklen_t len = sizeof(from);
		ssize_t got = 0;

		if (fds[0].revents)
			serve_one(fds[0].fd);
		if (fds[1].revents)
			got = recvfrom(fds[1].fd, block, sizeof(block), 0, (struct sockaddr *)&from,
				       &len);
		if (got > 0)
			(void)sendto(fds[1].fd, block, (size_t)got, 0, (struct sockaddr *)&from,
				     len);
	}
}

static void connect_often(char **argv, unsigned long n)
{
	const struct linger reset = { .l_onoff = 1 };

	while (n-- > 0) {
		int fd = open_to(SOCK_STREAM, argv);

		if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
			die("setsockopt");
		(void)close(fd);
	}
}

static void ping(char **argv, unsigned long n)
{
	int fd = open_to(SOCK_DGRAM, argv);

	while (n-- > 0) {
		if (send(fd, "?", 1, 0) != 1 || recv(fd, block, sizeof(block), 0) != 1)
			die("ping");
	}
	(void)close(fd);
}

static void stream(char **argv, unsigned long mib)
{
	int fd = open_to(SOCK_STREAM, argv);

	for (size_t left = mib * MIB; left > 0;) {
		ssize_t sent = write(fd, block, left < MIB ? left : MIB);

		if (sent < 0)
			die("write");
		left -= (size_t)sent;
	}
	if (shutdown(fd, SHUT_WR) < 0 || read(fd, block, 1) != 1)
		die("the other end");
	(void)close(fd);
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;

	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(argv[2]);
	else if (n > 0 && strcmp(argv[1], "connect") == 0)
		connect_often(argv, n);
	else if (n > 0 && strcmp(argv[1], "ping") == 0)
		ping(argv, n);
	else if (n > 0 && strcmp(argv[1], "stream") == 0)
		stream(argv, n);
	else
		return 2;
	return 0;
}
