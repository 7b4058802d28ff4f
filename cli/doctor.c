/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coaming doctor: whether this host keeps the evidence as it should, see coaming-doctor(1).
 *
 * MUST NOT change anything: it looks.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>

#include "audit/stamp.h"
#include "cli/below.h"
#include "cli/doctor.h"
#include "cli/options.h"
#include "cli/out.h"
#include "cli/settings.h"
#include "cli/term.h"
#include "lib/emit.h"

#define DAY_USEC ((uint64_t)86400 * 1000000)

static const struct {
	const char *name;
	doctor_fn *run;
	const char *title;
} sections[] = {
	{ "journal", doctor_journal, "The journal" },
	{ "callers", doctor_callers, "Units that write records" },
	{ "retention", doctor_retention, "Room and retention" },
	{ "ledger", doctor_ledger, "The ledger" },
	{ "policy", doctor_policy, "The policy" },
	{ "state", doctor_state, "What runs" },
	{ "programs", doctor_programs, "coaming's own programs" },
	{ "kernel", doctor_kernel, "The kernel and the runtime" },
	{ "engines", doctor_engines, "The engines" },
};

static const struct {
	const char *name;
	enum style style;
} severities[] = {
	[FINDING_OK] = { "ok", STYLE_GOOD },
	[FINDING_NOTE] = { "note", STYLE_NONE },
	[FINDING_WARNING] = { "warning", STYLE_WARN },
	[FINDING_ERROR] = { "error", STYLE_BAD },
};
static_assert(ARRAY_SIZE(severities) == SEVERITIES_, "a row a severity");

/* ---- findings ---- */

int doctor_add(struct doctor *doctor, enum severity severity, const char *id,
	       const struct advice *advice, struct err *err, const char *fmt, ...)
{
	struct finding *grown = reallocarray(doctor->v, doctor->n + 1, sizeof(*grown));
	struct finding *f;
	va_list ap;
	int n;

	if (!grown)
		return err_oom(err);
	doctor->v = grown;
	f = &grown[doctor->n++];
	*f = (struct finding){ .severity = severity, .section = doctor->section, .id = id };
	if (advice)
		f->advice = *advice;
	va_start(ap, fmt);
	n = vasprintf(&f->what, fmt, ap);
	va_end(ap);
	if (n < 0) {
		f->what = NULL; /* undefined after a failure */
		return err_oom(err);
	}
	return 0;
}

int doctor_add_unread(struct doctor *doctor, const char *id, struct err *cause, struct err *err)
{
	static const struct advice unread = {
		.why = "what cannot be looked at is not known to be right",
		.remedy = "run it as root",
	};
	int r = doctor_add(doctor, FINDING_WARNING, id, &unread, err, "%s", cause->text);

	err_clear(cause);
	return r;
}

static void doctor_done(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n; i++)
		free(doctor->v[i].what);
	free(doctor->v);
	closep(&doctor->root_fd);
}

/* ---- what sections share ---- */

int doctor_read_journald(const struct doctor *doctor, struct settings *ret, struct err *err)
{
	char name[128];

	if (!doctor->namespace)
		return settings_read_conf(ret, doctor->root_fd, "journald.conf", "Journal", err);
	(void)snprintf(name, sizeof(name), "journald@%.64s.conf", doctor->namespace);
	return settings_read_conf(ret, doctor->root_fd, name, "Journal", err);
}

enum severity doctor_rate_severity(uint64_t interval_usec, uint64_t burst)
{
	if (interval_usec == 0 || burst == 0)
		return FINDING_OK;
	/* One start is up to four records, and a host starts a hundred at boot. */
	if (burst < 400 || burst < interval_usec / 1000000)
		return FINDING_ERROR;
	return burst < 10000 ? FINDING_WARNING : FINDING_NOTE;
}

const char *amount_bytes(char out[AMOUNT_SIZE], uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;
	uint64_t tenths = bytes * 10;

	if (bytes < 1024) {
		(void)snprintf(out, AMOUNT_SIZE, "%llu bytes", (unsigned long long)bytes);
		return out;
	}
	for (tenths = bytes > UINT64_MAX / 10 ? UINT64_MAX : tenths;
	     tenths >= 10240 && unit + 1 < ARRAY_SIZE(units); unit++)
		tenths /= 1024;
	(void)snprintf(out, AMOUNT_SIZE, "%llu.%llu %s", (unsigned long long)(tenths / 10),
		       (unsigned long long)(tenths % 10), units[unit]);
	return out;
}

