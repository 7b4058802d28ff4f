/* SPDX-License-Identifier: Apache-2.0 */
/*
 * K_0 until the auditor has it.
 *
 * MUST be on disk before a record is written under K_1: it cannot be made again.
 */
#include "audit/first_key.h"

#include <errno.h>
#include <fcntl.h>
#include "lib/file.h"
#include "lib/strv.h"

#define PREFIX     "first-key-"
#define NAME_SIZE  (sizeof(PREFIX) - 1 + KEY_ID_HEX)
#define TEXT_BYTES ((size_t)SHA256_HEX) /* the digits and a line feed */
#define LIST_MAX   64

static const char *file_name(char out[NAME_SIZE], const char *id)
{
	(void)snprintf(out, NAME_SIZE, PREFIX "%s", id);
	return out;
}

int first_key_store(int dirfd, const struct key *first, struct err *err)
{
	char name[NAME_SIZE], id[KEY_ID_HEX], text[TEXT_BYTES + 1];
	int r;

	key_id(id, first);
	hex_encode(text, first->bytes, sizeof(first->bytes));
	text[TEXT_BYTES - 1] = '\n';
	r = file_write_atomic(dirfd, file_name(name, id), text, TEXT_BYTES, 0600, (uid_t)-1,
			      (gid_t)-1, true, err);
	explicit_bzero(text, sizeof(text));
	return r;
}

int first_key_list(int dirfd, char ***ret, size_t *ret_n, struct err *err)
{
	_cleanup_close_ int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	uint8_t id[(KEY_ID_HEX - 1) / 2];
	int r = 0;

	if (!dir)
		return err_errno(err, errno, "cannot list the ledger's directory");
	(void)take_fd(&fd); /* closedir() closes it */
	for (const struct dirent *d; r == 0 && *ret_n < LIST_MAX && (d = readdir(dir));) {
		const char *rest = d->d_name + sizeof(PREFIX) - 1;

		if (starts_with(d->d_name, PREFIX) &&
		    hex_decode(id, sizeof(id), rest, strlen(rest)))
			r = strv_add(ret, ret_n, rest, err);
	}
	strv_sort_unique(*ret, ret_n);
	return r;
}

int first_key_read(int dirfd, const char *id, struct key *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char name[NAME_SIZE], is[KEY_ID_HEX];
	size_t len = 0;
	bool good;
	int r;

	r = file_read(dirfd, file_name(name, id), TEXT_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	good = len == TEXT_BYTES && key_parse(ret, text, len - 1);
	explicit_bzero(text, len);
	if (good)
		key_id(is, ret);
	if (!good || !streq(is, id))
		return err_system(err, EBADMSG, "%s does not hold the key that it is named after",
				  Q(name));
	return 0;
}

int first_key_erase(int dirfd, const char *id, struct err *err)
{
	static const char zeros[TEXT_BYTES];
	char name[NAME_SIZE];
	_cleanup_close_ int fd =
		openat(dirfd, file_name(name, id), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_errno(err, errno, "cannot open %s", Q(name));
	r = fd_write_all(fd, name, zeros, sizeof(zeros), err);
	if (r == 0 && fsync(fd) < 0)
		r = err_errno(err, errno, "cannot erase %s", Q(name));
	if (r == 0 && unlinkat(dirfd, name, 0) < 0)
		r = err_errno(err, errno, "cannot remove %s", Q(name));
	return r;
}
