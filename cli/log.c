/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming log: show the decisions, see coaming-log(1).
 *
 * MUST NOT let a byte that comes from a container reach the terminal as anything but text.
 */
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include "audit/query.h"
#include "audit/stamp.h"
#include "cli/options.h"
#include "cli/when.h"
#include "lib/buf.h"
#include "lib/doc.h"
#include "lib/emit.h"
#include "profiles/host.h"

#define LAST_MAX      100000
#define LAST_FOLLOWED 10 /* as journalctl -f */

static const char *const outcomes[] = {
	"accept", "refuse", "would-refuse", "exempt", "stopped",
};

enum output { OUT_SHORT, OUT_TABLE, OUT_VERBOSE, OUT_JSON, OUT_EXPORT, OUTPUTS };

static const char *const outputs[OUTPUTS] = { "short", "table", "verbose", "json", "export" };

struct log {
	struct query query;
	enum output output;
	bool colour, follow, verbose, reverse, journals;
	/* With -n: the last ones, a ring; else NULL and each is printed at once. */
	struct line {
		char *text;
		size_t len;
	} * last;
	size_t n_last, next;
};

static void log_done(struct log *log)
{
	for (size_t i = 0; log->last && i < log->n_last; i++)
		free(log->last[i].text);
	free(log->last);
}

/* Bytes as text for a terminal; nothing but printable ASCII goes out as it is. */
static void add_escaped(struct buf *out, const struct view *v)
{
	for (size_t i = 0; v && i < v->len; i++) {
		unsigned char c = (unsigned char)v->value[i];

		if (c >= 0x20 && c < 0x7f && c != '\\')
			buf_addc(out, (char)c);
		else if (c == '\n')
			buf_adds(out, "\\n");
		else if (c == '\\')
			buf_adds(out, "\\\\");
		else
			buf_addf(out, "\\x%02x", c);
	}
}

static void add_padded(struct buf *out, const struct view *v, size_t width)
{
	size_t start = out->len;

	if (v)
		add_escaped(out, v);
	else
		buf_addc(out, '-');
	while (!out->failed && out->len - start < width)
		buf_addc(out, ' ');
	buf_addc(out, ' ');
}

static void add_time(struct buf *out, uint64_t usec)
{
	time_t t = (time_t)(usec / 1000000);
	char text[64];
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(text, sizeof(text), "@%llu", (unsigned long long)usec);
	buf_addf(out, "%s ", text);
}

static void add_profiles(struct buf *out, const struct entry *e)
{
	bool any = false;

	for (size_t i = 0; i < e->n; i++) {
		const struct view *v = &e->fields[i];

		if (!view_is(v, "COAMING_PROFILE"))
			continue;
		buf_addc(out, any ? ',' : '[');
		add_escaped(out, v);
		any = true;
	}
	buf_adds(out, any ? "] " : "");
}

/* Red what was refused, broken or unproved, yellow what would have been, dim what only ended. */
static const char *colour_of(const struct found *found)
{
	const struct entry *e = found->entry;

	if (found->trust <= TRUST_UNVERIFIED || entry_is(e, "COAMING_OUTCOME", "refuse") ||
	    entry_is(e, "COAMING_EVENT", "gap") || entry_is(e, "COAMING_EVENT", "drift"))
		return "\033[31m";
	if (entry_is(e, "COAMING_OUTCOME", "would-refuse") ||
	    entry_is(e, "COAMING_OUTCOME", "exempt"))
		return "\033[33m";
	if (entry_is(e, "COAMING_EVENT", "stop"))
		return "\033[2m";
	return "";
}

static void write_line(struct buf *out, const struct found *found, bool colour, bool host)
{
	const char *begin = colour ? colour_of(found) : "";
	const struct entry *e = found->entry;

	buf_adds(out, begin);
	add_time(out, e->usec);
	if (host)
		add_padded(out, entry_get(e, "COAMING_HOSTNAME"), 12);
	/* The ledger's own need no word, nor those that hashes lead to from there. */
	if (found->trust < TRUST_CHAINED && found->trust != TRUST_JOURNAL)
		buf_addf(out, "(%s) ", trust_name(found->trust));
	add_padded(out, entry_get(e, "COAMING_EVENT"), 6);
	add_padded(out, entry_get(e, "COAMING_OUTCOME"), 12);
	add_padded(out, entry_get(e, "CONTAINER_NAME"), 16);
	add_profiles(out, e);
	add_escaped(out, entry_get(e, "MESSAGE"));
	buf_adds(out, begin[0] ? "\033[0m\n" : "\n");
}

