/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does journald keep what it is given: storage, level, rate, seal, a copy elsewhere, and whether
 * it answers.
 *
 * Source: journald.conf(5), systemd-journal-upload.service(8); the varlink interface
 * io.systemd.Journal of systemd-journald.service(8)
 */
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>

#include "audit/journal_sync.h"
#include "cli/below.h"
#include "cli/settings.h"

/* A journald that is well answers in milliseconds, on a slow disk in some hundred. */
#define ANSWER_WAIT_USEC     2000000
#define RATE_INTERVAL_USEC   30000000 /* journald's defaults */
#define RATE_BURST           10000
#define PRIORITY_OF_A_RECORD 5 /* the least that a record has, see event_priority() */

/* Where a setting stands, for a text. */
#define SET_IN(setting) ((setting) ? (setting)->file : "systemd's default")

/* ---- storage ---- */

enum storage { STORAGE_VOLATILE, STORAGE_PERSISTENT, STORAGE_AUTO, STORAGE_NONE };

static const char *const storages[] = { "volatile", "persistent", "auto", "none" };

static const struct advice keeps_none = {
	.why = "journald drops every record; only the ledger has them, and it cannot let go of any",
	.remedy = "set Storage=persistent in a drop-in of journald.conf(5), restart journald",
};
static const struct advice keeps_in_memory = {
	.why = "the journal is gone after a reboot, and with it all that people search",
	.remedy = "set Storage=persistent in a drop-in of journald.conf(5), restart journald",
};
static const struct advice no_files_yet = {
	.why = "nothing is kept until journald has made them",
	.remedy = "run journalctl --flush; look at what systemctl status systemd-journald says",
};

static int check_storage(struct doctor *d, const struct settings *s, struct err *err)
{
	size_t storage = d->namespace ? STORAGE_PERSISTENT : STORAGE_AUTO;
	const struct setting *at =
		settings_word(s, "Storage", storages, ARRAY_SIZE(storages), &storage);
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "/var/log/journal/%s%s%.64s", d->machine_id,
		       d->namespace ? "." : "", d->namespace ? d->namespace : "");
	if (storage == STORAGE_NONE)
		return doctor_add(d, FINDING_ERROR, "journal-storage", &keeps_none, err,
				  "the journal keeps nothing: Storage=none (%s)", SET_IN(at));
	if (storage == STORAGE_VOLATILE)
		return doctor_add(d, FINDING_ERROR, "journal-storage", &keeps_in_memory, err,
				  "the journal is kept in memory: Storage=volatile (%s)",
				  SET_IN(at));
	if (storage == STORAGE_AUTO && !below_exists(d->root_fd, "/var/log/journal"))
		return doctor_add(d, FINDING_ERROR, "journal-storage", &keeps_in_memory, err,
				  "the journal is kept in memory: Storage=auto (%s), and there is "
				  "no /var/log/journal",
				  SET_IN(at));
	if (!below_exists(d->root_fd, dir))
		return doctor_add(d, FINDING_WARNING, "journal-storage", &no_files_yet, err,
				  "the journal is to be kept on disk (%s), and there is no %s",
				  SET_IN(at), Q(dir));
	return doctor_add(d, FINDING_OK, "journal-storage", NULL, err,
			  "the journal is kept on disk, in %s", Q(dir));
}

/* ---- level ---- */

static const struct advice level_too_high = {
	.why = "an admission has the priority notice, an exemption warning: the journal drops them",
	.remedy = "set MaxLevelStore=debug, or notice, in a drop-in of journald.conf(5)",
};

/* The kernel's command line comes last; it is of the default journal only. */
static int level_of_command_line(const struct doctor *d, int *level, struct err *err)
{
	static const char word[] = "systemd.journald.max_level_store=";
	_cleanup_free_ char *text = NULL;
	struct settings s = { 0 };
	size_t len = 0;
	char *at;
	int r;

	r = below_read(d->root_fd, "/proc/cmdline", &text, &len, err);
	at = r > 0 ? strstr(text, word) : NULL;
	if (!at || d->namespace)
		return 0;
	at += strlen(word);
	at[strcspn(at, " \n")] = '\0';
	s.v = &(struct setting){ .name = (char[]){ "level" }, .value = at };
	s.n = 1;
	return settings_level(&s, "level", level) ? 1 : 0;
}

