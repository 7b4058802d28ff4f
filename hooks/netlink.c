/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink in another network namespace.
 *
 * MUST be in the other namespace for no longer than it takes to open a socket, which stays in the
 * namespace it was opened in.
 */
#include "hooks/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "hooks/netns.h"

/* ---- the socket ---- */

static int open_here(int protocol, int *ret_fd, struct err *err)
{
	const struct timeval wait = { .tv_sec = NETLINK_WAIT_SECONDS };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return err_errno(err, errno, "cannot open a netlink socket");
	*ret_fd = take_fd(&fd);
	return 0;
}

int netlink_open(int netns_fd, int protocol, int *ret_fd, struct err *err)
{
	_cleanup_close_ int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (own < 0 || setns(netns_fd, CLONE_NEWNET) < 0)
		return err_errno(err, errno, "cannot enter a network namespace");
	r = open_here(protocol, ret_fd, err);
	netns_return(own);
	return r;
}

/* ---- attributes that were read ---- */

bool attribute_next(const char **at, const char *end, struct attribute *ret)
{
	struct nlattr header;
	size_t whole;

	if ((size_t)(end - *at) < sizeof(header))
		return false;
	memcpy(&header, *at, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > (size_t)(end - *at))
		return false;
	ret->type = (uint16_t)(header.nla_type & (unsigned int)NLA_TYPE_MASK);
	ret->len = (uint16_t)(header.nla_len - sizeof(header));
	ret->data = *at + sizeof(header);
	whole = NLA_ALIGN(header.nla_len);
	*at += whole < (size_t)(end - *at) ? whole : (size_t)(end - *at);
	return true;
}

bool attribute_find(const char *at, const char *end, uint16_t type, struct attribute *ret)
{
	while (attribute_next(&at, end, ret)) {
		if (ret->type == type)
			return true;
	}
	return false;
}

/* ---- messages that are written ---- */

static void pad(struct buf *out)
{
	static const char padding[NLMSG_ALIGNTO];

	buf_add(out, padding, NLMSG_ALIGN(out->len) - out->len);
}

size_t message_begin(struct buf *out, uint16_t type, uint16_t flags, uint32_t seq,
		     const void *family, size_t len)
{
	const struct nlmsghdr header = { .nlmsg_type = type,
					 .nlmsg_flags = flags,
					 .nlmsg_seq = seq };
	size_t begin;

	pad(out);
	begin = out->len;
	buf_add(out, &header, sizeof(header));
	buf_add(out, family, len);
	pad(out);
	return begin;
}

void message_end(struct buf *out, size_t begin)
{
	const uint32_t len = (uint32_t)(out->len - begin);

	if (buf_status(out) == 0)
		memcpy(out->data + begin + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof(len));
}

void attribute_add(struct buf *out, uint16_t type, const void *data, size_t len)
{
	const struct nlattr header = {
		.nla_len = (uint16_t)(sizeof(header) + len),
		.nla_type = type,
	};

	buf_add(out, &header, sizeof(header));
	buf_add(out, data, len);
	pad(out);
}

void attribute_add_text(struct buf *out, uint16_t type, const char *text)
{
	attribute_add(out, type, text, strlen(text) + 1);
}

size_t attribute_begin(struct buf *out, uint16_t type)
{
	const size_t begin = out->len;

	attribute_add(out, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
	return begin;
}

void attribute_end(struct buf *out, size_t begin)
{
	const uint16_t len = (uint16_t)(out->len - begin);

	if (buf_status(out) == 0)
		memcpy(out->data + begin + offsetof(struct nlattr, nla_len), &len, sizeof(len));
}

/* ---- asking ---- */

/* 1: that was the end; 0: more comes */
static int take_message(const struct nlmsghdr *header, netlink_take_fn *take, void *arg,
			struct err *err)
{
	const char *at = (const char *)header + NLMSG_HDRLEN;
	int code = 0;

	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		return err_system(err, EINTR, "the rules change while they are read");
	if (header->nlmsg_type == NLMSG_DONE)
		return 1;
	if (header->nlmsg_type != NLMSG_ERROR)
		return take(arg, header, at, (const char *)header + header->nlmsg_len, err);
	if (header->nlmsg_len >= NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, at, sizeof(code));
	if (code == -ENOENT)
		return -ENOENT;
	return code == 0 ? 1 : err_errno(err, -code, "the kernel does not show its rules");
}

/* 1: that was the end; 0: more comes */
static int take_datagram(const char *at, size_t left, netlink_take_fn *take, void *arg,
			 struct err *err)
{
	while (left >= NLMSG_HDRLEN) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)at;
		size_t whole = NLMSG_ALIGN(header->nlmsg_len);
		int r;

		if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > left)
			break;
		r = take_message(header, take, arg, err);
		if (r != 0)
			return r;
		at += whole < left ? whole : left;
		left -= whole < left ? whole : left;
	}
	return 0;
}

static int take_answers(int fd, netlink_take_fn *take, void *arg, struct err *err)
{
	_cleanup_free_ char *answer = malloc(NETLINK_ANSWER_MAX_BYTES);
	int r = 0;

	if (!answer)
		return err_oom(err);
	while (r == 0) {
		ssize_t got = recv(fd, answer, NETLINK_ANSWER_MAX_BYTES, MSG_TRUNC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, errno == EAGAIN ? ETIMEDOUT : errno,
					 "cannot read what the kernel answers");
		if ((size_t)got > NETLINK_ANSWER_MAX_BYTES)
			return err_system(err, EMSGSIZE, "what the kernel answers is too large");
		r = take_datagram(answer, (size_t)got, take, arg, err);
	}
	return r > 0 ? 0 : r;
}

int netlink_ask(int fd, const struct buf *request, netlink_take_fn *take, void *arg,
		struct err *err)
{
	if (buf_status(request) < 0)
		return err_oom(err);
	if (send(fd, request->data, request->len, MSG_NOSIGNAL) < 0)
		return err_errno(err, errno, "cannot ask the kernel");
	return take_answers(fd, take, arg, err);
}

bool netlink_again(int r, unsigned *tries, struct err *err)
{
	if (r != -EINTR || ++*tries == NETLINK_TRIES)
		return false;
	err_clear(err);
	return true;
}