static bool same_name(const struct view *a, const struct view *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

/* The value of a field, or the array of them where there is more than one. */
static void emit_values(struct emit *e, const struct entry *entry, size_t first)
{
	const struct view *v = entry->fields;
	size_t n = 0;

	for (size_t i = first; i < entry->n; i++)
		n += same_name(&v[first], &v[i]);
	if (n > 1)
		emit_array(e);
	for (size_t i = first; i < entry->n; i++)
		if (same_name(&v[first], &v[i]))
			emit_stringn(e, v[i].value, v[i].len);
	if (n > 1)
		emit_array_end(e);
}

static bool came_before(const struct entry *entry, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_name(&entry->fields[i], &entry->fields[at]))
			return true;
	return false;
}

static void write_json(struct buf *out, const struct found *found)
{
	struct emit e = EMIT(out);

	emit_object(&e);
	emit_key(&e, "_TRUST");
	emit_string(&e, trust_name(found->trust));
	for (size_t i = 0; i < found->entry->n; i++) {
		char name[FIELD_NAME_MAX + 1];
		const struct view *v = &found->entry->fields[i];

		if (came_before(found->entry, i))
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)v->name_len, v->name);
		emit_key(&e, name);
		emit_values(&e, found->entry, i);
	}
	emit_object_end(&e);
	buf_addc(out, '\n');
}

/* Which host: of several they are told apart by it. */
static const struct view *host_of(const struct entry *e)
{
	return entry_get(e, "COAMING_HOSTNAME");
}

static void write_table(struct buf *out, const struct found *found)
{
	const struct entry *e = found->entry;

	add_time(out, e->usec);
	add_padded(out, host_of(e), 12);
	add_padded(out, entry_get(e, "COAMING_SEQ"), 8);
	add_padded(out, entry_get(e, "COAMING_EVENT"), 6);
	add_padded(out, entry_get(e, "COAMING_OUTCOME"), 12);
	add_padded(out, entry_get(e, "CONTAINER_NAME"), 20);
	add_profiles(out, e);
	if (found->trust < TRUST_CHAINED && found->trust != TRUST_JOURNAL)
		buf_addf(out, "(%s)", trust_name(found->trust));
	buf_addc(out, '\n');
}

static void write_verbose(struct buf *out, const struct found *found)
{
	const struct entry *e = found->entry;

	add_time(out, e->usec);
	buf_addf(out, "(%s)\n", trust_name(found->trust));
	for (size_t i = 0; i < e->n; i++) {
		buf_addf(out, "    %.*s=", (int)e->fields[i].name_len, e->fields[i].name);
		add_escaped(out, &e->fields[i]);
		buf_addc(out, '\n');
	}
}

/* As the ledger has it, so that the hash can be computed again from it. */
static int write_export(struct buf *out, const struct found *found, struct err *err)
{
	static const char *const last[] = { "COAMING_HASH", "COAMING_MAC" };
	struct err bad = { 0 };
	int r = entry_canonical(out, found->entry, &bad);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r < 0) /* it is none of ours: it has no time of its own */
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
		const struct view *v = entry_get(found->entry, last[i]);

		if (v)
			entry_put_field(out, last[i], v->value, v->len);
	}
	buf_addc(out, '\n');
	return 0;
}

static int write_record(struct log *log, struct buf *out, const struct found *found,
			struct err *err)
{
	switch (log->output) {
	case OUT_TABLE:
		write_table(out, found);
		return 0;
	case OUT_VERBOSE:
		write_verbose(out, found);
		return 0;
	case OUT_JSON:
		write_json(out, found);
		return 0;
	case OUT_EXPORT:
		return write_export(out, found, err);
	case OUT_SHORT:
	case OUTPUTS:
		break;
	}
	write_line(out, found, log->colour, log->journals);
	return 0;
}

/* What is said about a record goes out at once, or waits among the last ones. */
static int show(void *arg, const struct found *found, struct err *err)
{
	struct log *log = arg;
	_cleanup_buf_ struct buf line = { 0 };
	char *text;
	size_t len;
	int r;

	r = write_record(log, &line, found, err);
	if (r < 0)
		return r;
	if (buf_status(&line) < 0)
		return err_oom(err);
	if (!log->last) {
		(void)fwrite(line.data ? line.data : "", 1, line.len, stdout); /* main() looks */
		return 0;
	}
	len = line.len;
	text = buf_take(&line);
	if (!text)
		return err_oom(err);
	free(log->last[log->next].text);
	log->last[log->next] = (struct line){ text, len };
	log->next = (log->next + 1) % log->n_last;
	return 0;
}