static int check_level(struct doctor *d, const struct settings *s, struct err *err)
{
	int level = 7, r;
	const struct setting *at = settings_level(s, "MaxLevelStore", &level);
	struct err cause = { 0 };
	const char *where = SET_IN(at);

	r = level_of_command_line(d, &level, &cause);
	if (r < 0)
		return doctor_add_unread(d, "journal-level", &cause, err);
	if (r > 0)
		where = "the kernel's command line";
	if (level >= PRIORITY_OF_A_RECORD)
		return doctor_add(d, FINDING_OK, "journal-level", NULL, err,
				  "the journal keeps priorities up to %s (%s)", level_name(level),
				  where);
	return doctor_add(d, FINDING_ERROR, "journal-level", &level_too_high, err,
			  "the journal keeps only priorities up to %s: MaxLevelStore (%s)",
			  level_name(level), where);
}

/* ---- rate ---- */

static const struct advice rate_is_limited = {
	.why = "what a unit sends beyond it is dropped; coaming flush sends it again, later",
	.remedy = "set RateLimitIntervalSec=0 and RateLimitBurst=0 in a drop-in of "
		  "journald.conf(5), or give the records a namespace of their own: "
		  "journalNamespace in coaming.json(5)",
};

static int check_rate(struct doctor *d, const struct settings *s, struct err *err)
{
	uint64_t interval = RATE_INTERVAL_USEC, burst = RATE_BURST;
	const struct setting *at = settings_usec(s, "RateLimitIntervalSec", &interval);
	const struct setting *at_burst = settings_number(s, "RateLimitBurst", &burst);
	enum severity severity = doctor_rate_severity(interval, burst);

	if (severity == FINDING_OK)
		return doctor_add(d, FINDING_OK, "journal-rate", NULL, err,
				  "the journal has no rate limit (%s)", SET_IN(at));
	return doctor_add(d, severity, "journal-rate", &rate_is_limited, err,
			  "the journal takes about %llu entries of a unit in %s (%s)",
			  (unsigned long long)burst, SPAN(interval),
			  at_burst ? at_burst->file : SET_IN(at));
}

/* ---- seal ---- */

static const struct advice not_sealed = {
	.why = "coaming's own chain is under a key; the seal covers what other programs say, too",
	.remedy = "run journalctl --setup-keys, and keep the key that it shows off this host",
};
static const struct advice seal_is_off = {
	.why = "there are keys for it, made by somebody who wanted it",
	.remedy = "set Seal=yes in a drop-in of journald.conf(5)",
};

static int check_seal(struct doctor *d, const struct settings *s, struct err *err)
{
	bool seal = true;
	const struct setting *at = settings_bool(s, "Seal", &seal);
	char keys[128];

	(void)snprintf(keys, sizeof(keys), "/var/log/journal/%s/fss", d->machine_id);
	if (!below_exists(d->root_fd, keys))
		return doctor_add(d, FINDING_NOTE, "journal-seal", &not_sealed, err,
				  "journald does not seal its files: no keys were made");
	if (!seal)
		return doctor_add(d, FINDING_NOTE, "journal-seal", &seal_is_off, err,
				  "journald does not seal its files: Seal=no (%s)", SET_IN(at));
	return doctor_add(d, FINDING_OK, "journal-seal", NULL, err, "journald seals its files");
}

/* ---- a copy elsewhere ---- */

static const struct advice nowhere_else = {
	.why = "who is root here can take all of it away, and a broken disk does",
	.remedy = "set up systemd-journal-upload, see A FLEET in coaming-audit(7); at the least "
		  "keep what coaming audit head prints off this host",
};
static const struct advice upload_is_off = {
	.why = "it has an address to send to, and sends nothing",
	.remedy = "systemctl enable --now systemd-journal-upload.service",
};
static const struct advice upload_has_no_address = {
	.why = "it does not know where to, and sends nothing",
	.remedy = "set URL= in journal-upload.conf(5)",
};
static const struct advice other_agent = {
	.why = "whether it keeps every field that coaming verify needs is not known here",
	.remedy = "compare its configuration with OTHER COLLECTORS in coaming-audit(7)",
};

/* Programs that read the journal and send it somewhere. */
static const char *const agents[] = { "vector.service",          "fluent-bit.service",
				      "promtail.service",        "alloy.service",
				      "otelcol.service",         "filebeat.service",
				      "otelcol-contrib.service", "rsyslog.service",
				      "journalbeat.service" };

