/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sets of peers' addresses.
 *
 * After a deletion the kernel lets nobody close a netlink socket before a grace period of RCU is
 * over, some ten milliseconds. So the sockets of many tables are held open until all have been
 * changed: the first that is closed waits, the others do not.
 */
#include "hooks/peer_sets.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "hooks/netlink.h"

/* Sockets held at a time: far below the 1,024 descriptors that a process has. */
#define HELD_MAX 256
/* Of one transaction: a list of so many is below the 64 KiB of an attribute, and all messages are
 * below what a socket takes at once (net.core.wmem_default, 208 KiB). */
#define CHANGES_AT_A_TIME 1024
#define SET_NAME_MAX      64

bool peer_sets_is_one(const char *set)
{
	return starts_with(set, "peer-") || starts_with(set, "apart-");
}

static const char *kernel_set(char out[SET_NAME_MAX], const char *set, bool v6)
{
	(void)snprintf(out, SET_NAME_MAX, "%s%c", set, v6 ? '6' : '4');
	return out;
}

/* ---- a transaction ---- */

struct batch {
	struct buf text;
	uint32_t seq; /* of its last message */
};

static void bracket(struct batch *batch, uint16_t type)
{
	/* The kernel takes the subsystem in network order. */
	const struct nfgenmsg family = {
		.nfgen_family = AF_UNSPEC,
		.version = NFNETLINK_V0,
		.res_id = htobe16(NFNL_SUBSYS_NFTABLES),
	};

	message_end(&batch->text, message_begin(&batch->text, type, NLM_F_REQUEST, batch->seq,
						&family, sizeof(family)));
}

static void write_element(struct buf *out, const struct cidr *address)
{
	size_t element = attribute_begin(out, NFTA_LIST_ELEM);
	size_t key = attribute_begin(out, NFTA_SET_ELEM_KEY);

	attribute_add(out, NFTA_DATA_VALUE, address->address, address->v6 ? 16 : 4);
	attribute_end(out, key);
	attribute_end(out, element);
}

/* Do the two belong into one message? */
static bool goes_with(const struct set_change *a, const struct set_change *b)
{
	return a->add == b->add && a->address.v6 == b->address.v6 && streq(a->set, b->set);
}

/* All that go with the first one; how many these are. */
static size_t write_message(struct batch *batch, const char *table, const struct set_change *v,
			    size_t n, bool add)
{
	const struct nfgenmsg family = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	const uint16_t flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | (add ? NLM_F_CREATE : 0));
	struct buf *out = &batch->text;
	char set[SET_NAME_MAX];
	size_t begin, list, done = 0;

	begin = message_begin(out,
			      (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 |
					 (add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM)),
			      flags, ++batch->seq, &family, sizeof(family));
	attribute_add_text(out, NFTA_SET_ELEM_LIST_TABLE, table);
	attribute_add_text(out, NFTA_SET_ELEM_LIST_SET, kernel_set(set, v->set, v->address.v6));
	list = attribute_begin(out, NFTA_SET_ELEM_LIST_ELEMENTS);
	while (done < n && goes_with(v, &v[done]))
		write_element(out, &v[done++].address);
	attribute_end(out, list);
	message_end(out, begin);
	return done;
}

/*
 * What is to go is put in first: taking out what is not there would undo the whole transaction,
 * and NFT_MSG_DESTROYSETELEM, which would not, came with Linux 6.3.
 */
static void write_batch(struct batch *batch, const char *table, const struct set_change *changes,
			size_t n)
{
	size_t done;

	bracket(batch, NFNL_MSG_BATCH_BEGIN);
	for (size_t i = 0; i < n; i += done) {
		const struct set_change *v = &changes[i];

		done = write_message(batch, table, v, n - i, true);
		if (!v->add)
			(void)write_message(batch, table, v, done, false);
	}
	batch->seq++;
	bracket(batch, NFNL_MSG_BATCH_END);
}

/* ---- what becomes of it ---- */

struct answers {
	size_t acknowledged;
	int error; /* the first one, negative */
};

static void take_errors(const char *at, size_t left, struct answers *answers)
{
	while (left >= NLMSG_HDRLEN) {
		struct nlmsghdr header;
		size_t whole;
		int code = 0;

		memcpy(&header, at, sizeof(header));
		whole = NLMSG_ALIGN(header.nlmsg_len);
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > left)
			return;
		if (header.nlmsg_type == NLMSG_ERROR &&
		    header.nlmsg_len >= NLMSG_HDRLEN + sizeof(code)) {
			memcpy(&code, at + NLMSG_HDRLEN, sizeof(code));
			answers->acknowledged += code == 0;
			answers->error = answers->error ? answers->error : code;
		}
		at += whole < left ? whole : left;
		left -= whole < left ? whole : left;
	}
}

/* The kernel works before send() returns: all that it will say is in the queue. */
static int read_answers(int fd, struct answers *answers, struct err *err)
{
	_cleanup_free_ char *answer = malloc(NETLINK_ANSWER_MAX_BYTES);

	if (!answer)
		return err_oom(err);
	for (;;) {
		ssize_t got = recv(fd, answer, NETLINK_ANSWER_MAX_BYTES, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got < 0)
			return err_errno(err, errno, "cannot read what the kernel answers");
		take_errors(answer, (size_t)got, answers);
	}
}

