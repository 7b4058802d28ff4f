/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every file of coaming includes first: ownership helpers and the list of
 * functions that nobody here may call.
 */
#ifndef COAMING_LIB_BASE_H
#define COAMING_LIB_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _cleanup_(fn)       __attribute__((cleanup(fn)))

static inline void freep(void *p)
{
	/* cleanup hands over the address of the variable; void ** would break aliasing rules */
	void *ptr;

	memcpy(&ptr, p, sizeof(ptr));
	free(ptr);
}

static inline void closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

#define _cleanup_free_   _cleanup_(freep)
#define _cleanup_close_  _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

/* Ownership leaves the variable, which is left empty. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *_pp = &(p);                                                         \
		__typeof__(p) _v = *_pp;                                                           \
		*_pp = NULL;                                                                       \
		_v;                                                                                \
	})

static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Unbounded, locale-dependent, or a shell: each has a better sibling. */
#pragma GCC poison strcpy strcat sprintf vsprintf gets atoi atol atoll strtok system popen tmpnam  \
	mktemp

#endif
