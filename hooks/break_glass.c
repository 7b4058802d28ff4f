/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break-glass as it is kept.
 *
 * MUST NOT hold open what is not root's, what cannot be read whole, or what is over.
 */
#include "hooks/break_glass.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>

#include "audit/actor.h"
#include "audit/evidence.h"
#include "audit/stamp.h"
#include "hooks/outcome.h"
#include "lib/file.h"
#include "lib/hash.h"

#define FILE_MAX ((size_t)64 << 10)
/* Of a part that is recorded for programs; reports read no longer ones. */
#define PART_MAX 1000

void break_glass_describe(const struct break_glass *glass, struct buf *out)
{
	char stamp[STAMP_SIZE];

	buf_addf(out, "%s until %s for %s, by %s: %s", glass->id,
		 stamp_format(stamp, glass->until_realtime_usec),
		 glass->match[0] ? glass->match : "every container", glass->who, glass->reason);
}

int record_break_glass(struct record *record, const char *text, struct err *err)
{
	if (!text)
		return 0;
	record_raise(record, LOG_CRIT);
	return record_add(record, "COAMING_BREAK_GLASS", text, err);
}

/* ---- now ---- */

static_assert(BREAK_GLASS_BOOT_ID_LEN + 1 == BOOT_ID_SIZE, "the same text");

static void read_clocks(struct break_glass_time *ret)
{
	struct timespec boot = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	ret->boot_usec = (uint64_t)boot.tv_sec * 1000000 + (uint64_t)boot.tv_nsec / 1000;
	ret->realtime_usec = stamp_now();
	record_boot_id(ret->boot_id);
}

/* ---- the file ---- */

static void file_path(const struct host *host, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", host->state_dir, BREAK_GLASS_FILE);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int load(const char *path, struct break_glass *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	size_t len;
	int r;

	r = file_read_trusted(path, FILE_MAX, &text, &len, err);
	if (r == 0)
		r = doc_parse(&doc, path, text, len, err);
	return r < 0 ? r : break_glass_parse(doc, ret, err);
}

int break_glass_read(const struct host *host, struct break_glass *ret,
		     enum break_glass_state *ret_state, struct err *err)
{
	struct break_glass_time now;
	char path[PATH_MAX];
	int r;