static bool is_enabled(const struct doctor *d, const char *unit)
{
	static const char *const targets[] = { "multi-user", "default", "sysinit", "sockets" };
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		(void)snprintf(path, sizeof(path), "/etc/systemd/system/%s.target.wants/%s",
			       targets[i], unit);
		if (below_exists(d->root_fd, path))
			return true;
	}
	return false;
}

static int check_agents(struct doctor *d, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(agents); i++)
		if (is_enabled(d, agents[i]))
			return doctor_add(d, FINDING_NOTE, "journal-copy", &other_agent, err,
					  "%s is enabled, and may send the journal elsewhere",
					  agents[i]);
	return doctor_add(d, FINDING_WARNING, "journal-copy", &nowhere_else, err,
			  "the records are on this host alone");
}

static int check_copy(struct doctor *d, const struct settings *s, struct err *err)
{
	static const char unit[] = "systemd-journal-upload.service";
	_cleanup_settings_ struct settings upload = { 0 };
	const struct setting *at;
	struct err cause = { 0 };
	const char *url = "";
	int r;

	r = settings_read_conf(&upload, d->root_fd, "journal-upload.conf", "Upload", &cause);
	if (r < 0)
		return doctor_add_unread(d, "journal-copy", &cause, err);
	at = settings_text(&upload, "URL", &url);
	if (!*url && !is_enabled(d, unit))
		return check_agents(d, err);
	if (!*url)
		return doctor_add(d, FINDING_WARNING, "journal-copy", &upload_has_no_address, err,
				  "%s is enabled, and no URL is set", unit);
	if (!is_enabled(d, unit))
		return doctor_add(d, FINDING_WARNING, "journal-copy", &upload_is_off, err,
				  "%s is not enabled, though its URL is set (%s)", unit,
				  SET_IN(at));
	return doctor_add(d, FINDING_OK, "journal-copy", NULL, err,
			  "systemd-journal-upload sends the journal to %s", Q(url));
}

/* ---- does it answer ---- */

static const struct advice no_answer = {
	.why = "what is written now stays in the ledger, and nobody searches there",
	.remedy = "look at systemctl status systemd-journald",
};
static const struct advice no_namespace = {
	.why = "what is written now stays in the ledger, and nobody searches there",
	.remedy = "run systemctl enable --now coaming-journal.target, which is for the namespace "
		  "coaming; look at systemctl status 'systemd-journald@*'",
};
static const struct advice may_not_ask = {
	.why = "only root may ask journald",
	.remedy = "run it as root",
};

/* By descriptor, so that no path is too long and no link leads out of the root. */
static int synchronize(const struct doctor *d, const char *path)
{
	_cleanup_close_ int at = below_open(d->root_fd, path, O_PATH);
	struct err cause = { 0 };
	char socket[64];

	if (at < 0)
		return at;
	(void)snprintf(socket, sizeof(socket), "/proc/self/fd/%d", at);
	return journal_sync_at(socket, ANSWER_WAIT_USEC, &cause);
}

static int check_answer(struct doctor *d, const struct settings *s, struct err *err)
{
	char path[160];
	int r;

	(void)snprintf(path, sizeof(path), "/run/systemd/journal%s%.64s/io.systemd.journal",
		       d->namespace ? "." : "", d->namespace ? d->namespace : "");
	r = synchronize(d, path);
	if (r == 0)
		return doctor_add(d, FINDING_OK, "journal-answers", NULL, err, "journald answers");
	if (r == -EACCES || r == -EPERM)
		return doctor_add(d, FINDING_NOTE, "journal-answers", &may_not_ask, err,
				  "whether journald answers is not known: %s", strerror(-r));
	return doctor_add(d, FINDING_ERROR, "journal-answers",
			  d->namespace ? &no_namespace : &no_answer, err,
			  "journald does not answer at %s: %s", Q(path),
			  r == -ETIMEDOUT ? "not within 2 seconds" : strerror(-r));
}

/* ---- all of it ---- */

typedef int check_fn(struct doctor *d, const struct settings *s, struct err *err);

static check_fn *const checks[] = {
	check_answer, check_storage, check_level, check_rate, check_seal, check_copy,
};

int doctor_journal(struct doctor *d, struct err *err)
{
	_cleanup_settings_ struct settings s = { 0 };
	struct err cause = { 0 };
	int r;

	r = doctor_read_journald(d, &s, &cause);
	if (r == -ENOMEM)
		return err_oom(err);
	r = r < 0 ? doctor_add_unread(d, "journal-configuration", &cause, err) : 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](d, &s, err);
	return r;
}
