/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that run without an admission.
 *
 * What is recorded is noted by a file in stateDir, which a boot empties.
 */
#include "cli/attest_gaps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <time.h>

#include "audit/coverage.h"
#include "audit/evidence.h"
#include "hooks/live.h"
#include "lib/file.h"
#include "lib/strv.h"

#define GROUPS "/sys/fs/cgroup"
/* A runtime has come to createRuntime by then. */
#define UNMADE_SECONDS 60

struct gaps {
	const struct host *host;
	char **ids; /* of no decision that the live files tell of */
	size_t n;
};

static void gaps_done(struct gaps *gaps)
{
	strv_free(&gaps->ids, &gaps->n);
}

/* ---- who is there ---- */

static int note(void *arg, const char *id, struct err *err)
{
	_cleanup_live_ struct live live = { 0 };
	struct err ignored = { 0 };
	struct gaps *gaps = arg;
	char whole[COVERAGE_ID_LEN + 1];

	(void)snprintf(whole, sizeof(whole), "%.*s", COVERAGE_ID_LEN, id);
	if (strv_contains(gaps->ids, gaps->n, whole))
		return 0;
	/* An admission that no createRuntime followed: somebody took coaming's hooks out. */
	if (live_read(gaps->host->state_dir, whole, &live, &ignored) == 0 &&
	    (live.state == LIVE_CREATED || time(NULL) - live.time < UNMADE_SECONDS))
		return 0;
	return strv_add(&gaps->ids, &gaps->n, whole, err);
}

/* ---- what the records say ---- */

static int read_records(const struct host *host, struct tally **ret, struct err *err)
{
	_cleanup_sources_ struct sources sources = { 0 };
	const struct tally_options options = { 0 };
	struct harvest_notes notes;
	int r;

	r = sources_add_host(&sources, err);
	if (r < 0)
		return r;
	sources_sort(&sources);
	r = tally_new(&options, ret, err);
	return r < 0 ? r : harvest(*ret, &sources, host->audit_dir, NULL, 0, &notes, err);
}

static bool was_admitted_alone(const struct host *host, const char *id)
{
	_cleanup_live_ struct live live = { 0 };
	struct err ignored = { 0 };

	return live_read(host->state_dir, id, &live, &ignored) == 0;
}

/* ---- once a boot ---- */

static int open_marks(const struct host *host, int *ret, struct err *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/gaps", host->state_dir);
	return dir_make_open(path, 0700, ret, err);
}

/* Of containers that have gone. */
static void remove_old_marks(int dirfd, const struct gaps *gaps)
{
	_cleanup_(closedirp) DIR *dir = fdopendir(fcntl(dirfd, F_DUPFD_CLOEXEC, 3));

	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
		if (entry->d_name[0] != '.' && !strv_contains(gaps->ids, gaps->n, entry->d_name))
			(void)unlinkat(dirfd, entry->d_name, 0);
	}
}

static int keep_record(const struct host *host, const char *id, const char *why, struct err *err)
{
	_cleanup_record_ struct record record = { 0 };
	struct err doubt = { 0 };
	enum kept kept;
	int r;

	r = record_start(&record, EVENT_GAP, err);
	if (r == 0)
		r = record_addf(&record, err, "MESSAGE", "container %.12s runs and %s", id, why);
	if (r == 0)
		r = record_addn(&record, "CONTAINER_ID", id, 12, err);
	if (r == 0)
		r = record_add(&record, "CONTAINER_ID_FULL", id, err);
	if (r == 0)
		r = record_add(&record, "CONTAINER_NAME", id, err);
	if (r == 0)
		r = record_add(&record, "COAMING_STAGE", "attest", err);
	if (r == 0)
		r = record_add(&record, "COAMING_GAP_REASON", RECORD_GAP_UNADMITTED, err);
	if (r == 0)
		r = record_add(&record, "COAMING_REASON", why, err);
	if (r < 0)
		return r;
	r = evidence_keep(&host->keeping, &record, FOR_INFORMATION, &kept, &doubt);
	if (r < 0)
		*err = doubt;
	return r;
}

static bool is_marked(int marks, const char *id)
{
	return faccessat(marks, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int record_once(const struct host *host, int marks, const char *id, const char *why,
		       struct err *err)
{
	_cleanup_close_ int mark = -1;
	int r;

	if (is_marked(marks, id))
		return 0;
	r = keep_record(host, id, why, err);
	if (r < 0)
		return r;
	mark = openat(marks, id, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return mark < 0 && errno != EEXIST
		       ? err_errno(err, errno, "cannot write stateDir/gaps/%s", id)
		       : 0;
}

/* The records are read only where somebody is unknown: it takes its time. */
static int is_decided(const struct gaps *gaps, struct tally **tally, const char *id, bool *ret,
		      struct err *err)
{
	int r = *tally ? 0 : read_records(gaps->host, tally, err);

	if (r == 0)
		*ret = tally_has_decided(*tally, tally_container(id, COVERAGE_ID_LEN));
	return r;
}

static int tell_one(const struct gaps *gaps, int marks, const char *id, struct tally **tally,
		    struct emit *emit, size_t *n, struct err *err)
{
	bool unmade = was_admitted_alone(gaps->host, id), decided = false;
	const char *why = unmade ? "its createRuntime hook never came, so that nothing of it was "
				   "proved"
				 : "there is no decision on it";
	int r = 0;

	if (!unmade && !is_marked(marks, id))
		r = is_decided(gaps, tally, id, &decided, err);
	if (r < 0 || decided)
		return r;
	(*n)++;
	if (emit)
		emit_string(emit, id);
	else
		printf("%.12s: it runs and %s\n", id, why);
	return record_once(gaps->host, marks, id, why, err);
}

static int tell_all(const struct gaps *gaps, struct emit *emit, size_t *n, struct err *err)
{
	_cleanup_tally_ struct tally *tally = NULL;
	_cleanup_close_ int marks = -1;
	int r = open_marks(gaps->host, &marks, err);

	for (size_t i = 0; r == 0 && i < gaps->n; i++)
		r = tell_one(gaps, marks, gaps->ids[i], &tally, emit, n, err);
	if (r == 0)
		remove_old_marks(marks, gaps);
	return r;
}

int attest_gaps(const struct host *host, struct emit *emit, size_t *ret, struct err *err)
{
	_cleanup_(gaps_done) struct gaps gaps = { .host = host };
	int r;

	*ret = 0;
	if (emit) {
		emit_key(emit, "gaps");
		emit_array(emit);
	}
	r = coverage_walk(GROUPS, note, &gaps, err);
	if (r == 0)
		r = tell_all(&gaps, emit, ret, err);
	if (emit)
		emit_array_end(emit);
	return r;
}
