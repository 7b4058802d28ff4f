/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one nft table of the kernel consists of.
 */
#include "hooks/table_dump.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

static const struct request {
	uint16_t get;        /* NFT_MSG_GET... */
	uint16_t answer;     /* NFT_MSG_NEW... */
	uint16_t table_type; /* the attribute that names the table */
	uint16_t flags;
} requests[] = {
	[TABLE_ITSELF] = { NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, NFTA_TABLE_NAME, NLM_F_ACK },
	[TABLE_CHAINS] = { NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE, NLM_F_DUMP },
	[TABLE_RULES] = { NFT_MSG_GETRULE, NFT_MSG_NEWRULE, NFTA_RULE_TABLE, NLM_F_DUMP },
	[TABLE_SETS] = { NFT_MSG_GETSET, NFT_MSG_NEWSET, NFTA_SET_TABLE, NLM_F_DUMP },
	[TABLE_OBJECTS] = { NFT_MSG_GETOBJ, NFT_MSG_NEWOBJ, NFTA_OBJ_TABLE, NLM_F_DUMP },
	[TABLE_ELEMENTS] = { NFT_MSG_GETSETELEM, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_TABLE,
			     NLM_F_DUMP },
};
static_assert(ARRAY_SIZE(requests) == TABLE_THINGS_, "a row for each kind");

void attribute_text(const char *at, const char *end, uint16_t type, char ret[TABLE_NAME_MAX])
{
	struct attribute a;
	size_t len = 0;

	if (attribute_find(at, end, type, &a))
		len = strnlen(a.data, a.len < TABLE_NAME_MAX ? a.len : TABLE_NAME_MAX - 1);
	if (len > 0)
		memcpy(ret, a.data, len);
	ret[len] = '\0';
}

uint32_t attribute_u32(const char *at, const char *end, uint16_t type)
{
	struct attribute a;
	uint32_t v = 0;

	if (attribute_find(at, end, type, &a) && a.len == sizeof(v))
		memcpy(&v, a.data, sizeof(v));
	return be32toh(v);
}

uint64_t attribute_u64(const char *at, const char *end, uint16_t type)
{
	struct attribute a;
	uint64_t v = 0;

	if (attribute_find(at, end, type, &a) && a.len == sizeof(v))
		memcpy(&v, a.data, sizeof(v));
	return be64toh(v);
}

/* What is asked, and where the answer goes. */
struct dump {
	const char *table;
	const struct request *request;
	table_take_fn *take;
	void *arg;
};

/* The kernel may give those of all tables. */
static int take_message(void *arg, const struct nlmsghdr *header, const char *at, const char *end,
			struct err *err)
{
	const struct dump *dump = arg;
	const size_t before = NLMSG_ALIGN(sizeof(struct nfgenmsg));
	char table[TABLE_NAME_MAX];

	if ((size_t)(end - at) < before ||
	    header->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | dump->request->answer))
		return 0;
	at += before;
	attribute_text(at, end, dump->request->table_type, table);
	return streq(table, dump->table) ? dump->take(dump->arg, at, end, err) : 0;
}

int table_dump(int fd, const char *table, enum table_thing thing, const char *set,
	       table_take_fn *take, void *arg, struct err *err)
{
	const struct nfgenmsg family = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	const struct request *request = &requests[thing];
	struct dump dump = { table, request, take, arg };
	_cleanup_buf_ struct buf message = { 0 };
	size_t begin;

	begin = message_begin(&message, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | request->get),
			      (uint16_t)(NLM_F_REQUEST | request->flags), 1, &family,
			      sizeof(family));
	attribute_add_text(&message, request->table_type, table);
	if (set)
		attribute_add_text(&message, NFTA_SET_ELEM_LIST_SET, set);
	message_end(&message, begin);
	return netlink_ask(fd, &message, take_message, &dump, err);
}
