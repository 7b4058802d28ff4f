/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Send entries to journald.
 *
 * MUST NOT block, whatever state journald is in.
 * MUST NOT say that an entry was sent where the kernel did not take it.
 */
#include "audit/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int address(const char *path, struct sockaddr_un *ret)
{
	size_t len = strlen(path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, len + 1);
	return 0;
}

int journal_open(const char *path, struct journal *ret, uint64_t *ret_id, struct err *err)
{
	struct stat st;
	int fd;

	*ret = (struct journal){ .fd = -1, .path = path };
	*ret_id = 0;
	if (stat(path, &st) < 0)
		return err_errno(err, errno, "no journal at %s", Q(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, errno, "cannot make a socket for the journal");
	ret->fd = fd;
	/* An inode number is used again at once on tmpfs: the time it was made tells them apart. */
	*ret_id = (uint64_t)st.st_ino ^ ((uint64_t)st.st_ctim.tv_sec << 32) ^
		  ((uint64_t)st.st_ctim.tv_nsec << 2) ^ 1;
	return 0;
}

void journal_close(struct journal *journal)
{
	closep(&journal->fd);
	journal->fd = -1;
}

static int send_message(const struct journal *journal, struct msghdr message)
{
	struct sockaddr_un to;
	int r = address(journal->path, &to);

	if (r < 0)
		return r;
	message.msg_name = &to;
	message.msg_namelen = sizeof(to);
	while (sendmsg(journal->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int fill_memfd(int fd, const char *entry, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, entry, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		entry += n;
		len -= (size_t)n;
	}
	/* journald maps it: unsealed, it could be shortened under its eyes, and it refuses that. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return 0;
}

/* An entry that no datagram holds goes as a descriptor. */
static int send_memfd(const struct journal *journal, const char *entry, size_t len)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	_cleanup_close_ int fd =
		memfd_create("coaming-journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = fill_memfd(fd, entry, len);
	if (r < 0)
		return r;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return send_message(journal, message);
}

int journal_send(const struct journal *journal, const char *entry, size_t len, struct err *err)
{
	struct iovec piece = { .iov_base = (void *)(uintptr_t)entry, .iov_len = len };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	int r;

	if (journal->fd < 0)
		return err_system(err, ENOTCONN, "no journal at %s", Q(journal->path));
	r = send_message(journal, message);
	if (r == -EMSGSIZE || r == -ENOBUFS)
		r = send_memfd(journal, entry, len);
	if (r < 0)
		return err_errno(err, -r, "the journal at %s did not take the entry",
				 Q(journal->path));
	return 0;
}
