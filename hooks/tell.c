/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Say why a container was refused. Nothing here may fail the refusal, nor wait: files are opened
 * without blocking and a FIFO that nobody reads is passed over.
 */
#include "hooks/tell.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "hooks/runtime_args.h"
#include "lib/emit.h"
#include "lib/file.h"

/* Of the runtime's command line. */
#define COMMAND_LINE_MAX 65536
#define WORDS_MAX        256

static void write_line(const char *path, int flags, const char *line, size_t len)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, 0644);
	struct err ignored = { 0 };

	if (fd >= 0)
		(void)fd_write_all(fd, path, line, len, &ignored);
}

static void log_line(const char *path, int flags, bool json, const char *text)
{
	_cleanup_buf_ struct buf line = { 0 };
	struct emit e = EMIT(&line);
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	if (!gmtime_r(&now, &tm) || strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		stamp[0] = '\0';
	if (json) {
		emit_object(&e);
		emit_key(&e, "level");
		emit_string(&e, "error");
		emit_key(&e, "msg");
		emit_string(&e, text);
		emit_key(&e, "time");
		emit_string(&e, stamp);
		emit_object_end(&e);
	} else {
		buf_addf(&line, "%s: %s", stamp, text);
	}
	buf_addc(&line, '\n');
	if (buf_status(&line) == 0)
		write_line(path, flags, line.data, line.len);
}

void tell_log(const char *path, bool json, const char *text)
{
	log_line(path, O_CREAT, json, text); /* as the runtimes themselves open it */
}

static bool is_told_nowhere(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* The words of a process's command line; they point into `text`. */
static int split(char *text, size_t len, char *words[WORDS_MAX + 1])
{
	int n = 0;

	for (size_t at = 0; at < len && n < WORDS_MAX; at += strlen(text + at) + 1)
		words[n++] = text + at;
	words[n] = NULL;
	return n;
}

static void tell_log_of(pid_t runtime, const char *text)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *line = NULL;
	char *words[WORDS_MAX + 1];
	struct runtime_args args = { 0 };
	struct err ignored = { 0 };
	char path[64];
	size_t len;
	int n;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)runtime);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, path, COMMAND_LINE_MAX, &line, &len, &ignored) < 0)
		return;
	n = split(line, len, words);
	/* It is there already, since the runtime has opened it. */
	if (n > 0 && runtime_args_parse(&n, words, &args, &ignored) == 0 && args.log)
		log_line(args.log, O_NOFOLLOW, args.log_json, text);
	runtime_args_done(&args);
}

void tell_runtime(const char *text)
{
	_cleanup_buf_ struct buf line = { 0 };
	pid_t runtime = getppid();
	char path[64];

	if (runtime <= 1 || !is_told_nowhere())
		return;
	buf_addf(&line, "%s\n", text);
	if (buf_status(&line) < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/2", (int)runtime);
	write_line(path, 0, line.data, line.len);
	tell_log_of(runtime, text);
}
