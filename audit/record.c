/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decision record.
 *
 * MUST keep every field legal to journald, which drops a bad name without a word.
 * MUST NOT let a value grow without bound, nor cut one without saying so.
 */
#include "audit/record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/utsname.h>
#include <syslog.h>
#include "audit/stamp.h"

#define BOOT_ID_FILE    "/proc/sys/kernel/random/boot_id"
#define MACHINE_ID_FILE "/etc/machine-id"

/* The message ids are an interface: the catalog, and what users match with journalctl. */
static const struct event_row {
	const char *name;
	const char *message_id;
	int priority;
} events[] = {
	[EVENT_ADMIT] = { "admit", "97f4822f114546bea647e7bab91e861d", LOG_NOTICE },
	[EVENT_DENY] = { "deny", "701435cc59bf415f9fdbcdfd8848ae8e", LOG_CRIT },
	[EVENT_EXEMPT] = { "exempt", "17fab74e7df54708afb5c34389d1095f", LOG_WARNING },
	[EVENT_ATTEST] = { "attest", "7f88216f94df4877b0890004e528a1cc", LOG_NOTICE },
	[EVENT_DRIFT] = { "drift", "28ddcfe5a2b6436ca96a85710ca0403b", LOG_CRIT },
	[EVENT_EXEC] = { "exec", "8a71206df20e479aaa710ce6b1cb6cf5", LOG_NOTICE },
	[EVENT_STOP] = { "stop", "5a288563aa954d97b250e5329d246467", LOG_NOTICE },
	[EVENT_FLOW] = { "flow", "14dab739356f4eb9bccd1bb2ba1ee944", LOG_NOTICE },
	[EVENT_POLICY] = { "policy", "4966fa325a7d4891b7771831db9a1a9e", LOG_NOTICE },
	[EVENT_GAP] = { "gap", "396e247f5d63479690683e4a86df926f", LOG_CRIT },
	[EVENT_HEAD] = { "head", "a0b1f0a6c4f84b6f9d0a3f0e5f6f1c2d", LOG_NOTICE },
};
static_assert(ARRAY_SIZE(events) == EVENTS_, "a row for each event");

/* What the ledger puts in itself: a record that brought its own would forge the chain. */
static const char *const reserved[] = {
	"COAMING_SEQ",       "COAMING_PREV",      "COAMING_HASH",  "COAMING_MAC",
	"COAMING_KEY_EPOCH", "COAMING_UNCHAINED", "COAMING_SPOOL",
};

/* Kept free for what says that something was left out. */
#define FIELDS_FOR_OMISSIONS 2
#define OMITTED              "COAMING_OMITTED"
#define TRUNCATED            "COAMING_TRUNCATED"

const char *event_name(enum event event)
{
	return events[event].name;
}

const char *event_message_id(enum event event)
{
	return events[event].message_id;
}

int event_priority(enum event event)
{
	return events[event].priority;
}

bool event_from_name(const char *name, enum event *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (streq(events[i].name, name)) {
			*ret = (enum event)i;
			return true;
		}
	}
	return false;
}

bool field_name_is_valid(const char *name, size_t len)
{
	if (len == 0 || len > FIELD_NAME_MAX || name[0] == '_' ||
	    (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(name[i] >= 'A' && name[i] <= 'Z') && !(name[i] >= '0' && name[i] <= '9') &&
		    name[i] != '_')
			return false;
	return true;
}

bool field_is_reserved(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (streq(reserved[i], name))
			return true;
	return false;
}

static struct field *find(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->n; i++)
		if (streq(record->fields[i].name, name))
			return &record->fields[i];
	return NULL;
}

/* journald keeps one copy of equal fields: two would give another text there than here. */
static bool has(const struct record *record, const char *name, const void *value, size_t len)
{
	for (size_t i = 0; i < record->n; i++) {
		const struct field *f = &record->fields[i];

		if (f->len == len && streq(f->name, name) && memcmp(f->value, value, len) == 0)
			return true;
	}
	return false;
}

/* Room for one more; doubled, so that a long record costs few allocations. */
static int grow(struct record *record, struct err *err)
{
	size_t n = record->n;
	struct field *fields;

	if (n > 0 && (n < 32 || (n & (n - 1)) != 0))
		return 0;
	fields = realloc(record->fields, (n < 32 ? 32 : 2 * n) * sizeof(*fields));
	if (!fields)
		return err_oom(err);
	record->fields = fields;
	return 0;
}

static int append(struct record *record, const char *name, const void *value, size_t len,
		  struct err *err)
{
	struct field *f;
	char *copy;
	int r;

	r = grow(record, err);
	if (r < 0)
		return r;
	copy = malloc(len + 1);
	if (!copy)
		return err_oom(err);
	if (len > 0)
		memcpy(copy, value, len);
	copy[len] = '\0';
	f = &record->fields[record->n++];
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	f->value = copy;
	f->len = len;
	record->bytes += len;
	return 0;
}

/* Count a field that there is no room for; the count replaces the one before. */
static int omit(struct record *record, struct err *err)
{
	struct field *f = find(record, OMITTED);
	char count[32];
	char *copy;
	int n;

	record->omitted++;
	n = snprintf(count, sizeof(count), "%zu", record->omitted);
	if (!f)
		return append(record, OMITTED, count, (size_t)n, err);
	copy = strdup(count);
	if (!copy)
		return err_oom(err);
	free(f->value);
	f->value = copy;
	f->len = (size_t)n;
	return 0;
}

