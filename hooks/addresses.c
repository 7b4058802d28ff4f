/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a network namespace.
 */
#include "hooks/addresses.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "hooks/netlink.h"

/* lo is the first interface of every network namespace. Source: Linux, LOOPBACK_IFINDEX */
#define LO_INDEX 1

/* ---- one address ---- */

int address_compare(const struct cidr *a, const struct cidr *b)
{
	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	return memcmp(a->address, b->address, sizeof(a->address));
}

/* Of no use on another link, or not unique on a host with several: ::/80 has ::1, and
 * IPv4's addresses in another way of writing them. */
static bool is_local(const struct cidr *address)
{
	static const uint8_t zeros[10];
	const uint8_t *b = address->address;

	if (address->v6)
		return memcmp(b, zeros, sizeof(zeros)) == 0 ||
		       (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
	return b[0] == 127 || (b[0] == 169 && b[1] == 254);
}

/* ---- many ---- */

/* Where it is, or where it belongs. */
static size_t place_of(const struct addresses *addresses, const struct cidr *address,
		       bool *ret_there)
{
	size_t low = 0, high = addresses->n;

	*ret_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = address_compare(&addresses->v[middle], address);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool addresses_have(const struct addresses *addresses, const struct cidr *address)
{
	bool there;

	(void)place_of(addresses, address, &there);
	return there;
}

bool addresses_equal(const struct addresses *a, const struct addresses *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (address_compare(&a->v[i], &b->v[i]) != 0)
			return false;
	}
	return true;
}

int addresses_append(struct addresses *addresses, const struct cidr *address, struct err *err)
{
	if (addresses->n == addresses->size) {
		size_t size = addresses->size ? 2 * addresses->size : 8;
		struct cidr *grown = reallocarray(addresses->v, size, sizeof(*grown));

		if (!grown)
			return err_oom(err);
		addresses->v = grown;
		addresses->size = size;
	}
	addresses->v[addresses->n++] = *address;
	return 0;
}

int addresses_add(struct addresses *addresses, const struct cidr *address, struct err *err)
{
	bool there;
	size_t at = place_of(addresses, address, &there);
	int r;

	if (there)
		return 0;
	if (addresses->n >= ADDRESSES_MAX)
		return err_input(err, E2BIG, "more than %d addresses in one network namespace",
				 ADDRESSES_MAX);
	r = addresses_append(addresses, address, err);
	if (r < 0)
		return r;
	memmove(addresses->v + at + 1, addresses->v + at,
		(addresses->n - 1 - at) * sizeof(*addresses->v));
	addresses->v[at] = *address;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return address_compare(a, b);
}

void addresses_sort(struct addresses *addresses)
{
	size_t n = 0;

	if (addresses->n == 0)
		return;
	qsort(addresses->v, addresses->n, sizeof(*addresses->v), compare);
	for (size_t i = 0; i < addresses->n; i++) {
		if (n == 0 || address_compare(&addresses->v[n - 1], &addresses->v[i]) != 0)
			addresses->v[n++] = addresses->v[i];
	}
	addresses->n = n;
}

void addresses_done(struct addresses *addresses)
{
	free(addresses->v);
	*addresses = (struct addresses){ 0 };
}

/* ---- the kernel ---- */

/* The own address of a point-to-point link is IFA_LOCAL, and IFA_ADDRESS the other end's. */
static bool read_address(const char *at, const char *end, bool v6, struct cidr *ret)
{
	const size_t len = v6 ? 16 : 4;
	struct attribute a;

	if (!attribute_find(at, end, IFA_LOCAL, &a) && !attribute_find(at, end, IFA_ADDRESS, &a))
		return false;
	if (a.len != len)
		return false;
	*ret = (struct cidr){ .v6 = v6, .prefix_len = (uint8_t)(8 * len) };
	memcpy(ret->address, a.data, len);
	return true;
}

static int take(void *arg, const struct nlmsghdr *header, const char *at, const char *end,
		struct err *err)
{
	struct ifaddrmsg message;
	struct cidr address;

	if (header->nlmsg_type != RTM_NEWADDR || (size_t)(end - at) < NLMSG_ALIGN(sizeof(message)))
		return 0;
	memcpy(&message, at, sizeof(message));
	at += NLMSG_ALIGN(sizeof(message));
	if (message.ifa_index == LO_INDEX ||
	    (message.ifa_family != AF_INET && message.ifa_family != AF_INET6) ||
	    !read_address(at, end, message.ifa_family == AF_INET6, &address) || is_local(&address))
		return 0;
	return addresses_add(arg, &address, err);
}

static int read_once(int netns_fd, struct addresses *ret, struct err *err)
{
	const struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };
	_cleanup_addresses_ struct addresses addresses = { 0 };
	_cleanup_buf_ struct buf request = { 0 };
	_cleanup_close_ int fd = -1;
	int r;

	message_end(&request, message_begin(&request, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1,
					    &any, sizeof(any)));
	r = netlink_open(netns_fd, NETLINK_ROUTE, &fd, err);
	if (r == 0)
		r = netlink_ask(fd, &request, take, &addresses, err);
	if (r < 0)
		return r;
	*ret = addresses;
	addresses = (struct addresses){ 0 };
	return 0;
}

int addresses_read(int netns_fd, struct addresses *ret, struct err *err)
{
	unsigned tries = 0;
	int r;

	do {
		r = read_once(netns_fd, ret, err);
	} while (netlink_again(r, &tries, err));
	if (r < 0)
		err_context(err, "the addresses of a network namespace");
	return r;
}