static void print_last(struct log *log)
{
	for (size_t i = 0; log->last && i < log->n_last; i++) {
		size_t k = log->reverse ? log->n_last - 1 - i : i;
		const struct line *line = &log->last[(log->next + k) % log->n_last];

		if (line->text)
			(void)fwrite(line->text, 1, line->len, stdout);
	}
	log_done(log);
	log->last = NULL;
}

static void print_notes(const struct log *log, const struct query_notes *notes)
{
	if (notes->damaged > 0)
		(void)fprintf(stderr, "coaming: log: %zu places of the ledger cannot be read\n",
			      notes->damaged);
	if (notes->broken > 0)
		(void)fprintf(stderr,
			      "coaming: log: %zu records of the ledger do not follow the one "
			      "before them\n",
			      notes->broken);
	if (notes->unverified > 0)
		(void)fprintf(stderr,
			      "coaming: log: %zu entries of the journal are not in the ledger "
			      "(marked unverified)\n",
			      notes->unverified);
	if (notes->foreign > 0 && log->verbose && !log->query.all)
		(void)fprintf(stderr,
			      "coaming: log: %zu entries of the journal were left out: root did "
			      "not send them (--all shows them)\n",
			      notes->foreign);
	if (notes->journal.class != ERR_NONE)
		(void)fprintf(stderr, "coaming: log: %s; the ledger alone is shown\n",
			      notes->journal.text);
}

/* Ends with 0 when the user interrupts it. */
static int follow(struct log *log, struct position *at, int watch, struct err *err)
{
	_cleanup_close_ int signals = -1;
	char events[4096];
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_errno(err, errno, "cannot wait for signals");
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_errno(err, errno, "cannot wait for signals");
	for (;;) {
		struct pollfd fds[] = { { .fd = watch, .events = POLLIN },
					{ .fd = signals, .events = POLLIN } };
		int r = query_tail(&log->query, at, show, log, err);

		if (r < 0)
			return r;
		if (fflush(stdout) != 0)
			return 0; /* main() says so */
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return err_errno(err, errno, "cannot wait for the ledger");
		if (fds[1].revents)
			return 0;
		if (fds[0].revents && read(watch, events, sizeof(events)) < 0)
			return err_errno(err, errno, "cannot watch the ledger");
	}
}

