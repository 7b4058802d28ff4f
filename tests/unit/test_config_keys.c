/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/config_keys.c: variants of runtime-spec keys are refused, data keys are not.
 */
#include "profiles/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
	const char *config;
	const char *sentence; /* NULL: passes */
} cases[] = {
	{ "{\"root\":{\"readonly\":true}}", NULL },
	{ "{\"Root\":{\"readonly\":false}}", "c:1:2: key \"Root\"" },
	{ "{\"root\":{\"readOnly\":false}}", "c:1:10: key \"readOnly\"" },
	{ "{\"proce\\u017fs\":{}}", "differs from \"process\"" },
	{ "{\"hoo\\u212as\":{}}", "differs from \"hooks\"" },
	{ "{\"linux\":{\"seccomp\":{\"defaulterrnoret\":1}}}", "differs from \"defaultErrnoRet\"" },
	{ "{\"linux\":{\"seccomp\":{\"syscalls\":[{\"Names\":[]}]}}}", "differs from \"names\"" },
	{ "{\"process\":{\"capabilities\":{\"Bounding\":[]}}}", "differs from \"bounding\"" },
	{ "{\"annotations\":{\"Root\":\"x\",\"PATH\":\"y\"}}", NULL },
	{ "{\"linux\":{\"sysctl\":{\"kernel.Path\":\"1\",\"Path\":\"1\"}}}", NULL },
	{ "{\"linux\":{\"resources\":{\"unified\":{\"CPU\":\"1\"}}}}", NULL },
	{ "{\"Annotations\":{}}", "differs from \"annotations\"" },
	{ "{\"unknownKey\":{\"another\":1}}", NULL },
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_doc_ struct doc *doc = NULL;
		struct err err = { 0 };
		int r;

		assert_int_equal(
			doc_parse(&doc, "c", cases[i].config, strlen(cases[i].config), &err), 0);
		r = config_check_keys(doc, &err);
		if (!cases[i].sentence) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, -EBADMSG);
		if (!strstr(err.text, cases[i].sentence))
			fail_msg("case %zu: %s", i, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
