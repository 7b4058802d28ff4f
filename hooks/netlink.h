/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink in another network namespace: a socket that is opened there, messages and attributes.
 *
 * Source: netlink(7); linux/netlink.h
 */
#ifndef COAMING_HOOKS_NETLINK_H
#define COAMING_HOOKS_NETLINK_H

#include <linux/netlink.h>

#include "lib/buf.h"
#include "lib/err.h"

/* The kernel fills no more in one go. */
#define NETLINK_ANSWER_MAX_BYTES ((size_t)64 << 10)
#define NETLINK_WAIT_SECONDS     5

/*
 * Open a socket in a network namespace, in which it stays. This process is there for no longer
 * than that takes.
 *
 * netns_fd  has been checked, see netns.h
 * protocol  NETLINK_ROUTE, NETLINK_NETFILTER
 * ret_fd    O_CLOEXEC; waits NETLINK_WAIT_SECONDS for an answer
 */
int netlink_open(int netns_fd, int protocol, int *ret_fd, struct err *err);

/* ---- attributes that were read ---- */

struct attribute {
	uint16_t type, len; /* without the header */
	const char *data;   /* not aligned */
};

/* The next one of a run of attributes; false at its end, and where one is longer than the run. */
bool attribute_next(const char **at, const char *end, struct attribute *ret);
bool attribute_find(const char *at, const char *end, uint16_t type, struct attribute *ret);

/* ---- messages that are written ---- */

/* Begin a message with the header of its family; the position that message_end() wants. */
size_t message_begin(struct buf *out, uint16_t type, uint16_t flags, uint32_t seq,
		     const void *family, size_t len);
void message_end(struct buf *out, size_t begin);
void attribute_add(struct buf *out, uint16_t type, const void *data, size_t len);
void attribute_add_text(struct buf *out, uint16_t type, const char *text); /* with its NUL */
/* One that holds others. At most UINT16_MAX bytes. */
size_t attribute_begin(struct buf *out, uint16_t type);
void attribute_end(struct buf *out, size_t begin);

/* ---- asking ---- */

/*
 * One message of an answer.
 *
 * at, end  what follows the netlink header
 * Returns  0; negative: an error that ends the reading
 */
typedef int netlink_take_fn(void *arg, const struct nlmsghdr *header, const char *at,
			    const char *end, struct err *err);

/*
 * Send one request and read all that answers it, to the end of a dump or the acknowledgement.
 *
 * Errors  -ENOENT without an error text: there is no such thing; -EINTR what is dumped changes
 *         meanwhile, as rules do where peers come and go: begin anew with another socket, see
 *         netlink_again(); -ETIMEDOUT; ERR_SYSTEM what the kernel says; those of `take`
 */
int netlink_ask(int fd, const struct buf *request, netlink_take_fn *take, void *arg,
		struct err *err);
/*
 * For the end of a loop around such a reading: is it to be begun anew?
 *
 * r      how it ended; with -EINTR its error is taken back
 * tries  0 before the first
 */
#define NETLINK_TRIES 32
bool netlink_again(int r, unsigned *tries, struct err *err);

#endif