static int run(struct log *log, struct err *err)
{
	struct query_notes notes = { 0 };
	_cleanup_close_ int watch = -1;
	int r;

	/* The watch comes first, so that nothing falls between the reading and the waiting. */
	if (log->follow) {
		watch = inotify_init1(IN_CLOEXEC);
		if (watch < 0 ||
		    inotify_add_watch(watch, log->query.audit_dir,
				      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
			return err_errno(err, errno, "cannot watch %s", Q(log->query.audit_dir));
	}
	if (log->output == OUT_TABLE)
		printf("%-19s %-12s %-8s %-6s %-12s %-20s %s\n", "TIME", "HOST", "SEQ", "EVENT",
		       "OUTCOME", "CONTAINER", "PROFILES");
	r = log->journals ? query_journals(&log->query, show, log, &notes, err)
			  : query_run(&log->query, show, log, &notes, err);
	if (r < 0)
		return r;
	print_last(log);
	(void)fflush(stdout);
	print_notes(log, &notes);
	return log->follow ? follow(log, &notes.end, watch, err) : 0;
}

static int check_word(const char *option, const char *word, const char *const known[], size_t n,
		      struct err *err)
{
	const char *near;

	for (size_t i = 0; !word || i < n; i++)
		if (!word || streq(word, known[i]))
			return 0;
	near = nearest_word(word, known, n);
	return err_input(err, EINVAL, "--%s: there is no %s%s%s%s", option, Q(word),
			 near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static int check_words(const struct query *q, struct err *err)
{
	const char *events[EVENTS_];
	int r;

	for (size_t i = 0; i < EVENTS_; i++)
		events[i] = event_name((enum event)i);
	r = check_word("event", q->event, events, EVENTS_, err);
	if (r < 0)
		return r;
	return check_word("outcome", q->outcome, outcomes, ARRAY_SIZE(outcomes), err);
}

static int read_times(struct query *q, const char *since, const char *until, struct err *err)
{
	uint64_t now = stamp_now();
	int r = 0;

	if (since)
		r = when_parse(since, now, &q->since_usec, err);
	if (r == 0 && until)
		r = when_parse(until, now, &q->until_usec, err);
	return r;
}

static int keep_last(struct log *log, const char *count, struct err *err)
{
	uint64_t n = log->follow ? LAST_FOLLOWED : LAST_MAX;
	int r;

	if (!count && !log->follow && !log->reverse)
		return 0;
	if (count) {
		r = option_number("lines", count, LAST_MAX, &n, err);
		if (r < 0)
			return r;
	}
	log->n_last = (size_t)n;
	log->last = calloc(log->n_last, sizeof(*log->last));
	return log->last ? 0 : err_oom(err);
}

static int check_matches(const struct words *words, struct err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		size_t len = strcspn(words->v[i], "=");

		if (!words->v[i][len] || !field_name_is_valid(words->v[i], len))
			return err_input(err, EINVAL,
					 "%s is no FIELD=VALUE, such as COAMING_PROFILE=web (see "
					 "coaming-journal-fields(7))",
					 Q(words->v[i]));
	}
	return 0;
}

static int choose_output(struct log *log, const char *word, bool json, bool export, struct err *err)
{
	int r = check_word("output", word, outputs, OUTPUTS, err);

	if (r < 0)
		return r;
	if ((word != NULL) + json + export > 1)
		return err_input(err, EINVAL, "--output, --json and --export exclude each other");
	log->output = json ? OUT_JSON : export ? OUT_EXPORT : OUT_SHORT;
	for (size_t i = 0; word && i < OUTPUTS; i++)
		if (streq(word, outputs[i]))
			log->output = (enum output)i;
	return 0;
}

/* The boots of which there are records, the last one first. */
struct boots {
	char (*v)[BOOT_ID_SIZE];
	size_t n;
};

static int note_boot(void *arg, const struct found *found, struct err *err)
{
	const struct view *id = entry_get(found->entry, "COAMING_BOOT_ID");
	struct boots *boots = arg;
	void *grown;

	if (!id || id->len != BOOT_ID_SIZE - 1 ||
	    (boots->n > 0 && memcmp(boots->v[boots->n - 1], id->value, id->len) == 0))
		return 0;
	grown = reallocarray(boots->v, boots->n + 1, sizeof(*boots->v));
	if (!grown)
		return err_oom(err);
	boots->v = grown;
	memcpy(boots->v[boots->n], id->value, id->len);
	boots->v[boots->n++][BOOT_ID_SIZE - 1] = '\0';
	return 0;
}

/* "0" or "-1": this boot, the one before; else a boot's id. *match is what to look for. */
static int find_boot(const struct query *q, const char *boot, char match[64], struct err *err)
{
	const struct query all = { .audit_dir = q->audit_dir, .without_journal = true };
	struct query_notes notes;
	struct boots boots = { 0 };
	char this[BOOT_ID_SIZE];
	unsigned long back;
	char *end;
	int r = 0;

	if (strlen(boot) == BOOT_ID_SIZE - 1 &&
	    strspn(boot, "0123456789abcdef") == BOOT_ID_SIZE - 1) {
		(void)snprintf(match, 64, "COAMING_BOOT_ID=%s", boot);
		return 0;
	}
	back = strtoul(boot[0] == '-' ? boot + 1 : boot, &end, 10);
	if (end == boot || *end || (back > 0 && boot[0] != '-'))
		return err_input(err, EINVAL,
				 "--boot: %s is neither 0, -1, -2... nor the id of a boot",
				 Q(boot));
	record_boot_id(this);
	if (back > 0)
		r = query_run(&all, note_boot, &boots, &notes, err);
	if (boots.n > 0 && streq(boots.v[boots.n - 1], this))
		boots.n--;
	if (r == 0 && back > boots.n)
		r = err_input(err, ENOENT, "--boot: the ledger knows of %zu boots before this one",
			      boots.n);
	if (r == 0)
		(void)snprintf(match, 64, "COAMING_BOOT_ID=%s",
			       back > 0 ? boots.v[boots.n - back] : this);
	free(boots.v);
	return r;
}

struct log_words {
	const char *config, *since, *until, *count, *output, *boot, *directory;
	struct words files, matches;
	bool json, export, merge;
	char boot_match[64];
};

static void log_words_done(struct log_words *w)
{
	words_done(&w->files);
	words_done(&w->matches);
}

static int add_match(struct words *words, const char *match, struct err *err)
{
	const char **grown = reallocarray(words->v, words->n + 1, sizeof(*grown));

	if (!grown)
		return err_oom(err);
	words->v = grown;
	words->v[words->n++] = match;
	return 0;
}

/* Everything that was asked for, into the query. */
static int prepare(struct log *log, struct log_words *w, const struct host *host, struct err *err)
{
	struct query *q = &log->query;
	int r;

	q->audit_dir = host->audit_dir;
	q->journal_dir = w->directory;
	q->journal_files = w->files.v;
	q->n_journal_files = w->files.n;
	q->merge = w->merge;
	log->journals = w->directory || w->files.n > 0 || w->merge;
	if (log->journals && log->follow)
		return err_input(err, EINVAL, "--follow is of this host's ledger alone");
	if (log->follow && log->reverse)
		return err_input(err, EINVAL, "--follow and --reverse exclude each other");
	r = check_words(q, err);
	r = r < 0 ? r : check_matches(&w->matches, err);
	r = r < 0 ? r : choose_output(log, w->output, w->json, w->export, err);
	r = r < 0 ? r : read_times(q, w->since, w->until, err);
	if (r == 0 && w->boot) {
		r = find_boot(q, w->boot, w->boot_match, err);
		r = r < 0 ? r : add_match(&w->matches, w->boot_match, err);
	}
	q->matches = w->matches.v;
	q->n_matches = w->matches.n;
	return r < 0 ? r : keep_last(log, w->count, err);
}

int cmd_log(int argc, char **argv, struct err *err)
{
	_cleanup_host_ struct host *host = NULL;
	_cleanup_(log_done) struct log log = { 0 };
	_cleanup_(log_words_done) struct log_words w = { 0 };
	struct query *q = &log.query;
	const struct option options[] = {
		OPTION_CONFIG(&w.config),
		{ 0, "container", "ID|NAME", "only this container's", .text = &q->container },
		{ 0, "profile", "NAME", "only where this profile applied", .text = &q->profile },
		{ 0, "outcome", "OUTCOME", "accept, refuse, would-refuse, exempt or stopped",
		  .text = &q->outcome },
		{ 0, "event", "EVENT", "admit, deny, exempt, attest, drift, exec, stop, ...",
		  .text = &q->event },
		{ 'S', "since", "TIME", "\"2026-11-23 10:00\", today, -1h, \"2 hours ago\"",
		  .text = &w.since },
		{ 'U', "until", "TIME", "likewise", .text = &w.until },
		{ 'b', "boot", "N|ID", "of one boot: 0 is this one, -1 the one before",
		  .text = &w.boot },
		{ 'n', "lines", "N", "the last N", .text = &w.count },
		{ 'r', "reverse", NULL, "the newest first", .flag = &log.reverse },
		{ 'f', "follow", NULL, "show what comes, until interrupted", .flag = &log.follow },
		{ 'o', "output", "FORM", "short, table, verbose, json or export",
		  .text = &w.output },
		{ 0, "json", NULL, "one JSON object a line, every field", .flag = &w.json },
		{ 0, "export", NULL, "for systemd-journal-remote and coaming verify",
		  .flag = &w.export },
		{ 'D', "directory", "DIR", "the journals in a directory, of any hosts",
		  .text = &w.directory },
		{ 0, "file", "FILE", "a journal file", .list = &w.files },
		{ 'm', "merge", NULL, "all journals that are here, of other hosts, too",
		  .flag = &w.merge },
		{ 'a', "all", NULL, "also what others wrote to the journal", .flag = &q->all },
		{ 'v', "verbose", NULL, "say how many entries were left out",
		  .flag = &log.verbose },
	};
	const struct usage usage = {
		.args = "[FIELD=VALUE]...",
		.about = "Show the decisions, oldest first.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	int r;

	r = options_parse(argc, argv, &usage, &w.matches, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = host_load(w.config, &host, err);
	r = r < 0 ? r : prepare(&log, &w, host, err);
	if (r < 0)
		return r;
	log.colour = isatty(STDOUT_FILENO) == 1;
	return run(&log, err);
}
