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

/* ---- ends that are known by their labels ---- */

static const char named[] =
	"{\"name\": \"db\", \"network\": {\"ingress\": [{\"from\": [{\"labelSelector\": "
	"{\"matchLabels\": {\"tier\": \"web\"}}}, {\"zone\": \"office\"}, {\"ipBlock\": {\"cidr\": "
	"\"192.0.2.0/24\"}}]}], \"egress\": [{\"to\": [{\"zone\": \"nowhere\"}]}]}}";

static const struct {
	const char *peer;        /* NULL: no address is known */
	const char *tier;        /* NULL: it is no container of this host */
	const char *class, *own; /* of the data; NULL: no such label */
	const char *by;          /* "class": the host's */
} ends[] = {
	{ "10.88.0.2", "web", NULL, NULL, NULL },
	{ NULL, "web", NULL, NULL, NULL },
	{ "10.88.0.2", "jobs", NULL, NULL, "db" },
	{ NULL, "jobs", NULL, NULL, "db" },
	{ "10.88.0.2", NULL, NULL, NULL, "db" },
	{ "198.51.100.7", NULL, NULL, NULL, NULL },
	{ "2001:db8::7", NULL, NULL, NULL, NULL },
	{ "198.51.101.7", NULL, NULL, NULL, "db" },
	{ "192.0.2.7", NULL, NULL, NULL, NULL },
	{ "198.51.100.7", "jobs", NULL, NULL, NULL },
	{ "10.88.0.2", "web", "pci", "pci", NULL },
	{ "10.88.0.2", "web", "pci", "public", "class" },
	{ "10.88.0.2", "web", NULL, "pci", "class" },
	{ NULL, "web", "pci", NULL, "class" },
	{ "198.51.100.7", "jobs", "pci", NULL, "class" },
	{ "198.51.100.7", NULL, NULL, "pci", NULL },
	{ "127.0.0.1", "jobs", "pci", NULL, NULL },
	{ "10.88.0.2", "jobs", "pci", NULL, "db" },
};

static struct labels labels_of(const char *tier, const char *class)
{
	struct labels labels = { 0 };
	struct err err = { 0 };

	if (tier)
		assert_int_equal(labels_set(&labels, "tier", tier, LABEL_FROM_ENGINE, NULL, &err),
				 0);
	if (class)
		assert_int_equal(labels_set(&labels, "io.coaming.data-class", class,
					    LABEL_FROM_ENGINE, NULL, &err),
				 0);
	return labels;
}

static struct host *host_of(void)
{
	static const char text[] = "{\"separate\": [\"data-class\"], \"zones\": {\"office\": "
				   "[\"198.51.100.0/24\", \"2001:db8::/32\"]}}";
	_cleanup_doc_ struct doc *doc = NULL;
	struct host *host = NULL;
	struct err err = { 0 };

