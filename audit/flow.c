/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a flow: words with a space between them, none of which can hold one.
 */
#include "audit/flow.h"

#include <arpa/inet.h>
#include <errno.h>

#include "audit/stamp.h"

/* "ingress accepted ipv6-icmp", an address, a port, a count and two times. */
#define FLOW_TEXT_MAX 256
#define USEC_PER_SEC  1000000

int flow_compare(const struct flow *a, const struct flow *b)
{
	int r;

	if (a->accepted != b->accepted)
		return a->accepted ? 1 : -1;
	if (a->ingress != b->ingress)
		return a->ingress ? 1 : -1;
	r = strcmp(a->protocol, b->protocol);
	if (r == 0)
		r = strcmp(a->address, b->address);
	return r != 0 ? r : (int)a->port - (int)b->port;
}

const char *flow_time(char out[FLOW_TIME_SIZE], int64_t seconds)
{
	char stamp[STAMP_SIZE];

	stamp_format(stamp, seconds > 0 ? (uint64_t)seconds * USEC_PER_SEC : 0);
	(void)snprintf(out, FLOW_TIME_SIZE, "%.*sZ", (int)FLOW_TIME_SIZE - 2, stamp);
	return out;
}

static const char *direction(bool ingress)
{
	return ingress ? "ingress" : "egress";
}

static const char *verdict(bool accepted)
{
	return accepted ? "accepted" : "refused";
}

void flow_write_count(const struct flow *flow, struct buf *out)
{
	buf_addf(out, "%s %s %s %s %u packets=%llu", direction(flow->ingress),
		 verdict(flow->accepted), flow->protocol, flow->address, flow->port,
		 (unsigned long long)flow->packets);
}

void flow_write(const struct flow *flow, struct buf *out)
{
	char first[FLOW_TIME_SIZE], last[FLOW_TIME_SIZE];

	flow_write_count(flow, out);
	buf_addf(out, " first=%s last=%s", flow_time(first, flow->first),
		 flow_time(last, flow->last));
}

void flow_overflow_write(const struct flow_overflow *overflow, struct buf *out)
{
	buf_addf(out, "%s %s packets=%llu", direction(overflow->ingress),
		 verdict(overflow->accepted), (unsigned long long)overflow->packets);
}

/* ---- reading ---- */

/* The next word, of which *rest then holds what follows; NULL: there is none. */
static char *next_word(char **rest)
{
	char *word = *rest;

	if (!word || !*word)
		return NULL;
	*rest = strchr(word, ' ');
	if (*rest)
		*(*rest)++ = '\0';
	return word;
}

static bool read_either(char **rest, const char *no, const char *yes, bool *ret)
{
	const char *word = next_word(rest);

	*ret = word && streq(word, yes);
	return word && (*ret || streq(word, no));
}

/* Digits alone, as printf(3) writes a number. */
static bool read_number(const char *word, uint64_t max, uint64_t *ret)
{
	if (!word || !*word || strspn(word, "0123456789") != strlen(word) ||
	    (word[0] == '0' && word[1]))
		return false;
	errno = 0;
	*ret = strtoull(word, NULL, 10);
	return errno == 0 && *ret <= max;
}

/* What follows "NAME=". */
static const char *value_of(char **rest, const char *name)
{
	const char *word = next_word(rest);
	size_t len = strlen(name);

	return word && starts_with(word, name) && word[len] == '=' ? word + len + 1 : NULL;
}

static bool read_time(char **rest, const char *name, int64_t *ret)
{
	const char *word = value_of(rest, name);
	char stamp[STAMP_SIZE], again[FLOW_TIME_SIZE];
	uint64_t usec;

	if (!word || strlen(word) != FLOW_TIME_SIZE - 1 || word[FLOW_TIME_SIZE - 2] != 'Z')
		return false;
	(void)snprintf(stamp, sizeof(stamp), "%.*s.000000Z", (int)FLOW_TIME_SIZE - 2, word);
	if (stamp_parse(stamp, strlen(stamp), &usec) < 0)
		return false;
	*ret = (int64_t)(usec / USEC_PER_SEC);
	return streq(flow_time(again, *ret), word); /* the 30th of February is another day */
}

static bool read_address(char **rest, char ret[INET6_ADDRSTRLEN])
{
	const char *word = next_word(rest);
	struct in6_addr address;

	if (!word ||
	    (inet_pton(AF_INET, word, &address) != 1 && inet_pton(AF_INET6, word, &address) != 1))
		return false;
	(void)snprintf(ret, INET6_ADDRSTRLEN, "%s", word);
	return true;
}

static bool read_protocol(char **rest, char ret[FLOW_PROTOCOL_MAX])
{
	const char *word = next_word(rest);

	if (!word || strlen(word) >= FLOW_PROTOCOL_MAX ||
	    strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(word))
		return false;
	(void)snprintf(ret, FLOW_PROTOCOL_MAX, "%s", word);
	return true;
}

/* A copy that next_word() may cut. */
static bool copy_text(const char *text, size_t len, char ret[FLOW_TEXT_MAX])
{
	if (len >= FLOW_TEXT_MAX || memchr(text, '\0', len))
		return false;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return true;
}

int flow_parse(const char *text, size_t len, struct flow *ret)
{
	struct flow flow = { 0 };
	char copy[FLOW_TEXT_MAX], *rest = copy;
	uint64_t port;

	if (!copy_text(text, len, copy) ||
	    !read_either(&rest, "egress", "ingress", &flow.ingress) ||
	    !read_either(&rest, "refused", "accepted", &flow.accepted) ||
	    !read_protocol(&rest, flow.protocol) || !read_address(&rest, flow.address) ||
	    !read_number(next_word(&rest), UINT16_MAX, &port) ||
	    !read_number(value_of(&rest, "packets"), UINT64_MAX, &flow.packets) ||
	    !read_time(&rest, "first", &flow.first) || !read_time(&rest, "last", &flow.last) ||
	    rest)
		return -EINVAL;
	flow.port = (uint16_t)port;
	*ret = flow;
	return 0;
}

int flow_overflow_parse(const char *text, size_t len, struct flow_overflow *ret)
{
	struct flow_overflow overflow = { 0 };
	char copy[FLOW_TEXT_MAX], *rest = copy;

	if (!copy_text(text, len, copy) ||
	    !read_either(&rest, "egress", "ingress", &overflow.ingress) ||
	    !read_either(&rest, "refused", "accepted", &overflow.accepted) ||
	    !read_number(value_of(&rest, "packets"), UINT64_MAX, &overflow.packets) || rest)
		return -EINVAL;
	*ret = overflow;
	return 0;
}
