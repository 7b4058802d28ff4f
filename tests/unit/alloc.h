/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations that fail on request. alloc.o is in every unit test: the linker's --wrap leads each
 * call of malloc, calloc, realloc, reallocarray, strdup and strndup in our own objects through it;
 * those within libraries (libc, cmocka, jansson) stay as they are, and so do sanitizers.
 */
#ifndef COAMING_TESTS_ALLOC_H
#define COAMING_TESTS_ALLOC_H

#include "lib/err.h"

/* Let allocation number n from now fail, once. 0: none. */
void alloc_fail_at(unsigned long n);
/* Has it come to that since it was last asked for? */
bool alloc_has_failed(void);

/*
 * Run a function again and again: with its first allocation failing, with its second, and so on
 * until it gets through with none failing. Fails the test where it answers a failed allocation
 * with anything but -ENOMEM and ERR_SYSTEM, or does not answer 0 in the end.
 *
 * run      frees what it made, whatever happens; LeakSanitizer sees whether it does
 * Returns  how many allocations there are
 */
unsigned long alloc_fail_each(int (*run)(void *arg, struct err *err), void *arg);

#endif
