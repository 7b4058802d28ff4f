/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a real journal file, made by systemd-journal-remote from text in the export format.
 */
#ifndef COAMING_TESTS_JOURNAL_MAKER_H
#define COAMING_TESTS_JOURNAL_MAKER_H

#include "lib/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <cmocka.h>

#define JOURNAL_REMOTE "/lib/systemd/systemd-journal-remote"

/* Begin an entry: its time in microseconds. maker_end() ends it. */
static inline void maker_begin(struct buf *text, uint64_t usec)
{
	buf_addf(text,
		 "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n"
		 "_BOOT_ID=7b93d7a9be1145a0b09f5a604c2d3a11\n",
		 (unsigned long long)usec, (unsigned long long)(usec % 1000000000));
}

static inline void maker_end(struct buf *text)
{
	buf_addc(text, '\n');
}

/* Write the entries to a new journal file; env is "NAME=VALUE" or NULL. */
static inline void maker_write(const struct buf *text, const char *path, const char *env)
{
	char from[512];
	int fd, status;
	pid_t pid;

	assert_int_equal(buf_status(text), 0);
	(void)snprintf(from, sizeof(from), "%s.export", path);
	fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text->data, text->len), text->len);
	(void)close(fd);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		if (env)
			(void)putenv((char *)(uintptr_t)env);
		execl(JOURNAL_REMOTE, JOURNAL_REMOTE, "--split-mode=none", "-o", path, from,
		      (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)unlink(from);
}

#endif