	if (doc_parse(&doc, "coaming.json", text, strlen(text), &err) < 0 ||
	    host_parse(doc, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

static void test_ends(void **state)
{
	_cleanup_host_ struct host *host = host_of();
	_cleanup_profile_ struct profile *db = parsed(named);
	struct selected selected = { .profile = db, .mode = MODE_ENFORCE };
	const struct selection selection = { .v = &selected, .n = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct labels other = labels_of(ends[i].tier, ends[i].class);
		struct labels own = labels_of(NULL, ends[i].own);
		struct connection connection = { .ingress = true,
						 .no_address = !ends[i].peer,
						 .own.labels = &own,
						 .protocol = PROTOCOL_TCP,
						 .port = 1 };
		struct connection_refusal by = { 0 };
		struct err err = { 0 };
		const char *who;

		if (ends[i].tier)
			connection.other.labels = &other;
		if (ends[i].peer)
			assert_int_equal(cidr_parse(ends[i].peer, &connection.peer), 0);
		assert_int_equal(connection_refused_by(&selection, host, &connection, &by, &err),
				 0);
		who = by.profile ? by.profile->name : by.class_key ? "class" : NULL;
		if (!who != !ends[i].by || (who && !streq(who, ends[i].by)))
			fail_msg("row %zu: refused by %s", i, who ? who : "nobody");
		labels_done(&other);
		labels_done(&own);
	}
}

static const struct {
	const char *tier, *class, *by; /* of the second of two that share an address */
} besides[] = {
	{ "web", NULL, NULL },
	{ "jobs", NULL, "db" },
	{ NULL, NULL, "db" },
	{ "web", "pci", "class" },
};

/* The first fits, and is of the same class: what the second is decides. */
static void test_beside(void **state)
{
	_cleanup_host_ struct host *host = host_of();
	_cleanup_profile_ struct profile *db = parsed(named);
	struct selected selected = { .profile = db, .mode = MODE_ENFORCE };
	const struct selection selection = { .v = &selected, .n = 1 };
	struct labels first = labels_of("web", NULL), own = labels_of(NULL, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(besides); i++) {
		struct labels second = labels_of(besides[i].tier, besides[i].class);
		const struct connection_end beside = { &second, NULL };
		const struct connection connection = { .ingress = true,
						       .no_address = true,
						       .own.labels = &own,
						       .other.labels = &first,
						       .beside = &beside,
						       .n_beside = 1,
						       .protocol = PROTOCOL_TCP,
						       .port = 1 };
		struct connection_refusal by = { 0 };
		struct err err = { 0 };
		const char *who;

		assert_int_equal(connection_refused_by(&selection, host, &connection, &by, &err),
				 0);
		who = by.profile ? by.profile->name : by.class_key ? "class" : NULL;
		if (!who != !besides[i].by || (who && !streq(who, besides[i].by)))
			fail_msg("row %zu: refused by %s", i, who ? who : "nobody");
		labels_done(&second);
	}
	labels_done(&first);
	labels_done(&own);
}

/* By a profile alone: with a host that keeps nothing apart, and with none. */
static void test_apart_by_profile(void **state)
{
	static const char text[] = "{\"name\": \"vault\", \"separate\": [\"data-class\"]}";
	_cleanup_profile_ struct profile *vault = parsed(text);
	struct selected selected = { .profile = vault, .mode = MODE_ENFORCE };
	const struct selection selection = { .v = &selected, .n = 1 };
	static const struct {
		const char *own, *other;
		enum mode mode;
		bool refused;
	} cases[] = {
		{ "pci", "pci", MODE_ENFORCE, false }, { "pci", "ehr", MODE_ENFORCE, true },
		{ "pci", NULL, MODE_ENFORCE, true },   { NULL, "ehr", MODE_ENFORCE, true },
		{ NULL, NULL, MODE_ENFORCE, false },   { "pci", "ehr", MODE_AUDIT, false },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		struct labels own = labels_of(NULL, cases[i / 2].own);
		struct labels other = labels_of(NULL, cases[i / 2].other);
		const struct connection connection = { .ingress = i % 2,
						       .no_address = true,
						       .own.labels = &own,
						       .other.labels = &other,
						       .protocol = PROTOCOL_TCP,
						       .port = 1 };
		struct connection_refusal by = { 0 };
		struct err err = { 0 };

		selected.mode = cases[i / 2].mode;
		assert_int_equal(connection_refused_by(&selection, NULL, &connection, &by, &err),
				 0);
		assert_null(by.profile);
		assert_int_equal(by.class_key != NULL, cases[i / 2].refused);
		if (cases[i / 2].refused)
			assert_string_equal(by.class_profile, "vault");
		labels_done(&own);
		labels_done(&other);
	}
}

/* Nobody knows whom it would let through. */
static void test_unknown_zone(void **state)
{
	_cleanup_host_ struct host *host = host_of();
	_cleanup_profile_ struct profile *db = parsed(named);
	struct selected selected = { .profile = db, .mode = MODE_ENFORCE };
	const struct selection selection = { .v = &selected, .n = 1 };
	const struct host *hosts[] = { host, NULL };

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct connection connection = { .protocol = PROTOCOL_TCP, .port = 1 };
		struct connection_refusal by = { 0 };
		struct err err = { 0 };

		assert_int_equal(cidr_parse("10.0.0.1", &connection.peer), 0);
		assert_int_equal(
			connection_refused_by(&selection, hosts[i], &connection, &by, &err),
			-EBADMSG);
		assert_non_null(strstr(err.text, "profile db: zone \"nowhere\" is not"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),  cmocka_unit_test(test_ends),
		cmocka_unit_test(test_beside),       cmocka_unit_test(test_apart_by_profile),
		cmocka_unit_test(test_unknown_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