static int change_some(int fd, const char *table, const struct set_change *changes, size_t n,
		       struct err *err)
{
	struct batch batch = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct answers answers = { 0 };
	int r;

	write_batch(&batch, table, changes, n);
	text = batch.text;
	if (buf_status(&text) < 0)
		return err_oom(err);
	if (send(fd, text.data, text.len, MSG_NOSIGNAL) < 0)
		return err_errno(err, errno, "cannot send the kernel a change of sets");
	r = read_answers(fd, &answers, err);
	if (r < 0 || answers.error == -ENOENT)
		return r < 0 ? r : -ENOENT;
	if (answers.error < 0)
		return err_errno(err, -answers.error, "the kernel does not change the sets");
	/* Every message but the brackets. */
	if (answers.acknowledged + 1 != batch.seq)
		return err_system(err, EIO, "the kernel acknowledges %zu of %u changes of sets",
				  answers.acknowledged, batch.seq - 1);
	return 0;
}

static int change_one(const struct table_change *change, int *ret_fd, struct err *err)
{
	int r = netlink_open(change->netns, NETLINK_NETFILTER, ret_fd, err);

	for (size_t i = 0; r == 0 && i < change->n; i += CHANGES_AT_A_TIME) {
		size_t left = change->n - i;

		r = change_some(*ret_fd, change->table, &change->v[i],
				left < CHANGES_AT_A_TIME ? left : CHANGES_AT_A_TIME, err);
	}
	return r;
}

int peer_sets_change(struct table_change *changes, size_t n, struct err *err)
{
	int held[HELD_MAX], r = 0;
	size_t n_held = 0;

	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };
		int fd = -1;

		if (changes[i].n == 0)
			continue;
		changes[i].result = change_one(&changes[i], &fd, &why);
		if (fd >= 0)
			held[n_held++] = fd;
		if (changes[i].result < 0 && changes[i].result != -ENOENT && r == 0) {
			r = changes[i].result;
			*err = why;
			err_context(err, "table %s", changes[i].table);
		}
		while (n_held > 0 && (n_held == HELD_MAX || i + 1 == n))
			(void)close(held[--n_held]);
	}
	while (n_held > 0)
		(void)close(held[--n_held]);
	return r;
}

/* ---- reading ---- */

struct reading {
	struct addresses elements;
	bool v6;
};

static int add_element(struct reading *reading, const struct attribute *element, struct err *err)
{
	const size_t len = reading->v6 ? 16 : 4;
	struct cidr address = { .v6 = reading->v6, .prefix_len = (uint8_t)(8 * len) };
	struct attribute key, value;

	if (!attribute_find(element->data, element->data + element->len, NFTA_SET_ELEM_KEY, &key) ||
	    !attribute_find(key.data, key.data + key.len, NFTA_DATA_VALUE, &value) ||
	    value.len != len)
		return err_system(err, EBADMSG, "an element of a set is no address");
	memcpy(address.address, value.data, len);
	return addresses_append(&reading->elements, &address, err);
}

static int take_elements(void *arg, const struct nlmsghdr *header, const char *at, const char *end,
			 struct err *err)
{
	struct attribute list, element;
	int r = 0;

	if (header->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM) ||
	    (size_t)(end - at) < NLMSG_ALIGN(sizeof(struct nfgenmsg)) ||
	    !attribute_find(at + NLMSG_ALIGN(sizeof(struct nfgenmsg)), end,
			    NFTA_SET_ELEM_LIST_ELEMENTS, &list))
		return 0;
	at = list.data;
	while (r == 0 && attribute_next(&at, list.data + list.len, &element))
		r = add_element(arg, &element, err);
	return r;
}

static int read_family(int fd, const char *table, const char *set, struct reading *reading,
		       struct err *err)
{
	const struct nfgenmsg family = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	_cleanup_buf_ struct buf request = { 0 };
	char name[SET_NAME_MAX];
	size_t begin;

	begin = message_begin(&request, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM,
			      NLM_F_REQUEST | NLM_F_DUMP, 1, &family, sizeof(family));
	attribute_add_text(&request, NFTA_SET_ELEM_LIST_TABLE, table);
	attribute_add_text(&request, NFTA_SET_ELEM_LIST_SET, kernel_set(name, set, reading->v6));
	message_end(&request, begin);
	return netlink_ask(fd, &request, take_elements, reading, err);
}

static int read_once(int netns_fd, const char *table, const char *set, struct addresses *ret,
		     struct err *err)
{
	struct reading reading = { 0 };
	_cleanup_close_ int fd = -1;
	int r;

	r = netlink_open(netns_fd, NETLINK_NETFILTER, &fd, err);
	if (r == 0)
		r = read_family(fd, table, set, &reading, err);
	reading.v6 = true;
	if (r == 0)
		r = read_family(fd, table, set, &reading, err);
	if (r < 0) {
		addresses_done(&reading.elements);
		return r;
	}
	addresses_sort(&reading.elements);
	*ret = reading.elements;
	return 0;
}

int peer_sets_read(int netns_fd, const char *table, const char *set, struct addresses *ret,
		   struct err *err)
{
	unsigned tries = 0;
	int r;

	do {
		r = read_once(netns_fd, table, set, ret, err);
	} while (netlink_again(r, &tries, err));
	return r;
}
