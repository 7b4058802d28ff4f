/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a journal file sealed? A bit of its header says so.
 *
 * Source: https://systemd.io/JOURNAL_FILE_FORMAT, "Header"
 */
#include "cli/seal.h"

#include <endian.h>
#include <fcntl.h>
#include <fts.h>
#include "lib/err.h"

#define COMPATIBLE_SEALED 1

static void count_file(const char *path, uint64_t *sealed, uint64_t *unsealed)
{
	_cleanup_close_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct {
		char signature[8];
		uint32_t compatible;
	} header;

	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    memcmp(header.signature, "LPKSHHRH", sizeof(header.signature)) != 0)
		return;
	if (le32toh(header.compatible) & COMPATIBLE_SEALED)
		(*sealed)++;
	else
		(*unsealed)++;
}

void seal_count(const char *directory, uint64_t *ret_sealed, uint64_t *ret_unsealed)
{
	char given[4096], *const host[] = { "/var/log/journal", "/run/log/journal", NULL };
	char *const one[] = { given, NULL };
	FTS *fts;

	*ret_sealed = *ret_unsealed = 0;
	(void)snprintf(given, sizeof(given), "%s", directory ? directory : "");
	fts = fts_open(directory ? one : host, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return;
	for (FTSENT *f; (f = fts_read(fts));) {
		size_t len = f->fts_namelen, suffix = strlen(".journal");

		if (f->fts_info == FTS_F && len > suffix &&
		    streq(f->fts_name + len - suffix, ".journal"))
			count_file(f->fts_accpath, ret_sealed, ret_unsealed);
	}
	(void)fts_close(fts);
}
