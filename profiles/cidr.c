/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and sizes as people write them.
 */
#include "profiles/profile.h"

#include <arpa/inet.h>
#include <errno.h>

static bool host_bits_are_zero(const struct cidr *cidr)
{
	size_t len = cidr->v6 ? 16 : 4;

	for (size_t i = 0; i < len; i++) {
		size_t first = i * 8; /* number of the byte's first bit */
		uint8_t mask = 0xff;

		if (first + 8 <= cidr->prefix_len)
			continue;
		if (first < cidr->prefix_len)
			mask = (uint8_t)(0xff >> (cidr->prefix_len - first));
		if (cidr->address[i] & mask)
			return false;
	}
	return true;
}

static bool is_v4_mapped(const struct cidr *cidr)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return cidr->v6 && memcmp(cidr->address, prefix, sizeof(prefix)) == 0;
}

static int parse_prefix_len(const char *text, unsigned most, uint8_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long v;

	if (digits == 0 || digits > 3 || text[digits] || (text[0] == '0' && digits > 1))
		return -EINVAL;
	v = strtoul(text, NULL, 10);
	if (v > most)
		return -EINVAL;
	*ret = (uint8_t)v;
	return 0;
}

int cidr_parse(const char *text, struct cidr *ret)
{
	struct cidr cidr = { 0 };
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	cidr.v6 = strchr(address, ':') != NULL;
	if (inet_pton(cidr.v6 ? AF_INET6 : AF_INET, address, cidr.address) != 1)
		return -EINVAL;
	cidr.prefix_len = cidr.v6 ? 128 : 32;
	if (slash && parse_prefix_len(slash + 1, cidr.prefix_len, &cidr.prefix_len) < 0)
		return -EINVAL;
	if (!host_bits_are_zero(&cidr) || is_v4_mapped(&cidr))
		return -EINVAL;
	*ret = cidr;
	return 0;
}

int cidr_read(const struct doc *doc, const struct node *node, struct cidr *ret, struct err *err)
{
	const char *text;
	int r;

	r = node_read_string(doc, node, &text, err);
	if (r < 0)
		return r;
	if (cidr_parse(text, ret) < 0)
		return err_input(
			err, EBADMSG,
			"%s: %s is no network: an IPv4 or IPv6 address with a prefix "
			"length and no bits behind it, such as 10.0.0.0/8 or 2001:db8::/32",
			WHERE(doc, node), Q(text));
	return 0;
}

const char *address_format(char out[CIDR_TEXT_MAX], const struct cidr *cidr)
{
	out[0] = '\0';
	(void)inet_ntop(cidr->v6 ? AF_INET6 : AF_INET, cidr->address, out, CIDR_TEXT_MAX);
	return out;
}

const char *cidr_format(char out[CIDR_TEXT_MAX], const struct cidr *cidr)
{
	char address[CIDR_TEXT_MAX];

	(void)snprintf(out, CIDR_TEXT_MAX, "%.48s/%u", address_format(address, cidr),
		       cidr->prefix_len);
	return out;
}

bool cidr_contains(const struct cidr *outer, const struct cidr *inner)
{
	size_t whole = outer->prefix_len / 8;
	unsigned rest = outer->prefix_len % 8;
	uint8_t mask = (uint8_t)(0xff00U >> rest);

	if (outer->v6 != inner->v6 || inner->prefix_len < outer->prefix_len ||
	    memcmp(outer->address, inner->address, whole) != 0)
		return false;
	return rest == 0 || ((outer->address[whole] ^ inner->address[whole]) & mask) == 0;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit;
	unsigned long long v;
	unsigned shift = 0;

	if (digits == 0 || digits > 19)
		return -EINVAL;
	errno = 0;
	v = strtoull(text, NULL, 10);
	if (errno != 0)
		return -ERANGE;
	if (text[digits]) {
		unit = strchr(units, text[digits]);
		if (!unit || text[digits + 1])
			return -EINVAL;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	/* The kernel and the runtimes count in signed 64 bits. */
	if (v > (uint64_t)INT64_MAX >> shift)
		return -ERANGE;
	*ret_bytes = (uint64_t)v << shift;
	return 0;
}

int size_read(const struct doc *doc, const struct node *node, uint64_t *ret, struct err *err)
{
	int r = 0;

	if (node_is(node, NODE_NUMBER))
		r = node_read_u64(doc, node, ret, err);
	else
		r = node_expect(doc, node, NODE_STRING, err);
	if (r < 0)
		return r;
	if (node->type == NODE_STRING && size_parse(node->string, ret) < 0)
		return err_input(err, EBADMSG,
				 "%s: %s is no size: bytes, or a number and K, M, G or T, such as "
				 "\"64M\"",
				 WHERE(doc, node), Q(node->string));
	if (*ret == 0 || *ret > INT64_MAX)
		return err_input(err, ERANGE, "%s: a size from 1 to 2^63-1 bytes is expected",
				 WHERE(doc, node));
	return 0;
}
