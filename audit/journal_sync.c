/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.systemd.Journal.Synchronize.
 *
 * MUST NOT wait longer than it was told to, whatever journald does.
 */
#include "audit/journal_sync.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "audit/stamp.h"

/* An answer to this call has no parameters; an error has a name and few. */
#define ANSWER_MAX 4096

static const char call[] = "{\"method\":\"io.systemd.Journal.Synchronize\",\"parameters\":{}}";

struct exchange {
	int fd;
	uint64_t deadline_usec;
	const char *socket;
};

/* 0: ready for `events`. */
static int wait_for(const struct exchange *x, short events, struct err *err)
{
	for (;;) {
		uint64_t now = stamp_now_monotonic();
		struct pollfd p = { .fd = x->fd, .events = events };
		int n;

		if (now >= x->deadline_usec)
			return err_system(err, ETIMEDOUT,
					  "journald at %s does not answer (is it stopped?)",
					  Q(x->socket));
		n = poll(&p, 1, (int)((x->deadline_usec - now) / 1000) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, "cannot wait for journald");
	}
}

static int connect_to(struct exchange *x, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(x->socket);

	if (len >= sizeof(to.sun_path))
		return err_errno(err, ENAMETOOLONG, "no journald at %s", Q(x->socket));
	memcpy(to.sun_path, x->socket, len + 1);
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd < 0)
		return err_errno(err, errno, "cannot make a socket for journald");
	/* EAGAIN: its queue of connections is full, since it takes none. */
	while (connect(x->fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		if (errno == EINTR)
			continue;
		return err_errno(err, errno == EAGAIN ? ETIMEDOUT : errno,
				 "journald at %s does not take the call to synchronize",
				 Q(x->socket));
	}
	return 0;
}

/* A message ends with a NUL, which the array has. */
static int send_call(const struct exchange *x, struct err *err)
{
	size_t at = 0;

	while (at < sizeof(call)) {
		ssize_t n = send(x->fd, call + at, sizeof(call) - at, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			at += (size_t)n;
			continue;
		}
		if (errno != EINTR && errno != EAGAIN)
			return err_errno(err, errno, "cannot call journald at %s", Q(x->socket));
		r = wait_for(x, POLLOUT, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_answer(const struct exchange *x, char answer[ANSWER_MAX], struct err *err)
{
	size_t len = 0;

	for (;;) {
		ssize_t n;
		int r = wait_for(x, POLLIN, err);

		if (r < 0)
			return r;
		n = recv(x->fd, answer + len, ANSWER_MAX - len, 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read what journald answers");
		if (n == 0)
			return err_system(err, ECONNRESET, "journald went before it answered");
		if (memchr(answer + len, '\0', (size_t)n))
			return 0;
		len += (size_t)n;
		if (len == ANSWER_MAX)
			return err_system(err, EPROTO, "journald answers without an end");
	}
}

int journal_sync_at(const char *socket, uint64_t timeout_usec, struct err *err)
{
	struct exchange x = { .fd = -1,
			      .deadline_usec = stamp_now_monotonic() + timeout_usec,
			      .socket = socket };
	char answer[ANSWER_MAX];
	int r;

	r = connect_to(&x, err);
	r = r < 0 ? r : send_call(&x, err);
	r = r < 0 ? r : read_answer(&x, answer, err);
	closep(&x.fd);
	/* Only an error has that member; no other text of an answer is anybody's but journald's. */
	if (r == 0 && strstr(answer, "\"error\""))
		r = err_system(err, EPROTO, "journald does not synchronize: %s", Q(answer));
	return r;
}

int journal_sync(const struct keeping *keeping, uint64_t timeout_usec, struct err *err)
{
	char path[108];

	if (!keeping->journal_namespace)
		return journal_sync_at("/run/systemd/journal/io.systemd.journal", timeout_usec,
				       err);
	(void)snprintf(path, sizeof(path), "/run/systemd/journal.%s/io.systemd.journal",
		       keeping->journal_namespace);
	return journal_sync_at(path, timeout_usec, err);
}
