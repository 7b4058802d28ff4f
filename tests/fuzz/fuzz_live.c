/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that is kept of a container while it lives. What is read and written again reads as the
 * same.
 */
#include "hooks/live.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/hash.h"
#include "tests/fuzz/fuzz.h"

#define ID "c1"

static void put(const char *dir, const uint8_t *data, size_t size)
{
	_cleanup_close_ int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char hash[SHA256_HEX], name[100];

	sha256_hex1(hash, ID, strlen(ID));
	(void)snprintf(name, sizeof(name), "containers/%s.json", hash);
	must(dirfd >= 0 && mkdirat(dirfd, "containers", 0700) == 0);
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

static bool text_equal(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static void check(const char *dir, const struct live *live)
{
	struct live again = { 0 };
	struct err err = { 0 };

	must(streq(live->identity.id, ID));
	must_succeed(live_write(dir, live, &err), &err);
	must_succeed(live_read(dir, ID, &again, &err), &err);
	must(text_equal(live->identity.name, again.identity.name));
	must(text_equal(live->identity.image, again.identity.image));
	must(text_equal(live->identity.engine, again.identity.engine));
	must(text_equal(live->bundle, again.bundle));
	must(live->state == again.state && live->mode == again.mode && live->pid == again.pid);
	must(live->start_time == again.start_time && live->netns == again.netns);
	must(live->time == again.time && live->firewall == again.firewall);
	must(text_equal(live->break_glass, again.break_glass));
	must(text_equal(live->exempt, again.exempt));
	must(!live->exempt || (live->exempt[0] && live->n_profiles == 0 && !live->break_glass));
	must(live->by_precreate == again.by_precreate);
	must(live->restored == again.restored && live->kill_on_drift == again.kill_on_drift);
	must(streq(live->config_digest, again.config_digest));
	must(streq(live->firewall_digest, again.firewall_digest));
	must(live->attested.time == again.attested.time);
	must(text_equal(live->attested.result, again.attested.result));
	must(streq(live->attested.digest, again.attested.digest));
	must(streq(live->attested.findings, again.attested.findings));
	must(live->n_profiles == again.n_profiles);
	for (size_t i = 0; i < live->n_profiles; i++)
		must(streq(live->profiles[i], again.profiles[i]));
	live_done(&again);
}

static void clear(const char *dir)
{
	_cleanup_close_ int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = { 0 };

	must_succeed(live_remove(dir, ID, &err), &err);
	must(dirfd >= 0 && unlinkat(dirfd, "containers", AT_REMOVEDIR) == 0);
	must(rmdir(dir) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/dev/shm/coaming-fuzz.XXXXXX";
	struct live live = { 0 };
	struct err err = { 0 };
	int r;

	must(mkdtemp(dir));
	put(dir, data, size);
	r = live_read(dir, ID, &live, &err);
	if (r < 0)
		must_tell(r, &err);
	else
		check(dir, &live);
	live_done(&live);
	clear(dir);
	return 0;
}
