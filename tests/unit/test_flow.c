/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit/flow.c: the text of a flow, written and read back; what is not exactly that is refused.
 */
#include "audit/flow.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char *const texts[] = {
	"ingress accepted tcp 10.88.0.7 5432 packets=3 first=2026-11-27T12:00:00Z "
	"last=2026-11-27T12:04:31Z",
	"egress refused ipv6-icmp fd00::1 0 packets=18446744073709551615 "
	"first=1970-01-01T00:00:00Z last=9999-12-31T23:59:59Z",
	"egress accepted 89 ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 65535 packets=0 "
	"first=2024-02-29T00:00:00Z last=2024-02-29T23:59:59Z",
};

static const char *const overflow_texts[] = {
	"ingress accepted packets=1",
	"egress refused packets=18446744073709551615",
};

static int parse(const char *text, size_t len)
{
	struct flow flow;

	return flow_parse(text, len, &flow);
}

static int parse_overflow(const char *text, size_t len)
{
	struct flow_overflow overflow;

	return flow_overflow_parse(text, len, &overflow);
}

static void test_same_again(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_buf_ struct buf out = { 0 }, count = { 0 };
		struct flow flow;

		assert_int_equal(flow_parse(texts[i], strlen(texts[i]), &flow), 0);
		flow_write(&flow, &out);
		assert_string_equal(out.data, texts[i]);
		flow_write_count(&flow, &count);
		assert_true(starts_with(texts[i], count.data));
		assert_true(starts_with(texts[i] + count.len, " first="));
	}
	for (size_t i = 0; i < ARRAY_SIZE(overflow_texts); i++) {
		_cleanup_buf_ struct buf out = { 0 };
		struct flow_overflow overflow;

		assert_int_equal(flow_overflow_parse(overflow_texts[i], strlen(overflow_texts[i]),
						     &overflow),
				 0);
		flow_overflow_write(&overflow, &out);
		assert_string_equal(out.data, overflow_texts[i]);
	}
}

static void test_members(void **state)
{
	struct flow flow;

	assert_int_equal(flow_parse(texts[0], strlen(texts[0]), &flow), 0);
	assert_true(flow.ingress);
	assert_true(flow.accepted);
	assert_string_equal(flow.protocol, "tcp");
	assert_string_equal(flow.address, "10.88.0.7");
	assert_int_equal(flow.port, 5432);
	assert_int_equal(flow.packets, 3);
	assert_int_equal(flow.last - flow.first, 271);
	assert_int_equal(flow.first, 1795780800); /* date -u -d 2026-11-27T12:00:00Z +%s */
	assert_int_equal(flow_parse(texts[1], strlen(texts[1]), &flow), 0);
	assert_false(flow.ingress);
	assert_false(flow.accepted);
}

/* Each text, cut anywhere; with a byte more; with each of its bytes another one. */
static void test_nothing_else(void **state)
{
	char copy[256];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t len = strlen(texts[i]);

		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(parse(texts[i], cut), -EINVAL);
		for (const char *more = " 0Z\n"; *more; more++) {
			(void)snprintf(copy, sizeof(copy), "%s%c", texts[i], *more);
			assert_int_equal(parse(copy, len + 1), -EINVAL);
		}
		assert_int_equal(parse(texts[i], len + 1), -EINVAL); /* its NUL */
		for (size_t at = 0; at < len; at++) {
			for (const char *other = "\x01\t\n|\"\\+"; *other; other++) {
				memcpy(copy, texts[i], len);
				copy[at] = *other;
				assert_int_equal(parse(copy, len), -EINVAL);
			}
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(overflow_texts); i++) {
		size_t len = strlen(overflow_texts[i]);

		/* A count that is cut is another count. */
		for (size_t cut = 0;
		     cut <= (size_t)(strchr(overflow_texts[i], '=') + 1 - overflow_texts[i]); cut++)
			assert_int_equal(parse_overflow(overflow_texts[i], cut), -EINVAL);
		(void)snprintf(copy, sizeof(copy), "%s ", overflow_texts[i]);
		assert_int_equal(parse_overflow(copy, len + 1), -EINVAL);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"ingress",
		"forward accepted tcp 10.0.0.1 1 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress  accepted tcp 10.0.0.1 1 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress dropped tcp 10.0.0.1 1 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted TCP 10.0.0.1 1 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted a-name-of-sixteen 10.0.0.1 1 packets=1 "
		"first=2026-11-27T12:00:00Z last=2026-11-27T12:00:00Z",
		"ingress accepted tcp 10.0.0.256 1 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted tcp host 1 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted tcp 10.0.0.1 65536 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted tcp 10.0.0.1 080 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted tcp 10.0.0.1 -1 packets=1 first=2026-11-27T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted tcp 10.0.0.1 1 packets=18446744073709551616 "
		"first=2026-11-27T12:00:00Z last=2026-11-27T12:00:00Z",
		"ingress accepted tcp 10.0.0.1 1 packets=1 first=2026-02-30T12:00:00Z "
		"last=2026-11-27T12:00:00Z",
		"ingress accepted tcp 10.0.0.1 1 packets=1 last=2026-11-27T12:00:00Z "
		"first=2026-11-27T12:00:00Z",
	};
	struct flow flow = { .port = 7 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(flow_parse(bad[i], strlen(bad[i]), &flow), -EINVAL);
		assert_int_equal(flow.port, 7); /* untouched */
	}
}

static void test_order(void **state)
{
	static const struct flow sorted[] = {
		{ .protocol = "tcp", .address = "10.0.0.1", .port = 2 },
		{ .protocol = "tcp", .address = "10.0.0.1", .port = 65535 },
		{ .protocol = "tcp", .address = "10.0.0.2", .port = 1 },
		{ .protocol = "udp", .address = "10.0.0.1", .port = 1 },
		{ .ingress = true, .protocol = "icmp", .address = "10.0.0.1" },
		{ .accepted = true, .protocol = "icmp", .address = "10.0.0.1" },
		{ .accepted = true, .ingress = true, .protocol = "gre", .address = "10.0.0.1" },
	};

	for (size_t a = 0; a < ARRAY_SIZE(sorted); a++) {
		for (size_t b = 0; b < ARRAY_SIZE(sorted); b++) {
			int r = flow_compare(&sorted[a], &sorted[b]);

			assert_int_equal(r < 0, a < b);
			assert_int_equal(r > 0, a > b);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_again),   cmocka_unit_test(test_members),
		cmocka_unit_test(test_nothing_else), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