	*ret_state = BREAK_GLASS_NONE;
	file_path(host, path);
	if (!is_there(path))
		return 0;
	r = load(path, ret, err);
	if (r == -ENOENT) { /* it has gone meanwhile */
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	read_clocks(&now);
	*ret_state = break_glass_holds(ret, &now, host->break_glass.max_minutes) ? BREAK_GLASS_OPEN
										 : BREAK_GLASS_OVER;
	return 0;
}

/* Whoever changes the file holds the directory's lock. */
static int lock(const struct host *host, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = dir_make_open(host->state_dir, 0755, &fd, err);
	if (r < 0)
		return r;
	if (flock(fd, LOCK_EX) < 0)
		return err_errno(err, errno, "cannot lock %s", Q(host->state_dir));
	*ret_fd = take_fd(&fd);
	return 0;
}

static int write_file(int dirfd, const struct break_glass *glass, struct err *err)
{
	_cleanup_buf_ struct buf text = { 0 };

	break_glass_write(glass, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return file_write_atomic(dirfd, BREAK_GLASS_FILE, text.data, text.len, 0600, (uid_t)-1,
				 (gid_t)-1, false, err);
}

/* ---- records ---- */

/* The parts of the one text, for programs. */
static int record_parts(struct record *record, const struct break_glass *glass, struct err *err)
{
	char stamp[STAMP_SIZE];
	int r;

	r = record_add(record, "COAMING_BREAK_GLASS_ID", glass->id, err);
	r = r < 0 ? r
		  : record_add(record, "COAMING_BREAK_GLASS_UNTIL",
			       stamp_format(stamp, glass->until_realtime_usec), err);
	if (r == 0 && glass->match[0])
		r = record_addf(record, err, "COAMING_BREAK_GLASS_MATCH", "%.*s", PART_MAX,
				glass->match);
	r = r < 0 ? r
		  : record_addf(record, err, "COAMING_BREAK_GLASS_WHO", "%.*s", PART_MAX,
				glass->who);
	return r < 0 ? r
		     : record_addf(record, err, "COAMING_BREAK_GLASS_REASON", "%.*s", PART_MAX,
				   glass->reason);
}

/* verb: "opened", "ended", "expired" */
static int keep(const struct host *host, const struct break_glass *glass, const char *verb,
		enum purpose purpose, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	struct err doubt = { 0 };
	enum kept kept;
	int r;

	break_glass_describe(glass, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	r = record_start(&record, EVENT_POLICY, err);
	r = r < 0 ? r : record_break_glass(&record, text.data, err);
	r = r < 0 ? r : record_parts(&record, glass, err);
	r = r < 0 ? r : record_addf(&record, err, "COAMING_REASON", "break-glass-%s", verb);
	r = r < 0 ? r : record_addf(&record, err, "MESSAGE", "break-glass %s: %s", verb, text.data);
	r = r < 0 ? r : actor_add(&record, err);
	if (r < 0)
		return r;
	r = evidence_keep(&host->keeping, &record, purpose, &kept, &doubt);
	if (r < 0)
		*err = doubt;
	return r;
}

/* ---- opening ---- */

static const char *actor_field(const struct record *record, const char *name)
{
	const char *value = record_get(record, name);

	return value ? value : "unknown";
}

static int find_who(char **ret, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	int r = actor_add(&record, err);

	if (r < 0)
		return r;
	if (asprintf(ret, "login uid %.40s, session %.40s, %.800s",
		     actor_field(&record, "COAMING_ACTOR_LOGINUID"),
		     actor_field(&record, "COAMING_ACTOR_SESSION"),
		     actor_field(&record, "COAMING_ACTOR_CHAIN")) < 0) {
		*ret = NULL;
		return err_oom(err);
	}
	return 0;
}

static int fill(uint64_t minutes, struct break_glass *glass, struct err *err)
{
	const uint64_t span_usec = minutes * 60 * 1000000;
	uint8_t id[BREAK_GLASS_ID_LEN / 2];
	int r;

	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return err_errno(err, errno, "no random number for an id");
	glass->id = malloc(BREAK_GLASS_ID_LEN + 1);
	if (!glass->id)
		return err_oom(err);
	hex_encode(glass->id, id, sizeof(id));
	read_clocks(&glass->from);
	glass->until_realtime_usec = glass->from.realtime_usec + span_usec;
	glass->until_boot_usec = glass->from.boot_usec + span_usec;
	r = find_who(&glass->who, err);
	if (r == 0 && !break_glass_holds(glass, &glass->from, BREAK_GLASS_MINUTES_MAX))
		r = err_system(err, ENODATA,
			       "the kernel does not tell the boot's id: break-glass could not be "
			       "ended by a reboot");
	return r;
}

static int check_bounds(const struct host *host, uint64_t minutes, struct err *err)
{
	const uint64_t max = host->break_glass.max_minutes;

	if (max == 0)
		return err_refuse(err, EPERM,
				  "\"maxMinutes\" of \"breakGlass\" in %s is 0: this host has none",
				  host->file ? host->file : "the host configuration");
	if (minutes == 0 || minutes > max)
		return err_input(err, ERANGE, "it may be open for 1 to %llu minutes on this host",
				 (unsigned long long)max);
	return 0;
}

static int check_none_open(const struct host *host, struct err *err)
{
	_cleanup_break_glass_ struct break_glass old = { 0 };
	_cleanup_buf_ struct buf text = { 0 };
	enum break_glass_state state = BREAK_GLASS_NONE;
	int r = break_glass_read(host, &old, &state, err);

	if (r < 0) {
		err_context(err, "mend or remove it");
		return r;
	}
	if (state != BREAK_GLASS_OPEN)
		return state == BREAK_GLASS_OVER ? keep(host, &old, "expired", FOR_INFORMATION, err)
						 : 0;
	break_glass_describe(&old, &text);
	if (buf_status(&text) < 0)
		return err_oom(err);
	return err_refuse(err, EEXIST, "one is open already (end it first, --end): %s", text.data);
}

int break_glass_open(const struct host *host, uint64_t minutes, struct break_glass *glass,
		     struct err *err)
{
	_cleanup_close_ int dirfd = -1;
	struct err ignored = { 0 };
	int r;

	r = check_bounds(host, minutes, err);
	if (r == 0)
		r = lock(host, &dirfd, err);
	if (r == 0)
		r = check_none_open(host, err);
	if (r == 0)
		r = fill(minutes, glass, err);
	if (r == 0)
		r = keep(host, glass, "opened", FOR_START, err);
	if (r < 0)
		return r;
	r = write_file(dirfd, glass, err);
	if (r < 0)
		(void)keep(host, glass, "ended", FOR_INFORMATION, &ignored);
	return r;
}

/* ---- its end ---- */

/* expired_only: not one that is open. Closed first: what cannot be recorded ends all the same. */
static int end(const struct host *host, bool expired_only, struct err *err)
{
	char path[PATH_MAX];
	_cleanup_break_glass_ struct break_glass glass = { 0 };
	_cleanup_close_ int dirfd = -1;
	enum break_glass_state state = BREAK_GLASS_NONE;
	int r;

	file_path(host, path);
	if (!is_there(path))
		return -ENOENT;
	r = lock(host, &dirfd, err);
	if (r == 0)
		r = break_glass_read(host, &glass, &state, err);
	if (r < 0)
		return r;
	if (state == BREAK_GLASS_NONE || (expired_only && state == BREAK_GLASS_OPEN))
		return -ENOENT;
	if (unlinkat(dirfd, BREAK_GLASS_FILE, 0) < 0)
		return err_errno(err, errno, "cannot remove %s in %s", BREAK_GLASS_FILE,
				 Q(host->state_dir));
	return keep(host, &glass, state == BREAK_GLASS_OPEN ? "ended" : "expired", FOR_INFORMATION,
		    err);
}

int break_glass_end(const struct host *host, struct err *err)
{
	return end(host, false, err);
}

void break_glass_expire(const struct host *host)
{
	struct err err = { 0 };
	int r = end(host, true, &err);

	if (r < 0 && r != -ENOENT)
		outcome_warn("break-glass is over", &err);
}
