/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations that fail on request.
 */
#include "tests/unit/alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static unsigned long left; /* allocations until the one that fails; 0: none will */
static bool failed;

void alloc_fail_at(unsigned long n)
{
	left = n;
	if (n > 0)
		failed = false;
}

bool alloc_has_failed(void)
{
	return failed;
}

static bool fails_now(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

/* The linker gives them their names: __wrap_X is called where X is asked for, __real_X is X. */
#define WRAP(type, name, parameters, arguments)                                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fails_now() ? NULL : __real_##name arguments;                               \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t n, size_t size), (old, n, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t len), (text, len))

unsigned long alloc_fail_each(int (*run)(void *arg, struct err *err), void *arg)
{
	for (unsigned long n = 1;; n++) {
		struct err err = { 0 };
		int r;

		alloc_fail_at(n);
		r = run(arg, &err);
		alloc_fail_at(0);
		if (r == 0)
			return n - 1;
		if (r != -ENOMEM)
			print_error("%s\n", err.text);
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(err.class, ERR_SYSTEM);
		assert_non_null(strstr(err.text, "out of memory"));
	}
}