const char *amount_usec(char out[AMOUNT_SIZE], uint64_t usec)
{
	static const struct {
		uint64_t sec;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	uint64_t sec = usec / 1000000;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t n = sec / units[i].sec;

		if (n < 2 && i + 1 < ARRAY_SIZE(units) && sec % units[i].sec != 0)
			continue;
		if (n == 0 && i + 1 < ARRAY_SIZE(units))
			continue;
		(void)snprintf(out, AMOUNT_SIZE, "%llu %s%s", (unsigned long long)n, units[i].name,
			       n == 1 ? "" : "s");
		return out;
	}
	return out;
}

/* ---- setting out ---- */

/* The defaults, without a file. */
static int host_defaults(struct host **ret, struct err *err)
{
	_cleanup_doc_ struct doc *doc = NULL;
	int r = doc_parse(&doc, "defaults", "{}", 2, err);

	return r < 0 ? r : host_parse(doc, ret, err);
}

static int load_host(const struct doctor *doctor, const char *config, struct host **ret,
		     struct err *err)
{
	_cleanup_free_ char *path = NULL;

	if (config || !*doctor->root)
		return host_load(config, ret, err);
	if (!below_exists(doctor->root_fd, HOST_CONFIG_DEFAULT))
		return host_defaults(ret, err);
	if (asprintf(&path, "%s%s", doctor->root, HOST_CONFIG_DEFAULT) < 0) {
		path = NULL;
		return err_oom(err);
	}
	return host_load(path, ret, err);
}

/* A configuration that is not right is a finding; the rest is looked at with the defaults. */
static int configure(struct doctor *doctor, const char *config, struct host **ret, struct err *err)
{
	static const struct advice wrong = {
		.why = "containers do not start in enforce mode while it is wrong",
		.remedy = "see what coaming check says of it, and correct it",
	};
	struct err cause = { 0 };
	int r;

	doctor->section = "configuration";
	r = load_host(doctor, config, ret, &cause);
	if (r < 0) {
		r = doctor_add(doctor, FINDING_ERROR, "host-configuration", &wrong, err, "%s",
			       cause.text);
		r = r < 0 ? r : host_defaults(ret, err);
	}
	if (r < 0)
		return r;
	doctor->host = *ret;
	doctor->namespace = (*ret)->keeping.journal_namespace;
	doctor->retention_usec = (*ret)->keeping.retention_days * DAY_USEC;
	return 0;
}

static int read_machine_id(struct doctor *doctor, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct err cause = { 0 };
	size_t len = 0;
	int r = below_read(doctor->root_fd, "/etc/machine-id", &text, &len, &cause);

	if (r == -ENOMEM)
		return err_oom(err);
	if (r > 0 && len >= 32 && strspn(text, "0123456789abcdef") == 32)
		(void)snprintf(doctor->machine_id, sizeof(doctor->machine_id), "%.32s", text);
	return 0;
}

static int check_wanted(const struct words *wanted, struct err *err)
{
	const char *names[ARRAY_SIZE(sections)];

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		names[i] = sections[i].name;
	for (size_t w = 0; w < wanted->n; w++) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
			known = known || streq(wanted->v[w], names[i]);
		if (!known)
			return err_input(err, EINVAL, "%s is no section%s", Q(wanted->v[w]),
					 SUGGESTION(wanted->v[w], names, ARRAY_SIZE(names)));
	}
	return 0;
}

/* None named: all. */
static bool is_wanted(const struct words *wanted, const char *section)
{
	for (size_t w = 0; w < wanted->n; w++) {
		if (streq(wanted->v[w], section))
			return true;
	}
	return wanted->n == 0;
}

static int examine(struct doctor *doctor, const struct words *wanted, const char *config,
		   const char *root, struct host **host, struct err *err)
{
	int r;

	r = below_root(*root ? root : "/", &doctor->root_fd, err);
	if (r == 0)
		r = configure(doctor, config, host, err);
	if (r == 0)
		r = read_machine_id(doctor, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sections); i++) {
		doctor->section = sections[i].name;
		if (is_wanted(wanted, sections[i].name))
			r = sections[i].run(doctor, err);
	}
	return r;
}

/* ---- what is printed ---- */

static size_t count(const struct doctor *doctor, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < doctor->n; i++)
		n += doctor->v[i].severity == severity;
	return n;
}

static void emit_finding(struct emit *e, const struct finding *f)
{
	const struct {
		const char *key, *value;
	} members[] = {
		{ "id", f->id },
		{ "section", f->section },
		{ "severity", severities[f->severity].name },
		{ "what", f->what },
		{ "why", f->advice.why },
		{ "remedy", f->advice.remedy },
	};

	emit_object(e);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		emit_key(e, members[i].key);
		if (members[i].value)
			emit_string(e, members[i].value);
		else
			emit_null(e);
	}
	emit_object_end(e);
}

