/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/mounted.c: by which other names the host has what a mount shows. The paths are nowhere on
 * this machine, so that the longest mount point above them counts.
 */
#include "hooks/mounted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "lib/strv.h"

static const char host[] =
	"1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
	"2 1 0:21 / /x-proc rw - proc proc rw\n"
	"3 1 254:0 /x-etc /x-volumes/bind rw shared:1 master:2 - ext4 /dev/vda rw\n"
	"4 1 254:0 / /x-volumes/disk rw - ext4 /dev/vda rw\n"
	"5 1 0:30 / /x-volumes/kernel rw - proc none rw\n"
	"6 1 0:31 /sub /x-volumes/part rw - btrfs /dev/vdb rw\n"
	"7 1 0:31 / /x-data rw - btrfs /dev/vdb rw\n"
	"8 1 254:0 /x-odd\\040dir /x-volumes/odd\\134 rw - ext4 /dev/vda rw\n"
	"9 1 254:0 /x-et /x-volumes/near rw - ext4 /dev/vda rw\n";

static void parse(const char *text, struct mounted *ret)
{
	char *copy = strdup(text);
	struct err err = { 0 };

	assert_non_null(copy);
	if (mounted_parse(&copy, ret, &err) < 0)
		fail_msg("%s", err.text);
	assert_null(copy);
}

static void test_names(void **state)
{
	static const struct {
		const char *path, *has, *has_not;
	} cases[] = {
		{ "/x-srv/plain", "/x-volumes/disk/x-srv/plain", "/x-etc" },
		{ "/x-volumes/bind", "/x-etc", "/" },
		{ "/x-volumes/bind/file", "/x-etc/file", "/x-etc" },
		{ "/x-volumes/bind", "/x-volumes/disk/x-etc", "/x-volumes/bind" },
		{ "/x-volumes/disk", "/", "/x-volumes/disk" },
		{ "/x-volumes/disk/x-etc", "/x-etc", "/" },
		{ "/x-volumes/kernel", "/proc", "/" },
		{ "/x-volumes/kernel/sys", "/proc/sys", "/proc" },
		{ "/x-volumes/part/a", "/x-data/sub/a", "/sub/a" },
		{ "/x-volumes/odd\\/a", "/x-odd dir/a", "/x-odd" },
		{ "/x-volumes/near", "/x-et", "/x-etc" },
		/* what is mounted below it */
		{ "/x-volumes", "/x-etc", "/x-volumes" },
		{ "/x-volumes", "/", "/x-volumes" },
	};
	_cleanup_mounted_ struct mounted mounted = { 0 };

	parse(host, &mounted);
	assert_int_equal(mounted.n, 9);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct names names = { 0 };
		struct err err = { 0 };

		assert_int_equal(mounted_names(&mounted, cases[i].path, &names, &err), 0);
		if (!strv_contains(names.v, names.n, cases[i].has))
			fail_msg("%s is not known as %s", cases[i].path, cases[i].has);
		if (strv_contains(names.v, names.n, cases[i].has_not))
			fail_msg("%s is known as %s", cases[i].path, cases[i].has_not);
		strv_free(&names.v, &names.n);
	}
}

/* "/" is above everything: nothing has to be told of it. */
static void test_root(void **state)
{
	_cleanup_mounted_ struct mounted mounted = { 0 };
	struct names names = { 0 };
	struct err err = { 0 };

	parse(host, &mounted);
	assert_int_equal(mounted_names(&mounted, "/", &names, &err), 0);
	assert_int_equal(names.n, 0);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"1 0 254:0 / /",
		"1 0 254:0 / / rw",
		"1 0 254:0 / / rw shared:1 ext4 /dev/vda rw",
		"\n1 0 254:0 / / rw - ext4 /dev/vda rw",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mounted mounted = { 0 };
		char *text = strdup(bad[i]);
		struct err err = { 0 };

		assert_non_null(text);
		assert_int_equal(mounted_parse(&text, &mounted, &err), -EBADMSG);
		assert_null(mounted.v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
