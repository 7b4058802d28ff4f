/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks/state.c: what a runtime may say, and what is refused.
 */
#include "hooks/state.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define OK "{\"id\":\"c1\",\"bundle\":\"/b\",\"pid\":42"

static const struct {
	const char *text;
	size_t len; /* 0: strlen */
	int r;
	const char *error; /* a part of the sentence */
} bad[] = {
	{ "", 0, -EBADMSG, "the text ends where a value is expected" },
	{ "x", 0, -EBADMSG, ":1:1: a JSON value is expected here" },
	{ "[]", 0, -EBADMSG, "expected an object, not an array" },
	{ "null", 0, -EBADMSG, "expected an object, not null" },
	{ OK, 0, -EBADMSG, "a comma or } is expected here" },
	{ OK "}x", 0, -EBADMSG, "something follows behind the end" },
	{ OK "}{}", 0, -EBADMSG, "something follows behind the end" },
	{ "\xef\xbb\xbf" OK "}", 0, -EBADMSG, "byte order mark" },
	{ OK ",\"a\":\"\xff\"}", 0, -EBADMSG, "not UTF-8" },
	{ OK ",\"a\":\"\xed\xa0\x80\"}", 0, -EBADMSG, "not UTF-8" },
	{ OK ",\"a\":\"\\u0000\"}", 0, -EBADMSG, "holds no NUL" },
	{ OK ",\"a\":\"\\ud800\"}", 0, -EBADMSG, "surrogate pair stands alone" },
	{ OK ",\"a\":\"\0\"}", sizeof(OK ",\"a\":\"\0\"}") - 1, -EBADMSG,
	  "control character in a string" },
	{ OK ",\"id\":\"c2\"}", 0, -EBADMSG, "key \"id\" stands twice" },
	{ "{\"bundle\":\"/b\"}", 0, -EBADMSG, "member \"id\" is missing" },
	{ "{\"id\":\"c\"}", 0, -EBADMSG, "member \"bundle\" is missing" },
	{ "{\"id\":1,\"bundle\":\"/b\"}", 0, -EBADMSG, "expected a string, not a number" },
	{ "{\"id\":\"c\",\"bundle\":[]}", 0, -EBADMSG, "expected a string, not an array" },
	{ "{\"id\":\"\",\"bundle\":\"/b\"}", 0, -EBADMSG, "\"\" is no container id" },
	{ "{\"id\":\"../x\",\"bundle\":\"/b\"}", 0, -EBADMSG, "\"../x\" is no container id" },
	{ "{\"id\":\"..\",\"bundle\":\"/b\"}", 0, -EBADMSG, "\"..\" is no container id" },
	{ "{\"id\":\"a/b\",\"bundle\":\"/b\"}", 0, -EBADMSG, "is no container id" },
	{ "{\"id\":\"a\\nb\",\"bundle\":\"/b\"}", 0, -EBADMSG, "\"a\\nb\" is no container id" },
	{ "{\"id\":\"%n\",\"bundle\":\"/b\"}", 0, -EBADMSG, "\"%n\" is no container id" },
	{ "{\"id\":\"c\",\"bundle\":\"b\"}", 0, -EBADMSG, "\"b\" is not an absolute path" },
	{ "{\"id\":\"c\",\"bundle\":\"\"}", 0, -EBADMSG, "is not an absolute path" },
	{ "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":-1}", 0, -EBADMSG, "-1 is no process id" },
	{ "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":4294967297}", 0, -EBADMSG,
	  "4294967297 is no process id" },
	{ "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":\"1\"}", 0, -EBADMSG,
	  "expected a number, not a string" },
	{ "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":1.5}", 0, -ERANGE, "expected a whole number" },
	{ "{\"id\":\"c\",\"bundle\":\"/b\",\"pid\":1e3}", 0, -ERANGE, "expected a whole number" },
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct state got = { 0 };
		struct err err = { 0 };
		size_t len = bad[i].len ? bad[i].len : strlen(bad[i].text);

		assert_int_equal(state_parse(bad[i].text, len, &got, &err), bad[i].r);
		if (!strstr(err.text, bad[i].error))
			fail_msg("case %zu: %s: wanted %s", i, err.text, bad[i].error);
		assert_null(got.id);
	}
}

static void test_good(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.0.2\",\"id\":\"a_b.c+d-e\",\"status\":"
				   "\"creating\",\"pid\":77,\"bundle\":\"/run/b\",\"annotations\":"
				   "{\"k\":\"v\"}}";
	_cleanup_state_ struct state got = { 0 };
	struct err err = { 0 };

	assert_int_equal(state_parse(text, strlen(text), &got, &err), 0);
	assert_string_equal(got.id, "a_b.c+d-e");
	assert_string_equal(got.bundle, "/run/b");
	assert_int_equal(got.pid, 77);
}

static void test_no_pid(void **state)
{
	static const char text[] = "{\"id\":\"c\",\"bundle\":\"/b\"}";
	_cleanup_state_ struct state got = { 0 };
	struct err err = { 0 };

	assert_int_equal(state_parse(text, strlen(text), &got, &err), 0);
	assert_int_equal(got.pid, 0);
}

static void test_long_id(void **state)
{
	char text[2 * CONTAINER_ID_MAX + 64], id[CONTAINER_ID_MAX + 2];
	struct state got = { 0 };
	struct err err = { 0 };

	memset(id, 'a', sizeof(id));
	id[CONTAINER_ID_MAX + 1] = '\0';
	(void)snprintf(text, sizeof(text), "{\"id\":\"%s\",\"bundle\":\"/b\"}", id);
	assert_int_equal(state_parse(text, strlen(text), &got, &err), -EBADMSG);
	id[CONTAINER_ID_MAX] = '\0';
	(void)snprintf(text, sizeof(text), "{\"id\":\"%s\",\"bundle\":\"/b\"}", id);
	err_clear(&err);
	assert_int_equal(state_parse(text, strlen(text), &got, &err), 0);
	state_done(&got);
}

static void test_endless(void **state)
{
	_cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct state got = { 0 };
	struct err err = { 0 };

	assert_int_equal(state_read(fd, &got, &err), -E2BIG);
	assert_non_null(strstr(err.text, "is longer than 1048576 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),     cmocka_unit_test(test_good),
		cmocka_unit_test(test_no_pid),  cmocka_unit_test(test_long_id),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
