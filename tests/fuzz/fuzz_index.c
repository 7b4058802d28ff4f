/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of the profiles' selectors, which is mapped and used as it stands in the file.
 */
#include "profiles/match_index.h"

#include <fcntl.h>

#include "lib/strv.h"
#include "tests/fuzz/fuzz.h"

static void ask(const struct match_index *index)
{
	static const char *const pairs[][2] = { { "app", "shop" }, { "tier", "" }, { "x", "y" } };
	const int no_directories[] = { -1, -1 };
	const char *late;
	struct labels labels = { 0 };
	struct err err = { 0 };
	char **names = NULL;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		must_succeed(labels_set(&labels, pairs[i][0], pairs[i][1], LABEL_FROM_COMMAND, NULL,
					&err),
			     &err);
	r = match_index_candidates(index, &(struct metadata){ &labels, "nginx" }, &names, &n, &err);
	if (r < 0)
		must_tell(r, &err);
	for (size_t i = 1; i < n; i++)
		must(strcmp(names[i - 1], names[i]) < 0);
	(void)match_index_files_unchanged(index, no_directories, ARRAY_SIZE(no_directories), true,
					  &late);
	strv_free(&names, &n);
	labels_done(&labels);
}

/* With the right sum, or nothing behind it would be reached. */
static void write_index(int fd, const uint8_t *data, size_t size)
{
	uint64_t sum = match_index_sum(data, size);

	must(write(fd, data, size) == (ssize_t)size);
	if (size >= MATCH_SUM_AT + sizeof(sum))
		must(pwrite(fd, &sum, sizeof(sum), MATCH_SUM_AT) == (ssize_t)sizeof(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As in the files of the corpus. */
	const struct match_stamp stamp = { .digest = "stamp" };
	char dir[] = "/dev/shm/coaming-fuzz.XXXXXX";
	_cleanup_(match_index_free) struct match_index *index = NULL;
	_cleanup_close_ int dirfd = -1, fd = -1;

	must(mkdtemp(dir));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(dirfd >= 0);
	fd = openat(dirfd, "profiles.index", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0);
	write_index(fd, data, size);
	if (match_index_read(dirfd, &stamp, &index) == 0)
		ask(index);
	must(unlinkat(dirfd, "profiles.index", 0) == 0 && rmdir(dir) == 0);
	return 0;
}
