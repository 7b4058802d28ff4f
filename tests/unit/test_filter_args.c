/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles/filter_args.c, held to the running kernel: tracefs tells the C types of the arguments
 * of each system call as its function declares them. A kernel that does not tell them is skipped.
 */
#include "profiles/filter_args.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <unistd.h>
#include <cmocka.h>

#define FORMAT_MAX 8192

/* tracefs without a place in any tree: nothing is left behind. -1 where there is none. */
static int open_events(void)
{
	int fs = fsopen("tracefs", FSOPEN_CLOEXEC), mount = -1, events = -1;

	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mount >= 0)
		events = openat(mount, "events/syscalls", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount >= 0)
		close(mount);
	if (fs >= 0)
		close(fs);
	return events;
}

/* Some functions of the kernel have not the name that the call has. */
static const char *call_of(const char *event)
{
	static const char *const others[][2] = {
		{ "newfstat", "fstat" }, { "newlstat", "lstat" },      { "newstat", "stat" },
		{ "newuname", "uname" }, { "sendfile64", "sendfile" }, { "umount", "umount2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (streq(event, others[i][0]))
			return others[i][1];
	}
	return event;
}

/* Of "const unsigned int flags" what counts: the type without its qualifier and the name. */
static uint64_t bits_of(char *field)
{
	static const char *const of_32_bits[] = {
		"__s32",
		"__u32",
		"clockid_t",
		"gid_t",
		"int",
		"key_serial_t",
		"key_t",
		"mqd_t",
		"pid_t",
		"qid_t",
		"rwf_t",
		"timer_t",
		"u32",
		"uid_t",
		"unsigned",
		"unsigned int",
		"enum landlock_rule_type",
	};
	char *name = strrchr(field, ' ');

	if (!name || strchr(field, '*'))
		return UINT64_MAX;
	*name = '\0';
	if (strncmp(field, "const ", 6) == 0)
		field += 6;
	if (streq(field, "umode_t"))
		return UINT16_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(of_32_bits); i++) {
		if (streq(field, of_32_bits[i]))
			return UINT32_MAX;
	}
	return UINT64_MAX;
}

struct count {
	size_t calls, cut, unused;
};

static void compare(const char *event, char *format, struct count *count)
{
	static const char key[] = "field:";
	const char *call = call_of(event);
	char *at = strstr(format, "__syscall_nr");
	bool cut = false;

	assert_non_null(at);
	for (uint32_t i = 0; i < 6 && (at = strstr(at, key)); i++) {
		char *field = at + strlen(key), *end = strchr(field, ';');
		uint64_t kernel, ours = filter_arg_bits(call, i);

		assert_non_null(end);
		*end = '\0';
		at = end + 1;
		kernel = bits_of(field);
		/* clone() says unsigned long, and takes lower_32_bits(). */
		if (streq(call, "clone") && i == 0)
			kernel = UINT32_MAX;
		if (ours < kernel)
			fail_msg("%s: argument %u (%s) is not cut to %#llx", call, i, field,
				 (unsigned long long)ours);
		count->unused += kernel < ours;
		cut = cut || ours != UINT64_MAX;
	}
	count->calls++;
	count->cut += cut;
}

static void read_format(int events, const char *name, char out[FORMAT_MAX])
{
	char path[300];
	ssize_t n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/format", name);
	fd = openat(events, path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t len = 0;; len += (size_t)n) {
		n = read(fd, out + len, FORMAT_MAX - 1 - len);
		assert_true(n >= 0);
		out[len + (size_t)n] = '\0';
		if (n == 0)
			break;
	}
	close(fd);
}

static void the_kernel_agrees(void **state)
{
	static const char prefix[] = "sys_enter_";
	int events = open_events();
	struct count count = { 0 };
	const struct dirent *entry;
	DIR *dir;

	if (events < 0) {
		print_message("tracefs cannot be had here: %s\n", strerror(errno));
		skip();
	}
	dir = fdopendir(events);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char format[FORMAT_MAX];

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		read_format(events, entry->d_name, format);
		compare(entry->d_name + strlen(prefix), format, &count);
	}
	closedir(dir);
	print_message("%zu system calls, %zu with arguments that are cut; %zu more arguments of "
		      "this kernel are\n",
		      count.calls, count.cut, count.unused);
	/* A table that is not sorted loses its rows. */
	assert_true(count.cut > 200);
}

/* What the types do not say, and what a reader of the table may get wrong. */
static void samples(void **state)
{
	static const struct {
		const char *call;
		uint32_t index;
		uint64_t bits;
	} sample[] = {
		{ "accept", 0, UINT32_MAX },      { "write", 0, UINT32_MAX },
		{ "write", 2, UINT64_MAX },       { "socket", 0, UINT32_MAX },
		{ "socket", 2, UINT32_MAX },      { "socket", 3, UINT64_MAX },
		{ "personality", 0, UINT32_MAX }, { "prctl", 0, UINT32_MAX },
		{ "prctl", 1, UINT64_MAX },       { "ioctl", 1, UINT32_MAX },
		{ "ioctl", 2, UINT64_MAX },       { "keyctl", 0, UINT32_MAX },
		{ "keyctl", 1, UINT64_MAX },      { "ptrace", 0, UINT64_MAX },
		{ "mmap", 2, UINT64_MAX },        { "mmap", 4, UINT64_MAX },
		{ "mprotect", 2, UINT64_MAX },    { "mount", 3, UINT64_MAX },
		{ "unshare", 0, UINT64_MAX },     { "readv", 0, UINT64_MAX },
		{ "clone3", 1, UINT64_MAX },      { "openat", 2, UINT32_MAX },
		{ "openat", 3, UINT16_MAX },      { "lseek", 1, UINT64_MAX },
		{ "frobnicate", 0, UINT64_MAX },  { "", 0, UINT64_MAX },
		{ "socket", 6, UINT64_MAX },
#ifdef __s390x__
		{ "clone", 0, UINT64_MAX },       { "clone", 1, UINT32_MAX },
#else
		{ "clone", 0, UINT32_MAX },       { "clone", 1, UINT64_MAX },
#endif
	};

	for (size_t i = 0; i < ARRAY_SIZE(sample); i++) {
		if (filter_arg_bits(sample[i].call, sample[i].index) != sample[i].bits)
			fail_msg("%s, argument %u", sample[i].call, sample[i].index);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_agrees),
		cmocka_unit_test(samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
