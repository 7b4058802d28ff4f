/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/connection.c: which connections the network sections let pass, and which profile
 * refuses the others. That nft does the same is for tests/integration.
 */
#include "profiles/connection.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char *const profiles[] = {
	"{\"name\": \"dns\", \"network\": {\"egress\": [{\"ports\": ["
	"{\"protocol\": \"UDP\", \"port\": 53}, {\"port\": 8000, \"endPort\": 8010}]}]}}",
	"{\"name\": \"lan\", \"network\": {\"egress\": [{\"to\": [{\"ipBlock\": {\"cidr\": "
	"\"10.0.0.0/8\", \"except\": [\"10.1.0.0/16\"]}}, {\"ipBlock\": {\"cidr\": \"fd00::/8\"}}"
	"]}]}}",
	"{\"name\": \"none\", \"network\": {\"ingress\": []}}",
	"{\"name\": \"tried\", \"network\": {\"egress\": [], \"mode\": \"audit\"}}",
	"{\"name\": \"root\", \"rootfs\": {\"readOnly\": true}}",
};

#define BIT(i) (1U << (i))
#define DNS    BIT(0)
#define LAN    BIT(1)
#define NONE   BIT(2)
#define TRIED  BIT(3)
#define ROOT   BIT(4)

static const struct {
	unsigned which;
	bool ingress;
	enum protocol protocol;
	const char *peer;
	uint16_t port;
	const char *by; /* NULL: it passes */
} rows[] = {
	{ 0, false, PROTOCOL_TCP, "192.0.2.1", 1, NULL },
	{ ROOT, true, PROTOCOL_TCP, "192.0.2.1", 1, NULL },
	{ TRIED, false, PROTOCOL_TCP, "192.0.2.1", 1, NULL },
	{ NONE, true, PROTOCOL_TCP, "192.0.2.1", 1, "none" },
	{ NONE, true, PROTOCOL_UDP, "2001:db8::1", 1, "none" },
	{ NONE, false, PROTOCOL_TCP, "192.0.2.1", 1, NULL },
	{ NONE, true, PROTOCOL_TCP, "127.0.0.9", 1, NULL },
	{ NONE, true, PROTOCOL_TCP, "::1", 1, NULL },
	{ DNS, false, PROTOCOL_UDP, "192.0.2.1", 53, NULL },
	{ DNS, false, PROTOCOL_TCP, "192.0.2.1", 53, "dns" },
	{ DNS, false, PROTOCOL_UDP, "192.0.2.1", 54, "dns" },
	{ DNS, false, PROTOCOL_TCP, "192.0.2.1", 7999, "dns" },
	{ DNS, false, PROTOCOL_TCP, "192.0.2.1", 8000, NULL },
	{ DNS, false, PROTOCOL_TCP, "192.0.2.1", 8010, NULL },
	{ DNS, false, PROTOCOL_TCP, "192.0.2.1", 8011, "dns" },
	{ DNS, false, PROTOCOL_SCTP, "192.0.2.1", 8000, "dns" },
	{ DNS, true, PROTOCOL_TCP, "192.0.2.1", 1, NULL },
	{ LAN, false, PROTOCOL_TCP, "10.255.0.1", 1, NULL },
	{ LAN, false, PROTOCOL_TCP, "11.0.0.1", 1, "lan" },
	{ LAN, false, PROTOCOL_TCP, "10.1.2.3", 1, "lan" },
	{ LAN, false, PROTOCOL_SCTP, "10.2.2.3", 1, NULL },
	{ LAN, false, PROTOCOL_TCP, "fd12::1", 1, NULL },
	{ LAN, false, PROTOCOL_TCP, "fe80::1", 1, "lan" },
	{ LAN | DNS, false, PROTOCOL_UDP, "10.0.0.53", 53, NULL },
	{ LAN | DNS, false, PROTOCOL_UDP, "192.0.2.53", 53, "lan" },
	{ LAN | DNS, false, PROTOCOL_UDP, "10.0.0.53", 54, "dns" },
	{ LAN | TRIED, false, PROTOCOL_UDP, "10.0.0.53", 54, NULL },
};

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_errno(err, ENOENT, "cannot open %s", Q(relative_path));
}

static struct profile *parsed(const char *text)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct profile *profile = NULL;
	const char *name = strchr(text, ':') + 3;
	char file[16];
	struct err err = { 0 };

	(void)snprintf(file, sizeof(file), "%.*s.json", (int)strcspn(name, "\""), name);
	if (doc_parse(&doc, file, text, strlen(text), &err) < 0 ||
	    profile_parse(doc, no_file, NULL, &profile, &err) < 0)
		fail_msg("%s: %s", err.text, text);
	return profile;
}

static void test_connections(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct selected selected[ARRAY_SIZE(profiles)];
		struct selection selection = { .v = selected };
		struct connection connection = { .ingress = rows[i].ingress,
						 .protocol = rows[i].protocol,
						 .port = rows[i].port };
		struct connection_refusal refusal = { 0 };
		const struct profile *by;
		struct err err = { 0 };

		assert_int_equal(cidr_parse(rows[i].peer, &connection.peer), 0);
		for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
			if (rows[i].which & BIT(p))
				selected[selection.n++] =
					(struct selected){ .profile = parsed(profiles[p]),
							   .mode = MODE_ENFORCE };
		}
		assert_int_equal(
			connection_refused_by(&selection, NULL, &connection, &refusal, &err), 0);
		assert_null(refusal.class_key);
		by = refusal.profile;
		if (!by != !rows[i].by || (by && !streq(by->name, rows[i].by)))
			fail_msg("row %zu, %s port %u: refused by %s", i, rows[i].peer,
				 rows[i].port, by ? by->name : "nobody");
		for (size_t p = 0; p < selection.n; p++)
			profile_free((struct profile **)(uintptr_t)&selected[p].profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