static bool is_full(const struct record *record, size_t more)
{
	return record->n >= RECORD_FIELDS_MAX - FIELDS_FOR_OMISSIONS ||
	       record->bytes + more > RECORD_BYTES_MAX;
}

static int add_cut(struct record *record, const char *name, const void *value, struct err *err)
{
	static const char dots[] = "...";
	_cleanup_free_ char *cut = malloc(FIELD_VALUE_MAX);
	int r;

	if (!cut)
		return err_oom(err);
	memcpy(cut, value, FIELD_VALUE_MAX - strlen(dots));
	memcpy(cut + FIELD_VALUE_MAX - strlen(dots), dots, strlen(dots));
	r = append(record, name, cut, FIELD_VALUE_MAX, err);
	if (r < 0 || has(record, TRUNCATED, name, strlen(name)) || is_full(record, 0))
		return r;
	return append(record, TRUNCATED, name, strlen(name), err);
}

int record_addn(struct record *record, const char *name, const void *value, size_t len,
		struct err *err)
{
	if (!field_name_is_valid(name, strlen(name)) || field_is_reserved(name))
		return err_system(err, EINVAL, "%s is no name for a field of a record", Q(name));
	if (is_full(record, len < FIELD_VALUE_MAX ? len : FIELD_VALUE_MAX))
		return omit(record, err);
	if (len > FIELD_VALUE_MAX)
		return add_cut(record, name, value, err);
	if (has(record, name, value, len))
		return 0;
	return append(record, name, value, len, err);
}

int record_add(struct record *record, const char *name, const char *value, struct err *err)
{
	return record_addn(record, name, value, strlen(value), err);
}

int record_addf(struct record *record, struct err *err, const char *name, const char *fmt, ...)
{
	_cleanup_free_ char *value = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (n < 0) {
		value = NULL; /* undefined after a failure */
		return err_oom(err);
	}
	return record_addn(record, name, value, (size_t)n, err);
}

void record_raise(struct record *record, int priority)
{
	struct field *f = find(record, "PRIORITY");

	if (!f || priority >= record->priority || priority < LOG_EMERG)
		return;
	record->priority = priority;
	f->value[0] = (char)('0' + priority); /* one digit it was, and is */
}

const char *record_get(const struct record *record, const char *name)
{
	const struct field *f = find(record, name);

	return f ? f->value : NULL;
}

void record_done(struct record *record)
{
	for (size_t i = 0; i < record->n; i++)
		free(record->fields[i].value);
	free(record->fields);
	*record = (struct record){ 0 };
}

/* 32 hex digits, with dashes between them or without. */
static void read_id(const char *path, char out[BOOT_ID_SIZE])
{
	_cleanup_close_ int fd = -1;
	char text[64];
	ssize_t n = 0;
	size_t o = 0;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	do
		n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;
	while (n < 0 && errno == EINTR);

	for (ssize_t i = 0; i < n && o < 32; i++)
		if ((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))
			out[o++] = text[i];
	if (o < 32)
		memset(out, '0', 32);
	out[32] = '\0';
}

void record_boot_id(char out[BOOT_ID_SIZE])
{
	read_id(BOOT_ID_FILE, out);
}

void record_machine_id(char out[BOOT_ID_SIZE])
{
	read_id(MACHINE_ID_FILE, out);
}

/* Which host: a record has to say so itself, wherever it is collected. */
static int add_host(struct record *record, struct err *err)
{
	char id[BOOT_ID_SIZE];
	struct utsname names;
	int r;

	record_machine_id(id);
	r = record_add(record, "COAMING_MACHINE_ID", id, err);
	if (r < 0 || uname(&names) < 0)
		return r;
	return record_add(record, "COAMING_HOSTNAME", names.nodename, err);
}

int record_start(struct record *record, enum event event, struct err *err)
{
	char stamp[STAMP_SIZE], boot_id[BOOT_ID_SIZE];
	const struct event_row *row = &events[event];
	int r;

	*record = (struct record){ .event = event, .priority = row->priority };
	record_boot_id(boot_id);
	r = record_add(record, "MESSAGE_ID", row->message_id, err);
	r = r < 0 ? r : record_addf(record, err, "PRIORITY", "%d", row->priority);
	r = r < 0 ? r : record_add(record, "SYSLOG_IDENTIFIER", "coaming", err);
	r = r < 0 ? r : record_add(record, "COAMING_SCHEMA", "1", err);
	r = r < 0 ? r : record_add(record, "COAMING_EVENT", row->name, err);
	r = r < 0 ? r : record_add(record, "COAMING_VERSION", COAMING_VERSION, err);
	r = r < 0 ? r : record_add(record, "COAMING_TIME", stamp_format(stamp, stamp_now()), err);
	r = r < 0 ? r : add_host(record, err);
	r = r < 0 ? r : record_add(record, "COAMING_BOOT_ID", boot_id, err);
	r = r < 0 ? r
		  : record_addf(record, err, "COAMING_MONOTONIC_USEC", "%llu",
				(unsigned long long)stamp_now_monotonic());
	if (r < 0)
		record_done(record);
	return r;
}
