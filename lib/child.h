/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other programs, run to their end and no longer than that may take.
 */
#ifndef COAMING_LIB_CHILD_H
#define COAMING_LIB_CHILD_H

#include <sys/types.h>
#include "lib/err.h"

/*
 * Wait for a child; one that takes longer is killed.
 *
 * what    how errors call it
 * Errors  -ETIMEDOUT it did not end in time; errno of waitpid(2)
 */
int child_wait(pid_t pid, const char *what, int seconds, int *ret_status, struct err *err);

/*
 * Read what a child wrote to an anonymous file that was its output: nobody ever waits for the other
 * end of a pipe.
 *
 * ret     free(); NUL-terminated
 * Errors  as of fd_read_all()
 */
int child_output(int fd, const char *what, size_t max_bytes, char **ret, size_t *ret_len,
		 struct err *err);

/*
 * Did it end with 0? Else -EIO with the first line that it wrote to errors_fd, an anonymous file
 * that was its standard error; or how it ended, where it wrote none.
 *
 * what    how it is then called
 */
int child_check(int errors_fd, const char *what, int status, struct err *err);

/*
 * Run a program and keep what it prints. Its standard input and error are /dev/null; it has our
 * environment and the descriptors that are not O_CLOEXEC.
 *
 * ret_text  free(); NUL-terminated
 * Limits    max_bytes
 * Errors    -ECHILD it failed (with no error text: why is not known); -ETIMEDOUT; -E2BIG; errno of
 *           posix_spawn(3)
 */
int child_read(char *const argv[], int seconds, size_t max_bytes, char **ret_text, size_t *ret_len,
	       struct err *err);

#endif