static int print_json(const struct doctor *doctor, struct err *err)
{
	_cleanup_buf_ struct buf out = { 0 };
	struct emit e = EMIT(&out);
	char stamp[STAMP_SIZE];

	emit_object(&e);
	emit_key(&e, "schema");
	emit_string(&e, "coaming-doctor-1");
	emit_key(&e, "time");
	emit_string(&e, stamp_format(stamp, stamp_now()));
	emit_key(&e, "version");
	emit_string(&e, COAMING_VERSION);
	emit_key(&e, "machineId");
	emit_string(&e, doctor->machine_id);
	for (size_t i = 0; i < SEVERITIES_; i++) {
		emit_key(&e, severities[i].name);
		emit_u64(&e, count(doctor, (enum severity)i));
	}
	emit_key(&e, "findings");
	emit_array(&e);
	for (size_t i = 0; i < doctor->n; i++)
		emit_finding(&e, &doctor->v[i]);
	emit_array_end(&e);
	emit_object_end(&e);
	return out_print_line(&out, err);
}

static void print_finding(const struct term *term, const struct finding *f)
{
	const size_t indent = 8;

	term_putf(term, severities[f->severity].style, "%-7s", severities[f->severity].name);
	(void)fputc(' ', term->out);
	term_putf(term, STYLE_BOLD, "%s: ", f->id);
	term_wrap(term, indent + strlen(f->id) + 2, indent, f->what);
	if (f->advice.why) {
		(void)fprintf(term->out, "%*sWhy: ", (int)indent, "");
		term_wrap(term, indent + 5, indent, f->advice.why);
	}
	if (f->advice.remedy) {
		(void)fprintf(term->out, "%*sDo: ", (int)indent, "");
		term_wrap(term, indent + 4, indent, f->advice.remedy);
	}
}

static const char *title_of(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (streq(sections[i].name, section))
			return sections[i].title;
	return "The host's configuration";
}

static void print_text(const struct doctor *doctor)
{
	const struct term term = term_of(stdout);
	const char *section = "";

	for (size_t i = 0; i < doctor->n; i++) {
		const struct finding *f = &doctor->v[i];

		if (!streq(section, f->section)) {
			(void)fputs(*section ? "\n" : "", stdout);
			term_put(&term, STYLE_TITLE, title_of(f->section));
			(void)fputc('\n', stdout);
		}
		section = f->section;
		print_finding(&term, f);
	}
	(void)fputc('\n', stdout);
	for (size_t i = SEVERITIES_; i-- > 0;) {
		size_t n = count(doctor, (enum severity)i);

		printf("%zu %s%s%s", n, severities[i].name, i == FINDING_OK || n == 1 ? "" : "s",
		       i > 0 ? ", " : "\n");
	}
}

/* "/" and "" are the same, and no path begins with two slashes. */
static void cut_slashes(char *path)
{
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] == '/')
		path[--n] = '\0';
}

int cmd_doctor(int argc, char **argv, struct err *err)
{
	const char *config = NULL, *root = NULL;
	bool json = false;
	const struct option options[] = {
		{ .name = "json", .help = "for programs", .flag = &json },
		{ .name = "root",
		  .value = "DIR",
		  .help = "look at the host whose \"/\" is there",
		  .text = &root },
		OPTION_CONFIG(&config),
	};
	const struct usage usage = {
		.args = "[SECTION]...",
		.about = "Say whether coaming is in the path of this host's containers, and\n"
			 "whether the evidence is kept as it should be. Exit status 1 where not.\n"
			 "Sections: journal, callers, retention, ledger, policy, state, programs,\n"
			 "kernel, engines; all of them where none is named.\n",
		.options = options,
		.n_options = ARRAY_SIZE(options),
	};
	_cleanup_(doctor_done) struct doctor doctor = { .root_fd = -1 };
	_cleanup_host_ struct host *host = NULL;
	_cleanup_words_ struct words wanted = { 0 };
	_cleanup_free_ char *below = NULL;
	int r;

	r = options_parse(argc, argv, &usage, &wanted, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = check_wanted(&wanted, err);
	if (r < 0)
		return r;
	below = strdup(root ? root : "");
	if (!below)
		return err_oom(err);
	cut_slashes(below);
	doctor.root = below;
	r = examine(&doctor, &wanted, config, below, &host, err);
	if (r == 0 && json)
		r = print_json(&doctor, err);
	else if (r == 0)
		print_text(&doctor);
	return r < 0 ? r : count(&doctor, FINDING_ERROR) > 0 ? ERR_REFUSED : 0;
}
